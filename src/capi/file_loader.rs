//! A loader of ES modules out of the files of one folder.

use crate::capi::boundary::{Bool, Options, guard, guard_value, jsvm_str, options, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool::{self, Handle, jsvm_handle_kind};
use crate::capi::slot::jsvm_value;
use crate::engine::error::{Error, jsvm_status};
use crate::runtime::file_loader::{self, DEFAULT_MAX_FILE_SIZE, FileLoader};
use std::ffi::c_char;
use std::sync::Arc;

/// A loader of ES modules below one folder.
#[allow(non_camel_case_types)]
pub struct jsvm_file_loader(FileLoader);

impl Handle for jsvm_file_loader {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::FileLoader;
    const NAME: &'static str = "jsvm_file_loader";
}

/// Options of jsvm_file_loader_new. Zero is the default of every field but `root`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_file_loader_options {
    /// sizeof(jsvm_file_loader_options).
    pub struct_size: usize,
    /// [in] The folder that the loader never leaves. It must be there.
    pub root: jsvm_str,
    /// [in] An import map, as browsers have them: JSON text with `imports` and `scopes`; addresses in it are relative to the
    /// root. `integrity` is not looked at. Default: none.
    pub import_map: jsvm_str,
    /// The library's own modules can be imported ("node:path", "util", ...), those that require has, but "module", which
    /// would read every file. They are as the guest's own: "process" shows the process's id, "console" writes where
    /// jsvm_context_install says. Default: only what jsvm_context_provide_module has provided.
    pub builtins: Bool,
    /// Bytes of the largest file that is read; 0 is 64 MB.
    pub max_file_size: u64,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_file_loader_options {
    const NAME: &'static str = "jsvm_file_loader_options";
}

/// Makes a loader of the files below a folder, and has it answer import() of the context's code, unless that was compiled
/// with an answer of its own. Modules are known by their URLs, query and fragment included: each is loaded once.
///
/// It takes ./x and ../x relative to the importing module (code that is no module: to the root), absolute paths and file:
/// URLs below the root, and what the import map names. .mjs and .js are ES modules, .json is imported
/// `with { type: 'json' }`, .wasm is instantiated; there is no CommonJS and no node_modules. Refused with an Error are: what
/// is not below the root, by its name or by a symbolic link (also one that leads back), encoded slashes, folders, devices,
/// pipes, other schemes, other extensions, files that are too large. vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER means this
/// loader.
///
/// The guest can read every file with such a name below the root, and learns the root's path from import.meta.url. Reading
/// counts as time of the run that reads; the text counts as the isolate's memory.
///
/// Any thread; waits for the isolate. Call it before guest code runs: what the guest does to the builtins before can
/// change it.
///
/// @param context [in] the context whose modules they are; a later loader, or jsvm_context_set_import_hooks, takes the place of
///   an earlier one
/// @param options [in] the root, and more
/// @param result  [out] the loader; free it with jsvm_file_loader_free, the context goes on with it
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (the root is no folder, the import map is none), UNSUPPORTED (a build without the cargo
///   feature `url`), EXCEPTION, TERMINATED, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_file_loader_new(
    context: *const jsvm_context,
    options: *const jsvm_file_loader_options,
    result: *mut *mut jsvm_file_loader,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, given) = unsafe { (out_ptr(result, "result")?, self::options(options)?) };
        let context = pool::pin(context, "context")?;
        // SAFETY: as before.
        let (root, import_map) =
            unsafe { (given.root.get("options: root")?, given.import_map.get("options: import_map")?) };
        let loader = FileLoader::new(
            &context.context,
            &file_loader::Options {
                root: root.ok_or_else(|| Error::invalid("options: root: it is NULL"))?,
                import_map,
                builtins: given.builtins.get(),
                max_file_size: match given.max_file_size {
                    0 => DEFAULT_MAX_FILE_SIZE,
                    size => size,
                },
            },
        )?;
        *result = pool::put(jsvm_file_loader(loader))?;
        Ok(())
    })
}

/// Loads a module and all that it imports, links and evaluates them. What fails, a missing file or an error of the guest's,
/// rejects the promise. It is settled when the outermost call returns, unless there is top-level await: see jsvm_promise_await.
/// JavaScript: import(specifier), as the root's own code.
///
/// Any thread; waits for the isolate. Runs guest code, within the limits.
///
/// @param loader        [in] the loader
/// @param specifier     [in] "./main.mjs" for a file of the root, or what the import map names; UTF-8
/// @param specifier_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param options       [in] limits of the call, or NULL
/// @param promise       [out] a promise of the module's namespace; free it with jsvm_value_free. Its rejection is not
///   reported elsewhere
/// @param error         [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, TIMEOUT, CPU_TIME, CANCELLED, INTERRUPTED, TERMINATED, OUT_OF_MEMORY, BUSY, DISPOSED,
///   FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_file_loader_import(
    loader: *const jsvm_file_loader,
    specifier: *const c_char,
    specifier_len: usize,
    options: *const jsvm_run_options,
    promise: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (promise, specifier, limits) = unsafe {
            (
                out_ptr(promise, "promise")?,
                text(specifier, specifier_len, "specifier")?,
                RunLimits::new(options)?,
            )
        };
        let loader = pool::pin(loader, "loader")?;
        let made = loader.0.import(specifier, &limits.limits())?;
        *promise = pool::put(jsvm_value(Arc::new(made)))?;
        Ok(())
    })
}

/// A second owner of the same loader.
///
/// Any thread, no lock.
///
/// @param loader [in] a loader
/// @return the loader, or NULL if it is no live loader
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_file_loader_clone(loader: *const jsvm_file_loader) -> *mut jsvm_file_loader {
    guard_value(std::ptr::null_mut(), || pool::clone(loader))
}

/// Gives up a loader. The context goes on importing by it.
///
/// Any thread, no lock, any order. NULL and freed handles are left alone.
///
/// @param loader [in] a loader, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_file_loader_free(loader: *mut jsvm_file_loader) {
    guard_value((), || pool::free(loader));
}
