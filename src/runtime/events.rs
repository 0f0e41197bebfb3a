//! Node's EventEmitter.

use crate::realm::Source;

pub const SOURCE: Source = Source { name: "events", text: include_str!("events.js"), natives: |_| Ok(()) };
