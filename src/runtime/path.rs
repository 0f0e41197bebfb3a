//! Names of files: `require('path')`.

use crate::engine::enter::Outcome;
use crate::engine::value;
use crate::realm::Source;
use crate::realm::native::Natives;

pub const SOURCE: Source = Source { name: "path", text: include_str!("path.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("cwd", |scope, _, result| {
        // A directory that was removed has no name.
        let cwd = std::env::current_dir().unwrap_or_else(|_| "/".into());
        result.set(value::string(scope, &cwd.to_string_lossy())?.into());
        Ok(())
    })
}
