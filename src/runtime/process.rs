//! `process`: what a program knows of where it runs, and how it ends. It cannot end the host's process: `process.exit`
//! stops the run.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::function;
use crate::engine::isolate::{Isolate, RejectionHook};
use crate::engine::limits::Limits;
use crate::engine::thread::Thread;
use crate::engine::value::{self, Out};
use crate::engine::watchdog::now;
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::runtime::Options;
use crate::runtime::resolve;
use crate::vm::context::{self, Context};
use std::sync::Arc;

pub const SOURCE: Source = Source { name: "process", text: include_str!("process.js"), natives };

/// The Node that scripts are told of: the one whose manual of node:vm is followed.
const NODE_VERSION: &str = "24.0.0";

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    let scope = &mut *native.scope;
    let versions = [("node", NODE_VERSION), ("v8", v8::VERSION_STRING), ("jsvm", env!("CARGO_PKG_VERSION"))];
    let object = v8::Object::new(scope);
    for (name, version) in versions {
        set_text(scope, object, name, version)?;
    }
    let key = value::string(scope, "versions")?;
    native.object.set(scope, key.into(), object.into()).thrown()?;
    set_text(scope, native.object, "platform", platform())?;
    set_text(scope, native.object, "arch", arch())?;
    let (key, pid) = (value::string(scope, "pid")?, v8::Number::new(scope, f64::from(std::process::id())));
    native.object.set(scope, key.into(), pid.into()).thrown()?;

    native.function("isError", |_, arguments, result| {
        result.set_bool(arguments.get(0).is_native_error());
        Ok(())
    })?;
    native.function("now", |scope, _, result| {
        result.set(v8::BigInt::new_from_u64(scope, now()).into());
        Ok(())
    })?;
    native.function("cwd", |scope, _, result| {
        match std::env::current_dir() {
            Ok(path) => result.set(value::string(scope, &path.to_string_lossy())?.into()),
            Err(error) => return resolve::throw_io(scope, &error, "cwd", "."),
        }
        Ok(())
    })?;
    native.function("columns", |scope, arguments, result| {
        let fd = arguments.get(0).int32_value(scope).thrown()?;
        if let Some(columns) = columns(fd) {
            result.set_uint32(columns);
        }
        Ok(())
    })?;
    native.function("cpu", |scope, _, result| {
        let figures = cpu_usage().map(|figure| v8::Number::new(scope, figure).into());
        result.set(v8::Array::new_with_elements(scope, &figures).into());
        Ok(())
    })?;
    native.function("memory", |scope, _, result| {
        let heap = scope.get_heap_statistics();
        let figures = [
            resident(),
            heap.total_heap_size(),
            heap.used_heap_size(),
            heap.external_memory(),
            Isolate::of(scope).buffers.used(),
        ];
        let figures = figures.map(|figure| v8::Number::new(scope, figure as f64).into());
        result.set(v8::Array::new_with_elements(scope, &figures).into());
        Ok(())
    })?;
    native.function("stop", |scope, _, _| {
        Thread::current().stop(Arc::as_ptr(&Isolate::of(scope)), Status::Terminated);
        function::unwind(scope);
        Ok(())
    })
}

fn set_text<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
    text: &str,
) -> Outcome<()> {
    let (name, text) = (value::string(scope, name)?, value::string(scope, text)?);
    object.set(scope, name.into(), text.into()).thrown()?;
    Ok(())
}

/// Node's words.
fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    }
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        arch => arch,
    }
}

/// The width of a terminal.
fn columns(fd: i32) -> Option<u32> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: writes our own variable.
    let is_terminal = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut size) } == 0;
    is_terminal.then_some(u32::from(size.ws_col))
}

/// Microseconds that the process's threads have run, in their own code and in the system's.
fn cpu_usage() -> [f64; 2] {
    // SAFETY: zeros are a value of it.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: writes our own variable.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    [usage.ru_utime, usage.ru_stime].map(|time| time.tv_sec as f64 * 1e6 + time.tv_usec as f64)
}

/// Bytes of the process's memory that are in RAM; 0 where the system does not say.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    // SAFETY: asks for a number.
    pages * usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(0)
}

/// Gives the process object of the scope's context what the host says of it, if that has not been said yet. From now on
/// the context hears of rejections.
pub fn configure(scope: &mut Scope<'_, '_>, options: &Options) -> Outcome<()> {
    let process = realm::load(scope, "process")?;
    let lists = [
        list(scope, &options.argv)?.into(),
        list(scope, &options.exec_argv)?.into(),
        list(scope, &options.env)?.into(),
    ];
    let configure = realm::function(scope, process, "configure").thrown()?;
    configure.call(scope, process.into(), &lists).thrown()?;
    Isolate::of(scope).inner().rejection_hook = Some(RejectionHook(on_rejection));
    Ok(())
}

fn list<'s>(scope: &mut Scope<'s, '_>, texts: &[String]) -> Outcome<v8::Local<'s, v8::Array>> {
    let texts = texts.iter().map(|text| value::string(scope, text).map(Into::into));
    let texts = texts.collect::<Outcome<Vec<v8::Local<v8::Value>>>>()?;
    Ok(v8::Array::new_with_elements(scope, &texts))
}

/// The promise's own context decides, or the nearest of those that made it which has a process object.
fn on_rejection<'s>(
    scope: &mut Scope<'s, '_>,
    promise: v8::Local<'s, v8::Promise>,
    reason: Option<v8::Local<'s, v8::Value>>,
) -> bool {
    let own = promise.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context());
    let makers = std::iter::successors(Some(own), |context| context::maker(scope, *context));
    makers.collect::<Vec<_>>().into_iter().any(|context| {
        let scope = &mut v8::ContextScope::new(scope, context);
        let Some(process) = realm::loaded(scope, "process") else { return false };
        v8::tc_scope!(let caught, scope);
        let name = if reason.is_some() { "rejected" } else { "handledLate" };
        let arguments: Vec<v8::Local<v8::Value>> =
            [Some(promise.into()), reason].into_iter().flatten().collect();
        realm::function(caught, process, name)
            .and_then(|function| function.call(caught, process.into(), &arguments))
            .is_some_and(|taken| taken.is_true())
    })
}

/// Calls one of process.js's functions, as the outermost run of its own or in another one.
fn call(context: &Context, limits: &Limits, name: &str, argument: Argument) -> Result<bool, Error> {
    enter::run(&context.isolate, Some(&context.global), limits, |scope| {
        let process = loaded(scope)?;
        let argument = match argument {
            Argument::None => v8::undefined(scope).into(),
            Argument::True => v8::Boolean::new(scope, true).into(),
            Argument::Value(value) => value.as_in().local(scope)?,
        };
        let function = realm::function(scope, process, name).thrown()?;
        Ok(function.call(scope, process.into(), &[argument]).thrown()?.is_true())
    })
}

enum Argument<'a> {
    None,
    True,
    Value(&'a Out),
}

fn loaded<'s>(scope: &mut Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Object>> {
    let message = "context: it has no process object: install JSVM_PART_PROCESS";
    Ok(realm::loaded(scope, "process").ok_or_else(|| Error::new(Status::WrongState, message))?)
}

/// Gives an error that nobody caught to the listeners of 'uncaughtException'; without any, and if it is not one that
/// was thrown, it comes back.
pub fn uncaught(context: &Context, error: Error) -> Result<(), Error> {
    let thrown = error.origin.as_ref().and_then(|origin| origin.value.as_ref());
    match thrown {
        Some(value) if call(context, &Limits::NONE, "uncaughtException", Argument::Value(value))? => Ok(()),
        _ => Err(error),
    }
}

/// The error that an unhandled rejection ends the program with.
pub fn rejection_error(context: &Context, reason: &Out) -> Error {
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        let process = loaded(scope)?;
        let reason = reason.as_in().local(scope)?;
        let function = realm::function(scope, process, "rejectionError").thrown()?;
        let error = function.call(scope, process.into(), &[reason]).thrown()?;
        Ok(Error::thrown(scope, error, None))
    })
    .unwrap_or_else(|error| error)
}

/// Emits 'beforeExit'.
pub fn before_exit(context: &Context) -> Result<(), Error> {
    call(context, &Limits::NONE, "beforeExit", Argument::None).map(drop)
}

/// Emits 'exit', if that has not been done: the exit code.
pub fn end(context: &Context) -> Result<i32, Error> {
    call(context, &Limits::NONE, "end", Argument::None)?;
    Ok(exit_code(context)?.code)
}

/// After an error that ended the program: as `end`, with the exit code 1 unless 'exit' listeners set another one.
pub fn fail(context: &Context, limits: &Limits) -> Result<i32, Error> {
    match call(context, limits, "end", Argument::True) {
        Err(error) if !exit_code(context).is_ok_and(|exit| exit.ended(&error)) => Err(error),
        _ => Ok(exit_code(context)?.code),
    }
}

/// How a program ends, or would end now.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// process.exitCode; 0 if the program has set none.
    pub code: i32,
    /// process.exit was called, or 'exit' was emitted.
    pub exiting: bool,
}

impl Exit {
    /// Whether an error is not one, but process.exit.
    pub fn ended(self, error: &Error) -> bool {
        self.exiting && error.status == Status::Terminated
    }
}

/// What process.exit and process.exitCode came to. Runs nothing of the guest's.
pub fn exit_code(context: &Context) -> Result<Exit, Error> {
    enter::touch(&context.isolate, Some(&context.global), |scope| {
        let process = loaded(scope)?;
        let state = realm::get(scope, process, "state").thrown()?;
        let state = v8::Local::<v8::Object>::try_from(state).expect("process.js exports it");
        let exiting = realm::get(scope, state, "exiting").thrown()?.is_true();
        let code = realm::get(scope, state, "code").thrown()?;
        // A number or a string: no code of the guest's converts it.
        let code = if code.is_undefined() { 0 } else { code.int32_value(scope).thrown()? };
        Ok(Exit { code, exiting })
    })
}
