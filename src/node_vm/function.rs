//! compileFunction.

use crate::engine::enter::Outcome;
use crate::node_vm::{
    bytes, context_of, define, import_answer, int32, list, options_of, string, uint8_array,
};
use crate::realm::native::Natives;
use crate::vm::compile_function::{self, Options};
use crate::vm::decorate::decorating;
use crate::vm::source::Origin;
use v8::Local;

pub fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // compileFunction(code, filename, lineOffset, columnOffset, cachedData, produceCachedData, parsingContext,
    // contextExtensions, params, import): a function.
    native.function("compileFunction", |scope, arguments, result| {
        let code = string(arguments.get(0))?;
        let cached_data = bytes(scope, arguments.get(4));
        let produce_cached_data = arguments.get(5).is_true();
        let context = context_of(scope, arguments.get(6))?;
        let extensions = list::<v8::Object>(scope, arguments.get(7))?;
        let parameters = list::<v8::String>(scope, arguments.get(8))?;
        let undefined = v8::undefined(scope).into();
        let import = import_answer(scope, arguments.get(9), undefined)?;
        let origin = Origin {
            line_offset: int32(arguments.get(2)),
            column_offset: int32(arguments.get(3)),
            host_defined_options: Some(options_of(scope, import)?),
            ..Origin::new(string(arguments.get(1))?)
        };
        let options = Options {
            origin,
            context_extensions: &extensions,
            cached_data: cached_data.as_deref(),
            produce_cached_data,
        };
        let compiled = {
            let scope = &mut v8::ContextScope::new(scope, context);
            decorating(scope, |scope| compile_function::compile(scope, code, &parameters, &options))?
        };
        let function: Local<v8::Object> = compiled.function.into();
        if let Some(import) = import {
            import.set_referrer(scope, function.into())?;
        }
        if produce_cached_data {
            let produced = v8::Boolean::new(scope, compiled.cached_data.is_some());
            define(scope, function, "cachedDataProduced", produced.into())?;
        }
        if let Some(data) = compiled.cached_data {
            let data = uint8_array(scope, data)?;
            define(scope, function, "cachedData", data)?;
        }
        if let Some(rejected) = compiled.cached_data_rejected {
            let rejected = v8::Boolean::new(scope, rejected);
            define(scope, function, "cachedDataRejected", rejected.into())?;
        }
        result.set(function.into());
        Ok(())
    })
}
