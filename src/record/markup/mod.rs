//! Texts in markup: what stands between tags, in attributes and comments of XML, XHTML and HTML.
//!
//! Text that inline markup cuts (`<b>Jo</b>hn`) is one text again, cells are parted by spaces, blocks by line ends, so that
//! markup hides nothing. Attribute values, comments and scripts are texts of their own; attributes of presentation and
//! style sheets are left as they are. A document embedded as a `data:` address cannot be searched and goes as a whole.

mod anchor;
mod scan;
pub(crate) mod tag;
#[cfg(test)]
pub(in crate::record) mod tests;

use std::borrow::Cow;

pub(crate) use self::anchor::{Anchor, anchor};
pub(crate) use self::scan::{Kind, Piece, comment, is_blank, place, scan, value};
use super::{Charset, Escape, Segment, Walk, entity};
use crate::identifier::Hint;
use crate::span::Span;

/// Which markup it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// Well-formed or nearly: a narrative in XHTML.
    Xhtml,
    /// As browsers take it.
    Html,
}

/// Appends the segments of markup that stands in a JSON string: `raw` is the string in `bytes`, `source` its text with the
/// escapes of JSON resolved. Segments have [`Escape::JsonXml`], and `rule` and `field` as given.
pub(crate) fn in_json<'r>(
    bytes: &'r [u8],
    raw: Span,
    source: &str,
    dialect: Dialect,
    (rule, field): (Option<u16>, u32),
    out: &mut Vec<Segment<'r>>,
) {
    let mut pieces = Vec::new();
    scan(source.as_bytes(), dialect, &mut pieces);
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|at| pieces.get(*at).map(|piece| piece.span.start));
    let whole = Segment::new(raw, Cow::Borrowed(source), Hint::Text, Escape::Json);
    let mut walk = Walk::new(bytes, Charset::Utf8, &whole);
    let mut places = vec![Span::new(0, 0); pieces.len()];
    for at in order {
        if let (Some(piece), Some(place)) = (pieces.get(at), places.get_mut(at)) {
            *place = walk.raw(piece.span);
        }
    }
    for (piece, raw) in pieces.iter().zip(places) {
        let text = resolve(piece.span.of(source));
        let written = bytes.get(raw.start..raw.end).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let text = match written {
            Some(written) if written == text => Cow::Borrowed(written),
            _ => Cow::Owned(text.into_owned()),
        };
        let segment = Segment::new(raw, text, piece.hint, Escape::JsonXml);
        out.push(Segment { rule, field, join: piece.join, form: piece.form, ..segment });
    }
}

/// The segments of markup that stands in `bytes` as it is, in the order of [`scan`].
pub(crate) fn segments(bytes: &[u8], charset: Charset, dialect: Dialect) -> Vec<Segment<'_>> {
    let mut pieces = Vec::new();
    scan(bytes, dialect, &mut pieces);
    pieces.into_iter().map(|piece| segment(bytes, charset, piece)).collect()
}

/// The segment of a piece of `bytes`.
pub(crate) fn segment(bytes: &[u8], charset: Charset, piece: Piece) -> Segment<'_> {
    let (text, escape) = match piece.kind {
        Kind::Text => (decode(bytes, charset, piece.span), Escape::Xml),
        Kind::Cdata => (charset.decode(bytes.get(piece.span.start..piece.span.end).unwrap_or_default()), Escape::Cdata),
        Kind::Raw => (charset.decode(bytes.get(piece.span.start..piece.span.end).unwrap_or_default()), Escape::None),
    };
    Segment { join: piece.join, form: piece.form, ..Segment::new(piece.span, text, piece.hint, escape) }
}

/// The text at `span` with its entities resolved, as [`Walk`] reads [`Escape::Xml`].
pub(crate) fn decode(bytes: &[u8], charset: Charset, span: Span) -> Cow<'_, str> {
    match charset.decode(bytes.get(span.start..span.end).unwrap_or_default()) {
        // Entities are of ASCII, which all charsets share.
        Cow::Borrowed(text) => resolve(text),
        Cow::Owned(text) => match resolve(&text) {
            Cow::Owned(text) => Cow::Owned(text),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// The text with its entities resolved; what is no entity stays.
pub(crate) fn resolve(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut resolved = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = memchr::memchr(b'&', bytes.get(at..).unwrap_or_default()) {
        let open = at + found;
        match entity::read(bytes.get(open..).unwrap_or_default()) {
            Some((length, c)) => {
                resolved.push_str(text.get(copied..open).unwrap_or_default());
                resolved.push(c);
                at = open + length;
                copied = at;
            }
            None => at = open + 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    resolved.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(resolved)
}
