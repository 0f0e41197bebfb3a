//! What scripts expect around them: each part is installed by itself, and none by default.
//!
//! A part is JavaScript, in a file of this folder, over a few functions in Rust (its natives), in a file of
//! the same name. It runs in the context that it is installed in, under the limits of the call that calls it.

mod assert;
mod buffer;
mod console;
mod encoding;
#[cfg(feature = "url")]
mod esm;
pub mod event_loop;
mod events;
pub mod file_loader;
pub mod inspect;
mod microtask;
mod modules;
pub mod output;
mod path;
pub mod process;
pub mod require;
mod resolve;
mod structured_clone;
mod ticks;
mod timers;
mod types;
mod uncaught;
#[cfg(feature = "url")]
mod url;
pub mod wasm;

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::realm::{self, Source};
use crate::vm::context::Context;

/// What can be installed, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(pub u32);

/// A part: its bit, and the file whose `install(global)` puts it in place.
struct Part {
    bit: u32,
    file: &'static str,
}

/// `console`.
pub const CONSOLE: u32 = 1 << 0;
/// `setTimeout`, `setInterval`, `setImmediate` and their `clear...`.
pub const TIMERS: u32 = 1 << 1;
/// `queueMicrotask`.
pub const QUEUE_MICROTASK: u32 = 1 << 2;
/// `structuredClone`.
pub const STRUCTURED_CLONE: u32 = 1 << 3;
/// `URL` and `URLSearchParams`.
pub const URL: u32 = 1 << 4;
/// `Buffer`, `TextEncoder`, `TextDecoder`, `atob` and `btoa`.
pub const BUFFER: u32 = 1 << 5;
/// CommonJS: `require`, which reads files of the host.
pub const REQUIRE: u32 = 1 << 6;
/// `process`.
pub const PROCESS: u32 = 1 << 7;

const PARTS: &[Part] = &[
    Part { bit: CONSOLE, file: "console" },
    Part { bit: TIMERS, file: "timers" },
    Part { bit: QUEUE_MICROTASK, file: "microtask" },
    Part { bit: STRUCTURED_CLONE, file: "structured_clone" },
    #[cfg(feature = "url")]
    Part { bit: URL, file: "url" },
    Part { bit: BUFFER, file: "buffer" },
    Part { bit: REQUIRE, file: "require" },
    Part { bit: PROCESS, file: "process" },
];

/// The files.
pub const SOURCES: &[&[Source]] = &[
    &[events::SOURCE, microtask::SOURCE, output::SOURCE, process::SOURCE, ticks::SOURCE],
    &[timers::SOURCE, uncaught::SOURCE],
    &[console::SOURCE, console::TABLE],
    &assert::SOURCES,
    &inspect::SOURCES,
    &[buffer::SOURCE, buffer::NUMBERS, buffer::TEXT, encoding::SOURCE, types::SOURCE],
    &[
        require::SOURCE,
        resolve::SOURCE,
        resolve::PACKAGES,
        modules::SOURCE,
        path::SOURCE,
        structured_clone::SOURCE,
    ],
    &[file_loader::SOURCE, modules::DEEP_EQUAL, modules::UTIL, wasm::SOURCE],
    #[cfg(feature = "url")]
    &[url::SOURCE],
    #[cfg(feature = "url")]
    &esm::SOURCES,
];

/// What the host gives the parts of a context.
#[derive(Default)]
pub struct Options {
    /// Takes what the context's parts write, those that are there already too; otherwise the process's streams do.
    pub write: Option<output::Write>,
    /// `process.argv`, `process.execArgv`, and `process.env` as `NAME=value`: for a new process object.
    pub argv: Vec<String>,
    pub exec_argv: Vec<String>,
    pub env: Vec<String>,
    /// The file, or with a slash at its end the folder, from which the context's `require` resolves.
    pub require_from: Option<String>,
}

/// Puts parts into a context. A part that is there already is left as it is.
pub fn install(context: &Context, parts: Parts, options: Options) -> Result<(), Error> {
    let known = PARTS.iter().fold(0, |all, part| all | part.bit);
    if parts.0 & !known != 0 {
        let unknown = parts.0 & !known;
        return Err(Error::invalid(format!("parts: {unknown:#x} is no part that can be installed")));
    }
    if let Some(odd) = options.env.iter().find(|variable| variable.find('=').is_none_or(|at| at == 0)) {
        return Err(Error::invalid(format!("env: {odd:?} is not NAME=value")));
    }
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        if parts.0 & PROCESS != 0 {
            process::configure(scope, &options)?;
        }
        if let Some(write) = options.write {
            output::redirect(scope, write)?;
        }
        if let Some(name) = options.require_from {
            require::resolve_from(scope, &name)?;
        }
        PARTS.iter().filter(|part| parts.0 & part.bit != 0).try_for_each(|part| install_one(scope, part))
    })
}

fn install_one(scope: &mut Scope<'_, '_>, part: &Part) -> Outcome<()> {
    let exports = realm::load(scope, part.file)?;
    let install = realm::function(scope, exports, "install").expect("a part's file exports install");
    let global = scope.get_current_context().global(scope);
    install.call(scope, exports.into(), &[global.into()]).thrown()?;
    Ok(())
}
