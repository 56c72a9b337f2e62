//! Turns tokens back into what stood there, in a stream: any chunk boundary, constant memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::content::{Content, Place};
use super::seal::MIN_CODE;
use super::token::{self, Parsed};
use super::{escape, id, order};
use crate::identifier::Label;
use crate::vault::{Code, Entry, ScopeTag, VaultError};
use loose::{Quoting, Reading};
use rights::Refusal;

mod loose;
mod rights;

pub use rights::Rights;

/// How values are written back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// JSON when the first thing in the stream is one, text otherwise.
    Auto,
    /// As they are.
    Text,
    /// Escaped for JSON strings; numbers lose the quotes they were given.
    Json,
    /// Quotes are doubled inside quoted fields.
    Csv,
}

/// What became of the tokens of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Turned back.
    pub revealed: u64,
    /// The same by label, in the order of [`Label::ALL`].
    pub labels: [u64; Label::ALL.len()],
    /// Left as they are: the checksum says that they were changed.
    pub mistyped: u64,
    /// Left as they are: not of a key or vault at hand, or moved from another label.
    pub foreign: u64,
    /// Left as they are: of another label or scope than may be revealed, or beyond the limit.
    pub refused: u64,
}

impl Tally {
    /// Tokens that stayed.
    pub fn left(&self) -> u64 {
        self.mistyped + self.foreign + self.refused
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.revealed += other.revealed;
        self.mistyped += other.mistyped;
        self.foreign += other.foreign;
        self.refused += other.refused;
        self.labels.iter_mut().zip(other.labels).for_each(|(a, b)| *a += b);
    }
}

/// What became of a place where a token may stand that was rewritten.
enum Rewritten {
    /// Its value takes the place of these bytes.
    Put(usize, usize),
    /// Nothing stands there; the next place to look at.
    Pass(usize),
    /// More must be seen.
    Wait,
}

/// Reveals one stream.
pub struct Revealer {
    rights: Arc<Rights>,
    format: Format,
    /// Bytes that wait for what follows them.
    held: Vec<u8>,
    /// CSV: inside a quoted field.
    quoted: bool,
    /// CSV: the byte before `held`.
    last: u8,
    tally: Tally,
    /// The format was not named, but told from the first bytes.
    told: bool,
    /// What the vault said of the codes seen lately.
    known: Arc<Codes>,
    /// All codes of the stream are in `known`.
    asked: bool,
    /// Tokens are read as models rewrite them.
    tolerant: bool,
}

/// Codes are random already.
#[derive(Default)]
struct Random(u64);

impl Hasher for Random {
    fn finish(&self) -> u64 {
        // The map takes its control bytes from the top, where a code has none.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | self.0 >> 56 ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

struct Known {
    label: Label,
    scope: ScopeTag,
    content: Content,
}

/// What a vault says of codes.
#[derive(Default)]
pub struct Codes(HashMap<Code, Option<Known>, BuildHasherDefault<Random>>);

impl Codes {
    /// Appends the codes of vault tokens in `bytes`, as often as they stand there.
    pub fn seen(bytes: &[u8], out: &mut Vec<Code>) {
        for at in memchr::memchr_iter(b'[', bytes) {
            if let Parsed::Code { label: Some(label), code, .. } = token::parse(bytes.get(at..).unwrap_or_default())
                && let Ok(code) = token::read_vault_code(label, code)
            {
                out.push(code);
            }
        }
        let mut from = 0;
        while let Some(at) = id::find(bytes, from) {
            if let id::Parsed::Id { kind: id::Kind::Vault, code, .. } = id::parse(bytes.get(at..).unwrap_or_default())
                && let Ok(code) = token::read_vault_code(id::LABEL, code)
            {
                out.push(code);
            }
            from = at + 1;
        }
    }

    /// Asks the vault about `codes`, sorted and each once. The fewer calls, the faster.
    ///
    /// # Errors
    ///
    /// When the vault cannot be asked.
    pub fn open(rights: &Rights, codes: &[Code]) -> Result<Codes, VaultError> {
        let Some(vault) = &rights.vault else { return Ok(Codes::default()) };
        let mut entries = Vec::with_capacity(codes.len());
        vault.open(codes, &mut entries)?;
        let known = |entry: Entry| {
            let (label, scope) = (entry.label, entry.scope);
            Known { label, scope, content: order::content(entry) }
        };
        Ok(Codes(codes.iter().copied().zip(entries.into_iter().map(|entry| entry.map(known))).collect()))
    }

    /// Takes in what another one knows.
    pub fn extend(&mut self, other: Codes) {
        self.0.extend(other.0);
    }
}

impl Revealer {
    /// A revealer for one stream.
    pub fn new(rights: Arc<Rights>, format: Format) -> Revealer {
        Revealer {
            rights,
            format,
            held: Vec::new(),
            quoted: false,
            last: b'\n',
            told: false,
            tally: Tally::default(),
            known: Arc::default(),
            asked: false,
            tolerant: false,
        }
    }

    /// Reads tokens that were rewritten, too: emphasised, escaped, wrapped, spaced out, between other brackets or none.
    /// Checksum, seal and vault decide as they always do.
    #[must_use]
    pub fn tolerant(self) -> Revealer {
        Revealer { tolerant: true, ..self }
    }

    /// The same for a stream of which the vault was asked about all codes: what is not in `known` is foreign.
    #[must_use]
    pub fn with_codes(self, known: &Arc<Codes>) -> Revealer {
        Revealer { known: Arc::clone(known), asked: true, ..self }
    }

    /// Takes the next bytes; appends to `out` what is certain by now.
    ///
    /// # Errors
    ///
    /// When the vault cannot be asked.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), VaultError> {
        self.held.extend_from_slice(bytes);
        self.drain(false, out)
    }

    /// Ends the stream: appends the rest.
    ///
    /// # Errors
    ///
    /// When the vault cannot be asked.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Tally, VaultError> {
        self.drain(true, out)?;
        Ok(self.tally)
    }

    /// The format, once it is known; [`Format::Auto`] until then.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Reveals the tokens of one text. Values that stood in Windows-1252 are lost on a text, which is UTF-8: use the
    /// stream where they may occur.
    ///
    /// # Errors
    ///
    /// When the vault cannot be asked.
    pub fn reveal(rights: &Arc<Rights>, format: Format, text: &str) -> Result<(String, Tally), VaultError> {
        let mut stream = Revealer::new(Arc::clone(rights), format);
        let mut out = Vec::with_capacity(text.len());
        stream.push(text.as_bytes(), &mut out)?;
        let tally = stream.finish(&mut out)?;
        // UTF-8 with UTF-8 put in place of ASCII is UTF-8.
        Ok((String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()), tally))
    }

    fn drain(&mut self, end: bool, out: &mut Vec<u8>) -> Result<(), VaultError> {
        let mut bytes = std::mem::take(&mut self.held);
        self.look_up(&bytes)?;
        let done = self.scan(&bytes, end, out);
        if let Some(last) = done.checked_sub(1).and_then(|i| bytes.get(i)) {
            self.last = *last;
        }
        bytes.drain(..done);
        self.held = bytes;
        Ok(())
    }

    /// Asks the vault for all codes of `bytes` at once.
    fn look_up(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        if self.asked || self.rights.vault.is_none() {
            return Ok(());
        }
        let mut codes = Vec::new();
        self.codes(bytes, &mut codes);
        codes.retain(|code| !self.known.0.contains_key(code));
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() {
            return Ok(());
        }
        let opened = Codes::open(&self.rights, &codes)?;
        match Arc::get_mut(&mut self.known).filter(|known| known.0.len() <= KNOWN) {
            Some(known) => known.extend(opened),
            // Too much to keep, or what others look at.
            None => {
                codes.clear();
                self.codes(bytes, &mut codes);
                codes.sort_unstable();
                codes.dedup();
                self.known = Arc::new(Codes::open(&self.rights, &codes)?);
            }
        }
        Ok(())
    }

    fn codes(&self, bytes: &[u8], out: &mut Vec<Code>) {
        Codes::seen(bytes, out);
        let mut next = if self.tolerant { loose::find(bytes, 0, self.last) } else { None };
        while let Some(at) = next {
            let guess = loose::guess(bytes.get(at..).unwrap_or_default(), true);
            out.extend(guess.readings.iter().filter_map(|reading| token::vault_number(&reading.code)));
            next = loose::find(bytes, at + 1, self.last);
        }
    }

    /// Why the token of a vault stays; otherwise its code.
    fn vault_code(&self, label: Label, code: &[u8]) -> Result<Code, Refusal> {
        let code = token::read_vault_code(label, code).map_err(|_| Refusal::Mistyped)?;
        let known = self.known.0.get(&code).and_then(Option::as_ref).filter(|known| known.label == label);
        let known = known.ok_or(Refusal::Foreign)?;
        let within = match (&self.rights.scope, &self.rights.vault) {
            (Some(whose), Some(vault)) => vault.scope_tag(whose.scope()) == known.scope,
            _ => true,
        };
        if within { Ok(code) } else { Err(Refusal::Refused) }
    }

    /// Writes what is certain; the number of bytes that need not be seen again.
    fn scan(&mut self, bytes: &[u8], end: bool, out: &mut Vec<u8>) -> usize {
        if self.format == Format::Auto {
            match sniff(bytes, end) {
                Some(format) => {
                    self.format = format;
                    self.told = true;
                }
                None => return 0,
            }
        }
        let (mut written, mut from, mut value) = (0, 0, Vec::new());
        let mut next_id = id::find(bytes, 0);
        let keep = loop {
            let rest = bytes.get(from..).unwrap_or_default();
            let next =
                if self.format == Format::Csv { memchr::memchr2(b'[', b'"', rest) } else { memchr::memchr(b'[', rest) };
            if next_id.is_some_and(|at| at < from) {
                next_id = id::find(bytes, from);
            }
            let rewritten = if self.tolerant { loose::find(bytes, from, self.last) } else { None };
            let next = next.map(|next| from + next).into_iter().chain(next_id).chain(rewritten).min();
            let Some(at) = next else {
                break bytes.len() - if end { 0 } else { id::begun(bytes).min(bytes.len() - from) };
            };
            if bytes[at] == b'"' {
                let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(self.last);
                self.quoted = !self.quoted && matches!(before, b',' | b'\t' | b';' | b'|' | b'\n' | b'\r' | b'"');
                from = at + 1;
                continue;
            }
            from = at + 1;
            let strict = if bytes[at] == b'[' { token::parse(&bytes[at..]) } else { Parsed::No };
            let (label, kind, code, len) = match strict {
                Parsed::More if !end => break at,
                Parsed::Code { label, code, len } if label.is_some() || !self.tolerant => (label, None, code, len),
                _ => match id::parse(&bytes[at..]) {
                    id::Parsed::More if !end => break at,
                    id::Parsed::Id { kind: id::Kind::Digest, .. } => continue,
                    id::Parsed::Id { kind, code, len } => (Some(id::LABEL), Some(kind), code, len),
                    _ => match self.rewritten(bytes, at, end, &mut value) {
                        Rewritten::Wait => break at,
                        Rewritten::Put(start, to) => {
                            out.extend_from_slice(&bytes[written..start]);
                            out.append(&mut value);
                            (written, from) = (to, to);
                            continue;
                        }
                        Rewritten::Pass(to) => {
                            from = to;
                            continue;
                        }
                    },
                },
            };
            let (opened, of_vault);
            let found = match (label, kind) {
                (None, _) => Err(Refusal::Mistyped),
                (Some(label), Some(id::Kind::Vault)) | (Some(label), None) if code.len() == token::VAULT_CODE => {
                    of_vault = self.vault_code(label, code);
                    of_vault.and_then(|code| {
                        let known = self.known.0.get(&code).and_then(Option::as_ref);
                        known.map(|known| (label, &known.content)).ok_or(Refusal::Foreign)
                    })
                }
                (Some(label), kind) => {
                    opened = kind.map_or_else(|| self.rights.open(label, code), |kind| self.rights.open_id(kind, code));
                    opened.as_ref().map(|opened| (label, opened)).map_err(|refusal| *refusal)
                }
            };
            match found {
                Ok((label, opened)) => {
                    let next = bytes.get(at + len);
                    let number = self.format == Format::Json && opened.is_number();
                    if number && next.is_none() && !end {
                        break at;
                    }
                    if !self.rights.allow(label) {
                        self.tally.refused += 1;
                        from = at + len;
                        continue;
                    }
                    let before = at > written && bytes.get(at - 1) == Some(&b'"');
                    let strip = usize::from(number && before && next == Some(&b'"'));
                    out.extend_from_slice(&bytes[written..at - strip]);
                    opened.write(self.place(), out);
                    written = at + len + strip;
                    from = written;
                    self.tally.revealed += 1;
                    if let Some(count) = self.tally.labels.get_mut(label as usize) {
                        *count += 1;
                    }
                }
                Err(refusal) => {
                    // What the whole is not, no part of it is.
                    from = if self.tolerant { at + len } else { from };
                    match refusal {
                        Refusal::Refused => self.tally.refused += 1,
                        // Others are text that happens to look like a token.
                        Refusal::Mistyped if kind.is_none() && !self.resembles(label, code) => {}
                        Refusal::Mistyped => self.tally.mistyped += 1,
                        Refusal::Foreign => self.tally.foreign += 1,
                    }
                }
            }
        };
        // A quote may turn out to be that of a number's token.
        let quote = self.format == Format::Json && !end && keep > written && bytes.get(keep - 1) == Some(&b'"');
        let keep = keep - usize::from(quote);
        out.extend_from_slice(&bytes[written..keep]);
        keep
    }

    /// What stands at `at`, where no token stands as it was written; its value is appended to `value`.
    fn rewritten(&mut self, bytes: &[u8], at: usize, end: bool, value: &mut Vec<u8>) -> Rewritten {
        if !self.tolerant {
            return Rewritten::Pass(at + 1);
        }
        let guess = loose::guess(bytes.get(at..).unwrap_or_default(), end);
        for reading in &guess.readings {
            let refused = match self.read(reading, value) {
                Ok(label) if self.rights.allow(label) => {
                    self.tally.revealed += 1;
                    if let Some(count) = self.tally.labels.get_mut(label as usize) {
                        *count += 1;
                    }
                    return Rewritten::Put(at + reading.start, at + reading.end);
                }
                Ok(_) => true,
                Err(refusal) => refusal == Refusal::Refused,
            };
            value.clear();
            if refused {
                self.tally.refused += 1;
                return Rewritten::Pass(at + reading.end);
            }
        }
        match guess.readings.last() {
            _ if guess.more => Rewritten::Wait,
            // What the whole is not, no part of it is.
            Some(reading) => Rewritten::Pass(at + reading.end),
            None => Rewritten::Pass(at + 1),
        }
    }

    /// Appends what a token holds, if that is what was meant.
    fn read(&self, reading: &Reading, out: &mut Vec<u8>) -> Result<Label, Refusal> {
        let Reading { label, code, quoting, .. } = reading;
        if code.len() == token::VAULT_CODE {
            let number = token::vault_number(code).ok_or(Refusal::Mistyped)?;
            let known = self.known.0.get(&number).and_then(Option::as_ref).ok_or(Refusal::Foreign)?;
            if label.is_some_and(|label| label != known.label) {
                return Err(Refusal::Foreign);
            }
            self.vault_code(known.label, code)?;
            self.put(&known.content, *quoting, out);
            return Ok(known.label);
        }
        let mut refusal = Refusal::Mistyped;
        for label in Label::ALL.into_iter().filter(|candidate| label.is_none_or(|label| label == *candidate)) {
            match self.rights.open(label, code) {
                Ok(content) => {
                    self.put(&content, *quoting, out);
                    return Ok(label);
                }
                Err(Refusal::Refused) => return Err(Refusal::Refused),
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    fn put(&self, content: &Content, quoting: Quoting, out: &mut Vec<u8>) {
        if quoting == Quoting::Plain || self.format == Format::Json {
            return content.write(self.place(), out);
        }
        let mut value = Vec::new();
        content.write(Place::Text, &mut value);
        let value = String::from_utf8_lossy(&value);
        let mut quoted = String::with_capacity(value.len());
        match quoting {
            Quoting::Plain => quoted.push_str(&value),
            Quoting::Html => escape::html(&value, &mut quoted),
            Quoting::Percent => escape::percent(&value, &mut quoted),
            Quoting::Json => escape::json(&value, &mut quoted),
        }
        out.extend_from_slice(quoted.as_bytes());
    }

    /// Whether a code that is none may have been one: of about the length of a sealed token's, or of the very length of a
    /// vault's where there is a vault and the code is of letters and digits.
    fn resembles(&self, label: Option<Label>, code: &[u8]) -> bool {
        let mixed = code.iter().any(u8::is_ascii_digit) && code.iter().any(u8::is_ascii_alphabetic);
        let of_vault = self.rights.vault.is_some() && label.is_some() && mixed;
        code.len() + LOST >= MIN_CODE || of_vault && code.len().abs_diff(token::VAULT_CODE) <= 1
    }

    fn place(&self) -> Place {
        match self.format {
            Format::Json => Place::Json,
            Format::Csv if self.quoted => Place::CsvQuoted,
            Format::Csv => Place::CsvBare,
            _ if self.told => Place::Told,
            _ => Place::Text,
        }
    }
}

/// Text or JSON, told by what comes first; `None` when more must be seen. An array is told from a token or a word in
/// brackets by its first element.
fn sniff(bytes: &[u8], end: bool) -> Option<Format> {
    let end = end || bytes.len() > SNIFFED;
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let json = match start.first() {
        Some(b'{' | b'"') => true,
        Some(b'[') => {
            let element = start.get(1..).unwrap_or_default().trim_ascii_start();
            let word = element.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            match element.get(word) {
                None if !end => return None,
                None => false,
                Some(_) if word > 0 => matches!(element.get(..word), Some(b"true" | b"false" | b"null")),
                Some(first) => matches!(first, b'{' | b'[' | b']' | b'"' | b'-' | b'0'..=b'9'),
            }
        }
        // Nothing but space so far, or a byte order mark that is not whole.
        None | Some(0xef) if !end && start.len() < 3 => return None,
        _ => false,
    };
    Some(if json { Format::Json } else { Format::Text })
}

impl std::fmt::Debug for Revealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revealer").field("format", &self.format).field("held", &self.held.len()).finish_non_exhaustive()
    }
}

/// Entries of the vault that are held at a time, about.
const KNOWN: usize = 1 << 16;
/// Symbols that may be lost from a token before it is no longer reported as mistyped.
const LOST: usize = 4;
/// Bytes after which a stream that has still shown nothing is text.
const SNIFFED: usize = 64 << 10;
