//! ES modules: source text, and synthetic ones whose exports the host sets.
//!
//! A module is known by an object of ours, its record: that is what JavaScript's collector keeps or frees, and what
//! modules that are linked to one another hold. Guests never see it.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status as Misuse, arrow, throw_coded};
use crate::engine::function::no_unwind;
use crate::engine::seal::{seal, unseal};
use crate::engine::{raw, weak};
use crate::vm::import::{self, Answer};
use crate::vm::source::{self, Names, Origin};
use crate::vm::state::state;
use v8::Local;
use v8::script_compiler::{NoCacheReason, compile_module2};

/// A module's record.
pub type Record<'s> = Local<'s, v8::Object>;

/// What a record holds.
#[derive(Clone, Copy)]
enum Field {
    Module,
    Identifier,
    /// The records of the modules that its requests are linked to, in order.
    Linked,
    /// Those of them that it depends on, if they are not all: of a source only the text is wanted.
    Dependencies,
    /// Source text: the code.
    Code,
    /// Source text: what fills `import.meta`. Synthetic: what sets the exports.
    Callback,
    /// What `import source` gives.
    Source,
    /// `Names`, as a number; none is zero.
    Names,
    /// For each `Depth` a number; none is zero.
    NameDepth,
    AwaitDepth,
}
const FIELDS: usize = 10;

/// How many modules V8 goes through, one below the other, from a module (see `depth`).
#[derive(Clone, Copy)]
pub enum Depth {
    /// For a name.
    Names,
    /// With a rejection.
    Awaits,
}

const CACHE_MAGIC: &[u8; 8] = b"jsvmcm01";

/// What a module has come to. node:vm: `status`. The numbers are part of the ABI.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum jsvm_module_state {
    /// New, or its linking has failed.
    Unlinked = 0,
    /// jsvm_module_link is at it.
    Linking = 1,
    /// Its imports are there.
    Linked = 2,
    /// It runs.
    Evaluating = 3,
    /// It has run; what it awaits may still be pending.
    Evaluated = 4,
    /// It has thrown.
    Errored = 5,
}
pub use jsvm_module_state as Status;

/// What a source text is compiled with.
pub struct SourceText<'s, 'a> {
    pub code: Local<'s, v8::String>,
    /// Its identifier is the file name.
    pub origin: Origin<'s>,
    pub cached_data: Option<&'a [u8]>,
    /// Called with `import.meta` and the record when it is first used. Something has to keep the record until then: the answer's
    /// referrer does.
    pub initialize_import_meta: Option<Local<'s, v8::Function>>,
    pub import: Option<Answer<'s>>,
}

/// Compiles a module of the scope's context.
pub fn new_source_text<'s>(scope: &mut Scope<'s, '_>, given: &SourceText<'s, '_>) -> Outcome<Record<'s>> {
    let key = given.cached_data.map(|_| source::hash(scope, given.code)).unwrap_or_default();
    let cached_data = given.cached_data.map(|bytes| unseal(CACHE_MAGIC, key, bytes));
    let host_defined_options = match given.import {
        Some(answer) => Some(answer.options(scope)?),
        None => given.origin.host_defined_options,
    };
    let origin = Origin { host_defined_options, ..given.origin }.v8_module(scope);
    let (module, rejected) =
        source::compile(scope, given.code, &origin, cached_data, |scope, source, how| {
            compile_module2(scope, source, how, NoCacheReason::NoReason)
        })?;
    if rejected == Some(true) {
        const CODE: &str = "ERR_VM_MODULE_CACHED_DATA_REJECTED";
        throw_coded(scope, v8::Exception::error, CODE, "cachedData buffer was rejected")?;
    }
    let record = record(scope, module, given.origin.filename)?;
    set(record, Field::Code, given.code.into());
    if module.get_module_requests().length() > 0 {
        let names = source::names(scope, given.code);
        set_names(scope, record, names);
    }
    if let Some(callback) = given.initialize_import_meta {
        set(record, Field::Callback, callback.into());
    }
    Ok(record)
}

/// What a synthetic module is made of.
pub struct Synthetic<'s, 'a> {
    pub identifier: Local<'s, v8::String>,
    /// Each name once.
    pub exports: &'a [Local<'s, v8::String>],
    /// Called to set the exports, with the record.
    pub evaluate: Option<Local<'s, v8::Function>>,
}

/// Makes a module of the scope's context. It is linked from the beginning.
pub fn new_synthetic<'s>(scope: &mut Scope<'s, '_>, given: &Synthetic<'s, '_>) -> Outcome<Record<'s>> {
    let module = v8::Module::create_synthetic_module(scope, given.identifier, given.exports, on_evaluate);
    let record = record(scope, module, given.identifier)?;
    if let Some(evaluate) = given.evaluate {
        set(record, Field::Callback, evaluate.into());
    }
    crate::vm::link::instantiate(scope, record)?;
    Ok(record)
}

fn record<'s>(
    scope: &mut Scope<'s, '_>,
    module: Local<'s, v8::Module>,
    identifier: Local<'s, v8::String>,
) -> Outcome<Record<'s>> {
    let template = state(scope).module_template.as_ref().map(|template| Local::new(scope, template));
    let template = template.unwrap_or_else(|| {
        let template = v8::ObjectTemplate::new(scope);
        template.set_internal_field_count(FIELDS);
        state(scope).module_template = Some(v8::Global::new(scope, template));
        template
    });
    let record = template.new_instance(scope).thrown()?;
    set(record, Field::Module, module.into());
    set(record, Field::Identifier, identifier.into());
    weak::insert(scope, module.get_identity_hash().get(), record);
    Ok(record)
}

fn set<'s>(record: Record<'s>, field: Field, value: Local<'s, v8::Data>) {
    record.set_internal_field(field as usize, value);
}

/// A field that holds a value, if it does.
fn get<'s>(scope: &Scope<'s, '_>, record: Record<'s>, field: Field) -> Option<Local<'s, v8::Value>> {
    let held = record.get_internal_field(scope, field as usize)?;
    Local::<v8::Value>::try_from(held).ok().filter(|value| !value.is_undefined())
}

/// The record that a value is. Others are refused, whatever the fault that let one come here: V8 would take what lies in
/// its fields for a module.
pub fn record_from<'s>(scope: &Scope<'s, '_>, value: Local<'s, v8::Value>) -> Outcome<Record<'s>> {
    let record = Local::<v8::Object>::try_from(value).ok().filter(|object| {
        object.internal_field_count() == FIELDS
            && object.get_internal_field(scope, Field::Module as usize).is_some_and(|held| held.is_module())
    });
    record.ok_or_else(|| Error::invalid("an argument is no record").into())
}

/// The record of a module, as long as there is one: whoever can ask has something alive that keeps it.
pub fn record_of<'s>(scope: &Scope<'s, '_>, module: Local<'s, v8::Module>) -> Option<Record<'s>> {
    weak::find(scope, module.get_identity_hash().get(), |record| {
        raw::word(self::module(scope, record)) == raw::word(module)
    })
}

pub fn module<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Local<'s, v8::Module> {
    // SAFETY: the template gives records their fields, and `record` has put it there.
    let module = unsafe {
        let held = raw::v8__Object__GetInternalField(raw::ptr(record), Field::Module as i32);
        raw::local(scope, held.cast())
    };
    module.expect("a record has its module")
}

pub fn identifier<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Local<'s, v8::String> {
    let identifier = get(scope, record, Field::Identifier).and_then(|text| text.try_cast().ok());
    identifier.unwrap_or_else(|| v8::String::empty(scope))
}

/// What the requests are linked to, if they are.
pub fn linked<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Option<Local<'s, v8::Array>> {
    get(scope, record, Field::Linked)?.try_cast().ok()
}

/// Of what the requests are linked to, what the module depends on.
pub fn dependencies<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Option<Local<'s, v8::Array>> {
    let some = get(scope, record, Field::Dependencies);
    some.or_else(|| get(scope, record, Field::Linked))?.try_cast().ok()
}

/// Without dependencies it depends on all that it is linked to.
pub fn set_linked<'s>(
    scope: &Scope<'s, '_>,
    record: Record<'s>,
    linked: Local<'s, v8::Array>,
    dependencies: Option<Local<'s, v8::Array>>,
) {
    set(record, Field::Linked, linked.into());
    set(record, Field::Dependencies, dependencies.map_or_else(|| v8::undefined(scope).into(), Into::into));
}

/// What a module depends on.
pub fn children<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Outcome<Vec<Record<'s>>> {
    let Some(children) = dependencies(scope, record) else { return Ok(Vec::new()) };
    let child = |at| children.get_index(scope, at).thrown();
    (0..children.length()).map(|at| record_from(scope, child(at)?)).collect()
}

fn number<'s>(scope: &Scope<'s, '_>, record: Record<'s>, field: Field) -> usize {
    get(scope, record, field).and_then(|held| held.uint32_value(scope)).unwrap_or(0) as usize
}

fn set_number<'s>(scope: &Scope<'s, '_>, record: Record<'s>, field: Field, number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    set(record, field, v8::Integer::new_from_unsigned(scope, number).into());
}

pub fn names<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Names {
    let number = number(scope, record, Field::Names);
    Names { all_of_another: number % 2 == 1, renamed: number / 2 }
}

fn set_names<'s>(scope: &Scope<'s, '_>, record: Record<'s>, names: Names) {
    if names != Names::default() {
        set_number(scope, record, Field::Names, 2 * names.renamed + usize::from(names.all_of_another));
    }
}

pub fn depth<'s>(scope: &Scope<'s, '_>, record: Record<'s>, of: Depth) -> usize {
    number(scope, record, of.field())
}

pub fn set_depth<'s>(scope: &Scope<'s, '_>, record: Record<'s>, of: Depth, depth: usize) {
    set_number(scope, record, of.field(), depth);
}

impl Depth {
    fn field(self) -> Field {
        match self {
            Depth::Names => Field::NameDepth,
            Depth::Awaits => Field::AwaitDepth,
        }
    }
}

/// What `import source` gives.
pub fn source_object<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Option<Local<'s, v8::Object>> {
    get(scope, record, Field::Source)?.try_cast().ok()
}

/// Gives a module what `import source` gives of it.
pub fn set_source_object<'s>(record: Record<'s>, object: Local<'s, v8::Object>) {
    set(record, Field::Source, object.into());
}

pub fn status(module: Local<v8::Module>) -> Status {
    match module.get_status() {
        v8::ModuleStatus::Uninstantiated => Status::Unlinked,
        v8::ModuleStatus::Instantiating => Status::Linking,
        v8::ModuleStatus::Instantiated => Status::Linked,
        v8::ModuleStatus::Evaluating => Status::Evaluating,
        v8::ModuleStatus::Evaluated => Status::Evaluated,
        v8::ModuleStatus::Errored => Status::Errored,
    }
}

/// What an import statement asks for.
pub struct Request<'s> {
    pub specifier: Local<'s, v8::String>,
    attributes: Local<'s, v8::FixedArray>,
    pub phase: v8::ModuleImportPhase,
}

impl<'s> Request<'s> {
    /// Its attributes, as keys and values.
    pub fn pairs(
        &self,
        scope: &Scope<'s, '_>,
    ) -> Outcome<Vec<(Local<'s, v8::String>, Local<'s, v8::String>)>> {
        import::attributes(scope, self.attributes, 3)
    }

    pub fn has_attributes(&self) -> bool {
        self.attributes.length() > 0
    }

    /// An object without a prototype.
    pub fn attributes(&self, scope: &Scope<'s, '_>) -> Outcome<Local<'s, v8::Object>> {
        import::attribute_object(scope, self.attributes, 3)
    }

    /// What tells it from requests for other modules, whatever the phase.
    pub fn key(&self, scope: &Scope<'s, '_>) -> String {
        let mut key = format!("{:?}", self.specifier.to_rust_string_lossy(scope));
        for at in 0..self.attributes.length() {
            // Each third element is where the attribute is in the source.
            if at % 3 != 2
                && let Some(text) = self.attributes.get(scope, at)
                && let Ok(text) = Local::<v8::Value>::try_from(text)
            {
                key += &format!(", {:?}", text.to_rust_string_lossy(scope));
            }
        }
        key
    }
}

/// The requests of a module: each once, in the order of the source.
pub fn requests<'s>(scope: &Scope<'s, '_>, module: Local<'s, v8::Module>) -> Vec<Request<'s>> {
    if !module.is_source_text_module() {
        return Vec::new();
    }
    let list: Local<v8::FixedArray> = module.get_module_requests();
    (0..list.length())
        .filter_map(|at| {
            let request = list.get(scope, at)?;
            // SAFETY: V8 says that the list is of requests.
            let request = unsafe { Local::<v8::ModuleRequest>::cast_unchecked(request) };
            Some(Request {
                specifier: request.get_specifier(),
                attributes: request.get_import_attributes(),
                phase: request.get_phase(),
            })
        })
        .collect()
}

/// How many requests a module has.
pub fn request_count(module: Local<v8::Module>) -> usize {
    if module.is_source_text_module() { module.get_module_requests().length() } else { 0 }
}

/// The namespace of a module that is linked.
pub fn namespace<'s>(
    _: &Scope<'s, '_>,
    module: Local<'s, v8::Module>,
) -> Result<Local<'s, v8::Value>, Error> {
    match status(module) {
        Status::Unlinked | Status::Linking => Err(wrong_status("must not be unlinked or linking")),
        _ => Ok(module.get_module_namespace()),
    }
}

/// Why a module is errored.
pub fn error<'s>(_: &Scope<'s, '_>, module: Local<'s, v8::Module>) -> Option<Local<'s, v8::Value>> {
    (status(module) == Status::Errored).then(|| module.get_exception())
}

/// The places at which an evaluation that has begun waits, each as text for the user.
pub fn stalled<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Vec<String> {
    waiting(scope, record).into_iter().filter_map(|message| arrow(scope, message)).collect()
}

/// Where an evaluation that has begun waits: the first 16 places.
pub fn waiting<'s>(scope: &Scope<'s, '_>, record: Record<'s>) -> Vec<Local<'s, v8::Message>> {
    let module = module(scope, record);
    if !module.is_source_text_module() || status(module) != Status::Evaluated {
        return Vec::new();
    }
    let waiting = module.get_stalled_top_level_await_message(scope);
    waiting.into_iter().map(|(_, message)| message).collect()
}

/// Bytes that make the next compilation of the same source fast.
pub fn create_cached_data<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Vec<u8>> {
    let module = module(scope, record);
    let code = get(scope, record, Field::Code).and_then(|code| code.try_cast().ok());
    let code = code.ok_or_else(|| Error::new(Misuse::WrongState, "module: it has no source text"))?;
    let cache = module.get_unbound_module_script(scope).create_code_cache();
    let cache = cache.ok_or_else(|| Error::new(Misuse::Unsupported, "V8 cannot serialise this module"))?;
    Ok(seal(CACHE_MAGIC, source::hash(scope, code), &cache))
}

/// Sets an export of a synthetic module. A name that it does not have is a ReferenceError.
pub fn set_export<'s>(
    scope: &mut Scope<'s, '_>,
    module: Local<'s, v8::Module>,
    name: Local<'s, v8::String>,
    value: Local<'s, v8::Value>,
) -> Outcome<()> {
    if !module.is_synthetic_module() {
        return Err(Error::new(Misuse::WrongState, "module: it is not a synthetic one").into());
    }
    module.set_synthetic_module_export(scope, name, value).thrown().map(drop)
}

/// V8 evaluates a synthetic module.
fn on_evaluate<'s>(
    context: Local<'s, v8::Context>,
    module: Local<'s, v8::Module>,
) -> Option<Local<'s, v8::Value>> {
    // SAFETY: V8 calls with a live context and an open handle scope.
    v8::callback_scope!(unsafe scope, context);
    let mut result = None;
    no_unwind(|| {
        let undefined: Local<v8::Value> = v8::undefined(scope).into();
        let done = match callback_of(scope, module) {
            Some((record, callback)) => callback.call(scope, undefined, &[record.into()]),
            None => Some(undefined),
        };
        result = done.and_then(|_| resolved(scope, undefined));
    });
    result
}

fn callback_of<'s>(
    scope: &Scope<'s, '_>,
    module: Local<'s, v8::Module>,
) -> Option<(Record<'s>, Local<'s, v8::Function>)> {
    let record = record_of(scope, module)?;
    let callback = get(scope, record, Field::Callback)?;
    Some((record, callback.try_cast().ok()?))
}

/// V8 wants a promise of a synthetic module, and ignores what it comes to.
fn resolved<'s>(scope: &Scope<'s, '_>, value: Local<'s, v8::Value>) -> Option<Local<'s, v8::Value>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    resolver.resolve(scope, value)?;
    Some(resolver.get_promise(scope).into())
}

/// V8 wants `import.meta` filled.
///
/// # Safety
/// V8 calls it, inside the isolate.
pub unsafe extern "C" fn on_import_meta(
    context: Local<v8::Context>,
    module: Local<v8::Module>,
    meta: Local<v8::Object>,
) {
    // SAFETY: V8 calls with a live context and an open handle scope.
    v8::callback_scope!(unsafe scope, context);
    no_unwind(|| {
        if let Some((record, callback)) = callback_of(scope, module) {
            let this = v8::undefined(scope).into();
            // What it throws is thrown where the meta is used.
            callback.call(scope, this, &[meta.into(), record.into()]);
        }
    });
}

/// The status that a call needs, or an error that names it.
pub fn require(holds: bool, needed: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(Fail::Misuse(wrong_status(&format!("must be {needed}")))) }
}

/// A module is not in the status that it must be in.
pub fn wrong_status(must: &str) -> Error {
    let mut error = Error::new(Misuse::WrongState, format!("module: its status {must}"));
    error.code = Some("ERR_VM_MODULE_STATUS".into());
    error
}
