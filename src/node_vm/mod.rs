//! The JavaScript module `node:vm`: vm.js, over the natives here. What they do is done in src/vm, for C as well.

mod contextify;
mod function;
mod script;

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::engine::value::{self, Value};
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::vm::context::Context;
use v8::Local;

pub const SOURCES: &[&[Source]] = &[&[Source { name: "node:vm", text: include_str!("vm.js"), natives }]];

/// The module, as `require('node:vm')` gives it: what it calls "this context" is the context that is given.
pub fn module(context: &Context) -> Result<Value, Error> {
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        let module = realm::load(scope, "node:vm")?;
        Ok(Value::new(scope, module.into()))
    })
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    script::natives(native)?;
    function::natives(native)?;
    contextify::natives(native)
}

/// The string that an argument is; vm.js has looked.
fn string<'s>(argument: Local<'s, v8::Value>) -> Outcome<Local<'s, v8::String>> {
    argument.try_into().map_err(|_| Error::invalid("an argument is no string").into())
}

/// The string that an argument is, if it is one.
fn text(scope: &Scope<'_, '_>, argument: Local<v8::Value>) -> Option<String> {
    argument.is_string().then(|| argument.to_rust_string_lossy(scope))
}

/// The bytes of a view, if the argument is one.
fn bytes<'s>(scope: &mut Scope<'s, '_>, argument: Local<'s, v8::Value>) -> Option<Vec<u8>> {
    argument.is_array_buffer_view().then(|| value::bytes(scope, argument))
}

/// Bytes as a Uint8Array of the scope's context.
fn uint8_array<'s>(scope: &mut Scope<'s, '_>, bytes: Vec<u8>) -> Outcome<Local<'s, v8::Value>> {
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
