//! Reads a request by its shape: finds the texts that are to be scrubbed, refuses what may not be, and writes back what the
//! texts became.

use std::collections::{BTreeSet, HashMap};

use super::json::{Doubled, Edits, Node, Value, parse};
use super::plain::{holds_data, is_base64, is_biases, is_long, is_opaque, is_provided, says_nothing};
use super::rule::{Refusal, Rule};
use super::shape::{Fields, Input, Shape};
use crate::identifier::{Hint, Part};
use crate::record::field::Field;
use crate::span::Span;

/// What the perimeter says of requests to an upstream.
pub(crate) struct Leave<'p> {
    pub(crate) inputs: &'p [Input],
    /// Names that need not be searched.
    pub(crate) names: &'p BTreeSet<String>,
    /// Keyed hashes of what may not be told.
    pub(crate) hash: &'p dyn Fn(&str) -> String,
}

/// What a request holds. It holds text of it: `Debug` shows counts.
pub(crate) struct Reading {
    /// The body, and texts in it that are JSON themselves.
    documents: Vec<Document>,
    spots: Vec<Spot>,
}

struct Document {
    bytes: Vec<u8>,
    /// The string that it stands in.
    place: Option<(usize, Span)>,
    edits: Edits,
}

/// A text, and where it stands.
pub(crate) struct Spot {
    pub(crate) text: String,
    pub(crate) hint: Hint,
    pub(crate) part: Part,
    /// The name of the field, in JSON of the caller's own.
    pub(crate) field: Option<String>,
    kind: Kind,
    at: Vec<(usize, Span)>,
}

enum Kind {
    /// A string, or the name of a member.
    Text,
    /// It becomes a string when it is changed.
    Number,
    /// Nothing may be found in it.
    Name(String),
    /// It stays only if nothing is found in it and a provider may have made it.
    Id(String),
}

impl Reading {
    /// Reads a body by its shape.
    ///
    /// # Errors
    ///
    /// When something in it may not be, or is not known.
    pub(crate) fn of(body: &[u8], root: &Node<'_>, shape: &Shape, leave: &Leave<'_>) -> Result<Self, Refusal> {
        let whole = Document { bytes: body.to_vec(), place: None, edits: Edits::default() };
        let mut walk = Walk {
            leave,
            reading: Reading { documents: vec![whole], spots: Vec::new() },
            document: 0,
            path: Vec::new(),
            fields: Vec::new(),
            shared: HashMap::new(),
        };
        walk.shape(root, shape)?;
        Ok(walk.reading)
    }

    /// The texts that are to be scrubbed.
    pub(crate) fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// Edits of the body itself, beside those of its texts.
    pub(crate) fn edits(&mut self) -> Option<&mut Edits> {
        self.documents.first_mut().map(|body| &mut body.edits)
    }

    /// The body with `scrubbed` in place of its texts.
    ///
    /// # Errors
    ///
    /// When something was found where nothing may be put in its place.
    pub(crate) fn rewritten(mut self, scrubbed: &[String], leave: &Leave<'_>) -> Result<Vec<u8>, Refusal> {
        if scrubbed.len() != self.spots.len() {
            return Err(Rule::Internal.into());
        }
        for (spot, text) in self.spots.iter().zip(scrubbed) {
            let changed = *text != spot.text;
            let new = match &spot.kind {
                Kind::Name(place) if changed => return Err(Refusal::at(Rule::IdentifierInName, place.clone())),
                Kind::Id(id) if changed || !is_provided(id) => (leave.hash)(id),
                Kind::Text | Kind::Number if changed => text.clone(),
                _ => continue,
            };
            for (document, span) in &spot.at {
                let edits = &mut self.documents.get_mut(*document).ok_or(Rule::Internal)?.edits;
                match spot.kind {
                    Kind::Number => edits.replace(*span, format!("\"{}\"", super::json::escaped(&new))),
                    _ => edits.rewrite(*span, &new),
                }
            }
        }
        // The innermost first: what is within a string is written before the string is.
        while let Some(Document { bytes, place, edits }) = self.documents.pop() {
            let Some((outer, span)) = place else { return Ok(edits.apply(&bytes)) };
            if !edits.is_empty() {
                let text = String::from_utf8(edits.apply(&bytes)).map_err(|_| Rule::Internal)?;
                self.documents.get_mut(outer).ok_or(Rule::Internal)?.edits.rewrite(span, &text);
            }
        }
        Err(Rule::Internal.into())
    }
}

/// Where one is: by name where the name is of the API, otherwise by place.
#[derive(Clone, Copy)]
struct Step {
    name: Option<&'static str>,
    index: usize,
}

struct Walk<'l> {
    leave: &'l Leave<'l>,
    reading: Reading,
    document: usize,
    path: Vec<Step>,
    /// Names of the caller's own, within JSON.
    fields: Vec<String>,
    /// Names and ids that were met before.
    shared: HashMap<(Sort, String), usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sort {
    Key,
    Name,
    Id,
}

impl Walk<'_> {
    fn shape(&mut self, node: &Node<'_>, shape: &Shape) -> Result<(), Refusal> {
        if node.is_null() {
            return Ok(());
        }
        match (shape, &node.value) {
            (Shape::Text | Shape::JsonText, Value::Text(text)) => self.text(node, text),
            (Shape::Json, _) => self.json(node),
            (Shape::Schema, _) => self.schema(node),
            (Shape::Name, Value::Text(name)) => self.name(name),
            (Shape::Id, Value::Text(id)) => {
                self.share(Sort::Id, id, id, node.span, |_| Kind::Id(id.to_string()));
                self.room()
            }
            (Shape::Hash, Value::Text(text)) => {
                let hash = (self.leave.hash)(text);
                self.edit(|edits| edits.rewrite(node.span, &hash))
            }
            (Shape::Opaque, Value::Text(text)) if is_opaque(text) => Ok(()),
            (Shape::Model, Value::Text(_)) | (Shape::Number, Value::Number(_)) | (Shape::Bool, Value::Bool(_)) => {
                Ok(())
            }
            (Shape::One(words), Value::Text(text)) if words.contains(&text.as_ref()) => Ok(()),
            (Shape::One(_) | Shape::Opaque, Value::Text(_)) => Err(self.refusal(Rule::Parameter)),
            (Shape::Off, Value::Bool(true)) => self.edit(|edits| edits.replace(node.span, "false".to_owned())),
            (Shape::Off, Value::Bool(false)) => Ok(()),
            (Shape::Refused(rule), value) if !says_nothing(value) => Err(self.refusal(*rule)),
            (Shape::Refused(_), _) => Ok(()),
            (Shape::Data(input), Value::Text(text)) => self.input(*input, is_base64(text)),
            (Shape::DataUrl(input), Value::Text(url)) => self.input(*input, holds_data(url, *input)),
            (Shape::Biases, Value::Object(members)) if is_biases(members) => Ok(()),
            (Shape::Biases, Value::Object(_)) => Err(self.refusal(Rule::Parameter)),
            (Shape::List(item), Value::List(items)) => {
                for (index, node) in items.iter().enumerate() {
                    self.step(Step { name: None, index }, |walk| walk.shape(node, item))?;
                }
                Ok(())
            }
            (Shape::Object(fields), Value::Object(_)) => self.object(node, fields, None),
            (Shape::Tagged(tag, variants, rule), Value::Object(_)) => {
                let kind = node.get(tag).and_then(Node::text);
                match variants.iter().find(|(name, _)| Some(*name) == kind) {
                    Some((_, fields)) => self.object(node, fields, Some(tag)),
                    None => Err(self.refusal(*rule)),
                }
            }
            (Shape::Untagged(tag, with, without), Value::Object(_)) => match node.get(tag) {
                Some(_) => self.shape(node, with),
                None => self.object(node, without, None),
            },
            (Shape::Either(shapes), value) => match shapes.iter().find(|shape| takes(shape, value)) {
                Some(shape) => self.shape(node, shape),
                None => Err(self.refusal(Rule::Invalid)),
            },
            _ => Err(self.refusal(Rule::Invalid)),
        }
    }

    fn object(&mut self, node: &Node<'_>, fields: Fields, tag: Option<&'static str>) -> Result<(), Refusal> {
        for (index, member) in node.members().iter().enumerate() {
            if tag.is_some_and(|tag| member.key == tag) {
                continue;
            }
            match fields.iter().find(|(name, _)| member.key == *name) {
                Some((name, shape)) => {
                    self.step(Step { name: Some(name), index }, |walk| walk.shape(&member.node, shape))?;
                }
                None => {
                    // Its name may be anything: only the place is told.
                    self.path.push(Step { name: None, index });
                    let place: String = self.path.iter().map(|step| format!("/{}", step.index)).collect();
                    return Err(Refusal::at(Rule::Parameter, place));
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, node: &Node<'_>, text: &str) -> Result<(), Refusal> {
        if self.nested(node, text)? {
            return Ok(());
        }
        self.spot(text, Hint::Text, Part::Unknown, Kind::Text, node.span)
    }

    /// Reads a text that is JSON as such; `false` where it is none.
    fn nested(&mut self, node: &Node<'_>, text: &str) -> Result<bool, Refusal> {
        let depth = self.depth();
        if depth >= NESTED || !matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'[')) {
            return Ok(false);
        }
        let Ok(inner) = parse(text.as_bytes(), Doubled::Taken) else { return Ok(false) };
        let place = Some((self.document, node.span));
        let bytes = text.as_bytes().to_vec();
        let outer = std::mem::replace(&mut self.document, self.reading.documents.len());
        self.reading.documents.push(Document { bytes, place, edits: Edits::default() });
        self.json(&inner)?;
        self.document = outer;
        Ok(true)
    }

    /// How many texts deep this document is.
    fn depth(&self) -> usize {
        let mut at = self.document;
        let mut depth = 0;
        while let Some((outer, _)) = self.reading.documents.get(at).and_then(|document| document.place) {
            at = outer;
            depth += 1;
        }
        depth
    }

    fn json(&mut self, node: &Node<'_>) -> Result<(), Refusal> {
        match &node.value {
            Value::Null | Value::Bool(_) => Ok(()),
            Value::Text(text) => {
                if self.nested(node, text)? {
                    return Ok(());
                }
                let field = self.field();
                self.spot(text, field.hint(text, false), field.part(), Kind::Text, node.span)
            }
            Value::Number(number) => {
                let field = self.field();
                let hint = field.hint(number, true);
                if !matches!(hint, Hint::Whole(_)) && !is_long(number) {
                    return Ok(());
                }
                self.spot(number, hint, field.part(), Kind::Number, node.span)
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.step(Step { name: None, index }, |walk| walk.json(item))?;
                }
                Ok(())
            }
            Value::Object(members) => {
                for (index, member) in members.iter().enumerate() {
                    self.share(Sort::Key, &member.key, &member.key, member.at, |()| Kind::Text);
                    self.room()?;
                    self.fields.push(member.key.to_string());
                    self.step(Step { name: None, index }, |walk| walk.json(&member.node))?;
                    self.fields.pop();
                }
                Ok(())
            }
        }
    }

    fn field(&self) -> Field {
        let path: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        Field::of(&path)
    }

    /// A JSON Schema: `true`, `false`, or an object of keywords.
    fn schema(&mut self, node: &Node<'_>) -> Result<(), Refusal> {
        for (index, member) in node.members().iter().enumerate() {
            self.step(Step { name: None, index }, |walk| match (member.key.as_ref(), &member.node.value) {
                (
                    "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                    Value::Object(of),
                ) => {
                    for (index, property) in of.iter().enumerate() {
                        walk.step(Step { name: None, index }, |walk| {
                            walk.name(&property.key)?;
                            walk.schema(&property.node)
                        })?;
                    }
                    Ok(())
                }
                (key, Value::Object(_)) if SCHEMAS.contains(&key) => walk.schema(&member.node),
                (key, Value::List(items)) if SCHEMAS.contains(&key) => {
                    items.iter().try_for_each(|item| walk.schema(item))
                }
                ("required" | "type", Value::List(items)) => {
                    items.iter().filter_map(Node::text).try_for_each(|name| walk.name(name))
                }
                ("type" | "format" | "$ref" | "$schema" | "$id" | "$anchor", Value::Text(name)) => walk.name(name),
                (key, Value::Number(_) | Value::Bool(_) | Value::Null) if KEYWORDS.contains(&key) => Ok(()),
                (key, _) if KEYWORDS.contains(&key) => walk.json(&member.node),
                (key, _) => {
                    walk.name(key)?;
                    walk.json(&member.node)
                }
            })?;
        }
        match &node.value {
            Value::Object(_) | Value::Bool(_) => Ok(()),
            _ => Err(self.refusal(Rule::Invalid)),
        }
    }

    fn name(&mut self, name: &str) -> Result<(), Refusal> {
        if self.leave.names.contains(name) || name.is_empty() {
            return Ok(());
        }
        let place = self.place();
        // As words: what is joined by underscores is not found.
        let words = name.replace(['_', '-', '.', '/', '#', '$'], " ");
        self.share(Sort::Name, name, words.trim(), Span::new(0, 0), |_| Kind::Name(place));
        self.room()
    }

    /// A text that stands in several places, and is the same in all of them.
    fn share(&mut self, sort: Sort, name: &str, text: &str, span: Span, kind: impl FnOnce(()) -> Kind) {
        let at = (self.document, span);
        let next = self.reading.spots.len();
        let number = *self.shared.entry((sort, name.to_owned())).or_insert(next);
        match self.reading.spots.get_mut(number) {
            Some(spot) => spot.at.push(at),
            None => {
                let (hint, part) = (Hint::Text, Part::Unknown);
                self.reading.spots.push(Spot {
                    text: text.to_owned(),
                    hint,
                    part,
                    field: None,
                    kind: kind(()),
                    at: vec![at],
                });
            }
        }
    }

    fn spot(&mut self, text: &str, hint: Hint, part: Part, kind: Kind, span: Span) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        let (text, field, at) = (text.to_owned(), self.fields.last().cloned(), vec![(self.document, span)]);
        self.reading.spots.push(Spot { text, hint, part, field, kind, at });
        self.room()
    }

    fn room(&self) -> Result<(), Refusal> {
        if self.reading.spots.len() <= SPOTS { Ok(()) } else { Err(Rule::TooLarge.into()) }
    }

    fn input(&self, input: Input, fits: bool) -> Result<(), Refusal> {
        if fits && self.leave.inputs.contains(&input) { Ok(()) } else { Err(self.refusal(Rule::Input)) }
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Edits)) -> Result<(), Refusal> {
        let document = self.reading.documents.get_mut(self.document).ok_or(Rule::Internal)?;
        edit(&mut document.edits);
        Ok(())
    }

    fn step(&mut self, step: Step, then: impl FnOnce(&mut Self) -> Result<(), Refusal>) -> Result<(), Refusal> {
        self.path.push(step);
        then(self)?;
        self.path.pop();
        Ok(())
    }

    fn place(&self) -> String {
        let name = |step: &Step| step.name.map_or_else(|| step.index.to_string(), str::to_owned);
        self.path.iter().map(name).collect::<Vec<_>>().join(".")
    }

    fn refusal(&self, rule: Rule) -> Refusal {
        match self.path.is_empty() {
            true => rule.into(),
            false => Refusal::at(rule, self.place()),
        }
    }
}

/// Whether a shape may be of that kind of value.
fn takes(shape: &Shape, value: &Value<'_>) -> bool {
    match shape {
        Shape::Json | Shape::Refused(_) => true,
        Shape::Schema => matches!(value, Value::Object(_) | Value::Bool(_)),
        Shape::Number => matches!(value, Value::Number(_)),
        Shape::Bool | Shape::Off => matches!(value, Value::Bool(_)),
        Shape::List(_) => matches!(value, Value::List(_)),
        Shape::Object(_) | Shape::Tagged(..) | Shape::Untagged(..) | Shape::Biases => matches!(value, Value::Object(_)),
        Shape::Either(shapes) => shapes.iter().any(|shape| takes(shape, value)),
        Shape::One(words) => matches!(value, Value::Text(text) if words.contains(&text.as_ref())),
        _ => matches!(value, Value::Text(_)),
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("spots", &self.spots.len()).finish_non_exhaustive()
    }
}

/// Keywords of JSON Schema whose values are schemas, or lists of them.
const SCHEMAS: [&str; 14] = [
    "items",
    "prefixItems",
    "additionalItems",
    "additionalProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contains",
    "propertyNames",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
];
/// Other keywords, and `else`.
const KEYWORDS: [&str; 36] = [
    "else",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "enum",
    "const",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "nullable",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "dependentRequired",
    "contentEncoding",
    "contentMediaType",
    "strict",
    "$vocabulary",
];
/// Texts of a request.
const SPOTS: usize = 50_000;
/// JSON in strings in JSON: levels.
const NESTED: usize = 4;

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
