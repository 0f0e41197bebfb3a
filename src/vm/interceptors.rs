//! The functions that V8 calls for each property of a contextified global. What they answer is in `contextify`.
//!
//! V8 calls those for indices apart from those for names: an index is the name that it is written as.

use crate::engine::enter::{Fail, Outcome, Scope, panic_text};
use crate::engine::error::throw;
use crate::vm::contextify::{self as rules, Answer, Both};
use std::panic::{AssertUnwindSafe, catch_unwind};
use v8::{
    IndexedPropertyHandlerConfiguration, Intercepted, Local, NamedPropertyHandlerConfiguration,
    PropertyCallbackArguments, PropertyDescriptor, PropertyHandlerFlags, ReturnValue,
};

/// V8's `kHasDontDeleteProperty`, which the crate does not name: `let` and `const` ask the query interceptor whether the
/// name is that of a property that cannot be redeclared.
const ASKS_BEFORE_LET: u32 = 1 << 3;

pub fn set(template: Local<v8::ObjectTemplate>) {
    // SAFETY: the flags are one u32, which the crate hands to V8 as it is.
    let asks_before_let = unsafe { std::mem::transmute::<u32, PropertyHandlerFlags>(ASKS_BEFORE_LET) };
    template.set_named_property_handler(
        NamedPropertyHandlerConfiguration::new()
            .getter(named::getter)
            .setter(named::setter)
            .query(named::query)
            .descriptor(named::descriptor)
            .definer(named::definer)
            .deleter(named::deleter)
            .enumerator(named::enumerator)
            .flags(PropertyHandlerFlags::HAS_NO_SIDE_EFFECT | asks_before_let),
    );
    template.set_indexed_property_handler(
        IndexedPropertyHandlerConfiguration::new()
            .getter(indexed::getter)
            .setter(indexed::setter)
            .query(indexed::query)
            .descriptor(indexed::descriptor)
            .definer(indexed::definer)
            .deleter(indexed::deleter)
            .enumerator(indexed::enumerator)
            .flags(PropertyHandlerFlags::HAS_NO_SIDE_EFFECT),
    );
}

/// Asks a rule, and tells V8 what it says. With an exception pending V8 looks at nothing else.
fn answer<'s, T>(
    scope: &mut Scope<'s, '_>,
    args: &PropertyCallbackArguments<'s>,
    rule: impl FnOnce(&Scope<'s, '_>, &Both<'s>) -> Answer<T>,
    give: impl FnOnce(T),
) -> Intercepted {
    let Some(both) = Both::of(scope, args.holder()) else { return Intercepted::kNo };
    let body = |scope: &mut Scope<'s, '_>| bounded(scope, || Ok(rule(scope, &both)?.map(give).is_some()));
    match at_home(scope, &both, body) {
        Some(false) => Intercepted::kNo,
        Some(true) | None => Intercepted::kYes,
    }
}

/// Whoever asks, what V8 makes on the way, the descriptors that a Proxy sees and errors, is of the global's own context.
/// For an ordinary sandbox it makes nothing.
fn at_home<'s, T>(
    scope: &mut Scope<'s, '_>,
    both: &Both<'s>,
    body: impl FnOnce(&mut Scope<'s, '_>) -> T,
) -> T {
    match both.context(scope) {
        Some(context) => in_context(scope, context, body),
        None => body(scope),
    }
}

/// Apart, so that the way of the ordinary sandbox is one piece of code.
#[cold]
fn in_context<'s, T>(
    scope: &mut Scope<'s, '_>,
    context: Local<'s, v8::Context>,
    body: impl FnOnce(&mut Scope<'s, '_>) -> T,
) -> T {
    body(&mut v8::ContextScope::new(scope, context))
}

/// The boundary: V8 calls, and no panic may pass V8. None: an exception is pending.
fn bounded<T>(scope: &Scope<'_, '_>, body: impl FnOnce() -> Outcome<T>) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(Fail::Thrown)) => {}
        Ok(Err(Fail::Misuse(error))) => throw(scope, v8::Exception::error, &error.message),
        Err(panic) => throw(scope, v8::Exception::error, &panic_text(&*panic)),
    }
    None
}

fn keys<'s>(
    scope: &mut Scope<'s, '_>,
    args: &PropertyCallbackArguments<'s>,
    indices: bool,
    mut result: ReturnValue<v8::Array>,
) {
    if let Some(both) = Both::of(scope, args.holder())
        && let Some(keys) =
            at_home(scope, &both, |scope| bounded(scope, || rules::own_keys(scope, &both, indices)))
    {
        result.set(keys);
    }
}

/// The callbacks for one kind of key. `$name` makes the name of a `$Key`.
macro_rules! callbacks {
    ($kind:ident, $Key:ty, $indices:literal, $name:expr) => {
        mod $kind {
            use super::*;

            pub fn getter<'s>(
                scope: &mut Scope<'s, '_>,
                key: $Key,
                args: PropertyCallbackArguments<'s>,
                mut result: ReturnValue<v8::Value>,
            ) -> Intercepted {
                let name = $name;
                answer(
                    scope,
                    &args,
                    |scope, both| rules::get(scope, both, name(scope, key)?),
                    |value| result.set(value),
                )
            }

            pub fn setter<'s>(
                scope: &mut Scope<'s, '_>,
                key: $Key,
                value: Local<'s, v8::Value>,
                args: PropertyCallbackArguments<'s>,
                _: ReturnValue<v8::Boolean>,
            ) -> Intercepted {
                let name = $name;
                answer(scope, &args, |scope, both| rules::set(scope, both, name(scope, key)?, value), |()| ())
            }

            pub fn query<'s>(
                scope: &mut Scope<'s, '_>,
                key: $Key,
                args: PropertyCallbackArguments<'s>,
                mut result: ReturnValue<v8::Integer>,
            ) -> Intercepted {
                let name = $name;
                let give = |attributes: v8::PropertyAttribute| result.set_int32(attributes.as_u32() as i32);
                answer(scope, &args, |scope, both| rules::query(scope, both, name(scope, key)?), give)
            }

            pub fn descriptor<'s>(
                scope: &mut Scope<'s, '_>,
                key: $Key,
                args: PropertyCallbackArguments<'s>,
                mut result: ReturnValue<v8::Value>,
            ) -> Intercepted {
                let name = $name;
                answer(
                    scope,
                    &args,
                    |scope, both| rules::describe(scope, both, name(scope, key)?),
                    |descriptor| result.set(descriptor),
                )
            }

            pub fn definer<'s>(
                scope: &mut Scope<'s, '_>,
                key: $Key,
                given: &PropertyDescriptor,
                args: PropertyCallbackArguments<'s>,
                _: ReturnValue<v8::Boolean>,
            ) -> Intercepted {
                let name = $name;
                answer(
                    scope,
                    &args,
                    |scope, both| rules::define(scope, both, name(scope, key)?, given),
                    |()| (),
                )
            }

            pub fn deleter<'s>(
                scope: &mut Scope<'s, '_>,
                key: $Key,
                args: PropertyCallbackArguments<'s>,
                mut result: ReturnValue<v8::Boolean>,
            ) -> Intercepted {
                let name = $name;
                answer(
                    scope,
                    &args,
                    |scope, both| rules::delete(scope, both, name(scope, key)?),
                    |deleted| result.set_bool(deleted),
                )
            }

            pub fn enumerator<'s>(
                scope: &mut Scope<'s, '_>,
                args: PropertyCallbackArguments<'s>,
                result: ReturnValue<v8::Array>,
            ) {
                keys(scope, &args, $indices, result);
            }
        }
    };
}

callbacks!(named, Local<'s, v8::Name>, false, |_: &Scope<'s, '_>, name| Outcome::Ok(name));
callbacks!(indexed, u32, true, rules::index_name);
