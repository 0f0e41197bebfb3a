//! Links the shared library as C programs expect it, and generates the C header from the sources.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

const LINK_ARGS: &[&str] = &[
    "-soname,libjsvm.so.0",
    // rustc exports every #[no_mangle] of every dependency; V8's are nobody else's business.
    "--exclude-libs,ALL",
    // Two libraries with a V8 inside can live in one process: each calls its own.
    "-Bsymbolic",
    // V8's threads run for as long as the process does, so the code must stay after a dlclose.
    "-z,nodelete",
    "--gc-sections",
];

/// Functions of V8 and of its crate whose callers are sent to src/engine/commit.rs.
const WRAPPED: &[&str] = &[
    "v8__ValueSerializer__Delegate__ReallocateBufferMemory",
    "_ZN2v88internal12BackingStore13ResizeInPlaceEPNS0_7IsolateEm",
    "_ZN2v88internal12BackingStore11GrowInPlaceEPNS0_7IsolateEm",
    "_ZN2v88internal12BackingStore21GrowWasmMemoryInPlaceEPNS0_7IsolateEmm",
    "_ZN2v88internal12BackingStore35TryAllocateAndPartiallyCommitMemoryEPNS0_7IsolateEmmmmmNS0_14WasmMemoryFlagENS_4base11StrongAliasINS0_13SharedFlagTagEbEENS6_INS0_18HasGuardRegionsTagEbEE",
    "_ZN2v88internal12BackingStore18AllocateWasmMemoryEPNS0_7IsolateEmmNS0_14WasmMemoryFlagENS_4base11StrongAliasINS0_13SharedFlagTagEbEE",
];

/// One copy of functions that are the same, unless their address matters: a tenth of the library. lld,
/// with which Rust links where it was built with it, and mold can do that; GNU's linker cannot.
const FOLD: &str = "-Wl,--icf=safe";

fn main() {
    for symbol in WRAPPED {
        println!("cargo:rustc-link-arg=-Wl,--wrap={symbol}");
    }
    for arg in LINK_ARGS {
        println!("cargo:rustc-cdylib-link-arg=-Wl,{arg}");
    }
    if linker_takes(FOLD) {
        println!("cargo:rustc-link-arg={FOLD}");
    }
    // Not the header itself and not JSVM_HEADER_CHECK: neither is a reason to build again.
    for path in ["build.rs", "cbindgen.toml", "src"] {
        println!("cargo:rerun-if-changed={path}");
    }
    if let Err(error) = header() {
        eprintln!("include/jsvm.h cannot be generated: {error}");
        process::exit(1);
    }
}

/// Tried, because the linker depends on how Rust was built, on the flags and on the settings.
fn linker_takes(arg: &str) -> bool {
    let variable = |name| env::var(name).unwrap_or_default();
    let out = PathBuf::from(variable("OUT_DIR"));
    let source = out.join("linker.rs");
    if fs::write(&source, "fn main() {}\n").is_err() {
        return false;
    }
    let mut rustc = process::Command::new(variable("RUSTC"));
    rustc.arg(source).arg("-o").arg(out.join("linker")).args(["--target", &variable("TARGET")]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.args(["-C", &format!("linker={linker}")]);
    }
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.args(["-C", &format!("link-arg={arg}")]);
    rustc.output().is_ok_and(|output| output.status.success())
}

fn header() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let names = Names::read(&root.join("src"))?;
    config.export.include.extend(names.types);
    config.export.exclude.extend(names.foreign);

    let library = root.join("src/lib.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut text = Vec::new();
    // From the file and not the crate: that would run `cargo metadata` inside cargo.
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(&library)
        .generate()
        .inspect_err(|error| {
            if let cbindgen::Error::ParseSyntaxError { .. } = error {
                show_syntax_error(&library, &out);
            }
        })?
        .write(&mut text);
    let text = tidy(&String::from_utf8(text)?);

    fs::write(out.join("jsvm.h"), &text)?;
    if env::var_os("JSVM_HEADER_CHECK").is_none() {
        update(&root.join("include/jsvm.h"), &text);
    }
    Ok(())
}

/// cbindgen says which file, the compiler says where in it.
fn show_syntax_error(library: &Path, out: &Path) {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let _ = process::Command::new(compiler)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .arg("-o")
        .arg(out.join("syntax.rmeta"))
        .arg(library)
        .status();
}

/// The rule of what is in the header: what is named jsvm_ or JSVM_, wherever it stands.
#[derive(Default)]
struct Names {
    /// Types are otherwise left out when no function mentions them, as the enums of values are.
    types: BTreeSet<String>,
    /// Constants and imported functions are otherwise taken from every layer.
    foreign: BTreeSet<String>,
}

impl Names {
    fn read(directory: &Path) -> Result<Names, Box<dyn Error>> {
        let mut names = Names::default();
        let mut directories = vec![directory.to_path_buf()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    names.scan(&fs::read_to_string(path)?);
                }
            }
        }
        Ok(names)
    }

    fn scan(&mut self, source: &str) {
        for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let words: Vec<&str> = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| !word.is_empty())
                .collect();
            for pair in words.windows(2) {
                let ours = pair[1].starts_with("jsvm_") || pair[1].starts_with("JSVM_");
                match pair[0] {
                    "enum" | "struct" if ours => self.types.insert(pair[1].into()),
                    "const" | "static" | "fn" if !ours => self.foreign.insert(pair[1].into()),
                    _ => continue,
                };
            }
        }
    }
}

/// cbindgen writes `struct jsvm_isolate *` and `enum jsvm_status` at every use. Where the typedef is
/// there, which is everywhere but inside a type, the tag is noise. And it writes a `u32` flag as
/// `(1 << 31)`, which C does not define.
fn tidy(text: &str) -> String {
    let mut inside_type = false;
    // How far the bracket, under which the following lines stand, has moved.
    let mut moved = 0;
    let mut out = String::new();
    for line in text.lines() {
        let opens = line.starts_with("typedef ") && line.ends_with('{');
        let forward = line.starts_with("typedef struct ") && !line.contains('(');
        let comment = line.trim_start().starts_with(['*', '/']);
        if line.starts_with("#define ") {
            out += &line.replace("(1 << ", "(1u << ");
        } else if inside_type || opens || forward || comment {
            out += line;
        } else {
            let short = line.replace("struct jsvm_", "jsvm_").replace("enum jsvm_", "jsvm_");
            let continues = line.starts_with("    ");
            out += if continues { short.get(moved..).unwrap_or(&short) } else { &short };
            if !continues {
                moved = line.find('(').unwrap_or(0) - short.find('(').unwrap_or(0);
            }
        }
        out.push('\n');
        inside_type = (inside_type || opens) && !line.starts_with('}');
    }
    out
}

/// Keeps the committed header up to date. A tree that cannot be written is no error: the header
/// is there to be read, and `make test` compares it.
fn update(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    let new = path.with_extension(format!("h.{}", process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&new);
        println!("cargo:warning=include/jsvm.h was not updated: {error}");
    }
}
