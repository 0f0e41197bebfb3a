//! From a value to a flat array of records.
//!
//! No guest code runs unless getters are asked for: V8 refuses to enter JavaScript, our functions
//! refuse to call the host, and what would have been called shows as an accessor. The walk has a
//! stack of its own, so that depth costs no native stack.

use crate::engine::element::Element;
use crate::engine::enter::{self, Fail, Outcome, Scope, Thrown};
use crate::engine::error::{self, Error};
use crate::engine::graph::{GraphKind, JSVM_FLAG_ACCESSOR, NO_DATA, REGEXP_FLAGS, Record};
use crate::engine::hash::BySpread;
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::raw;
use crate::engine::value::{self, JSVM_FLAG_LOSSY, Kind, Value, kind_of};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[derive(Clone, Copy)]
pub struct Options {
    pub max_depth: usize,
    pub max_size: usize,
    pub max_bytes: usize,
    pub call_getters: bool,
    /// Strings with lone surrogates are written as WTF-8. Otherwise they are handles too.
    pub wtf8: bool,
}

pub struct Flat {
    pub records: Vec<Record>,
    pub block: Vec<u8>,
}

/// Takes a value apart.
pub fn flatten(value: &Value, options: &Options, limits: &Limits) -> Result<Flat, Error> {
    enter::run(&value.isolate, None, limits, |scope| {
        let root = value.local(scope)?;
        let mut walk = Walk::new(*options);
        if options.call_getters {
            walk.all(scope, root)?;
        } else {
            let _quiet = Quiet::new(&value.isolate);
            v8::disallow_javascript_execution_scope!(let scope, scope, v8::OnFailure::ThrowOnFailure);
            walk.all(scope, root)?;
        }
        Ok(Flat { records: walk.records, block: walk.block })
    })
}

/// Until it is dropped, host functions are not called.
struct Quiet<'a>(&'a Isolate);

impl Quiet<'_> {
    fn new(isolate: &Isolate) -> Quiet<'_> {
        isolate.quiet.store(true, Ordering::Relaxed);
        Quiet(isolate)
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.0.quiet.store(false, Ordering::Relaxed);
    }
}

/// A container whose children are being read.
struct Frame<'s> {
    how: How,
    object: v8::Local<'s, v8::Object>,
    /// An array that V8 made for us: the names of the properties, or all the children of a list. It
    /// is let go with the frame, for the guest's heap may be small.
    list: Option<v8::Global<v8::Array>>,
    at: u32,
    end: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    /// What is in the frame's list.
    List,
    /// Elements, and perhaps holes; whether a prototype may show through the holes.
    Sparse(bool),
    Properties,
}

/// An object that has a slot.
struct Seen<'s> {
    object: v8::Local<'s, v8::Object>,
    slot: usize,
    /// The next one with the same hash.
    next: Option<usize>,
}

/// A key that has been written, and V8's cell for it: of keys that are equal V8 has one string.
struct Key {
    cell: *const v8::Data,
    start: usize,
    len: usize,
}

impl Key {
    fn is(&self, string: v8::Local<'_, v8::String>) -> bool {
        // SAFETY: a cell holds a word as a handle does.
        unsafe { *self.cell.cast::<usize>() == raw::word(string) }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the thread is inside the isolate for as long as a walk lasts, and the cell is the key's own.
        unsafe { raw::v8__Global__Reset(self.cell) };
    }
}

struct Walk<'s> {
    options: Options,
    records: Vec<Record>,
    block: Vec<u8>,
    frames: Vec<Frame<'s>>,
    seen: Vec<Seen<'s>>,
    by_hash: HashMap<i32, usize, BySpread>,
    /// Keys of properties by their hash.
    keys: HashMap<i32, Key, BySpread>,
    /// A prototype of arrays that shows nothing through holes.
    clean: Option<v8::Global<v8::Value>>,
}

/// Children that are read in one handle scope.
const BATCH: u32 = 256;
/// Keys that are remembered.
const MAX_KEYS: usize = 1 << 16;

/// What an object is taken apart as.
enum Class {
    Kept,
    Leaf(GraphKind),
    Container(GraphKind),
}

impl<'s> Walk<'s> {
    fn new(options: Options) -> Walk<'s> {
        Walk {
            options,
            records: Vec::new(),
            block: Vec::new(),
            frames: Vec::new(),
            seen: Vec::new(),
            by_hash: HashMap::default(),
            keys: HashMap::default(),
            clean: None,
        }
    }

    fn all(&mut self, scope: &mut Scope<'s, '_>, root: v8::Local<'s, v8::Value>) -> Outcome<()> {
        if let Some(object) = self.leaf(scope, root)? {
            self.open(scope, object)?;
        }
        let mut rounds = 0u32;
        while !self.frames.is_empty() {
            if rounds.is_multiple_of(BATCH) {
                enter::go_on()?;
            }
            rounds = rounds.wrapping_add(1);
            let container = {
                v8::escapable_handle_scope!(let inner, scope);
                self.batch(inner)?.map(|object| inner.escape(object))
            };
            if let Some(object) = container {
                self.open(scope, object)?;
            }
        }
        Ok(())
    }

    /// Reads children up to the first that has children itself.
    fn batch<'b>(&mut self, scope: &mut Scope<'b, '_>) -> Outcome<Option<v8::Local<'b, v8::Object>>> {
        v8::tc_scope!(let caught, scope);
        let mut read = || {
            // The top frame's list, while that is the top.
            let mut list = None;
            for _ in 0..BATCH {
                let Some(frame) = self.frames.last_mut() else { break };
                if frame.at == frame.end {
                    self.frames.pop();
                    list = None;
                    continue;
                }
                if list.is_none() {
                    list = frame.list.as_ref().map(|list| v8::Local::new(caught, list));
                }
                let at = frame.at;
                frame.at += 1;
                let (how, object) = (frame.how, frame.object);
                let value = match (list, how) {
                    (Some(keys), How::Properties) => {
                        let key = keys.get_index(caught, at).thrown()?;
                        self.key(caught, key.cast())?;
                        object.get(caught, key)
                    }
                    (Some(list), _) => list.get_index(caught, at),
                    (None, _) => object.get_index(caught, at),
                };
                if value.is_none() {
                    if self.options.call_getters || caught.has_terminated() {
                        return Err(Fail::Thrown);
                    }
                    // V8 may not run JavaScript: it would have called something.
                    caught.reset();
                }
                if let How::Sparse(shows) = how
                    && (shows || value.is_none_or(|value| value.is_undefined()))
                    && !has_index(caught, object, at)?
                {
                    self.push(GraphKind::Hole as u32, 0, 0.0, NO_DATA, 0)?;
                    continue;
                }
                match value {
                    Some(value) => {
                        if let Some(object) = self.leaf(caught, value)? {
                            return Ok(Some(object));
                        }
                    }
                    None => self.push(Kind::Undefined as u32, JSVM_FLAG_ACCESSOR, 0.0, NO_DATA, 0)?,
                }
            }
            Ok(None)
        };
        let result = read();
        if matches!(result, Err(Fail::Thrown)) {
            // For who called us.
            caught.rethrow();
        }
        result
    }

    /// `get` where V8 may throw because it may not run JavaScript: None then.
    fn quietly<'b>(
        &self,
        scope: &mut Scope<'b, '_>,
        get: impl FnOnce(&mut Scope<'b, '_>) -> Option<v8::Local<'b, v8::Value>>,
    ) -> Outcome<Option<v8::Local<'b, v8::Value>>> {
        if self.options.call_getters {
            return get(scope).thrown().map(Some);
        }
        v8::tc_scope!(let caught, scope);
        let result = get(caught);
        if result.is_none() && caught.has_terminated() {
            return Err(Fail::Thrown);
        }
        caught.reset();
        Ok(result)
    }

    fn push(&mut self, kind: u32, flags: u32, number: f64, data: usize, len: usize) -> Outcome<()> {
        self.record(Record { kind, flags, number, data, len, value: None })
    }

    fn record(&mut self, record: Record) -> Outcome<()> {
        if self.records.len() >= self.options.max_size {
            return Err(self.too_large());
        }
        self.records.push(record);
        Ok(())
    }

    fn too_large(&self) -> Fail {
        Error::invalid(format!(
            "options: max_size: the value takes more than {} slots",
            self.options.max_size
        ))
        .into()
    }

    /// Room for this many more bytes.
    fn room(&mut self, len: usize) -> Outcome<()> {
        // The NUL after each is not counted.
        if self.block.len().saturating_add(len) > self.options.max_bytes.saturating_add(self.records.len()) {
            return Err(Error::invalid(format!(
                "options: max_bytes: the value's strings and bytes take more than {} bytes",
                self.options.max_bytes
            ))
            .into());
        }
        Ok(())
    }

    /// Adds bytes to the block.
    fn bytes(&mut self, bytes: &[u8]) -> Outcome<(usize, usize)> {
        self.room(bytes.len())?;
        let start = self.block.len();
        self.block.extend_from_slice(bytes);
        self.block.push(0);
        Ok((start, bytes.len()))
    }

    /// Adds a string to the block. Says where, and the string itself if UTF-8 cannot say it.
    fn text(
        &mut self,
        scope: &mut Scope<'_, '_>,
        string: v8::Local<'_, v8::String>,
    ) -> Outcome<(usize, usize, Option<Arc<Value>>)> {
        let units = string.length();
        self.room(units)?;
        let one_byte = string.is_onebyte();
        let most = match units {
            0..=4096 => units * if one_byte { 2 } else { 3 },
            _ => string.utf8_length(scope),
        };
        let start = self.block.len();
        self.block.reserve(most + 1);
        let spare = &mut self.block.spare_capacity_mut()[..most];
        let len = string.write_utf8_uninit_v2(scope, spare, v8::WriteFlags::kReplaceInvalidUtf8, None);
        // SAFETY: V8 wrote that many bytes, into room for at least as many.
        unsafe { self.block.set_len(start + len.min(most)) };
        self.block.push(0);
        let lossy = !one_byte
            && value::has_replacement(&self.block[start..start + len])
            && value::has_lone_surrogate(scope, v8::Local::new(scope, string));
        self.room(0)?;
        if lossy && self.options.wtf8 {
            // A surrogate takes as many bytes as what V8 put in its place.
            let exact = value::wtf8(scope, v8::Local::new(scope, string));
            self.block[start..start + len].copy_from_slice(&exact);
            return Ok((start, len, None));
        }
        let exact = lossy.then(|| Arc::new(Value::new(scope, v8::Local::new(scope, string).into())));
        Ok((start, len, exact))
    }

    fn string(&mut self, scope: &mut Scope<'_, '_>, string: v8::Local<'_, v8::String>) -> Outcome<()> {
        let (data, len, value) = self.text(scope, string)?;
        let flags = if value.is_some() { JSVM_FLAG_LOSSY } else { 0 };
        self.record(Record { kind: Kind::String as u32, flags, number: 0.0, data, len, value })
    }

    /// A key of a property: one that was there before is not written again.
    fn key(&mut self, scope: &mut Scope<'_, '_>, string: v8::Local<'_, v8::String>) -> Outcome<()> {
        let hash = string.get_identity_hash().get();
        if let Some(known) = self.keys.get(&hash).filter(|known| known.is(string)) {
            let (start, len) = (known.start, known.len);
            return self.push(Kind::String as u32, 0, 0.0, start, len);
        }
        let (data, len, value) = self.text(scope, string)?;
        if value.is_none() && self.keys.len() < MAX_KEYS {
            // SAFETY: this thread is inside the isolate, which the string is of.
            let cell = unsafe { raw::v8__Global__New(Isolate::here(scope).raw(), raw::ptr(string).cast()) };
            self.keys.entry(hash).or_insert(Key { cell, start: data, len });
        }
        let flags = if value.is_some() { JSVM_FLAG_LOSSY } else { 0 };
        self.record(Record { kind: Kind::String as u32, flags, number: 0.0, data, len, value })
    }

    /// Writes a value that has no children; gives back an object that was not there before.
    fn leaf<'b>(
        &mut self,
        scope: &mut Scope<'b, '_>,
        value: v8::Local<'b, v8::Value>,
    ) -> Outcome<Option<v8::Local<'b, v8::Object>>> {
        if value.is_string() {
            self.string(scope, value.cast())?;
        } else if value.is_number() {
            self.push(Kind::Number as u32, 0, value.cast::<v8::Number>().value(), NO_DATA, 0)?;
        } else if let Ok(object) = v8::Local::<v8::Object>::try_from(value) {
            if let Class::Kept = class(scope, object) {
                self.kept(scope, value)?;
            } else if let Some(slot) = self.find(object) {
                self.push(GraphKind::Reference as u32, 0, 0.0, NO_DATA, slot)?;
            } else {
                return Ok(Some(object));
            }
        } else {
            let (kind, _) = kind_of(value);
            match kind {
                Kind::Symbol => self.kept(scope, value)?,
                Kind::Bigint => {
                    let (data, len) = self.bytes(&value::bigint_bytes(value.cast()))?;
                    self.push(kind as u32, 0, 0.0, data, len)?;
                }
                _ => self.push(kind as u32, 0, f64::from(u8::from(value.is_true())), NO_DATA, 0)?,
            }
        }
        Ok(None)
    }

    /// A value that stays a handle.
    fn kept<'b>(&mut self, scope: &mut Scope<'b, '_>, value: v8::Local<'b, v8::Value>) -> Outcome<()> {
        let value = Arc::new(Value::new(scope, value));
        self.record(Record {
            kind: value.kind as u32,
            flags: value.flags,
            number: 0.0,
            data: NO_DATA,
            len: 0,
            value: Some(value),
        })
    }

    /// The slot of an object that has one.
    fn find(&self, object: v8::Local<'_, v8::Object>) -> Option<usize> {
        let mut at = self.by_hash.get(&object.get_identity_hash().get()).copied();
        while let Some(seen) = at.map(|at| &self.seen[at]) {
            if raw::word(seen.object) == raw::word(object) {
                return Some(seen.slot);
            }
            at = seen.next;
        }
        None
    }

    /// Writes the slot of an object, and gets ready to read its children.
    fn open(&mut self, scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>) -> Outcome<()> {
        let next = self.by_hash.insert(object.get_identity_hash().get(), self.seen.len());
        self.seen.push(Seen { object, slot: self.records.len(), next });
        let kind = match class(scope, object) {
            Class::Leaf(GraphKind::Date) => {
                let time = object.cast::<v8::Date>().value_of();
                return self.push(GraphKind::Date as u32, 0, time, NO_DATA, 0);
            }
            Class::Leaf(_) => return self.buffer(object.into()),
            Class::Container(kind) => kind,
            Class::Kept => return self.kept(scope, object.into()),
        };
        if self.frames.len() >= self.options.max_depth {
            return Err(Error::invalid(format!(
                "options: max_depth: the value is nested deeper than {}",
                self.options.max_depth
            ))
            .into());
        }
        v8::scope!(let scope, scope);
        let (how, list) = match kind {
            GraphKind::Array => (How::Sparse(self.shows_through(scope, object)), None),
            GraphKind::Map => (How::List, Some(object.cast::<v8::Map>().as_array(scope))),
            GraphKind::Set => (How::List, Some(object.cast::<v8::Set>().as_array(scope))),
            GraphKind::Error => (How::List, Some(self.error_pairs(scope, object)?)),
            GraphKind::Regexp => (How::List, Some(regexp_pair(scope, object.cast())?)),
            _ => (How::Properties, Some(names(scope, object)?)),
        };
        let end = list.map_or_else(|| object.cast::<v8::Array>().length(), |list| list.length());
        let list = list.map(|list| v8::Global::new(scope, list));
        let children = end as usize * if how == How::Properties { 2 } else { 1 };
        if self.records.len() + 1 + children > self.options.max_size {
            return Err(self.too_large());
        }
        self.push(kind as u32, 0, 0.0, NO_DATA, children)?;
        self.frames.push(Frame { how, object, list, at: 0, end });
        Ok(())
    }

    /// Whether something may show through the holes of an array: elements of its prototypes.
    fn shows_through<'b>(&mut self, scope: &mut Scope<'b, '_>, array: v8::Local<'b, v8::Object>) -> bool {
        if self.options.call_getters {
            return true;
        }
        let Some(first) = array.get_prototype(scope) else { return true };
        if self.clean.as_ref().is_some_and(|clean| *clean == first) {
            return false;
        }
        let mut prototype = first;
        while let Ok(object) = v8::Local::<v8::Object>::try_from(prototype) {
            if object.is_proxy() {
                return true;
            }
            let args = v8::GetPropertyNamesArgs {
                property_filter: v8::PropertyFilter::ALL_PROPERTIES,
                key_conversion: v8::KeyConversionMode::KeepNumbers,
                ..Default::default()
            };
            // Indices come first.
            let names = object.get_own_property_names(scope, args);
            let first = names.and_then(|names| match names.length() {
                0 => Some(false),
                _ => names.get_index(scope, 0).map(|name| name.is_number()),
            });
            match (first, object.get_prototype(scope)) {
                (Some(false), Some(next)) => prototype = next,
                _ => return true,
            }
        }
        self.clean = Some(v8::Global::new(scope, first));
        false
    }

    /// Writes the bytes of a buffer or view.
    fn buffer(&mut self, object: v8::Local<'_, v8::Value>) -> Outcome<()> {
        let element = Element::of(object);
        let (start, len) = match v8::Local::<v8::ArrayBufferView>::try_from(object) {
            Ok(view) if !view.has_buffer() => {
                let (start, room) = self.aligned(view.byte_length())?;
                view.copy_contents(room);
                (start, room.len())
            }
            Ok(view) => self.copy(view.byte_length(), || view.data().cast())?,
            Err(_) => {
                let buffer: v8::Local<v8::ArrayBuffer> = object.cast();
                let data = || buffer.data().map_or(std::ptr::null(), |data| data.as_ptr().cast_const());
                self.copy(buffer.byte_length(), || data().cast())?
            }
        };
        self.block.push(0);
        self.push(GraphKind::Bytes as u32, 0, f64::from(element as u32), start, len)
    }

    /// Copies memory of V8's. `data` is asked only if there are bytes.
    fn copy(&mut self, len: usize, data: impl FnOnce() -> *const u8) -> Outcome<(usize, usize)> {
        let (start, room) = self.aligned(len)?;
        if len > 0 {
            // SAFETY: the buffer or view has as many bytes as it says, and no JavaScript runs.
            unsafe { std::ptr::copy_nonoverlapping(data(), room.as_mut_ptr(), len) };
        }
        Ok((start, len))
    }

    /// Zeroed room at a multiple of 8.
    fn aligned(&mut self, len: usize) -> Outcome<(usize, &mut [u8])> {
        let start = self.block.len().next_multiple_of(8);
        self.room(start - self.block.len() + len)?;
        self.block.resize(start + len, 0);
        Ok((start, &mut self.block[start..]))
    }

    /// What a graph keeps of an error: keys and values by turns.
    fn error_pairs<'b>(
        &mut self,
        scope: &mut Scope<'b, '_>,
        object: v8::Local<'b, v8::Object>,
    ) -> Outcome<v8::Local<'b, v8::Array>> {
        let mut pairs: Vec<v8::Local<v8::Value>> = Vec::new();
        let mut texts = [String::new(), String::new()];
        for (key, text) in ["name", "message"].into_iter().zip(&mut texts) {
            let found = error::data_property(scope, object, key).filter(|value| value.is_string());
            let found = found.unwrap_or_else(|| v8::String::empty(scope).into());
            *text = found.to_rust_string_lossy(scope);
            pairs.extend([value::string(scope, key)?.into(), found]);
        }
        let key = value::string(scope, "stack")?;
        let mut stack = None;
        if object.has_own_property(scope, key.into()).thrown()? {
            stack = self.quietly(scope, |scope| object.get(scope, key.into()))?.filter(|s| s.is_string());
        }
        let stack = match (stack, v8::Exception::get_stack_trace(scope, object.into())) {
            (Some(stack), _) => Some(stack),
            // The guest has its own idea of a stack (Error.prepareStackTrace), which is not asked.
            (None, Some(trace)) => {
                let lines = error::stack_lines(&error::frames(scope, trace, error::MAX_FRAMES));
                let [name, message] = &texts;
                let between = if name.is_empty() || message.is_empty() { "" } else { ": " };
                Some(value::string(scope, &format!("{name}{between}{message}{lines}"))?.into())
            }
            (None, None) => None,
        };
        if let Some(stack) = stack {
            pairs.extend([key.into(), stack]);
        }
        for key in ["cause", "errors"] {
            let name = value::string(scope, key)?;
            if object.has_own_property(scope, name.into()).thrown()?
                && let Some(found) = error::data_property(scope, object, key)
            {
                pairs.extend([name.into(), found]);
            }
        }
        let own = names(scope, object)?;
        for at in 0..own.length() {
            let key = own.get_index(scope, at).thrown()?;
            let known = ["name", "message", "stack", "cause", "errors"];
            if known.contains(&key.to_rust_string_lossy(scope).as_str()) {
                continue;
            }
            if let Some(value) = self.quietly(scope, |scope| object.get(scope, key))? {
                pairs.extend([key, value]);
            }
        }
        Ok(v8::Array::new_with_elements(scope, &pairs))
    }
}

/// Whether an array has an element of its own there.
fn has_index(scope: &mut Scope<'_, '_>, array: v8::Local<'_, v8::Object>, index: u32) -> Outcome<bool> {
    let name = v8::Integer::new_from_unsigned(scope, index).to_string(scope).thrown()?;
    array.has_own_property(scope, name.into()).thrown()
}

/// The own enumerable string keys of an object.
fn names<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Outcome<v8::Local<'s, v8::Array>> {
    let args = v8::GetPropertyNamesArgs {
        key_conversion: v8::KeyConversionMode::ConvertToString,
        ..Default::default()
    };
    object.get_own_property_names(scope, args).thrown()
}

fn regexp_pair<'s>(
    scope: &mut Scope<'s, '_>,
    regexp: v8::Local<'s, v8::RegExp>,
) -> Outcome<v8::Local<'s, v8::Array>> {
    // SAFETY: a live handle; the crate binds everything of RegExp but this.
    let bits =
        v8::RegExpCreationFlags::from_bits_truncate(unsafe { raw::regexp_get_flags(raw::ptr(regexp)) });
    let flags: String =
        REGEXP_FLAGS.iter().filter(|(_, bit)| bits.contains(*bit)).map(|(letter, _)| *letter).collect();
    let pair = [regexp.get_source(scope).into(), value::string(scope, &flags)?.into()];
    Ok(v8::Array::new_with_elements(scope, &pair))
}

fn class(scope: &mut Scope<'_, '_>, object: v8::Local<'_, v8::Object>) -> Class {
    if raw::is_ordinary(object) {
        return Class::Container(GraphKind::Record);
    }
    if object.is_array() {
        Class::Container(GraphKind::Array)
    } else if object.is_map() {
        Class::Container(GraphKind::Map)
    } else if object.is_set() {
        Class::Container(GraphKind::Set)
    } else if object.is_native_error() {
        Class::Container(GraphKind::Error)
    } else if object.is_module_namespace_object() {
        Class::Container(GraphKind::Record)
    } else if object.is_date() {
        Class::Leaf(GraphKind::Date)
    } else if object.is_reg_exp() {
        Class::Container(GraphKind::Regexp)
    } else if object.is_array_buffer() {
        Class::Leaf(GraphKind::Bytes)
    } else if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(object) {
        // A view without a buffer of its own has its bytes in the heap, where nothing is shared.
        let shared = view.has_buffer()
            && view.buffer(scope).is_none_or(|buffer| {
                let buffer: v8::Local<v8::Value> = buffer.into();
                buffer.is_shared_array_buffer()
            });
        if shared { Class::Kept } else { Class::Leaf(GraphKind::Bytes) }
    } else {
        Class::Kept
    }
}
