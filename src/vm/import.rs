//! `import()`. There are no ES modules yet: it is refused, as node:vm refuses it where there is no callback.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::isolate::Isolate;
use crate::engine::value;
use v8::Local;

/// V8's hook for every `import()` of the isolate.
pub fn hook<'s>(
    scope: &mut Scope<'s, '_>,
    _host_defined_options: Local<'s, v8::Data>,
    _referrer: Local<'s, v8::Value>,
    _specifier: Local<'s, v8::String>,
    _attributes: Local<'s, v8::FixedArray>,
) -> Option<Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    let error = missing(scope).ok()?;
    resolver.reject(scope, error)?;
    Some(resolver.get_promise(scope))
}

/// ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING, of the isolate's main context as in Node.
fn missing<'s>(scope: &mut Scope<'s, '_>) -> Outcome<Local<'s, v8::Value>> {
    const CODE: &str = "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING";
    let main = Isolate::here(scope).inner().main.as_ref().map(|main| Local::new(scope, main));
    let context = main.unwrap_or_else(|| scope.get_current_context());
    let scope = &mut v8::ContextScope::new(scope, context);
    let message = value::string(scope, "A dynamic import callback was not specified.")?;
    let error = v8::Exception::type_error(scope, message);
    let object = error.to_object(scope).thrown()?;
    let code = value::string(scope, CODE)?;
    // The stack begins with the name as it is when the stack is first asked for.
    let name = value::string(scope, "name")?;
    let coded = value::string(scope, &format!("TypeError [{CODE}]"))?;
    object.create_data_property(scope, name.into(), coded.into()).thrown()?;
    let stack = value::string(scope, "stack")?;
    object.get(scope, stack.into()).thrown()?;
    object.delete(scope, name.into()).thrown()?;
    let key = value::string(scope, "code")?;
    object.create_data_property(scope, key.into(), code.into()).thrown()?;
    Ok(error)
}
