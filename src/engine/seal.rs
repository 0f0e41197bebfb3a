//! A header before bytes of V8's that will come back: V8 checks neither that they are whole nor that
//! they are its own.

use xxhash_rust::xxh3::xxh3_64;

/// Magic, what the bytes belong to, checksum, version of V8.
const HEADER: usize = 32;

/// Puts the header before the bytes. `owner` is what they belong to, such as a source's hash.
pub fn seal(magic: &[u8; 8], owner: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(magic);
    bytes.extend_from_slice(&owner.to_le_bytes());
    bytes.extend_from_slice(&xxh3_64(payload).to_le_bytes());
    bytes.extend_from_slice(&version().to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// V8's bytes, if they are whole, of this kind and owner, and from this V8. It is no proof against a
/// forger.
pub fn unseal<'a>(magic: &[u8; 8], owner: u64, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (header, payload) = bytes.split_at_checked(HEADER)?;
    let field = |at: usize| header[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or(0);
    let whole = header.starts_with(magic)
        && field(8) == owner
        && field(24) == version()
        && i32::try_from(payload.len()).is_ok()
        && field(16) == xxh3_64(payload);
    whole.then_some(payload)
}

fn version() -> u64 {
    u64::from(v8::script_compiler::cached_data_version_tag())
}
