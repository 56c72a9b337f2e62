//! Reads messages of HL7 version 2: fields by a table of segments and data types, text joined over repetitions and
//! segments, and everything that the table does not know by what it looks like.

mod cut;
mod delimiters;
pub(super) mod escape;
mod guess;
mod kind;
mod place;
mod silent;
mod sound;
mod table;
mod value;
mod words;

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use self::kind::Kind;
use self::place::Fields;
use self::silent::Silent;
use self::value::{Around, hint, says_something};
use super::attachment::{self, Attachment};
use super::{Charset, Delimiters, Escape, Fault, Join, Part, Reason, Record, Segment, Select, near};
use crate::identifier::{Hint, Label};
use crate::span::Span;

pub(crate) use self::cut::{MessageEnd, end_of};
pub(crate) use self::sound::is_sound;

/// Reads messages; remembers which fields are wanted, and what held nothing to search.
pub(crate) struct Reader {
    fields: Fields,
    silent: Silent,
}

impl Reader {
    /// A reader that looks at the fields of that selection.
    pub(crate) fn new(select: Select) -> Self {
        Self { fields: Fields::new(select), silent: Silent::new() }
    }

    /// Reads one message, or one segment of the envelope; blank lines and the start of a frame may stand before it.
    ///
    /// # Errors
    ///
    /// What does not begin with a header, delimiters that cannot be told from text, NUL bytes, and a character set in which
    /// delimiters may be parts of characters.
    pub(crate) fn read<'r>(&mut self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        if let Some(at) = memchr(0, bytes) {
            return Err(Fault::new(at, Reason::Binary));
        }
        let text = std::str::from_utf8(bytes).ok();
        let charset = if text.is_some() { Charset::Utf8 } else { Charset::Windows1252 };
        let mut record = Record::new(bytes, charset);
        let blank = |byte: &u8| matches!(*byte, b'\r' | b'\n' | cut::FRAME_START | b'\x1c');
        let start = bytes.iter().take_while(|byte| blank(byte)).count();
        let Some(line) = lines(bytes, start).next() else { return Ok(record) };
        let header = bytes.get(line.start..line.end).unwrap_or_default();
        let found = delimiters::of_header(header);
        let (delimiters, first) = found.map_err(|fault| Fault { offset: fault.offset + line.start as u64, ..fault })?;
        // The segments take about one in this many bytes.
        record.segments.reserve(bytes.len() / 24);
        self.silent.begin(delimiters, text.is_some());
        let mut message = Message {
            fields: &mut self.fields,
            silent: &mut self.silent,
            delimiters,
            marks: marks(delimiters),
            text,
            record,
            notes: Vec::new(),
            run: Run::None,
            line: Line::default(),
        };
        let is_trailer = matches!(header.get(..3), Some(b"BTS" | b"FTS"));
        message.begin(line, header);
        message.segment(Span::new(line.start + first, line.end), if is_trailer { 1 } else { 3 });
        for line in lines(bytes, line.end) {
            message.line(line);
        }
        message.flush();
        if message.is_unreadable() {
            return Err(Fault::new(line.start, Reason::Hl7Charset));
        }
        Ok(message.record)
    }

    /// The name of a field, as `PID-5.1`.
    pub(crate) fn field_name(&self, field: u32) -> String {
        place::name(field)
    }
}

/// Separates fields.
const FIELD: u8 = 1;
/// Separates repetitions.
const REPETITION: u8 = 2;
/// Separates components.
const COMPONENT: u8 = 4;
/// Separates sub-components.
const SUBCOMPONENT: u8 = 8;
/// What each byte separates.
fn marks(d: Delimiters) -> [u8; 256] {
    let mut marks = [0; 256];
    let all = [(d.field, FIELD), (d.repetition, REPETITION), (d.component, COMPONENT), (d.subcomponent, SUBCOMPONENT)];
    for (byte, mark) in all.into_iter().filter(|(byte, _)| *byte != 0) {
        marks[usize::from(byte)] |= mark;
    }
    marks
}

/// The lines of a message from `start` on that are not empty.
fn lines(bytes: &[u8], start: usize) -> impl Iterator<Item = Span> + '_ {
    let mut at = start;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let rest = bytes.get(at..)?;
            let length = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let line = Span::new(at, at + length);
            at += length + 1;
            if length > 0 {
                return Some(line);
            }
        }
        None
    })
}

/// A message that is being read.
struct Message<'p, 'r> {
    fields: &'p mut Fields,
    silent: &'p mut Silent,
    delimiters: Delimiters,
    /// What each byte separates, see [`marks`].
    marks: [u8; 256],
    /// Its bytes, when they are UTF-8.
    text: Option<&'r str>,
    record: Record<'r>,
    /// Text that may go on in the next segment.
    notes: Vec<Segment<'r>>,
    /// What that text is of.
    run: Run,
    line: Line,
}

/// The segment that is being read.
#[derive(Clone, Copy)]
struct Line {
    name: [u8; 3],
    /// What the numbers of its fields begin with.
    base: u32,
    /// Whether there are escapes in it.
    escaped: bool,
    /// Between its repetitions and sub-components; 0 where it has none.
    repetition: u8,
    subcomponent: u8,
    field: usize,
    /// What OBX-2 says of OBX-5.
    value_type: Kind,
}

impl Default for Line {
    fn default() -> Self {
        let value_type = Kind::Unknown;
        Self { name: *b"MSH", base: 0, escaped: false, repetition: 0, subcomponent: 0, field: 0, value_type }
    }
}

/// Segments whose texts belong together while they follow one another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    None,
    Of([u8; 3]),
}

impl<'r> Message<'_, 'r> {
    fn bytes(&self, span: Span) -> &'r [u8] {
        self.record.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// Reads a line that is not the header: a segment, or what a line end in a text has torn off.
    fn line(&mut self, line: Span) {
        let bytes = self.bytes(line);
        match bytes {
            [a, b, c, rest @ ..]
                if a.is_ascii_uppercase()
                    && [b, c].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                    && rest.first().is_none_or(|byte| *byte == self.delimiters.field) =>
            {
                self.begin(line, bytes);
                self.segment(Span::new((line.start + 4).min(line.end), line.end), 1);
            }
            _ => {
                self.line = Line { name: self.line.name, base: self.line.base, ..self.marks(bytes) };
                let mut first = true;
                for field in parts(bytes, line.start, self.delimiters.field) {
                    self.note(field, if first { Join::Line } else { Join::Space });
                    first = false;
                }
            }
        }
    }

    /// A line with those of the delimiters that are in it.
    fn marks(&self, line: &[u8]) -> Line {
        let Delimiters { repetition, escape, subcomponent, .. } = self.delimiters;
        let mark = |delimiter| memchr(delimiter, line).map_or(0, |_| delimiter);
        Line {
            escaped: mark(escape) != 0,
            repetition: mark(repetition),
            subcomponent: mark(subcomponent),
            ..Line::default()
        }
    }

    fn begin(&mut self, line: Span, bytes: &[u8]) {
        let name = bytes.first_chunk().copied().unwrap_or(*b"   ");
        let base = place::base(name);
        let escaped = memchr(self.delimiters.escape, bytes).is_some();
        self.line = Line { name, base, escaped, ..Line::default() };
        match &name {
            // Text of an observation goes on only in the next one.
            b"OBX" => {
                self.line.value_type = Kind::of_observation(self.bytes(self.field(line, 2)));
                if self.line.value_type != Kind::Note || self.run != Run::Of(name) {
                    self.flush();
                }
            }
            b"NTE" | b"DSP" if self.run == Run::Of(name) => {}
            _ => self.flush(),
        }
        self.run = Run::Of(name);
        if name == *b"PID" && !self.fields.names_patient() && self.record.patient.is_none() {
            self.record.patient = self.patient(line);
        }
    }

    /// A field of a segment by its number.
    fn field(&self, line: Span, number: usize) -> Span {
        let field = parts(self.bytes(line), line.start, self.delimiters.field).nth(number);
        field.unwrap_or(Span::new(line.end, line.end))
    }

    /// Whose message it is: the first medical record number in PID-3, or else its first id, or else PID-2.
    fn patient(&self, line: Span) -> Option<Cow<'r, str>> {
        let list = self.field(line, 3);
        let component = self.delimiters.component;
        let id = |span: Span| parts(self.bytes(span), span.start, component).next().filter(|id| !id.is_empty());
        let kind = |span: Span| {
            parts(self.bytes(span), span.start, component).nth(4).map(|kind| self.bytes(kind)).unwrap_or_default()
        };
        let all = || parts(self.bytes(list), list.start, self.delimiters.repetition).filter(|rep| id(*rep).is_some());
        let best = all().find(|rep| kind(*rep) == b"MR").or_else(|| all().next());
        best.and_then(id).or_else(|| id(self.field(line, 2))).map(|id| self.decode(id))
    }

    /// Reads the fields of a segment from the one of that number on.
    fn segment(&mut self, fields: Span, first: usize) {
        if fields.is_empty() {
            return;
        }
        let kinds = table::fields(&self.line.name);
        let Delimiters { repetition, subcomponent, .. } = self.delimiters;
        let mut rest = self.bytes(fields);
        for number in first.. {
            // One look at a field tells where it ends and what is in it.
            let (mut seen, mut length) = (0, rest.len());
            for (at, byte) in rest.iter().enumerate() {
                let mark = self.marks[usize::from(*byte)];
                if mark & FIELD != 0 {
                    length = at;
                    break;
                }
                seen |= mark;
            }
            let bytes = rest.get(..length).unwrap_or_default();
            if length > 0 && !self.silent.holds(self.line.name, number, bytes) {
                let start = fields.end - rest.len();
                let kind = kinds.get(number - 1).copied().unwrap_or(Kind::Unknown);
                self.line.field = number;
                self.line.repetition = if seen & REPETITION != 0 { repetition } else { 0 };
                self.line.subcomponent = if seen & SUBCOMPONENT != 0 { subcomponent } else { 0 };
                let component = if seen & COMPONENT != 0 { self.delimiters.component } else { 0 };
                let before = self.record.segments.len();
                self.whole(kind, Span::new(start, start + length), component);
                // What a text is read as depends on others, and where a field names the patient nothing is passed over.
                if self.record.segments.len() == before
                    && !matches!(kind, Kind::Value | Kind::Note | Kind::Ed)
                    && !self.fields.names_patient()
                {
                    self.silent.note(self.line.name, number, bytes);
                }
            }
            match rest.get(length + 1..) {
                Some(further) => rest = further,
                None => break,
            }
        }
    }

    /// Reads a field whose components that byte separates; 0 where it has one alone.
    fn whole(&mut self, kind: Kind, field: Span, component: u8) {
        let kind = if kind == Kind::Value { self.line.value_type } else { kind };
        if self.line.repetition == 0 {
            return self.repetition(kind, field, component);
        }
        for rep in parts(self.bytes(field), field.start, self.line.repetition) {
            if !rep.is_empty() {
                self.repetition(kind, rep, component);
            }
        }
    }

    /// Reads a repetition whose components that byte separates; 0 where it has one alone.
    fn repetition(&mut self, kind: Kind, rep: Span, separator: u8) {
        let around = self.around(rep, separator, kind);
        let kind = match kind {
            Kind::Note => return self.note(rep, Join::Line),
            Kind::Ed => return self.document(rep),
            Kind::Unknown => match guess::of(around) {
                Some(kind) => kind,
                None => return self.unknown(rep),
            },
            // Older versions have a name there.
            Kind::Ndl if around.part(2).iter().any(u8::is_ascii_alphabetic) => Kind::Xcn,
            kind => kind,
        };
        let kinds = kind.parts();
        let part = |at: usize| match kinds.get(at) {
            Some(part) => *part,
            None if at == 0 => kind,
            None if kinds.is_empty() && matches!(kind, Kind::Code | Kind::Number | Kind::Text | Kind::Never) => kind,
            None => Kind::Unknown,
        };
        // Most are one value.
        if separator == 0 {
            return self.component(part(0), rep, 1, around);
        }
        for (at, component) in parts(around.bytes, rep.start, separator).enumerate() {
            if !component.is_empty() {
                self.component(part(at), component, at + 1, around);
            }
        }
    }

    fn component(&mut self, kind: Kind, component: Span, number: usize, around: Around<'r>) {
        let bytes = self.bytes(component);
        let separator = self.line.subcomponent;
        if separator == 0 || find(separator, bytes).is_none() {
            return self.value(kind.leaf(), component, number, around, Join::Apart);
        }
        let inside = self.around(component, separator, kind);
        let inside = if kind.parts().is_empty() { Around { label: around.label, ..inside } } else { inside };
        let kinds = kind.parts();
        let mut join = Join::Apart;
        for (at, part) in parts(bytes, component.start, separator).enumerate() {
            let of = match kinds.get(at) {
                Some(kind) => kind.leaf(),
                None if !kinds.is_empty() => Kind::Unknown,
                // A value with an ampersand that was not escaped.
                None => kind,
            };
            let before = self.record.segments.len();
            self.value(of, part, number, inside, if of == Kind::Text { join } else { Join::Apart });
            // Only a text goes on, and only after one that is searched.
            if self.record.segments.len() > before {
                join = if of == Kind::Text { Join::Space } else { Join::Apart };
            }
        }
    }

    /// A value without parts.
    fn value(&mut self, kind: Kind, raw: Span, number: usize, around: Around<'r>, join: Join) {
        let bytes = self.bytes(raw);
        let field = place::number(self.line.base, self.line.field, number);
        let wanted = self.fields.wanted(field);
        if wanted.patient && !raw.is_empty() && self.record.patient.is_none() {
            self.record.patient = Some(self.decode(raw));
        }
        if !wanted.search || !says_something(bytes) {
            return;
        }
        if matches!(kind, Kind::Never) && !wanted.named {
            return;
        }
        let hint = match hint(kind, bytes, around) {
            Hint::Skip if wanted.named => Hint::Text,
            Hint::Skip => return,
            hint => hint,
        };
        let part = match (kind, hint) {
            (Kind::Family, _) => Part::Family,
            // XPN.7: a nickname (HL7 table 0200).
            (Kind::Given, _) if around.part(7) == b"N" => Part::Nick,
            (Kind::Given, _) => Part::Given,
            (Kind::Nick, _) => Part::Nick,
            (Kind::PersonId | Kind::Is(_), Hint::Whole(Label::Name)) if find(b' ', bytes).is_some() => Part::Full,
            _ => Part::Unknown,
        };
        let segment = self.new_segment(raw, hint);
        self.record.segments.push(Segment { rule: wanted.rule, join, part, field, ..segment });
    }

    /// Text that may go on, as far as it goes without delimiters.
    fn note(&mut self, raw: Span, join: Join) {
        let (component, Line { repetition, subcomponent, .. }) = (self.delimiters.component, self.line);
        let mut join = join;
        for rep in parts(self.bytes(raw), raw.start, repetition) {
            for (at, part) in parts(self.bytes(rep), rep.start, component).enumerate() {
                for piece in parts(self.bytes(part), part.start, subcomponent) {
                    self.piece(piece, at + 1, join);
                    join = Join::Space;
                }
            }
        }
    }

    fn piece(&mut self, raw: Span, number: usize, join: Join) {
        let bytes = self.bytes(raw);
        let field = place::number(self.line.base, self.line.field, number);
        let wanted = self.fields.wanted(field);
        if wanted.patient && !raw.is_empty() && self.record.patient.is_none() {
            self.record.patient = Some(self.decode(raw));
        }
        if !wanted.search || !says_something(bytes) {
            return;
        }
        if is_base64(bytes) {
            let base64 = self.decode(raw);
            let (media, size, hash) = (None, None, None);
            let (opaque, rule) = (Label::OtherId, wanted.rule);
            attachment::open(
                &mut self.record,
                Attachment { raw, base64: &base64, media, size, hash, opaque, rule, field },
            );
            return;
        }
        // A result that is a number says nothing of the text around it.
        if bytes.len() < 5 && value::is_number(bytes) && !wanted.named {
            return;
        }
        let join = if self.notes.is_empty() { Join::Apart } else { join };
        let segment = self.new_segment(raw, Hint::Text);
        self.notes.push(Segment { rule: wanted.rule, join, field, ..segment });
    }

    /// A repetition of which nothing is known: its parts are searched as one text, but for those that look like one value.
    fn unknown(&mut self, rep: Span) {
        let around = self.around(rep, self.delimiters.component, Kind::Unknown);
        let mut join = Join::Apart;
        for (at, component) in parts(around.bytes, rep.start, self.delimiters.component).enumerate() {
            for part in parts(self.bytes(component), component.start, self.line.subcomponent) {
                let bytes = self.bytes(part);
                if let Some((name, start)) = guess::named(bytes)
                    && let value = Span::new(part.start + start, part.end)
                    && let Hint::Whole(label) = self.fields.named(name).hint(&self.decode(value), false)
                {
                    self.value(Kind::Is(label), value, at + 1, around, Join::Apart);
                    join = Join::Apart;
                    continue;
                }
                if hint(Kind::Unknown, bytes, around) != Hint::Text {
                    self.value(Kind::Unknown, part, at + 1, around, Join::Apart);
                    join = Join::Apart;
                    continue;
                }
                let before = self.record.segments.len();
                self.value(Kind::Text, part, at + 1, around, join);
                if self.record.segments.len() > before {
                    join = Join::Space;
                }
            }
        }
    }

    /// An encapsulated document (ED): application, type, subtype, encoding, data.
    fn document(&mut self, rep: Span) {
        let around = self.around(rep, self.delimiters.component, Kind::Ed);
        let encoding = around.part(4);
        for (at, component) in parts(around.bytes, rep.start, self.delimiters.component).enumerate() {
            let number = at + 1;
            let bytes = self.bytes(component);
            let field = place::number(self.line.base, self.line.field, number);
            let wanted = self.fields.wanted(field);
            match number {
                1 => self.component(Kind::App, component, number, around),
                2..=4 => self.component(Kind::Unit, component, number, around),
                5 if bytes.is_empty() || !wanted.search => {}
                5 if encoding.eq_ignore_ascii_case(b"Base64") || is_base64(bytes) => {
                    let kind =
                        [around.part(2), around.part(3)].map(|part| String::from_utf8_lossy(part).to_lowercase());
                    let media = media(&kind[0], &kind[1]);
                    let opaque = if media.starts_with("image/") { Label::Biometric } else { Label::OtherId };
                    let base64 = self.decode(component);
                    let (size, hash, rule) = (None, None, wanted.rule);
                    let media = Some(media.as_str());
                    let document =
                        Attachment { raw: component, base64: &base64, media, size, hash, opaque, rule, field };
                    attachment::open(&mut self.record, document);
                }
                5 if encoding.eq_ignore_ascii_case(b"Hex") => {
                    self.value(Kind::Is(Label::OtherId), component, number, around, Join::Apart);
                }
                _ => self.note(component, Join::Line),
            }
        }
    }

    fn around(&self, span: Span, separator: u8, kind: Kind) -> Around<'r> {
        let label = if let Kind::Cx(label) = kind { label } else { Label::OtherId };
        Around { bytes: self.bytes(span), separator, label }
    }

    fn new_segment(&self, raw: Span, hint: Hint) -> Segment<'r> {
        Segment::new(raw, self.decode(raw), hint, Escape::Hl7(self.delimiters))
    }

    fn decode(&self, raw: Span) -> Cow<'r, str> {
        match self.text.and_then(|text| text.get(raw.start..raw.end)) {
            Some(text) if !self.line.escaped => Cow::Borrowed(text),
            _ => escape::decode(self.bytes(raw), self.delimiters, self.record.charset),
        }
    }

    /// The text that was read goes no further.
    fn flush(&mut self) {
        self.record.segments.append(&mut self.notes);
        self.run = Run::None;
    }

    /// Whether it is written in a character set whose characters may hold the bytes of delimiters: MSH-18 says so, or it
    /// shifts between sets (ISO 2022).
    fn is_unreadable(&self) -> bool {
        if memchr(0x1B, self.record.bytes).is_some() {
            return true;
        }
        let Some(line) = lines(self.record.bytes, 0).next().filter(|_| self.text.is_none()) else { return false };
        let declared = self.field(line, 17);
        // Repetitions are sets that it may shift to.
        let first = parts(self.bytes(declared), declared.start, self.delimiters.repetition).next();
        let first = first.map(|set| self.bytes(set)).unwrap_or_default();
        // Single bytes that hold ASCII; what says that it is UTF-8 or ASCII and is not is Windows-1252 more often than not.
        !(first.is_empty() || first == b"ASCII" || first.starts_with(b"8859/") || first.starts_with(b"UNICODE UTF-8"))
    }
}

/// The media type of ED.2 and ED.3 (HL7 tables 0191 and 0291).
fn media(kind: &str, subtype: &str) -> String {
    let kind = match kind {
        "ap" => "application",
        "au" => "audio",
        "im" | "si" | "ns" | "sd" => "image",
        "ft" | "tx" => "text",
        kind => kind,
    };
    format!("{kind}/{subtype}")
}

/// Base 64 in a text: nothing else is as long without a space and uses both cases.
fn is_base64(bytes: &[u8]) -> bool {
    bytes.len() >= 64
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        && [u8::is_ascii_uppercase, u8::is_ascii_lowercase].iter().all(|case| bytes.iter().any(case))
}

/// Where the separator stands first; never when it is 0.
#[inline]
fn find(separator: u8, bytes: &[u8]) -> Option<usize> {
    if separator == 0 { None } else { near::find(separator, bytes) }
}

/// What stands between separators in `bytes`, which begin at `start`; all of it when the separator is 0.
fn parts(bytes: &[u8], start: usize, separator: u8) -> impl Iterator<Item = Span> + use<'_> {
    let mut at = Some(0);
    std::iter::from_fn(move || {
        let from = at?;
        let rest = bytes.get(from..)?;
        let found = find(separator, rest);
        at = found.map(|length| from + length + 1);
        Some(Span::new(start + from, start + from + found.unwrap_or(rest.len())))
    })
}

#[cfg(test)]
mod tests;
