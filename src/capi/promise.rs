//! Promises.

use crate::capi::boundary::{guard, guard_value, out, out_ptr};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::isolate::{RunLimits, jsvm_run_options};
use crate::capi::pool::{self, Handle, Pin, jsvm_handle_kind};
use crate::capi::slot::{Input, jsvm_slot, jsvm_value};
use crate::engine::enter;
use crate::engine::error::{Error, jsvm_status};
use crate::engine::promise::{self, Resolver, Settlement, State};
use crate::engine::value::Value;
use crate::vm::link;
use std::sync::Arc;

/// The host's end of a promise: settle it once, from any thread.
#[allow(non_camel_case_types)]
pub struct jsvm_resolver(Resolver);

impl Handle for jsvm_resolver {
    const KIND: jsvm_handle_kind = jsvm_handle_kind::Resolver;
    const NAME: &'static str = "jsvm_resolver";
}

/// A promise's state.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_promise_state {
    /// It has no result yet.
    Pending = 0,
    /// It has a value.
    Fulfilled = 1,
    /// It has a reason.
    Rejected = 2,
}

/// Makes a pending promise and the host's end of it. A host function that works asynchronously returns the promise
/// and settles it later.
///
/// Any thread; waits for the isolate.
///
/// @param context  [in] the context it belongs to
/// @param promise  [out] the promise; free it with jsvm_value_free
/// @param resolver [out] the host's end; free it with jsvm_resolver_free
/// @param error    [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_promise_new(
    context: *const jsvm_context,
    promise: *mut *mut jsvm_value,
    resolver: *mut *mut jsvm_resolver,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let (promise, resolver) = unsafe { (out_ptr(promise, "promise")?, out_ptr(resolver, "resolver")?) };
        let context = pool::pin(context, "context")?;
        let (value, host) = enter::touch(&context.context.isolate, Some(&context.context.global), |scope| {
            let (promise, resolver) = promise::new(scope)?;
            Ok((Value::new(scope, promise.into()), resolver))
        })?;
        let value = pool::put(jsvm_value(Arc::new(value)))?;
        *resolver = pool::put(jsvm_resolver(host)).inspect_err(|_| pool::free(value))?;
        *promise = value;
        Ok(())
    })
}

/// # Safety
/// C's promise about its arguments.
unsafe fn settle(
    resolver: *const jsvm_resolver,
    resolve: bool,
    value: *const jsvm_slot,
    argument: &str,
) -> Result<(), Error> {
    let resolver = pool::pin(resolver, "resolver")?;
    // SAFETY: the caller's promise.
    match unsafe { Input::from_ptr(value, argument)? } {
        Input::Plain(plain) => resolver.0.settle(resolve, Settlement::Plain(plain), argument),
        Input::Pinned(kept) => resolver.0.settle(resolve, Settlement::Kept(kept.0.clone()), argument),
    }
}

/// Fulfils the promise, or has it follow another one if the value is a thenable. JavaScript learns of it in the next
/// call that runs guest code, jsvm_isolate_run_tasks and jsvm_promise_await included.
///
/// Any thread, no lock: it does not wait for the isolate.
///
/// @param resolver [in] the host's end of the promise
/// @param value    [in] the value; NULL is `undefined`
/// @param error    [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, WRONG_STATE (it is settled already), DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_resolver_resolve(
    resolver: *const jsvm_resolver,
    value: *const jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    // SAFETY: C's promise about its arguments.
    guard(error, || unsafe { settle(resolver, true, value, "value") })
}

/// Rejects the promise. See jsvm_resolver_resolve.
///
/// Any thread, no lock: it does not wait for the isolate.
///
/// @param resolver [in] the host's end of the promise
/// @param reason   [in] the reason; NULL is `undefined`
/// @param error    [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_ISOLATE, WRONG_STATE (it is settled already), DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_resolver_reject(
    resolver: *const jsvm_resolver,
    reason: *const jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    // SAFETY: C's promise about its arguments.
    guard(error, || unsafe { settle(resolver, false, reason, "reason") })
}

/// A second owner of the same resolver.
///
/// Any thread, no lock.
///
/// @param resolver [in] a resolver
/// @return the resolver, or NULL if it is no live resolver
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_resolver_clone(resolver: *const jsvm_resolver) -> *mut jsvm_resolver {
    guard_value(std::ptr::null_mut(), || pool::clone(resolver))
}

/// Gives up a resolver. If its promise was not settled, it is rejected with an Error.
///
/// Any thread, no lock. NULL and freed handles are left alone.
///
/// @param resolver [in] a resolver, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_resolver_free(resolver: *mut jsvm_resolver) {
    guard_value((), || pool::free(resolver));
}

/// A promise's state and its result.
///
/// Any thread; waits for the isolate. Runs no guest code.
///
/// @param promise [in] a promise
/// @param state   [out] a jsvm_promise_state
/// @param result  [out] the value or the reason, `undefined` while pending; release it with jsvm_slot_clear. Or NULL
/// @param error   [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT (it is no promise), BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_promise_result(
    promise: *const jsvm_value,
    state: *mut jsvm_promise_state,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let state = unsafe { out(state, jsvm_promise_state::Pending, "state")? };
        if !result.is_null() {
            // SAFETY: as above.
            unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        }
        let promise = pool::pin(promise, "promise")?;
        let (seen, value) = match promise::state(&promise.0)? {
            State::Pending => return Ok(()),
            State::Fulfilled(value) => (jsvm_promise_state::Fulfilled, value),
            State::Rejected(reason) => (jsvm_promise_state::Rejected, reason),
        };
        if !result.is_null() {
            // SAFETY: as above.
            unsafe { result.write(jsvm_slot::output(value)?) };
        }
        *state = seen;
        Ok(())
    })
}

/// Runs tasks and waits until a promise settles. Its value is the result; what it was rejected with is EXCEPTION. From then on
/// it counts as handled. JavaScript: await. A task that throws, such as a timer's callback, ends it with EXCEPTION too: the
/// promise is then still pending, and can be awaited again. Of a promise of jsvm_module_evaluate that nothing can settle the
/// message says which modules wait, and where.
///
/// Any thread; waits for the isolate, and outside of it for what settles the promise. Inside a host function of the
/// isolate it holds the isolate while it waits.
///
/// @param promise [in] a promise
/// @param options [in] limits, or NULL
/// @param result  [out] the value, released with jsvm_slot_clear; NULL if it is of no use
/// @param error   [out] what went wrong, or NULL
/// @return OK, EXCEPTION, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_STATE (nothing is left
///   to run that could settle it), BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_promise_await(
    promise: *const jsvm_value,
    options: *const jsvm_run_options,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        if !result.is_null() {
            // SAFETY: C's promise about its arguments.
            unsafe { out(result, jsvm_slot::UNDEFINED, "result")? };
        }
        let promise = pool::pin(promise, "promise")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        let value = promise::wait(&promise.0, &limits.limits(), link::stalled)?;
        if !result.is_null() {
            // SAFETY: as above.
            unsafe { result.write(jsvm_slot::output(value)?) };
        }
        Ok(())
    })
}

/// Has functions called when a promise settles. JavaScript: promise.then, without looking it up.
///
/// Any thread; waits for the isolate.
///
/// @param promise      [in] a promise
/// @param on_fulfilled [in] a function, host functions included; or NULL
/// @param on_rejected  [in] a function; or NULL, but not both
/// @param options      [in] limits, or NULL
/// @param result       [out] the promise of what they return; free it with jsvm_value_free
/// @param error        [out] what went wrong, or NULL
/// @return OK, TIMEOUT, CPU_TIME, CANCELLED, TERMINATED, OUT_OF_MEMORY, INVALID_ARGUMENT, WRONG_ISOLATE, BUSY, DISPOSED, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_promise_then(
    promise: *const jsvm_value,
    on_fulfilled: *const jsvm_value,
    on_rejected: *const jsvm_value,
    options: *const jsvm_run_options,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        let result = unsafe { out_ptr(result, "result")? };
        let promise = pool::pin(promise, "promise")?;
        let optional = |value: *const jsvm_value, name: &str| -> Result<Option<Pin<jsvm_value>>, Error> {
            if value.is_null() { Ok(None) } else { pool::pin(value, name).map(Some) }
        };
        let fulfilled = optional(on_fulfilled, "on_fulfilled")?;
        let rejected = optional(on_rejected, "on_rejected")?;
        // SAFETY: as above.
        let limits = unsafe { RunLimits::new(options)? };
        let chained = promise::then(
            &promise.0,
            fulfilled.as_ref().map(|f| &*f.0),
            rejected.as_ref().map(|f| &*f.0),
            &limits.limits(),
        )?;
        *result = pool::put(jsvm_value(Arc::new(chained)))?;
        Ok(())
    })
}
