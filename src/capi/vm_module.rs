//! The JavaScript module `node:vm`, for the contexts that a host chooses.

use crate::capi::boundary::{guard, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::capi::slot::jsvm_value;
use crate::engine::error::jsvm_status;
use crate::node_vm;
use std::sync::Arc;

/// The module `node:vm`, for scripts of a context: Script, createContext, runInContext, compileFunction, measureMemory and
/// the others, as Node has them. The context's "this context" is the context itself. Scripts have it only if the host
/// gives it to them, by a global variable or an argument, or by `require` with JSVM_PART_REQUIRE. The same object each time.
///
/// It gives a script no limit that it does not have itself: a timeout of the script's ends the script's own run, a limit of the
/// call that runs the script ends all. What it makes counts as the isolate's: contexts, code, memory.
///
/// Any thread; waits for the isolate. Call it before guest code runs: what the guest does to the builtins before can
/// change it.
///
/// @param context [in] a context
/// @param result  [out] the module's exports; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, EXCEPTION, TERMINATED, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_vm_module(
    context: *const jsvm_context,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        *result = pool::put(jsvm_value(Arc::new(node_vm::module(&context.context)?)))?;
        Ok(())
    })
}
