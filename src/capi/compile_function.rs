//! Functions compiled from their body.

use crate::capi::boundary::{Options, elements, guard, jsvm_str, options, out, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::import::{GivenHooks, jsvm_import_hooks};
use crate::capi::pool::{self, Pin};
use crate::capi::script::{cached_data, jsvm_bytes};
use crate::capi::slot::{jsvm_value, of};
use crate::capi::value::{handle, pin_object};
use crate::engine::error::{Error, jsvm_status};
use crate::engine::value::Value;
use crate::vm::compile_function::{self, Compiled, MAX_EXTENSIONS, MAX_PARAMETERS};
use crate::vm::script;
use std::ffi::c_char;

/// Options of jsvm_context_compile_function. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_compile_function_options {
    /// sizeof(jsvm_compile_function_options).
    pub struct_size: usize,
    /// [in] The function's file in errors and stacks; default "". node:vm: `filename`.
    pub filename: jsvm_str,
    /// Lines that stand before the body in its file. node:vm: `lineOffset`.
    pub line_offset: i32,
    /// Columns that stand before the body in its first line. node:vm: `columnOffset`.
    pub column_offset: i32,
    /// [in] Bytes that jsvm_context_compile_function gave for the same body and parameters, and as many extensions; or NULL.
    /// As in jsvm_script_options: what does not fit is refused, but take them from your own disk only. node:vm: `cachedData`.
    pub cached_data: *const u8,
    /// Bytes in cached_data.
    pub cached_data_len: usize,
    /// [in] Objects of the same isolate whose properties are variables of the function, the last object's before the
    /// others', as in nested `with` statements; or NULL. node:vm: `contextExtensions`.
    pub context_extensions: *const *const jsvm_value,
    /// Objects in context_extensions, at most 500.
    pub context_extension_count: usize,
    /// [in] Who answers its `import()`; or NULL, as in jsvm_script_options. node:vm: `importModuleDynamically`.
    pub import_hooks: *const jsvm_import_hooks,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_compile_function_options {
    const NAME: &'static str = "jsvm_compile_function_options";
}

fn check_count(count: usize, max: usize, argument: &str) -> Result<(), Error> {
    if count > max {
        return Err(Error::invalid(format!("{argument}: its count {count} is more than {max}")));
    }
    Ok(())
}

/// # Safety
/// As `boundary::elements`.
unsafe fn pin_extensions(
    given: &jsvm_compile_function_options,
    context: &jsvm_context,
) -> Result<Vec<Pin<jsvm_value>>, Error> {
    const ARGUMENT: &str = "options: context_extensions";
    check_count(given.context_extension_count, MAX_EXTENSIONS, ARGUMENT)?;
    // SAFETY: the caller's promise.
    let values = unsafe { elements(given.context_extensions, given.context_extension_count, ARGUMENT)? };
    let pinned = values.iter().enumerate().map(|(at, value)| {
        let argument = format!("{ARGUMENT}[{at}]");
        let value = pin_object(*value, &argument)?;
        of(&context.context.isolate, &value.0, &argument)?;
        Ok(value)
    });
    pinned.collect()
}

/// Compiles a function out of its body. A SyntaxError is EXCEPTION, also for a parameter that is no identifier (a default
/// value or a pattern is none); an extension that is a Proxy is a TypeError. The function sees the context's globals and no
/// variables of its caller. Call it by jsvm_function_call. node:vm: vm.compileFunction; the context is its `parsingContext`.
///
/// Any thread; waits for the isolate. Compiling runs no guest code and cannot be interrupted.
///
/// @param context              [in] the context that the function is of
/// @param body                 [in] UTF-8
/// @param body_len             [in] bytes, or JSVM_AUTO_LENGTH
/// @param params               [in] names of the parameters; NULL if there are none
/// @param param_count          [in] how many, at most 65534
/// @param options              [in] options, or NULL
/// @param result               [out] the function; free it with jsvm_value_free
/// @param cached_data_rejected [out] whether the options' cached data was refused; NULL if it is of no use. node:vm:
///   `cachedDataRejected`
/// @param cached_data          [out] bytes that make the next compilation fast, released with jsvm_bytes_clear; none if V8
///   cannot serialise the function. NULL if they are of no use. node:vm: `produceCachedData`
/// @param error                [out] what went wrong, or NULL
/// @return OK, EXCEPTION, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_compile_function(
    context: *const jsvm_context,
    body: *const c_char,
    body_len: usize,
    params: *const jsvm_str,
    param_count: usize,
    options: *const jsvm_compile_function_options,
    result: *mut *mut jsvm_value,
    cached_data_rejected: *mut bool,
    cached_data: *mut jsvm_bytes,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, rejected, produced) = unsafe {
            let rejected = (!cached_data_rejected.is_null())
                .then(|| out(cached_data_rejected, false, "cached_data_rejected"))
                .transpose()?;
            let produced = (!cached_data.is_null())
                .then(|| out(cached_data, jsvm_bytes::NONE, "cached_data"))
                .transpose()?;
            (out_ptr(result, "result")?, rejected, produced)
        };
        let context = pool::pin(context, "context")?;
        check_count(param_count, MAX_PARAMETERS, "params")?;
        // SAFETY: as above.
        let (body, names, given, extensions) = unsafe {
            let given = self::options(options)?;
            let names = elements(params, param_count, "params")?;
            (text(body, body_len, "body")?, names, given, pin_extensions(&given, &context)?)
        };
        let names = names.iter().enumerate().map(|(at, name)| {
            let argument = format!("params[{at}]");
            // SAFETY: as above.
            let name = unsafe { name.get(&argument)? };
            name.ok_or_else(|| Error::invalid(format!("{argument}: it is NULL")))
        });
        let names = names.collect::<Result<Vec<&str>, Error>>()?;
        let extensions: Vec<&Value> = extensions.iter().map(|value| &*value.0).collect();
        let hooks = GivenHooks::new(given.import_hooks, "options: import_hooks")?;
        // SAFETY: as above.
        let how = unsafe {
            script::Options {
                filename: given.filename.get("options: filename")?,
                line_offset: given.line_offset,
                column_offset: given.column_offset,
                cached_data: self::cached_data(given.cached_data, given.cached_data_len, "options")?,
                hooks: hooks.get(),
            }
        };
        let wanted = produced.is_some();
        let Compiled { function, cached_data_rejected, cached_data } =
            compile_function::compile_in(&context.context, body, &names, &how, &extensions, wanted)?;
        let bytes = cached_data.map_or(Ok(jsvm_bytes::NONE), |bytes| jsvm_bytes::new(&bytes))?;
        // SAFETY: made above, and given to nobody.
        let drop_bytes = |_: &Error| unsafe { libc::free(bytes.data as *mut _) };
        *result = handle(function).inspect_err(drop_bytes)?;
        if let Some(place) = rejected {
            *place = cached_data_rejected == Some(true);
        }
        if let Some(place) = produced {
            *place = bytes;
        }
        Ok(())
    })
}
