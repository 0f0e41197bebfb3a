//! Contexts: a global object with its builtins.

use crate::engine::enter::{self, Fail, Outcome, Scope};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::{self, Isolate};
use crate::engine::raw;
use crate::engine::value::Value;
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
    pub global: v8::Global<v8::Context>,
    pub name: String,
    pub origin: Option<String>,
}

/// Where the crate keeps a pointer of its own; it must not be read uninitialised.
const SLOT_ANNEX: i32 = 1;
/// Whether the context may compile WebAssembly.
const SLOT_WASM: i32 = 2;

/// A new isolate with its main context.
pub fn new_isolate(options: isolate::Options) -> Result<Arc<Isolate>, Box<Error>> {
    let isolate = Isolate::new(options)?;
    let main = make(&isolate, &Options::default()).inspect_err(|_| isolate.close())?;
    enter::bare(&isolate, |scope| {
        scope.set_allow_wasm_code_generation_callback(allow_wasm);
        isolate.inner().main = Some(main);
        Ok(())
    })?;
    Ok(isolate)
}

/// The isolate's main context, as a handle of its own.
pub fn main(isolate: &Arc<Isolate>) -> Result<Context, Box<Error>> {
    enter::touch(isolate, None, |scope| {
        let context = scope.get_current_context();
        Ok(Context {
            isolate: isolate.clone(),
            global: v8::Global::new(scope, context),
            name: "VM Main Context".into(),
            origin: None,
        })
    })
}

/// The context that runs now, as a handle of its own: inside a host function.
pub fn current(isolate: &Arc<Isolate>) -> Result<Context, Box<Error>> {
    enter::bare(isolate, |scope| {
        // SAFETY: this thread is inside the isolate.
        let context = unsafe { raw::local(scope, raw::v8__Isolate__GetCurrentContext(isolate.raw())) };
        let context = context.ok_or_else(|| Error::new(Status::WrongState, "no context runs"))?;
        Ok(Context {
            isolate: isolate.clone(),
            global: v8::Global::new(scope, context),
            name: String::new(),
            origin: None,
        })
    })
}

/// A new context with an ordinary global object.
pub fn new(isolate: &Arc<Isolate>, options: Options) -> Result<Context, Box<Error>> {
    let global = make(isolate, &options)?;
    let number = enter::bare(isolate, |_| {
        let mut inner = isolate.inner();
        inner.contexts += 1;
        Ok(inner.contexts)
    })?;
    Ok(Context {
        isolate: isolate.clone(),
        global,
        name: options.name.unwrap_or_else(|| format!("VM Context {number}")),
        origin: options.origin,
    })
}

fn make(isolate: &Arc<Isolate>, options: &Options) -> Result<v8::Global<v8::Context>, Box<Error>> {
    enter::bare(isolate, |scope| {
        let queue =
            options.after_evaluate.then(|| v8::MicrotaskQueue::new(scope, v8::MicrotasksPolicy::Explicit));
        let queue_ptr = queue.as_ref().map_or(std::ptr::null_mut(), |queue| &**queue as *const _ as *mut _);
        // SAFETY: the crate's own wrapper panics where V8 gives no context. The context keeps its
        // queue alive.
        let context = unsafe {
            let context = raw::v8__Context__New(isolate.raw(), std::ptr::null(), std::ptr::null(), queue_ptr);
            raw::local(scope, context)
        };
        let context =
            context.ok_or_else(|| Error::new(Status::OutOfMemory, "V8 could not make a context"))?;
        if let Some(main) = &isolate.inner().main {
            // Contexts of one isolate may reach into each other, as node:vm's do.
            let main = v8::Local::new(scope, main);
            context.set_security_token(main.get_security_token(scope));
        }
        if options.no_strings {
            context.set_allow_generation_from_strings(false);
        }
        if options.no_wasm {
            let forbidden: v8::Local<v8::Value> = v8::Boolean::new(scope, false).into();
            // SAFETY: a live context; the crate's slot is written before ours makes it readable.
            unsafe {
                raw::v8__Context__SetAlignedPointerInEmbedderData(
                    raw::ptr(context),
                    SLOT_ANNEX,
                    std::ptr::null(),
                );
                raw::v8__Context__SetEmbedderData(raw::ptr(context), SLOT_WASM, raw::ptr(forbidden));
            }
        }
        Ok(v8::Global::new(scope, context))
    })
}

unsafe extern "C" fn allow_wasm(context: v8::Local<v8::Context>, _source: v8::Local<v8::String>) -> bool {
    // SAFETY: V8 calls with a live context and an open handle scope; slots are read if they exist.
    unsafe {
        let context = raw::ptr(context);
        if raw::v8__Context__GetNumberOfEmbedderDataFields(context) <= SLOT_WASM as u32 {
            return true;
        }
        let slot = raw::v8__Context__GetEmbedderData(context, SLOT_WASM);
        slot.is_null() || !(*slot).is_false()
    }
}

impl Context {
    /// The context's global object.
    pub fn global_object(&self) -> Result<Value, Box<Error>> {
        enter::touch(&self.isolate, Some(&self.global), |scope| {
            let global = scope.get_current_context().global(scope);
            Ok(Value::new(scope, global.into()))
        })
    }
}

/// After an evaluation: a context with a microtask queue of its own drains it.
pub fn after_evaluate(scope: &mut Scope<'_, '_>) -> Outcome<()> {
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
