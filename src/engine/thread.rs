//! A thread of the host as the library sees it: the runs on its stack, and how each is ended.
//!
//! A run is one call into an isolate. Whoever ends a run (the watchdog, a cancel token, the host,
//! the heap limit) only *marks* it and asks V8 for an interrupt. The interrupt arrives on the
//! run's own thread, looks whether a marked run is still there, notes the guest's stack and
//! terminates. So an ending that comes late finds no mark and can never hit the next run; and a
//! run that waits for its isolate is ended by the same mark.

use crate::engine::cancel::Cancel;
use crate::engine::error::{Frame, Kill, Status, capture_frames};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::{raw, sigint, watchdog};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// No deadline.
pub const NEVER: u64 = u64::MAX;
/// Frames of the guest's stack that are kept when it is stopped.
const KILL_STACK_FRAMES: usize = 32;

pub struct Thread {
    pub id: u64,
    state: Mutex<Vec<Run>>,
    wake: Condvar,
    /// When the watchdog has to look at this thread next, in nanoseconds of `watchdog::now`.
    pub deadline: AtomicU64,
    clock: libc::clockid_t,
    /// The gate this thread waits for while it holds other isolates (see `gate`).
    pub waiting_on: AtomicPtr<crate::engine::gate::Gate>,
    /// A run may be marked: what host functions look at on their way back to the guest.
    alert: AtomicBool,
}

struct Run {
    isolate: *const Isolate,
    /// The run is a span around several stays in the isolate, not one of them.
    span: bool,
    deadline: u64,
    /// The thread's CPU clock at which the budget is used up, and when to look at it next.
    cpu_end: u64,
    cpu_look: u64,
    cancel: Option<Arc<Cancel>>,
    /// SIGINT is for this run.
    break_on_sigint: bool,
    /// The limits in milliseconds, for the message.
    timeout_ms: Option<u64>,
    cpu_time_ms: Option<u64>,
    mark: Option<Kill>,
    /// What this run ends with, once V8 has been told to terminate it.
    terminating: Option<Kill>,
    stack: Vec<Frame>,
}

// SAFETY: `isolate` is only followed while the run is on its thread's stack, which holds the isolate.
unsafe impl Send for Run {}

/// How a run ended.
pub struct Ending {
    /// Why, and the guest's stack, when the run was ended from outside.
    pub killed: Option<(Kill, Vec<Frame>)>,
    /// An enclosing run of the same isolate is to end too: V8 must go on terminating.
    pub goes_on: bool,
}

impl Thread {
    fn new() -> Arc<Thread> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let mut clock = libc::CLOCK_THREAD_CPUTIME_ID;
        // SAFETY: asks for the calling thread's own clock; on failure the default stays.
        unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        let thread = Arc::new(Thread {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            state: Mutex::new(Vec::new()),
            wake: Condvar::new(),
            deadline: AtomicU64::new(NEVER),
            clock,
            waiting_on: AtomicPtr::new(std::ptr::null_mut()),
            alert: AtomicBool::new(false),
        });
        watchdog::register(&thread);
        thread
    }

    pub fn current() -> Arc<Thread> {
        LOCAL.with(|local| local.thread.clone())
    }

    fn runs(&self) -> MutexGuard<'_, Vec<Run>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Puts a run on the stack and starts its clocks. `end` must follow on the same thread.
    /// `marked` tells whether the run may go on; it is to be asked once the isolate is entered,
    /// since V8 forgets the interrupts that came before.
    pub fn begin(self: &Arc<Self>, isolate: &Arc<Isolate>, limits: &Limits) {
        self.push(isolate, limits, false);
    }

    /// As `begin`, for a call that enters the isolate several times and waits outside in between:
    /// its limits hold for all of it.
    pub fn begin_span(self: &Arc<Self>, isolate: &Arc<Isolate>, limits: &Limits) {
        self.push(isolate, limits, true);
    }

    fn push(self: &Arc<Self>, isolate: &Arc<Isolate>, limits: &Limits, span: bool) {
        let now = if limits.timeout.is_some() || limits.cpu_time.is_some() { watchdog::now() } else { 0 };
        let mut run = Run {
            isolate: Arc::as_ptr(isolate),
            span,
            deadline: limits.timeout.map_or(NEVER, |t| now.saturating_add(nanos(t))),
            cpu_end: NEVER,
            cpu_look: NEVER,
            cancel: limits.cancel.cloned(),
            break_on_sigint: limits.break_on_sigint,
            timeout_ms: limits.timeout.map(|time| time.as_millis() as u64),
            cpu_time_ms: limits.cpu_time.map(|time| time.as_millis() as u64),
            mark: None,
            terminating: None,
            stack: Vec::new(),
        };
        if let Some(budget) = limits.cpu_time {
            run.cpu_end = self.cpu_now().saturating_add(nanos(budget));
            run.cpu_look = now.saturating_add(nanos(budget));
        }
        let look = run.deadline.min(run.cpu_look);
        self.runs().push(run);
        if look < self.deadline.load(Ordering::Relaxed) {
            self.deadline.store(look, Ordering::SeqCst);
            watchdog::arm(look);
        }
        if let Some(cancel) = limits.cancel
            && !cancel.attach(self)
        {
            self.cancelled(cancel);
        }
        if limits.break_on_sigint {
            sigint::attach(self);
        }
    }

    /// Takes the top run off the stack.
    pub fn end(self: &Arc<Self>) -> Ending {
        let mut runs = self.runs();
        let mut interrupted = None;
        if runs.last().is_some_and(|run| run.break_on_sigint) {
            drop(runs);
            interrupted = sigint::detach(self).then_some(Kill::from(Status::Interrupted));
            runs = self.runs();
        }
        let run = runs.pop().expect("a run ends that began");
        let goes_on = !run.span
            && runs.iter().any(|r| {
                !r.span
                    && std::ptr::eq(r.isolate, run.isolate)
                    && (r.terminating.is_some() || r.mark.is_some())
            });
        if run.deadline != NEVER || run.cpu_look != NEVER {
            self.deadline.store(next_look(&runs), Ordering::SeqCst);
        }
        if run.mark.is_some() {
            self.alert.store(first_mark(&runs).is_some(), Ordering::SeqCst);
        }
        drop(runs);
        if let Some(cancel) = &run.cancel {
            cancel.detach(self);
        }
        // Like Node, a run that finished in the moment it was to be ended was ended.
        Ending { killed: run.terminating.or(run.mark).or(interrupted).map(|kill| (kill, run.stack)), goes_on }
    }

    /// What has marked the top run or one below it.
    pub fn marked(&self) -> Option<Kill> {
        if self.must_stop() { first_mark(&self.runs()) } else { None }
    }

    /// Waits until `done`, a mark on a run, or `until` (nanoseconds of `watchdog::now`).
    pub fn wait(&self, until: u64, done: impl Fn() -> bool) -> Result<bool, Kill> {
        let mut runs = self.runs();
        loop {
            if done() {
                return Ok(true);
            }
            if let Some(kill) = first_mark(&runs) {
                return Err(kill);
            }
            if until == NEVER {
                runs = self.wake.wait(runs).unwrap_or_else(|e| e.into_inner());
            } else {
                let now = watchdog::now();
                if now >= until {
                    return Ok(false);
                }
                let left = std::time::Duration::from_nanos(until - now);
                runs = self.wake.wait_timeout(runs, left).unwrap_or_else(|e| e.into_inner()).0;
            }
        }
    }

    /// Wakes the thread if it is in `wait`.
    pub fn notify(&self) {
        let _runs = self.runs();
        self.wake.notify_all();
    }

    /// Marks run `at` and asks every isolate from there up the stack for an interrupt.
    fn mark(&self, runs: &mut [Run], at: usize, kill: Kill) {
        if runs[at].mark.is_some() {
            return;
        }
        runs[at].mark = Some(kill);
        self.alert.store(true, Ordering::SeqCst);
        for run in &runs[at..] {
            // SAFETY: a run on the stack holds its isolate.
            unsafe { &*run.isolate }.request_interrupt(on_interrupt);
        }
        self.wake.notify_all();
    }

    /// The watchdog's visit: marks what is over.
    pub fn expire(&self, now: u64) {
        let mut runs = self.runs();
        for at in 0..runs.len() {
            if runs[at].mark.is_some() {
                continue;
            }
            if runs[at].deadline <= now {
                let kill = Kill { status: Status::Timeout, limit_ms: runs[at].timeout_ms };
                self.mark(&mut runs, at, kill);
            } else if runs[at].cpu_look <= now {
                let used = self.cpu_now();
                if used >= runs[at].cpu_end {
                    let kill = Kill { status: Status::CpuTime, limit_ms: runs[at].cpu_time_ms };
                    self.mark(&mut runs, at, kill);
                } else {
                    // A thread uses no more CPU than time passes.
                    runs[at].cpu_look = now + (runs[at].cpu_end - used).max(500_000);
                }
            }
        }
        self.deadline.store(next_look(&runs), Ordering::SeqCst);
    }

    /// Marks the runs that carry a token.
    pub fn cancelled(&self, cancel: &Arc<Cancel>) {
        let mut runs = self.runs();
        if let Some(at) = runs
            .iter()
            .position(|r| r.mark.is_none() && r.cancel.as_ref().is_some_and(|c| Arc::ptr_eq(c, cancel)))
        {
            self.mark(&mut runs, at, Status::Cancelled.into());
        }
    }

    /// Marks the innermost run that asked for SIGINT.
    pub fn interrupted(&self) {
        let mut runs = self.runs();
        if let Some(at) = runs.iter().rposition(|r| r.break_on_sigint) {
            self.mark(&mut runs, at, Status::Interrupted.into());
        }
    }

    /// Marks the outermost run of an isolate.
    pub fn stop(&self, isolate: *const Isolate, status: Status) {
        let mut runs = self.runs();
        if let Some(at) = runs.iter().position(|r| std::ptr::eq(r.isolate, isolate)) {
            self.mark(&mut runs, at, status.into());
        }
    }

    /// Stops what this thread runs: the run that is marked already, or else the top one.
    pub fn stop_top(&self, status: Status) {
        let mut runs = self.runs();
        if first_mark(&runs).is_none()
            && let Some(top) = runs.len().checked_sub(1)
        {
            self.mark(&mut runs, top, status.into());
        }
    }

    /// Whether a run is marked, so that the guest must not go on.
    pub fn must_stop(&self) -> bool {
        self.alert.load(Ordering::SeqCst)
    }

    fn cpu_now(&self) -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the clock belongs to a thread that lives as long as it has runs.
        unsafe { libc::clock_gettime(self.clock, &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

fn first_mark(runs: &[Run]) -> Option<Kill> {
    runs.iter().find_map(|run| run.mark)
}

fn next_look(runs: &[Run]) -> u64 {
    runs.iter().filter(|r| r.mark.is_none()).map(|r| r.deadline.min(r.cpu_look)).min().unwrap_or(NEVER)
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
    let (at, wants_stack) = {
        let runs = thread.runs();
        let Some(at) = runs.iter().position(|run| run.mark.is_some()) else { return };
        (at, runs[at].stack.is_empty())
    };
    // Taken without the lock held: it allocates, and the heap limit's callback marks runs.
    let stack = if wants_stack { capture_frames(isolate, KILL_STACK_FRAMES) } else { Vec::new() };
    let mut runs = thread.runs();
    let Some(kill) = runs.get(at).and_then(|run| run.mark) else { return };
    let here = raw::raw_isolate(isolate);
    for run in &mut runs[at..] {
        // SAFETY: a run on the stack holds its isolate.
        if unsafe { &*run.isolate }.raw() == here {
            run.terminating = Some(kill);
            if run.stack.is_empty() {
                run.stack = stack.clone();
            }
        }
    }
    drop(runs);
    // SAFETY: this thread is inside the isolate.
    unsafe { raw::v8__Isolate__TerminateExecution(here) };
}

/// What a thread remembers about itself.
pub struct Local {
    pub thread: Arc<Thread>,
    /// The isolates this thread is in, outermost first.
    pub inside: RefCell<Vec<crate::engine::enter::Inside>>,
    /// The lowest address of this thread's stack.
    pub stack_low: Cell<usize>,
}

thread_local! {
    pub static LOCAL: Local = Local {
        thread: Thread::new(),
        inside: const { RefCell::new(Vec::new()) },
        stack_low: const { Cell::new(0) },
    };
}

/// The lowest address of the calling thread's stack, guard excluded.
pub fn stack_low(local: &Local) -> usize {
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
