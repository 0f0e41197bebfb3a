//! Host functions: JavaScript functions that call the host.

use crate::engine::enter::{self, Fail, Outcome, Scope, panic_text};
use crate::engine::error::{Error, Status, throw};
use crate::engine::isolate::Isolate;
use crate::engine::kept;
use crate::engine::raw;
use crate::engine::session;
use crate::engine::thread::{Thread, terminate_marked};
use crate::engine::value::{self, In, Out};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// Runs something that V8 or the system called: a panic must not unwind into foreign frames.
pub fn no_unwind(body: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
        eprintln!("libjsvm: {}", panic_text(&*panic));
    }
}

/// A call of a host function, for as long as it lasts.
pub struct Call<'a, 's, 'i> {
    scope: &'a mut Scope<'s, 'i>,
    arguments: &'a v8::FunctionCallbackArguments<'s>,
}

/// A value of the host's that V8 has taken.
pub struct Taken<'s>(pub v8::Local<'s, v8::Value>);

/// How a host function ends.
pub enum Reply<'s> {
    Return(Taken<'s>),
    Throw(Taken<'s>),
    /// The run is to be stopped, or is being stopped, with this status.
    Stop(Status),
    /// It failed in a way of the host's own: the guest sees an Error.
    Fail(Error),
}

/// The host's side of a function. It is dropped, outside the isolate, when JavaScript has let go
/// of the function or the isolate is gone.
pub trait Host: Send {
    fn call<'s>(&self, call: &mut Call<'_, 's, '_>) -> Reply<'s>;
}

impl<'s, 'i> Call<'_, 's, 'i> {
    pub fn argument_count(&self) -> usize {
        self.arguments.length().max(0) as usize
    }

    pub fn argument(&mut self, index: usize) -> Out {
        Out::new(self.scope, self.arguments.get(index as i32))
    }

    /// For those below the C ABI, which may look at V8's own values.
    pub fn local(&self, index: usize) -> v8::Local<'s, v8::Value> {
        self.arguments.get(index as i32)
    }

    /// As `local`.
    pub fn scope<'c>(&'c mut self) -> &'c mut Scope<'s, 'i> {
        self.scope
    }

    pub fn uint32(&mut self, index: usize) -> u32 {
        self.arguments.get(index as i32).uint32_value(self.scope).unwrap_or(0)
    }

    pub fn bytes(&mut self, index: usize) -> Vec<u8> {
        value::bytes(self.scope, self.arguments.get(index as i32))
    }

    pub fn is_construct_call(&self) -> bool {
        self.arguments.is_construct_call()
    }

    pub fn take(&mut self, value: In) -> Result<Taken<'s>, Error> {
        value.local(self.scope).map(Taken).map_err(|fail| match fail {
            Fail::Misuse(error) => error,
            Fail::Thrown => Error::invalid("result: V8 could not take it"),
        })
    }

    /// For questions that come while the host function runs.
    pub fn record(&self) -> Record {
        Record {
            isolate: Isolate::here(self.scope),
            context: raw::ptr(self.scope.get_current_context()),
            this: raw::ptr(self.arguments.this()).cast(),
            new_target: raw::ptr(self.arguments.new_target()),
        }
    }
}

/// Where a call's things are. It must not be asked after the call.
pub struct Record {
    isolate: *const Isolate,
    context: *const v8::Context,
    this: *const v8::Value,
    new_target: *const v8::Value,
}

impl Record {
    /// Whether this thread is inside the isolate of the call. It may be asked after the call.
    pub fn is_inside(&self) -> bool {
        enter::is_inside(self.isolate)
    }

    /// # Safety
    /// The call lasts, and this thread is in it.
    pub unsafe fn this(&self) -> Result<Out, Error> {
        // SAFETY: the caller's promise.
        unsafe { self.value(self.this) }
    }

    /// # Safety
    /// As `this`.
    pub unsafe fn new_target(&self) -> Result<Out, Error> {
        // SAFETY: the caller's promise.
        unsafe { self.value(self.new_target) }
    }

    unsafe fn value(&self, value: *const v8::Value) -> Result<Out, Error> {
        // SAFETY: the caller's promise: the call holds its isolate.
        enter::touch(unsafe { &*self.isolate }, None, |scope| {
            // SAFETY: the caller's promise: it is a handle of the call.
            let value = unsafe { raw::local(scope, value) };
            Ok(value.map_or(Out::Undefined, |value| Out::new(scope, value)))
        })
    }

    /// Does something with the context of the function that was called.
    ///
    /// # Safety
    /// As `this`.
    pub unsafe fn with_context<R>(
        &self,
        body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, v8::Local<'s, v8::Context>) -> R,
    ) -> Result<R, Error> {
        // SAFETY: the caller's promise: the call holds its isolate.
        enter::touch(unsafe { &*self.isolate }, None, |scope| {
            // SAFETY: the caller's promise: it is a handle of the call.
            let context =
                unsafe { raw::local(scope, self.context) }.unwrap_or_else(|| scope.get_current_context());
            Ok(body(scope, context))
        })
    }
}

/// What a function's data points to.
struct Entry {
    host: Box<dyn Host>,
}

/// Makes a JavaScript function of the scope's context that calls the host.
pub fn new<'s>(
    scope: &mut Scope<'s, '_>,
    name: v8::Local<'s, v8::String>,
    length: i32,
    constructor: bool,
    host: Box<dyn Host>,
) -> Outcome<v8::Local<'s, v8::Function>> {
    // It lives as long as anything that can still call the function.
    let data = kept::keep(scope, Entry { host });
    let behavior = if constructor { v8::ConstructorBehavior::Allow } else { v8::ConstructorBehavior::Throw };
    let function = v8::Function::builder(trampoline)
        .data(data.into())
        .length(length)
        .constructor_behavior(behavior)
        .build(scope);
    let function = function.ok_or(Fail::Thrown)?;
    function.set_name(name);
    Ok(function)
}

fn trampoline<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'_, v8::Value>,
) {
    no_unwind(|| {
        let Ok(data) = v8::Local::<v8::External>::try_from(arguments.data()) else { return };
        // V8 calls native getters even where it may not run JavaScript.
        if Isolate::here(scope).quiet.load(Ordering::Relaxed) {
            return throw(scope, v8::Exception::error, "a host function is not called while values are read");
        }
        // SAFETY: the data keeps the entry alive, and the call keeps the data.
        let entry = unsafe { &*(data.value() as *const Entry) };
        let mut call = Call { scope, arguments: &arguments };
        let sessions = session::count();
        let reply = catch_unwind(AssertUnwindSafe(|| entry.host.call(&mut call)));
        if session::count() != sessions {
            session::forget(sessions);
        }
        match reply {
            // The run was ended while the host worked.
            _ if Thread::current().must_stop() => unwind(scope),
            Ok(Reply::Return(value)) => result.set(value.0),
            Ok(Reply::Throw(value)) => {
                scope.throw_exception(value.0);
            }
            Ok(Reply::Stop(status)) => {
                Thread::current().stop_top(status);
                unwind(scope);
            }
            Ok(Reply::Fail(error)) => throw(scope, v8::Exception::error, &error.message),
            Err(panic) => throw(scope, v8::Exception::error, &panic_text(&*panic)),
        }
    });
}

/// Has the guest unwind from here, before it runs another statement.
pub fn unwind(scope: &mut Scope<'_, '_>) {
    terminate_marked(scope);
    // V8 acts on it when it next enters JavaScript.
    if let Some(empty) = v8::String::new(scope, "0").and_then(|code| v8::Script::compile(scope, code, None)) {
        empty.run(scope);
    }
}
