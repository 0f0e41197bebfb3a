//! Errors that the host makes for the guest.

use crate::capi::boundary::{Userdata, guard, jsvm_finalizer, jsvm_str, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::capi::slot::jsvm_value;
use crate::capi::value::{handle, pin_flag};
use crate::engine::collection::{self, Class};
use crate::engine::enter;
use crate::engine::error::{self, Error, Tie, jsvm_status};
use crate::engine::value::{In, JSVM_FLAG_ERROR};
use std::ffi::{c_char, c_void};

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

/// Ties something of the host's to an error object, in place of what was tied to it before: the host's own exception,
/// so that it is known again when the error comes out of a call (jsvm_error_userdata). It goes where the object goes;
/// the guest can neither see nor copy it.
///
/// Any thread; waits for the isolate.
///
/// @param exception [in] an Error
/// @param key       [in] an address of the caller's, such as that of a static variable: it tells its userdata from
///   that of others
/// @param userdata  [in] given to the finalizer, and by jsvm_error_userdata
/// @param finalizer [in] lets go of userdata once, when neither JavaScript has the object nor C a jsvm_error of it; also
///   when this call fails; or NULL
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_exception_set_userdata(
    exception: *const jsvm_value,
    key: *const c_void,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        let exception = pin_flag(exception, JSVM_FLAG_ERROR, "exception", "an Error")?;
        let tie = Tie { key: key as usize, pointer: userdata.pointer as usize, owner: Box::new(userdata) };
        enter::touch(&exception.0.isolate, None, |scope| error::tie(scope, In::Value(&exception.0), tie))
    })
}
