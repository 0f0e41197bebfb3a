//! Functions compiled from their body: node:vm's compileFunction.

use crate::engine::enter::{self, Outcome, Scope};
use crate::engine::error::{Error, throw};
use crate::engine::seal::{seal, unseal};
use crate::engine::value::{Value, string};
use crate::vm::context::Context;
use crate::vm::decorate::spare;
use crate::vm::hooks;
use crate::vm::script;
use crate::vm::source::{self, Origin};
use v8::script_compiler::{CompileOptions, NoCacheReason, Source, compile_function};
use xxhash_rust::xxh3::xxh3_64;

/// What a function is compiled with beyond its body and its parameters.
pub struct Options<'s, 'a> {
    pub origin: Origin<'s>,
    /// Objects whose properties are in the function's scope, the last one innermost.
    pub context_extensions: &'a [v8::Local<'s, v8::Object>],
    pub cached_data: Option<&'a [u8]>,
    pub produce_cached_data: bool,
}

impl<'s> Options<'s, '_> {
    pub fn new(origin: Origin<'s>) -> Self {
        Options { origin, context_extensions: &[], cached_data: None, produce_cached_data: false }
    }
}

/// The function, and what became of cached data.
pub struct Compiled<F> {
    pub function: F,
    /// Whether the cached data was refused; None if none was given.
    pub cached_data_rejected: Option<bool>,
    /// What was asked for, if V8 could produce it.
    pub cached_data: Option<Vec<u8>>,
}

/// Of a function's cached data.
const CACHE_MAGIC: &[u8; 8] = b"jsvmcf01";

/// What V8 allows in a function of JavaScript; it does not look here, and loses count above.
pub const MAX_PARAMETERS: usize = 65_534;

/// V8 recurses over them, on a stack that may be nearly used up.
pub const MAX_EXTENSIONS: usize = 500;

/// A function with these parameters, in the scope's context. Places in its stack count from the start of the body.
/// What is no identifier is a SyntaxError, an extension that V8 cannot take a TypeError.
pub fn compile<'s>(
    scope: &mut Scope<'s, '_>,
    body: v8::Local<'s, v8::String>,
    parameters: &[v8::Local<'s, v8::String>],
    options: &Options<'s, '_>,
) -> Outcome<Compiled<v8::Local<'s, v8::Function>>> {
    let keyed = options.cached_data.is_some() || options.produce_cached_data;
    let key = if keyed { key(scope, body, parameters, options.context_extensions.len()) } else { 0 };
    let cached_data = options.cached_data.map(|bytes| unseal(CACHE_MAGIC, key, bytes));
    // V8's own cache would give a function without extensions where one with them is asked for.
    let origin = options.origin.v8(scope, !options.context_extensions.is_empty());
    let (function, cached_data_rejected) =
        source::compile(scope, body, &origin, cached_data, |scope, source, how| {
            compile_or_throw(scope, source, parameters, options.context_extensions, how)
        })?;
    let produced = if options.produce_cached_data { function.create_code_cache() } else { None };
    let cached_data = produced.map(|cache| seal(CACHE_MAGIC, key, &cache));
    Ok(Compiled { function, cached_data_rejected, cached_data })
}

/// As `compile`, for a host.
pub fn compile_in(
    context: &Context,
    body: &str,
    parameters: &[&str],
    options: &script::Options,
    context_extensions: &[&Value],
    produce_cached_data: bool,
) -> Result<Compiled<Value>, Error> {
    enter::touch(&context.isolate, Some(&context.global), |scope| {
        let body = script::code(scope, body)?;
        let parameters = parameters.iter().map(|name| string(scope, name)).collect::<Outcome<Vec<_>>>()?;
        let extensions =
            context_extensions.iter().map(|value| value.object(scope)).collect::<Outcome<Vec<_>>>()?;
        let undefined = v8::undefined(scope).into();
        let import = hooks::answer(scope, options.hooks, undefined)?;
        let host_defined_options = import.map(|import| import.options(scope)).transpose()?;
        let options = Options {
            context_extensions: &extensions,
            cached_data: options.cached_data,
            produce_cached_data,
            origin: Origin { host_defined_options, ..options.origin(scope, "")? },
        };
        let Compiled { function, cached_data_rejected, cached_data } =
            compile(scope, body, &parameters, &options)?;
        if let Some(import) = import {
            import.set_referrer(scope, function.into())?;
        }
        Ok(Compiled { function: Value::new(scope, function.into()), cached_data_rejected, cached_data })
    })
}

/// What a function's cached data belongs to: another list of parameters is another function, and code that was compiled
/// without extensions does not look for them.
fn key<'s>(
    scope: &mut Scope<'s, '_>,
    body: v8::Local<'s, v8::String>,
    parameters: &[v8::Local<'s, v8::String>],
    extensions: usize,
) -> u64 {
    let parts = [extensions as u64, source::hash(scope, body)].into_iter();
    let parameters = parameters.iter().map(|name| source::hash(scope, *name));
    let bytes: Vec<u8> = parts.chain(parameters).flat_map(u64::to_le_bytes).collect();
    xxh3_64(&bytes)
}

/// V8 gives nothing, and no exception, for what it refuses before it parses.
fn compile_or_throw<'s>(
    scope: &mut Scope<'s, '_>,
    source: &mut Source,
    parameters: &[v8::Local<'s, v8::String>],
    extensions: &[v8::Local<'s, v8::Object>],
    how: CompileOptions,
) -> Option<v8::Local<'s, v8::Function>> {
    v8::tc_scope!(let caught, scope);
    let fits = parameters.len() <= MAX_PARAMETERS && extensions.len() <= MAX_EXTENSIONS;
    let function = fits.then(|| compile_raw(caught, source, parameters, extensions, how)).flatten();
    if function.is_some() {
        return function;
    }
    if !caught.has_caught() && !caught.is_execution_terminating() {
        throw_refusal(caught, parameters, extensions);
        if let Some(error) = caught.exception() {
            spare(caught, error);
        }
    }
    caught.rethrow();
    None
}

/// Says what was refused without a word.
fn throw_refusal<'s>(
    scope: &Scope<'s, '_>,
    parameters: &[v8::Local<'s, v8::String>],
    extensions: &[v8::Local<'s, v8::Object>],
) {
    if parameters.len() > MAX_PARAMETERS {
        // As V8 says it of a function in a source.
        let message = format!("Too many parameters in function definition (only {MAX_PARAMETERS} allowed)");
        return throw(scope, v8::Exception::syntax_error, &message);
    }
    if extensions.len() > MAX_EXTENSIONS {
        let message = format!("Too many context extensions (only {MAX_EXTENSIONS} allowed)");
        return throw(scope, v8::Exception::range_error, &message);
    }
    let empty = v8::String::empty(scope);
    let refused = |parameters: &[_], extensions: &[_]| {
        let mut source = Source::new(empty, None);
        let how = CompileOptions::NoCompileOptions;
        compile_raw(scope, &mut source, parameters, extensions, how).is_none()
    };
    match parameters.iter().find(|name| refused(&[**name], &[])) {
        Some(name) => {
            let message = format!("Parameter '{}' is not an identifier", name.to_rust_string_lossy(scope));
            throw(scope, v8::Exception::syntax_error, &message);
        }
        None => {
            let at = extensions.iter().position(|object| refused(&[], &[*object])).unwrap_or_default();
            throw(
                scope,
                v8::Exception::type_error,
                &format!("Context extension {at} is not an ordinary object"),
            );
        }
    }
}

fn compile_raw<'s>(
    scope: &Scope<'s, '_>,
    source: &mut Source,
    parameters: &[v8::Local<'s, v8::String>],
    extensions: &[v8::Local<'s, v8::Object>],
    how: CompileOptions,
) -> Option<v8::Local<'s, v8::Function>> {
    compile_function(scope, source, parameters, extensions, how, NoCacheReason::NoReason)
}
