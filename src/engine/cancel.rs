//! Cancel tokens: owned by the host, triggered from any thread, for one call or many.

use crate::engine::thread::Thread;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A token. Triggering is sticky: it ends the calls that carry the token now, their waits
/// included, and every later one at once.
#[derive(Default)]
pub struct Cancel {
    triggered: AtomicBool,
    runs: Mutex<Vec<&'static Thread>>,
}

impl Cancel {
    pub fn triggered(&self) -> bool {
        self.triggered.load(Ordering::SeqCst)
    }

    pub fn trigger(self: &Arc<Self>) {
        self.triggered.store(true, Ordering::SeqCst);
        let threads = self.runs.lock().unwrap_or_else(|e| e.into_inner()).clone();
        for thread in threads {
            thread.cancelled(self);
        }
    }

    /// A run of `thread` carries the token from now on. False if it was triggered before.
    pub fn attach(&self, thread: &'static Thread) -> bool {
        self.runs.lock().unwrap_or_else(|e| e.into_inner()).push(thread);
        // Who triggers stores first and looks at the list then: one of the two sees the other.
        !self.triggered()
    }

    pub fn detach(&self, thread: &'static Thread) {
        let mut runs = self.runs.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(at) = runs.iter().position(|t| std::ptr::eq(*t, thread)) {
            runs.swap_remove(at);
        }
    }
}
