//! Dates, regular expressions, maps and sets. Reading and changing them runs no guest code.

use crate::capi::boundary::{AUTO_LENGTH, guard, jsvm_str, out, out_ptr, text};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::list::jsvm_slot_list;
use crate::capi::pool::{self, Pin};
use crate::capi::slot::{Input, jsvm_slot, jsvm_value};
use crate::capi::value::{handle, pin_flag};
use crate::engine::collection;
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::value::{JSVM_FLAG_DATE, JSVM_FLAG_MAP, JSVM_FLAG_REGEXP, JSVM_FLAG_SET};
use std::ffi::c_char;

fn pin_date(pointer: *const jsvm_value) -> Result<Pin<jsvm_value>, Error> {
    pin_flag(pointer, JSVM_FLAG_DATE, "date", "a Date")
}

fn pin_regexp(pointer: *const jsvm_value) -> Result<Pin<jsvm_value>, Error> {
    pin_flag(pointer, JSVM_FLAG_REGEXP, "regexp", "a RegExp")
}

fn pin_map(pointer: *const jsvm_value) -> Result<Pin<jsvm_value>, Error> {
    pin_flag(pointer, JSVM_FLAG_MAP, "map", "a Map")
}

fn pin_set(pointer: *const jsvm_value) -> Result<Pin<jsvm_value>, Error> {
    pin_flag(pointer, JSVM_FLAG_SET, "set", "a Set")
}

/// Makes a date. A time out of its range, or NaN, is an invalid date. JavaScript: new Date(milliseconds).
///
/// Any thread; waits for the isolate.
///
/// @param context      [in] the context whose prototypes it gets
/// @param milliseconds [in] since 1970-01-01T00:00:00Z
/// @param result       [out] the date; free it with jsvm_value_free
/// @param error        [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_date_new(
    context: *const jsvm_context,
    milliseconds: f64,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        *result = handle(enter::touch(&context.isolate, Some(&context.global), |scope| {
            collection::date(scope, milliseconds)
        })?)?;
        Ok(())
    })
}

/// A date's time, NaN if it is invalid. JavaScript: date.getTime().
///
/// Any thread; waits for the isolate.
///
/// @param date   [in] a Date
/// @param result [out] milliseconds since 1970-01-01T00:00:00Z
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_date_value(
    date: *const jsvm_value,
    result: *mut f64,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, 0.0, "result")? };
        let date = pin_date(date)?;
        *result = enter::touch(&date.0.isolate, None, |scope| collection::date_value(scope, &date.0))?;
        Ok(())
    })
}

/// Makes a regular expression. A pattern that is none is a SyntaxError. JavaScript: new RegExp(pattern, flags).
///
/// Any thread; waits for the isolate.
///
/// @param context     [in] the context whose prototypes it gets
/// @param pattern     [in] UTF-8
/// @param pattern_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param flags       [in] letters of "dgimsuvy" up to a NUL, each once, not both u and v; or NULL
/// @param result      [out] the regular expression; free it with jsvm_value_free
/// @param error       [out] what went wrong, or NULL
/// @return OK, EXCEPTION, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_regexp_new(
    context: *const jsvm_context,
    pattern: *const c_char,
    pattern_len: usize,
    flags: *const c_char,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        // SAFETY: as above.
        let (pattern, letters) = unsafe {
            let flags = jsvm_str { data: flags, len: AUTO_LENGTH };
            (text(pattern, pattern_len, "pattern")?, flags.get("flags")?.unwrap_or(""))
        };
        let flags = collection::regexp_bits(letters).ok_or_else(|| {
            Error::invalid(format!("flags: '{letters}' are no flags of a regular expression"))
        })?;
        *result = handle(enter::touch(&context.isolate, Some(&context.global), |scope| {
            collection::regexp(scope, pattern, flags)
        })?)?;
        Ok(())
    })
}

/// A regular expression's pattern. JavaScript: regexp.source.
///
/// Any thread; waits for the isolate.
///
/// @param regexp [in] a RegExp
/// @param result [out] a string; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_regexp_source(
    regexp: *const jsvm_value,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let regexp = pin_regexp(regexp)?;
        let source =
            enter::touch(&regexp.0.isolate, None, |scope| collection::regexp_source(scope, &regexp.0))?;
        *result = jsvm_slot::output(source)?;
        Ok(())
    })
}

/// A regular expression's flags, in alphabetical order. JavaScript: regexp.flags.
///
/// Any thread; waits for the isolate.
///
/// @param regexp [in] a RegExp
/// @param result [out] a string; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_regexp_flags(
    regexp: *const jsvm_value,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let regexp = pin_regexp(regexp)?;
        let flags =
            enter::touch(&regexp.0.isolate, None, |scope| collection::regexp_flags(scope, &regexp.0))?;
        *result = jsvm_slot::output(flags)?;
        Ok(())
    })
}

/// Makes an empty map. JavaScript: new Map().
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context whose prototypes it gets
/// @param result  [out] the map; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_new(
    context: *const jsvm_context,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        *result = handle(enter::touch(&context.isolate, Some(&context.global), collection::map)?)?;
        Ok(())
    })
}

/// The value under a key, `undefined` if there is none. JavaScript: map.get(key).
///
/// Any thread; waits for the isolate.
///
/// @param map    [in] a Map
/// @param key    [in] any value; NULL is `undefined`
/// @param result [out] the value; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_get(
    map: *const jsvm_value,
    key: *const jsvm_slot,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let map = pin_map(map)?;
        // SAFETY: as above.
        let key = unsafe { Input::from_ptr(key, "key")?.of(&map.0.isolate, "key")? };
        let found =
            enter::touch(&map.0.isolate, None, |scope| collection::map_get(scope, &map.0, key.value()))?;
        *result = jsvm_slot::output(found)?;
        Ok(())
    })
}

/// Puts a value under a key. JavaScript: map.set(key, value).
///
/// Any thread; waits for the isolate.
///
/// @param map   [in] a Map
/// @param key   [in] any value; NULL is `undefined`
/// @param value [in] any value; NULL is `undefined`
/// @param error [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_set(
    map: *const jsvm_value,
    key: *const jsvm_slot,
    value: *const jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let map = pin_map(map)?;
        let isolate = &map.0.isolate;
        // SAFETY: C's promise about its arguments.
        let (key, value) = unsafe {
            (
                Input::from_ptr(key, "key")?.of(isolate, "key")?,
                Input::from_ptr(value, "value")?.of(isolate, "value")?,
            )
        };
        enter::touch(isolate, None, |scope| collection::map_set(scope, &map.0, key.value(), value.value()))?;
        Ok(())
    })
}

/// Whether there is a value under a key. JavaScript: map.has(key).
///
/// Any thread; waits for the isolate.
///
/// @param map    [in] a Map
/// @param key    [in] any value; NULL is `undefined`
/// @param result [out] whether there is
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_has(
    map: *const jsvm_value,
    key: *const jsvm_slot,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let map = pin_map(map)?;
        // SAFETY: as above.
        let key = unsafe { Input::from_ptr(key, "key")?.of(&map.0.isolate, "key")? };
        let found =
            enter::touch(&map.0.isolate, None, |scope| collection::map_has(scope, &map.0, key.value()))?;
        *result = found;
        Ok(())
    })
}

/// Deletes a key and its value. JavaScript: map.delete(key).
///
/// Any thread; waits for the isolate.
///
/// @param map    [in] a Map
/// @param key    [in] any value; NULL is `undefined`
/// @param result [out] whether there was such a key
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_delete(
    map: *const jsvm_value,
    key: *const jsvm_slot,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let map = pin_map(map)?;
        // SAFETY: as above.
        let key = unsafe { Input::from_ptr(key, "key")?.of(&map.0.isolate, "key")? };
        let found =
            enter::touch(&map.0.isolate, None, |scope| collection::map_delete(scope, &map.0, key.value()))?;
        *result = found;
        Ok(())
    })
}

/// How many keys a map has. JavaScript: map.size.
///
/// Any thread; waits for the isolate.
///
/// @param map    [in] a Map
/// @param result [out] how many
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_size(
    map: *const jsvm_value,
    result: *mut usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, 0, "result")? };
        let map = pin_map(map)?;
        let found = enter::touch(&map.0.isolate, None, |scope| collection::map_size(scope, &map.0))?;
        *result = found;
        Ok(())
    })
}

/// What is in a map, in the order in which it was put there: key, value, key, value. JavaScript: [...map].flat().
///
/// Any thread; waits for the isolate.
///
/// @param map    [in] a Map
/// @param result [out] the slots; release them with jsvm_slot_list_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_map_entries(
    map: *const jsvm_value,
    result: *mut jsvm_slot_list,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot_list::NONE, "result")? };
        let map = pin_map(map)?;
        let found = enter::touch(&map.0.isolate, None, |scope| collection::map_entries(scope, &map.0))?;
        *result = jsvm_slot_list::new(found)?;
        Ok(())
    })
}

/// Makes an empty set. JavaScript: new Set().
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context whose prototypes it gets
/// @param result  [out] the set; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_new(
    context: *const jsvm_context,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        *result = handle(enter::touch(&context.isolate, Some(&context.global), collection::set)?)?;
        Ok(())
    })
}

/// Adds a value. JavaScript: set.add(value).
///
/// Any thread; waits for the isolate.
///
/// @param set   [in] a Set
/// @param value [in] any value; NULL is `undefined`
/// @param error [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_add(
    set: *const jsvm_value,
    value: *const jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let set = pin_set(set)?;
        // SAFETY: C's promise about its arguments.
        let value = unsafe { Input::from_ptr(value, "value")?.of(&set.0.isolate, "value")? };
        enter::touch(&set.0.isolate, None, |scope| collection::set_add(scope, &set.0, value.value()))?;
        Ok(())
    })
}

/// Whether a set has a value. JavaScript: set.has(value).
///
/// Any thread; waits for the isolate.
///
/// @param set    [in] a Set
/// @param value  [in] any value; NULL is `undefined`
/// @param result [out] whether it has
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_has(
    set: *const jsvm_value,
    value: *const jsvm_slot,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let set = pin_set(set)?;
        // SAFETY: as above.
        let value = unsafe { Input::from_ptr(value, "value")?.of(&set.0.isolate, "value")? };
        let found =
            enter::touch(&set.0.isolate, None, |scope| collection::set_has(scope, &set.0, value.value()))?;
        *result = found;
        Ok(())
    })
}

/// Deletes a value. JavaScript: set.delete(value).
///
/// Any thread; waits for the isolate.
///
/// @param set    [in] a Set
/// @param value  [in] any value; NULL is `undefined`
/// @param result [out] whether it was there
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_delete(
    set: *const jsvm_value,
    value: *const jsvm_slot,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let set = pin_set(set)?;
        // SAFETY: as above.
        let value = unsafe { Input::from_ptr(value, "value")?.of(&set.0.isolate, "value")? };
        let found =
            enter::touch(&set.0.isolate, None, |scope| collection::set_delete(scope, &set.0, value.value()))?;
        *result = found;
        Ok(())
    })
}

/// How many values a set has. JavaScript: set.size.
///
/// Any thread; waits for the isolate.
///
/// @param set    [in] a Set
/// @param result [out] how many
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_size(
    set: *const jsvm_value,
    result: *mut usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, 0, "result")? };
        let set = pin_set(set)?;
        let found = enter::touch(&set.0.isolate, None, |scope| collection::set_size(scope, &set.0))?;
        *result = found;
        Ok(())
    })
}

/// What is in a set, in the order in which it was added. JavaScript: [...set].
///
/// Any thread; waits for the isolate.
///
/// @param set    [in] a Set
/// @param result [out] the slots; release them with jsvm_slot_list_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_values(
    set: *const jsvm_value,
    result: *mut jsvm_slot_list,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot_list::NONE, "result")? };
        let set = pin_set(set)?;
        let found = enter::touch(&set.0.isolate, None, |scope| collection::set_values(scope, &set.0))?;
        *result = jsvm_slot_list::new(found)?;
        Ok(())
    })
}
