//! The work by the C ABI, as a C program does it.

use jsvm::capi::boundary::Bool;
use jsvm::capi::call::jsvm_function_call;
use jsvm::capi::context::{
    jsvm_context, jsvm_context_evaluate, jsvm_context_free, jsvm_context_new, jsvm_context_options,
};
use jsvm::capi::error::{jsvm_error, jsvm_error_message};
use jsvm::capi::function::{jsvm_call, jsvm_function_new};
use jsvm::capi::isolate::*;
use jsvm::capi::json::{jsvm_json_parse, jsvm_json_stringify};
use jsvm::capi::object::{jsvm_object_get, jsvm_object_set};
use jsvm::capi::script::*;
use jsvm::capi::slot::{jsvm_slot, jsvm_slot_clear, jsvm_value};
use jsvm::engine::error::Status;
use jsvm::engine::value::Kind;
use std::ffi::{CStr, c_void};
use std::hint::black_box;
use std::ptr::{null, null_mut};

/// Calls a function of the C ABI with a place for its error, and stops where it fails.
macro_rules! ok {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        let mut error: *mut jsvm_error = null_mut();
        // SAFETY: the arguments are live handles, readable inputs and places for outputs.
        let status = unsafe { $function($($argument,)* &mut error) };
        if status != Status::Ok {
            // SAFETY: the error that the call made, or NULL.
            let message = unsafe { CStr::from_ptr(jsvm_error_message(error)) };
            panic!("{}: {status:?}: {message:?}", stringify!($function));
        }
    }};
}

pub fn number(value: f64) -> jsvm_slot {
    jsvm_slot { kind: Kind::Number as u32, number: value, ..jsvm_slot::UNDEFINED }
}

pub fn text(text: &str) -> jsvm_slot {
    let (data, len) = (text.as_ptr().cast(), text.len());
    jsvm_slot { kind: Kind::String as u32, data, len, ..jsvm_slot::UNDEFINED }
}

pub fn new_isolate() -> *mut jsvm_isolate {
    let mut isolate = null_mut();
    ok!(jsvm_isolate_new(null(), &mut isolate));
    isolate
}

pub fn free_isolate(isolate: *mut jsvm_isolate) {
    // SAFETY: a handle that is ours.
    unsafe { jsvm_isolate_free(isolate) };
}

/// An isolate with its main context. It stays for the life of the process.
#[derive(Clone, Copy)]
pub struct Ours {
    pub isolate: *mut jsvm_isolate,
    pub context: *mut jsvm_context,
}

impl Ours {
    pub fn new() -> Ours {
        let isolate = new_isolate();
        let mut context = null_mut();
        ok!(jsvm_isolate_main_context(isolate, &mut context));
        Ours { isolate, context }
    }

    /// Options of a context whose variables are the properties of a new object.
    fn contextify() -> jsvm_context_options {
        // SAFETY: zero is the default of every field.
        let mut options: jsvm_context_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<jsvm_context_options>();
        options.contextify = Bool::TRUE;
        options
    }

    /// The same isolate with a contextified object.
    pub fn contextified(self) -> Ours {
        let mut context = null_mut();
        ok!(jsvm_context_new(self.isolate, &Ours::contextify(), &mut context));
        Ours { context, ..self }
    }

    /// What the source evaluates to, by its handle.
    pub fn value(self, source: &str) -> *mut jsvm_value {
        let mut slot = jsvm_slot::UNDEFINED;
        let (data, len) = (source.as_ptr().cast(), source.len());
        ok!(jsvm_context_evaluate(self.context, data, len, null(), null(), &mut slot));
        slot.handle
    }

    /// How a run with this timeout ends.
    pub fn evaluate_for(self, source: &str, timeout_ms: u64) -> Status {
        let (data, len) = (source.as_ptr().cast(), source.len());
        let limits = limits(timeout_ms);
        // SAFETY: a live context, a readable source; no result and no error are wanted.
        unsafe { jsvm_context_evaluate(self.context, data, len, null(), &limits, null_mut(), null_mut()) }
    }

    pub fn set_global(self, name: &str, value: *mut jsvm_value) {
        let global = self.value("globalThis");
        let value = jsvm_slot { handle: value, ..jsvm_slot::UNDEFINED };
        ok!(jsvm_object_set(global, &text(name), &value, null()));
    }

    pub fn script(self, source: &str) -> *mut jsvm_script {
        let mut script = null_mut();
        ok!(jsvm_script_new(self.isolate, source.as_ptr().cast(), source.len(), null(), &mut script));
        script
    }

    /// Holds the isolate while the work is done.
    pub fn session(self, work: impl FnOnce()) {
        ok!(jsvm_isolate_enter(self.isolate, null()));
        work();
        ok!(jsvm_isolate_exit(self.isolate));
    }

    pub fn run(self, script: *mut jsvm_script, limits: Option<&jsvm_run_options>) {
        let mut result = jsvm_slot::UNDEFINED;
        let limits = limits.map_or(null(), |limits| limits as *const _);
        ok!(jsvm_script_run_in_context(script, self.context, limits, &mut result));
        black_box(result.number);
    }

    pub fn get(self, object: *mut jsvm_value, key: &str) {
        let mut result = jsvm_slot::UNDEFINED;
        ok!(jsvm_object_get(object, &text(key), null(), &mut result));
        black_box(result.number);
    }

    pub fn set(self, object: *mut jsvm_value, key: &str, value: f64) {
        ok!(jsvm_object_set(object, &text(key), &number(value), null()));
    }

    /// A new context, let go at once.
    pub fn new_context(self) {
        let mut context = null_mut();
        ok!(jsvm_context_new(self.isolate, null(), &mut context));
        // SAFETY: a handle that is ours.
        unsafe { jsvm_context_free(context) };
    }

    pub fn new_contextified(self) {
        // SAFETY: a handle that is ours.
        unsafe { jsvm_context_free(self.contextified().context) };
    }

    pub fn compile(self, source: &str, filename: &str, cache: Option<&jsvm_bytes>) {
        // SAFETY: zero is the default of every field.
        let mut options: jsvm_script_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<jsvm_script_options>();
        options.filename.data = filename.as_ptr().cast();
        options.filename.len = filename.len();
        if let Some(cache) = cache {
            options.cached_data = cache.data.cast();
            options.cached_data_len = cache.len;
        }
        let mut script = null_mut();
        ok!(jsvm_script_new(self.isolate, source.as_ptr().cast(), source.len(), &options, &mut script));
        // SAFETY: a handle that is ours.
        unsafe {
            assert!(!jsvm_script_cached_data_rejected(script));
            jsvm_script_free(script);
        }
    }

    pub fn cached_data(self, source: &str) -> jsvm_bytes {
        let mut bytes = jsvm_bytes::NONE;
        ok!(jsvm_script_create_cached_data(self.script(source), &mut bytes));
        bytes
    }

    pub fn parse(self, json: &str) {
        let mut result = jsvm_slot::UNDEFINED;
        ok!(jsvm_json_parse(self.context, json.as_ptr().cast(), json.len(), null(), &mut result));
        // SAFETY: a slot that the call filled.
        unsafe { jsvm_slot_clear(&mut result) };
    }

    pub fn stringify(self, value: *mut jsvm_value) {
        let value = jsvm_slot { handle: value, ..jsvm_slot::UNDEFINED };
        let mut result = jsvm_bytes::NONE;
        ok!(jsvm_json_stringify(self.context, &value, 0, null(), &mut result));
        assert!(result.len > 1_000_000);
        // SAFETY: bytes that the call gave.
        unsafe { jsvm_bytes_clear(&mut result) };
    }

    /// A host function that adds two numbers.
    pub fn adder(self) -> *mut jsvm_value {
        let mut function = null_mut();
        ok!(jsvm_function_new(self.context, null(), Some(add), null_mut(), None, &mut function));
        function
    }
}

pub fn call(function: *mut jsvm_value, a: f64, b: f64) -> f64 {
    let args = [number(a), number(b)];
    let mut result = jsvm_slot::UNDEFINED;
    ok!(jsvm_function_call(function, null(), args.as_ptr(), 2, null(), &mut result));
    result.number
}

/// A string in and a string out.
pub fn call_text(function: *mut jsvm_value, string: &str) {
    let args = [text(string)];
    let mut result = jsvm_slot::UNDEFINED;
    ok!(jsvm_function_call(function, null(), args.as_ptr(), 1, null(), &mut result));
    assert_eq!(result.len, string.len());
    // SAFETY: a slot that the call filled.
    unsafe { jsvm_slot_clear(&mut result) };
}

pub fn limits(timeout_ms: u64) -> jsvm_run_options {
    // SAFETY: zero is the default of every field.
    let mut options: jsvm_run_options = unsafe { std::mem::zeroed() };
    options.struct_size = size_of::<jsvm_run_options>();
    options.timeout_ms = timeout_ms;
    options
}

unsafe extern "C" fn add(_userdata: *mut c_void, call: *const jsvm_call, result: *mut jsvm_slot) -> u32 {
    // SAFETY: the library gives the call and a place for the result.
    unsafe {
        let args = std::slice::from_raw_parts((*call).args, (*call).argc);
        *result = number(args[0].number + args[1].number);
    }
    Status::Ok as u32
}
