//! Symbols.

use crate::capi::boundary::{guard, jsvm_str, out, out_ptr, text};
use crate::capi::error::jsvm_error;
use crate::capi::isolate::jsvm_isolate;
use crate::capi::pool;
use crate::capi::slot::{jsvm_slot, jsvm_value};
use crate::capi::value::{handle, pin_kind};
use crate::engine::enter;
use crate::engine::error::jsvm_status;
use crate::engine::primitive;
use crate::engine::value::Kind;
use std::ffi::c_char;

/// Makes a new symbol. JavaScript: Symbol(description).
///
/// Any thread; waits for the isolate.
///
/// @param isolate         [in] the isolate it is made in
/// @param description     [in] UTF-8; NULL for a symbol without one
/// @param description_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param result          [out] the symbol; free it with jsvm_value_free
/// @param error           [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_symbol_new(
    isolate: *const jsvm_isolate,
    description: *const c_char,
    description_len: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        let description = jsvm_str { data: description, len: description_len };
        // SAFETY: as above.
        let description = unsafe { description.get("description")? };
        let symbol = enter::touch(&isolate.0, None, |scope| primitive::symbol(scope, description))?;
        *result = handle(symbol)?;
        Ok(())
    })
}

/// The symbol that all contexts of the isolate share under a key. It is never collected. JavaScript: Symbol.for(key).
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] the isolate
/// @param key     [in] UTF-8
/// @param key_len [in] bytes, or JSVM_AUTO_LENGTH
/// @param result  [out] the symbol; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_symbol_for(
    isolate: *const jsvm_isolate,
    key: *const c_char,
    key_len: usize,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        // SAFETY: as above.
        let key = unsafe { text(key, key_len, "key")? };
        let symbol = enter::touch(&isolate.0, None, |scope| primitive::symbol_for(scope, key))?;
        *result = handle(symbol)?;
        Ok(())
    })
}

/// A symbol's description: a string, or `undefined` if it has none. JavaScript: symbol.description.
///
/// Any thread; waits for the isolate.
///
/// @param symbol [in] a symbol
/// @param result [out] the description; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_symbol_description(
    symbol: *const jsvm_value,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let symbol = pin_kind(symbol, Kind::Symbol, "symbol", "a symbol")?;
        let description =
            enter::touch(&symbol.0.isolate, None, |scope| primitive::symbol_description(scope, &symbol.0))?;
        *result = jsvm_slot::output(description)?;
        Ok(())
    })
}
