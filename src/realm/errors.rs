//! Errors as Node's users know them.

use crate::realm::Source;

pub const SOURCE: Source = Source { name: "errors", text: include_str!("errors.js"), natives: |_| Ok(()) };
