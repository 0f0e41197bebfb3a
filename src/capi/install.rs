//! The runtime's parts.

use crate::capi::boundary::guard;
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::engine::error::jsvm_status;
use crate::runtime::{self, Parts};

/// What jsvm_context_install can put into a context: bits.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_part {
    /// queueMicrotask. What a task throws ends the call that drains the queue with EXCEPTION.
    QueueMicrotask = 1 << 2,
}

const _: () = assert!(jsvm_part::QueueMicrotask as u32 == runtime::QUEUE_MICROTASK);

/// Gives a context what scripts expect around them: a context by itself has the language and no more. Parts that are
/// there already stay as they are.
///
/// Any thread; waits for the isolate. Install before guest code runs: the parts' own code can be changed by what the guest
/// does to the builtins.
///
/// @param context [in] a context
/// @param parts   [in] jsvm_part bits
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (an unknown part), EXCEPTION, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_install(
    context: *const jsvm_context,
    parts: u32,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let context = pool::pin(context, "context")?;
        runtime::install(&context.context, Parts(parts))
    })
}
