//! `structuredClone`.

use crate::engine::clone;
use crate::engine::enter::{Fail, Outcome, Thrown};
use crate::realm::Source;
use crate::realm::native::Natives;
use std::collections::HashSet;
use v8::Local;

pub const SOURCE: Source =
    Source { name: "structured_clone", text: include_str!("structured_clone.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // clone(value, transfer): a copy; `transfer` is an array.
    native.function("clone", |scope, arguments, result| {
        let list = Local::<v8::Array>::try_from(arguments.get(1)).map_err(|_| Fail::Thrown)?;
        let (mut transfer, mut seen) = (Vec::new(), HashSet::new());
        for index in 0..list.length() {
            let item = list.get_index(scope, index).thrown()?;
            let problem = match Local::<v8::ArrayBuffer>::try_from(item) {
                Err(_) => "Found invalid object in transferList",
                Ok(buffer) if !seen.insert(buffer) => "Transfer list contains duplicate ArrayBuffer",
                Ok(buffer) => {
                    transfer.push(buffer);
                    continue;
                }
            };
            let message = v8::String::new(scope, problem).thrown()?;
            clone::throw(scope, message);
            return Err(Fail::Thrown);
        }
        result.set(clone::structured_clone(scope, arguments.get(0), &transfer)?);
        Ok(())
    })
}
