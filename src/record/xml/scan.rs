//! Cuts an XML document into its tags and texts, and refuses what is not well-formed (XML 1.0, fifth edition, section 2).

use crate::record::{Fault, Reason, entity};
use crate::span::Span;

/// What stands next in a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// A start tag; its attributes are in [`Scan::attributes`]. An empty element has an [`Token::End`] of its own.
    Start(Span),
    End(Span),
    Text(Span),
    Cdata(Span),
    Comment(Span),
    /// A processing instruction, without `<?` and `?>`; not the XML declaration.
    Instruction(Span),
    /// A document type that declares no entities, without `<!` and `>`.
    Doctype(Span),
}

/// Where an attribute's name stands, and its value without quotes.
pub(super) type Attribute = (Span, Span);

/// Reads a document from its start.
pub(super) struct Scan<'d> {
    bytes: &'d [u8],
    at: usize,
    /// Names of the elements that are open.
    open: Vec<Span>,
    /// Of the start tag read last.
    attributes: Vec<Attribute>,
    /// The element read last was empty: its end comes next.
    empty: bool,
    rooted: bool,
    typed: bool,
}

impl<'d> Scan<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        let at = declaration(bytes).map_or(0, |span| span.end + 2);
        Self { bytes, at, open: Vec::new(), attributes: Vec::new(), empty: false, rooted: false, typed: false }
    }

    pub(super) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The next token; `None` at the end of a whole document.
    ///
    /// # Errors
    ///
    /// The first fault; what was read before must not pass either.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Fault> {
        if std::mem::take(&mut self.empty) {
            return Ok(self.open.pop().map(Token::End));
        }
        match self.rest(self.at) {
            [] if self.open.is_empty() && self.rooted => Ok(None),
            [] => Err(self.fault(self.at)),
            [b'<', b'!', b'-', b'-', ..] => {
                let inside = self.at + 4;
                let length = memchr::memmem::find(self.rest(inside), b"--").ok_or(self.fault(self.at))?;
                // Two hyphens only end a comment.
                self.expect(inside + length + 2, b">")?;
                self.at = inside + length + 3;
                self.characters(Span::new(inside, inside + length)).map(|span| Some(Token::Comment(span)))
            }
            rest if rest.starts_with(b"<![CDATA[") => {
                let inside = self.at + b"<![CDATA[".len();
                let length = memchr::memmem::find(self.rest(inside), b"]]>").ok_or(self.fault(self.at))?;
                if self.open.is_empty() {
                    return Err(self.fault(self.at));
                }
                self.at = inside + length + 3;
                self.characters(Span::new(inside, inside + length)).map(|span| Some(Token::Cdata(span)))
            }
            rest if rest.starts_with(b"<!DOCTYPE") => self.doctype().map(Some),
            [b'<', b'?', ..] => {
                let inside = self.at + 2;
                let length = memchr::memmem::find(self.rest(inside), b"?>").ok_or(self.fault(self.at))?;
                let target = name_length(self.rest(inside));
                let reserved = self.slice(Span::new(inside, inside + target)).eq_ignore_ascii_case(b"xml");
                if target == 0 || reserved {
                    return Err(self.fault(self.at));
                }
                self.at = inside + length + 2;
                self.characters(Span::new(inside, inside + length)).map(|span| Some(Token::Instruction(span)))
            }
            [b'<', b'/', ..] => self.end().map(Some),
            [b'<', ..] => self.start().map(Some),
            rest => {
                let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                let span = Span::new(self.at, self.at + length);
                let text = self.slice(span);
                if self.open.is_empty() && !text.trim_ascii().is_empty() {
                    return Err(self.fault(self.at));
                }
                if let Some(at) = memchr::memmem::find(text, b"]]>") {
                    return Err(self.fault(span.start + at));
                }
                self.entities(span)?;
                self.at = span.end;
                self.characters(span).map(|span| Some(Token::Text(span)))
            }
        }
    }

    fn start(&mut self) -> Result<Token, Fault> {
        let open = self.at;
        let name = self.name(open + 1)?;
        self.attributes.clear();
        let mut at = name.end;
        loop {
            let space = self.rest(at).iter().take_while(|b| b.is_ascii_whitespace()).count();
            match self.rest(at + space) {
                [b'>', ..] => {
                    self.at = at + space + 1;
                    break;
                }
                [b'/', b'>', ..] => {
                    self.at = at + space + 2;
                    self.empty = true;
                    break;
                }
                _ if space == 0 => return Err(self.fault(at)),
                _ => at = self.attribute(at + space)?,
            }
        }
        if self.open.is_empty() && self.rooted {
            return Err(self.fault(open));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::new(open, Reason::XmlTooDeep));
        }
        self.rooted = true;
        self.open.push(name);
        Ok(Token::Start(name))
    }

    /// Reads the attribute at `at`; returns where it ends.
    fn attribute(&mut self, at: usize) -> Result<usize, Fault> {
        let key = self.name(at)?;
        let known = |(other, _): &Attribute| self.slice(*other) == self.slice(key);
        if self.attributes.iter().any(known) || self.attributes.len() >= MAX_ATTRIBUTES {
            return Err(self.fault(at));
        }
        let equals = key.end + self.space(key.end);
        self.expect(equals, b"=")?;
        let quote = equals + 1 + self.space(equals + 1);
        let [mark @ (b'"' | b'\''), inside @ ..] = self.rest(quote) else { return Err(self.fault(quote)) };
        let length = memchr::memchr(*mark, inside).ok_or(self.fault(quote))?;
        let value = Span::new(quote + 1, quote + 1 + length);
        if let Some(at) = memchr::memchr(b'<', self.slice(value)) {
            return Err(self.fault(value.start + at));
        }
        self.entities(value)?;
        self.characters(value)?;
        self.attributes.push((key, value));
        Ok(value.end + 1)
    }

    fn end(&mut self) -> Result<Token, Fault> {
        let name = self.name(self.at + 2)?;
        let close = name.end + self.space(name.end);
        self.expect(close, b">")?;
        match self.open.pop() {
            Some(open) if self.slice(open) == self.slice(name) => {
                self.at = close + 1;
                Ok(Token::End(name))
            }
            _ => Err(self.fault(self.at)),
        }
    }

    /// A document type. One that declares entities could say anything with them, and is refused.
    fn doctype(&mut self) -> Result<Token, Fault> {
        let start = self.at + 2;
        if self.rooted || self.typed {
            return Err(self.fault(self.at));
        }
        let (mut at, mut inside) = (start, false);
        loop {
            at += self.rest(at).iter().position(|b| b"\"'[]>".contains(b)).ok_or(self.fault(self.at))?;
            match self.rest(at) {
                [quote @ (b'"' | b'\''), rest @ ..] => {
                    at += 1 + memchr::memchr(*quote, rest).ok_or(self.fault(at))?;
                }
                [b'[', ..] => inside = true,
                [b']', ..] => inside = false,
                [b'>', ..] if !inside => break,
                _ => {}
            }
            at += 1;
        }
        let span = Span::new(start, at);
        if let Some(found) = memchr::memmem::find(self.slice(span), b"<!ENTITY") {
            return Err(Fault::new(start + found, Reason::XmlEntityDeclared));
        }
        self.typed = true;
        self.at = at + 1;
        self.characters(span).map(Token::Doctype)
    }

    fn name(&self, at: usize) -> Result<Span, Fault> {
        match name_length(self.rest(at)) {
            0 => Err(self.fault(at)),
            length => Ok(Span::new(at, at + length)),
        }
    }

    fn space(&self, at: usize) -> usize {
        self.rest(at).iter().take_while(|b| b.is_ascii_whitespace()).count()
    }

    fn expect(&self, at: usize, byte: &[u8]) -> Result<(), Fault> {
        if self.rest(at).starts_with(byte) { Ok(()) } else { Err(self.fault(at)) }
    }

    /// Every ampersand begins an entity that XML knows.
    fn entities(&self, span: Span) -> Result<(), Fault> {
        let text = self.slice(span);
        for at in memchr::memchr_iter(b'&', text) {
            let rest = text.get(at..).unwrap_or_default();
            let character = entity::read(rest).is_some_and(|(_, c)| c >= ' ' || matches!(c, '\t' | '\n' | '\r'));
            if !entity::is_xml(rest) || !character {
                return Err(Fault::new(span.start + at, Reason::XmlUnknownEntity));
            }
        }
        Ok(())
    }

    /// No control character but white space (section 2.2).
    fn characters(&self, span: Span) -> Result<Span, Fault> {
        let control = |b: &u8| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
        match self.slice(span).iter().position(control) {
            Some(at) => Err(self.fault(span.start + at)),
            None => Ok(span),
        }
    }

    fn fault(&self, at: usize) -> Fault {
        Fault::new(at.min(self.bytes.len()), Reason::XmlMalformed)
    }

    fn slice(&self, span: Span) -> &'d [u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    fn rest(&self, at: usize) -> &'d [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }
}

/// The XML declaration that a document starts with, without `<?` and `?>`.
pub(super) fn declaration(bytes: &[u8]) -> Option<Span> {
    let inside = bytes.strip_prefix(b"<?xml").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let length = memchr::memmem::find(inside, b"?>")?;
    Some(Span::new(2, b"<?xml".len() + length))
}

/// Length of the name at the start of `rest`. What is not ASCII is taken for a letter.
fn name_length(rest: &[u8]) -> usize {
    let starts = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || !b.is_ascii();
    let goes_on = |b: &u8| starts(b) || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    match rest.first() {
        Some(first) if starts(first) => rest.iter().take_while(|b| goes_on(b)).count(),
        _ => 0,
    }
}

/// Levels of elements above which a document is set aside.
const MAX_DEPTH: usize = 1024;

/// Attributes of an element above which a document is set aside: each is compared with all before it.
const MAX_ATTRIBUTES: usize = 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn run(document: &str) -> Result<usize, Fault> {
        let mut scan = Scan::new(document.as_bytes());
        let mut count = 0;
        while scan.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn well_formed_documents_pass() {
        for document in [
            "<a/>",
            "<?xml version=\"1.0\"?>\n<a b='1' c = \"&lt;&#225;\"></a >\n",
            "<!-- a --><?p q?><a><!----><![CDATA[<&]]>&amp;<b:c xmlns:b=\"d\"/></a><!-- z -->",
            "<!DOCTYPE a SYSTEM \"a>b.dtd\" [<!ELEMENT a ANY> <!ATTLIST a b CDATA '>]'>]><a/>",
            "<\u{e9}t\u{e9} n\u{f3}m=''/>",
        ] {
            assert!(run(document).is_ok(), "{document}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for (document, reason) in [
            ("", Reason::XmlMalformed),
            ("text", Reason::XmlMalformed),
            ("<a>", Reason::XmlMalformed),
            ("<a></b>", Reason::XmlMalformed),
            ("<a/><b/>", Reason::XmlMalformed),
            ("<a/>x", Reason::XmlMalformed),
            ("<a b=c/>", Reason::XmlMalformed),
            ("<a b='1' b='2'/>", Reason::XmlMalformed),
            ("<a b='1'c='2'/>", Reason::XmlMalformed),
            ("<a b='<'/>", Reason::XmlMalformed),
            ("<a>]]></a>", Reason::XmlMalformed),
            ("<a><!-- -- --></a>", Reason::XmlMalformed),
            ("<a><![CDATA[</a>", Reason::XmlMalformed),
            ("<a><?xml version='1.0'?></a>", Reason::XmlMalformed),
            ("<a>\u{1}</a>", Reason::XmlMalformed),
            ("<a><1/></a>", Reason::XmlMalformed),
            ("< a/>", Reason::XmlMalformed),
            ("</a>", Reason::XmlMalformed),
            ("<a>R & D</a>", Reason::XmlUnknownEntity),
            ("<a>&nbsp;</a>", Reason::XmlUnknownEntity),
            ("<a b='&bea;'/>", Reason::XmlUnknownEntity),
            ("<a>&#1;</a>", Reason::XmlUnknownEntity),
            ("<!DOCTYPE a [<!ENTITY bea 'Bea'>]><a>&bea;</a>", Reason::XmlEntityDeclared),
            ("<!DOCTYPE a><!DOCTYPE a><a/>", Reason::XmlMalformed),
            ("<!DOCTYPE a [", Reason::XmlMalformed),
        ] {
            assert_eq!(run(document).unwrap_err().reason, reason, "{document}");
        }
        assert_eq!(run(&"<a>".repeat(2000)).unwrap_err().reason, Reason::XmlTooDeep);
    }
}
