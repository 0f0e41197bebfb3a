//! Modules that are no source text: their exports are the host's to set, or JSON's, or WebAssembly's.

use crate::capi::boundary::{Userdata, bytes, elements, guard, jsvm_finalizer, jsvm_str, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::function::{release_taken, reply};
use crate::capi::import::Lent;
use crate::capi::module::{handle, identifier, jsvm_module};
use crate::capi::pool;
use crate::capi::slot::{Input, jsvm_slot};
use crate::engine::error::{Error, jsvm_status};
use crate::engine::function::{Call, Reply};
use crate::runtime::wasm;
use crate::vm::hooks::Evaluate;
use crate::vm::module_handle::{Exports, Module};
use std::collections::HashSet;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// Sets the exports of a synthetic module, when the module is evaluated. Called inside the isolate, as a host function is. It
/// returns a jsvm_status; EXCEPTION throws `*exception`, and the module is errored. `module` dies when it returns.
#[allow(non_camel_case_types)]
pub type jsvm_module_evaluate_callback = Option<
    unsafe extern "C" fn(userdata: *mut c_void, module: *const jsvm_module, exception: *mut jsvm_slot) -> u32,
>;

struct CEvaluate {
    callback: unsafe extern "C" fn(*mut c_void, *const jsvm_module, *mut jsvm_slot) -> u32,
    userdata: Userdata,
}

impl Evaluate for CEvaluate {
    fn evaluate<'s>(&self, call: &mut Call<'_, 's, '_>, module: Module) -> Reply<'s> {
        let module = match Lent::new(jsvm_module::new(Arc::new(module))) {
            Ok(module) => module,
            Err(error) => return Reply::Fail(error),
        };
        let mut exception = jsvm_slot::UNDEFINED;
        // SAFETY: the host gave both together; the handle lives until below.
        let status = unsafe { (self.callback)(self.userdata.pointer, module.0, &mut exception) };
        let reply = reply(format_args!("the host's evaluate callback"), call, status, &exception);
        release_taken(&exception);
        reply
    }
}

/// Makes a module whose exports the host sets: by jsvm_module_set_export at any time, or in a callback when the module is
/// evaluated. It is linked from the beginning; its exports are `undefined` until they are set. node:vm: new vm.SyntheticModule.
///
/// Any thread; waits for the isolate.
///
/// @param context        [in] the context it is of
/// @param identifier     [in] its name for people and messages, UTF-8; data NULL is `"vm:module(i)"`, counted in the context
/// @param export_names   [in] the names, each once; NULL if there are none
/// @param export_count   [in] how many
/// @param callback       [in] called when it is evaluated; NULL if there is nothing to do then
/// @param userdata       [in] given to it
/// @param finalizer      [in] lets go of userdata once, also when this call fails; or NULL
/// @param result         [out] the module; free it with jsvm_module_free
/// @param error          [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_synthetic_module_new(
    context: *const jsvm_context,
    identifier: jsvm_str,
    export_names: *const jsvm_str,
    export_count: usize,
    callback: jsvm_module_evaluate_callback,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    result: *mut *mut jsvm_module,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        // SAFETY: C's promise about its arguments.
        let (result, name, names) = unsafe {
            let result = out_ptr(result, "result")?;
            let names = elements(export_names, export_count, "export_names")?;
            (result, self::identifier(identifier, "identifier")?, names)
        };
        let context = pool::pin(context, "context")?;
        let mut seen = HashSet::new();
        let names = names.iter().enumerate().map(|(at, name)| {
            let argument = format!("export_names[{at}]");
            // SAFETY: as above.
            let name = unsafe { name.get(&argument)? };
            let name = name.ok_or_else(|| Error::invalid(format!("{argument}: it is NULL")))?;
            if !seen.insert(name) {
                return Err(Error::invalid(format!("{argument}: '{name}' is there already")));
            }
            Ok(name)
        });
        let names = names.collect::<Result<Vec<&str>, Error>>()?;
        let evaluate =
            callback.map(|callback| Box::new(CEvaluate { callback, userdata }) as Box<dyn Evaluate>);
        let exports = Exports { names: &names, evaluate };
        *result = handle(Module::synthetic(&context.context, name, exports)?)?;
        Ok(())
    })
}

/// Sets an export of a synthetic module. It works at once, also for modules that import it, and as often as it is called.
/// node:vm: module.setExport.
///
/// Any thread; waits for the isolate.
///
/// @param module   [in] a synthetic module
/// @param name     [in] UTF-8: one of its export names
/// @param name_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param value    [in] the value, borrowed; NULL is `undefined`
/// @param error    [out] what went wrong, or NULL
/// @return OK, EXCEPTION (a ReferenceError: it has no such export), INVALID_ARGUMENT, WRONG_ISOLATE, WRONG_STATE (it is not
///   synthetic), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_module_set_export(
    module: *const jsvm_module,
    name: *const c_char,
    name_len: usize,
    value: *const jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let module = pool::pin(module, "module")?;
        // SAFETY: C's promise about its arguments.
        let (name, value) = unsafe {
            let name = text(name, name_len, "name")?;
            (name, Input::from_ptr(value, "value")?.of(&module.module.record.isolate, "value")?)
        };
        module.module.set_export(name, value.value())
    })
}

/// Makes a module out of JSON text: its default export is the value. Linked from the beginning.
///
/// Any thread; waits for the isolate. It runs no guest code.
///
/// @param context    [in] the context it is of
/// @param identifier [in] as for jsvm_synthetic_module_new
/// @param json       [in] UTF-8
/// @param json_len   [in] bytes, or JSVM_AUTO_LENGTH
/// @param result     [out] the module; free it with jsvm_module_free
/// @param error      [out] what went wrong, or NULL
/// @return OK, EXCEPTION (SyntaxError), INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_json_module_new(
    context: *const jsvm_context,
    identifier: jsvm_str,
    json: *const c_char,
    json_len: usize,
    result: *mut *mut jsvm_module,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, name, json) = unsafe {
            let result = out_ptr(result, "result")?;
            (result, self::identifier(identifier, "identifier")?, text(json, json_len, "json")?)
        };
        let context = pool::pin(context, "context")?;
        *result = handle(Module::json(&context.context, name, json)?)?;
        Ok(())
    })
}

/// Makes a module out of WebAssembly, as JavaScript imports it: its requests are the modules that the WebAssembly imports from, it
/// exports what the WebAssembly exports (of a global the value that it has then), and to evaluate it makes the instance.
/// `import source m from` it gives the WebAssembly.Module. It is unlinked: link it as one of source text.
///
/// Any thread; waits for the isolate. Call it before guest code runs in the context: what the guest does to `WebAssembly`
/// before the first call can change it.
///
/// @param context    [in] the context it is of
/// @param identifier [in] as for jsvm_synthetic_module_new
/// @param data       [in] the bytes of a .wasm file
/// @param len        [in] how many
/// @param result     [out] the module; free it with jsvm_module_free
/// @param error      [out] what went wrong, or NULL
/// @return OK, EXCEPTION (WebAssembly.CompileError), INVALID_ARGUMENT, WRONG_STATE (the context may not compile WebAssembly),
///   BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_wasm_module_new(
    context: *const jsvm_context,
    identifier: jsvm_str,
    data: *const c_void,
    len: usize,
    result: *mut *mut jsvm_module,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, name, data) = unsafe {
            let result = out_ptr(result, "result")?;
            (result, self::identifier(identifier, "identifier")?, bytes(data, len, "data")?)
        };
        let context = pool::pin(context, "context")?;
        *result = handle(wasm::module(&context.context, name, data)?)?;
        Ok(())
    })
}
