//! Functions in Rust for the runtime's JavaScript.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown, panic_text};
use crate::engine::error::{throw, throw_coded};
use crate::engine::value;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A function that a file calls as `native.name(...)`. It keeps nothing: what it needs is in its arguments.
pub trait Native:
    Copy
    + 'static
    + for<'s, 'i> Fn(
        &mut Scope<'s, 'i>,
        &v8::FunctionCallbackArguments<'s>,
        &mut v8::ReturnValue<'s, v8::Value>,
    ) -> Outcome<()>
{
}

impl<F> Native for F where
    F: Copy
        + 'static
        + for<'s, 'i> Fn(
            &mut Scope<'s, 'i>,
            &v8::FunctionCallbackArguments<'s>,
            &mut v8::ReturnValue<'s, v8::Value>,
        ) -> Outcome<()>
{
}

/// The object `native` of a file, while it is filled.
pub struct Natives<'a, 's, 'i> {
    pub scope: &'a mut Scope<'s, 'i>,
    pub object: v8::Local<'s, v8::Object>,
}

impl Natives<'_, '_, '_> {
    /// Adds a function. What it fails with is thrown as an Error.
    pub fn function(&mut self, name: &str, body: impl Native) -> Outcome<()> {
        let key = value::string(self.scope, name)?;
        let function = v8::Function::builder(bounded(body))
            .constructor_behavior(v8::ConstructorBehavior::Throw)
            .build(self.scope)
            .thrown()?;
        function.set_name(key);
        self.object.set(self.scope, key.into(), function.into()).thrown()?;
        Ok(())
    }
}

/// The boundary around a native: V8 calls it, and no panic may pass V8.
pub fn bounded(
    body: impl Native,
) -> impl Copy
+ for<'s, 'i> Fn(&mut Scope<'s, 'i>, v8::FunctionCallbackArguments<'s>, v8::ReturnValue<'s, v8::Value>) {
    move |scope, arguments, mut result| {
        let done = catch_unwind(AssertUnwindSafe(|| body(scope, &arguments, &mut result)));
        let (message, code) = match done {
            Ok(Ok(()) | Err(Fail::Thrown)) => return,
            Ok(Err(Fail::Misuse(error))) => {
                let error = error.into_details();
                (error.message, error.code)
            }
            Err(panic) => (panic_text(&*panic), None),
        };
        match code {
            // What it fails with then is pending.
            Some(code) => drop(throw_coded(scope, v8::Exception::error, &code, &message)),
            None => throw(scope, v8::Exception::error, &message),
        }
    }
}
