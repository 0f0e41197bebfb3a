//! Running what waits to run: tasks, settled promises, microtasks, garbage.

use crate::engine::enter::{self, drain};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::thread::{NEVER, Thread};
use crate::engine::watchdog::now;
use std::sync::Arc;
use std::time::Duration;

/// Runs what is there; waits up to `wait` for something if there is nothing. Says whether more may
/// come.
pub fn run_tasks(isolate: &Arc<Isolate>, wait: Duration, limits: &Limits) -> Result<bool, Box<Error>> {
    let until = deadline(wait);
    loop {
        let ran = run_ready(isolate, limits)?;
        if ran || now() >= until {
            return Ok(isolate.tasks.work_left());
        }
        wait_for_work(isolate, until, limits)?;
    }
}

/// Runs tasks until `done` says so, within limits; WRONG_STATE once nothing is left to run.
pub fn run_until(
    isolate: &Arc<Isolate>,
    limits: &Limits,
    mut done: impl FnMut() -> Result<bool, Box<Error>>,
) -> Result<(), Box<Error>> {
    let end = limits.timeout.map(|timeout| now().saturating_add(deadline_nanos(timeout)));
    loop {
        let left = Limits {
            timeout: end.map(|end| Duration::from_nanos(end.saturating_sub(now()).max(1))),
            ..*limits
        };
        let ran = run_ready(isolate, &left)?;
        if done()? {
            return Ok(());
        }
        if !ran {
            if !isolate.tasks.work_left() {
                return Err(Box::new(Error::new(
                    Status::WrongState,
                    "promise: it is pending, and nothing is left to run that could settle it",
                )));
            }
            wait_for_work(isolate, NEVER, &left)?;
        }
    }
}

fn deadline_nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

fn deadline(wait: Duration) -> u64 {
    now().saturating_add(deadline_nanos(wait))
}

/// Runs what is there now. True if there was something.
fn run_ready(isolate: &Arc<Isolate>, limits: &Limits) -> Result<bool, Box<Error>> {
    let inside = enter::is_inside(isolate);
    enter::run(isolate, None, limits, |scope| {
        let mut ran = isolate.tasks.has_notes();
        while let Some(task) = isolate.tasks.next_task() {
            task.run();
            ran = true;
            if scope.is_execution_terminating() {
                return Err(enter::Fail::Thrown);
            }
        }
        // Outermost calls drain as they end; tasks are what a nested or host-drained one came for.
        if inside || isolate.options.host_drains {
            drain(isolate, scope);
        }
        Ok(ran)
    })
}

/// Waits outside the isolate; the run that carries the limits is of an isolate not yet entered.
fn wait_for_work(isolate: &Arc<Isolate>, until: u64, limits: &Limits) -> Result<(), Box<Error>> {
    let thread = Thread::current();
    thread.begin(isolate, limits);
    let waited = isolate.tasks.wait(&thread, until);
    thread.end();
    waited.map_err(|status| Box::new(Error::killed(status, Vec::new())))
}

/// Runs the microtasks.
pub fn checkpoint(isolate: &Arc<Isolate>, limits: &Limits) -> Result<(), Box<Error>> {
    enter::run(isolate, None, limits, |scope| {
        drain(isolate, scope);
        Ok(())
    })
}

/// Collects all garbage; host functions that are let go by it are finalized as the call ends.
pub fn collect(isolate: &Arc<Isolate>) -> Result<(), Box<Error>> {
    enter::run(isolate, None, &Limits::NONE, |scope| {
        scope.low_memory_notification();
        Ok(())
    })
}
