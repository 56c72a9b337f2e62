//! Whether an edited document is as sound as it was, as an independent parser sees it.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::record::Charset;

/// Whether both documents are well-formed and have the same elements and attributes in the same order.
pub(crate) fn is_sound(before: &[u8], after: &[u8]) -> bool {
    let charset = Charset::of(before);
    let (before, after) = (charset.decode(before), charset.decode(after));
    let (mut before, mut after) = (Outline::new(&before), Outline::new(&after));
    loop {
        match (before.next(), after.next()) {
            (Some(Part::End), Some(Part::End)) => return true,
            (Some(old), Some(new)) if old == new => {}
            _ => return false,
        }
    }
}

/// A document without its texts.
struct Outline<'d> {
    reader: Reader<&'d [u8]>,
}

#[derive(PartialEq, Eq)]
enum Part {
    Open(String, Vec<String>),
    Empty(String, Vec<String>),
    Close,
    Cdata,
    Comment,
    Other,
    /// Of the document.
    End,
}

impl<'d> Outline<'d> {
    fn new(document: &'d str) -> Self {
        let mut reader = Reader::from_str(document);
        reader.config_mut().enable_all_checks(true);
        Self { reader }
    }

    /// The next part; `None` when it is not well-formed.
    fn next(&mut self) -> Option<Part> {
        loop {
            let part = match self.reader.read_event().ok()? {
                Event::Text(_) | Event::GeneralRef(_) => continue,
                Event::Start(tag) => open(&tag).map(|(name, keys)| Part::Open(name, keys))?,
                Event::Empty(tag) => open(&tag).map(|(name, keys)| Part::Empty(name, keys))?,
                // The reader checks that it is the name that was opened.
                Event::End(_) => Part::Close,
                Event::CData(_) => Part::Cdata,
                Event::Comment(_) => Part::Comment,
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Part::Other,
                Event::Eof => Part::End,
            };
            return Some(part);
        }
    }
}

fn open(tag: &BytesStart<'_>) -> Option<(String, Vec<String>)> {
    let mut keys = Vec::new();
    for attribute in tag.attributes() {
        keys.push(attribute.ok()?.key.0.to_owned());
    }
    Some((tag.name().0.to_owned(), keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_change_and_nothing_else() {
        for (before, after, sound) in [
            ("<a b='Bea'>Foley &amp; co<!-- x --></a>", "<a b='[N]'>[N] &lt;<!-- y --></a>", true),
            ("<a>Bea</a>", "<a></a>", true),
            ("<a><![CDATA[Bea]]></a>", "<a><![CDATA[[N]]]></a>", true),
            ("<a>Bea</a>", "<a>B<b/>a</a>", false),
            ("<a b='Bea'/>", "<a c='Bea'/>", false),
            ("<a b='Bea'/>", "<a b='Bea' c=''/>", false),
            ("<a>Bea</a>", "<a>Bea</b>", false),
            ("<a>Bea</a>", "<a>Bea", false),
            ("<a>Bea</a>", "<a>Bea<!-- x --></a>", false),
            ("<a><b/></a>", "<a></a>", false),
            ("<a><!-- Bea --></a>", "<a><!-- B--a --></a>", false),
        ] {
            assert_eq!(is_sound(before.as_bytes(), after.as_bytes()), sound, "{before} {after}");
        }
    }
}
