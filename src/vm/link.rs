//! Linking, instantiating and evaluating of module graphs.
//!
//! V8 goes down a graph by recursion, and a chain of some thousand modules is deeper than its stack. So a deep graph is
//! given to V8 in pieces, what others depend on first. Where V8's recursion does not look at the stack, `depth` does.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, throw_coded};
use crate::engine::function::no_unwind;
use crate::engine::{raw, value};
use crate::vm::depth;
use crate::vm::graph::{self, Graph};
use crate::vm::module::{self, Record, Status};
use std::collections::HashMap;
use v8::{Local, Module, ModuleImportPhase};

/// Says what the requests of a module are linked to, in their order. It may be said again until the module is instantiated.
pub fn link_requests<'s>(
    scope: &mut Scope<'s, '_>,
    record: Record<'s>,
    linked: &[Record<'s>],
) -> Outcome<()> {
    let module = module::module(scope, record);
    module::require(module::status(module) == Status::Unlinked, "unlinked")?;
    let requests = module::requests(scope, module);
    if requests.len() != linked.len() {
        let message = format!("Expected {} modules, got {}", requests.len(), linked.len());
        throw_coded(scope, v8::Exception::type_error, "ERR_MODULE_LINK_MISMATCH", &message)?;
    }
    // V8 tells requests apart by their phase too: only then can two be for one module.
    if requests.iter().any(|request| request.phase != ModuleImportPhase::kEvaluation) {
        let mut first = HashMap::new();
        for (at, request) in requests.iter().enumerate() {
            let key = request.key(scope);
            let earlier = *first.entry(key.clone()).or_insert(at);
            if linked[earlier] != linked[at] {
                let message = format!(
                    "Module request 'ModuleCacheKey({key})' at index {at} must be linked to the same module \
                     requested at index {earlier}"
                );
                throw_coded(scope, v8::Exception::type_error, "ERR_MODULE_LINK_MISMATCH", &message)?;
            }
        }
    }
    let list = |records: &mut dyn Iterator<Item = &Record<'s>>| {
        let records: Vec<Local<v8::Value>> = records.map(|record| (*record).into()).collect();
        v8::Array::new_with_elements(scope, &records)
    };
    let is_source = |request: &module::Request| request.phase == ModuleImportPhase::kSource;
    let dependencies = requests.iter().any(is_source).then(|| {
        list(
            &mut linked
                .iter()
                .zip(&requests)
                .filter(|(_, request)| !is_source(request))
                .map(|(record, _)| record),
        )
    });
    module::set_linked(scope, record, list(&mut linked.iter()), dependencies);
    Ok(())
}

/// Links the exports and imports of a module and all that it depends on, whose requests have been linked.
pub fn instantiate<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<()> {
    let root = module::module(scope, record);
    module::require(module::status(root) == Status::Unlinked, "unlinked")?;
    let one = |scope: &Scope<'s, '_>, module| {
        raw::instantiate_module(scope, module, on_resolve, on_resolve_source).thrown().map(drop)
    };
    let walk = graph::walk(scope, record, Status::Unlinked)?;
    if !walk.deep && depth::of_few(scope, &walk) {
        return one(scope, root);
    }
    let graph = Graph::of(scope, record, Status::Unlinked)?;
    depth::of_names(scope, &graph)?;
    if !walk.deep {
        return one(scope, root);
    }
    for piece in graph.pieces() {
        let module = graph.nodes[piece[0]].module;
        if module::status(module) == Status::Unlinked {
            one(scope, module)?;
        }
    }
    Ok(())
}

/// Evaluates a module and all that it depends on. The promise is settled when all of it has been.
pub fn evaluate<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Local<'s, v8::Promise>> {
    let root = module::module(scope, record);
    let status = module::status(root);
    let can = matches!(status, Status::Linked | Status::Evaluated | Status::Errored);
    module::require(can, "one of linked, evaluated, or errored")?;
    if status == Status::Linked {
        let deep = graph::walk(scope, record, Status::Linked)?.deep;
        let awaits = root.is_graph_async();
        if deep || awaits {
            let graph = Graph::of(scope, record, Status::Linked)?;
            if awaits {
                depth::of_awaits(scope, &graph)?;
            }
            if deep {
                evaluate_pieces(scope, &graph)?;
            }
        }
    }
    let promise = promise(scope, root)?;
    if promise.state() == v8::PromiseState::Pending && module::status(root) == Status::Errored {
        return stopped(scope);
    }
    if promise.state() == v8::PromiseState::Pending {
        waits_for(scope, promise, record)?;
    }
    Ok(promise)
}

/// Says which module's evaluation a promise waits for, so that `stalled` can tell.
pub fn waits_for<'s>(
    scope: &Scope<'s, '_>,
    promise: Local<'s, v8::Promise>,
    record: Record<'s>,
) -> Outcome<()> {
    let name = evaluated(scope)?;
    promise.set_private(scope, name, record.into()).thrown().map(drop)
}

/// V8 never settles the promise of a module whose run was stopped.
fn stopped<'s>(scope: &mut Scope<'s, '_>) -> Outcome<Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope).thrown()?;
    let message = value::string(scope, "The module's evaluation was stopped")?;
    let error = v8::Exception::error(scope, message);
    resolver.reject(scope, error).thrown()?;
    Ok(resolver.get_promise(scope))
}

/// By which a promise of an evaluation knows the module's record.
fn evaluated<'s>(scope: &Scope<'s, '_>) -> Outcome<Local<'s, v8::Private>> {
    let name = value::string(scope, "jsvm:evaluated")?;
    Ok(v8::Private::for_api(scope, Some(name)))
}

/// Where the evaluation that a pending promise is of waits: the first places, as far as V8 names them. None for other
/// promises.
pub fn stalled<'s>(scope: &mut Scope<'s, '_>, promise: Local<'s, v8::Promise>) -> Outcome<Vec<String>> {
    let name = evaluated(scope)?;
    let Ok(record) = Record::try_from(promise.get_private(scope, name).thrown()?) else {
        return Ok(Vec::new());
    };
    let place = |message: Local<'s, v8::Message>| {
        let file = message.get_script_resource_name(scope)?.to_rust_string_lossy(scope);
        Some(format!("{file}:{}", message.get_line_number(scope)?))
    };
    Ok(module::waiting(scope, record).into_iter().filter_map(place).collect())
}

/// All but the root, which is the last one. After an error the rest is left alone, but for those that depend on
/// what has failed, which V8 would be in the middle of.
fn evaluate_pieces<'s>(scope: &mut Scope<'s, '_>, graph: &Graph<'s>) -> Outcome<()> {
    let root = graph.nodes[0].module;
    let mut failed: Option<usize> = None;
    for piece in graph.pieces() {
        let first = piece[0];
        if let Some(failed) = failed
            && !graph.is_above(first, failed)
        {
            continue;
        }
        let module = graph.nodes[first].module;
        if module::status(module) != Status::Linked || module == root {
            continue;
        }
        // The root's promise tells of it.
        promise(scope, module)?.mark_as_handled();
        if module::status(module) == Status::Errored && failed.is_none() {
            failed = Some(first);
        }
    }
    Ok(())
}

fn promise<'s>(scope: &mut Scope<'s, '_>, module: Local<'s, Module>) -> Outcome<Local<'s, v8::Promise>> {
    v8::tc_scope!(let caught, scope);
    let mut promise = module.evaluate(caught);
    if promise.is_none() && !caught.has_terminated() && module::status(module) == Status::Errored {
        // Of a synthetic module V8 throws the error at first, and gives the rejected promise when it is asked again.
        caught.reset();
        promise = module.evaluate(caught);
    }
    if promise.is_none() {
        caught.rethrow();
    }
    promise.thrown()?.try_cast().map_err(|_| Fail::Thrown)
}

/// V8 asks for the module of a request.
unsafe extern "C" fn on_resolve<'s>(
    context: Local<'s, v8::Context>,
    index: usize,
    referrer: Local<'s, Module>,
) -> *const Module {
    // SAFETY: V8 calls with a live context and an open handle scope.
    v8::callback_scope!(unsafe scope, context);
    let mut resolved = std::ptr::null();
    no_unwind(|| {
        if let Ok(record) = resolve(scope, index, referrer) {
            resolved = raw::ptr(module::module(scope, record));
        }
    });
    resolved
}

/// V8 asks for what `import source` gives.
unsafe extern "C" fn on_resolve_source<'s>(
    context: Local<'s, v8::Context>,
    index: usize,
    referrer: Local<'s, Module>,
) -> *const v8::Object {
    // SAFETY: V8 calls with a live context and an open handle scope.
    v8::callback_scope!(unsafe scope, context);
    let mut resolved = std::ptr::null();
    no_unwind(|| {
        if let Ok(object) = resolve(scope, index, referrer).and_then(|record| source_object(scope, record)) {
            resolved = raw::ptr(object);
        }
    });
    resolved
}

/// What `import source` of a module gives, or the SyntaxError that says that it has none.
pub fn source_object<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Local<'s, v8::Object>> {
    if let Some(object) = module::source_object(scope, record) {
        return Ok(object);
    }
    let identifier = module::identifier(scope, record).to_rust_string_lossy(scope);
    let message = format!("Source phase import object is not defined for module '{identifier}'");
    throw_coded(scope, v8::Exception::syntax_error, "ERR_SOURCE_PHASE_NOT_DEFINED", &message)?;
    Err(Fail::Thrown)
}

fn resolve<'s>(scope: &mut Scope<'s, '_>, index: usize, referrer: Local<'s, Module>) -> Outcome<Record<'s>> {
    let record = module::record_of(scope, referrer)
        .ok_or_else(|| Error::invalid("module: V8 asks for one that is not known"))?;
    if let Some(linked) = module::linked(scope, record) {
        let found = linked.get_index(scope, index as u32).thrown()?;
        return Record::try_from(found).map_err(|_| Fail::Thrown);
    }
    let requests = module::requests(scope, referrer);
    let specifier = requests.get(index).map(|request| request.specifier.to_rust_string_lossy(scope));
    let identifier = module::identifier(scope, record).to_rust_string_lossy(scope);
    let message = format!(
        "request for '{}' can not be resolved on module '{identifier}' that is not linked",
        specifier.unwrap_or_default()
    );
    throw_coded(scope, v8::Exception::error, "ERR_VM_MODULE_LINK_FAILURE", &message)?;
    Err(Fail::Thrown)
}
