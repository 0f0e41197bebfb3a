//! compileFunction.

use crate::engine::enter::{Outcome, Thrown};
use crate::engine::error::Error;
use crate::node_vm::{bytes, context_of, define, string, uint8_array};
use crate::realm::native::Natives;
use crate::vm::compile_function::{self, Options};
use crate::vm::decorate::decorating;
use crate::vm::source::Origin;
use v8::Local;

pub fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // compileFunction(code, filename, lineOffset, columnOffset, cachedData, produceCachedData, parsingContext,
    // contextExtensions, params): a function.
    native.function("compileFunction", |scope, arguments, result| {
        let code = string(arguments.get(0))?;
        let cached_data = bytes(scope, arguments.get(4));
        let produce_cached_data = arguments.get(5).is_true();
        let context = context_of(scope, arguments.get(6))?;
        let extensions = list::<v8::Object>(scope, arguments.get(7))?;
        let parameters = list::<v8::String>(scope, arguments.get(8))?;
        let origin = Origin {
            line_offset: arguments.get(2).int32_value(scope).unwrap_or(0),
            column_offset: arguments.get(3).int32_value(scope).unwrap_or(0),
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

/// The elements of an array, which vm.js has looked at; undefined is none.
fn list<'s, T>(
    scope: &mut crate::engine::enter::Scope<'s, '_>,
    argument: Local<'s, v8::Value>,
) -> Outcome<Vec<Local<'s, T>>>
where
    Local<'s, T>: TryFrom<Local<'s, v8::Value>>,
{
    let Ok(array) = Local::<v8::Array>::try_from(argument) else { return Ok(Vec::new()) };
    (0..array.length())
        .map(|at| {
            let element = array.get_index(scope, at).thrown()?;
            element.try_into().map_err(|_| Error::invalid("an element is of another type").into())
        })
        .collect()
}
