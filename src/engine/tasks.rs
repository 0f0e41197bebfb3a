//! What is to run in an isolate later: V8's own tasks, timers, and what the host settles from outside.

use crate::engine::enter::{self, Scope};
use crate::engine::error::{Kill, Status};
use crate::engine::isolate::Isolate;
use crate::engine::raw::RawIsolate;
use crate::engine::reaper;
use crate::engine::thread::{NEVER, Thread};
use crate::engine::timers::{AT_ONCE, Macrotask, Round, Timers};
use crate::engine::watchdog::{self, now};
use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

/// Something of the host's to be done inside the isolate.
pub type Note = Box<dyn for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) + Send>;

/// Called on any thread, with nothing held, when an isolate has something to run.
pub type Wakeup = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    /// Whether `notes` may hold something: looked at by every call.
    noted: AtomicBool,
    /// Whether `untold` may be set: looked at whenever a thread leaves the isolate.
    news: AtomicBool,
    /// Counts the runs that came to their end: what a thread waits for may be another one's doing.
    runs: AtomicU64,
    /// Threads that wait.
    waiters: AtomicUsize,
    /// Promises that the host, or V8 at work, has yet to settle.
    pub unsettled: AtomicUsize,
    /// Promises that V8 settles when it comes to it: they can be awaited, and are no work that is left.
    pub some_time: AtomicUsize,
    /// When the watchdog is to tell the host of what falls due, in nanoseconds of `watchdog::now`; 0 is never.
    alarm: AtomicU64,
}

#[derive(Default)]
struct State {
    ready: VecDeque<v8::Task>,
    timers: Timers,
    notes: VecDeque<Note>,
    waiting: Vec<&'static Thread>,
    wakeup: Option<Wakeup>,
    /// The watchdog knows the queue.
    watched: bool,
    /// Something came in that the host was not told of.
    untold: bool,
    /// The host was told that there is something and has not looked yet.
    told: bool,
    closed: bool,
}

impl State {
    /// When there is something to run; 0 is now.
    fn ready_at(&self) -> u64 {
        if self.closed || !self.ready.is_empty() || !self.notes.is_empty() {
            return 0;
        }
        self.timers.next_due()
    }

    fn is_ready(&self) -> bool {
        self.ready_at() <= now()
    }
}

/// The queues by isolate. An entry is made by V8's first task and ends with the isolate.
static QUEUES: LazyLock<Mutex<HashMap<usize, Arc<Queue>>>> = LazyLock::new(Mutex::default);

impl Queue {
    /// The queue of a new isolate. V8 may have posted to it already; one that is closed was of an isolate
    /// that had the same address.
    pub fn of_new(isolate: usize) -> Arc<Queue> {
        let mut queues = QUEUES.lock().unwrap_or_else(|e| e.into_inner());
        let queue = queues.entry(isolate).or_default();
        if queue.state().closed {
            *queue = Arc::default();
        }
        queue.clone()
    }

    fn of(isolate: usize) -> Arc<Queue> {
        QUEUES.lock().unwrap_or_else(|e| e.into_inner()).entry(isolate).or_default().clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Adds and tells who waits.
    fn add(&self, isolate: RawIsolate, add: impl FnOnce(&mut State)) {
        let mut state = self.state();
        if state.closed {
            // What `add` holds is dropped after the lock.
            drop(state);
            return;
        }
        add(&mut state);
        state.untold = true;
        self.news.store(true, Ordering::SeqCst);
        let waiting = state.waiting.clone();
        drop(state);
        for thread in waiting {
            thread.notify();
        }
        // V8 also posts from inside the isolate, in the middle of a collection: then the host is told
        // when the thread has left.
        if !enter::is_inside_raw(isolate) {
            self.tell();
        }
    }

    /// Calls the host's wakeup if there is something that it was not told of. Once, until the queue was
    /// looked at.
    pub fn tell(&self) {
        if !self.news.load(Ordering::SeqCst) || !self.news.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut state = self.state();
        let wakeup = if state.untold && !state.told { state.wakeup.clone() } else { None };
        state.untold = false;
        state.told = state.told || wakeup.is_some();
        drop(state);
        if let Some(wakeup) = wakeup {
            wakeup();
        }
    }

    pub fn note(&self, isolate: RawIsolate, note: Note) {
        self.add(isolate, |state| {
            state.notes.push_back(note);
            self.noted.store(true, Ordering::SeqCst);
        });
    }

    /// Has a note run at a time, or in the next round if that is `AT_ONCE`; gives its id.
    pub fn note_at(&self, isolate: RawIsolate, due: u64, note: Note) -> u64 {
        if due != AT_ONCE {
            return self.add_timer(due, Macrotask::Note(note));
        }
        let mut id = 0;
        self.add(isolate, |state| id = state.timers.add(due, Macrotask::Note(note)));
        id
    }

    fn add_timer(&self, due: u64, task: Macrotask) -> u64 {
        let mut state = self.state();
        if state.closed {
            // The task is dropped after the lock.
            drop(state);
            return 0;
        }
        let next = state.timers.next_due();
        let id = state.timers.add(due, task);
        if due >= next {
            return id;
        }
        self.set_alarm(&state);
        let waiting = state.waiting.clone();
        drop(state);
        for thread in waiting {
            thread.notify();
        }
        id
    }

    /// Gives up a note that `note_at` took and that has not run.
    pub fn cancel(&self, id: u64) {
        // Dropped after the lock.
        let _task = self.state().timers.remove(id);
    }

    /// Whether a note that `note_at` took is work that is left.
    pub fn set_counts(&self, id: u64, counts: bool) {
        self.state().timers.set_counts(id, counts);
    }

    /// Has the watchdog come when the next timer falls due, if the host wants to be told. It is told of immediates
    /// when they come in.
    fn set_alarm(&self, state: &State) {
        let wanted = state.wakeup.is_some() && !state.told;
        let due = if wanted { state.timers.next_due() } else { NEVER };
        self.alarm.store(if due == NEVER { 0 } else { due }, Ordering::SeqCst);
        if due != NEVER {
            watchdog::arm(due);
        }
    }

    /// When the watchdog is to come.
    pub fn alarm(&self) -> u64 {
        match self.alarm.load(Ordering::SeqCst) {
            0 => NEVER,
            due => due,
        }
    }

    /// The alarm is due. The host's code may take long, so the finalizer thread calls it.
    pub fn ring(&self) {
        let mut state = self.state();
        let wakeup = if state.told { None } else { state.wakeup.clone() };
        state.told = true;
        self.set_alarm(&state);
        drop(state);
        if let Some(wakeup) = wakeup {
            reaper::later(vec![Box::new(move || wakeup())]);
        }
    }

    /// The notes that came in. Cheap when there are none.
    pub fn take_notes(&self) -> VecDeque<Note> {
        if !self.noted.load(Ordering::Relaxed) {
            return VecDeque::new();
        }
        let mut state = self.state();
        self.noted.store(false, Ordering::SeqCst);
        std::mem::take(&mut state.notes)
    }

    /// The host has come to look: it is to be told of what comes from now on.
    pub fn looked(&self) {
        self.state().told = false;
    }

    /// The host goes away again: it is to be told of what is left, now or when it is due.
    pub fn left(&self, isolate: RawIsolate) {
        let mut state = self.state();
        if state.wakeup.is_none() {
            return;
        }
        if state.is_ready() {
            state.untold = true;
            self.news.store(true, Ordering::SeqCst);
        } else {
            self.set_alarm(&state);
        }
        drop(state);
        if !enter::is_inside_raw(isolate) {
            self.tell();
        }
    }

    /// Has every thread that waits for work stopped.
    pub fn stop_waiting(&self, isolate: &Isolate, status: Status) {
        let waiting = self.state().waiting.clone();
        for thread in waiting {
            thread.stop(isolate, status);
        }
    }

    pub fn has_notes(&self) -> bool {
        self.noted.load(Ordering::Relaxed)
    }

    /// The next task of a round: V8's own, timers that are due, immediates. The caller runs it inside the isolate.
    pub fn next_task(&self, round: &mut Round) -> Option<Macrotask> {
        let mut state = self.state();
        let ready = state.ready.pop_front().map(Macrotask::V8);
        ready.or_else(|| state.timers.next(round))
    }

    pub fn set_wakeup(self: &Arc<Self>, wakeup: Option<Wakeup>) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.wakeup, wakeup);
        let wakeup = if state.is_ready() { state.wakeup.clone() } else { None };
        state.told = wakeup.is_some();
        if state.wakeup.is_some() && !state.watched {
            state.watched = true;
            watchdog::register_queue(self);
        }
        self.set_alarm(&state);
        drop(state);
        drop(before);
        if let Some(wakeup) = wakeup {
            wakeup();
        }
    }

    /// Whether anything is left that could still run by itself or by the host.
    pub fn work_left(&self) -> bool {
        let state = self.state();
        !state.ready.is_empty()
            || state.timers.work_left()
            || !state.notes.is_empty()
            || self.unsettled.load(Ordering::SeqCst) > 0
    }

    /// Whether a promise that is pending could still be settled.
    pub fn may_settle(&self) -> bool {
        self.work_left() || self.some_time.load(Ordering::SeqCst) > 0
    }

    fn ready_at(&self) -> u64 {
        self.state().ready_at()
    }

    /// Whether something is to run now.
    pub fn is_ready(&self) -> bool {
        self.state().is_ready()
    }

    /// How many runs have ended.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    /// A run has ended: who waits looks whether it has what it waits for.
    pub fn ran(&self) {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if self.waiters.load(Ordering::SeqCst) > 0 {
            let waiting = self.state().waiting.clone();
            for thread in waiting {
                thread.notify();
            }
        }
    }

    /// Waits, outside the isolate, until something is to run, until a run has ended since `seen` was
    /// read, until `until`, or a mark on a run.
    pub fn wait(&self, thread: &'static Thread, until: u64, seen: u64) -> Result<(), Kill> {
        self.state().waiting.push(thread);
        self.waiters.fetch_add(1, Ordering::SeqCst);
        let next = self.ready_at();
        let result = if next <= now() || self.runs() != seen {
            Ok(())
        } else {
            // A task that is due earlier may come in: then the time to wait is another one.
            thread.wait(until.min(next), || self.ready_at() != next || self.runs() != seen).map(|_| ())
        };
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        let mut state = self.state();
        if let Some(at) = state.waiting.iter().position(|t| std::ptr::eq(*t, thread)) {
            state.waiting.swap_remove(at);
        }
        result
    }

    /// Before the isolate is disposed: nothing is kept or taken any more. The host's wakeup is for the
    /// caller to let go of.
    pub fn close(&self) -> Option<Wakeup> {
        let mut state = self.state();
        state.closed = true;
        let rest = (
            std::mem::take(&mut state.ready),
            std::mem::take(&mut state.timers),
            std::mem::take(&mut state.notes),
        );
        let (wakeup, waiting) = (state.wakeup.take(), std::mem::take(&mut state.waiting));
        self.set_alarm(&state);
        drop(state);
        for thread in waiting {
            thread.notify();
        }
        drop(rest);
        wakeup
    }

    /// After the isolate was disposed: its address may be another isolate's by now.
    pub fn forget(self: &Arc<Self>, isolate: usize) {
        let mut queues = QUEUES.lock().unwrap_or_else(|e| e.into_inner());
        if queues.get(&isolate).is_some_and(|queue| Arc::ptr_eq(queue, self)) {
            queues.remove(&isolate);
        }
    }
}

/// The foreground half of V8's platform: V8's worker threads are its own.
pub struct ForegroundTasks;

impl ForegroundTasks {
    fn delayed(isolate: *mut c_void, task: v8::Task, seconds: f64) -> (Arc<Queue>, u64) {
        let due = now().saturating_add((seconds.max(0.0) * 1e9) as u64);
        let queue = Queue::of(isolate as usize);
        let id = queue.add_timer(due, Macrotask::V8(task));
        (queue, id)
    }
}

impl v8::PlatformImpl for ForegroundTasks {
    fn post_task(&self, isolate: *mut c_void, task: v8::Task) {
        Queue::of(isolate as usize).add(isolate, |state| state.ready.push_back(task));
    }

    fn post_non_nestable_task(&self, isolate: *mut c_void, task: v8::Task) {
        self.post_task(isolate, task);
    }

    /// V8's own housekeeping, such as collecting garbage when nothing has run for long: not work that is left.
    fn post_delayed_task(&self, isolate: *mut c_void, task: v8::Task, seconds: f64) {
        let (queue, id) = Self::delayed(isolate, task, seconds);
        queue.set_counts(id, false);
    }

    /// A guest's, which waits for it: Atomics.waitAsync.
    fn post_non_nestable_delayed_task(&self, isolate: *mut c_void, task: v8::Task, seconds: f64) {
        Self::delayed(isolate, task, seconds);
    }

    /// Idle tasks are switched off when the platform is made.
    fn post_idle_task(&self, _: *mut c_void, task: v8::IdleTask) {
        drop(task);
    }
}
