//! Memory limits: the heap's, by V8's near-heap-limit callback, and the ArrayBuffers', by a
//! counting allocator.
//!
//! V8 kills the process when the heap limit is passed. So the callback lets it pass once, by a
//! headroom large enough for the biggest single step of a builtin, and has the guest stopped
//! before it takes another one.

use crate::engine::enter;
use crate::engine::error::Status;
use crate::engine::isolate::Isolate;
use crate::engine::raw;
use std::alloc::Layout;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What one builtin can take in one step beyond the limit: `new Array(1e8).fill({})` takes 800 MB.
const HEADROOM: usize = 1 << 30;

pub const DEFAULT_HEAP_LIMIT: usize = 512 << 20;
pub const MIN_HEAP_LIMIT: usize = 8 << 20;
/// Above this an array can grow past the length at which V8 aborts before its memory is used up.
pub const MAX_HEAP_LIMIT: usize = 1400 << 20;
pub const DEFAULT_BUFFER_LIMIT: usize = 512 << 20;

/// V8 asks what to do as the heap nears its limit: in the middle of a collection, and also on a
/// thread of its own that compiles. To answer with less than it has is a fatal error.
///
/// # Safety
/// `data` is the isolate that the callback was added to, and a thread is inside it.
pub unsafe extern "C" fn near_heap_limit(data: *mut c_void, current: usize, _initial: usize) -> usize {
    // SAFETY: the caller's promise; whoever is inside holds the isolate.
    let isolate = unsafe { &*(data as *const Isolate) };
    let here = enter::is_inside(isolate);
    if here && isolate.buffers.refused.swap(false, Ordering::Relaxed) && has_room(isolate, current) {
        // V8 also comes here in its last try to make room for an ArrayBuffer that we refused: that is
        // the guest's RangeError.
        return current + 1;
    }
    isolate.over_limit.store(true, Ordering::Relaxed);
    if here {
        // Or V8 would go back to the limit before the step that needs the headroom.
        // SAFETY: this thread is inside the isolate; V8 only notes a number.
        unsafe { raw::isolate_automatically_restore_initial_heap_limit(isolate.raw(), 0.0) };
    }
    if let Some(owner) = isolate.gate.owner() {
        owner.stop(isolate, Status::OutOfMemory);
    }
    current.saturating_add(HEADROOM)
}

/// Whether the heap is far from its limit. This thread is inside the isolate.
fn has_room(isolate: &Isolate, limit: usize) -> bool {
    // SAFETY: as the documentation says.
    unsafe { raw::isolate(isolate.raw()) }.get_heap_statistics().used_heap_size() < limit / 2
}

/// While the guest keeps more than the limit, V8 cannot go back to it. It does in the collection that
/// finds less than this part of the limit in use.
const RESTORE_THRESHOLD: f64 = 0.8;

/// After the guest was stopped for memory: back to the limit it was given.
pub fn restore_limit(isolate: &Isolate, v8_isolate: &mut v8::Isolate) {
    v8_isolate.low_memory_notification();
    v8_isolate.remove_near_heap_limit_callback(near_heap_limit, isolate.options.heap_limit);
    v8_isolate.add_near_heap_limit_callback(near_heap_limit, isolate as *const Isolate as *mut c_void);
    // SAFETY: this thread is inside the isolate.
    unsafe { raw::isolate_automatically_restore_initial_heap_limit(isolate.raw(), RESTORE_THRESHOLD) };
}

/// The bytes of the isolate's ArrayBuffers.
pub struct Buffers {
    used: AtomicUsize,
    limit: usize,
    /// Bytes of the host's that buffers share.
    pub host: AtomicUsize,
    /// The last request was refused.
    refused: AtomicBool,
}

impl Buffers {
    pub fn new(limit: usize) -> Arc<Buffers> {
        Arc::new(Buffers {
            used: AtomicUsize::new(0),
            limit,
            host: AtomicUsize::new(0),
            refused: AtomicBool::new(false),
        })
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, len: usize) -> bool {
        let fits = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(len).filter(|sum| *sum <= self.limit)
            })
            .is_ok();
        self.refused.store(!fits, Ordering::Relaxed);
        fits
    }

    /// V8's allocator over this account.
    pub fn allocator(self: &Arc<Self>) -> v8::UniqueRef<v8::Allocator> {
        static VTABLE: v8::RustAllocatorVtable<Buffers> = v8::RustAllocatorVtable {
            allocate: allocate_zeroed,
            allocate_uninitialized: allocate,
            free,
            drop: release,
        };
        // SAFETY: the table's functions are for this type, and `release` gives back the reference.
        unsafe { v8::new_rust_allocator(Arc::into_raw(self.clone()), &VTABLE) }
    }
}

/// V8 gives the length back when it frees, so the layout needs no record.
fn layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(len.max(1), 16).ok()
}

fn take_and(account: &Buffers, len: usize, alloc: unsafe fn(Layout) -> *mut u8) -> *mut c_void {
    let Some(layout) = layout(len) else { return std::ptr::null_mut() };
    if !account.take(len) {
        return std::ptr::null_mut();
    }
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(layout) };
    if memory.is_null() {
        account.used.fetch_sub(len, Ordering::Relaxed);
    }
    memory.cast()
}

unsafe extern "C" fn allocate_zeroed(account: &Buffers, len: usize) -> *mut c_void {
    take_and(account, len, std::alloc::alloc_zeroed)
}

unsafe extern "C" fn allocate(account: &Buffers, len: usize) -> *mut c_void {
    take_and(account, len, std::alloc::alloc)
}

unsafe extern "C" fn free(account: &Buffers, data: *mut c_void, len: usize) {
    if let Some(layout) = layout(len) {
        // SAFETY: allocated above with this layout.
        unsafe { std::alloc::dealloc(data.cast(), layout) };
        account.used.fetch_sub(len, Ordering::Relaxed);
    }
}

unsafe extern "C" fn release(account: *const Buffers) {
    // SAFETY: the reference that `allocator` gave away.
    drop(unsafe { Arc::from_raw(account) });
}
