//! Source text on its way into V8: where it says it is from, and the cached data that comes with it.

use crate::engine::enter::{Outcome, Scope, Thrown};
use v8::script_compiler::{CachedData, CompileOptions, Source};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64, xxh3_64_with_seed};

/// Where a source says it is from.
#[derive(Clone, Copy)]
pub struct Origin<'s> {
    pub filename: v8::Local<'s, v8::String>,
    pub line_offset: i32,
    pub column_offset: i32,
    /// What `import()` in the source is told of it.
    pub host_defined_options: Option<v8::Local<'s, v8::PrimitiveArray>>,
}

impl<'s> Origin<'s> {
    pub fn new(filename: v8::Local<'s, v8::String>) -> Origin<'s> {
        Origin { filename, line_offset: 0, column_offset: 0, host_defined_options: None }
    }

    /// As V8 takes it for a module.
    pub fn v8_module(&self, scope: &Scope<'s, '_>) -> v8::ScriptOrigin<'s> {
        let (name, line, column) = (self.filename.into(), self.line_offset, self.column_offset);
        let host = self.host_defined_options.map(v8::Local::<v8::Data>::from);
        v8::ScriptOrigin::new(scope, name, line, column, false, -1, None, false, false, true, host)
    }

    /// As V8 takes it. V8's own cache of compiled code keeps what is `apart` from the rest.
    pub fn v8(&self, scope: &Scope<'s, '_>, apart: bool) -> v8::ScriptOrigin<'s> {
        let (name, line, column) = (self.filename.into(), self.line_offset, self.column_offset);
        let host = self.host_defined_options.map(v8::Local::<v8::Data>::from);
        // No rule of V8's goes by the flag of shared origins, but it is a part of the cache's key.
        v8::ScriptOrigin::new(scope, name, line, column, apart, -1, None, false, false, false, host)
    }
}

/// Has V8 compile, with what `unseal` left of the cached data, if some was given. Gives also whether that was refused.
pub fn compile<'s, T>(
    scope: &mut Scope<'s, '_>,
    code: v8::Local<'s, v8::String>,
    origin: &v8::ScriptOrigin<'s>,
    cached_data: Option<Option<&[u8]>>,
    compile: impl FnOnce(&mut Scope<'s, '_>, &mut Source, CompileOptions) -> Option<T>,
) -> Outcome<(T, Option<bool>)> {
    let (mut source, how) = match cached_data.flatten() {
        Some(payload) => (
            Source::new_with_cached_data(code, Some(origin), CachedData::new(payload)),
            CompileOptions::ConsumeCodeCache,
        ),
        None => (Source::new(code, Some(origin)), CompileOptions::NoCompileOptions),
    };
    let compiled = compile(scope, &mut source, how).thrown()?;
    let refused = source.get_cached_data().is_none_or(|data| data.rejected());
    Ok((compiled, cached_data.map(|payload| payload.is_none() || refused)))
}

/// A hash of a string's units. It is the same for the same text, however V8 keeps it.
pub fn hash<'s>(scope: &mut Scope<'s, '_>, text: v8::Local<'s, v8::String>) -> u64 {
    /// Of what Latin-1 cannot say, apart from bytes that happen to be equal.
    const WIDE: u64 = 1;
    // Nothing of V8's is made while it is looked at.
    match v8::ValueView::new(scope, text).data() {
        v8::ValueViewData::OneByte(units) => xxh3_64(units),
        v8::ValueViewData::TwoByte(units) if units.iter().all(|unit| *unit <= 0xFF) => {
            let mut hash = Xxh3Default::new();
            let mut narrow = [0; 4096];
            for units in units.chunks(narrow.len()) {
                units.iter().zip(&mut narrow).for_each(|(unit, byte)| *byte = *unit as u8);
                hash.update(&narrow[..units.len()]);
            }
            hash.digest()
        }
        v8::ValueViewData::TwoByte(units) => {
            // SAFETY: each byte of a unit is a byte.
            let (_, bytes, _) = unsafe { units.align_to::<u8>() };
            xxh3_64_with_seed(bytes, WIDE)
        }
    }
}

/// A URL that a comment of the source names; V8 says undefined where there is none.
pub fn url<'s>(value: v8::Local<'s, v8::Value>) -> Option<v8::Local<'s, v8::String>> {
    value.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::enter::touch;
    use crate::engine::isolate::{DEFAULT_STACK_SIZE, Options};
    use crate::vm::context;

    #[test]
    fn a_hash_is_of_the_text_and_not_of_how_it_is_kept() {
        let options = Options {
            heap_limit: 64 << 20,
            buffer_limit: 64 << 20,
            stack_size: DEFAULT_STACK_SIZE,
            host_drains: false,
        };
        let isolate = context::new_isolate(options).expect("an isolate");
        touch(&isolate, None, |scope| {
            let latin: Vec<u16> = (0..10_000).map(|at| 0x20 + at % 0xE0).collect();
            let bytes: Vec<u8> = latin.iter().map(|unit| *unit as u8).collect();
            let narrow = v8::String::new_from_one_byte(scope, &bytes, v8::NewStringType::Normal).thrown()?;
            // V8 does not look whether it could be narrow.
            let wide = v8::String::new_external_twobyte_static(scope, latin.leak()).thrown()?;
            assert!(narrow.is_onebyte() && !wide.is_onebyte());
            assert_eq!(hash(scope, narrow), xxh3_64(&bytes));
            assert_eq!(hash(scope, wide), xxh3_64(&bytes));
            // The same bytes, as units of two and of one.
            let wide = v8::String::new_external_twobyte_static(scope, &[0x6261]).thrown()?;
            assert_ne!(hash(scope, wide), xxh3_64(b"ab"));
            let empty = v8::String::empty(scope);
            assert_eq!(hash(scope, empty), xxh3_64(b""));
            Ok(())
        })
        .expect("strings");
        isolate.close();
    }
}

/// What a source text does with the names of other modules.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Names {
    /// `export * from`.
    pub all_of_another: bool,
    /// How often the word `as` is there.
    pub renamed: usize,
}

/// It looks at words, and not at what they mean where they are: so there may be less than it says, never more.
pub fn names<'s>(scope: &mut Scope<'s, '_>, text: v8::Local<'s, v8::String>) -> Names {
    match v8::ValueView::new(scope, text).data() {
        v8::ValueViewData::OneByte(units) => names_in(units),
        v8::ValueViewData::TwoByte(units) => names_in(units),
    }
}

fn names_in<U: Copy + Into<u16>>(source: &[U]) -> Names {
    let unit = |at: usize| source.get(at).map_or(0, |unit| (*unit).into());
    let in_word =
        |unit: u16| u8::try_from(unit).is_ok_and(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'$');
    let is = |at: usize, word: &[u8]| word.iter().enumerate().all(|(i, c)| unit(at + i) == u16::from(*c));
    let mut names = Names::default();
    for at in 0..source.len() {
        if unit(at) == u16::from(b'a') && is(at, b"as") && !in_word(unit(at + 2)) {
            let begins = at == 0 || !in_word(unit(at - 1));
            names.renamed += usize::from(begins);
        } else if unit(at) == u16::from(b'e') && !names.all_of_another && is(at, b"export") {
            // Space of other scripts counts as space; of comments it is enough that one begins.
            let space = |unit: u16| unit <= u16::from(b' ') || unit >= 0x80;
            let next = (at + 6..source.len()).map(unit).find(|unit| !space(*unit));
            names.all_of_another =
                next.is_some_and(|unit| unit == u16::from(b'*') || unit == u16::from(b'/'));
        }
    }
    names
}
