//! Sessions: a thread holds an isolate for a batch of calls.

use crate::engine::enter::{self, Entry, after, depth};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::thread::LOCAL;
use std::cell::RefCell;
use std::sync::Arc;

struct Session {
    entry: Entry<Arc<Isolate>>,
    /// What the host calls the isolate by: it may be freed before it is left.
    token: usize,
    /// Where the thread was when it had entered. It leaves from the same place.
    depth: (usize, u32),
}

/// A thread that ends gives back what it still holds.
struct Sessions(RefCell<Vec<Session>>);

impl Drop for Sessions {
    fn drop(&mut self) {
        close_to(&self.0, 0);
    }
}

thread_local! {
    static SESSIONS: Sessions = const { Sessions(RefCell::new(Vec::new())) };
}

/// Holds the isolate until `exit` with the same token. The limits are those of the wait for it.
pub fn enter(isolate: &Arc<Isolate>, token: usize, limits: &Limits) -> Result<(), Error> {
    let entry = enter::span(isolate, limits, |_| LOCAL.with(|local| Entry::new(isolate.clone(), local)))?;
    SESSIONS.with(|sessions| {
        let mut sessions = sessions.0.borrow_mut();
        sessions.push(Session { entry, token, depth: depth() });
        note(sessions.len());
    });
    Ok(())
}

/// Leaves what this thread entered last, if it was by this token and from this place.
pub fn exit(token: usize) -> Result<(), Error> {
    let here = depth();
    let session = SESSIONS.with(|sessions| {
        let mut sessions = sessions.0.borrow_mut();
        let fits = sessions.last().is_some_and(|last| last.token == token && last.depth == here);
        let session = if fits { sessions.pop() } else { None };
        note(sessions.len());
        session
    });
    match session {
        Some(session) => {
            leave(session);
            Ok(())
        }
        None => Err(Error::new(
            Status::WrongState,
            "isolate: this thread's innermost stay is not by jsvm_isolate_enter of this isolate",
        )),
    }
}

fn leave(session: Session) {
    let isolate = session.entry.isolate.clone();
    drop(session);
    after(&isolate, Vec::new());
}

/// How many sessions the thread has.
pub fn count() -> usize {
    LOCAL.with(|local| local.sessions.get())
}

/// Host functions ask for the number each time: it stands where they find it fast. What a thread knows of
/// itself is made before its sessions, and so outlives them.
fn note(count: usize) {
    LOCAL.with(|local| local.sessions.set(count));
}

/// Leaves what a host function entered and forgot.
pub fn forget(count: usize) {
    SESSIONS.with(|sessions| close_to(&sessions.0, count));
}

fn close_to(sessions: &RefCell<Vec<Session>>, count: usize) {
    loop {
        let session = {
            let mut sessions = sessions.borrow_mut();
            if sessions.len() <= count {
                return;
            }
            let session = sessions.pop();
            note(sessions.len());
            session
        };
        session.into_iter().for_each(leave);
    }
}
