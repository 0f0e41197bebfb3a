//! What `node:vm` means, in safe Rust on V8 scopes: contexts and scripts.

pub mod compile_function;
pub mod context;
pub mod script;
