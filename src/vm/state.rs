//! What src/vm keeps for an isolate.

use crate::engine::isolate::Isolate;
use crate::vm::import::Registry;
use std::cell::RefMut;

#[derive(Default)]
pub struct State {
    /// Of contextified globals: made with the first.
    pub global_template: Option<v8::Global<v8::ObjectTemplate>>,
    /// By which an object knows the context that it is the contextified object of.
    pub context_symbol: Option<v8::Global<v8::Private>>,
    /// Of the objects that stand for modules: made with the first.
    pub module_template: Option<v8::Global<v8::ObjectTemplate>>,
    /// Who answers `import()`.
    pub imports: Option<Registry>,
    /// In the host-defined options of code whose imports nobody answers: made with the first.
    pub nobody: Option<v8::Global<v8::Symbol>>,
}

/// The state, for a moment: nothing of V8's may run meanwhile that comes back here.
pub fn state<'a>(scope: &'a v8::PinScope<'_, '_, ()>) -> RefMut<'a, State> {
    RefMut::map(Isolate::here(scope).inner(), |inner| {
        let state = inner.vm.get_or_insert_with(|| Box::new(State::default()));
        state.downcast_mut::<State>().expect("only src/vm puts something there")
    })
}
