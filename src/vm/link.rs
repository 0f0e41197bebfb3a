//! Linking, instantiating and evaluating of module graphs.
//!
//! V8 goes down a graph by recursion, and a chain of some thousand modules is deeper than its stack. So a deep graph is
//! given to V8 in pieces, what others depend on first: each piece is a cycle, or one module.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, throw_coded};
use crate::engine::function::no_unwind;
use crate::engine::{raw, value};
use crate::vm::module::{self, Record, Status};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use v8::{Local, Module, ModuleImportPhase};

/// V8 goes as deep by itself.
const SHALLOW: usize = 200;

/// Says what the requests of a module are linked to, in their order. It may be said again until the module is instantiated.
pub fn link_requests<'s>(
    scope: &mut Scope<'s, '_>,
    record: Record<'s>,
    linked: &[Record<'s>],
) -> Outcome<()> {
    let module = module::module(scope, record);
    module::require(module::status(module) == Status::Unlinked, "unlinked")?;
    let requests = module::requests(scope, module);
    if requests.len() != linked.len() {
        let message = format!("Expected {} modules, got {}", requests.len(), linked.len());
        throw_coded(scope, v8::Exception::type_error, "ERR_MODULE_LINK_MISMATCH", &message)?;
    }
    // V8 tells requests apart by their phase too: only then can two be for one module.
    if requests.iter().any(|request| request.phase != ModuleImportPhase::kEvaluation) {
        let mut first = HashMap::new();
        for (at, request) in requests.iter().enumerate() {
            let key = request.key(scope);
            let earlier = *first.entry(key.clone()).or_insert(at);
            if linked[earlier] != linked[at] {
                let message = format!(
                    "Module request 'ModuleCacheKey({key})' at index {at} must be linked to the same module \
                     requested at index {earlier}"
                );
                throw_coded(scope, v8::Exception::type_error, "ERR_MODULE_LINK_MISMATCH", &message)?;
            }
        }
    }
    let linked: Vec<Local<v8::Value>> = linked.iter().map(|record| (*record).into()).collect();
    module::set_linked(record, v8::Array::new_with_elements(scope, &linked));
    Ok(())
}

/// Links the exports and imports of a module and all that it depends on, whose requests have been linked.
pub fn instantiate<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<()> {
    let root = module::module(scope, record);
    module::require(module::status(root) == Status::Unlinked, "unlinked")?;
    let one = |scope: &Scope<'s, '_>, module| {
        raw::instantiate_module(scope, module, on_resolve, on_resolve_source).thrown().map(drop)
    };
    if !is_deep(scope, record, Status::Unlinked)? {
        return one(scope, root);
    }
    let graph = Graph::of(scope, record, Status::Unlinked)?;
    for piece in &graph.pieces {
        let module = graph.nodes[*piece].module;
        if module::status(module) == Status::Unlinked {
            one(scope, module)?;
        }
    }
    Ok(())
}

/// Evaluates a module and all that it depends on. The promise is settled when all of it has been.
pub fn evaluate<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Local<'s, v8::Promise>> {
    let root = module::module(scope, record);
    let status = module::status(root);
    let can = matches!(status, Status::Linked | Status::Evaluated | Status::Errored);
    module::require(can, "one of linked, evaluated, or errored")?;
    if status == Status::Linked && is_deep(scope, record, Status::Linked)? {
        let graph = Graph::of(scope, record, Status::Linked)?;
        evaluate_pieces(scope, &graph)?;
    }
    let promise = promise(scope, root)?;
    if promise.state() == v8::PromiseState::Pending {
        let name = evaluated(scope)?;
        promise.set_private(scope, name, record.into()).thrown()?;
    }
    Ok(promise)
}

/// By which a promise of an evaluation knows the module's record.
fn evaluated<'s>(scope: &Scope<'s, '_>) -> Outcome<Local<'s, v8::Private>> {
    let name = value::string(scope, "jsvm:evaluated")?;
    Ok(v8::Private::for_api(scope, Some(name)))
}

/// Where the evaluation that a pending promise is of waits: the first places, as far as V8 names them. None for other
/// promises.
pub fn stalled<'s>(scope: &mut Scope<'s, '_>, promise: Local<'s, v8::Promise>) -> Outcome<Vec<String>> {
    let name = evaluated(scope)?;
    let Ok(record) = Record::try_from(promise.get_private(scope, name).thrown()?) else {
        return Ok(Vec::new());
    };
    let place = |message: Local<'s, v8::Message>| {
        let file = message.get_script_resource_name(scope)?.to_rust_string_lossy(scope);
        Some(format!("{file}:{}", message.get_line_number(scope)?))
    };
    Ok(module::waiting(scope, record).into_iter().filter_map(place).collect())
}

/// All but the root, which is the last one. After an error the rest is left alone, but for those that depend on
/// what has failed, which V8 would be in the middle of.
fn evaluate_pieces<'s>(scope: &mut Scope<'s, '_>, graph: &Graph<'s>) -> Outcome<()> {
    let root = graph.nodes[0].module;
    let mut failed: Option<usize> = None;
    for piece in &graph.pieces {
        if let Some(failed) = failed
            && !graph.is_above(*piece, failed)
        {
            continue;
        }
        let module = graph.nodes[*piece].module;
        if module::status(module) != Status::Linked || module == root {
            continue;
        }
        // The root's promise tells of it.
        promise(scope, module)?.mark_as_handled();
        if module::status(module) == Status::Errored && failed.is_none() {
            failed = Some(*piece);
        }
    }
    Ok(())
}

fn promise<'s>(scope: &mut Scope<'s, '_>, module: Local<'s, Module>) -> Outcome<Local<'s, v8::Promise>> {
    v8::tc_scope!(let caught, scope);
    let mut promise = module.evaluate(caught);
    if promise.is_none() && !caught.has_terminated() && module::status(module) == Status::Errored {
        // Of a synthetic module V8 throws the error at first, and gives the rejected promise when it is asked again.
        caught.reset();
        promise = module.evaluate(caught);
    }
    if promise.is_none() {
        caught.rethrow();
    }
    promise.thrown()?.try_cast().map_err(|_| Fail::Thrown)
}

/// Whether V8 could run out of stack on its way down from a module, through modules of one status. Looks at each once.
fn is_deep<'s>(scope: &mut Scope<'s, '_>, root: Record<'s>, status: Status) -> Outcome<bool> {
    let Some(children) = module::linked(scope, root) else { return Ok(false) };
    let mut seen = Seen::default();
    seen.insert(module::module(scope, root));
    let mut path = vec![(children, 0, children.length())];
    while let Some((children, next, len)) = path.last_mut() {
        if next == len {
            path.pop();
            continue;
        }
        let child = children.get_index(scope, *next).thrown()?;
        *next += 1;
        let Ok(child) = Record::try_from(child) else { continue };
        let module = module::module(scope, child);
        if !goes_on(module, status)? {
            continue;
        }
        if let Some(children) = module::linked(scope, child)
            && let len @ 1.. = children.length()
            && seen.insert(module)
        {
            path.push((children, 0, len));
            if path.len() > SHALLOW {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a module of the graph is still to be linked or evaluated, as its root is.
fn goes_on(module: Local<Module>, status: Status) -> Outcome<bool> {
    let seen = module::status(module);
    // V8 is in the middle of it, and would never come to the end of what depends on it.
    if status == Status::Linked && seen == Status::Evaluating {
        return Err(module::wrong_status("must not be evaluating, nor that of what it depends on").into());
    }
    Ok(seen == status)
}

/// V8's hashes are random already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_i32(&mut self, hash: i32) {
        // The table looks at the highest bits too.
        self.0 = u64::from(hash as u32) * 0x1_0000_0001;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Modules that have been seen. Few have the hash of another one.
#[derive(Default)]
struct Seen<'s> {
    by_hash: HashMap<i32, Local<'s, Module>, BuildHasherDefault<Identity>>,
    others: Vec<Local<'s, Module>>,
}

impl<'s> Seen<'s> {
    /// True if it is new.
    fn insert(&mut self, module: Local<'s, Module>) -> bool {
        let same = |other: &Local<Module>| raw::word(*other) == raw::word(module);
        match self.by_hash.entry(module.get_identity_hash().get()) {
            Entry::Vacant(place) => {
                place.insert(module);
                true
            }
            Entry::Occupied(first) if same(first.get()) || self.others.iter().any(same) => false,
            Entry::Occupied(_) => {
                self.others.push(module);
                true
            }
        }
    }
}

struct Node<'s> {
    module: Local<'s, Module>,
    /// By which the walk came here.
    parent: usize,
    /// Tarjan's numbers: when it was found, and the earliest that it reaches.
    low: usize,
    on_stack: bool,
}

/// The modules of one status that a module depends on, and itself, which is the first node.
struct Graph<'s> {
    nodes: Vec<Node<'s>>,
    /// One module of each cycle, and every other module: what others depend on comes first.
    pieces: Vec<usize>,
    by_hash: HashMap<i32, Vec<usize>>,
}

impl<'s> Graph<'s> {
    /// Tarjan's algorithm, without recursion.
    fn of(scope: &mut Scope<'s, '_>, root: Record<'s>, status: Status) -> Outcome<Graph<'s>> {
        let mut graph = Graph { nodes: Vec::new(), pieces: Vec::new(), by_hash: HashMap::new() };
        let mut stack = Vec::new();
        // Nodes on the way down, with their children and the next one to look at.
        let mut path: Vec<(usize, Option<Local<v8::Array>>, u32)> = Vec::new();
        let module = module::module(scope, root);
        graph.enter(scope, root, module, 0, &mut stack, &mut path);
        while let Some((at, children, next)) = path.last_mut() {
            let at = *at;
            if let Some(children) = children.filter(|children| *next < children.length()) {
                let child = children.get_index(scope, *next).thrown()?;
                *next += 1;
                let Ok(child) = Record::try_from(child) else { continue };
                let module = module::module(scope, child);
                if !goes_on(module, status)? {
                    continue;
                }
                match graph.find(module) {
                    Some(known) if graph.nodes[known].on_stack => {
                        graph.nodes[at].low = graph.nodes[at].low.min(known);
                    }
                    Some(_) => {}
                    None => graph.enter(scope, child, module, at, &mut stack, &mut path),
                }
                continue;
            }
            path.pop();
            let low = graph.nodes[at].low;
            if low == at {
                while let Some(member) = stack.pop() {
                    graph.nodes[member].on_stack = false;
                    if member == at {
                        break;
                    }
                }
                graph.pieces.push(at);
            } else {
                let parent = graph.nodes[at].parent;
                graph.nodes[parent].low = graph.nodes[parent].low.min(low);
            }
        }
        Ok(graph)
    }

    fn enter(
        &mut self,
        scope: &Scope<'s, '_>,
        record: Record<'s>,
        module: Local<'s, Module>,
        parent: usize,
        stack: &mut Vec<usize>,
        path: &mut Vec<(usize, Option<Local<'s, v8::Array>>, u32)>,
    ) {
        let at = self.nodes.len();
        self.nodes.push(Node { module, parent, low: at, on_stack: true });
        self.by_hash.entry(module.get_identity_hash().get()).or_default().push(at);
        stack.push(at);
        path.push((at, module::linked(scope, record), 0));
    }

    fn find(&self, module: Local<'s, Module>) -> Option<usize> {
        let same = self.by_hash.get(&module.get_identity_hash().get())?;
        same.iter().copied().find(|at| raw::word(self.nodes[*at].module) == raw::word(module))
    }

    /// Whether the walk went through one node to come to another.
    fn is_above(&self, upper: usize, mut lower: usize) -> bool {
        while lower > upper {
            lower = self.nodes[lower].parent;
        }
        lower == upper
    }
}

/// V8 asks for the module of a request.
unsafe extern "C" fn on_resolve<'s>(
    context: Local<'s, v8::Context>,
    index: usize,
    referrer: Local<'s, Module>,
) -> *const Module {
    // SAFETY: V8 calls with a live context and an open handle scope.
    v8::callback_scope!(unsafe scope, context);
    let mut resolved = std::ptr::null();
    no_unwind(|| {
        if let Ok(record) = resolve(scope, index, referrer) {
            resolved = raw::ptr(module::module(scope, record));
        }
    });
    resolved
}

/// V8 asks for what `import source` gives.
unsafe extern "C" fn on_resolve_source<'s>(
    context: Local<'s, v8::Context>,
    index: usize,
    referrer: Local<'s, Module>,
) -> *const v8::Object {
    // SAFETY: V8 calls with a live context and an open handle scope.
    v8::callback_scope!(unsafe scope, context);
    let mut resolved = std::ptr::null();
    no_unwind(|| {
        if let Ok(object) = resolve(scope, index, referrer).and_then(|record| source_object(scope, record)) {
            resolved = raw::ptr(object);
        }
    });
    resolved
}

/// What `import source` of a module gives, or the SyntaxError that says that it has none.
pub fn source_object<'s>(scope: &mut Scope<'s, '_>, record: Record<'s>) -> Outcome<Local<'s, v8::Object>> {
    if let Some(object) = module::source_object(scope, record) {
        return Ok(object);
    }
    let identifier = module::identifier(scope, record).to_rust_string_lossy(scope);
    let message = format!("Source phase import object is not defined for module '{identifier}'");
    throw_coded(scope, v8::Exception::syntax_error, "ERR_SOURCE_PHASE_NOT_DEFINED", &message)?;
    Err(Fail::Thrown)
}

fn resolve<'s>(scope: &mut Scope<'s, '_>, index: usize, referrer: Local<'s, Module>) -> Outcome<Record<'s>> {
    let record = module::record_of(scope, referrer)
        .ok_or_else(|| Error::invalid("module: V8 asks for one that is not known"))?;
    if let Some(linked) = module::linked(scope, record) {
        let found = linked.get_index(scope, index as u32).thrown()?;
        return Record::try_from(found).map_err(|_| Fail::Thrown);
    }
    let requests = module::requests(scope, referrer);
    let specifier = requests.get(index).map(|request| request.specifier.to_rust_string_lossy(scope));
    let identifier = module::identifier(scope, record).to_rust_string_lossy(scope);
    let message = format!(
        "request for '{}' can not be resolved on module '{identifier}' that is not linked",
        specifier.unwrap_or_default()
    );
    throw_coded(scope, v8::Exception::error, "ERR_VM_MODULE_LINK_FAILURE", &message)?;
    Err(Fail::Thrown)
}
