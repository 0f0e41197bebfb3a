//! One thread per process that ends runs on time, and tells of timers that fall due.
//!
//! A run writes its deadline into its own thread's record and wakes the watchdog only when that is
//! earlier than its next visit; a run that ends in time just takes its deadline away. The watchdog
//! sleeps until the earliest deadline it has seen, and for ever when there is none. The queue of an isolate
//! whose host wants to be woken is visited in the same way.

use crate::engine::platform::BlockedSignals;
use crate::engine::thread::NEVER;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, Once, Weak};
use std::time::Duration;

/// What the watchdog visits.
pub trait Watched: Send + Sync {
    /// When to come next.
    fn deadline(&self) -> u64;
    /// It is that late. Called with nothing held.
    fn expire(&self, now: u64);
}

static WATCHED: Mutex<Vec<Weak<dyn Watched>>> = Mutex::new(Vec::new());
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

pub fn register(watched: Weak<dyn Watched>) {
    let mut all = WATCHED.lock().unwrap_or_else(|e| e.into_inner());
    all.retain(|w| w.strong_count() > 0);
    all.push(watched);
}

/// Called after a deadline was set to `deadline`.
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
        let _watched = WATCHED.lock().unwrap_or_else(|e| e.into_inner());
        NEXT.fetch_min(deadline, Ordering::SeqCst);
        WAKE.notify_one();
    }
}

fn watch() {
    let mut watched = WATCHED.lock().unwrap_or_else(|e| e.into_inner());
    loop {
        // Told first, looked at second: a deadline written meanwhile is seen here, or its writer
        // sees `NEVER` and waits for the lock to wake us.
        NEXT.store(NEVER, Ordering::SeqCst);
        let live: Vec<_> = watched.iter().filter_map(Weak::upgrade).collect();
        let now = now();
        let due: Vec<_> = live.iter().filter(|w| w.deadline() <= now).cloned().collect();
        if !due.is_empty() {
            drop(watched);
            for one in &due {
                one.expire(now);
            }
            // Records may be freed here, and a record's destructor must not meet our lock.
            drop((live, due));
            watched = WATCHED.lock().unwrap_or_else(|e| e.into_inner());
            continue;
        }
        let next = live.iter().map(|w| w.deadline()).min().unwrap_or(NEVER);
        drop(live);
        NEXT.fetch_min(next, Ordering::SeqCst);
        let next = NEXT.load(Ordering::SeqCst);
        watched = if next == NEVER {
            WAKE.wait(watched).unwrap_or_else(|e| e.into_inner())
        } else {
            let left = Duration::from_nanos(next.saturating_sub(now));
            WAKE.wait_timeout(watched, left).unwrap_or_else(|e| e.into_inner()).0
        };
    }
}
