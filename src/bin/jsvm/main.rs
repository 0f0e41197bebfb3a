//! The command line: runs a file, a text or a prompt on libjsvm and its runtime.
//!
//! `options` reads the arguments, `program` has the isolate and runs what was asked for, `report` says what
//! ended it, `repl` is the prompt.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

mod options;
mod program;
mod repl;
mod report;

use jsvm::engine::platform;
use options::{HELP, Options, Task};
use program::Program;
use std::io::{self, IsTerminal, Write};

/// The options are wrong, as in Node.
const USAGE: i32 = 9;
/// The program cannot be read, or its output not be written.
const FAILURE: i32 = 1;

fn main() {
    // Who reads our output may stop before its end, as `head` does: that is no error, and no panic.
    // SAFETY: nothing else runs yet.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    // V8's own threads may still be at work: nothing is taken down.
    std::process::exit(match run() {
        Ok(code) => code,
        Err((code, message)) => {
            complain(&message);
            code
        }
    });
}

fn run() -> Result<i32, (i32, String)> {
    let arguments = std::env::args_os().skip(1).collect();
    let options = options::parse(arguments, io::stdin().is_terminal()).map_err(usage)?;
    match options.task {
        Task::Help => print(HELP),
        Task::Version => print(&format!("{}\n", report::version())),
        Task::Interactive => {
            set_v8_flags(&options)?;
            repl::run(&options).map_err(|message| (FAILURE, message))
        }
        _ => {
            set_v8_flags(&options)?;
            let (program, ()) =
                Program::new(&options, |_| ()).map_err(|error| (FAILURE, error.into_details().message))?;
            if let Some(name) = &options.import_map {
                program.set_import_map(name).map_err(|message| (FAILURE, message))?;
            }
            program.run(&options.task).map_err(|message| (FAILURE, message))
        }
    }
}

fn set_v8_flags(options: &Options) -> Result<(), (i32, String)> {
    platform::set_flags(&options.v8_flags.join(" "))
        .map_err(|error| usage(error.message.trim_start_matches("flags: ").to_string()))
}

fn usage(message: String) -> (i32, String) {
    (USAGE, format!("{message}\nTry 'jsvm --help'."))
}

fn print(text: &str) -> Result<i32, (i32, String)> {
    report::print(text).map(|()| 0).map_err(|message| (FAILURE, message))
}

/// A line on standard error, if that is there.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "jsvm: {message}");
}
