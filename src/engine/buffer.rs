//! ArrayBuffers and what looks into them, for the host.
//!
//! V8 kills the process where it wants memory for a buffer and gets none, and where a view does not
//! fit its buffer. So nothing here asks it without having looked.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::function::no_unwind;
use crate::engine::isolate::Isolate;
use crate::engine::object::within;
use crate::engine::reaper::{self, Job};
use crate::engine::value::Value;
use crate::engine::{heap, raw};
use std::ffi::c_void;

/// What the elements of a view are. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_element_type {
    Int8 = 0,
    Uint8 = 1,
    Uint8Clamped = 2,
    Int16 = 3,
    Uint16 = 4,
    Int32 = 5,
    Uint32 = 6,
    Float16 = 7,
    Float32 = 8,
    Float64 = 9,
    Bigint64 = 10,
    Biguint64 = 11,
    /// No elements: a DataView. Its lengths are in bytes.
    DataView = 12,
}
pub use jsvm_element_type as Element;

impl Element {
    /// The type of a number that came from C.
    pub fn from_number(number: u32) -> Option<Element> {
        use Element::*;
        const ALL: [Element; 13] = [
            Int8,
            Uint8,
            Uint8Clamped,
            Int16,
            Uint16,
            Int32,
            Uint32,
            Float16,
            Float32,
            Float64,
            Bigint64,
            Biguint64,
            DataView,
        ];
        ALL.get(number as usize).copied()
    }

    fn size(self) -> usize {
        match self {
            Element::Int8 | Element::Uint8 | Element::Uint8Clamped | Element::DataView => 1,
            Element::Int16 | Element::Uint16 | Element::Float16 => 2,
            Element::Int32 | Element::Uint32 | Element::Float32 => 4,
            Element::Float64 | Element::Bigint64 | Element::Biguint64 => 8,
        }
    }

    fn of(view: v8::Local<v8::Value>) -> Element {
        let brands = [
            (view.is_uint8_array(), Element::Uint8),
            (view.is_int8_array(), Element::Int8),
            (view.is_uint8_clamped_array(), Element::Uint8Clamped),
            (view.is_int16_array(), Element::Int16),
            (view.is_uint16_array(), Element::Uint16),
            (view.is_int32_array(), Element::Int32),
            (view.is_uint32_array(), Element::Uint32),
            (view.is_float16_array(), Element::Float16),
            (view.is_float32_array(), Element::Float32),
            (view.is_float64_array(), Element::Float64),
            (view.is_big_int64_array(), Element::Bigint64),
            (view.is_big_uint64_array(), Element::Biguint64),
        ];
        brands.into_iter().find(|(is, _)| *is).map_or(Element::DataView, |(_, element)| element)
    }
}

/// The memory of a buffer, held: it stays whole, whatever becomes of the buffer and the isolate.
pub struct Store(v8::SharedRef<v8::BackingStore>);

/// V8's way to say "do not clear the memory first".
const UNINITIALIZED: i32 = 1;

/// A new ArrayBuffer with a copy of the bytes.
pub fn copied(scope: &mut Scope<'_, '_>, bytes: &[u8]) -> Outcome<Value> {
    let isolate = Isolate::of(scope);
    // SAFETY: this thread is inside the isolate, with a handle scope open.
    let buffer =
        unsafe { raw::local(scope, raw::array_buffer_maybe_new(isolate.raw(), bytes.len(), UNINITIALIZED)) };
    let buffer = buffer.ok_or_else(|| {
        Error::new(
            Status::OutOfMemory,
            format!(
                "len: {} bytes are more than the isolate's buffer limit of {} or the machine has left",
                bytes.len(),
                isolate.options.buffer_limit
            ),
        )
    })?;
    if let Some(data) = buffer.data() {
        // SAFETY: V8 made the buffer this long, and nobody else has seen it.
        unsafe {
            data.cast::<u8>().copy_from_nonoverlapping(std::ptr::NonNull::from(bytes).cast(), bytes.len())
        };
    }
    Ok(Value::new(scope, buffer.into()))
}

/// Memory of the host's as the memory of a buffer. `release` is done on the finalizer thread when
/// nobody uses it any more.
///
/// # Safety
/// `data` points to `len` bytes, more than none, until `release` is done.
pub unsafe fn host_store(data: *mut c_void, len: usize, release: Job) -> Store {
    let release = Box::into_raw(Box::new(release)).cast();
    // SAFETY: the caller's promise about the memory; `on_released` takes the box back.
    Store(
        unsafe { v8::ArrayBuffer::new_backing_store_from_ptr(data, len, on_released, release) }.make_shared(),
    )
}

/// V8 calls this once, on any thread, also in the middle of a collection.
unsafe extern "C" fn on_released(_data: *mut c_void, _len: usize, release: *mut c_void) {
    no_unwind(|| {
        // SAFETY: the box that `host_store` gave away.
        let release = unsafe { Box::from_raw(release as *mut Job) };
        reaper::later(vec![*release]);
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
        macro_rules! make {
            ($class:ident) => {
                v8::$class::new(scope, buffer, byte_offset, length).thrown()?.into()
            };
        }
        let view: v8::Local<v8::Value> = match element {
            Element::Int8 => make!(Int8Array),
            Element::Uint8 => make!(Uint8Array),
            Element::Uint8Clamped => make!(Uint8ClampedArray),
            Element::Int16 => make!(Int16Array),
            Element::Uint16 => make!(Uint16Array),
            Element::Int32 => make!(Int32Array),
            Element::Uint32 => make!(Uint32Array),
            Element::Float16 => {
                let array = v8::Float16Array::new(scope, buffer, byte_offset, length).thrown()?;
                // SAFETY: a handle of this scope; the crate has forgotten that it is a value.
                unsafe { raw::local(scope, raw::ptr(array).cast()) }.thrown()?
            }
            Element::Float32 => make!(Float32Array),
            Element::Float64 => make!(Float64Array),
            Element::Bigint64 => make!(BigInt64Array),
            Element::Biguint64 => make!(BigUint64Array),
            Element::DataView => v8::DataView::new(scope, buffer, byte_offset, length).into(),
        };
        Ok(Value::new(scope, view))
    })
}

pub fn element_type(scope: &mut Scope<'_, '_>, view: &Value) -> Outcome<Element> {
    Ok(Element::of(view.local(scope)?))
}

/// The bytes of a buffer or view, for the time of the call.
fn with_bytes<R>(
    scope: &mut Scope<'_, '_>,
    value: &Value,
    body: impl FnOnce(*const u8, usize) -> R,
) -> Outcome<R> {
    let value = value.local(scope)?;
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        // Small arrays have their bytes on the heap, which moves: V8 copies them here.
        let mut small = [0u8; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
        // SAFETY: the memory is used before anything else is asked of V8.
        let (data, len) = unsafe { view.get_contents_raw_parts(&mut small) };
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
        // V8 dies if a small array gets no memory of its own here: `heap` never refuses it.
        Ok(view) => view.buffer(scope).thrown(),
        // SAFETY: V8 has one class for both kinds of buffer.
        Err(_) => Ok(unsafe { v8::Local::cast_unchecked(value) }),
    }
}

/// Where the bytes of a buffer or view are, how many, and what keeps them there.
pub fn borrow(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<(*mut c_void, usize, Store)> {
    const { assert!(v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP <= heap::NEVER_REFUSED) };
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
