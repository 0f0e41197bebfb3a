//! The C ABI, one file per noun of `include/jsvm.h`: arguments are checked and converted here, and
//! the layers below do the work.

#![allow(clippy::missing_safety_doc, rustdoc::broken_intra_doc_links, reason = "the docs are the C header's")]

pub mod boundary;
pub mod buffer;
pub mod call;
pub mod cancel;
pub mod clone;
pub mod collection;
pub mod compile_function;
pub mod context;
pub mod error;
pub mod exception;
pub mod file_loader;
pub mod function;
pub mod graph;
pub mod import;
pub mod install;
pub mod isolate;
pub mod json;
pub mod library;
pub mod list;
pub mod measure_memory;
pub mod module;
pub mod object;
pub mod pickle;
pub mod pool;
pub mod process;
pub mod promise;
pub mod script;
pub mod slot;
pub mod symbol;
pub mod synthetic_module;
pub mod value;
pub mod vm_module;
