//! Modules as a host holds them, from outside the isolate.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Origin as Cause, Status as Misuse};
use crate::engine::limits::Limits;
use crate::engine::thread::Thread;
use crate::engine::value::{self, In, Out, Value};
use crate::vm::context::{self, Context};
use crate::vm::hooks::{self, Evaluate, Hooks};
use crate::vm::import::{Answer, Otherwise, Phase};
use crate::vm::module::{self, Record, SourceText, Status, Synthetic};
use crate::vm::source::Origin;
use crate::vm::{link, script};
use std::collections::HashSet;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Module {
    pub record: Value,
    pub identifier: String,
    /// A walk of `link` is at it.
    linking: AtomicBool,
}

#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub identifier: Option<&'a str>,
    pub line_offset: i32,
    pub column_offset: i32,
    pub cached_data: Option<&'a [u8]>,
    pub hooks: Option<&'a Arc<dyn Hooks>>,
}

/// What an import asks for.
#[derive(Clone, Debug)]
pub struct Request {
    pub specifier: String,
    pub attributes: Vec<(String, String)>,
    pub phase: Phase,
}

/// What a synthetic module is made of.
pub struct Exports<'a> {
    /// Each once.
    pub names: &'a [&'a str],
    /// What sets them when the module is evaluated.
    pub evaluate: Option<Box<dyn Evaluate>>,
}

/// The identifier that a module gets.
pub fn identifier<'s>(scope: &Scope<'s, '_>, given: Option<&str>) -> Outcome<v8::Local<'s, v8::String>> {
    match given {
        Some(given) => value::string(scope, given),
        None => value::string(scope, &context::module_name(scope)),
    }
}

impl Module {
    /// Another handle of a module that is there.
    pub fn of<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Module {
        Module {
            identifier: module::identifier(scope, record).to_rust_string_lossy(scope),
            record: Value::new(scope, record.into()),
            linking: AtomicBool::new(false),
        }
    }

    /// Compiles. A SyntaxError comes as EXCEPTION.
    pub fn new(context: &Context, source: &str, options: &Options) -> Result<Module, Error> {
        enter::touch(&context.isolate, Some(&context.global), |scope| {
            let code = script::code(scope, source)?;
            let name = identifier(scope, options.identifier)?;
            let (line_offset, column_offset) = (options.line_offset, options.column_offset);
            let undefined = v8::undefined(scope).into();
            let initialize_import_meta = hooks::import_meta(scope, options.hooks)?;
            let mut import = hooks::answer(scope, options.hooks, undefined)?;
            if import.is_none() && initialize_import_meta.is_some() {
                import = Some(Answer::none(scope, Otherwise::Context, undefined));
            }
            let given = SourceText {
                code,
                origin: Origin { line_offset, column_offset, ..Origin::new(name) },
                cached_data: options.cached_data,
                initialize_import_meta,
                import,
            };
            let record = module::new_source_text(scope, &given)?;
            if let Some(import) = import {
                import.set_referrer(scope, record.into())?;
            }
            Ok(Module::of(scope, record))
        })
        .map_err(refused)
    }

    /// A module whose exports the host sets.
    pub fn synthetic(context: &Context, name: Option<&str>, exports: Exports) -> Result<Module, Error> {
        enter::touch(&context.isolate, Some(&context.global), |scope| {
            let names =
                exports.names.iter().map(|name| value::string(scope, name)).collect::<Outcome<Vec<_>>>()?;
            let evaluate = exports.evaluate.map(|host| hooks::evaluate(scope, host)).transpose()?;
            let identifier = identifier(scope, name)?;
            let given = Synthetic { identifier, exports: &names, evaluate };
            let record = module::new_synthetic(scope, &given)?;
            Ok(Module::of(scope, record))
        })
    }

    /// A module whose default export is what JSON text says.
    pub fn json(context: &Context, name: Option<&str>, text: &str) -> Result<Module, Error> {
        enter::touch(&context.isolate, Some(&context.global), |scope| {
            let text = value::string(scope, text)?;
            let value = v8::json::parse(scope, text).thrown()?;
            with_default(scope, name, value)
        })
    }

    fn touch<R>(
        &self,
        body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Record<'s>) -> Outcome<R>,
    ) -> Result<R, Error> {
        enter::touch_on(&self.record, |scope| {
            let record = self.record.object(scope)?;
            body(scope, record)
        })
    }

    /// The context that it is of.
    pub fn context(&self) -> Result<Context, Error> {
        self.touch(|scope, _| {
            let context = scope.get_current_context();
            Ok(context::handle(scope, context))
        })
    }

    pub fn status(&self) -> Result<Status, Error> {
        if self.linking.load(Ordering::SeqCst) {
            return Ok(Status::Linking);
        }
        self.touch(|scope, record| Ok(module::status(module::module(scope, record))))
    }

    /// Why it is errored.
    pub fn error(&self) -> Result<Out, Error> {
        self.touch(|scope, record| {
            let module = module::module(scope, record);
            let error = module::error(scope, module);
            Ok(Out::new(scope, error.ok_or_else(|| module::wrong_status("must be errored"))?))
        })
    }

    pub fn namespace(&self) -> Result<Value, Error> {
        self.touch(|scope, record| {
            let module = module::module(scope, record);
            let namespace = module::namespace(scope, module)?;
            Ok(Value::new(scope, namespace))
        })
    }

    pub fn requests(&self) -> Result<Vec<Request>, Error> {
        self.touch(requests)
    }

    /// Whether it awaits something itself, outside of functions.
    pub fn has_top_level_await(&self) -> Result<bool, Error> {
        self.touch(|scope, record| Ok(module::module(scope, record).has_top_level_await()))
    }

    /// Whether it, or what it depends on, awaits something.
    pub fn has_async_graph(&self) -> Result<bool, Error> {
        self.touch(|scope, record| {
            let module = module::module(scope, record);
            let linked = !matches!(module::status(module), Status::Unlinked | Status::Linking);
            module::require(linked, "instantiated")?;
            Ok(module.is_graph_async())
        })
    }

    pub fn create_cached_data(&self) -> Result<Vec<u8>, Error> {
        self.touch(|scope, record| {
            let module = module::module(scope, record);
            if matches!(module::status(module), Status::Evaluating | Status::Evaluated | Status::Errored) {
                let message = "module: cached data cannot be created for a module which has been evaluated";
                let mut error = Error::new(Misuse::WrongState, message);
                error.code = Some("ERR_VM_MODULE_CANNOT_CREATE_CACHED_DATA".into());
                return Err(error.into());
            }
            module::create_cached_data(scope, record)
        })
    }

    /// Sets an export of a synthetic module.
    pub fn set_export(&self, name: &str, given: In) -> Result<(), Error> {
        self.touch(|scope, record| {
            let module = module::module(scope, record);
            let (name, given) = (value::string(scope, name)?, given.local(scope)?);
            module::set_export(scope, module, name, given)
        })
    }

    /// Says what the requests are linked to, in their order.
    pub fn link_requests(&self, linked: &[&Module]) -> Result<(), Error> {
        if self.linking.load(Ordering::SeqCst) {
            return Err(module::wrong_status("must be unlinked"));
        }
        self.touch(|scope, record| {
            let context = record.get_creation_context(scope);
            let records = linked.iter().enumerate().map(|(at, linked)| {
                let argument = || format!("modules[{at}]");
                let other = linked.in_isolate_of(self, scope, argument)?;
                same_context(scope, context, other, argument)?;
                Ok(other)
            });
            let records = records.collect::<Outcome<Vec<_>>>()?;
            link::link_requests(scope, record, &records)
        })
        .map_err(refused)
    }

    fn in_isolate_of<'s>(
        &self,
        other: &Module,
        scope: &Scope<'s, '_>,
        argument: impl Fn() -> String,
    ) -> Outcome<Record<'s>> {
        if !Arc::ptr_eq(&self.record.isolate, &other.record.isolate) {
            let message = format!("{}: it belongs to another isolate", argument());
            return Err(Error::new(Misuse::WrongIsolate, message).into());
        }
        self.record.object(scope)
    }

    /// Links exports and imports of what has been linked by `link_requests`.
    pub fn instantiate(&self) -> Result<(), Error> {
        if self.linking.load(Ordering::SeqCst) {
            return Err(module::wrong_status("must be unlinked"));
        }
        self.link_exports()
    }

    fn link_exports(&self) -> Result<(), Error> {
        self.touch(link::instantiate).map_err(refused)
    }

    /// Evaluates it and what it depends on. The promise counts as handled if it is wanted.
    pub fn evaluate(&self, limits: &Limits, wanted: bool) -> Result<Option<Value>, Error> {
        enter::run_on(&self.record, limits, |scope| {
            let record = self.record.object(scope)?;
            let promise = link::evaluate(scope, record)?;
            context::after_evaluate(scope)?;
            if wanted {
                promise.mark_as_handled();
            }
            Ok(wanted.then(|| Value::new(scope, promise.into())))
        })
    }
}

fn with_default<'s>(
    scope: &mut Scope<'s, '_>,
    name: Option<&str>,
    value: v8::Local<'s, v8::Value>,
) -> Outcome<Module> {
    let default = value::string(scope, "default")?;
    let identifier = identifier(scope, name)?;
    let given = Synthetic { identifier, exports: &[default], evaluate: None };
    let record = module::new_synthetic(scope, &given)?;
    let module = module::module(scope, record);
    module::set_export(scope, module, default, value)?;
    Ok(Module::of(scope, record))
}

fn requests<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Vec<Request>> {
    let module = module::module(scope, record);
    let requests = module::requests(scope, module).into_iter().map(|request| {
        let pairs = request.pairs(scope)?;
        let text = |text: v8::Local<v8::String>| text.to_rust_string_lossy(scope);
        Ok(Request {
            specifier: text(request.specifier),
            attributes: pairs.into_iter().map(|(key, value)| (text(key), text(value))).collect(),
            phase: Phase::of(request.phase),
        })
    });
    requests.collect()
}

fn same_context<'s>(
    scope: &Scope<'s, '_>,
    context: Option<v8::Local<'s, v8::Context>>,
    record: Record<'s>,
    argument: impl Fn() -> String,
) -> Outcome<()> {
    if record.get_creation_context(scope) == context {
        return Ok(());
    }
    let mut error = Error::invalid(format!("{}: linked modules must use the same context", argument()));
    error.code = Some("ERR_VM_MODULE_DIFFERENT_CONTEXT".into());
    Err(error.into())
}

/// What the functions below throw for JavaScript's sake is the host's fault here, as its code says.
fn refused(mut error: Error) -> Error {
    error.status = match (error.status, error.code.as_deref()) {
        (Misuse::Exception, Some("ERR_MODULE_LINK_MISMATCH" | "ERR_VM_MODULE_CACHED_DATA_REJECTED")) => {
            Misuse::InvalidArgument
        }
        (Misuse::Exception, Some("ERR_VM_MODULE_LINK_FAILURE")) => Misuse::WrongState,
        (status, _) => status,
    };
    error
}

/// The modules that a walk has come to and that were unlinked, with what they ask for. None of them is in another walk.
struct Walk<M: Deref<Target = Module>> {
    modules: Vec<(Rc<M>, Rc<[Request]>)>,
    known: HashSet<*const Module>,
}

impl<M: Deref<Target = Module>> Walk<M> {
    fn knows(&self, module: &Module) -> bool {
        self.known.contains(&std::ptr::from_ref(module))
    }

    fn add(&mut self, module: Rc<M>, requests: Vec<Request>) -> Result<(), Error> {
        if self.knows(&module) {
            return Ok(());
        }
        if module.linking.swap(true, Ordering::SeqCst) {
            return Err(Error::new(Misuse::WrongState, "module: another call is linking it"));
        }
        self.known.insert(std::ptr::from_ref(&module));
        self.modules.push((module, requests.into()));
        Ok(())
    }
}

impl<M: Deref<Target = Module>> Drop for Walk<M> {
    fn drop(&mut self) {
        for (module, _) in &self.modules {
            module.linking.store(false, Ordering::SeqCst);
        }
    }
}

/// Asks the host for the module of each request of an unlinked module and of what it comes to, breadth first, and
/// instantiates. The host is asked outside the isolate.
pub fn link<M: Deref<Target = Module>>(
    root: M,
    limits: &Limits,
    mut load: impl FnMut(&Request, &M) -> Result<M, Error>,
) -> Result<(), Error> {
    let isolate = root.record.isolate.clone();
    enter::span(&isolate, limits, |thread| {
        if root.linking.load(Ordering::SeqCst) {
            return Err(module::wrong_status("must be unlinked"));
        }
        let Some(asked) = root.touch(to_link)? else { return Ok(()) };
        let mut walk = Walk { modules: Vec::new(), known: HashSet::new() };
        walk.add(Rc::new(root), asked)?;
        let mut at = 0;
        while let Some((module, asked)) = walk.modules.get(at).cloned() {
            if !asked.is_empty() {
                link_one(&mut walk, &module, &asked, thread, &mut load)?;
            }
            at += 1;
        }
        walk.modules[0].0.link_exports()
    })
}

/// The requests of a module that is to be linked; None if there is nothing to do.
fn to_link<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Option<Vec<Request>>> {
    let module = module::module(scope, record);
    match module::status(module) {
        Status::Unlinked => requests(scope, record).map(Some),
        Status::Linked if module.is_synthetic_module() => Ok(None),
        Status::Linked => {
            let mut error = Error::new(Misuse::WrongState, "module: it has already been linked");
            error.code = Some("ERR_VM_MODULE_ALREADY_LINKED".into());
            Err(error.into())
        }
        _ => Err(module::wrong_status("must be unlinked").into()),
    }
}

fn link_one<M: Deref<Target = Module>>(
    walk: &mut Walk<M>,
    module: &M,
    asked: &[Request],
    thread: &Thread,
    load: &mut impl FnMut(&Request, &M) -> Result<M, Error>,
) -> Result<(), Error> {
    let mut found = Vec::with_capacity(asked.len());
    for request in asked {
        go_on(thread)?;
        found.push(Rc::new(load(request, module)?));
    }
    go_on(thread)?;
    let mut unlinked = Vec::new();
    module
        .touch(|scope, record| {
            let context = record.get_creation_context(scope);
            let mut records = Vec::with_capacity(found.len());
            for (request, found) in asked.iter().zip(&found) {
                let argument = || format!("the module of '{}'", request.specifier);
                let other = found.in_isolate_of(module, scope, argument)?;
                same_context(scope, context, other, argument)?;
                match module::status(module::module(scope, other)) {
                    Status::Errored => return Err(errored(scope, other, &request.specifier).into()),
                    // Of a source only the text is wanted.
                    Status::Unlinked if request.phase != Phase::Source && !walk.knows(found) => {
                        unlinked.push((found.clone(), requests(scope, other)?));
                    }
                    _ => {}
                }
                records.push(other);
            }
            link::link_requests(scope, record, &records)
        })
        .map_err(refused)?;
    unlinked.into_iter().try_for_each(|(module, asked)| walk.add(module, asked))
}

fn go_on(thread: &Thread) -> Result<(), Error> {
    thread.marked().map_or(Ok(()), |kill| Err(Error::killed(kill, Vec::new())))
}

fn errored<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>, specifier: &str) -> Error {
    let message = format!("request for '{specifier}' resolved to an errored module");
    let mut error = Error::new(Misuse::WrongState, message);
    error.code = Some("ERR_VM_MODULE_LINK_FAILURE".into());
    let module = module::module(scope, record);
    if let Some(cause) = module::error(scope, module) {
        let cause = Some(Error::thrown(scope, cause, None));
        error.origin = Some(Box::new(Cause { cause, ..Cause::default() }));
    }
    error
}
