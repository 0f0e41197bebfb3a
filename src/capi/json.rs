//! JSON.

use crate::capi::boundary::{guard, out, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool;
use crate::capi::script::jsvm_bytes;
use crate::capi::slot::{Input, give_out, jsvm_slot};
use crate::engine::error::jsvm_status;
use crate::engine::json;
use std::ffi::c_char;

/// Makes a value of JSON text. JavaScript: JSON.parse(json).
///
/// Any thread; waits for the isolate. It runs no guest code. V8 does not look at the limits while it reads: they end
/// the wait for the isolate.
///
/// @param context  [in] the context in which objects are made
/// @param json     [in] UTF-8
/// @param json_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param options  [in] limits of the call, or NULL
/// @param result   [out] the value; release it with jsvm_slot_clear
/// @param error    [out] what went wrong, or NULL
/// @return OK, EXCEPTION (SyntaxError), INVALID_ARGUMENT, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_json_parse(
    context: *const jsvm_context,
    json: *const c_char,
    json_len: usize,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, json, limits) = unsafe {
            let result = out(result, jsvm_slot::UNDEFINED, "result")?;
            (result, text(json, json_len, "json")?, RunLimits::new(options)?)
        };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        let value = json::parse(&context.isolate, &context.global, json, &limits.limits())?;
        *result = jsvm_slot::output(value)?;
        Ok(())
    })
}

/// Makes JSON text of a value. Getters, toJSON and Proxy traps run, within the limits.
/// JavaScript: JSON.stringify(value, undefined, indent).
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context whose errors are thrown
/// @param value   [in] the value, borrowed; NULL is `undefined`
/// @param indent  [in] spaces of each level; 0 is one line without spaces. More than 10 are 10, as in JavaScript
/// @param options [in] limits of the call, or NULL
/// @param result  [out] UTF-8 with a NUL after it, released with jsvm_bytes_clear. `data` is NULL where JavaScript gives
///   `undefined`: for undefined, functions and symbols
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION (a TypeError for cycles and bigints, or what the guest threw), TIMEOUT, CPU_TIME, CANCELLED,
///   TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_json_stringify(
    context: *const jsvm_context,
    value: *const jsvm_slot,
    indent: u32,
    options: *const jsvm_run_options,
    result: *mut jsvm_bytes,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, limits, value) = unsafe {
            let result = out(result, jsvm_bytes::NONE, "result")?;
            (result, RunLimits::new(options)?, Input::from_ptr(value, "value")?)
        };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        let indent = indent.min(10) as usize;
        let (value, limits) = (value.value(), limits.limits());
        if let Some(text) = json::stringify(&context.isolate, &context.global, &value, indent, &limits)? {
            (result.data, result.len) = give_out(text.utf8)?;
        }
        Ok(())
    })
}
