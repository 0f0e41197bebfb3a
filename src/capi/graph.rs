//! Whole graphs of values in one call.

use crate::capi::boundary::{self, Bool, Options, elements, guard, guard_value, options, out};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool;
use crate::capi::slot::{jsvm_slot, jsvm_value};
use crate::engine::build;
use crate::engine::element::Element;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::flatten::{self, Flat};
use crate::engine::graph::{GraphKind, JSVM_GRAPH_MAX_COUNT, NO_DATA, Node, Record, Source};
use crate::engine::value::Kind;
use std::ffi::c_char;

/// Options of jsvm_value_flatten. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_flatten_options {
    /// sizeof(jsvm_flatten_options).
    pub struct_size: usize,
    /// Containers within containers; default 1000. A larger number costs no stack in libjsvm, but perhaps in who reads the
    /// graph by recursion.
    pub max_depth: usize,
    /// Slots, 40 bytes each; default 4 million. Each hole of an array is one.
    pub max_size: usize,
    /// Bytes of strings, bigints and buffers; default 256 MB.
    pub max_bytes: usize,
    /// Properties that have a getter get the value that it returns, and what a getter throws ends the call with EXCEPTION.
    /// Otherwise no guest code runs at all, and such a property is UNDEFINED with JSVM_FLAG_ACCESSOR. Proxies are handles
    /// in both cases.
    pub call_getters: Bool,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_flatten_options {
    const NAME: &'static str = "jsvm_flatten_options";
}

const DEFAULT_MAX_DEPTH: usize = 1000;
const DEFAULT_MAX_SIZE: usize = 4 << 20;
const DEFAULT_MAX_BYTES: usize = 256 << 20;

impl jsvm_flatten_options {
    /// The defaults in their places.
    pub fn flatten(&self, wtf8: bool) -> flatten::Options {
        let or = |value: usize, default: usize| if value == 0 { default } else { value };
        flatten::Options {
            max_depth: or(self.max_depth, DEFAULT_MAX_DEPTH),
            max_size: or(self.max_size, DEFAULT_MAX_SIZE),
            max_bytes: or(self.max_bytes, DEFAULT_MAX_BYTES),
            call_getters: self.call_getters.get(),
            wtf8,
        }
    }
}

/// A flattened graph: see jsvm_graph_kind. Release it with jsvm_graph_clear; change nothing before. A zeroed one is
/// empty.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_graph {
    /// The slots, which the graph owns: do not clear them one by one. A handle that is to live longer is kept by
    /// jsvm_value_clone.
    pub slots: *const jsvm_slot,
    /// How many; at least one after a call that worked.
    pub count: usize,
    /// The block in which the `data` of all slots lies.
    pub block: *const c_char,
    /// Bytes in the block.
    pub block_len: usize,
}

impl jsvm_graph {
    const EMPTY: jsvm_graph =
        jsvm_graph { slots: std::ptr::null(), count: 0, block: std::ptr::null(), block_len: 0 };

    fn new(flat: Flat) -> Result<jsvm_graph, Error> {
        let block = flat.block.into_boxed_slice();
        let start = block.as_ptr().cast::<c_char>();
        // Both have 40 bytes: the slots take the place of the records.
        let mut failed = None;
        let made: Vec<jsvm_slot> =
            flat.records.into_iter().map(|record| slot(record, start, &mut failed)).collect();
        if let Some(error) = failed {
            made.iter().filter(|slot| !slot.handle.is_null()).for_each(|slot| pool::free(slot.handle));
            return Err(error);
        }
        let slots = Box::leak(made.into_boxed_slice());
        let block = Box::leak(block);
        Ok(jsvm_graph {
            slots: slots.as_ptr(),
            count: slots.len(),
            block: block.as_ptr().cast(),
            block_len: block.len(),
        })
    }
}

fn slot(record: Record, block: *const c_char, failed: &mut Option<Error>) -> jsvm_slot {
    let handle = record.value.and_then(|value| {
        // After a failure nothing more is made: all of it is given back.
        if failed.is_some() {
            return None;
        }
        pool::put(jsvm_value(value)).map_err(|error| *failed = Some(error)).ok()
    });
    jsvm_slot {
        kind: record.kind,
        flags: record.flags,
        number: record.number,
        data: match record.data {
            NO_DATA => std::ptr::null(),
            at => block.wrapping_add(at),
        },
        len: record.len,
        handle: handle.unwrap_or(std::ptr::null_mut()),
    }
}

/// Takes a value apart, with all that it holds: see jsvm_graph_kind for what comes out. One call for a whole graph,
/// which is then read without further calls.
///
/// Any thread; waits for the isolate. It runs no guest code unless call_getters is set: not Proxy traps, not iterators,
/// not toJSON; and nothing that the guest did to prototypes shows.
///
/// @param value       [in] the value
/// @param options     [in] options, or NULL
/// @param run_options [in] limits of the call, or NULL
/// @param result      [out] the graph; release it with jsvm_graph_clear
/// @param error       [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (also for a value that is deeper or larger than the options allow; the message names
///   max_depth, max_size or max_bytes), EXCEPTION (a getter threw), TIMEOUT, CPU_TIME, CANCELLED, TERMINATED,
///   OUT_OF_MEMORY, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_flatten(
    value: *const jsvm_value,
    options: *const jsvm_flatten_options,
    run_options: *const jsvm_run_options,
    result: *mut jsvm_graph,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, given, limits) = unsafe {
            let result = out(result, jsvm_graph::EMPTY, "result")?;
            (result, self::options(options)?, RunLimits::named(run_options, "run_options")?)
        };
        let value = pool::pin(value, "value")?;
        *result = jsvm_graph::new(flatten::flatten(&value.0, &given.flatten(false), &limits.limits())?)?;
        Ok(())
    })
}

/// Releases a graph: its slots, its block and its handles.
///
/// Any thread, no lock. NULL is allowed, as is a graph that was cleared before.
///
/// @param graph [in,out] a graph that jsvm_value_flatten filled, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_graph_clear(graph: *mut jsvm_graph) {
    guard_value((), || {
        if graph.is_null() {
            return;
        }
        // SAFETY: C's promise about its argument; both arrays are boxes of `jsvm_graph::new`.
        unsafe {
            let gone = graph.replace(jsvm_graph::EMPTY);
            if !gone.slots.is_null() {
                let slots = std::ptr::slice_from_raw_parts_mut(gone.slots.cast_mut(), gone.count);
                let slots = Box::from_raw(slots);
                slots.iter().filter(|slot| !slot.handle.is_null()).for_each(|slot| pool::free(slot.handle));
            }
            if !gone.block.is_null() {
                let block = gone.block.cast_mut().cast::<u8>();
                drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(block, gone.block_len)));
            }
        }
    });
}

/// The slots of a caller.
struct Slots<'a>(&'a [jsvm_slot]);

impl Source for Slots<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn node(&self, index: usize) -> Result<Node<'_>, Error> {
        let slot = &self.0[index];
        // The name is only made where it is needed.
        node(slot).map_err(|mut error| {
            error.message = error.message.replacen("slot", &format!("slots[{index}]"), 1);
            error
        })
    }

    fn reference(&self, index: usize) -> Option<usize> {
        let slot = &self.0[index];
        (slot.kind == GraphKind::Reference as u32 && slot.handle.is_null()).then_some(slot.len)
    }
}

/// What a slot says.
pub fn node(slot: &jsvm_slot) -> Result<Node<'_>, Error> {
    if !slot.handle.is_null() {
        return Ok(Node::Value(pool::pin(slot.handle, "slot")?.0.clone()));
    }
    // SAFETY: C's promise about its slots: `data` is readable.
    let bytes = || unsafe { boundary::bytes(slot.data.cast(), slot.len, "slot") };
    // SAFETY: as above.
    let text = || unsafe { boundary::text(slot.data, slot.len, "slot") };
    const CONTAINERS: [GraphKind; 6] = [
        GraphKind::Array,
        GraphKind::Record,
        GraphKind::Map,
        GraphKind::Set,
        GraphKind::Error,
        GraphKind::Regexp,
    ];
    Ok(match slot.kind {
        k if k == Kind::Undefined as u32 => Node::Undefined,
        k if k == Kind::Null as u32 => Node::Null,
        k if k == Kind::Boolean as u32 => Node::Boolean(slot.number != 0.0),
        k if k == Kind::Number as u32 => Node::Number(slot.number),
        k if k == Kind::String as u32 => Node::String(text()?),
        k if k == Kind::Bigint as u32 => Node::Bigint(bytes()?),
        k if k <= Kind::Function as u32 => {
            return Err(Error::invalid(format!("slot: a slot of kind {k} needs a handle")));
        }
        k if k == GraphKind::Reference as u32 => Node::Reference(slot.len),
        k if k == GraphKind::Hole as u32 => Node::Hole,
        k if k == GraphKind::Date as u32 => Node::Date(slot.number),
        k if k == GraphKind::Bytes as u32 => {
            let whole = (slot.number as u32 as f64 == slot.number).then_some(slot.number as u32);
            let element = whole
                .and_then(Element::from_number)
                .ok_or_else(|| Error::invalid(format!("slot: {} is no jsvm_element_type", slot.number)))?;
            Node::Bytes(element, bytes()?)
        }
        k => match CONTAINERS.into_iter().find(|kind| *kind as u32 == k) {
            Some(kind) => Node::Container(kind, slot.len),
            None => return Err(Error::invalid(format!("slot: {k} is no kind of a slot in a graph"))),
        },
    })
}

/// Makes a value, with all that it holds, of slots: see jsvm_graph_kind. The slots of a jsvm_graph give an equal value.
///
/// Any thread; waits for the isolate. It runs no guest code, whatever the guest did to its builtins. Any depth.
///
/// @param context [in] the context in which objects are made
/// @param slots   [in] the slots, borrowed; all of them are one value. A slot's flags are not looked at
/// @param count   [in] how many, 1 to JSVM_GRAPH_MAX_COUNT
/// @param options [in] limits of the call, or NULL
/// @param result  [out] the value; release it with jsvm_slot_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (the message names the slot), EXCEPTION (a RegExp that V8 does not understand, a bigint that
///   is too large), WRONG_ISOLATE (a handle's), TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, BUSY, DISPOSED,
///   FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_build(
    context: *const jsvm_context,
    slots: *const jsvm_slot,
    count: usize,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, slots, limits) = unsafe {
            let result = out(result, jsvm_slot::UNDEFINED, "result")?;
            (result, elements(slots, count, "slots")?, RunLimits::new(options)?)
        };
        if count > JSVM_GRAPH_MAX_COUNT as usize {
            return Err(Error::invalid(format!("count: {count} is more than JSVM_GRAPH_MAX_COUNT")));
        }
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        let value = build::build(&context.isolate, &context.global, &Slots(slots), &limits.limits())?;
        *result = jsvm_slot::output(value)?;
        Ok(())
    })
}
