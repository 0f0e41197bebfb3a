//! The JavaScript module `node:vm`, for the contexts that a host chooses.

use crate::capi::boundary::{Options, guard, options, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::capi::slot::jsvm_value;
use crate::engine::error::{Error, jsvm_status};
use crate::node_vm::{self, Generation};
use std::sync::Arc;

/// Options of jsvm_context_vm_module. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_vm_module_options {
    /// sizeof(jsvm_vm_module_options).
    pub struct_size: usize,
    /// The major version of Node whose manual the module follows: 10, whose modules have `url`, `linkingStatus` and four steps
    /// (docs/NODE-VM.md says what else), or 0, the newest.
    pub generation: u32,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_vm_module_options {
    const NAME: &'static str = "jsvm_vm_module_options";
}

/// The module `node:vm`, for scripts of a context: Script, createContext, runInContext, SourceTextModule, measureMemory and
/// the others, as Node has them. The context's "this context" is the context itself. Scripts have it only if the host
/// gives it to them, by a global variable or an argument, or by `require` with JSVM_PART_REQUIRE. The same object each
/// time, for each generation.
///
/// It lifts no limit: a timeout that a script sets ends the script's own run, a limit of the call that runs the script ends
/// all. What it makes counts as the isolate's: contexts, code, memory.
///
/// Any thread; waits for the isolate. Call it before guest code runs: what the guest does to the builtins before can
/// change it.
///
/// @param context [in] a context
/// @param options [in] or NULL
/// @param result  [out] the module's exports; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, EXCEPTION, TERMINATED, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_vm_module(
    context: *const jsvm_context,
    options: *const jsvm_vm_module_options,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        // SAFETY: C's promise about its arguments.
        let jsvm_vm_module_options { generation, .. } = unsafe { self::options(options)? };
        let generation = Generation::of_version(generation).ok_or_else(|| {
            Error::invalid(format!(
                "options: {generation} is no generation of node:vm: 10, or 0 for the newest"
            ))
        })?;
        let context = pool::pin(context, "context")?;
        *result = pool::put(jsvm_value(Arc::new(node_vm::module(&context.context, generation)?)))?;
        Ok(())
    })
}
