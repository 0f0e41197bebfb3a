//! Scripts: compiled once, run many times in any context of their isolate.

use crate::engine::enter::{self, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::seal::{seal, unseal};
use crate::engine::value::{self, Held, Out};
use crate::vm::context::{self, Context};
use crate::vm::hooks::{self, Hooks};
use crate::vm::source::{self, Origin};
use std::sync::Arc;

/// node:vm's name for a script without one.
pub const DEFAULT_FILENAME: &str = "evalmachine.<anonymous>";

#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub filename: Option<&'a str>,
    pub line_offset: i32,
    pub column_offset: i32,
    pub cached_data: Option<&'a [u8]>,
    /// Who answers its `import()`.
    pub hooks: Option<&'a Arc<dyn Hooks>>,
}

impl Options<'_> {
    /// The place that they name, or that of a source without a name.
    pub fn origin<'s>(&self, scope: &Scope<'s, '_>, unnamed: &str) -> enter::Outcome<Origin<'s>> {
        let filename = value::string(scope, self.filename.unwrap_or(unnamed))?;
        let (line_offset, column_offset) = (self.line_offset, self.column_offset);
        Ok(Origin { line_offset, column_offset, ..Origin::new(filename) })
    }
}

pub struct Script {
    pub isolate: Arc<Isolate>,
    pub source_map_url: Option<String>,
    pub source_url: Option<String>,
    /// Whether the cached data was refused; None if none was given.
    pub cached_data_rejected: Option<bool>,
    unbound: Held<v8::UnboundScript>,
    code: Held<v8::String>,
}

/// What V8 made of a source.
pub struct Compiled<'s> {
    pub unbound: v8::Local<'s, v8::UnboundScript>,
    /// Whether the cached data was refused; None if none was given.
    pub cached_data_rejected: Option<bool>,
}

/// Of a script's cached data.
const CACHE_MAGIC: &[u8; 8] = b"jsvmcc02";

impl Script {
    /// Compiles. A SyntaxError comes as EXCEPTION.
    pub fn new(isolate: &Arc<Isolate>, source: &str, options: &Options) -> Result<Script, Error> {
        enter::touch(isolate, None, |scope| {
            let (code, Compiled { unbound, cached_data_rejected }) = compile_text(scope, source, options)?;
            let [source_map_url, source_url] = [source_map_url(scope, unbound), source_url(scope, unbound)]
                .map(|url| url.map(|url| url.to_rust_string_lossy(scope)));
            Ok(Script {
                isolate: isolate.clone(),
                source_map_url,
                source_url,
                cached_data_rejected,
                unbound: Held::new(scope, unbound),
                code: Held::new(scope, code),
            })
        })
    }

    /// Runs in a context of the same isolate; None is the main one. `take` is given the completion value.
    pub fn run<R>(
        &self,
        context: Option<&Context>,
        limits: &Limits,
        take: impl FnOnce(Out) -> enter::Outcome<R>,
    ) -> Result<R, Error> {
        if let Some(context) = context
            && !Arc::ptr_eq(&context.isolate, &self.isolate)
        {
            return Err(Error::new(
                Status::WrongIsolate,
                "context: it belongs to another isolate than the script",
            ));
        }
        enter::run(&self.isolate, context.map(|c| &c.global), limits, |scope| {
            let unbound = self.unbound.local(scope);
            take(run_unbound(scope, unbound)?)
        })
    }

    /// Bytes that make the next compilation of the same source fast; after runs they include the
    /// functions that were compiled on the way.
    pub fn create_cached_data(&self) -> Result<Vec<u8>, Error> {
        enter::touch(&self.isolate, None, |scope| {
            let (unbound, code) = (self.unbound.local(scope), self.code.local(scope));
            create_cached_data(scope, unbound, code)
        })
    }
}

/// Compiles and runs in one stay, so that the limits hold for the wait as well.
pub fn evaluate<R>(
    context: &Context,
    source: &str,
    options: &Options,
    limits: &Limits,
    take: impl FnOnce(Out) -> enter::Outcome<R>,
) -> Result<R, Error> {
    enter::run(&context.isolate, Some(&context.global), limits, |scope| {
        let (_, script) = compile_text(scope, source, options)?;
        take(run_unbound(scope, script.unbound)?)
    })
}

/// How a script ended.
pub type Completion<R> = Result<R, Error>;

/// Makes a context and runs a script in it, within limits. The context is given also when the
/// script fails.
pub fn run_in_new_context<R>(
    script: &Script,
    globals: context::Globals,
    options: &context::Options,
    limits: &Limits,
    take: impl FnOnce(Out) -> enter::Outcome<R>,
) -> Result<(Context, Completion<R>), Error> {
    enter::span(&script.isolate, limits, |_| {
        let context = context::new(&script.isolate, globals, options)?;
        let result = script.run(Some(&context), &Limits::NONE, take);
        Ok((context, result))
    })
}

/// A host's source, which may be longer than V8 takes.
pub fn code<'s>(scope: &Scope<'s, '_>, source: &str) -> enter::Outcome<v8::Local<'s, v8::String>> {
    value::string(scope, source)
        .map_err(|_| Error::invalid(format!("source: its {} bytes are too long for V8", source.len())).into())
}

fn compile_text<'s>(
    scope: &mut Scope<'s, '_>,
    source: &str,
    options: &Options,
) -> enter::Outcome<(v8::Local<'s, v8::String>, Compiled<'s>)> {
    let code = code(scope, source)?;
    let undefined = v8::undefined(scope).into();
    let import = hooks::answer(scope, options.hooks, undefined)?;
    let origin = Origin {
        host_defined_options: import.map(|import| import.options(scope)).transpose()?,
        ..options.origin(scope, DEFAULT_FILENAME)?
    };
    Ok((code, compile(scope, code, &origin, options.cached_data)?))
}

/// Compiles for all contexts of the isolate. A SyntaxError is one of the scope's context.
pub fn compile<'s>(
    scope: &mut Scope<'s, '_>,
    code: v8::Local<'s, v8::String>,
    origin: &Origin<'s>,
    cached_data: Option<&[u8]>,
) -> enter::Outcome<Compiled<'s>> {
    use v8::script_compiler::{NoCacheReason, compile_unbound_script};
    let cached_data = cached_data.map(|bytes| unseal(CACHE_MAGIC, source::hash(scope, code), bytes));
    let origin = origin.v8(scope, false);
    let (unbound, cached_data_rejected) =
        source::compile(scope, code, &origin, cached_data, |scope, source, how| {
            compile_unbound_script(scope, source, how, NoCacheReason::NoReason)
        })?;
    Ok(Compiled { unbound, cached_data_rejected })
}

/// The cached data of a script that was compiled from this code.
pub fn create_cached_data<'s>(
    scope: &mut Scope<'s, '_>,
    unbound: v8::Local<'s, v8::UnboundScript>,
    code: v8::Local<'s, v8::String>,
) -> enter::Outcome<Vec<u8>> {
    let cache = unbound
        .create_code_cache()
        .ok_or_else(|| Error::new(Status::Unsupported, "V8 cannot serialise this script"))?;
    Ok(seal(CACHE_MAGIC, source::hash(scope, code), &cache))
}

/// The URL of a script's `//# sourceMappingURL=` comment.
pub fn source_map_url<'s>(
    scope: &Scope<'s, '_>,
    unbound: v8::Local<'s, v8::UnboundScript>,
) -> Option<v8::Local<'s, v8::String>> {
    source::url(unbound.get_source_mapping_url(scope))
}

/// The URL of a script's `//# sourceURL=` comment.
pub fn source_url<'s>(
    scope: &Scope<'s, '_>,
    unbound: v8::Local<'s, v8::UnboundScript>,
) -> Option<v8::Local<'s, v8::String>> {
    source::url(unbound.get_source_url(scope))
}

/// Runs in the scope's context. A context's own queue is drained within the run.
pub fn run<'s>(
    scope: &mut Scope<'s, '_>,
    unbound: v8::Local<'s, v8::UnboundScript>,
) -> enter::Outcome<v8::Local<'s, v8::Value>> {
    let value = unbound.bind_to_current_context(scope).run(scope).thrown()?;
    context::after_evaluate(scope)?;
    Ok(value)
}

fn run_unbound<'s>(
    scope: &mut Scope<'s, '_>,
    unbound: v8::Local<'s, v8::UnboundScript>,
) -> enter::Outcome<Out> {
    let value = run(scope, unbound)?;
    Ok(Out::new(scope, value))
}
