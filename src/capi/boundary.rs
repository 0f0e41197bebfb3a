//! What every C function does first and last: the panic boundary, the fork check, and reading of
//! pointers, lengths and options.

use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::engine::bytes::utf8;
use crate::engine::enter::{self, panic_text};
use crate::engine::error::{Error, Status, jsvm_status};
use crate::engine::value::MAX_STRING;
use crate::engine::{platform, reaper};
use std::ffi::{CStr, c_char, c_void};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The length that stands for "up to the NUL".
pub const AUTO_LENGTH: usize = usize::MAX;

/// Runs the body of a C function and reports its error.
pub(crate) fn guard(error: *mut *mut jsvm_error, body: impl FnOnce() -> Result<(), Error>) -> jsvm_status {
    if !error.is_null() {
        // SAFETY: the caller gives a place for a pointer, or NULL.
        unsafe { error.write(std::ptr::null_mut()) };
    }
    if platform::forked() {
        // Not even an error handle: a lock may be held for ever by a thread that was not forked.
        return Status::Forked;
    }
    let result = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|panic| Err(Error::new(Status::Panic, panic_text(&*panic))));
    match result {
        Ok(()) => Status::Ok,
        Err(failure) => {
            let status = failure.status;
            if !error.is_null() {
                // A handle that cannot be made leaves the status alone to tell.
                let handle = pool::put(jsvm_error::new(failure)).unwrap_or(std::ptr::null_mut());
                // SAFETY: as above.
                unsafe { error.write(handle) };
            }
            status
        }
    }
}

/// Runs the body of a C function that cannot fail; after a panic, or in a fork, it returns
/// `otherwise`.
pub fn guard_value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    if platform::forked() {
        return otherwise;
    }
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// The place for an output, emptied. NULL is refused.
///
/// # Safety
/// `place` is NULL or may be written for the time of the call.
pub unsafe fn out<'a, T>(place: *mut T, empty: T, argument: &str) -> Result<&'a mut T, Error> {
    if place.is_null() {
        return Err(Error::invalid(format!("{argument}: it is NULL")));
    }
    // SAFETY: the caller's promise; the memory may be uninitialised.
    unsafe {
        place.write(empty);
        Ok(&mut *place)
    }
}

/// The place for an output pointer, emptied.
///
/// # Safety
/// As `out`.
pub unsafe fn out_ptr<'a, T>(place: *mut *mut T, argument: &str) -> Result<&'a mut *mut T, Error> {
    // SAFETY: as `out`.
    unsafe { out(place, std::ptr::null_mut(), argument) }
}

/// Bytes from C. No bytes need no pointer.
///
/// # Safety
/// `data` points to `len` bytes for the time of the call, if it is not NULL.
pub unsafe fn bytes<'a>(data: *const c_void, len: usize, argument: impl Display) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::invalid(format!("{argument}: it is NULL and its length is {len}")));
    }
    if len > isize::MAX as usize {
        return Err(Error::invalid(format!("{argument}: its length {len} is longer than any object")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}

/// Elements from C. None need no pointer.
///
/// # Safety
/// `data` points to `count` elements for the time of the call, if it is not NULL.
pub unsafe fn elements<'a, T>(data: *const T, count: usize, argument: &str) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::invalid(format!("{argument}: it is NULL and its count is {count}")));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Error::invalid(format!("{argument}: its count {count} is larger than any array")));
    }
    if !data.is_aligned() {
        return Err(Error::invalid(format!("{argument}: it is not aligned")));
    }
    // SAFETY: the caller's promise, and aligned.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// UTF-8 from C. `len` may be JSVM_AUTO_LENGTH.
///
/// # Safety
/// As `bytes`; with JSVM_AUTO_LENGTH, `data` ends with a NUL.
pub unsafe fn text<'a>(
    data: *const c_char,
    len: usize,
    argument: impl Display + Copy,
) -> Result<&'a str, Error> {
    let bytes = if len == AUTO_LENGTH {
        if data.is_null() {
            return Err(Error::invalid(format!("{argument}: it is NULL")));
        }
        // SAFETY: the caller's promise.
        unsafe { CStr::from_ptr(data) }.to_bytes()
    } else {
        // SAFETY: the caller's promise.
        unsafe { bytes(data.cast(), len, argument)? }
    };
    if bytes.len() > MAX_STRING {
        return Err(Error::invalid(format!(
            "{argument}: a string of {} bytes is too long for V8",
            bytes.len()
        )));
    }
    utf8(bytes).map_err(|at| Error::invalid(format!("{argument}: it is not UTF-8, at byte {at}")))
}

/// A string in an options struct. NULL data is absent.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_str {
    /// UTF-8, or NULL.
    pub data: *const c_char,
    /// Bytes, or JSVM_AUTO_LENGTH.
    pub len: usize,
}

impl jsvm_str {
    /// # Safety
    /// As `text`.
    pub unsafe fn get<'a>(self, argument: impl Display + Copy) -> Result<Option<&'a str>, Error> {
        if self.data.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { text(self.data, self.len, argument).map(Some) }
    }
}

/// Strings in an options struct.
///
/// # Safety
/// `data` points to `len` strings, each as `text` wants it.
pub unsafe fn texts(data: *const jsvm_str, len: usize, argument: &str) -> Result<Vec<String>, Error> {
    if data.is_null() && len > 0 {
        return Err(Error::invalid(format!("{argument}: it is NULL, and its count is {len}")));
    }
    (0..len)
        // SAFETY: the caller's promise.
        .map(|at| unsafe { (*data.add(at)).get(argument) })
        .map(|text| text?.map(String::from).ok_or_else(|| Error::invalid(format!("{argument}: one is NULL"))))
        .collect()
}

/// C's `bool` in a struct that C fills. Whatever byte is there, it is one or the other.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Bool(u8);

impl Bool {
    pub const TRUE: Bool = Bool(1);

    pub fn get(self) -> bool {
        self.0 != 0
    }
}

/// An options struct: it begins with its size, and zero is the default of everything.
///
/// # Safety
/// Every field is an integer, a float, a raw pointer or a nullable function pointer.
pub unsafe trait Options: Copy {
    /// The C name, for messages.
    const NAME: &'static str;
}

/// Options from C of this or another version: what an older caller does not know is default, what
/// a newer caller sets and this library does not know is refused.
///
/// # Safety
/// `pointer` is NULL or points to as many bytes as its first field says.
pub unsafe fn options<T: Options>(pointer: *const T) -> Result<T, Error> {
    // SAFETY: the caller's promise.
    unsafe { options_named(pointer, "options") }
}

/// As `options`, for an argument of another name.
///
/// # Safety
/// As `options`.
pub unsafe fn options_named<T: Options>(pointer: *const T, argument: &str) -> Result<T, Error> {
    // SAFETY: by the trait's promise zero is a value of every field.
    let mut options: T = unsafe { std::mem::zeroed() };
    if pointer.is_null() {
        return Ok(options);
    }
    if !pointer.is_aligned() {
        return Err(Error::invalid(format!("{argument}: the {} is not aligned", T::NAME)));
    }
    // SAFETY: the size is always there.
    let size = unsafe { *pointer.cast::<usize>() };
    if size < size_of::<usize>() || size > 4096 {
        return Err(Error::invalid(format!("{argument}: struct_size {size} is no size of a {}", T::NAME)));
    }
    // SAFETY: the caller says how many bytes there are.
    let given = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    if given.iter().skip(size_of::<T>()).any(|byte| *byte != 0) {
        return Err(Error::invalid(format!(
            "{argument}: the {} sets fields that this version of libjsvm does not know",
            T::NAME
        )));
    }
    let known = size.min(size_of::<T>());
    // SAFETY: `T` is plain data and `known` bytes are on both sides.
    unsafe { std::ptr::copy_nonoverlapping(given.as_ptr(), (&raw mut options).cast::<u8>(), known) };
    Ok(options)
}

/// A pointer of the host's, and what lets go of it.
pub struct Userdata {
    pub pointer: *mut c_void,
    finalizer: jsvm_finalizer,
}

/// Called once when libjsvm has let go of `userdata`, also when the function that took it failed: on any thread, inside no
/// isolate, perhaps before the call that caused it returns. It may call libjsvm.
#[allow(non_camel_case_types)]
pub type jsvm_finalizer = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

// SAFETY: the contract of every function that takes userdata: it is used on any thread.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Userdata {
    pub fn new(pointer: *mut c_void, finalizer: jsvm_finalizer) -> Userdata {
        Userdata { pointer, finalizer }
    }
}

impl Drop for Userdata {
    fn drop(&mut self) {
        let Some(finalizer) = self.finalizer else { return };
        if enter::depth().0 > 0 {
            // This thread is inside an isolate: not here.
            let later = Userdata { pointer: self.pointer, finalizer: self.finalizer };
            return reaper::later(vec![Box::new(move || drop(later))]);
        }
        // SAFETY: the host gave both together.
        unsafe { finalizer(self.pointer) };
    }
}
