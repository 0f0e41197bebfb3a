//! A pickle as slots for `build`. The bytes are not trusted: what is not known is refused, nothing is called, and
//! memory stays in proportion to the bytes.

use crate::engine::bytes::utf8;
use crate::engine::element::Element;
use crate::engine::error::Error;
use crate::engine::graph::{GraphKind, JSVM_GRAPH_MAX_COUNT, Node, Source};
use crate::engine::pickle::{Global, MAX_SAFE, op};
use crate::engine::value::{Value, utf16_of_wtf8};
use std::sync::Arc;

/// What a pickle describes, as slots.
pub struct Slots<'a> {
    slots: Vec<Slot<'a>>,
    /// Strings that UTF-8 cannot say.
    utf16: Vec<Vec<u16>>,
}

enum Slot<'a> {
    Node(Node<'a>),
    /// A key that was an int.
    Key(String),
    /// A bigint that was a small int.
    Bigint([u8; 8]),
    /// A place in `utf16`.
    Utf16(usize),
}

impl Source for Slots<'_> {
    fn count(&self) -> usize {
        self.slots.len()
    }

    fn node(&self, index: usize) -> Result<Node<'_>, Error> {
        Ok(match &self.slots[index] {
            Slot::Node(node) => node.clone(),
            Slot::Key(key) => Node::String(key),
            Slot::Bigint(bytes) => Node::Bigint(bytes),
            Slot::Utf16(at) => Node::Utf16(&self.utf16[*at]),
        })
    }

    fn reference(&self, index: usize) -> Option<usize> {
        match self.slots[index] {
            Slot::Node(Node::Reference(target)) => Some(target),
            _ => None,
        }
    }
}

/// Something on Python's stack.
#[derive(Clone, Copy)]
enum Item<'a> {
    Undefined,
    Null,
    Boolean(bool),
    /// An int that is a number.
    Int(i64),
    Float(f64),
    Bigint(&'a [u8]),
    SmallBigint(i64),
    Text(&'a str),
    /// A key that was an int.
    Key(i64),
    Utf16(usize),
    Global(Global),
    Handle(usize),
    /// Something that has an identity.
    Object(usize),
}

enum Object<'a> {
    Date(f64),
    Bytes(&'a [u8]),
    Container(GraphKind, Vec<Item<'a>>),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    handles: usize,
    stack: Vec<Item<'a>>,
    /// Where the stack was at each mark.
    marks: Vec<usize>,
    memo: Vec<Item<'a>>,
    objects: Vec<Object<'a>>,
    utf16: Vec<Vec<u16>>,
}

/// Reads a pickle. The handles are what its `handle` names.
pub fn unpickle<'a>(bytes: &'a [u8], handles: &[Arc<Value>]) -> Result<Slots<'a>, Error> {
    let mut reader = Reader {
        bytes,
        at: 0,
        handles: handles.len(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        objects: Vec::new(),
        utf16: Vec::new(),
    };
    let root = reader.all()?;
    let slots = flat(root, &reader.objects, handles)?;
    Ok(Slots { slots, utf16: reader.utf16 })
}

/// Slots in pre-order.
fn flat<'a>(root: Item<'a>, objects: &[Object<'a>], handles: &[Arc<Value>]) -> Result<Vec<Slot<'a>>, Error> {
    let mut slots = Vec::new();
    let mut slot_of: Vec<Option<usize>> = vec![None; objects.len()];
    let root = [root];
    let mut open = vec![root.iter()];
    while let Some(children) = open.last_mut() {
        let Some(item) = children.next() else {
            open.pop();
            continue;
        };
        if slots.len() >= JSVM_GRAPH_MAX_COUNT as usize {
            return Err(Error::invalid("pickle: it has more values than JSVM_GRAPH_MAX_COUNT"));
        }
        slots.push(Slot::Node(match *item {
            Item::Undefined => Node::Undefined,
            Item::Null => Node::Null,
            Item::Boolean(value) => Node::Boolean(value),
            Item::Int(value) => Node::Number(value as f64),
            Item::Float(value) => Node::Number(value),
            Item::Bigint(bytes) => Node::Bigint(bytes),
            Item::Text(text) => Node::String(text),
            Item::Handle(index) => Node::Value(handles[index].clone()),
            Item::Key(key) => {
                slots.push(Slot::Key(key.to_string()));
                continue;
            }
            Item::SmallBigint(value) => {
                slots.push(Slot::Bigint(value.to_le_bytes()));
                continue;
            }
            Item::Utf16(at) => {
                slots.push(Slot::Utf16(at));
                continue;
            }
            Item::Global(_) => return Err(Error::invalid("pickle: a global stands where a value should")),
            Item::Object(index) => match slot_of[index] {
                Some(slot) => Node::Reference(slot),
                None => {
                    slot_of[index] = Some(slots.len());
                    match &objects[index] {
                        Object::Date(time) => Node::Date(*time),
                        Object::Bytes(bytes) => Node::Bytes(Element::Uint8, bytes),
                        Object::Container(kind, children) => {
                            open.push(children.iter());
                            Node::Container(*kind, children.len())
                        }
                    }
                }
            },
        }));
    }
    Ok(slots)
}

impl<'a> Reader<'a> {
    fn all(&mut self) -> Result<Item<'a>, Error> {
        loop {
            let opcode = self.byte()?;
            if opcode == op::STOP {
                let value = self.pop()?;
                return match self.at == self.bytes.len() && self.stack.is_empty() {
                    true => Ok(value),
                    false => Err(self.wrong("there is more than one value")),
                };
            }
            self.one(opcode)?;
        }
    }

    fn one(&mut self, opcode: u8) -> Result<(), Error> {
        let item = match opcode {
            op::PROTO => return self.byte().map(drop),
            op::FRAME => return self.take(8).map(drop),
            op::MARK => {
                self.marks.push(self.stack.len());
                return Ok(());
            }
            op::POP => return self.pop().map(drop),
            op::POP_MARK => return self.pop_mark().map(drop),
            op::MEMOIZE => {
                let top = self.stack.last().copied();
                self.memo.push(top.ok_or_else(|| self.wrong("there is nothing to memoize"))?);
                return Ok(());
            }
            op::BINGET => {
                let place = self.byte()?;
                self.get(place.into())?
            }
            op::LONG_BINGET => {
                let place = self.length(4)?;
                self.get(place)?
            }
            op::NONE => Item::Null,
            op::NEWTRUE => Item::Boolean(true),
            op::NEWFALSE => Item::Boolean(false),
            op::BININT1 => Item::Int(self.length(1)? as i64),
            op::BININT2 => Item::Int(self.length(2)? as i64),
            op::BININT => self.int(4)?,
            op::LONG1 => {
                let len = self.length(1)?;
                self.int(len)?
            }
            op::LONG4 => {
                let len = self.length(4)?;
                self.int(len)?
            }
            op::BINFLOAT => {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(self.take(8)?);
                Item::Float(f64::from_be_bytes(bytes))
            }
            op::SHORT_BINUNICODE => self.text(1)?,
            op::BINUNICODE => self.text(4)?,
            op::BINUNICODE8 => self.text(8)?,
            op::SHORT_BINBYTES => self.sized(1).map(Object::Bytes).map(|bytes| self.object(bytes))?,
            op::BINBYTES => self.sized(4).map(Object::Bytes).map(|bytes| self.object(bytes))?,
            op::BINBYTES8 | op::BYTEARRAY8 => {
                self.sized(8).map(Object::Bytes).map(|bytes| self.object(bytes))?
            }
            op::EMPTY_LIST | op::EMPTY_TUPLE => self.container(GraphKind::Array, Vec::new()),
            op::EMPTY_DICT => self.container(GraphKind::Record, Vec::new()),
            op::EMPTY_SET => self.container(GraphKind::Set, Vec::new()),
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let from = self.stack.len().checked_sub(usize::from(opcode - op::TUPLE1) + 1);
                let from = from.ok_or_else(|| self.wrong("the stack is too short"))?;
                let items = self.pop_from(from)?;
                self.container(GraphKind::Array, items)
            }
            op::TUPLE => {
                let items = self.pop_mark()?;
                self.container(GraphKind::Array, items)
            }
            op::FROZENSET => {
                let items = self.pop_mark()?;
                self.container(GraphKind::Set, items)
            }
            op::APPEND => {
                let item = self.pop()?;
                return self.extend(GraphKind::Array, vec![item]);
            }
            op::APPENDS => {
                let items = self.pop_mark()?;
                return self.extend(GraphKind::Array, items);
            }
            op::ADDITEMS => {
                let items = self.pop_mark()?;
                return self.extend(GraphKind::Set, items);
            }
            op::SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                return self.set_items(vec![key, value]);
            }
            op::SETITEMS => {
                let items = self.pop_mark()?;
                return self.set_items(items);
            }
            op::STACK_GLOBAL => {
                let (name, _module) = (self.pop()?, self.pop()?);
                let Item::Text(name) = name else {
                    return Err(self.wrong("the name of a global is no text"));
                };
                match Global::ALL.into_iter().find(|(_, known)| *known == name) {
                    Some((Global::Undefined, _)) => Item::Undefined,
                    Some((global, _)) => Item::Global(global),
                    None => return Err(self.wrong(format_args!("{name:?} is no global that is known"))),
                }
            }
            op::REDUCE => self.reduce()?,
            _ => return Err(self.wrong(format_args!("the opcode {opcode:#04x} is not known"))),
        };
        self.stack.push(item);
        Ok(())
    }

    /// What a global makes of its arguments.
    fn reduce(&mut self) -> Result<Item<'a>, Error> {
        let (arguments, global) = (self.pop()?, self.pop()?);
        let Item::Global(global) = global else { return Err(self.wrong("what is called is no global")) };
        let arguments = self.take_array(arguments)?;
        Ok(match (global, &arguments[..]) {
            (Global::Value, [value]) => *value,
            (Global::Bigint, [Item::Bigint(_)]) => arguments[0],
            (Global::Bigint, [Item::Int(value)]) => Item::SmallBigint(*value),
            (Global::Date, [Item::Float(time)]) => self.object(Object::Date(*time)),
            (Global::Date, [Item::Int(time)]) => self.object(Object::Date(*time as f64)),
            (Global::Regexp, [_, _]) => self.container(GraphKind::Regexp, arguments),
            (Global::Map, []) => self.container(GraphKind::Map, arguments),
            (Global::Set, []) => self.container(GraphKind::Set, arguments),
            (Global::Error, []) => self.container(GraphKind::Error, arguments),
            (Global::Map, [children]) => {
                let children = self.take_array(*children)?;
                self.container(GraphKind::Map, children)
            }
            (Global::Set, [children]) => {
                let children = self.take_array(*children)?;
                self.container(GraphKind::Set, children)
            }
            (Global::Fill, [Item::Object(container), children]) => {
                let children = self.take_array(*children)?;
                match &mut self.objects[*container] {
                    Object::Container(GraphKind::Map | GraphKind::Set | GraphKind::Error, all) => {
                        all.extend(children)
                    }
                    _ => return Err(self.wrong("what is filled is no map, set or error")),
                }
                Item::Object(*container)
            }
            (Global::Handle, [Item::Int(index)]) => match usize::try_from(*index) {
                Ok(index) if index < self.handles => Item::Handle(index),
                _ => return Err(self.wrong(format_args!("there is no handle {index}"))),
            },
            _ => {
                let (_, name) = Global::ALL[global as usize];
                return Err(self.wrong(format_args!("the arguments of {name:?} are wrong")));
            }
        })
    }

    /// Puts children into a container that the stack's top now is.
    fn extend(&mut self, kind: GraphKind, items: Vec<Item<'a>>) -> Result<(), Error> {
        if let Some(Item::Object(index)) = self.stack.last()
            && let Object::Container(found, children) = &mut self.objects[*index]
            && *found == kind
        {
            if children.is_empty() {
                *children = items;
            } else {
                children.extend(items);
            }
            return Ok(());
        }
        Err(self.wrong("what is filled is of another kind"))
    }

    /// Puts keys and values by turns into a dict.
    fn set_items(&mut self, mut items: Vec<Item<'a>>) -> Result<(), Error> {
        if !items.len().is_multiple_of(2) {
            return Err(self.wrong("a key without a value"));
        }
        for key in items.iter_mut().step_by(2) {
            match key {
                Item::Int(value) => *key = Item::Key(*value),
                Item::Text(_) | Item::Utf16(_) => {}
                _ => return Err(self.wrong("a key is no string or int")),
            }
        }
        self.extend(GraphKind::Record, items)
    }

    /// What a tuple or list has. It is empty from now on, so that nothing becomes more than it was.
    fn take_array(&mut self, item: Item<'a>) -> Result<Vec<Item<'a>>, Error> {
        if let Item::Object(index) = item
            && let Object::Container(GraphKind::Array, children) = &mut self.objects[index]
        {
            return Ok(std::mem::take(children));
        }
        Err(self.wrong("the arguments are no tuple"))
    }

    fn container(&mut self, kind: GraphKind, children: Vec<Item<'a>>) -> Item<'a> {
        self.object(Object::Container(kind, children))
    }

    fn object(&mut self, object: Object<'a>) -> Item<'a> {
        self.objects.push(object);
        Item::Object(self.objects.len() - 1)
    }

    fn get(&self, place: usize) -> Result<Item<'a>, Error> {
        self.memo.get(place).copied().ok_or_else(|| self.wrong(format_args!("the memo has no {place}")))
    }

    fn pop(&mut self) -> Result<Item<'a>, Error> {
        // What is below a mark belongs to another container.
        let bottom = self.marks.last().copied().unwrap_or(0);
        match self.stack.len() > bottom {
            true => self.stack.pop().ok_or_else(|| self.wrong("the stack is empty")),
            false => Err(self.wrong("the stack is empty")),
        }
    }

    fn pop_from(&mut self, from: usize) -> Result<Vec<Item<'a>>, Error> {
        match self.marks.last() {
            Some(mark) if *mark > from => Err(self.wrong("the stack is too short")),
            _ => Ok(self.stack.split_off(from)),
        }
    }

    fn pop_mark(&mut self) -> Result<Vec<Item<'a>>, Error> {
        let mark = self.marks.pop().ok_or_else(|| self.wrong("there is no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    /// A little-endian integer with a sign.
    fn int(&mut self, len: usize) -> Result<Item<'a>, Error> {
        let bytes = self.take(len)?;
        let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xFF } else { 0 };
        let mut word = [fill; 8];
        match word.get_mut(..len) {
            Some(place) => place.copy_from_slice(bytes),
            None => return Ok(Item::Bigint(bytes)),
        }
        let value = i64::from_le_bytes(word);
        Ok(if value.unsigned_abs() <= MAX_SAFE { Item::Int(value) } else { Item::Bigint(bytes) })
    }

    fn text(&mut self, width: usize) -> Result<Item<'a>, Error> {
        let bytes = self.sized(width)?;
        if let Ok(text) = utf8(bytes) {
            return Ok(Item::Text(text));
        }
        let units = utf16_of_wtf8(bytes).ok_or_else(|| self.wrong("a string is not UTF-8"))?;
        self.utf16.push(units);
        Ok(Item::Utf16(self.utf16.len() - 1))
    }

    /// Bytes after their length.
    fn sized(&mut self, width: usize) -> Result<&'a [u8], Error> {
        let len = self.length(width)?;
        self.take(len)
    }

    /// A little-endian integer without a sign.
    fn length(&mut self, width: usize) -> Result<usize, Error> {
        let mut word = [0; 8];
        word[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(word) as usize)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let rest = &self.bytes[self.at..];
        let Some(taken) = rest.get(..len) else { return Err(self.wrong("it ends too early")) };
        self.at += len;
        Ok(taken)
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::invalid(format!("pickle: at byte {}: {what}", self.at))
    }
}
