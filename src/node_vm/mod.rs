//! The JavaScript module `node:vm`: vm.js, over the natives here. What they do is done in src/vm, for C as well.

mod contextify;
mod function;
pub mod module;
mod script;

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::{Error, throw_coded};
use crate::engine::limits::Limits;
use crate::engine::value::{self, Value};
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::vm::context::Context;
use crate::vm::import::{self, Answer};
use std::ops::Deref;
use std::time::Duration;
use v8::Local;

pub const SOURCES: &[&[Source]] = &[&[
    Source { name: "node:vm", text: include_str!("vm.js"), natives },
    Source { name: "node:internal/vm/context", text: "return native;", natives: contextify::natives },
    // `importerOf(name)`, where there is one: what answers the imports of code of that name.
    Source {
        name: "node:internal/vm/default_loader",
        text: "return { __proto__: null, importerOf: undefined };",
        natives: |_| Ok(()),
    },
    Source { name: "node:internal/vm/module", text: include_str!("module.js"), natives: module::natives },
    Source { name: "node:internal/vm/v10", text: include_str!("v10.js"), natives: |_| Ok(()) },
]];

/// Whose manual the module follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    #[default]
    Newest,
    Node10,
}

impl Generation {
    /// By a major version of Node; 0 is the newest.
    pub fn of_version(version: u32) -> Option<Generation> {
        match version {
            0 => Some(Generation::Newest),
            10 => Some(Generation::Node10),
            _ => None,
        }
    }
}

/// The module, as `require('node:vm')` gives it: what it calls "this context" is the context that is given.
pub fn module(context: &Context, generation: Generation) -> Result<Value, Error> {
    let file = match generation {
        Generation::Newest => "node:vm",
        Generation::Node10 => "node:internal/vm/v10",
    };
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        let module = realm::load(scope, file)?;
        Ok(Value::new(scope, module.into()))
    })
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    script::natives(native)?;
    function::natives(native)
}

/// The string that an argument is; vm.js has looked.
fn string<'s>(argument: Local<'s, v8::Value>) -> Outcome<Local<'s, v8::String>> {
    argument.try_into().map_err(|_| Error::invalid("an argument is no string").into())
}

/// The string that an argument is, if it is one.
fn text(scope: &Scope<'_, '_>, argument: Local<v8::Value>) -> Option<String> {
    argument.is_string().then(|| argument.to_rust_string_lossy(scope))
}

/// The number that an argument is; vm.js has looked. Who calls a native past vm.js gets 0: a conversion would run guest code.
fn int32(argument: Local<v8::Value>) -> i32 {
    Local::<v8::Int32>::try_from(argument).map_or(0, |number| number.value())
}

/// The bytes of a view. What no other thread can change is not copied: nothing of JavaScript runs while they are looked at.
enum Bytes {
    Borrowed { store: v8::SharedRef<v8::BackingStore>, start: usize, len: usize },
    Copied(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Copied(bytes) => bytes,
            Bytes::Borrowed { store, start, len } => match store.data() {
                // SAFETY: the view lies in its store, which is held; nobody writes meanwhile.
                Some(data) => unsafe {
                    std::slice::from_raw_parts(data.as_ptr().cast::<u8>().add(*start), *len)
                },
                None => &[],
            },
        }
    }
}

/// The bytes of a view, if the argument is one.
fn bytes<'s>(scope: &mut Scope<'s, '_>, argument: Local<'s, v8::Value>) -> Option<Bytes> {
    let view = Local::<v8::ArrayBufferView>::try_from(argument).ok()?;
    let (start, len) = (view.byte_offset(), view.byte_length());
    let store = view.buffer(scope).map(|buffer| buffer.get_backing_store());
    Some(match store.filter(|store| !store.is_shared() && start + len <= store.byte_length()) {
        Some(store) => Bytes::Borrowed { store, start, len },
        None => Bytes::Copied(value::bytes(scope, argument)),
    })
}

/// Bytes as a Uint8Array of the scope's context.
pub fn uint8_array<'s>(scope: &mut Scope<'s, '_>, bytes: Vec<u8>) -> Outcome<Local<'s, v8::Value>> {
    let len = bytes.len();
    let store = v8::ArrayBuffer::new_backing_store_from_vec(bytes).make_shared();
    let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
    Ok(v8::Uint8Array::new(scope, buffer, 0, len).thrown()?.into())
}

/// Sets a property that the object has itself.
fn define<'s>(
    scope: &Scope<'s, '_>,
    object: Local<'s, v8::Object>,
    name: &str,
    value: Local<'s, v8::Value>,
) -> Outcome<()> {
    let name = value::string(scope, name)?;
    object.create_data_property(scope, name.into(), value).thrown()?;
    Ok(())
}

/// The context of a contextified object, which vm.js has looked at; undefined is the scope's own.
fn context_of<'s>(
    scope: &mut Scope<'s, '_>,
    argument: Local<'s, v8::Value>,
) -> Outcome<Local<'s, v8::Context>> {
    let Ok(object) = argument.try_into() else { return Ok(scope.get_current_context()) };
    let context = crate::vm::context::of_object(scope, object)?;
    context.ok_or_else(|| Error::invalid("an argument is no contextified object").into())
}

/// Who answers the imports of some code, if vm.js gives somebody.
pub fn import_answer<'s>(
    scope: &Scope<'s, '_>,
    callback: Local<'s, v8::Value>,
    referrer: Local<'s, v8::Value>,
) -> Outcome<Option<Answer<'s>>> {
    let callback = Local::<v8::Function>::try_from(callback).ok();
    Ok(callback.map(|callback| Answer::new(scope, callback, referrer)))
}

/// What code is compiled with. As in Node, who answers for its context does not answer for it.
fn options_of<'s>(
    scope: &Scope<'s, '_>,
    answer: Option<Answer<'s>>,
) -> Outcome<Local<'s, v8::PrimitiveArray>> {
    answer.map_or_else(|| Ok(import::options_of_nobody(scope)), |answer| answer.options(scope))
}

/// The elements of an array, which vm.js has looked at; undefined is none.
fn list<'s, T>(scope: &mut Scope<'s, '_>, argument: Local<'s, v8::Value>) -> Outcome<Vec<Local<'s, T>>>
where
    Local<'s, T>: TryFrom<Local<'s, v8::Value>>,
{
    let Ok(array) = Local::<v8::Array>::try_from(argument) else { return Ok(Vec::new()) };
    (0..array.length())
        .map(|at| {
            let element = array.get_index(scope, at).thrown()?;
            element.try_into().map_err(|_| Error::invalid("an element is of another type").into())
        })
        .collect()
}

/// The limits of a run; no timeout is 0.
fn limits(timeout: Local<v8::Value>, break_on_sigint: Local<v8::Value>) -> Limits<'static> {
    let timeout = Local::<v8::Uint32>::try_from(timeout).ok().filter(|ms| ms.value() > 0);
    Limits {
        timeout: timeout.map(|ms| Duration::from_millis(ms.value().into())),
        break_on_sigint: break_on_sigint.is_true(),
        ..Limits::NONE
    }
}

/// Runs something within limits of its own. If they end it, that is an error of the scope's context.
fn run_within<'s, 'i, R>(
    scope: &mut Scope<'s, 'i>,
    limits: &Limits,
    body: impl FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Outcome<R> {
    if limits.timeout.is_none() && !limits.break_on_sigint {
        return body(scope);
    }
    match enter::within(scope, limits, body) {
        Ok(ended) => ended,
        Err(kill) => {
            let (message, code) = kill.message();
            if let Some(code) = code {
                throw_coded(scope, v8::Exception::error, code, &message)?;
            }
            Err(Error::new(kill.status, message).into())
        }
    }
}
