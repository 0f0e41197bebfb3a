//! What the host gives JavaScript to keep. It is dropped, outside the isolate, when JavaScript has let go of it or
//! the isolate is gone.

use crate::engine::enter::Scope;
use crate::engine::function::no_unwind;
use crate::engine::isolate::Isolate;
use crate::engine::raw;
use crate::engine::reaper::Job;
use std::collections::HashMap;
use std::ffi::c_void;

/// V8's weak cell for a thing that is kept, and how the thing is freed.
struct Kept {
    cell: usize,
    release: fn(usize) -> Job,
}

/// What JavaScript keeps, by address.
#[derive(Default)]
pub struct Registry {
    live: HashMap<usize, Kept>,
}

impl Registry {
    /// The isolate is going: everything is let go.
    pub fn close(&mut self) -> Vec<Job> {
        self.live.drain().map(|(thing, kept)| (kept.release)(thing)).collect()
    }
}

/// Frees a thing that has left the registry.
fn release<T: Send + 'static>(thing: usize) -> Job {
    // SAFETY: what `keep` boxed, as the same type; each leaves the registry once.
    let thing = unsafe { Box::from_raw(thing as *mut T) };
    Box::new(move || drop(thing))
}

/// Boxes a thing and gives a value that points to it. The thing lives as long as the value.
pub fn keep<'s, T: Send + 'static>(scope: &mut Scope<'s, '_>, thing: T) -> v8::Local<'s, v8::External> {
    const { assert!(size_of::<T>() > 0, "things are told apart by address") };
    let isolate = Isolate::of(scope);
    let thing = Box::into_raw(Box::new(thing));
    let external = v8::External::new(scope, thing.cast());
    // SAFETY: the External is a live handle of this isolate, and the callback fits.
    let cell = unsafe {
        raw::v8__Global__NewWeak(
            isolate.raw(),
            raw::ptr(external).cast(),
            thing as *const c_void,
            on_collected,
        )
    };
    let kept = Kept { cell: cell as usize, release: release::<T> };
    isolate.kept().live.insert(thing as usize, kept);
    external
}

/// V8 collected a value of `keep`. It is in the middle of a collection: only the cell may be touched.
unsafe extern "C" fn on_collected(info: *const c_void) {
    no_unwind(|| {
        // SAFETY: V8 gives the record of a callback that `keep` registered, on the thread inside.
        let (thing, v8_isolate) = unsafe {
            let isolate = raw::v8__WeakCallbackInfo__GetIsolate(info);
            (raw::v8__WeakCallbackInfo__GetParameter(info) as usize, raw::isolate(isolate))
        };
        // Not a reference of our own: V8 collects also as the last one goes.
        let isolate = Isolate::here(&v8_isolate);
        let kept = isolate.kept().live.remove(&thing);
        if let Some(kept) = kept {
            // SAFETY: the cell that was made for the thing; V8 wants it reset here.
            unsafe { raw::v8__Global__Reset(kept.cell as *const v8::Data) };
            isolate.after((kept.release)(thing));
        }
    });
}
