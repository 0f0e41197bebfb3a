//! What runs before a call returns: notes of the host's, ticks, microtasks; and what became of rejections.

use crate::engine::enter::{Scope, go_on, touch};
use crate::engine::error::Error;
use crate::engine::isolate::{Isolate, Rejection, RejectionHook};
use crate::engine::thread;
use crate::engine::value::{Out, Value};
use std::sync::Arc;

/// What the host settled from outside, then what is to come before microtasks, then the microtasks, until all are
/// empty; then the rejections that nobody handled, which may give more to do.
pub fn drain(isolate: &Isolate, scope: &mut Scope<'_, '_>) {
    loop {
        let notes = isolate.tasks.take_notes();
        let noted = !notes.is_empty();
        for note in notes {
            note(scope);
        }
        let ticked = run_ticks(isolate, scope);
        let mut stopped = ticked && go_on().is_err();
        if !stopped {
            scope.perform_microtask_checkpoint();
            stopped = scope.is_execution_terminating();
        }
        let told = !(stopped || noted || ticked) && tell_rejections(isolate, scope);
        if stopped || told && go_on().is_err() {
            // V8 lets go of the microtasks behind the one in which it is stopped, so that a chain of them does not go on
            // in the next call; so it is with ticks, with rejections that are to be told, and with microtasks where one of
            // these is stopped.
            let mut inner = isolate.inner();
            inner.ticks.clear();
            if inner.rejection_hook.is_some() {
                inner.rejections.clear();
            }
            drop(inner);
            thread::terminate_marked(scope);
            scope.perform_microtask_checkpoint();
            break;
        }
        if !(noted || ticked || told) {
            break;
        }
    }
    isolate.inner().drained = true;
}

/// Has a function called before the microtasks run next. What it throws is reported as uncaught.
pub fn before_microtasks<'s>(scope: &Scope<'s, '_>, function: v8::Local<'s, v8::Function>) {
    let function = v8::Global::new(scope, function);
    Isolate::of(scope).inner().ticks.push_back(function);
}

/// Runs ticks until there are none, or the run is to end. True if there was something.
fn run_ticks(isolate: &Isolate, scope: &mut Scope<'_, '_>) -> bool {
    let mut ran = false;
    loop {
        let Some(tick) = isolate.inner().ticks.pop_front() else { return ran };
        ran = true;
        v8::scope!(let scope, scope);
        let tick = v8::Local::new(scope, tick);
        if !call_uncaught(scope, tick, &[]) || go_on().is_err() {
            return true;
        }
    }
}

/// Calls a function of the runtime's in its own context, and reports what it throws. False if it was stopped.
pub fn call_uncaught<'s>(
    scope: &mut Scope<'s, '_>,
    function: v8::Local<'s, v8::Function>,
    arguments: &[v8::Local<'s, v8::Value>],
) -> bool {
    let context = function.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context());
    let scope = &mut v8::ContextScope::new(scope, context);
    v8::tc_scope!(let caught, scope);
    let this = v8::undefined(caught).into();
    if function.call(caught, this, arguments).is_some() {
        return true;
    }
    match caught.exception() {
        Some(exception) if !caught.has_terminated() => {
            report_uncaught(caught, exception);
            true
        }
        _ => false,
    }
}

/// Tells the runtime of rejections that nobody handled; what it does not take is kept for the host. True if the
/// runtime was told something.
fn tell_rejections(isolate: &Isolate, scope: &mut Scope<'_, '_>) -> bool {
    let Some(RejectionHook(hook)) = isolate.inner().rejection_hook else { return false };
    let (rejected, handled) = {
        let mut inner = isolate.inner();
        (std::mem::take(&mut inner.rejections), std::mem::take(&mut inner.handled_late))
    };
    let told = !rejected.is_empty() || !handled.is_empty();
    v8::scope!(let scope, scope);
    for promise in handled {
        let promise = v8::Local::new(scope, promise);
        hook(scope, promise, None);
    }
    for (promise, reason) in rejected {
        let (local, cause) = (v8::Local::new(scope, &promise), v8::Local::new(scope, &reason));
        if !local.has_handler() && !hook(scope, local, Some(cause)) {
            isolate.inner().unhandled.push((promise, reason));
        }
    }
    told
}

/// What a task of the guest's threw: the outermost run ends with it, unless it ends with an error of its own. Of
/// several the first is kept.
pub fn report_uncaught<'s>(scope: &mut Scope<'s, '_>, exception: v8::Local<'s, v8::Value>) {
    let message = v8::Exception::create_message(scope, exception);
    let error = Error::thrown(scope, exception, Some(message));
    Isolate::of(scope).inner().uncaught.get_or_insert(error);
}

/// The rejections that are due to the host, as values of the host's. The caller is inside.
pub fn take_rejections(isolate: &Isolate) -> Vec<Rejection> {
    let list = {
        let mut inner = isolate.inner();
        inner.drained = false;
        let mut list = std::mem::take(&mut inner.unhandled);
        list.append(&mut inner.rejections);
        list
    };
    if list.is_empty() {
        return Vec::new();
    }
    let report = touch(isolate, None, |scope| {
        Ok(list
            .iter()
            .filter_map(|(promise, reason)| {
                let promise = v8::Local::new(scope, promise);
                if promise.has_handler() {
                    return None;
                }
                let reason = v8::Local::new(scope, reason);
                let promise = Arc::new(Value::new(scope, promise.into()));
                Some(Rejection { promise, reason: Out::new(scope, reason) })
            })
            .collect())
    });
    report.unwrap_or_default()
}
