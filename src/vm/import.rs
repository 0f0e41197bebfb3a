//! `import()`: V8 asks here, and whoever compiled the code that imports has said who answers.
//!
//! Code that can import carries a symbol (V8's host-defined options). A WeakMap leads from the symbol to the answer, so
//! that the answer lives as long as the code, and not longer.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::coded;
use crate::engine::isolate::Isolate;
use crate::engine::value;
use crate::vm::context;
use crate::vm::state::state;
use v8::{Local, ModuleImportPhase};

/// The WeakMap, and its methods as they were before any guest's code ran.
pub struct Registry {
    map: v8::Global<v8::Object>,
    get: v8::Global<v8::Function>,
    set: v8::Global<v8::Function>,
}

/// For a new isolate, in its main context.
pub fn prepare(scope: &mut Scope<'_, '_>) -> Outcome<()> {
    let global = scope.get_current_context().global(scope);
    let class: Local<v8::Function> = property(scope, global, "WeakMap")?;
    let prototype: Local<v8::Object> = property(scope, class.into(), "prototype")?;
    let get: Local<v8::Function> = property(scope, prototype, "get")?;
    let set: Local<v8::Function> = property(scope, prototype, "set")?;
    let map = class.new_instance(scope, &[]).thrown()?;
    let registry = Registry {
        map: v8::Global::new(scope, map),
        get: v8::Global::new(scope, get),
        set: v8::Global::new(scope, set),
    };
    state(scope).imports = Some(registry);
    scope.set_host_import_module_dynamically_callback(on_import);
    scope.set_host_import_module_with_phase_dynamically_callback(on_import_with_phase);
    Ok(())
}

fn property<'s, T>(scope: &Scope<'s, '_>, object: Local<'s, v8::Object>, name: &str) -> Outcome<Local<'s, T>>
where
    Local<'s, T>: TryFrom<Local<'s, v8::Value>>,
{
    let name = value::string(scope, name)?;
    object.get(scope, name.into()).thrown()?.try_into().map_err(|_| Fail::Thrown)
}

/// Who answers the imports of some code: a function of (specifier, referrer, attributes, phase, the code's file name, the
/// global object where it runs) that gives a namespace, or a promise of one.
#[derive(Clone, Copy)]
pub struct Answer<'s>(Local<'s, v8::Array>);

/// Who else answers the imports of code that has no function for it.
#[derive(Clone, Copy)]
pub enum Otherwise {
    /// Who answers for the context.
    Context,
    Nobody,
}

impl<'s> Answer<'s> {
    pub fn new(
        scope: &Scope<'s, '_>,
        callback: Local<'s, v8::Function>,
        referrer: Local<'s, v8::Value>,
    ) -> Answer<'s> {
        Answer(v8::Array::new_with_elements(scope, &[callback.into(), referrer]))
    }

    /// For code that is to keep what is said to be its referrer.
    pub fn none(scope: &Scope<'s, '_>, otherwise: Otherwise, referrer: Local<'s, v8::Value>) -> Answer<'s> {
        let callback = match otherwise {
            Otherwise::Context => v8::undefined(scope).into(),
            Otherwise::Nobody => v8::null(scope).into(),
        };
        Answer(v8::Array::new_with_elements(scope, &[callback, referrer]))
    }

    /// The referrer may come to be only after the code that is to carry the answer.
    pub fn set_referrer(self, scope: &Scope<'s, '_>, referrer: Local<'s, v8::Value>) -> Outcome<()> {
        self.0.set_index(scope, 1, referrer).thrown().map(drop)
    }

    /// For the code of a context that carries no answer of its own.
    pub fn set_for_context(self, context: Local<v8::Context>) {
        context::set_import(context, self.0.into());
    }

    /// What the code is to be compiled with.
    pub fn options(self, scope: &Scope<'s, '_>) -> Outcome<Local<'s, v8::PrimitiveArray>> {
        let symbol = v8::Symbol::new(scope, None);
        let (map, _, set) = registry(scope)?;
        set.call(scope, map.into(), &[symbol.into(), self.0.into()]).thrown()?;
        Ok(options_of(scope, symbol))
    }
}

fn options_of<'s>(scope: &Scope<'s, '_>, symbol: Local<'s, v8::Symbol>) -> Local<'s, v8::PrimitiveArray> {
    let options = v8::PrimitiveArray::new(scope, 1);
    options.set(scope, 0, symbol.into());
    options
}

/// What code is to be compiled with whose imports nobody answers. Always the same, or V8 would compile the same text again.
pub fn options_of_nobody<'s>(scope: &Scope<'s, '_>) -> Local<'s, v8::PrimitiveArray> {
    let symbol = state(scope).nobody.as_ref().map(|symbol| Local::new(scope, symbol));
    let symbol = symbol.unwrap_or_else(|| {
        let symbol = v8::Symbol::new(scope, None);
        state(scope).nobody = Some(v8::Global::new(scope, symbol));
        symbol
    });
    options_of(scope, symbol)
}

type Methods<'s> = (Local<'s, v8::Object>, Local<'s, v8::Function>, Local<'s, v8::Function>);

fn registry<'s>(scope: &Scope<'s, '_>) -> Outcome<Methods<'s>> {
    let state = state(scope);
    let registry = state.imports.as_ref().ok_or(Fail::Thrown)?;
    let local = (&registry.map, &registry.get, &registry.set);
    Ok((Local::new(scope, local.0), Local::new(scope, local.1), Local::new(scope, local.2)))
}

fn find<'s>(scope: &Scope<'s, '_>, options: Local<'s, v8::Data>) -> Outcome<Option<Answer<'s>>> {
    let symbol = if options.is_fixed_array() {
        // SAFETY: V8 gives what the code was compiled with: options of ours, or an empty array of its own.
        let options = unsafe { Local::<v8::PrimitiveArray>::cast_unchecked(options) };
        (options.length() > 0).then(|| Local::<v8::Value>::from(options.get(scope, 0)))
    } else {
        None
    };
    if let Some(symbol) = symbol {
        let (map, get, _) = registry(scope)?;
        let Ok(answer) = Local::<v8::Array>::try_from(get.call(scope, map.into(), &[symbol]).thrown()?)
        else {
            return Ok(None);
        };
        if !answer.get_index(scope, 0).thrown()?.is_undefined() {
            return Ok(Some(Answer(answer)));
        }
    }
    let answer = context::import_of(scope, scope.get_current_context());
    Ok(answer.and_then(|answer| answer.try_into().ok()).map(Answer))
}

fn on_import<'s>(
    scope: &mut Scope<'s, '_>,
    options: Local<'s, v8::Data>,
    name: Local<'s, v8::Value>,
    specifier: Local<'s, v8::String>,
    attributes: Local<'s, v8::FixedArray>,
) -> Option<Local<'s, v8::Promise>> {
    import(scope, options, name, specifier, ModuleImportPhase::kEvaluation, attributes)
}

fn on_import_with_phase<'s>(
    scope: &mut Scope<'s, '_>,
    options: Local<'s, v8::Data>,
    name: Local<'s, v8::Value>,
    specifier: Local<'s, v8::String>,
    phase: ModuleImportPhase,
    attributes: Local<'s, v8::FixedArray>,
) -> Option<Local<'s, v8::Promise>> {
    import(scope, options, name, specifier, phase, attributes)
}

/// The promise is of the context that imports.
fn import<'s>(
    scope: &mut Scope<'s, '_>,
    options: Local<'s, v8::Data>,
    name: Local<'s, v8::Value>,
    specifier: Local<'s, v8::String>,
    phase: ModuleImportPhase,
    attributes: Local<'s, v8::FixedArray>,
) -> Option<Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    v8::tc_scope!(let caught, scope);
    match ask(caught, options, name, specifier, phase, attributes) {
        Ok(answer) => resolver.resolve(caught, answer)?,
        Err(_) if caught.has_terminated() => return None,
        Err(_) => {
            let exception = caught.exception().unwrap_or_else(|| v8::undefined(caught).into());
            caught.reset();
            resolver.reject(caught, exception)?
        }
    };
    Some(resolver.get_promise(caught))
}

fn ask<'s>(
    scope: &mut Scope<'s, '_>,
    options: Local<'s, v8::Data>,
    name: Local<'s, v8::Value>,
    specifier: Local<'s, v8::String>,
    phase: ModuleImportPhase,
    attributes: Local<'s, v8::FixedArray>,
) -> Outcome<Local<'s, v8::Value>> {
    let answer = find(scope, options)?.map(|Answer(answer)| answer);
    let callback = answer.and_then(|answer| answer.get_index(scope, 0)?.try_cast::<v8::Function>().ok());
    let (Some(answer), Some(callback)) = (answer, callback) else {
        let error = missing(scope)?;
        scope.throw_exception(error);
        return Err(Fail::Thrown);
    };
    let referrer = answer.get_index(scope, 1).thrown()?;
    let attributes = attribute_object(scope, attributes, 2)?;
    let phase = value::string(scope, Phase::of(phase).name())?;
    let this = v8::undefined(scope).into();
    let home = scope.get_current_context().global(scope);
    let asked = [specifier.into(), referrer, attributes.into(), phase.into(), name, home.into()];
    callback.call(scope, this, &asked).thrown()
}

/// How far an import goes. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_import_phase {
    /// The module is evaluated: `import x from 'y'`, `import('y')`.
    Evaluation = 0,
    /// What the module is made of is wanted: `import source x from 'y'`, `import.source('y')`.
    Source = 1,
    /// The module is evaluated when it is used: `import defer * as x from 'y'`. V8 has it behind a flag.
    Defer = 2,
}
pub use jsvm_import_phase as Phase;

impl Phase {
    const NAMES: [(Phase, &str); 3] =
        [(Phase::Evaluation, "evaluation"), (Phase::Source, "source"), (Phase::Defer, "defer")];

    pub fn of(phase: ModuleImportPhase) -> Phase {
        match phase {
            ModuleImportPhase::kEvaluation => Phase::Evaluation,
            ModuleImportPhase::kSource => Phase::Source,
            ModuleImportPhase::kDefer => Phase::Defer,
        }
    }

    pub fn name(self) -> &'static str {
        Phase::NAMES[self as usize].1
    }

    pub fn from_name(name: &str) -> Option<Phase> {
        Phase::NAMES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase)
    }
}

/// V8's list of attributes as an object without a prototype. Each takes `step` elements, of which the first two are the key
/// and the value.
pub fn attribute_object<'s>(
    scope: &Scope<'s, '_>,
    list: Local<'s, v8::FixedArray>,
    step: usize,
) -> Outcome<Local<'s, v8::Object>> {
    let null = v8::null(scope).into();
    let object = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for (key, value) in attributes(scope, list, step)? {
        object.create_data_property(scope, key.into(), value.into()).thrown()?;
    }
    Ok(object)
}

/// The keys and values of V8's list of attributes, as `attribute_object` takes it.
pub fn attributes<'s>(
    scope: &Scope<'s, '_>,
    list: Local<'s, v8::FixedArray>,
    step: usize,
) -> Outcome<Vec<(Local<'s, v8::String>, Local<'s, v8::String>)>> {
    let text = |at| {
        let text = list.get(scope, at).and_then(|text| Local::<v8::Value>::try_from(text).ok());
        text.and_then(|text| text.try_cast::<v8::String>().ok()).ok_or(Fail::Thrown)
    };
    (0..list.length()).step_by(step).map(|at| Ok((text(at)?, text(at + 1)?))).collect()
}

/// ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING, of the isolate's main context as in Node.
fn missing<'s>(scope: &mut Scope<'s, '_>) -> Outcome<Local<'s, v8::Value>> {
    const CODE: &str = "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING";
    let main = Isolate::here(scope).inner().main.as_ref().map(|main| Local::new(scope, main));
    let context = main.unwrap_or_else(|| scope.get_current_context());
    let scope = &mut v8::ContextScope::new(scope, context);
    let error =
        coded(scope, v8::Exception::type_error, CODE, "A dynamic import callback was not specified.")?;
    Ok(error)
}
