//! Contexts.

use crate::capi::boundary::{Bool, Options, guard, guard_value, jsvm_str, options_named, out_ptr, text};
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_isolate, jsvm_run_options};
use crate::capi::pool::{self, Handle, Pin, jsvm_handle_kind};
use crate::capi::script::{jsvm_script_options, with_options};
use crate::capi::slot::{Place, jsvm_slot, jsvm_value};
use crate::engine::error::{Error, jsvm_status};
use crate::vm::context::{self, Context, Globals};
use crate::vm::script;
use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A context: a global object with its builtins, in which scripts run.
#[allow(non_camel_case_types)]
pub struct jsvm_context {
    pub context: Context,
    name: CString,
    origin: Option<CString>,
}

impl jsvm_context {
    pub fn new(context: Context) -> jsvm_context {
        // Names come from C or from us: they have no NUL.
        let name = CString::new(context.name.as_str()).unwrap_or_default();
        let origin = context.origin.as_deref().map(|origin| CString::new(origin).unwrap_or_default());
        jsvm_context { context, name, origin }
    }
}

impl Handle for jsvm_context {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Context;
    const NAME: &'static str = "jsvm_context";
}

/// When a context's microtasks run. node:vm: `microtaskMode`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_microtask_mode {
    /// The isolate's queue: they run when the outermost call ends.
    Shared = 0,
    /// The context's own queue: they run after each script that runs in it to its end, within the script's limits. What other
    /// calls queue there (jsvm_function_call) waits for the next script, and jsvm_promise_await does not run it. What
    /// another context awaits from this one may never go on: see node:vm on `afterEvaluate`.
    AfterEvaluate = 1,
}

/// Options of jsvm_context_new. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_context_options {
    /// sizeof(jsvm_context_options).
    pub struct_size: usize,
    /// [in] A name for people; default "VM Context i". node:vm: `name`.
    pub name: jsvm_str,
    /// [in] An origin, like a URL's; default none. node:vm: `origin`.
    pub origin: jsvm_str,
    /// eval and new Function throw EvalError. node:vm: `codeGeneration.strings: false`.
    pub disallow_code_generation_strings: Bool,
    /// Compiling WebAssembly throws WebAssembly.CompileError. node:vm: `codeGeneration.wasm: false`.
    pub disallow_code_generation_wasm: Bool,
    /// A jsvm_microtask_mode. node:vm: `microtaskMode`.
    pub microtask_mode: u32,
    /// The global variables are the properties of an object: a new one, or `contextified_object`. Default: an ordinary
    /// global object, as with node:vm's DONT_CONTEXTIFY; node:vm's own default is a new object.
    pub contextify: Bool,
    /// [in] The object, of the same isolate; NULL for a new one. What scripts write to their global variables is on the object,
    /// and what the object and its prototypes have are global variables. An object that has a context already keeps
    /// that one, and the other options are ignored. Only with `contextify`. node:vm: `contextObject`.
    pub contextified_object: *const jsvm_value,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_context_options {
    const NAME: &'static str = "jsvm_context_options";
}

/// Options of a new context, as they were given.
pub struct ContextOptions {
    pub options: context::Options,
    contextify: bool,
    object: Option<Pin<jsvm_value>>,
}

impl ContextOptions {
    pub fn globals(&self) -> Globals<'_> {
        match &self.object {
            Some(object) => Globals::Of(&object.0),
            None if self.contextify => Globals::New,
            None => Globals::Ordinary,
        }
    }
}

/// # Safety
/// As `boundary::options`.
pub unsafe fn context_options(
    pointer: *const jsvm_context_options,
    argument: &str,
) -> Result<ContextOptions, Error> {
    // SAFETY: the caller's promise.
    let (given, name, origin) = unsafe {
        let given = options_named(pointer, argument)?;
        let name = given.name.get(format_args!("{argument}: name"))?;
        (given, name, given.origin.get(format_args!("{argument}: origin"))?)
    };
    for (text, field) in [(name, "name"), (origin, "origin")] {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(Error::invalid(format!("{argument}: {field} has a NUL inside")));
        }
    }
    let after_evaluate = match given.microtask_mode {
        m if m == jsvm_microtask_mode::Shared as u32 => false,
        m if m == jsvm_microtask_mode::AfterEvaluate as u32 => true,
        m => return Err(Error::invalid(format!("{argument}: {m} is no microtask_mode"))),
    };
    let contextify = given.contextify.get();
    let object = match given.contextified_object.is_null() {
        true => None,
        false if contextify => {
            Some(pool::pin(given.contextified_object, format_args!("{argument}: contextified_object"))?)
        }
        false => {
            return Err(Error::invalid(format!(
                "{argument}: contextified_object is given without contextify"
            )));
        }
    };
    let options = context::Options {
        name: name.map(String::from),
        origin: origin.map(String::from),
        no_strings: given.disallow_code_generation_strings.get(),
        no_wasm: given.disallow_code_generation_wasm.get(),
        after_evaluate,
    };
    Ok(ContextOptions { options, contextify, object })
}

/// Makes a context: with an ordinary global object, or with `contextify` one whose variables are an object's properties.
/// node:vm: createContext.
///
/// Scripts of a contextified object see it thus: reading a variable looks at the object and its prototypes, then at the
/// builtins; writing one writes the object; `var` and `function` declare on both, `let`, `const` and `class` on neither.
/// Getters, setters and Proxy traps of the object are called as JavaScript calls them, and what they throw is thrown.
/// `globalThis` is not the object: it stands for it, and cannot be frozen.
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] the isolate it is made in
/// @param options [in] options, or NULL
/// @param result  [out] the context; free it with jsvm_context_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_new(
    isolate: *const jsvm_isolate,
    options: *const jsvm_context_options,
    result: *mut *mut jsvm_context,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, given) = unsafe { (out_ptr(result, "result")?, context_options(options, "options")?) };
        let isolate = pool::pin(isolate, "isolate")?;
        let context = context::new(&isolate.0, given.globals(), &given.options)?;
        *result = pool::put(jsvm_context::new(context))?;
        Ok(())
    })
}

/// Compiles and runs source in a context, in one call. node:vm: runInContext.
///
/// Any thread; waits for the isolate.
///
/// @param context        [in] the context
/// @param source         [in] UTF-8
/// @param source_len     [in] bytes, or JSVM_AUTO_LENGTH
/// @param script_options [in] how to compile, or NULL
/// @param run_options    [in] limits, or NULL
/// @param result         [out] the completion value, released with jsvm_slot_clear; NULL if it is of no use
/// @param error          [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_evaluate(
    context: *const jsvm_context,
    source: *const c_char,
    source_len: usize,
    script_options: *const jsvm_script_options,
    run_options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let place = unsafe { Place::new(result) };
        let context = pool::pin(context, "context")?;
        // SAFETY: as above.
        let (source, limits) =
            unsafe { (text(source, source_len, "source")?, RunLimits::named(run_options, "run_options")?) };
        // SAFETY: as above.
        let done = unsafe {
            with_options(script_options, "script_options", |options| {
                let take = |value| place.fill(value);
                script::evaluate(&context.context, source, options, &limits.limits(), take)
            })?
        };
        done.keep();
        Ok(())
    })
}

/// The object that is contextified: what a context was made of with `contextify`; of another context its global object.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] a context
/// @param result  [out] the object; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_contextified_object(
    context: *const jsvm_context,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        *result = pool::put(jsvm_value(Arc::new(context.context.contextified_object()?)))?;
        Ok(())
    })
}

/// Whether an object is a contextified one, and the context that is its. Like node:vm's it says no to the `globalThis` of
/// a contextified object, and yes to an ordinary context's. node:vm: isContext.
///
/// Any thread; waits for the isolate.
///
/// @param object     [in] an object
/// @param is_context [out] whether it is; NULL if it is of no use
/// @param context    [out] its context, or NULL if it has none; free it with jsvm_context_free. NULL if it is of no use
/// @param error      [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (also if it is no object), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_is_context(
    object: *const jsvm_value,
    is_context: *mut bool,
    context: *mut *mut jsvm_context,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !is_context.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { is_context.write(false) };
        }
        if !context.is_null() {
            // SAFETY: as above.
            unsafe { context.write(std::ptr::null_mut()) };
        }
        let object = pool::pin(object, "object")?;
        let Some(found) = context::find(&object.0)? else { return Ok(()) };
        if !context.is_null() {
            let found = pool::put(jsvm_context::new(found))?;
            // SAFETY: as above.
            unsafe { context.write(found) };
        }
        if !is_context.is_null() {
            // SAFETY: as above.
            unsafe { is_context.write(true) };
        }
        Ok(())
    })
}

/// The context's global object: `globalThis`.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] a context
/// @param result  [out] the object; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_global(
    context: *const jsvm_context,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        *result = pool::put(jsvm_value(Arc::new(context.context.global_object()?)))?;
        Ok(())
    })
}

/// The context's name. It lives as long as the context. NULL for what is no live context.
///
/// Any thread, no lock.
///
/// @param context [in] a context
/// @return the name, borrowed from the context; NULL for what is no live context
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_name(context: *const jsvm_context) -> *const c_char {
    guard_value(std::ptr::null(), || {
        pool::pin(context, "context").map_or(std::ptr::null(), |c| c.name.as_ptr())
    })
}

/// The context's origin. It lives as long as the context. NULL if it has none.
///
/// Any thread, no lock.
///
/// @param context [in] a context
/// @return the origin, borrowed from the context; NULL if it has none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_origin(context: *const jsvm_context) -> *const c_char {
    guard_value(std::ptr::null(), || {
        pool::pin(context, "context")
            .map_or(std::ptr::null(), |c| c.origin.as_ref().map_or(std::ptr::null(), |o| o.as_ptr()))
    })
}

/// The handle of the context's isolate, for functions that get only a context. It is the host's own: do not free it
/// twice.
///
/// Any thread, no lock.
///
/// @param context [in] a context
/// @return the isolate, or NULL if it was freed, or for what is no live context
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_isolate(context: *const jsvm_context) -> *mut jsvm_isolate {
    guard_value(std::ptr::null_mut(), || {
        pool::pin(context, "context").map_or(std::ptr::null_mut(), |context| {
            context.context.isolate.handle.load(Ordering::Relaxed) as *mut jsvm_isolate
        })
    })
}

/// A second owner of the same context.
///
/// Any thread, no lock.
///
/// @param context [in] a context
/// @return the context, or NULL if it is no live context
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_clone(context: *const jsvm_context) -> *mut jsvm_context {
    guard_value(std::ptr::null_mut(), || pool::clone(context))
}

/// Gives up a context. It is collected when no JavaScript reaches it any more.
///
/// Any thread, no lock, any order. NULL and freed handles are left alone.
///
/// @param context [in] a context, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_free(context: *mut jsvm_context) {
    guard_value((), || pool::free(context));
}
