//! Where the runtime writes: a function of the host's, or the process's streams.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::function::{self, Call, Host, Reply};
use crate::engine::value::{self, In};
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

pub const SOURCE: Source = Source { name: "output", text: include_str!("output.js"), natives };

/// Takes what is written to stream 1 or 2. It comes on the thread that runs the isolate, inside it.
pub type Write = Box<dyn Fn(u32, &[u8]) + Send>;

/// What the process's standard output failed with first, as errno; 0 is nothing.
static FAILED: AtomicI32 = AtomicI32::new(0);

/// Why something is missing in the process's standard output: BrokenPipe when nobody reads it any more.
pub fn stdout_error() -> Option<io::Error> {
    Some(FAILED.load(Ordering::Relaxed)).filter(|errno| *errno != 0).map(io::Error::from_raw_os_error)
}

/// How much a pipe takes at least, once it takes anything.
const PIECE: usize = libc::PIPE_BUF;

/// How often what has to wait looks whether its run is to end, in milliseconds.
const LOOK: i32 = 50;

/// Puts a function of the host's in the place of the process's streams.
pub fn redirect(scope: &mut Scope<'_, '_>, write: Write) -> Outcome<()> {
    let name = value::string(scope, "write")?;
    let function = function::new(scope, name, 2, false, Box::new(Redirected(write)))?;
    let exports = realm::load(scope, "output")?;
    exports.set(scope, name.into(), function.into()).thrown()?;
    let (redirected, yes) = (value::string(scope, "redirected")?, v8::Boolean::new(scope, true));
    exports.set(scope, redirected.into(), yes.into()).thrown()?;
    Ok(())
}

struct Redirected(Write);

impl Host for Redirected {
    fn call<'s>(&self, call: &mut Call<'_, 's, '_>) -> Reply<'s> {
        let (stream, data) = (call.uint32(0), call.bytes(1));
        self.0(stream, &data);
        call.take(In::Undefined).map_or_else(Reply::Fail, Reply::Return)
    }
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("write", |scope, arguments, _| {
        let stream = arguments.get(0).uint32_value(scope).thrown()?;
        let data = value::bytes(scope, arguments.get(1));
        if let Err(error) = to_process(stream, &data)
            && stream == 1
        {
            // No exception: the guest has done nothing wrong.
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            let _ = FAILED.compare_exchange(0, errno, Ordering::Relaxed, Ordering::Relaxed);
        }
        // What was marked while the write waited ends the run here.
        enter::go_on()
    })?;
    native.function("colors", |scope, arguments, result| {
        result.set_bool(colors(arguments.get(0).uint32_value(scope).thrown()?));
        Ok(())
    })
}

/// Whether colours are wanted in a stream of the process: it is a terminal, unless the environment says otherwise.
pub fn colors(stream: u32) -> bool {
    let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(force) = given("FORCE_COLOR") {
        return force != "0";
    }
    let unwanted = given("NO_COLOR").is_some() || given("NODE_DISABLE_COLORS").is_some();
    // SAFETY: a number.
    !unwanted
        && given("TERM").is_some_and(|term| term != "dumb")
        && unsafe { libc::isatty(stream as i32) } == 1
}

/// Writes all of it, unless the run ends first. The process's signals are the host's: with SIGPIPE at its default
/// a broken pipe ends the process.
fn to_process(stream: u32, mut data: &[u8]) -> io::Result<()> {
    let fd = stream as libc::c_int;
    let piece = if data.len() <= PIECE || !is_pipe(fd) { usize::MAX } else { PIECE };
    while !data.is_empty() && enter::go_on().is_ok() {
        let written = ready(fd, libc::POLLOUT).and_then(|ready| match ready {
            false => Ok(0),
            // SAFETY: the bytes are there.
            true => usize::try_from(unsafe { libc::write(fd, data.as_ptr().cast(), data.len().min(piece)) })
                .map_err(|_| io::Error::last_os_error()),
        });
        match written {
            Ok(count) => data = &data[count..],
            Err(error) if passes(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a descriptor can be read or written, after a short wait. What waits in the kernel cannot be ended: who has to
/// wait asks again and again, and in between whether the run is to end.
pub fn ready(fd: libc::c_int, events: libc::c_short) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one pollfd.
    match unsafe { libc::poll(&mut poll, 1, LOOK) } {
        -1 => Err(io::Error::last_os_error()),
        count => Ok(count > 0),
    }
}

/// Whether an error of a read or write is a reason to try again.
pub fn passes(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Whether a write may have to wait for a reader.
fn is_pipe(fd: libc::c_int) -> bool {
    // SAFETY: zero is a value of each field, and fstat fills it.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::fstat(fd, &mut stat) == 0
            && matches!(stat.st_mode & libc::S_IFMT, libc::S_IFIFO | libc::S_IFSOCK)
    }
}
