//! Reads plain text: a record is a document, or a part of one that is too long to be held whole.

use super::{Charset, Escape, Fault, Reason, Record, Segment};
use crate::identifier::Hint;
use crate::span::Span;

/// Reads a document; what is not UTF-8 is Windows-1252.
///
/// # Errors
///
/// [`Reason::Binary`] when it holds a NUL byte.
pub fn read(bytes: &[u8]) -> Result<Record<'_>, Fault> {
    if let Some(at) = memchr::memchr(0, bytes) {
        return Err(Fault::new(at, Reason::Binary));
    }
    let charset = Charset::of(bytes);
    let text = charset.decode(bytes);
    let mut record = Record::new(bytes, charset);
    if !bytes.is_empty() {
        record.segments.push(Segment::new(Span::new(0, bytes.len()), text, Hint::Text, Escape::None));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn reads_utf8_and_windows_1252_and_refuses_nul() {
        assert_eq!(read("Ren\u{e9}e".as_bytes()).unwrap().segments[0].text, "Ren\u{e9}e");
        assert_eq!(read(b"Ren\xe9e \x96").unwrap().segments[0].text, "Ren\u{e9}e \u{2013}");
        assert!(read(b"").unwrap().segments.is_empty());
        assert_eq!(read(b"ab\0c").unwrap_err(), Fault::new(2, Reason::Binary));
    }
}
