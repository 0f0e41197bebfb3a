//! Promises that the host makes and settles from any thread.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::pump;
use crate::engine::value::{self, Held, In, Out, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The host's end of a promise: settled once, from any thread. Dropped unsettled, it rejects.
pub struct Resolver {
    pub isolate: Arc<Isolate>,
    resolver: Mutex<Option<Held<v8::PromiseResolver>>>,
    settled: AtomicBool,
}

// A promise's outcome that waits to be told to the isolate.
enum Settled {
    Resolve(Owned),
    Reject(Owned),
    Abandoned,
}

/// A value that outlives the call that brought it.
enum Owned {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    String(String),
    Bigint(Vec<u8>),
    Value(Arc<Value>),
}

impl Owned {
    fn local<'s>(&self, scope: &mut Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Value>> {
        match self {
            Owned::Undefined => In::Undefined,
            Owned::Null => In::Null,
            Owned::Boolean(value) => In::Boolean(*value),
            Owned::Number(value) => In::Number(*value),
            Owned::String(text) => In::String(text),
            Owned::Bigint(bytes) => In::Bigint(bytes),
            Owned::Value(value) => In::Value(value),
        }
        .local(scope)
    }
}

/// What the host settles a promise with.
pub enum Settlement<'a> {
    Plain(In<'a>),
    Kept(Arc<Value>),
}

impl Settlement<'_> {
    fn own(self) -> Owned {
        match self {
            Settlement::Kept(value) => Owned::Value(value),
            Settlement::Plain(plain) => match plain {
                In::Undefined | In::Value(_) => Owned::Undefined,
                In::Null => Owned::Null,
                In::Boolean(value) => Owned::Boolean(value),
                In::Number(value) => Owned::Number(value),
                In::String(text) => Owned::String(text.into()),
                In::Bigint(bytes) => Owned::Bigint(bytes.into()),
            },
        }
    }
}

/// A pending promise of the scope's context, and its resolver.
pub fn new<'s>(scope: &mut Scope<'s, '_>) -> Outcome<(v8::Local<'s, v8::Promise>, Resolver)> {
    let resolver = v8::PromiseResolver::new(scope).thrown()?;
    let isolate = Isolate::of(scope);
    isolate.tasks.unsettled.fetch_add(1, Ordering::SeqCst);
    let global = Held::new(scope, resolver);
    let resolver_ = Resolver { isolate, resolver: Mutex::new(Some(global)), settled: AtomicBool::new(false) };
    Ok((resolver.get_promise(scope), resolver_))
}

impl Resolver {
    /// Settles the promise. The isolate learns of it when it next runs.
    pub fn settle(&self, resolve: bool, value: Settlement, argument: &str) -> Result<(), Error> {
        if let Settlement::Kept(value) = &value
            && !Arc::ptr_eq(&value.isolate, &self.isolate)
        {
            return Err(Error::new(
                Status::WrongIsolate,
                format!("{argument}: it belongs to another isolate"),
            ));
        }
        if self.isolate.closed.load(Ordering::SeqCst) {
            return Err(Error::killed(Status::Disposed, Vec::new()));
        }
        let value = value.own();
        if !self.tell(if resolve { Settled::Resolve(value) } else { Settled::Reject(value) }) {
            return Err(Error::new(Status::WrongState, "resolver: its promise is settled already"));
        }
        Ok(())
    }

    /// False if it was settled before.
    fn tell(&self, outcome: Settled) -> bool {
        if self.settled.swap(true, Ordering::SeqCst) {
            return false;
        }
        let Some(resolver) = self.resolver.lock().unwrap_or_else(|e| e.into_inner()).take() else {
            return false;
        };
        // The note comes before the count goes down: in between, work is left either way.
        self.isolate.tasks.note(self.isolate.raw(), Box::new(move |scope| apply(scope, &resolver, outcome)));
        self.isolate.tasks.unsettled.fetch_sub(1, Ordering::SeqCst);
        true
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.tell(Settled::Abandoned);
    }
}

fn apply(scope: &mut Scope<'_, '_>, resolver: &Held<v8::PromiseResolver>, outcome: Settled) {
    let resolver = resolver.local(scope);
    // In the promise's own context, which is where an error is to come from.
    let promise = resolver.get_promise(scope);
    let context = promise.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context());
    let scope = &mut v8::ContextScope::new(scope, context);
    let settled = match outcome {
        Settled::Resolve(value) => value.local(scope).map(|value| resolver.resolve(scope, value)),
        Settled::Reject(value) => value.local(scope).map(|value| resolver.reject(scope, value)),
        Settled::Abandoned => {
            let text = "The host let go of the promise without settling it";
            value::string(scope, text).map(|text| {
                let error = v8::Exception::error(scope, text);
                resolver.reject(scope, error)
            })
        }
    };
    if settled.is_err() {
        // A string too long for V8: the promise must not hang for it.
        let reason = v8::undefined(scope).into();
        resolver.reject(scope, reason);
    }
}

/// A promise's state.
pub enum State {
    Pending,
    Fulfilled(Out),
    Rejected(Out),
}

fn promise<'s>(scope: &mut Scope<'s, '_>, value: &Value) -> Outcome<v8::Local<'s, v8::Promise>> {
    v8::Local::<v8::Promise>::try_from(value.local(scope)?)
        .map_err(|_| Error::invalid("promise: it is not a Promise").into())
}

pub fn state(value: &Value) -> Result<State, Error> {
    enter::touch(&value.isolate, None, |scope| {
        let promise = promise(scope, value)?;
        Ok(match promise.state() {
            v8::PromiseState::Pending => State::Pending,
            v8::PromiseState::Fulfilled => {
                let result = promise.result(scope);
                State::Fulfilled(Out::new(scope, result))
            }
            v8::PromiseState::Rejected => {
                let result = promise.result(scope);
                State::Rejected(Out::new(scope, result))
            }
        })
    })
}

/// Waits until the promise settles, running tasks meanwhile: its value, or what it was rejected
/// with as an exception. `stalled` says in what places a promise that will never settle waits.
pub fn wait(value: &Value, limits: &Limits, stalled: Stalled) -> Result<Out, Error> {
    let isolate = &value.isolate;
    enter::span(isolate, limits, |_| {
        // From now on somebody listens.
        enter::touch(isolate, None, |scope| {
            promise(scope, value)?.mark_as_handled();
            Ok(())
        })?;
        let mut result = None;
        pump::run_until(isolate, || {
            result = settled(isolate, value)?;
            Ok(result.is_some())
        })
        .map_err(|error| explain(isolate, value, error, stalled))?;
        result.unwrap_or_else(|| unreachable!("it ran until there was a result"))
    })
}

pub type Stalled = for<'s, 'i> fn(&mut Scope<'s, 'i>, v8::Local<'s, v8::Promise>) -> Outcome<Vec<String>>;

fn explain(isolate: &Arc<Isolate>, value: &Value, mut error: Error, stalled: Stalled) -> Error {
    if error.status == Status::WrongState {
        let places = enter::touch(isolate, None, |scope| {
            let promise = promise(scope, value)?;
            stalled(scope, promise)
        });
        if let Ok(places) = places
            && !places.is_empty()
        {
            error.message += &format!("; it waits in {}", places.join(", "));
        }
    }
    error
}

/// The promise's value, or what it was rejected with as an exception, once it has either.
fn settled(isolate: &Arc<Isolate>, value: &Value) -> Result<Option<Result<Out, Error>>, Error> {
    enter::touch(isolate, None, |scope| {
        let promise = promise(scope, value)?;
        Ok(match promise.state() {
            v8::PromiseState::Pending => None,
            v8::PromiseState::Fulfilled => {
                let value = promise.result(scope);
                Some(Ok(Out::new(scope, value)))
            }
            v8::PromiseState::Rejected => {
                let reason = promise.result(scope);
                Some(Err(Error::thrown(scope, reason, None)))
            }
        })
    })
}

/// Has two functions of JavaScript called when the promise settles; gives the promise of that.
pub fn then(
    value: &Value,
    on_fulfilled: Option<&Value>,
    on_rejected: Option<&Value>,
    limits: &Limits,
) -> Result<Value, Error> {
    enter::run(&value.isolate, None, limits, |scope| {
        let promise = promise(scope, value)?;
        let context = promise.get_creation_context(scope).unwrap_or_else(|| scope.get_current_context());
        let scope = &mut v8::ContextScope::new(scope, context);
        let function = |scope: &mut Scope<'_, '_>, value: &Value, name: &str| {
            if !Arc::ptr_eq(&value.isolate, &Isolate::of(scope)) {
                let text = format!("{name}: it belongs to another isolate than the promise");
                return Err(Error::new(Status::WrongIsolate, text).into());
            }
            v8::Local::<v8::Function>::try_from(value.local(scope)?)
                .map(|f| v8::Global::new(scope, f))
                .map_err(|_| enter::Fail::from(Error::invalid(format!("{name}: it is not a function"))))
        };
        let fulfilled = on_fulfilled.map(|f| function(scope, f, "on_fulfilled")).transpose()?;
        let rejected = on_rejected.map(|f| function(scope, f, "on_rejected")).transpose()?;
        let chained = match (fulfilled, rejected) {
            (Some(f), Some(r)) => {
                let (f, r) = (v8::Local::new(scope, f), v8::Local::new(scope, r));
                promise.then2(scope, f, r)
            }
            (Some(f), None) => {
                let f = v8::Local::new(scope, f);
                promise.then(scope, f)
            }
            (None, Some(r)) => {
                let r = v8::Local::new(scope, r);
                promise.catch(scope, r)
            }
            (None, None) => {
                return Err(Error::invalid("on_fulfilled: it and on_rejected are both NULL").into());
            }
        }
        .thrown()?;
        Ok(Value::new(scope, chained.into()))
    })
}
