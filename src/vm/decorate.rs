//! How node:vm tells where an error was thrown: in front of the error's `stack`.

use crate::engine::enter::{self, Outcome, Scope};
use crate::engine::error::{Error, arrow};
use crate::engine::value::{Value, string};

/// Puts the place in front of the stack of what was thrown, once: a script that runs another one finds it done.
/// `message` is V8's record of the throw. What has no stack that is a string is left alone.
///
/// As in Node, reading and writing `stack` may run guest code (Error.prepareStackTrace); what that throws is lost.
pub fn decorate<'s>(
    scope: &mut Scope<'s, '_>,
    exception: v8::Local<'s, v8::Value>,
    message: v8::Local<'s, v8::Message>,
) {
    v8::tc_scope!(let scope, scope);
    let _ = try_decorate(scope, exception, message);
}

fn try_decorate<'s>(
    scope: &mut Scope<'s, '_>,
    exception: v8::Local<'s, v8::Value>,
    message: v8::Local<'s, v8::Message>,
) -> Option<()> {
    let object = v8::Local::<v8::Object>::try_from(exception).ok()?;
    let mark = mark(scope)?;
    if object.has_private(scope, mark)? {
        return None;
    }
    let key = v8::String::new(scope, "stack")?;
    let stack = object.get(scope, key.into())?.try_cast::<v8::String>().ok()?;
    let arrow = arrow(scope, message)?;
    let place = v8::String::new(scope, &format!("{arrow}\n"))?;
    let stack = v8::String::concat(scope, place, stack)?;
    object.set(scope, key.into(), stack.into())?;
    object.set_private(scope, mark, v8::Boolean::new(scope, true).into())?;
    Some(())
}

/// Does something whose errors are decorated on their way out.
pub fn decorating<'s, T>(
    scope: &mut Scope<'s, '_>,
    body: impl FnOnce(&mut Scope<'s, '_>) -> Outcome<T>,
) -> Outcome<T> {
    v8::tc_scope!(let caught, scope);
    let done = body(caught);
    if !caught.has_terminated()
        && let (Some(exception), Some(message)) = (caught.exception(), caught.message())
    {
        decorate(caught, exception, message);
    }
    caught.rethrow();
    done
}

/// Whether the place is in the error's stack already.
pub fn is_decorated(error: &Value) -> Result<bool, Error> {
    enter::touch(&error.isolate, None, |scope| {
        let object = error.object(scope)?;
        let mark = mark(scope);
        Ok(mark.is_some_and(|mark| object.has_private(scope, mark) == Some(true)))
    })
}

fn mark<'s>(scope: &mut Scope<'s, '_>) -> Option<v8::Local<'s, v8::Private>> {
    let name = string(scope, "jsvm:decorated").ok()?;
    Some(v8::Private::for_api(scope, Some(name)))
}
