//! What a host says of the imports of some code: who answers `import()`, and what fills `import.meta`.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status as Misuse, coded};
use crate::engine::function::{self, Call, Host, Reply, Taken};
use crate::engine::value::{self, Value};
use crate::vm::context::{self, Context};
use crate::vm::import::{Answer, Phase};
use crate::vm::link;
use crate::vm::module::{self, Record, Status};
use crate::vm::module_handle::{Module, Request};
use std::sync::Arc;
use v8::Local;

/// The host's side. It is dropped, outside the isolate, when no code is left that can ask.
pub trait Hooks: Send + Sync {
    fn import<'s>(&self, call: &mut Call<'_, 's, '_>, asked: Asked) -> Imported<'s>;
    fn import_meta<'s>(&self, call: &mut Call<'_, 's, '_>, module: Module, meta: Value) -> Reply<'s>;
    fn answers_imports(&self) -> bool;
    fn fills_import_meta(&self) -> bool;
}

/// What `import()` asks for, and where.
pub struct Asked {
    pub request: Request,
    /// Of the code that imports.
    pub name: String,
    pub context: Context,
    pub module: Option<Module>,
    pub function: Option<Value>,
}

/// What the host says to `import()`.
pub enum Imported<'s> {
    Module(Arc<Module>),
    /// Returned: a namespace, or a promise of one.
    Other(Reply<'s>),
}

struct ImportHost(Arc<dyn Hooks>);

impl Host for ImportHost {
    fn call<'s>(&self, call: &mut Call<'_, 's, '_>) -> Reply<'s> {
        let (asked, source) = match asked(call) {
            Ok(asked) => asked,
            Err(fail) => return reply(call.scope(), Err(fail)),
        };
        match self.0.import(call, asked) {
            Imported::Module(module) => {
                let found = of_module(call.scope(), &module, source);
                reply(call.scope(), found)
            }
            Imported::Other(Reply::Return(Taken(value))) => {
                let found = of_value(call.scope(), value, source);
                reply(call.scope(), found)
            }
            Imported::Other(other) => other,
        }
    }
}

/// What is pending is thrown by V8 as it is.
fn reply<'s>(scope: &Scope<'s, '_>, outcome: Outcome<Local<'s, v8::Value>>) -> Reply<'s> {
    match outcome {
        Ok(value) => Reply::Return(Taken(value)),
        Err(Fail::Thrown) => Reply::Return(Taken(v8::undefined(scope).into())),
        Err(Fail::Misuse(error)) => match &error.code {
            Some(code) => coded(scope, v8::Exception::error, code, &error.message).map_or_else(
                |_| Reply::Fail(Error::new(error.status, &*error.message)),
                |e| Reply::Throw(Taken(e)),
            ),
            None => Reply::Fail(error),
        },
    }
}

/// The arguments that `import` gives, and whether the source phase is asked for.
fn asked(call: &mut Call<'_, '_, '_>) -> Outcome<(Asked, bool)> {
    let [specifier, referrer, attributes, phase, name, home] = std::array::from_fn(|at| call.local(at));
    let scope = call.scope();
    let attributes = Local::<v8::Object>::try_from(attributes).map_err(|_| Fail::Thrown)?;
    let names = attributes.get_own_property_names(scope, Default::default()).thrown()?;
    let mut pairs = Vec::new();
    for at in 0..names.length() {
        let name = names.get_index(scope, at).thrown()?;
        let value = attributes.get(scope, name).thrown()?;
        pairs.push((name.to_rust_string_lossy(scope), value.to_rust_string_lossy(scope)));
    }
    let phase = Phase::from_name(&phase.to_rust_string_lossy(scope)).ok_or(Fail::Thrown)?;
    let request = Request { specifier: specifier.to_rust_string_lossy(scope), attributes: pairs, phase };
    let home = Local::<v8::Object>::try_from(home).ok().and_then(|home| home.get_creation_context(scope));
    let home = home.unwrap_or_else(|| scope.get_current_context());
    let function = referrer.is_function().then(|| Value::new(scope, referrer));
    let module = module::record_from(scope, referrer).ok();
    let asked = Asked {
        request,
        name: name.to_rust_string_lossy(scope),
        context: context::handle(scope, home),
        module: module.map(|record| Module::of(scope, record)),
        function,
    };
    Ok((asked, phase == Phase::Source))
}

/// What an import gives that a module answers.
fn of_module<'s>(scope: &mut Scope<'s, '_>, module: &Module, source: bool) -> Outcome<Local<'s, v8::Value>> {
    let record = module.record.object(scope)?;
    if source {
        return link::source_object(scope, record).map(Into::into);
    }
    let module = module::module(scope, record);
    if module::status(module) == Status::Errored {
        scope.throw_exception(module.get_exception());
        return Err(Fail::Thrown);
    }
    Ok(module::namespace(scope, module)?)
}

/// What an import gives that a value answers.
fn of_value<'s>(
    scope: &mut Scope<'s, '_>,
    value: Local<'s, v8::Value>,
    source: bool,
) -> Outcome<Local<'s, v8::Value>> {
    if let Ok(promise) = Local::<v8::Promise>::try_from(value) {
        let check = if source {
            v8::Function::new(scope, check_source)
        } else {
            v8::Function::new(scope, check_namespace)
        };
        return Ok(promise.then(scope, check.thrown()?).thrown()?.into());
    }
    let good = if source { value.is_wasm_module_object() } else { value.is_module_namespace_object() };
    if good {
        Ok(value)
    } else {
        Err(not_module("import: it is answered by no module, namespace or promise").into())
    }
}

/// What is given in place of a module is none.
pub fn not_module(message: &str) -> Error {
    let mut error = Error::new(Misuse::InvalidArgument, message);
    error.code = Some("ERR_VM_MODULE_NOT_MODULE".into());
    error
}

fn check_source<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: v8::FunctionCallbackArguments<'s>,
    result: v8::ReturnValue<'_, v8::Value>,
) {
    check(scope, &arguments, result, true);
}

fn check_namespace<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: v8::FunctionCallbackArguments<'s>,
    result: v8::ReturnValue<'_, v8::Value>,
) {
    check(scope, &arguments, result, false);
}

/// What the promise of an answer has come to.
fn check<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: &v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'_, v8::Value>,
    source: bool,
) {
    function::no_unwind(|| {
        let value = arguments.get(0);
        let checked = if value.is_promise() { Err(Fail::Thrown) } else { of_value(scope, value, source) };
        match reply(scope, checked) {
            Reply::Return(Taken(value)) => result.set(value),
            Reply::Throw(Taken(error)) => {
                scope.throw_exception(error);
            }
            Reply::Stop(_) | Reply::Fail(_) => {}
        }
    });
}

struct MetaHost(Arc<dyn Hooks>);

impl Host for MetaHost {
    fn call<'s>(&self, call: &mut Call<'_, 's, '_>) -> Reply<'s> {
        let [meta, record] = std::array::from_fn(|at| call.local(at));
        let Ok(record) = Record::try_from(record) else { return Reply::Fail(Error::invalid("no module")) };
        let module = Module::of(call.scope(), record);
        let meta = Value::new(call.scope(), meta);
        self.0.import_meta(call, module, meta)
    }
}

/// The host's side of a synthetic module.
pub trait Evaluate: Send {
    /// Sets the exports.
    fn evaluate<'s>(&self, call: &mut Call<'_, 's, '_>, module: Module) -> Reply<'s>;
}

struct EvaluateHost(Box<dyn Evaluate>);

impl Host for EvaluateHost {
    fn call<'s>(&self, call: &mut Call<'_, 's, '_>) -> Reply<'s> {
        let Ok(record) = Record::try_from(call.local(0)) else {
            return Reply::Fail(Error::invalid("no module"));
        };
        let module = Module::of(call.scope(), record);
        self.0.evaluate(call, module)
    }
}

/// What sets the exports of a synthetic module.
pub fn evaluate<'s>(scope: &mut Scope<'s, '_>, host: Box<dyn Evaluate>) -> Outcome<Local<'s, v8::Function>> {
    host_function(scope, Box::new(EvaluateHost(host)))
}

/// Who answers the imports of some code, if it is the host. The referrer is a function, a record or undefined.
pub fn answer<'s>(
    scope: &mut Scope<'s, '_>,
    hooks: Option<&Arc<dyn Hooks>>,
    referrer: Local<'s, v8::Value>,
) -> Outcome<Option<Answer<'s>>> {
    let Some(hooks) = hooks.filter(|hooks| hooks.answers_imports()) else { return Ok(None) };
    let function = host_function(scope, Box::new(ImportHost(hooks.clone())))?;
    Ok(Some(Answer::new(scope, function, referrer)))
}

/// What fills `import.meta`, if it is the host.
pub fn import_meta<'s>(
    scope: &mut Scope<'s, '_>,
    hooks: Option<&Arc<dyn Hooks>>,
) -> Outcome<Option<Local<'s, v8::Function>>> {
    let Some(hooks) = hooks.filter(|hooks| hooks.fills_import_meta()) else { return Ok(None) };
    host_function(scope, Box::new(MetaHost(hooks.clone()))).map(Some)
}

/// A function that guests never see.
fn host_function<'s>(scope: &mut Scope<'s, '_>, host: Box<dyn Host>) -> Outcome<Local<'s, v8::Function>> {
    let name = v8::String::empty(scope);
    function::new(scope, name, 0, false, host)
}

impl Context {
    /// Who answers the imports of its code that carries no answer of its own. None: nobody.
    pub fn set_import_hooks(&self, hooks: Option<&Arc<dyn Hooks>>) -> Result<(), Error> {
        crate::engine::enter::touch(&self.isolate, Some(&self.global), |scope| {
            let context = scope.get_current_context();
            let undefined = v8::undefined(scope).into();
            match answer(scope, hooks, undefined)? {
                Some(answer) => answer.set_for_context(context),
                None => context::set_import(context, undefined),
            }
            Ok(())
        })
    }
}

/// The error that says what a host threw, for a call that is outside of the isolate.
pub fn thrown(isolate: &Arc<crate::engine::isolate::Isolate>, value: &value::In) -> Error {
    let said = crate::engine::enter::touch(isolate, None, |scope| {
        let value = value.local(scope)?;
        Ok(Error::thrown(scope, value, None))
    });
    said.unwrap_or_else(|error| error)
}
