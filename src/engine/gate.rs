//! The fair gate in front of V8's lock: one per isolate.
//!
//! V8's own lock has no timeout and no order. Threads pass the gate first come, first served; a
//! wait ends with the mark on the waiting run; and a thread that would wait for another one that
//! waits for it is refused instead.

use crate::engine::error::{Kill, Status};
use crate::engine::thread::{NEVER, Thread};
use std::collections::VecDeque;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Default)]
pub struct Gate {
    /// The thread that is inside, or null; tagged with SLOW while somebody waits and once it is closed.
    /// Without the tag one exchange lets a thread in or out. With it only who holds the lock changes it.
    owner: AtomicPtr<Thread>,
    state: Mutex<State>,
}

/// In `owner`.
const SLOW: usize = 1;

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<Waiter>>,
    closed: bool,
}

struct Waiter {
    thread: &'static Thread,
    called: AtomicBool,
}

/// Who waits for whom, among threads that hold an isolate while they wait for another one. The
/// last of a cycle to come sees the cycle.
static WAIT_GRAPH: Mutex<()> = Mutex::new(());

fn address(thread: &'static Thread) -> *mut Thread {
    thread as *const Thread as *mut Thread
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Passes the gate. `holds` says whether the thread is in another isolate meanwhile.
    #[inline]
    pub fn acquire(&self, thread: &'static Thread, holds: bool) -> Result<(), Refused> {
        // Acquire: what was done inside before is seen. Release: who finds the owner finds its run.
        let (free, me) = (null_mut(), address(thread));
        match self.owner.compare_exchange(free, me, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(_) => self.queue_up(thread, holds),
        }
    }

    #[cold]
    fn queue_up(&self, thread: &'static Thread, holds: bool) -> Result<(), Refused> {
        let mut state = self.state();
        if state.closed {
            return Err(Refused::with(Status::Disposed));
        }
        let taken = self.owner.fetch_update(Ordering::AcqRel, Ordering::Acquire, |owner| {
            Some(if owner.is_null() { address(thread) } else { owner.map_addr(|a| a | SLOW) })
        });
        if taken.is_ok_and(|owner| owner.is_null()) {
            return Ok(());
        }
        let waiter = Arc::new(Waiter { thread, called: AtomicBool::new(false) });
        state.queue.push_back(waiter.clone());
        drop(state);

        if holds {
            let graph = WAIT_GRAPH.lock().unwrap_or_else(|e| e.into_inner());
            if self.leads_to(thread) {
                drop(graph);
                return Err(self.leave_queue(&waiter, Status::Busy.into()));
            }
            thread.waiting_on.store(self as *const Gate as *mut Gate, Ordering::SeqCst);
        }
        let waited = thread.wait(NEVER, || waiter.called.load(Ordering::SeqCst));
        if holds {
            let _graph = WAIT_GRAPH.lock().unwrap_or_else(|e| e.into_inner());
            thread.waiting_on.store(null_mut(), Ordering::SeqCst);
        }
        if let Err(kill) = waited {
            return Err(self.leave_queue(&waiter, kill));
        }
        // Called because the gate was closed, not because it was our turn.
        if !self.is_owner(thread) {
            return Err(Refused::with(Status::Disposed));
        }
        Ok(())
    }

    /// A wait ended early: out of the queue, or on to the next if our turn had come meanwhile.
    fn leave_queue(&self, waiter: &Arc<Waiter>, kill: Kill) -> Refused {
        let mut state = self.state();
        state.queue.retain(|w| !Arc::ptr_eq(w, waiter));
        let ours = waiter.called.load(Ordering::SeqCst) && self.is_owner(waiter.thread);
        drop(state);
        Refused { kill, dispose: ours && self.release(waiter.thread) }
    }

    /// Whether the owner of this gate waits, through others, for `thread`.
    fn leads_to(&self, thread: &'static Thread) -> bool {
        let mut gate: *const Gate = self;
        for _ in 0..10_000 {
            // SAFETY: `waiting_on` is set and cleared under WAIT_GRAPH, which is held, by a thread
            // that holds the gate's isolate until it has cleared it.
            let Some(owner) = unsafe { &*gate }.owner() else { return false };
            if std::ptr::eq(owner, thread) {
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
    /// only one ever told so, takes the isolate down. `thread` is the one inside.
    #[must_use]
    #[inline]
    pub fn release(&self, thread: &'static Thread) -> bool {
        // Release: what was done inside is seen by the next one.
        let alone =
            self.owner.compare_exchange(address(thread), null_mut(), Ordering::Release, Ordering::Relaxed);
        alone.is_err() && self.hand_over()
    }

    #[cold]
    fn hand_over(&self) -> bool {
        let mut state = self.state();
        if state.closed {
            return true;
        }
        let next = state.queue.pop_front();
        let tag = if state.queue.is_empty() { 0 } else { SLOW };
        let owner = next.as_ref().map_or(null_mut(), |waiter| address(waiter.thread));
        self.owner.store(owner.map_addr(|a| a | tag), Ordering::Release);
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
        let tag = |owner: *mut Thread| Some(owner.map_addr(|a| a | SLOW));
        // Acquire: who finds nobody inside sees what was done there.
        let _ = self.owner.fetch_update(Ordering::AcqRel, Ordering::Acquire, tag);
        let queue = std::mem::take(&mut state.queue);
        let owner = self.owner();
        drop(state);
        for waiter in queue {
            waiter.called.store(true, Ordering::SeqCst);
            waiter.thread.notify();
        }
        owner.map_or(Close::Empty, Close::Inside)
    }

    /// The thread that is inside.
    pub fn owner(&self) -> Option<&'static Thread> {
        let owner = self.owner.load(Ordering::Acquire).map_addr(|a| a & !SLOW);
        // SAFETY: records of threads are never freed.
        unsafe { owner.as_ref() }
    }

    fn is_owner(&self, thread: &'static Thread) -> bool {
        self.owner().is_some_and(|owner| std::ptr::eq(owner, thread))
    }
}

/// Why a thread was not let in.
pub struct Refused {
    pub kill: Kill,
    /// The gate closed while it was this thread's turn: it has to take the isolate down.
    pub dispose: bool,
}

impl Refused {
    fn with(status: Status) -> Self {
        Refused { kill: status.into(), dispose: false }
    }
}

/// What `Gate::close` found.
pub enum Close {
    Already,
    Empty,
    Inside(&'static Thread),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn it_lets_threads_in_one_at_a_time_and_all_of_them() {
        let gate = Gate::default();
        let (inside, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let thread = Thread::current();
                    for _ in 0..500 {
                        assert!(gate.acquire(thread, false).is_ok());
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        passed.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        assert!(!gate.release(thread));
                    }
                });
            }
        });
        assert_eq!(passed.load(Ordering::SeqCst), 4000);
    }

    #[test]
    fn first_come_first_served() {
        let gate = Gate::default();
        let order = Mutex::new(Vec::new());
        let me = Thread::current();
        assert!(gate.acquire(me, false).is_ok());
        std::thread::scope(|scope| {
            for n in 0..6 {
                let (gate, order) = (&gate, &order);
                scope.spawn(move || {
                    assert!(gate.acquire(Thread::current(), false).is_ok());
                    order.lock().unwrap().push(n);
                    assert!(!gate.release(Thread::current()));
                });
                while gate.state().queue.len() <= n {
                    std::thread::yield_now();
                }
            }
            assert!(!gate.release(me));
        });
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_closed_gate_sends_the_queue_away_and_names_one_to_take_the_isolate_down() {
        let gate = Gate::default();
        let me = Thread::current();
        assert!(gate.acquire(me, false).is_ok());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.acquire(Thread::current(), false).err().unwrap());
            while gate.state().queue.is_empty() {
                std::thread::yield_now();
            }
            assert!(matches!(gate.close(), Close::Inside(owner) if std::ptr::eq(owner, me)));
            let refused = waiting.join().unwrap();
            assert_eq!((refused.kill.status, refused.dispose), (Status::Disposed, false));
        });
        assert!(matches!(gate.close(), Close::Already));
        assert!(gate.release(me), "the one inside takes it down");
    }

    #[test]
    fn threads_that_want_each_others_gates_do_not_wait_for_ever() {
        let gates = [Gate::default(), Gate::default(), Gate::default()];
        for _ in 0..100 {
            let refused = AtomicUsize::new(0);
            let barrier = std::sync::Barrier::new(3);
            std::thread::scope(|scope| {
                for n in 0..3 {
                    let (gates, refused, barrier) = (&gates, &refused, &barrier);
                    scope.spawn(move || {
                        let thread = Thread::current();
                        assert!(gates[n].acquire(thread, false).is_ok());
                        barrier.wait();
                        match gates[(n + 1) % 3].acquire(thread, true) {
                            Ok(()) => assert!(!gates[(n + 1) % 3].release(thread)),
                            Err(no) => {
                                assert_eq!(no.kill.status, Status::Busy);
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                        assert!(!gates[n].release(thread));
                    });
                }
            });
            assert_eq!(refused.load(Ordering::SeqCst), 1, "the last to come, and nobody else");
        }
    }
}
