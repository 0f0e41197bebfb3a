//! One V8 per process: flags, platform, start. It is never taken down, because handles of the host
//! may outlive everything else.

use crate::engine::error::{Error, Status};
use crate::engine::tasks;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, OnceLock};

static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
/// Held while flags change or V8 starts.
static FLAGS: Mutex<()> = Mutex::new(());
static FORKED: AtomicBool = AtomicBool::new(false);

/// Our defaults; the host's flags come after them.
/// V8's turboshaft unrolls short loops and drops the stack check of the loop around them: such a
/// loop is deaf to termination for ever. Regular expressions that backtrack too much continue on
/// the linear engine. A WebAssembly memory, which no allocator counts, ends at 512 MB. Memory
/// protection keys would kill threads that were there before V8 (see `new_custom_platform`). Node has
/// `import source`, too.
const DEFAULT_FLAGS: &str = "--no-turboshaft-loop-unrolling \
    --enable-experimental-regexp-engine-on-excessive-backtracks --wasm-max-mem-pages=8192 \
    --no-memory-protection-keys --js-source-phase-imports";

/// Less address space than this, and V8 15.2 dies while it reserves its code range and cages.
const ADDRESS_SPACE_MIN: u64 = 64 << 30;

/// Adds V8 flags. Refused once V8 has started, because V8 freezes them then.
pub fn set_flags(flags: &str) -> Result<(), Error> {
    let _held = FLAGS.lock().unwrap_or_else(|e| e.into_inner());
    if STARTED.get().is_some() {
        return Err(Error::new(
            Status::WrongState,
            "flags: V8 has started, its flags can be set only before the first isolate",
        ));
    }
    default_flags();
    let list = std::iter::once("jsvm").chain(flags.split_ascii_whitespace()).map(String::from).collect();
    // The first is the program's name; the rest is what V8 does not know.
    match v8::V8::set_flags_from_command_line(list).get(1) {
        Some(unknown) => Err(Error::invalid(format!("flags: V8 does not know '{unknown}'"))),
        None => Ok(()),
    }
}

fn default_flags() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| v8::V8::set_flags_from_string(DEFAULT_FLAGS));
}

/// V8's version, whether it has started or not.
pub fn v8_version() -> &'static str {
    v8::VERSION_STRING
}

/// Starts V8 if nobody has, or says why it cannot run here.
pub fn start() -> Result<(), Error> {
    STARTED
        .get_or_init(|| {
            let _held = FLAGS.lock().unwrap_or_else(|e| e.into_inner());
            preflight()?;
            default_flags();
            let _signals = BlockedSignals::block();
            // Unprotected: threads that were there before V8 may enter an isolate too.
            let platform = v8::new_custom_platform(0, false, true, tasks::ForegroundTasks).make_shared();
            v8::V8::initialize_platform(platform);
            v8::V8::initialize();
            // SAFETY: the handler only stores to an atomic.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
            Ok(())
        })
        .clone()
        .map_err(|reason| Error::new(Status::Unsupported, reason))
}

/// Whether this process is a fork of one in which V8 had started: V8's threads are gone and its
/// memory is not mapped here.
pub fn forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

extern "C" fn in_child() {
    FORKED.store(true, Ordering::Relaxed);
}

/// V8 answers a lack of address space or of JIT permission with an abort: look first.
fn preflight() -> Result<(), String> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls on our own variables and a page of our own.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_AS, &mut limit) == 0
            && limit.rlim_cur != libc::RLIM_INFINITY
            && limit.rlim_cur < ADDRESS_SPACE_MIN
        {
            return Err(format!(
                "the process's address space is limited to {} MB (RLIMIT_AS, ulimit -v), V8 needs {} MB",
                limit.rlim_cur >> 20,
                ADDRESS_SPACE_MIN >> 20
            ));
        }
        let page = libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if page == libc::MAP_FAILED {
            return Err("no memory can be mapped".into());
        }
        let executable =
            libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) == 0;
        libc::munmap(page, 4096);
        if !executable {
            return Err("this process may not make memory executable, which V8's compiler needs".into());
        }
    }
    Ok(())
}

/// Threads started while this lives inherit a mask that blocks every signal: signals are the host's.
pub struct BlockedSignals(libc::sigset_t);

impl BlockedSignals {
    pub fn block() -> Self {
        // SAFETY: both sets are initialised by the calls before they are read.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            BlockedSignals(before)
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the set came from pthread_sigmask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}
