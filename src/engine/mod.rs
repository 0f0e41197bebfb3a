//! What an isolate is and how a thread gets into one.
//!
//! `platform` starts V8; `isolate` owns one V8 isolate; `gate` queues the threads that want it; `thread` knows
//! the runs a thread has on its stack and how to end them; `watchdog` ends them on time, `sigint` when the
//! user wants. `enter` is the only way in, `session` for a batch of calls. `heap` and `commit` bound its memory.
//! `drain` runs what a call leaves; `tasks`, `timers` and `pump` what waits to run. `value`, `object`,
//! `collection`, `buffer`, `function`, `promise` and `error` carry data across, `kept` lets go of what the host gave
//! JavaScript; `graph` with `flatten` and `build`, `json`, `clone`,
//! `pickle` and `unpickle` carry whole graphs.

pub mod buffer;
pub mod build;
pub mod bytes;
pub mod cancel;
pub mod clone;
pub mod collection;
pub mod commit;
pub mod drain;
pub mod element;
pub mod enter;
pub mod error;
pub mod flatten;
pub mod function;
pub mod gate;
pub mod graph;
pub mod hash;
pub mod heap;
pub mod isolate;
pub mod json;
pub mod kept;
pub mod limits;
pub mod object;
pub mod pickle;
pub mod platform;
pub mod primitive;
pub mod promise;
pub mod pump;
pub mod raw;
pub mod reaper;
pub mod seal;
pub mod session;
pub mod sigint;
pub mod tasks;
pub mod thread;
pub mod timers;
pub mod unpickle;
pub mod value;
pub mod watchdog;
pub mod weak;
