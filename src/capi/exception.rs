//! Errors that the host makes for the guest.

use crate::capi::boundary::{guard, jsvm_str, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::capi::slot::jsvm_value;
use crate::capi::value::handle;
use crate::engine::collection::{self, Class};
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use std::ffi::c_char;

/// Makes an error, as a host function throws it. JavaScript: new TypeError(message) and so on.
///
/// Any thread; waits for the isolate.
///
/// @param context     [in] the context whose prototypes it gets
/// @param error_class [in] a jsvm_exception_class
/// @param message     [in] UTF-8
/// @param message_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param code        [in] UTF-8, the error's own property `code` as Node's errors have it; NULL for none
/// @param code_len    [in] bytes, or JSVM_AUTO_LENGTH
/// @param result      [out] the error; free it with jsvm_value_free
/// @param error       [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_exception_new(
    context: *const jsvm_context,
    error_class: u32,
    message: *const c_char,
    message_len: usize,
    code: *const c_char,
    code_len: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        let class = Class::from_number(error_class).ok_or_else(|| {
            Error::invalid(format!("error_class: {error_class} is no jsvm_exception_class"))
        })?;
        // SAFETY: as above.
        let (message, code) = unsafe {
            let code = jsvm_str { data: code, len: code_len };
            (text(message, message_len, "message")?, code.get("code")?)
        };
        *result = handle(enter::touch(&context.isolate, Some(&context.global), |scope| {
            collection::exception(scope, class, message, code)
        })?)?;
        Ok(())
    })
}
