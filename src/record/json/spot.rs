//! Segments of a value in a resource: the whole value or parts of it.

use std::borrow::Cow;

use crate::identifier::{Hint, Label};
use crate::record::fhir::uri::{self, Uri};
use crate::record::select::Wanted;
use crate::record::{Escape, Form, Part, Record, Segment, Walk};
use crate::span::Span;

/// A value and where it stands.
pub(super) struct Spot<'r> {
    pub(super) raw: Span,
    /// Escapes resolved.
    pub(super) value: Cow<'r, str>,
    pub(super) escape: Escape,
    pub(super) wanted: Wanted,
    pub(super) field: u32,
}

impl<'r> Spot<'r> {
    /// The whole value.
    pub(super) fn whole(&self, hint: Hint, form: Form, part: Part, record: &mut Record<'r>) {
        if self.wanted.search && !self.value.is_empty() && hint != Hint::Skip {
            record.segments.push(self.segment(self.raw, self.value.clone(), hint, form, part));
        }
    }

    /// The whole value as text to be searched.
    pub(super) fn text(&self, record: &mut Record<'r>) {
        self.whole(Hint::Text, Form::Free, Part::Unknown, record);
    }

    /// The whole value as one identifier.
    pub(super) fn label(&self, label: Label, record: &mut Record<'r>) {
        let hint = if self.value.chars().any(char::is_alphanumeric) { Hint::Whole(label) } else { Hint::Text };
        self.whole(hint, Form::Free, Part::Unknown, record);
    }

    /// A part of the value.
    pub(super) fn part(&self, span: Span, hint: Hint, form: Form, part: Part, record: &mut Record<'r>) {
        if span.start == 0 && span.end == self.value.len() {
            return self.whole(hint, form, part, record);
        }
        if !self.wanted.search || span.is_empty() || hint == Hint::Skip {
            return;
        }
        let (raw, text) = match &self.value {
            Cow::Borrowed(value) => {
                (Span::new(self.raw.start + span.start, self.raw.start + span.end), Cow::Borrowed(span.of(value)))
            }
            Cow::Owned(value) => {
                let whole = Segment::new(self.raw, Cow::Borrowed(value.as_str()), Hint::Text, self.escape);
                let raw = Walk::new(record.bytes, record.charset, &whole).raw(span);
                (raw, Cow::Owned(span.of(value).to_owned()))
            }
        };
        record.segments.push(self.segment(raw, text, hint, form, part));
    }

    fn segment(&self, raw: Span, text: Cow<'r, str>, hint: Hint, form: Form, part: Part) -> Segment<'r> {
        let segment = Segment::new(raw, text, hint, self.escape);
        Segment { rule: self.wanted.rule, field: self.field, form, part, ..segment }
    }

    /// A resource's id, or a reference to one: the same wherever it stands.
    pub(super) fn id(&self, span: Span, record: &mut Record<'r>) {
        self.part(span, Hint::Whole(Label::OtherId), Form::Id, Part::Unknown, record);
    }

    /// The parts of a reference or address. `form` is that of an address that leads to no resource.
    pub(super) fn address(&self, parts: Uri, form: Form, record: &mut Record<'r>) {
        let shared = |span: Option<Span>, record: &mut Record<'r>| {
            if let Some(span) = span {
                self.part(span, Hint::Whole(Label::Url), Form::Shared, Part::Unknown, record);
            }
        };
        match parts {
            Uri::Fragment(id) if uri::is_ordinal(id.of(&self.value)) => {}
            Uri::Fragment(id) | Uri::Uuid(id) => self.id(id, record),
            Uri::Oid(last) => {
                if let Some(last) = last {
                    self.id(last, record);
                }
            }
            Uri::Resource { base, kind, id, tail } => {
                shared(base, record);
                if !uri::is_plain(kind, id.of(&self.value)) {
                    self.id(id, record);
                }
                if let Some(tail) = tail {
                    self.part(tail, Hint::Text, Form::Free, Part::Unknown, record);
                }
            }
            Uri::Search { base, query } => {
                shared(base, record);
                self.query(query, record);
            }
            Uri::Vocabulary => {}
            // A content in the place of an address.
            Uri::Other if self.value.starts_with("data:") => {
                self.whole(Hint::Whole(Label::OtherId), Form::Free, Part::Unknown, record);
            }
            Uri::Web => self.whole(Hint::Whole(Label::Url), form, Part::Unknown, record),
            Uri::Other => self.text(record),
        }
    }

    /// The values of a search: `identifier=http://hospital.example/mrn|77&family=Foley`.
    pub(super) fn query(&self, query: Span, record: &mut Record<'r>) {
        let mut at = query.start;
        for pair in query.of(&self.value).split('&') {
            let span = Span::new(at, at + pair.len());
            at = span.end + 1;
            let Some((name, value)) = pair.split_once('=') else {
                self.part(span, Hint::Text, Form::Free, Part::Unknown, record);
                continue;
            };
            let span = Span::new(span.end - value.len(), span.end);
            let name = name.split([':', '.']).next().unwrap_or_default();
            let system = value.rfind('|').map(|bar| (bar, value.get(..bar).unwrap_or_default()));
            // After a bar stands the code of that system.
            let own = system.map_or(span, |(bar, _)| Span::new(span.start + bar + 1, span.end));
            let (hint, form, part) = match name {
                "_id" => (Hint::Whole(Label::OtherId), Form::Id, Part::Unknown),
                "identifier" => (Hint::Whole(Label::OtherId), Form::Free, Part::Unknown),
                "family" => (Hint::Whole(Label::Name), Form::Free, Part::Family),
                "given" => (Hint::Whole(Label::Name), Form::Free, Part::Given),
                "name" => (Hint::Whole(Label::Name), Form::Free, Part::Full),
                "phone" => (Hint::Whole(Label::Phone), Form::Free, Part::Unknown),
                "email" => (Hint::Whole(Label::Email), Form::Free, Part::Unknown),
                "address-city" => (Hint::Whole(Label::City), Form::Free, Part::Unknown),
                "address-postalcode" => (Hint::Whole(Label::Zip), Form::Free, Part::Unknown),
                _ => match Uri::reference(own.of(&self.value)) {
                    Uri::Resource { id, base: None, .. } => {
                        self.id(Span::new(own.start + id.start, own.start + id.end), record);
                        continue;
                    }
                    _ => (Hint::Text, Form::Free, Part::Unknown),
                },
            };
            if let Some((bar, system)) = system
                && Uri::of(system) == Uri::Web
            {
                let system = Span::new(span.start, span.start + bar);
                self.part(system, Hint::Whole(Label::Url), Form::Shared, Part::Unknown, record);
            }
            self.part(own, hint, form, part, record);
        }
    }
}
