//! Scripts.

use crate::capi::boundary::{
    Bool, Options, bytes, guard, guard_value, jsvm_str, options, options_named, out, out_ptr, text,
};
use crate::capi::context::{context_options, jsvm_context, jsvm_context_options};
use crate::capi::error::jsvm_error;
use crate::capi::import::{GivenHooks, jsvm_import_hooks};
use crate::capi::isolate::{RunLimits, jsvm_isolate, jsvm_run_options};
use crate::capi::pool::{self, Handle, jsvm_handle_kind};
use crate::capi::slot::{Place, copy_out, jsvm_slot};
use crate::engine::error::{Error, jsvm_status};
use crate::vm::script::{self, Script};
use std::ffi::{CString, c_char};

/// A compiled script. It can run many times, in any context of its isolate. node:vm: vm.Script.
#[allow(non_camel_case_types)]
pub struct jsvm_script {
    script: Script,
    source_map_url: Option<CString>,
    source_url: Option<CString>,
    hide_arrow: bool,
}

impl Handle for jsvm_script {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Script;
    const NAME: &'static str = "jsvm_script";
}

/// Options of compiling. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_script_options {
    /// sizeof(jsvm_script_options).
    pub struct_size: usize,
    /// [in] The script's name in errors and stacks; default `"evalmachine.<anonymous>"`. node:vm: `filename`.
    pub filename: jsvm_str,
    /// Lines that stand before the source in its file. node:vm: `lineOffset`.
    pub line_offset: i32,
    /// Columns that stand before the source in its first line. node:vm: `columnOffset`.
    pub column_offset: i32,
    /// [in] Bytes of jsvm_script_create_cached_data, or NULL. Bytes that do not fit the source or this library are
    /// refused, not trusted; but who can write them can forge them: take them from your own disk only.
    /// node:vm: `cachedData`.
    pub cached_data: *const u8,
    /// Bytes in cached_data.
    pub cached_data_len: usize,
    /// Errors of compiling and of all runs have no arrow (jsvm_error_arrow). node:vm: `displayErrors: false`, which there is an
    /// option of each run, and keeps the arrow out of the error's `stack`. C never puts it there.
    pub no_display_errors: Bool,
    /// [in] Who answers its `import()`, also that of code that it makes by `eval` and `new Function`; or NULL: who answers
    /// for the context (jsvm_context_set_import_hooks). Borrowed for the call. node:vm: `importModuleDynamically`.
    pub import_hooks: *const jsvm_import_hooks,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_script_options {
    const NAME: &'static str = "jsvm_script_options";
}

/// Reads script options and does something with them; leaves the arrow out of its error if asked.
///
/// # Safety
/// As `boundary::options`.
pub unsafe fn with_options<T>(
    pointer: *const jsvm_script_options,
    argument: &str,
    body: impl FnOnce(&script::Options) -> Result<T, Error>,
) -> Result<T, Error> {
    // SAFETY: the caller's promise.
    let (given, filename, cached_data) = unsafe {
        let given = options_named(pointer, argument)?;
        let filename = given.filename.get(format_args!("{argument}: filename"))?;
        let cached_data = cached_data(given.cached_data, given.cached_data_len, argument)?;
        (given, filename, cached_data)
    };
    let hooks = GivenHooks::new(given.import_hooks, format_args!("{argument}: import_hooks"))?;
    let options = script::Options {
        filename,
        line_offset: given.line_offset,
        column_offset: given.column_offset,
        cached_data,
        hooks: hooks.get(),
    };
    body(&options).map_err(|error| hide_arrow(error, given.no_display_errors.get()))
}

/// Cached data in an options struct; NULL is none.
///
/// # Safety
/// As `boundary::bytes`.
pub unsafe fn cached_data<'a>(
    data: *const u8,
    len: usize,
    argument: &str,
) -> Result<Option<&'a [u8]>, Error> {
    if data.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { bytes(data.cast(), len, format_args!("{argument}: cached_data")).map(Some) }
}

fn hide_arrow(mut error: Error, hide: bool) -> Error {
    if hide && let Some(origin) = &mut error.origin {
        origin.arrow = None;
    }
    error
}

/// Bytes that a call gives out. Release them with jsvm_bytes_clear.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_bytes {
    /// The bytes, with a NUL after them; NULL if there are none to release.
    pub data: *const c_char,
    /// How many, without the NUL.
    pub len: usize,
}

impl jsvm_bytes {
    pub const NONE: jsvm_bytes = jsvm_bytes { data: std::ptr::null(), len: 0 };

    pub fn new(bytes: &[u8]) -> Result<jsvm_bytes, Error> {
        let (data, len) = copy_out(bytes)?;
        Ok(jsvm_bytes { data, len })
    }
}

/// Releases bytes that a call gave out.
///
/// Any thread, no lock. NULL is allowed, as are bytes that were cleared before.
///
/// @param bytes [in,out] the bytes, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_bytes_clear(bytes: *mut jsvm_bytes) {
    guard_value((), || {
        if !bytes.is_null() {
            // SAFETY: C's promise about its arguments; the data came from `copy_out`.
            unsafe {
                libc::free((*bytes).data as *mut _);
                bytes.write(jsvm_bytes::NONE);
            }
        }
    });
}

/// Compiles a script. A SyntaxError is EXCEPTION; its error has file, line and arrow. node:vm: new vm.Script.
///
/// Any thread; waits for the isolate. Compiling runs no guest code and cannot be interrupted.
///
/// @param isolate    [in] the isolate it is compiled in
/// @param source     [in] UTF-8
/// @param source_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param options    [in] options, or NULL
/// @param result     [out] the script; free it with jsvm_script_free
/// @param error      [out] what went wrong, or NULL
/// @return OK, EXCEPTION, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_new(
    isolate: *const jsvm_isolate,
    source: *const c_char,
    source_len: usize,
    options: *const jsvm_script_options,
    result: *mut *mut jsvm_script,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        // SAFETY: as above.
        let source = unsafe { text(source, source_len, "source")? };
        // SAFETY: as above.
        let (script, given) = unsafe {
            let script =
                with_options(options, "options", |options| Script::new(&isolate.0, source, options))?;
            (script, self::options(options)?)
        };
        let [source_map_url, source_url] = [&script.source_map_url, &script.source_url]
            .map(|url| url.as_deref().map(|url| CString::new(url).unwrap_or_default()));
        let hide_arrow = given.no_display_errors.get();
        *result = pool::put(jsvm_script { script, source_map_url, source_url, hide_arrow })?;
        Ok(())
    })
}

/// Runs a script, and puts its completion value into `result` unless that is NULL.
///
/// # Safety
/// C's promise about its arguments.
unsafe fn run(
    script: *const jsvm_script,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    body: impl FnOnce(&Script, &RunLimits, Place) -> Result<Place, Error>,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let place = unsafe { Place::new(result) };
    let script = pool::pin(script, "script")?;
    // SAFETY: the caller's promise.
    let limits = unsafe { RunLimits::new(options)? };
    let done = body(&script.script, &limits, place).map_err(|error| hide_arrow(error, script.hide_arrow))?;
    done.keep();
    Ok(())
}

/// Runs a script in a context. node:vm: script.runInContext.
///
/// Any thread; waits for the isolate.
///
/// @param script  [in] the script
/// @param context [in] a context of the same isolate
/// @param options [in] limits, or NULL
/// @param result  [out] the completion value, released with jsvm_slot_clear; NULL if it is of no use
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_run_in_context(
    script: *const jsvm_script,
    context: *const jsvm_context,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        unsafe {
            run(script, options, result, |script, limits, place| {
                let context = pool::pin(context, "context")?;
                script.run(Some(&context.context), &limits.limits(), |value| place.fill(value))
            })
        }
    })
}

/// Runs a script in the isolate's main context. node:vm: script.runInThisContext.
///
/// Any thread; waits for the isolate.
///
/// @param script  [in] the script
/// @param options [in] limits, or NULL
/// @param result  [out] the completion value, released with jsvm_slot_clear; NULL if it is of no use
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_run_in_this_context(
    script: *const jsvm_script,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        unsafe {
            run(script, options, result, |script, limits, place| {
                script.run(None, &limits.limits(), |value| place.fill(value))
            })
        }
    })
}

/// Makes a context and runs a script in it. node:vm: script.runInNewContext.
///
/// Any thread; waits for the isolate.
///
/// @param script          [in] the script
/// @param context_options [in] options of the context, or NULL
/// @param options         [in] limits of the run, or NULL
/// @param result          [out] the completion value, released with jsvm_slot_clear; NULL if it is of no use
/// @param context         [out] the context, also when the run failed; free it with jsvm_context_free. NULL if it is of no use
/// @param error           [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_run_in_new_context(
    script: *const jsvm_script,
    context_options: *const jsvm_context_options,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    context: *mut *mut jsvm_context,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !context.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { out_ptr(context, "context")? };
        }
        // SAFETY: as above.
        let made_with = unsafe { self::context_options(context_options, "context_options")? };
        // SAFETY: as above.
        unsafe {
            run(script, options, result, |script, limits, place| {
                let take = |value| place.fill(value);
                let (made, done) = script::run_in_new_context(
                    script,
                    made_with.globals(),
                    &made_with.options,
                    &limits.limits(),
                    take,
                )?;
                if !context.is_null() {
                    context.write(pool::put(jsvm_context::new(made))?);
                }
                done
            })
        }
    })
}

/// Bytes that make the next compilation of the same source fast. Made after runs, they hold the functions
/// that were compiled on the way. node:vm: script.createCachedData; right after jsvm_script_new it is `produceCachedData`.
///
/// Any thread; waits for the isolate.
///
/// @param script [in] the script
/// @param result [out] the bytes, released with jsvm_bytes_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, UNSUPPORTED (V8 cannot serialise the script), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_create_cached_data(
    script: *const jsvm_script,
    result: *mut jsvm_bytes,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_bytes::NONE, "result")? };
        let script = pool::pin(script, "script")?;
        *result = jsvm_bytes::new(&script.script.create_cached_data()?)?;
        Ok(())
    })
}

/// Whether the cached data that the script was compiled with was refused. False if it was used, if none was
/// given, and for what is no live script. node:vm: script.cachedDataRejected.
///
/// Any thread, no lock.
///
/// @param script [in] a script
/// @return whether it was refused
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_cached_data_rejected(script: *const jsvm_script) -> bool {
    guard_value(false, || {
        pool::pin(script, "script").is_ok_and(|s| s.script.cached_data_rejected == Some(true))
    })
}

/// The URL of the source's `//# sourceMappingURL=` comment; NULL if it has none. It lives as long as the script.
/// node:vm: script.sourceMapURL.
///
/// Any thread, no lock.
///
/// @param script [in] a script
/// @return the URL, borrowed from the script, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_source_map_url(script: *const jsvm_script) -> *const c_char {
    guard_value(std::ptr::null(), || url(script, |script| &script.source_map_url))
}

/// The URL of the source's `//# sourceURL=` comment, which stacks show in place of the filename; NULL if it has none. It
/// lives as long as the script.
///
/// Any thread, no lock.
///
/// @param script [in] a script
/// @return the URL, borrowed from the script, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_source_url(script: *const jsvm_script) -> *const c_char {
    guard_value(std::ptr::null(), || url(script, |script| &script.source_url))
}

fn url(script: *const jsvm_script, which: fn(&jsvm_script) -> &Option<CString>) -> *const c_char {
    let pin = pool::pin(script, "script").ok();
    pin.as_ref().and_then(|script| which(script).as_ref()).map_or(std::ptr::null(), |url| url.as_ptr())
}

/// A second owner of the same script.
///
/// Any thread, no lock.
///
/// @param script [in] a script
/// @return the script, or NULL if it is no live script
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_clone(script: *const jsvm_script) -> *mut jsvm_script {
    guard_value(std::ptr::null_mut(), || pool::clone(script))
}

/// Gives up a script.
///
/// Any thread, no lock, any order. NULL and freed handles are left alone.
///
/// @param script [in] a script, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_script_free(script: *mut jsvm_script) {
    guard_value((), || pool::free(script));
}
