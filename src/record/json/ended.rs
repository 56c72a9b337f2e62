//! The end of an object of a resource: what its members say together.

use std::borrow::Cow;

use super::resource::{Role, Slot, Years, contact, facility, number, person};
use super::scan::unescape;
use super::spot::Spot;
use super::whose::Claim;
use super::{Fault, Frame, Reader};
use crate::identifier::{Hint, Label};
use crate::record::attachment::{self, Attachment};
use crate::record::fhir::uri::Uri;
use crate::record::fhir::{Element, Kind as Fhir, Resource, To, cut, extension, identifier, value};
use crate::record::{Form, Part, Record};
use crate::span::Span;

impl Reader {
    /// An object of a resource ends.
    pub(super) fn end_element<'r>(
        &mut self,
        text: &'r str,
        frame: &Frame,
        record: &mut Record<'r>,
    ) -> Result<(), Fault> {
        let element = self.shape.element_of(frame.node);
        let open = &frame.open;
        if open.nick {
            for segment in record.segments.iter_mut().skip(open.segments).filter(|s| s.part == Part::Given) {
                segment.part = Part::Nick;
            }
        }
        // What a type says is for the object that it is the type of.
        if matches!(element.kind, Fhir::Json | Fhir::Type | Fhir::TypeCoding) || self.slots.len() <= open.slots {
            return Ok(());
        }
        let mut slots = std::mem::take(&mut self.slots);
        let own = slots.get(open.slots..).unwrap_or_default();
        let ended = self.end_slots(text, frame, element, own, record);
        slots.truncate(open.slots);
        self.slots = slots;
        ended
    }

    fn end_slots<'r>(
        &mut self,
        text: &'r str,
        frame: &Frame,
        element: Element,
        slots: &[Slot],
        record: &mut Record<'r>,
    ) -> Result<(), Fault> {
        // A coding whose code was passed over by its vocabulary.
        if frame.open.coded && matches!(slots, [Slot { role: Role::System, .. }]) {
            return Ok(());
        }
        let members = Members::of(text, slots, frame.open.target)?;
        for slot in slots {
            let spot = self.spot_of(text, slot)?;
            match slot.role {
                Role::System => {
                    let parts = Uri::of(&spot.value);
                    if parts != Uri::Other || !value::is_enumeration(&spot.value) || spot.wanted.named {
                        spot.address(parts, Form::Shared, record);
                    }
                }
                Role::Value => self.value(&spot, slot.node, element, &members, record),
                Role::Number => self.quantity(text, slot, frame, element, &members, record),
                Role::Code => {
                    let known = frame.open.coded && value::is_code(&spot.value) || value::is_enumeration(&spot.value);
                    if !known || spot.wanted.named {
                        spot.text(record);
                    }
                }
                Role::Display => display(&spot, element, members.target, record),
                Role::Target => {
                    let parts = members.reference.unwrap_or(Uri::Other);
                    self.refer(&spot, parts, element, frame.open.target, record);
                    spot.address(parts, Form::Free, record);
                }
                Role::Data => data(&spot, slot.node, element, &members, record),
                Role::Caption => {
                    let end = spot.value.rfind('.').filter(|at| spot.value.len() - at <= 5);
                    let stem = Span::new(0, end.unwrap_or(spot.value.len()));
                    spot.part(stem, Hint::Whole(Label::OtherId), Form::Free, Part::Unknown, record);
                }
                Role::Organisation | Role::Class => {
                    let hint = members.named(slot.role, &spot.value);
                    spot.whole(hint, Form::Free, Part::Unknown, record);
                }
                Role::Name | Role::Media | Role::Size | Role::Hash | Role::TypeCode | Role::TypeText => {}
            }
        }
        Ok(())
    }

    /// A string called `value`, or that of an extension.
    fn value<'r>(&self, spot: &Spot<'r>, node: u32, element: Element, members: &Members<'r>, record: &mut Record<'r>) {
        let (mut hint, mut part) = (Hint::Text, Part::Unknown);
        match element.kind {
            Fhir::Extension => (hint, part) = extension::hint(&members.name, &spot.value, false),
            Fhir::Contact => return contact(spot, &members.system, record),
            Fhir::Identifier => return identifier_value(spot, members.label(element, &spot.value), record),
            _ if is_contact(&members.system) => return contact(spot, &members.system, record),
            _ if members.system.contains(':') => {
                return identifier_value(spot, members.label(element, &spot.value), record);
            }
            Fhir::Other => hint = self.shape.hint(node, &spot.value, false),
            _ => {}
        }
        spot.whole(hint, Form::Free, part, record);
    }

    /// A number called `value`, or that of an extension.
    fn quantity<'r>(
        &self,
        text: &'r str,
        slot: &Slot,
        frame: &Frame,
        element: Element,
        members: &Members<'r>,
        record: &mut Record<'r>,
    ) {
        let spot = self.number_spot(text, slot.node, slot.raw);
        let hint = match element.kind {
            Fhir::Extension => extension::hint(&members.name, &spot.value, true).0,
            Fhir::Identifier => Hint::Whole(members.label(element, &spot.value)),
            Fhir::Contact => Hint::Whole(Label::Phone),
            Fhir::Other => self.shape.hint(slot.node, &spot.value, true),
            _ => {
                let whole = spot.value.split('.').next().unwrap_or_default();
                let old = whole.len() <= 3 && whole.parse::<u32>().is_ok_and(|years| (90..=150).contains(&years));
                let age = match frame.open.years {
                    Years::Yes => true,
                    Years::No => false,
                    Years::Unknown => self.shape.name(frame.node).ends_with("Age"),
                };
                if old && age { Hint::Whole(Label::Age90) } else { Hint::Skip }
            }
        };
        number(&spot, hint, Form::Number, record);
    }

    /// Notes what a reference refers to. `named` is what its member `type` says.
    fn refer<'r>(&mut self, spot: &Spot<'r>, parts: Uri, element: Element, named: Resource, record: &mut Record<'r>) {
        let (kind, id) = match parts {
            Uri::Resource { kind, id, .. } => (kind, id),
            Uri::Uuid(id) => (named, id),
            _ => return,
        };
        note(spot, kind, id, record);
        if element.contained {
            return;
        }
        let claim = match element.kind {
            Fhir::Reference(To::Patient) if matches!(kind.name(), "Patient" | "") => Claim::Subject,
            _ if kind.name() == "Patient" => Claim::Mention,
            _ => return,
        };
        self.subject.patient(id.of(&spot.value), claim);
    }
}

/// What the members of an object say that bears on others of them.
#[derive(Default)]
struct Members<'r> {
    system: Cow<'r, str>,
    /// Of an extension.
    name: Cow<'r, str>,
    /// Codes and words of the object's type.
    codes: Vec<Cow<'r, str>>,
    words: Vec<Cow<'r, str>>,
    reference: Option<Uri>,
    /// Of which kind the resource is that is referred to.
    target: Resource,
    media: Option<Cow<'r, str>>,
    size: Option<Span>,
    hash: Option<Span>,
}

impl<'r> Members<'r> {
    /// `target` is what the member `type` says of it; the reference itself says more.
    fn of(text: &'r str, slots: &[Slot], target: Resource) -> Result<Self, Fault> {
        let mut members = Self { target, ..Self::default() };
        for slot in slots {
            let value = || unescape(slot.raw.of(text), slot.raw.start);
            match slot.role {
                Role::System => members.system = value()?,
                Role::Name => members.name = value()?,
                Role::TypeCode => members.codes.push(value()?),
                Role::TypeText => members.words.push(value()?),
                Role::Target => {
                    let parts = Uri::reference(&value()?);
                    if let Uri::Resource { kind, .. } = parts {
                        members.target = kind;
                    }
                    members.reference = Some(parts);
                }
                Role::Media => members.media = Some(value()?),
                Role::Size => members.size = Some(slot.raw),
                Role::Hash => members.hash = Some(slot.raw),
                _ => {}
            }
        }
        Ok(members)
    }

    /// What an identifier is.
    fn label(&self, element: Element, value: &str) -> Label {
        let (codes, words) = (self.codes.iter().map(AsRef::as_ref), self.words.iter().map(AsRef::as_ref));
        identifier::label(element.resource, &self.system, codes, words, value)
    }

    /// What the name of an organisation, or of a class of a coverage, is by the type.
    fn named(&self, role: Role, value: &str) -> Hint {
        let any = |known: &[&str]| {
            self.codes.iter().chain(&self.words).any(|have| known.iter().any(|known| have.eq_ignore_ascii_case(known)))
        };
        match role {
            Role::Class if any(&["group", "subgroup", "employer group"]) => Hint::Whole(Label::Employer),
            Role::Class => Hint::Text,
            // <https://terminology.hl7.org/CodeSystem-organization-type.html>
            _ if any(&["ins", "pay", "payer", "govt"]) || cut::is_payer(value) => Hint::Text,
            _ if any(&["bus", "reli", "crs"]) => Hint::Whole(Label::Employer),
            _ => facility(value),
        }
    }
}

/// What a reference, or something else, is shown as. `to` is what is referred to, as far as that is known.
fn display<'r>(spot: &Spot<'r>, element: Element, to: Resource, record: &mut Record<'r>) {
    let value = spot.value.as_ref();
    let organisation = || if cut::is_payer(value) { Hint::Text } else { facility(value) };
    let hint = match element.kind {
        _ if to.is_person() => return person(spot, record),
        Fhir::Reference(To::Payer) => Hint::Text,
        _ if to.is_facility() => organisation(),
        _ if to.name() == "PractitionerRole" && cut::is_person(value) => return person(spot, record),
        _ if to != Resource::NONE => Hint::Text,
        Fhir::Reference(To::Patient | To::Person) if !cut::is_organisation(value) => return person(spot, record),
        Fhir::Reference(To::Facility) => organisation(),
        Fhir::Reference(_) if cut::is_person(value) => return person(spot, record),
        Fhir::Reference(_) if cut::is_organisation(value) => organisation(),
        _ => Hint::Text,
    };
    spot.whole(hint, Form::Free, Part::Unknown, record);
}

/// A content in base 64; what cannot be one is text.
fn data<'r>(spot: &Spot<'r>, node: u32, element: Element, members: &Members<'r>, record: &mut Record<'r>) {
    if !spot.wanted.search {
        return;
    }
    if !value::is_base64(&spot.value) {
        return spot.text(record);
    }
    let attachment = Attachment {
        raw: spot.raw,
        base64: &spot.value,
        media: members.media.as_deref(),
        size: members.size,
        hash: members.hash,
        opaque: if element.kind == Fhir::Photo { Label::Biometric } else { Label::OtherId },
        rule: spot.wanted.rule,
        field: node,
    };
    attachment::open(record, attachment);
}

/// `Type/id` in the record's references; `/id` when the type is not known.
fn note<'r>(spot: &Spot<'r>, kind: Resource, id: Span, record: &mut Record<'r>) {
    let length = kind.name().len() + 1;
    let relative = id.start == length && spot.value.starts_with(kind.name());
    record.references.push(match &spot.value {
        Cow::Borrowed(value) if relative => Cow::Borrowed(value.get(..id.end).unwrap_or_default()),
        value => Cow::Owned(format!("{}/{}", kind.name(), id.of(value))),
    });
}

fn is_contact(system: &str) -> bool {
    matches!(system, "phone" | "fax" | "email" | "pager" | "sms" | "url" | "other")
}

/// The value of an identifier: as it is, or the part of a URI that is its own.
fn identifier_value<'r>(spot: &Spot<'r>, label: Label, record: &mut Record<'r>) {
    match Uri::reference(&spot.value) {
        Uri::Other | Uri::Fragment(_) | Uri::Search { .. } | Uri::Vocabulary => spot.label(label, record),
        Uri::Oid(Some(last)) => spot.part(last, Hint::Whole(label), Form::Free, Part::Unknown, record),
        parts => spot.address(parts, Form::Free, record),
    }
}
