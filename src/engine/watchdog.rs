//! One thread per process that ends runs on time, and tells of timers that fall due.
//!
//! A run writes its deadline into its own thread's record and wakes the watchdog only when that is
//! earlier than its next visit; a run that ends in time just takes its deadline away. The watchdog
//! sleeps until the earliest deadline it has seen, and for ever when there is none. It visits the queues of isolates
//! whose host wants to be woken in the same way.

use crate::engine::platform::BlockedSignals;
use crate::engine::tasks::Queue;
use crate::engine::thread::{NEVER, Thread};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, Weak};
use std::time::Duration;

/// The records of all threads there were.
static THREADS: Mutex<Vec<&'static Thread>> = Mutex::new(Vec::new());
static QUEUES: Mutex<Vec<Weak<Queue>>> = Mutex::new(Vec::new());
static WAKE: Condvar = Condvar::new();
/// The next visit. Zero while the watchdog looks around.
static NEXT: AtomicU64 = AtomicU64::new(NEVER);
static START: Once = Once::new();

/// Nanoseconds of the monotonic clock.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes our own variable.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub fn register(thread: &'static Thread) {
    THREADS.lock().unwrap_or_else(|e| e.into_inner()).push(thread);
}

/// From now on the queue is visited when its alarm is due.
pub fn register_queue(queue: &Arc<Queue>) {
    let mut queues = QUEUES.lock().unwrap_or_else(|e| e.into_inner());
    queues.retain(|q| q.strong_count() > 0);
    queues.push(Arc::downgrade(queue));
}

fn queues() -> Vec<Arc<Queue>> {
    QUEUES.lock().unwrap_or_else(|e| e.into_inner()).iter().filter_map(Weak::upgrade).collect()
}

/// Called after a thread's deadline or a queue's alarm was set to `deadline`.
pub fn arm(deadline: u64) {
    START.call_once(|| {
        let _signals = BlockedSignals::block();
        std::thread::Builder::new()
            .name("jsvm-watchdog".into())
            .stack_size(256 << 10)
            .spawn(watch)
            .expect("a thread can be started");
    });
    if deadline < NEXT.load(Ordering::SeqCst) {
        let _threads = THREADS.lock().unwrap_or_else(|e| e.into_inner());
        NEXT.fetch_min(deadline, Ordering::SeqCst);
        WAKE.notify_one();
    }
}

fn watch() {
    let mut threads = THREADS.lock().unwrap_or_else(|e| e.into_inner());
    loop {
        // Told first, looked at second: a deadline written meanwhile is seen here, or its writer
        // sees `NEVER` and waits for the lock to wake us.
        NEXT.store(NEVER, Ordering::SeqCst);
        let queues = queues();
        let now = now();
        let ringing: Vec<_> = queues.iter().filter(|q| q.alarm() <= now).collect();
        let deadlines = || threads.iter().map(|thread| (thread.deadline.load(Ordering::SeqCst), *thread));
        let due: Vec<_> = deadlines().filter(|(deadline, _)| *deadline <= now).collect();
        if !due.is_empty() || !ringing.is_empty() {
            drop(threads);
            ringing.into_iter().for_each(|queue| queue.ring());
            for (_, thread) in due {
                thread.expire(now);
            }
            // A queue's destructor must not meet our lock.
            drop(queues);
            threads = THREADS.lock().unwrap_or_else(|e| e.into_inner());
            continue;
        }
        let next = deadlines().map(|(deadline, _)| deadline).min().unwrap_or(NEVER);
        // Closed queues hold nothing whose destructor could come back here.
        let next = queues.iter().map(|q| q.alarm()).fold(next, u64::min);
        drop(queues);
        NEXT.fetch_min(next, Ordering::SeqCst);
        let next = NEXT.load(Ordering::SeqCst);
        threads = if next == NEVER {
            WAKE.wait(threads).unwrap_or_else(|e| e.into_inner())
        } else {
            let left = Duration::from_nanos(next.saturating_sub(now));
            WAKE.wait_timeout(threads, left).unwrap_or_else(|e| e.into_inner()).0
        };
    }
}
