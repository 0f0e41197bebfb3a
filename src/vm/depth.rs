//! The stack that V8 uses without a look at how much is left.
//!
//! V8 looks for a name by recursion: along `export *`, and round a cycle along what is exported under another name. It passes a
//! rejection on to the modules that await it by recursion too. How deep a graph lets it go is counted when the graph is
//! linked and when it is evaluated, and that much of every stack is kept free from then on, because V8 can go down there at
//! any later time: when a namespace is made, when a promise is rejected.

use crate::engine::enter::{Outcome, Scope, keep_stack_free};
use crate::vm::graph::{Graph, Walk};
use crate::vm::module::{self, Depth, Record};
use crate::vm::source::Names;

/// Bytes of stack for a step along a name: 350 were measured, on x86-64.
const NAME: usize = 512;
/// Bytes of stack for a step of a rejection: 62 were measured, and at most 140 where it is looked for what stalls.
const AWAIT: usize = 160;
/// Steps along names that every stack has room for.
const FEW: usize = 32;

/// Counts roughly. False if the graph needs to be looked at exactly.
pub fn of_few<'s>(scope: &mut Scope<'s, '_>, walk: &Walk<'s>) -> bool {
    let height = |record: &Record<'s>| module::depth(scope, *record, Depth::Names);
    let mut steps = 1 + walk.ends.iter().map(height).max().unwrap_or(0);
    let mut passing = Vec::new();
    for record in &walk.seen {
        let names = module::names(scope, *record);
        if names.all_of_another {
            passing.push(*record);
            steps += 1;
        }
        if walk.joins {
            steps += 1 + names.renamed;
        }
    }
    if steps > FEW {
        return false;
    }
    passing.into_iter().for_each(|record| module::set_depth(scope, record, Depth::Names, steps));
    true
}

/// Keeps room for resolving the names of a graph that is to be linked.
pub fn of_names<'s>(scope: &mut Scope<'s, '_>, graph: &Graph<'s>) -> Outcome<()> {
    let mut deepest = 0;
    for piece in graph.pieces() {
        let nodes = || piece.iter().map(|at| &graph.nodes[*at]);
        let cyclic = piece.len() > 1 || nodes().any(|node| node.cyclic);
        let names: Vec<Names> = nodes().map(|node| module::names(scope, node.record)).collect();
        let renamed: usize = names.iter().map(|names| names.renamed).sum();
        let own = piece.len() + if cyclic { renamed } else { 0 };
        let steps = own + below(scope, graph, piece, Depth::Names)?;
        deepest = deepest.max(steps);
        // What is exported by name is found at once from now on.
        if names.iter().any(|names| names.all_of_another) {
            nodes().for_each(|node| module::set_depth(scope, node.record, Depth::Names, steps));
        }
    }
    keep_stack_free(scope, deepest * NAME)
}

/// Keeps room for the rejection of a graph that is to be evaluated and awaits something.
pub fn of_awaits<'s>(scope: &mut Scope<'s, '_>, graph: &Graph<'s>) -> Outcome<()> {
    let mut deepest = 0;
    for piece in graph.pieces() {
        let below = below(scope, graph, piece, Depth::Awaits)?;
        let awaits = piece.iter().any(|at| graph.nodes[*at].module.has_top_level_await());
        if below > 0 || awaits {
            let steps = piece.len() + below;
            deepest = deepest.max(steps);
            piece
                .iter()
                .for_each(|at| module::set_depth(scope, graph.nodes[*at].record, Depth::Awaits, steps));
        }
    }
    keep_stack_free(scope, deepest * AWAIT)
}

/// How deep it goes from what the modules of a piece are linked to, the piece itself left aside.
fn below<'s>(scope: &mut Scope<'s, '_>, graph: &Graph<'s>, piece: &[usize], of: Depth) -> Outcome<usize> {
    // From an earlier try, which failed.
    for at in piece {
        if module::depth(scope, graph.nodes[*at].record, of) > 0 {
            module::set_depth(scope, graph.nodes[*at].record, of, 0);
        }
    }
    let mut deepest = 0;
    for at in piece {
        for child in module::children(scope, graph.nodes[*at].record)? {
            deepest = deepest.max(module::depth(scope, child, of));
        }
    }
    Ok(deepest)
}
