//! The library itself: versions, counters, V8's flags.

use crate::capi::boundary::{guard, guard_value, text};
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::engine::error::{Status, jsvm_status};
use crate::engine::{platform, reaper};
use std::ffi::{CString, c_char};
use std::sync::OnceLock;
use std::time::Duration;

/// The version of the ABI: JSVM_ABI_VERSION of the header this library was built with.
const ABI_VERSION: u32 = 1;

/// The library's version, such as "0.1.0". Static, any thread.
///
/// @return the version
#[unsafe(no_mangle)]
pub extern "C" fn jsvm_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The ABI's version: a program works with a library whose number equals its JSVM_ABI_VERSION.
/// Any thread.
///
/// @return the version
#[unsafe(no_mangle)]
pub extern "C" fn jsvm_abi_version() -> u32 {
    ABI_VERSION
}

/// V8's version, such as "15.2.124.1". Static, any thread; does not start V8.
///
/// @return the version
#[unsafe(no_mangle)]
pub extern "C" fn jsvm_v8_version() -> *const c_char {
    static VERSION: OnceLock<CString> = OnceLock::new();
    VERSION.get_or_init(|| CString::new(platform::v8_version()).unwrap_or_default()).as_ptr()
}

/// A status as a word, such as "TIMEOUT"; "?" for a number that is no status. Static, any thread.
///
/// @param status [in] a jsvm_status
/// @return the word
#[unsafe(no_mangle)]
pub extern "C" fn jsvm_status_name(status: u32) -> *const c_char {
    const NAMES: [&std::ffi::CStr; 16] = [
        c"OK",
        c"EXCEPTION",
        c"TIMEOUT",
        c"CPU_TIME",
        c"INTERRUPTED",
        c"CANCELLED",
        c"TERMINATED",
        c"OUT_OF_MEMORY",
        c"INVALID_ARGUMENT",
        c"WRONG_ISOLATE",
        c"WRONG_STATE",
        c"BUSY",
        c"DISPOSED",
        c"UNSUPPORTED",
        c"FORKED",
        c"PANIC",
    ];
    NAMES.get(status as usize).copied().unwrap_or(c"?").as_ptr()
}

/// How many handles of a kind have not been freed, each owner counted. For leak tests.
///
/// Any thread.
///
/// @param kind [in] a jsvm_handle_kind; another number has no handles
/// @return the number of handles
#[unsafe(no_mangle)]
pub extern "C" fn jsvm_live_handles(kind: u32) -> usize {
    guard_value(0, || pool::live(kind))
}

/// Sets flags of V8 for the process, such as "--max-lazy --expose-gc". They are V8's, not
/// libjsvm's: wrong ones can make V8 slow, unsafe or abort.
///
/// Any thread, before the first isolate is made.
///
/// @param flags [in] the flags, separated by blanks
/// @param len   [in] bytes, or JSVM_AUTO_LENGTH
/// @param error [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (V8 does not know one of them), WRONG_STATE (V8 has started), FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_set_v8_flags(
    flags: *const c_char,
    len: usize,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let flags = unsafe { text(flags, len, "flags")? };
        platform::set_flags(flags)
    })
}

/// Waits until the finalizers that came due so far by frees have run on libjsvm's finalizer thread. For
/// programs that check at their end that everything was let go.
///
/// Any thread, with nothing held that a finalizer needs.
///
/// @param timeout_ms [in] how long to wait at most, in milliseconds
/// @return OK, TIMEOUT, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn jsvm_flush_finalizers(timeout_ms: u64) -> jsvm_status {
    guard_value(Status::Forked, || match reaper::flush(Duration::from_millis(timeout_ms)) {
        true => Status::Ok,
        false => Status::Timeout,
    })
}
