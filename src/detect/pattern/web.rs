//! E-mail and web addresses.

use memchr::{memchr, memchr_iter};

use crate::identifier::Label;
use crate::span::Span;

/// An address and what it is.
pub(crate) type Address = (Span, Label);

/// Appends the e-mail and web addresses of `text`, sorted, not overlapping.
pub(crate) fn find(text: &str, out: &mut Vec<Address>) {
    let bytes = text.as_bytes();
    let from = out.len();
    for at in memchr_iter(b'@', bytes) {
        if let Some(span) = email(bytes, at) {
            out.push((span, Label::Email));
        }
    }
    for at in memchr_iter(b':', bytes).filter(|at| bytes.get(at + 1..at + 3) == Some(b"//")) {
        let start =
            bytes.get(..at).unwrap_or(b"").iter().rposition(|b| !b.is_ascii_alphanumeric()).map_or(0, |i| i + 1);
        let end = url_end(bytes, at + 3);
        if start < at && end > at + 3 {
            out.push((Span::new(start, end), Label::Url));
        }
    }
    // `www.` and bare host names with a known top-level domain.
    let mut at = 0;
    while let Some(dot) = memchr(b'.', bytes.get(at..).unwrap_or(b"")).map(|i| at + i) {
        at = dot + 1;
        if let Some(span) = host(bytes, dot) {
            at = span.end;
            out.push((span, Label::Url));
        }
    }
    if out.len() - from > 1 {
        out.sort_by_key(|(span, _)| (span.start, usize::MAX - span.end));
        let mut end = 0;
        out.retain(|(span, _)| {
            let apart = span.start >= end;
            if apart {
                end = span.end;
            }
            apart
        });
    }
}

/// The address around the `@` at `at`: RFC 5322 dot-atom before it, host name behind it.
fn email(bytes: &[u8], at: usize) -> Option<Span> {
    let local = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'%' | b'\'' | b'=' | b'&') || *b >= 0x80
    };
    let mut start = bytes.get(..at)?.iter().rposition(|b| !local(b)).map_or(0, |i| i + 1);
    while start < at && matches!(bytes.get(start)?, b'.' | b'\'' | b'-' | b'=' | b'&') {
        start += 1;
    }
    while start < at && bytes.get(start).is_some_and(|b| *b >= 0x80 && *b < 0xc0) {
        start += 1;
    }
    let host = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-') || *b >= 0x80;
    let mut end = at + 1 + bytes.get(at + 1..)?.iter().position(|b| !host(b)).unwrap_or(bytes.len() - at - 1);
    while end > at + 1 && !bytes.get(end - 1)?.is_ascii_alphanumeric() {
        end -= 1;
    }
    let name = bytes.get(at + 1..end)?;
    let dot = name.iter().rposition(|b| *b == b'.')?;
    let tld = name.get(dot + 1..)?;
    (start < at && dot > 0 && tld.len() >= 2 && tld.iter().all(u8::is_ascii_alphabetic)).then(|| Span::new(start, end))
}

/// Where a URL that goes on at `from` ends: white space, quotes and brackets end it, a full stop behind it is prose.
fn url_end(bytes: &[u8], from: usize) -> usize {
    let stop = |b: &u8| {
        *b <= b' '
            || matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'}' | b'|' | b'[' | b']' | b'\'')
            || *b == 0x7f
            || *b >= 0x80
    };
    let mut end =
        from + bytes.get(from..).unwrap_or(b"").iter().position(stop).unwrap_or(bytes.len().saturating_sub(from));
    while end > from
        && bytes.get(end - 1).is_some_and(|b| matches!(b, b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b'*'))
    {
        end -= 1;
    }
    end
}

/// The host name, with what follows it, around the point at `dot`.
fn host(bytes: &[u8], dot: usize) -> Option<Span> {
    let before = *bytes.get(dot.checked_sub(1)?)?;
    let after = *bytes.get(dot + 1)?;
    if !before.is_ascii_alphanumeric() || !after.is_ascii_alphanumeric() {
        return None;
    }
    let label = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let start = bytes.get(..dot)?.iter().rposition(|b| !label(b)).map_or(0, |i| i + 1);
    let mut end =
        dot + 1 + bytes.get(dot + 1..)?.iter().position(|b| !(label(b) || *b == b'.')).unwrap_or(bytes.len() - dot - 1);
    while end > dot && !bytes.get(end - 1)?.is_ascii_alphanumeric() {
        end -= 1;
    }
    let name = bytes.get(start..end)?;
    let last = name.rsplit(|b| *b == b'.').next()?;
    let www = bytes.get(start..dot).is_some_and(|l| l.eq_ignore_ascii_case(b"www"));
    // `Visit.Us`, `pt.to see` and `note.in` are prose: short country domains count only behind `www.` or before a path.
    let generic = GENERIC.iter().any(|t| last.eq_ignore_ascii_case(t));
    let path = bytes.get(end) == Some(&b'/')
        && last.len() >= 2
        && last.iter().all(u8::is_ascii_alphabetic)
        && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    let country =
        COUNTRY.iter().any(|t| last.eq_ignore_ascii_case(t)) && name.iter().filter(|b| **b == b'.').count() >= 2;
    if !(generic
        || country
        || (www && last.len() >= 2)
        || (path && COUNTRY.iter().any(|t| last.eq_ignore_ascii_case(t))))
    {
        return None;
    }
    if !www && name.get(..dot - start)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let end = if matches!(bytes.get(end), Some(b'/' | b'?' | b'#')) { url_end(bytes, end) } else { end };
    Some(Span::new(start, end))
}

/// Top-level domains that no sentence ends with.
const GENERIC: [&[u8]; 18] = [
    b"com",
    b"org",
    b"net",
    b"edu",
    b"gov",
    b"mil",
    b"int",
    b"info",
    b"biz",
    b"health",
    b"example",
    b"hospital",
    b"clinic",
    b"care",
    b"doctor",
    b"app",
    b"dev",
    b"local",
];
/// Country domains.
const COUNTRY: [&[u8]; 16] =
    [b"us", b"uk", b"ca", b"au", b"nz", b"de", b"fr", b"ie", b"in", b"io", b"co", b"me", b"ai", b"mx", b"es", b"nhs"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, want) in [
            ("mail jo.d+x@mail.example.org.", vec!["jo.d+x@mail.example.org"]),
            ("see https://a.b/c?d=1).", vec!["https://a.b/c?d=1"]),
            ("www.haugensletten.org/family or x", vec!["www.haugensletten.org/family"]),
            ("go to mychart.riverbend.org, now", vec!["mychart.riverbend.org"]),
            ("Seen today.Us guided", vec![]),
            ("Na 3.5 at 2.in", vec![]),
            ("@ 5 cm", vec![]),
            ("a@b", vec![]),
            ("user@@host.com", vec!["host.com"]),
        ] {
            let mut out = Vec::new();
            find(text, &mut out);
            let got: Vec<&str> = out.iter().map(|(span, _)| span.of(text)).collect();
            assert_eq!(got, want, "{text}");
        }
    }
}
