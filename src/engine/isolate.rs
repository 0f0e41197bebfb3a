//! One V8 isolate and all that belongs to it.

use crate::engine::enter::Scope;
use crate::engine::error::{Error, Status};
use crate::engine::gate::{Close, Gate};
use crate::engine::reaper::Job;
use crate::engine::tasks::Queue;
use crate::engine::value::{Out, Value};
use crate::engine::{function, heap, kept, platform, raw, reaper, weak};
use std::any::Any;
use std::cell::{RefCell, RefMut, UnsafeCell};
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Clone, Debug)]
pub struct Options {
    pub heap_limit: usize,
    pub buffer_limit: usize,
    pub stack_size: usize,
    /// The host drains the microtask queue; otherwise every outermost call does.
    pub host_drains: bool,
}

pub const DEFAULT_STACK_SIZE: usize = 984 << 10;

/// A promise that was rejected while nobody listened.
pub struct Rejection {
    pub promise: Arc<Value>,
    pub reason: Out,
}

type Rejected = (v8::Global<v8::Promise>, v8::Global<v8::Value>);

/// Told, inside the isolate, of a promise that was rejected while nobody listened, and why; without a reason, that
/// somebody listens now. True if it has taken the rejection.
#[derive(Clone, Copy)]
pub struct RejectionHook(
    pub for<'s> fn(&mut Scope<'s, '_>, v8::Local<'s, v8::Promise>, Option<v8::Local<'s, v8::Value>>) -> bool,
);

/// Told, outside the isolate, of the rejections that nobody handled.
pub type RejectionListener = Arc<dyn Fn(Rejection) + Send + Sync>;

/// A request of the host to be called at the next point where JavaScript can stop.
pub type Interrupt = Box<dyn FnOnce() + Send>;

pub struct Isolate {
    pub gate: Gate,
    pub options: Options,
    pub tasks: Arc<Queue>,
    pub buffers: Arc<heap::Buffers>,
    /// V8's cells that were freed by threads outside, and whether there are any.
    freed: Mutex<Vec<usize>>,
    has_freed: AtomicBool,
    /// The thread that has V8's lock, by its number; 0 is none.
    locked_by: AtomicU64,
    /// What the host calls the isolate by; zero before it has it and after it was freed.
    pub handle: AtomicUsize,
    /// The host has freed it.
    pub closed: AtomicBool,
    /// Something is being read: host functions are not to be called, whoever asks.
    pub quiet: AtomicBool,
    /// The heap limit was passed and is to be restored.
    pub over_limit: AtomicBool,
    /// Told of unhandled rejections.
    listener: Mutex<Option<RejectionListener>>,
    raw: raw::RawIsolate,
    remote: v8::IsolateHandle,
    /// Taken by whoever takes the isolate down.
    shared: UnsafeCell<Option<v8::SharedIsolate>>,
    inner: RefCell<Inner>,
    /// V8's record of its lock, for the thread inside.
    locker: UnsafeCell<[usize; 2]>,
    kept: Mutex<kept::Registry>,
    weak: Mutex<weak::Table>,
    jobs: Mutex<Vec<Job>>,
    interrupts: Mutex<Vec<Interrupt>>,
    /// Whether `jobs` and `interrupts` may hold something: looked at by every call.
    has_jobs: AtomicBool,
    has_interrupts: AtomicBool,
}

// SAFETY: `inner`, `locker` and what is behind `raw` are touched only by the thread that is inside (the gate
// and V8's lock see to that); `shared` only by the one that `Gate::close` or `release` appointed.
unsafe impl Send for Isolate {}
// SAFETY: as above.
unsafe impl Sync for Isolate {}

/// What only the thread inside may touch.
#[derive(Default)]
pub struct Inner {
    pub main: Option<v8::Global<v8::Context>>,
    /// Promises that were rejected while nobody listened, and why: new ones, and those that the runtime did not take.
    /// Some of them may have a handler by now.
    pub rejections: Vec<Rejected>,
    pub unhandled: Vec<Rejected>,
    /// Promises that found a listener after the runtime may have been told that they had none.
    pub handled_late: Vec<v8::Global<v8::Promise>>,
    /// Told of both, before the host is.
    pub rejection_hook: Option<RejectionHook>,
    /// Called before the microtasks run next, in order.
    pub ticks: VecDeque<v8::Global<v8::Function>>,
    /// The microtasks ran since rejections were last reported.
    pub drained: bool,
    /// What a task threw while nobody was there to catch it: the outermost run ends with it.
    pub uncaught: Option<Error>,
    /// Contexts made so far, for their default names.
    pub contexts: u64,
    /// What src/vm keeps.
    pub vm: Option<Box<dyn Any + Send>>,
    /// Some context has a microtask queue of its own.
    pub own_queues: bool,
    /// The thread that was inside last, by its id, and its stack limit.
    pub stack_limit: (u64, usize),
    /// Bytes of every stack that JavaScript leaves for V8 (see `enter::keep_stack_free`).
    pub stack_kept_free: usize,
}

impl Isolate {
    pub fn new(options: Options) -> Result<Arc<Isolate>, Error> {
        platform::start()?;
        let buffers = heap::Buffers::new(options.buffer_limit);
        let params = v8::CreateParams::default()
            .heap_limits(0, options.heap_limit)
            .array_buffer_allocator(buffers.allocator().make_shared());
        let mut owned = v8::Isolate::new(params);
        let raw = raw::raw_isolate(&owned);
        let isolate = Arc::new(Isolate {
            gate: Gate::default(),
            tasks: Queue::of_new(raw as usize),
            buffers,
            freed: Mutex::default(),
            has_freed: AtomicBool::new(false),
            locked_by: AtomicU64::new(0),
            handle: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            quiet: AtomicBool::new(false),
            over_limit: AtomicBool::new(false),
            listener: Mutex::default(),
            raw,
            remote: owned.thread_safe_handle(),
            shared: UnsafeCell::new(None),
            inner: RefCell::default(),
            locker: UnsafeCell::default(),
            kept: Mutex::default(),
            weak: Mutex::default(),
            jobs: Mutex::default(),
            interrupts: Mutex::default(),
            has_jobs: AtomicBool::new(false),
            has_interrupts: AtomicBool::new(false),
            options,
        });
        let me = Arc::as_ptr(&isolate) as *mut c_void;
        owned.set_data(0, me);
        owned.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        owned.set_capture_stack_trace_for_uncaught_exceptions(true, crate::engine::error::MAX_FRAMES as i32);
        owned.add_near_heap_limit_callback(heap::near_heap_limit, me);
        owned.set_promise_reject_callback(on_rejection);
        // SAFETY: only the crate's own slots and ours are attached so far, and ours are Send.
        let shared = unsafe { owned.try_into_shared() }
            .map_err(|e| Error::new(Status::Unsupported, e.kind().to_string()))?;
        // SAFETY: nobody else has the isolate yet.
        unsafe { *isolate.shared.get() = Some(shared) };
        Ok(isolate)
    }

    pub fn raw(&self) -> raw::RawIsolate {
        self.raw
    }

    /// The isolate that a scope is in.
    pub fn of(isolate: &v8::Isolate) -> Arc<Isolate> {
        let me = isolate.get_data(0) as *const Isolate;
        // SAFETY: `new` put it there, and whoever is inside holds a reference.
        unsafe {
            Arc::increment_strong_count(me);
            Arc::from_raw(me)
        }
    }

    /// As `of`, for a moment's use.
    pub fn here(isolate: &v8::Isolate) -> &Isolate {
        // SAFETY: `new` put it there, and whoever is inside holds a reference.
        unsafe { &*(isolate.get_data(0) as *const Isolate) }
    }

    /// The state for the thread inside. Panics, which is a bug, if it is borrowed already.
    pub fn inner(&self) -> RefMut<'_, Inner> {
        debug_assert!(crate::engine::enter::is_inside(self));
        self.inner.borrow_mut()
    }

    pub fn kept(&self) -> MutexGuard<'_, kept::Registry> {
        self.kept.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub fn weak(&self) -> MutexGuard<'_, weak::Table> {
        self.weak.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub fn request_interrupt(&self, callback: raw::InterruptCallback) {
        self.remote.request_interrupt(callback, std::ptr::null_mut());
    }

    /// Asks for a call on the thread that runs the isolate; if none does, in the next run.
    pub fn interrupt(&self, interrupt: Interrupt) {
        self.interrupts.lock().unwrap_or_else(|e| e.into_inner()).push(interrupt);
        self.has_interrupts.store(true, Ordering::SeqCst);
        self.request_interrupt(on_host_interrupt);
    }

    fn take_interrupts(&self) -> Vec<Interrupt> {
        self.has_interrupts.store(false, Ordering::SeqCst);
        std::mem::take(&mut *self.interrupts.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// At the start of a run: V8 forgot the requests that came while nobody was inside.
    pub fn renew_interrupts(&self) {
        if self.has_interrupts.load(Ordering::SeqCst) {
            self.request_interrupt(on_host_interrupt);
        }
    }

    /// Ends what runs in the isolate now, and calls that wait for its tasks. Calls that wait to enter go on.
    pub fn terminate(&self) {
        if let Some(owner) = self.gate.owner() {
            owner.stop(self, Status::Terminated);
        }
        self.tasks.stop_waiting(self, Status::Terminated);
    }

    /// The last one is let go here, outside the lock.
    pub fn set_listener(&self, listener: Option<RejectionListener>) {
        let before =
            std::mem::replace(&mut *self.listener.lock().unwrap_or_else(|e| e.into_inner()), listener);
        drop(before);
    }

    pub fn listener(&self) -> Option<RejectionListener> {
        self.listener.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Something of the host's to be called when the isolate has been left.
    pub fn after(&self, job: Job) {
        self.jobs.lock().unwrap_or_else(|e| e.into_inner()).push(job);
        self.has_jobs.store(true, Ordering::SeqCst);
    }

    pub fn take_jobs(&self) -> Vec<Job> {
        if !self.has_jobs.load(Ordering::SeqCst) || !self.has_jobs.swap(false, Ordering::SeqCst) {
            return Vec::new();
        }
        std::mem::take(&mut *self.jobs.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// V8's cell is nobody's any more; this thread is not inside.
    pub fn free_later(&self, cell: *const v8::Data) {
        self.freed.lock().unwrap_or_else(|e| e.into_inner()).push(cell as usize);
        self.has_freed.store(true, Ordering::Release);
    }

    /// Frees what was freed outside. This thread is inside.
    #[inline]
    pub fn free_now(&self) {
        if self.has_freed.load(Ordering::Relaxed) && self.has_freed.swap(false, Ordering::Acquire) {
            let freed = std::mem::take(&mut *self.freed.lock().unwrap_or_else(|e| e.into_inner()));
            // SAFETY: live cells of this isolate's, and this thread is inside it.
            freed.into_iter().for_each(|cell| unsafe { raw::v8__Global__Reset(cell as *const v8::Data) });
        }
    }

    /// Takes V8's lock for the thread of that number, which has passed the gate. Whoever had it before keeps it until then, so
    /// that a thread that comes again finds all as it left it: V8's lock costs as much as a small run.
    #[inline]
    pub fn lock(&self, thread: u64) {
        if self.locked_by.load(Ordering::Relaxed) != thread {
            self.unlock();
            // SAFETY: the lock is free, and the place for V8's record of it this thread's: the gate lets one through.
            unsafe { raw::v8__Locker__CONSTRUCT(self.locker.get(), self.raw) };
            self.locked_by.store(thread, Ordering::Relaxed);
        }
    }

    /// Gives V8's lock back, whichever thread took it: nobody is inside, and nobody else can come.
    fn unlock(&self) {
        if self.locked_by.swap(0, Ordering::Relaxed) != 0 {
            // SAFETY: constructed by `lock`. V8 keeps no account of threads in it beyond a number, which it forgets here.
            unsafe { raw::v8__Locker__DESTRUCT(self.locker.get()) };
        }
    }

    /// Closes the isolate: stops what runs in it, and whoever leaves it last takes it down.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        match self.gate.close() {
            Close::Already => {}
            Close::Empty => self.dispose(),
            Close::Inside(owner) => {
                owner.stop(self, Status::Disposed);
            }
        }
    }

    /// Takes V8's isolate down. Only for the one whom the gate appointed, outside the isolate.
    pub fn dispose(&self) {
        let wakeup = self.tasks.close();
        self.unlock();
        let inner = self.inner.take();
        // Its Globals leave their cells to V8, which is taken down next.
        drop(inner);
        // SAFETY: the gate appoints one thread, once, and lets nobody in any more.
        let shared = unsafe { (*self.shared.get()).take() };
        drop(shared);
        self.tasks.forget(self.raw as usize);
        let (listener, interrupts) = (
            std::mem::take(&mut *self.listener.lock().unwrap_or_else(|e| e.into_inner())),
            self.take_interrupts(),
        );
        let mut jobs = self.take_jobs();
        // Without anything of the host's there is nothing to let go of, and no thread to start for it.
        if wakeup.is_some() || listener.is_some() || !interrupts.is_empty() {
            jobs.push(Box::new(move || drop((wakeup, listener, interrupts))));
        }
        jobs.extend(self.kept().close());
        reaper::later(jobs);
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        // A reference-counted isolate that nobody closed: `new` failed half-way.
        if self.shared.get_mut().is_some() {
            self.unlock();
            *self.shared.get_mut() = None;
            self.tasks.forget(self.raw as usize);
        }
    }
}

unsafe extern "C" fn on_host_interrupt(isolate: v8::UnsafeRawIsolatePtr, _: *mut c_void) {
    function::no_unwind(|| {
        // SAFETY: V8 gives the isolate that this thread runs.
        let isolate = Isolate::of(unsafe { v8::Isolate::ref_from_raw_isolate_ptr(&isolate) });
        for interrupt in isolate.take_interrupts() {
            interrupt();
        }
    });
}

unsafe extern "C" fn on_rejection(message: v8::PromiseRejectMessage) {
    function::no_unwind(|| {
        let promise = message.get_promise();
        v8::callback_scope!(unsafe scope, &message);
        let isolate = Isolate::of(scope);
        let mut inner = isolate.inner();
        match message.get_event() {
            v8::PromiseRejectEvent::PromiseRejectWithNoHandler => {
                // Kept only for who listens: the list holds the promises alive.
                if (inner.rejection_hook.is_some() || isolate.listener().is_some())
                    && let Some(value) = message.get_value()
                {
                    let entry = (v8::Global::new(scope, promise), v8::Global::new(scope, value));
                    inner.rejections.push(entry);
                }
            }
            v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => {
                // Most often it is the last one. The others are passed over when the lists are gone through: to look
                // for each would take quadratic time.
                let promise = v8::Global::new(scope, promise);
                if inner.rejections.last().is_some_and(|(last, _)| *last == promise) {
                    inner.rejections.pop();
                } else if inner.rejection_hook.is_some() {
                    inner.handled_late.push(promise);
                }
            }
            _ => {}
        }
    });
}
