//! What the classes of modules are made over. A module is a record here, which only module.js sees.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::node_vm::{
    bytes, context_of, import_answer, int32, limits, list, run_within, string, uint8_array,
};
use crate::realm::native::Natives;
use crate::vm::import::{self, Answer, Otherwise};
use crate::vm::module::{self, Record, SourceText, Status, Synthetic};
use crate::vm::source::Origin;
use crate::vm::{context, link};
use std::ptr;
use v8::{FunctionCallbackArguments, Local};

pub fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // newSourceText(code, identifier, lineOffset, columnOffset, cachedData, context, initializeImportMeta, import, referrer). The
    // referrer is the record if there is none.
    native.function("newSourceText", |scope, arguments, result| {
        let cached_data = bytes(scope, arguments.get(4));
        let context = context_of(scope, arguments.get(5))?;
        let initialize_import_meta = arguments.get(6).try_cast().ok();
        let mut import = import_answer(scope, arguments.get(7), arguments.get(8))?;
        if import.is_none() && initialize_import_meta.is_some() {
            import = Some(Answer::none(scope, Otherwise::Nobody, arguments.get(8)));
        }
        let origin = Origin {
            host_defined_options: Some(import::options_of_nobody(scope)),
            line_offset: int32(arguments.get(2)),
            column_offset: int32(arguments.get(3)),
            ..Origin::new(string(arguments.get(1))?)
        };
        let given = SourceText {
            code: string(arguments.get(0))?,
            origin,
            cached_data: cached_data.as_deref(),
            initialize_import_meta,
            import,
        };
        let scope = &mut v8::ContextScope::new(scope, context);
        let record = module::new_source_text(scope, &given)?;
        if let Some(import) = import.filter(|_| arguments.get(8).is_undefined()) {
            import.set_referrer(scope, record.into())?;
        }
        result.set(record.into());
        Ok(())
    })?;
    // newSynthetic(identifier, names, evaluate, context).
    native.function("newSynthetic", |scope, arguments, result| {
        let names = list::<v8::String>(scope, arguments.get(1))?;
        let evaluate = arguments.get(2).try_cast().map_err(|_| Error::invalid("evaluate is no function"))?;
        let context = context_of(scope, arguments.get(3))?;
        let given =
            Synthetic { identifier: string(arguments.get(0))?, exports: &names, evaluate: Some(evaluate) };
        let scope = &mut v8::ContextScope::new(scope, context);
        result.set(module::new_synthetic(scope, &given)?.into());
        Ok(())
    })?;
    // moduleStatus(record): the position of the status in module.js's list.
    native.function("moduleStatus", |scope, arguments, result| {
        let module = module::module(scope, record(scope, arguments)?);
        result.set_uint32(module::status(module) as u32);
        Ok(())
    })?;
    // requests(record): specifier, attributes (undefined if there are none) and the phase's position in module.js's list, one
    // request after the other.
    native.function("requests", |scope, arguments, result| {
        let module = module::module(scope, record(scope, arguments)?);
        let mut flat: Vec<Local<v8::Value>> = Vec::new();
        for request in module::requests(scope, module) {
            let attributes: Local<v8::Value> = match request.has_attributes() {
                true => request.attributes(scope)?.into(),
                false => v8::undefined(scope).into(),
            };
            let phase = v8::Integer::new_from_unsigned(scope, request.phase as u32);
            flat.extend([Local::<v8::Value>::from(request.specifier), attributes, phase.into()]);
        }
        result.set(v8::Array::new_with_elements(scope, &flat).into());
        Ok(())
    })?;
    // fulfilled(value): what it has been fulfilled with, if it is a promise that has been.
    native.function("fulfilled", |scope, arguments, result| {
        if let Ok(promise) = arguments.get(0).try_cast::<v8::Promise>()
            && promise.state() == v8::PromiseState::Fulfilled
        {
            result.set(promise.result(scope));
        }
        Ok(())
    })?;
    native.function("linkRequests", |scope, arguments, _| {
        let record = record(scope, arguments)?;
        let linked = list::<v8::Value>(scope, arguments.get(1))?;
        let linked = linked.into_iter().map(|linked| module::record_from(scope, linked));
        let linked = linked.collect::<Outcome<Vec<_>>>()?;
        link::link_requests(scope, record, &linked)
    })?;
    native.function("instantiate", |scope, arguments, _| {
        let record = record(scope, arguments)?;
        let context = home(scope, record);
        link::instantiate(&mut v8::ContextScope::new(scope, context), record)
    })?;
    native.function("isLinked", |scope, arguments, result| {
        let record = record(scope, arguments)?;
        result.set_bool(module::linked(scope, record).is_some());
        Ok(())
    })?;
    // evaluate(record, timeout, breakOnSigint): a promise.
    native.function("evaluate", |scope, arguments, result| {
        let record = record(scope, arguments)?;
        let limits = limits(arguments.get(1), arguments.get(2));
        result.set(run_within(scope, &limits, |scope| evaluate(scope, record))?.into());
        Ok(())
    })?;
    native.function("namespace", |scope, arguments, result| {
        let module = module::module(scope, record(scope, arguments)?);
        result.set(module::namespace(scope, module)?);
        Ok(())
    })?;
    native.function("moduleError", |scope, arguments, result| {
        let module = module::module(scope, record(scope, arguments)?);
        if let Some(error) = module::error(scope, module) {
            result.set(error);
        }
        Ok(())
    })?;
    native.function("hasTopLevelAwait", |scope, arguments, result| {
        let module = module::module(scope, record(scope, arguments)?);
        result.set_bool(module.has_top_level_await());
        Ok(())
    })?;
    native.function("isGraphAsync", |scope, arguments, result| {
        let module = module::module(scope, record(scope, arguments)?);
        let status = module::status(module);
        module::require(!matches!(status, Status::Unlinked | Status::Linking), "linked")?;
        result.set_bool(module.is_graph_async());
        Ok(())
    })?;
    native.function("sourceObject", |scope, arguments, result| {
        let record = record(scope, arguments)?;
        result.set(link::source_object(scope, record)?.into());
        Ok(())
    })?;
    native.function("createModuleCachedData", |scope, arguments, result| {
        let record = record(scope, arguments)?;
        let data = module::create_cached_data(scope, record)?;
        result.set(uint8_array(scope, data)?);
        Ok(())
    })?;
    // setExport(record, name, value).
    native.function("setExport", |scope, arguments, _| {
        let module = module::module(scope, record(scope, arguments)?);
        let name = string(arguments.get(1))?;
        module::set_export(scope, module, name, arguments.get(2))
    })?;
    // setContextImport(context, import, referrer).
    native.function("setContextImport", |scope, arguments, _| {
        let context = context_of(scope, arguments.get(0))?;
        if let Some(answer) = import_answer(scope, arguments.get(1), arguments.get(2))? {
            answer.set_for_context(context);
        }
        Ok(())
    })
}

/// The promise is of the module's context, or of the caller's if that has another microtask queue: nobody may drain the
/// module's again, and who waits for the promise would wait for ever.
fn evaluate<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Local<'s, v8::Promise>> {
    let context = home(scope, record);
    let queue = |context: Local<v8::Context>| context.get_microtask_queue().map(ptr::from_ref);
    let outer = (queue(scope.get_current_context()) != queue(context))
        .then(|| v8::PromiseResolver::new(scope).thrown())
        .transpose()?;
    let promise = {
        let scope = &mut v8::ContextScope::new(scope, context);
        let promise = link::evaluate(scope, record)?;
        context::after_evaluate(scope)?;
        promise
    };
    let Some(outer) = outer else { return Ok(promise) };
    match promise.state() {
        v8::PromiseState::Fulfilled => {
            let value = promise.result(scope);
            outer.resolve(scope, value).thrown()?;
        }
        v8::PromiseState::Rejected => {
            promise.mark_as_handled();
            let reason = promise.result(scope);
            outer.reject(scope, reason).thrown()?;
        }
        // The module's queue has a task then that looks at the promise.
        v8::PromiseState::Pending => {
            outer.resolve(scope, promise.into()).thrown()?;
            context::after_evaluate(&mut v8::ContextScope::new(scope, context))?;
        }
    }
    Ok(outer.get_promise(scope))
}

/// The record that module.js gives first.
fn record<'s>(scope: &Scope<'s, '_>, arguments: &FunctionCallbackArguments<'s>) -> Outcome<Record<'s>> {
    module::record_from(scope, arguments.get(0))
}

/// The context that a module is of.
fn home<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Local<'s, v8::Context> {
    record.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context())
}
