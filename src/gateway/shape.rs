//! What a request may hold: the language in which the parameters of each endpoint are written down. What is not written
//! down is refused.

use super::rule::Rule;

/// What may stand in a place, and what is done with it. `null` may stand everywhere and says nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A text: scrubbed. One that is JSON stays JSON.
    Text,
    /// A text that is JSON: its strings and numbers are scrubbed, it stays JSON. One that is none is a text.
    JsonText,
    /// Any JSON value: its strings, numbers and names are scrubbed.
    Json,
    /// A JSON Schema: names of properties must hold no identifier, everything else is scrubbed.
    Schema,
    /// A name in which no token can stand: it must hold no identifier.
    Name,
    /// An id that a provider made, or else a keyed hash of it.
    Id,
    /// Whoever or whatever it names becomes a keyed hash.
    Hash,
    /// What a provider made and nobody else can read: base 64, long.
    Opaque,
    /// The model; it was compared with the perimeter.
    Model,
    Number,
    Bool,
    /// One of these words.
    One(&'static [&'static str]),
    /// Becomes `false`.
    Off,
    /// Refused by that rule, unless it says nothing: false, an empty text or list.
    Refused(Rule),
    /// An input in base 64.
    Data(Input),
    /// A URL that holds an input in base 64.
    DataUrl(Input),
    /// An object whose names are numbers of a vocabulary, and whose values are numbers.
    Biases,
    /// Items of one shape.
    List(&'static Shape),
    /// An object with these members and no others.
    Object(Fields),
    /// An object whose members are told by the one of that name. What stands for others: the rule by which they are refused.
    Tagged(&'static str, &'static [(&'static str, Fields)], Rule),
    /// The same, but that an object without the tag has these members.
    Untagged(&'static str, &'static Shape, Fields),
    /// The first of these that may be of that kind of value.
    Either(&'static [Shape]),
}

/// The members of an object.
pub(crate) type Fields = &'static [(&'static str, Shape)];

/// What is not text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Input {
    Image,
    Audio,
    Pdf,
}

/// One text or several.
pub(crate) const TEXTS: Shape = Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]);
/// A number, for tables that have many.
pub(crate) const NUMBER: Shape = Shape::Number;
