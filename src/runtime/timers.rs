//! `setTimeout`, `setInterval`, `setImmediate` and their `clear...`: each timer is a note of the isolate's queue, which holds
//! the timer, and with it the context, until it has run or is cleared.

use crate::engine::drain;
use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::isolate::Isolate;
use crate::engine::timers::AT_ONCE;
use crate::engine::value::Held;
use crate::engine::watchdog::now;
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::vm::context;

pub const SOURCE: Source = Source { name: "timers", text: include_str!("timers.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // schedule(timer, milliseconds, counts): its number. No milliseconds is an immediate.
    native.function("schedule", |scope, arguments, result| {
        let timer: v8::Local<v8::Object> = arguments.get(0).try_into().expect("timers.js gives an object");
        let delay = arguments.get(1).uint32_value(scope).thrown()?;
        let due = if delay == 0 { AT_ONCE } else { now() + u64::from(delay) * 1_000_000 };
        let isolate = Isolate::of(scope);
        let timer = Held::new(scope, timer);
        let id = isolate.tasks.note_at(isolate.raw(), due, Box::new(move |scope| fire(scope, &timer)));
        if arguments.get(2).is_false() {
            isolate.tasks.set_counts(id, false);
        }
        result.set_double(id as f64);
        Ok(())
    })?;
    native.function("cancel", |scope, arguments, _| {
        let id = number(scope, arguments)?;
        Isolate::of(scope).tasks.cancel(id);
        Ok(())
    })?;
    native.function("setCounts", |scope, arguments, _| {
        let id = number(scope, arguments)?;
        Isolate::of(scope).tasks.set_counts(id, arguments.get(1).is_true());
        Ok(())
    })
}

fn number<'s>(scope: &mut Scope<'s, '_>, arguments: &v8::FunctionCallbackArguments<'s>) -> Outcome<u64> {
    Ok(arguments.get(0).integer_value(scope).thrown()? as u64)
}

/// Runs the timer in its own context, then the microtasks of that context's own queue, if it has one.
fn fire(scope: &mut Scope<'_, '_>, timer: &Held<v8::Object>) {
    let timer = timer.local(scope);
    let context = timer.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context());
    let scope = &mut v8::ContextScope::new(scope, context);
    if let Some(timers) = realm::loaded(scope, "timers")
        && let Some(function) = realm::function(scope, timers, "fire")
        && drain::call_uncaught(scope, function, &[timer.into()])
    {
        // What stops it is marked, and looked at by the caller.
        let _ = context::after_evaluate(scope);
    }
}
