//! libjsvm: Node's `node:vm` as a C library over the current V8.
//!
//! Four layers, each uses only those below it:
//! - [`capi`]: the C ABI, one file per noun of `include/jsvm.h`, which is generated from it;
//! - [`runtime`]: what scripts expect around them, in parts that a host asks for;
//! - [`vm`]: what `node:vm` means, in safe Rust on V8 scopes;
//! - [`engine`]: what an isolate is and how a thread gets into one.
//!
//! docs/ARCHITECTURE.md has the rules and their reasons.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

pub mod capi;
pub mod engine;
pub mod runtime;
pub mod vm;
