//! Resources of FHIR in JSON: makes segments of their elements. What the rest of its object decides waits in a slot until
//! that ends, see `ended`, since members come in any order.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::late::TYPE;
use super::scan::{string_end, unescape, whitespace_end};
use super::spot::Spot;
use super::whose::Claim;
use super::{Fault, Reader};
use crate::identifier::{Hint, Label};
use crate::record::fhir::uri::{self, Uri};
use crate::record::fhir::{Element, Kind as Fhir, Named, Resource, cut, value};
use crate::record::field::Field;
use crate::record::markup::{self, Dialect};
use crate::record::{Escape, Form, Part, Record};
use crate::span::Span;

/// What is known of an object of a resource while it is read.
pub(super) struct Open {
    /// `Reader::slots` from here on are its.
    pub(super) slots: usize,
    /// Segments from here on are its.
    pub(super) segments: usize,
    /// Its codes are those of a vocabulary.
    pub(super) coded: bool,
    /// It is a nickname.
    pub(super) nick: bool,
    pub(super) years: Years,
    /// Of which kind the resource is that it refers to.
    pub(super) target: Resource,
}

/// Whether a quantity is one of years.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Years {
    Unknown,
    Yes,
    No,
}

/// A value that waits for the end of its object.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) role: Role,
    pub(super) raw: Span,
    pub(super) escaped: bool,
    pub(super) node: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    System,
    Value,
    Number,
    Code,
    Display,
    Target,
    Name,
    Media,
    Data,
    Size,
    Hash,
    Caption,
    TypeCode,
    TypeText,
    Organisation,
    Class,
}

impl Open {
    /// Takes in what a member says of its object.
    fn note(&mut self, kind: Fhir, value: &str) {
        match kind {
            Fhir::System => self.coded |= uri::is_vocabulary(value),
            Fhir::Use => self.nick |= value == "nickname",
            Fhir::Unit | Fhir::Code => {
                self.years = match value {
                    "a" | "yr" | "yrs" | "year" | "years" | "y" => Years::Yes,
                    _ if self.years == Years::Yes => Years::Yes,
                    _ => Years::No,
                }
            }
            Fhir::TargetType => {
                let name = value.rsplit('/').next().unwrap_or_default();
                self.target = Resource::named(name).unwrap_or(self.target);
            }
            _ => {}
        }
    }

    pub(super) fn new(slots: usize, segments: usize) -> Self {
        Self { slots, segments, coded: false, nick: false, years: Years::Unknown, target: Resource::NONE }
    }
}

impl Reader {
    /// The node of the object that begins at `start`: one for its kind when it is a resource.
    pub(super) fn object(&mut self, text: &str, start: usize, node: u32) -> Result<u32, Fault> {
        let bytes = text.as_bytes();
        let key = whitespace_end(bytes, start + 1);
        let first = bytes.get(key..).is_some_and(|rest| {
            rest.strip_prefix(b"\"")
                .and_then(|rest| rest.strip_prefix(TYPE.as_bytes()))
                .is_some_and(|r| r.first() == Some(&b'"'))
        });
        let name = if first {
            let colon = whitespace_end(bytes, key + TYPE.len() + 2);
            let quote = whitespace_end(bytes, colon + 1);
            if bytes.get(colon) != Some(&b':') || bytes.get(quote) != Some(&b'"') {
                return Ok(node);
            }
            Span::new(quote + 1, string_end(bytes, quote + 1)?.0)
        } else {
            match self.late.of_object(bytes, text, start) {
                Some(name) => name,
                None => return Ok(node),
            }
        };
        let name = unescape(name.of(text), name.start)?;
        let Some(resource) = Resource::named(&name) else { return Ok(node) };
        self.late.met();
        let node = self.shape.resource(node, resource);
        if !self.shape.element_of(node).contained {
            self.subject.resource();
        }
        Ok(node)
    }

    /// Reads a string of a resource.
    pub(super) fn element_string<'r>(
        &mut self,
        text: &'r str,
        node: u32,
        element: Element,
        raw: Span,
        escaped: bool,
        record: &mut Record<'r>,
    ) -> Result<(), Fault> {
        let spot = self.spot(text, node, raw, escaped)?;
        if spot.wanted.patient {
            record.patient = Some(spot.value.clone());
        }
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let open = &mut frame.open;
        open.note(element.kind, &spot.value);
        if let Some(role) = role(element.kind, open, &spot.value) {
            self.slots.push(Slot { role, raw, escaped, node });
            return Ok(());
        }
        let waits_too = match element.kind {
            Fhir::MediaType => Some(Role::Media),
            Fhir::ExtensionName => Some(Role::Name),
            Fhir::TypeCode => Some(Role::TypeCode),
            Fhir::TypeText => Some(Role::TypeText),
            _ => None,
        };
        self.slots.extend(waits_too.map(|role| Slot { role, raw, escaped, node }));
        match element.kind {
            Fhir::Id => self.id(&spot, element, record),
            Fhir::Markup if spot.wanted.search => {
                let place = (spot.wanted.rule, node);
                markup::in_json(record.bytes, raw, &spot.value, Dialect::Xhtml, place, &mut record.segments);
            }
            Fhir::Markup => {}
            Fhir::Link => {
                mention(&spot.value, record);
                spot.address(Uri::reference(&spot.value), Form::Free, record);
            }
            Fhir::Other => {
                let hint = self.shape.hint(node, &spot.value, false);
                spot.whole(hint, Form::Free, Part::Unknown, record);
            }
            kind => leaf(&spot, kind, record),
        }
        Ok(())
    }

    /// The id of a resource.
    fn id<'r>(&mut self, spot: &Spot<'r>, element: Element, record: &mut Record<'r>) {
        let id = spot.value.as_ref();
        if !element.contained {
            // The record's own stands first, wherever in it its id does.
            let at = if self.frames.len() == 1 { 0 } else { record.references.len() };
            record.references.insert(at, Cow::Owned(format!("{}/{id}", element.resource.name())));
            if element.resource.name() == "Patient" {
                self.subject.patient(id, Claim::Own);
            }
        }
        if element.contained && uri::is_ordinal(id) || uri::is_plain(element.resource, id) {
            if spot.wanted.named {
                spot.text(record);
            }
            return;
        }
        spot.id(Span::new(0, id.len()), record);
    }

    /// Reads a number of a resource that the specification knows.
    pub(super) fn element_number<'r>(
        &mut self,
        text: &'r str,
        node: u32,
        element: Element,
        raw: Span,
        record: &mut Record<'r>,
    ) {
        let value = raw.of(text);
        let wait = |role| Slot { role, raw, escaped: false, node };
        let hint = match element.kind {
            // Of all measurements only an age of 90 or more says anything.
            Fhir::Value if value.len() >= 2 => return self.slots.push(wait(Role::Number)),
            Fhir::ExtensionValue => return self.slots.push(wait(Role::Number)),
            Fhir::Size => return self.slots.push(wait(Role::Size)),
            Fhir::Id | Fhir::Uid => Hint::Whole(Label::OtherId),
            Fhir::Degrees => Hint::Whole(Label::OtherId),
            Fhir::Whole(label) => Hint::Whole(label),
            Fhir::Identifier => Hint::Whole(element.resource.identifier()),
            Fhir::Date(_) => SHAPES.date.hint(value, true),
            Fhir::Contact => SHAPES.contact.hint(value, true),
            _ => return,
        };
        if let Hint::Whole(_) = hint {
            let form = if matches!(element.kind, Fhir::Id | Fhir::Uid) { Form::Id } else { Form::Number };
            number(&self.number_spot(text, node, raw), hint, form, record);
        }
    }

    pub(super) fn spot_of<'r>(&self, text: &'r str, slot: &Slot) -> Result<Spot<'r>, Fault> {
        self.spot(text, slot.node, slot.raw, slot.escaped)
    }

    pub(super) fn spot<'r>(&self, text: &'r str, node: u32, raw: Span, escaped: bool) -> Result<Spot<'r>, Fault> {
        let value = if escaped { unescape(raw.of(text), raw.start)? } else { Cow::Borrowed(raw.of(text)) };
        Ok(Spot { raw, value, escape: Escape::Json, wanted: self.shape.wanted(node), field: node })
    }

    pub(super) fn number_spot<'r>(&self, text: &'r str, node: u32, raw: Span) -> Spot<'r> {
        let value = Cow::Borrowed(raw.of(text));
        Spot { raw, value, escape: Escape::JsonNumber, wanted: self.shape.wanted(node), field: node }
    }
}

/// The role of a value whose meaning the rest of its object decides.
fn role(kind: Fhir, open: &Open, value: &str) -> Option<Role> {
    Some(match kind {
        Fhir::Code if !open.coded => Role::Code,
        Fhir::Display if !open.coded => Role::Display,
        Fhir::System => Role::System,
        Fhir::Value | Fhir::ExtensionValue => Role::Value,
        Fhir::Target => Role::Target,
        Fhir::Name(Named::Organisation) => Role::Organisation,
        Fhir::Name(Named::Class) => Role::Class,
        Fhir::Data if !value::is_samples(value) => Role::Data,
        Fhir::Hash => Role::Hash,
        Fhir::Caption => Role::Caption,
        _ => return None,
    })
}

/// A value that says by itself what it is.
fn leaf<'r>(spot: &Spot<'r>, kind: Fhir, record: &mut Record<'r>) {
    let text = spot.value.as_ref();
    // Nothing is left out of a field that was named.
    let left = if spot.wanted.named { Hint::Text } else { Hint::Skip };
    let leave_if = |leave: bool| if leave { left } else { Hint::Text };
    let (mut form, mut part) = (Form::Free, Part::Unknown);
    let hint = match kind {
        Fhir::Skip | Fhir::Data => left,
        Fhir::Enum | Fhir::Use | Fhir::TypeCode => leave_if(value::is_enumeration(text)),
        Fhir::Code => leave_if(value::is_code(text)),
        Fhir::Unit => leave_if(value::is_unit(text)),
        Fhir::Time => leave_if(value::is_time(text)),
        Fhir::Title => leave_if(cut::is_title(text)),
        Fhir::MediaType => leave_if(value::is_media_type(text)),
        Fhir::TargetType | Fhir::ExtensionName if !text.contains(':') => leave_if(value::is_enumeration(text)),
        Fhir::TargetType | Fhir::ExtensionName | Fhir::Uri => return spot.address(Uri::of(text), Form::Shared, record),
        Fhir::Reference(_) => return spot.address(Uri::of(text), Form::Free, record),
        Fhir::Date(kind) => match value::date(text, kind) {
            Some((label, written)) => {
                form = written;
                Hint::Whole(label)
            }
            None => searched(SHAPES.date.hint(text, false)),
        },
        Fhir::Uid if uri::is_id(text) => return spot.id(Span::new(0, text.len()), record),
        Fhir::Uid => return spot.address(Uri::reference(text), Form::Free, record),
        Fhir::Identifier => match Uri::reference(text) {
            Uri::Other => Hint::Whole(Label::OtherId),
            parts => return spot.address(parts, Form::Free, record),
        },
        Fhir::Given | Fhir::Family => {
            part = if kind == Fhir::Given { Part::Given } else { Part::Family };
            if text.chars().any(char::is_alphabetic) { Hint::Whole(Label::Name) } else { Hint::Text }
        }
        Fhir::Name(Named::Person) => return person(spot, record),
        Fhir::Name(Named::Facility) => facility(text),
        Fhir::Address => {
            for (span, label) in cut::address(text) {
                spot.part(span, Hint::Whole(label), Form::Free, Part::Unknown, record);
            }
            return;
        }
        Fhir::Contact => return contact(spot, "", record),
        Fhir::Whole(label) => return spot.label(label, record),
        Fhir::Region if SHAPES.region.hint(text, false) == Hint::Skip => left,
        Fhir::Network => match searched(SHAPES.ip.hint(text, false)) {
            Hint::Text => searched(SHAPES.contact.hint(text, false)),
            hint => hint,
        },
        Fhir::Search if text.contains(['?', '=']) => {
            let start = text.find('?').map_or(0, |at| at + 1);
            return spot.query(Span::new(start, text.len()), record);
        }
        _ => Hint::Text,
    };
    spot.whole(hint, form, part, record);
}

/// Notes a resource whose address stands there.
fn mention(value: &str, record: &mut Record<'_>) {
    match Uri::reference(value) {
        Uri::Resource { kind, id, .. } => {
            record.references.push(Cow::Owned(format!("{}/{}", kind.name(), id.of(value))));
        }
        Uri::Uuid(id) => record.references.push(Cow::Owned(format!("/{}", id.of(value)))),
        _ => {}
    }
}

/// A number that is an identifier.
pub(super) fn number<'r>(spot: &Spot<'r>, hint: Hint, form: Form, record: &mut Record<'r>) {
    if let Hint::Whole(_) = hint {
        spot.whole(hint, form, Part::Unknown, record);
    }
}

/// The name of a person, titles and degrees left out.
pub(super) fn person<'r>(spot: &Spot<'r>, record: &mut Record<'r>) {
    match cut::person(&spot.value) {
        Some(span) => spot.part(span, Hint::Whole(Label::Name), Form::Free, Part::Full, record),
        None => spot.text(record),
    }
}

/// What the name of a place or organisation is.
pub(super) fn facility(value: &str) -> Hint {
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    if letters >= 3 { Hint::Whole(Label::Facility) } else { Hint::Text }
}

/// What a contact point says, by how it is reached and by its shape.
pub(super) fn contact<'r>(spot: &Spot<'r>, system: &str, record: &mut Record<'r>) {
    let value = spot.value.as_ref();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let label = match system {
        _ if value.contains('@') && !value.contains(' ') => Label::Email,
        "fax" => Label::Fax,
        "phone" | "sms" | "pager" => Label::Phone,
        "email" => Label::Email,
        "url" => return spot.address(Uri::reference(value), Form::Free, record),
        _ => match SHAPES.contact.hint(value, false) {
            Hint::Whole(label) if label != Label::Name => label,
            _ if value.contains("://") || value.starts_with("www.") => Label::Url,
            _ => return spot.text(record),
        },
    };
    let whole = digits >= 3 || matches!(label, Label::Email | Label::Url);
    spot.whole(if whole { Hint::Whole(label) } else { Hint::Text }, Form::Free, Part::Unknown, record);
}

/// A hint that never leaves a value out.
fn searched(hint: Hint) -> Hint {
    if hint == Hint::Skip { Hint::Text } else { hint }
}

/// What shapes of values say, as under names of fields in other formats.
struct Shapes {
    date: Field,
    region: Field,
    contact: Field,
    ip: Field,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes {
    date: Field::of(&["date"]),
    region: Field::of(&["state"]),
    contact: Field::of(&["telecom", "value"]),
    ip: Field::of(&["ip"]),
});
