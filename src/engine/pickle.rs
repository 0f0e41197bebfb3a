//! A flattened graph as a pickle, Python's format for its own values (protocol 4), and what both directions
//! have in common. Python's C code reads it faster than Python code reads slots.

use crate::engine::flatten::Flat;
use crate::engine::graph::{GraphKind, Record};
use crate::engine::hash::BySpread;
use crate::engine::value::{Kind, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The opcodes that are written or read: names and numbers of Python's pickletools.
pub mod op {
    pub const MARK: u8 = b'(';
    pub const STOP: u8 = b'.';
    pub const POP: u8 = b'0';
    pub const POP_MARK: u8 = b'1';
    pub const BINFLOAT: u8 = b'G';
    pub const BININT: u8 = b'J';
    pub const BININT1: u8 = b'K';
    pub const BININT2: u8 = b'M';
    pub const NONE: u8 = b'N';
    pub const REDUCE: u8 = b'R';
    pub const BINUNICODE: u8 = b'X';
    pub const EMPTY_LIST: u8 = b']';
    pub const APPEND: u8 = b'a';
    pub const APPENDS: u8 = b'e';
    pub const BINGET: u8 = b'h';
    pub const LONG_BINGET: u8 = b'j';
    pub const SETITEM: u8 = b's';
    pub const TUPLE: u8 = b't';
    pub const EMPTY_TUPLE: u8 = b')';
    pub const SETITEMS: u8 = b'u';
    pub const EMPTY_DICT: u8 = b'}';
    pub const BINBYTES: u8 = b'B';
    pub const SHORT_BINBYTES: u8 = b'C';
    pub const PROTO: u8 = 0x80;
    pub const TUPLE1: u8 = 0x85;
    pub const TUPLE2: u8 = 0x86;
    pub const TUPLE3: u8 = 0x87;
    pub const NEWTRUE: u8 = 0x88;
    pub const NEWFALSE: u8 = 0x89;
    pub const LONG1: u8 = 0x8A;
    pub const LONG4: u8 = 0x8B;
    pub const SHORT_BINUNICODE: u8 = 0x8C;
    pub const BINUNICODE8: u8 = 0x8D;
    pub const BINBYTES8: u8 = 0x8E;
    pub const EMPTY_SET: u8 = 0x8F;
    pub const ADDITEMS: u8 = 0x90;
    pub const FROZENSET: u8 = 0x91;
    pub const STACK_GLOBAL: u8 = 0x93;
    pub const MEMOIZE: u8 = 0x94;
    pub const FRAME: u8 = 0x95;
    pub const BYTEARRAY8: u8 = 0x96;
}

/// What stands for values that pickle has no opcodes for. This is the manual of the encoding: jsvm_value_pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Global {
    Undefined,
    Bigint,
    Date,
    Regexp,
    Map,
    Set,
    Error,
    Fill,
    Value,
    Handle,
}

impl Global {
    pub const ALL: [(Global, &'static str); 10] = [
        (Global::Undefined, "undefined"),
        (Global::Bigint, "bigint"),
        (Global::Date, "date"),
        (Global::Regexp, "regexp"),
        (Global::Map, "map"),
        (Global::Set, "set"),
        (Global::Error, "error"),
        (Global::Fill, "fill"),
        (Global::Value, "value"),
        (Global::Handle, "handle"),
    ];
}

/// The module that the globals are written with. It is not looked at when they are read.
const MODULE: &str = "jsvm";
const PROTOCOL: u8 = 4;

/// Up to here each integer is a number of its own: Number.MAX_SAFE_INTEGER.
pub const MAX_SAFE: u64 = (1 << 53) - 1;

type Memo = HashMap<usize, u32, BySpread>;

/// Not yet in the memo.
const WANTED: u32 = u32::MAX;

struct Writer {
    bytes: Vec<u8>,
    /// How many things the memo has.
    memoized: u32,
    /// Slots that references name.
    slots: Memo,
    /// Strings that stand more than once, by their place in the block.
    strings: Memo,
    globals: [Option<u32>; Global::ALL.len()],
    handles: Vec<Arc<Value>>,
    open: Vec<Open>,
}

/// A container whose children are being written.
struct Open {
    kind: u32,
    slot: usize,
    /// Children that are missing.
    left: usize,
}

/// A pickle of the graph, and the values that its handles name.
pub fn pickle(flat: Flat) -> (Vec<u8>, Vec<Arc<Value>>) {
    let mut writer = Writer {
        bytes: Vec::with_capacity(flat.block.len() + 4 * flat.records.len() + 32),
        memoized: 0,
        slots: Memo::default(),
        strings: Memo::default(),
        globals: [None; Global::ALL.len()],
        handles: Vec::new(),
        open: Vec::new(),
    };
    writer.find_shared(&flat.records);
    writer.bytes.extend([op::PROTO, PROTOCOL, op::FRAME]);
    // One frame, so that the reader need not ask for the bytes in parts. Its length comes at the end.
    let frame = writer.bytes.len();
    writer.bytes.extend([0; 8]);
    for (at, record) in flat.records.into_iter().enumerate() {
        writer.record(at, record, &flat.block);
    }
    writer.bytes.push(op::STOP);
    let length = (writer.bytes.len() - frame - 8) as u64;
    writer.bytes[frame..frame + 8].copy_from_slice(&length.to_le_bytes());
    (writer.bytes, writer.handles)
}

impl Writer {
    fn find_shared(&mut self, records: &[Record]) {
        let mut next = 0;
        for record in records {
            if record.kind == GraphKind::Reference as u32 {
                self.slots.insert(record.len, WANTED);
            } else if record.kind == Kind::String as u32 {
                // Strings are written to the block one after the other, but for those that were there before.
                if record.data < next {
                    self.strings.insert(record.data, WANTED);
                } else {
                    next = record.data + 1;
                }
            }
        }
    }

    fn record(&mut self, at: usize, record: Record, block: &[u8]) {
        let data = || &block[record.data..record.data + record.len];
        match record.kind {
            k if k == Kind::String as u32 => match self.strings.get(&record.data).copied() {
                Some(WANTED) => {
                    self.text(data());
                    let place = self.memoize();
                    self.strings.insert(record.data, place);
                }
                Some(place) => self.get(place),
                None => self.text(data()),
            },
            k if k == Kind::Number as u32 => self.number(record.number),
            k if k == Kind::Null as u32 => self.bytes.push(op::NONE),
            k if k == Kind::Boolean as u32 => {
                self.bytes.push(if record.number != 0.0 { op::NEWTRUE } else { op::NEWFALSE });
            }
            k if k == Kind::Undefined as u32 || k == GraphKind::Hole as u32 => self.global(Global::Undefined),
            k if k == Kind::Bigint as u32 => {
                self.global(Global::Bigint);
                // V8's bigints have fewer bytes than LONG4 can say.
                self.sized(data(), [op::LONG1, op::LONG4, op::LONG4]);
                self.call(op::TUPLE1);
            }
            k if k == GraphKind::Reference as u32 => {
                // It stands before: the memo has it.
                let place = self.slots.get(&record.len).copied().unwrap_or(WANTED);
                self.get(place);
            }
            k if k == GraphKind::Date as u32 => {
                self.global(Global::Date);
                self.float(record.number);
                self.call(op::TUPLE1);
                self.made(at);
            }
            k if k == GraphKind::Bytes as u32 => {
                self.sized(data(), [op::SHORT_BINBYTES, op::BINBYTES, op::BINBYTES8]);
                self.made(at);
            }
            k if k >= GraphKind::Array as u32 => return self.open(at, k, record.len),
            _ => {
                self.global(Global::Handle);
                self.number(self.handles.len() as f64);
                self.call(op::TUPLE1);
                self.handles.extend(record.value);
            }
        }
        self.close();
    }

    /// A container, up to its children.
    fn open(&mut self, at: usize, kind: u32, children: usize) {
        let new = |global, writer: &mut Writer| {
            writer.global(Global::Fill);
            writer.global(global);
            writer.call(op::EMPTY_TUPLE);
        };
        match kind {
            k if k == GraphKind::Array as u32 => self.bytes.push(op::EMPTY_LIST),
            k if k == GraphKind::Map as u32 => new(Global::Map, self),
            k if k == GraphKind::Set as u32 => new(Global::Set, self),
            k if k == GraphKind::Error as u32 => new(Global::Error, self),
            k if k == GraphKind::Regexp as u32 => self.global(Global::Regexp),
            _ => self.bytes.push(op::EMPTY_DICT),
        }
        if kind != GraphKind::Regexp as u32 {
            self.made(at);
        }
        self.bytes.push(op::MARK);
        self.open.push(Open { kind, slot: at, left: children + 1 });
        self.close();
    }

    /// A value is whole. It may make what it stands in whole.
    fn close(&mut self) {
        while let Some(open) = self.open.last_mut() {
            open.left -= 1;
            if open.left > 0 {
                return;
            }
            let slot = open.slot;
            match open.kind {
                k if k == GraphKind::Array as u32 => self.bytes.push(op::APPENDS),
                k if k == GraphKind::Record as u32 => self.bytes.push(op::SETITEMS),
                // It is there only now, and its children cannot refer to it.
                k if k == GraphKind::Regexp as u32 => {
                    self.call(op::TUPLE);
                    self.made(slot);
                }
                _ => {
                    self.bytes.push(op::TUPLE);
                    self.call(op::TUPLE2);
                }
            }
            self.open.pop();
        }
    }

    /// Python's memo gets what was written last, and says where.
    fn memoize(&mut self) -> u32 {
        self.bytes.push(op::MEMOIZE);
        self.memoized += 1;
        self.memoized - 1
    }

    fn made(&mut self, slot: usize) {
        if self.slots.contains_key(&slot) {
            let place = self.memoize();
            self.slots.insert(slot, place);
        }
    }

    fn get(&mut self, place: u32) {
        match u8::try_from(place) {
            Ok(place) => self.bytes.extend([op::BINGET, place]),
            Err(_) => {
                self.bytes.push(op::LONG_BINGET);
                self.bytes.extend(place.to_le_bytes());
            }
        }
    }

    fn global(&mut self, global: Global) {
        let (_, name) = Global::ALL[global as usize];
        if let Some(place) = self.globals[global as usize] {
            return self.get(place);
        }
        self.text(MODULE.as_bytes());
        self.text(name.as_bytes());
        self.bytes.push(op::STACK_GLOBAL);
        self.globals[global as usize] = Some(self.memoize());
    }

    /// Calls a global with a tuple.
    fn call(&mut self, tuple: u8) {
        self.bytes.extend([tuple, op::REDUCE]);
    }

    fn text(&mut self, text: &[u8]) {
        self.sized(text, [op::SHORT_BINUNICODE, op::BINUNICODE, op::BINUNICODE8]);
    }

    /// Bytes after their length, by the opcodes for a length of 1, 4 and 8 bytes.
    fn sized(&mut self, data: &[u8], opcodes: [u8; 3]) {
        let len = (data.len() as u64).to_le_bytes();
        let (opcode, len) = match data.len() {
            0..=0xFF => (opcodes[0], &len[..1]),
            0x100..=0x7FFF_FFFF => (opcodes[1], &len[..4]),
            _ => (opcodes[2], &len[..]),
        };
        self.bytes.push(opcode);
        self.bytes.extend_from_slice(len);
        self.bytes.extend_from_slice(data);
    }

    fn float(&mut self, value: f64) {
        self.bytes.push(op::BINFLOAT);
        self.bytes.extend(value.to_be_bytes());
    }

    /// An int if it is one exactly, and is not -0.
    fn number(&mut self, value: f64) {
        let whole = value as i64;
        if whole as f64 != value
            || whole.unsigned_abs() > MAX_SAFE
            || (whole == 0 && value.is_sign_negative())
        {
            return self.float(value);
        }
        if let Ok(byte) = u8::try_from(whole) {
            self.bytes.extend([op::BININT1, byte]);
        } else if let Ok(short) = u16::try_from(whole) {
            self.bytes.push(op::BININT2);
            self.bytes.extend(short.to_le_bytes());
        } else if let Ok(int) = i32::try_from(whole) {
            self.bytes.push(op::BININT);
            self.bytes.extend(int.to_le_bytes());
        } else {
            self.bytes.extend([op::LONG1, 8]);
            self.bytes.extend(whole.to_le_bytes());
        }
    }
}
