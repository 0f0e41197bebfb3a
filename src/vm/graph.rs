//! Walks over the modules that a module is linked to.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::hash::BySpread;
use crate::engine::raw;
use crate::vm::module::{self, Record, Status};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use v8::{Local, Module};

/// V8 goes as deep by itself.
const SHALLOW: usize = 200;

/// What is to be known of a graph before V8 goes down it: of a root, and what it comes to through modules that have its
/// status.
#[derive(Default)]
pub struct Walk<'s> {
    /// V8 could run out of stack; the rest is not known then.
    pub deep: bool,
    /// The modules that request others.
    pub seen: Vec<Record<'s>>,
    /// Some module was come to twice: there may be a cycle.
    pub joins: bool,
    /// The modules of another status.
    pub ends: Vec<Record<'s>>,
}

/// Looks at each module once.
pub fn walk<'s>(scope: &mut Scope<'s, '_>, root: Record<'s>, status: Status) -> Outcome<Walk<'s>> {
    let mut walk = Walk::default();
    let Some(children) = module::dependencies(scope, root) else { return Ok(walk) };
    let mut seen = Seen::default();
    seen.insert(module::module(scope, root));
    walk.seen.push(root);
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
            walk.ends.push(child);
            continue;
        }
        if let Some(children) = module::dependencies(scope, child)
            && let len @ 1.. = children.length()
        {
            if !seen.insert(module) {
                walk.joins = true;
                continue;
            }
            walk.seen.push(child);
            path.push((children, 0, len));
            if path.len() > SHALLOW {
                walk.deep = true;
                return Ok(walk);
            }
        }
    }
    Ok(walk)
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

/// Modules that have been seen. Few have the hash of another one.
#[derive(Default)]
struct Seen<'s> {
    by_hash: HashMap<i32, Local<'s, Module>, BySpread>,
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

pub struct Node<'s> {
    pub record: Record<'s>,
    pub module: Local<'s, Module>,
    /// By which the walk came here.
    parent: usize,
    /// Tarjan's numbers: when it was found, and the earliest that it reaches.
    low: usize,
    on_stack: bool,
    /// It is in a cycle.
    pub cyclic: bool,
}

/// The modules of one status that a module depends on, and itself, which is the first node.
pub struct Graph<'s> {
    pub nodes: Vec<Node<'s>>,
    /// The nodes, piece by piece, and where in there each piece ends.
    members: Vec<usize>,
    ends: Vec<usize>,
    by_hash: HashMap<i32, Vec<usize>, BySpread>,
}

impl<'s> Graph<'s> {
    /// Tarjan's algorithm, without recursion.
    pub fn of(scope: &mut Scope<'s, '_>, root: Record<'s>, status: Status) -> Outcome<Graph<'s>> {
        let mut graph =
            Graph { nodes: Vec::new(), members: Vec::new(), ends: Vec::new(), by_hash: HashMap::default() };
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
                        graph.nodes[at].cyclic = true;
                    }
                    Some(_) => {}
                    None => graph.enter(scope, child, module, at, &mut stack, &mut path),
                }
                continue;
            }
            path.pop();
            let low = graph.nodes[at].low;
            if low == at {
                let piece = stack.iter().rposition(|member| *member == at).expect("entered and not left");
                for member in stack.drain(piece..) {
                    graph.nodes[member].on_stack = false;
                    graph.members.push(member);
                }
                graph.ends.push(graph.members.len());
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
        self.nodes.push(Node { record, module, parent, low: at, on_stack: true, cyclic: false });
        self.by_hash.entry(module.get_identity_hash().get()).or_default().push(at);
        stack.push(at);
        path.push((at, module::dependencies(scope, record), 0));
    }

    fn find(&self, module: Local<'s, Module>) -> Option<usize> {
        let same = self.by_hash.get(&module.get_identity_hash().get())?;
        same.iter().copied().find(|at| raw::word(self.nodes[*at].module) == raw::word(module))
    }

    /// What others depend on comes first. Each piece is a cycle, or one module; its first node is the one by which the walk came
    /// to it.
    pub fn pieces(&self) -> impl Iterator<Item = &[usize]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.members[begin..*end])
    }

    /// Whether the walk went through one node to come to another.
    pub fn is_above(&self, upper: usize, mut lower: usize) -> bool {
        while lower > upper {
            lower = self.nodes[lower].parent;
        }
        lower == upper
    }
}
