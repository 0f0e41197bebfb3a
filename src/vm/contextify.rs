//! Contextified objects: contexts whose global variables are the properties of an object of the host's.
//!
//! Such a context's `globalThis` is made of two objects. In front is the contextified object, the *sandbox*; behind it is
//! V8's own global object, which has the builtins and what `var` and `function` declare. V8 asks the
//! interceptors here about each property first. An interceptor that does not answer leaves the rest to V8, which goes
//! on with the global object behind.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::{raw, value};
use crate::vm::interceptors;
use crate::vm::state::state;
use v8::{IndexFilter, Local, PropertyAttribute};

/// The field of a contextified global that has the sandbox, once the context is made.
const FIELD_SANDBOX: usize = 0;
const FIELDS: usize = 1;

/// What an interceptor says of a property: Some is the answer, None leaves it to V8.
pub type Answer<T> = Outcome<Option<T>>;

/// The template of the isolate's contextified globals.
pub fn template<'s>(scope: &v8::PinScope<'s, '_, ()>) -> Local<'s, v8::ObjectTemplate> {
    let made = state(scope).global_template.as_ref().map(|template| Local::new(scope, template));
    made.unwrap_or_else(|| {
        let template = v8::ObjectTemplate::new(scope);
        template.set_internal_field_count(FIELDS);
        interceptors::set(template);
        state(scope).global_template = Some(v8::Global::new(scope, template));
        template
    })
}

/// Puts the sandbox in front of a new context's global object, which `template` has made.
pub fn attach(
    scope: &mut Scope<'_, '_>,
    global: Local<v8::Object>,
    sandbox: Local<v8::Object>,
) -> Outcome<()> {
    let class = sandbox.get_constructor_name();
    if class != v8::String::new(scope, "Object").thrown()? {
        let tag = v8::Symbol::get_to_string_tag(scope);
        global.define_own_property(scope, tag.into(), class.into(), PropertyAttribute::DONT_ENUM).thrown()?;
    }
    // From here on the interceptors answer.
    global.set_internal_field(FIELD_SANDBOX, sandbox.into());
    match sandbox_of(scope, global) {
        Some(found) if raw::word(found) == raw::word(sandbox) => Ok(()),
        _ => {
            Err(Error::new(Status::Unsupported, "this build of V8 lays its objects out in another way")
                .into())
        }
    }
}

/// The sandbox of a contextified global; None for an ordinary one.
pub fn sandbox_of<'s>(scope: &Scope<'s, '_>, global: Local<'s, v8::Object>) -> Option<Local<'s, v8::Object>> {
    if global.internal_field_count() != FIELDS {
        return None;
    }
    Both::of(scope, global).map(|both| both.sandbox)
}

/// The two objects of a contextified global.
pub struct Both<'s> {
    sandbox: Local<'s, v8::Object>,
    /// `globalThis`. V8 is asked in ways that skip the interceptors, so that it stands for what is behind.
    global: Local<'s, v8::Object>,
    /// `raw::is_ordinary` of the sandbox.
    ordinary: bool,
}

impl<'s> Both<'s> {
    /// None while the context is being made.
    pub fn of(scope: &Scope<'s, '_>, global: Local<'s, v8::Object>) -> Option<Both<'s>> {
        // SAFETY: our template has made it; `attach` puts an object there.
        let (sandbox, ordinary) = unsafe { raw::global_field(scope, global) }?;
        Some(Both { sandbox, global, ordinary })
    }

    /// The global's context, where the sandbox is not of the plain kind, which needs none.
    pub fn context(&self, scope: &Scope<'s, '_>) -> Option<Local<'s, v8::Context>> {
        if self.ordinary { None } else { self.global.get_creation_context(scope) }
    }
}

/// What V8 gives as an Option is also None when something has thrown.
fn found<T>(scope: &Scope<'_, '_>, value: Option<T>) -> Answer<T> {
    // SAFETY: this thread is inside the isolate.
    if value.is_none() && unsafe { raw::isolate_has_pending_exception(raw::raw_isolate(scope)) } {
        return Err(Fail::Thrown);
    }
    Ok(value)
}

/// The attributes of a property of the object or its prototypes, past interceptors.
fn attributes<'s>(
    scope: &Scope<'s, '_>,
    object: Local<'s, v8::Object>,
    key: Local<'s, v8::Name>,
) -> Answer<PropertyAttribute> {
    found(scope, object.get_real_named_property_attributes(scope, key))
}

fn has_own<'s>(
    scope: &Scope<'s, '_>,
    object: Local<'s, v8::Object>,
    key: Local<'s, v8::Name>,
) -> Outcome<bool> {
    object.has_real_named_property(scope, key).thrown()
}

fn has_own_accessor<'s>(
    scope: &Scope<'s, '_>,
    object: Local<'s, v8::Object>,
    key: Local<'s, v8::Name>,
) -> Outcome<bool> {
    raw::has_real_named_callback_property(scope, object, key).thrown()
}

/// A read: the sandbox and its prototypes, then the global behind. Who reads the sandbox gets the global.
#[inline]
pub fn get<'s>(
    scope: &Scope<'s, '_>,
    both: &Both<'s>,
    key: Local<'s, v8::Name>,
) -> Answer<Local<'s, v8::Value>> {
    let value = match found(scope, both.sandbox.get_real_named_property(scope, key))? {
        Some(value) => value,
        None => match found(scope, both.global.get_real_named_property(scope, key))? {
            Some(value) => value,
            None => return Ok(None),
        },
    };
    // Not by `==`: the crate would first look up whose handles they are.
    let itself = raw::word(value) == raw::word(both.sandbox);
    Ok(Some(if itself { both.global.into() } else { value }))
}

/// A write goes to the sandbox. Left to V8 it goes on to the descriptor and the definer, and to the global behind.
pub fn set<'s>(
    scope: &Scope<'s, '_>,
    both: &Both<'s>,
    key: Local<'s, v8::Name>,
    value: Local<'s, v8::Value>,
) -> Answer<()> {
    let behind = attributes(scope, both.global, key)?;
    let front = attributes(scope, both.sandbox, key)?;
    if [&behind, &front].into_iter().flatten().any(|found| found.is_read_only()) {
        return Ok(None);
    }
    if behind.is_none() && front.is_none() && key.is_symbol() {
        return Ok(None);
    }
    // V8 would go on to write the same value once more, by the definer. That changes nothing if the sandbox has an
    // ordinary data property now, nobody else could see the second write, and there is nothing behind to be kept up.
    // (For `function f() {}` V8 asks as for a write, and goes on to declare it behind.)
    let plain = behind.is_none() && !value.is_function() && both.ordinary;
    let data = plain
        && front.is_some()
        && has_own(scope, both.sandbox, key)?
        && !has_own_accessor(scope, both.sandbox, key)?;
    both.sandbox.set(scope, key.into(), value).thrown()?;
    if data || plain && front.is_none() && has_own(scope, both.sandbox, key)? {
        return Ok(Some(()));
    }
    // The setter of the sandbox's own accessor is called once.
    let done = match both.ordinary {
        true => has_own_accessor(scope, both.sandbox, key)?,
        false => match own_descriptor(scope, both.sandbox, key)? {
            Some(own) => field_of(scope, own, "get")?.is_some(),
            None => false,
        },
    };
    Ok(done.then_some(()))
}

/// `in`, `hasOwnProperty` and what V8 looks at before it stores in strict code: own properties only.
pub fn query<'s>(
    scope: &Scope<'s, '_>,
    both: &Both<'s>,
    key: Local<'s, v8::Name>,
) -> Answer<PropertyAttribute> {
    let behind = match has_own(scope, both.global, key)? {
        true => attributes(scope, both.global, key)?,
        false => None,
    };
    let Some(front) = own_attributes(scope, both.sandbox, key)? else { return Ok(behind) };
    // What `var` has declared stays declared for `let`, whatever the sandbox says of its copy. For `function` V8 asks the
    // same, and may not redeclare what also is hidden or read-only: there the sandbox's word stands.
    let declared = behind.is_some_and(|behind| behind.is_dont_delete())
        && !front.is_dont_enum()
        && !front.is_read_only();
    Ok(Some(if declared { front | PropertyAttribute::DONT_DELETE } else { front }))
}

/// `getOwnPropertyDescriptor`: the sandbox's own.
pub fn describe<'s>(
    scope: &Scope<'s, '_>,
    both: &Both<'s>,
    key: Local<'s, v8::Name>,
) -> Answer<Local<'s, v8::Value>> {
    match both.sandbox.has_own_property(scope, key).thrown()? {
        true => both.sandbox.get_own_property_descriptor(scope, key).thrown().map(Some),
        false => Ok(None),
    }
}

/// `defineProperty`: on the sandbox, with the fields that are given and no others.
pub fn define<'s>(
    scope: &Scope<'s, '_>,
    both: &Both<'s>,
    key: Local<'s, v8::Name>,
    given: &v8::PropertyDescriptor,
) -> Answer<()> {
    let behind = attributes(scope, both.global, key)?;
    if behind.is_some_and(|behind| behind.is_read_only() && behind.is_dont_delete()) {
        return Ok(None);
    }
    let undefined: Local<v8::Value> = v8::undefined(scope).into();
    let mut descriptor = if given.has_get() || given.has_set() {
        // As in Node, the half that is not given is undefined.
        let get = if given.has_get() { given.get() } else { undefined };
        let set = if given.has_set() { given.set() } else { undefined };
        v8::PropertyDescriptor::new_from_get_set(get, set)
    } else if given.has_writable() {
        let value = given.has_value().then(|| given.value());
        raw::property_descriptor(value, given.writable())
    } else if given.has_value() {
        v8::PropertyDescriptor::new_from_value(given.value())
    } else {
        v8::PropertyDescriptor::new()
    };
    if given.has_enumerable() {
        descriptor.set_enumerable(given.enumerable());
    }
    if given.has_configurable() {
        descriptor.set_configurable(given.configurable());
    }
    let defined = both.sandbox.define_property(scope, key, &descriptor).thrown()?;
    // What the sandbox refuses V8 tries behind, and says why it cannot be.
    Ok(defined.then_some(()))
}

/// `delete`: what the sandbox refuses stays; else V8 goes on to delete behind. The answer is whether it is gone.
pub fn delete<'s>(scope: &Scope<'s, '_>, both: &Both<'s>, key: Local<'s, v8::Name>) -> Answer<bool> {
    let deleted = both.sandbox.delete(scope, key.into()).thrown()?;
    Ok((!deleted).then_some(false))
}

/// The sandbox's own keys, enumerable or not: V8 asks the query for that. Without indices these are strings and
/// symbols, else only the indices, as numbers.
pub fn own_keys<'s>(scope: &Scope<'s, '_>, both: &Both<'s>, indices: bool) -> Outcome<Local<'s, v8::Array>> {
    let keys = both.sandbox.get_property_names(
        scope,
        v8::GetPropertyNamesArgs {
            mode: v8::KeyCollectionMode::OwnOnly,
            property_filter: v8::PropertyFilter::ALL_PROPERTIES,
            index_filter: if indices { IndexFilter::IncludeIndices } else { IndexFilter::SkipIndices },
            key_conversion: v8::KeyConversionMode::KeepNumbers,
        },
    );
    let keys = keys.thrown()?;
    if !indices && both.ordinary {
        return Ok(keys);
    }
    // V8 gives all the keys of a Proxy, and ends the process if the named ones have an index among them.
    let all = (0..keys.length()).map(|at| keys.get_index(scope, at).thrown());
    let all = all.collect::<Outcome<Vec<_>>>()?;
    let asked: Vec<_> = all.into_iter().filter(|key| key.is_number() == indices).collect();
    Ok(v8::Array::new_with_elements(scope, &asked))
}

fn own_attributes<'s>(
    scope: &Scope<'s, '_>,
    object: Local<'s, v8::Object>,
    key: Local<'s, v8::Name>,
) -> Answer<PropertyAttribute> {
    if raw::is_ordinary(object) {
        return if has_own(scope, object, key)? { attributes(scope, object, key) } else { Ok(None) };
    }
    // A Proxy sees both questions, as in Node.
    if !object.has_own_property(scope, key).thrown()? {
        return Ok(None);
    }
    let Some(own) = own_descriptor(scope, object, key)? else { return Ok(None) };
    let mut attributes = PropertyAttribute::NONE;
    for (field, lacking) in [
        ("writable", PropertyAttribute::READ_ONLY),
        ("enumerable", PropertyAttribute::DONT_ENUM),
        ("configurable", PropertyAttribute::DONT_DELETE),
    ] {
        if field_of(scope, own, field)?.is_some_and(|value| value.is_false()) {
            attributes = attributes | lacking;
        }
    }
    Ok(Some(attributes))
}

/// What `Object.getOwnPropertyDescriptor` gives, if the object has the property.
fn own_descriptor<'s>(
    scope: &Scope<'s, '_>,
    object: Local<'s, v8::Object>,
    key: Local<'s, v8::Name>,
) -> Answer<Local<'s, v8::Object>> {
    let descriptor = object.get_own_property_descriptor(scope, key).thrown()?;
    Ok(descriptor.try_into().ok())
}

/// A field that the descriptor has itself, whatever the guest has put into Object.prototype.
fn field_of<'s>(
    scope: &Scope<'s, '_>,
    descriptor: Local<'s, v8::Object>,
    name: &str,
) -> Answer<Local<'s, v8::Value>> {
    let name = value::string(scope, name)?.into();
    match has_own(scope, descriptor, name)? {
        true => found(scope, descriptor.get_real_named_property(scope, name)),
        false => Ok(None),
    }
}

/// The name that an index is written as.
pub fn index_name<'s>(scope: &Scope<'s, '_>, index: u32) -> Outcome<Local<'s, v8::Name>> {
    let number = v8::Integer::new_from_unsigned(scope, index);
    Ok(number.to_string(scope).thrown()?.into())
}
