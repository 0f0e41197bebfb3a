//! ArrayBuffers and what looks into them, for the host.
//!
//! V8 kills the process where it wants memory for a buffer and gets none, and where a view does not
//! fit its buffer. So nothing here asks it without having looked.

use crate::engine::element::{Element, array_buffer};
use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::function::no_unwind;
use crate::engine::heap::Buffers;
use crate::engine::isolate::Isolate;
use crate::engine::object::within;
use crate::engine::reaper::{self, Job};
use crate::engine::value::Value;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The memory of a buffer, held: it stays whole, whatever becomes of the buffer and the isolate.
pub struct Store(v8::SharedRef<v8::BackingStore>);

/// A new ArrayBuffer with a copy of the bytes.
pub fn copied(scope: &mut Scope<'_, '_>, bytes: &[u8]) -> Outcome<Value> {
    let limit = Isolate::of(scope).options.buffer_limit;
    let buffer = array_buffer(scope, bytes).ok_or_else(|| {
        let len = bytes.len();
        let text = format!(
            "len: {len} bytes are more than the isolate's buffer limit of {limit} or the machine has left"
        );
        Error::new(Status::OutOfMemory, text)
    })?;
    Ok(Value::new(scope, buffer.into()))
}

/// Refuses more bytes than a buffer can have.
pub fn check_length(len: usize) -> Result<(), Error> {
    if len > v8::TypedArray::MAX_BYTE_LENGTH {
        return Err(Error::invalid(format!("len: {len} bytes are more than a buffer can have")));
    }
    Ok(())
}

/// Memory of the host's as the memory of a buffer. `release` is done on the finalizer thread when
/// nobody uses it any more.
///
/// # Safety
/// `data` points to `len` bytes, more than none, until `release` is done.
pub unsafe fn host_store(isolate: &Isolate, data: *mut c_void, len: usize, release: Job) -> Store {
    isolate.buffers.host.fetch_add(len, Ordering::Relaxed);
    let lent = Box::into_raw(Box::new(Lent { buffers: isolate.buffers.clone(), release })).cast();
    // SAFETY: the caller's promise about the memory; `on_released` takes the box back.
    Store(unsafe { v8::ArrayBuffer::new_backing_store_from_ptr(data, len, on_released, lent) }.make_shared())
}

/// Memory of the host's that V8 uses.
struct Lent {
    buffers: Arc<Buffers>,
    release: Job,
}

/// V8 calls this once, on any thread, also in the middle of a collection.
unsafe extern "C" fn on_released(_data: *mut c_void, len: usize, lent: *mut c_void) {
    no_unwind(|| {
        // SAFETY: the box that `host_store` gave away.
        let lent = unsafe { Box::from_raw(lent as *mut Lent) };
        lent.buffers.host.fetch_sub(len, Ordering::Relaxed);
        reaper::later(vec![lent.release]);
    });
}

/// A new ArrayBuffer over memory that somebody holds.
pub fn external(scope: &mut Scope<'_, '_>, store: &Store) -> Outcome<Value> {
    let buffer = v8::ArrayBuffer::with_backing_store(scope, &store.0);
    Ok(Value::new(scope, buffer.into()))
}

/// A view of a buffer. Everything that V8 would die of is refused.
pub fn view(
    scope: &mut Scope<'_, '_>,
    buffer: &Value,
    element: Element,
    byte_offset: usize,
    length: usize,
) -> Outcome<Value> {
    let value = buffer.local(scope)?;
    // SAFETY: V8 has one class for both kinds of buffer, and the view's constructors take it.
    let buffer: v8::Local<v8::ArrayBuffer> = unsafe { v8::Local::cast_unchecked(value) };
    if value.is_array_buffer() && buffer.was_detached() {
        return Err(Error::new(Status::WrongState, "buffer: it is detached").into());
    }
    let (total, size) = (buffer.byte_length(), element.size());
    if !byte_offset.is_multiple_of(size) {
        return Err(Error::invalid(format!(
            "byte_offset: {byte_offset} is not a multiple of the elements' {size} bytes"
        ))
        .into());
    }
    let room = total.checked_sub(byte_offset).ok_or_else(|| {
        Error::invalid(format!("byte_offset: {byte_offset} is past the end of the buffer's {total} bytes"))
    })?;
    if length > room / size {
        return Err(Error::invalid(format!(
            "length: {length} elements of {size} bytes do not fit into the {room} bytes from byte_offset on"
        ))
        .into());
    }
    within(scope, value.cast(), |scope| {
        let view = element.view(scope, buffer, byte_offset, length)?;
        Ok(Value::new(scope, view))
    })
}

pub fn element_type(scope: &mut Scope<'_, '_>, view: &Value) -> Outcome<Element> {
    Ok(Element::of(view.local(scope)?))
}

/// Where V8 keeps small arrays on the heap, it gives them memory of their own when somebody asks for
/// their buffer, and dies if the allocator refuses it. This build of V8 does not.
const _: () = assert!(v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP == 0);

/// The bytes of a buffer or view, for the time of the call.
fn with_bytes<R>(
    scope: &mut Scope<'_, '_>,
    value: &Value,
    body: impl FnOnce(*const u8, usize) -> R,
) -> Outcome<R> {
    let value = value.local(scope)?;
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        // SAFETY: the memory is used before anything else is asked of V8.
        let (data, len) = unsafe { view.get_contents_raw_parts(&mut []) };
        return Ok(body(data, len));
    }
    // SAFETY: V8 has one class for both kinds of buffer.
    let buffer: v8::Local<v8::ArrayBuffer> = unsafe { v8::Local::cast_unchecked(value) };
    let data = buffer.data().map_or(std::ptr::null(), |data| data.as_ptr().cast_const().cast());
    Ok(body(data, buffer.byte_length()))
}

pub fn byte_length(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<usize> {
    with_bytes(scope, value, |_, len| len)
}

/// Copies bytes from an offset on, at most `len`, and says how many.
///
/// # Safety
/// `to` may be written for `len` bytes.
pub unsafe fn copy_out(
    scope: &mut Scope<'_, '_>,
    value: &Value,
    offset: usize,
    to: *mut u8,
    len: usize,
) -> Outcome<usize> {
    with_bytes(scope, value, |data, total| {
        let room = total.checked_sub(offset).ok_or_else(|| {
            Error::invalid(format!("offset: {offset} is past the end of the {total} bytes"))
        })?;
        let count = room.min(len);
        if count > 0 {
            // SAFETY: the caller's promise; the host may copy within one memory that it shares.
            unsafe { std::ptr::copy(data.add(offset), to, count) };
        }
        Ok(count)
    })?
}

/// The ArrayBuffer of a buffer or view.
fn buffer_of<'s>(
    scope: &mut Scope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
) -> Outcome<v8::Local<'s, v8::ArrayBuffer>> {
    match v8::Local::<v8::ArrayBufferView>::try_from(value) {
        Ok(view) => view.buffer(scope).thrown(),
        // SAFETY: V8 has one class for both kinds of buffer.
        Err(_) => Ok(unsafe { v8::Local::cast_unchecked(value) }),
    }
}

/// Where the bytes of a buffer or view are, how many, and what keeps them there.
pub fn borrow(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<(*mut c_void, usize, Store)> {
    let value = value.local(scope)?;
    let store = buffer_of(scope, value)?.get_backing_store();
    if store.is_resizable_by_user_javascript() && !store.is_shared() {
        return Err(Error::new(
            Status::WrongState,
            "value: a resizable ArrayBuffer can be made smaller by the guest while it is borrowed: copy it",
        )
        .into());
    }
    let (offset, len) = match v8::Local::<v8::ArrayBufferView>::try_from(value) {
        Ok(view) => (view.byte_offset(), view.byte_length()),
        Err(_) => (0, store.byte_length()),
    };
    let data = match store.data() {
        // SAFETY: a view lies inside its buffer.
        Some(data) if len > 0 => unsafe { data.byte_add(offset) }.as_ptr(),
        _ => std::ptr::null_mut(),
    };
    Ok((data, len, Store(store)))
}

/// Takes the memory away from a buffer: it and its views have no bytes any more.
pub fn detach(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<()> {
    let value = value.local(scope)?;
    let buffer = buffer_of(scope, value)?;
    if buffer.get_backing_store().is_shared() {
        return Err(Error::invalid("value: a SharedArrayBuffer cannot be detached").into());
    }
    if !buffer.is_detachable() {
        return Err(
            Error::new(Status::WrongState, "value: it is the memory of a WebAssembly instance").into()
        );
    }
    buffer.detach(None).thrown()?;
    Ok(())
}
