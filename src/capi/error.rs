//! Errors: what a failed call says, readable on any thread without a lock.

use crate::capi::boundary::{guard, guard_value, out};
use crate::capi::pool::{self, Handle, jsvm_handle_kind};
use crate::capi::slot::jsvm_slot;
use crate::engine::error::{Error, Frame, Status, Tie, jsvm_status};
use crate::engine::reaper;
use crate::engine::value::Out;
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

/// What went wrong in a call. Owned by the caller: free it with jsvm_error_free. Its strings are
/// UTF-8, end with a NUL and live as long as it does. It was made without running guest code.
#[allow(non_camel_case_types)]
pub struct jsvm_error {
    status: Status,
    name: CString,
    message: CString,
    code: Option<CString>,
    stack: Option<CString>,
    filename: Option<CString>,
    source_line: Option<CString>,
    arrow: Option<CString>,
    line: u32,
    column: u32,
    frames: Vec<FrameText>,
    cause: Option<*mut jsvm_error>,
    value: Option<Out>,
    tie: Option<Arc<Tie>>,
}

// SAFETY: `cause` is a pool handle, which any thread may use; the rest is data.
unsafe impl Send for jsvm_error {}
// SAFETY: as above.
unsafe impl Sync for jsvm_error {}

struct FrameText {
    function: CString,
    file: CString,
    frame: Frame,
}

impl Handle for jsvm_error {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Error;
    const NAME: &'static str = "jsvm_error";
}

/// C strings end at the first NUL; a guest's may have one inside.
fn c_string(text: String) -> CString {
    CString::new(text).unwrap_or_else(|e| {
        let text = String::from_utf8_lossy(&e.into_vec()).replace('\0', "\u{fffd}");
        CString::new(text).unwrap_or_default()
    })
}

impl jsvm_error {
    pub fn new(error: Error) -> jsvm_error {
        let error = error.into_details();
        let origin = error.origin.map(|origin| *origin).unwrap_or_default();
        jsvm_error {
            status: error.status,
            name: c_string(error.name),
            message: c_string(error.message),
            code: error.code.map(c_string),
            stack: origin.stack.map(c_string),
            filename: origin.filename.map(c_string),
            source_line: origin.source_line.map(c_string),
            arrow: origin.arrow.map(c_string),
            line: origin.line,
            column: origin.column,
            frames: origin
                .frames
                .into_iter()
                .map(|mut frame| FrameText {
                    function: c_string(std::mem::take(&mut frame.function)),
                    file: c_string(std::mem::take(&mut frame.file)),
                    frame,
                })
                .collect(),
            cause: origin.cause.and_then(|cause| pool::put(jsvm_error::new(cause)).ok()),
            value: origin.value,
            tie: origin.tie,
        }
    }
}

impl Drop for jsvm_error {
    fn drop(&mut self) {
        if let Some(cause) = self.cause {
            pool::free(cause);
        }
        // A free runs no foreign code.
        if let Some(tie) = self.tie.take().and_then(Arc::into_inner) {
            reaper::later(vec![Box::new(move || drop(tie))]);
        }
    }
}

/// A frame of a stack, as jsvm_error_frame gives it.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_frame {
    /// The function's name, "" for top-level code and functions without one. Lives as long as the error.
    pub function: *const c_char,
    /// The script's name. Lives as long as the error.
    pub filename: *const c_char,
    /// From 1; 0 if unknown.
    pub line: u32,
    /// From 1; 0 if unknown.
    pub column: u32,
    /// Code of `eval`.
    pub is_eval: bool,
    /// Called by `new`. V8 tells it of a run that was stopped and of thrown values that are no errors; for an Error it
    /// is false.
    pub is_constructor: bool,
    /// WebAssembly.
    pub is_wasm: bool,
}

/// The pointer stays good as long as the caller owns the handle.
fn field(error: *const jsvm_error, get: impl FnOnce(&jsvm_error) -> Option<&CString>) -> *const c_char {
    guard_value(std::ptr::null(), || {
        pool::pin(error, "error")
            .ok()
            .map_or(std::ptr::null(), |e| get(&e).map_or(std::ptr::null(), |s| s.as_ptr()))
    })
}

/// The status that the failed call returned. INVALID_ARGUMENT for what is no live error.
///
/// Any thread, no lock, as all jsvm_error_ functions.
///
/// @param error [in] an error
/// @return the status
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_status(error: *const jsvm_error) -> jsvm_status {
    guard_value(Status::Forked, || pool::pin(error, "error").map_or(Status::InvalidArgument, |e| e.status))
}

/// The name of the guest's error, such as "TypeError"; "Error" for libjsvm's own; "" for a thrown
/// value that is no error. NULL for what is no live error.
///
/// @param error [in] an error
/// @return the name, borrowed from the error
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_name(error: *const jsvm_error) -> *const c_char {
    field(error, |e| Some(&e.name))
}

/// What went wrong. For misuse it begins with the argument's name. NULL for what is no live error.
///
/// @param error [in] an error
/// @return the message, borrowed from the error
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_message(error: *const jsvm_error) -> *const c_char {
    field(error, |e| Some(&e.message))
}

/// Node's code, such as "ERR_SCRIPT_EXECUTION_TIMEOUT", or the thrown error's own `code`; NULL if
/// there is none.
///
/// @param error [in] an error
/// @return the code, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_code(error: *const jsvm_error) -> *const c_char {
    field(error, |e| e.code.as_ref())
}

/// "Name: message" and a line for each frame; for a run that was stopped, where it was. NULL if it has no place in
/// JavaScript: a run that was stopped between two microtasks has none.
///
/// @param error [in] an error
/// @return the stack, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_stack(error: *const jsvm_error) -> *const c_char {
    field(error, |e| e.stack.as_ref())
}

/// The script in which it happened; NULL if unknown.
///
/// @param error [in] an error
/// @return the file name, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_filename(error: *const jsvm_error) -> *const c_char {
    field(error, |e| e.filename.as_ref())
}

/// The source line in which it happened; NULL if unknown.
///
/// @param error [in] an error
/// @return the line, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_source_line(error: *const jsvm_error) -> *const c_char {
    field(error, |e| e.source_line.as_ref())
}

/// "file:line", the source line, and a line of carets under the place, each with its newline: what
/// Node prints above a stack. NULL if unknown, or if the script had `no_display_errors`.
///
/// @param error [in] an error
/// @return the lines, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_arrow(error: *const jsvm_error) -> *const c_char {
    field(error, |e| e.arrow.as_ref())
}

/// The line, from 1; 0 if unknown.
///
/// @param error [in] an error
/// @return the line, or 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_line(error: *const jsvm_error) -> u32 {
    guard_value(0, || pool::pin(error, "error").map_or(0, |e| e.line))
}

/// The column, from 1; 0 if unknown.
///
/// @param error [in] an error
/// @return the column, or 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_column(error: *const jsvm_error) -> u32 {
    guard_value(0, || pool::pin(error, "error").map_or(0, |e| e.column))
}

/// How many frames of the stack are known.
///
/// @param error [in] an error
/// @return the number of frames
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_frame_count(error: *const jsvm_error) -> usize {
    guard_value(0, || pool::pin(error, "error").map_or(0, |e| e.frames.len()))
}

/// A frame of the stack, innermost first.
///
/// @param error  [in] an error
/// @param index  [in] below jsvm_error_frame_count
/// @param result [out] the frame
/// @return OK, INVALID_ARGUMENT, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_frame(
    error: *const jsvm_error,
    index: usize,
    result: *mut jsvm_frame,
) -> jsvm_status {
    guard(std::ptr::null_mut(), || {
        let empty = jsvm_frame {
            function: std::ptr::null(),
            filename: std::ptr::null(),
            line: 0,
            column: 0,
            is_eval: false,
            is_constructor: false,
            is_wasm: false,
        };
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, empty, "result")? };
        let error = pool::pin(error, "error")?;
        let text = error.frames.get(index).ok_or_else(|| {
            Error::invalid(format!("index: there are {} frames, not {index}", error.frames.len()))
        })?;
        *result = jsvm_frame {
            function: text.function.as_ptr(),
            filename: text.file.as_ptr(),
            line: text.frame.line,
            column: text.frame.column,
            is_eval: text.frame.is_eval,
            is_constructor: text.frame.is_constructor,
            is_wasm: text.frame.is_wasm,
        };
        Ok(())
    })
}

/// The error's `cause`, if it has one: borrowed, it lives as long as the error. NULL otherwise.
///
/// @param error [in] an error
/// @return the cause, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_cause(error: *const jsvm_error) -> *const jsvm_error {
    guard_value(std::ptr::null(), || {
        pool::pin(error, "error")
            .ok()
            .and_then(|e| e.cause)
            .map_or(std::ptr::null(), |cause| cause.cast_const())
    })
}

/// The value that the guest threw.
///
/// @param error  [in] an error whose status is EXCEPTION
/// @param result [out] the value; release it with jsvm_slot_clear
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (nothing was thrown), OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_exception(
    error: *const jsvm_error,
    result: *mut jsvm_slot,
) -> jsvm_status {
    guard(std::ptr::null_mut(), || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        let error = pool::pin(error, "error")?;
        let value =
            error.value.clone().ok_or_else(|| Error::new(Status::WrongState, "error: it is no exception"))?;
        *result = jsvm_slot::output(value)?;
        Ok(())
    })
}

/// What jsvm_exception_set_userdata tied to the thrown error object with this key, as it was when the call failed. It
/// lives as long as the error. NULL if there is nothing.
///
/// @param error [in] an error
/// @param key   [in] the key
/// @return the userdata, borrowed from the error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_userdata(error: *const jsvm_error, key: *const c_void) -> *mut c_void {
    guard_value(std::ptr::null_mut(), || {
        pool::pin(error, "error")
            .ok()
            .and_then(|e| e.tie.clone())
            .filter(|tie| tie.key == key as usize)
            .map_or(std::ptr::null_mut(), |tie| tie.pointer as *mut c_void)
    })
}

/// Frees an error, its strings and its cause.
///
/// NULL and freed handles are left alone.
///
/// @param error [in] an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_error_free(error: *mut jsvm_error) {
    guard_value((), || pool::free(error));
}
