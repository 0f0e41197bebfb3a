//! Arrays, and calls of functions.

use crate::capi::boundary::{guard, out, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool;
use crate::capi::slot::{Input, Inputs, Place, jsvm_slot, jsvm_value};
use crate::capi::value::{handle, pin_flag, pin_kind};
use crate::engine::enter;
use crate::engine::error::jsvm_status;
use crate::engine::object;
use crate::engine::value::{JSVM_FLAG_ARRAY, Kind};

/// Makes an array of elements. JavaScript: [...elements] in that context.
///
/// Any thread; waits for the isolate.
///
/// @param context  [in] the context whose Array.prototype it gets
/// @param elements [in] the elements; NULL if there are none
/// @param count    [in] how many, at most 67108864
/// @param result   [out] the array; free it with jsvm_value_free
/// @param error    [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_array_new(
    context: *const jsvm_context,
    elements: *const jsvm_slot,
    count: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        object::check_elements(count)?;
        let mut inputs = Inputs::none();
        // SAFETY: as above.
        unsafe { inputs.fill(elements, count, "elements", &context.isolate)? };
        *result = handle(enter::touch(&context.isolate, Some(&context.global), |scope| {
            object::array(scope, inputs.values())
        })?)?;
        Ok(())
    })
}

/// The length of an array. Guest code does not run. JavaScript: array.length.
///
/// Any thread; waits for the isolate.
///
/// @param array  [in] an array (JSVM_FLAG_ARRAY)
/// @param result [out] its length
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_array_length(
    array: *const jsvm_value,
    result: *mut u32,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, 0, "result")? };
        let array = pin_flag(array, JSVM_FLAG_ARRAY, "array", "an array")?;
        *result = enter::touch(&array.0.isolate, None, |scope| object::array_length(scope, &array.0))?;
        Ok(())
    })
}

/// Calls a function. JavaScript: function.call(this_value, ...args).
///
/// Any thread; waits for the isolate.
///
/// @param function   [in] a function
/// @param this_value [in] its `this`; NULL is `undefined`
/// @param args       [in] the arguments; NULL if there are none
/// @param argc       [in] how many, at most 65525
/// @param options    [in] limits, or NULL
/// @param result     [out] what it returns, released with jsvm_slot_clear; NULL if it is of no use
/// @param error      [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_function_call(
    function: *const jsvm_value,
    this_value: *const jsvm_slot,
    args: *const jsvm_slot,
    argc: usize,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let place = unsafe { Place::new(result) };
        let function = pin_kind(function, Kind::Function, "function", "a function")?;
        let isolate = &function.0.isolate;
        object::check_arguments(argc)?;
        let mut inputs = Inputs::none();
        // SAFETY: as above.
        let (this, limits) = unsafe {
            inputs.fill(args, argc, "args", isolate)?;
            (Input::from_ptr(this_value, "this_value")?.of(isolate, "this_value")?, RunLimits::new(options)?)
        };
        let done = enter::run_on(&function.0, &limits.limits(), |scope| {
            let wanted = place.is_wanted();
            place.fill(object::call(scope, &function.0, this.value(), inputs.values(), wanted)?)
        })?;
        done.keep();
        Ok(())
    })
}

/// Calls a function as a constructor; a TypeError if it is none. JavaScript: new function(...args).
///
/// Any thread; waits for the isolate.
///
/// @param function [in] a function
/// @param args     [in] the arguments; NULL if there are none
/// @param argc     [in] how many, at most 65525
/// @param options  [in] limits, or NULL
/// @param result   [out] the object; release it with jsvm_slot_clear
/// @param error    [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY,
///   DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_function_construct(
    function: *const jsvm_value,
    args: *const jsvm_slot,
    argc: usize,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let place = unsafe { Place::wanted(result, "result")? };
        let function = pin_kind(function, Kind::Function, "function", "a function")?;
        let isolate = &function.0.isolate;
        object::check_arguments(argc)?;
        let mut inputs = Inputs::none();
        // SAFETY: as above.
        let limits = unsafe {
            inputs.fill(args, argc, "args", isolate)?;
            RunLimits::new(options)?
        };
        let done = enter::run_on(&function.0, &limits.limits(), |scope| {
            place.fill(object::construct(scope, &function.0, inputs.values())?)
        })?;
        done.keep();
        Ok(())
    })
}
