//! The isolate of the command line, and what runs in it.

use crate::options::{Options, Task};
use crate::report;
use jsvm::engine::enter;
use jsvm::engine::error::Error;
use jsvm::engine::heap::MAX_HEAP_LIMIT;
use jsvm::engine::isolate::{self, DEFAULT_STACK_SIZE, Isolate};
use jsvm::engine::limits::Limits;
use jsvm::engine::pump;
use jsvm::runtime::{self, Parts, require};
use jsvm::vm::context::{self, Context};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub struct Program {
    isolate: Arc<Isolate>,
    context: Context,
    pub limits: Limits<'static>,
}

impl Program {
    pub fn new(options: &Options) -> Result<Program, Box<Error>> {
        let memory_limit = options.memory_limit.map(|mb| (mb as usize) << 20);
        let isolate = context::new_isolate(isolate::Options {
            heap_limit: memory_limit.unwrap_or(MAX_HEAP_LIMIT),
            buffer_limit: memory_limit.unwrap_or(usize::MAX),
            stack_size: DEFAULT_STACK_SIZE,
            host_drains: false,
        })?;
        let context = context::main(&isolate)?;
        runtime::install(&context, Parts(runtime::QUEUE_MICROTASK | runtime::REQUIRE), runtime::Options::default())?;
        let limits = Limits { timeout: options.timeout, cpu_time: options.cpu_time, ..Limits::NONE };
        Ok(Program { isolate, context, limits })
    }

    pub fn heap_limit(&self) -> usize {
        self.isolate.options.heap_limit
    }

    /// Runs a task to its end and gives the exit code.
    pub fn run(&self, task: &Task) -> Result<i32, String> {
        let text;
        let code = match task {
            Task::File(name) => {
                readable(name)?;
                None
            }
            Task::Eval { code, .. } => Some((code, "[eval]")),
            _ => {
                text = read_stdin()?;
                Some((&text, "[stdin]"))
            }
        };
        let ended = enter::span(&self.isolate, &self.limits, |_| {
            match (task, code) {
                (Task::File(name), _) => require::run_main(&self.context, Path::new(name), &Limits::NONE)?,
                (_, Some((code, name))) => require::run_text(&self.context, code, name, &Limits::NONE)?,
                _ => unreachable!("what is no file is text"),
            };
            pump::run_tasks(&self.isolate, Duration::ZERO, &Limits::NONE)?;
            Ok(())
        });
        match ended {
            Ok(()) => Ok(0),
            Err(error) => {
                report::uncaught(self, &error);
                Ok(report::exit_code(error.status))
            }
        }
    }

    pub fn inspect_error(&self, error: &Error, _colors: bool) -> String {
        error.origin.as_ref().and_then(|origin| origin.stack.clone()).unwrap_or_else(|| error.message.clone())
    }
}

/// What cannot be read is told in a line. A name without a file may still be a module's: `require` looks.
fn readable(name: &OsStr) -> Result<(), String> {
    match std::fs::File::open(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("{} cannot be read: {error}", name.display()))
        }
        _ => Ok(()),
    }
}

/// As elsewhere, bytes that are no UTF-8 become U+FFFD.
fn read_stdin() -> Result<String, String> {
    let mut bytes = Vec::new();
    match io::stdin().read_to_end(&mut bytes) {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("standard input cannot be read: {error}")),
    }
}
