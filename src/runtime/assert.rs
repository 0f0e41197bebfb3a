//! `node:assert`.

use crate::engine::enter::Outcome;
use crate::realm::Source;
use crate::realm::native::Natives;

pub const SOURCES: [Source; 5] = [
    source("assert", include_str!("assert.js")),
    source("assert_diff", include_str!("assert_diff.js")),
    source("assert_error", include_str!("assert_error.js")),
    Source { name: "assert_source", text: include_str!("assert_source.js"), natives },
    source("assert_throws", include_str!("assert_throws.js")),
];

const fn source(name: &'static str, text: &'static str) -> Source {
    Source { name, text, natives: |_| Ok(()) }
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // The line of source that an object's captured stack begins at, and the column in it; undefined if there is none.
    native.function("place", |scope, arguments, result| {
        let message = v8::Exception::create_message(scope, arguments.get(0));
        let Some(line) = message.get_source_line(scope) else { return Ok(()) };
        let column = v8::Number::new(scope, message.get_start_column() as f64);
        let place = v8::Array::new_with_elements(scope, &[line.into(), column.into()]);
        result.set(place.into());
        Ok(())
    })
}
