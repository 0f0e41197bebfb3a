//! libjsvm: Node's `node:vm` as a C library over the current V8.
//!
//! Six layers, each uses only those below it:
//! - [`capi`]: the C ABI, one file per noun of `include/jsvm.h`, which is generated from it;
//! - [`runtime`]: what scripts expect around them, in parts that a host asks for;
//! - [`node_vm`]: the JavaScript module `node:vm`;
//! - [`realm`]: how the library's own JavaScript is loaded into a context;
//! - [`vm`]: what `node:vm` means, in safe Rust on V8 scopes;
//! - [`engine`]: what an isolate is and how a thread gets into one.
//!
//! docs/ARCHITECTURE.md has the rules and their reasons.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

pub mod capi;
pub mod engine;
pub mod node_vm;
pub mod realm;
pub mod runtime;
pub mod vm;

/// The JavaScript files of all layers, which `realm` finds by name.
const FILES: &[&[&[realm::Source]]] = &[realm::SOURCES, node_vm::SOURCES, runtime::SOURCES];
