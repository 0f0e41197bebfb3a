//! The same work by the `v8` crate alone, with the same care: each time the lock is taken, and
//! a handle scope, the context and a try-catch are opened.

use std::hint::black_box;

pub type Scope<'s, 'i> = v8::PinScope<'s, 'i>;

/// An isolate with a context. It stays for the life of the process.
pub struct Bare {
    isolate: v8::SharedIsolate,
    context: v8::Global<v8::Context>,
}

fn params() -> v8::CreateParams {
    v8::CreateParams::default().heap_limits(0, jsvm::engine::heap::DEFAULT_HEAP_LIMIT)
}

/// What a call needs inside an isolate that this thread is in.
pub fn within<R>(
    isolate: &mut v8::Isolate,
    context: &v8::Global<v8::Context>,
    body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> R,
) -> R {
    v8::scope!(let handles, isolate);
    let context = v8::Local::new(handles, context);
    let scope = &mut v8::ContextScope::new(handles, context);
    v8::tc_scope!(let scope, scope);
    body(scope)
}

impl Bare {
    pub fn new() -> Bare {
        let mut isolate = v8::Isolate::new(params());
        let context = {
            v8::scope!(let scope, &mut isolate);
            let context = v8::Context::new(scope, Default::default());
            v8::Global::new(scope, context)
        };
        // SAFETY: nothing is attached to the isolate that is not the crate's.
        let isolate = unsafe { isolate.try_into_shared() }.unwrap_or_else(|_| panic!("it can be shared"));
        Bare { isolate, context }
    }

    pub fn leak() -> &'static Bare {
        Box::leak(Box::new(Bare::new()))
    }

    /// Something of V8's that stays for the life of the process.
    fn keep<T>(
        &self,
        make: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> v8::Local<'s, T>,
    ) -> &'static v8::Global<T> {
        Box::leak(Box::new(self.inside(|scope| {
            let made = make(scope);
            v8::Global::new(scope, made)
        })))
    }

    /// Does something inside, as a call of its own.
    pub fn inside<R>(&self, body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> R) -> R {
        within(&mut self.isolate.lock(), &self.context, body)
    }

    /// Does something so many times while the lock is held.
    pub fn session<R>(&self, times: u64, body: impl for<'s, 'i> Fn(&mut Scope<'s, 'i>) -> R) {
        let mut locker = self.isolate.lock();
        for _ in 0..times {
            within(&mut locker, &self.context, &body);
        }
    }

    pub fn value<T>(&self, source: &str) -> &'static v8::Global<T>
    where
        for<'s> v8::Local<'s, T>: TryFrom<v8::Local<'s, v8::Value>>,
    {
        self.keep(|scope| {
            let source = v8::String::new(scope, source).unwrap();
            let value = v8::Script::compile(scope, source, None).unwrap().run(scope).unwrap();
            v8::Local::<T>::try_from(value).ok().unwrap()
        })
    }

    pub fn set_global(&self, name: &str, value: &v8::Global<v8::Function>) {
        self.inside(|scope| {
            let name = v8::String::new(scope, name).unwrap();
            let value = v8::Local::new(scope, value);
            let global = scope.get_current_context().global(scope);
            global.set(scope, name.into(), value.into()).unwrap();
        });
    }

    pub fn script(&self, source: &str) -> &'static v8::Global<v8::UnboundScript> {
        self.keep(|scope| {
            let source = v8::String::new(scope, source).unwrap();
            v8::Script::compile(scope, source, None).unwrap().get_unbound_script(scope)
        })
    }

    /// A host function that adds two numbers.
    pub fn adder(&self) -> &'static v8::Global<v8::Function> {
        self.keep(|scope| v8::Function::new(scope, add).unwrap())
    }

    /// A function of a context whose variables are an object's properties, by the least that this takes: an interceptor
    /// makes one lookup.
    pub fn contextified(&self, source: &str) -> &'static v8::Global<v8::Function> {
        self.keep(|scope| {
            let (object, name) = (v8::Object::new(scope), v8::String::new(scope, "foo").unwrap());
            let one = v8::Number::new(scope, 1.0);
            object.set(scope, name.into(), one.into()).unwrap();
            let template = v8::ObjectTemplate::new(scope);
            template.set_named_property_handler(
                v8::NamedPropertyHandlerConfiguration::new()
                    .getter(get_of)
                    .setter(set_of)
                    .data(object.into()),
            );
            let context = v8::Context::new(
                scope,
                v8::ContextOptions { global_template: Some(template), ..Default::default() },
            );
            let scope = &mut v8::ContextScope::new(scope, context);
            let source = v8::String::new(scope, source).unwrap();
            let value = v8::Script::compile(scope, source, None).unwrap().run(scope).unwrap();
            value.try_into().unwrap()
        })
    }

    pub fn new_context(&self) {
        let mut locker = self.isolate.lock();
        let isolate: &mut v8::Isolate = &mut locker;
        v8::scope!(let scope, isolate);
        let context = v8::Context::new(scope, Default::default());
        drop(v8::Global::new(scope, context));
    }
}

fn get_of(
    scope: &mut Scope,
    key: v8::Local<v8::Name>,
    args: v8::PropertyCallbackArguments,
    mut result: v8::ReturnValue,
) -> v8::Intercepted {
    let object: v8::Local<v8::Object> = args.data().cast();
    let Some(value) = object.get_real_named_property(scope, key) else { return v8::Intercepted::kNo };
    result.set(value);
    v8::Intercepted::kYes
}

fn set_of(
    scope: &mut Scope,
    key: v8::Local<v8::Name>,
    value: v8::Local<v8::Value>,
    args: v8::PropertyCallbackArguments,
    _: v8::ReturnValue<v8::Boolean>,
) -> v8::Intercepted {
    let object: v8::Local<v8::Object> = args.data().cast();
    object.set(scope, key.into(), value).unwrap();
    v8::Intercepted::kYes
}

fn add(scope: &mut Scope, args: v8::FunctionCallbackArguments, mut result: v8::ReturnValue) {
    let a = args.get(0).number_value(scope).unwrap();
    let b = args.get(1).number_value(scope).unwrap();
    result.set_double(a + b);
}

pub fn run(scope: &mut Scope, script: &v8::Global<v8::UnboundScript>) {
    let script = v8::Local::new(scope, script).bind_to_current_context(scope);
    let value = script.run(scope).unwrap();
    black_box(value.number_value(scope).unwrap());
}

pub fn call(scope: &mut Scope, function: &v8::Global<v8::Function>, a: f64, b: f64) -> f64 {
    let function = v8::Local::new(scope, function);
    let this = v8::undefined(scope).into();
    let args = [v8::Number::new(scope, a).into(), v8::Number::new(scope, b).into()];
    function.call(scope, this, &args).unwrap().number_value(scope).unwrap()
}

/// A string in and a string out.
pub fn call_text(scope: &mut Scope, function: &v8::Global<v8::Function>, text: &str) {
    let function = v8::Local::new(scope, function);
    let this = v8::undefined(scope).into();
    let arg = v8::String::new(scope, text).unwrap().into();
    let result = function.call(scope, this, &[arg]).unwrap();
    let result = v8::Local::<v8::String>::try_from(result).unwrap().to_rust_string_lossy(scope);
    assert_eq!(black_box(result).len(), text.len());
}

fn key<'s>(scope: &mut Scope<'s, '_>, key: &str) -> v8::Local<'s, v8::Value> {
    v8::String::new_from_utf8(scope, key.as_bytes(), v8::NewStringType::Internalized).unwrap().into()
}

pub fn get(scope: &mut Scope, object: &v8::Global<v8::Object>, name: &str) {
    let (object, key) = (v8::Local::new(scope, object), key(scope, name));
    let value = object.get(scope, key).unwrap();
    black_box(value.number_value(scope).unwrap());
}

pub fn set(scope: &mut Scope, object: &v8::Global<v8::Object>, name: &str, value: f64) {
    let (object, key) = (v8::Local::new(scope, object), key(scope, name));
    let value = v8::Number::new(scope, value).into();
    object.set(scope, key, value).unwrap();
}

pub fn compile(scope: &mut Scope, source: &str, filename: &str, cache: Option<&[u8]>) {
    use v8::script_compiler::{CachedData, CompileOptions, NoCacheReason, Source};
    let code = v8::String::new(scope, source).unwrap();
    let name = v8::String::new(scope, filename).unwrap().into();
    let origin = v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, false, None);
    let (mut source, how) = match cache {
        Some(bytes) => (
            Source::new_with_cached_data(code, Some(&origin), CachedData::new(bytes)),
            CompileOptions::ConsumeCodeCache,
        ),
        None => (Source::new(code, Some(&origin)), CompileOptions::NoCompileOptions),
    };
    let script =
        v8::script_compiler::compile_unbound_script(scope, &mut source, how, NoCacheReason::NoReason);
    assert!(cache.is_none() || source.get_cached_data().is_some_and(|data| !data.rejected()));
    drop(v8::Global::new(scope, script.unwrap()));
}

pub fn cached_data(scope: &mut Scope, script: &v8::Global<v8::UnboundScript>) -> Vec<u8> {
    v8::Local::new(scope, script).create_code_cache().unwrap().to_vec()
}

pub fn parse(scope: &mut Scope, json: &str) {
    let json = v8::String::new(scope, json).unwrap();
    let value = v8::json::parse(scope, json).unwrap();
    drop(v8::Global::new(scope, value));
}

pub fn stringify(scope: &mut Scope, value: &v8::Global<v8::Object>) {
    let value = v8::Local::new(scope, value).into();
    let text = v8::json::stringify(scope, value).unwrap().to_rust_string_lossy(scope);
    assert!(text.len() > 1_000_000);
}
