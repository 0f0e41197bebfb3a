//! Conversions, strings and symbols, for the host.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::error::Error;
use crate::engine::object;
use crate::engine::value::{In, Out, Text, Value, string, text};

pub fn value(scope: &mut Scope<'_, '_>, value: In) -> Outcome<Value> {
    let value = value.local(scope)?;
    Ok(Value::new(scope, value))
}

pub fn out(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<Out> {
    let value = value.local(scope)?;
    Ok(Out::new(scope, value))
}

pub fn strict_equals(scope: &mut Scope<'_, '_>, a: &Value, b: &Value) -> Outcome<bool> {
    let (a, b) = (a.local(scope)?, b.local(scope)?);
    Ok(a.strict_equals(b))
}

/// Does something in the context of the value, if it is an object.
fn within<'s, 'i, R>(
    scope: &mut Scope<'s, 'i>,
    value: &Value,
    body: impl FnOnce(&mut Scope<'s, 'i>, v8::Local<'s, v8::Value>) -> Outcome<R>,
) -> Outcome<R> {
    let value = value.local(scope)?;
    match v8::Local::<v8::Object>::try_from(value) {
        Ok(object) => object::within(scope, object, |scope| body(scope, value)),
        Err(_) => body(scope, value),
    }
}

/// `String(value)`.
pub fn to_text(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<Text> {
    within(scope, value, |scope, value| {
        // String() has words for symbols; the conversion that it stands for throws.
        let string = if value.is_symbol() { value.to_detail_string(scope) } else { value.to_string(scope) }
            .thrown()?;
        Ok(text(scope, string))
    })
}

/// `+value`.
pub fn to_number(scope: &mut Scope<'_, '_>, value: &Value) -> Outcome<f64> {
    within(scope, value, |scope, value| value.number_value(scope).thrown())
}

/// `value instanceof constructor`.
pub fn instance_of(scope: &mut Scope<'_, '_>, value: &Value, constructor: &Value) -> Outcome<bool> {
    object::on(scope, constructor, |scope, constructor| {
        let value = value.local(scope)?;
        value.instance_of(scope, constructor).thrown()
    })
}

pub fn string_from_utf16(scope: &mut Scope<'_, '_>, units: &[u16]) -> Outcome<Value> {
    let string = v8::String::new_from_two_byte(scope, units, v8::NewStringType::Normal)
        .ok_or_else(|| Error::invalid(format!("len: {} code units are too many for V8", units.len())))?;
    Ok(Value::new(scope, string.into()))
}

/// Writes the first code units of a string, and says how many there are. `write` is given their
/// number and gives the place for as many of them as it wants.
pub fn utf16<'b>(
    scope: &mut Scope<'_, '_>,
    value: &Value,
    place: impl FnOnce(usize) -> &'b mut [u16],
) -> Outcome<usize> {
    let string: v8::Local<v8::String> = value.local(scope)?.cast();
    let length = string.length();
    let place = place(length);
    if !place.is_empty() {
        string.write_v2(scope, 0, place, v8::WriteFlags::empty());
    }
    Ok(length)
}

pub fn symbol(scope: &mut Scope<'_, '_>, description: Option<&str>) -> Outcome<Value> {
    let description = match description {
        Some(text) => Some(string(scope, text)?),
        None => None,
    };
    let symbol = v8::Symbol::new(scope, description);
    Ok(Value::new(scope, symbol.into()))
}

pub fn symbol_for(scope: &mut Scope<'_, '_>, key: &str) -> Outcome<Value> {
    let key = string(scope, key)?;
    let symbol = v8::Symbol::for_key(scope, key);
    Ok(Value::new(scope, symbol.into()))
}

pub fn symbol_description(scope: &mut Scope<'_, '_>, symbol: &Value) -> Outcome<Out> {
    let symbol: v8::Local<v8::Symbol> = symbol.local(scope)?.cast();
    let description = symbol.description(scope);
    Ok(Out::new(scope, description))
}
