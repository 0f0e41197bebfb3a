//! Values that the host keeps, and values that cross a call.

use crate::engine::bytes::{self, Bytes};
use crate::engine::enter::{Outcome, Scope, Thrown, is_inside};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::raw;
use std::ptr::NonNull;
use std::sync::Arc;

/// What kind of JavaScript value it is. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_kind {
    Undefined = 0,
    Null = 1,
    /// In `number`: 0 or 1.
    Boolean = 2,
    /// In `number`.
    Number = 3,
    /// In `data` and `len`: UTF-8.
    String = 4,
    /// In `handle`.
    Symbol = 5,
    /// In `data` and `len`: little-endian two's complement; no bytes are 0.
    Bigint = 6,
    /// In `handle`; the flags say more.
    Object = 7,
    /// In `handle`.
    Function = 8,
}
pub use jsvm_kind as Kind;

/// The object is an Array.
pub const JSVM_FLAG_ARRAY: u32 = 1 << 0;
/// The object is an Error made by an Error constructor, in whatever context.
pub const JSVM_FLAG_ERROR: u32 = 1 << 1;
/// The object is a Promise.
pub const JSVM_FLAG_PROMISE: u32 = 1 << 2;
/// The object is a Date.
pub const JSVM_FLAG_DATE: u32 = 1 << 3;
/// The object is a RegExp.
pub const JSVM_FLAG_REGEXP: u32 = 1 << 4;
/// The object is a Map.
pub const JSVM_FLAG_MAP: u32 = 1 << 5;
/// The object is a Set.
pub const JSVM_FLAG_SET: u32 = 1 << 6;
/// The object is an ArrayBuffer or a SharedArrayBuffer.
pub const JSVM_FLAG_BUFFER: u32 = 1 << 7;
/// The object is a typed array or a DataView.
pub const JSVM_FLAG_VIEW: u32 = 1 << 8;
/// The object is a Proxy: anything done to it can run guest code.
pub const JSVM_FLAG_PROXY: u32 = 1 << 9;
/// The string has lone surrogates: its UTF-8 has U+FFFD in their place, its handle is exact.
pub const JSVM_FLAG_LOSSY: u32 = 1 << 10;

/// Something of V8's that is kept alive. It may be dropped on any thread, after the isolate too: V8's
/// cell is freed now, when the isolate is next entered, or with the isolate. No `v8::Global`: that asks V8's lock whether
/// its thread is inside, and the lock outlasts the stay (see `enter`).
pub struct Held<T> {
    isolate: Arc<Isolate>,
    cell: NonNull<T>,
}

// SAFETY: the cell is followed only inside the isolate.
unsafe impl<T> Send for Held<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Held<T> {}

impl<T> Held<T> {
    pub fn new<'s>(scope: &v8::PinScope<'s, '_, ()>, value: v8::Local<'s, T>) -> Held<T> {
        let isolate = Isolate::of(scope);
        // SAFETY: this thread is inside the isolate, which the value is of.
        let cell = unsafe { raw::v8__Global__New(isolate.raw(), raw::ptr(value).cast()) };
        let cell = NonNull::new(cell.cast_mut().cast()).expect("V8 gives a cell, or ends the process");
        Held { isolate, cell }
    }

    /// The scope is in the same isolate: the caller has compared, or has entered by this one.
    pub fn local<'s>(&self, scope: &v8::PinScope<'s, '_, ()>) -> v8::Local<'s, T> {
        debug_assert!(std::ptr::eq(Isolate::here(scope), &*self.isolate));
        // SAFETY: this thread is inside the isolate of the live cell. `v8::Local::new` would look that up each time.
        let local =
            unsafe { raw::v8__Local__New(self.isolate.raw(), self.cell.as_ptr().cast_const().cast()) };
        // SAFETY: V8 gave a handle of the scope for what is in the cell.
        unsafe { raw::local(scope, local.cast()) }.expect("a cell is never empty")
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        let cell = self.cell.as_ptr().cast_const().cast();
        if is_inside(&*self.isolate) {
            // SAFETY: this thread is inside the isolate of the cell, which nobody has any more.
            unsafe { raw::v8__Global__Reset(cell) };
        } else {
            self.isolate.free_later(cell);
        }
    }
}

/// A value that the host keeps: it may be used and dropped on any thread.
pub struct Value {
    pub isolate: Arc<Isolate>,
    pub kind: Kind,
    pub flags: u32,
    held: Held<v8::Value>,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "Value({:?}, {:#x})", self.kind, self.flags)
    }
}

impl Value {
    pub fn new<'s>(scope: &mut Scope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Value {
        let (kind, flags) = kind_of(value);
        Value { isolate: Isolate::of(scope), kind, flags, held: Held::new(scope, value) }
    }

    /// The context that made it, if it is an object that has one. The scope is in its isolate.
    pub fn creation_context<'s>(
        &self,
        scope: &v8::PinScope<'s, '_, ()>,
    ) -> Option<v8::Local<'s, v8::Context>> {
        if !matches!(self.kind, Kind::Object | Kind::Function) {
            return None;
        }
        let object = raw::ptr(self.held.local(scope)).cast();
        // SAFETY: a live object, and V8 gives a handle of the scope's. The crate's own function wants the scope
        // to have a context already.
        unsafe { raw::local(scope, raw::v8__Object__GetCreationContext(object)) }
    }

    /// The value as an object, which its kind must say it is.
    pub fn object<'s>(&self, scope: &Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Object>> {
        if !matches!(self.kind, Kind::Object | Kind::Function) {
            return Err(Error::invalid("a value is not an object").into());
        }
        // SAFETY: the kind is what V8 said of the value.
        Ok(unsafe { v8::Local::cast_unchecked(self.local(scope)?) })
    }

    /// The object of this value as a function, which its kind must say it is.
    pub fn function<'s>(&self, object: v8::Local<'s, v8::Object>) -> Outcome<v8::Local<'s, v8::Function>> {
        if self.kind != Kind::Function {
            return Err(Error::invalid("a value is not a function").into());
        }
        // SAFETY: the kind is what V8 said of the value.
        Ok(unsafe { v8::Local::cast_unchecked(object) })
    }

    /// The value in its isolate; another isolate's is refused.
    pub fn local<'s>(&self, scope: &Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Value>> {
        if scope.get_data(0) as *const Isolate != Arc::as_ptr(&self.isolate) {
            return Err(Error::new(Status::WrongIsolate, "a value belongs to another isolate").into());
        }
        Ok(self.held.local(scope))
    }
}

/// Kind and flags by V8's own brands, without running guest code.
pub fn kind_of(value: v8::Local<v8::Value>) -> (Kind, u32) {
    // What is frequent is asked first.
    if value.is_number() {
        (Kind::Number, 0)
    } else if value.is_string() {
        (Kind::String, 0)
    } else if value.is_undefined() {
        (Kind::Undefined, 0)
    } else if value.is_null() {
        (Kind::Null, 0)
    } else if value.is_boolean() {
        (Kind::Boolean, 0)
    } else if value.is_symbol() {
        (Kind::Symbol, 0)
    } else if value.is_big_int() {
        (Kind::Bigint, 0)
    } else {
        let kind = if value.is_function() { Kind::Function } else { Kind::Object };
        (kind, object_flags(value))
    }
}

fn object_flags(value: v8::Local<v8::Value>) -> u32 {
    if value.is_array() {
        JSVM_FLAG_ARRAY
    } else if value.is_proxy() {
        JSVM_FLAG_PROXY
    } else if value.is_native_error() {
        JSVM_FLAG_ERROR
    } else if value.is_promise() {
        JSVM_FLAG_PROMISE
    } else if value.is_array_buffer_view() {
        JSVM_FLAG_VIEW
    } else if value.is_array_buffer() || value.is_shared_array_buffer() {
        JSVM_FLAG_BUFFER
    } else if value.is_date() {
        JSVM_FLAG_DATE
    } else if value.is_map() {
        JSVM_FLAG_MAP
    } else if value.is_set() {
        JSVM_FLAG_SET
    } else if value.is_reg_exp() {
        JSVM_FLAG_REGEXP
    } else {
        0
    }
}

/// A value that comes from the host. Its parts are whole words: to move parts of words is slow.
#[repr(u64)]
#[derive(Clone, Copy)]
pub enum In<'a> {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    String(&'a str),
    Bigint(&'a [u8]),
    Value(&'a Value),
}

/// A value that goes to the host. Of whole words, as `In`.
#[repr(u64)]
#[derive(Clone, Debug)]
pub enum Out {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    String(Text),
    Bigint(Vec<u8>),
    /// Symbol, object or function.
    Value(Arc<Value>),
}

/// A string as UTF-8; with the value itself where UTF-8 cannot say it.
#[derive(Debug)]
pub struct Text {
    /// None if there was no memory for it.
    pub utf8: Option<Bytes>,
    pub exact: Option<Arc<Value>>,
}

impl Clone for Text {
    fn clone(&self) -> Text {
        Text { utf8: self.utf8.as_deref().and_then(Bytes::copy), exact: self.exact.clone() }
    }
}

impl In<'_> {
    pub fn local<'s>(&self, scope: &mut Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Value>> {
        Ok(match self {
            In::Undefined => v8::undefined(scope).into(),
            In::Null => v8::null(scope).into(),
            In::Boolean(value) => v8::Boolean::new(scope, *value).into(),
            In::Number(value) => v8::Number::new(scope, *value).into(),
            In::String(text) => string(scope, text)?.into(),
            In::Bigint(bytes) => bigint(scope, bytes)?.into(),
            In::Value(value) => value.local(scope)?,
        })
    }
}

impl Out {
    pub fn new<'s>(scope: &mut Scope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Out {
        match kind_of(value).0 {
            Kind::Undefined => Out::Undefined,
            Kind::Null => Out::Null,
            Kind::Boolean => Out::Boolean(value.is_true()),
            Kind::Number => Out::Number(value.cast::<v8::Number>().value()),
            Kind::String => Out::String(text(scope, value.cast())),
            Kind::Bigint => Out::Bigint(bigint_bytes(value.cast())),
            _ => Out::Value(Arc::new(Value::new(scope, value))),
        }
    }
}

impl Out {
    /// The same value, on its way back.
    pub fn as_in(&self) -> In<'_> {
        match self {
            Out::Undefined => In::Undefined,
            Out::Null => In::Null,
            Out::Boolean(value) => In::Boolean(*value),
            Out::Number(value) => In::Number(*value),
            Out::String(Text { exact: Some(value), .. }) | Out::Value(value) => In::Value(value),
            Out::String(text) => {
                In::String(std::str::from_utf8(text.utf8.as_deref().unwrap_or_default()).unwrap_or_default())
            }
            Out::Bigint(bytes) => In::Bigint(bytes),
        }
    }
}

/// Bytes of UTF-8 that V8 takes for a string, however few code units they are.
pub const MAX_STRING: usize = v8::String::MAX_LENGTH;

/// A JavaScript string; too long a one is a RangeError of the host's making.
pub fn string<'s>(scope: &v8::PinScope<'s, '_, ()>, text: &str) -> Outcome<v8::Local<'s, v8::String>> {
    v8::String::new(scope, text)
        .ok_or_else(|| Error::invalid(format!("a string of {} bytes is too long for V8", text.len())).into())
}

/// The string's UTF-8, and the string itself if that lost something.
pub fn text<'s>(scope: &mut Scope<'s, '_>, string: v8::Local<'s, v8::String>) -> Text {
    // Nothing of V8's is made while it is looked at.
    let (utf8, lossy) = match v8::ValueView::new(scope, string).data() {
        v8::ValueViewData::OneByte(units) => (bytes::utf8_of_latin1(units), false),
        v8::ValueViewData::TwoByte(units) => bytes::utf8_of_utf16(units),
    };
    let exact = lossy.then(|| Arc::new(Value::new(scope, string.into())));
    Text { utf8, exact }
}

/// The bytes of a view, or what is written of anything else: UTF-8 with U+FFFD for lone surrogates.
pub fn bytes<'s>(scope: &mut Scope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Vec<u8> {
    match v8::Local::<v8::ArrayBufferView>::try_from(value) {
        Ok(view) => {
            let mut bytes = vec![0; view.byte_length()];
            let copied = view.copy_contents(&mut bytes);
            bytes.truncate(copied);
            bytes
        }
        Err(_) => value.to_rust_string_lossy(scope).into_bytes(),
    }
}

/// Whether U+FFFD is in the UTF-8.
pub fn has_replacement(utf8: &[u8]) -> bool {
    utf8.windows(3).any(|w| w == [0xEF, 0xBF, 0xBD])
}

pub fn has_lone_surrogate<'s>(scope: &mut Scope<'s, '_>, string: v8::Local<'s, v8::String>) -> bool {
    let units = utf16(scope, string);
    char::decode_utf16(units).any(|unit| unit.is_err())
}

/// The string's UTF-16 code units.
pub fn utf16<'s>(scope: &mut Scope<'s, '_>, string: v8::Local<'s, v8::String>) -> Vec<u16> {
    let mut units = vec![0u16; string.length()];
    string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    units
}

/// The string as WTF-8: UTF-8 that has lone surrogates too.
pub fn wtf8<'s>(scope: &mut Scope<'s, '_>, string: v8::Local<'s, v8::String>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(3 * string.length());
    for unit in char::decode_utf16(utf16(scope, string)) {
        match unit {
            Ok(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let unit = lone.unpaired_surrogate();
                let low = |bits: u16| 0x80 | (bits & 0x3F) as u8;
                bytes.extend([0xE0 | (unit >> 12) as u8, low(unit >> 6), low(unit)]);
            }
        }
    }
    bytes
}

/// The UTF-16 of WTF-8, which may say surrogates in pairs too; None if it is none.
pub fn utf16_of_wtf8(mut bytes: &[u8]) -> Option<Vec<u16>> {
    let mut units = Vec::with_capacity(bytes.len());
    loop {
        let valid = match std::str::from_utf8(bytes) {
            Ok(text) => {
                units.extend(text.encode_utf16());
                return Some(units);
            }
            Err(error) => error.valid_up_to(),
        };
        let (text, rest) = bytes.split_at(valid);
        units.extend(std::str::from_utf8(text).ok()?.encode_utf16());
        let [0xED, high @ 0xA0..=0xBF, low @ 0x80..=0xBF, behind @ ..] = rest else { return None };
        units.push(0xD000 | u16::from(high & 0x3F) << 6 | u16::from(low & 0x3F));
        bytes = behind;
    }
}

/// A bigint from little-endian two's complement bytes.
pub fn bigint<'s>(scope: &mut Scope<'s, '_>, bytes: &[u8]) -> Outcome<v8::Local<'s, v8::BigInt>> {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let fill = if negative { 0xFF } else { 0 };
    let mut words: Vec<u64> = bytes
        .chunks(8)
        .map(|chunk| {
            let mut word = [fill; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        })
        .collect();
    if negative {
        negate(&mut words);
    }
    v8::BigInt::new_from_words(scope, negative, &words).thrown()
}

/// A bigint as the shortest little-endian two's complement bytes.
pub fn bigint_bytes(value: v8::Local<v8::BigInt>) -> Vec<u8> {
    let mut words = vec![0u64; value.word_count()];
    let (negative, words) = {
        let (negative, used) = value.to_words_array(&mut words);
        (negative, used.to_vec())
    };
    let mut words = words;
    // Room for the sign.
    words.push(0);
    if negative {
        negate(&mut words);
    }
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let fill = if negative { 0xFF } else { 0 };
    while let [.., before, last] = bytes[..] {
        if last != fill || (before & 0x80 != 0) != negative {
            break;
        }
        bytes.pop();
    }
    if bytes == [0] {
        bytes.clear();
    }
    bytes
}

/// Two's complement negation.
fn negate(words: &mut [u64]) {
    let mut carry = true;
    for word in words {
        let (negated, overflow) = (!*word).overflowing_add(carry as u64);
        *word = negated;
        carry = overflow;
    }
}
