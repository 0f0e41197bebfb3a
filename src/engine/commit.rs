//! Memory that V8 takes without asking the allocator: of resizable ArrayBuffers, growable SharedArrayBuffers and
//! WebAssembly memories, and the bytes of structured clones.
//!
//! V8 says how much memory ArrayBuffers have, resizable ones included, but not of shared and
//! WebAssembly memory: of those each one is bounded, and their sum is not.
//!
//! The linker sends V8's calls of the functions below to us (`--wrap`, see build.rs). We ask whether
//! the isolate's buffers have room and pass them on, or refuse as V8 itself does when the machine has
//! no memory: the guest sees a RangeError, or `memory.grow` give -1.

use crate::engine::enter;
use crate::engine::isolate::Isolate;
use crate::engine::raw::{self, RawIsolate};
use std::arch::global_asm;
use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A wrapper by the name that the linker wants. It is written in assembly because rustc would export
/// a function of that name from the library.
macro_rules! wrap {
    ($symbol:literal, $function:path) => {
        global_asm!(
            concat!(".globl __wrap_", $symbol),
            concat!(".hidden __wrap_", $symbol),
            concat!("__wrap_", $symbol, ":"),
            "jmp {function}",
            function = sym $function
        );
    };
}

wrap!("v8__ValueSerializer__Delegate__ReallocateBufferMemory", reallocate_clone);
wrap!("_ZN2v88internal12BackingStore13ResizeInPlaceEPNS0_7IsolateEm", resize_in_place);
wrap!("_ZN2v88internal12BackingStore11GrowInPlaceEPNS0_7IsolateEm", grow_in_place);
wrap!("_ZN2v88internal12BackingStore21GrowWasmMemoryInPlaceEPNS0_7IsolateEmm", grow_wasm_memory_in_place);
wrap!(
    "_ZN2v88internal12BackingStore35TryAllocateAndPartiallyCommitMemoryEPNS0_7IsolateEmmmmmNS0_14WasmMemoryFlagENS_4base11StrongAliasINS0_13SharedFlagTagEbEENS6_INS0_18HasGuardRegionsTagEbEE",
    try_allocate_and_partially_commit_memory
);
wrap!(
    "_ZN2v88internal12BackingStore18AllocateWasmMemoryEPNS0_7IsolateEmmNS0_14WasmMemoryFlagENS_4base11StrongAliasINS0_13SharedFlagTagEbEE",
    allocate_wasm_memory
);

/// V8's optional<size_t>.
#[repr(C)]
struct OptionalSize {
    value: usize,
    has_value: usize,
}

unsafe extern "C" {
    #[link_name = "__real_v8__ValueSerializer__Delegate__ReallocateBufferMemory"]
    fn real_reallocate_clone(
        this: *const c_void,
        bytes: *mut c_void,
        size: usize,
        actual_size: *mut usize,
    ) -> *mut c_void;
    #[link_name = "__real__ZN2v88internal12BackingStore13ResizeInPlaceEPNS0_7IsolateEm"]
    fn real_resize_in_place(this: *mut c_void, isolate: RawIsolate, len: usize) -> c_int;
    #[link_name = "__real__ZN2v88internal12BackingStore11GrowInPlaceEPNS0_7IsolateEm"]
    fn real_grow_in_place(this: *mut c_void, isolate: RawIsolate, len: usize) -> c_int;
    #[link_name = "__real__ZN2v88internal12BackingStore21GrowWasmMemoryInPlaceEPNS0_7IsolateEmm"]
    fn real_grow_wasm_memory_in_place(
        this: *mut c_void,
        isolate: RawIsolate,
        delta_pages: usize,
        max_pages: usize,
    ) -> OptionalSize;
    #[link_name = "__real__ZN2v88internal12BackingStore35TryAllocateAndPartiallyCommitMemoryEPNS0_7IsolateEmmmmmNS0_14WasmMemoryFlagENS_4base11StrongAliasINS0_13SharedFlagTagEbEENS6_INS0_18HasGuardRegionsTagEbEE"]
    fn real_try_allocate_and_partially_commit_memory(
        isolate: RawIsolate,
        byte_length: usize,
        max_byte_length: usize,
        page_size: usize,
        initial_pages: usize,
        maximum_pages: usize,
        wasm: usize,
        shared: usize,
        guard_regions: usize,
    ) -> *mut c_void;
    #[link_name = "__real__ZN2v88internal12BackingStore18AllocateWasmMemoryEPNS0_7IsolateEmmNS0_14WasmMemoryFlagENS_4base11StrongAliasINS0_13SharedFlagTagEbEE"]
    fn real_allocate_wasm_memory(
        isolate: RawIsolate,
        initial_pages: usize,
        maximum_pages: usize,
        wasm: usize,
        shared: usize,
    ) -> *mut c_void;
}

/// V8's BackingStore::kFailure.
const FAILURE: c_int = 1;
/// Of WebAssembly.
const WASM_PAGE: usize = 64 << 10;

/// Whether the isolate's buffers may have `bytes` more. What is garbage does not count.
fn has_room(isolate: RawIsolate, bytes: usize) -> bool {
    // SAFETY: V8 calls on the thread that is inside the isolate.
    let mut v8_isolate = unsafe { raw::isolate(isolate) };
    if v8_isolate.get_data(0).is_null() {
        // V8 makes the isolate and nobody runs in it yet.
        return true;
    }
    let owner = Isolate::of(&v8_isolate);
    let limit = owner.options.buffer_limit;
    let fits = |v8_isolate: &mut v8::Isolate| {
        let external = v8_isolate.get_heap_statistics().external_memory();
        // The host's own memory is the host's to count.
        let used = external.saturating_sub(owner.buffers.host.load(Ordering::Relaxed));
        used.checked_add(bytes).is_some_and(|sum| sum <= limit)
    };
    if bytes > limit {
        return false;
    }
    fits(&mut v8_isolate) || {
        v8_isolate.low_memory_notification();
        fits(&mut v8_isolate)
    }
}

/// How much longer a backing store is to be.
///
/// # Safety
/// `store` is a live backing store of V8's.
unsafe fn growth(store: *const c_void, len: usize) -> usize {
    // SAFETY: the caller's promise.
    len.saturating_sub(unsafe { length(store) })
}

/// # Safety
/// As `growth`.
unsafe fn length(store: *const c_void) -> usize {
    // SAFETY: the caller's promise.
    unsafe { &*store.cast::<v8::BackingStore>() }.byte_length()
}

/// Whether one buffer of this length is more than the isolate may have: V8 does not count shared and
/// WebAssembly memory.
fn exceeds(isolate: RawIsolate, len: usize) -> bool {
    // SAFETY: V8 calls on the thread that is inside the isolate.
    let v8_isolate = unsafe { raw::isolate(isolate) };
    !v8_isolate.get_data(0).is_null() && len > Isolate::of(&v8_isolate).options.buffer_limit
}

// The wrappers have V8's signatures. SAFETY of all: what V8 passes is passed on.

/// The bytes of a clone are nobody's to count, and many more than what is cloned: a string is written as often as it
/// occurs. The guest sees a DataCloneError.
unsafe extern "C" fn reallocate_clone(
    this: *const c_void,
    bytes: *mut c_void,
    size: usize,
    actual_size: *mut usize,
) -> *mut c_void {
    let limit =
        |isolate: Arc<Isolate>| isolate.options.heap_limit.saturating_add(isolate.options.buffer_limit);
    if enter::innermost().map(limit).is_some_and(|limit| size > limit) {
        return std::ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe { real_reallocate_clone(this, bytes, size, actual_size) }
}

unsafe extern "C" fn resize_in_place(this: *mut c_void, isolate: RawIsolate, len: usize) -> c_int {
    // SAFETY: as above.
    if !has_room(isolate, unsafe { growth(this, len) }) {
        return FAILURE;
    }
    // SAFETY: as above.
    unsafe { real_resize_in_place(this, isolate, len) }
}

unsafe extern "C" fn grow_in_place(this: *mut c_void, isolate: RawIsolate, len: usize) -> c_int {
    // SAFETY: as above.
    if exceeds(isolate, len) || !has_room(isolate, unsafe { growth(this, len) }) {
        return FAILURE;
    }
    // SAFETY: as above.
    unsafe { real_grow_in_place(this, isolate, len) }
}

unsafe extern "C" fn grow_wasm_memory_in_place(
    this: *mut c_void,
    isolate: RawIsolate,
    delta_pages: usize,
    max_pages: usize,
) -> OptionalSize {
    let delta = delta_pages.saturating_mul(WASM_PAGE);
    // SAFETY: as above.
    let total = unsafe { length(this) }.saturating_add(delta);
    if exceeds(isolate, total) || !has_room(isolate, delta) {
        return OptionalSize { value: 0, has_value: 0 };
    }
    // SAFETY: as above.
    unsafe { real_grow_wasm_memory_in_place(this, isolate, delta_pages, max_pages) }
}

#[allow(clippy::too_many_arguments, reason = "V8's signature")]
unsafe extern "C" fn try_allocate_and_partially_commit_memory(
    isolate: RawIsolate,
    byte_length: usize,
    max_byte_length: usize,
    page_size: usize,
    initial_pages: usize,
    maximum_pages: usize,
    wasm: usize,
    shared: usize,
    guard_regions: usize,
) -> *mut c_void {
    if !has_room(isolate, byte_length) {
        return std::ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe {
        real_try_allocate_and_partially_commit_memory(
            isolate,
            byte_length,
            max_byte_length,
            page_size,
            initial_pages,
            maximum_pages,
            wasm,
            shared,
            guard_regions,
        )
    }
}

unsafe extern "C" fn allocate_wasm_memory(
    isolate: RawIsolate,
    initial_pages: usize,
    maximum_pages: usize,
    wasm: usize,
    shared: usize,
) -> *mut c_void {
    if !has_room(isolate, initial_pages.saturating_mul(WASM_PAGE)) {
        return std::ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe { real_allocate_wasm_memory(isolate, initial_pages, maximum_pages, wasm, shared) }
}
