//! Host functions: JavaScript functions that call the host.

use crate::engine::enter::{Fail, Outcome, Scope, panic_text};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::raw;
use crate::engine::reaper::Job;
use crate::engine::thread::Thread;
use crate::engine::value::Out;
use std::collections::HashMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// Runs something that V8 or the system called: a panic must not unwind into foreign frames.
pub fn no_unwind(body: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
        eprintln!("libjsvm: {}", panic_text(&*panic));
    }
}

/// What a host function is given. All of it dies when the function returns.
pub struct Call<'a, 's> {
    pub this: v8::Local<'s, v8::Value>,
    /// Present when the function is called by `new`.
    pub new_target: Option<v8::Local<'s, v8::Value>>,
    pub arguments: &'a v8::FunctionCallbackArguments<'s>,
}

/// How a host function ends when it does not return.
pub enum Raise<'s> {
    Throw(v8::Local<'s, v8::Value>),
    /// The run is to be stopped, or is being stopped, with this status.
    Stop(Status),
    /// It failed in a way of the host's own: the guest sees an Error.
    Fail(Error),
}

/// The host's side of a function. It is dropped, outside the isolate, when JavaScript has let go
/// of the function or the isolate is gone.
pub trait Host: Send {
    fn call<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        call: Call<'_, 's>,
    ) -> Result<v8::Local<'s, v8::Value>, Raise<'s>>;
}

/// What a function's data points to.
struct Entry {
    host: Box<dyn Host>,
}

/// The host functions that JavaScript can still call, by the address of their entry, and V8's weak
/// cell for each.
#[derive(Default)]
pub struct Registry {
    live: HashMap<usize, usize>,
}

impl Registry {
    /// The isolate is going: every function that is left is let go.
    pub fn close(&mut self) -> Vec<Job> {
        self.live.drain().map(|(entry, _)| release(entry)).collect()
    }
}

/// Frees an entry that has left the registry.
fn release(entry: usize) -> Job {
    // SAFETY: entries are boxes, and each leaves the registry once.
    let entry = unsafe { Box::from_raw(entry as *mut Entry) };
    Box::new(move || drop(entry))
}

/// Makes a JavaScript function of the scope's context that calls the host.
pub fn new<'s>(
    scope: &mut Scope<'s, '_>,
    name: v8::Local<'s, v8::String>,
    length: i32,
    constructor: bool,
    host: Box<dyn Host>,
) -> Outcome<v8::Local<'s, v8::Function>> {
    let isolate = Isolate::of(scope);
    let entry = Box::into_raw(Box::new(Entry { host }));
    let data = v8::External::new(scope, entry.cast());
    let behavior = if constructor { v8::ConstructorBehavior::Allow } else { v8::ConstructorBehavior::Throw };
    let function = v8::Function::builder(trampoline)
        .data(data.into())
        .length(length)
        .constructor_behavior(behavior)
        .build(scope);
    let Some(function) = function else {
        isolate.after(release(entry as usize));
        return Err(Fail::Thrown);
    };
    function.set_name(name);
    // The data lives as long as anything that can still call the function.
    // SAFETY: the External is a live handle of this isolate, and the callback fits.
    let cell = unsafe {
        raw::v8__Global__NewWeak(isolate.raw(), raw::ptr(data).cast(), entry as *const c_void, on_collected)
    };
    isolate.functions().live.insert(entry as usize, cell as usize);
    Ok(function)
}

/// V8 collected a function's data. It is in the middle of a collection: only the cell may be
/// touched.
unsafe extern "C" fn on_collected(info: *const c_void) {
    no_unwind(|| {
        // SAFETY: V8 gives the record of a callback that `new` registered, on the thread inside.
        let (entry, isolate) = unsafe {
            let isolate = raw::v8__WeakCallbackInfo__GetIsolate(info);
            (raw::v8__WeakCallbackInfo__GetParameter(info) as usize, Isolate::of(&raw::isolate(isolate)))
        };
        if let Some(cell) = isolate.functions().live.remove(&entry) {
            // SAFETY: the cell that was made for the entry; V8 wants it reset here.
            unsafe { raw::v8__Global__Reset(cell as *const v8::Data) };
            isolate.after(release(entry));
        }
    });
}

fn trampoline<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'_, v8::Value>,
) {
    no_unwind(|| {
        let Ok(data) = v8::Local::<v8::External>::try_from(arguments.data()) else { return };
        // V8 calls native getters even where it may not run JavaScript.
        // SAFETY: `Isolate::new` put it there, and whoever is inside holds a reference.
        if unsafe { &*(scope.get_data(0) as *const Isolate) }.quiet.load(Ordering::Relaxed) {
            return throw_error(scope, "a host function is not called while values are read");
        }
        // SAFETY: the data keeps the entry alive, and the call keeps the data.
        let entry = unsafe { &*(data.value() as *const Entry) };
        let call = Call {
            this: arguments.this().into(),
            new_target: arguments.is_construct_call().then(|| arguments.new_target()),
            arguments: &arguments,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| entry.host.call(scope, call)));
        match outcome {
            Ok(Ok(value)) => result.set(value),
            Ok(Err(Raise::Throw(value))) => {
                scope.throw_exception(value);
            }
            Ok(Err(Raise::Stop(status))) => stop(scope, status),
            Ok(Err(Raise::Fail(error))) => throw_error(scope, &error.message),
            Err(panic) => throw_error(scope, &panic_text(&*panic)),
        }
    });
}

fn throw_error(scope: &mut Scope<'_, '_>, message: &str) {
    let message = v8::String::new(scope, message).unwrap_or_else(|| v8::String::empty(scope));
    let error = v8::Exception::error(scope, message);
    scope.throw_exception(error);
}

/// A value of a call in progress, for the host. NULL is `undefined`.
///
/// # Safety
/// `value` is NULL or a handle of a call that this thread is in.
pub unsafe fn out(scope: &mut Scope<'_, '_>, value: *const v8::Value) -> Out {
    // SAFETY: the caller's promise.
    match unsafe { raw::local(scope, value) } {
        Some(value) => Out::new(scope, value),
        None => Out::Undefined,
    }
}

/// Has the guest unwind from here, before it runs another statement.
fn stop(scope: &mut Scope<'_, '_>, status: Status) {
    Thread::current().stop_top(status);
    // V8 looks for a pending termination when it enters JavaScript.
    if let Some(empty) = v8::String::new(scope, "0").and_then(|code| v8::Script::compile(scope, code, None)) {
        empty.run(scope);
    }
}
