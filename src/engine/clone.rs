//! Structured clone: a value as bytes, for another isolate of this V8.

use crate::engine::enter::{self, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::seal::{seal, unseal};
use crate::engine::value::{Held, In, Out};
use std::sync::Arc;
use v8::{ValueDeserializerHelper, ValueSerializerHelper};

/// Of our clones.
const CLONE_MAGIC: &[u8; 8] = b"jsvmsc01";
/// DOMException's number of a DataCloneError.
const DATA_CLONE_ERR: i32 = 25;

/// A value's bytes. Getters run.
pub fn serialize(
    isolate: &Arc<Isolate>,
    context: &Held<v8::Context>,
    value: &In,
    limits: &Limits,
) -> Result<Vec<u8>, Box<Error>> {
    enter::run(isolate, Some(context), limits, |scope| {
        let value = value.local(scope)?;
        let context = scope.get_current_context();
        let serializer = v8::ValueSerializer::new(scope, Box::new(Delegate));
        serializer.write_header();
        serializer.write_value(context, value).filter(|written| *written).thrown()?;
        Ok(seal(CLONE_MAGIC, 0, &serializer.release()))
    })
}

/// The value that `serialize` made bytes of, in a context of the isolate.
pub fn deserialize(
    isolate: &Arc<Isolate>,
    context: &Held<v8::Context>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Out, Box<Error>> {
    // V8 must not read forged bytes.
    let payload = unseal(CLONE_MAGIC, 0, bytes).ok_or_else(|| {
        Error::invalid("bytes: they are not, or not all, what jsvm_value_serialize of this version gave")
    })?;
    enter::run(isolate, Some(context), limits, |scope| {
        let context = scope.get_current_context();
        let deserializer = v8::ValueDeserializer::new(scope, Box::new(Delegate), payload);
        deserializer.read_header(context).filter(|read| *read).thrown()?;
        let value = deserializer.read_value(context).thrown()?;
        Ok(Out::new(scope, value))
    })
}

struct Delegate;

/// Throws what DOM's structured clone throws.
fn throw(scope: &mut Scope<'_, '_>, message: v8::Local<'_, v8::String>) {
    let error = v8::Exception::error(scope, message);
    if let Ok(object) = v8::Local::<v8::Object>::try_from(error) {
        let set = |scope: &mut Scope<'_, '_>, key: &str, value: v8::Local<'_, v8::Value>| {
            let key = v8::String::new(scope, key)?;
            object.define_own_property(scope, key.into(), value, v8::PropertyAttribute::DONT_ENUM)
        };
        if let Some(name) = v8::String::new(scope, "DataCloneError") {
            set(scope, "name", name.into());
        }
        let code = v8::Integer::new(scope, DATA_CLONE_ERR);
        set(scope, "code", code.into());
    }
    scope.throw_exception(error);
}

fn refuse(scope: &mut Scope<'_, '_>, what: &str) {
    let text = format!("{what} could not be cloned.");
    let message = v8::String::new(scope, &text).unwrap_or_else(|| v8::String::empty(scope));
    throw(scope, message);
}

impl v8::ValueSerializerImpl for Delegate {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        message: v8::Local<'s, v8::String>,
    ) {
        throw(scope, message);
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        _object: v8::Local<'s, v8::Object>,
        _serializer: &dyn ValueSerializerHelper,
    ) -> Option<bool> {
        refuse(scope, "An object of the host");
        None
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        _buffer: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        refuse(scope, "#<SharedArrayBuffer>");
        None
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        _module: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        refuse(scope, "#<WebAssembly.Module>");
        None
    }
}

/// None of this is in bytes that `serialize` made.
impl v8::ValueDeserializerImpl for Delegate {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        _deserializer: &dyn ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        refuse(scope, "An object of the host");
        None
    }

    fn get_shared_array_buffer_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        _id: u32,
    ) -> Option<v8::Local<'s, v8::SharedArrayBuffer>> {
        refuse(scope, "#<SharedArrayBuffer>");
        None
    }

    fn get_wasm_module_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        _id: u32,
    ) -> Option<v8::Local<'s, v8::WasmModuleObject>> {
        refuse(scope, "#<WebAssembly.Module>");
        None
    }
}
