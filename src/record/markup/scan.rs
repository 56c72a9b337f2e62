//! Finds the texts in markup, well-formed or not: takes any bytes, and what cannot be read as a tag is text.

use super::anchor::{Anchor, anchor, is_plain};
use super::{Dialect, tag};
use crate::identifier::{Hint, Label};
use crate::record::{Form, Join, entity};
use crate::span::Span;

/// A text in markup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    /// Where it stands, without what delimits it.
    pub(crate) span: Span,
    /// How it is written.
    pub(crate) kind: Kind,
    /// How it goes on from the piece before it.
    pub(crate) join: Join,
    /// [`Hint::Text`], but for what cannot be searched.
    pub(crate) hint: Hint,
    /// [`Form::Free`], but for the name of a place in the document.
    pub(crate) form: Form,
}

impl Piece {
    /// A text of its own.
    pub(crate) fn apart(span: Span, kind: Kind) -> Self {
        Self { span, kind, join: Join::Apart, hint: Hint::Text, form: Form::Free }
    }
}

/// How a text in markup is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// With entities: text, attribute values; comments and declarations, which are read as if they had them.
    Text,
    /// As it is, in a CDATA section.
    Cdata,
    /// As it is, in a script or style sheet of HTML.
    Raw,
}

/// Appends the texts in `markup`, of which none overlaps another: first what is read, piece by piece in its order, then
/// attribute values, comments and declarations, each of its own.
pub(crate) fn scan(markup: &[u8], dialect: Dialect, out: &mut Vec<Piece>) {
    let mut aside = Vec::new();
    let mut scanner = Scanner::new(markup, dialect, Depth::Document);
    scanner.run(Span::new(0, markup.len()), out, &mut aside);
    out.append(&mut aside);
}

/// Appends the texts of a comment that stands at `span`: commented markup is read as markup.
pub(crate) fn comment(markup: &[u8], span: Span, out: &mut Vec<Piece>) {
    let mut aside = Vec::new();
    let mut flow = Vec::new();
    Scanner::new(markup, Dialect::Xhtml, Depth::Comment).run(span, &mut flow, &mut aside);
    out.append(&mut flow);
    out.append(&mut aside);
}

/// The piece of an attribute's value; `None` when it holds nothing to search.
fn attribute(markup: &[u8], name: &[u8], span: Span) -> Option<Piece> {
    let written = markup.get(span.start..span.end)?;
    let piece = value(markup, span);
    let style = name.eq_ignore_ascii_case(b"style") && !written.contains(&b'(');
    match anchor(name, written) {
        Anchor::Plain => return None,
        Anchor::Other(start) => return Some(place(span, start)),
        Anchor::None if name.eq_ignore_ascii_case(b"name") && is_plain(written) => return None,
        Anchor::None => {}
    }
    let searched = piece.hint != Hint::Text || !style && !tag::is_harmless(name);
    (searched && !is_blank(written)).then_some(piece)
}

/// The piece of an attribute's value, whatever the attribute is called. An embedded document goes as a whole.
pub(crate) fn value(markup: &[u8], span: Span) -> Piece {
    let written = markup.get(span.start..span.end).unwrap_or_default();
    let embedded = is_embedded(written);
    let hint = if embedded { Hint::Whole(embedded_label(written)) } else { Hint::Text };
    Piece { hint, ..Piece::apart(span, Kind::Text) }
}

/// The piece of a name of a place in the document, which begins at that byte of the value.
pub(crate) fn place(value: Span, start: usize) -> Piece {
    let span = Span::new(value.start + start, value.end);
    Piece { hint: Hint::Whole(Label::OtherId), form: Form::Id, ..Piece::apart(span, Kind::Text) }
}

/// Whether there is a document in the value itself, as a `data:` address (RFC 2397).
fn is_embedded(value: &[u8]) -> bool {
    memchr::memchr_iter(b':', value).any(|colon| {
        let scheme = value.get(colon.saturating_sub(4)..colon).unwrap_or_default();
        let media = value.get(colon + 1..).unwrap_or_default();
        let length = media.iter().take_while(|b| b.is_ascii_alphanumeric() || b"/+.;=-_&\"".contains(b)).count();
        scheme.eq_ignore_ascii_case(b"data") && media.get(length) == Some(&b',')
    })
}

/// Whether text holds nothing but white space, no-break spaces among it.
pub(crate) fn is_blank(mut text: &[u8]) -> bool {
    loop {
        text = text.trim_ascii_start();
        text = match text {
            [] => return true,
            [0xC2, 0xA0, rest @ ..] => rest,
            [b'&', ..] => match entity::read(text) {
                Some((length, c)) if c.is_whitespace() => text.get(length..).unwrap_or_default(),
                _ => return false,
            },
            _ => return false,
        }
    }
}

/// What an embedded document is: an image may be a photograph.
fn embedded_label(value: &[u8]) -> Label {
    let image = memchr::memmem::find(value, b"data:image/").is_some();
    if image { Label::Biometric } else { Label::OtherId }
}

/// Whether comments are read as markup: not those within comments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Document,
    Comment,
}

struct Scanner<'m> {
    markup: &'m [u8],
    dialect: Dialect,
    depth: Depth,
    /// How the next piece goes on.
    join: Join,
    /// Bytes of text since the last piece that does not go on.
    length: usize,
    /// In an element whose numbers are no part of the word before.
    raised: bool,
    /// Tags met that do not end.
    broken: u32,
}

impl<'m> Scanner<'m> {
    fn new(markup: &'m [u8], dialect: Dialect, depth: Depth) -> Self {
        Self { markup, dialect, depth, join: Join::Apart, length: 0, raised: false, broken: 0 }
    }

    fn run(&mut self, span: Span, flow: &mut Vec<Piece>, aside: &mut Vec<Piece>) {
        let end = span.end.min(self.markup.len());
        let mut at = span.start;
        let mut start = at;
        while let Some(found) = memchr::memchr(b'<', self.bytes(at, end)) {
            let open = at + found;
            // What does not begin a tag, or does not end, is text.
            let Some(next) = self.markup_at(start, open, end, flow, aside) else {
                at = open + 1;
                continue;
            };
            at = next.min(end);
            start = at;
        }
        self.text(Span::new(start, end), Kind::Text, flow);
    }

    /// Reads the markup at `open`, the text from `start` up to it before; returns where it ends.
    fn markup_at(
        &mut self,
        start: usize,
        open: usize,
        end: usize,
        flow: &mut Vec<Piece>,
        aside: &mut Vec<Piece>,
    ) -> Option<usize> {
        let before = Span::new(start, open);
        let rest = self.bytes(open, end);
        match rest {
            [b'<', b'!', b'-', b'-', ..] => {
                self.text(before, Kind::Text, flow);
                let inside = open + 4;
                let length = memchr::memmem::find(self.bytes(inside, end), b"-->");
                let close = length.map_or(end, |length| inside + length);
                let span = Span::new(inside.min(end), close);
                match self.depth {
                    Depth::Document => comment(self.markup, span, aside),
                    Depth::Comment => self.apart(span, Kind::Text, aside),
                }
                Some(length.map_or(end, |_| close + 3))
            }
            _ if rest.starts_with(b"<![CDATA[") => {
                self.text(before, Kind::Text, flow);
                let inside = open + b"<![CDATA[".len();
                let length = memchr::memmem::find(self.bytes(inside, end), b"]]>");
                let close = length.map_or(end, |length| inside + length);
                self.text(Span::new(inside, close), Kind::Cdata, flow);
                Some(length.map_or(end, |_| close + 3))
            }
            [b'<', b'!' | b'?', ..] => {
                self.text(before, Kind::Text, flow);
                let length = memchr::memchr(b'>', rest);
                let close = length.map_or(end, |length| open + length);
                let declaration = self.bytes(open + 2, close);
                if !is_standard(declaration) {
                    self.apart(Span::new(open + 2, close), Kind::Text, aside);
                }
                Some(length.map_or(end, |_| close + 1))
            }
            [b'<', b'/', letter, ..] | [b'<', letter, ..] if letter.is_ascii_alphabetic() => {
                let mark = aside.len();
                let tag = if self.broken < MAX_BROKEN { self.tag(open, end, aside) } else { None };
                let Some((name, next)) = tag else {
                    self.broken += 1;
                    aside.truncate(mark);
                    return None;
                };
                self.text(before, Kind::Text, flow);
                let name = self.bytes(name.start, name.end);
                self.part(tag::join(name));
                let opens = rest.get(1) != Some(&b'/');
                self.raised = opens && tag::is_raised(name);
                if opens && self.dialect == Dialect::Html {
                    return Some(self.raw_text(name, next, end, flow, aside));
                }
                Some(next)
            }
            _ => None,
        }
    }

    /// The name of the tag at `open`, and where it ends; `None` when it does not end. Appends its attributes.
    fn tag(&self, open: usize, end: usize, aside: &mut Vec<Piece>) -> Option<(Span, usize)> {
        let start = open + 1 + usize::from(self.markup.get(open + 1) == Some(&b'/'));
        let mut at = start + self.bytes(start, end).iter().position(|b| ends_name(*b))?;
        let name = Span::new(start, at);
        loop {
            at += self.bytes(at, end).iter().position(|b| !b.is_ascii_whitespace() && *b != b'/')?;
            if self.markup.get(at) == Some(&b'>') {
                return Some((name, at + 1));
            }
            // A lone equals sign is a name of its own.
            let key = at;
            at += 1 + self.bytes(at + 1, end).iter().position(|b| ends_name(*b) || *b == b'=')?;
            let key = self.bytes(key, at);
            let equals = at + self.bytes(at, end).iter().position(|b| !b.is_ascii_whitespace())?;
            if self.markup.get(equals) != Some(&b'=') {
                // A name without value may be a value whose quotes were lost.
                if !tag::is_harmless(key) && key.len() > 3 {
                    aside.push(Piece::apart(Span::new(at - key.len(), at), Kind::Text));
                }
                continue;
            }
            let value = equals + 1 + self.bytes(equals + 1, end).iter().position(|b| !b.is_ascii_whitespace())?;
            let span = match self.markup.get(value) {
                Some(quote @ (b'"' | b'\'')) => {
                    let length = memchr::memchr(*quote, self.bytes(value + 1, end))?;
                    at = value + 1 + length + 1;
                    Span::new(value + 1, value + 1 + length)
                }
                _ => {
                    let length = self.bytes(value, end).iter().position(|b| b.is_ascii_whitespace() || *b == b'>')?;
                    at = value + length;
                    Span::new(value, at)
                }
            };
            aside.extend(attribute(self.markup, key, span));
        }
    }

    /// What stands in an element of HTML in which tags are text, up to its end tag; returns where to go on.
    fn raw_text(
        &mut self,
        name: &[u8],
        start: usize,
        end: usize,
        flow: &mut Vec<Piece>,
        aside: &mut Vec<Piece>,
    ) -> usize {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        let (script, style) = (is(b"script"), is(b"style"));
        if !script && !style && !is(b"textarea") && !is(b"title") {
            return start;
        }
        let inside = self.bytes(start, end);
        let ends = |at: &usize| {
            let close = inside.get(at + 2..at + 2 + name.len());
            close.is_some_and(|close| close.eq_ignore_ascii_case(name))
        };
        let length = memchr::memmem::find_iter(inside, b"</").find(ends).unwrap_or(inside.len());
        let span = Span::new(start, start + length);
        let text = self.bytes(span.start, span.end);
        match (script, style) {
            (true, _) => self.apart(span, Kind::Raw, aside),
            // A style sheet says nothing of anybody, unless it holds a picture.
            (_, true) if is_embedded(text) => {
                let hint = Hint::Whole(embedded_label(text));
                aside.push(Piece { hint, ..Piece::apart(span, Kind::Raw) });
            }
            (_, true) => {}
            _ => self.text(span, Kind::Text, flow),
        }
        span.end
    }

    /// Parts what follows from what was read, at least so far. What follows nothing stays a text of its own.
    fn part(&mut self, join: Join) {
        if self.join != Join::Apart {
            self.join = self.join.max(join);
        }
    }

    /// Appends text that is read; white space alone only parts what is around it.
    fn text(&mut self, span: Span, kind: Kind, flow: &mut Vec<Piece>) {
        let text = self.bytes(span.start, span.end);
        if is_blank(text) {
            if !text.is_empty() {
                self.part(Join::Space);
            }
            return;
        }
        if self.raised && matches!(self.join, Join::Apart | Join::Line) && tag::is_initials(text) {
            // Of no word, and what follows does not go on from it.
            flow.push(Piece { hint: Hint::Whole(Label::Name), ..Piece::apart(span, kind) });
            self.join = Join::Apart;
            return;
        }
        if self.raised && self.join == Join::Glued && text.first().is_some_and(u8::is_ascii_digit) {
            self.join = Join::Space;
        }
        if self.join == Join::Line && self.length > LONG {
            self.join = Join::Apart;
        }
        self.length = if self.join == Join::Apart { span.len() } else { self.length + span.len() };
        flow.push(Piece { join: self.join, ..Piece::apart(span, kind) });
        self.join = Join::Glued;
    }

    fn apart(&self, span: Span, kind: Kind, aside: &mut Vec<Piece>) {
        if !is_blank(self.bytes(span.start, span.end)) {
            aside.push(Piece::apart(span, kind));
        }
    }

    fn bytes(&self, start: usize, end: usize) -> &'m [u8] {
        self.markup.get(start..end).unwrap_or_default()
    }
}

fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')
}

/// The declarations that every document has: `<?xml ...?>` and the document types of HTML.
fn is_standard(declaration: &[u8]) -> bool {
    let starts = |start: &[u8]| declaration.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
    let html = starts(b"doctype html")
        && (declaration.trim_ascii_end().len() == b"doctype html".len()
            || [&b"//W3C//"[..], b"//w3c//", b"//IETF//", b"about:legacy-compat"]
                .iter()
                .any(|public| memchr::memmem::find(declaration, public).is_some()))
        && !declaration.contains(&b'[');
    html || starts(b"xml ") && declaration.len() < 100 || declaration.is_empty()
}

/// Bytes after which a text is cut at the end of a block: what is found does not reach so far.
const LONG: usize = 256 << 10;

/// Tags that do not end, after which no more are looked for: each costs a look at all that follows.
const MAX_BROKEN: u32 = 16;
