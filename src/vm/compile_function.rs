//! Functions compiled from their body: node:vm's compileFunction.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::value;

#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub filename: &'a str,
    pub line_offset: i32,
    pub column_offset: i32,
}

/// A function with these parameters, in the scope's context. Places in its stack count from the start of the body.
pub fn compile<'s>(
    scope: &mut Scope<'s, '_>,
    body: v8::Local<'s, v8::String>,
    parameters: &[&str],
    options: &Options,
) -> Outcome<v8::Local<'s, v8::Function>> {
    use v8::script_compiler::{CompileOptions, NoCacheReason, Source, compile_function};
    let name = value::string(scope, options.filename)?;
    let (line, column) = (options.line_offset, options.column_offset);
    let origin =
        v8::ScriptOrigin::new(scope, name.into(), line, column, false, -1, None, false, false, false, None);
    let parameters = parameters.iter().map(|name| value::string(scope, name)).collect::<Outcome<Vec<_>>>()?;
    let mut source = Source::new(body, Some(&origin));
    let (how, why) = (CompileOptions::NoCompileOptions, NoCacheReason::NoReason);
    compile_function(scope, &mut source, &parameters, &[], how, why).thrown()
}
