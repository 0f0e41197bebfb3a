//! `process.nextTick`: what comes before the microtasks.

use crate::engine::drain;
use crate::engine::enter::Outcome;
use crate::realm::Source;
use crate::realm::native::Natives;
use crate::vm::context;

pub const SOURCE: Source = Source { name: "ticks", text: include_str!("ticks.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("beforeMicrotasks", |scope, arguments, _| {
        if let Ok(function) = v8::Local::<v8::Function>::try_from(arguments.get(0)) {
            drain::before_microtasks(scope, function);
        }
        Ok(())
    })?;
    // The isolate's queue is drained by the engine.
    native.function("drainOwnQueue", |scope, _, _| context::after_evaluate(scope))
}
