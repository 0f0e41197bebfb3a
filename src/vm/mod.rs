//! What `node:vm` means, in safe Rust on V8 scopes: contexts, scripts, and functions compiled from their body.

pub mod compile_function;
pub mod context;
pub mod contextify;
pub mod decorate;
mod depth;
mod graph;
pub mod hooks;
pub mod import;
mod interceptors;
pub mod link;
pub mod measure_memory;
pub mod module;
pub mod module_handle;
pub mod script;
pub mod source;
mod state;
