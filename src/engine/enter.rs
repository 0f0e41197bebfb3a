//! The only way into an isolate.
//!
//! | the calling thread is          | what happens                                   |
//! |--------------------------------|------------------------------------------------|
//! | in no isolate, or in others    | gate, V8's lock, enter; exit, gate             |
//! | in this one, on top            | nothing                                        |
//! | in this one, below another one | enter; exit                                    |
//!
//! `run` is for what can run guest code: it has limits, ends with the microtasks, and reports how
//! it ended. `touch` is for the rest.

use crate::engine::drain::{drain, take_rejections};
use crate::engine::error::{self, Error, Frame, Kill, Status};
use crate::engine::isolate::{Isolate, Rejection};
use crate::engine::limits::Limits;
use crate::engine::thread::{self, LOCAL, PerThread, Running, Thread};
use crate::engine::value::{Held, Value};
use crate::engine::{function, heap, raw, reaper};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub type Scope<'s, 'i> = v8::PinScope<'s, 'i>;

/// Why a body did not come to its end.
pub enum Fail {
    /// V8 said so: an exception is pending, or the guest is being stopped.
    Thrown,
    /// The host asked for something impossible.
    Misuse(Error),
}

pub type Outcome<T> = Result<T, Fail>;

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        Fail::Misuse(error)
    }
}

/// `?` on what V8 returns.
pub trait Thrown<T> {
    fn thrown(self) -> Outcome<T>;
}

impl<T> Thrown<T> for Option<T> {
    fn thrown(self) -> Outcome<T> {
        self.ok_or(Fail::Thrown)
    }
}

/// One level of a thread's way into isolates.
pub struct Inside {
    isolate: *const Isolate,
    /// Runs at this level.
    runs: u32,
}

/// Whether the calling thread is inside the isolate. A thread that has begun to end is in no isolate.
pub fn is_inside(isolate: *const Isolate) -> bool {
    LOCAL
        .try_with(|local| local.inside.borrow().iter().any(|stay| std::ptr::eq(stay.isolate, isolate)))
        .unwrap_or(false)
}

/// As `is_inside`, by V8's pointer. A thread that has begun to end is in no isolate.
pub fn is_inside_raw(isolate: raw::RawIsolate) -> bool {
    LOCAL
        // SAFETY: a stay holds its isolate.
        .try_with(|local| local.inside.borrow().iter().any(|i| unsafe { &*i.isolate }.raw() == isolate))
        .unwrap_or(false)
}

/// The isolate that the thread is in, the innermost one.
pub fn innermost() -> Option<Arc<Isolate>> {
    LOCAL
        .try_with(|local| {
            local.inside.borrow().last().map(|stay| {
                // SAFETY: a stay holds its isolate.
                unsafe {
                    Arc::increment_strong_count(stay.isolate);
                    Arc::from_raw(stay.isolate)
                }
            })
        })
        .ok()
        .flatten()
}

/// How many stays the thread has, and runs in the innermost one.
pub fn depth() -> (usize, u32) {
    LOCAL
        .try_with(|local| {
            let inside = local.inside.borrow();
            (inside.len(), inside.last().map_or(0, |stay| stay.runs))
        })
        .unwrap_or((0, 0))
}

/// Whether the calling thread has a run of the isolate on its stack.
fn is_running(isolate: &Isolate) -> bool {
    LOCAL.with(|local| local.inside.borrow().iter().any(|i| std::ptr::eq(i.isolate, isolate) && i.runs > 0))
}

/// Stack that V8's own C++ needs below the point where JavaScript has to stop.
const STACK_RESERVE: usize = 128 << 10;

/// A thread's stay in an isolate, which it holds or borrows; dropping it leaves.
pub struct Entry<I: Deref<Target = Isolate>> {
    pub isolate: I,
    how: How,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Nested,
    Again,
    Locked,
}

impl<I: Deref<Target = Isolate>> Entry<I> {
    #[inline]
    pub fn new(isolate: I, local: &PerThread) -> Result<Entry<I>, Error> {
        let how = enter(&isolate, local)?;
        Ok(Entry { isolate, how })
    }
}

impl<I: Deref<Target = Isolate>> Drop for Entry<I> {
    #[inline]
    fn drop(&mut self) {
        if self.how != How::Nested {
            leave(&self.isolate, self.how);
        }
    }
}

fn enter(isolate: &Isolate, local: &PerThread) -> Result<How, Error> {
    // Who is inside already gets nothing more either.
    if isolate.closed.load(Ordering::Relaxed) {
        return Err(killed(Status::Disposed, Vec::new()));
    }
    let (top, below, holds) = {
        let inside = local.inside.borrow();
        let here = |i: &Inside| std::ptr::eq(i.isolate, isolate);
        (inside.last().is_some_and(here), inside.iter().any(here), !inside.is_empty())
    };
    if top {
        return Ok(How::Nested);
    }
    let how = if below {
        // SAFETY: this thread holds the isolate's lock; `leave` exits.
        unsafe { raw::v8__Isolate__Enter(isolate.raw()) };
        How::Again
    } else {
        if let Err(refused) = isolate.gate.acquire(local.thread, holds) {
            if refused.dispose {
                isolate.dispose();
            }
            return Err(killed(refused.kill, Vec::new()));
        }
        isolate.lock(local.thread.id.load(Ordering::Relaxed));
        // SAFETY: this thread holds the isolate's lock, and the isolate is not disposed while the gate is held; `leave` exits.
        unsafe { raw::v8__Isolate__Enter(isolate.raw()) };
        How::Locked
    };
    local.inside.borrow_mut().push(Inside { isolate, runs: 0 });
    if how == How::Locked && !set_stack_limit(isolate, local) {
        leave(isolate, how);
        let message = "this thread's stack is too small for what the isolate has loaded";
        return Err(Error::new(Status::Unsupported, message));
    }
    Ok(how)
}

fn leave(isolate: &Isolate, how: How) {
    let thread = LOCAL.with(|local| {
        local.inside.borrow_mut().pop();
        local.thread
    });
    // SAFETY: entered by `enter`, and entries are left in reverse order.
    unsafe { raw::v8__Isolate__Exit(isolate.raw()) };
    if how == How::Locked {
        if isolate.gate.release(thread) {
            isolate.dispose();
        } else {
            isolate.tasks.tell();
        }
    }
}

/// Stack that JavaScript has at the least.
const STACK_LEAST: usize = 64 << 10;

/// Where JavaScript has to stop on this thread's stack: the isolate's stack size below here, or a
/// reserve above the stack's end, whatever comes first. False if the isolate needs more stack than there is.
fn set_stack_limit(isolate: &Isolate, local: &PerThread) -> bool {
    let here = &isolate as *const _ as usize;
    let low = thread::stack_low(local);
    let available = here.saturating_sub(low);
    let mut inner = isolate.inner();
    let kept_free = inner.stack_kept_free;
    if kept_free > 0 && available < kept_free + STACK_RESERVE + STACK_LEAST {
        return false;
    }
    let reserve = kept_free + STACK_RESERVE.min(available / 2);
    let limit = here.saturating_sub(isolate.options.stack_size).max(low + reserve);
    // V8 keeps the limit of a thread that comes back. It is costly to set, and a page is no difference.
    let id = local.thread.id.load(Ordering::Relaxed);
    let (last, before) = inner.stack_limit;
    if last != id || before.abs_diff(limit) > 4096 {
        inner.stack_limit = (id, limit);
        // SAFETY: this thread is inside the isolate.
        unsafe { raw::isolate_set_stack_limit(isolate.raw(), limit) };
    }
    true
}

/// Whether JavaScript may go no deeper. V8 asks itself only in JavaScript: a host function that calls itself through the
/// library would never come there.
fn is_stack_short(isolate: &Isolate) -> bool {
    let here = &isolate as *const _ as usize;
    here < isolate.inner().stack_limit.1
}

/// Throws what V8 throws.
fn stack_overflow<R>(scope: &Scope<'_, '_>) -> Outcome<R> {
    error::throw(scope, v8::Exception::range_error, "Maximum call stack size exceeded");
    Err(Fail::Thrown)
}

/// From now on JavaScript stops so many bytes earlier on every stack, for what V8 does without a look at it. A RangeError if
/// that is more than half of what this thread has left.
pub fn keep_stack_free<'s>(scope: &mut Scope<'s, '_>, bytes: usize) -> Outcome<()> {
    let isolate = Isolate::of(scope);
    // The reserve has room for a little.
    if bytes <= STACK_RESERVE / 8 || bytes <= isolate.inner().stack_kept_free {
        return Ok(());
    }
    let here = &isolate as *const _ as usize;
    let low = LOCAL.with(thread::stack_low);
    if bytes + STACK_RESERVE + STACK_LEAST > here.saturating_sub(low) / 2 {
        return stack_overflow(scope);
    }
    let mut inner = isolate.inner();
    inner.stack_kept_free = bytes;
    let limit = inner.stack_limit.1.max(low + bytes + STACK_RESERVE);
    inner.stack_limit.1 = limit;
    // SAFETY: this thread is inside the isolate.
    unsafe { raw::isolate_set_stack_limit(isolate.raw(), limit) };
    Ok(())
}

/// Does something inside the isolate that runs no guest code. It waits for the isolate without a
/// limit of its own. Without a context it is the main one.
pub fn touch<R>(
    isolate: &Isolate,
    context: Option<&Held<v8::Context>>,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    touch_at(isolate, context.map_or(At::Main, At::Context), body)
}

/// As `touch`, in the context that made the object.
pub fn touch_on<R>(
    object: &Value,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    touch_at(&object.isolate, At::Object(object), body)
}

#[inline]
fn touch_at<R>(
    isolate: &Isolate,
    at: At,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    LOCAL.with(|local| {
        let entry = Entry::new(isolate, local)?;
        let result = inside(isolate, at, local.thread, None, None, body);
        drop(entry);
        if local.inside.borrow().is_empty() {
            after(isolate, Vec::new());
        }
        result
    })
}

/// Several stays in the isolate, and waits between them, under one set of limits.
pub fn span<R>(
    isolate: &Isolate,
    limits: &Limits,
    body: impl FnOnce(&'static Thread) -> Result<R, Error>,
) -> Result<R, Error> {
    let thread = Thread::current();
    let run = thread.prepare(isolate, limits, true);
    let _running = thread.begin(&run);
    if let Some(status) = thread.marked() {
        return Err(killed(status, Vec::new()));
    }
    body(thread)
}

/// Does something inside the isolate that needs no context, such as making one.
pub fn bare<R>(
    isolate: &Isolate,
    body: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i, ()>) -> Outcome<R>,
) -> Result<R, Error> {
    let thread = Thread::current();
    let entry = LOCAL.with(|local| Entry::new(isolate, local))?;
    let result = {
        // SAFETY: entered above.
        let mut v8_isolate = unsafe { raw::isolate(isolate.raw()) };
        let result = {
            v8::scope!(let scope, &mut v8_isolate);
            body(scope)
        };
        if !is_running(isolate) && isolate.over_limit.swap(false, Ordering::Relaxed) {
            heap::restore_limit(isolate, &mut v8_isolate);
            Err(Error::killed(Status::OutOfMemory, Vec::new()).into())
        } else {
            result
        }
    };
    drop(entry);
    result.map_err(|fail| match fail {
        Fail::Misuse(error) => error,
        Fail::Thrown => killed(thread.marked().unwrap_or(Status::Terminated.into()), Vec::new()),
    })
}

/// Does something inside the isolate that can run guest code, within limits. The outermost call
/// drains the microtasks before it returns. Without a context it is the main one.
pub fn run<R>(
    isolate: &Isolate,
    context: Option<&Held<v8::Context>>,
    limits: &Limits,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    run_at(isolate, context.map_or(At::Main, At::Context), limits, body)
}

/// As `run`, in the context that made the object.
pub fn run_on<R>(
    object: &Value,
    limits: &Limits,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    run_at(&object.isolate, At::Object(object), limits, body)
}

/// Which context a body runs in.
enum At<'a> {
    Main,
    Context(&'a Held<v8::Context>),
    Object(&'a Value),
}

impl At<'_> {
    fn local<'s>(&self, isolate: &Isolate, handles: &v8::PinScope<'s, '_, ()>) -> v8::Local<'s, v8::Context> {
        let made = match self {
            At::Main => None,
            At::Context(context) => Some(context.local(handles)),
            At::Object(object) => object.creation_context(handles),
        };
        made.unwrap_or_else(|| match &isolate.inner().main {
            Some(context) => v8::Local::new(handles, context),
            None => unreachable!("an isolate's first entry gives the context that it makes"),
        })
    }
}

#[inline]
fn run_at<R>(
    isolate: &Isolate,
    at: At,
    limits: &Limits,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    LOCAL.with(|local| {
        let thread = local.thread;
        let run = thread.prepare(isolate, limits, false);
        let running = thread.begin(&run);
        if let Some(kill) = thread.marked() {
            return Err(killed(kill, Vec::new()));
        }
        let entry = Entry::new(isolate, local)?;
        // An interrupt asked for before V8's lock was ours is forgotten by V8; its mark is not.
        if let Some(kill) = thread.marked() {
            drop(running);
            return Err(killed(kill, Vec::new()));
        }
        let outermost = {
            let mut inside = local.inside.borrow_mut();
            let outermost = inside.iter().all(|i| i.runs == 0 || !std::ptr::eq(i.isolate, isolate));
            inside.last_mut().expect("entered above").runs += 1;
            outermost
        };
        isolate.renew_interrupts();
        let result = inside(isolate, at, thread, Some(outermost), Some(running), body);
        local.inside.borrow_mut().last_mut().expect("still inside").runs -= 1;
        // Where the host drains, a rejection is unhandled once the host has drained.
        let drained = !isolate.options.host_drains || isolate.inner().drained;
        let rejections = if outermost && drained { take_rejections(isolate) } else { Vec::new() };
        drop(entry);
        if outermost {
            isolate.tasks.ran();
            after(isolate, rejections);
        }
        result
    })
}

/// Opens the scopes, runs the body and says how it ended. For `run` there are the run, and whether it is the
/// outermost of the isolate on this thread.
#[inline]
fn inside<R>(
    isolate: &Isolate,
    at: At,
    thread: &'static Thread,
    outermost: Option<bool>,
    running: Option<Running>,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<R, Error> {
    // SAFETY: the caller has entered the isolate.
    let mut v8_isolate = unsafe { raw::isolate(isolate.raw()) };
    isolate.free_now();
    let mut goes_on = false;
    let mut result = {
        v8::scope!(let handles, &mut v8_isolate);
        let context = at.local(isolate, handles);
        let scope = &mut v8::ContextScope::new(handles, context);
        v8::tc_scope!(let caught, scope);

        // A panic must not leave the run on the thread's stack, whoever panics.
        let mut result = catch_unwind(AssertUnwindSafe(|| {
            let done = match running.is_some() && is_stack_short(isolate) {
                true => stack_overflow(caught),
                false => body(caught),
            };
            done.map_err(|fail| match fail {
                Fail::Misuse(error) => error,
                Fail::Thrown => match (caught.has_terminated(), caught.exception()) {
                    (false, Some(exception)) => {
                        let message = caught.message();
                        Error::thrown(caught, exception, message)
                    }
                    _ => killed(thread.marked().unwrap_or(Status::Terminated.into()), Vec::new()),
                },
            })
        }))
        .unwrap_or_else(|panic| Err(Error::new(Status::Panic, panic_text(&*panic))));
        if let Some(running) = running {
            if outermost == Some(true)
                && !isolate.options.host_drains
                && !caught.has_terminated()
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| drain(isolate, caught)))
            {
                result = Err(Error::new(Status::Panic, panic_text(&*panic)));
            }
            if outermost == Some(true)
                && let Some(error) = isolate.inner().uncaught.take()
            {
                result = result.and(Err(error));
            }
            if let Some(ending) = running.end() {
                goes_on = ending.goes_on;
                if let Some((status, stack)) = ending.killed {
                    if !goes_on {
                        // SAFETY: this thread is inside the isolate.
                        unsafe { raw::v8__Isolate__CancelTerminateExecution(isolate.raw()) };
                    }
                    result = Err(killed(status, stack));
                }
            }
        }
        result
    };
    if goes_on {
        // SAFETY: this thread is inside. An enclosing run unwinds as soon as this one returns to it.
        unsafe { raw::v8__Isolate__TerminateExecution(isolate.raw()) };
    } else if isolate.over_limit.load(Ordering::Relaxed)
        && outermost.unwrap_or_else(|| !is_running(isolate))
        && isolate.over_limit.swap(false, Ordering::Relaxed)
    {
        if outermost.is_none() {
            // No run was there to be stopped: it is the host that fills the heap, and it has to know.
            result = Err(killed(Status::OutOfMemory, Vec::new()));
        }
        heap::restore_limit(isolate, &mut v8_isolate);
    }
    result
}

/// Does a part of a run within limits of its own. The thread is inside the isolate. When the limits have ended the
/// part, the kill says so, and the run goes on.
pub fn within<'s, 'i, R>(
    scope: &mut Scope<'s, 'i>,
    limits: &Limits,
    body: impl FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Result<Outcome<R>, Kill> {
    let isolate = Isolate::of(scope);
    let thread = Thread::current();
    let run = thread.prepare(&isolate, limits, false);
    let running = thread.begin(&run);
    let result = body(scope);
    let Some(ending) = running.end() else { return Ok(result) };
    if ending.goes_on {
        // An enclosing run is to end: that is the end of this one too.
        function::unwind(scope);
        return Ok(Err(Fail::Thrown));
    }
    match ending.killed {
        Some((kill, _)) => {
            // SAFETY: this thread is inside the isolate.
            unsafe { raw::v8__Isolate__CancelTerminateExecution(isolate.raw()) };
            Err(kill)
        }
        None => Ok(result),
    }
}

/// Long work that runs no JavaScript asks this from time to time: nothing else would stop it.
pub fn go_on() -> Outcome<()> {
    match Thread::current().marked() {
        Some(_) => Err(Fail::Thrown),
        None => Ok(()),
    }
}

#[cold]
pub fn killed(kill: impl Into<Kill>, stack: Vec<Frame>) -> Error {
    Error::killed(kill, stack)
}

/// What a panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    format!("a panic inside libjsvm was caught: {text}")
}

/// What is due to the host once the isolate has been left: finalizers, then reports. While the thread
/// is still inside an isolate, another thread does it: the host may wait for somebody who waits for
/// that isolate.
pub fn after(isolate: &Isolate, rejections: Vec<Rejection>) {
    if depth().0 > 0 {
        let mut jobs = isolate.take_jobs();
        if !rejections.is_empty()
            && let Some(listener) = isolate.listener()
        {
            jobs.push(Box::new(move || rejections.into_iter().for_each(|rejection| listener(rejection))));
        }
        if !jobs.is_empty() {
            reaper::later(jobs);
        }
        return;
    }

    isolate.take_jobs().into_iter().for_each(|job| job());
    if !rejections.is_empty()
        && let Some(listener) = isolate.listener()
    {
        rejections.into_iter().for_each(|rejection| listener(rejection));
    }
}
