//! A thread of the host as the library sees it: the runs on its stack, and how each is ended.
//!
//! A run is one call into an isolate. Whoever ends a run (the watchdog, a cancel token, the host,
//! the heap limit) only *marks* it and asks V8 for an interrupt. The interrupt arrives on the
//! run's own thread, looks whether a marked run is still there, notes the guest's stack and
//! terminates. So an ending that comes late finds no mark and can never hit the next run; and a
//! run that waits for its isolate is ended by the same mark.

use crate::engine::cancel::Cancel;
use crate::engine::error::{Frame, Kill, Status, capture_frames};
use crate::engine::gate::Gate;
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::{raw, sigint, watchdog};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// No deadline.
pub const NEVER: u64 = u64::MAX;
/// Frames of the guest's stack that are kept when it is stopped.
const KILL_STACK_FRAMES: usize = 32;

/// A thread's record. It is never freed, but used again by another thread when this one has ended:
/// so whoever has found a record may look at it, and who comes late finds no run of what it looks for.
#[derive(Default)]
pub struct Thread {
    /// Of the thread that has the record now: no two threads have the same.
    pub id: AtomicU64,
    /// The innermost run, tagged with VISITED while somebody visits. The thread puts a run on and takes
    /// it off by one exchange of this word, which fails during a visit: then it waits for the lock.
    top: AtomicPtr<Run>,
    /// Held by who visits, and by who sleeps until `wake`.
    visits: Mutex<()>,
    wake: Condvar,
    /// When the watchdog has to look at this thread next, in nanoseconds of `watchdog::now`.
    pub deadline: AtomicU64,
    clock: AtomicI32,
    /// The gate this thread waits for while it holds other isolates (see `gate`).
    pub waiting_on: AtomicPtr<Gate>,
    /// A run may be marked: what host functions look at on their way back to the guest.
    alert: AtomicBool,
}

/// In `top`.
const VISITED: usize = 1;

/// One call into an isolate. The record lies in the frame of the call. What can change is in cells: it is
/// looked at and changed in a `Visit`, or by the thread while the run is not on the stack.
pub struct Run {
    below: *const Run,
    thread: &'static Thread,
    isolate: *const Isolate,
    /// The run is a span around several stays in the isolate, not one of them.
    span: bool,
    deadline: u64,
    /// The thread's CPU clock at which the budget is used up, and when to look at it next.
    cpu_end: u64,
    cpu_look: Cell<u64>,
    cancel: Option<Arc<Cancel>>,
    /// SIGINT is for this run.
    break_on_sigint: bool,
    /// The limits in milliseconds, for the message.
    timeout_ms: Option<u64>,
    cpu_time_ms: Option<u64>,
    mark: Cell<Option<Kill>>,
    /// What this run ends with, once V8 has been told to terminate it.
    terminating: Cell<Option<Kill>>,
    stack: RefCell<Vec<Frame>>,
}

/// How a run ended.
pub struct Ending {
    /// Why, and the guest's stack, when the run was ended from outside.
    pub killed: Option<(Kill, Vec<Frame>)>,
    /// An enclosing run of the same isolate is to end too: V8 must go on terminating.
    pub goes_on: bool,
}

/// A look at the runs of a thread: while it lasts, none comes and none goes.
struct Visit<'a> {
    thread: &'a Thread,
    top: *const Run,
    _held: MutexGuard<'a, ()>,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        // The tag keeps the thread from changing the word and the lock everybody else. What was written
        // to the runs is seen by the thread's next exchange.
        self.thread.top.store(self.top.cast_mut(), Ordering::Release);
    }
}

impl Visit<'_> {
    /// Innermost first.
    fn runs(&self) -> impl Iterator<Item = &Run> {
        runs(self.top)
    }

    /// The outermost run for which it holds.
    fn outermost(&self, holds: impl Fn(&Run) -> bool) -> Option<&Run> {
        self.runs().filter(|run| holds(run)).last()
    }

    fn marked(&self) -> Option<&Run> {
        self.outermost(|run| run.mark.get().is_some())
    }

    /// The run and those above it.
    fn from(&self, run: &Run) -> impl Iterator<Item = &Run> {
        let end = run.below;
        self.runs().take_while(move |run| !std::ptr::eq(*run, end))
    }

    /// Marks the run and asks every isolate from there up the stack for an interrupt.
    fn mark(&self, run: &Run, kill: Kill) {
        if run.mark.get().is_some() {
            return;
        }
        run.mark.set(Some(kill));
        self.thread.alert.store(true, Ordering::SeqCst);
        for run in self.from(run) {
            // SAFETY: a run on the stack holds its isolate.
            unsafe { &*run.isolate }.request_interrupt(on_interrupt);
        }
        self.thread.wake.notify_all();
    }

    fn next_look(&self) -> u64 {
        let looks = self.runs().filter(|run| run.mark.get().is_none()).map(|run| run.next_look());
        looks.min().unwrap_or(NEVER)
    }
}

/// The runs from this one down. They must not change meanwhile.
fn runs<'a>(top: *const Run) -> impl Iterator<Item = &'a Run> {
    // SAFETY: what is on the stack lies in the frames of calls that have not returned.
    std::iter::successors(unsafe { top.as_ref() }, |run| unsafe { run.below.as_ref() })
}

impl Run {
    fn next_look(&self) -> u64 {
        self.deadline.min(self.cpu_look.get())
    }

    fn is_limited(&self) -> bool {
        self.next_look() != NEVER
    }
}

/// A run that is on its thread's stack.
pub struct Running<'a>(&'a Run);

impl Running<'_> {
    /// Takes the run off the stack and says how it ended, unless it was by itself.
    #[inline]
    pub fn end(self) -> Option<Box<Ending>> {
        let run = self.0;
        std::mem::forget(self);
        run.thread.pop(run)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.thread.pop(self.0);
    }
}

// SAFETY: `top` leads to records in the frames of the thread's calls, which others reach only by a
// `Visit`: the thread does not leave a frame during one.
unsafe impl Send for Thread {}
// SAFETY: as above.
unsafe impl Sync for Thread {}

/// Records whose thread has ended.
static UNUSED: Mutex<Vec<&'static Thread>> = Mutex::new(Vec::new());

impl Thread {
    fn new() -> &'static Thread {
        let unused = UNUSED.lock().unwrap_or_else(|e| e.into_inner()).pop();
        let thread = unused.unwrap_or_else(|| {
            let thread: &'static Thread = Box::leak(Box::default());
            watchdog::register(thread);
            thread
        });
        static IDS: AtomicU64 = AtomicU64::new(1);
        thread.id.store(IDS.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        thread.deadline.store(NEVER, Ordering::SeqCst);
        let mut clock = libc::CLOCK_THREAD_CPUTIME_ID;
        // SAFETY: asks for the calling thread's own clock; on failure the default stays.
        unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        thread.clock.store(clock, Ordering::Relaxed);
        thread
    }

    pub fn current() -> &'static Thread {
        LOCAL.with(|local| local.thread)
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.visits.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Takes the lock, so that one visit is there at a time, and tags the word, so that the thread stays.
    fn visit(&self) -> Visit<'_> {
        let held = self.lock();
        // Acquire: the run that the thread put on last is seen whole.
        let top = self
            .top
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |top| Some(top.map_addr(|a| a | VISITED)))
            .expect("the closure gives a value");
        Visit { thread: self, top, _held: held }
    }

    /// Replaces the innermost run. Only for the thread itself.
    #[inline]
    fn exchange(&self, from: *const Run, to: *const Run) {
        let (from, to) = (from.cast_mut(), to.cast_mut());
        // Release: who visits sees what is in the run. Acquire: the thread sees what visits have written.
        if self.top.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            let _held = self.lock();
            self.top.store(to, Ordering::Release);
        }
    }

    /// Makes the record of a run and starts its clocks.
    #[inline]
    pub fn prepare(&'static self, isolate: &Isolate, limits: &Limits, span: bool) -> Run {
        let mut run = Run {
            below: self.top.load(Ordering::Relaxed).map_addr(|a| a & !VISITED),
            thread: self,
            isolate,
            span,
            deadline: NEVER,
            cpu_end: NEVER,
            cpu_look: Cell::new(NEVER),
            cancel: limits.cancel.cloned(),
            break_on_sigint: limits.break_on_sigint,
            timeout_ms: None,
            cpu_time_ms: None,
            mark: Cell::new(None),
            terminating: Cell::new(None),
            stack: RefCell::default(),
        };
        if let Some(time) = limits.timeout {
            run.timeout_ms = Some(time.as_millis() as u64);
            run.deadline = watchdog::now().saturating_add(nanos(time));
        }
        if let Some(budget) = limits.cpu_time {
            run.cpu_time_ms = Some(budget.as_millis() as u64);
            run.cpu_end = self.cpu_now().saturating_add(nanos(budget));
            run.cpu_look.set(watchdog::now().saturating_add(nanos(budget)));
        }
        run
    }

    /// Puts a run on the stack of the calling thread, whose record this is. `marked` tells whether it may
    /// go on; it is to be asked once the isolate is entered, since V8 forgets the interrupts that came before.
    #[inline]
    pub fn begin<'a>(&'static self, run: &'a Run) -> Running<'a> {
        // Read before others can see the run: they may put off the look.
        let look = run.next_look();
        self.exchange(run.below, run);
        // From here on it is taken off, also if there is no thread to be had for the watchdog.
        let running = Running(run);
        if look != NEVER || run.cancel.is_some() || run.break_on_sigint {
            self.arm(run, look);
        }
        running
    }

    fn arm(&'static self, run: &Run, look: u64) {
        if look < self.deadline.load(Ordering::Relaxed) {
            self.deadline.store(look, Ordering::SeqCst);
            watchdog::arm(look);
        }
        if let Some(cancel) = &run.cancel
            && !cancel.attach(self)
        {
            self.cancelled(cancel);
        }
        if run.break_on_sigint {
            sigint::attach(self);
        }
    }

    /// Takes the top run off the stack.
    #[inline]
    fn pop(&'static self, run: &Run) -> Option<Box<Ending>> {
        // While the run is still there for a signal to mark.
        let interrupted = run.break_on_sigint && sigint::detach(self);
        self.exchange(run, run.below);
        if let Some(cancel) = &run.cancel {
            cancel.detach(self);
        }
        // Nothing is marked without an alert, and an alert that a visit made before the exchange is seen.
        let look = run.is_limited() || interrupted || self.must_stop();
        if look { self.look_back(run, interrupted) } else { None }
    }

    /// What is left to do after a run that had limits, or on a stack where something is marked.
    #[cold]
    fn look_back(&self, run: &Run, interrupted: bool) -> Option<Box<Ending>> {
        let visit = self.visit();
        if run.is_limited() {
            self.deadline.store(visit.next_look(), Ordering::SeqCst);
        }
        if run.mark.get().is_some() {
            self.alert.store(visit.marked().is_some(), Ordering::SeqCst);
        }
        let same = |r: &Run| !r.span && std::ptr::eq(r.isolate, run.isolate);
        let ends = |r: &Run| r.terminating.get().or(r.mark.get());
        let goes_on = !run.span && visit.runs().any(|r| same(r) && ends(r).is_some());
        // Like Node, a run that finished in the moment it was to be ended was ended.
        let interrupted = interrupted.then_some(Kill::from(Status::Interrupted));
        let killed = ends(run).or(interrupted).map(|kill| (kill, run.stack.take()));
        (goes_on || killed.is_some()).then(|| Box::new(Ending { killed, goes_on }))
    }

    /// What has marked the top run or one below it.
    pub fn marked(&self) -> Option<Kill> {
        if self.must_stop() { self.visit().marked().and_then(|run| run.mark.get()) } else { None }
    }

    /// Waits until `done`, a mark on a run, or `until` (nanoseconds of `watchdog::now`). Only for the
    /// thread itself.
    pub fn wait(&self, until: u64, done: impl Fn() -> bool) -> Result<bool, Kill> {
        let mut held = self.lock();
        loop {
            if done() {
                return Ok(true);
            }
            // Nobody visits while the lock is held, and the thread is here.
            let marked = runs(self.top.load(Ordering::Relaxed)).filter_map(|run| run.mark.get()).last();
            if let Some(kill) = marked {
                return Err(kill);
            }
            if until == NEVER {
                held = self.wake.wait(held).unwrap_or_else(|e| e.into_inner());
            } else {
                let now = watchdog::now();
                if now >= until {
                    return Ok(false);
                }
                let left = std::time::Duration::from_nanos(until - now);
                held = self.wake.wait_timeout(held, left).unwrap_or_else(|e| e.into_inner()).0;
            }
        }
    }

    /// Wakes the thread if it is in `wait`.
    pub fn notify(&self) {
        let _held = self.lock();
        self.wake.notify_all();
    }

    /// The watchdog's visit: marks what is over.
    pub fn expire(&self, now: u64) {
        let visit = self.visit();
        let mut over: Vec<&Run> = visit.runs().filter(|run| run.mark.get().is_none()).collect();
        // The outermost run decides how the ones above it end.
        over.reverse();
        for run in over {
            if run.deadline <= now {
                visit.mark(run, Kill { status: Status::Timeout, limit_ms: run.timeout_ms });
            } else if run.cpu_look.get() <= now {
                let used = self.cpu_now();
                if used >= run.cpu_end {
                    visit.mark(run, Kill { status: Status::CpuTime, limit_ms: run.cpu_time_ms });
                } else {
                    // A thread uses no more CPU than time passes.
                    run.cpu_look.set(now + (run.cpu_end - used).max(500_000));
                }
            }
        }
        self.deadline.store(visit.next_look(), Ordering::SeqCst);
    }

    /// Marks the runs that carry a token.
    pub fn cancelled(&self, cancel: &Arc<Cancel>) {
        let visit = self.visit();
        let carries = |run: &Run| run.cancel.as_ref().is_some_and(|c| Arc::ptr_eq(c, cancel));
        if let Some(run) = visit.outermost(|run| run.mark.get().is_none() && carries(run)) {
            visit.mark(run, Status::Cancelled.into());
        }
    }

    /// Marks the innermost run that asked for SIGINT.
    pub fn interrupted(&self) {
        let visit = self.visit();
        if let Some(run) = visit.runs().find(|run| run.break_on_sigint) {
            visit.mark(run, Status::Interrupted.into());
        }
    }

    /// Marks the outermost run of an isolate.
    pub fn stop(&self, isolate: *const Isolate, status: Status) {
        let visit = self.visit();
        if let Some(run) = visit.outermost(|run| std::ptr::eq(run.isolate, isolate)) {
            visit.mark(run, status.into());
        }
    }

    /// Stops what this thread runs: the run that is marked already, or else the top one.
    pub fn stop_top(&self, status: Status) {
        let visit = self.visit();
        if visit.marked().is_none()
            && let Some(top) = visit.runs().next()
        {
            visit.mark(top, status.into());
        }
    }

    /// Whether a run is marked, so that the guest must not go on.
    pub fn must_stop(&self) -> bool {
        self.alert.load(Ordering::SeqCst)
    }

    fn cpu_now(&self) -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the clock belongs to a thread that lives as long as it has runs.
        unsafe { libc::clock_gettime(self.clock.load(Ordering::Relaxed), &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

/// V8 calls this on the thread that runs the isolate, at a point where JavaScript can stop.
unsafe extern "C" fn on_interrupt(isolate: v8::UnsafeRawIsolatePtr, _: *mut c_void) {
    crate::engine::function::no_unwind(|| {
        // SAFETY: V8 gives the isolate that this thread runs.
        terminate_marked(&mut unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) });
    });
}

/// If a run is marked: notes the guest's stack and has V8 terminate the isolate.
pub fn terminate_marked(isolate: &mut v8::Isolate) {
    let thread = Thread::current();
    let wants_stack = match thread.visit().marked() {
        Some(run) => run.stack.borrow().is_empty(),
        None => return,
    };
    // Taken without a visit: it allocates, and the heap limit's callback marks runs.
    let stack = if wants_stack { capture_frames(isolate, KILL_STACK_FRAMES) } else { Vec::new() };
    let visit = thread.visit();
    let Some(marked) = visit.marked() else { return };
    let here = raw::raw_isolate(isolate);
    // SAFETY: a run on the stack holds its isolate.
    for run in visit.from(marked).filter(|run| unsafe { &*run.isolate }.raw() == here) {
        run.terminating.set(marked.mark.get());
        if run.stack.borrow().is_empty() {
            *run.stack.borrow_mut() = stack.clone();
        }
    }
    drop(visit);
    // SAFETY: this thread is inside the isolate.
    unsafe { raw::v8__Isolate__TerminateExecution(here) };
}

/// What a thread remembers about itself.
pub struct PerThread {
    pub thread: &'static Thread,
    /// The isolates this thread is in, outermost first.
    pub inside: RefCell<Vec<crate::engine::enter::Inside>>,
    /// How many sessions the thread has (see `session`).
    pub sessions: Cell<usize>,
    /// The lowest address of this thread's stack.
    pub stack_low: Cell<usize>,
}

impl Drop for PerThread {
    fn drop(&mut self) {
        UNUSED.lock().unwrap_or_else(|e| e.into_inner()).push(self.thread);
    }
}

thread_local! {
    pub static LOCAL: PerThread = PerThread {
        thread: Thread::new(),
        inside: const { RefCell::new(Vec::new()) },
        sessions: const { Cell::new(0) },
        stack_low: const { Cell::new(0) },
    };
}

/// The lowest address of the calling thread's stack, guard excluded.
pub fn stack_low(local: &PerThread) -> usize {
    if local.stack_low.get() == 0 {
        // SAFETY: the attributes are initialised by the call and destroyed after use.
        unsafe {
            let mut attributes = std::mem::zeroed();
            let mut low = std::ptr::null_mut();
            let mut size = 0;
            if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) == 0 {
                if libc::pthread_attr_getstack(&attributes, &mut low, &mut size) == 0 {
                    local.stack_low.set(low as usize);
                }
                libc::pthread_attr_destroy(&mut attributes);
            }
        }
    }
    local.stack_low.get()
}
