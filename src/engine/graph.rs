//! What a flattened graph is made of, for `flatten` and `build`.

use crate::engine::element::Element;
use crate::engine::error::Error;
use crate::engine::value::Value;
use std::sync::Arc;

/// The kinds of slots that are found in graphs only; the kinds of jsvm_kind are found there too. The numbers are part
/// of the ABI. This is the manual of the encoding.
///
/// A graph is an array of jsvm_slot in pre-order: slot 0 is the value; the children of a container follow it, each with
/// all that is under it, before the container's next sibling. Only containers have children, and `len` is how many
/// (not counting children of children). So a reader needs a loop and a stack, or recursion, and no look-ahead:
///
///     read():
///       slot = slots[i]; i = i + 1
///       if slot is ARRAY:  a = []; seen[i-1] = a; repeat slot.len times: a.append(read())
///       if slot is RECORD: o = {}; seen[i-1] = o; repeat slot.len/2 times: k = read(); o[k] = read()
///       if slot is REFERENCE: return seen[slot.len]
///       ...
///
/// | kind                  | fields                                              | children                              |
/// |-----------------------|-----------------------------------------------------|---------------------------------------|
/// | UNDEFINED, NULL       |                                                     |                                       |
/// | BOOLEAN, NUMBER       | number                                              |                                       |
/// | STRING                | data, len: UTF-8                                    |                                       |
/// | BIGINT                | data, len: little-endian two's complement           |                                       |
/// | SYMBOL, FUNCTION      | handle                                              |                                       |
/// | OBJECT (of jsvm_kind) | handle: an object that is not taken apart           |                                       |
/// | REFERENCE             | len: index of the slot where the object first stood |                                       |
/// | HOLE                  |                                                     | stands only in an ARRAY               |
/// | DATE                  | number: milliseconds, NaN if invalid                |                                       |
/// | BYTES                 | data, len; number: a jsvm_element_type              |                                       |
/// | ARRAY                 | len                                                 | elements                              |
/// | RECORD                | len                                                 | key, value, key, ...; keys are STRING |
/// | MAP                   | len                                                 | key, value, key, ...                  |
/// | SET                   | len                                                 | values                                |
/// | ERROR                 | len                                                 | as RECORD                             |
/// | REGEXP                | len: 2                                              | source, flags; both STRING            |
///
/// - All records are 40 bytes. All of a graph's strings and bytes lie in one block, each with a NUL after it; those of
///   BYTES begin at a multiple of 8. Keys that are equal have the same `data` most of the time, so a reader can
///   remember what it made of an address.
/// - A string with lone surrogates has JSVM_FLAG_LOSSY and a handle, which is the exact string.
/// - A property or element that has a getter is UNDEFINED with JSVM_FLAG_ACCESSOR: see
///   jsvm_flatten_options.call_getters.
/// - RECORD is an object that `{}`, a class or Object.create made, or the namespace of a module that has been evaluated, with
///   its own enumerable properties that have string keys. Its prototype is not kept. Of an ARRAY the elements are taken, not other properties.
/// - ERROR has the keys "name", "message" and "stack", which are strings; "cause" and "errors" if it has them; then its
///   own enumerable properties. As input every key may be missing; "name" chooses the constructor if it is Error,
///   RangeError, ReferenceError, SyntaxError or TypeError and the first key.
/// - BYTES are a copy. Views of one ArrayBuffer become separate. Shared memory is not copied: it is a handle.
/// - Promises, proxies, WeakMaps, generators, boxed primitives, objects of Intl and Temporal and whatever else has state
///   that is no property, are handles (OBJECT). Handles may be any value as input.
/// - REFERENCE names a DATE, BYTES, ARRAY, RECORD, MAP, SET, ERROR or REGEXP that stands before it. It may be the
///   container in which the reference stands: that is a cycle.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_graph_kind {
    /// The object of an earlier slot again.
    Reference = 16,
    /// An element that an array does not have.
    Hole = 17,
    /// A Date.
    Date = 18,
    /// An ArrayBuffer, typed array or DataView.
    Bytes = 19,
    /// An Array.
    Array = 32,
    /// An object with its properties.
    Record = 33,
    /// A Map.
    Map = 34,
    /// A Set.
    Set = 35,
    /// An Error.
    Error = 36,
    /// A RegExp.
    Regexp = 37,
}
pub use jsvm_graph_kind as GraphKind;

/// In a graph: the property has a getter, which was not called.
pub const JSVM_FLAG_ACCESSOR: u32 = 1 << 11;

/// Slots that jsvm_value_build takes at most.
pub const JSVM_GRAPH_MAX_COUNT: u32 = 1 << 25;

/// A slot on its way out; `data` is an offset into the block.
pub struct Record {
    pub kind: u32,
    pub flags: u32,
    pub number: f64,
    pub data: usize,
    pub len: usize,
    pub value: Option<Arc<Value>>,
}

/// The `data` of a record that has none.
pub const NO_DATA: usize = usize::MAX;

/// A slot on its way in.
#[derive(Clone)]
pub enum Node<'a> {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    String(&'a str),
    /// A string with lone surrogates.
    Utf16(&'a [u16]),
    Bigint(&'a [u8]),
    Value(Arc<Value>),
    Reference(usize),
    Hole,
    Date(f64),
    Bytes(Element, &'a [u8]),
    /// The kind is one with children.
    Container(GraphKind, usize),
}

/// Where `build` has its slots from.
pub trait Source {
    fn count(&self) -> usize;
    /// The slot at an index below the count.
    fn node(&self, index: usize) -> Result<Node<'_>, Error>;
    /// The index in a REFERENCE slot.
    fn reference(&self, index: usize) -> Option<usize>;
}

/// The letters of a RegExp's flags, in the order in which `flags` has them.
pub const REGEXP_FLAGS: [(char, v8::RegExpCreationFlags); 8] = [
    ('d', v8::RegExpCreationFlags::HAS_INDICES),
    ('g', v8::RegExpCreationFlags::GLOBAL),
    ('i', v8::RegExpCreationFlags::IGNORE_CASE),
    ('m', v8::RegExpCreationFlags::MULTILINE),
    ('s', v8::RegExpCreationFlags::DOT_ALL),
    ('u', v8::RegExpCreationFlags::UNICODE),
    ('v', v8::RegExpCreationFlags::UNICODE_SETS),
    ('y', v8::RegExpCreationFlags::STICKY),
];
