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
    /// SIGINT ends the call, and reaches no handler of the host's.
    pub break_on_sigint: bool,
}

impl Limits<'static> {
    pub const NONE: Limits<'static> =
        Limits { timeout: None, cpu_time: None, cancel: None, break_on_sigint: false };
}
