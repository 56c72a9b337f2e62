#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::identifier::Label;
use crate::record::{Edits, Form, Join};

/// The passages as detection reads them.
pub(in crate::record) fn texts(segments: &[Segment<'_>]) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for segment in segments {
        match (segment.join, list.last_mut()) {
            (Join::Glued, Some(text)) => text.push_str(&segment.text),
            (Join::Space, Some(text)) => *text = format!("{text} {}", segment.text),
            (Join::Line, Some(text)) => *text = format!("{text}\n{}", segment.text),
            _ => list.push(segment.text.to_string()),
        }
    }
    list
}

fn read(markup: &str, dialect: Dialect) -> Vec<String> {
    texts(&segments(markup.as_bytes(), Charset::Utf8, dialect))
}

#[test]
fn text_is_joined_across_markup() {
    for (markup, want) in [
        ("plain", &["plain"][..]),
        ("<b>Jo</b>hn <i>Foley</i>", &["John Foley"]),
        ("<b>Jo</b> <i>Foley</i>", &["Jo Foley"]),
        ("<b>Jo</b>&#160;&nbsp;<i>Foley</i>", &["Jo Foley"]),
        ("<content ID=\"c1\">Win</content>nie", &["Winnie"]),
        ("a<br/>b<BR>c<hr>d", &["a\nb\nc\nd"]),
        ("<tr><td>BMP</td><td>1/21</td></tr>\n<tr><td>x</td></tr>", &["BMP 1/21\nx"]),
        ("<list><item>one</item><item>two</item></list>", &["one\ntwo"]),
        ("<p>D&#39;Artois &lt;10 &amp; up</p>", &["D'Artois <10 & up"]),
        ("<paragraph><![CDATA[wt 88 & <HF> &amp;]]></paragraph>", &["wt 88 & <HF> &amp;"]),
        ("9.2 L. <!-- by B Quist -->Wife", &["9.2 L. Wife", " by B Quist "]),
        ("x<!-- <td>Bea</td><td title=\"t\">Quist</td> <!-- y -->z", &["xz", "Bea Quist", "t", " y "]),
        ("Foley<sup>1</sup>, July 4<sup>th</sup>", &["Foley 1, July 4th"]),
        ("a<p><sub>ys</sub> Parkinson", &["a", "ys", " Parkinson"]),
        ("a <b\nc=1>x", &["a x", "1"]),
        ("BP <90, > 3, <>, < b", &["BP <90, > 3, <>, < b"]),
        ("open <b title=\"Foley", &["open <b title=\"Foley"]),
        ("<!-- open Foley", &[" open Foley"]),
        ("<![CDATA[ open", &[" open"]),
        ("<?xml version=\"1.0\"?><!DOCTYPE html><p>x</p>", &["x"]),
        ("<?note Foley?><!DOCTYPE x SYSTEM \"foley.dtd\">", &["note Foley?", "DOCTYPE x SYSTEM \"foley.dtd\""]),
        ("<a href='mailto:w@x.example' class=k TITLE = Foley id=\"p1\">w</a>", &["w", "mailto:w@x.example", "Foley"]),
        ("<img alt=\"Foley &amp; Co\" width=3 src=\"foley.png\">", &["Foley & Co", "foley.png"]),
        (
            "<p style=\"color:red\">a</p><p style=\"background:url(foley.png)\">b</p>",
            &["a\nb", "background:url(foley.png)"],
        ),
        ("<p Foley>a</p><input checked disabled>", &["a", "Foley"]),
        ("<o:p></o:p><st1:PersonName>Win</st1:PersonName>nie", &["Winnie"]),
        ("", &[]),
        ("<p> \n</p>", &[]),
    ] {
        assert_eq!(read(markup, Dialect::Xhtml), want, "{markup}");
    }
}

#[test]
fn names_of_places_keep_their_references() {
    let markup = "<p id=\"foley1\"><a href='#foley1'>x</a><a href='#p1' name='patient'>y</a></p>";
    let segments = segments(markup.as_bytes(), Charset::Utf8, Dialect::Html);
    let places: Vec<(&str, Form)> = segments.iter().map(|s| (&*s.text, s.form)).collect();
    assert_eq!(places, [("x", Form::Free), ("y", Form::Free), ("foley1", Form::Id), ("foley1", Form::Id)]);
}

#[test]
fn scripts_are_searched_apart_and_styles_are_not() {
    for (markup, want) in [
        ("a<script type=x>var p = '<b>Foley';</script>b", &["a\nb", "var p = '<b>Foley';"][..]),
        ("<style>p { color: red }</style>b", &["b"]),
        ("<title>Foley <b></title>x", &["Foley <b>\nx"]),
        ("<script>open", &["open"]),
    ] {
        assert_eq!(read(markup, Dialect::Html), want, "{markup}");
    }
}

#[test]
fn an_embedded_document_goes_as_a_whole() {
    let searched = segments(b"<p title=\"Lab data: K, Na\">", Charset::Utf8, Dialect::Html);
    assert_eq!(searched.iter().map(|s| s.hint).collect::<Vec<_>>(), [Hint::Text]);
    for (markup, label) in [
        ("<img src=\"data:image/png;base64,iVBORw0KGgo=\">", Label::Biometric),
        ("<img srcset=\" data:image/png;base64,iVBORw0KGgo= 2x\">", Label::Biometric),
        ("<a href='data:text/html;base64,Rm9sZXk='>", Label::OtherId),
        ("<p style=\"background:url(data:text/plain,Foley)\">", Label::OtherId),
        ("<style>p { background: url(data:image/gif;base64,R0lG) }</style>", Label::Biometric),
    ] {
        let segments = segments(markup.as_bytes(), Charset::Utf8, Dialect::Html);
        assert_eq!(segments.iter().map(|s| s.hint).collect::<Vec<_>>(), [Hint::Whole(label)], "{markup}");
    }
}

#[test]
fn markup_in_json_is_mapped_through_both_escapes() {
    for (string, want) in [
        (r#"<div xmlns=\"http:\/\/www.w3.org\/1999\/xhtml\"><b>Jo<\/b>hn<\/div>"#, &["John"][..]),
        (r"\u003cp\u003eD\u0026#39;Artois &lt;\u00e9&amp\u003b\u003c/p\u003e", &["D'Artois <\u{e9}&"]),
        (
            r#"<p title=\"Foley\">\ud83d\ude00 Ren\u00e9e&nbsp;S\u00f8r</p>"#,
            &["\u{1f600} Ren\u{e9}e\u{a0}S\u{f8}r", "Foley"],
        ),
        (r"a \n<br\/>\tb", &["a \n\n\tb"]),
        (r"<![CDATA[A &amp; B]]>", &["A & B"]),
        ("S\u{f8}r & &bogus; &\u{f8};", &["S\u{f8}r & &bogus; &\u{f8};"]),
    ] {
        let json = format!("{{\"div\":\"{string}\"}}");
        let raw = Span::new(8, json.len() - 2);
        let source: String = serde_json::from_str(&format!("\"{string}\"")).unwrap();
        let mut out = Vec::new();
        in_json(json.as_bytes(), raw, &source, Dialect::Xhtml, (Some(3), 7), &mut out);
        assert_eq!(texts(&out), want, "{string}");
        for segment in &out {
            assert_eq!((segment.rule, segment.field, segment.escape), (Some(3), 7, Escape::JsonXml));
            check_walk(json.as_bytes(), Charset::Utf8, segment);
        }
    }
}

/// Each character's span in the bytes follows the one before it, and together they are the segment's.
pub(in crate::record) fn check_walk(bytes: &[u8], charset: Charset, segment: &Segment<'_>) {
    let mut walk = Walk::new(bytes, charset, segment);
    let mut at = segment.raw.start;
    for (start, c) in segment.text.char_indices() {
        let raw = walk.raw(Span::new(start, start + c.len_utf8()));
        assert_eq!(raw.start, at, "a gap before a character");
        assert!(raw.end > raw.start && raw.end <= segment.raw.end);
        at = raw.end;
    }
    assert_eq!(at, segment.raw.end);
}

pub(in crate::record) fn no_overlap(segments: &[Segment<'_>]) {
    let mut spans: Vec<Span> = segments.iter().map(|segment| segment.raw).collect();
    spans.sort();
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
}

/// The bytes with every character of every segment that is a letter replaced by `N`.
pub(in crate::record) fn masked(bytes: &[u8], charset: Charset, segments: &[Segment<'_>]) -> Vec<u8> {
    let mut edits = Edits::default();
    for segment in segments {
        let mut walk = Walk::new(bytes, charset, segment);
        for (start, c) in segment.text.char_indices().filter(|(_, c)| c.is_alphabetic()) {
            let raw = walk.raw(Span::new(start, start + c.len_utf8()));
            let write = |out: &mut String| {
                out.push('N');
                Ok::<_, std::convert::Infallible>(true)
            };
            edits.replace(raw, segment.escape, write).unwrap();
        }
    }
    let mut out = Vec::new();
    edits.apply(bytes, charset, &mut out, &mut Vec::new());
    out
}

const PARTS: &str = "(<b>|</b>|<p>|<br/>|<td a='|\"|'|>|<|<!--|-->|<!\\[CDATA\\[|\\]\\]>|&amp;|&#233;|&#|&|;|=|<a href=\"|\
    <script>|</script>|<title>|<?x |\\?>|data:|Foley|\u{e9}|\u{1f600}|\\\\| |\n|/){0,30}";

proptest! {
    #[test]
    fn any_markup_is_read_in_spans_that_do_not_overlap(markup in PARTS, html: bool) {
        let dialect = if html { Dialect::Html } else { Dialect::Xhtml };
        let segments = segments(markup.as_bytes(), Charset::Utf8, dialect);
        no_overlap(&segments);
        for segment in &segments {
            check_walk(markup.as_bytes(), Charset::Utf8, segment);
        }
        // A name is in some segment or in a tag, never lost between.
        let out = masked(markup.as_bytes(), Charset::Utf8, &segments);
        if segments.is_empty() {
            prop_assert_eq!(out, markup.as_bytes());
        }
    }

    #[test]
    fn text_outside_tags_is_never_lost(before in "[a-z &;<]{0,20}", after in "[^<>]{0,20}", inline in "b|p|td|x:y|unknown") {
        let markup = format!("{before}<{inline}>Foley</{inline}>{after}");
        let all = read(&markup, Dialect::Xhtml).concat();
        prop_assert!(all.contains("Foley"));
        prop_assert!(after.trim().is_empty() || all.contains(&*resolve(after.trim())));
    }

    #[test]
    fn any_markup_in_any_json_string_is_mapped(markup in PARTS, ascii: bool) {
        let written: String = markup.chars().map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            '\n' => "\\n".to_owned(),
            '<' if ascii => "\\u003c".to_owned(),
            '&' | ';' if ascii => format!("\\u{:04X}", c as u32),
            c if !ascii || c.is_ascii() => c.to_string(),
            c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        }).collect();
        let json = format!("\"{written}\"");
        let mut out = Vec::new();
        let raw = Span::new(1, json.len() - 1);
        in_json(json.as_bytes(), raw, &markup, Dialect::Xhtml, (None, 0), &mut out);
        no_overlap(&out);
        for segment in &out {
            check_walk(json.as_bytes(), Charset::Utf8, segment);
        }
        let masked = masked(json.as_bytes(), Charset::Utf8, &out);
        prop_assert!(serde_json::from_slice::<String>(&masked).is_ok());
    }

    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>) {
        for charset in [Charset::Utf8, Charset::Windows1252] {
            if charset == Charset::Utf8 && std::str::from_utf8(&bytes).is_err() {
                continue;
            }
            for segment in segments(&bytes, charset, Dialect::Html) {
                check_walk(&bytes, charset, &segment);
            }
        }
    }
}
