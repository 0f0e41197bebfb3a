//! What a task of the guest's threw while nobody was there to catch it.

use crate::engine::drain;
use crate::engine::enter::Outcome;
use crate::realm::Source;
use crate::realm::native::Natives;

pub const SOURCE: Source = Source { name: "uncaught", text: include_str!("uncaught.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("reportUncaught", |scope, arguments, _| {
        drain::report_uncaught(scope, arguments.get(0));
        Ok(())
    })
}
