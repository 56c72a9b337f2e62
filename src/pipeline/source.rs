//! Cuts a stream into chunks of whole records. A chunk is what one read brought, so that a stream that pauses is not
//! held back; memory is bounded by the largest record, and that by [`MAX_RECORD`].

use std::io::{self, Read};

use memchr::{memchr, memchr2, memmem, memrchr, memrchr2};
use sha2::{Digest, Sha256};

use super::layout::{Ask, Layout};
use super::{MAX_DOCUMENT, MAX_RECORD};
use crate::record::csv::{Dialect, RowEnd};
use crate::record::hl7;
use crate::record::sniff::BOM;
use crate::record::{Fault, Format, Reason};

/// Whole records in the order of the input.
pub struct Chunk {
    /// Counted from 0.
    pub number: u64,
    /// The records with what stands between them.
    pub bytes: Vec<u8>,
    /// Where the records are; together they take in all of `bytes`.
    pub records: Vec<Place>,
    /// What follows it, unless it ends within a record that is dropped.
    pub(crate) mark: Option<Mark>,
}

/// A place between two records of an input, from where reading can go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mark {
    /// Bytes of the input before it.
    pub(crate) offset: u64,
    /// The record that follows.
    pub(crate) record: u64,
    /// The document that follows, or goes on.
    pub(crate) document: u64,
    /// Over all bytes before it, when they are hashed.
    pub(super) hash: Option<Sha256>,
}

impl Mark {
    /// Before that record and document, behind so many bytes.
    pub(crate) fn at(offset: u64, record: u64, document: u64) -> Self {
        Self { offset, record, document, hash: None }
    }

    /// SHA-256 of all bytes before it; `None` when they were not hashed.
    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        self.hash.clone().map(|hash| hash.finalize().into())
    }
}

// Chunks hold text: lengths only.
impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunk")
            .field("number", &self.number)
            .field("bytes", &self.bytes.len())
            .field("records", &self.records.len())
            .finish()
    }
}

/// Where a record stands in its chunk.
///
/// Invariant: `start <= end <= next`; `next` is the start of the following record.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// First byte.
    pub start: usize,
    /// One past the last byte, line end not included.
    pub end: usize,
    /// One past its line end or separator.
    pub next: usize,
    /// The record, counted from 1; 0 is a header.
    pub record: u64,
    /// The document it belongs to: itself, but for parts of a long text.
    pub document: u64,
    /// Why it was not kept; then it has no bytes.
    pub fault: Option<Fault>,
}

/// A stream of records.
pub struct Source<R> {
    input: R,
    layout: Layout,
    cut: Cut,
    /// Bytes read and not yet given out.
    pending: Vec<u8>,
    /// How far `pending` was searched for the end of a record.
    searched: usize,
    ended: bool,
    /// In a record too large to be kept: its bytes are dropped up to its end.
    dropping: bool,
    chunk: u64,
    /// What has been given out or dropped.
    mark: Mark,
    /// Bytes asked for by one read.
    read: usize,
    /// Bytes above which a chunk takes no further record.
    size: usize,
    /// Records after which the input counts as ended.
    limit: u64,
}

enum Cut {
    Line,
    Row(Dialect, RowEnd),
    Document(Vec<u8>),
    Message(hl7::MessageEnd),
    Whole,
}

/// The end of a record, the start of the next, and whether the next continues the same document.
struct End {
    end: usize,
    next: usize,
    continues: bool,
}

impl<R: Read> Source<R> {
    /// Reads the start of the input and finds out what it is.
    ///
    /// # Errors
    ///
    /// When reading fails. The inner result says why the input is not of a kind that is read.
    pub fn open(input: R, ask: &Ask, extension: Option<&str>) -> io::Result<Result<Self, Reason>> {
        Self::open_by(READ, input, ask, extension)
    }

    /// As [`Source::open`], asking for so many bytes by one read: of small files no more than they have.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn open_by(
        read: usize,
        mut input: R,
        ask: &Ask,
        extension: Option<&str>,
    ) -> io::Result<Result<Self, Reason>> {
        let mut pending = Vec::new();
        let mut ended = false;
        // What the first bytes must show: a byte order mark at most, or the format, or a table's first rows.
        let enough = match ask.format {
            Some(Format::Text | Format::Ndjson | Format::Json | Format::Hl7 | Format::Xml) => BOM.len(),
            Some(Format::Csv | Format::Tsv) | None => START,
        };
        while !ended && pending.len() < enough {
            ended = read_some(&mut input, &mut pending, read)? == 0;
            // A stream that pauses after its first lines is not made to wait for more.
            if ask.format.is_none() && memchr2(b'\n', b'\r', &pending).is_some() {
                let line = memchr(b'\n', &pending).is_some();
                match Layout::of(ask, &pending, false, extension) {
                    Ok(layout) if layout.format == Format::Hl7 || line && layout.format == Format::Ndjson => break,
                    _ => {}
                }
            }
        }
        let layout = match Layout::of(ask, &pending, ended, extension) {
            Ok(layout) => layout,
            Err(reason) => return Ok(Err(reason)),
        };
        let mark = Mark { record: u64::from(!layout.has_header()), document: 1, ..Mark::default() };
        let mut source = Self { pending, ended, read, ..Self::of(input, layout, mark) };
        source.pass(source.layout.prefix.len());
        Ok(Ok(source))
    }

    /// Reads `input` as records of that layout, of which the first is the one at `mark`.
    pub(crate) fn of(input: R, layout: Layout, mark: Mark) -> Self {
        let cut = match (layout.format, &layout.table) {
            (Format::Ndjson, _) => Cut::Line,
            (_, Some(table)) => Cut::Row(table.dialect(), RowEnd::default()),
            (Format::Hl7, _) => Cut::Message(hl7::MessageEnd::default()),
            (Format::Json | Format::Xml, _) => Cut::Whole,
            _ => Cut::Document(layout.separator.clone()),
        };
        Self {
            input,
            layout,
            cut,
            pending: Vec::new(),
            searched: 0,
            ended: false,
            dropping: false,
            chunk: u64::from(mark.offset > 0),
            mark,
            read: READ,
            size: CHUNK,
            limit: u64::MAX,
        }
    }

    /// With chunks of that many bytes at most, where a record is not longer. What comes out of a run does not depend on it.
    pub(crate) fn with_chunks_of(mut self, bytes: usize) -> Self {
        self.size = bytes.max(1);
        self
    }

    /// Only the first records.
    pub(crate) fn with_limit(mut self, records: u64) -> Self {
        self.limit = records;
        self
    }

    /// With a hash of the input in its marks. To be called before anything is read.
    pub(crate) fn hashed(mut self) -> Self {
        self.mark.hash = Some(Sha256::new_with_prefix(self.layout.prefix));
        self
    }

    /// Goes on at that mark of an earlier reading of the same input; what stands before it is read and hashed, but not given
    /// out. `false` when the input ends before.
    ///
    /// # Errors
    ///
    /// When reading fails.
    pub(crate) fn go_on(&mut self, at: &Mark) -> io::Result<bool> {
        while self.mark.offset < at.offset {
            if self.pending.is_empty() && self.ended {
                return Ok(false);
            }
            let ahead = usize::try_from(at.offset - self.mark.offset).unwrap_or(usize::MAX);
            self.pass(ahead.min(self.pending.len()));
            if self.pending.is_empty() && !self.ended {
                self.ended = read_some(&mut self.input, &mut self.pending, self.read)? == 0;
            }
        }
        // A mark within what the first chunk starts with was not made by a reading of this input.
        if self.mark.offset != at.offset {
            return Ok(false);
        }
        (self.mark.record, self.mark.document) = (at.record, at.document);
        self.chunk = 1;
        Ok(true)
    }

    /// The number of the chunk that comes next.
    pub(crate) fn next_chunk(&self) -> u64 {
        self.chunk
    }

    /// How far it was read.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// What the input is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// When reading fails.
    pub fn read_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let mut records = Vec::new();
        loop {
            let mut start = 0;
            while start < self.size
                && self.mark.record <= self.limit
                && let Some(end) = self.find_end(start)
            {
                // The same records are too large however the bytes come.
                let too_large = end.end - start > MAX_RECORD;
                if too_large && start > 0 {
                    self.searched = start;
                    break;
                }
                self.searched = end.next;
                if too_large && !self.dropping {
                    records.push(self.place(0, 0, 0, Some(Fault::new(MAX_RECORD, Reason::TooLarge))));
                }
                if too_large || self.dropping {
                    self.dropping = false;
                    self.pass(end.next);
                    self.searched = 0;
                    self.count(end.continues);
                    if !records.is_empty() {
                        return Ok(Some(self.give(0, records)));
                    }
                    continue;
                }
                let place = self.place(start, end.end, end.next, None);
                records.push(place);
                self.count(end.continues);
                start = end.next;
            }
            if start > 0 || !records.is_empty() {
                return Ok(Some(self.give(start, records)));
            }
            if self.mark.record > self.limit {
                return Ok(None);
            }
            // A carriage return at the end may be half of a line end.
            if self.pending.len() > MAX_RECORD + 1 || self.dropping {
                if !self.dropping {
                    let fault = Fault::new(MAX_RECORD, Reason::TooLarge);
                    records.push(self.place(0, 0, 0, Some(fault)));
                    self.dropping = true;
                }
                // A carriage return at the end may be half of a line end, other bytes the start of a message.
                let keep = match self.cut {
                    Cut::Message(_) => self.pending.len() - self.searched,
                    _ => usize::from(self.pending.last() == Some(&b'\r')),
                };
                let dropped = self.pending.len() - keep;
                self.pass(dropped);
                self.searched = self.searched.saturating_sub(dropped);
                if !records.is_empty() {
                    return Ok(Some(self.give(0, records)));
                }
            }
            if self.ended {
                let left = self.pending.len();
                if left == 0 || self.dropping {
                    self.pass(left);
                    return Ok(None);
                }
                let end = left - self.line_end(left);
                let given = if end > MAX_RECORD {
                    records.push(self.place(0, 0, 0, Some(Fault::new(MAX_RECORD, Reason::TooLarge))));
                    self.pass(left);
                    0
                } else {
                    let mut place = self.place(0, end, left, None);
                    if end == 0 && matches!(self.cut, Cut::Message(_)) {
                        // Blank lines after the last message are no record.
                        place.record = 0;
                    }
                    records.push(place);
                    left
                };
                self.count(false);
                return Ok(Some(self.give(given, records)));
            }
            self.ended = read_some(&mut self.input, &mut self.pending, self.read)? == 0;
        }
    }

    fn place(&self, start: usize, end: usize, next: usize, fault: Option<Fault>) -> Place {
        Place { start, end, next, record: self.mark.record, document: self.mark.document, fault }
    }

    fn count(&mut self, continues: bool) {
        self.mark.record += 1;
        self.mark.document += u64::from(!continues);
    }

    fn give(&mut self, length: usize, records: Vec<Place>) -> Chunk {
        self.took(length);
        let rest = self.pending.split_off(length);
        let bytes = std::mem::replace(&mut self.pending, rest);
        self.searched = self.searched.saturating_sub(length);
        self.chunk += 1;
        let mark = (!self.dropping).then(|| self.mark.clone());
        Chunk { number: self.chunk - 1, bytes, records, mark }
    }

    /// Passes over the first bytes that are pending.
    fn pass(&mut self, length: usize) {
        self.took(length);
        self.pending.drain(..length);
    }

    fn took(&mut self, length: usize) {
        self.mark.offset += length as u64;
        if let Some(hash) = &mut self.mark.hash {
            hash.update(self.pending.get(..length).unwrap_or_default());
        }
    }

    /// Length of what ends the last record of the input and is no part of it.
    fn line_end(&self, left: usize) -> usize {
        match self.cut {
            Cut::Line | Cut::Row(..) => usize::from(self.pending.get(left - 1) == Some(&b'\r')),
            Cut::Message(_) => left - hl7::end_of(&self.pending),
            _ => 0,
        }
    }

    /// The end of the record that starts at `start`.
    fn find_end(&mut self, start: usize) -> Option<End> {
        let from = self.searched.max(start);
        let rest = self.pending.get(from..).unwrap_or_default();
        match &mut self.cut {
            Cut::Line => {
                let Some(found) = memchr(b'\n', rest) else {
                    self.searched = self.pending.len();
                    return None;
                };
                let end = from + found;
                let cr = end > start && self.pending.get(end - 1) == Some(&b'\r');
                Some(End { end: end - usize::from(cr), next: end + 1, continues: false })
            }
            Cut::Row(dialect, row) => match row.advance(*dialect, &self.pending, from) {
                Some((end, next)) => Some(End { end, next, continues: false }),
                None => {
                    self.searched = row.resume(&self.pending);
                    None
                }
            },
            Cut::Document(separator) => {
                let text = self.pending.get(start..).unwrap_or_default();
                if !separator.is_empty() {
                    let back = from.saturating_sub(separator.len() - 1).max(start) - start;
                    if let Some(found) = memmem::find(text.get(back..).unwrap_or_default(), separator)
                        && back + found <= MAX_DOCUMENT
                    {
                        let end = start + back + found;
                        return Some(End { end, next: end + separator.len(), continues: false });
                    }
                }
                // A separator that begins before the limit must be whole to be seen.
                if text.len() > MAX_DOCUMENT + separator.len() {
                    let end = start + document_cut(text.get(..MAX_DOCUMENT).unwrap_or(text));
                    return Some(End { end, next: end, continues: true });
                }
                self.searched = self.pending.len();
                None
            }
            Cut::Message(message) => match message.advance(&self.pending, from) {
                Ok(next) => {
                    let end = start + hl7::end_of(self.pending.get(start..next).unwrap_or_default());
                    Some(End { end, next, continues: false })
                }
                Err(resume) => {
                    self.searched = resume;
                    None
                }
            },
            Cut::Whole => None,
        }
    }
}

/// Where to cut a text that is too long: after a paragraph, a line, a word, at worst between two characters.
fn document_cut(text: &[u8]) -> usize {
    let half = text.len() / 2;
    let late = text.get(half..).unwrap_or_default();
    if let Some(at) =
        memmem::rfind(late, b"\n\n").map(|at| at + 2).or_else(|| memmem::rfind(late, b"\n\r\n").map(|at| at + 3))
    {
        return half + at;
    }
    if let Some(at) = memrchr(b'\n', late).or_else(|| memrchr2(b' ', b'\t', late)) {
        return half + at + 1;
    }
    // Continuation bytes of UTF-8 are 10xxxxxx; a character has at most three.
    let back = text.iter().rev().take(4).position(|b| b & 0xC0 != 0x80).unwrap_or(0);
    text.len() - back - 1
}

/// Appends what one read brings; 0 at the end.
fn read_some(input: &mut impl Read, out: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    let before = out.len();
    out.resize(before + most, 0);
    loop {
        match input.read(out.get_mut(before..).unwrap_or_default()) {
            Ok(n) => {
                out.truncate(before + n);
                return Ok(n);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                out.truncate(before);
                return Err(e);
            }
        }
    }
}

/// Bytes asked for by one read, unless there are fewer.
pub(crate) const READ: usize = 256 << 10;

/// Bytes above which a chunk takes no further record.
const CHUNK: usize = 512 << 10;

/// Bytes that the format is told by, where no line end says enough before.
const START: usize = 64 << 10;

#[cfg(test)]
mod tests;
