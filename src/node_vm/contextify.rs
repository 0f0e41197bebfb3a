//! Contexts and their objects.

use crate::engine::enter::{Outcome, Thrown};
use crate::engine::value;
use crate::node_vm::text;
use crate::realm;
use crate::realm::native::Natives;
use crate::vm::context::{self, Options};
use crate::vm::measure_memory::measure_memory;
use v8::Local;

pub fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // contextify(object, name, origin, strings, wasm, afterEvaluate): globalThis.
    native.function("contextify", |scope, arguments, result| {
        let options = Options {
            name: text(scope, arguments.get(1)),
            origin: text(scope, arguments.get(2)),
            no_strings: arguments.get(3).is_false(),
            no_wasm: arguments.get(4).is_false(),
            after_evaluate: arguments.get(5).is_true(),
        };
        let object = Local::<v8::Object>::try_from(arguments.get(0)).ok();
        let context = context::create(scope, object, &options)?;
        context::made_here(scope, context);
        result.set(context.global(scope).into());
        Ok(())
    })?;
    native.function("isContextified", |scope, arguments, result| {
        let is = match Local::<v8::Object>::try_from(arguments.get(0)) {
            Ok(object) => context::of_object(scope, object)?.is_some(),
            Err(_) => false,
        };
        result.set_bool(is);
        Ok(())
    })?;
    // warn(text, type): process.emitWarning, if the context has a process object.
    native.function("warn", |scope, arguments, _| {
        let Some(file) = realm::loaded(scope, "process") else { return Ok(()) };
        let key = value::string(scope, "process")?;
        let process = file.get(scope, key.into()).thrown()?.to_object(scope).thrown()?;
        if let Some(emit) = realm::function(scope, process, "emitWarning") {
            emit.call(scope, process.into(), &[arguments.get(0), arguments.get(1)]).thrown()?;
        }
        Ok(())
    })?;
    // measure(detailed, eager): a promise.
    native.function("measure", |scope, arguments, result| {
        let (detailed, eager) = (arguments.get(0).is_true(), arguments.get(1).is_true());
        result.set(measure_memory(scope, detailed, eager)?.into());
        Ok(())
    })
}
