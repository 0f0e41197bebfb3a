//! How much memory each context of an isolate keeps alive, counted by V8 in its next garbage collection.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::function::no_unwind;
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::pump;
use crate::engine::raw;
use crate::engine::value::{self, Held, Value};
use crate::vm::context::{self, Context};
use std::mem::offset_of;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// `v8::MeasureMemoryExecution`.
const EXECUTION_DEFAULT: i32 = 0;
const EXECUTION_EAGER: i32 = 1;

/// What a measurement came to.
pub struct Measurement {
    pub contexts: Vec<Measured>,
    /// Bytes that V8 could not attribute to one context.
    pub shared: usize,
    /// Of all isolates of the process: they share WebAssembly's code.
    pub wasm_code: usize,
    pub wasm_metadata: usize,
}

/// A context that was there to the end of the measurement.
pub struct Measured {
    pub name: String,
    pub bytes: usize,
    /// It is the one that asked.
    pub current: bool,
}

impl Measurement {
    /// Bytes of all contexts.
    pub fn total(&self) -> usize {
        self.contexts.iter().map(|context| context.bytes).sum()
    }

    /// The least and the most that `bytes` can stand for: what is shared may belong to anybody.
    pub fn range(&self, bytes: usize) -> [usize; 2] {
        [bytes, bytes + self.shared]
    }
}

/// node:vm's measureMemory: the promise of an object with `total`; `WebAssembly` if there is some; if `detailed`,
/// `current` for the scope's context, and `other`, an array. `eager` starts a garbage collection. Otherwise it is V8's next
/// one, which V8 starts within 20 seconds if nothing else does; as in Node no program stays for that.
pub fn measure_memory<'s>(
    scope: &mut Scope<'s, '_>,
    detailed: bool,
    eager: bool,
) -> Outcome<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope).thrown()?;
    let kept = Held::new(scope, resolver);
    let done = move |scope: &mut Scope<'_, '_>, measurement: Measurement| {
        let resolver = kept.local(scope);
        let promise = resolver.get_promise(scope);
        let context = promise.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context());
        let scope = &mut v8::ContextScope::new(scope, context);
        // It fails only where the run is being stopped.
        if let Ok(result) = to_object(scope, &measurement, detailed) {
            resolver.resolve(scope, result.into());
        }
    };
    request(scope, eager, Box::new(done));
    Ok(resolver.get_promise(scope))
}

/// As `measure_memory`, in a context.
pub fn promise(context: &Context, detailed: bool, eager: bool) -> Result<Value, Error> {
    enter::touch(&context.isolate, Some(&context.global), |scope| {
        let promise = measure_memory(scope, detailed, eager)?;
        Ok(Value::new(scope, promise.into()))
    })
}

/// Measures now: runs tasks until V8 has done it.
pub fn measure(isolate: &Arc<Isolate>, eager: bool, limits: &Limits) -> Result<Measurement, Error> {
    let place: Arc<Mutex<Option<Measurement>>> = Arc::default();
    let take = || place.lock().unwrap_or_else(|e| e.into_inner()).take();
    enter::span(isolate, limits, |_| {
        let place = place.clone();
        enter::touch(isolate, None, |scope| {
            let done = move |_: &mut Scope<'_, '_>, measurement| {
                *place.lock().unwrap_or_else(|e| e.into_inner()) = Some(measurement);
            };
            request(scope, eager, Box::new(done));
            Ok(())
        })?;
        let mut result = None;
        pump::run_until(isolate, || {
            result = take();
            Ok(result.is_some())
        })?;
        Ok(result.unwrap_or_else(|| unreachable!("it ran until there was a result")))
    })
}

/// Runs as a note of the isolate's tasks.
type Done = Box<dyn for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Measurement) + Send>;

/// Our side of V8's delegate. V8 drops it when it has called it, or with the isolate.
#[repr(C)]
struct Delegate {
    base: raw::MeasureMemoryDelegate,
    asker: Held<v8::Context>,
    done: Option<Done>,
    pending: Pending,
}

impl Delegate {
    /// A scope in the context that asked. This thread is inside the isolate.
    fn with_scope<R>(
        &self,
        body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, v8::Local<'s, v8::Context>) -> R,
    ) -> R {
        // SAFETY: as the documentation says.
        let mut isolate = unsafe { raw::isolate(self.pending.isolate.raw()) };
        v8::scope!(let handles, &mut isolate);
        let asker = self.asker.local(handles);
        body(&mut v8::ContextScope::new(handles, asker), asker)
    }
}

/// V8 takes the one for the other.
const _: () = assert!(offset_of!(Delegate, base) == 0);

static VTABLE: raw::MeasureMemoryVtable = raw::MeasureMemoryVtable {
    destroy: on_destroy,
    delete: on_delete,
    should_measure: on_should_measure,
    measurement_complete: on_complete,
};

/// A measurement that V8 has yet to bring. A garbage collection that was asked for is under way, and is work that is left.
struct Pending {
    isolate: Arc<Isolate>,
    eager: bool,
}

impl Pending {
    fn new(isolate: Arc<Isolate>, eager: bool) -> Pending {
        let pending = Pending { isolate, eager };
        pending.count().fetch_add(1, Ordering::SeqCst);
        pending
    }

    fn count(&self) -> &AtomicUsize {
        if self.eager { &self.isolate.tasks.unsettled } else { &self.isolate.tasks.some_time }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.count().fetch_sub(1, Ordering::SeqCst);
    }
}

/// Has V8 measure the contexts that have the security token of the scope's: all that are ours.
fn request(scope: &mut Scope<'_, '_>, eager: bool, done: Done) {
    let isolate = Isolate::of(scope);
    let raw_isolate = isolate.raw();
    let asker = scope.get_current_context();
    let delegate = Box::into_raw(Box::new(Delegate {
        base: raw::MeasureMemoryDelegate { vtable: &VTABLE },
        asker: Held::new(scope, asker),
        done: Some(done),
        pending: Pending::new(isolate, eager),
    }));
    let execution = if eager { EXECUTION_EAGER } else { EXECUTION_DEFAULT };
    // SAFETY: this thread is inside the isolate, which takes a delegate that `VTABLE` can free.
    unsafe { raw::isolate_measure_memory(raw_isolate, delegate.cast(), execution) };
}

unsafe extern "C" fn on_destroy(this: *mut raw::MeasureMemoryDelegate) {
    // SAFETY: as `on_delete`; the memory is not ours to free here.
    no_unwind(|| unsafe { std::ptr::drop_in_place(this.cast::<Delegate>()) });
}

unsafe extern "C" fn on_delete(this: *mut raw::MeasureMemoryDelegate) {
    // SAFETY: what `request` boxed; V8 owned it and lets go of it once.
    no_unwind(|| drop(unsafe { Box::from_raw(this.cast::<Delegate>()) }));
}

unsafe extern "C" fn on_should_measure(
    this: *mut raw::MeasureMemoryDelegate,
    context: *const v8::Context,
) -> bool {
    let mut same = false;
    no_unwind(|| {
        // SAFETY: V8 owns the delegate, and calls inside the isolate.
        let delegate = unsafe { &*this.cast::<Delegate>() };
        same = delegate.with_scope(|scope, asker| {
            // SAFETY: V8 gives a live handle.
            let context = unsafe { raw::local(scope, context) };
            let token = raw::word(asker.get_security_token(scope));
            context.is_some_and(|context| raw::word(context.get_security_token(scope)) == token)
        });
    });
    same
}

/// V8 is at work on its list of measurements: no guest code may run here.
unsafe extern "C" fn on_complete(this: *mut raw::MeasureMemoryDelegate, result: raw::MeasureMemoryResult) {
    no_unwind(|| {
        // SAFETY: V8 owns the delegate, and calls inside the isolate; both spans are there.
        let (delegate, contexts, sizes) = unsafe {
            let delegate = &mut *this.cast::<Delegate>();
            (delegate, (*result.contexts).elements(), (*result.sizes_in_bytes).elements())
        };
        let contexts = delegate.with_scope(|scope, asker| {
            let measured = |(context, bytes): (&*const v8::Context, &usize)| {
                // SAFETY: V8 gives live handles.
                let context = unsafe { raw::local(scope, *context) }?;
                Some(Measured {
                    name: context::handle(scope, context).name,
                    bytes: *bytes,
                    current: raw::word(asker) == raw::word(context),
                })
            };
            contexts.iter().zip(sizes).filter_map(measured).collect()
        });
        let measurement = Measurement {
            contexts,
            shared: result.unattributed_size_in_bytes,
            wasm_code: result.wasm_code_size_in_bytes,
            wasm_metadata: result.wasm_metadata_size_in_bytes,
        };
        let Some(done) = delegate.done.take() else { return };
        let isolate = &delegate.pending.isolate;
        isolate.tasks.note(isolate.raw(), Box::new(move |scope| done(scope, measurement)));
    });
}

/// V8's own form of a measurement, as its default delegate has it.
fn to_object<'s>(
    scope: &mut Scope<'s, '_>,
    measurement: &Measurement,
    detailed: bool,
) -> Outcome<v8::Local<'s, v8::Object>> {
    let result = v8::Object::new(scope);
    let total = size(scope, measurement, measurement.total())?;
    set(scope, result, "total", total)?;
    if measurement.wasm_code > 0 || measurement.wasm_metadata > 0 {
        let wasm = v8::Object::new(scope);
        let code = number(scope, measurement.wasm_code);
        set(scope, wasm, "code", code)?;
        let metadata = number(scope, measurement.wasm_metadata);
        set(scope, wasm, "metadata", metadata)?;
        set(scope, result, "WebAssembly", wasm.into())?;
    }
    if detailed {
        let (current, others): (Vec<_>, Vec<_>) = measurement.contexts.iter().partition(|c| c.current);
        let current = size(scope, measurement, current.iter().map(|context| context.bytes).sum())?;
        set(scope, result, "current", current)?;
        let others = others.iter().map(|other| size(scope, measurement, other.bytes));
        let others = others.collect::<Outcome<Vec<_>>>()?;
        let others = v8::Array::new_with_elements(scope, &others);
        set(scope, result, "other", others.into())?;
    }
    Ok(result)
}

fn size<'s>(
    scope: &mut Scope<'s, '_>,
    measurement: &Measurement,
    bytes: usize,
) -> Outcome<v8::Local<'s, v8::Value>> {
    let size = v8::Object::new(scope);
    let estimate = number(scope, bytes);
    set(scope, size, "jsMemoryEstimate", estimate)?;
    let range = measurement.range(bytes).map(|bound| number(scope, bound));
    let range = v8::Array::new_with_elements(scope, &range);
    set(scope, size, "jsMemoryRange", range.into())?;
    Ok(size.into())
}

fn number<'s>(scope: &Scope<'s, '_>, bytes: usize) -> v8::Local<'s, v8::Value> {
    v8::Number::new(scope, bytes as f64).into()
}

/// An own property, whatever the guest did to Object.prototype.
fn set<'s>(
    scope: &Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
    value: v8::Local<'s, v8::Value>,
) -> Outcome<()> {
    let key = value::string(scope, key)?;
    object.create_data_property(scope, key.into(), value).thrown()?;
    Ok(())
}
