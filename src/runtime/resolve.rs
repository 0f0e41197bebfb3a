//! Where a module's name leads: files, folders and packages.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::value;
use crate::runtime::native::Natives;
use crate::runtime::realm::Source;
use std::fs::{self, File};
use std::io::{self, Read};

pub const SOURCE: Source = Source { name: "resolve", text: include_str!("resolve.js"), natives };

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
        let path = arguments.get(0).to_rust_string_lossy(scope);
        match read(&path) {
            Ok(bytes) => result.set(value::string(scope, &String::from_utf8_lossy(&bytes))?.into()),
            Err((syscall, error)) => return throw_io(scope, &error, syscall, &path),
        }
        Ok(())
    })
}

/// A file's bytes, or the call that failed. More than a string can have is not read.
fn read(path: &str) -> Result<Vec<u8>, (&'static str, io::Error)> {
    let file = File::open(path).map_err(|error| ("open", error))?;
    let mut bytes = Vec::new();
    file.take(value::MAX_STRING as u64 + 1).read_to_end(&mut bytes).map_err(|error| ("read", error))?;
    Ok(bytes)
}

/// Throws what Node throws where a file cannot be read.
fn throw_io(scope: &mut Scope<'_, '_>, error: &io::Error, syscall: &str, path: &str) -> Outcome<()> {
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
