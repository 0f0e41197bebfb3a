//! Cancel tokens.

use crate::capi::boundary::{guard, guard_value, out_ptr};
use crate::capi::error::jsvm_error;
use crate::capi::pool::{self, Handle, jsvm_handle_kind};
use crate::engine::cancel::Cancel;
use crate::engine::error::jsvm_status;
use std::sync::Arc;

/// A cancel token. Calls that carry it (jsvm_run_options) end with CANCELLED once it is triggered.
#[allow(non_camel_case_types)]
pub struct jsvm_cancel(pub Arc<Cancel>);

impl Handle for jsvm_cancel {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Cancel;
    const NAME: &'static str = "jsvm_cancel";
}

/// Makes a cancel token, for one call or many, in one isolate or many.
///
/// Any thread, no lock.
///
/// @param result [out] the token; free it with jsvm_cancel_free
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_cancel_new(
    result: *mut *mut jsvm_cancel,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        *result = pool::put(jsvm_cancel(Arc::new(Cancel::default())))?;
        Ok(())
    })
}

/// Ends the calls that carry the token, while they run or wait for their isolate, and every later
/// one at once. Calls without the token are not touched. It cannot be undone.
///
/// Any thread, no lock, also while the calls run.
///
/// @param cancel [in] the token
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, FORKED
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_cancel_trigger(
    cancel: *const jsvm_cancel,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        pool::pin(cancel, "cancel")?.0.trigger();
        Ok(())
    })
}

/// A second owner of the same token.
///
/// Any thread, no lock.
///
/// @param cancel [in] a token
/// @return the token, or NULL if it is no live token
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_cancel_clone(cancel: *const jsvm_cancel) -> *mut jsvm_cancel {
    guard_value(std::ptr::null_mut(), || pool::clone(cancel))
}

/// Gives up a token. Calls that carry it go on; nobody can end them by it any more.
///
/// Any thread, no lock. NULL and freed handles are left alone.
///
/// @param cancel [in] a token, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_cancel_free(cancel: *mut jsvm_cancel) {
    guard_value((), || pool::free(cancel));
}
