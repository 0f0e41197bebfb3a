//! Structured clone: a value as bytes for another isolate of this V8, or a copy in the same isolate.

use crate::engine::enter::{self, Fail, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::seal::{seal, unseal};
use crate::engine::value::{Held, In, Out};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use v8::{
    ArrayBuffer, Global, Local, SharedArrayBuffer, Value, ValueDeserializerHelper, ValueSerializerHelper,
};

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
) -> Result<Vec<u8>, Error> {
    enter::run(isolate, Some(context), limits, |scope| {
        let value = value.local(scope)?;
        let context = scope.get_current_context();
        let serializer = v8::ValueSerializer::new(scope, Box::new(Delegate::default()));
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
) -> Result<Out, Error> {
    // V8 must not read forged bytes.
    let payload = unseal(CLONE_MAGIC, 0, bytes).ok_or_else(|| {
        Error::invalid("bytes: they are not, or not all, what jsvm_value_serialize of this version gave")
    })?;
    enter::run(isolate, Some(context), limits, |scope| {
        let context = scope.get_current_context();
        let deserializer = v8::ValueDeserializer::new(scope, Box::new(Delegate::default()), payload);
        deserializer.read_header(context).filter(|read| *read).thrown()?;
        let value = deserializer.read_value(context).thrown()?;
        Ok(Out::new(scope, value))
    })
}

/// A copy of a value in the scope's context. The buffers to transfer are moved: what had them has no bytes any more. Nothing
/// is moved if the copy fails. Getters run.
pub fn structured_clone<'s>(
    scope: &mut Scope<'s, '_>,
    value: Local<'s, Value>,
    transfer: &[Local<'s, ArrayBuffer>],
) -> Outcome<Local<'s, Value>> {
    let context = scope.get_current_context();
    let shared = Some(Rc::new(RefCell::default()));
    let bytes = {
        let serializer = v8::ValueSerializer::new(scope, Box::new(Delegate { shared: shared.clone() }));
        for (id, buffer) in (0..).zip(transfer) {
            serializer.transfer_array_buffer(id, *buffer);
        }
        serializer.write_header();
        serializer.write_value(context, value).filter(|written| *written).thrown()?;
        serializer.release()
    };
    // Not before: getters may have detached them.
    if transfer.iter().any(|buffer| buffer.was_detached() || !buffer.is_detachable()) {
        return Err(refuse(scope, "An ArrayBuffer is detached and"));
    }
    let deserializer = v8::ValueDeserializer::new(scope, Box::new(Delegate { shared }), &bytes);
    for (id, buffer) in (0..).zip(transfer) {
        let store = buffer.get_backing_store();
        buffer.detach(None).thrown()?;
        deserializer.transfer_array_buffer(id, ArrayBuffer::with_backing_store(scope, &store));
    }
    deserializer.read_header(context).filter(|read| *read).thrown()?;
    deserializer.read_value(context).thrown()
}

#[derive(Default)]
struct Delegate {
    /// The SharedArrayBuffers of a copy in the same isolate, by their number in the bytes. Other isolates get none.
    shared: Option<Rc<RefCell<Vec<Global<SharedArrayBuffer>>>>>,
}

/// Throws what DOM's structured clone throws.
pub fn throw(scope: &mut Scope<'_, '_>, message: v8::Local<'_, v8::String>) {
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

fn refuse(scope: &mut Scope<'_, '_>, what: &str) -> Fail {
    let text = format!("{what} could not be cloned.");
    let message = v8::String::new(scope, &text).unwrap_or_else(|| v8::String::empty(scope));
    throw(scope, message);
    Fail::Thrown
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
        buffer: Local<'s, SharedArrayBuffer>,
    ) -> Option<u32> {
        let Some(shared) = &self.shared else {
            refuse(scope, "#<SharedArrayBuffer>");
            return None;
        };
        let mut shared = shared.borrow_mut();
        shared.push(Global::new(scope, buffer));
        Some(shared.len() as u32 - 1)
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

/// Only a copy in the same isolate has any of this, and that only SharedArrayBuffers.
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
        id: u32,
    ) -> Option<Local<'s, SharedArrayBuffer>> {
        let Some(shared) = &self.shared else {
            refuse(scope, "#<SharedArrayBuffer>");
            return None;
        };
        let store = Local::new(scope, shared.borrow().get(id as usize)?).get_backing_store();
        Some(SharedArrayBuffer::with_backing_store(scope, &store))
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
