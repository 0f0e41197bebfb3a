//! A program from its start to its end, as Node runs one.

use crate::engine::enter;
use crate::engine::error::Error;
use crate::engine::isolate::Rejection;
use crate::engine::limits::Limits;
use crate::engine::pump;
use crate::runtime::process;
use crate::vm::context::Context;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs `main`, then tasks until no work is left, then 'beforeExit', which may give more, then 'exit': the exit code.
/// process.exit ends it at once. The context has the PROCESS part; the limits are for all of it, the listener of the
/// isolate's rejections is its own meanwhile.
///
/// What is thrown, and the reason of a rejection that nobody handles, goes to the listeners of 'uncaughtException'.
/// Without any the program ends with that error, before 'exit': whoever has shown it calls `process::fail`, which gives the exit code.
/// A program that a limit stops ends with an error of another status, and without 'exit'.
pub fn run(
    context: &Context,
    limits: &Limits,
    main: impl FnOnce() -> Result<(), Box<Error>>,
) -> Result<i32, Box<Error>> {
    let isolate = &context.isolate;
    let unhandled: Arc<Mutex<Option<Rejection>>> = Arc::default();
    let first = unhandled.clone();
    isolate.set_listener(Some(Arc::new(move |rejection| {
        first.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(rejection);
    })));
    let check = || match unhandled.lock().unwrap_or_else(|e| e.into_inner()).take() {
        Some(rejection) => Err(process::rejection_error(context, &rejection.reason)),
        None => Ok(()),
    };
    let ended = enter::span(isolate, limits, |_| {
        main().or_else(|error| process::uncaught(context, error))?;
        check()?;
        loop {
            while isolate.tasks.work_left() {
                pump::run_tasks(isolate, Duration::MAX, &Limits::NONE)?;
                check()?;
            }
            process::before_exit(context)?;
            check()?;
            if !isolate.tasks.work_left() {
                return process::end(context);
            }
        }
    });
    isolate.set_listener(None);
    match ended {
        Err(error) if process::exit_code(context).is_ok_and(|exit| exit.ended(&error)) => {
            process::exit_code(context).map(|exit| exit.code)
        }
        ended => ended,
    }
}
