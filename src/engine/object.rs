//! Objects, arrays and calls, for the host.
//!
//! What is done to an object is done in the context that made it, so that what comes of it (arrays
//! of keys, errors) belongs there.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::raw;
use crate::engine::value::{In, Out, Value, string};

/// Arguments that need no memory of their own.
pub const FEW: usize = 8;
/// Above this V8 aborts instead of making an array.
pub const MAX_ELEMENTS: usize = 1 << 26;
/// Above this V8 cannot push the arguments of a call.
pub const MAX_ARGUMENTS: usize = 65_525;

/// The property cannot be changed by assignment.
pub const JSVM_PROPERTY_READ_ONLY: u32 = 1 << 0;
/// The property is not enumerable.
pub const JSVM_PROPERTY_DONT_ENUM: u32 = 1 << 1;
/// The property can be neither deleted nor defined anew: it is not configurable.
pub const JSVM_PROPERTY_DONT_DELETE: u32 = 1 << 2;

/// Only enumerable properties.
pub const JSVM_KEYS_ENUMERABLE: u32 = 1 << 0;
/// Keys that are strings, array indices included. With neither this nor JSVM_KEYS_SYMBOLS: both.
pub const JSVM_KEYS_STRINGS: u32 = 1 << 1;
/// Keys that are symbols.
pub const JSVM_KEYS_SYMBOLS: u32 = 1 << 2;

/// Does something in the context that made the object, or here if none did.
pub fn within<'s, 'i, R>(
    scope: &mut Scope<'s, 'i>,
    object: v8::Local<'s, v8::Object>,
    body: impl FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
) -> Outcome<R> {
    match object.get_creation_context(scope) {
        // As a rule the call was made there.
        Some(context) if raw::word(context) == raw::word(scope.get_current_context()) => body(scope),
        Some(context) => body(&mut v8::ContextScope::new(scope, context)),
        None => body(scope),
    }
}

/// As `within`, for a value that is known to be an object or a function.
pub fn on<'s, 'i, R>(
    scope: &mut Scope<'s, 'i>,
    object: &Value,
    body: impl FnOnce(&mut Scope<'s, 'i>, v8::Local<'s, v8::Object>) -> Outcome<R>,
) -> Outcome<R> {
    let object = object.object(scope)?;
    within(scope, object, |scope| body(scope, object))
}

/// A property's key. Strings are internalized at once: V8 would do it at the lookup.
fn key<'s>(scope: &mut Scope<'s, '_>, key: In) -> Outcome<v8::Local<'s, v8::Value>> {
    let In::String(text) = key else { return key.local(scope) };
    match v8::String::new_from_utf8(scope, text.as_bytes(), v8::NewStringType::Internalized) {
        Some(key) => Ok(key.into()),
        None => Ok(string(scope, text)?.into()),
    }
}

/// A key for those functions of V8 that do not take numbers.
fn name<'s>(scope: &mut Scope<'s, '_>, key: In) -> Outcome<v8::Local<'s, v8::Name>> {
    let key = self::key(scope, key)?;
    match v8::Local::<v8::Name>::try_from(key) {
        Ok(name) => Ok(name),
        Err(_) => Ok(key.to_string(scope).thrown()?.into()),
    }
}

pub fn new(scope: &mut Scope<'_, '_>) -> Outcome<Value> {
    let object = v8::Object::new(scope);
    Ok(Value::new(scope, object.into()))
}

pub fn get(scope: &mut Scope<'_, '_>, object: &Value, key: In) -> Outcome<Out> {
    on(scope, object, |scope, object| {
        let key = self::key(scope, key)?;
        let value = object.get(scope, key).thrown()?;
        Ok(Out::new(scope, value))
    })
}

pub fn set(scope: &mut Scope<'_, '_>, object: &Value, key: In, value: In) -> Outcome<()> {
    on(scope, object, |scope, object| {
        let key = self::key(scope, key)?;
        let value = value.local(scope)?;
        object.set(scope, key, value).thrown()?;
        Ok(())
    })
}

pub fn get_many<'a>(
    scope: &mut Scope<'_, '_>,
    object: &Value,
    keys: impl Iterator<Item = In<'a>>,
) -> Outcome<Vec<Out>> {
    on(scope, object, |scope, object| {
        keys.map(|key| {
            v8::scope!(let scope, scope);
            let key = self::key(scope, key)?;
            let value = object.get(scope, key).thrown()?;
            Ok(Out::new(scope, value))
        })
        .collect()
    })
}

pub fn set_many<'a>(
    scope: &mut Scope<'_, '_>,
    object: &Value,
    properties: impl Iterator<Item = (In<'a>, In<'a>)>,
) -> Outcome<()> {
    on(scope, object, |scope, object| {
        for (key, value) in properties {
            v8::scope!(let scope, scope);
            let key = self::key(scope, key)?;
            let value = value.local(scope)?;
            object.set(scope, key, value).thrown()?;
        }
        Ok(())
    })
}

pub fn has(scope: &mut Scope<'_, '_>, object: &Value, key: In) -> Outcome<bool> {
    on(scope, object, |scope, object| {
        let key = self::key(scope, key)?;
        object.has(scope, key).thrown()
    })
}

pub fn has_own(scope: &mut Scope<'_, '_>, object: &Value, key: In) -> Outcome<bool> {
    on(scope, object, |scope, object| {
        let key = name(scope, key)?;
        object.has_own_property(scope, key).thrown()
    })
}

pub fn delete(scope: &mut Scope<'_, '_>, object: &Value, key: In) -> Outcome<bool> {
    on(scope, object, |scope, object| {
        let key = self::key(scope, key)?;
        object.delete(scope, key).thrown()
    })
}

/// Whether the property could be defined. `attributes` has the JSVM_PROPERTY_ bits.
pub fn define(
    scope: &mut Scope<'_, '_>,
    object: &Value,
    key: In,
    value: In,
    attributes: u32,
) -> Outcome<bool> {
    on(scope, object, |scope, object| {
        let key = name(scope, key)?;
        let value = value.local(scope)?;
        let without = |bit: u32| attributes & bit == 0;
        let mut descriptor =
            v8::PropertyDescriptor::new_from_value_writable(value, without(JSVM_PROPERTY_READ_ONLY));
        descriptor.set_enumerable(without(JSVM_PROPERTY_DONT_ENUM));
        descriptor.set_configurable(without(JSVM_PROPERTY_DONT_DELETE));
        object.define_property(scope, key, &descriptor).thrown()
    })
}

/// Whether the accessor could be defined. Each of the two is a function or `undefined`.
pub fn define_accessor(
    scope: &mut Scope<'_, '_>,
    object: &Value,
    key: In,
    (getter, setter): (In, In),
    attributes: u32,
) -> Outcome<bool> {
    on(scope, object, |scope, object| {
        let key = name(scope, key)?;
        let (getter, setter) = (getter.local(scope)?, setter.local(scope)?);
        let without = |bit: u32| attributes & bit == 0;
        let mut descriptor = v8::PropertyDescriptor::new_from_get_set(getter, setter);
        descriptor.set_enumerable(without(JSVM_PROPERTY_DONT_ENUM));
        descriptor.set_configurable(without(JSVM_PROPERTY_DONT_DELETE));
        object.define_property(scope, key, &descriptor).thrown()
    })
}

/// The prototype as V8 has it: a Proxy's trap is not asked, it has none.
pub fn prototype(scope: &mut Scope<'_, '_>, object: &Value) -> Outcome<Out> {
    on(scope, object, |scope, object| {
        let prototype = object.get_prototype(scope).thrown()?;
        Ok(Out::new(scope, prototype))
    })
}

/// `which` has the JSVM_KEYS_ bits.
pub fn own_keys(scope: &mut Scope<'_, '_>, object: &Value, which: u32) -> Outcome<Vec<Out>> {
    let strings = which & JSVM_KEYS_STRINGS != 0 || which & JSVM_KEYS_SYMBOLS == 0;
    let symbols = which & JSVM_KEYS_SYMBOLS != 0 || which & JSVM_KEYS_STRINGS == 0;
    let mut filter = v8::PropertyFilter::ALL_PROPERTIES;
    if which & JSVM_KEYS_ENUMERABLE != 0 {
        filter = filter | v8::PropertyFilter::ONLY_ENUMERABLE;
    }
    if !strings {
        filter = filter | v8::PropertyFilter::SKIP_STRINGS;
    }
    if !symbols {
        filter = filter | v8::PropertyFilter::SKIP_SYMBOLS;
    }
    on(scope, object, |scope, object| {
        let keys = object
            .get_property_names(
                scope,
                v8::GetPropertyNamesArgs {
                    mode: v8::KeyCollectionMode::OwnOnly,
                    property_filter: filter,
                    // Indices are strings in all but V8's view.
                    index_filter: if strings {
                        v8::IndexFilter::IncludeIndices
                    } else {
                        v8::IndexFilter::SkipIndices
                    },
                    key_conversion: v8::KeyConversionMode::ConvertToString,
                },
            )
            .thrown()?;
        elements(scope, keys)
    })
}

/// The elements of an array that V8 made for us and nobody else has seen.
pub fn elements<'s>(scope: &mut Scope<'s, '_>, array: v8::Local<'s, v8::Array>) -> Outcome<Vec<Out>> {
    (0..array.length())
        .map(|i| {
            v8::scope!(let scope, scope);
            let element = array.get_index(scope, i).thrown()?;
            Ok(Out::new(scope, element))
        })
        .collect()
}

/// The name of the function that made the object, as V8 remembers it.
pub fn constructor_name(scope: &mut Scope<'_, '_>, object: &Value) -> Outcome<Out> {
    on(scope, object, |scope, object| {
        let name = raw::ptr(object.get_constructor_name());
        // SAFETY: V8 gave it in this handle scope; the crate ties it to the object's borrow.
        let name: v8::Local<v8::String> = unsafe { raw::local(scope, name) }.thrown()?;
        Ok(Out::new(scope, name.into()))
    })
}

pub fn array<'a>(
    scope: &mut Scope<'_, '_>,
    elements: impl ExactSizeIterator<Item = In<'a>>,
) -> Outcome<Value> {
    with_locals(scope, elements, |scope, elements| {
        let array = v8::Array::new_with_elements(scope, elements);
        Ok(Value::new(scope, array.into()))
    })
}

pub fn array_length(scope: &mut Scope<'_, '_>, array: &Value) -> Outcome<u32> {
    Ok(array.local(scope)?.cast::<v8::Array>().length())
}

/// The host's values as V8's, on the stack if they are few.
fn with_locals<'s, 'i, 'a, R>(
    scope: &mut Scope<'s, 'i>,
    values: impl ExactSizeIterator<Item = In<'a>>,
    body: impl FnOnce(&mut Scope<'s, 'i>, &[v8::Local<'s, v8::Value>]) -> Outcome<R>,
) -> Outcome<R> {
    let count = values.len();
    if count <= FEW {
        let undefined: v8::Local<v8::Value> = v8::undefined(scope).into();
        let mut few = [undefined; FEW];
        for (place, value) in few.iter_mut().zip(values) {
            *place = value.local(scope)?;
        }
        body(scope, &few[..count])
    } else {
        let many = values.map(|value| value.local(scope)).collect::<Outcome<Vec<_>>>()?;
        body(scope, &many)
    }
}

/// Refuses more elements than V8 can hold.
pub fn check_elements(count: usize) -> Result<(), Error> {
    if count > MAX_ELEMENTS {
        return Err(Error::invalid(format!(
            "count: {count} is more than the {MAX_ELEMENTS} elements that V8 can hold"
        )));
    }
    Ok(())
}

/// Refuses more arguments than V8 can pass.
pub fn check_arguments(count: usize) -> Result<(), Error> {
    if count > MAX_ARGUMENTS {
        return Err(Error::invalid(format!(
            "argc: {count} is more than the {MAX_ARGUMENTS} that V8 can pass"
        )));
    }
    Ok(())
}

/// A result that is not `wanted` is not looked at.
pub fn call<'a>(
    scope: &mut Scope<'_, '_>,
    function: &Value,
    this: In,
    arguments: impl ExactSizeIterator<Item = In<'a>>,
    wanted: bool,
) -> Outcome<Out> {
    on(scope, function, |scope, object| {
        let function = function.function(object)?;
        let this = this.local(scope)?;
        with_locals(scope, arguments, |scope, arguments| {
            let result = function.call(scope, this, arguments).thrown()?;
            Ok(if wanted { Out::new(scope, result) } else { Out::Undefined })
        })
    })
}

pub fn construct<'a>(
    scope: &mut Scope<'_, '_>,
    function: &Value,
    arguments: impl ExactSizeIterator<Item = In<'a>>,
) -> Outcome<Out> {
    on(scope, function, |scope, function| {
        let function: v8::Local<v8::Function> = function.cast();
        with_locals(scope, arguments, |scope, arguments| {
            let result = function.new_instance(scope, arguments).thrown()?;
            Ok(Out::new(scope, result.into()))
        })
    })
}

/// What stands for a property that an object refuses to have.
pub fn refused() -> Error {
    Error::new(Status::WrongState, "key: the object does not let this property be defined")
}
