//! What tags and attributes of XHTML, HTML and the narrative blocks of C-CDA mean for the text in them.
//!
//! Sources: HTML 4.01 (chapters 7-16), HTML 5 (section 4), and NarrativeBlock.xsd of CDA release 2.

use crate::record::Join;

/// How text after the tag goes on from text before it. A tag that is not known parts words but no lines.
pub(crate) fn join(name: &[u8]) -> Join {
    let is_in = |list: &[&str]| list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(local(name)));
    if is_in(INLINE) {
        Join::Glued
    } else if is_in(BLOCKS) {
        Join::Line
    } else {
        Join::Space
    }
}

/// The name without its prefix.
pub(crate) fn local(name: &[u8]) -> &[u8] {
    let start = memchr::memchr(b':', name).map_or(0, |at| at + 1);
    name.get(start..).unwrap_or_default()
}

/// Whether the text of the element stands above or below the line: a number in it is no part of the word before it.
pub(crate) fn is_raised(name: &[u8]) -> bool {
    [&b"sup"[..], b"sub", b"footnoteref"].iter().any(|known| known.eq_ignore_ascii_case(local(name)))
}

/// Whether text that stands above or below the line, with nothing before it on the line, is the initials of who dictated
/// or typed it: there is no word that it could belong to. Numerals, ordinals and marks are not.
pub(crate) fn is_initials(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_in = |list: &[&str]| list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(text));
    (2..=4).contains(&text.len())
        && text.iter().all(u8::is_ascii_alphabetic)
        && !text.iter().all(|b| b"ivxIVX".contains(b))
        && !is_in(&["st", "nd", "rd", "th", "tm", "sm", "max", "min", "avg"])
}

/// Whether the attribute is about how the element looks or works, so that its value says nothing of anybody. An attribute
/// that is not known is searched.
pub(crate) fn is_harmless(name: &[u8]) -> bool {
    is_declaration(name) || HARMLESS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// Whether the attribute is of XML itself: names of namespaces, schemas and languages.
pub(crate) fn is_declaration(name: &[u8]) -> bool {
    let starts = |start: &[u8]| name.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
    name.eq_ignore_ascii_case(b"xmlns")
        || starts(b"xmlns:")
        || (starts(b"xml:") && !name.eq_ignore_ascii_case(b"xml:id"))
        || [&b"xsi:type"[..], b"xsi:nil", b"xsi:schemalocation", b"xsi:nonamespaceschemalocation"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
}

/// Elements within a line.
const INLINE: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "big",
    "cite",
    "code",
    "content",
    "data",
    "del",
    "dfn",
    "em",
    "font",
    "footnoteref",
    "i",
    "ins",
    "kbd",
    "linkhtml",
    "mark",
    "nobr",
    "personname",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "time",
    "tt",
    "u",
    "var",
    "wbr",
];

/// Elements that begin and end a line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "col",
    "colgroup",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "footnote",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "item",
    "legend",
    "li",
    "list",
    "main",
    "menu",
    "meta",
    "nav",
    "noscript",
    "ol",
    "option",
    "p",
    "para",
    "paragraph",
    "pre",
    "rendermultimedia",
    "script",
    "section",
    "style",
    "summary",
    "table",
    "tbody",
    "text",
    "textarea",
    "tfoot",
    "thead",
    "title",
    "tr",
    "ul",
];

/// Attributes of presentation and behaviour.
const HARMLESS: &[&str] = &[
    "align",
    "async",
    "background-color",
    "bgcolor",
    "border",
    "bordercolor",
    "cellpadding",
    "cellspacing",
    "char",
    "charoff",
    "charset",
    "checked",
    "class",
    "clear",
    "color",
    "cols",
    "colspan",
    "compact",
    "dir",
    "disabled",
    "enctype",
    "face",
    "frame",
    "frameborder",
    "height",
    "hidden",
    "hspace",
    "http-equiv",
    "lang",
    "link",
    "listtype",
    "marginheight",
    "marginwidth",
    "maxlength",
    "media",
    "method",
    "multiple",
    "nowrap",
    "readonly",
    "rel",
    "required",
    "revised",
    "role",
    "rows",
    "rowspan",
    "rules",
    "scope",
    "scrolling",
    "selected",
    "shape",
    "size",
    "span",
    "start",
    "stylecode",
    "tabindex",
    "target",
    "type",
    "valign",
    "vlink",
    "vspace",
    "width",
    "wrap",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_part_words_or_lines_or_nothing() {
        for (name, want) in [
            ("b", Join::Glued),
            ("CONTENT", Join::Glued),
            ("st1:PersonName", Join::Glued),
            ("td", Join::Space),
            ("th", Join::Space),
            ("whatever", Join::Space),
            ("", Join::Space),
            ("br", Join::Line),
            ("P", Join::Line),
            ("cda:paragraph", Join::Line),
        ] {
            assert_eq!(join(name.as_bytes()), want, "{name}");
        }
    }

    #[test]
    fn initials_are_two_to_four_letters() {
        for (text, want) in [
            ("ys", true),
            (" TJW ", true),
            ("y", false),
            ("iv", false),
            ("th", false),
            ("2", false),
            ("y s", false),
            ("typed", false),
        ] {
            assert_eq!(is_initials(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn attributes_that_can_say_who_are_searched() {
        for (name, harmless) in [
            ("class", true),
            ("styleCode", true),
            ("xmlns", true),
            ("xmlns:v3", true),
            ("xml:lang", true),
            ("xml:id", false),
            ("alt", false),
            ("title", false),
            ("href", false),
            ("ID", false),
            ("name", false),
            ("data-patient", false),
            ("style", false),
            ("", false),
        ] {
            assert_eq!(is_harmless(name.as_bytes()), harmless, "{name}");
        }
    }
}
