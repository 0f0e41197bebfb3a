//! Bytes in memory of malloc's: what the host is given to keep and to free.

use std::ffi::c_char;
use std::ptr::NonNull;

/// Some bytes with a NUL after them.
#[derive(Debug)]
pub struct Bytes {
    data: NonNull<u8>,
    len: usize,
}

// SAFETY: it owns what it points to, and malloc's memory may be freed on any thread.
unsafe impl Send for Bytes {}
// SAFETY: as above; nothing changes through a shared reference.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// So many bytes, as `write` leaves them; None if there is no memory.
    ///
    /// # Safety
    /// `write` initialises all of them.
    pub unsafe fn with(len: usize, write: impl FnOnce(*mut u8)) -> Option<Bytes> {
        // SAFETY: the size is not zero.
        let data = NonNull::new(unsafe { libc::malloc(len.checked_add(1)?) }.cast::<u8>())?;
        let bytes = Bytes { data, len };
        write(data.as_ptr());
        // SAFETY: one byte more was allocated.
        unsafe { data.add(len).write(0) };
        Some(bytes)
    }

    pub fn copy(bytes: &[u8]) -> Option<Bytes> {
        // SAFETY: as many bytes are written.
        unsafe { Bytes::with(bytes.len(), |to| to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())) }
    }

    /// Gives the memory away, to be freed by `free`.
    pub fn into_raw(self) -> (*const c_char, usize) {
        let raw = (self.data.as_ptr().cast_const().cast(), self.len);
        std::mem::forget(self);
        raw
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `with` had them initialised.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: it came from malloc.
        unsafe { libc::free(self.data.as_ptr().cast()) };
    }
}

/// Below so many bytes the call of a vector routine costs more than it saves.
const SHORT: usize = 128;

/// The bytes as text, or how many of them are.
pub fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    if bytes.len() >= SHORT && v8::simdutf::validate_utf8(bytes) {
        // SAFETY: just validated.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())
}

/// The UTF-8 of Latin-1; None if there is no memory.
pub fn utf8_of_latin1(units: &[u8]) -> Option<Bytes> {
    if units.len() < SHORT && units.is_ascii() {
        return Bytes::copy(units);
    }
    // Looked at and copied in parts that stay in the processor's cache: long text is read once.
    let mut ascii = true;
    // SAFETY: as many bytes are written, or the result is dropped unread.
    let copy = unsafe {
        Bytes::with(units.len(), |mut to| {
            for part in units.chunks(32 << 10) {
                ascii = v8::simdutf::validate_ascii(part);
                if !ascii {
                    return;
                }
                to.copy_from_nonoverlapping(part.as_ptr(), part.len());
                to = to.add(part.len());
            }
        })
    };
    if ascii {
        return copy;
    }
    let len = v8::simdutf::utf8_length_from_latin1(units);
    // SAFETY: the length is what simdutf will write.
    unsafe {
        Bytes::with(len, |to| {
            v8::simdutf::convert_latin1_to_utf8(units, std::slice::from_raw_parts_mut(to, len));
        })
    }
}

/// The UTF-8 of UTF-16, and whether something was lost: a lone surrogate becomes U+FFFD.
pub fn utf8_of_utf16(units: &[u16]) -> (Option<Bytes>, bool) {
    if v8::simdutf::validate_utf16le(units) {
        let len = v8::simdutf::utf8_length_from_utf16le(units);
        // SAFETY: the length is what simdutf will write of valid input.
        let bytes = unsafe {
            Bytes::with(len, |to| {
                v8::simdutf::convert_valid_utf16le_to_utf8(units, std::slice::from_raw_parts_mut(to, len));
            })
        };
        return (bytes, false);
    }
    (Bytes::copy(String::from_utf16_lossy(units).as_bytes()), true)
}
