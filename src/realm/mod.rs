//! The library's own JavaScript in one context: each file is loaded once, when it is first asked for.
//!
//! A file is JavaScript over a few functions in Rust (its natives, see `native`), in a file of the same name.

mod errors;
pub mod native;

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::value;
use crate::realm::native::Natives;
use crate::vm::compile_function::{self, Options};
use crate::vm::context;
use crate::vm::source::Origin;

/// A file. Its text is the body of a function of `load` and `native` that returns what it exports:
/// `load(name)` is another file's exports, `native` its own functions in Rust.
pub struct Source {
    pub name: &'static str,
    pub text: &'static str,
    pub natives: fn(&mut Natives<'_, '_, '_>) -> Outcome<()>,
}

/// The files that every layer's build on.
pub const SOURCES: &[&[Source]] = &[&[
    errors::SOURCE,
    Source { name: "builtins", text: include_str!("builtins.js"), natives: |_| Ok(()) },
    Source { name: "validate", text: include_str!("validate.js"), natives: |_| Ok(()) },
]];

/// A file of the library by its name.
pub fn find(name: &str) -> Option<&'static Source> {
    crate::FILES.iter().copied().flatten().copied().flatten().find(|source| source.name == name)
}

/// What a file exports, in the scope's context.
pub fn load<'s>(scope: &mut Scope<'s, '_>, name: &str) -> Outcome<v8::Local<'s, v8::Object>> {
    let loaded = match context::runtime(scope) {
        Some(loaded) => loaded,
        None => {
            let null = v8::null(scope).into();
            let loaded = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
            context::set_runtime(scope, loaded);
            loaded
        }
    };
    let key = value::string(scope, name)?;
    let exports = loaded.get(scope, key.into()).thrown()?;
    if let Ok(exports) = v8::Local::<v8::Object>::try_from(exports) {
        return Ok(exports);
    }
    let exports = run(scope, find(name).expect("a file of the library"))?;
    loaded.set(scope, key.into(), exports.into()).thrown()?;
    Ok(exports)
}

/// What a file exports, if the scope's context has loaded it.
pub fn loaded<'s>(scope: &mut Scope<'s, '_>, name: &str) -> Option<v8::Local<'s, v8::Object>> {
    let loaded = context::runtime(scope)?;
    get(scope, loaded, name)?.try_into().ok()
}

/// A property of the runtime's own objects, where nothing of the guest's is called.
pub fn get<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let name = v8::String::new(scope, name)?;
    object.get(scope, name.into())
}

/// A function that a file exports.
pub fn function<'s>(
    scope: &mut Scope<'s, '_>,
    exports: v8::Local<'s, v8::Object>,
    name: &str,
) -> Option<v8::Local<'s, v8::Function>> {
    get(scope, exports, name)?.try_into().ok()
}

fn run<'s>(scope: &mut Scope<'s, '_>, source: &Source) -> Outcome<v8::Local<'s, v8::Object>> {
    let null = v8::null(scope).into();
    let native = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    (source.natives)(&mut Natives { scope, object: native })?;
    let load = loader(scope)?;

    let text = value::string(scope, source.text)?;
    // A name that is a public one is what stacks show.
    let file = if source.name.contains(':') { source.name } else { &format!("jsvm:{}", source.name) };
    let origin = Origin::new(value::string(scope, file)?);
    let parameters = [value::string(scope, "load")?, value::string(scope, "native")?];
    let body = compile_function::compile(scope, text, &parameters, &Options::new(origin))?.function;
    let this = v8::undefined(scope).into();
    let exports = body.call(scope, this, &[load, native.into()]).thrown()?;
    Ok(v8::Local::<v8::Object>::try_from(exports).expect("a file of the runtime exports an object"))
}

/// `load`, as a file sees it.
fn loader<'s>(scope: &mut Scope<'s, '_>) -> Outcome<v8::Local<'s, v8::Value>> {
    let null = v8::null(scope).into();
    let object = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    Natives { scope, object }.function("load", |scope, arguments, result| {
        let name = arguments.get(0).to_rust_string_lossy(scope);
        result.set(load(scope, &name)?.into());
        Ok(())
    })?;
    let key = value::string(scope, "load")?;
    object.get(scope, key.into()).thrown()
}
