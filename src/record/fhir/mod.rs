//! FHIR R4: what each element of a resource is, as <https://hl7.org/fhir/R4> defines resources and data types.
//!
//! Most of the meaning lies in the data types, and those show in the names of their members: a `family` is part of a name
//! wherever it stands. So an element is looked up by the data type that it is a member of, then by resource and place where
//! the specification says more there, then by its name, then by the type at the end of its name (`valueDateTime`). What is
//! found nowhere is [`Kind::Other`]: searched, and its members by the same rules.

pub(crate) mod cut;
pub(crate) mod extension;
pub(crate) mod identifier;
mod resource;
mod table;
pub(crate) mod uri;
pub(crate) mod value;

pub(crate) use resource::Resource;

use crate::identifier::Label;

/// An element of a resource, or a part of JSON that is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Element {
    /// What it is.
    pub(crate) kind: Kind,
    /// The resource that it is part of.
    pub(crate) resource: Resource,
    /// In a resource that another one contains: its id means nothing outside.
    pub(crate) contained: bool,
}

/// What an element is. Where a name is an object in one resource and a string in another, a kind says what to do with
/// either.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Kind {
    /// No part of a resource.
    #[default]
    Json,
    /// A resource.
    Resource,
    /// An element that the specification does not know.
    Other,
    /// An object of any type, told by its members; text.
    Any,
    /// `HumanName`; what the string is that stands in its place.
    Name(Named),
    /// `Address`; an address in one text.
    Address,
    /// `ContactPoint`.
    Contact,
    /// `Identifier`; an identifier.
    Identifier,
    /// A `CodeableConcept` that says what the object is that it stands in.
    Type,
    /// A coding of it.
    TypeCoding,
    /// A code of it.
    TypeCode,
    /// What it says in words.
    TypeText,
    /// `Reference`, mostly to that.
    Reference(To),
    /// `Attachment` that is a photograph of a person.
    Photo,
    /// `Extension`, or a parameter, which is named and valued alike.
    Extension,
    /// Its name.
    ExtensionName,
    /// Its value, a string or number.
    ExtensionValue,
    /// Never searched: what the type of the resource is, a version, a link between question and answer.
    Skip,
    /// A value of a fixed set.
    Enum,
    /// A code of the vocabulary beside it.
    Code,
    /// A vocabulary, or how a contact point is reached.
    System,
    /// A URI that mostly names a vocabulary.
    Uri,
    /// An address that may lead to a resource.
    Link,
    /// A search for resources.
    Search,
    /// What a reference points to.
    Target,
    /// What a reference, coding or identifier is shown as.
    Display,
    /// Of which type what is referred to is.
    TargetType,
    /// Which name of a person it is.
    Use,
    /// A date or time.
    Date(Moment),
    /// A time without a day.
    Time,
    /// The id of a resource.
    Id,
    /// Another id.
    Uid,
    /// A name that a person is called by.
    Given,
    /// A surname.
    Family,
    /// A title or degree.
    Title,
    /// One identifier.
    Whole(Label),
    /// A state or country.
    Region,
    /// The address of a machine.
    Network,
    /// What a quantity, contact point or identifier says.
    Value,
    /// The unit of a quantity.
    Unit,
    /// The degrees of a place.
    Degrees,
    /// What a content is.
    MediaType,
    /// A content in base 64, or samples.
    Data,
    /// Its length in bytes.
    Size,
    /// Its hash.
    Hash,
    /// What it is called.
    Caption,
    /// Markup of a narrative.
    Markup,
}

/// What the string `name` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    /// A person.
    Person,
    /// A hospital, a ward, a service.
    Facility,
    /// An organisation: its type says which.
    Organisation,
    /// A class of a coverage: its type says which.
    Class,
    /// A thing, a plan, a group.
    Thing,
}

/// What a reference points to as a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum To {
    /// The patient whose record it is.
    Patient,
    /// A person.
    Person,
    /// A place or organisation.
    Facility,
    /// A payer, whose name stays.
    Payer,
    /// A person or an organisation.
    Party,
}

/// Which type a date is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// `date`.
    Date,
    /// `dateTime`.
    DateTime,
    /// `instant`.
    Instant,
}

impl Element {
    /// A resource that stands where `self` is.
    pub(crate) fn resource(self, resource: Resource) -> Self {
        // What a Bundle of another system holds is no contained resource, though it stands in one.
        Self { kind: Kind::Resource, resource, contained: self.contained }
    }

    /// The member `name`. `above` is the name under which `self` stands.
    pub(crate) fn member(self, above: &str, name: &str) -> Self {
        if self.kind == Kind::Json {
            return self;
        }
        let resource = match (self.kind, name) {
            // Who is meant decides what an identifier is, not who speaks.
            (Kind::Reference(To::Patient), "identifier") => Resource::named("Patient").unwrap_or_default(),
            (Kind::Reference(To::Person), "identifier") => Resource::named("Practitioner").unwrap_or_default(),
            (Kind::Reference(_), "identifier") => Resource::NONE,
            _ => self.resource,
        };
        let contained = self.contained || self.kind == Kind::Resource && name == "contained";
        Self { kind: self.member_kind(above, name), resource, contained }
    }

    fn member_kind(self, above: &str, name: &str) -> Kind {
        // `_birthDate` holds the extensions of `birthDate`.
        if name.starts_with('_') {
            return Kind::Any;
        }
        if self.kind != Kind::Resource && name == "id" {
            return if self.kind == Kind::Other { Kind::Other } else { Kind::Enum };
        }
        let known = match (self.kind, name) {
            (Kind::Resource, "id") => Some(Kind::Id),
            (Kind::Resource, "resourceType") => Some(Kind::Skip),
            (Kind::Name(_), "text") => Some(Kind::Name(Named::Person)),
            (Kind::Address, "text") => Some(Kind::Address),
            (Kind::Address, "country") => Some(Kind::Region),
            (Kind::Identifier, "type") => Some(Kind::Type),
            (Kind::Type, "coding") => Some(Kind::TypeCoding),
            (Kind::TypeCoding, "system") => Some(Kind::Uri),
            (Kind::TypeCoding, "code") => Some(Kind::TypeCode),
            (Kind::TypeCoding, "display") | (Kind::Type, "text") => Some(Kind::TypeText),
            (Kind::Photo, "title") => Some(Kind::Caption),
            (Kind::Extension, "url" | "name") => Some(Kind::ExtensionName),
            (
                Kind::Extension,
                "valueString" | "valueMarkdown" | "valueInteger" | "valueDecimal" | "valuePositiveInt",
            )
            | (Kind::Extension, "valueUnsignedInt" | "valueInteger64" | "valueId") => Some(Kind::ExtensionValue),
            _ => table::in_resource(self.resource.name(), self.kind == Kind::Resource, above, name),
        };
        known.or_else(|| table::by_name(name)).or_else(|| table::by_type(name)).unwrap_or(Kind::Other)
    }
}
