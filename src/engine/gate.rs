//! The fair gate in front of V8's lock: one per isolate.
//!
//! V8's own lock has no timeout and no order. Threads pass the gate first come, first served; a
//! wait ends with the mark on the waiting run; and a thread that would wait for another one that
//! waits for it is refused instead.

use crate::engine::error::Status;
use crate::engine::thread::{NEVER, Thread};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    owner: Option<Arc<Thread>>,
    queue: VecDeque<Arc<Waiter>>,
    closed: bool,
}

struct Waiter {
    thread: Arc<Thread>,
    called: AtomicBool,
}

/// Who waits for whom, among threads that hold an isolate while they wait for another one. The
/// last of a cycle to come sees the cycle.
static WAIT_GRAPH: Mutex<()> = Mutex::new(());

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Passes the gate. `holds` says whether the thread is in another isolate meanwhile.
    pub fn acquire(&self, thread: &Arc<Thread>, holds: bool) -> Result<(), Refused> {
        let mut state = self.state();
        if state.closed {
            return Err(Refused::with(Status::Disposed));
        }
        if state.owner.is_none() {
            state.owner = Some(thread.clone());
            return Ok(());
        }
        let waiter = Arc::new(Waiter { thread: thread.clone(), called: AtomicBool::new(false) });
        state.queue.push_back(waiter.clone());
        drop(state);

        if holds {
            let graph = WAIT_GRAPH.lock().unwrap_or_else(|e| e.into_inner());
            if self.leads_to(thread) {
                drop(graph);
                return Err(self.leave_queue(&waiter, Status::Busy));
            }
            thread.waiting_on.store(self as *const Gate as *mut Gate, Ordering::SeqCst);
        }
        let waited = thread.wait(NEVER, || waiter.called.load(Ordering::SeqCst));
        if holds {
            let _graph = WAIT_GRAPH.lock().unwrap_or_else(|e| e.into_inner());
            thread.waiting_on.store(std::ptr::null_mut(), Ordering::SeqCst);
        }
        if let Err(status) = waited {
            return Err(self.leave_queue(&waiter, status));
        }
        // Called because the gate was closed, not because it was our turn.
        if self.state().owner.as_ref().is_none_or(|owner| !Arc::ptr_eq(owner, thread)) {
            return Err(Refused::with(Status::Disposed));
        }
        Ok(())
    }

    /// A wait ended early: out of the queue, or on to the next if our turn had come meanwhile.
    fn leave_queue(&self, waiter: &Arc<Waiter>, status: Status) -> Refused {
        let mut state = self.state();
        state.queue.retain(|w| !Arc::ptr_eq(w, waiter));
        let ours = waiter.called.load(Ordering::SeqCst)
            && state.owner.as_ref().is_some_and(|owner| Arc::ptr_eq(owner, &waiter.thread));
        drop(state);
        Refused { status, dispose: ours && self.release() }
    }

    /// Whether the owner of this gate waits, through others, for `thread`.
    fn leads_to(&self, thread: &Arc<Thread>) -> bool {
        let mut gate: *const Gate = self;
        for _ in 0..10_000 {
            // SAFETY: `waiting_on` is set and cleared under WAIT_GRAPH, which is held, by a thread
            // that holds the gate's isolate until it has cleared it.
            let Some(owner) = unsafe { &*gate }.state().owner.clone() else { return false };
            if Arc::ptr_eq(&owner, thread) {
                return true;
            }
            let next = owner.waiting_on.load(Ordering::SeqCst) as *const Gate;
            // A thread that owns what it waits for has been called and not looked up yet.
            if next.is_null() || next == gate {
                return false;
            }
            gate = next;
        }
        false
    }

    /// Lets the next thread in. True if the gate was closed meanwhile: then the caller, who is the
    /// only one ever told so, takes the isolate down.
    #[must_use]
    pub fn release(&self) -> bool {
        let mut state = self.state();
        if state.closed {
            return true;
        }
        let next = state.queue.pop_front();
        state.owner = next.as_ref().map(|w| w.thread.clone());
        if let Some(waiter) = next {
            waiter.called.store(true, Ordering::SeqCst);
            drop(state);
            waiter.thread.notify();
        }
        false
    }

    /// Closes the gate for good and sends the queue away. If nobody is inside, the caller takes the
    /// isolate down; otherwise the thread inside does when it leaves.
    pub fn close(&self) -> Close {
        let mut state = self.state();
        if state.closed {
            return Close::Already;
        }
        state.closed = true;
        let queue = std::mem::take(&mut state.queue);
        let owner = state.owner.clone();
        drop(state);
        for waiter in queue {
            waiter.called.store(true, Ordering::SeqCst);
            waiter.thread.notify();
        }
        match owner {
            Some(owner) => Close::Inside(owner),
            None => Close::Empty,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// The thread that is inside.
    pub fn owner(&self) -> Option<Arc<Thread>> {
        self.state().owner.clone()
    }
}

/// Why a thread was not let in.
pub struct Refused {
    pub status: Status,
    /// The gate closed while it was this thread's turn: it has to take the isolate down.
    pub dispose: bool,
}

impl Refused {
    fn with(status: Status) -> Self {
        Refused { status, dispose: false }
    }
}

/// What `Gate::close` found.
pub enum Close {
    Already,
    Empty,
    Inside(Arc<Thread>),
}
