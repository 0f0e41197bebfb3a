//! Values: making, reading and converting them.

use crate::capi::boundary::{elements, guard, guard_value, out, out_ptr};
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_isolate, jsvm_run_options};
use crate::capi::pool::{self, Pin};
use crate::capi::slot::{Input, jsvm_slot, jsvm_value, of};
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::primitive;
use crate::engine::value::{Kind, Out, Value, jsvm_kind};
use std::sync::Arc;

/// A handle for a value that was just made.
pub fn handle(value: Value) -> Result<*mut jsvm_value, Error> {
    pool::put(jsvm_value(Arc::new(value)))
}

/// Follows a pointer to an object or function.
pub fn pin_object(pointer: *const jsvm_value, argument: &str) -> Result<Pin<jsvm_value>, Error> {
    let pin = pool::pin(pointer, argument)?;
    match pin.0.kind {
        Kind::Object | Kind::Function => Ok(pin),
        _ => Err(Error::invalid(format!("{argument}: it is not an object"))),
    }
}

/// Follows a pointer to a value of a kind.
pub fn pin_kind(
    pointer: *const jsvm_value,
    kind: Kind,
    argument: &str,
    what: &str,
) -> Result<Pin<jsvm_value>, Error> {
    let pin = pool::pin(pointer, argument)?;
    if pin.0.kind != kind {
        return Err(Error::invalid(format!("{argument}: it is not {what}")));
    }
    Ok(pin)
}

/// Follows a pointer to an object with one of the flags.
pub fn pin_flag(
    pointer: *const jsvm_value,
    flags: u32,
    argument: &str,
    what: &str,
) -> Result<Pin<jsvm_value>, Error> {
    let pin = pool::pin(pointer, argument)?;
    if pin.0.flags & flags == 0 {
        return Err(Error::invalid(format!("{argument}: it is not {what}")));
    }
    Ok(pin)
}

/// Makes a value to keep out of a slot: a primitive, or a second handle of what the slot's handle is.
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] the isolate it is made in
/// @param slot    [in] the value; NULL is `undefined`
/// @param result  [out] the value; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_new(
    isolate: *const jsvm_isolate,
    slot: *const jsvm_slot,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        // SAFETY: as above.
        let slot = unsafe { Input::from_ptr(slot, "slot")?.of(&isolate.0, "slot")? };
        let value = enter::touch(&isolate.0, None, |scope| primitive::value(scope, slot.value()))?;
        *result = handle(value)?;
        Ok(())
    })
}

/// Reads a value into a slot. Guest code does not run.
///
/// Any thread; waits for the isolate, but not for objects, functions and symbols: these stay handles.
///
/// @param value  [in] a value
/// @param result [out] the value; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_to_slot(
    value: *const jsvm_value,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let value = pool::pin(value, "value")?;
        let read = match value.0.kind {
            Kind::Symbol | Kind::Object | Kind::Function => Out::Value(value.0.clone()),
            _ => enter::touch(&value.0.isolate, None, |scope| primitive::out(scope, &value.0))?,
        };
        *result = jsvm_slot::output(read)?;
        Ok(())
    })
}

/// What kind of value it is. UNDEFINED for what is no live value. JavaScript: typeof, with null told apart.
///
/// Any thread, no lock.
///
/// @param value [in] a value
/// @return the kind
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_kind(value: *const jsvm_value) -> jsvm_kind {
    guard_value(Kind::Undefined, || pool::pin(value, "value").map_or(Kind::Undefined, |v| v.0.kind))
}

/// The JSVM_FLAG_ bits of an object or function: by V8's own brands, from whatever context. 0 for what is no
/// live value.
///
/// Any thread, no lock.
///
/// @param value [in] a value
/// @return the bits
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_flags(value: *const jsvm_value) -> u32 {
    guard_value(0, || pool::pin(value, "value").map_or(0, |v| v.0.flags))
}

/// Whether two values are the same. Guest code does not run. JavaScript: a === b.
///
/// Any thread; waits for the isolate.
///
/// @param a      [in] a value
/// @param b      [in] a value of the same isolate
/// @param result [out] whether they are
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_strict_equals(
    a: *const jsvm_value,
    b: *const jsvm_value,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let (a, b) = (pool::pin(a, "a")?, pool::pin(b, "b")?);
        of(&a.0.isolate, &b.0, "b")?;
        *result = enter::touch(&a.0.isolate, None, |scope| primitive::strict_equals(scope, &a.0, &b.0))?;
        Ok(())
    })
}

/// The value as a string. An object's toString and valueOf run. JavaScript: String(value).
///
/// Any thread; waits for the isolate.
///
/// @param value   [in] a value
/// @param options [in] limits, or NULL
/// @param result  [out] the string; release it with jsvm_slot_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_to_string(
    value: *const jsvm_value,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let value = pool::pin(value, "value")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        let text = enter::run(&value.0.isolate, None, &limits.limits(), |scope| {
            primitive::to_text(scope, &value.0)
        })?;
        *result = jsvm_slot::output(Out::String(text))?;
        Ok(())
    })
}

/// The value as a number. An object's valueOf and toString run; a symbol and a bigint are a TypeError.
/// JavaScript: +value.
///
/// Any thread; waits for the isolate.
///
/// @param value   [in] a value
/// @param options [in] limits, or NULL
/// @param result  [out] the number
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_to_number(
    value: *const jsvm_value,
    options: *const jsvm_run_options,
    result: *mut f64,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, 0.0, "result")? };
        let value = pool::pin(value, "value")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        *result = enter::run(&value.0.isolate, None, &limits.limits(), |scope| {
            primitive::to_number(scope, &value.0)
        })?;
        Ok(())
    })
}

/// Whether a value was made by a constructor. Its Symbol.hasInstance runs. Each context has its own Array, Error and
/// so on: to know what a value is, use jsvm_value_flags. JavaScript: value instanceof constructor.
///
/// Any thread; waits for the isolate.
///
/// @param value       [in] a value
/// @param constructor [in] a function or object of the same isolate
/// @param options     [in] limits, or NULL
/// @param result      [out] whether it was
/// @param error       [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_instance_of(
    value: *const jsvm_value,
    constructor: *const jsvm_value,
    options: *const jsvm_run_options,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let value = pool::pin(value, "value")?;
        let constructor = pin_object(constructor, "constructor")?;
        of(&value.0.isolate, &constructor.0, "constructor")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        *result = enter::run(&value.0.isolate, None, &limits.limits(), |scope| {
            primitive::instance_of(scope, &value.0, &constructor.0)
        })?;
        Ok(())
    })
}

/// Makes a string out of UTF-16 code units, exactly: lone surrogates stay.
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] the isolate it is made in
/// @param data    [in] code units in the machine's byte order
/// @param len     [in] how many
/// @param result  [out] the string; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_string_new_utf16(
    isolate: *const jsvm_isolate,
    data: *const u16,
    len: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        // SAFETY: as above.
        let units = unsafe { elements(data, len, "data")? };
        let value = enter::touch(&isolate.0, None, |scope| primitive::string_from_utf16(scope, units))?;
        *result = handle(value)?;
        Ok(())
    })
}

/// Copies a string's UTF-16 code units, exactly: as many as there is room for, without a NUL. With no room at all it
/// says how many there are.
///
/// Any thread; waits for the isolate.
///
/// @param value    [in] a string
/// @param buffer   [out] where to; NULL if capacity is 0
/// @param capacity [in] code units there is room for
/// @param length   [out] code units of the string, also if that is more than capacity
/// @param error    [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_string_utf16(
    value: *const jsvm_value,
    buffer: *mut u16,
    capacity: usize,
    length: *mut usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let length = unsafe { out(length, 0, "length")? };
        let value = pin_kind(value, Kind::String, "value", "a string")?;
        // SAFETY: as above.
        unsafe { elements(buffer.cast_const().cast::<std::mem::MaybeUninit<u16>>(), capacity, "buffer")? };
        *length = enter::touch(&value.0.isolate, None, |scope| {
            primitive::utf16(scope, &value.0, |units| match capacity.min(units) {
                0 => &mut [],
                // SAFETY: as above; V8 writes them all.
                count => unsafe {
                    buffer.write_bytes(0, count);
                    std::slice::from_raw_parts_mut(buffer, count)
                },
            })
        })?;
        Ok(())
    })
}
