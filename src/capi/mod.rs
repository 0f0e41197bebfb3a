//! The C ABI, one file per noun of `include/jsvm.h`: arguments are checked and converted here, and
//! the layers below do the work.

pub mod boundary;
pub mod cancel;
pub mod clone;
pub mod context;
pub mod error;
pub mod graph;
pub mod isolate;
pub mod json;
pub mod library;
pub mod pool;
pub mod script;
pub mod slot;
