//! Turns sealed tokens back into what stood there, in a stream: any chunk boundary, constant memory.

use super::seal::{Fault, MIN_CODE, Place, Sealer};
use super::token::{self, Parsed};
use crate::secret::Key;

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
    /// Left as they are: the checksum says that they were changed.
    pub mistyped: u64,
    /// Left as they are: not sealed with this key, under this label.
    pub foreign: u64,
}

/// Reveals one stream.
pub struct Revealer {
    sealer: Sealer,
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
}

impl Revealer {
    /// A revealer for one stream.
    pub fn new(key: &Key, format: Format) -> Revealer {
        Revealer {
            sealer: Sealer::new(key),
            format,
            held: Vec::new(),
            quoted: false,
            last: b'\n',
            told: false,
            tally: Tally::default(),
        }
    }

    /// Takes the next bytes; appends to `out` what is certain by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        self.drain(false, out);
    }

    /// Ends the stream: appends the rest.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Tally {
        self.drain(true, out);
        self.tally
    }

    /// Reveals the tokens of one text. Values that stood in Windows-1252 are lost on a text, which is UTF-8: use the
    /// stream where they may occur.
    pub fn reveal(key: &Key, format: Format, text: &str) -> (String, Tally) {
        let mut stream = Revealer::new(key, format);
        let mut out = Vec::with_capacity(text.len());
        stream.push(text.as_bytes(), &mut out);
        let tally = stream.finish(&mut out);
        // UTF-8 with UTF-8 put in place of ASCII is UTF-8.
        (String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()), tally)
    }

    fn drain(&mut self, end: bool, out: &mut Vec<u8>) {
        let mut bytes = std::mem::take(&mut self.held);
        let done = self.scan(&bytes, end, out);
        if let Some(last) = done.checked_sub(1).and_then(|i| bytes.get(i)) {
            self.last = *last;
        }
        bytes.drain(..done);
        self.held = bytes;
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
        let (mut written, mut from) = (0, 0);
        let keep = loop {
            let rest = bytes.get(from..).unwrap_or_default();
            let next =
                if self.format == Format::Csv { memchr::memchr2(b'[', b'"', rest) } else { memchr::memchr(b'[', rest) };
            let Some(at) = next.map(|next| from + next) else { break bytes.len() };
            if bytes[at] == b'"' {
                let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(self.last);
                self.quoted = !self.quoted && matches!(before, b',' | b'\t' | b';' | b'|' | b'\n' | b'\r' | b'"');
                from = at + 1;
                continue;
            }
            from = at + 1;
            let (label, code, len) = match token::parse(&bytes[at..]) {
                Parsed::More if !end => break at,
                Parsed::Code { label, code, len } => (label, code, len),
                _ => continue,
            };
            let opened = match label {
                Some(label) => self.sealer.open(label, code),
                None => Err(Fault::Mistyped),
            };
            match opened {
                Ok(opened) => {
                    let next = bytes.get(at + len);
                    let number = self.format == Format::Json && opened.is_number();
                    if number && next.is_none() && !end {
                        break at;
                    }
                    let before = at > written && bytes.get(at - 1) == Some(&b'"');
                    let strip = usize::from(number && before && next == Some(&b'"'));
                    out.extend_from_slice(&bytes[written..at - strip]);
                    opened.write(self.place(), out);
                    written = at + len + strip;
                    from = written;
                    self.tally.revealed += 1;
                }
                // Shorter ones are text that happens to look like a token, or a vault's.
                Err(_) if code.len() + LOST < MIN_CODE => {}
                Err(Fault::Mistyped) => self.tally.mistyped += 1,
                Err(Fault::Foreign) => self.tally.foreign += 1,
            }
        };
        // A quote may turn out to be that of a number's token.
        let quote = self.format == Format::Json && !end && keep > written && bytes.get(keep - 1) == Some(&b'"');
        let keep = keep - usize::from(quote);
        out.extend_from_slice(&bytes[written..keep]);
        keep
    }

    fn place(&self) -> Place {
        match self.format {
            Format::Json => Place::Json,
            Format::Csv if self.quoted => Place::CsvQuoted,
            Format::Csv => Place::CsvBare,
            // What was not told to be text may as well be a table: a value that was sealed with the bytes of its cell, its
            // quotes doubled, gets them back. Other values are the same in both.
            _ if self.told => Place::CsvBare,
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

/// Symbols that may be lost from a token before it is no longer reported as mistyped.
const LOST: usize = 4;
/// Bytes after which a stream that has still shown nothing is text.
const SNIFFED: usize = 64 << 10;
