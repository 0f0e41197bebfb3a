//! How much memory contexts keep alive.

use crate::capi::boundary::{Options, guard, guard_value, options, out, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_isolate, jsvm_run_options};
use crate::capi::pool;
use crate::capi::slot::{copy_out, jsvm_value};
use crate::engine::error::{Error, Status, jsvm_status};
use crate::vm::measure_memory::{self, Measurement};
use std::ffi::c_char;
use std::sync::Arc;

/// What a measurement tells of. node:vm: `mode`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_measure_memory_mode {
    /// All contexts together.
    Summary = 0,
    /// Each context, too.
    Detailed = 1,
}

/// When V8 measures. node:vm: `execution`.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_measure_memory_execution {
    /// In its next garbage collection of all of the heap. If none begins within 10 to 20 seconds, V8 begins one.
    Default = 0,
    /// In a garbage collection that it begins at once, and does in steps.
    Eager = 1,
}

/// Options of jsvm_context_measure_memory and jsvm_isolate_measure_memory. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_measure_memory_options {
    /// sizeof(jsvm_measure_memory_options).
    pub struct_size: usize,
    /// A jsvm_measure_memory_mode. node:vm: `mode`.
    pub mode: u32,
    /// A jsvm_measure_memory_execution. node:vm: `execution`.
    pub execution: u32,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_measure_memory_options {
    const NAME: &'static str = "jsvm_measure_memory_options";
}

impl jsvm_measure_memory_options {
    /// Whether it is to be detailed, and whether eager.
    fn read(self, argument: &str) -> Result<(bool, bool), Error> {
        let detailed = match self.mode {
            m if m == jsvm_measure_memory_mode::Summary as u32 => false,
            m if m == jsvm_measure_memory_mode::Detailed as u32 => true,
            m => return Err(Error::invalid(format!("{argument}: {m} is no mode"))),
        };
        let eager = match self.execution {
            e if e == jsvm_measure_memory_execution::Default as u32 => false,
            e if e == jsvm_measure_memory_execution::Eager as u32 => true,
            e => return Err(Error::invalid(format!("{argument}: {e} is no execution"))),
        };
        Ok((detailed, eager))
    }
}

/// The memory that a context keeps alive, in bytes: objects, ArrayBuffers and strings outside the heap included.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_context_memory {
    /// The context's name, with a NUL after it.
    pub name: *const c_char,
    /// Bytes of the name.
    pub name_len: usize,
    /// What V8 attributes to the context. node:vm: `jsMemoryEstimate`.
    pub estimate: usize,
    /// The same. node:vm: `jsMemoryRange[0]`.
    pub range_low: usize,
    /// With all that V8 cannot attribute to one context. node:vm: `jsMemoryRange[1]`.
    pub range_high: usize,
}

/// What jsvm_isolate_measure_memory found. Release it with jsvm_memory_measurement_clear.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_memory_measurement {
    /// The isolate's contexts, also those that the host has let go and that are not collected yet. NULL unless the mode is
    /// DETAILED.
    pub contexts: *mut jsvm_context_memory,
    /// How many.
    pub len: usize,
    /// The sum of all contexts. node:vm: `total`.
    pub total_estimate: usize,
    /// The same.
    pub total_range_low: usize,
    /// With all that V8 cannot attribute to one context.
    pub total_range_high: usize,
    /// WebAssembly's code, of all isolates of the process. node:vm: `WebAssembly.code`.
    pub wasm_code: usize,
    /// What V8 knows of that code, of all isolates of the process. node:vm: `WebAssembly.metadata`.
    pub wasm_metadata: usize,
}

impl jsvm_memory_measurement {
    const NONE: jsvm_memory_measurement = jsvm_memory_measurement {
        contexts: std::ptr::null_mut(),
        len: 0,
        total_estimate: 0,
        total_range_low: 0,
        total_range_high: 0,
        wasm_code: 0,
        wasm_metadata: 0,
    };

    /// The figures of a measurement, without its contexts.
    fn summary(measurement: &Measurement) -> jsvm_memory_measurement {
        let total = measurement.total();
        let [low, high] = measurement.range(total);
        jsvm_memory_measurement {
            total_estimate: total,
            total_range_low: low,
            total_range_high: high,
            wasm_code: measurement.wasm_code,
            wasm_metadata: measurement.wasm_metadata,
            ..jsvm_memory_measurement::NONE
        }
    }

    fn add_contexts(&mut self, measurement: &Measurement) -> Result<(), Error> {
        let count = measurement.contexts.len();
        // SAFETY: asks for memory; it is looked at.
        let contexts = unsafe { libc::calloc(count.max(1), size_of::<jsvm_context_memory>()) }
            .cast::<jsvm_context_memory>();
        if contexts.is_null() {
            return Err(Error::new(Status::OutOfMemory, format!("no memory for a list of {count} contexts")));
        }
        self.contexts = contexts;
        for context in &measurement.contexts {
            let (name, name_len) = copy_out(context.name.as_bytes())?;
            let [range_low, range_high] = measurement.range(context.bytes);
            let entry =
                jsvm_context_memory { name, name_len, estimate: context.bytes, range_low, range_high };
            // SAFETY: there is room for each.
            unsafe { contexts.add(self.len).write(entry) };
            self.len += 1;
        }
        Ok(())
    }

    fn release(&self) {
        // SAFETY: the list of `add_contexts`, or NULL; free takes NULL.
        unsafe {
            for at in 0..self.len {
                libc::free((*self.contexts.add(at)).name as *mut _);
            }
            libc::free(self.contexts.cast());
        }
    }
}

/// Measures how much memory the contexts of the isolate keep alive. The promise is settled while tasks run
/// (jsvm_isolate_run_tasks, jsvm_promise_await), with an object as node:vm gives it: `total`; `WebAssembly`, if there is some;
/// in mode DETAILED `current`, which is this context, and `other`, an array. An eager measurement is work that is left; one
/// of DEFAULT execution is not, as in Node, but jsvm_promise_await waits for it. node:vm: measureMemory.
///
/// Any thread; waits for the isolate.
///
/// @param context [in] the context in which the promise is made
/// @param options [in] options, or NULL
/// @param promise [out] the promise; free it with jsvm_value_free
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_context_measure_memory(
    context: *const jsvm_context,
    options: *const jsvm_measure_memory_options,
    promise: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (promise, given) = unsafe { (out_ptr(promise, "promise")?, self::options(options)?) };
        let (detailed, eager) = given.read("options")?;
        let context = pool::pin(context, "context")?;
        let value = measure_memory::promise(&context.context, detailed, eager)?;
        *promise = pool::put(jsvm_value(Arc::new(value)))?;
        Ok(())
    })
}

/// Measures how much memory the contexts of an isolate keep alive, and runs tasks until V8 has done it. What a task throws
/// ends the call with EXCEPTION, as in jsvm_promise_await. node:vm: await measureMemory.
///
/// Any thread; waits for the isolate, and outside of it for V8. Inside a host function of the isolate it holds the isolate
/// while it waits.
///
/// @param isolate     [in] the isolate
/// @param options     [in] options, or NULL: with DEFAULT execution it may take 20 seconds
/// @param run_options [in] limits, or NULL
/// @param result      [out] the measurement; release it with jsvm_memory_measurement_clear
/// @param error       [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_isolate_measure_memory(
    isolate: *const jsvm_isolate,
    options: *const jsvm_measure_memory_options,
    run_options: *const jsvm_run_options,
    result: *mut jsvm_memory_measurement,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (result, given, limits) = unsafe {
            let result = out(result, jsvm_memory_measurement::NONE, "result")?;
            (result, self::options(options)?, RunLimits::named(run_options, "run_options")?)
        };
        let (detailed, eager) = given.read("options")?;
        let isolate = pool::pin(isolate, "isolate")?;
        let measurement = measure_memory::measure(&isolate.0, eager, &limits.limits())?;
        let mut found = jsvm_memory_measurement::summary(&measurement);
        if detailed {
            found.add_contexts(&measurement).inspect_err(|_| found.release())?;
        }
        *result = found;
        Ok(())
    })
}

/// Releases what jsvm_isolate_measure_memory gave out.
///
/// Any thread, no lock. NULL is allowed, as is a measurement that was cleared before.
///
/// @param measurement [in,out] the measurement, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_memory_measurement_clear(measurement: *mut jsvm_memory_measurement) {
    guard_value((), || {
        if !measurement.is_null() {
            // SAFETY: the caller gives a measurement of its own.
            unsafe {
                (*measurement).release();
                measurement.write(jsvm_memory_measurement::NONE);
            }
        }
    });
}
