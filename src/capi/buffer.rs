//! ArrayBuffers, typed arrays, and the sharing of memory with the host.

use crate::capi::boundary::{Userdata, bytes, elements, guard, guard_value, jsvm_finalizer, out, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool::{self, Handle, Pin, jsvm_handle_kind};
use crate::capi::slot::jsvm_value;
use crate::capi::value::{handle, pin_flag};
use crate::engine::buffer::{self, Store};
use crate::engine::element::{Element, jsvm_element_type};
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::reaper;
use crate::engine::value::{JSVM_FLAG_BUFFER, JSVM_FLAG_VIEW};
use std::ffi::c_void;

/// Holds the memory of a buffer for the host. Free it with jsvm_borrow_free, on any thread.
#[allow(non_camel_case_types)]
pub struct jsvm_borrow {
    _store: Store,
}

impl Handle for jsvm_borrow {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Borrow;
    const NAME: &'static str = "jsvm_borrow";
}

/// Follows a pointer to a buffer or view.
fn pin_bytes(pointer: *const jsvm_value) -> Result<Pin<jsvm_value>, Error> {
    pin_flag(pointer, JSVM_FLAG_BUFFER | JSVM_FLAG_VIEW, "value", "a buffer, typed array or DataView")
}

/// Makes an ArrayBuffer with a copy of bytes. They count against the isolate's buffer_limit.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context whose prototypes it gets
/// @param data    [in] the bytes; NULL if there are none
/// @param len     [in] how many
/// @param result  [out] the ArrayBuffer; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, OUT_OF_MEMORY (buffer_limit, or the machine's memory), BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_array_buffer_new(
    context: *const jsvm_context,
    data: *const c_void,
    len: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        // SAFETY: as above.
        let bytes = unsafe { bytes(data, len, "data")? };
        *result = handle(enter::touch(&context.isolate, Some(&context.global), |scope| {
            buffer::copied(scope, bytes)
        })?)?;
        Ok(())
    })
}

/// Makes an ArrayBuffer over memory of the host's, without copying. It does not count against buffer_limit.
///
/// Any thread; waits for the isolate. The finalizer runs once, also if the call fails: when neither JavaScript nor
/// a borrow uses the memory any more, on libjsvm's finalizer thread, with nothing held; if the call fails early, on the
/// calling thread. Until then the memory must stay where it is, and the guest may read and write it at any time.
///
/// @param context   [in] the context whose prototypes it gets
/// @param data      [in] the memory; NULL if there is none
/// @param len       [in] its bytes
/// @param finalizer [in] lets go of the memory; or NULL
/// @param userdata  [in] given to the finalizer
/// @param result    [out] the ArrayBuffer; free it with jsvm_value_free
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_array_buffer_new_external(
    context: *const jsvm_context,
    data: *mut c_void,
    len: usize,
    finalizer: jsvm_finalizer,
    userdata: *mut c_void,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let context = pool::pin(context, "context")?;
        let context = &context.context;
        // SAFETY: as above.
        unsafe { bytes(data, len, "data")? };
        buffer::check_length(len)?;
        let value = if len == 0 {
            // V8 forgets the memory of an empty buffer, and what lets go of it.
            let value =
                enter::touch(&context.isolate, Some(&context.global), |scope| buffer::copied(scope, &[]))?;
            reaper::later(vec![Box::new(move || drop(userdata))]);
            value
        } else {
            // SAFETY: the host keeps the memory until its finalizer is called.
            let store =
                unsafe { buffer::host_store(&context.isolate, data, len, Box::new(move || drop(userdata))) };
            enter::touch(&context.isolate, Some(&context.global), |scope| buffer::external(scope, &store))?
        };
        *result = handle(value)?;
        Ok(())
    })
}

/// Makes a typed array or DataView of a buffer. JavaScript: new Uint8Array(buffer, byte_offset, length) and so on.
///
/// Any thread; waits for the isolate.
///
/// @param buffer       [in] an ArrayBuffer or SharedArrayBuffer
/// @param element_type [in] a jsvm_element_type
/// @param byte_offset  [in] where it begins, a multiple of the elements' size
/// @param length       [in] how many elements; for a DataView, bytes
/// @param result       [out] the view; free it with jsvm_value_free
/// @param error        [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (it does not fit the buffer), WRONG_STATE (the buffer is detached), BUSY, DISPOSED,
///   OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_typed_array_new(
    buffer: *const jsvm_value,
    element_type: u32,
    byte_offset: usize,
    length: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let buffer = pin_flag(buffer, JSVM_FLAG_BUFFER, "buffer", "an ArrayBuffer or SharedArrayBuffer")?;
        let element = Element::from_number(element_type)
            .filter(|element| *element != Element::ArrayBuffer)
            .ok_or_else(|| {
            Error::invalid(format!("element_type: {element_type} is no type of a view"))
        })?;
        *result = handle(enter::touch(&buffer.0.isolate, None, |scope| {
            buffer::view(scope, &buffer.0, element, byte_offset, length)
        })?)?;
        Ok(())
    })
}

/// What the elements of a typed array are.
///
/// Any thread; waits for the isolate.
///
/// @param view   [in] a typed array or DataView (JSVM_FLAG_VIEW)
/// @param result [out] the type
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_typed_array_type(
    view: *const jsvm_value,
    result: *mut jsvm_element_type,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, Element::Int8, "result")? };
        let view = pin_flag(view, JSVM_FLAG_VIEW, "view", "a typed array or DataView")?;
        *result = enter::touch(&view.0.isolate, None, |scope| buffer::element_type(scope, &view.0))?;
        Ok(())
    })
}

/// How many bytes a buffer or view has now: 0 if it is detached, or if its buffer was made too small for it.
/// JavaScript: value.byteLength.
///
/// Any thread; waits for the isolate.
///
/// @param value  [in] an ArrayBuffer, SharedArrayBuffer, typed array or DataView
/// @param result [out] how many
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_buffer_length(
    value: *const jsvm_value,
    result: *mut usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, 0, "result")? };
        let value = pin_bytes(value)?;
        *result = enter::touch(&value.0.isolate, None, |scope| buffer::byte_length(scope, &value.0))?;
        Ok(())
    })
}

/// Borrows the memory of a buffer or view, without copying. Until jsvm_borrow_free it stays where it is and can be
/// read and written, also when the buffer is detached or collected and when the isolate is freed. The guest can write
/// to it at the same time, whenever it runs.
///
/// Any thread; waits for the isolate.
///
/// @param value  [in] an ArrayBuffer, SharedArrayBuffer, typed array or DataView; not of a resizable ArrayBuffer
/// @param data   [out] the memory; NULL if there are no bytes
/// @param len    [out] how many bytes
/// @param result [out] what holds the memory; free it with jsvm_borrow_free
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (a resizable ArrayBuffer: the guest could take its memory away), BUSY, DISPOSED,
///   OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_buffer_borrow(
    value: *const jsvm_value,
    data: *mut *mut c_void,
    len: *mut usize,
    result: *mut *mut jsvm_borrow,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (data, len, result) =
            unsafe { (out_ptr(data, "data"), out(len, 0, "len"), out_ptr(result, "result")) };
        let (data, len, result) = (data?, len?, result?);
        let value = pin_bytes(value)?;
        let (memory, count, store) =
            enter::touch(&value.0.isolate, None, |scope| buffer::borrow(scope, &value.0))?;
        *result = pool::put(jsvm_borrow { _store: store })?;
        (*data, *len) = (memory, count);
        Ok(())
    })
}

/// Gives borrowed memory back.
///
/// Any thread, no lock, any order, after the isolate too. NULL and freed handles are left alone.
///
/// @param borrow [in] what jsvm_buffer_borrow gave, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_borrow_free(borrow: *mut jsvm_borrow) {
    guard_value((), || pool::free(borrow));
}

/// Copies bytes out of a buffer or view: as many as there are from the offset on and there is room for.
///
/// Any thread; waits for the isolate.
///
/// @param value  [in] an ArrayBuffer, SharedArrayBuffer, typed array or DataView
/// @param offset [in] the first byte, at most the value's length
/// @param data   [out] where to; NULL if len is 0
/// @param len    [in] bytes there is room for
/// @param copied [out] bytes that were copied; or NULL
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (offset is past the end), BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_buffer_copy_out(
    value: *const jsvm_value,
    offset: usize,
    data: *mut c_void,
    len: usize,
    copied: *mut usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !copied.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { out(copied, 0, "copied")? };
        }
        let value = pin_bytes(value)?;
        let count = enter::touch(&value.0.isolate, None, |scope| {
            // SAFETY: as above.
            unsafe {
                elements(data.cast_const().cast::<std::mem::MaybeUninit<u8>>(), len, "data")?;
                buffer::copy_out(scope, &value.0, offset, data.cast(), len)
            }
        })?;
        if !copied.is_null() {
            // SAFETY: as above.
            unsafe { copied.write(count) };
        }
        Ok(())
    })
}

/// Takes the memory away from an ArrayBuffer: it and all its views have no bytes any more. Borrows keep theirs. A
/// detached one is left alone. JavaScript: value.transfer(), or postMessage with it in the transfer list.
///
/// Any thread; waits for the isolate.
///
/// @param value [in] an ArrayBuffer, or a view of one
/// @param error [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (the memory of a WebAssembly instance), BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_buffer_detach(
    value: *const jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let value = pin_bytes(value)?;
        enter::touch(&value.0.isolate, None, |scope| buffer::detach(scope, &value.0))?;
        Ok(())
    })
}
