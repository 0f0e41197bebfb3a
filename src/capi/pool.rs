//! The handles that C holds: slots in memory that is never given back.
//!
//! A pointer from C is looked at before it is followed: does it lie in the region, in a page of its
//! kind, at a slot, and is the slot live? So a freed or mistyped handle is an error, not a crash,
//! until its slot is used again, and slots are used again as late as possible.

use crate::engine::error::{Error, Status};
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::fmt::Display;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// What C can hold. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_handle_kind {
    Isolate = 0,
    Context = 1,
    Script = 2,
    Value = 3,
    Error = 4,
    Cancel = 5,
    Resolver = 6,
    Borrow = 7,
    Module = 8,
    ImportHooks = 9,
    FileLoader = 10,
}

/// Handle kinds there are.
pub const JSVM_HANDLE_KIND_COUNT: u32 = 11;
const KINDS: usize = JSVM_HANDLE_KIND_COUNT as usize;

/// A type that C holds a handle of.
pub trait Handle: Send + Sync + 'static {
    const KIND: jsvm_handle_kind;
    /// The C name, for messages.
    const NAME: &'static str;
}

const REGION: usize = 16 << 30;
const PAGE: usize = 64 << 10;
const PAGES: usize = REGION / PAGE;
/// Freed slots that are kept from use: a stale handle is found out for at least as many frees.
const QUARANTINE: usize = 256;

/// Kind + 1 of each page.
static PAGE_KINDS: [AtomicU8; PAGES] = [const { AtomicU8::new(0) }; PAGES];
static NEXT_PAGE: AtomicUsize = AtomicUsize::new(0);
static FREE: [Mutex<VecDeque<usize>>; KINDS] = [const { Mutex::new(VecDeque::new()) }; KINDS];
static LIVE: [AtomicUsize; KINDS] = [const { AtomicUsize::new(0) }; KINDS];

struct Slot<T> {
    /// Owners in the upper half, calls that use it in the lower. It is dropped when both are zero.
    counts: AtomicU64,
    value: UnsafeCell<MaybeUninit<T>>,
}

const OWNER: u64 = 1 << 32;
const USER: u64 = 1;

/// Where the region begins; zero if the address space has no room for it.
fn region() -> usize {
    static BASE: OnceLock<usize> = OnceLock::new();
    *BASE.get_or_init(|| {
        // SAFETY: reserves addresses, no memory.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                REGION,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED { 0 } else { base as usize }
    })
}

/// The slot of a pointer from C, if it is one of the kind.
fn slot<T: Handle>(pointer: *const T) -> Option<&'static Slot<T>> {
    let offset = (pointer as usize).checked_sub(region())?;
    let kind = PAGE_KINDS.get(offset / PAGE)?.load(Ordering::Acquire);
    let fits = kind == T::KIND as u8 + 1 && (offset % PAGE).is_multiple_of(size_of::<Slot<T>>());
    // SAFETY: the page is mapped for good and holds slots of this type; zeroed memory is a slot
    // without owners.
    fits.then(|| unsafe { &*(pointer as *const Slot<T>) })
}

fn new_page<T: Handle>(free: &mut VecDeque<usize>) -> Result<(), Error> {
    let full = || Error::new(Status::OutOfMemory, "no room for another handle");
    let page = NEXT_PAGE.fetch_add(1, Ordering::Relaxed);
    if region() == 0 || page >= PAGES {
        return Err(full());
    }
    let start = region() + page * PAGE;
    // SAFETY: the page is ours and nobody has used it yet.
    if unsafe { libc::mprotect(start as *mut _, PAGE, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
        return Err(full());
    }
    PAGE_KINDS[page].store(T::KIND as u8 + 1, Ordering::Release);
    let count = PAGE / size_of::<Slot<T>>();
    free.extend((0..count).map(|i| start + i * size_of::<Slot<T>>()));
    Ok(())
}

/// A new handle with one owner.
pub fn put<T: Handle>(value: T) -> Result<*mut T, Error> {
    let mut free = FREE[T::KIND as usize].lock().unwrap_or_else(|e| e.into_inner());
    if free.len() <= QUARANTINE {
        new_page::<T>(&mut free)?;
    }
    let at = free.pop_front().ok_or_else(|| Error::new(Status::OutOfMemory, "no room for another handle"))?;
    drop(free);
    // SAFETY: a slot on the free list is mapped, of this type and nobody's.
    let slot = unsafe { &*(at as *const Slot<T>) };
    // SAFETY: nobody follows a slot without owners.
    unsafe { (*slot.value.get()).write(value) };
    slot.counts.store(OWNER, Ordering::Release);
    LIVE[T::KIND as usize].fetch_add(1, Ordering::Relaxed);
    Ok(at as *mut T)
}

/// A handle in use by a call: it stays whole even if another thread frees it meanwhile.
pub struct Pin<T: Handle> {
    slot: &'static Slot<T>,
}

impl<T: Handle> Deref for Pin<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: it is live while it is in use.
        unsafe { (*self.slot.value.get()).assume_init_ref() }
    }
}

impl<T: Handle> Drop for Pin<T> {
    fn drop(&mut self) {
        give_back(self.slot, USER);
    }
}

/// Adds to the counts of a slot that has an owner.
fn take<T: Handle>(slot: &Slot<T>, what: u64) -> bool {
    slot.counts
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, |counts| {
            (OWNER..u64::MAX - OWNER).contains(&counts).then_some(counts + what)
        })
        .is_ok()
}

fn give_back<T: Handle>(slot: &'static Slot<T>, what: u64) {
    if slot.counts.fetch_sub(what, Ordering::AcqRel) == what {
        // SAFETY: the last one out; nobody can take it any more.
        drop(unsafe { (*slot.value.get()).assume_init_read() });
        let at = slot as *const Slot<T> as usize;
        FREE[T::KIND as usize].lock().unwrap_or_else(|e| e.into_inner()).push_back(at);
    }
}

/// Follows a pointer from C for the time of a call. `argument` names it in the message.
pub fn pin<T: Handle>(pointer: *const T, argument: impl Display) -> Result<Pin<T>, Error> {
    if pointer.is_null() {
        return Err(Error::invalid(format!("{argument}: it is NULL")));
    }
    match slot(pointer) {
        Some(slot) if take(slot, USER) => Ok(Pin { slot }),
        _ => Err(Error::invalid(format!("{argument}: it is not a live {}", T::NAME))),
    }
}

/// A second owner. NULL for what is no live handle.
pub fn clone<T: Handle>(pointer: *const T) -> *mut T {
    match slot(pointer) {
        Some(slot) if take(slot, OWNER) => {
            LIVE[T::KIND as usize].fetch_add(1, Ordering::Relaxed);
            pointer as *mut T
        }
        _ => std::ptr::null_mut(),
    }
}

/// Gives up one owner. NULL, and what is no live handle, is left alone.
pub fn free<T: Handle>(pointer: *const T) {
    let Some(slot) = slot(pointer) else { return };
    // An owner becomes a user first, so that two frees at once cannot both take the last owner.
    let gone = slot
        .counts
        .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |counts| {
            (counts >= OWNER).then(|| counts - OWNER + USER)
        })
        .is_ok();
    if gone {
        LIVE[T::KIND as usize].fetch_sub(1, Ordering::Relaxed);
        give_back(slot, USER);
    }
}

/// Handles of a kind that have not been freed.
pub fn live(kind: u32) -> usize {
    LIVE.get(kind as usize).map_or(0, |count| count.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    struct Probe(Arc<AtomicUsize>);

    impl Handle for Probe {
        const KIND: jsvm_handle_kind = jsvm_handle_kind::Borrow;
        const NAME: &'static str = "probe";
    }

    impl Drop for Probe {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Other(#[allow(dead_code)] u64);

    impl Handle for Other {
        const KIND: jsvm_handle_kind = jsvm_handle_kind::Cancel;
        const NAME: &'static str = "other";
    }

    #[test]
    fn a_handle_lives_until_its_last_owner_and_its_last_user() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let handle = put(Probe(dropped.clone())).unwrap();
        assert_eq!(clone(handle), handle);
        free(handle);
        let used = pin(handle, "probe").unwrap();
        free(handle);
        assert_eq!(dropped.load(Ordering::SeqCst), 0, "in use");
        assert!(pin(handle, "probe").is_err(), "no owner is left");
        assert!(clone(handle).is_null());
        free(handle);
        drop(used);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_is_no_live_handle_is_refused_and_not_followed() {
        let handle = put(Other(1)).unwrap();
        let address = handle as usize;
        for wild in [
            8,
            0x1234_5678,
            address + 1,
            address + 8,
            usize::MAX,
            usize::MAX - 7,
            &handle as *const _ as usize,
        ] {
            assert!(pin(wild as *const Other, "argument").is_err(), "{wild:#x}");
            free(wild as *const Other);
        }
        let error = pin(handle as *const Probe, "argument").err().unwrap();
        assert_eq!(error.status, Status::InvalidArgument);
        assert_eq!(error.message, "argument: it is not a live probe");
        assert_eq!(pin(std::ptr::null::<Other>(), "x").err().unwrap().message, "x: it is NULL");
        free(handle);
        assert!(pin(handle, "argument").is_err());
    }

    #[test]
    fn slots_are_used_again_late() {
        let first = put(Probe(Arc::default())).unwrap();
        free(first);
        for _ in 0..QUARANTINE {
            let next = put(Probe(Arc::default())).unwrap();
            assert_ne!(next, first);
            free(next);
        }
    }

    #[test]
    fn threads_that_free_the_same_handle_drop_it_once() {
        for _ in 0..200 {
            let dropped = Arc::new(AtomicUsize::new(0));
            let handle = put(Probe(dropped.clone())).unwrap() as usize;
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(move || {
                        drop(pin(handle as *const Probe, "probe").ok());
                        free(handle as *const Probe);
                    });
                }
            });
            assert_eq!(dropped.load(Ordering::SeqCst), 1);
        }
    }
}
