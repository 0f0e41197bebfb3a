//! Graphs as Python's pickles.

use crate::capi::boundary::{bytes, elements, guard, options, out};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::graph::{jsvm_flatten_options, node};
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::list::jsvm_slot_list;
use crate::capi::pool;
use crate::capi::script::jsvm_bytes;
use crate::capi::slot::{jsvm_slot, jsvm_value};
use crate::engine::error::{Error, jsvm_status};
use crate::engine::graph::Node;
use crate::engine::value::Out;
use crate::engine::{build, flatten, pickle, unpickle};
use std::ffi::c_void;

/// Takes a value apart, with all that it holds, as jsvm_value_flatten does, into a pickle: the format of Python's
/// module pickle, protocol 4. Python's own C code makes values of it faster than anything written in Python could of
/// slots.
///
/// null is None; true and false are bool; numbers are int if they are one exactly (not -0), else float; strings are
/// str (lone surrogates as Python has them), arrays list, objects dict, buffers and views bytes; with cycles and what
/// is shared. The rest are calls of globals of a module "jsvm", which the reader has to give (Unpickler.find_class):
///
/// | global                    | what it has to give                                                                      |
/// |---------------------------|------------------------------------------------------------------------------------------|
/// | undefined                 | undefined, which is no call; holes of arrays and properties with a getter too            |
/// | bigint(int)               | a bigint                                                                                 |
/// | date(float or int)        | a Date: milliseconds, NaN if invalid                                                     |
/// | regexp(source, flags)     | a RegExp                                                                                 |
/// | map(), set(), error()     | an empty Map, Set or Error                                                               |
/// | fill(container, children) | the container itself, with children out of a tuple: as MAP, SET, ERROR of jsvm_graph_kind |
/// | handle(int)               | the value of that slot of `handles`                                                      |
///
/// Any thread; waits for the isolate. It runs no guest code unless call_getters is set.
///
/// @param value       [in] the value
/// @param options     [in] options, or NULL
/// @param run_options [in] limits of the call, or NULL
/// @param result      [out] the pickle, released with jsvm_bytes_clear
/// @param handles     [out] what stays a handle, as in a graph; released with jsvm_slot_list_clear
/// @param error       [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (also for a value that is deeper or larger than the options allow; the message names
///   max_depth, max_size or max_bytes), EXCEPTION (a getter threw), TIMEOUT, CPU_TIME, CANCELLED, TERMINATED,
///   OUT_OF_MEMORY, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_pickle(
    value: *const jsvm_value,
    options: *const jsvm_flatten_options,
    run_options: *const jsvm_run_options,
    result: *mut jsvm_bytes,
    handles: *mut jsvm_slot_list,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, handles, given, limits) = unsafe {
            let places =
                (out(result, jsvm_bytes::NONE, "result"), out(handles, jsvm_slot_list::NONE, "handles"));
            (places.0?, places.1?, self::options(options)?, RunLimits::named(run_options, "run_options")?)
        };
        let value = pool::pin(value, "value")?;
        let flat = flatten::flatten(&value.0, &given.flatten(true), &limits.limits())?;
        let (bytes, kept) = pickle::pickle(flat);
        *handles = jsvm_slot_list::new(kept.into_iter().map(Out::Value).collect())?;
        *result = jsvm_bytes::new(&bytes).inspect_err(|_| handles.clear())?;
        Ok(())
    })
}

/// Makes a value, with all that it holds, of a pickle that Python's pickler wrote (protocol 4 or 5) or
/// jsvm_value_pickle. The bytes may come from anybody: nothing is called, and what is not known is refused.
///
/// None is null; int is a number up to 2^53 - 1, a bigint beyond; float, bool, str; list and tuple are arrays, set and
/// frozenset Sets, bytes and bytearray Uint8Arrays; dict is an object, with keys that are str or int; with cycles and
/// what is shared. Objects of no other class, but calls of globals with the names that jsvm_value_pickle lists, of
/// whatever module; also map(children) and set(children), with a tuple; and value(x), which is x.
///
/// Any thread; waits for the isolate. It runs no guest code, whatever the guest did to its builtins. Any depth.
///
/// @param context      [in] the context in which objects are made
/// @param bytes        [in] the pickle, borrowed
/// @param len          [in] how many
/// @param handles      [in] slots with handles, borrowed: what handle(int) names; NULL if handle_count is 0
/// @param handle_count [in] how many
/// @param options      [in] limits of the call, or NULL
/// @param result       [out] the value; release it with jsvm_slot_clear
/// @param error        [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (also for a pickle that is refused; the message says where), EXCEPTION (a RegExp that V8
///   does not understand, a bigint that is too large), WRONG_ISOLATE (a handle's), TIMEOUT, CPU_TIME, CANCELLED,
///   TERMINATED, OUT_OF_MEMORY, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_unpickle(
    context: *const jsvm_context,
    bytes: *const c_void,
    len: usize,
    handles: *const jsvm_slot,
    handle_count: usize,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, bytes, handles, limits) = unsafe {
            let result = out(result, jsvm_slot::UNDEFINED, "result")?;
            let handles = elements(handles, handle_count, "handles")?;
            (result, self::bytes(bytes, len, "bytes")?, handles, RunLimits::new(options)?)
        };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        let handle = |(at, slot)| match node(slot) {
            Ok(Node::Value(value)) => Ok(value),
            _ => Err(Error::invalid(format!("handles[{at}]: it has no live handle"))),
        };
        let handles = handles.iter().enumerate().map(handle).collect::<Result<Vec<_>, Error>>()?;
        let slots = unpickle::unpickle(bytes, &handles)?;
        let value = build::build(&context.isolate, &context.global, &slots, &limits.limits())?;
        *result = jsvm_slot::output(value)?;
        Ok(())
    })
}
