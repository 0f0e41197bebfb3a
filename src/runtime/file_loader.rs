//! A loader of ES modules below one folder. What it opens is decided here, name by name from the root down, so that
//! nothing that a guest does to the JavaScript of the loader leads out of it.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::error::{Error, Status};
use crate::engine::limits::Limits;
use crate::engine::value::{self, Value};
use crate::node_vm::uint8_array;
use crate::realm::native::Natives;
use crate::realm::{self, Source};
use crate::runtime::resolve::{read, throw_io};
use crate::vm::context::{self, Context};
use crate::vm::import::Answer;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use v8::Local;

pub const SOURCE: Source = Source { name: "file_loader", text: include_str!("file_loader.js"), natives };

/// The largest file, unless the host says otherwise.
pub const DEFAULT_MAX_FILE_SIZE: u64 = 64 << 20;

/// What a loader is made with.
pub struct Options<'a> {
    /// The folder that it never leaves.
    pub root: &'a str,
    /// An import map's JSON text.
    pub import_map: Option<&'a str>,
    /// Whether the library's own modules can be imported.
    pub builtins: bool,
    /// In bytes.
    pub max_file_size: u64,
}

/// A loader: the object that file_loader.js makes.
pub struct FileLoader(Value);

impl FileLoader {
    /// From now on it answers `import()` of the context's code that has nobody else to ask.
    pub fn new(context: &Context, options: &Options) -> Result<FileLoader, Error> {
        if !cfg!(feature = "url") {
            return Err(Error::new(Status::Unsupported, "this build has no URLs: the cargo feature `url`"));
        }
        let fault = |why: String| Error::invalid(format!("options: root: {:?} {why}", options.root));
        let root = std::fs::canonicalize(options.root)
            .map_err(|error| fault(format!("cannot be opened: {error}")))?;
        if !root.is_dir() {
            return Err(fault("is no folder".into()));
        }
        let root = root.to_str().ok_or_else(|| fault("is not UTF-8".into()))?;
        enter::run(&context.isolate, Some(&context.global), &Limits::NONE, |scope| {
            let file = realm::load(scope, "file_loader")?;
            let make = realm::function(scope, file, "make").thrown()?;
            let map = match options.import_map {
                Some(text) => value::string(scope, text)?.into(),
                None => v8::undefined(scope).into(),
            };
            let arguments = [
                value::string(scope, root)?.into(),
                map,
                v8::Boolean::new(scope, options.builtins).into(),
                v8::Number::new(scope, options.max_file_size as f64).into(),
            ];
            let loader = make_or_refuse(scope, make, file, &arguments)?;
            let answer = realm::function(scope, loader, "answer").thrown()?;
            let undefined = v8::undefined(scope).into();
            Answer::new(scope, answer, undefined).set_for_context(scope.get_current_context());
            Ok(FileLoader(Value::new(scope, loader.into())))
        })
    }

    /// Loads, links and evaluates a module and all that it imports: a promise of its namespace. Who gets the promise is
    /// told of a rejection by it alone.
    pub fn import(&self, specifier: &str, limits: &Limits) -> Result<Value, Error> {
        enter::run(&self.0.isolate, None, limits, |scope| {
            let loader = self.0.object(scope)?;
            let context = loader.get_creation_context(scope).thrown()?;
            let scope = &mut v8::ContextScope::new(scope, context);
            let import = realm::function(scope, loader, "importMain").thrown()?;
            let specifier = value::string(scope, specifier)?;
            let promise = import.call(scope, loader.into(), &[specifier.into()]).thrown()?;
            if let Ok(promise) = Local::<v8::Promise>::try_from(promise) {
                promise.mark_as_handled();
            }
            context::after_evaluate(scope)?;
            Ok(Value::new(scope, promise))
        })
    }
}

/// An import map that is none is the host's fault.
fn make_or_refuse<'s>(
    scope: &mut Scope<'s, '_>,
    make: Local<'s, v8::Function>,
    this: Local<'s, v8::Object>,
    arguments: &[Local<'s, v8::Value>],
) -> Outcome<Local<'s, v8::Object>> {
    v8::tc_scope!(let caught, scope);
    if let Some(loader) = make.call(caught, this.into(), arguments) {
        return loader.try_cast().map_err(|_| Error::invalid("the loader is no object").into());
    }
    if let Some(error) = caught.exception().filter(|_| !caught.has_terminated()) {
        let message = Error::thrown(caught, error, None).into_details().message;
        caught.reset();
        return Err(Error::invalid(format!("options: import_map: {message}")).into());
    }
    caught.rethrow();
    None.thrown()
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // kindBelow(root, path): 'file', 'directory', 'link', 'other', 'outside', or undefined where nothing is.
    native.function("kindBelow", |scope, arguments, result| {
        let [root, path] = [0, 1].map(|at| arguments.get(at).to_rust_string_lossy(scope));
        let kind = match open_below(&root, &path) {
            Ok(_) => "file",
            Err(Refusal::Missing) => return Ok(()),
            Err(Refusal::Directory) => "directory",
            Err(Refusal::Link) => "link",
            Err(Refusal::Other) => "other",
            Err(Refusal::Outside) => "outside",
            Err(Refusal::Io(error)) => return throw_io(scope, &error, "open", &path),
        };
        result.set(value::string(scope, kind)?.into());
        Ok(())
    })?;
    // readBelow(root, path, maxSize, asText): undefined if it is larger.
    native.function("readBelow", |scope, arguments, result| {
        let [root, path] = [0, 1].map(|at| arguments.get(at).to_rust_string_lossy(scope));
        let max = arguments.get(2).number_value(scope).unwrap_or(0.0) as usize;
        let as_text = arguments.get(3).is_true();
        let content = match open_below(&root, &path) {
            Ok(mut file) => read(&mut file, max.min(value::MAX_STRING))?,
            Err(Refusal::Io(error)) => Err(error),
            // It was a file when it was looked at.
            Err(_) => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        };
        match content {
            Ok(bytes) if bytes.len() > max => {}
            Ok(bytes) if as_text => {
                result.set(value::string(scope, &String::from_utf8_lossy(&bytes))?.into());
            }
            Ok(bytes) => result.set(uint8_array(scope, bytes)?),
            Err(error) => return throw_io(scope, &error, "read", &path),
        }
        Ok(())
    })
}

/// Why something is not opened.
#[derive(Debug)]
enum Refusal {
    Missing,
    Directory,
    Link,
    /// A device, a pipe, a socket.
    Other,
    /// By its name.
    Outside,
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR | libc::ENAMETOOLONG) => Refusal::Missing,
            // It has become one since it was looked at.
            Some(libc::ELOOP) => Refusal::Link,
            _ => Refusal::Io(error),
        }
    }
}

/// Opens a regular file below the root. Each name of the path is opened in the folder before it, so that a folder that
/// is replaced meanwhile leads nowhere else.
fn open_below(root: &str, path: &str) -> Result<File, Refusal> {
    let below = match root {
        "/" => path.strip_prefix('/'),
        root => path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')),
    };
    let names: Vec<&str> = below.ok_or(Refusal::Outside)?.split('/').collect();
    if names.iter().any(|name| matches!(*name, "." | "..") || name.contains('\0')) {
        return Err(Refusal::Outside);
    }
    // A slash at the end names a folder.
    let (last, folders) = names.split_last().ok_or(Refusal::Missing)?;
    let mut folder = File::open(root)?;
    for name in folders {
        // Two slashes are one, to the system.
        if name.is_empty() {
            continue;
        }
        match kind(&folder, name)? {
            libc::S_IFDIR => folder = open_at(&folder, name, libc::O_DIRECTORY)?,
            libc::S_IFLNK => return Err(Refusal::Link),
            _ => return Err(Refusal::Missing),
        }
    }
    if last.is_empty() {
        return Err(Refusal::Directory);
    }
    regular(kind(&folder, last)?)?;
    let file = open_at(&folder, last, libc::O_NONBLOCK | libc::O_NOCTTY)?;
    // It may have been replaced.
    if !file.metadata()?.is_file() {
        return Err(Refusal::Other);
    }
    Ok(file)
}

fn regular(kind: libc::mode_t) -> Result<(), Refusal> {
    match kind {
        libc::S_IFREG => Ok(()),
        libc::S_IFDIR => Err(Refusal::Directory),
        libc::S_IFLNK => Err(Refusal::Link),
        _ => Err(Refusal::Other),
    }
}

/// What a name in a folder is; a link is not followed.
fn kind(folder: &File, name: &str) -> Result<libc::mode_t, Refusal> {
    let name = CString::new(name).map_err(|_| Refusal::Outside)?;
    // SAFETY: zero is a value of every field.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: writes our own variable.
    let failed = unsafe {
        libc::fstatat(folder.as_raw_fd(), name.as_ptr(), &mut found, libc::AT_SYMLINK_NOFOLLOW) != 0
    };
    if failed { Err(io::Error::last_os_error().into()) } else { Ok(found.st_mode & libc::S_IFMT) }
}

fn open_at(folder: &File, name: &str, flags: libc::c_int) -> Result<File, Refusal> {
    let name = CString::new(name).map_err(|_| Refusal::Outside)?;
    let flags = flags | libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: the name ends with a NUL.
    let fd = unsafe { libc::openat(folder.as_raw_fd(), name.as_ptr(), flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { File::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_outside_is_opened() {
        let base = std::env::temp_dir().join(format!("jsvm-below-{}", std::process::id()));
        let root = base.join("root");
        std::fs::create_dir_all(root.join("folder")).expect("a folder");
        for (name, text) in [("root/a", "a"), ("root/folder/b", "b"), ("secret", "s"), ("rootless", "s")] {
            std::fs::write(base.join(name), text).expect("a file");
        }
        symlink(base.join("secret"), root.join("link")).expect("a link");
        symlink(root.join("folder"), root.join("inside")).expect("a link");
        let path = |name: &str| format!("{}/{name}", root.display());
        let opened = |path: &str| open_below(root.to_str().expect("UTF-8"), path);
        assert!(opened(&path("a")).is_ok() && opened(&path("folder//b")).is_ok());
        for outside in ["../secret", "folder/../../secret", "./a", "folder/..", "a\0", "../root/a"]
            .map(path)
            .iter()
            .chain(&[format!("{}less", root.display()), "/etc/passwd".into(), "a".into(), String::new()])
        {
            assert!(matches!(opened(outside), Err(Refusal::Outside)), "{outside:?}");
        }
        assert!(matches!(opened(&path("link")), Err(Refusal::Link)));
        assert!(matches!(opened(&path("inside/b")), Err(Refusal::Link)));
        assert!(matches!(opened(&path("folder")), Err(Refusal::Directory)));
        assert!(matches!(opened(&path("folder/")), Err(Refusal::Directory)));
        assert!(matches!(opened(&path("a/b")), Err(Refusal::Missing)));
        assert!(matches!(opened(&path(&"n".repeat(300))), Err(Refusal::Missing)));
        assert!(matches!(open_below("/", "/dev/null"), Err(Refusal::Other)));
        std::fs::remove_dir_all(base).expect("it is ours");
    }
}
