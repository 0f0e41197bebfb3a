//! The JavaScript module `node:vm`.

use crate::realm::Source;

pub const SOURCES: &[&[Source]] = &[];
