//! Where a module's name leads: files, folders and packages.

use crate::engine::enter::{self, Fail, Outcome, Scope, Thrown};
use crate::engine::value;
use crate::node_vm::uint8_array;
use crate::realm::Source;
use crate::realm::native::Natives;
use crate::runtime::output;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

pub const SOURCE: Source = Source { name: "resolve", text: include_str!("resolve.js"), natives };
pub const PACKAGES: Source = Source { name: "packages", text: include_str!("packages.js"), natives };

/// How much is read between two looks whether the run is to end.
const PIECE: usize = 1 << 20;

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // 'file', 'directory', 'other', or undefined where nothing is.
    native.function("kindOf", |scope, arguments, result| {
        let kind = match fs::metadata(arguments.get(0).to_rust_string_lossy(scope)) {
            Ok(found) if found.is_file() => "file",
            Ok(found) if found.is_dir() => "directory",
            Ok(_) => "other",
            Err(_) => return Ok(()),
        };
        result.set(value::string(scope, kind)?.into());
        Ok(())
    })?;
    native.function("realPath", |scope, arguments, result| {
        let path = arguments.get(0).to_rust_string_lossy(scope);
        match fs::canonicalize(&path) {
            Ok(real) => result.set(value::string(scope, &real.to_string_lossy())?.into()),
            Err(error) => return throw_io(scope, &error, "realpath", &path),
        }
        Ok(())
    })?;
    native.function("readText", |scope, arguments, result| {
        let bytes = read_or_throw(scope, arguments.get(0))?;
        result.set(value::string(scope, &String::from_utf8_lossy(&bytes))?.into());
        Ok(())
    })?;
    native.function("readBytes", |scope, arguments, result| {
        let bytes = read_or_throw(scope, arguments.get(0))?;
        result.set(uint8_array(scope, bytes)?);
        Ok(())
    })
}

fn read_or_throw<'s>(scope: &mut Scope<'s, '_>, path: v8::Local<'s, v8::Value>) -> Outcome<Vec<u8>> {
    let path = path.to_rust_string_lossy(scope);
    match open(&path) {
        Ok(mut file) => match read(&mut file, value::MAX_STRING)? {
            Ok(bytes) => Ok(bytes),
            Err(error) => throw_io(scope, &error, "read", &path).map(|()| Vec::new()),
        },
        Err(error) => throw_io(scope, &error, "open", &path).map(|()| Vec::new()),
    }
}

fn open(path: &str) -> io::Result<File> {
    // A pipe without a writer must not keep the run.
    File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// A file's bytes, unless the run ends first. Reading ends soon after so many.
pub fn read(file: &mut File, enough: usize) -> Outcome<io::Result<Vec<u8>>> {
    let mut bytes = Vec::new();
    while bytes.len() <= enough {
        enter::go_on()?;
        let count = match output::ready(file.as_raw_fd(), libc::POLLIN) {
            Ok(true) => file.by_ref().take(PIECE as u64).read_to_end(&mut bytes),
            Ok(false) => continue,
            Err(error) => Err(error),
        };
        match count {
            Ok(PIECE) => {}
            Ok(_) => break,
            Err(error) if output::passes(&error) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(bytes))
}

/// Throws what Node throws where the system refuses something.
pub fn throw_io(scope: &mut Scope<'_, '_>, error: &io::Error, syscall: &str, path: &str) -> Outcome<()> {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    let (code, text) = match errno {
        libc::ENOENT => ("ENOENT", "no such file or directory"),
        libc::EACCES => ("EACCES", "permission denied"),
        libc::EPERM => ("EPERM", "operation not permitted"),
        libc::EISDIR => ("EISDIR", "illegal operation on a directory"),
        libc::ENOTDIR => ("ENOTDIR", "not a directory"),
        libc::ELOOP => ("ELOOP", "too many symbolic links encountered"),
        libc::ENAMETOOLONG => ("ENAMETOOLONG", "name too long"),
        libc::EMFILE => ("EMFILE", "too many open files"),
        _ => ("EIO", "i/o error"),
    };
    let message = value::string(scope, &format!("{code}: {text}, {syscall} '{path}'"))?;
    let thrown = v8::Exception::error(scope, message);
    let object = v8::Local::<v8::Object>::try_from(thrown).expect("an Error is an object");
    let errno = v8::Integer::new(scope, -errno).into();
    let [code, syscall, path] =
        [value::string(scope, code)?, value::string(scope, syscall)?, value::string(scope, path)?];
    for (key, value) in
        [("errno", errno), ("code", code.into()), ("syscall", syscall.into()), ("path", path.into())]
    {
        let key = value::string(scope, key)?;
        object.create_data_property(scope, key.into(), value).thrown()?;
    }
    scope.throw_exception(thrown);
    Err(Fail::Thrown)
}
