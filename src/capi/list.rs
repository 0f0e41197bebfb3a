//! Lists of slots that a call gives out.

use crate::capi::boundary::{elements, guard_value};
use crate::capi::slot::jsvm_slot;
use crate::engine::error::{Error, Status};
use crate::engine::value::Out;

/// Slots that a call gives out. Release them with jsvm_slot_list_clear.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_slot_list {
    /// The slots; NULL if there are none.
    pub slots: *mut jsvm_slot,
    /// How many.
    pub len: usize,
}

impl jsvm_slot_list {
    pub const NONE: jsvm_slot_list = jsvm_slot_list { slots: std::ptr::null_mut(), len: 0 };

    pub fn new(values: Vec<Out>) -> Result<jsvm_slot_list, Error> {
        if values.is_empty() {
            return Ok(jsvm_slot_list::NONE);
        }
        // SAFETY: asks for memory; it is looked at.
        let slots = unsafe { libc::calloc(values.len(), size_of::<jsvm_slot>()) }.cast::<jsvm_slot>();
        if slots.is_null() {
            return Err(Error::new(
                Status::OutOfMemory,
                format!("no memory for a list of {} slots", values.len()),
            ));
        }
        let list = jsvm_slot_list { slots, len: values.len() };
        // SAFETY: that many were allocated, and zero is `undefined`.
        let places = unsafe { std::slice::from_raw_parts_mut(slots, list.len) };
        fill(places, values).inspect_err(|_| list.release())?;
        Ok(list)
    }

    pub fn clear(&mut self) {
        self.release();
        *self = jsvm_slot_list::NONE;
    }

    fn release(&self) {
        // SAFETY: the list of `new`, or NULL.
        unsafe {
            if !self.slots.is_null() {
                std::slice::from_raw_parts(self.slots, self.len).iter().for_each(jsvm_slot::release);
            }
            libc::free(self.slots.cast());
        }
    }
}

/// The places for output slots, made `undefined`.
///
/// # Safety
/// `slots` may be written for `count` slots, if it is not NULL.
pub unsafe fn places<'a>(
    slots: *mut jsvm_slot,
    count: usize,
    argument: &str,
) -> Result<&'a mut [jsvm_slot], Error> {
    // SAFETY: the caller's promise. Checked as an input is, written before it is read.
    unsafe {
        elements(slots.cast::<std::mem::MaybeUninit<jsvm_slot>>().cast_const(), count, argument)?;
        if count == 0 {
            return Ok(&mut []);
        }
        for i in 0..count {
            slots.add(i).write(jsvm_slot::UNDEFINED);
        }
        Ok(std::slice::from_raw_parts_mut(slots, count))
    }
}

/// Gives values out in slots that are `undefined`: all of them, or none.
pub fn fill(places: &mut [jsvm_slot], values: Vec<Out>) -> Result<(), Error> {
    for (i, value) in values.into_iter().enumerate() {
        match jsvm_slot::output(value) {
            Ok(slot) => places[i] = slot,
            Err(error) => {
                for place in &mut places[..i] {
                    place.release();
                    *place = jsvm_slot::UNDEFINED;
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Releases a list of slots, and what each of them owns.
///
/// Any thread, no lock. NULL is allowed, as is a list that was cleared before.
///
/// @param list [in,out] a list that a call filled, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_slot_list_clear(list: *mut jsvm_slot_list) {
    guard_value((), || {
        if !list.is_null() {
            // SAFETY: the caller gives a list of its own.
            unsafe { (*list).clear() };
        }
    });
}
