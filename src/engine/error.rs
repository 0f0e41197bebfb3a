//! What went wrong, as data: readable on any thread, made without running guest code.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::kept;
use crate::engine::raw;
use crate::engine::value::{In, Out, string};
use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// What a call came to. The numbers are part of the ABI.
///
/// Besides what its documentation lists, any function may return PANIC; any function that waits for an isolate may return what
/// an enclosing call of the same thread is being stopped with (a host function is in such a call); and any function
/// whose run options have break_on_sigint may return INTERRUPTED.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_status {
    /// It worked.
    Ok = 0,
    /// The guest threw, or its source does not compile (SyntaxError). The error holds the value.
    Exception = 1,
    /// The call's timeout_ms was over: while it ran, or while it waited for the isolate.
    Timeout = 2,
    /// The call's cpu_time_ms was used up.
    CpuTime = 3,
    /// A SIGINT arrived and the call had break_on_sigint.
    Interrupted = 4,
    /// The call's cancel token was triggered.
    Cancelled = 5,
    /// jsvm_isolate_terminate stopped the isolate.
    Terminated = 6,
    /// The isolate's heap limit was reached. The call was stopped; the isolate can be used again.
    OutOfMemory = 7,
    /// An argument is NULL, not a live handle of its kind, out of range or not UTF-8.
    InvalidArgument = 8,
    /// A handle belongs to another isolate than the call.
    WrongIsolate = 9,
    /// The object is not in a state in which this can be done.
    WrongState = 10,
    /// Waiting would never end: the isolate's owner waits for this thread.
    Busy = 11,
    /// The isolate was freed.
    Disposed = 12,
    /// This build, machine or process cannot do it. From any call: the thread's stack is too small for the isolate.
    Unsupported = 13,
    /// This process is a fork of one in which V8 had started: use libjsvm in one of the two. No error is made.
    Forked = 14,
    /// A bug of libjsvm: a Rust panic was caught at the boundary.
    Panic = 15,
}
pub use jsvm_status as Status;

impl Status {
    /// The status as a word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::Exception => "EXCEPTION",
            Status::Timeout => "TIMEOUT",
            Status::CpuTime => "CPU_TIME",
            Status::Interrupted => "INTERRUPTED",
            Status::Cancelled => "CANCELLED",
            Status::Terminated => "TERMINATED",
            Status::OutOfMemory => "OUT_OF_MEMORY",
            Status::InvalidArgument => "INVALID_ARGUMENT",
            Status::WrongIsolate => "WRONG_ISOLATE",
            Status::WrongState => "WRONG_STATE",
            Status::Busy => "BUSY",
            Status::Disposed => "DISPOSED",
            Status::Unsupported => "UNSUPPORTED",
            Status::Forked => "FORKED",
            Status::Panic => "PANIC",
        }
    }

    /// The status of a number that came from foreign code.
    pub fn from_number(number: u32) -> Option<Status> {
        const ALL: [Status; 16] = [
            Status::Ok,
            Status::Exception,
            Status::Timeout,
            Status::CpuTime,
            Status::Interrupted,
            Status::Cancelled,
            Status::Terminated,
            Status::OutOfMemory,
            Status::InvalidArgument,
            Status::WrongIsolate,
            Status::WrongState,
            Status::Busy,
            Status::Disposed,
            Status::Unsupported,
            Status::Forked,
            Status::Panic,
        ];
        ALL.get(number as usize).copied()
    }

    /// Whether a host function that returns it has its run stopped.
    pub fn is_stop(self) -> bool {
        matches!(
            self,
            Status::Timeout
                | Status::CpuTime
                | Status::Interrupted
                | Status::Cancelled
                | Status::Terminated
                | Status::OutOfMemory
        )
    }
}

/// Why a run is ended from outside, or was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    pub status: Status,
    /// The limit that was reached, in milliseconds.
    pub limit_ms: Option<u64>,
}

impl From<Status> for Kill {
    fn from(status: Status) -> Kill {
        Kill { status, limit_ms: None }
    }
}

impl Kill {
    /// What to say, and Node's code where Node has one.
    pub fn message(self) -> (String, Option<&'static str>) {
        let after = self.limit_ms.map_or(String::new(), |ms| format!(" after {ms}ms"));
        let (text, code) = match self.status {
            Status::Timeout => {
                return (format!("Script execution timed out{after}"), Some("ERR_SCRIPT_EXECUTION_TIMEOUT"));
            }
            Status::CpuTime => return (format!("Script execution ran out of CPU time{after}"), None),
            Status::Interrupted => {
                ("Script execution was interrupted by `SIGINT`", Some("ERR_SCRIPT_EXECUTION_INTERRUPTED"))
            }
            Status::Cancelled => ("Script execution was cancelled", None),
            Status::Terminated => ("Script execution was terminated", None),
            Status::OutOfMemory => ("Script execution ran out of memory", None),
            Status::Busy => ("The isolate is busy in a thread that waits for this one", None),
            Status::Disposed => ("The isolate was freed", None),
            _ => ("Script execution was stopped", None),
        };
        (text.into(), code)
    }
}

/// One frame of the guest's stack.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    pub function: String,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub is_eval: bool,
    pub is_constructor: bool,
    pub is_wasm: bool,
}

/// One word, because every result has room for it: what goes well is to move few bytes.
#[derive(Debug)]
pub struct Error(Box<Details>);

#[derive(Debug)]
pub struct Details {
    pub status: Status,
    pub name: String,
    pub message: String,
    pub code: Option<String>,
    /// Where in the guest it came from, if it did.
    pub origin: Option<Box<Origin>>,
}

impl Deref for Error {
    type Target = Details;
    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

/// What the guest was doing.
#[derive(Debug, Default)]
pub struct Origin {
    pub stack: Option<String>,
    pub frames: Vec<Frame>,
    pub filename: Option<String>,
    pub line: u32,
    pub column: u32,
    pub source_line: Option<String>,
    /// `file:line`, the source line and carets under the place, as Node prints above a stack.
    pub arrow: Option<String>,
    pub cause: Option<Error>,
    /// The value that was thrown.
    pub value: Option<Out>,
    /// What the host tied to it.
    pub tie: Option<Arc<Tie>>,
}

/// Something of the host's that goes with an error object, out of the guest's sight.
#[derive(Debug)]
pub struct Tie {
    /// Whose it is.
    pub key: usize,
    pub pointer: usize,
    /// Lets go of it when it is dropped.
    pub owner: Box<dyn Any + Send + Sync>,
}

impl Error {
    #[cold]
    pub fn new(status: Status, message: impl Into<String>) -> Error {
        let (name, message) = ("Error".into(), message.into());
        Error(Box::new(Details { status, name, message, code: None, origin: None }))
    }

    pub fn into_details(self) -> Details {
        *self.0
    }

    pub fn invalid(message: impl Into<String>) -> Error {
        Error::new(Status::InvalidArgument, message)
    }

    /// A run that was stopped, and the guest's stack at that moment.
    pub fn killed(kill: impl Into<Kill>, frames: Vec<Frame>) -> Error {
        let kill = kill.into();
        let (message, code) = kill.message();
        let stack = format!("Error: {message}{}", stack_lines(&frames));
        let mut error = Error::new(kill.status, message);
        error.code = code.map(String::from);
        if let Some(top) = frames.first() {
            error.origin = Some(Box::new(Origin {
                filename: Some(top.file.clone()),
                line: top.line,
                column: top.column,
                stack: Some(stack),
                frames,
                ..Origin::default()
            }));
        }
        error
    }

    /// The error for a value the guest threw. `message` is V8's own record of the throw.
    pub fn thrown<'s>(
        scope: &mut Scope<'s, '_>,
        value: v8::Local<'s, v8::Value>,
        message: Option<v8::Local<'s, v8::Message>>,
    ) -> Error {
        let (mut error, mut origin) = describe(scope, value, 0);
        let message = message.unwrap_or_else(|| v8::Exception::create_message(scope, value));
        if origin.frames.is_empty()
            && let Some(trace) = message.get_stack_trace(scope)
        {
            origin.frames = frames(scope, trace, MAX_FRAMES);
        }
        let place = Place::of(scope, message);
        if error.message.is_empty() && !value.is_native_error() {
            error.message = printed(scope, message);
        }
        origin.arrow = place.arrow(message);
        origin.line = place.line;
        origin.column = place.column.map_or(0, |column| column as u32 + 1);
        origin.filename = place.filename;
        origin.source_line = place.source_line;
        let head = match (error.name.as_str(), error.message.as_str()) {
            (name, "") => name.to_string(),
            ("", text) => text.to_string(),
            (name, text) => format!("{name}: {text}"),
        };
        // What never was in JavaScript has no stack.
        if origin.line > 0 || !origin.frames.is_empty() {
            origin.stack = Some(format!("{head}{}", stack_lines(&origin.frames)));
        }
        origin.value = Some(Out::new(scope, value));
        error.origin = Some(Box::new(origin));
        error
    }
}

/// Frames kept of an error's stack.
pub const MAX_FRAMES: usize = 32;
/// Causes of causes that are followed.
const MAX_CAUSES: usize = 8;

/// A source line longer than this is not shown: generated code has lines of megabytes.
const MAX_ARROW_LINE: usize = 1000;

/// Where V8's record of a throw says that it was.
struct Place {
    filename: Option<String>,
    line: u32,
    /// From 0; V8 has none where no JavaScript was on the stack.
    column: Option<usize>,
    source_line: Option<String>,
}

impl Place {
    fn of<'s>(scope: &mut Scope<'s, '_>, message: v8::Local<'s, v8::Message>) -> Place {
        Place {
            filename: message
                .get_script_resource_name(scope)
                .filter(|name| name.is_string())
                .map(|name| name.to_rust_string_lossy(scope)),
            line: message.get_line_number(scope).unwrap_or(0) as u32,
            column: i32::try_from(message.get_start_column()).ok().map(|column| column as usize),
            source_line: message.get_source_line(scope).map(|line| line.to_rust_string_lossy(scope)),
        }
    }

    fn arrow(&self, message: v8::Local<v8::Message>) -> Option<String> {
        let (source, column) = (self.source_line.as_ref()?, self.column?);
        let place = format!("{}:{}\n", self.filename.as_deref().unwrap_or("<anonymous_script>"), self.line);
        if source.len() > MAX_ARROW_LINE {
            return Some(place);
        }
        // In the first line the column has the script's column offset in it, and the position, which
        // counts from the source's start, has not. In later lines the position is the larger one.
        let start = usize::try_from(message.get_start_position()).map_or(column, |at| at.min(column));
        let carets = message.get_end_column().saturating_sub(column);
        // JSON.parse points behind what it was given.
        if start + carets > source.len() {
            return Some(format!("{place}{source}\n"));
        }
        let lead: String = source.chars().take(start).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        Some(format!("{place}{source}\n{lead}{}\n", "^".repeat(carets)))
    }
}

/// What Node prints above a stack: `file:line`, the source line and carets under the place.
pub fn arrow<'s>(scope: &mut Scope<'s, '_>, message: v8::Local<'s, v8::Message>) -> Option<String> {
    Place::of(scope, message).arrow(message)
}

/// The lines of a stack, each with a newline before it.
pub fn stack_lines(frames: &[Frame]) -> String {
    frames
        .iter()
        .map(|frame| {
            let place = format!("{}:{}:{}", frame.file, frame.line, frame.column);
            let new = if frame.is_constructor { "new " } else { "" };
            if frame.function.is_empty() {
                format!("\n    at {place}")
            } else {
                format!("\n    at {new}{} ({place})", frame.function)
            }
        })
        .collect()
}

/// Name, message, code, frames and cause of a thrown value, from own data and V8's records only.
fn describe<'s>(scope: &mut Scope<'s, '_>, value: v8::Local<'s, v8::Value>, depth: usize) -> (Error, Origin) {
    let mut error = Error::new(Status::Exception, "");
    let mut origin = Origin::default();
    error.name = String::new();
    let Ok(object) = v8::Local::<v8::Object>::try_from(value) else {
        if depth > 0 {
            let message = v8::Exception::create_message(scope, value);
            error.message = printed(scope, message);
        }
        return (error, origin);
    };
    if value.is_proxy() {
        return (error, origin);
    }
    let text = |scope: &mut Scope<'s, '_>, key: &str| {
        data_property(scope, object, key).filter(|v| v.is_string()).map(|v| v.to_rust_string_lossy(scope))
    };
    if value.is_native_error() {
        error.name = text(scope, "name").unwrap_or_default();
    }
    error.message = text(scope, "message").unwrap_or_default();
    error.code = text(scope, "code");
    if value.is_native_error() {
        if error.name.is_empty() {
            error.name = "Error".into();
        }
        if let Some(trace) = v8::Exception::get_stack_trace(scope, value) {
            origin.frames = frames(scope, trace, MAX_FRAMES);
        }
        origin.tie = tied(scope, object);
    }
    if depth < MAX_CAUSES
        && let Some(cause) = data_property(scope, object, "cause")
        && !cause.is_undefined()
    {
        let (mut inner, mut inner_origin) = describe(scope, cause, depth + 1);
        inner_origin.value = Some(Out::new(scope, cause));
        inner.origin = Some(Box::new(inner_origin));
        origin.cause = Some(inner);
    }
    (error, origin)
}

fn tie_name<'s>(scope: &mut Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Private>> {
    let name = string(scope, "jsvm")?;
    Ok(v8::Private::for_api(scope, Some(name)))
}

/// Ties something of the host's to an error object, in place of what was tied to it before. The guest can neither see
/// nor copy it.
pub fn tie(scope: &mut Scope<'_, '_>, error: In, tie: Tie) -> Outcome<()> {
    let error = error.local(scope)?;
    if !error.is_native_error() {
        return Err(Error::invalid("exception: it is not an Error").into());
    }
    let name = tie_name(scope)?;
    let tie = kept::keep(scope, Arc::new(tie));
    error.cast::<v8::Object>().set_private(scope, name, tie.into());
    Ok(())
}

fn tied<'s>(scope: &mut Scope<'s, '_>, error: v8::Local<'s, v8::Object>) -> Option<Arc<Tie>> {
    let name = tie_name(scope).ok()?;
    let tie = v8::Local::<v8::External>::try_from(error.get_private(scope, name)?).ok()?;
    // SAFETY: only `tie` sets this name, and the External keeps what it points to.
    Some(unsafe { &*(tie.value() as *const Arc<Tie>) }.clone())
}

/// What was thrown, as V8 prints it without running guest code.
fn printed<'s>(scope: &Scope<'s, '_>, message: v8::Local<'s, v8::Message>) -> String {
    let text = message.get(scope).to_rust_string_lossy(scope);
    text.strip_prefix("Uncaught ").map_or(text.clone(), String::from)
}

/// A data property of the object or of its prototypes. Accessors and proxies are not asked.
pub fn data_property<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let key: v8::Local<v8::Name> = v8::String::new(scope, key)?.into();
    let value_key: v8::Local<v8::Name> = v8::String::new(scope, "value")?.into();
    let mut object = object;
    for _ in 0..64 {
        if object.is_proxy() {
            return None;
        }
        let descriptor = object.get_own_property_descriptor(scope, key)?;
        if let Ok(descriptor) = v8::Local::<v8::Object>::try_from(descriptor) {
            // The descriptor is an ordinary object of V8's own making; its prototype must not speak.
            if !descriptor.has_own_property(scope, value_key)? {
                return None;
            }
            return descriptor.get(scope, value_key.into());
        }
        object = object.get_prototype(scope)?.try_into().ok()?;
    }
    None
}

/// The frames of V8's record of a stack.
pub fn frames<'s>(
    scope: &v8::PinScope<'s, '_>,
    trace: v8::Local<'s, v8::StackTrace>,
    limit: usize,
) -> Vec<Frame> {
    (0..trace.get_frame_count().min(limit))
        .filter_map(|i| {
            let frame = trace.get_frame(scope, i)?;
            Some(Frame {
                function: frame
                    .get_function_name(scope)
                    .map_or(String::new(), |s| s.to_rust_string_lossy(scope)),
                file: frame
                    .get_script_name_or_source_url(scope)
                    .map_or(String::new(), |s| s.to_rust_string_lossy(scope)),
                line: frame.get_line_number() as u32,
                column: frame.get_column() as u32,
                is_eval: frame.is_eval(),
                is_constructor: frame.is_constructor(),
                is_wasm: frame.is_wasm(),
            })
        })
        .collect()
}

/// The guest's stack now. The caller is inside the isolate and JavaScript is on the stack.
pub fn capture_frames(isolate: &mut v8::Isolate, limit: usize) -> Vec<Frame> {
    let raw = raw::raw_isolate(isolate);
    v8::scope!(let scope, isolate);
    // SAFETY: the caller is inside, and the handle scope is open.
    let context = unsafe { raw::local(scope, raw::v8__Isolate__GetCurrentContext(raw)) };
    let Some(context) = context else { return Vec::new() };
    let scope = &mut v8::ContextScope::new(scope, context);
    match v8::StackTrace::current_stack_trace(scope, limit) {
        Some(trace) => frames(scope, trace, limit),
        None => Vec::new(),
    }
}

/// Throws an Error of a kind, `v8::Exception::type_error` for one.
pub fn throw(
    scope: &Scope<'_, '_>,
    kind: for<'s> fn(&v8::PinScope<'s, '_>, v8::Local<'s, v8::String>) -> v8::Local<'s, v8::Value>,
    message: &str,
) {
    let message = v8::String::new(scope, message).unwrap_or_else(|| v8::String::empty(scope));
    let error = kind(scope, message);
    scope.throw_exception(error);
}

/// An Error of a kind with one of Node's codes, as a property.
pub fn coded<'s>(
    scope: &Scope<'s, '_>,
    kind: for<'a> fn(&v8::PinScope<'a, '_>, v8::Local<'a, v8::String>) -> v8::Local<'a, v8::Value>,
    code: &str,
    message: &str,
) -> Outcome<v8::Local<'s, v8::Value>> {
    let error = kind(scope, string(scope, message)?);
    if let Ok(object) = v8::Local::<v8::Object>::try_from(error) {
        let key = string(scope, "code")?;
        object.create_data_property(scope, key.into(), string(scope, code)?.into()).thrown()?;
    }
    Ok(error)
}

/// Throws an Error of a kind with one of Node's codes.
pub fn throw_coded(
    scope: &Scope<'_, '_>,
    kind: for<'a> fn(&v8::PinScope<'a, '_>, v8::Local<'a, v8::String>) -> v8::Local<'a, v8::Value>,
    code: &str,
    message: &str,
) -> Outcome<()> {
    let error = coded(scope, kind, code, message)?;
    scope.throw_exception(error);
    Err(Fail::Thrown)
}
