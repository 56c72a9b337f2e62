#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::identifier::{Hint, Label};
use crate::record::markup::tests::{masked, no_overlap, texts};
use crate::record::{Escape, Segment, Walk};
use crate::span::Span;

/// What is written where a character stands is that character.
fn check_walk(bytes: &[u8], charset: Charset, segment: &Segment<'_>) {
    let mut walk = Walk::new(bytes, charset, segment);
    let mut at = segment.raw.start;
    for (start, c) in segment.text.char_indices() {
        let raw = walk.raw(Span::new(start, start + c.len_utf8()));
        assert!(raw.start >= at && raw.end > raw.start && raw.end <= segment.raw.end);
        at = raw.end;
        let written = &bytes[raw.start..raw.end];
        let read = special(written, 1).filter(|_| segment.escape == Escape::Rtf);
        assert_eq!(read.map_or_else(|| charset.decode(written).chars().next(), |(_, c)| c), Some(c));
    }
}

fn found(document: &str) -> Vec<String> {
    texts(&read(document.as_bytes(), Charset::Utf8).unwrap())
}

#[test]
fn text_is_joined_across_formatting() {
    for (document, want) in [
        (r"{\rtf1\ansi {\b Jo}hn \i Foley\i0 .}", &["John Foley."][..]),
        ("{\\rtf1 Wini\r\nfred}", &["Winifred"]),
        (r"{\rtf1 one\par two\line three\tab four\cell five}", &["one\ntwo\nthree four five"]),
        ("{\\rtf1 one\\\ntwo}", &["one\ntwo"]),
        (
            r"{\rtf1 Pe\'f1aloza D\rquote Artois S\u248?r \u-10179?\u-8704? a\~b 555\_0100 Ok\-onjo}",
            &["Pe\u{f1}aloza D\u{2019}Artois S\u{f8}r \u{1f600} a\u{a0}b 555\u{2011}0100 Okonjo"],
        ),
        (r"{\rtf1\uc0 Pe\u241 aloza}", &["Pe\u{f1}aloza"]),
        (r"{\rtf1 {\uc0 Pe\u241 aloza} S\u248\'f8r \u248 or}", &["Pe\u{f1}aloza S\u{f8}r \u{f8}r"]),
        (r"{\rtf1{\fonttbl{\f0 Arial;}{\f1 Foley Sans;}}{\colortbl;\red0;}{\stylesheet{\s0 Normal;}}x}", &["x"]),
        (
            r"{\rtf1{\info{\title Letter}{\company Mill}}x{\header Foley}{\*\unknown y{\b z}}w}",
            &["Letter", "Mill", "Foley", "yz", "xw"],
        ),
        (
            r#"{\rtf1{\field{\*\fldinst HYPERLINK "mailto:w@x.example"}{\fldrslt Win}}nie}"#,
            &["HYPERLINK \"mailto:w@x.example\"", "Winnie"],
        ),
        (r"{\rtf1 a\\b\{c\}d}", &[r"a\b{c}d"]),
        (r"{\rtf1 open", &["open"]),
        (r"{\rtf1 a}}b}", &["ab"]),
        (r"{\rtf1 a\'zzb\", &["azzb"]),
    ] {
        assert_eq!(found(document), want, "{document}");
    }
}

#[test]
fn properties_and_pictures_are_known() {
    for (document, text, hint) in [
        (r"{\rtf1{\info{\author kjames}}}", "kjames", Hint::Whole(Label::Name)),
        (r"{\rtf1{\info{\creatim\yr2024\mo5\dy3}}}", r"creatim\yr2024\mo5\dy3", Hint::Whole(Label::Date)),
        (r"{\rtf1{\pict\pngblip 89504e470d0a1a0a0d}}", "89504e470d0a1a0a0d", Hint::Whole(Label::Biometric)),
        (
            "{\\rtf1{\\object{\\*\\objdata 0105000002000000\r\n0b}}}",
            "0105000002000000\r\n0b",
            Hint::Whole(Label::OtherId),
        ),
    ] {
        let segments = read(document.as_bytes(), Charset::Utf8).unwrap();
        let list: Vec<_> = segments.iter().map(|s| (&*s.text, s.hint)).collect();
        assert_eq!(list, [(text, hint)], "{document}");
    }
}

#[test]
fn what_cannot_be_read_safely_is_refused() {
    for document in [
        r"{\rtf1\ansicpg932 x}",
        r"{\rtf1\ansi\ansicpg1251\'cf}",
        r"{\rtf1\mac x}",
        r"{\rtf1\pca x}",
        r"{\rtf1{\pict\bin4 abcd}}",
        r"{\rtf1\uc2 M\u252\'fc\'fcller}",
    ] {
        assert!(read(document.as_bytes(), Charset::Utf8).is_none(), "{document}");
    }
    for document in [r"{\rtf1\ansicpg1252 x}", r"{\rtf1\ansi\deff0\uc2 x}", r"{\rtf1{\pict\bin0 ab}}"] {
        assert!(read(document.as_bytes(), Charset::Utf8).is_some(), "{document}");
    }
}

#[test]
fn replacements_read_back() {
    let mut out = b"{\\rtf1\\uc0 ".to_vec();
    "a\\{\u{e9}\u{1f600}\n}".chars().for_each(|c| push(c, &mut out));
    out.push(b'}');
    assert_eq!(texts(&read(&out, Charset::Utf8).unwrap()), ["a\\{\u{e9}\u{1f600}\n}"]);
}

proptest! {
    #[test]
    fn any_document_is_read_in_spans_that_walk_back(
        document in "\\{\\\\rtf1(\\{|\\}|\\\\b |\\\\par|\\\\'e9|\\\\'|\\\\u233|\\\\u233 \\?|\\\\u-10179\\?|\\\\u-8704|\\\\uc0|\\\\uc1 |\\\\\\*|\\\\pict\
            |\\\\info|\\\\author |\\\\emdash |\\\\~|\\\\-|\\\\\\\\|\\\\|\\\\\\{|Foley|\u{e9}|0123456789abcdef|\n|\r| |\\?){0,40}",
        latin: bool,
    ) {
        let (bytes, charset) = match latin {
            true => (document.chars().map(|c| u8::try_from(c).unwrap()).collect(), Charset::Windows1252),
            false => (document.into_bytes(), Charset::Utf8),
        };
        let Some(segments) = read(&bytes, charset) else { return Ok(()) };
        no_overlap(&segments);
        for segment in &segments {
            check_walk(&bytes, charset, segment);
        }
        let _ = masked(&bytes, charset, &segments);
    }

    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>) {
        for segment in read(&bytes, Charset::Windows1252).unwrap_or_default() {
            check_walk(&bytes, Charset::Windows1252, &segment);
        }
    }
}
