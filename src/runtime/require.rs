//! CommonJS modules: `require` of files, JSON and the runtime's own modules.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::engine::value::{self, In, Out};
use crate::node_vm;
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::vm::compile_function::{self, Options};
use crate::vm::context::{self, Context};
use crate::vm::decorate::decorating;
use crate::vm::module::{self, SourceText};
use crate::vm::script;
use crate::vm::source::Origin;
use std::path::Path;

pub const SOURCE: Source = Source { name: "require", text: include_str!("require.js"), natives };

/// ES modules are known by URLs.
const HAS_ESM: bool = cfg!(feature = "url");

/// Runs a file as the main module, `require.main`, and gives what it exports.
pub fn run_main(context: &Context, path: &Path, limits: &Limits) -> Result<Out, Error> {
    let path = utf8(path)?;
    enter::run(&context.isolate, Some(&context.global), limits, |scope| {
        let exports = call(scope, "runMain", &[path])?;
        context::after_evaluate(scope)?;
        Ok(Out::new(scope, exports))
    })
}

/// Runs text that is no file, as `node -e` does: as a script that has `require`, `module`, `exports`, `__filename`
/// and `__dirname` as globals, and resolves from the working directory. The name is `[eval]`, `[stdin]` or the
/// like. Gives the value of the last statement. If `detect`, text with the syntax of ES modules is run as one, and gives
/// `undefined`.
pub fn run_text(
    context: &Context,
    source: &str,
    name: &str,
    detect: bool,
    limits: &Limits,
) -> Result<Out, Error> {
    enter::run(&context.isolate, Some(&context.global), limits, |scope| {
        call(scope, "installGlobals", &[name])?;
        let code = script::code(scope, source)?;
        let importer = call(scope, "textImporter", &[name])?;
        let origin = origin(scope, value::string(scope, name)?, importer)?;
        let compiled = unless_module(scope, code, HAS_ESM && detect, |scope| {
            script::compile(scope, code, &origin, None)
        })?;
        if let Some(compiled) = compiled {
            let value = script::run(scope, compiled.unbound)?;
            return Ok(Out::new(scope, value));
        }
        run_module(scope, source)?;
        Ok(Out::Undefined)
    })
}

/// Runs text that is no file as an ES module.
pub fn run_module_text(context: &Context, source: &str, limits: &Limits) -> Result<(), Error> {
    enter::run(&context.isolate, Some(&context.global), limits, |scope| run_module(scope, source))
}

fn run_module(scope: &mut Scope<'_, '_>, source: &str) -> Outcome<()> {
    call(scope, "runModuleText", &[source, "[eval1]"])?;
    context::after_evaluate(scope)
}

/// Has `import` go by an import map. Relative addresses in it are relative to the file that it is from.
pub fn set_import_map(context: &Context, text: &str, file: &Path) -> Result<(), Error> {
    let file = utf8(file)?;
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        call(scope, "setImportMap", &[text, file])?;
        Ok(())
    })
}

/// The globals of `run_text`, for who runs pieces of text one after another. Their imports resolve from the working
/// directory too.
pub fn prepare_for_text(context: &Context, name: &str) -> Result<(), Error> {
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        call(scope, "installGlobals", &[name])?;
        let importer = call(scope, "textImporter", &[name])?;
        if let Some(answer) = node_vm::import_answer(scope, importer, v8::undefined(scope).into())? {
            answer.set_for_context(scope.get_current_context());
        }
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
    call(scope, "resolveFrom", &[name])?;
    Ok(())
}

fn utf8(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::invalid(format!("path: {} is not UTF-8", path.display())))
}

fn call<'s>(scope: &mut Scope<'s, '_>, name: &str, arguments: &[&str]) -> Outcome<v8::Local<'s, v8::Value>> {
    let exports = realm::load(scope, "require")?;
    let function = realm::function(scope, exports, name).expect("require.js exports it");
    let arguments = arguments.iter().map(|text| value::string(scope, text).map(Into::into));
    let arguments = arguments.collect::<Outcome<Vec<_>>>()?;
    function.call(scope, exports.into(), &arguments).thrown()
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    let key = value::string(native.scope, "hasEsm")?;
    let has_esm = v8::Boolean::new(native.scope, HAS_ESM);
    native.object.set(native.scope, key.into(), has_esm.into()).thrown()?;
    // compile(code, filename, import, detect): undefined if `detect` and it has the syntax of an ES module.
    native.function("compile", |scope, arguments, result| {
        let code = arguments.get(0).to_string(scope).thrown()?;
        let filename = arguments.get(1).to_string(scope).thrown()?;
        let origin = origin(scope, filename, arguments.get(2))?;
        let compiled =
            unless_module(scope, code, arguments.get(3).is_true(), |scope| compile(scope, code, origin))?;
        if let Some(function) = compiled {
            result.set(function.into());
        }
        Ok(())
    })
}

/// Where code is from, and what answers its imports, if that is a function.
fn origin<'s>(
    scope: &Scope<'s, '_>,
    filename: v8::Local<'s, v8::String>,
    importer: v8::Local<'s, v8::Value>,
) -> Outcome<Origin<'s>> {
    let answer = node_vm::import_answer(scope, importer, v8::undefined(scope).into())?;
    let host_defined_options = answer.map(|answer| answer.options(scope)).transpose()?;
    Ok(Origin { host_defined_options, ..Origin::new(filename) })
}

/// A module's function. A SyntaxError has its place at the head of its stack, as Node's users know it: nothing else
/// would say it to who catches it.
fn compile<'s>(
    scope: &mut Scope<'s, '_>,
    code: v8::Local<'s, v8::String>,
    origin: Origin<'s>,
) -> Outcome<v8::Local<'s, v8::Function>> {
    const PARAMETERS: [&str; 5] = ["exports", "require", "module", "__filename", "__dirname"];
    let parameters = PARAMETERS.iter().map(|name| value::string(scope, name)).collect::<Outcome<Vec<_>>>()?;
    let options = Options::new(origin);
    let compiled = decorating(scope, |scope| compile_function::compile(scope, code, &parameters, &options))?;
    Ok(compiled.function)
}

/// Compiles. None: the text is no script, but an ES module, if that `detect`s it.
fn unless_module<'s, T>(
    scope: &mut Scope<'s, '_>,
    code: v8::Local<'s, v8::String>,
    detect: bool,
    compile: impl FnOnce(&mut Scope<'s, '_>) -> Outcome<T>,
) -> Outcome<Option<T>> {
    v8::tc_scope!(let caught, scope);
    let done = compile(caught);
    if detect && let Some(error) = caught.exception().filter(|_| !caught.has_terminated()) {
        let message = v8::Exception::create_message(caught, error).get(caught).to_rust_string_lossy(caught);
        let is_module = match verdict(message.trim_start_matches("Uncaught ")) {
            Verdict::Module => true,
            Verdict::Maybe => is_module(caught, code),
            Verdict::Script => false,
        };
        if is_module {
            caught.reset();
            return Ok(None);
        }
    }
    caught.rethrow();
    done.map(Some)
}

enum Verdict {
    Script,
    Module,
    Maybe,
}

/// What V8's complaint of a script says of the text: its first fault may be `import`, a name that only CommonJS has taken,
/// or anything that comes of `await` at the top.
fn verdict(message: &str) -> Verdict {
    const MODULE: [&str; 3] = [
        "Cannot use import statement outside a module",
        "Unexpected token 'export'",
        "Cannot use 'import.meta' outside a module",
    ];
    match message.strip_prefix("SyntaxError: ") {
        Some(fault) if MODULE.contains(&fault) => Verdict::Module,
        Some(_) => Verdict::Maybe,
        None => Verdict::Script,
    }
}

fn is_module<'s>(scope: &mut Scope<'s, '_>, code: v8::Local<'s, v8::String>) -> bool {
    v8::tc_scope!(let caught, scope);
    let given = SourceText {
        code,
        origin: Origin::new(v8::String::empty(caught)),
        cached_data: None,
        initialize_import_meta: None,
        import: None,
    };
    module::new_source_text(caught, &given).is_ok()
}
