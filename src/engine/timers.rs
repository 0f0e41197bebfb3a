//! What is to run in an isolate at its time: V8's delayed tasks, timers and immediates.

use crate::engine::tasks::Note;
use crate::engine::thread::NEVER;
use std::collections::{BTreeMap, HashMap};

/// One thing to run. Between two of them notes and microtasks run.
pub enum Macrotask {
    V8(v8::Task),
    Note(Note),
}

/// The time at which what is due at once is due, before every other: an immediate.
pub const AT_ONCE: u64 = 0;

struct Entry {
    task: Macrotask,
    /// Whether it is work that is left.
    counts: bool,
}

/// By time, then in the order in which they came.
#[derive(Default)]
pub struct Timers {
    entries: BTreeMap<(u64, u64), Entry>,
    due: HashMap<u64, u64>,
    last: u64,
    counting: usize,
}

/// One round of the event loop: timers that are due at its start, then the immediates that are there when the timers have
/// run.
pub struct Round {
    now: u64,
    /// The last of its immediates, once it has come to them.
    last: Option<u64>,
}

impl Round {
    pub fn new(now: u64) -> Round {
        Round { now, last: None }
    }
}

impl Timers {
    /// The id is never used again.
    pub fn add(&mut self, due: u64, task: Macrotask) -> u64 {
        self.last += 1;
        self.counting += 1;
        self.entries.insert((due, self.last), Entry { task, counts: true });
        self.due.insert(self.last, due);
        self.last
    }

    pub fn remove(&mut self, id: u64) -> Option<Macrotask> {
        let due = self.due.remove(&id)?;
        let entry = self.entries.remove(&(due, id))?;
        self.counting -= usize::from(entry.counts);
        Some(entry.task)
    }

    /// Whether it counts as work that is left.
    pub fn set_counts(&mut self, id: u64, counts: bool) {
        let Some(due) = self.due.get(&id) else { return };
        let Some(entry) = self.entries.get_mut(&(*due, id)) else { return };
        self.counting = self.counting - usize::from(entry.counts) + usize::from(counts);
        entry.counts = counts;
    }

    /// The next one of a round: timers by time, then immediates in order.
    pub fn next(&mut self, round: &mut Round) -> Option<Macrotask> {
        self.next_id(round).and_then(|id| self.remove(id))
    }

    fn next_id(&self, round: &mut Round) -> Option<u64> {
        let timed = self.entries.range((AT_ONCE + 1, 0)..=(round.now, u64::MAX)).next();
        let next = timed.or_else(|| {
            let last = *round.last.get_or_insert(self.last);
            self.entries.range(..=(AT_ONCE, last)).next()
        });
        next.map(|entry| entry.0.1)
    }

    /// When the next one is due.
    pub fn next_due(&self) -> u64 {
        self.entries.keys().next().map_or(NEVER, |key| key.0)
    }

    pub fn work_left(&self) -> bool {
        self.counting > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn note() -> Macrotask {
        Macrotask::Note(Box::new(|_| {}))
    }

    fn drain(timers: &mut Timers, round: &mut Round) -> Vec<u64> {
        std::iter::from_fn(|| timers.next_id(round).inspect(|id| drop(timers.remove(*id)))).collect()
    }

    #[test]
    fn order() {
        let mut timers = Timers::default();
        let late = timers.add(20, note());
        let soon = timers.add(AT_ONCE, note());
        let early = timers.add(10, note());
        let same = timers.add(10, note());
        let never = timers.add(99, note());
        assert_eq!(timers.next_due(), AT_ONCE);
        assert_eq!(drain(&mut timers, &mut Round::new(20)), [early, same, late, soon]);
        assert_eq!(timers.next_due(), 99);
        assert!(timers.remove(never).is_some());
        assert!(timers.remove(never).is_none());
        assert_eq!(timers.next_due(), NEVER);
    }

    #[test]
    fn a_round_leaves_what_comes_of_it() {
        let mut timers = Timers::default();
        let timer = timers.add(50, note());
        let mut round = Round::new(50);
        assert_eq!(timers.next_id(&mut round), Some(timer));
        timers.remove(timer);
        let of_timer = timers.add(AT_ONCE, note());
        timers.add(51, note());
        assert_eq!(timers.next_id(&mut round), Some(of_timer));
        timers.remove(of_timer);
        let of_immediate = timers.add(AT_ONCE, note());
        assert_eq!(timers.next_id(&mut round), None);
        assert_eq!(drain(&mut timers, &mut Round::new(50)), [of_immediate]);
    }

    #[test]
    fn what_counts() {
        let held = Arc::new(Mutex::new(()));
        let mut timers = Timers::default();
        let inside = held.clone();
        let id = timers.add(1, Macrotask::Note(Box::new(move |_| drop(inside))));
        assert!(timers.work_left());
        timers.set_counts(id, false);
        timers.set_counts(id, false);
        assert!(!timers.work_left());
        timers.set_counts(id, true);
        assert!(timers.work_left());
        drop(timers.remove(id));
        assert!(!timers.work_left());
        timers.set_counts(id, true);
        assert!(!timers.work_left());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
