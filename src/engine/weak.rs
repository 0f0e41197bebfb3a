//! Objects by a number that they have, for as long as JavaScript keeps them.

use crate::engine::enter::Scope;
use crate::engine::function::no_unwind;
use crate::engine::isolate::Isolate;
use crate::engine::raw;
use std::collections::HashMap;
use std::ffi::c_void;

/// V8's weak cell for an object, and where the table has it.
struct Entry {
    key: i32,
    cell: usize,
}

/// The objects that are there, by key. Several may have the same.
#[derive(Default)]
#[allow(clippy::vec_box, reason = "V8 knows an entry by its address")]
pub struct Table {
    entries: HashMap<i32, Vec<Box<Entry>>>,
}

/// Puts an object into the isolate's table.
pub fn insert<'s>(scope: &Scope<'s, '_>, key: i32, object: v8::Local<'s, v8::Object>) {
    let isolate = Isolate::of(scope);
    let mut entry = Box::new(Entry { key, cell: 0 });
    let parameter = std::ptr::from_ref(&*entry).cast::<c_void>();
    // SAFETY: the object is a live handle of this isolate, and the callback fits.
    let cell =
        unsafe { raw::v8__Global__NewWeak(isolate.raw(), raw::ptr(object).cast(), parameter, on_collected) };
    entry.cell = cell as usize;
    isolate.weak().entries.entry(key).or_default().push(entry);
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
    table.entries.get(&key)?.iter().filter_map(|entry| local(entry)).find(|object| holds(*object))
}

/// V8 collected an object of the table's. It is in the middle of a collection: only the cell may be touched.
unsafe extern "C" fn on_collected(info: *const c_void) {
    no_unwind(|| {
        // SAFETY: V8 gives the record of a callback that `insert` registered, on the thread inside; the entry lives until it
        // is taken out of the table here.
        let (entry, isolate) = unsafe {
            let isolate = raw::v8__WeakCallbackInfo__GetIsolate(info);
            let entry = raw::v8__WeakCallbackInfo__GetParameter(info) as *const Entry;
            (entry, Isolate::of(&raw::isolate(isolate)))
        };
        // SAFETY: as above.
        let (key, cell) = unsafe { ((*entry).key, (*entry).cell) };
        let mut table = isolate.weak();
        if let Some(same) = table.entries.get_mut(&key) {
            same.retain(|other| !std::ptr::eq(&**other, entry));
            if same.is_empty() {
                table.entries.remove(&key);
            }
        }
        // SAFETY: the cell that was made for the entry; V8 wants it reset here.
        unsafe { raw::v8__Global__Reset(cell as *const v8::Data) };
    });
}
