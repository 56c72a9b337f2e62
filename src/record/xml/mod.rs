//! Reads an XML document in place: checks that it is well-formed and finds the texts that are to be searched. Clinical
//! documents (CDA) are read by a table of their elements, others by the names of their elements and attributes.
//!
//! Text of one element that tags, comments or CDATA sections cut is one text again, and so are narrative blocks. Entities
//! that a document declares itself are not followed: such a document is set aside.

mod cda;
mod oid;
mod scan;
mod shape;
mod sound;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::cda::{Context, Holds, Meaning};
use self::scan::{Attribute, Scan, Token};
use self::shape::{DOCUMENT, Shape};
pub(crate) use self::sound::is_sound;
use super::attachment::{Attachment, open};
use super::field::Sibling;
use super::markup::{self, Anchor, Kind, Piece, tag};
use super::{Charset, Fault, Join, Part, Reason, Record, Segment, Select};
use crate::identifier::{Hint, Label};
use crate::span::Span;

/// Reads documents; remembers what the names of their elements mean.
pub struct Reader {
    shape: Shape,
}

impl Reader {
    /// A reader that looks at the fields of that selection.
    pub fn new(select: Select) -> Self {
        Self { shape: Shape::new(select) }
    }

    /// Reads one document.
    ///
    /// # Errors
    ///
    /// The first fault; the document must not pass.
    pub fn read<'r>(&mut self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        self.shape.begin();
        let mut work = Work {
            shape: &mut self.shape,
            record: Record::new(bytes, charset(bytes)?),
            apart: Vec::new(),
            frames: Vec::new(),
            names: Vec::new(),
            cda: false,
            join: Join::Apart,
            first: 0,
        };
        let mut scan = Scan::new(bytes);
        while let Some(token) = scan.next()? {
            match token {
                Token::Start(name) => work.start(name, scan.attributes())?,
                Token::End(name) => work.end(name),
                Token::Text(span) => work.text(span, Kind::Text),
                Token::Cdata(span) => work.text(span, Kind::Cdata),
                Token::Comment(span) => work.comment(span)?,
                Token::Instruction(span) => work.declaration(span, "processing-instruction()")?,
                Token::Doctype(span) => work.declaration(span, "doctype()")?,
            }
        }
        let mut record = work.record;
        record.segments.append(&mut work.apart);
        Ok(record)
    }

    /// The path of a field: `/ClinicalDocument/recordTarget/patientRole/id/@extension`.
    pub(crate) fn field_name(&self, field: u32) -> String {
        self.shape.path(field)
    }
}

/// A document that is being read.
struct Work<'r, 's> {
    shape: &'s mut Shape,
    record: Record<'r>,
    /// Attribute values, comments and instructions: they stand in the midst of texts that go on.
    apart: Vec<Segment<'r>>,
    frames: Vec<Frame>,
    /// Texts under a plain `name` in an element that is still open.
    names: Vec<Place>,
    cda: bool,
    /// How the next text goes on.
    join: Join,
    /// The segment that the text read last begins with.
    first: usize,
}

/// An open element.
struct Frame {
    node: u32,
    context: Context,
    /// Text of its own that was read, and elements in it.
    texts: u32,
    elements: u32,
    /// Its text goes on from the text around it.
    flow: bool,
    /// It is a narrative block, or in one.
    narrative: bool,
    /// Its text stands above or below the line.
    raised: bool,
    /// Its text is base 64, of that media type.
    media: Option<(String, Option<Span>)>,
    /// What an attribute that names the element says of it: `<field name="mrn">`.
    named: Option<super::field::Field>,
    siblings: Sibling,
    /// `Work::names` from here on are this element's.
    names: usize,
}

/// Where a segment is, which is not yet in its final place.
#[derive(Clone, Copy)]
enum Place {
    Text(usize),
    Apart(usize),
}

impl<'r> Work<'r, '_> {
    fn start(&mut self, name: Span, attributes: &[Attribute]) -> Result<(), Fault> {
        let bytes = self.record.bytes;
        let slice = |span: Span| bytes.get(span.start..span.end).unwrap_or_default();
        let local = tag::local(slice(name));
        let too_many = Fault::new(name.start, Reason::XmlTooDeep);
        let parent = self.frames.last();
        let node = parent.map_or(DOCUMENT, |frame| frame.node);
        let node = self.shape.child(node, local).ok_or(too_many)?;
        let find = |key: &str| {
            let found = attributes.iter().find(|(known, _)| slice(*known) == key.as_bytes());
            found.and_then(|(_, value)| std::str::from_utf8(slice(*value)).ok())
        };
        if self.frames.is_empty() {
            self.cda = local == b"ClinicalDocument" || attributes.iter().any(|(_, v)| slice(*v) == b"urn:hl7-org:v3");
        }
        let mut context = Context::DOCUMENT;
        let (mut flow, mut narrative, mut names) = (false, false, 0);
        if let Some(parent) = self.frames.last_mut() {
            parent.elements += 1;
            if local == b"code" && self.cda {
                parent.context.set_code(find("code").unwrap_or_default());
            }
            (context, names) = (parent.context, self.names.len());
            (flow, narrative) = (parent.flow || parent.texts > 0, parent.narrative);
            parent.siblings |= self.shape.field(node).sibling();
        }
        if self.cda && !narrative {
            context = context.enter(std::str::from_utf8(local).unwrap_or_default(), find);
        }
        // A field that is claimed whole does not go on from the text around it.
        if flow && (narrative || !matches!(context.holds, Holds::Whole(..))) {
            self.part(tag::join(local));
        } else {
            self.join = Join::Apart;
        }
        // The attributes of the block itself are not of its markup.
        let block = narrative;
        if self.cda && context.holds == Holds::Narrative {
            (flow, narrative) = (true, true);
        }
        let media = (self.cda && find("representation") == Some("B64")).then(|| {
            let sha1 = find("integrityCheckAlgorithm").is_none_or(|name| name == "SHA-1");
            let hash = attributes.iter().find(|(key, _)| sha1 && slice(*key) == b"integrityCheck").map(|(_, v)| *v);
            (find("mediaType").unwrap_or_default().to_owned(), hash)
        });
        let hash = media.as_ref().and_then(|(_, hash)| *hash);
        let named = (!self.cda).then(|| self.named(node, find)).flatten();
        let siblings = Sibling::default();
        self.frames.push(Frame {
            node,
            context,
            texts: 0,
            elements: 0,
            flow,
            narrative,
            raised: tag::is_raised(local),
            media,
            named,
            siblings,
            names,
        });
        for (key, value) in attributes.iter().filter(|(_, value)| Some(*value) != hash) {
            self.attribute(*key, *value, block, find)?;
        }
        Ok(())
    }

    /// What a value is that an attribute beside it names: `<field name="mrn" value="..."/>`.
    fn named<'a>(&self, node: u32, find: impl Fn(&str) -> Option<&'a str>) -> Option<super::field::Field> {
        if self.shape.field(node).is_known() && !self.shape.field(node).is_plain_name() {
            return None;
        }
        let name = ["name", "Name", "key", "field", "label"].into_iter().find_map(find)?;
        let field = self.shape.named(node, name);
        (name.len() <= 64 && field.is_known()).then_some(field)
    }

    fn attribute<'a>(
        &mut self,
        key: Span,
        value: Span,
        narrative: bool,
        find: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<(), Fault> {
        let bytes = self.record.bytes;
        let key = bytes.get(key.start..key.end).unwrap_or_default();
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let (context, named) = (frame.context, frame.named);
        if tag::is_declaration(key) || markup::is_blank(bytes.get(value.start..value.end).unwrap_or_default()) {
            return Ok(());
        }
        let mut name = vec![b'@'];
        name.extend_from_slice(tag::local(key));
        let node = self.shape.child(frame.node, &name).ok_or(Fault::new(value.start, Reason::XmlTooDeep))?;
        let wanted = self.shape.wanted(node);
        let text = markup::decode(bytes, self.record.charset, value);
        self.patient(node, &text);
        if !wanted.search {
            return Ok(());
        }
        let field = match (named, &*name) {
            (Some(field), b"@value" | b"@Value" | b"@val") => field,
            _ => self.shape.field(node),
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.siblings |= field.sibling();
        }
        let anchor = match self.cda {
            true => markup::anchor(key, bytes.get(value.start..value.end).unwrap_or_default()),
            false => Anchor::None,
        };
        let piece = match anchor {
            Anchor::Other(start) => markup::place(value, start),
            Anchor::Plain | Anchor::None => markup::value(bytes, value),
        };
        let Piece { mut span, mut form, .. } = piece;
        let hint = match piece.hint {
            _ if anchor == Anchor::Plain => Hint::Skip,
            Hint::Text if narrative && tag::is_harmless(key) => Hint::Skip,
            Hint::Text if narrative => Hint::Text,
            Hint::Text if self.cda => {
                let local = std::str::from_utf8(tag::local(key)).unwrap_or_default();
                match context.attribute(local, &text, find) {
                    Meaning::Nothing => Hint::Skip,
                    Meaning::Text => Hint::Text,
                    Meaning::Unknown => field.hint(&text, false),
                    Meaning::Whole(label, start, of) => {
                        // The scheme of an address is of plain letters.
                        span = Span::new(value.start + start, value.end);
                        form = of;
                        Hint::Whole(label)
                    }
                }
            }
            Hint::Text => field.hint(&text, false),
            hint => hint,
        };
        if hint == Hint::Skip && !wanted.named {
            return Ok(());
        }
        let hint = if hint == Hint::Skip { Hint::Text } else { hint };
        if field.is_plain_name() && named.is_none() && !self.cda {
            self.names.push(Place::Apart(self.apart.len()));
        }
        let segment = markup::segment(bytes, self.record.charset, Piece { span, form, ..piece });
        self.apart.push(Segment { hint, rule: wanted.rule, field: node, ..segment });
        Ok(())
    }

    fn end(&mut self, name: Span) {
        let Some(frame) = self.frames.pop() else { return };
        if frame.siblings.is_thing() {
            for place in self.names.iter().skip(frame.names) {
                let segment = match place {
                    Place::Text(at) => self.record.segments.get_mut(*at),
                    Place::Apart(at) => self.apart.get_mut(*at),
                };
                if let Some(segment) = segment {
                    segment.hint = Hint::Text;
                }
            }
        }
        self.names.truncate(frame.names);
        let bytes = self.record.bytes;
        // What follows in the element around goes on from it.
        self.part(tag::join(bytes.get(name.start..name.end).unwrap_or_default()));
    }

    fn text(&mut self, span: Span, kind: Kind) {
        let bytes = self.record.bytes;
        let piece = Piece::apart(span, kind);
        let mut segment = markup::segment(bytes, self.record.charset, piece);
        if segment.text.trim().is_empty() {
            if !segment.text.is_empty() {
                self.part(Join::Space);
            }
            return;
        }
        let Some(frame) = self.frames.last_mut() else { return };
        let (alone, same) = (frame.texts == 0 && frame.elements == 0, frame.texts > 0 && frame.elements == 0);
        let (node, context, narrative, named) = (frame.node, frame.context, frame.narrative, frame.named);
        let (flow, raised) = (frame.flow, frame.raised && narrative);
        frame.texts += 1;
        let media = frame.media.clone();
        let wanted = self.shape.wanted(node);
        self.patient(node, &segment.text);
        if !wanted.search {
            self.part(Join::Space);
            return;
        }
        if let Some((media, hash)) = media {
            self.attachment(&segment, &media, hash, wanted.rule, node);
            return;
        }
        let field = named.unwrap_or(self.shape.field(node));
        let (mut hint, part) = match narrative {
            true => (Hint::Text, Part::Unknown),
            false if self.cda => holds(context.holds, &segment.text, field),
            false => (field.hint(&segment.text, false), Part::Unknown),
        };
        if hint == Hint::Skip && (!alone || flow || wanted.named) {
            hint = Hint::Text;
        }
        if hint == Hint::Skip {
            return;
        }
        // What is claimed by its own element begins anew, and what is not does not go on from it.
        let claimed = self.cda && matches!(hint, Hint::Whole(_));
        if !same && !narrative {
            match self.record.segments.get_mut(self.first) {
                _ if claimed => self.join = Join::Apart,
                Some(first) if matches!(first.hint, Hint::Whole(_)) && self.cda => self.join = Join::Apart,
                Some(first) if self.join != Join::Apart => first.hint = Hint::Text,
                _ => {}
            }
        }
        let letters = segment.text.as_bytes();
        let initials = raised && matches!(self.join, Join::Apart | Join::Line) && tag::is_initials(letters);
        if initials {
            (hint, self.join) = (Hint::Whole(Label::Name), Join::Apart);
        } else if raised && self.join == Join::Glued && letters.first().is_some_and(u8::is_ascii_digit) {
            self.join = Join::Space;
        }
        if self.join == Join::Apart {
            self.first = self.record.segments.len();
        }
        if field.is_plain_name() && named.is_none() && !self.cda {
            self.names.push(Place::Text(self.record.segments.len()));
        }
        segment.join = self.join;
        self.record.segments.push(Segment { hint, part, rule: wanted.rule, field: node, ..segment });
        // What follows initials does not go on from them.
        self.join = if initials { Join::Apart } else { Join::Glued };
    }

    fn attachment(&mut self, segment: &Segment<'_>, media: &str, hash: Option<Span>, rule: Option<u16>, field: u32) {
        // White space around it stays.
        let written = self.record.bytes.get(segment.raw.start..segment.raw.end).unwrap_or_default();
        let start = segment.raw.end - written.trim_ascii_start().len();
        let raw = Span::new(start, start + written.trim_ascii().len());
        let base64 = segment.text.as_ref();
        let opaque = Label::OtherId;
        open(&mut self.record, Attachment { raw, base64, media: Some(media), size: None, hash, opaque, rule, field });
        self.join = Join::Apart;
    }

    fn comment(&mut self, span: Span) -> Result<(), Fault> {
        let mut pieces = Vec::new();
        markup::comment(self.record.bytes, span, &mut pieces);
        self.pieces("comment()", pieces, span)
    }

    /// A processing instruction or document type: its text stands there as it is.
    fn declaration(&mut self, span: Span, name: &str) -> Result<(), Fault> {
        let text = self.record.bytes.get(span.start..span.end).unwrap_or_default();
        let target = text.iter().take_while(|b| !b.is_ascii_whitespace()).count();
        let public = memchr::memmem::find(text, b"//W3C//").is_some() && !text.contains(&b'[');
        if text.get(target..).unwrap_or_default().trim_ascii().is_empty() || public {
            return Ok(());
        }
        let span = Span::new(span.start + target, span.end);
        self.pieces(name, vec![Piece::apart(span, Kind::Cdata)], span)
    }

    fn pieces(&mut self, name: &str, pieces: Vec<Piece>, span: Span) -> Result<(), Fault> {
        let parent = self.frames.last().map_or(DOCUMENT, |frame| frame.node);
        let node = self.shape.child(parent, name.as_bytes()).ok_or(Fault::new(span.start, Reason::XmlTooDeep))?;
        let wanted = self.shape.wanted(node);
        if wanted.search {
            let segment = |piece| markup::segment(self.record.bytes, self.record.charset, piece);
            let place = |piece| Segment { rule: wanted.rule, field: node, ..segment(piece) };
            self.apart.extend(pieces.into_iter().map(place));
        }
        Ok(())
    }

    /// Takes the value for the patient's when it is.
    fn patient(&mut self, node: u32, value: &str) {
        let role = ["recordTarget", "patientRole", "id", "@extension"];
        let named = match self.shape.has_patient() {
            true => self.shape.wanted(node).patient,
            false => self.cda && self.record.patient.is_none() && self.shape.ends_with(node, &role),
        };
        if named {
            self.record.patient = Some(Cow::Owned(value.to_owned()));
        }
    }

    fn part(&mut self, join: Join) {
        if self.join != Join::Apart {
            self.join = self.join.max(join);
        }
    }
}

/// What the text of an element of a clinical document is.
fn holds(holds: Holds, text: &str, field: super::field::Field) -> (Hint, Part) {
    let alphanumeric = text.chars().any(char::is_alphanumeric);
    match holds {
        Holds::Whole(label, part) if alphanumeric => (Hint::Whole(label), part),
        Holds::Affix if cda::is_title(text) => (Hint::Skip, Part::Unknown),
        Holds::Affix if alphanumeric => (Hint::Whole(Label::Name), Part::Unknown),
        Holds::Time => match cda::time(text) {
            Meaning::Nothing => (Hint::Skip, Part::Unknown),
            Meaning::Whole(label, ..) => (Hint::Whole(label), Part::Unknown),
            Meaning::Text | Meaning::Unknown => (Hint::Text, Part::Unknown),
        },
        Holds::Unknown | Holds::Code => (field.hint(text, false), Part::Unknown),
        _ => (Hint::Text, Part::Unknown),
    }
}

/// How the bytes stand for characters, as the XML declaration says.
///
/// # Errors
///
/// A charset that is not read, UTF-8 that is none, NUL bytes.
fn charset(bytes: &[u8]) -> Result<Charset, Fault> {
    if let Some(at) = memchr::memchr(0, bytes) {
        return Err(Fault::new(at, Reason::Binary));
    }
    let declared = scan::declaration(bytes).and_then(|span| encoding(bytes.get(span.start..span.end)?));
    let valid = std::str::from_utf8(bytes);
    match (declared.as_deref().unwrap_or("utf-8"), valid) {
        // What is called something else and is UTF-8 all the same is UTF-8.
        ("utf-8" | "us-ascii" | "ascii" | "iso-8859-1" | "latin1" | "windows-1252" | "cp1252", Ok(_)) => {
            Ok(Charset::Utf8)
        }
        ("iso-8859-1" | "latin1" | "windows-1252" | "cp1252", Err(_)) => Ok(Charset::Windows1252),
        ("utf-8" | "us-ascii" | "ascii", Err(e)) => Err(Fault::new(e.valid_up_to(), Reason::InvalidUtf8)),
        _ => Err(Fault::new(0, Reason::XmlEncoding)),
    }
}

/// The value of `encoding` in an XML declaration, in small letters.
fn encoding(declaration: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let value = declaration.get(at..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let length = memchr::memchr(*quote, value)?;
    Some(String::from_utf8_lossy(value.get(..length)?).to_ascii_lowercase())
}
