//! The modules that `require` has by name.

use crate::runtime::realm::Source;

pub const SOURCE: Source =
    Source { name: "builtins", text: include_str!("builtins.js"), natives: |_| Ok(()) };
