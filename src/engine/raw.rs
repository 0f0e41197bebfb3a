//! The few V8 symbols that the `v8` crate links but does not offer on a shared isolate.
//!
//! The names without `v8__` are C++ functions of V8 by their mangled names: `Local<T>` is one
//! pointer and `this` is the first argument on every target with the Itanium C++ ABI.

use std::ffi::{c_int, c_void};

/// V8's own isolate, as the crate hides it.
pub type RawIsolate = *mut c_void;

pub type InterruptCallback = unsafe extern "C" fn(isolate: v8::UnsafeRawIsolatePtr, data: *mut c_void);

/// V8 asks for the module of a request, by the request's index. Null: an exception is pending.
pub type ResolveModule = for<'s> unsafe extern "C" fn(
    v8::Local<'s, v8::Context>,
    usize,
    v8::Local<'s, v8::Module>,
) -> *const v8::Module;
/// As `ResolveModule`, for `import source`.
pub type ResolveSource = for<'s> unsafe extern "C" fn(
    v8::Local<'s, v8::Context>,
    usize,
    v8::Local<'s, v8::Module>,
) -> *const v8::Object;

unsafe extern "C" {
    pub fn v8__Locker__CONSTRUCT(this: *mut [usize; 2], isolate: RawIsolate);
    pub fn v8__Locker__DESTRUCT(this: *mut [usize; 2]);
    pub fn v8__Isolate__Enter(isolate: RawIsolate);
    pub fn v8__Isolate__Exit(isolate: RawIsolate);
    pub fn v8__Isolate__GetCurrentContext(isolate: RawIsolate) -> *const v8::Context;
    pub fn v8__Isolate__TerminateExecution(isolate: RawIsolate);
    pub fn v8__Isolate__CancelTerminateExecution(isolate: RawIsolate);
    pub fn v8__Global__NewWeak(
        isolate: RawIsolate,
        data: *const v8::Data,
        parameter: *const c_void,
        callback: unsafe extern "C" fn(*const c_void),
    ) -> *const v8::Data;
    pub fn v8__Global__New(isolate: RawIsolate, data: *const v8::Data) -> *const v8::Data;
    pub fn v8__Global__Reset(data: *const v8::Data);
    pub fn v8__WeakCallbackInfo__GetParameter(this: *const c_void) -> *mut c_void;
    pub fn v8__WeakCallbackInfo__GetIsolate(this: *const c_void) -> RawIsolate;
    pub fn v8__Context__New(
        isolate: RawIsolate,
        global_template: *const c_void,
        global_object: *const c_void,
        microtask_queue: *mut v8::MicrotaskQueue,
    ) -> *const v8::Context;
    pub fn v8__Local__New(isolate: RawIsolate, other: *const v8::Data) -> *const v8::Data;
    pub fn v8__Object__GetInternalField(this: *const v8::Object, index: c_int) -> *const v8::Data;
    pub fn v8__Object__GetCreationContext(this: *const v8::Object) -> *const v8::Context;
    pub fn v8__Context__SetEmbedderData(context: *const v8::Context, index: c_int, value: *const v8::Value);
    pub fn v8__Context__GetEmbedderData(context: *const v8::Context, index: c_int) -> *const v8::Value;
    pub fn v8__Context__SetAlignedPointerInEmbedderData(
        context: *const v8::Context,
        index: c_int,
        value: *const c_void,
    );
    pub fn v8__Context__GetNumberOfEmbedderDataFields(context: *const v8::Context) -> u32;

    fn v8__PropertyDescriptor__CONSTRUCT__Value_Writable(
        this: *mut v8::PropertyDescriptor,
        value: *const v8::Value,
        writable: bool,
    );

    #[link_name = "_ZN2v86Object28HasRealNamedCallbackPropertyENS_5LocalINS_7ContextEEENS1_INS_4NameEEE"]
    fn object_has_real_named_callback_property(
        this: *const v8::Object,
        context: *const v8::Context,
        key: *const v8::Name,
    ) -> u16;
    #[link_name = "_ZN2v86Module17InstantiateModuleENS_5LocalINS_7ContextEEEPFNS_10MaybeLocalIS0_EES3_mNS1_IS0_EEEPFNS4_INS_6ObjectEEES3_mS6_E"]
    fn module_instantiate(
        this: *const v8::Module,
        context: *const v8::Context,
        resolve: ResolveModule,
        resolve_source: ResolveSource,
    ) -> u16;
    #[link_name = "_ZN2v87Isolate19HasPendingExceptionEv"]
    pub fn isolate_has_pending_exception(isolate: RawIsolate) -> bool;
    #[link_name = "_ZN2v87Isolate13SetStackLimitEm"]
    pub fn isolate_set_stack_limit(isolate: RawIsolate, limit: usize);
    #[link_name = "_ZN2v87Isolate36AutomaticallyRestoreInitialHeapLimitEd"]
    pub fn isolate_automatically_restore_initial_heap_limit(isolate: RawIsolate, threshold: f64);
    #[link_name = "_ZN2v811ArrayBuffer8MaybeNewEPNS_7IsolateEmNS_30BackingStoreInitializationModeE"]
    pub fn array_buffer_maybe_new(
        isolate: RawIsolate,
        byte_length: usize,
        mode: c_int,
    ) -> *const v8::ArrayBuffer;
    #[link_name = "_ZNK2v86RegExp8GetFlagsEv"]
    pub fn regexp_get_flags(this: *const v8::RegExp) -> c_int;
    #[link_name = "_ZN2v84JSON9StringifyENS_5LocalINS_7ContextEEENS1_INS_5ValueEEENS1_INS_6StringEEE"]
    pub fn json_stringify(
        context: *const v8::Context,
        value: *const v8::Value,
        gap: *const v8::String,
    ) -> *const v8::String;
    /// The isolate owns the delegate from now on.
    #[link_name = "_ZN2v87Isolate13MeasureMemoryENSt4__Cr10unique_ptrINS_21MeasureMemoryDelegateENS1_14default_deleteIS3_EEEENS_22MeasureMemoryExecutionE"]
    pub fn isolate_measure_memory(
        isolate: RawIsolate,
        delegate: *mut MeasureMemoryDelegate,
        execution: c_int,
    ) -> bool;
}

/// `v8::MeasureMemoryDelegate`: what begins like this is one for V8.
#[repr(C)]
pub struct MeasureMemoryDelegate {
    pub vtable: &'static MeasureMemoryVtable,
}

/// The class's virtual functions in their order. By the Itanium C++ ABI a virtual destructor is two: one for the object
/// in place, one that frees it too.
#[repr(C)]
pub struct MeasureMemoryVtable {
    pub destroy: unsafe extern "C" fn(this: *mut MeasureMemoryDelegate),
    pub delete: unsafe extern "C" fn(this: *mut MeasureMemoryDelegate),
    pub should_measure:
        unsafe extern "C" fn(this: *mut MeasureMemoryDelegate, context: *const v8::Context) -> bool,
    pub measurement_complete:
        unsafe extern "C" fn(this: *mut MeasureMemoryDelegate, result: MeasureMemoryResult),
}

/// `v8::MeasureMemoryDelegate::Result`, with handles of the scope that is open during the call.
#[repr(C)]
pub struct MeasureMemoryResult {
    pub contexts: *const Span<*const v8::Context>,
    pub sizes_in_bytes: *const Span<usize>,
    pub unattributed_size_in_bytes: usize,
    pub wasm_code_size_in_bytes: usize,
    pub wasm_metadata_size_in_bytes: usize,
}

/// `std::span<const T>`.
#[repr(C)]
pub struct Span<T> {
    data: *const T,
    len: usize,
}

impl<T> Span<T> {
    /// # Safety
    /// C++ made it, and its elements are there.
    pub unsafe fn elements(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// `v8::Internals` in v8-internal.h: where an object has its map and the map its type, without
/// pointer compression; where an object that a template made has its internal fields.
const HEAP_OBJECT_TAG: usize = 1;
const MAP_INSTANCE_TYPE_OFFSET: usize = 12;
const FIELDS_OFFSET: usize = 32;
/// Types: of what `{}` and `new` of a class make, and of undefined.
const JS_OBJECT_TYPE: u16 = 0x421;
const ODDBALL_TYPE: u16 = 0x83;
/// V8's JS_GLOBAL_PROXY_TYPE, which is in no public header: `globalThis`.
const GLOBAL_TYPE: u16 = 0x129;

/// The word behind a handle. Until the next collection two handles of one object have the same.
pub fn word<T>(local: v8::Local<'_, T>) -> usize {
    // SAFETY: a `Local` points to the cell that holds the object's tagged address.
    unsafe { *ptr(local).cast::<usize>() }
}

/// Whether the object is of the plain kind, which has properties and nothing else: no proxy, no
/// builtin with state of its own, nothing that a template made.
pub fn is_ordinary(object: v8::Local<'_, v8::Object>) -> bool {
    // SAFETY: the word of a live object.
    unsafe { instance_type(word(object)) == JS_OBJECT_TYPE }
}

/// # Safety
/// The word of an object that lives.
unsafe fn instance_type(object: usize) -> u16 {
    // SAFETY: reads what V8's public inline functions read, by the same constants.
    unsafe {
        let map = *((object - HEAP_OBJECT_TAG) as *const usize);
        *((map - HEAP_OBJECT_TAG + MAP_INSTANCE_TYPE_OFFSET) as *const u16)
    }
}

/// The object in the first internal field of a `globalThis`; None while there is none. V8's own way looks up the layout
/// of the global's type twice, which takes an eighth of each read of a variable. Gives also whether the object
/// is ordinary.
///
/// # Safety
/// If it is a `globalThis`, its template has given it a field, and only objects are put there.
pub unsafe fn global_field<'s>(
    scope: &v8::PinScope<'s, '_>,
    global: v8::Local<'s, v8::Object>,
) -> Option<(v8::Local<'s, v8::Object>, bool)> {
    // SAFETY: a live object, and a field that it has.
    unsafe {
        if instance_type(word(global)) != GLOBAL_TYPE {
            return None;
        }
        let field = (word(global) - HEAP_OBJECT_TAG + FIELDS_OFFSET) as *const usize;
        let kind = instance_type(*field);
        if kind == ODDBALL_TYPE {
            return None;
        }
        let object = local(scope, v8__Local__New(raw_isolate(scope), field.cast()).cast());
        object.map(|object| (object, kind == JS_OBJECT_TYPE))
    }
}

/// Whether the object itself has the property, as an accessor. None: something has thrown.
pub fn has_real_named_callback_property(
    scope: &v8::PinScope<'_, '_>,
    object: v8::Local<'_, v8::Object>,
    key: v8::Local<'_, v8::Name>,
) -> Option<bool> {
    let context = scope.get_current_context();
    // `Maybe<bool>` is two bytes, has_value and value, and so comes in a register.
    // SAFETY: live handles of the isolate that this thread is inside.
    let maybe = unsafe { object_has_real_named_callback_property(ptr(object), ptr(context), ptr(key)) };
    maybe_bool(maybe)
}

fn maybe_bool(maybe: u16) -> Option<bool> {
    let [has_value, value] = maybe.to_ne_bytes();
    (has_value != 0).then_some(value != 0)
}

/// Has V8 instantiate a module and what it depends on. None: something has thrown.
pub fn instantiate_module(
    scope: &v8::PinScope<'_, '_>,
    module: v8::Local<'_, v8::Module>,
    resolve: ResolveModule,
    resolve_source: ResolveSource,
) -> Option<bool> {
    let context = scope.get_current_context();
    // SAFETY: live handles of the isolate that this thread is inside.
    maybe_bool(unsafe { module_instantiate(ptr(module), ptr(context), resolve, resolve_source) })
}

/// A data descriptor that says whether it is writable, and perhaps nothing of a value.
pub fn property_descriptor(
    value: Option<v8::Local<'_, v8::Value>>,
    writable: bool,
) -> v8::PropertyDescriptor {
    let mut descriptor = std::mem::MaybeUninit::uninit();
    // SAFETY: V8 takes an empty handle for no value, and fills the descriptor.
    unsafe {
        let value = value.map_or(std::ptr::null(), ptr);
        v8__PropertyDescriptor__CONSTRUCT__Value_Writable(descriptor.as_mut_ptr(), value, writable);
        descriptor.assume_init()
    }
}

/// The isolate that `isolate` stands for.
pub fn raw_isolate(isolate: &v8::Isolate) -> RawIsolate {
    // SAFETY: `Isolate` is a transparent wrapper of the non-null V8 pointer, as is
    // `UnsafeRawIsolatePtr`, which is what `as_raw_isolate_ptr` makes of it.
    unsafe { std::mem::transmute::<v8::UnsafeRawIsolatePtr, RawIsolate>(isolate.as_raw_isolate_ptr()) }
}

/// The crate's view of a V8 isolate. It owns nothing and has no destructor.
///
/// # Safety
/// `raw` is a live isolate; the caller is inside it for as long as the result is used.
pub unsafe fn isolate(raw: RawIsolate) -> v8::Isolate {
    // SAFETY: see `raw_isolate`; liveness is the caller's promise.
    unsafe {
        v8::Isolate::from_raw_isolate_ptr(std::mem::transmute::<RawIsolate, v8::UnsafeRawIsolatePtr>(raw))
    }
}

/// The pointer behind a `Local`.
pub fn ptr<T>(local: v8::Local<'_, T>) -> *const T {
    &*local as *const T
}

/// A `Local` from a pointer that V8 gave: null is none.
///
/// # Safety
/// `ptr` is null or a handle of the handle scope that is open in `_scope`.
pub unsafe fn local<'s, T>(_scope: &v8::PinScope<'s, '_, ()>, ptr: *const T) -> Option<v8::Local<'s, T>> {
    // SAFETY: a `Local` is one non-null pointer, so `Option<Local>` is one pointer.
    unsafe { std::mem::transmute::<*const T, Option<v8::Local<'s, T>>>(ptr) }
}
