//! `break_on_sigint`: while a run asks for it, SIGINT ends that run and reaches nobody else.
//!
//! The handler of before is put aside for as long as there is such a run, in any thread, and comes back
//! after the last one. A signal is for every thread that asks, and there for the innermost run that does.
//! The handler itself may do next to nothing: it counts, and wakes a thread that marks the runs.

use crate::engine::platform::BlockedSignals;
use crate::engine::thread::Thread;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once};

/// Signals that came so far.
static SIGNALS: AtomicU64 = AtomicU64::new(0);
/// What the handler writes to.
static WAKE: AtomicI32 = AtomicI32::new(-1);
static STATE: Mutex<State> = Mutex::new(State { asking: Vec::new(), before: None });

struct State {
    /// One entry for each run that asks; of one thread's the innermost comes last.
    asking: Vec<Asking>,
    /// The host's handler, while ours is in its place.
    before: Option<libc::sigaction>,
}

struct Asking {
    thread: &'static Thread,
    /// The signals that are not for this run any more.
    seen: u64,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(|e| e.into_inner())
}

/// The thread's top run asks for SIGINT from now on, until `detach`.
pub fn attach(thread: &'static Thread) {
    start();
    let mut state = state();
    if state.asking.is_empty() {
        state.before = exchange(Some(&ours()));
    }
    state.asking.push(Asking { thread, seen: SIGNALS.load(Ordering::SeqCst) });
}

/// The thread's top run, which asked, is about to end. True if a signal came that has marked no run yet: it was
/// for this one.
pub fn detach(thread: &'static Thread) -> bool {
    let mut state = state();
    let signals = SIGNALS.load(Ordering::SeqCst);
    let at = state.asking.iter().rposition(|asking| std::ptr::eq(asking.thread, thread));
    let pending = state.asking.remove(at.expect("a run that asked")).seen < signals;
    if pending {
        state.taken(thread, signals);
    }
    if state.asking.is_empty()
        && let Some(before) = state.before.take()
    {
        // Unless somebody has put another one there meanwhile.
        if exchange(None).is_some_and(|now| now.sa_sigaction == ours().sa_sigaction) {
            exchange(Some(&before));
        }
    }
    pending
}

impl State {
    /// What came so far has found its run in this thread.
    fn taken(&mut self, thread: &'static Thread, signals: u64) {
        for asking in self.asking.iter_mut().filter(|asking| std::ptr::eq(asking.thread, thread)) {
            asking.seen = signals;
        }
    }
}

fn ours() -> libc::sigaction {
    // SAFETY: zeroes are a valid value; sigemptyset fills what follows.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_sigint as extern "C" fn(libc::c_int) as usize;
        // The thread that is hit may be a Go one, with a small stack, or in a system call.
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        action
    }
}

/// Gives the handler that is there, and puts another in its place.
fn exchange(action: Option<&libc::sigaction>) -> Option<libc::sigaction> {
    let action = action.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both are valid for the call, or NULL.
    unsafe {
        let mut before = std::mem::zeroed();
        (libc::sigaction(libc::SIGINT, action, &mut before) == 0).then_some(before)
    }
}

/// Only what a signal handler may do.
extern "C" fn on_sigint(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the pipe stays open; errno belongs to the code that was interrupted.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(WAKE.load(Ordering::SeqCst), [0u8].as_ptr().cast(), 1);
        *libc::__errno_location() = errno;
    }
}

/// Starts the thread that marks the runs, once.
fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        let (mut wakes, wake) = std::io::pipe().expect("a pipe can be made");
        // A full pipe has news enough in it, and a handler must not wait.
        // SAFETY: a descriptor of ours.
        unsafe { libc::fcntl(wake.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        WAKE.store(wake.as_raw_fd(), Ordering::SeqCst);
        // The handler has it from now on.
        std::mem::forget(wake);
        let _signals = BlockedSignals::block();
        std::thread::Builder::new()
            .name("jsvm-sigint".into())
            .stack_size(256 << 10)
            .spawn(move || {
                while wakes.read(&mut [0; 64]).is_ok() {
                    deliver();
                }
            })
            .expect("a thread can be started");
    });
}

fn deliver() {
    let mut state = state();
    let signals = SIGNALS.load(Ordering::SeqCst);
    while let Some(at) = state.asking.iter().rposition(|asking| asking.seen < signals) {
        let thread = state.asking[at].thread;
        state.taken(thread, signals);
        // With the state held: the run cannot end in between.
        thread.interrupted();
    }
}
