//! CommonJS modules: `require` of files, JSON and the runtime's own modules.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::engine::value::{self, In, Out};
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::vm::compile_function::{self, Options};
use crate::vm::context::{self, Context};
use crate::vm::decorate::decorating;
use crate::vm::script;
use crate::vm::source::Origin;
use std::path::Path;

pub const SOURCE: Source = Source { name: "require", text: include_str!("require.js"), natives };

/// Runs a file as the main module, `require.main`, and gives what it exports.
pub fn run_main(context: &Context, path: &Path, limits: &Limits) -> Result<Out, Error> {
    let path = utf8(path)?;
    enter::run(&context.isolate, Some(&context.global), limits, |scope| {
        let exports = call(scope, "runMain", path)?;
        context::after_evaluate(scope)?;
        Ok(Out::new(scope, exports))
    })
}

/// Runs text that is no file, as `node -e` does: as a script that has `require`, `module`, `exports`, `__filename`
/// and `__dirname` as globals, and resolves from the working directory. The name is `[eval]`, `[stdin]` or the
/// like. Gives the value of the last statement.
pub fn run_text(context: &Context, source: &str, name: &str, limits: &Limits) -> Result<Out, Error> {
    install_globals(context, name)?;
    script::evaluate(
        context,
        source,
        &script::Options { filename: Some(name), ..Default::default() },
        limits,
        Ok,
    )
}

/// The globals of `run_text` alone, for who runs pieces of text one after another.
pub fn install_globals(context: &Context, name: &str) -> Result<(), Error> {
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        call(scope, "installGlobals", name)?;
        Ok(())
    })
}

/// Has every `require` of the context give a value of the host's for a name, in place of a builtin of that name.
pub fn provide_module(context: &Context, name: &str, module: In) -> Result<(), Error> {
    let path = matches!(name, "." | "..") || ["/", "./", "../"].iter().any(|start| name.starts_with(start));
    if path || matches!(name, "" | "node:") {
        return Err(Error::invalid(format!("name: {name:?} is no name of a module")));
    }
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        let modules = realm::load(scope, "modules")?;
        let provide = realm::function(scope, modules, "provide").expect("modules.js exports it");
        let arguments = [value::string(scope, name)?.into(), module.local(scope)?];
        provide.call(scope, modules.into(), &arguments).thrown()?;
        Ok(())
    })
}

/// Has the `require` that hosts install resolve from a file, or from a folder, if the name ends in a slash.
pub(super) fn resolve_from(scope: &mut Scope<'_, '_>, name: &str) -> Outcome<()> {
    call(scope, "resolveFrom", name)?;
    Ok(())
}

fn utf8(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::invalid(format!("path: {} is not UTF-8", path.display())))
}

fn call<'s>(scope: &mut Scope<'s, '_>, name: &str, argument: &str) -> Outcome<v8::Local<'s, v8::Value>> {
    let exports = realm::load(scope, "require")?;
    let function = realm::function(scope, exports, name).expect("require.js exports it");
    let argument = value::string(scope, argument)?;
    function.call(scope, exports.into(), &[argument.into()]).thrown()
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("compile", |scope, arguments, result| {
        let code = arguments.get(0).to_string(scope).thrown()?;
        let filename = arguments.get(1).to_string(scope).thrown()?;
        result.set(compile(scope, code, filename)?.into());
        Ok(())
    })
}

/// A module's function. A SyntaxError has its place at the head of its stack, as Node's users know it: nothing else
/// would say it to who catches it.
fn compile<'s>(
    scope: &mut Scope<'s, '_>,
    code: v8::Local<'s, v8::String>,
    filename: v8::Local<'s, v8::String>,
) -> Outcome<v8::Local<'s, v8::Function>> {
    const PARAMETERS: [&str; 5] = ["exports", "require", "module", "__filename", "__dirname"];
    let parameters = PARAMETERS.iter().map(|name| value::string(scope, name)).collect::<Outcome<Vec<_>>>()?;
    let options = Options::new(Origin::new(filename));
    let compiled = decorating(scope, |scope| compile_function::compile(scope, code, &parameters, &options))?;
    Ok(compiled.function)
}
