//! What `node:vm` means, in safe Rust on V8 scopes: contexts, scripts, and functions compiled from their body.

pub mod compile_function;
pub mod context;
pub mod contextify;
pub mod decorate;
mod import;
mod interceptors;
pub mod measure_memory;
pub mod script;
pub mod source;
