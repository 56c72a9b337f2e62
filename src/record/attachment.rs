//! Attachments: documents that stand in a record in base 64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::sniff::BOM;
use super::{Charset, Content, Escape, Fate, Record, Segment, Select, json, markup, rtf, xml};
use crate::identifier::{Hint, Label};
use crate::span::Span;

/// An attachment as its record has it.
#[derive(Clone, Copy)]
pub(crate) struct Attachment<'a> {
    /// Where its base 64 stands in the record's bytes.
    pub(crate) raw: Span,
    /// The base 64, escapes of the format resolved.
    pub(crate) base64: &'a str,
    /// The media type that the record gives, as a hint: `text/html; charset=...`.
    pub(crate) media: Option<&'a str>,
    /// Where the record says how many bytes it has.
    pub(crate) size: Option<Span>,
    /// Where the record has its SHA-1 in base 64.
    pub(crate) hash: Option<Span>,
    /// What it is when it cannot be searched: [`Label::Biometric`] for a photograph, [`Label::OtherId`] for others.
    pub(crate) opaque: Label,
    /// The policy's field.
    pub(crate) rule: Option<u16>,
    /// The field.
    pub(crate) field: u32,
}

/// Decodes an attachment and appends it with its texts to the record: plain text, HTML, XML, JSON and RTF are searched, by
/// what the bytes are rather than what the record calls them; all else is opaque, and so is what is no base 64.
pub(crate) fn open(record: &mut Record<'_>, attachment: Attachment<'_>) {
    if attachment.base64.trim().is_empty() {
        return;
    }
    let mut content = Content {
        fate: Fate::Opaque(attachment.opaque),
        size: attachment.size,
        hash: attachment.hash,
        rule: attachment.rule,
        ..Content::new(attachment.raw, Vec::new())
    };
    let number = u16::try_from(record.contents.len()).ok();
    if let Some(bytes) = decode(attachment.base64)
        && let Some((charset, segments)) = texts(&bytes, attachment.media.unwrap_or_default())
        && number.is_some()
    {
        content = Content { bytes, charset, fate: Fate::Search, ..content };
        let place = |segment| Segment { within: number, rule: attachment.rule, field: attachment.field, ..segment };
        record.segments.extend(segments.into_iter().map(place));
    }
    record.contents.push(content);
}

/// The bytes; `None` when the text is no base 64. Both alphabets of RFC 4648 are read, with or without padding, and white
/// space is passed over (RFC 2045, section 6.8).
fn decode(base64: &str) -> Option<Vec<u8>> {
    let standard = |b: u8| match b {
        b'-' => b'+',
        b'_' => b'/',
        b => b,
    };
    let digits: Vec<u8> = base64.bytes().filter(|b| !b.is_ascii_whitespace()).map(standard).collect();
    LENIENT.decode(digits).ok()
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The texts of a document, and how its bytes stand for characters; `None` when it cannot be searched.
fn texts(bytes: &[u8], media: &str) -> Option<(Charset, Vec<Segment<'static>>)> {
    if !is_text(bytes) {
        return None;
    }
    let charset = charset(bytes, media)?;
    let body = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mark = bytes.len() - body.len();
    let segments = body_texts(body, charset, media)?;
    let move_on = |segment: Segment<'static>| {
        let raw = Span::new(segment.raw.start + mark, segment.raw.end + mark);
        Segment { raw, ..segment }
    };
    Some((charset, segments.into_iter().map(move_on).collect()))
}

/// The texts of a document without its byte order mark.
fn body_texts(body: &[u8], charset: Charset, media: &str) -> Option<Vec<Segment<'static>>> {
    let start = body.trim_ascii_start();
    if start.starts_with(b"{\\rtf") {
        return rtf::read(body, charset);
    }
    if matches!(start.first(), Some(b'{' | b'['))
        && charset == Charset::Utf8
        && let Ok(record) = json::Reader::new(Select::all()).read(body)
    {
        return Some(document(record, Escape::Json));
    }
    let called_html = media.to_ascii_lowercase().contains("html");
    if start.first() == Some(&b'<')
        && !called_html
        && let Ok(record) = xml::Reader::new(Select::all()).read(body)
        && record.charset == charset
    {
        return Some(document(record, Escape::Xml));
    }
    if is_markup(start, media) {
        let segments = markup::segments(body, charset, markup::Dialect::Html);
        return Some(segments.into_iter().map(owned).collect());
    }
    let text = charset.decode(body).into_owned();
    Some(vec![Segment::new(Span::new(0, body.len()), Cow::Owned(text), Hint::Text, Escape::None)])
}

/// The texts of a document that is a record itself. What stands encoded in it in turn is not opened: it goes as a whole.
fn document(record: Record<'_>, escape: Escape) -> Vec<Segment<'static>> {
    let (bytes, charset) = (record.bytes, record.charset);
    let own = record.segments.into_iter().filter(|segment| segment.within.is_none()).map(owned);
    let mut segments: Vec<Segment<'static>> = own.collect();
    for content in record.contents {
        let text = match escape {
            Escape::Json => {
                let written = charset.decode(bytes.get(content.raw.start..content.raw.end).unwrap_or_default());
                json::unescape(&written, content.raw.start).map(Cow::into_owned).unwrap_or_default()
            }
            _ => markup::decode(bytes, charset, content.raw).into_owned(),
        };
        segments.push(Segment::new(content.raw, Cow::Owned(text), Hint::Whole(Label::OtherId), escape));
    }
    segments
}

/// The segment with a text of its own.
fn owned(segment: Segment<'_>) -> Segment<'static> {
    Segment {
        raw: segment.raw,
        text: Cow::Owned(segment.text.into_owned()),
        hint: segment.hint,
        escape: segment.escape,
        rule: segment.rule,
        join: segment.join,
        form: segment.form,
        part: segment.part,
        within: segment.within,
        field: segment.field,
    }
}

/// Whether bytes can be text: no control characters that text does not have, and, where they are not UTF-8, mostly ASCII.
/// Images, archives, PDF and UTF-16 are not.
fn is_text(bytes: &[u8]) -> bool {
    const FORMATTED: &[&[u8]] = &[b"%PDF", b"\xFF\xFE", b"\xFE\xFF", b"\x89PNG", b"GIF8", b"PK\x03\x04", b"%!PS"];
    let control = |b: &u8| matches!(b, 0..=0x08 | 0x0E..=0x1A | 0x7F);
    let ascii = bytes.iter().filter(|b| b.is_ascii()).count();
    !FORMATTED.iter().any(|start| bytes.starts_with(start))
        && !bytes.iter().any(control)
        && (ascii * 4 >= bytes.len() * 3 || std::str::from_utf8(bytes).is_ok())
}

/// UTF-8, or Windows-1252 for what is not, unless the document or its record says that it is in another charset.
fn charset(bytes: &[u8], media: &str) -> Option<Charset> {
    let charset = Charset::of(bytes);
    let start = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let declared = [media.as_bytes(), start].into_iter().find_map(declared);
    let read = declared.is_none_or(|name| READ.iter().any(|known| known.eq_ignore_ascii_case(&name)));
    (read || charset == Charset::Utf8 && !bytes.contains(&0x1B)).then_some(charset)
}

/// What stands after `charset=` or `encoding=`.
fn declared(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.to_ascii_lowercase();
    let at = [&b"charset="[..], b"encoding="]
        .iter()
        .find_map(|name| memchr::memmem::find(&text, name).map(|at| at + name.len()))?;
    let value = text.get(at..)?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
    let length = value.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
    value.get(..length).map(<[u8]>::to_vec)
}

/// Charsets that are read, as the WHATWG's Encoding standard names them.
const READ: &[&[u8]] = &[
    b"",
    b"utf-8",
    b"utf8",
    b"ascii",
    b"us-ascii",
    b"ansi_x3",
    b"iso-8859-1",
    b"iso8859-1",
    b"latin1",
    b"windows-1252",
    b"cp1252",
];

/// Whether it is HTML or XML: it is called so, or begins so.
fn is_markup(start: &[u8], media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    let called = ["html", "xml"].iter().any(|kind| media.contains(kind));
    let begins = match start {
        [b'<', b'?' | b'!', ..] => true,
        [b'<', letter, ..] => letter.is_ascii_alphabetic() && memchr::memchr(b'>', start).is_some(),
        _ => false,
    };
    called || begins || memchr::memmem::find(start, b"</").is_some() && memchr::memmem::find(start, b"/>").is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::record::markup::tests::texts as passages;

    fn opened(base64: &str, media: Option<&str>) -> (Fate, Vec<String>) {
        let bytes = base64.as_bytes().to_vec();
        let mut record = Record::new(&bytes, Charset::Utf8);
        let attachment = Attachment {
            raw: Span::new(0, bytes.len()),
            base64,
            media,
            size: Some(Span::new(1, 2)),
            hash: None,
            opaque: Label::OtherId,
            rule: Some(4),
            field: 9,
        };
        open(&mut record, attachment);
        assert_eq!(record.contents.len(), 1);
        assert!(record.segments.iter().all(|s| (s.within, s.rule, s.field) == (Some(0), Some(4), 9)));
        (record.contents[0].fate, passages(&record.segments))
    }

    fn encoded(bytes: &[u8]) -> String {
        base64::prelude::BASE64_STANDARD.encode(bytes)
    }

    #[test]
    fn documents_are_told_by_what_they_are() {
        for (bytes, media, want) in [
            (&b"Bea <10 mg"[..], None, &["Bea <10 mg"][..]),
            (b"\xEF\xBB\xBFBea", None, &["Bea"]),
            (b"Ren\xe9e \x96 seen", None, &["Ren\u{e9}e \u{2013} seen"]),
            (b"Ren\xe9e seen", Some("text/plain; charset=ISO-8859-1"), &["Ren\u{e9}e seen"]),
            (b"<html><p><b>B</b>ea &amp; co</p></html>", Some("text/plain"), &["Bea & co"]),
            (b"seen <b>B</b>ea", Some("text/HTML;charset=utf-8"), &["seen Bea"]),
            (b"<?xml version=\"1.0\"?><a><b>Bea</b></a>", None, &["Bea"]),
            (b"\xEF\xBB\xBF<a><mrn>0048</mrn><c d='Win'/></a>", None, &["0048", "Win"]),
            (b"<a><b>R & D</a>", None, &["R & D"]),
            (
                b"<ClinicalDocument><text representation='B64'>QmVh</text><title>x</title></ClinicalDocument>",
                None,
                &["x", "QmVh"],
            ),
            (b"{\\rtf1\\ansi {\\b B}ea}", Some("application/msword"), &["Bea"]),
            (b"{\"note\":\"B\\u0065a\"}", None, &["Bea"]),
            (
                b"{\"resourceType\":\"Binary\",\"contentType\":\"text/plain\",\"data\":\"QmVh\\u0049FJleWVz\"}",
                None,
                &["QmVhIFJleWVz"],
            ),
            (b"{not json", None, &["{not json"]),
            (b"a\x0cb\x1b", None, &["a\u{c}b\u{1b}"]),
        ] {
            let (fate, texts) = opened(&encoded(bytes), media);
            assert_eq!(fate, Fate::Search);
            assert_eq!(texts, want);
        }
    }

    #[test]
    fn what_is_not_text_is_opaque() {
        for (bytes, media) in [
            (&b"%PDF-1.7\nBea"[..], Some("text/plain")),
            (b"\x89PNG\r\n\x1a\n", Some("text/html")),
            (b"\xff\xd8\xff\xe0", None),
            (b"GIF89a", None),
            (b"II*\0", None),
            (b"PK\x03\x04", None),
            (b"\xff\xfeB\0e\0a\0", None),
            (b"ab\0c", None),
            (b"ab\x01c", None),
            (b"\xe9\xe8\xf7\xdc\xdd", None),
            (b"\x82\xa0 seen by someone", Some("text/plain; charset=Shift_JIS")),
            (b"<meta charset=\"iso-8859-2\">Dvo\xf8\xe1k was seen here today", None),
            (b"\x1b$B here", Some("text/plain; charset=iso-2022-jp")),
            (b"{\\rtf1\\ansicpg1251\\'cf}", None),
        ] {
            let (fate, texts) = opened(&encoded(bytes), media);
            assert_eq!((fate, texts.len()), (Fate::Opaque(Label::OtherId), 0), "{}", bytes.len());
        }
    }

    #[test]
    fn base_64_is_read_in_both_alphabets_and_with_white_space() {
        for (base64, want) in [
            ("Pz8/Pj4+", Some("???>>>")),
            ("Pz8_Pj4-", Some("???>>>")),
            (" Qm\r\nVh\t", Some("Bea")),
            ("QmU=", Some("Be")),
            ("QmU", Some("Be")),
            ("QmV", Some("Be")),
            ("Bea Foley!", None),
            ("Q", None),
            ("QmU=QmU=", None),
        ] {
            let (fate, texts) = opened(base64, None);
            assert_eq!(fate == Fate::Search, want.is_some(), "{base64}");
            assert_eq!(texts.first().map(String::as_str), want, "{base64}");
        }
    }
}
