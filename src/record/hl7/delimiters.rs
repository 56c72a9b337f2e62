//! The delimiters of a message: MSH-1 and MSH-2, FHS and BHS alike (HL7 v2.5.1, chapter 2, section 2.5.4).

use memchr::memchr;

use crate::record::{Delimiters, Fault, Reason};

/// The segments that a record begins with. The first three say which delimiters hold.
pub(super) const HEADERS: [&[u8; 3]; 5] = [b"MSH", b"FHS", b"BHS", b"BTS", b"FTS"];

/// Reads the delimiters from the header that `line` is; also where its third field begins, or for a trailer, which says
/// only how its fields are separated, its first.
///
/// # Errors
///
/// [`Reason::Hl7NoHeader`] when it is no header, [`Reason::Hl7Delimiters`] when they cannot be told from text, or from one
/// another.
pub(super) fn of_header(line: &[u8]) -> Result<(Delimiters, usize), Fault> {
    let name = line.get(..3).filter(|name| HEADERS.iter().any(|header| name == header));
    let Some(name) = name else { return Err(Fault::new(0, Reason::Hl7NoHeader)) };
    let refused = |at| Fault::new(at, Reason::Hl7Delimiters);
    let trailer = matches!(name, b"BTS" | b"FTS");
    let field = match line.get(3) {
        // A trailer without fields.
        None if trailer => b'|',
        Some(byte) if may_delimit(*byte) => *byte,
        _ => return Err(refused(3)),
    };
    if trailer {
        // It does not repeat the other delimiters: those that HL7 recommends.
        let other = |byte| if byte == field { 0 } else { byte };
        let [component, repetition, escape, subcomponent] = RECOMMENDED.map(other);
        return Ok((Delimiters { field, component, repetition, escape, subcomponent }, 4.min(line.len())));
    }
    let rest = line.get(4..).unwrap_or_default();
    let length = memchr(field, rest).unwrap_or(rest.len());
    let encoding = rest.get(..length).unwrap_or_default();
    // The fifth is for truncation (v2.7) and means nothing in what is read.
    if encoding.is_empty() || encoding.len() > 5 {
        return Err(refused(4));
    }
    let encoding = encoding.get(..4.min(length)).unwrap_or_default();
    for (at, byte) in encoding.iter().enumerate() {
        let earlier = encoding.get(..at).unwrap_or_default();
        if !may_delimit(*byte) || *byte == field || earlier.contains(byte) {
            return Err(refused(4 + at));
        }
    }
    let byte = |at: usize| encoding.get(at).copied().unwrap_or(0);
    let delimiters =
        Delimiters { field, component: byte(0), repetition: byte(1), escape: byte(2), subcomponent: byte(3) };
    Ok((delimiters, (4 + length + 1).min(line.len())))
}

/// Letters and digits stand in values, and `[]:_` in what replaces them; other bytes are no delimiters anywhere.
fn may_delimit(byte: u8) -> bool {
    byte.is_ascii_punctuation() && !b"[]:_".contains(&byte)
}

/// Components, repetitions, escapes, sub-components, as HL7 recommends them.
const RECOMMENDED: [u8; 4] = *b"^~\\&";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn delimiters_are_those_of_the_message() {
        for (line, want, at) in [
            (&b"MSH|^~\\&|A"[..], b"|^~\\&", 9),
            (b"MSH#^~\\&#A", b"#^~\\&", 9),
            (b"MSH|$~\\&|", b"|$~\\&", 9),
            (b"MSH|^~\\&#|A", b"|^~\\&", 10),
            (b"FHS|^~*&|A", b"|^~*&", 9),
            (b"BHS|^~\\|A", b"|^~\\\0", 8),
            (b"MSH|^|", b"|^\0\0\0", 6),
            (b"MSH|^~\\&", b"|^~\\&", 8),
            (b"BTS|18|end", b"|^~\\&", 4),
            (b"FTS^1", b"^\0~\\&", 4),
            (b"FTS", b"|^~\\&", 3),
        ] {
            let (d, start) = of_header(line).unwrap();
            assert_eq!([d.field, d.component, d.repetition, d.escape, d.subcomponent], *want);
            assert_eq!(start, at);
        }
    }

    #[test]
    fn delimiters_that_are_no_delimiters_are_refused() {
        for (line, reason, offset) in [
            (&b"MSHA^~\\&A"[..], Reason::Hl7Delimiters, 3),
            (b"MSH", Reason::Hl7Delimiters, 3),
            (b"MSH:^~\\&:", Reason::Hl7Delimiters, 3),
            (b"MSH ^~\\& ", Reason::Hl7Delimiters, 3),
            (b"MSH||A", Reason::Hl7Delimiters, 4),
            (b"MSH|^~\\&#x|A", Reason::Hl7Delimiters, 4),
            (b"MSH|^~\\\\|A", Reason::Hl7Delimiters, 7),
            (b"MSH|^^\\&|A", Reason::Hl7Delimiters, 5),
            (b"MSH|[~\\&|A", Reason::Hl7Delimiters, 4),
            (b"MSH|^x\\&|A", Reason::Hl7Delimiters, 5),
            (b"MSH|^~\\\xe9|A", Reason::Hl7Delimiters, 7),
            (b"PID|1", Reason::Hl7NoHeader, 0),
            (b"MS", Reason::Hl7NoHeader, 0),
        ] {
            assert_eq!(of_header(line).unwrap_err(), Fault::new(offset, reason), "{}", String::from_utf8_lossy(line));
        }
    }
}
