//! Host functions: JavaScript functions that call C.

use crate::capi::boundary::{
    Bool, Options, Userdata, guard, guard_value, jsvm_finalizer, jsvm_str, options, out, out_ptr,
};
use crate::capi::context::jsvm_context;
use crate::capi::error::jsvm_error;
use crate::capi::pool;
use crate::capi::slot::{Input, JSVM_FLAG_OWNED, copy_out, jsvm_slot, jsvm_value};
use crate::engine::enter;
use crate::engine::error::{Error, Status, jsvm_status};
use crate::engine::function::{self, Call, Host, Record, Reply, Taken};
use crate::engine::value::{self, Kind, Value};
use crate::vm::context;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

/// What a host function is given. All of it dies when the function returns; keep a value by
/// jsvm_value_clone of its handle, a string by a copy.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct jsvm_call {
    /// sizeof(jsvm_call) of the library.
    pub struct_size: usize,
    /// The arguments.
    pub args: *const jsvm_slot,
    /// How many.
    pub argc: usize,
    /// Called by `new`: `this` is the new object, and what the function returns replaces it if it is an object.
    pub is_construct_call: bool,
}

/// A host function. It comes on the thread that runs the isolate, inside it, and may call anything
/// of libjsvm, this isolate and others.
///
/// `result` is `undefined` at first. Its handle is taken: libjsvm frees it, unless it is an argument's. Its data
/// must outlive the function (static, or made by jsvm_slot_set_string).
/// It returns a jsvm_status. OK returns `*result`; EXCEPTION throws it: to pass on what a nested call threw, fill it by
/// jsvm_error_exception first. TIMEOUT, CPU_TIME, INTERRUPTED, CANCELLED, TERMINATED
/// and OUT_OF_MEMORY stop the run as if its own limit had. Any other status throws an Error that names it.
/// No C++ exception and no longjmp may leave it.
#[allow(non_camel_case_types)]
pub type jsvm_function_callback = Option<
    unsafe extern "C" fn(userdata: *mut c_void, call: *const jsvm_call, result: *mut jsvm_slot) -> u32,
>;

/// Options of jsvm_function_new. Zero is the default of every field.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct jsvm_function_options {
    /// sizeof(jsvm_function_options).
    pub struct_size: usize,
    /// [in] The function's `name`; default "".
    pub name: jsvm_str,
    /// The function's `length`.
    pub length: u32,
    /// It may be called by `new`.
    pub is_constructor: Bool,
}

// SAFETY: plain data.
unsafe impl Options for jsvm_function_options {
    const NAME: &'static str = "jsvm_function_options";
}

/// The call as the accessors below see it; C sees the front.
#[repr(C)]
struct Frame {
    call: jsvm_call,
    record: Record,
}

struct CHost {
    callback: unsafe extern "C" fn(*mut c_void, *const jsvm_call, *mut jsvm_slot) -> u32,
    userdata: Userdata,
    name: String,
}

/// The arguments as slots; released when the call is over. They are filled where they are.
struct Arguments {
    few: [MaybeUninit<jsvm_slot>; Arguments::FEW],
    many: Vec<jsvm_slot>,
    /// Of the few.
    count: usize,
}

impl Arguments {
    const FEW: usize = 6;

    fn none() -> Arguments {
        Arguments { few: [const { MaybeUninit::uninit() }; Arguments::FEW], many: Vec::new(), count: 0 }
    }

    fn fill(&mut self, call: &mut Call) -> Result<(), Error> {
        let count = call.argument_count();
        if count > Arguments::FEW {
            self.many.reserve_exact(count);
            for i in 0..count {
                self.many.push(jsvm_slot::output(call.argument(i))?);
            }
        } else {
            for (i, place) in self.few[..count].iter_mut().enumerate() {
                place.write(jsvm_slot::UNDEFINED).put(call.argument(i))?;
                self.count = i + 1;
            }
        }
        Ok(())
    }

    fn slots(&self) -> &[jsvm_slot] {
        if self.many.is_empty() {
            // SAFETY: `fill` wrote as many.
            unsafe { std::slice::from_raw_parts(self.few.as_ptr().cast(), self.count) }
        } else {
            &self.many
        }
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        for slot in self.slots() {
            slot.release();
        }
    }
}

impl Host for CHost {
    fn call<'s>(&self, call: &mut Call<'_, 's, '_>) -> Reply<'s> {
        let mut arguments = Arguments::none();
        if let Err(error) = arguments.fill(call) {
            return Reply::Fail(error);
        }
        let frame = Frame {
            call: jsvm_call {
                struct_size: size_of::<jsvm_call>(),
                args: arguments.slots().as_ptr(),
                argc: arguments.slots().len(),
                is_construct_call: call.is_construct_call(),
            },
            record: call.record(),
        };
        let mut result = jsvm_slot::UNDEFINED;
        // SAFETY: the host gave both together; the frame and its slots live until below.
        let status =
            unsafe { (self.callback)(self.userdata.pointer, (&raw const frame).cast(), &mut result) };
        let reply = reply(format_args!("host function '{}'", self.name), call, status, &result);
        take(&result, arguments.slots());
        reply
    }
}

/// How JavaScript goes on after a callback of the host's, by the status that it returned. `who` is its name.
pub fn reply<'s>(
    who: std::fmt::Arguments,
    call: &mut Call<'_, 's, '_>,
    status: u32,
    result: &jsvm_slot,
) -> Reply<'s> {
    let fail = |status, text: String| Reply::Fail(Error::new(status, text));
    match Status::from_number(status) {
        Some(Status::Ok) => taken(who, call, result).map_or_else(Reply::Fail, Reply::Return),
        Some(Status::Exception) => taken(who, call, result).map_or_else(Reply::Fail, Reply::Throw),
        Some(status) if status.is_stop() => Reply::Stop(status),
        Some(status) => fail(status, format!("{who} failed: {}", status.word())),
        None => fail(Status::InvalidArgument, format!("{who} returned {status}, which is no jsvm_status")),
    }
}

fn taken<'s>(
    who: std::fmt::Arguments,
    call: &mut Call<'_, 's, '_>,
    slot: &jsvm_slot,
) -> Result<Taken<'s>, Error> {
    // SAFETY: the host's promise about the slot that its function fills.
    let input = unsafe { Input::from_ptr(slot, "result") };
    input
        .and_then(|input| call.take(input.value()))
        .map_err(|error| Error::invalid(format!("{who}: {}", error.message)))
}

/// Releases what the host put into its result, unless it is an argument, which is released as such.
fn take(result: &jsvm_slot, arguments: &[jsvm_slot]) {
    if result.handle.is_null() && result.data.is_null() {
        return;
    }
    let same = |argument: &&jsvm_slot| {
        (!result.handle.is_null() && argument.handle == result.handle)
            || (!result.data.is_null() && argument.data == result.data)
    };
    if arguments.iter().any(|argument| same(&argument)) {
        return;
    }
    release_taken(result);
}

/// Releases what the host put into a result.
pub fn release_taken(result: &jsvm_slot) {
    if result.flags & JSVM_FLAG_OWNED != 0 {
        result.release();
    } else {
        pool::free(result.handle);
    }
}

/// Makes a JavaScript function that calls C. When JavaScript lets go of it, `finalizer` lets go of userdata.
///
/// Any thread; waits for the isolate.
///
/// @param context   [in] the context it belongs to
/// @param options   [in] name and shape, or NULL
/// @param callback  [in] the host function
/// @param userdata  [in] given to it
/// @param finalizer [in] lets go of userdata once, also when this call fails; or NULL
/// @param result    [out] the function; free it with jsvm_value_free
/// @param error     [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, BUSY, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_function_new(
    context: *const jsvm_context,
    options: *const jsvm_function_options,
    callback: jsvm_function_callback,
    userdata: *mut c_void,
    finalizer: jsvm_finalizer,
    result: *mut *mut jsvm_value,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    let userdata = Userdata::new(userdata, finalizer);
    guard(error, move || {
        // SAFETY: C's promise about its arguments.
        let (result, given, name) = unsafe {
            let result = out_ptr(result, "result")?;
            let given = self::options(options)?;
            (result, given, given.name.get("options: name")?.unwrap_or(""))
        };
        let context = pool::pin(context, "context")?;
        let callback = callback.ok_or_else(|| Error::invalid("callback: it is NULL"))?;
        let length = i32::try_from(given.length)
            .map_err(|_| Error::invalid(format!("options: length {} is too large", given.length)))?;
        let host = CHost { callback, userdata, name: name.into() };
        let value = enter::touch(&context.context.isolate, Some(&context.context.global), |scope| {
            let name = value::string(scope, name)?;
            let function = function::new(scope, name, length, given.is_constructor.get(), Box::new(host))?;
            Ok(Value::new(scope, function.into()))
        })?;
        *result = pool::put(jsvm_value(Arc::new(value)))?;
        Ok(())
    })
}

/// The record of the call that a host function is in.
///
/// # Safety
/// `call` is NULL or what the host function was given.
unsafe fn record<'a>(call: *const jsvm_call) -> Result<&'a Record, Error> {
    if call.is_null() {
        return Err(Error::invalid("call: it is NULL"));
    }
    // SAFETY: the caller's promise; libjsvm makes no jsvm_call outside of a Frame.
    let record = unsafe { &(*call.cast::<Frame>()).record };
    if !record.is_inside() {
        return Err(Error::new(Status::WrongState, "call: this thread is not in its host function"));
    }
    Ok(record)
}

/// The `this` of a call.
///
/// Only inside the host function that was given `call`.
///
/// @param call   [in] the call
/// @param result [out] the value; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_call_this(
    call: *const jsvm_call,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments; `this` lives as long as the call.
        unsafe {
            let result = out(result, jsvm_slot::UNDEFINED, "result")?;
            *result = jsvm_slot::output(record(call)?.this()?)?;
        }
        Ok(())
    })
}

/// The `new.target` of a call: `undefined` unless it came by `new`.
///
/// Only inside the host function that was given `call`.
///
/// @param call   [in] the call
/// @param result [out] the value; release it with jsvm_slot_clear
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_call_new_target(
    call: *const jsvm_call,
    result: *mut jsvm_slot,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments; `new_target` lives as long as the call.
        unsafe {
            let result = out(result, jsvm_slot::UNDEFINED, "result")?;
            *result = jsvm_slot::output(record(call)?.new_target()?)?;
        }
        Ok(())
    })
}

/// The context of the function that was called: where to make what it returns.
///
/// Only inside the host function that was given `call`.
///
/// @param call   [in] the call
/// @param result [out] the context; free it with jsvm_context_free
/// @param error  [out] what went wrong, or NULL
/// @return OK, INVALID_ARGUMENT, WRONG_STATE, DISPOSED, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_call_context(
    call: *const jsvm_call,
    result: *mut *mut jsvm_context,
    error: *mut *mut jsvm_error,
) -> jsvm_status {
    guard(error, || {
        // SAFETY: C's promise about its arguments.
        unsafe {
            let result = out_ptr(result, "result")?;
            *result = pool::put(jsvm_context::new(context::of_call(record(call)?)?))?;
        }
        Ok(())
    })
}

/// Makes a slot a string that owns a copy of the text: for the result of a host function.
///
/// Any thread, no lock. What the slot held before is not released.
///
/// @param slot  [out] the slot; release it with jsvm_slot_clear unless libjsvm takes it
/// @param data  [in] UTF-8
/// @param len   [in] bytes, or JSVM_AUTO_LENGTH
/// @return OK, INVALID_ARGUMENT, OUT_OF_MEMORY, FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jsvm_slot_set_string(
    slot: *mut jsvm_slot,
    data: *const c_char,
    len: usize,
) -> jsvm_status {
    guard_value(Status::Forked, || {
        let set = || -> Result<(), Error> {
            // SAFETY: C's promise about its arguments.
            let (slot, text) = unsafe {
                (out(slot, jsvm_slot::UNDEFINED, "slot")?, crate::capi::boundary::text(data, len, "data")?)
            };
            let (data, len) = copy_out(text.as_bytes())?;
            *slot = jsvm_slot {
                kind: Kind::String as u32,
                flags: JSVM_FLAG_OWNED,
                data,
                len,
                ..jsvm_slot::UNDEFINED
            };
            Ok(())
        };
        set().map_or_else(|error| error.status, |()| Status::Ok)
    })
}
