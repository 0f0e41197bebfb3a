//! The thread that runs the host's finalizers which came due in a `_free`: a free must never run
//! foreign code, because garbage collectors call it anywhere.

use crate::engine::platform::BlockedSignals;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Something to do once, with nothing held.
pub type Job = Box<dyn FnOnce() + Send>;

static QUEUE: OnceLock<Sender<Job>> = OnceLock::new();
/// Jobs that were handed over and have not run to their end.
static PENDING: AtomicUsize = AtomicUsize::new(0);

fn queue() -> &'static Sender<Job> {
    QUEUE.get_or_init(|| {
        let (send, receive): (Sender<Job>, Receiver<Job>) = unbounded();
        let _signals = BlockedSignals::block();
        std::thread::Builder::new()
            .name("jsvm-finalizers".into())
            .spawn(move || {
                for job in receive {
                    crate::engine::function::no_unwind(job);
                }
            })
            .expect("a thread can be started");
        send
    })
}

/// Runs the jobs on the finalizer thread, in order.
pub fn later(jobs: Vec<Job>) {
    for job in jobs {
        PENDING.fetch_add(1, Ordering::SeqCst);
        // The receiver lives as long as the process.
        let _ = queue().send(Box::new(move || {
            crate::engine::function::no_unwind(job);
            PENDING.fetch_sub(1, Ordering::SeqCst);
        }));
    }
}

/// Waits until all jobs handed over so far have run. False if that takes longer.
pub fn flush(timeout: Duration) -> bool {
    if PENDING.load(Ordering::SeqCst) == 0 {
        return true;
    }
    let (done, wait) = crossbeam_channel::bounded(1);
    let _ = queue().send(Box::new(move || {
        let _ = done.send(());
    }));
    wait.recv_timeout(timeout).is_ok()
}
