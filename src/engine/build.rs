//! From a flat array of slots to a value. No guest code runs, whatever the guest has done to its
//! builtins: everything is made by V8's own functions and filled by defining own properties.

use crate::engine::element::{Element, array_buffer};
use crate::engine::enter::{self, Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::graph::{GraphKind, Node, REGEXP_FLAGS, Source};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::value::{self, Held, Out};
use std::collections::HashMap;
use std::sync::Arc;

/// Makes the value that the slots describe, in a context of the isolate.
pub fn build(
    isolate: &Arc<Isolate>,
    context: &Held<v8::Context>,
    source: &impl Source,
    limits: &Limits,
) -> Result<Out, Error> {
    enter::run(isolate, Some(context), limits, |scope| {
        let mut builder =
            Builder { source, targets: targets(source), keys: HashMap::new(), open: Vec::new() };
        let value = builder.all(scope)?;
        Ok(Out::new(scope, value))
    })
}

struct Builder<'a, 's, S> {
    source: &'a S,
    /// The slots that references name, and what was made of them.
    targets: HashMap<usize, Option<v8::Local<'s, v8::Value>>>,
    /// Keys of properties: V8 finds the same string faster again.
    keys: HashMap<&'a str, v8::Local<'s, v8::Value>>,
    open: Vec<Open<'s>>,
}

/// A container whose children are being made.
struct Open<'s> {
    slot: usize,
    /// Children that are still to come.
    left: usize,
    shape: Shape<'s>,
    /// What came of a pair so far.
    key: Option<v8::Local<'s, v8::Value>>,
}

enum Shape<'s> {
    /// An array that nothing refers to is made when its elements are there; None is a hole.
    Elements(Vec<Option<v8::Local<'s, v8::Value>>>),
    /// One that is referred to is there from the beginning. The next index.
    Array(v8::Local<'s, v8::Array>, u32),
    Record(v8::Local<'s, v8::Object>),
    Map(v8::Local<'s, v8::Map>),
    Set(v8::Local<'s, v8::Set>),
    Error(v8::Local<'s, v8::Object>, Named),
    Regexp,
}

/// What of an error was there when it was made.
#[derive(Default)]
struct Named {
    name: bool,
    message: bool,
}

enum Made<'s> {
    Value(v8::Local<'s, v8::Value>),
    Hole,
}

/// Slots between two looks at whether the call is to end.
const BATCH: usize = 256;
/// Keys longer than this are not remembered.
const MAX_KEY: usize = 64;

fn targets<'s>(source: &impl Source) -> HashMap<usize, Option<v8::Local<'s, v8::Value>>> {
    (0..source.count()).filter_map(|at| source.reference(at)).map(|target| (target, None)).collect()
}

fn wrong(slot: usize, what: impl std::fmt::Display) -> Fail {
    Error::invalid(format!("slots[{slot}]: {what}")).into()
}

impl<'a, 's, S: Source> Builder<'a, 's, S> {
    fn all(&mut self, scope: &mut Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Value>> {
        let count = self.source.count();
        for at in 0..count {
            if at % BATCH == 0 {
                enter::go_on()?;
            }
            let mut made = match self.one(scope, at)? {
                Some(made) => made,
                None => continue,
            };
            // What is whole may make what it stands in whole.
            loop {
                let Some(open) = self.open.last_mut() else {
                    let Made::Value(value) = made else {
                        return Err(wrong(at, "a HOLE stands only in an ARRAY"));
                    };
                    if at + 1 < count {
                        return Err(wrong(at + 1, "the value ends before it"));
                    }
                    return Ok(value);
                };
                if open.left > 0 {
                    open.left -= 1;
                    add(scope, open, made, at)?;
                }
                if open.left > 0 {
                    break;
                }
                let Some(open) = self.open.pop() else { break };
                let slot = open.slot;
                let value = close(scope, open)?;
                self.note(slot, value);
                made = Made::Value(value);
            }
        }
        match self.open.last() {
            Some(open) => {
                Err(wrong(open.slot, format!("{} of its children are past the end of the slots", open.left)))
            }
            None => Err(Error::invalid("slots: there are none").into()),
        }
    }

    /// Remembers what a slot became, if something refers to it.
    fn note(&mut self, slot: usize, value: v8::Local<'s, v8::Value>) {
        if let Some(target) = self.targets.get_mut(&slot) {
            *target = Some(value);
        }
    }

    /// Makes the value of a slot; a container with children is opened instead.
    fn one(&mut self, scope: &mut Scope<'s, '_>, at: usize) -> Outcome<Option<Made<'s>>> {
        let source = self.source;
        let value: v8::Local<v8::Value> = match source.node(at)? {
            Node::Undefined => v8::undefined(scope).into(),
            Node::Null => v8::null(scope).into(),
            Node::Boolean(value) => v8::Boolean::new(scope, value).into(),
            Node::Number(value) => v8::Number::new(scope, value).into(),
            Node::String(text) => self.string(scope, text, at)?,
            Node::Utf16(units) => v8::String::new_from_two_byte(scope, units, v8::NewStringType::Normal)
                .ok_or_else(|| wrong(at, format!("a string of {} units is too long for V8", units.len())))?
                .into(),
            Node::Bigint(bytes) => value::bigint(scope, bytes)?.into(),
            Node::Value(value) => value.local(scope).map_err(|_| {
                Error::new(Status::WrongIsolate, format!("slots[{at}]: its value belongs to another isolate"))
            })?,
            Node::Hole => return Ok(Some(Made::Hole)),
            Node::Reference(target) => match self.targets.get(&target) {
                Some(Some(value)) => *value,
                _ => return Err(wrong(at, format!("slot {target} is no object that stands before it"))),
            },
            Node::Date(time) => {
                let date = v8::Date::new(scope, time).thrown()?.into();
                self.note(at, date);
                date
            }
            Node::Bytes(element, bytes) => {
                let view = bytes_value(scope, element, bytes, at)?;
                self.note(at, view);
                view
            }
            Node::Container(kind, children) => {
                let shape = self.shape(scope, kind, children, at)?;
                let object = match &shape {
                    Shape::Array(array, _) => Some((*array).into()),
                    Shape::Record(object) | Shape::Error(object, _) => Some((*object).into()),
                    Shape::Map(map) => Some((*map).into()),
                    Shape::Set(set) => Some((*set).into()),
                    Shape::Elements(_) | Shape::Regexp => None,
                };
                if let Some(object) = object {
                    self.note(at, object);
                }
                let open = Open { slot: at, left: children, shape, key: None };
                if children > 0 {
                    self.open.push(open);
                    return Ok(None);
                }
                let value = close(scope, open)?;
                self.note(at, value);
                value
            }
        };
        Ok(Some(Made::Value(value)))
    }

    /// A string. One that is a key is looked for among those that were there before.
    fn string(
        &mut self,
        scope: &mut Scope<'s, '_>,
        text: &'a str,
        at: usize,
    ) -> Outcome<v8::Local<'s, v8::Value>> {
        let is_key = self.open.last().is_some_and(|open| {
            open.key.is_none() && matches!(open.shape, Shape::Record(_)) && text.len() <= MAX_KEY
        });
        if is_key && let Some(key) = self.keys.get(text) {
            return Ok(*key);
        }
        let kind = if is_key { v8::NewStringType::Internalized } else { v8::NewStringType::Normal };
        let string = v8::String::new_from_utf8(scope, text.as_bytes(), kind)
            .ok_or_else(|| wrong(at, format!("a string of {} bytes is too long for V8", text.len())))?;
        if is_key {
            self.keys.insert(text, string.into());
        }
        Ok(string.into())
    }

    fn shape(
        &mut self,
        scope: &mut Scope<'s, '_>,
        kind: GraphKind,
        children: usize,
        at: usize,
    ) -> Outcome<Shape<'s>> {
        let behind = self.source.count() - at - 1;
        if children > behind {
            return Err(wrong(at, format!("it has {children} children, but only {behind} slots follow")));
        }
        let pairs = matches!(kind, GraphKind::Record | GraphKind::Map | GraphKind::Error);
        if pairs && !children.is_multiple_of(2) {
            return Err(wrong(at, format!("its {children} children are no pairs")));
        }
        if kind == GraphKind::Regexp && children != 2 {
            return Err(wrong(at, format!("a REGEXP has 2 children, not {children}")));
        }
        Ok(match kind {
            GraphKind::Array if self.targets.contains_key(&at) => {
                Shape::Array(v8::Array::new_with_elements(scope, &[]), 0)
            }
            GraphKind::Array => Shape::Elements(Vec::with_capacity(children)),
            GraphKind::Map => Shape::Map(v8::Map::new(scope)),
            GraphKind::Set => Shape::Set(v8::Set::new(scope)),
            GraphKind::Regexp => Shape::Regexp,
            GraphKind::Error => self.error(scope, children, at)?,
            _ => Shape::Record(v8::Object::new(scope)),
        })
    }

    /// A new error. Its constructor and what its stack begins with are known only now, so they are
    /// looked up among the children.
    fn error(&mut self, scope: &mut Scope<'s, '_>, children: usize, at: usize) -> Outcome<Shape<'s>> {
        let text = |key: &str, at: usize, children: usize| -> Result<Option<&'a str>, Error> {
            if children < 2 {
                return Ok(None);
            }
            Ok(match (self.source.node(at)?, self.source.node(at + 1)?) {
                (Node::String(found), Node::String(text)) if found == key => Some(text),
                _ => None,
            })
        };
        let name = text("name", at + 1, children)?;
        let (skip, left) = if name.is_some() { (2, children - 2) } else { (0, children) };
        let message = text("message", at + 1 + skip, left)?;
        let string = value::string(scope, message.unwrap_or(""))?;
        let (error, known) = match name {
            None | Some("Error") => (v8::Exception::error(scope, string), name.is_some()),
            Some("RangeError") => (v8::Exception::range_error(scope, string), true),
            Some("ReferenceError") => (v8::Exception::reference_error(scope, string), true),
            Some("SyntaxError") => (v8::Exception::syntax_error(scope, string), true),
            Some("TypeError") => (v8::Exception::type_error(scope, string), true),
            Some(_) => (v8::Exception::error(scope, string), false),
        };
        let error: v8::Local<v8::Object> = error.cast();
        if message.is_none() {
            let key = value::string(scope, "message")?;
            error.delete(scope, key.into()).thrown()?;
        }
        Ok(Shape::Error(error, Named { name: known, message: message.is_some() }))
    }
}

/// Puts a child into the container that is open.
fn add<'s>(scope: &mut Scope<'s, '_>, open: &mut Open<'s>, made: Made<'s>, at: usize) -> Outcome<()> {
    let value = match (made, &mut open.shape) {
        (Made::Hole, Shape::Elements(elements)) => {
            elements.push(None);
            return Ok(());
        }
        (Made::Hole, Shape::Array(_, next)) => {
            *next += 1;
            return Ok(());
        }
        (Made::Hole, _) => return Err(wrong(at, "a HOLE stands only in an ARRAY")),
        (Made::Value(value), _) => value,
    };
    match &mut open.shape {
        Shape::Elements(elements) => {
            elements.push(Some(value));
            return Ok(());
        }
        Shape::Array(array, next) => {
            define_index(scope, *array, *next, value)?;
            *next += 1;
            return Ok(());
        }
        Shape::Set(set) => {
            set.add(scope, value).thrown()?;
            return Ok(());
        }
        _ => {}
    }
    let Some(key) = open.key.take() else {
        if !matches!(open.shape, Shape::Map(_)) && !value.is_string() {
            let what = if matches!(open.shape, Shape::Regexp) { "the source" } else { "a key" };
            return Err(wrong(at, format!("{what} is a STRING")));
        }
        open.key = Some(value);
        return Ok(());
    };
    match &mut open.shape {
        Shape::Record(object) => {
            object.create_data_property(scope, key.cast(), value).thrown()?;
        }
        Shape::Map(map) => {
            map.set(scope, key, value).thrown()?;
        }
        Shape::Error(error, named) => error_property(scope, *error, named, key.cast(), value)?,
        _ => {
            // A REGEXP's second child: `close` makes it of both.
            let (source, flags) = (key.cast(), regexp_flags(scope, value, at)?);
            let regexp = v8::RegExp::new(scope, source, flags).thrown()?;
            open.key = Some(regexp.into());
        }
    }
    Ok(())
}

/// Makes a container whose children are all there.
fn close<'s>(scope: &mut Scope<'s, '_>, open: Open<'s>) -> Outcome<v8::Local<'s, v8::Value>> {
    Ok(match open.shape {
        Shape::Elements(elements) => {
            let undefined: v8::Local<v8::Value> = v8::undefined(scope).into();
            let all: Vec<_> = elements.iter().map(|element| element.unwrap_or(undefined)).collect();
            let array = v8::Array::new_with_elements(scope, &all);
            for index in (0..all.len()).filter(|index| elements[*index].is_none()) {
                array.delete_index(scope, index as u32).thrown()?;
            }
            array.into()
        }
        Shape::Array(array, length) => {
            // Holes at the end: an element makes the length, and goes.
            if array.length() < length {
                let undefined = v8::undefined(scope).into();
                define_index(scope, array, length - 1, undefined)?;
                array.delete_index(scope, length - 1).thrown()?;
            }
            array.into()
        }
        Shape::Record(object) | Shape::Error(object, _) => object.into(),
        Shape::Map(map) => map.into(),
        Shape::Set(set) => set.into(),
        Shape::Regexp => open.key.thrown()?,
    })
}

fn define_index<'s>(
    scope: &mut Scope<'s, '_>,
    array: v8::Local<'s, v8::Array>,
    index: u32,
    value: v8::Local<'s, v8::Value>,
) -> Outcome<()> {
    let name = v8::Integer::new_from_unsigned(scope, index).to_string(scope).thrown()?;
    array.create_data_property(scope, name.into(), value).thrown()?;
    Ok(())
}

/// A property of an error: those that errors have of their own are not enumerable.
fn error_property<'s>(
    scope: &mut Scope<'s, '_>,
    error: v8::Local<'s, v8::Object>,
    named: &mut Named,
    key: v8::Local<'s, v8::Name>,
    value: v8::Local<'s, v8::Value>,
) -> Outcome<()> {
    let hidden = match key.to_rust_string_lossy(scope).as_str() {
        "name" if std::mem::take(&mut named.name) => return Ok(()),
        "message" if std::mem::take(&mut named.message) => return Ok(()),
        "name" | "message" | "stack" | "cause" | "errors" => true,
        _ => false,
    };
    let attributes = if hidden { v8::PropertyAttribute::DONT_ENUM } else { v8::PropertyAttribute::NONE };
    error.define_own_property(scope, key, value, attributes).thrown()?;
    Ok(())
}

fn regexp_flags(
    scope: &mut Scope<'_, '_>,
    value: v8::Local<'_, v8::Value>,
    at: usize,
) -> Outcome<v8::RegExpCreationFlags> {
    if !value.is_string() {
        return Err(wrong(at, "the flags of a REGEXP are a STRING"));
    }
    let text = value.to_rust_string_lossy(scope);
    let mut flags = v8::RegExpCreationFlags::empty();
    for letter in text.chars() {
        match REGEXP_FLAGS.iter().find(|(known, _)| *known == letter) {
            Some((_, bit)) if !flags.contains(*bit) => flags |= *bit,
            _ => return Err(wrong(at, format!("{text:?} are no flags of a REGEXP"))),
        }
    }
    if flags.contains(v8::RegExpCreationFlags::UNICODE | v8::RegExpCreationFlags::UNICODE_SETS) {
        return Err(wrong(at, "a REGEXP has either the flag u or v"));
    }
    Ok(flags)
}

/// A buffer or view with a copy of the bytes.
fn bytes_value<'s>(
    scope: &mut Scope<'s, '_>,
    element: Element,
    bytes: &[u8],
    at: usize,
) -> Outcome<v8::Local<'s, v8::Value>> {
    if !bytes.len().is_multiple_of(element.size()) {
        let (len, size) = (bytes.len(), element.size());
        return Err(wrong(at, format!("{len} bytes are no elements of {size} bytes")));
    }
    let buffer = array_buffer(scope, bytes);
    let Some(buffer) = buffer else {
        return Err(Error::new(
            Status::OutOfMemory,
            format!("slots[{at}]: the isolate has no room for {} bytes of ArrayBuffers", bytes.len()),
        )
        .into());
    };
    let count = bytes.len() / element.size();
    element.view(scope, buffer, 0, count)
}
