//! A whole vault as JSON Lines, everything as sealed as in the vault: what `export` writes and `import` reads, whatever
//! the vault is kept in.
//!
//! ```text
//! {"head":{"version":1,"secret":"..."}}                      wrapped; names the master key
//! {"key":{"owner":"...","key":"..."}}                        data keys, wrapped
//! {"entry":{"code":7,"index":"...","owner":"...","label":"NAME","flags":0,"scope":"...","sealed":"..."}}
//! {"end":{"keys":1,"entries":1,"sha256":"..."}}              of all lines before it: what was cut off is seen
//! ```
//!
//! Bytes are written in Crockford's base 32. Order: head, keys, entries, end; nothing after it.

use std::io::{BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::seal::{Index, OwnerId};
use super::{Code, ScopeTag, VaultError};
use crate::base32;
use crate::identifier::Label;

/// An entry as it is stored.
pub(super) struct Stored<'s> {
    pub(super) code: Code,
    pub(super) index: Index,
    pub(super) owner: OwnerId,
    pub(super) label: Label,
    pub(super) flags: u8,
    pub(super) scope: ScopeTag,
    pub(super) sealed: &'s [u8],
}

/// Writes the lines.
pub(super) struct LineWriter<'w> {
    out: &'w mut dyn Write,
    digest: Sha256,
    line: Vec<u8>,
    keys: u64,
    entries: u64,
}

impl<'w> LineWriter<'w> {
    /// Writes the head.
    pub(super) fn new(out: &'w mut dyn Write, wrapped_secret: &[u8]) -> Result<LineWriter<'w>, VaultError> {
        let mut lines = LineWriter { out, digest: Sha256::new(), line: Vec::new(), keys: 0, entries: 0 };
        lines.put(&Line::Head { version: VERSION, secret: text(wrapped_secret) })?;
        Ok(lines)
    }

    /// Writes a data key, wrapped.
    pub(super) fn key(&mut self, owner: &OwnerId, wrapped: &[u8]) -> Result<(), VaultError> {
        self.keys += 1;
        self.put(&Line::Key { owner: text(owner.as_bytes()), key: text(wrapped) })
    }

    /// Writes an entry.
    pub(super) fn entry(&mut self, entry: &Stored<'_>) -> Result<(), VaultError> {
        self.entries += 1;
        self.put(&Line::Entry {
            code: entry.code.number(),
            index: text(&entry.index),
            owner: text(entry.owner.as_bytes()),
            label: entry.label.name().to_owned(),
            flags: entry.flags,
            scope: text(&entry.scope),
            sealed: text(entry.sealed),
        })
    }

    /// Writes the end; the number of entries.
    pub(super) fn finish(mut self) -> Result<u64, VaultError> {
        let sha256 = text(&self.digest.clone().finalize());
        self.put(&Line::End { keys: self.keys, entries: self.entries, sha256 })?;
        self.out.flush()?;
        Ok(self.entries)
    }

    fn put(&mut self, line: &Line) -> Result<(), VaultError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(std::io::Error::from)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        Ok(self.out.write_all(&self.line)?)
    }
}

/// Takes what is read. Nothing is to last before `end` was called.
pub(super) trait Sink {
    /// The wrapped secret; comes first.
    fn head(&mut self, wrapped_secret: &[u8]) -> Result<(), VaultError>;
    /// A data key; before all entries.
    fn key(&mut self, owner: OwnerId, wrapped: &[u8]) -> Result<(), VaultError>;
    /// An entry.
    fn entry(&mut self, entry: &Stored<'_>) -> Result<(), VaultError>;
}

/// Reads all lines into `sink`; the number of entries. The sink was told everything when it returns without an error.
///
/// # Errors
///
/// What `sink` says; [`VaultError::Form`] for another version, `Damaged` for what [`LineWriter`] did not write whole.
pub(super) fn read(from: &mut dyn Read, sink: &mut dyn Sink) -> Result<u64, VaultError> {
    let mut from = std::io::BufReader::with_capacity(1 << 16, from);
    let (mut line, mut bytes, mut digest) = (Vec::new(), Vec::new(), Sha256::new());
    let (mut keys, mut entries) = (0u64, 0u64);
    let mut seen_head = false;
    loop {
        line.clear();
        (&mut from).take(MAX_LINE).read_until(b'\n', &mut line)?;
        let body = line.strip_suffix(b"\n").ok_or(DAMAGED)?;
        let parsed: Line = serde_json::from_slice(body).map_err(|_| DAMAGED)?;
        match (parsed, seen_head) {
            (Line::Head { version, .. }, _) if version != VERSION => {
                return Err(VaultError::Form(format!("a copy of version {version}")));
            }
            (Line::Head { secret, .. }, false) => {
                sink.head(read_bytes(&secret, &mut bytes)?)?;
                seen_head = true;
            }
            (Line::Key { owner, key }, true) if entries == 0 => {
                keys += 1;
                let owner = read_owner(&owner, &mut bytes)?;
                sink.key(owner, read_bytes(&key, &mut bytes)?)?;
            }
            (Line::Entry { code, index, owner, label, flags, scope, sealed }, true) => {
                entries += 1;
                let entry = Stored {
                    code: Code::new(code).ok_or(DAMAGED)?,
                    index: read_bytes(&index, &mut bytes)?.try_into().map_err(|_| DAMAGED)?,
                    owner: read_owner(&owner, &mut bytes)?,
                    label: Label::parse(&label).ok_or(DAMAGED)?,
                    flags,
                    scope: read_bytes(&scope, &mut bytes)?.try_into().map_err(|_| DAMAGED)?,
                    sealed: read_bytes(&sealed, &mut bytes)?,
                };
                sink.entry(&entry)?;
            }
            (Line::End { keys: k, entries: e, sha256 }, true) => {
                let whole = (k, e) == (keys, entries) && sha256 == text(&digest.finalize());
                let nothing_after = from.fill_buf()?.is_empty();
                return if whole && nothing_after { Ok(entries) } else { Err(DAMAGED) };
            }
            _ => return Err(DAMAGED),
        }
        digest.update(&line);
    }
}

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Line {
    Head { version: u32, secret: String },
    Key { owner: String, key: String },
    Entry { code: u64, index: String, owner: String, label: String, flags: u8, scope: String, sealed: String },
    End { keys: u64, entries: u64, sha256: String },
}

fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    base32::encode(bytes, &mut text);
    text
}

fn read_bytes<'b>(text: &str, bytes: &'b mut Vec<u8>) -> Result<&'b [u8], VaultError> {
    bytes.clear();
    base32::decode(text.as_bytes(), bytes).ok_or(DAMAGED)?;
    Ok(bytes)
}

fn read_owner(text: &str, bytes: &mut Vec<u8>) -> Result<OwnerId, VaultError> {
    OwnerId::from_bytes(read_bytes(text, bytes)?).ok_or(DAMAGED)
}

const VERSION: u32 = 1;

/// Bytes of a line at most: no value is near that long, and no input takes all memory.
const MAX_LINE: u64 = 1 << 28;

const DAMAGED: VaultError = VaultError::Damaged("the copy was cut off or changed");
