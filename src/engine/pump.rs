//! Running what waits to run: tasks, timers, settled promises, microtasks, garbage.

use crate::engine::drain::drain;
use crate::engine::enter;
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::thread::{NEVER, Thread};
use crate::engine::timers::{Macrotask, Round};
use crate::engine::watchdog::now;
use std::sync::Arc;
use std::time::Duration;

/// Tells the queue that the host looks, and when it goes away again.
struct Look<'a>(&'a Isolate);

impl Look<'_> {
    fn new(isolate: &Isolate) -> Look<'_> {
        isolate.tasks.looked();
        Look(isolate)
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.0.tasks.left(self.0.raw());
    }
}

/// Runs what is there; waits up to `wait` for something if there is nothing. Says whether more may
/// come.
pub fn run_tasks(isolate: &Arc<Isolate>, wait: Duration, limits: &Limits) -> Result<bool, Error> {
    let _look = Look::new(isolate);
    let until = now().saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(NEVER));
    enter::span(isolate, limits, |thread| {
        let mut ran = run_ready(isolate)?;
        while !ran && now() < until {
            let seen = isolate.tasks.runs();
            wait_for_work(isolate, thread, until, seen)?;
            ran = isolate.tasks.is_ready() && run_ready(isolate)?;
        }
        Ok(isolate.tasks.work_left())
    })
}

/// Runs tasks until `done` says so; WRONG_STATE once nothing can settle a promise any more. The caller's span has
/// the limits.
pub fn run_until(isolate: &Arc<Isolate>, mut done: impl FnMut() -> Result<bool, Error>) -> Result<(), Error> {
    let thread = Thread::current();
    let _look = Look::new(isolate);
    let mut ran = run_ready(isolate)?;
    loop {
        // Read before it is asked: who settles the promise after that has ended a run after that.
        let seen = isolate.tasks.runs();
        if done()? {
            return Ok(());
        }
        if !ran {
            if !isolate.tasks.may_settle() {
                // Another thread may have taken the last of it and be at work: this waits for it.
                if done()? {
                    return Ok(());
                }
                return Err(Error::new(
                    Status::WrongState,
                    "promise: it is pending, and nothing is left to run that could settle it",
                ));
            }
            wait_for_work(isolate, thread, NEVER, seen)?;
        }
        // Entering for nothing would count as a run, and wake the others for nothing.
        ran = isolate.tasks.is_ready() && run_ready(isolate)?;
    }
}

/// Runs one round of what is there now: each task, then the notes and microtasks that came of it. Ends with the
/// first task that throws. True if there was something.
fn run_ready(isolate: &Arc<Isolate>) -> Result<bool, Error> {
    enter::run(isolate, None, &Limits::NONE, |scope| {
        let mut ran = isolate.tasks.has_notes();
        let uncaught = |isolate: &Isolate| isolate.inner().uncaught.is_some();
        let before = uncaught(isolate);
        drain(isolate, scope);
        let mut round = Round::new(now());
        while uncaught(isolate) == before {
            enter::go_on()?;
            let Some(task) = isolate.tasks.next_task(&mut round) else { break };
            ran = true;
            v8::scope!(let scope, scope);
            match task {
                Macrotask::V8(task) => task.run(),
                Macrotask::Note(note) => note(scope),
            }
            drain(isolate, scope);
        }
        Ok(ran)
    })
}

/// Waits, outside the isolate unless the caller is a guest of it, for something to run.
fn wait_for_work(
    isolate: &Arc<Isolate>,
    thread: &'static Thread,
    until: u64,
    seen: u64,
) -> Result<(), Error> {
    isolate.tasks.wait(thread, until, seen).map_err(|kill| Error::killed(kill, Vec::new()))
}

/// Runs the microtasks.
pub fn checkpoint(isolate: &Arc<Isolate>, limits: &Limits) -> Result<(), Error> {
    enter::run(isolate, None, limits, |scope| {
        drain(isolate, scope);
        Ok(())
    })
}

/// Collects all garbage; host functions that are let go by it are finalized as the call ends.
pub fn collect(isolate: &Arc<Isolate>) -> Result<(), Error> {
    enter::touch(isolate, None, |scope| {
        scope.low_memory_notification();
        Ok(())
    })
}
