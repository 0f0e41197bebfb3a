//! ES modules.

use crate::capi::boundary::{Options, elements, guard, guard_value, jsvm_str, options, out, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::import::{
    Block, Found, GivenHooks, Lent, Linker, jsvm_import_callback, jsvm_import_hooks, jsvm_module_request,
};
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool::{self, Handle, jsvm_handle_kind};
use crate::capi::script::{cached_data, jsvm_bytes};
use crate::capi::slot::{jsvm_slot, jsvm_value};
use crate::engine::error::{Error, jsvm_status};
use crate::vm::module::jsvm_module_state;
use crate::vm::module_handle::{self, Module};
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

/// An ES module of a context: source text, or a synthetic one. node:vm: vm.Module.
///
/// A source text goes this way: jsvm_module_new; jsvm_module_link, which asks a callback for the modules that it imports; then
/// jsvm_module_evaluate. A host that loads on its own time uses jsvm_module_requests, jsvm_module_link_requests and
/// jsvm_module_instantiate in the place of jsvm_module_link.
/// What a module imports lives as long as the module does.
#[allow(non_camel_case_types)]
pub struct jsvm_module {
    pub module: Arc<Module>,
    identifier: CString,
}

impl jsvm_module {
    pub fn new(module: Arc<Module>) -> jsvm_module {
        let identifier = CString::new(module.identifier.as_str()).unwrap_or_default();
        jsvm_module { module, identifier }
    }
}

impl Handle for jsvm_module {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Module;
    const NAME: &'static str = "jsvm_module";
}

/// Options of jsvm_module_new. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_module_options {
    /// sizeof(jsvm_module_options).
    pub struct_size: usize,
    /// [in] The module's name in errors, stacks and messages; default `"vm:module(i)"`, counted in the context. node:vm:
    /// `identifier`.
    pub identifier: jsvm_str,
    /// Lines that stand before the source in its file. node:vm: `lineOffset`.
    pub line_offset: i32,
    /// Columns that stand before the source in its first line. node:vm: `columnOffset`.
    pub column_offset: i32,
    /// [in] Bytes of jsvm_module_create_cached_data, or NULL. Bytes that do not fit the source or this library are refused with
    /// ERR_VM_MODULE_CACHED_DATA_REJECTED; but who can write them can forge them: take them from your own disk only.
    /// node:vm: `cachedData`.
    pub cached_data: *const u8,
    /// Bytes in cached_data.
    pub cached_data_len: usize,
    /// [in] Who answers its `import()`, and fills its `import.meta`; or NULL. Borrowed for the call. node:vm:
    /// `importModuleDynamically`, `initializeImportMeta`.
    pub import_hooks: *const jsvm_import_hooks,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_module_options {
    const NAME: &'static str = "jsvm_module_options";
}

/// What modules ask for, as jsvm_module_requests gives it. Release it with jsvm_module_request_list_clear.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_module_request_list {
    /// The requests.
    pub requests: *mut jsvm_module_request,
    /// How many.
    pub len: usize,
}

/// A handle for a module that was just made.
pub fn handle(module: Module) -> Result<*mut jsvm_module, Error> {
    pool::put(jsvm_module::new(Arc::new(module)))
}

/// A module's name.
///
/// # Safety
/// As `jsvm_str::get`.
pub unsafe fn identifier<'a>(given: jsvm_str, argument: &str) -> Result<Option<&'a str>, Error> {
    // SAFETY: the caller's promise.
    let name = unsafe { given.get(argument)? };
    match name {
        Some(name) if name.contains('\0') => Err(Error::invalid(format!("{argument}: it has a NUL inside"))),
        name => Ok(name),
    }
}

/// Compiles a module. A SyntaxError is EXCEPTION; its error has file, line and arrow. node:vm: new vm.SourceTextModule.
///
/// Any thread; waits for the isolate. Compiling runs no guest code and cannot be interrupted.
///
/// @param context    [in] the context it is of
/// @param source     [in] UTF-8
/// @param source_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param options    [in] options, or NULL
/// @param result     [out] the module; free it with jsvm_module_free
/// @param error      [out] what went wrong, or NULL
/// @return OK, EXCEPTION, INVALID_ARGUMENT (also for cached data that is refused), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_new(
    context: *const jsvm_context,
    source: *const c_char,
    source_len: usize,
    options: *const jsvm_module_options,
    result: *mut *mut jsvm_module,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, source, given) = unsafe {
            let result = out_ptr(result, "result")?;
            (result, text(source, source_len, "source")?, self::options(options)?)
        };
        let context = pool::pin(context, "context")?;
        let hooks = GivenHooks::new(given.import_hooks, "options: import_hooks")?;
        // SAFETY: as above.
        let how = unsafe {
            module_handle::Options {
                identifier: identifier(given.identifier, "options: identifier")?,
                line_offset: given.line_offset,
                column_offset: given.column_offset,
                cached_data: cached_data(given.cached_data, given.cached_data_len, "options")?,
                hooks: hooks.get(),
            }
        };
        *result = handle(Module::new(&context.context, source, &how)?)?;
        Ok(())
    })
}

/// What a module has come to. node:vm: module.status.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module
/// @param result [out] a jsvm_module_state
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_status(
    module: *const jsvm_module,
    result: *mut jsvm_module_state,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_module_state::Unlinked, "result")? };
        *result = pool::pin(module, "module")?.module.status()?;
        Ok(())
    })
}

/// What an errored module has thrown; `null` if its run was stopped. node:vm: module.error.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module
/// @param result [out] the value; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (it is not errored), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_error(
    module: *const jsvm_module,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        *result = jsvm_slot::output(pool::pin(module, "module")?.module.error()?)?;
        Ok(())
    })
}

/// The namespace of a module: the object whose properties are its exports. To read one that the module has not set yet is a
/// ReferenceError. node:vm: module.namespace.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module that is linked
/// @param result [out] the object; free it with jsvm_value_free
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (it is not linked), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_namespace(
    module: *const jsvm_module,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        *result = crate::capi::value::handle(pool::pin(module, "module")?.module.namespace()?)?;
        Ok(())
    })
}

/// A module's identifier. It lives as long as the module. node:vm: module.identifier.
///
/// Any thread, no lock.
///
/// @param module [in] a module
/// @return the identifier, borrowed from the module; NULL for what is no live module
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_identifier(module: *const jsvm_module) -> *const c_char {
    guard_value(std::ptr::null(), || {
        pool::pin(module, "module").map_or(std::ptr::null(), |module| module.identifier.as_ptr())
    })
}

/// The context that a module is of.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module
/// @param result [out] the context; free it with jsvm_context_free
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_context(
    module: *const jsvm_module,
    result: *mut *mut jsvm_context,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        *result = pool::put(jsvm_context::new(pool::pin(module, "module")?.module.context()?))?;
        Ok(())
    })
}

/// What a module imports: each specifier with its attributes and its phase once, in the order of the source. A synthetic
/// module imports nothing. node:vm: module.moduleRequests; the specifiers are `dependencySpecifiers`.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module
/// @param result [out] the requests, released with jsvm_module_request_list_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_requests(
    module: *const jsvm_module,
    result: *mut jsvm_module_request_list,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let none = jsvm_module_request_list { requests: std::ptr::null_mut(), len: 0 };
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, none, "result")? };
        let (requests, len) = Block::new(&pool::pin(module, "module")?.module.requests()?)?.into_raw();
        *result = jsvm_module_request_list { requests, len };
        Ok(())
    })
}

/// Releases requests that a call gave out.
///
/// Any thread, no lock. NULL is allowed, as is a list that was cleared before.
///
/// @param list [in,out] the list, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_request_list_clear(list: *mut jsvm_module_request_list) {
    guard_value((), || {
        if !list.is_null() {
            // SAFETY: C's promise about its arguments; the memory is one block of malloc's.
            unsafe {
                libc::free((*list).requests.cast());
                list.write(jsvm_module_request_list { requests: std::ptr::null_mut(), len: 0 });
            }
        }
    });
}

/// Whether a module uses `await` outside of functions. node:vm: module.hasTopLevelAwait.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module
/// @param result [out] whether it does
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_has_top_level_await(
    module: *const jsvm_module,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        *result = pool::pin(module, "module")?.module.has_top_level_await()?;
        Ok(())
    })
}

/// Whether a module, or one that it depends on, uses `await` outside of functions. node:vm: module.hasAsyncGraph.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module that is linked
/// @param result [out] whether one does
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (it is not linked), BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_has_async_graph(
    module: *const jsvm_module,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        *result = pool::pin(module, "module")?.module.has_async_graph()?;
        Ok(())
    })
}

/// Bytes that make the next compilation of the same source fast. node:vm: module.createCachedData.
///
/// Any thread; waits for the isolate.
///
/// @param module [in] a module of source text that has not been evaluated
/// @param result [out] the bytes, released with jsvm_bytes_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (it has been evaluated, or is synthetic), UNSUPPORTED (V8 cannot serialise it), BUSY,
///   DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_create_cached_data(
    module: *const jsvm_module,
    result: *mut jsvm_bytes,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_bytes::NONE, "result")? };
        *result = jsvm_bytes::new(&pool::pin(module, "module")?.module.create_cached_data()?)?;
        Ok(())
    })
}

/// Links a module and all that it depends on: the callback is asked for the module of each request of each module that is
/// not linked yet, breadth first; then the imports are bound to the exports. A missing export is EXCEPTION, a SyntaxError. After
/// a failure the modules are unlinked, and can be linked again. For a synthetic module there is nothing to do. node:vm:
/// module.link.
///
/// Any thread; waits for the isolate, but not while the callback works. Runs no guest code of its own.
///
/// @param module   [in] a module that is unlinked, or synthetic
/// @param linker   [in] says what module a request is for. What it gives is of the same context and not errored
/// @param userdata [in] given to it
/// @param options  [in] limits, or NULL: they are looked at between the calls of the callback
/// @param error    [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT
///   (ERR_VM_MODULE_NOT_MODULE, ERR_VM_MODULE_DIFFERENT_CONTEXT, ERR_MODULE_LINK_MISMATCH), WRONG_ISOLATE, WRONG_STATE
///   (ERR_VM_MODULE_STATUS, ERR_VM_MODULE_ALREADY_LINKED, ERR_VM_MODULE_LINK_FAILURE), any other status that the callback
///   returned, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_link(
    module: *const jsvm_module,
    linker: jsvm_import_callback,
    userdata: *mut c_void,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let root = pool::pin(module, "module")?.module.clone();
        let callback = linker.ok_or_else(|| Error::invalid("linker: it is NULL"))?;
        // SAFETY: C's promise about its arguments.
        let limits = unsafe { RunLimits::new(options)? };
        let linker = Linker::new(callback, userdata);
        let root = Found { handle: Lent(pool::clone(module)), module: root };
        module_handle::link(root, &limits.limits(), |request, referrer| linker.load(request, referrer))
    })
}

/// Says what modules the requests of a module are for, without asking anybody. It may be said again until the module is
/// instantiated. The module stays unlinked. node:vm: module.linkRequests.
///
/// Any thread; waits for the isolate.
///
/// @param module  [in] an unlinked module of source text
/// @param modules [in] a module for each of jsvm_module_requests, in their order; borrowed. NULL if there are none
/// @param count   [in] how many
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (ERR_VM_MODULE_DIFFERENT_CONTEXT; ERR_MODULE_LINK_MISMATCH: not as many as there are requests, or
///   two for one that differ only in the phase), WRONG_ISOLATE, WRONG_STATE (ERR_VM_MODULE_STATUS), BUSY, DISPOSED,
///   OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_link_requests(
    module: *const jsvm_module,
    modules: *const *const jsvm_module,
    count: usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let module = pool::pin(module, "module")?;
        // SAFETY: C's promise about its arguments.
        let given = unsafe { elements(modules, count, "modules")? };
        let pinned =
            given.iter().enumerate().map(|(at, given)| pool::pin(*given, format_args!("modules[{at}]")));
        let pinned = pinned.collect::<Result<Vec<_>, Error>>()?;
        let linked: Vec<&Module> = pinned.iter().map(|pinned| &*pinned.module).collect();
        module.module.link_requests(&linked)
    })
}

/// Binds the imports of a module, and of all that it depends on, to the exports: jsvm_module_link_requests has been called for
/// each of them that has requests. Then they are linked. A missing export is EXCEPTION, a SyntaxError; the modules are then
/// unlinked. node:vm: module.instantiate.
///
/// Any thread; waits for the isolate. Runs no guest code.
///
/// @param module [in] an unlinked module
/// @param error  [out] what went wrong, or NULL
/// @return OK, EXCEPTION, INVALID_ARGUMENT, WRONG_STATE (ERR_VM_MODULE_STATUS; ERR_VM_MODULE_LINK_FAILURE: the requests of one are
///   not linked), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_instantiate(
    module: *const jsvm_module,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || pool::pin(module, "module")?.module.instantiate())
}

/// Evaluates a module and all that it depends on. The promise tells how it ended: it is settled already unless one of them
/// awaits something. Await it by jsvm_promise_await. What is evaluated again has ended as it did before. node:vm:
/// module.evaluate.
///
/// Any thread; waits for the isolate.
///
/// @param module  [in] a module that is linked
/// @param options [in] limits, or NULL. A module whose run they end is errored for good
/// @param result  [out] the promise; free it with jsvm_value_free. It counts as handled. NULL if it is of no use: what the module
///   throws is then an unhandled rejection
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION (RangeError: the graph awaits, and is too deep for the stack), TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_STATE (ERR_VM_MODULE_STATUS: it is
///   not linked; it, or what it depends on, is being evaluated), BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_evaluate(
    module: *const jsvm_module,
    options: *const jsvm_run_options,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !result.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { out_ptr(result, "result")? };
        }
        let module = pool::pin(module, "module")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        if let Some(promise) = module.module.evaluate(&limits.limits(), !result.is_null())? {
            let promise = crate::capi::value::handle(promise)?;
            // SAFETY: as above.
            unsafe { result.write(promise) };
        }
        Ok(())
    })
}

/// A second owner of the same module.
///
/// Any thread, no lock.
///
/// @param module [in] a module
/// @return the module, or NULL if it is no live module
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_clone(module: *const jsvm_module) -> *mut jsvm_module {
    guard_value(std::ptr::null_mut(), || pool::clone(module))
}

/// Gives up a module. It is collected when no JavaScript reaches it, and no other module that is there imports it.
///
/// Any thread, no lock, any order. NULL and freed handles are left alone.
///
/// @param module [in] a module, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_free(module: *mut jsvm_module) {
    guard_value((), || pool::free(module));
}
