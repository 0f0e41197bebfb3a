//! How node:vm tells where an error was thrown: in front of the error's `stack`.

use crate::engine::enter::{self, Outcome, Scope};
use crate::engine::error::{Error, arrow};
use crate::engine::function::unwind;
use crate::engine::value::{Value, string};

/// Puts the place in front of the stack of what was thrown, once: a script that runs another one finds it done.
/// `message` is V8's record of the throw. What has no stack that is a string is left alone.
///
/// As in Node, reading and writing `stack` may run guest code (Error.prepareStackTrace); what that throws is lost. If
/// the run ends meanwhile, the guest unwinds.
pub fn decorate<'s>(
    scope: &mut Scope<'s, '_>,
    exception: v8::Local<'s, v8::Value>,
    message: v8::Local<'s, v8::Message>,
) {
    let ended = {
        v8::tc_scope!(let caught, scope);
        let _ = try_decorate(caught, exception, message);
        caught.has_terminated()
    };
    if ended {
        unwind(scope);
    }
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

/// Has an error keep the stack that it has: where it was thrown is no place in a script.
pub fn spare<'s>(scope: &mut Scope<'s, '_>, error: v8::Local<'s, v8::Value>) {
    if let (Ok(error), Some(mark)) = (error.try_cast::<v8::Object>(), mark(scope)) {
        error.set_private(scope, mark, v8::Boolean::new(scope, true).into());
    }
}

/// Does something whose errors are decorated on their way out.
pub fn decorating<'s, T>(
    scope: &mut Scope<'s, '_>,
    body: impl FnOnce(&mut Scope<'s, '_>) -> Outcome<T>,
) -> Outcome<T> {
    v8::tc_scope!(let caught, scope);
    let done = body(caught);
    if !caught.has_caught() {
        return done;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::enter::Thrown;
    use crate::engine::error::Status;
    use crate::engine::isolate::{DEFAULT_STACK_SIZE, Options};
    use crate::engine::limits::Limits;
    use crate::vm::context;
    use crate::vm::script;
    use crate::vm::source::Origin;
    use std::time::Duration;

    /// The stack of what a script throws, after it ran inside of another that decorates too.
    fn stack(source: &str) -> Result<String, Error> {
        let options = Options {
            heap_limit: 64 << 20,
            buffer_limit: 64 << 20,
            stack_size: DEFAULT_STACK_SIZE,
            host_drains: false,
        };
        let isolate = context::new_isolate(options).expect("an isolate");
        let limits = Limits { timeout: Some(Duration::from_millis(500)), ..Limits::NONE };
        let stack = enter::run(&isolate, None, &limits, |scope| {
            let code = string(scope, source)?;
            let origin = Origin::new(string(scope, "q.js")?);
            v8::tc_scope!(let caught, scope);
            let ran = decorating(caught, |scope| {
                decorating(scope, |scope| {
                    let script = script::compile(scope, code, &origin, None)?;
                    script::run(scope, script.unbound)
                })
            });
            assert!(ran.is_err());
            let exception = caught.exception().filter(|_| !caught.has_terminated()).thrown()?;
            caught.reset();
            let Ok(object) = exception.try_cast::<v8::Object>() else { return Ok("no object".into()) };
            let key = string(caught, "stack")?;
            let stack = object.get(caught, key.into()).thrown()?;
            Ok(stack.to_rust_string_lossy(caught))
        });
        isolate.close();
        stack
    }

    /// What Node 26 does with each.
    #[test]
    fn the_place_is_put_in_front_once() {
        let rows = [
            ("throw new Error('m')", "q.js:1\nthrow new Error('m')\n^\n\nError: m\n    at q.js:1:7"),
            (
                "\n  null.x",
                "q.js:2\n  null.x\n       ^\n\nTypeError: Cannot read properties of null (reading 'x')\n    at q.js:2:8",
            ),
            (
                "throw Object.freeze(new Error('m'))",
                "q.js:1\nthrow Object.freeze(new Error('m'))\n^\n\nError: m\n    at q.js:1:21",
            ),
            ("throw {stack: 's'}", "q.js:1\nthrow {stack: 's'}\n^\n\ns"),
            ("throw {__proto__: {stack: 'p'}}", "q.js:1\nthrow {__proto__: {stack: 'p'}}\n^\n\np"),
            ("throw Object.freeze({stack: 's'})", "s"),
            ("throw {get stack() { return 'g' }}", "g"),
            ("throw {stack: 5}", "5"),
            ("throw {}", "undefined"),
            ("throw null", "no object"),
            ("throw 'text'", "no object"),
            ("Error.prepareStackTrace = () => 7; throw new Error('m')", "7"),
            (
                "var e = new Error('m'); e.stack = 'mine'; throw e",
                "q.js:1\nvar e = new Error('m'); e.stack = 'mine'; throw e\n                                          ^\n\nmine",
            ),
            (
                "eval(\"throw new Error('m')\")",
                "<anonymous_script>:1\nthrow new Error('m')\n^\n\nError: m\n    at eval (eval at <anonymous> (q.js:1:1), <anonymous>:1:7)\n    at q.js:1:1",
            ),
            (
                "throw new Error('m') //# sourceURL=magic.js",
                "magic.js:1\nthrow new Error('m') //# sourceURL=magic.js\n^\n\nError: m\n    at magic.js:1:7",
            ),
            ("1 +", "q.js:1\n1 +\n   \n\nSyntaxError: Unexpected end of input"),
            ("var 5;", "q.js:1\nvar 5;\n    ^\n\nSyntaxError: Unexpected number"),
            (
                "JSON.parse('{')",
                "<anonymous_script>:1\n{\n\nSyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2)\n    at JSON.parse (<anonymous>)\n    at q.js:1:6",
            ),
        ];
        for (source, expected) in rows {
            assert_eq!(stack(source).expect("its stack can be read"), expected, "{source}");
        }
    }

    #[test]
    fn what_the_guest_throws_meanwhile_is_lost() {
        let source = "var n = 0; Error.prepareStackTrace = () => { if (++n === 1) throw 4; return 's' }; throw Error('m')";
        assert!(stack(source).expect("its stack can be read").ends_with("^\n\ns"));
    }

    #[test]
    fn limits_hold_meanwhile() {
        let source = "Error.prepareStackTrace = () => { for (;;); }; throw new Error('m')";
        assert_eq!(stack(source).expect_err("it does not end").status, Status::Timeout);
    }
}
