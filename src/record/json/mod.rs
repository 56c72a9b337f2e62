//! Reads a JSON value in place: checks it against RFC 8259 and finds the texts that are to be searched.
//!
//! simd-json's tape was measured against this scan (`benches/records.rs`): on records of the usual size it is as fast, but
//! it needs a copy, does not say where numbers stand, and refuses integers beyond 64 bits. It checks the output instead,
//! see `is_valid`.

mod ended;
mod late;
mod resource;
pub(crate) mod scan;
mod shape;
mod spot;
mod whose;

use std::borrow::Cow;

use self::late::Late;
use self::resource::{Open, Slot};
pub(super) use self::scan::unescape;
use self::scan::{check_escapes, number_end, string_end, whitespace_end};
use self::shape::{ROOT, Shape, Sibling};
use self::whose::Subject;
use super::fhir::Kind as Fhir;
use super::{Charset, Escape, Fault, Reason, Record, Segment, Select};
use crate::identifier::Hint;
use crate::span::Span;

/// Levels of nesting above which a record is set aside.
pub const MAX_DEPTH: usize = 1024;

/// Reads records of like structure; remembers what the names of their fields mean.
pub struct Reader {
    shape: Shape,
    frames: Vec<Frame>,
    /// Indices of segments under a plain `name` in an object that is still open.
    names: Vec<usize>,
    /// Whether resources of FHIR are looked for.
    resources: Resources,
    late: Late,
    /// Values in resources whose meaning shows when the object ends that they stand in.
    slots: Vec<Slot>,
    subject: Subject,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Resources {
    Read,
    Ignore,
}

/// An open object or array.
struct Frame {
    /// The node of the container in the shape.
    node: u32,
    kind: Kind,
    /// The member read last, `ROOT` before the first.
    last: u32,
    /// Elements read so far.
    index: usize,
    /// What its members so far say of a plain `name` among them.
    siblings: Sibling,
    /// `Reader::names` from here on are this object's.
    names: usize,
    /// What is known of the object when it is part of a resource.
    open: Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
}

/// What stands next.
enum State {
    Value(u32),
    /// A key, after `{` or a comma.
    Key,
    /// A comma or the end of the container.
    After,
}

impl Reader {
    /// A reader that looks at the fields of that selection.
    pub fn new(select: Select) -> Self {
        Self {
            shape: Shape::new(select),
            frames: Vec::new(),
            names: Vec::new(),
            resources: Resources::Read,
            late: Late::none(),
            slots: Vec::new(),
            subject: Subject::default(),
        }
    }

    /// A reader that only checks the grammar.
    pub(crate) fn grammar() -> Self {
        Self { resources: Resources::Ignore, ..Self::new(Select::nothing()) }
    }

    /// How a field of the record read last is called: a JSON pointer with `*` for any element of an array. Names that may
    /// be data, such as numbers that a map is keyed by, are `*` too.
    pub(crate) fn field_name(&self, field: u32) -> String {
        self.shape.pointer(field)
    }

    /// Reads one record that holds one JSON value.
    ///
    /// # Errors
    ///
    /// The first fault; the record must not pass.
    pub fn read<'r>(&mut self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        let mut record = Record::new(bytes, Charset::Utf8);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => return Err(Fault::new(e.valid_up_to(), Reason::InvalidUtf8)),
        };
        self.shape.begin();
        self.frames.clear();
        self.names.clear();
        self.slots.clear();
        self.subject.clear();
        if self.resources == Resources::Read {
            self.late = Late::of(bytes);
        }
        let mut at = whitespace_end(bytes, 0);
        let mut state = State::Value(ROOT);
        loop {
            state = match state {
                State::Value(node) => match bytes.get(at) {
                    Some(b'"') => {
                        let start = at + 1;
                        let (end, escaped) = string_end(bytes, start)?;
                        self.string(text, node, Span::new(start, end), escaped, &mut record)?;
                        at = end + 1;
                        State::After
                    }
                    Some(open @ (b'{' | b'[')) => {
                        if self.frames.len() >= MAX_DEPTH {
                            return Err(Fault::new(at, Reason::JsonTooDeep));
                        }
                        let kind = if *open == b'{' { Kind::Object } else { Kind::Array };
                        let node = match kind {
                            Kind::Object if self.resources == Resources::Read => self.object(text, at, node)?,
                            _ => node,
                        };
                        self.frames.push(Frame {
                            node,
                            kind,
                            last: ROOT,
                            index: 0,
                            siblings: Sibling::default(),
                            names: self.names.len(),
                            open: Open::new(self.slots.len(), record.segments.len()),
                        });
                        at = whitespace_end(bytes, at + 1);
                        match (kind, bytes.get(at)) {
                            (Kind::Object, Some(b'}')) | (Kind::Array, Some(b']')) => State::After,
                            (Kind::Object, _) => State::Key,
                            (Kind::Array, _) => State::Value(self.element()),
                        }
                    }
                    Some(b'-' | b'0'..=b'9') => {
                        let end = number_end(bytes, at)?;
                        self.number(text, node, Span::new(at, end), &mut record);
                        at = end;
                        State::After
                    }
                    Some(b't') => literal(bytes, &mut at, b"true")?,
                    Some(b'f') => literal(bytes, &mut at, b"false")?,
                    Some(b'n') => literal(bytes, &mut at, b"null")?,
                    Some(_) => return Err(Fault::new(at, Reason::JsonUnexpectedByte)),
                    None => return Err(Fault::new(at, Reason::JsonUnexpectedEnd)),
                },
                State::Key => {
                    match bytes.get(at) {
                        Some(b'"') => {}
                        Some(_) => return Err(Fault::new(at, Reason::JsonUnexpectedByte)),
                        None => return Err(Fault::new(at, Reason::JsonUnexpectedEnd)),
                    }
                    let start = at + 1;
                    let (end, escaped) = string_end(bytes, start)?;
                    let node = self.member(text, Span::new(start, end), escaped, &mut record)?;
                    at = whitespace_end(bytes, end + 1);
                    match bytes.get(at) {
                        Some(b':') => at = whitespace_end(bytes, at + 1),
                        Some(_) => return Err(Fault::new(at, Reason::JsonUnexpectedByte)),
                        None => return Err(Fault::new(at, Reason::JsonUnexpectedEnd)),
                    }
                    State::Value(node)
                }
                State::After => {
                    at = whitespace_end(bytes, at);
                    let Some(frame) = self.frames.last() else {
                        if at < bytes.len() {
                            return Err(Fault::new(at, Reason::JsonTrailingData));
                        }
                        self.subject.settle(&mut record, self.shape.has_patient());
                        return Ok(record);
                    };
                    match (frame.kind, bytes.get(at)) {
                        (Kind::Object, Some(b',')) => {
                            at = whitespace_end(bytes, at + 1);
                            State::Key
                        }
                        (Kind::Array, Some(b',')) => {
                            at = whitespace_end(bytes, at + 1);
                            State::Value(self.element())
                        }
                        (Kind::Object, Some(b'}')) | (Kind::Array, Some(b']')) => {
                            at += 1;
                            self.close(text, &mut record)?;
                            State::After
                        }
                        (_, Some(_)) => return Err(Fault::new(at, Reason::JsonUnexpectedByte)),
                        (_, None) => return Err(Fault::new(at, Reason::JsonUnexpectedEnd)),
                    }
                }
            };
        }
    }

    /// The node of the member whose key stands at `raw`.
    fn member<'r>(&mut self, text: &'r str, raw: Span, escaped: bool, record: &mut Record<'r>) -> Result<u32, Fault> {
        let key = raw.of(text);
        let Some(frame) = self.frames.last_mut() else { return Ok(ROOT) };
        let node = match self.shape.known(frame.node, frame.last, key) {
            Some(node) => node,
            None => {
                let name = if escaped { unescape(key, raw.start)? } else { Cow::Borrowed(key) };
                self.shape.member(frame.node, frame.last, key, &name)
            }
        };
        frame.last = node;
        frame.siblings |= self.shape.sibling(node);
        if let Some(hint) = self.shape.key_hint(frame.node, node) {
            let name = if escaped { unescape(key, raw.start)? } else { Cow::Borrowed(key) };
            record.segments.push(Segment { field: node, ..Segment::new(raw, name, hint, Escape::Json) });
        }
        Ok(node)
    }

    /// The node of the next element of the innermost array.
    fn element(&mut self) -> u32 {
        let Some(frame) = self.frames.last_mut() else { return ROOT };
        let node = self.shape.element(frame.node, frame.last, frame.index);
        frame.last = node;
        frame.index += 1;
        node
    }

    fn string<'r>(
        &mut self,
        text: &'r str,
        node: u32,
        raw: Span,
        escaped: bool,
        record: &mut Record<'r>,
    ) -> Result<(), Fault> {
        let wanted = self.shape.wanted(node);
        let element = self.shape.element_of(node);
        if element.kind != Fhir::Json {
            return self.element_string(text, node, element, raw, escaped, record);
        }
        if !wanted.any() {
            // An escape must be sound even where nobody looks.
            if escaped {
                check_escapes(raw.of(text), raw.start)?;
            }
            return Ok(());
        }
        let value = if escaped { unescape(raw.of(text), raw.start)? } else { Cow::Borrowed(raw.of(text)) };
        if wanted.patient {
            record.patient = Some(value.clone());
        }
        if wanted.search && !value.is_empty() {
            let hint = self.shape.hint(node, &value, false);
            if hint != Hint::Skip {
                if self.shape.is_plain_name(node) {
                    self.names.push(record.segments.len());
                }
                let segment = Segment::new(raw, value, hint, Escape::Json);
                record.segments.push(Segment { rule: wanted.rule, field: node, ..segment });
            }
        }
        Ok(())
    }

    fn number<'r>(&mut self, text: &'r str, node: u32, raw: Span, record: &mut Record<'r>) {
        let wanted = self.shape.wanted(node);
        if wanted.patient {
            record.patient = Some(Cow::Borrowed(raw.of(text)));
        }
        let element = self.shape.element_of(node);
        if !matches!(element.kind, Fhir::Json | Fhir::Other) {
            self.element_number(text, node, element, raw, record);
        } else if wanted.search {
            let value = raw.of(text);
            let hint = self.shape.hint(node, value, true);
            if matches!(hint, Hint::Whole(_)) {
                let text = Cow::Borrowed(value);
                let segment = Segment::new(raw, text, hint, Escape::JsonNumber);
                record.segments.push(Segment { rule: wanted.rule, field: node, ..segment });
            }
        }
    }

    /// Ends the innermost container: a plain `name` beside a dose is no person's.
    fn close<'r>(&mut self, text: &'r str, record: &mut Record<'r>) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        if frame.kind == Kind::Object {
            self.end_element(text, &frame, record)?;
        }
        if frame.siblings.is_thing() {
            for at in self.names.iter().skip(frame.names) {
                if let Some(segment) = record.segments.get_mut(*at) {
                    segment.hint = Hint::Text;
                }
            }
        }
        self.names.truncate(frame.names);
        self.shape.end(frame.node);
        Ok(())
    }
}

/// Whether the bytes are one JSON value, as an independent parser sees it. Integers beyond 64 bits, which that parser
/// does not take, are left to the own scan.
pub(crate) fn is_valid(bytes: &[u8], copy: &mut Vec<u8>, buffers: &mut simd_json::Buffers) -> bool {
    copy.clear();
    copy.extend_from_slice(bytes);
    simd_json::to_tape_with_buffers(copy, buffers).is_ok() || Reader::grammar().read(bytes).is_ok()
}

fn literal(bytes: &[u8], at: &mut usize, word: &[u8]) -> Result<State, Fault> {
    for (i, want) in word.iter().enumerate() {
        match bytes.get(*at + i) {
            Some(have) if have == want => {}
            Some(_) => return Err(Fault::new(*at + i, Reason::JsonUnexpectedByte)),
            None => return Err(Fault::new(*at + i, Reason::JsonUnexpectedEnd)),
        }
    }
    *at += word.len();
    Ok(State::After)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod resource_tests;
