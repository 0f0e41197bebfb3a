//! Objects and their properties.
//!
//! What is done to an object is done in the context that made it.

use crate::capi::boundary::{guard, out, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::list::{fill, jsvm_slot_list, places};
use crate::capi::pool::{self, Pin};
use crate::capi::slot::{Input, Inputs, Place, jsvm_slot, jsvm_value, of};
use crate::capi::value::{handle, pin_kind, pin_object};
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::isolate::Isolate;
use crate::engine::object;
use crate::engine::value::{In, Kind};

/// Refuses a key that is no string, symbol or number: others would be converted, which can run guest code.
fn check_key(input: &Input, argument: &str) -> Result<(), Error> {
    let good = match input.value() {
        In::String(_) | In::Number(_) => true,
        In::Value(value) => matches!(value.kind, Kind::String | Kind::Symbol | Kind::Number),
        _ => false,
    };
    if !good {
        return Err(Error::invalid(format!("{argument}: a key is a string, a symbol or a number")));
    }
    Ok(())
}

/// # Safety
/// As `Input::from_ptr`.
unsafe fn key<'a>(slot: *const jsvm_slot, isolate: &Isolate) -> Result<Input<'a>, Error> {
    if slot.is_null() {
        return Err(Error::invalid("key: it is NULL"));
    }
    // SAFETY: the caller's promise.
    let key = unsafe { Input::from_ptr(slot, "key")?.of(isolate, "key")? };
    check_key(&key, "key")?;
    Ok(key)
}

/// # Safety
/// As `Inputs::fill`.
unsafe fn fill_keys(
    keys: &mut Inputs,
    slots: *const jsvm_slot,
    count: usize,
    isolate: &Isolate,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    unsafe { keys.fill(slots, count, "keys", isolate)? };
    keys.check(|i, input| {
        check_key(input, "keys").map_err(|mut error| {
            error.message = error.message.replacen("keys", &format!("keys[{i}]"), 1);
            error
        })
    })
}

/// Makes an empty object. JavaScript: ({}) in that context.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context whose Object.prototype it gets
/// @param result  [out] the object; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_new(
    context: *const jsvm_context,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        *result = handle(enter::touch(&context.isolate, Some(&context.global), object::new)?)?;
        Ok(())
    })
}

/// Reads a property, its own or inherited. Getters and Proxy traps run. JavaScript: `object[key]`.
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param key     [in] a string, symbol or number
/// @param options [in] limits, or NULL
/// @param result  [out] the value; release it with jsvm_slot_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_get(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let place = unsafe { Place::wanted(result, "result")? };
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: as above.
        let (key, limits) = unsafe { (self::key(key, isolate)?, RunLimits::new(options)?) };
        let done = enter::run_on(&object.0, &limits.limits(), |scope| {
            place.fill(object::get(scope, &object.0, key.value())?)
        })?;
        done.keep();
        Ok(())
    })
}

/// Sets a property. Setters and Proxy traps run. JavaScript: `object[key] = value`, in sloppy mode: what is read-only
/// or frozen stays as it is.
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param key     [in] a string, symbol or number
/// @param value   [in] the value; NULL is `undefined`
/// @param options [in] limits, or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_set(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    value: *const jsvm_slot,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: C's promise about its arguments.
        let (key, value, limits) = unsafe {
            (
                self::key(key, isolate)?,
                Input::from_ptr(value, "value")?.of(isolate, "value")?,
                RunLimits::new(options)?,
            )
        };
        enter::run_on(&object.0, &limits.limits(), |scope| {
            object::set(scope, &object.0, key.value(), value.value())
        })?;
        Ok(())
    })
}

/// Whether an object has a property, its own or inherited. Proxy traps run. JavaScript: key in object.
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param key     [in] a string, symbol or number
/// @param options [in] limits, or NULL
/// @param result  [out] whether it has
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_has(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    options: *const jsvm_run_options,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: as above.
        let (key, limits) = unsafe { (self::key(key, isolate)?, RunLimits::new(options)?) };
        *result =
            enter::run_on(&object.0, &limits.limits(), |scope| object::has(scope, &object.0, key.value()))?;
        Ok(())
    })
}

/// Whether an object has a property of its own. Proxy traps run. JavaScript: Object.hasOwn(object, key).
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param key     [in] a string, symbol or number
/// @param options [in] limits, or NULL
/// @param result  [out] whether it has
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_has_own(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    options: *const jsvm_run_options,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, false, "result")? };
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: as above.
        let (key, limits) = unsafe { (self::key(key, isolate)?, RunLimits::new(options)?) };
        *result = enter::run_on(&object.0, &limits.limits(), |scope| {
            object::has_own(scope, &object.0, key.value())
        })?;
        Ok(())
    })
}

/// Deletes an object's own property. Proxy traps run. JavaScript: Reflect.deleteProperty(object, key).
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param key     [in] a string, symbol or number
/// @param options [in] limits, or NULL
/// @param result  [out] whether it is gone or was never there; or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_delete(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    options: *const jsvm_run_options,
    result: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !result.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { out(result, false, "result")? };
        }
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: as above.
        let (key, limits) = unsafe { (self::key(key, isolate)?, RunLimits::new(options)?) };
        let gone = enter::run_on(&object.0, &limits.limits(), |scope| {
            object::delete(scope, &object.0, key.value())
        })?;
        if !result.is_null() {
            // SAFETY: as above.
            unsafe { result.write(gone) };
        }
        Ok(())
    })
}

/// Refuses attributes that there are not.
fn check_attributes(attributes: u32) -> Result<(), Error> {
    const ALL: u32 =
        object::JSVM_PROPERTY_READ_ONLY | object::JSVM_PROPERTY_DONT_ENUM | object::JSVM_PROPERTY_DONT_DELETE;
    if attributes & !ALL != 0 {
        return Err(Error::invalid(format!(
            "attributes: {attributes:#x} has bits that are no JSVM_PROPERTY_"
        )));
    }
    Ok(())
}

/// Defines an object's own property with a value, whatever it inherits. Proxy traps run.
/// JavaScript: Object.defineProperty(object, key, {value, writable, enumerable, configurable}).
///
/// Any thread; waits for the isolate.
///
/// @param object     [in] an object or function
/// @param key        [in] a string, symbol or number
/// @param value      [in] the value; NULL is `undefined`
/// @param attributes [in] JSVM_PROPERTY_ bits; 0 is what an assignment makes
/// @param options    [in] limits, or NULL
/// @param error      [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_STATE (the object is
///   frozen, or has the property and does not let it be changed), WRONG_ISOLATE, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_define(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    value: *const jsvm_slot,
    attributes: u32,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: C's promise about its arguments.
        let (key, value, limits) = unsafe {
            (
                self::key(key, isolate)?,
                Input::from_ptr(value, "value")?.of(isolate, "value")?,
                RunLimits::new(options)?,
            )
        };
        check_attributes(attributes)?;
        let defined = enter::run_on(&object.0, &limits.limits(), |scope| {
            object::define(scope, &object.0, key.value(), value.value(), attributes)
        })?;
        if !defined {
            return Err(object::refused());
        }
        Ok(())
    })
}

/// Defines an object's own property with a getter and a setter. Proxy traps run.
/// JavaScript: Object.defineProperty(object, key, {get, set, enumerable, configurable}).
///
/// Any thread; waits for the isolate.
///
/// @param object     [in] an object or function
/// @param key        [in] a string, symbol or number
/// @param getter     [in] a function; NULL for none
/// @param setter     [in] a function; NULL for none
/// @param attributes [in] JSVM_PROPERTY_DONT_ENUM, JSVM_PROPERTY_DONT_DELETE
/// @param options    [in] limits, or NULL
/// @param error      [out] what went wrong, or NULL
/// @return as jsvm_object_define
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_define_accessor(
    object: *const jsvm_value,
    key: *const jsvm_slot,
    getter: *const jsvm_value,
    setter: *const jsvm_value,
    attributes: u32,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        // SAFETY: C's promise about its arguments.
        let (key, limits) = unsafe { (self::key(key, isolate)?, RunLimits::new(options)?) };
        let accessor = |pointer: *const jsvm_value, argument: &str| -> Result<_, Error> {
            if pointer.is_null() {
                return Ok(None);
            }
            let function = pin_kind(pointer, Kind::Function, argument, "a function")?;
            of(isolate, &function.0, argument)?;
            Ok(Some(function))
        };
        let (getter, setter) = (accessor(getter, "getter")?, accessor(setter, "setter")?);
        check_attributes(attributes)?;
        if attributes & object::JSVM_PROPERTY_READ_ONLY != 0 {
            return Err(Error::invalid("attributes: an accessor is read-only by having no setter"));
        }
        let defined = enter::run(isolate, None, &limits.limits(), |scope| {
            let value =
                |function| Option::map_or(function, In::Undefined, |f: &Pin<jsvm_value>| In::Value(&f.0));
            let accessors = (value(getter.as_ref()), value(setter.as_ref()));
            object::define_accessor(scope, &object.0, key.value(), accessors, attributes)
        })?;
        if !defined {
            return Err(object::refused());
        }
        Ok(())
    })
}

/// Reads an object's prototype: an object, or `null`. Guest code does not run: a Proxy has none.
/// JavaScript: Object.getPrototypeOf(object).
///
/// Any thread; waits for the isolate.
///
/// @param object [in] an object or function
/// @param result [out] the prototype; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_get_prototype(
    object: *const jsvm_value,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let object = pin_object(object, "object")?;
        let prototype = enter::touch(&object.0.isolate, None, |scope| object::prototype(scope, &object.0))?;
        *result = jsvm_slot::output(prototype)?;
        Ok(())
    })
}

/// The name of the function that made an object, as V8 remembers it, such as "Map". Guest code does not run.
///
/// Any thread; waits for the isolate.
///
/// @param object [in] an object or function
/// @param result [out] a string; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_constructor_name(
    object: *const jsvm_value,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let object = pin_object(object, "object")?;
        let name = enter::touch(&object.0.isolate, None, |scope| object::constructor_name(scope, &object.0))?;
        *result = jsvm_slot::output(name)?;
        Ok(())
    })
}

/// The keys of an object's own properties: array indices in ascending order, then strings, then symbols, each in the
/// order of creation. Proxy traps run. JavaScript: Reflect.ownKeys(object); Object.keys(object) is
/// JSVM_KEYS_ENUMERABLE | JSVM_KEYS_STRINGS.
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param flags   [in] JSVM_KEYS_ bits; 0 is all keys
/// @param options [in] limits, or NULL
/// @param result  [out] strings and symbols; release it with jsvm_slot_list_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_own_keys(
    object: *const jsvm_value,
    flags: u32,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot_list,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot_list::NONE, "result")? };
        let object = pin_object(object, "object")?;
        const ALL: u32 = object::JSVM_KEYS_ENUMERABLE | object::JSVM_KEYS_STRINGS | object::JSVM_KEYS_SYMBOLS;
        if flags & !ALL != 0 {
            return Err(Error::invalid(format!("flags: {flags:#x} has bits that are no JSVM_KEYS_")));
        }
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        let keys =
            enter::run_on(&object.0, &limits.limits(), |scope| object::own_keys(scope, &object.0, flags))?;
        *result = jsvm_slot_list::new(keys)?;
        Ok(())
    })
}

/// Reads several properties in one call, as jsvm_object_get does. All of them or none: if one throws, all results are
/// `undefined`.
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param keys    [in] strings, symbols or numbers
/// @param count   [in] how many
/// @param options [in] limits, or NULL
/// @param results [out] a slot for each; release them with jsvm_slot_clear
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_get_many(
    object: *const jsvm_value,
    keys: *const jsvm_slot,
    count: usize,
    options: *const jsvm_run_options,
    results: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let results = unsafe { places(results, count, "results")? };
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        let mut inputs = Inputs::none();
        // SAFETY: as above.
        let limits = unsafe {
            fill_keys(&mut inputs, keys, count, isolate)?;
            RunLimits::new(options)?
        };
        let values = enter::run_on(&object.0, &limits.limits(), |scope| {
            object::get_many(scope, &object.0, inputs.values())
        })?;
        fill(results, values)?;
        Ok(())
    })
}

/// Sets several properties in one call and in that order, as jsvm_object_set does. If one throws, those before it are set.
///
/// Any thread; waits for the isolate.
///
/// @param object  [in] an object or function
/// @param keys    [in] strings, symbols or numbers
/// @param values  [in] a value for each
/// @param count   [in] how many
/// @param options [in] limits, or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_object_set_many(
    object: *const jsvm_value,
    keys: *const jsvm_slot,
    values: *const jsvm_slot,
    count: usize,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let object = pin_object(object, "object")?;
        let isolate = &object.0.isolate;
        let (mut names, mut inputs) = (Inputs::none(), Inputs::none());
        // SAFETY: C's promise about its arguments.
        let limits = unsafe {
            fill_keys(&mut names, keys, count, isolate)?;
            inputs.fill(values, count, "values", isolate)?;
            RunLimits::new(options)?
        };
        enter::run_on(&object.0, &limits.limits(), |scope| {
            object::set_many(scope, &object.0, names.values().zip(inputs.values()))
        })?;
        Ok(())
    })
}
