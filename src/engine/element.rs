//! What the bytes of a buffer or view are, and how to make either.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::isolate::Isolate;
use crate::engine::raw;

/// What the bytes of a buffer or view are. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_element_type {
    /// Int8Array.
    Int8 = 0,
    /// Uint8Array.
    Uint8 = 1,
    /// Uint8ClampedArray.
    Uint8Clamped = 2,
    /// Int16Array.
    Int16 = 3,
    /// Uint16Array.
    Uint16 = 4,
    /// Int32Array.
    Int32 = 5,
    /// Uint32Array.
    Uint32 = 6,
    /// Float16Array.
    Float16 = 7,
    /// Float32Array.
    Float32 = 8,
    /// Float64Array.
    Float64 = 9,
    /// BigInt64Array.
    Bigint64 = 10,
    /// BigUint64Array.
    Biguint64 = 11,
    /// DataView: its lengths are in bytes.
    DataView = 12,
    /// ArrayBuffer: no view.
    ArrayBuffer = 13,
}
pub use jsvm_element_type as Element;

impl Element {
    /// The type of a number that came from C.
    pub fn from_number(number: u32) -> Option<Element> {
        use Element::*;
        const ALL: [Element; 14] = [
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
            ArrayBuffer,
        ];
        ALL.get(number as usize).copied()
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        use Element::*;
        match self {
            Int8 | Uint8 | Uint8Clamped | DataView | ArrayBuffer => 1,
            Int16 | Uint16 | Float16 => 2,
            Int32 | Uint32 | Float32 => 4,
            Float64 | Bigint64 | Biguint64 => 8,
        }
    }

    /// The type of a buffer or view, by V8's brands.
    pub fn of(value: v8::Local<v8::Value>) -> Element {
        match value {
            v if v.is_array_buffer() || v.is_shared_array_buffer() => Element::ArrayBuffer,
            v if v.is_uint8_array() => Element::Uint8,
            v if v.is_int8_array() => Element::Int8,
            v if v.is_uint8_clamped_array() => Element::Uint8Clamped,
            v if v.is_int16_array() => Element::Int16,
            v if v.is_uint16_array() => Element::Uint16,
            v if v.is_int32_array() => Element::Int32,
            v if v.is_uint32_array() => Element::Uint32,
            v if v.is_float16_array() => Element::Float16,
            v if v.is_float32_array() => Element::Float32,
            v if v.is_float64_array() => Element::Float64,
            v if v.is_big_int64_array() => Element::Bigint64,
            v if v.is_big_uint64_array() => Element::Biguint64,
            _ => Element::DataView,
        }
    }

    /// A view of this type on a buffer; for ArrayBuffer the buffer itself. The range is the caller's
    /// to check.
    pub fn view<'s>(
        self,
        scope: &mut Scope<'s, '_>,
        buffer: v8::Local<'s, v8::ArrayBuffer>,
        byte_offset: usize,
        length: usize,
    ) -> Outcome<v8::Local<'s, v8::Value>> {
        macro_rules! make {
            ($class:ident) => {
                v8::$class::new(scope, buffer, byte_offset, length).thrown()?.into()
            };
        }
        Ok(match self {
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
            Element::ArrayBuffer => buffer.into(),
        })
    }
}

/// V8's way to say "do not clear the memory first".
const UNINITIALIZED: i32 = 1;

/// A new ArrayBuffer with a copy of the bytes; None if the isolate's limit or the machine has no
/// room for them.
pub fn array_buffer<'s>(scope: &mut Scope<'s, '_>, bytes: &[u8]) -> Option<v8::Local<'s, v8::ArrayBuffer>> {
    let isolate = Isolate::of(scope);
    // The crate's own function aborts where there is no memory.
    // SAFETY: this thread is inside the isolate, with a handle scope open.
    let buffer =
        unsafe { raw::local(scope, raw::array_buffer_maybe_new(isolate.raw(), bytes.len(), UNINITIALIZED)) }?;
    if let Some(data) = buffer.data() {
        // SAFETY: V8 made the buffer this long, and nobody else has seen it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), data.as_ptr().cast(), bytes.len()) };
    }
    Some(buffer)
}
