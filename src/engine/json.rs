//! JSON, by V8's own reader and writer.

use crate::engine::enter::{self, Thrown};
use crate::engine::error::Error;
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::raw;
use crate::engine::value::{self, Held, In, Out, Text};
use std::sync::Arc;

/// JSON.parse in a context of the isolate.
pub fn parse(
    isolate: &Arc<Isolate>,
    context: &Held<v8::Context>,
    text: &str,
    limits: &Limits,
) -> Result<Out, Error> {
    enter::run(isolate, Some(context), limits, |scope| {
        let text = value::string(scope, text)?;
        let value = v8::json::parse(scope, text).thrown()?;
        Ok(Out::new(scope, value))
    })
}

/// JSON.stringify in a context of the isolate. None is `undefined`.
pub fn stringify(
    isolate: &Arc<Isolate>,
    context: &Held<v8::Context>,
    value: &In,
    indent: usize,
    limits: &Limits,
) -> Result<Option<Text>, Error> {
    enter::run(isolate, Some(context), limits, |scope| {
        let value = value.local(scope)?;
        let gap = value::string(scope, &" ".repeat(indent))?;
        let context = scope.get_current_context();
        // SAFETY: live handles, inside, with a scope. The crate's own function has no gap.
        let text = unsafe {
            let text = raw::json_stringify(raw::ptr(context), raw::ptr(value), raw::ptr(gap));
            raw::local(scope, text).thrown()?
        };
        let text = value::text(scope, text);
        // V8 makes a string of what JSON.stringify returns. No JSON is this word.
        Ok((text.utf8.as_deref() != Some(b"undefined")).then_some(text))
    })
}
