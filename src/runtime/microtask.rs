//! `queueMicrotask`.

use crate::engine::enter::{Outcome, Scope};
use crate::realm::Source;
use crate::realm::native::Natives;

pub const SOURCE: Source = Source { name: "microtask", text: include_str!("microtask.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("enqueue", |scope: &mut Scope<'_, '_>, arguments, _| {
        if let Ok(task) = v8::Local::<v8::Function>::try_from(arguments.get(0)) {
            // Not the isolate's queue: the context may have its own.
            if let Some(queue) = scope.get_current_context().get_microtask_queue() {
                queue.enqueue_microtask(scope, task);
            }
        }
        Ok(())
    })
}
