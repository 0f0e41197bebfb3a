//! `util.inspect` and `util.format`.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::value;
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use unicode_width::UnicodeWidthChar;

pub const SOURCES: [Source; 8] = [
    source("inspect", include_str!("inspect.js")),
    source("inspect_error", include_str!("inspect_error.js")),
    source("inspect_format", include_str!("inspect_format.js")),
    source("inspect_kinds", include_str!("inspect_kinds.js")),
    source("inspect_layout", include_str!("inspect_layout.js")),
    Source { name: "inspect_native", text: include_str!("inspect_native.js"), natives },
    source("inspect_text", include_str!("inspect_text.js")),
    source("inspect_value", include_str!("inspect_value.js")),
];

const fn source(name: &'static str, text: &'static str) -> Source {
    Source { name, text, natives: |_| Ok(()) }
}

/// A value as `util.inspect` writes it, in the scope's context. Guest code may run.
pub fn inspect(scope: &mut Scope<'_, '_>, value: v8::Local<v8::Value>, colors: bool) -> Outcome<String> {
    let exports = realm::load(scope, "inspect")?;
    let name = value::string(scope, "inspect")?;
    let inspect = exports.get(scope, name.into()).thrown()?;
    let inspect = v8::Local::<v8::Function>::try_from(inspect).expect("inspect is a function");
    let colors = v8::Boolean::new(scope, colors);
    let options = object(scope, &[("colors", colors.into())])?;
    let text = inspect.call(scope, exports.into(), &[value, options.into()]).thrown()?;
    Ok(text.to_rust_string_lossy(scope))
}

fn object<'s>(
    scope: &mut Scope<'s, '_>,
    properties: &[(&str, v8::Local<'s, v8::Value>)],
) -> Outcome<v8::Local<'s, v8::Object>> {
    let null = v8::null(scope).into();
    let names = properties.iter().map(|(name, _)| Ok(value::string(scope, name)?.into()));
    let names: Vec<v8::Local<v8::Name>> = names.collect::<Outcome<_>>()?;
    let values: Vec<v8::Local<v8::Value>> = properties.iter().map(|(_, value)| *value).collect();
    Ok(v8::Object::with_prototype_and_properties(scope, null, &names, &values))
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // What kind of value it is by V8's brands, as the kinds of inspect_kinds.js are called.
    native.function("brand", |scope, arguments, result| {
        let name = brand(arguments.get(0)).as_bytes();
        let name = v8::String::new_from_one_byte(scope, name, v8::NewStringType::Internalized).thrown()?;
        result.set(name.into());
        Ok(())
    })?;
    // A proxy's target and handler, both null if it was revoked; undefined for anything else.
    native.function("proxyOf", |scope, arguments, result| {
        if let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(arguments.get(0)) {
            let (target, handler) = (proxy.get_target(scope), proxy.get_handler(scope));
            result.set(object(scope, &[("target", target), ("handler", handler)])?.into());
        }
        Ok(())
    })?;
    native.function("promiseOf", |scope, arguments, result| {
        if let Ok(promise) = v8::Local::<v8::Promise>::try_from(arguments.get(0)) {
            let state = promise.state();
            let pending = v8::Boolean::new(scope, state == v8::PromiseState::Pending).into();
            let rejected = v8::Boolean::new(scope, state == v8::PromiseState::Rejected).into();
            let value = match state {
                v8::PromiseState::Pending => v8::undefined(scope).into(),
                _ => promise.result(scope),
            };
            let about = [("pending", pending), ("rejected", rejected), ("result", value)];
            result.set(object(scope, &about)?.into());
        }
        Ok(())
    })?;
    // What is in a collection or left in an iterator, one after another; `pairs`: keys and values in turn.
    native.function("previewOf", |scope, arguments, result| {
        let object_of = arguments.get(0).to_object(scope).thrown()?;
        let (items, pairs) = object_of.preview_entries(scope);
        let items = items.unwrap_or_else(|| v8::Array::new(scope, 0));
        let pairs = v8::Boolean::new(scope, pairs).into();
        result.set(object(scope, &[("items", items.into()), ("pairs", pairs)])?.into());
        Ok(())
    })?;
    // An object's own keys that are no indices.
    native.function("namesOf", |scope, arguments, result| {
        let only_enumerable = arguments.get(1).is_true();
        let args = v8::GetPropertyNamesArgs {
            mode: v8::KeyCollectionMode::OwnOnly,
            property_filter: if only_enumerable {
                v8::PropertyFilter::ONLY_ENUMERABLE
            } else {
                v8::PropertyFilter::ALL_PROPERTIES
            },
            index_filter: v8::IndexFilter::SkipIndices,
            key_conversion: v8::KeyConversionMode::ConvertToString,
        };
        let object = arguments.get(0).to_object(scope).thrown()?;
        result.set(object.get_property_names(scope, args).thrown()?.into());
        Ok(())
    })?;
    // The class of an object by V8's own record.
    native.function("constructorName", |scope, arguments, result| {
        let object = arguments.get(0).to_object(scope).thrown()?;
        result.set(object.get_constructor_name().into());
        Ok(())
    })?;
    // The columns of a terminal that a text takes.
    native.function("width", |scope, arguments, result| {
        let text = arguments.get(0).to_rust_string_lossy(scope);
        let columns: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
        result.set_double(columns as f64);
        Ok(())
    })
}

fn brand(value: v8::Local<v8::Value>) -> &'static str {
    if value.is_proxy() {
        return "Proxy";
    }
    if value.is_function() {
        return match (value.is_async_function(), value.is_generator_function()) {
            (false, false) => "Function",
            (true, false) => "AsyncFunction",
            (false, true) => "GeneratorFunction",
            (true, true) => "AsyncGeneratorFunction",
        };
    }
    type Is = fn(&v8::Value) -> bool;
    const BRANDS: &[(Is, &str)] = &[
        (v8::Value::is_array, "Array"),
        (v8::Value::is_native_error, "Error"),
        (v8::Value::is_promise, "Promise"),
        (v8::Value::is_map, "Map"),
        (v8::Value::is_set, "Set"),
        (v8::Value::is_typed_array, "TypedArray"),
        (v8::Value::is_date, "Date"),
        (v8::Value::is_reg_exp, "RegExp"),
        (v8::Value::is_array_buffer, "ArrayBuffer"),
        (v8::Value::is_shared_array_buffer, "SharedArrayBuffer"),
        (v8::Value::is_data_view, "DataView"),
        (v8::Value::is_map_iterator, "MapIterator"),
        (v8::Value::is_set_iterator, "SetIterator"),
        (v8::Value::is_weak_map, "WeakMap"),
        (v8::Value::is_weak_set, "WeakSet"),
        (v8::Value::is_arguments_object, "Arguments"),
        (v8::Value::is_module_namespace_object, "Module"),
        (v8::Value::is_number_object, "Number"),
        (v8::Value::is_string_object, "String"),
        (v8::Value::is_boolean_object, "Boolean"),
        (v8::Value::is_big_int_object, "BigInt"),
        (v8::Value::is_symbol_object, "Symbol"),
        (v8::Value::is_external, "External"),
    ];
    BRANDS.iter().find(|(is, _)| is(&value)).map_or("Object", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::enter;
    use crate::engine::isolate::{self, DEFAULT_STACK_SIZE};
    use crate::engine::limits::Limits;
    use crate::vm::context;

    /// What no JavaScript of a context can make: a module before it runs and after, something of the host's.
    #[test]
    fn of_the_host() {
        let options = isolate::Options {
            heap_limit: 64 << 20,
            buffer_limit: 64 << 20,
            stack_size: DEFAULT_STACK_SIZE,
            host_drains: false,
        };
        let isolate = context::new_isolate(options).expect("an isolate");
        let main = context::main(&isolate).expect("a context");
        let seen = enter::run(&isolate, Some(&main.global), &Limits::NONE, |scope| {
            let code = "export const a = 1; export default function f() {} export let b = [a];";
            let (code, name) = (value::string(scope, code)?, value::string(scope, "m.mjs")?);
            let origin =
                v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, -1, None, false, false, true, None);
            let mut source = v8::script_compiler::Source::new(code, Some(&origin));
            let module = v8::script_compiler::compile_module(scope, &mut source).thrown()?;
            module.instantiate_module(scope, |_, _, _, _| None).thrown()?;
            let before = inspect(scope, module.get_module_namespace(), false)?;
            module.evaluate(scope).thrown()?;
            let after = inspect(scope, module.get_module_namespace(), true)?;
            let external = v8::External::new(scope, std::ptr::dangling_mut());
            let external = inspect(scope, external.into(), false)?;
            Ok([before, after, external])
        });
        isolate.close();
        let seen = seen.map_err(|error| error.into_details().message).expect("no exception");
        assert_eq!(
            seen[0],
            "[Module: null prototype] {\n  a: <uninitialized>,\n  b: <uninitialized>,\n  default: [Function: f]\n}"
        );
        assert_eq!(
            seen[1],
            "[Module: null prototype] { a: \x1b[33m1\x1b[39m, b: [ \x1b[33m1\x1b[39m ], \
             default: \x1b[36m[Function: f]\x1b[39m }"
        );
        assert_eq!(seen[2], "[External]");
    }
}
