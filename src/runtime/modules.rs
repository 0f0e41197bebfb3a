//! The modules that `require` has by name, and those of them that have a file for themselves.

use crate::realm::{self, Source};

pub const SOURCE: Source = Source {
    name: "modules",
    text: include_str!("modules.js"),
    natives: |native| {
        // Whether this build has the file.
        native.function("has", |scope, arguments, result| {
            let name = arguments.get(0).to_rust_string_lossy(scope);
            result.set_bool(realm::find(&name).is_some());
            Ok(())
        })
    },
};
pub const DEEP_EQUAL: Source =
    Source { name: "deep_equal", text: include_str!("deep_equal.js"), natives: |_| Ok(()) };
pub const UTIL: Source = Source { name: "util", text: include_str!("util.js"), natives: |_| Ok(()) };
