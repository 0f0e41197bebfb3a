//! Objects by a number that they have, for as long as JavaScript keeps them.

use crate::engine::enter::Scope;
use crate::engine::function::no_unwind;
use crate::engine::hash::BySpread;
use crate::engine::isolate::Isolate;
use crate::engine::raw;
use std::collections::{HashMap, hash_map};
use std::ffi::c_void;

/// V8's weak cell for an object, where the table has it, and the next entry of the same key. V8 knows an entry by its address.
struct Entry {
    key: i32,
    cell: usize,
    next: Option<Box<Entry>>,
}

/// The objects that are there, by key. Several may have the same.
#[derive(Default)]
pub struct Table {
    entries: HashMap<i32, Box<Entry>, BySpread>,
}

impl Table {
    fn remove(&mut self, key: i32, entry: *const Entry) {
        let Some(first) = self.entries.remove(&key) else { return };
        let mut rest = Some(first);
        let mut kept: Option<Box<Entry>> = None;
        while let Some(mut other) = rest {
            rest = other.next.take();
            if !std::ptr::eq(&*other, entry) {
                other.next = kept.take();
                kept = Some(other);
            }
        }
        if let Some(kept) = kept {
            self.entries.insert(key, kept);
        }
    }
}

/// Puts an object into the isolate's table.
pub fn insert<'s>(scope: &Scope<'s, '_>, key: i32, object: v8::Local<'s, v8::Object>) {
    let isolate = Isolate::of(scope);
    let mut entry = Box::new(Entry { key, cell: 0, next: None });
    let parameter = std::ptr::from_ref(&*entry).cast::<c_void>();
    // SAFETY: the object is a live handle of this isolate, and the callback fits.
    let cell =
        unsafe { raw::v8__Global__NewWeak(isolate.raw(), raw::ptr(object).cast(), parameter, on_collected) };
    entry.cell = cell as usize;
    match isolate.weak().entries.entry(key) {
        hash_map::Entry::Vacant(place) => {
            place.insert(entry);
        }
        hash_map::Entry::Occupied(mut first) => {
            entry.next = first.get_mut().next.take();
            first.get_mut().next = Some(entry);
        }
    }
}

/// The object of that key for which it holds.
pub fn find<'s>(
    scope: &Scope<'s, '_>,
    key: i32,
    holds: impl Fn(v8::Local<'s, v8::Object>) -> bool,
) -> Option<v8::Local<'s, v8::Object>> {
    let isolate = Isolate::here(scope);
    let local = |entry: &Entry| {
        // SAFETY: the cell is one of the table's, this thread is inside, and V8 gives a handle of the scope's.
        unsafe {
            let object = raw::v8__Local__New(isolate.raw(), entry.cell as *const v8::Data);
            raw::local(scope, object.cast::<v8::Object>())
        }
    };
    // Nothing is collected while the table is held: making handles does not.
    let table = isolate.weak();
    let same = std::iter::successors(table.entries.get(&key), |entry| entry.next.as_ref());
    same.filter_map(|entry| local(entry)).find(|object| holds(*object))
}

/// V8 collected an object of the table's. It is in the middle of a collection: only the cell may be touched.
unsafe extern "C" fn on_collected(info: *const c_void) {
    no_unwind(|| {
        // SAFETY: V8 gives the record of a callback that `insert` registered, on the thread inside; the entry lives until it
        // is taken out of the table here.
        let (entry, v8_isolate) = unsafe {
            let isolate = raw::v8__WeakCallbackInfo__GetIsolate(info);
            let entry = raw::v8__WeakCallbackInfo__GetParameter(info) as *const Entry;
            (entry, raw::isolate(isolate))
        };
        // Not a reference of our own: V8 collects also as the last one goes.
        let isolate = Isolate::here(&v8_isolate);
        // SAFETY: as above.
        let (key, cell) = unsafe { ((*entry).key, (*entry).cell) };
        let mut table = isolate.weak();
        table.remove(key, entry);
        // SAFETY: the cell that was made for the entry; V8 wants it reset here.
        unsafe { raw::v8__Global__Reset(cell as *const v8::Data) };
    });
}
