//! Cuts text into words, codes and punctuation: the one pass that everything else in detection stands on.
//!
//! A *word* is a run of letters with inner apostrophes (`O'Dowd`). A *code* is a run of letters and digits that holds a
//! digit, with the connectors that glue its parts (`03/04/2019`, `MMT1780-NG44197`, `12.5`). Every other character is
//! a token of its own; white space is a [`Gap`] before the token that follows it.

mod letters;

use crate::span::Span;
use letters::{Ahead, Plain, Scan};
use pulp::NullaryFnOnce;

/// What a token is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// Letters.
    #[default]
    Word,
    /// Letters and digits with at least one digit.
    Code,
    /// One character that is neither letter, digit nor white space.
    Punct,
    /// An e-mail or web address.
    Web,
}

/// Upper and lower case of a token's letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Case {
    /// No capital.
    #[default]
    Lower,
    /// First letter only.
    Title,
    /// All capitals, two or more.
    Upper,
    /// One capital letter alone.
    Initial,
    /// Anything else (`McDonald`, `iPhone`).
    Mixed,
}

/// White space before a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Gap {
    /// None: glued to the token before.
    #[default]
    None,
    /// One blank.
    Space,
    /// A tab or several blanks: the next column.
    Wide,
    /// A line end.
    Line,
    /// An empty line, or the start of the text.
    Block,
}

/// A token. Offsets are bytes of its text.
///
/// Invariant: `start < end`; tokens of a text are sorted and do not overlap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Token {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What it is made of.
    pub kind: Kind,
    /// Case of its letters.
    pub case: Case,
    /// White space before it.
    pub gap: Gap,
    /// ASCII letters only.
    pub plain: bool,
}

impl Token {
    /// The token's text.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Whether it begins a line.
    pub fn starts_line(&self) -> bool {
        self.gap >= Gap::Line
    }

    /// Length in bytes, at least one.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// Longest text that [`lex`] takes: offsets are 32 bits wide.
pub const LONGEST: usize = u32::MAX as usize - 1;

/// Appends the tokens of `text` to `out`. `web` are spans of addresses, sorted, each of which becomes one token.
pub fn lex(text: &str, web: &[Span], out: &mut Vec<Token>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = pulp::x86::V3::try_new() {
        return v3.vectorize(Lex { scan: v3, text, web, out });
    }
    Lex { scan: Plain, text, web, out }.call();
}

/// What [`lex`] is asked for. No closure: the compiler may leave the body of one outside of what it makes for the processor.
struct Lex<'l, S> {
    scan: S,
    text: &'l str,
    web: &'l [Span],
    out: &'l mut Vec<Token>,
}

impl<S: Scan> NullaryFnOnce for Lex<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        lex_with(Ahead::new(self.scan), self.text, self.web, self.out);
    }
}

#[inline(always)]
fn lex_with(mut ahead: Ahead<impl Scan>, text: &str, web: &[Span], out: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    let mut web = web.iter();
    let mut address = web.next();
    let mut at = 0;
    let mut gap = Gap::Block;
    let (mut lines, mut blanks) = (0u32, 0u32);
    while let Some(&byte) = bytes.get(at) {
        if let Some(next) = address
            && next.start <= at
        {
            if next.end > at {
                let kind = Kind::Web;
                let (start, end) = (at as u32, next.end as u32);
                out.push(Token { start, end, kind, case: Case::Lower, gap, plain: false });
                at = next.end;
                gap = Gap::None;
                (lines, blanks) = (0, 0);
            }
            address = web.next();
            continue;
        }
        // The two that most of a text is made of.
        if byte == b' ' && lines == 0 {
            blanks += 1;
            gap = gap.max(if blanks == 1 { Gap::Space } else { Gap::Wide });
            at += 1;
            continue;
        }
        if (byte | 0x20).wrapping_sub(b'a') < 26
            && let Some(token) = plain(&mut ahead, bytes, at, gap)
        {
            at = token.end as usize;
            out.push(token);
            gap = Gap::None;
            (lines, blanks) = (0, 0);
            // One blank and no other behind it.
            if let Some([b' ', b'!'..=b'~']) = bytes.get(at..at + 2) {
                gap = Gap::Space;
                at += 1;
            }
            continue;
        }
        let (class, width) = class_at(text, at);
        match class {
            Class::Space => {
                if bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                    lines += 1;
                } else if bytes[at] == b'\t' {
                    blanks += 2;
                } else if bytes[at] == 0x0c {
                    lines += 2;
                } else if bytes[at] != b'\r' {
                    blanks += 1;
                }
                let seen = match (lines, blanks) {
                    (0, 0) => Gap::None,
                    (0, 1) => Gap::Space,
                    (0, _) => Gap::Wide,
                    (1, _) => Gap::Line,
                    _ => Gap::Block,
                };
                gap = gap.max(seen);
                at += width;
                continue;
            }
            Class::Other => {
                out.push(Token {
                    start: at as u32,
                    end: (at + width) as u32,
                    kind: Kind::Punct,
                    case: Case::Lower,
                    gap,
                    plain: false,
                });
                at += width;
            }
            Class::Letter | Class::Digit => {
                let limit = address.map_or(bytes.len(), |a| a.start);
                let mut run = run(text, at, limit);
                // Whatever the text, every turn goes forward.
                run.end = run.end.max(at + width);
                let kind = if run.digits { Kind::Code } else { Kind::Word };
                out.push(Token { start: at as u32, end: run.end as u32, kind, case: run.case, gap, plain: false });
                at = run.end;
            }
        }
        gap = Gap::None;
        (lines, blanks) = (0, 0);
    }
}

/// What a byte or character counts as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Other,
}

/// Class of the character that starts at `at`, and its width in bytes.
fn class_at(text: &str, at: usize) -> (Class, usize) {
    let Some(&byte) = text.as_bytes().get(at) else { return (Class::Other, 1) };
    if byte < 0x80 {
        return (ASCII[byte as usize], 1);
    }
    let c = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
    let class = if c.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&c) {
        Class::Letter
    } else if c.is_numeric() {
        Class::Digit
    } else if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' {
        Class::Space
    } else {
        Class::Other
    };
    (class, c.len_utf8())
}

/// Most tokens: ASCII letters that a blank or a mark ends which cannot glue them to what follows.
#[inline(always)]
fn plain(ahead: &mut Ahead<impl Scan>, bytes: &[u8], at: usize, gap: Gap) -> Option<Token> {
    let (letters, upper) = ahead.run(bytes, at);
    let end = at + letters;
    let ends = match bytes.get(end) {
        None => true,
        // A full stop with a blank behind it is prose.
        Some(b'.' | b':') => bytes.get(end + 1).is_none_or(|b| *b <= b' '),
        Some(b) => ENDS[usize::from(*b)],
    };
    if end == at || !ends {
        return None;
    }
    let case = match (upper as usize, end - at) {
        (0, _) => Case::Lower,
        (1, 1) => Case::Initial,
        (u, n) if u == n => Case::Upper,
        (1, _) if bytes.get(at).is_some_and(u8::is_ascii_uppercase) => Case::Title,
        _ => Case::Mixed,
    };
    Some(Token { start: at as u32, end: end as u32, kind: Kind::Word, case, gap, plain: true })
}

/// A word or code that starts at some byte.
struct Run {
    end: usize,
    digits: bool,
    case: Case,
}

/// The word or code that starts at `at`; ends at `limit` at the latest.
fn run(text: &str, at: usize, limit: usize) -> Run {
    let bytes = text.as_bytes();
    let first = part(text, at, limit);
    let mut all = first.clone();
    let mut end = first.end;
    // A code may go on over connectors; a word without any digit ends at its first connector. What is read ahead is
    // only kept when a digit turns up in it.
    let mut before = first;
    while let Some(&connector) = bytes.get(all.end) {
        if !matches!(connector, b'-' | b'/' | b'.' | b':' | b'_') || all.end + 1 >= limit {
            break;
        }
        let (class, _) = class_at(text, all.end + 1);
        if !matches!(class, Class::Letter | Class::Digit) {
            break;
        }
        let next = part(text, all.end + 1, limit);
        let glued = match connector {
            b'.' | b':' => before.ends_digit && next.starts_digit,
            b'/' => (before.ends_digit && next.starts_digit) || month_between(text, &before, &next),
            _ => !(before.prose(text) || next.prose(text)),
        };
        if !glued {
            break;
        }
        let start = all.end + 1;
        all.end = next.end;
        all.digits |= next.digits;
        all.upper += next.upper;
        all.lower += next.lower;
        if all.digits {
            end = all.end;
        }
        before = next;
        debug_assert!(start < before.end);
    }
    if end < all.end {
        // No digit turned up behind the first connector: only the first part stands.
        let first = part(text, at, limit);
        return Run { end: first.end, digits: first.digits, case: first.case() };
    }
    Run { end, digits: all.digits, case: all.case() }
}

/// Letters and digits without a connector.
#[derive(Clone)]
struct Part {
    start: usize,
    end: usize,
    digits: bool,
    starts_digit: bool,
    ends_digit: bool,
    starts_upper: bool,
    upper: u32,
    lower: u32,
}

impl Part {
    fn case(&self) -> Case {
        match (self.upper, self.lower) {
            (0, _) => Case::Lower,
            (1, 0) => Case::Initial,
            (_, 0) => Case::Upper,
            (1, _) if self.starts_upper => Case::Title,
            _ => Case::Mixed,
        }
    }

    /// Whether it is a lower-case or capitalised word of prose, which a hyphen does not make part of a code:
    /// `2-year-old`, `post-2019`, but not `17-Feb-2024`.
    fn prose(&self, text: &str) -> bool {
        !self.digits && self.lower >= 2 && !is_month(text.as_bytes().get(self.start..self.end).unwrap_or(b""))
    }
}

fn part(text: &str, at: usize, limit: usize) -> Part {
    let bytes = text.as_bytes();
    let mut p = Part {
        start: at,
        end: at,
        digits: false,
        starts_digit: false,
        ends_digit: false,
        starts_upper: false,
        upper: 0,
        lower: 0,
    };
    while p.end < limit {
        let byte = bytes[p.end];
        if byte.is_ascii_lowercase() {
            p.lower += 1;
            p.ends_digit = false;
            p.end += 1;
        } else if byte.is_ascii_uppercase() {
            p.starts_upper |= p.end == at;
            p.upper += 1;
            p.ends_digit = false;
            p.end += 1;
        } else if byte.is_ascii_digit() {
            p.starts_digit |= p.end == at;
            p.digits = true;
            p.ends_digit = true;
            p.end += 1;
        } else if let Some(width) = apostrophe(bytes, p.end) {
            if p.end == at || p.ends_digit || class_at(text, p.end + width).0 != Class::Letter || p.end + width >= limit
            {
                break;
            }
            p.end += width;
        } else if byte >= 0x80 {
            let c = text.get(p.end..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            match class_at(text, p.end).0 {
                Class::Letter => {
                    if c.is_uppercase() {
                        p.starts_upper |= p.end == at;
                        p.upper += 1;
                    } else {
                        p.lower += 1;
                    }
                    p.ends_digit = false;
                }
                Class::Digit => {
                    p.starts_digit |= p.end == at;
                    p.digits = true;
                    p.ends_digit = true;
                }
                _ => break,
            }
            p.end += c.len_utf8();
        } else {
            break;
        }
    }
    p
}

/// Width of the apostrophe at `at`, straight or curly (U+2019).
fn apostrophe(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..)? {
        [b'\'', ..] => Some(1),
        [0xe2, 0x80, 0x99, ..] => Some(3),
        _ => None,
    }
}

/// `14/MAR/1938`: a slash between a number and a month's name.
fn month_between(text: &str, before: &Part, next: &Part) -> bool {
    let of = |p: &Part| text.as_bytes().get(p.start..p.end).unwrap_or(b"");
    (before.ends_digit && is_month(of(next))) || (is_month(of(before)) && next.starts_digit)
}

/// Whether `word` names a month, in full or by its first three letters (or `Sept`), in any case.
pub fn is_month(word: &[u8]) -> bool {
    month_number(word).is_some()
}

/// 1 to 12 for the name of a month, in full or by its first three letters (or `Sept`), in any case.
pub fn month_number(word: &[u8]) -> Option<u8> {
    const MONTHS: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    if word.len() < 3 || word.len() > 9 {
        return None;
    }
    let mut low = [0u8; 9];
    let low = low.get_mut(..word.len())?;
    low.copy_from_slice(word);
    low.make_ascii_lowercase();
    let at = MONTHS.iter().position(|m| m.starts_with(low.get(..3).unwrap_or(b"-")))?;
    let full = MONTHS[at];
    (low.len() == 3 || *low == *full || (at == 8 && *low == *b"sept")).then_some(at as u8 + 1)
}

/// Bytes that end a word of ASCII letters: neither part of one, nor what glues it to digits behind.
const ENDS: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128 {
        let c = b as u8;
        table[b] = !c.is_ascii_alphanumeric() && !matches!(c, b'-' | b'/' | b'.' | b':' | b'_' | b'\'');
        b += 1;
    }
    table
};

const ASCII: [Class; 128] = {
    let mut table = [Class::Other; 128];
    let mut b = 0;
    while b < 128 {
        let c = b as u8;
        if c.is_ascii_alphabetic() {
            table[b] = Class::Letter;
        } else if c.is_ascii_digit() {
            table[b] = Class::Digit;
        } else if matches!(c, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
            table[b] = Class::Space;
        }
        b += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        lex(text, &[], &mut out);
        out.iter().map(|t| t.of(text)).collect()
    }

    #[test]
    fn cuts_words_codes_and_punctuation() {
        for (text, want) in [
            ("Smith, John", vec!["Smith", ",", "John"]),
            ("O'Dowd's", vec!["O'Dowd's"]),
            ("Okonjo-Reyes", vec!["Okonjo", "-", "Reyes"]),
            ("03/04/2019 5.5mg", vec!["03/04/2019", "5.5mg"]),
            ("17-Feb-2024", vec!["17-Feb-2024"]),
            ("14/MAR/1938", vec!["14/MAR/1938"]),
            ("2-year-old", vec!["2", "-", "year", "-", "old"]),
            ("MRN:4829", vec!["MRN", ":", "4829"]),
            ("MMT1780-NG44197.", vec!["MMT1780-NG44197", "."]),
            ("w/ileus", vec!["w", "/", "ileus"]),
            ("10:45,", vec!["10:45", ","]),
            ("(360) 555-0142", vec!["(", "360", ")", "555-0142"]),
            ("Sørlie–Vann", vec!["Sørlie", "–", "Vann"]),
            ("S24-01877;", vec!["S24-01877", ";"]),
            ("A-B", vec!["A", "-", "B"]),
            ("A-B-3", vec!["A-B-3"]),
            ("‘90s’", vec!["‘", "90s", "’"]),
            ("H₂O ₂ ½ x²", vec!["H₂O", "₂", "½", "x²"]),
            ("’s ’", vec!["’", "s", "’"]),
            ("", vec![]),
        ] {
            assert_eq!(words(text), want, "{text}");
        }
    }

    #[test]
    fn gaps_tell_columns_lines_and_blocks() {
        let text = "a b  c\td\ne\r\nf\n\ng";
        let mut out = Vec::new();
        lex(text, &[], &mut out);
        let gaps: Vec<Gap> = out.iter().map(|t| t.gap).collect();
        assert_eq!(gaps, [Gap::Block, Gap::Space, Gap::Wide, Gap::Wide, Gap::Line, Gap::Line, Gap::Block]);
    }

    #[test]
    fn months() {
        for (word, want) in [("Sept", Some(9)), ("MAY", Some(5)), ("march", Some(3)), ("marc", None), ("de", None)] {
            assert_eq!(month_number(word.as_bytes()), want, "{word}");
        }
    }
}
