//! `Buffer`.

use crate::realm::Source;

pub const SOURCE: Source = Source { name: "buffer", text: include_str!("buffer.js"), natives: |_| Ok(()) };
pub const NUMBERS: Source =
    Source { name: "buffer_numbers", text: include_str!("buffer_numbers.js"), natives: |_| Ok(()) };
/// `TextEncoder`, `TextDecoder`, `atob` and `btoa`.
pub const TEXT: Source = Source { name: "text", text: include_str!("text.js"), natives: |_| Ok(()) };
