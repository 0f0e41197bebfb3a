//! Structured clone.

use crate::capi::boundary::{bytes, guard, out};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool;
use crate::capi::script::jsvm_bytes;
use crate::capi::slot::{Input, jsvm_slot};
use crate::engine::clone;
use crate::engine::error::jsvm_status;
use std::ffi::c_void;

/// Makes bytes of a value, for an isolate of this process or of another one with the same libjsvm: everything that
/// structuredClone can copy, with cycles and sharing. Getters run, within the limits. JavaScript: the first half of
/// structuredClone; Node's v8.serialize.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context whose errors are thrown
/// @param value   [in] the value, borrowed; NULL is `undefined`
/// @param options [in] limits of the call, or NULL
/// @param result  [out] the bytes, released with jsvm_bytes_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION (an Error with the name "DataCloneError" for functions, symbols, promises, shared memory and
///   WebAssembly modules; or what a getter threw), TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY,
///   INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_serialize(
    context: *const jsvm_context,
    value: *const jsvm_slot,
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
        let sealed = clone::serialize(&context.isolate, &context.global, &value.value(), &limits.limits())?;
        *result = jsvm_bytes::new(&sealed)?;
        Ok(())
    })
}

/// Makes a value of bytes that jsvm_value_serialize gave. Bytes that are not whole, or from another version, are
/// refused; but who can write them can forge them: take them from libjsvm only. JavaScript: the second half of
/// structuredClone; Node's v8.deserialize.
///
/// Any thread; waits for the isolate. It runs no guest code.
///
/// @param context [in] the context in which objects are made
/// @param bytes   [in] the bytes, borrowed
/// @param len     [in] how many
/// @param options [in] limits of the call, or NULL
/// @param result  [out] the value; release it with jsvm_slot_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (also for bytes that are refused), EXCEPTION (there is no room for an ArrayBuffer), TIMEOUT,
///   CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_deserialize(
    context: *const jsvm_context,
    bytes: *const c_void,
    len: usize,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, given, limits) = unsafe {
            let result = out(result, jsvm_slot::UNDEFINED, "result")?;
            (result, self::bytes(bytes, len, "bytes")?, RunLimits::new(options)?)
        };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        let value = clone::deserialize(&context.isolate, &context.global, given, &limits.limits())?;
        *result = jsvm_slot::output(value)?;
        Ok(())
    })
}
