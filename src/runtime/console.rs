//! `console`.

use crate::engine::enter::Outcome;
use crate::realm::Source;
use crate::realm::native::Natives;
use std::sync::OnceLock;
use std::time::Instant;

pub const SOURCE: Source = Source { name: "console", text: include_str!("console.js"), natives };
pub const TABLE: Source =
    Source { name: "console_table", text: include_str!("console_table.js"), natives: |_| Ok(()) };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // Milliseconds since some moment, for differences.
    native.function("now", |_, _, result| {
        static START: OnceLock<Instant> = OnceLock::new();
        result.set_double(START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1000.0);
        Ok(())
    })
}
