//! Scripts: compiled once, run many times in any context of their isolate.

use crate::engine::enter::{self, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Limits;
use crate::engine::seal::{seal, unseal};
use crate::engine::value::{self, Held, Out};
use crate::vm::context::{self, Context};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// node:vm's name for a script without one.
pub const DEFAULT_FILENAME: &str = "evalmachine.<anonymous>";

#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub filename: Option<&'a str>,
    pub line_offset: i32,
    pub column_offset: i32,
    pub cached_data: Option<&'a [u8]>,
}

pub struct Script {
    pub isolate: Arc<Isolate>,
    pub source_map_url: Option<String>,
    /// Whether the cached data was refused; None if none was given.
    pub cached_data_rejected: Option<bool>,
    unbound: Held<v8::UnboundScript>,
    source_hash: u64,
}

/// Of our cached data.
const CACHE_MAGIC: &[u8; 8] = b"jsvmcc01";

impl Script {
    /// Compiles. A SyntaxError comes as EXCEPTION.
    pub fn new(isolate: &Arc<Isolate>, source: &str, options: &Options) -> Result<Script, Error> {
        enter::touch(isolate, None, |scope| compile(scope, source, options))
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
            let unbound = self.unbound.local(scope);
            let cache = unbound
                .create_code_cache()
                .ok_or_else(|| Error::new(Status::Unsupported, "V8 cannot serialise this script"))?;
            Ok(seal(CACHE_MAGIC, self.source_hash, &cache))
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
        let script = compile(scope, source, options)?;
        let unbound = script.unbound.local(scope);
        take(run_unbound(scope, unbound)?)
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

fn compile(scope: &mut Scope<'_, '_>, source: &str, options: &Options) -> enter::Outcome<Script> {
    use v8::script_compiler::{CachedData, CompileOptions, NoCacheReason, Source};
    let source_hash = xxh3_64(source.as_bytes());
    let cache = options.cached_data.map(|bytes| unseal(CACHE_MAGIC, source_hash, bytes));
    let code = value::string(scope, source)
        .map_err(|_| Error::invalid(format!("source: its {} bytes are too long for V8", source.len())))?;
    let name = value::string(scope, options.filename.unwrap_or(DEFAULT_FILENAME))?;
    let (line, column) = (options.line_offset, options.column_offset);
    let origin =
        v8::ScriptOrigin::new(scope, name.into(), line, column, false, -1, None, false, false, false, None);
    let (mut source, how) = match cache.flatten() {
        Some(payload) => (
            Source::new_with_cached_data(code, Some(&origin), CachedData::new(payload)),
            CompileOptions::ConsumeCodeCache,
        ),
        None => (Source::new(code, Some(&origin)), CompileOptions::NoCompileOptions),
    };
    let unbound =
        v8::script_compiler::compile_unbound_script(scope, &mut source, how, NoCacheReason::NoReason)
            .thrown()?;
    let refused = source.get_cached_data().is_none_or(|data| data.rejected());
    let map = unbound.get_source_mapping_url(scope);
    Ok(Script {
        isolate: Isolate::of(scope),
        source_map_url: map.is_string().then(|| map.to_rust_string_lossy(scope)),
        cached_data_rejected: cache.map(|payload| payload.is_none() || refused),
        unbound: Held::new(scope, unbound),
        source_hash,
    })
}

/// Runs in the scope's context. A context's own queue is drained within the run.
fn run_unbound<'s>(
    scope: &mut Scope<'s, '_>,
    unbound: v8::Local<'s, v8::UnboundScript>,
) -> enter::Outcome<Out> {
    let value = unbound.bind_to_current_context(scope).run(scope).thrown()?;
    context::after_evaluate(scope)?;
    Ok(Out::new(scope, value))
}
