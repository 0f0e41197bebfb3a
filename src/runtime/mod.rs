//! What scripts expect around them: each part is installed by itself, and none by default.
//!
//! A part is JavaScript, in a file of this folder, over a few functions in Rust (its natives), in a file of
//! the same name. It runs in the context that it is installed in, under the limits of the call that calls
//! it. `realm` loads the files, `native` makes the functions.

mod errors;
mod microtask;
mod native;
mod realm;

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::engine::value;
use crate::vm::context::Context;

/// What can be installed, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(pub u32);

/// A part: its bit, and the file whose `install(global)` puts it in place.
struct Part {
    bit: u32,
    file: &'static str,
}

/// `queueMicrotask`.
pub const QUEUE_MICROTASK: u32 = 1 << 2;

const PARTS: &[Part] = &[Part { bit: QUEUE_MICROTASK, file: "microtask" }];

/// The files, by name.
const SOURCES: &[realm::Source] = &[errors::SOURCE, microtask::SOURCE];

/// Puts parts into a context. A part that is there already is left as it is.
pub fn install(context: &Context, parts: Parts) -> Result<(), Box<Error>> {
    let known = PARTS.iter().fold(0, |all, part| all | part.bit);
    if parts.0 & !known != 0 {
        let unknown = parts.0 & !known;
        return Err(Box::new(Error::invalid(format!(
            "parts: {unknown:#x} is no part that can be installed"
        ))));
    }
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        PARTS.iter().filter(|part| parts.0 & part.bit != 0).try_for_each(|part| install_one(scope, part))
    })
}

fn install_one(scope: &mut Scope<'_, '_>, part: &Part) -> Outcome<()> {
    let exports = realm::load(scope, part.file)?;
    let key = value::string(scope, "install")?;
    let install = exports.get(scope, key.into()).thrown()?;
    let install = v8::Local::<v8::Function>::try_from(install).expect("a part's file exports install");
    let global = scope.get_current_context().global(scope);
    install.call(scope, exports.into(), &[global.into()]).thrown()?;
    Ok(())
}
