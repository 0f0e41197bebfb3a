//! Contexts: a global object with its builtins, of its own or in front of it an object of the host's (`contextify`).

use crate::engine::enter::{self, Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::function::Record;
use crate::engine::isolate::{self, Isolate};
use crate::engine::raw;
use crate::engine::value::{self, Held, Value};
use crate::vm::state::state;
use crate::vm::{contextify, import, module};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub name: Option<String>,
    pub origin: Option<String>,
    /// `eval` and `new Function` throw EvalError.
    pub no_strings: bool,
    /// Compiling WebAssembly throws WebAssembly.CompileError.
    pub no_wasm: bool,
    /// The context has a microtask queue of its own, drained after each evaluation in it.
    pub after_evaluate: bool,
}

pub struct Context {
    pub isolate: Arc<Isolate>,
    pub global: Held<v8::Context>,
    pub name: String,
    pub origin: Option<String>,
}

/// Where the crate keeps a pointer of its own; it must not be read uninitialised.
const SLOT_ANNEX: i32 = 1;
/// Whether the context may compile WebAssembly.
const SLOT_WASM: i32 = 2;
const SLOT_NAME: i32 = 3;
const SLOT_ORIGIN: i32 = 4;
/// The files of the runtime that the context has loaded.
const SLOT_RUNTIME: i32 = 5;
/// The global object of the context whose scripts made it.
const SLOT_MAKER: i32 = 6;
/// Who answers the imports of code that carries no answer.
const SLOT_IMPORT: i32 = 7;
/// How many modules got a name from `module_name`.
const SLOT_MODULES: i32 = 8;

const MAIN_NAME: &str = "VM Main Context";

/// A new isolate with its main context.
pub fn new_isolate(options: isolate::Options) -> Result<Arc<Isolate>, Error> {
    let isolate = Isolate::new(options)?;
    enter::bare(&isolate, |scope| {
        scope.set_allow_wasm_code_generation_callback(allow_wasm);
        scope.set_host_initialize_import_meta_object_callback(module::on_import_meta);
        let main = make(scope, &Options::default(), MAIN_NAME, false)?;
        isolate.inner().main = Some(v8::Global::new(scope, main));
        import::prepare(&mut v8::ContextScope::new(scope, main))
    })
    .inspect_err(|_| isolate.close())?;
    Ok(isolate)
}

/// The isolate's main context, as a handle of its own.
pub fn main(isolate: &Arc<Isolate>) -> Result<Context, Error> {
    enter::touch(isolate, None, |scope| {
        let context = scope.get_current_context();
        Ok(handle(scope, context))
    })
}

/// A handle of a context that is there.
pub fn handle<'s>(scope: &mut Scope<'s, '_>, context: v8::Local<'s, v8::Context>) -> Context {
    let text = |index| {
        slot(context, index)
            // SAFETY: slots are read inside the isolate, with a handle scope open.
            .and_then(|value| unsafe { raw::local(scope, value) })
            .filter(|value| value.is_string())
            .map(|value| value.to_rust_string_lossy(scope))
    };
    Context {
        isolate: Isolate::of(scope),
        name: text(SLOT_NAME).unwrap_or_default(),
        origin: text(SLOT_ORIGIN),
        global: Held::new(scope, context),
    }
}

/// The context of the function that a call is of.
///
/// # Safety
/// As `Record::this`.
pub unsafe fn of_call(record: &Record) -> Result<Context, Error> {
    // SAFETY: the caller's promise.
    unsafe { record.with_context(handle) }
}

/// What the global variables of a new context are.
#[derive(Clone, Copy)]
pub enum Globals<'a> {
    /// The properties of an ordinary global object.
    Ordinary,
    /// The properties of a new object.
    New,
    /// The properties of an object of the host's.
    Of(&'a Value),
}

/// A new context. An object that has one already is given that one, as it is.
pub fn new(isolate: &Arc<Isolate>, globals: Globals, options: &Options) -> Result<Context, Error> {
    enter::touch(isolate, None, |scope| {
        let sandbox = match globals {
            Globals::Ordinary => None,
            Globals::New => Some(v8::Object::new(scope)),
            Globals::Of(object) => Some(object.local(scope)?.try_into().map_err(|_| not_an_object())?),
        };
        let context = create(scope, sandbox, options)?;
        Ok(handle(scope, context))
    })
}

fn not_an_object() -> Error {
    Error::invalid("contextified_object: it is no object")
}

/// A new context whose global variables are the properties of the object, if one is given. An object that has a
/// context already keeps that one.
pub fn create<'s>(
    scope: &mut Scope<'s, '_>,
    sandbox: Option<v8::Local<'s, v8::Object>>,
    options: &Options,
) -> Outcome<v8::Local<'s, v8::Context>> {
    if let Some(sandbox) = sandbox
        && let Some(context) = of_object(scope, sandbox)?
    {
        return Ok(context);
    }
    let name = options.name.clone().unwrap_or_else(|| {
        let isolate = Isolate::here(scope);
        let mut inner = isolate.inner();
        inner.contexts += 1;
        format!("VM Context {}", inner.contexts)
    });
    let context = make(scope, options, &name, sandbox.is_some())?;
    let scope = &mut v8::ContextScope::new(scope, context);
    let global = context.global(scope);
    let symbol = symbol(scope);
    sandbox.unwrap_or(global).set_private(scope, symbol, global.into()).thrown()?;
    if let Some(sandbox) = sandbox {
        contextify::attach(scope, global, sandbox)?;
    }
    Ok(context)
}

/// The context that an object of the host's is the contextified object of, if it is one.
pub fn find(object: &Value) -> Result<Option<Context>, Error> {
    enter::touch(&object.isolate, None, |scope| {
        let object =
            object.local(scope)?.try_into().map_err(|_| Error::invalid("object: it is no object"))?;
        Ok(of_object(scope, object)?.map(|context| handle(scope, context)))
    })
}

/// The context that an object is the contextified object of; of an ordinary global object its own.
pub fn of_object<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Outcome<Option<v8::Local<'s, v8::Context>>> {
    let symbol = symbol(scope);
    let global = object.get_private(scope, symbol).thrown()?;
    let global = v8::Local::<v8::Object>::try_from(global).ok();
    Ok(global.and_then(|global| global.get_creation_context(scope)))
}

/// By which an object has its context: no Proxy sees it, and frozen objects take it too.
fn symbol<'s>(scope: &v8::PinScope<'s, '_>) -> v8::Local<'s, v8::Private> {
    let mut state = state(scope);
    let symbol = state.context_symbol.get_or_insert_with(|| {
        let symbol = v8::Private::new(scope, None);
        v8::Global::new(scope, symbol)
    });
    v8::Local::new(scope, &*symbol)
}

fn make<'s>(
    scope: &mut v8::PinScope<'s, '_, ()>,
    options: &Options,
    name: &str,
    contextified: bool,
) -> Outcome<v8::Local<'s, v8::Context>> {
    let isolate = Isolate::of(scope);
    let queue =
        options.after_evaluate.then(|| v8::MicrotaskQueue::new(scope, v8::MicrotasksPolicy::Explicit));
    isolate.inner().own_queues |= queue.is_some();
    let queue_ptr = queue.as_ref().map_or(std::ptr::null_mut(), |queue| &**queue as *const _ as *mut _);
    let template = contextified.then(|| contextify::template(scope));
    let template = template.map_or(std::ptr::null(), |template| raw::ptr(template).cast());
    // The crate's own wrapper panics where V8 gives no context. The context keeps its queue alive.
    // SAFETY: this thread is inside the isolate, with a handle scope open.
    let context = unsafe {
        let context = raw::v8__Context__New(isolate.raw(), template, std::ptr::null(), queue_ptr);
        raw::local(scope, context)
    };
    let context = context.ok_or_else(|| Error::new(Status::OutOfMemory, "V8 could not make a context"))?;
    if let Some(main) = &isolate.inner().main {
        // Contexts of one isolate may reach into each other, as node:vm's do.
        let main = v8::Local::new(scope, main);
        context.set_security_token(main.get_security_token(scope));
    }
    if options.no_strings {
        context.set_allow_generation_from_strings(false);
    }
    // SAFETY: a live context; the crate's slot is written before ours makes it readable.
    unsafe {
        raw::v8__Context__SetAlignedPointerInEmbedderData(raw::ptr(context), SLOT_ANNEX, std::ptr::null());
    }
    remove_v8_extras(&mut v8::ContextScope::new(scope, context))?;
    let wasm = v8::Boolean::new(scope, !options.no_wasm);
    set_slot(context, SLOT_WASM, wasm.into());
    let name = value::string(scope, name)?;
    set_slot(context, SLOT_NAME, name.into());
    if let Some(origin) = &options.origin {
        let origin = value::string(scope, origin)?;
        set_slot(context, SLOT_ORIGIN, origin.into());
    }
    Ok(context)
}

/// What V8 has beyond the language and Node has taken away.
fn remove_v8_extras(scope: &mut Scope<'_, '_>) -> Outcome<()> {
    let global = scope.get_current_context().global(scope);
    let intl = value::string(scope, "Intl")?;
    let intl = global.get_real_named_property(scope, intl.into());
    if let Some(intl) = intl.and_then(|intl| intl.to_object(scope)) {
        let name = value::string(scope, "v8BreakIterator")?;
        intl.delete(scope, name.into()).thrown()?;
    }
    Ok(())
}

fn set_slot(context: v8::Local<v8::Context>, index: i32, value: v8::Local<v8::Value>) {
    // SAFETY: live handles; V8 makes room for the slot.
    unsafe { raw::v8__Context__SetEmbedderData(raw::ptr(context), index, raw::ptr(value)) };
}

/// A slot of a context, if it is there: contexts that V8 made by itself have none of ours.
fn slot(context: v8::Local<v8::Context>, index: i32) -> Option<*const v8::Value> {
    let context = raw::ptr(context);
    // SAFETY: V8 does not check the index, so it is checked here.
    unsafe {
        (raw::v8__Context__GetNumberOfEmbedderDataFields(context) > index as u32)
            .then(|| raw::v8__Context__GetEmbedderData(context, index))
    }
}

/// What the runtime keeps in the scope's context.
pub fn runtime<'s>(scope: &Scope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    let value = slot(scope.get_current_context(), SLOT_RUNTIME)?;
    // SAFETY: slots are read inside the isolate, with a handle scope open.
    unsafe { raw::local(scope, value) }.and_then(|value| value.try_into().ok())
}

/// Has the scope's context keep what `runtime` gives.
pub fn set_runtime<'s>(scope: &Scope<'s, '_>, kept: v8::Local<'s, v8::Object>) {
    set_slot(scope.get_current_context(), SLOT_RUNTIME, kept.into());
}

/// Notes that the scripts of the scope's context made another one: what nobody handles there is theirs.
pub fn made_here<'s>(scope: &Scope<'s, '_>, context: v8::Local<'s, v8::Context>) {
    let global = scope.get_current_context().global(scope);
    set_slot(context, SLOT_MAKER, global.into());
}

/// The context whose scripts made this one; none if the host did.
pub fn maker<'s>(
    scope: &Scope<'s, '_>,
    context: v8::Local<'s, v8::Context>,
) -> Option<v8::Local<'s, v8::Context>> {
    // SAFETY: slots are read inside the isolate, with a handle scope open.
    let global = unsafe { raw::local(scope, slot(context, SLOT_MAKER)?) }?;
    v8::Local::<v8::Object>::try_from(global).ok()?.get_creation_context(scope)
}

/// Has a context keep what `import_of` gives.
pub fn set_import(context: v8::Local<v8::Context>, answer: v8::Local<v8::Value>) {
    set_slot(context, SLOT_IMPORT, answer);
}

/// Who answers the imports of a context's code that carries no answer.
pub fn import_of<'s>(
    scope: &Scope<'s, '_>,
    context: v8::Local<'s, v8::Context>,
) -> Option<v8::Local<'s, v8::Value>> {
    // SAFETY: slots are read inside the isolate, with a handle scope open.
    unsafe { raw::local(scope, slot(context, SLOT_IMPORT)?) }
}

/// A name for the scope's context's next module without one.
pub fn module_name(scope: &Scope<'_, '_>) -> String {
    let context = scope.get_current_context();
    // SAFETY: slots are read inside the isolate, with a handle scope open.
    let count = slot(context, SLOT_MODULES).and_then(|value| unsafe { raw::local(scope, value) });
    let count =
        count.filter(|value| value.is_uint32()).map_or(0.0, |value| value.cast::<v8::Number>().value());
    set_slot(context, SLOT_MODULES, v8::Number::new(scope, count + 1.0).into());
    format!("vm:module({count})")
}

unsafe extern "C" fn allow_wasm(context: v8::Local<v8::Context>, _source: v8::Local<v8::String>) -> bool {
    allows_wasm(context)
}

/// Whether WebAssembly may be compiled in a context.
pub fn allows_wasm(context: v8::Local<v8::Context>) -> bool {
    // SAFETY: slots are read inside the isolate, with a handle scope open.
    slot(context, SLOT_WASM).is_none_or(|value| value.is_null() || unsafe { !(*value).is_false() })
}

impl Context {
    /// The object whose properties are the global variables; without one the global object itself.
    pub fn contextified_object(&self) -> Result<Value, Error> {
        enter::touch(&self.isolate, Some(&self.global), |scope| {
            let global = scope.get_current_context().global(scope);
            let object = contextify::sandbox_of(scope, global).unwrap_or(global);
            Ok(Value::new(scope, object.into()))
        })
    }

    /// The context's global object.
    pub fn global_object(&self) -> Result<Value, Error> {
        enter::touch(&self.isolate, Some(&self.global), |scope| {
            let global = scope.get_current_context().global(scope);
            Ok(Value::new(scope, global.into()))
        })
    }
}

/// After an evaluation: a context with a microtask queue of its own drains it.
pub fn after_evaluate(scope: &mut Scope<'_, '_>) -> Outcome<()> {
    if !Isolate::here(scope).inner().own_queues {
        return Ok(());
    }
    let isolate = Isolate::of(scope);
    let context = scope.get_current_context();
    let main = isolate.inner().main.as_ref().map(|main| v8::Local::new(scope, main));
    let ours = context.get_microtask_queue().map(|queue| queue as *const v8::MicrotaskQueue);
    let shared = main.and_then(|main| main.get_microtask_queue().map(|queue| queue as *const _));
    if ours != shared
        && let Some(queue) = context.get_microtask_queue()
    {
        queue.perform_checkpoint(scope);
        if scope.is_execution_terminating() {
            return Err(Fail::Thrown);
        }
    }
    Ok(())
}
