//! Isolates.

use crate::capi::boundary::{
    Bool, Options, Userdata, guard, guard_value, jsvm_finalizer, options, options_named, out, out_ptr,
};
use crate::capi::cancel::jsvm_cancel;
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool::{self, Handle, Pin, jsvm_handle_kind};
use crate::capi::slot::{jsvm_slot, jsvm_value};
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::heap::{DEFAULT_BUFFER_LIMIT, DEFAULT_HEAP_LIMIT, MAX_HEAP_LIMIT, MIN_HEAP_LIMIT};
use crate::engine::isolate::{self, DEFAULT_STACK_SIZE, Isolate};
use crate::engine::limits::Limits;
use crate::engine::pump;
use crate::engine::session;
use crate::vm;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An isolate: one JavaScript heap, with its contexts. Any thread may use it, one at a time; calls
/// from other threads wait their turn.
#[allow(non_camel_case_types)]
pub struct jsvm_isolate(pub Arc<Isolate>);

impl Handle for jsvm_isolate {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Isolate;
    const NAME: &'static str = "jsvm_isolate";
}

impl Drop for jsvm_isolate {
    fn drop(&mut self) {
        self.0.handle.store(0, Ordering::Relaxed);
        self.0.close();
    }
}

/// Options of jsvm_isolate_new. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_isolate_options {
    /// sizeof(jsvm_isolate_options).
    pub struct_size: usize,
    /// The heap in bytes, 8 MB to 1400 MB; default 512 MB. A call that passes it ends with OUT_OF_MEMORY. V8 may
    /// pass it by up to 1 GB for the moment in which the guest is stopped.
    pub heap_limit: usize,
    /// Bytes of ArrayBuffers; default 512 MB. Beyond it the guest gets a RangeError. Resizable ones are held against all
    /// buffers there are, others against each other: so both together take at most twice as much. Each growable
    /// SharedArrayBuffer and each WebAssembly memory ends there too, but their sum is not counted.
    pub buffer_limit: usize,
    /// Bytes of the calling thread's stack that JavaScript may use, at least 32 KB; default 984 KB. It never gets more than the
    /// thread has left.
    pub stack_size: usize,
    /// The host drains the microtask queue by jsvm_isolate_perform_microtask_checkpoint; otherwise every outermost call
    /// that runs guest code does before it returns.
    pub host_drains_microtasks: Bool,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_isolate_options {
    const NAME: &'static str = "jsvm_isolate_options";
}

/// Limits of one call that can run guest code. NULL is none. The clocks start at the call: a wait
/// for a busy isolate counts, and so do host functions that the guest calls.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_run_options {
    /// sizeof(jsvm_run_options).
    pub struct_size: usize,
    /// Milliseconds of time; 0 is no limit. The call then ends with TIMEOUT. node:vm: `timeout`.
    pub timeout_ms: u64,
    /// Milliseconds of the thread's own CPU time; 0 is no limit. The call then ends with CPU_TIME.
    pub cpu_time_ms: u64,
    /// SIGINT ends the call with INTERRUPTED; handlers of the host's are out of place meanwhile, and back when no such call
    /// is left. One signal is for all threads with such a call, in each for the innermost. node:vm: `breakOnSigint`.
    pub break_on_sigint: Bool,
    /// [in] Ends the call with CANCELLED once it is triggered. NULL is none. Borrowed for the call.
    pub cancel: *const jsvm_cancel,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_run_options {
    const NAME: &'static str = "jsvm_run_options";
}

/// Run options that were looked at.
pub struct RunLimits {
    timeout: Option<Duration>,
    cpu_time: Option<Duration>,
    cancel: Option<Pin<jsvm_cancel>>,
    break_on_sigint: bool,
}

impl RunLimits {
    /// # Safety
    /// As `boundary::options`.
    pub unsafe fn new(pointer: *const jsvm_run_options) -> Result<RunLimits, Error> {
        // SAFETY: the caller's promise.
        unsafe { RunLimits::named(pointer, "options") }
    }

    /// As `new`, for an argument of another name.
    ///
    /// # Safety
    /// As `boundary::options`.
    pub unsafe fn named(pointer: *const jsvm_run_options, argument: &str) -> Result<RunLimits, Error> {
        // SAFETY: the caller's promise.
        let given = unsafe { options_named(pointer, argument)? };
        let time = |ms: u64| (ms > 0).then(|| Duration::from_millis(ms));
        Ok(RunLimits {
            timeout: time(given.timeout_ms),
            cpu_time: time(given.cpu_time_ms),
            cancel: if given.cancel.is_null() {
                None
            } else {
                Some(pool::pin(given.cancel, format_args!("{argument}: cancel"))?)
            },
            break_on_sigint: given.break_on_sigint.get(),
        })
    }

    pub fn limits(&self) -> Limits<'_> {
        Limits {
            timeout: self.timeout,
            cpu_time: self.cpu_time,
            cancel: self.cancel.as_ref().map(|c| &c.0),
            break_on_sigint: self.break_on_sigint,
        }
    }
}

/// Makes an isolate with its main context. The first one starts V8 for the process.
///
/// Any thread, also inside a host function. node:vm has no isolates; this is Node's process.
///
/// @param options [in] limits, or NULL
/// @param result  [out] the isolate; free it with jsvm_isolate_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (a limit is out of range), UNSUPPORTED (V8 cannot run in this process: the message
///   says why), OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_new(
    options: *const jsvm_isolate_options,
    result: *mut *mut jsvm_isolate,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, given) = unsafe { (out_ptr(result, "result")?, self::options(options)?) };
        let or = |value: usize, default: usize| if value == 0 { default } else { value };
        let heap_limit = or(given.heap_limit, DEFAULT_HEAP_LIMIT);
        if !(MIN_HEAP_LIMIT..=MAX_HEAP_LIMIT).contains(&heap_limit) {
            return Err(Error::invalid(format!(
                "options: heap_limit {heap_limit} is not between {MIN_HEAP_LIMIT} and {MAX_HEAP_LIMIT} bytes"
            )));
        }
        let stack_size = or(given.stack_size, DEFAULT_STACK_SIZE);
        if stack_size < 32 << 10 {
            return Err(Error::invalid(format!(
                "options: stack_size {stack_size} is less than the 32768 bytes that V8 needs"
            )));
        }
        let isolate = vm::context::new_isolate(isolate::Options {
            heap_limit,
            buffer_limit: or(given.buffer_limit, DEFAULT_BUFFER_LIMIT),
            stack_size,
            host_drains: given.host_drains_microtasks.get(),
        })?;
        let handle = pool::put(jsvm_isolate(isolate.clone()))?;
        isolate.handle.store(handle as usize, Ordering::Relaxed);
        *result = handle;
        Ok(())
    })
}

/// Closes an isolate at once: what runs in it is stopped and ends with DISPOSED, as do calls that
/// wait for it. The last call in flight takes it down. Handles that are left are inert: calls that need
/// the isolate give DISPOSED, frees work.
///
/// Any thread, also inside a host function of the isolate. It does not wait and runs no guest or host code;
/// finalizers run on libjsvm's finalizer thread. NULL and freed handles are left alone.
///
/// @param isolate [in] an isolate, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_free(isolate: *mut jsvm_isolate) {
    guard_value((), || {
        // The handle may be in use by other threads: they are to be stopped, not waited for.
        if let Ok(pin) = pool::pin(isolate, "isolate") {
            pin.0.close();
        }
        pool::free(isolate);
    });
}

/// The context that the isolate was made with. node:vm: the context of runInThisContext.
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] an isolate
/// @param result  [out] the context; free it with jsvm_context_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_main_context(
    isolate: *const jsvm_isolate,
    result: *mut *mut jsvm_context,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        *result = pool::put(jsvm_context::new(vm::context::main(&isolate.0)?))?;
        Ok(())
    })
}

/// Holds the isolate for this thread until jsvm_isolate_exit, so that calls in between need no
/// lock. Each enter has its exit, in reverse order, on the same thread. What a host function entered and did not
/// exit is exited when it returns.
///
/// Any thread; waits for the isolate, within the options' limits. They end with the wait. A thread that ends gives back
/// what it holds.
///
/// @param isolate [in] an isolate
/// @param options [in] limits of the wait, or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, TIMEOUT, CANCELLED, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_enter(
    isolate: *const jsvm_isolate,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let pin = pool::pin(isolate, "isolate")?;
        // SAFETY: C's promise about its arguments.
        let limits = unsafe { RunLimits::new(options)? };
        session::enter(&pin.0, isolate as usize, &limits.limits())
    })
}

/// Ends what jsvm_isolate_enter began, also after jsvm_isolate_free.
///
/// The thread that entered.
///
/// @param isolate [in] an isolate
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE (this thread's innermost stay is not an enter of this isolate), FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_exit(
    isolate: *const jsvm_isolate,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        session::exit(isolate as usize).or_else(|error| {
            // Of a handle that is none, that is the thing to say.
            pool::pin(isolate, "isolate")?;
            Err(error)
        })
    })
}

/// Stops what runs in the isolate now: the outermost call ends with TERMINATED, as do jsvm_isolate_run_tasks and
/// jsvm_promise_await while they wait for work. Calls that wait to enter, and later ones, are not touched; if nothing
/// runs, nothing happens.
///
/// Any thread, no lock, also inside a host function of the isolate.
///
/// @param isolate [in] an isolate
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, FORKED
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_terminate(
    isolate: *const jsvm_isolate,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        pool::pin(isolate, "isolate")?.0.terminate();
        Ok(())
    })
}

/// Called on the thread that runs the isolate, between two steps of the guest.
#[allow(non_camel_case_types)]
pub type jsvm_interrupt_callback = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// Has a function called on the thread that runs the isolate, at the next point where the guest can
/// stop; if nothing runs, at the next such point of a later call. If the isolate is freed before, it
/// is not called.
///
/// Any thread, no lock. The callback may read counters, trigger a cancel token or terminate the isolate; it must
/// not call anything that enters an isolate.
///
/// @param isolate   [in] an isolate
/// @param callback  [in] the function
/// @param userdata  [in] given to it
/// @param finalizer [in] lets go of userdata afterwards, once, in any case; or NULL
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_request_interrupt(
    isolate: *const jsvm_isolate,
    callback: jsvm_interrupt_callback,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        let isolate = pool::pin(isolate, "isolate")?;
        let callback = callback.ok_or_else(|| Error::invalid("callback: it is NULL"))?;
        isolate.0.interrupt(Box::new(move || {
            let userdata = userdata;
            // SAFETY: the host gave both together.
            unsafe { callback(userdata.pointer) };
        }));
        Ok(())
    })
}

/// Runs what waits to run in the isolate, one round of it: promises settled by the host and microtasks, V8's tasks,
/// timers that are due, immediates; after each task the microtasks that came of it. What a task throws and nobody
/// handles ends the call with EXCEPTION; the tasks behind it wait for the next call. If there is nothing, it waits for
/// something, without holding the isolate; a session of this thread's, or a host function that it is in, holds it all the
/// same.
///
/// Any thread; waits for the isolate.
///
/// @param isolate   [in] an isolate
/// @param wait_ms   [in] how long to wait at most for something to run, in milliseconds; 0 does not wait
/// @param options   [in] limits, or NULL
/// @param work_left [out] whether something may still come: tasks, timers that are not unref'd, promises that the host has to
///                  settle; or NULL
/// @param error     [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_run_tasks(
    isolate: *const jsvm_isolate,
    wait_ms: u64,
    options: *const jsvm_run_options,
    work_left: *mut bool,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !work_left.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { work_left.write(false) };
        }
        let isolate = pool::pin(isolate, "isolate")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        let left = pump::run_tasks(&isolate.0, Duration::from_millis(wait_ms), &limits.limits())?;
        if !work_left.is_null() {
            // SAFETY: as above.
            unsafe { work_left.write(left) };
        }
        Ok(())
    })
}

/// Runs the microtasks, for an isolate with `host_drains_microtasks`. Inside a call that runs guest code it
/// does nothing while microtasks run already.
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] an isolate
/// @param options [in] limits, or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_perform_microtask_checkpoint(
    isolate: *const jsvm_isolate,
    options: *const jsvm_run_options,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let isolate = pool::pin(isolate, "isolate")?;
        // SAFETY: C's promise about its arguments.
        let limits = unsafe { RunLimits::new(options)? };
        pump::checkpoint(&isolate.0, &limits.limits())
    })
}

/// Called when the isolate has something for jsvm_isolate_run_tasks.
#[allow(non_camel_case_types)]
pub type jsvm_wakeup_callback = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// Has a function called when something comes in to run, or a timer falls due, so that an event loop need not poll: it is
/// also called when jsvm_isolate_run_tasks leaves something behind that could run now. It is called once until
/// jsvm_isolate_run_tasks or jsvm_promise_await looks. It may come for a timer that was cleared. A call of it may be under way
/// when it is replaced or the isolate ends: userdata is needed until the finalizer comes.
///
/// Any thread, no lock. The callback comes on any thread, with nothing held; it should only post to the host's loop,
/// and must not free the isolate.
///
/// @param isolate   [in] an isolate
/// @param callback  [in] the function; NULL for none
/// @param userdata  [in] given to it
/// @param finalizer [in] lets go of userdata once when it is replaced or the isolate ends; or NULL
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_set_wakeup(
    isolate: *const jsvm_isolate,
    callback: jsvm_wakeup_callback,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        let isolate = pool::pin(isolate, "isolate")?;
        isolate.0.tasks.set_wakeup(callback.map(|callback| {
            let wakeup: crate::engine::tasks::Wakeup = Arc::new(move || {
                let userdata = &userdata;
                // SAFETY: the host gave both together.
                unsafe { callback(userdata.pointer) }
            });
            wakeup
        }));
        Ok(())
    })
}

/// Told of a promise that was rejected and that nobody listens to. The arguments are borrowed.
#[allow(non_camel_case_types)]
pub type jsvm_unhandled_rejection_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, promise: *const jsvm_value, reason: *const jsvm_slot)>;

/// Has a function called for each promise that is rejected and still has no handler when the microtasks
/// are done, and that no listener of its context's process object took. Node: process.on('unhandledRejection').
///
/// Any thread, no lock. The callback comes after the isolate was left, on the thread of the call in which it happened; if
/// that thread is still inside an isolate (a session, a host function of another isolate), on libjsvm's finalizer
/// thread. It may call anything.
///
/// @param isolate   [in] an isolate
/// @param callback  [in] the function; NULL for none
/// @param userdata  [in] given to it
/// @param finalizer [in] lets go of userdata once when it is replaced or the isolate ends; or NULL
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_set_unhandled_rejection_callback(
    isolate: *const jsvm_isolate,
    callback: jsvm_unhandled_rejection_callback,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        let isolate = pool::pin(isolate, "isolate")?;
        let listener = callback.map(|callback| {
            let listener: isolate::RejectionListener = Arc::new(move |rejection: isolate::Rejection| {
                let userdata = &userdata;
                let promise = pool::put(jsvm_value(rejection.promise));
                let reason = jsvm_slot::output(rejection.reason);
                if let (Ok(promise), Ok(reason)) = (&promise, &reason) {
                    // SAFETY: the host gave both together; the arguments live until below.
                    unsafe { callback(userdata.pointer, *promise, reason) };
                }
                if let Ok(promise) = promise {
                    pool::free(promise);
                }
                if let Ok(reason) = reason {
                    reason.release();
                }
            });
            listener
        });
        isolate.0.set_listener(listener);
        Ok(())
    })
}

/// What V8 says of an isolate's memory, in bytes.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Default)]
pub struct jsvm_heap_statistics {
    /// Mapped for the heap.
    pub total_heap_size: usize,
    /// Used by objects, dead ones that were not collected yet included.
    pub used_heap_size: usize,
    /// The limit in force.
    pub heap_size_limit: usize,
    /// Physical memory of the heap.
    pub total_physical_size: usize,
    /// Taken by V8 outside the heap.
    pub malloced_memory: usize,
    /// Kept alive by the heap, outside of it.
    pub external_memory: usize,
    /// ArrayBuffers that count against buffer_limit.
    pub buffer_memory: usize,
    /// Contexts there are.
    pub number_of_native_contexts: usize,
    /// Contexts that are let go but still reachable.
    pub number_of_detached_contexts: usize,
}

/// The isolate's memory. node: v8.getHeapStatistics().
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] an isolate
/// @param result  [out] the figures
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_heap_statistics(
    isolate: *const jsvm_isolate,
    result: *mut jsvm_heap_statistics,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out(result, jsvm_heap_statistics::default(), "result")? };
        let isolate = pool::pin(isolate, "isolate")?;
        *result = enter::bare(&isolate.0, |scope| {
            let heap = scope.get_heap_statistics();
            Ok(jsvm_heap_statistics {
                total_heap_size: heap.total_heap_size(),
                used_heap_size: heap.used_heap_size(),
                heap_size_limit: heap.heap_size_limit(),
                total_physical_size: heap.total_physical_size(),
                malloced_memory: heap.malloced_memory(),
                external_memory: heap.external_memory(),
                buffer_memory: isolate.0.buffers.used(),
                number_of_native_contexts: heap.number_of_native_contexts(),
                number_of_detached_contexts: heap.number_of_detached_contexts(),
            })
        })?;
        Ok(())
    })
}

/// Collects all garbage, now, and gives memory back.
///
/// Any thread; waits for the isolate.
///
/// @param isolate [in] an isolate
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_low_memory_notification(
    isolate: *const jsvm_isolate,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        let isolate = pool::pin(isolate, "isolate")?;
        pump::collect(&isolate.0)
    })
}
