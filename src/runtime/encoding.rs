//! Strings as bytes, and bytes as strings.

use crate::engine::enter::{self, Outcome, Scope, Thrown};
use crate::engine::value;
use crate::realm::Source;
use crate::realm::native::Natives;
use memchr::memmem;
use v8::{ArrayBufferView, FunctionCallbackArguments, Local, NewStringType, WriteFlags};

pub const SOURCE: Source = Source { name: "encoding", text: include_str!("encoding.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    native.function("utf8Length", |scope, arguments, result| {
        let text = arguments.get(0).to_string(scope).thrown()?;
        result.set_double(text.utf8_length(scope) as f64);
        Ok(())
    })?;
    // write...(view, text, offset, length): how many bytes were written. A character is written whole or not.
    native.function("writeUtf8", |scope, arguments, result| {
        let text = arguments.get(1).to_string(scope).thrown()?;
        let bytes = range_mut(scope, arguments, 2);
        result.set_double(text.write_utf8_v2(scope, bytes, WriteFlags::kReplaceInvalidUtf8, None) as f64);
        Ok(())
    })?;
    native.function("writeLatin1", |scope, arguments, result| {
        let text = arguments.get(1).to_string(scope).thrown()?;
        let bytes = range_mut(scope, arguments, 2);
        let count = bytes.len().min(text.length());
        text.write_one_byte_v2(scope, 0, &mut bytes[..count], WriteFlags::empty());
        result.set_double(count as f64);
        Ok(())
    })?;
    native.function("writeUtf16", |scope, arguments, result| {
        let text = arguments.get(1).to_string(scope).thrown()?;
        let units = value::utf16(scope, text);
        let bytes = range_mut(scope, arguments, 2);
        let pairs = bytes.chunks_exact_mut(2).zip(&units);
        let count = pairs.len() * 2;
        pairs.for_each(|(pair, unit)| pair.copy_from_slice(&unit.to_le_bytes()));
        result.set_double(count as f64);
        Ok(())
    })?;
    // read...(view, start, length)
    native.function("readUtf8", |scope, arguments, result| {
        let bytes = range(scope, arguments);
        let text = v8::String::new_from_utf8(scope, bytes, NewStringType::Normal);
        give(result, text);
        Ok(())
    })?;
    native.function("readLatin1", |scope, arguments, result| {
        let bytes = range(scope, arguments);
        let text = v8::String::new_from_one_byte(scope, bytes, NewStringType::Normal);
        give(result, text);
        Ok(())
    })?;
    native.function("readAscii", |scope, arguments, result| {
        let bytes: Vec<u8> = range(scope, arguments).iter().map(|byte| byte & 0x7f).collect();
        let text = v8::String::new_from_one_byte(scope, &bytes, NewStringType::Normal);
        give(result, text);
        Ok(())
    })?;
    native.function("readUtf16", |scope, arguments, result| {
        let pairs = range(scope, arguments).chunks_exact(2);
        let units: Vec<u16> = pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let text = v8::String::new_from_two_byte(scope, &units, NewStringType::Normal);
        give(result, text);
        Ok(())
    })?;
    native.function("isUtf8", |_, arguments, result| {
        result.set_bool(std::str::from_utf8(contents(arguments.get(0))).is_ok());
        Ok(())
    })?;
    native.function("isAscii", |_, arguments, result| {
        result.set_bool(contents(arguments.get(0)).is_ascii());
        Ok(())
    })?;
    native.function("compare", |_, arguments, result| {
        result.set_int32(contents(arguments.get(0)).cmp(contents(arguments.get(1))) as i32);
        Ok(())
    })?;
    // locate(view, sought, from, forward, step): where the sought bytes begin, at a multiple of the step, or -1.
    native.function("locate", |scope, arguments, result| {
        // First what can run guest code.
        let (from, step) = (size(scope, arguments, 2), size(scope, arguments, 4).max(1));
        let (bytes, sought) = (contents(arguments.get(0)), contents(arguments.get(1)));
        let from = from.min(bytes.len());
        let (finder, reverse) = (memmem::Finder::new(sought), memmem::FinderRev::new(sought));
        let found = match arguments.get(3).is_true() {
            true => search(from, |from| {
                let at = from + finder.find(&bytes[from..])?;
                Some((at, at % step == 0, at + 1))
            }),
            false => search(from.saturating_add(sought.len()), |end| {
                let at = reverse.rfind(&bytes[..end.min(bytes.len())])?;
                Some((at, at % step == 0, (at + sought.len()).checked_sub(1)?))
            }),
        }?;
        result.set_double(found.map_or(-1.0, |at| at as f64));
        Ok(())
    })
}

/// Looks again where it did not find what it may take. `look` gives the place, whether it is one to take, and where to
/// go on.
fn search(start: usize, look: impl Fn(usize) -> Option<(usize, bool, usize)>) -> Outcome<Option<usize>> {
    let mut start = start;
    while let Some((at, good, next)) = look(start) {
        if good {
            return Ok(Some(at));
        }
        enter::go_on()?;
        start = next;
    }
    Ok(None)
}

/// A string that V8 made; undefined if it was too long.
fn give<'s>(result: &mut v8::ReturnValue<'s, v8::Value>, text: Option<Local<'s, v8::String>>) {
    if let Some(text) = text {
        result.set(text.into());
    }
}

fn size(scope: &mut Scope<'_, '_>, arguments: &FunctionCallbackArguments<'_>, index: i32) -> usize {
    arguments.get(index).number_value(scope).unwrap_or(0.0) as usize
}

/// A view's memory; none of what is no view. While it is used nothing may be asked of V8 that can run guest code, which
/// could take the memory away.
fn memory(value: Local<'_, v8::Value>) -> (*mut u8, usize) {
    match Local::<ArrayBufferView>::try_from(value) {
        // SAFETY: the caller's to use as said above. This build of V8 keeps no array's bytes on its heap.
        Ok(view) => match unsafe { view.get_contents_raw_parts(&mut []) } {
            (data, len) if len > 0 => (data, len),
            _ => (std::ptr::NonNull::dangling().as_ptr(), 0),
        },
        Err(_) => (std::ptr::NonNull::dangling().as_ptr(), 0),
    }
}

fn contents<'s>(value: Local<'s, v8::Value>) -> &'s [u8] {
    let (data, len) = memory(value);
    // SAFETY: the argument holds the view; this thread holds the isolate, and writes nothing meanwhile.
    unsafe { std::slice::from_raw_parts(data, len) }
}

/// The bytes that the arguments 0 (view), 1 (start) and 2 (length) name, as far as they are there.
fn range<'s>(scope: &mut Scope<'s, '_>, arguments: &FunctionCallbackArguments<'s>) -> &'s [u8] {
    let (start, length) = (size(scope, arguments, 1), size(scope, arguments, 2));
    let bytes = contents(arguments.get(0));
    let start = start.min(bytes.len());
    &bytes[start..start.saturating_add(length).min(bytes.len())]
}

/// The same for writing, with the start at an index of its own.
fn range_mut<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: &FunctionCallbackArguments<'s>,
    index: i32,
) -> &'s mut [u8] {
    let (start, length) = (size(scope, arguments, index), size(scope, arguments, index + 1));
    let (data, len) = memory(arguments.get(0));
    let start = start.min(len);
    // SAFETY: as `contents`; there is no other slice of it.
    unsafe { std::slice::from_raw_parts_mut(data.add(start), length.min(len - start)) }
}
