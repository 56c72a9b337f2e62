//! What format some input is, from its first bytes; the file's extension only decides what the bytes leave open.

use super::csv::{Dialect, Table};
use super::json::Reader;
use super::{Format, Reason, Select};

/// The format of input that starts with `start`, `complete` when that is all of it.
///
/// # Errors
///
/// [`Reason::FormatNotSupported`], [`Reason::Utf16`] or [`Reason::Binary`] when it is none that is read.
pub fn sniff(start: &[u8], complete: bool, extension: Option<&str>) -> Result<Format, Reason> {
    let extension = extension.map(str::to_ascii_lowercase);
    let extension = extension.as_deref().unwrap_or_default();
    if NOT_READ.iter().any(|magic| start.starts_with(magic)) || NOT_READ_EXTENSIONS.contains(&extension) {
        return Err(Reason::FormatNotSupported);
    }
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        return Err(Reason::Utf16);
    }
    let start = start.strip_prefix(BOM).unwrap_or(start);
    let text = start.trim_ascii_start();
    if is_hl7(text) {
        return Ok(Format::Hl7);
    }
    if is_markup(text) {
        // HTML is no XML, but for XHTML, which begins as XML does.
        return if is_html(text) { Err(Reason::FormatNotSupported) } else { Ok(Format::Xml) };
    }
    // Lines of a record format may hold a NUL that only concerns one record.
    let by_extension = match extension {
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "json" => Some(Format::Json),
        "xml" | "cda" | "ccda" => Some(Format::Xml),
        "csv" => Some(Format::Csv),
        "tsv" | "tab" => Some(Format::Tsv),
        "txt" | "text" | "md" => Some(Format::Text),
        "hl7" => Some(Format::Hl7),
        _ => None,
    };
    if memchr::memchr(0, start).is_some() && matches!(by_extension, None | Some(Format::Text)) {
        return Err(Reason::Binary);
    }
    if let Some(b'{' | b'[') = text.first()
        && let Some(format) = json(text, complete, by_extension)
    {
        return Ok(format);
    }
    match by_extension {
        Some(format) => Ok(format),
        None => Ok(table(start).unwrap_or(Format::Text)),
    }
}

/// The UTF-8 byte order mark.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes that formats start with which are not read: gzip, Zstandard, zip, Parquet, PDF, OLE, PNG, JPEG, bzip2, xz.
const NOT_READ: &[&[u8]] = &[
    b"\x1F\x8B",
    b"\x28\xB5\x2F\xFD",
    b"PK\x03\x04",
    b"PAR1",
    b"%PDF",
    b"\xD0\xCF\x11\xE0",
    b"\x89PNG",
    b"\xFF\xD8\xFF",
    b"BZh",
    b"\xFD7zXZ",
];

const NOT_READ_EXTENSIONS: &[&str] = &[
    "gz", "zst", "zip", "bz2", "xz", "parquet", "avro", "orc", "pdf", "doc", "docx", "xls", "xlsx", "rtf", "html",
    "htm", "dcm", "db", "sqlite",
];

fn is_markup(text: &[u8]) -> bool {
    match text {
        [b'<', b'?' | b'!', ..] => true,
        [b'<', letter, rest @ ..] => letter.is_ascii_alphabetic() && memchr::memmem::find(rest, b"</").is_some(),
        _ => false,
    }
}

fn is_html(text: &[u8]) -> bool {
    let starts = |start: &[u8]| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
    starts(b"<!doctype html") || starts(b"<html")
}

fn is_hl7(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\x0b").unwrap_or(text);
    matches!(text, [b'M', b'S', b'H', f, ..] | [b'F' | b'B', b'H' | b'T', b'S', f, ..] if f.is_ascii_punctuation())
}

/// Whether text that starts like JSON is one value or one a line; `None` when the start is neither.
fn json(text: &[u8], complete: bool, by_extension: Option<Format>) -> Option<Format> {
    let mut reader = Reader::grammar();
    let mut lines = text.split_inclusive(|b| *b == b'\n').peekable();
    let mut whole = 0;
    let mut broken = 0;
    let mut first = None;
    while let Some(line) = lines.next() {
        if lines.peek().is_none() && !complete && !line.ends_with(b"\n") && first.is_some() {
            break;
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let fault = match matches!(line.first(), Some(b'{' | b'[')) {
            true => reader.read(line).err().map(|fault| fault.reason),
            false => Some(Reason::JsonUnexpectedByte),
        };
        first.get_or_insert(fault);
        match fault {
            None => whole += 1,
            Some(_) => broken += 1,
        }
    }
    match first? {
        // A single value that is all there is: both readings agree but for what may follow.
        None if whole == 1 && broken == 0 && complete => Some(by_extension.unwrap_or(Format::Ndjson)),
        None => Some(Format::Ndjson),
        Some(_) if whole > broken => Some(Format::Ndjson),
        Some(_) if by_extension.is_some() => by_extension,
        Some(Reason::JsonUnexpectedEnd) => Some(Format::Json),
        Some(_) => None,
    }
}

/// Text in which several rows have the same columns under a header with names that tables use.
fn table(start: &[u8]) -> Option<Format> {
    let dialect = Dialect::sniff(start, Format::Csv);
    let widths = dialect.widths(start);
    let first = *widths.first()?;
    let same = first >= 2 && widths.len() >= 2 && widths.iter().all(|w| *w == first);
    let header = Table::sniff(start, Format::Csv, &Select::all()).has_header;
    (same && header).then_some(if dialect.delimiter == b'\t' { Format::Tsv } else { Format::Csv })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (start, extension, want) in [
            (&b"{\"a\":1}\n{\"a\":2}\n"[..], None, Ok(Format::Ndjson)),
            (b"{\"a\":1}\n{\"a\":2\n{\"a\":3}\n", Some("json"), Ok(Format::Ndjson)),
            (b"{\n  \"a\": 1\n}\n", None, Ok(Format::Json)),
            (b"[\n{\"a\":1},\n{\"a\":2}\n]", None, Ok(Format::Json)),
            (b"{\"a\":1}", Some("json"), Ok(Format::Json)),
            (b"{\"a\":1}", None, Ok(Format::Ndjson)),
            (b"{\"a\":\n", Some("ndjson"), Ok(Format::Ndjson)),
            (b"[seen] the patient", None, Ok(Format::Text)),
            (b"mrn,name,dob\n1,a,b\n2,c,d\n", None, Ok(Format::Csv)),
            (b"mrn\tname\n1\ta\n", Some("txt"), Ok(Format::Text)),
            (b"mrn\tname\n1\ta\n", None, Ok(Format::Tsv)),
            (b"\xEF\xBB\xBFname;tel\na;b\n", None, Ok(Format::Csv)),
            (b"Seen today, doing well.\nNo, not that.\n", None, Ok(Format::Text)),
            (b"", Some("csv"), Ok(Format::Csv)),
            (b"", None, Ok(Format::Text)),
            (b"\x1f\x8b\x08", None, Err(Reason::FormatNotSupported)),
            (b"<?xml version=\"1.0\"?>", None, Ok(Format::Xml)),
            (b"\n<!-- x --><a/>", None, Ok(Format::Xml)),
            (b"<a><b>c</b></a>", Some("txt"), Ok(Format::Xml)),
            (b"<a/>", Some("xml"), Ok(Format::Xml)),
            (b"<!DOCTYPE html><p>x</p>", None, Err(Reason::FormatNotSupported)),
            (b"MSH|^~\\&|", None, Ok(Format::Hl7)),
            (b"\r\n\x0bMSH|^~\\&|", Some("txt"), Ok(Format::Hl7)),
            (b"junk\rMSH|^~\\&|", Some("hl7"), Ok(Format::Hl7)),
            (b"BTS|2", None, Ok(Format::Hl7)),
            (b"MSH was low", None, Ok(Format::Text)),
            (b"\xff\xfeh\0i\0", None, Err(Reason::Utf16)),
            (b"ab\0c", None, Err(Reason::Binary)),
            (b"<5 mg given; > 3 held", None, Ok(Format::Text)),
        ] {
            assert_eq!(sniff(start, true, extension), want, "{} {extension:?}", String::from_utf8_lossy(start));
        }
    }
}
