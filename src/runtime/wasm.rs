//! Modules made of WebAssembly: `wasm.js` finds out what they import and export.

use crate::engine::enter::{self, Outcome, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::limits::Limits;
use crate::node_vm;
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::vm::context::{self, Context};
use crate::vm::module;
use crate::vm::module_handle::{self, Module};

pub const SOURCE: Source = Source { name: "wasm", text: include_str!("wasm.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    node_vm::module::natives(native)?;
    // setSource(record, object): what `import source` gives.
    native.function("setSource", |scope, arguments, _| {
        let record = module::record_from(scope, arguments.get(0))?;
        let object = arguments.get(1).try_cast().map_err(|_| Error::invalid("an argument is no object"))?;
        module::set_source_object(record, object);
        Ok(())
    })
}

/// A module that imports and exports what the WebAssembly does, and evaluates to an instance. `import source` gives the
/// WebAssembly.Module.
pub fn module(context: &Context, name: Option<&str>, bytes: &[u8]) -> Result<Module, Error> {
    enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
        // V8 asks this only of scripts.
        if !context::allows_wasm(scope.get_current_context()) {
            return Err(Error::new(Status::WrongState, "context: it may not compile WebAssembly").into());
        }
        let compiled = v8::WasmModuleObject::compile(scope, bytes).thrown()?;
        let identifier = module_handle::identifier(scope, name)?;
        let file = realm::load(scope, "wasm")?;
        let make = realm::function(scope, file, "wasmModule").thrown()?;
        let record = make.call(scope, file.into(), &[identifier.into(), compiled.into()]).thrown()?;
        let record = module::record_from(scope, record)?;
        Ok(Module::of(scope, record))
    })
}
