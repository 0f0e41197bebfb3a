//! How a program of the guest's ended.

use crate::capi::boundary::{guard, out};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::engine::error::jsvm_status;
use crate::runtime::process;

/// What process.exit and process.exitCode came to in a context with JSVM_PART_PROCESS. After a call that ended with
/// TERMINATED, `exiting` tells whether process.exit was why.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] a context
/// @param code    [out] process.exitCode; 0 if the guest has set none
/// @param exiting [out] whether process.exit was called; or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (the context has no process object), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_exit_code(
    context: *const jsvm_context,
    code: *mut i32,
    exiting: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !exiting.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { exiting.write(false) };
        }
        // SAFETY: as above.
        let code = unsafe { out(code, 0, "code")? };
        let context = pool::pin(context, "context")?;
        let exit = process::exit_code(&context.context)?;
        *code = exit.code;
        if !exiting.is_null() {
            // SAFETY: as above.
            unsafe { exiting.write(exit.exiting) };
        }
        Ok(())
    })
}
