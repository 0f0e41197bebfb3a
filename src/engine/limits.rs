//! What a caller allows one call to use.

use crate::engine::cancel::Cancel;
use std::sync::Arc;
use std::time::Duration;

/// The limits of one call; the default is none. The clock starts at the call: a wait for a busy
/// isolate counts.
#[derive(Clone, Copy, Default)]
pub struct Limits<'a> {
    pub timeout: Option<Duration>,
    pub cpu_time: Option<Duration>,
    pub cancel: Option<&'a Arc<Cancel>>,
}

impl Limits<'static> {
    pub const NONE: Limits<'static> = Limits { timeout: None, cpu_time: None, cancel: None };
}
