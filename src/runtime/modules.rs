//! The modules that `require` has by name.

use crate::runtime::realm::Source;

pub const SOURCE: Source = Source { name: "modules", text: include_str!("modules.js"), natives: |_| Ok(()) };
