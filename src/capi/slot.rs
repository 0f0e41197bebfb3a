//! Slots: the flat record in which values cross a call.

use crate::capi::boundary::{self, guard_value};
use crate::capi::pool::{self, Handle, Pin, jsvm_handle_kind};
use crate::engine::bytes::Bytes;
use crate::engine::enter::Outcome;
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::object::FEW;
use crate::engine::value::{In, JSVM_FLAG_LOSSY, Kind, Out, Value};
use std::ffi::c_char;
use std::sync::Arc;

/// A JavaScript value that the host keeps. Free it with jsvm_value_free, on any thread.
#[allow(non_camel_case_types)]
pub struct jsvm_value(pub Arc<Value>);

impl Handle for jsvm_value {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Value;
    const NAME: &'static str = "jsvm_value";
}

/// The slot's `data` or `handle` is the caller's to release with jsvm_slot_clear. libjsvm sets it on output
/// slots; leave it out of input slots.
pub const JSVM_FLAG_OWNED: u32 = 1 << 31;

/// A value on its way into or out of a call. A zeroed slot is `undefined`.
///
/// Input slots are borrowed: set `kind` and the field that it names. If `handle` is not NULL it is
/// the value, whatever `kind` says.
/// Output slots are released with jsvm_slot_clear. Before a call they may hold anything; a failed
/// call leaves them `undefined`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_slot {
    /// A jsvm_kind.
    pub kind: u32,
    /// JSVM_FLAG_ bits, set by libjsvm.
    pub flags: u32,
    /// NUMBER; BOOLEAN as 0 or 1.
    pub number: f64,
    /// STRING: UTF-8. BIGINT: little-endian two's complement.
    pub data: *const c_char,
    /// Bytes in `data`. Output strings have a NUL after them. For input strings JSVM_AUTO_LENGTH will do.
    pub len: usize,
    /// SYMBOL, OBJECT, FUNCTION; and STRING with JSVM_FLAG_LOSSY.
    pub handle: *mut jsvm_value,
}

const _: () = assert!(size_of::<jsvm_slot>() == 40 && align_of::<jsvm_slot>() == 8);

impl jsvm_slot {
    pub const UNDEFINED: jsvm_slot = jsvm_slot {
        kind: Kind::Undefined as u32,
        flags: 0,
        number: 0.0,
        data: std::ptr::null(),
        len: 0,
        handle: std::ptr::null_mut(),
    };

    /// The slot for a value that goes to the host.
    pub fn output(value: Out) -> Result<jsvm_slot, Error> {
        let mut slot = jsvm_slot::UNDEFINED;
        slot.put(value)?;
        Ok(slot)
    }

    /// Makes an empty slot the value that goes to the host: where it is, because to move a slot that was just
    /// written is slow.
    #[inline]
    pub fn put(&mut self, value: Out) -> Result<(), Error> {
        match value {
            Out::Undefined => {}
            Out::Null => self.kind = Kind::Null as u32,
            Out::Boolean(value) => {
                self.kind = Kind::Boolean as u32;
                self.number = f64::from(u8::from(value));
            }
            Out::Number(value) => {
                self.kind = Kind::Number as u32;
                self.number = value;
            }
            Out::String(text) => {
                (self.data, self.len) = give_out(text.utf8)?;
                self.kind = Kind::String as u32;
                self.flags = JSVM_FLAG_OWNED;
                if let Some(exact) = text.exact {
                    self.handle = pool::put(jsvm_value(exact)).inspect_err(|_| self.clear())?;
                    self.flags |= JSVM_FLAG_LOSSY;
                }
            }
            Out::Bigint(bytes) => {
                (self.data, self.len) = copy_out(&bytes)?;
                self.kind = Kind::Bigint as u32;
                self.flags = JSVM_FLAG_OWNED;
            }
            Out::Value(value) => {
                let (kind, flags) = (value.kind as u32, value.flags | JSVM_FLAG_OWNED);
                self.handle = pool::put(jsvm_value(value))?;
                (self.kind, self.flags) = (kind, flags);
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.release();
        *self = jsvm_slot::UNDEFINED;
    }

    /// Releases what an output slot owns.
    pub fn release(&self) {
        if self.flags & JSVM_FLAG_OWNED != 0 {
            // SAFETY: owned data comes from `give_out`; free takes NULL.
            unsafe { libc::free(self.data as *mut _) };
            pool::free(self.handle);
        }
    }
}

/// The place for the result of a call, or NULL if it is of no use. It is filled inside the isolate; unless
/// the call then succeeds it is emptied again.
pub struct Place(*mut jsvm_slot);

impl Place {
    /// # Safety
    /// `slot` is NULL or may be written for the time of the call.
    pub unsafe fn new(slot: *mut jsvm_slot) -> Place {
        if !slot.is_null() {
            // SAFETY: the caller's promise.
            unsafe { slot.write(jsvm_slot::UNDEFINED) };
        }
        Place(slot)
    }

    /// As `new`; NULL is refused.
    ///
    /// # Safety
    /// As `new`.
    pub unsafe fn wanted(slot: *mut jsvm_slot, argument: &str) -> Result<Place, Error> {
        if slot.is_null() {
            return Err(Error::invalid(format!("{argument}: it is NULL")));
        }
        // SAFETY: the caller's promise.
        Ok(unsafe { Place::new(slot) })
    }

    pub fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }

    /// It goes through the run and comes back: a run that was ended drops it inside the isolate, so that what
    /// the guest made there can be collected at once.
    #[inline]
    pub fn fill(self, value: Out) -> Outcome<Place> {
        if self.is_wanted() {
            // SAFETY: the promise to `new`.
            unsafe { (*self.0).put(value)? };
        }
        Ok(self)
    }

    /// The call succeeded: what was filled in is C's.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_wanted() {
            // SAFETY: the promise to `new`.
            unsafe { jsvm_slot_clear(self.0) };
        }
    }
}

/// Bytes for C to own, with a NUL after them.
pub fn give_out(bytes: Option<Bytes>) -> Result<(*const c_char, usize), Error> {
    match bytes {
        Some(bytes) => Ok(bytes.into_raw()),
        None => Err(Error::new(Status::OutOfMemory, "no memory for the bytes of the output")),
    }
}

/// A copy of bytes for C to own, with a NUL after them.
pub fn copy_out(bytes: &[u8]) -> Result<(*const c_char, usize), Error> {
    give_out(Bytes::copy(bytes))
}

/// An input slot that was looked at: its handle stays whole during the call.
pub enum Input<'a> {
    Plain(In<'a>),
    Pinned(Pin<jsvm_value>),
}

impl<'a> Input<'a> {
    /// Looks at a slot. The input is written where it is to be: to move it would cost more than to look.
    ///
    /// # Safety
    /// The slot's data is readable for the time of the call.
    pub unsafe fn read(&mut self, slot: &'a jsvm_slot, argument: &str) -> Result<(), Error> {
        *self = if !slot.handle.is_null() {
            Input::Pinned(pool::pin(slot.handle, argument)?)
        } else {
            match slot.kind {
                k if k == Kind::Number as u32 => Input::Plain(In::Number(slot.number)),
                k if k == Kind::String as u32 => {
                    // SAFETY: the caller's promise.
                    Input::Plain(In::String(unsafe { boundary::text(slot.data, slot.len, argument)? }))
                }
                k if k == Kind::Undefined as u32 => Input::Plain(In::Undefined),
                k if k == Kind::Null as u32 => Input::Plain(In::Null),
                k if k == Kind::Boolean as u32 => Input::Plain(In::Boolean(slot.number != 0.0)),
                k if k == Kind::Bigint as u32 => {
                    // SAFETY: the caller's promise.
                    let bytes = unsafe { boundary::bytes(slot.data.cast(), slot.len, argument)? };
                    Input::Plain(In::Bigint(bytes))
                }
                k if k <= Kind::Function as u32 => {
                    return Err(Error::invalid(format!("{argument}: a slot of kind {k} needs a handle")));
                }
                k => return Err(Error::invalid(format!("{argument}: {k} is no kind of a slot"))),
            }
        };
        Ok(())
    }

    /// A slot by pointer; NULL is `undefined`.
    ///
    /// # Safety
    /// As `read`; the pointer is NULL or a readable slot.
    pub unsafe fn from_ptr(slot: *const jsvm_slot, argument: &str) -> Result<Input<'a>, Error> {
        let mut input = Input::Plain(In::Undefined);
        if !slot.is_null() {
            // SAFETY: the caller's promise.
            unsafe { input.read(&*slot, argument)? };
        }
        Ok(input)
    }

    pub fn value(&self) -> In<'_> {
        match self {
            Input::Plain(plain) => *plain,
            Input::Pinned(handle) => In::Value(&handle.0),
        }
    }

    /// Refuses a handle of another isolate.
    #[inline]
    pub fn of(self, isolate: &Isolate, argument: &str) -> Result<Input<'a>, Error> {
        self.check_isolate(isolate, argument).map(|()| self)
    }

    #[inline]
    fn check_isolate(&self, isolate: &Isolate, argument: &str) -> Result<(), Error> {
        match self {
            Input::Pinned(handle) => of(isolate, &handle.0, argument),
            Input::Plain(_) => Ok(()),
        }
    }
}

/// Refuses a value of another isolate.
pub fn of(isolate: &Isolate, value: &Value, argument: &str) -> Result<(), Error> {
    if !std::ptr::eq(isolate, &*value.isolate) {
        return Err(Error::new(Status::WrongIsolate, format!("{argument}: it belongs to another isolate")));
    }
    Ok(())
}

/// The input slots of one call. A few need no memory. They are filled where they are, as
/// `Input::read` does.
pub struct Inputs<'a> {
    few: [Input<'a>; FEW],
    many: Vec<Input<'a>>,
    count: usize,
}

impl<'a> Inputs<'a> {
    #[inline]
    pub fn none() -> Inputs<'a> {
        Inputs { few: [const { Input::Plain(In::Undefined) }; FEW], many: Vec::new(), count: 0 }
    }

    /// # Safety
    /// As `Input::read`, for each of `count` slots.
    pub unsafe fn fill(
        &mut self,
        slots: *const jsvm_slot,
        count: usize,
        argument: &str,
        isolate: &Isolate,
    ) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        let slots: &'a [jsvm_slot] = unsafe { boundary::elements(slots, count, argument)? };
        self.count = count;
        if count > FEW {
            self.many.resize_with(count, || Input::Plain(In::Undefined));
        }
        for (i, (slot, place)) in slots.iter().zip(self.as_mut_slice()).enumerate() {
            // SAFETY: the caller's promise.
            let read = unsafe { place.read(slot, argument) };
            // The name with the index is only made where it is needed.
            read.and_then(|()| place.check_isolate(isolate, argument)).map_err(|mut error| {
                error.message = error.message.replacen(argument, &format!("{argument}[{i}]"), 1);
                error
            })?;
        }
        Ok(())
    }

    fn as_mut_slice(&mut self) -> &mut [Input<'a>] {
        if self.count > FEW { &mut self.many } else { &mut self.few[..self.count] }
    }

    pub fn as_slice(&self) -> &[Input<'a>] {
        if self.count > FEW { &self.many } else { &self.few[..self.count] }
    }

    /// Has each input looked at.
    pub fn check(&self, check: impl Fn(usize, &Input) -> Result<(), Error>) -> Result<(), Error> {
        self.as_slice().iter().enumerate().try_for_each(|(i, input)| check(i, input))
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = In<'_>> {
        self.as_slice().iter().map(Input::value)
    }
}

/// Releases what an output slot owns and makes it `undefined`.
///
/// Any thread, no lock. NULL is allowed; an input slot and a slot cleared before own nothing.
///
/// @param slot [in,out] a slot that a call filled, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_slot_clear(slot: *mut jsvm_slot) {
    guard_value((), || {
        if slot.is_null() {
            return;
        }
        // SAFETY: the caller gives a slot of its own.
        unsafe { (*slot).clear() };
    });
}

/// Gives up a value. The last owner's free lets JavaScript collect it.
///
/// Any thread, no lock, any order, after the isolate too. NULL and freed handles are left alone.
///
/// @param value [in] a value, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_free(value: *mut jsvm_value) {
    guard_value((), || pool::free(value));
}

/// A second owner of the same value.
///
/// Any thread, no lock. Each owner is freed by its own jsvm_value_free.
///
/// @param value [in] a value
/// @return the value, or NULL if it is no live value
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_value_clone(value: *const jsvm_value) -> *mut jsvm_value {
    guard_value(std::ptr::null_mut(), || pool::clone(value))
}
