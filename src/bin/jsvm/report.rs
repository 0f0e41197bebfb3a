//! What the user is told of an error that ended the program.

use crate::program::Program;
use jsvm::engine::error::{Error, Status, stack_lines};
use jsvm::engine::heap::MAX_HEAP_LIMIT;
use jsvm::engine::platform;
use jsvm::engine::value::{JSVM_FLAG_ERROR, Out};
use jsvm::runtime::output;
use jsvm::vm::decorate::is_decorated;
use std::io::{self, Write};

/// jsvm's version and V8's, the latter without what the crate adds.
pub fn version() -> String {
    let v8 = platform::v8_version().split('-').next().unwrap_or_default();
    format!("jsvm {} (V8 {v8})", env!("CARGO_PKG_VERSION"))
}

/// The exit code that an error ends the program with.
pub fn exit_code(status: Status) -> i32 {
    match status {
        Status::Timeout => 124,
        Status::OutOfMemory => 134,
        Status::CpuTime => 152,
        _ => 1,
    }
}

/// Says on standard error what ended the program.
pub fn uncaught(program: &Program, error: &Error) {
    let text = match error.status {
        Status::Exception => exception(program, error),
        _ => stopped(program, error),
    };
    // Nowhere else to say it.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The place, the source line with its carets, the error as it is printed elsewhere too, the version.
fn exception(program: &Program, error: &Error) -> String {
    let origin = error.origin.as_ref();
    let arrow = origin.and_then(|origin| origin.arrow.as_deref()).unwrap_or_default();
    let shown = thrown(program, error, output::colors(2));
    let head = if has_place(error) { String::new() } else { format!("{arrow}\n") };
    format!("{head}{shown}\n\n{}\n", version())
}

/// Whether the place is in the error's stack: that of a SyntaxError of a module is, and what node:vm's scripts throw.
fn has_place(error: &Error) -> bool {
    match error.origin.as_ref().and_then(|origin| origin.value.as_ref()) {
        Some(Out::Value(value)) => is_decorated(value).unwrap_or(false),
        _ => false,
    }
}

/// What was thrown, as it is printed elsewhere too; if that fails, what V8 knows of it.
pub fn thrown(program: &Program, error: &Error, colors: bool) -> String {
    let origin = error.origin.as_ref();
    let value = origin.and_then(|origin| origin.value.as_ref());
    let shown = value.and_then(|value| program.show(value, colors));
    match shown {
        Some(shown) if value.is_some_and(is_error) => without_brackets(&shown).into(),
        Some(shown) => format!("Uncaught {shown}"),
        None => {
            let stack = origin.and_then(|origin| origin.stack.clone());
            stack.unwrap_or_else(|| format!("{}: {}", error.name, error.message))
        }
    }
}

/// An error without frames is printed in brackets, which are for those that are inside of something.
pub fn without_brackets(shown: &str) -> &str {
    let inner = shown.strip_prefix('[').and_then(|shown| shown.strip_suffix(']'));
    inner.filter(|inner| !inner.contains('\n')).unwrap_or(shown)
}

fn is_error(value: &Out) -> bool {
    matches!(value, Out::Value(value) if value.flags & JSVM_FLAG_ERROR != 0)
}

/// Writes to standard output. An error is a line for the user.
pub fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| output_error(&error))
}

pub fn output_error(error: &io::Error) -> String {
    format!("standard output cannot be written: {error}")
}

/// One line, and the guest's stack of that moment.
pub fn stopped(program: &Program, error: &Error) -> String {
    let limits = &program.limits;
    let milliseconds = |limit: Option<std::time::Duration>| limit.unwrap_or_default().as_millis();
    let reason = match error.status {
        Status::Timeout => format!("timeout after {} ms", milliseconds(limits.timeout)),
        Status::CpuTime => format!("out of CPU time after {} ms", milliseconds(limits.cpu_time)),
        Status::OutOfMemory => match program.isolate.options.heap_limit {
            // Or what an option of V8's says.
            MAX_HEAP_LIMIT => "out of memory".into(),
            limit => format!("out of memory: the heap passed {} MB", limit >> 20),
        },
        _ => error.message.clone(),
    };
    let frames = error.origin.as_ref().map_or(&[][..], |origin| &origin.frames);
    format!("jsvm: {reason}{}\n", stack_lines(frames))
}
