//! Dates, regular expressions, maps, sets and errors, for the host. They are read and changed by
//! V8's own functions: whatever the guest did to their prototypes, none of its code runs.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::object::{elements, on};
use crate::engine::raw;
use crate::engine::value::{In, Out, Value, string};

pub fn date(scope: &mut Scope<'_, '_>, milliseconds: f64) -> Outcome<Value> {
    let date = v8::Date::new(scope, milliseconds).thrown()?;
    Ok(Value::new(scope, date.into()))
}

pub fn date_value(scope: &mut Scope<'_, '_>, date: &Value) -> Outcome<f64> {
    Ok(date.local(scope)?.cast::<v8::Date>().value_of())
}

/// Letters and bits of a regular expression's flags, in the order in which `flags` shows them.
const REGEXP_FLAGS: [(char, v8::RegExpCreationFlags); 8] = [
    ('d', v8::RegExpCreationFlags::HAS_INDICES),
    ('g', v8::RegExpCreationFlags::GLOBAL),
    ('i', v8::RegExpCreationFlags::IGNORE_CASE),
    ('m', v8::RegExpCreationFlags::MULTILINE),
    ('s', v8::RegExpCreationFlags::DOT_ALL),
    ('u', v8::RegExpCreationFlags::UNICODE),
    ('v', v8::RegExpCreationFlags::UNICODE_SETS),
    ('y', v8::RegExpCreationFlags::STICKY),
];

/// The flags that a string names; None if JavaScript would not take it. V8 takes any bits and
/// trusts them.
pub fn regexp_bits(letters: &str) -> Option<v8::RegExpCreationFlags> {
    let mut bits = v8::RegExpCreationFlags::empty();
    for letter in letters.chars() {
        let (_, bit) = REGEXP_FLAGS.into_iter().find(|(known, _)| *known == letter)?;
        if bits.contains(bit) {
            return None;
        }
        bits |= bit;
    }
    let both = v8::RegExpCreationFlags::UNICODE | v8::RegExpCreationFlags::UNICODE_SETS;
    (!bits.contains(both)).then_some(bits)
}

pub fn regexp(scope: &mut Scope<'_, '_>, pattern: &str, flags: v8::RegExpCreationFlags) -> Outcome<Value> {
    let pattern = string(scope, pattern)?;
    let regexp = v8::RegExp::new(scope, pattern, flags).thrown()?;
    Ok(Value::new(scope, regexp.into()))
}

pub fn regexp_source(scope: &mut Scope<'_, '_>, regexp: &Value) -> Outcome<Out> {
    on(scope, regexp, |scope, regexp| {
        let regexp: v8::Local<v8::RegExp> = regexp.cast();
        let source = regexp.get_source(scope);
        Ok(Out::new(scope, source.into()))
    })
}

pub fn regexp_flags(scope: &mut Scope<'_, '_>, regexp: &Value) -> Outcome<Out> {
    on(scope, regexp, |scope, regexp| {
        let regexp: v8::Local<v8::RegExp> = regexp.cast();
        // SAFETY: a live regular expression.
        let bits = unsafe { raw::regexp_get_flags(raw::ptr(regexp)) };
        let bits = v8::RegExpCreationFlags::from_bits_retain(bits);
        let letters: String = REGEXP_FLAGS
            .into_iter()
            .filter(|(_, bit)| bits.contains(*bit))
            .map(|(letter, _)| letter)
            .collect();
        let letters = string(scope, &letters)?;
        Ok(Out::new(scope, letters.into()))
    })
}

pub fn map(scope: &mut Scope<'_, '_>) -> Outcome<Value> {
    let map = v8::Map::new(scope);
    Ok(Value::new(scope, map.into()))
}

pub fn map_get(scope: &mut Scope<'_, '_>, map: &Value, key: In) -> Outcome<Out> {
    on(scope, map, |scope, map| {
        let map: v8::Local<v8::Map> = map.cast();
        let key = key.local(scope)?;
        let value = map.get(scope, key).thrown()?;
        Ok(Out::new(scope, value))
    })
}

pub fn map_set(scope: &mut Scope<'_, '_>, map: &Value, key: In, value: In) -> Outcome<()> {
    on(scope, map, |scope, map| {
        let map: v8::Local<v8::Map> = map.cast();
        let (key, value) = (key.local(scope)?, value.local(scope)?);
        map.set(scope, key, value).thrown()?;
        Ok(())
    })
}

pub fn map_has(scope: &mut Scope<'_, '_>, map: &Value, key: In) -> Outcome<bool> {
    on(scope, map, |scope, map| {
        let map: v8::Local<v8::Map> = map.cast();
        let key = key.local(scope)?;
        map.has(scope, key).thrown()
    })
}

pub fn map_delete(scope: &mut Scope<'_, '_>, map: &Value, key: In) -> Outcome<bool> {
    on(scope, map, |scope, map| {
        let map: v8::Local<v8::Map> = map.cast();
        let key = key.local(scope)?;
        map.delete(scope, key).thrown()
    })
}

pub fn map_size(scope: &mut Scope<'_, '_>, map: &Value) -> Outcome<usize> {
    Ok(map.local(scope)?.cast::<v8::Map>().size())
}

/// Key, value, key, value, in the order of insertion.
pub fn map_entries(scope: &mut Scope<'_, '_>, map: &Value) -> Outcome<Vec<Out>> {
    on(scope, map, |scope, map| {
        let map: v8::Local<v8::Map> = map.cast();
        let entries = map.as_array(scope);
        elements(scope, entries)
    })
}

pub fn set(scope: &mut Scope<'_, '_>) -> Outcome<Value> {
    let set = v8::Set::new(scope);
    Ok(Value::new(scope, set.into()))
}

pub fn set_add(scope: &mut Scope<'_, '_>, set: &Value, value: In) -> Outcome<()> {
    on(scope, set, |scope, set| {
        let set: v8::Local<v8::Set> = set.cast();
        let value = value.local(scope)?;
        set.add(scope, value).thrown()?;
        Ok(())
    })
}

pub fn set_has(scope: &mut Scope<'_, '_>, set: &Value, value: In) -> Outcome<bool> {
    on(scope, set, |scope, set| {
        let set: v8::Local<v8::Set> = set.cast();
        let value = value.local(scope)?;
        set.has(scope, value).thrown()
    })
}

pub fn set_delete(scope: &mut Scope<'_, '_>, set: &Value, value: In) -> Outcome<bool> {
    on(scope, set, |scope, set| {
        let set: v8::Local<v8::Set> = set.cast();
        let value = value.local(scope)?;
        set.delete(scope, value).thrown()
    })
}

pub fn set_size(scope: &mut Scope<'_, '_>, set: &Value) -> Outcome<usize> {
    Ok(set.local(scope)?.cast::<v8::Set>().size())
}

/// The values in the order of insertion.
pub fn set_values(scope: &mut Scope<'_, '_>, set: &Value) -> Outcome<Vec<Out>> {
    on(scope, set, |scope, set| {
        let set: v8::Local<v8::Set> = set.cast();
        let values = set.as_array(scope);
        elements(scope, values)
    })
}

/// The class of an error that the host makes. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_exception_class {
    Error = 0,
    TypeError = 1,
    RangeError = 2,
    ReferenceError = 3,
    SyntaxError = 4,
}
pub use jsvm_exception_class as Class;

impl Class {
    /// The class of a number that came from C.
    pub fn from_number(number: u32) -> Option<Class> {
        const ALL: [Class; 5] =
            [Class::Error, Class::TypeError, Class::RangeError, Class::ReferenceError, Class::SyntaxError];
        ALL.get(number as usize).copied()
    }
}

pub fn exception(
    scope: &mut Scope<'_, '_>,
    class: Class,
    message: &str,
    code: Option<&str>,
) -> Outcome<Value> {
    let message = string(scope, message)?;
    let error = match class {
        Class::Error => v8::Exception::error(scope, message),
        Class::TypeError => v8::Exception::type_error(scope, message),
        Class::RangeError => v8::Exception::range_error(scope, message),
        Class::ReferenceError => v8::Exception::reference_error(scope, message),
        Class::SyntaxError => v8::Exception::syntax_error(scope, message),
    };
    if let Some(code) = code {
        let object: v8::Local<v8::Object> = error.cast();
        let key = string(scope, "code")?;
        let code = string(scope, code)?;
        object.create_data_property(scope, key.into(), code.into()).thrown()?;
    }
    Ok(Value::new(scope, error))
}
