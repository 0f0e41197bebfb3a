//! What goes on while the user types: timers, promises. A thread of its own runs them; it and the one that
//! evaluates enter the isolate as any two threads of a host do, one at a time.

use crate::program::Program;
use crate::repl::failed;
use crate::report;
use jsvm::engine::cancel::Cancel;
use jsvm::engine::error::{Error, Status};
use jsvm::engine::isolate::Rejection;
use jsvm::engine::limits::Limits;
use jsvm::engine::pump;
use jsvm::runtime::process;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Rejections that nobody handled, until the user is told of them.
#[derive(Clone, Default)]
pub struct Unhandled(Arc<Mutex<Vec<Rejection>>>);

impl Unhandled {
    pub fn listen(program: &Program) -> Unhandled {
        let unhandled = Unhandled::default();
        let list = unhandled.clone();
        program.isolate.set_listener(Some(Arc::new(move |rejection| list.lock().push(rejection))));
        unhandled
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rejection>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub fn tell(&self, program: &Program) {
        let rejections = std::mem::take(&mut *self.lock());
        for rejection in rejections {
            tell(program, &process::rejection_error(&program.context, &rejection.reason));
        }
    }
}

fn tell(program: &Program, error: &Error) {
    // A terminal that is gone is told by the next read.
    let _ = report::print(&format!("{}\n", failed(program, error)));
}

/// Runs what comes due for as long as `body` runs, and tells the user of errors that nobody waits for.
pub fn during<R>(program: &Program, unhandled: &Unhandled, body: impl FnOnce() -> R) -> R {
    let stop = Arc::<Cancel>::default();
    let terminal = Terminal::now();
    std::thread::scope(|threads| {
        threads.spawn(|| turn(program, unhandled, &stop, &terminal));
        let _stop = Stop(&stop);
        body()
    })
}

/// Also after a panic: the thread is waited for.
struct Stop<'a>(&'a Arc<Cancel>);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.trigger();
    }
}

fn turn(program: &Program, unhandled: &Unhandled, stop: &Arc<Cancel>, terminal: &Terminal) {
    let limits = Limits { cancel: Some(stop), ..Limits::NONE };
    while !stop.triggered() {
        if let Err(error) = pump::run_tasks(&program.isolate, Duration::MAX, &limits)
            && error.status != Status::Cancelled
        {
            if let Some(code) = exit(program, &error) {
                // The other thread is waiting for input.
                terminal.restore();
                std::process::exit(code);
            }
            // Without a place it was only the wait that Ctrl-C has ended.
            if error.origin.is_some() || error.status != Status::Terminated {
                tell(program, &error);
            }
        }
        unhandled.tell(program);
    }
}

fn exit(program: &Program, error: &Error) -> Option<i32> {
    process::exit_code(&program.context).ok().filter(|exit| exit.ended(error)).map(|exit| exit.code)
}

/// The terminal as it was before the line editor had it.
struct Terminal(Option<libc::termios>);

impl Terminal {
    fn now() -> Terminal {
        // SAFETY: tcgetattr fills it, or it is not used.
        unsafe {
            let mut state: libc::termios = std::mem::zeroed();
            Terminal((libc::tcgetattr(libc::STDIN_FILENO, &mut state) == 0).then_some(state))
        }
    }

    fn restore(&self) {
        if let Some(state) = &self.0 {
            // SAFETY: a state that tcgetattr gave.
            unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSADRAIN, state) };
        }
    }
}
