//! Imports: what a module asks for, and who answers `import()`.

use crate::capi::boundary::{
    Options, Userdata, guard, guard_value, jsvm_finalizer, jsvm_str, options, out_ptr,
};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::function::{release_taken, reply};
use crate::capi::module::jsvm_module;
use crate::capi::pool::{self, Handle, Pin, jsvm_handle_kind};
use crate::capi::slot::{Input, jsvm_slot, jsvm_value};
use crate::engine::enter::killed;
use crate::engine::error::{Error, Status, jsvm_status};
use crate::engine::function::{Call, Reply};
use crate::engine::value::Value;
use crate::vm::hooks::{self, Asked, Hooks, Imported};
use crate::vm::module_handle::{Module, Request};
use std::cell::OnceCell;
use std::ffi::{c_char, c_void};
use std::fmt::Display;
use std::ops::Deref;
use std::sync::Arc;

/// An import attribute: `with { type: 'json' }` has the key `type` and the value `json`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_import_attribute {
    /// UTF-8 with a NUL after it.
    pub key: jsvm_str,
    /// UTF-8 with a NUL after it.
    pub value: jsvm_str,
}

/// What a module asks for. node:vm: an element of `moduleRequests`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_module_request {
    /// UTF-8 with a NUL after it; lone surrogates are U+FFFD. What it names is the host's to say.
    pub specifier: jsvm_str,
    /// The attributes; NULL if there are none.
    pub attributes: *const jsvm_import_attribute,
    /// How many.
    pub attribute_count: usize,
    /// A jsvm_import_phase.
    pub phase: u32,
}

/// What a jsvm_import_callback is asked. All of it dies when the callback returns; keep a handle by its clone function.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct jsvm_import_request {
    /// sizeof(jsvm_import_request) of the library.
    pub struct_size: usize,
    /// What is asked for.
    pub request: jsvm_module_request,
    /// The file name, or the identifier, of the code that asks.
    pub referrer_name: jsvm_str,
    /// The module that asks; NULL if it is none. In jsvm_module_link it is the host's own handle.
    pub referrer_module: *const jsvm_module,
    /// The function of jsvm_context_compile_function that asks; NULL if it is none.
    pub referrer_function: *const jsvm_value,
    /// The context in which the code runs: where to make the module.
    pub context: *const jsvm_context,
}

/// Says what module an import names. One callback serves both: jsvm_module_link asks it for the modules of import
/// statements, `import()` asks it by jsvm_import_hooks.
///
/// It returns a jsvm_status. With OK it has put a module into `*module`, which is taken: libjsvm frees the handle; give
/// jsvm_module_clone of one that you keep, and of the referrer's. The same answer to the same question is the host's duty.
/// EXCEPTION throws `*result`, as a host function does. TIMEOUT, CPU_TIME, INTERRUPTED, CANCELLED, TERMINATED and
/// OUT_OF_MEMORY stop the run. Any other status is an error that names it.
///
/// For jsvm_module_link the module may be unlinked; it is called outside the isolate, on the thread that links.
/// For `import()` the module is to be evaluated: the import gives its namespace; if it is errored, its error. In the place of
/// a module `*result` may be a namespace, or a promise of one, such as jsvm_promise_new's, which any thread settles later. It
/// is called inside the isolate, as a host function is.
/// No C++ exception and no longjmp may leave it.
#[allow(non_camel_case_types)]
pub type jsvm_import_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        request: *const jsvm_import_request,
        module: *mut *mut jsvm_module,
        result: *mut jsvm_slot,
    ) -> u32,
>;

/// Fills `import.meta` of a module, when the module first uses it. `meta` is an object without a prototype. Called inside the
/// isolate, as a host function is. It returns a jsvm_status; EXCEPTION throws `*exception`. The arguments die when it returns.
#[allow(non_camel_case_types)]
pub type jsvm_import_meta_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        module: *const jsvm_module,
        meta: *const jsvm_value,
        exception: *mut jsvm_slot,
    ) -> u32,
>;

/// Callbacks of jsvm_import_hooks_new. Those that are NULL are not there.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_import_hooks_options {
    /// sizeof(jsvm_import_hooks_options).
    pub struct_size: usize,
    /// Answers `import()`. node:vm: `importModuleDynamically`.
    pub import_module_dynamically: jsvm_import_callback,
    /// Fills `import.meta`, of modules. node:vm: `initializeImportMeta`.
    pub initialize_import_meta: jsvm_import_meta_callback,
}

// SAFETY: plain data and nullable function pointers.
unsafe impl Options for jsvm_import_hooks_options {
    const NAME: &'static str = "jsvm_import_hooks_options";
}

/// What the host does for the imports of some code: given to modules, scripts, functions and contexts, of any isolate. Code
/// that was compiled with it keeps it.
#[allow(non_camel_case_types)]
pub struct jsvm_import_hooks(Arc<dyn Hooks>);

impl Handle for jsvm_import_hooks {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::ImportHooks;
    const NAME: &'static str = "jsvm_import_hooks";
}

/// Hooks in an options struct, which stay whole during the call.
pub struct GivenHooks(Option<Pin<jsvm_import_hooks>>);

impl GivenHooks {
    /// NULL is none.
    pub fn new(pointer: *const jsvm_import_hooks, argument: impl Display) -> Result<GivenHooks, Error> {
        let given = (!pointer.is_null()).then(|| pool::pin(pointer, argument));
        given.transpose().map(GivenHooks)
    }

    pub fn get(&self) -> Option<&Arc<dyn Hooks>> {
        self.0.as_ref().map(|hooks| &hooks.0)
    }
}

struct CHooks {
    callbacks: jsvm_import_hooks_options,
    userdata: Userdata,
}

impl Hooks for CHooks {
    fn import<'s>(&self, call: &mut Call<'_, 's, '_>, asked: Asked) -> Imported<'s> {
        const WHO: &str = "the host's import callback";
        let Some(callback) = self.callbacks.import_module_dynamically else {
            return Imported::Other(Reply::Fail(Error::invalid("no import callback")));
        };
        let mut answer = match ask(callback, self.userdata.pointer, asked) {
            Ok(answer) => answer,
            Err(error) => return Imported::Other(Reply::Fail(error)),
        };
        if answer.status != Status::Ok as u32 || answer.module.is_null() {
            return Imported::Other(reply(format_args!("{WHO}"), call, answer.status, &answer.result));
        }
        match answer.take_module() {
            Ok(module) => Imported::Module(module.module.clone()),
            Err(error) => Imported::Other(Reply::Fail(Error::invalid(format!("{WHO}: {}", error.message)))),
        }
    }

    fn import_meta<'s>(&self, call: &mut Call<'_, 's, '_>, module: Module, meta: Value) -> Reply<'s> {
        let Some(callback) = self.callbacks.initialize_import_meta else {
            return Reply::Fail(Error::invalid("no import.meta callback"));
        };
        let lent =
            || Ok((Lent::new(jsvm_module::new(Arc::new(module)))?, Lent::new(jsvm_value(Arc::new(meta)))?));
        let (module, meta) = match lent() {
            Ok(lent) => lent,
            Err(error) => return Reply::Fail(error),
        };
        let mut exception = jsvm_slot::UNDEFINED;
        // SAFETY: the host gave both together; the handles live until below.
        let status = unsafe { callback(self.userdata.pointer, module.0, meta.0, &mut exception) };
        let reply = reply(format_args!("the host's import.meta callback"), call, status, &exception);
        release_taken(&exception);
        reply
    }

    fn answers_imports(&self) -> bool {
        self.callbacks.import_module_dynamically.is_some()
    }

    fn fills_import_meta(&self) -> bool {
        self.callbacks.initialize_import_meta.is_some()
    }
}

/// A handle that the host is lent for the time of a callback.
pub struct Lent<T: Handle>(pub *mut T);

impl<T: Handle> Lent<T> {
    pub fn new(thing: T) -> Result<Lent<T>, Error> {
        pool::put(thing).map(Lent)
    }

    fn optional(thing: Option<T>) -> Result<Lent<T>, Error> {
        thing.map_or(Ok(Lent(std::ptr::null_mut())), Lent::new)
    }
}

impl<T: Handle> Drop for Lent<T> {
    fn drop(&mut self) {
        pool::free(self.0);
    }
}

/// A module that the host gave, whose handle is ours now.
pub struct Found {
    pub handle: Lent<jsvm_module>,
    pub module: Arc<Module>,
}

impl Deref for Found {
    type Target = Module;
    fn deref(&self) -> &Module {
        &self.module
    }
}

/// What a jsvm_import_callback said.
pub struct Answer {
    pub status: u32,
    pub module: *mut jsvm_module,
    pub result: jsvm_slot,
}

impl Answer {
    pub fn take_module(&mut self) -> Result<Found, Error> {
        let module = pool::pin(self.module, "module")?.module.clone();
        let handle = Lent(std::mem::replace(&mut self.module, std::ptr::null_mut()));
        Ok(Found { handle, module })
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        pool::free(self.module);
        release_taken(&self.result);
    }
}

type ImportCallback = unsafe extern "C" fn(
    *mut c_void,
    *const jsvm_import_request,
    *mut *mut jsvm_module,
    *mut jsvm_slot,
) -> u32;

/// Asks on behalf of code that runs.
fn ask(callback: ImportCallback, userdata: *mut c_void, asked: Asked) -> Result<Answer, Error> {
    let context = Lent::new(jsvm_context::new(asked.context))?;
    let module = Lent::optional(asked.module.map(|module| jsvm_module::new(Arc::new(module))))?;
    let function = Lent::optional(asked.function.map(|function| jsvm_value(Arc::new(function))))?;
    let block = Block::new(std::slice::from_ref(&asked.request))?;
    let request = import_request(&block, &asked.name, module.0, function.0, context.0);
    // SAFETY: the host gave both together; what the request names lives until below.
    Ok(unsafe { call_import(callback, userdata, &request.0) })
}

/// A request, and the text of the name in it.
struct Named(jsvm_import_request, #[allow(dead_code, reason = "the request points into it")] Vec<u8>);

fn import_request(
    block: &Block,
    name: &str,
    module: *const jsvm_module,
    function: *const jsvm_value,
    context: *const jsvm_context,
) -> Named {
    let text: Vec<u8> = name.bytes().chain([0]).collect();
    let request = jsvm_import_request {
        struct_size: size_of::<jsvm_import_request>(),
        // SAFETY: a block has the requests that it was made of: here one.
        request: unsafe { *block.requests },
        referrer_name: jsvm_str { data: text.as_ptr().cast(), len: name.len() },
        referrer_module: module,
        referrer_function: function,
        context,
    };
    Named(request, text)
}

/// # Safety
/// Callback and userdata belong together, and what the request names is alive.
unsafe fn call_import(
    callback: ImportCallback,
    userdata: *mut c_void,
    request: &jsvm_import_request,
) -> Answer {
    let (mut module, mut result) = (std::ptr::null_mut(), jsvm_slot::UNDEFINED);
    // SAFETY: the caller's promise.
    let status = unsafe { callback(userdata, request, &mut module, &mut result) };
    Answer { status, module, result }
}

/// What jsvm_module_link asks its callback.
pub struct Linker {
    pub callback: ImportCallback,
    pub userdata: *mut c_void,
    /// Made for the first call.
    context: OnceCell<Lent<jsvm_context>>,
}

impl Linker {
    pub fn new(callback: ImportCallback, userdata: *mut c_void) -> Linker {
        Linker { callback, userdata, context: OnceCell::new() }
    }

    fn context(&self, referrer: &Module) -> Result<*const jsvm_context, Error> {
        if self.context.get().is_none() {
            let context = Lent::new(jsvm_context::new(referrer.context()?))?;
            return Ok(self.context.get_or_init(|| context).0);
        }
        Ok(self.context.get().map_or(std::ptr::null(), |context| context.0.cast_const()))
    }

    /// The module of a request. The callback is called outside of the isolate.
    pub fn load(&self, request: &Request, referrer: &Found) -> Result<Found, Error> {
        let block = Block::new(std::slice::from_ref(request))?;
        let name = &referrer.module.identifier;
        let context = self.context(referrer)?;
        let asked = import_request(&block, name, referrer.handle.0, std::ptr::null(), context);
        // SAFETY: C's promise about its arguments; what the request names lives until below.
        let mut answer = unsafe { call_import(self.callback, self.userdata, &asked.0) };
        let specifier = &request.specifier;
        let fail = |status, text| {
            let mut error = Error::new(status, format!("linker: its call for '{specifier}' {text}"));
            error.code = Some("ERR_VM_MODULE_LINK_FAILURE".into());
            error
        };
        match Status::from_number(answer.status) {
            Some(Status::Ok) => answer.take_module().map_err(|error| {
                hooks::not_module(&format!(
                    "linker: its call for '{specifier}' gave no module: {}",
                    error.message
                ))
            }),
            Some(Status::Exception) => Err(thrown(referrer, &answer.result)?),
            Some(status) if status.is_stop() => Err(killed(status, Vec::new())),
            Some(status) => Err(fail(status, format!("failed: {}", status.word()))),
            None => Err(fail(
                Status::InvalidArgument,
                format!("returned {}, which is no jsvm_status", answer.status),
            )),
        }
    }
}

fn thrown(referrer: &Module, result: &jsvm_slot) -> Result<Error, Error> {
    // SAFETY: the host's promise about the slot that its callback fills.
    let input = unsafe { Input::from_ptr(result, "linker: result")? };
    Ok(hooks::thrown(&referrer.record.isolate, &input.value()))
}

/// Requests as C reads them, in one block of memory.
pub struct Block {
    pub requests: *mut jsvm_module_request,
    pub count: usize,
}

impl Block {
    pub fn new(requests: &[Request]) -> Result<Block, Error> {
        let texts = |request: &Request| {
            let attributes = request.attributes.iter();
            request.specifier.len()
                + 1
                + attributes.map(|(key, value)| key.len() + value.len() + 2).sum::<usize>()
        };
        let attributes: usize = requests.iter().map(|request| request.attributes.len()).sum();
        let fixed = size_of_val(requests) / size_of::<Request>() * size_of::<jsvm_module_request>();
        let fixed = fixed + attributes * size_of::<jsvm_import_attribute>();
        let size = fixed + requests.iter().map(texts).sum::<usize>();
        // SAFETY: asks for memory; it is looked at.
        let start = unsafe { libc::malloc(size.max(1)) }.cast::<u8>();
        if start.is_null() {
            return Err(Error::new(
                Status::OutOfMemory,
                format!("no memory for {} requests", requests.len()),
            ));
        }
        let block = Block { requests: start.cast(), count: requests.len() };
        // SAFETY: the three parts of the block were counted above, and follow each other by falling alignment.
        unsafe {
            let mut attribute = block.requests.add(requests.len()).cast::<jsvm_import_attribute>();
            let mut text = start.add(fixed);
            let mut put = |given: &str| {
                let data = text.cast::<c_char>().cast_const();
                text.copy_from_nonoverlapping(given.as_ptr(), given.len());
                text.add(given.len()).write(0);
                text = text.add(given.len() + 1);
                jsvm_str { data, len: given.len() }
            };
            for (at, request) in requests.iter().enumerate() {
                let first =
                    if request.attributes.is_empty() { std::ptr::null() } else { attribute.cast_const() };
                for (key, value) in &request.attributes {
                    attribute.write(jsvm_import_attribute { key: put(key), value: put(value) });
                    attribute = attribute.add(1);
                }
                block.requests.add(at).write(jsvm_module_request {
                    specifier: put(&request.specifier),
                    attributes: first,
                    attribute_count: request.attributes.len(),
                    phase: request.phase as u32,
                });
            }
        }
        Ok(block)
    }

    /// The block is C's now.
    pub fn into_raw(self) -> (*mut jsvm_module_request, usize) {
        let raw = (self.requests, self.count);
        std::mem::forget(self);
        raw
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: malloc's.
        unsafe { libc::free(self.requests.cast()) };
    }
}

/// Makes hooks out of callbacks.
///
/// Any thread, no lock.
///
/// @param callbacks [in] the callbacks
/// @param userdata  [in] given to each of them
/// @param finalizer [in] lets go of userdata once, also when this call fails: when the last handle is freed and no code is
///   left that was compiled with the hooks; or NULL
/// @param result    [out] the hooks; free them with jsvm_import_hooks_free
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_import_hooks_new(
    callbacks: *const jsvm_import_hooks_options,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    result: *mut *mut jsvm_import_hooks,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        // SAFETY: C's promise about its arguments.
        let (result, callbacks) = unsafe { (out_ptr(result, "result")?, options(callbacks)?) };
        *result = pool::put(jsvm_import_hooks(Arc::new(CHooks { callbacks, userdata })))?;
        Ok(())
    })
}

/// A second owner of the same hooks.
///
/// Any thread, no lock.
///
/// @param hooks [in] hooks
/// @return the hooks, or NULL if they are no live hooks
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_import_hooks_clone(hooks: *const jsvm_import_hooks) -> *mut jsvm_import_hooks {
    guard_value(std::ptr::null_mut(), || pool::clone(hooks))
}

/// Gives up hooks. Code that was compiled with them goes on to use them.
///
/// Any thread, no lock, any order. NULL and freed handles are left alone.
///
/// @param hooks [in] hooks, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_import_hooks_free(hooks: *mut jsvm_import_hooks) {
    guard_value((), || pool::free(hooks));
}

/// Says who answers the `import()` of a context's code that was compiled without hooks of its own, and of code that has no
/// place, such as `eval` in a promise job. Without it such an import is rejected with ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING.
/// node:vm: `importModuleDynamically` of createContext.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context
/// @param hooks   [in] hooks, of which only import_module_dynamically is used; NULL takes away what was set before,
///   a file loader too
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_set_import_hooks(
    context: *const jsvm_context,
    hooks: *const jsvm_import_hooks,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let context = pool::pin(context, "context")?;
        let hooks = GivenHooks::new(hooks, "hooks")?;
        context.context.set_import_hooks(hooks.get())
    })
}
