//! The runtime's parts, and the modules that the host adds to them.

use crate::capi::boundary::{Options, Userdata, guard, jsvm_finalizer, jsvm_str, options, text, texts};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::capi::slot::{Input, jsvm_slot};
use crate::engine::error::jsvm_status;
use crate::runtime::{self, Parts, require};
use std::ffi::{c_char, c_void};

/// What jsvm_context_install can put into a context: bits.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_part {
    /// console, as Node's: what it writes goes to `write` of the options.
    Console = 1 << 0,
    /// setTimeout, setInterval, setImmediate and their clear functions, as Node's. Callbacks run in jsvm_isolate_run_tasks and
    /// jsvm_promise_await, and not by themselves. What one throws ends that call with EXCEPTION; the others stay. A pending
    /// timer keeps its context alive; an interval whose callback is stopped by a limit has ended.
    Timers = 1 << 1,
    /// queueMicrotask. What a task throws ends the call that drains the queue with EXCEPTION.
    QueueMicrotask = 1 << 2,
    /// structuredClone, with ArrayBuffers to transfer. SharedArrayBuffers are shared with the copy.
    StructuredClone = 1 << 3,
    /// URL and URLSearchParams. In a build without the cargo feature `url` it cannot be installed.
    Url = 1 << 4,
    /// Node's Buffer; TextEncoder, TextDecoder (UTF-8, UTF-16LE, windows-1252), atob and btoa. Buffer.allocUnsafe gives zeros.
    Buffer = 1 << 5,
    /// require: CommonJS modules, ES modules, JSON files and the library's own modules: assert, buffer, console, events, module,
    /// path, process, timers, url, util and vm, whether the parts that they are of are installed or not. It reads every file that
    /// the process may read, outside the limit of memory, and runs it as code of the context: not for guests that the host does
    /// not trust.
    Require = 1 << 6,
    /// process: argv, env, exit, exitCode, nextTick, events, hrtime, stdout.write and the like; see the options for what it
    /// knows of the host. process.exit emits 'exit' and stops the outermost call, which ends with TERMINATED, and not the
    /// host's process: see jsvm_context_exit_code. What a timer, tick or microtask throws goes to the listeners of
    /// 'uncaughtException', if there are some; rejections of the context's promises go to those of 'unhandledRejection'
    /// and only without any to the isolate's callback. The guest sees the process's id, memory and working directory.
    /// Node's `global` comes with it: globalThis.
    Process = 1 << 7,
}

const _: () = assert!(jsvm_part::Console as u32 == runtime::CONSOLE);
const _: () = assert!(jsvm_part::Timers as u32 == runtime::TIMERS);
const _: () = assert!(jsvm_part::QueueMicrotask as u32 == runtime::QUEUE_MICROTASK);
const _: () = assert!(jsvm_part::StructuredClone as u32 == runtime::STRUCTURED_CLONE);
const _: () = assert!(jsvm_part::Url as u32 == runtime::URL);
const _: () = assert!(jsvm_part::Buffer as u32 == runtime::BUFFER);
const _: () = assert!(jsvm_part::Require as u32 == runtime::REQUIRE);
const _: () = assert!(jsvm_part::Process as u32 == runtime::PROCESS);

/// Takes what the runtime's parts write: `stream` is 1 (output) or 2 (errors), `data` is `len` bytes, UTF-8 if a string
/// was written, and dies when the function returns. It comes on the thread that runs the isolate, inside it, and may
/// call anything of libjsvm. No C++ exception and no longjmp may leave it.
#[allow(non_camel_case_types)]
pub type jsvm_write_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, stream: u32, data: *const c_char, len: usize)>;

/// Options of jsvm_context_install. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_install_options {
    /// sizeof(jsvm_install_options).
    pub struct_size: usize,
    /// Takes what the context's parts write, those of earlier installs too. Default: what an earlier install gave; at first the
    /// process's file descriptors 1 and 2, where what cannot be written is lost without an error. A pipe that nobody reads
    /// raises SIGPIPE, which is the host's to ignore.
    pub write: jsvm_write_callback,
    /// [in] Given to `write`.
    pub userdata: *mut c_void,
    /// Lets go of userdata once: when the collector finds that nothing uses `write` any more, which was replaced or whose
    /// context is gone, or when the call fails; but not if `struct_size` is wrong.
    pub finalizer: jsvm_finalizer,
    /// process.argv; as Node has it, the program and the script come first. What these three say counts where
    /// JSVM_PART_PROCESS is new to the context.
    pub argv: *const jsvm_str,
    /// How many `argv` has.
    pub argv_count: usize,
    /// process.execArgv.
    pub exec_argv: *const jsvm_str,
    /// How many `exec_argv` has.
    pub exec_argv_count: usize,
    /// process.env, each as NAME=value. Default: nothing; the host's own environment is not shown.
    pub env: *const jsvm_str,
    /// How many `env` has.
    pub env_count: usize,
    /// [in] The file from which `require` resolves, or with a slash at its end the folder; it need not be there. Default: what
    /// an earlier install gave; at first the working directory.
    pub require_from: jsvm_str,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_install_options {
    const NAME: &'static str = "jsvm_install_options";
}

/// Gives a context what scripts expect around them: a context by itself has the language and no more. Parts that are
/// there already stay as they are.
///
/// Any thread; waits for the isolate. Install before guest code runs: the parts' own code can be changed by what the guest
/// does to the builtins.
///
/// @param context [in] a context
/// @param parts   [in] jsvm_part bits
/// @param options [in] what the parts work with, or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (an unknown part), EXCEPTION, TERMINATED, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_install(
    context: *const jsvm_context,
    parts: u32,
    options: *const jsvm_install_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    // SAFETY: C's promise about its arguments. Userdata is let go of in any case, in a fork too.
    let given = unsafe { self::options(options) };
    let userdata = given.as_ref().ok().map(|given| Userdata::new(given.userdata, given.finalizer));
    guard(error, move || {
        let given = given?;
        let (callback, userdata) = (given.write, userdata);
        // SAFETY: C's promise about its arguments.
        let (argv, exec_argv, env) = unsafe {
            (
                texts(given.argv, given.argv_count, "argv")?,
                texts(given.exec_argv, given.exec_argv_count, "exec_argv")?,
                texts(given.env, given.env_count, "env")?,
            )
        };
        // SAFETY: as before.
        let require_from = unsafe { given.require_from.get("options: require_from") }?.map(String::from);
        let context = pool::pin(context, "context")?;
        let write = callback.map(|callback| -> runtime::output::Write {
            Box::new(move |stream, data| {
                let userdata = userdata.as_ref().map_or(std::ptr::null_mut(), |userdata| userdata.pointer);
                // SAFETY: the host gave both together; the bytes live until it returns.
                unsafe { callback(userdata, stream, data.as_ptr().cast(), data.len()) };
            })
        });
        runtime::install(
            &context.context,
            Parts(parts),
            runtime::Options { write, argv, exec_argv, env, require_from },
        )
    })
}

/// Gives the context's scripts a module of the host's: `require(name)` returns the value, in place of a file or one of the
/// library's own modules. A name without "node:" is found with it, too: "http" is require('http') and require('node:http');
/// "node:http" is require('node:http') alone. Of a name that was provided before, require gives the new value from
/// now on; who has the old one keeps it. The import of a file loader finds it too (jsvm_file_loader_new): the value is the
/// default export, and its own enumerable properties are exports.
///
/// It does not install `require`: that is JSVM_PART_REQUIRE, before or after. To give guests the host's modules and no file,
/// give them a function of the host's by the name `require`.
///
/// Any thread; waits for the isolate. No JavaScript of the guest's runs.
///
/// @param context  [in] a context
/// @param name     [in] the name, UTF-8; not "", not "node:", no path (".", "..", "/x", "./x", "../x")
/// @param name_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param value    [in] what require returns: mostly an object of functions; NULL is undefined
/// @param error    [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, EXCEPTION, TERMINATED, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_provide_module(
    context: *const jsvm_context,
    name: *const c_char,
    name_len: usize,
    value: *const jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let context = pool::pin(context, "context")?;
        // SAFETY: C's promise about its arguments.
        let (name, value) = unsafe { (text(name, name_len, "name")?, Input::from_ptr(value, "value")?) };
        let value = value.of(&context.context.isolate, "value")?;
        require::provide_module(&context.context, name, value.value())
    })
}
