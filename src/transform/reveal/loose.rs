//! Tokens as models rewrite them: emphasised, escaped, wrapped, with other brackets or none, with spaces in them.
//!
//! ```text
//! open? label colon code close?        with noise between any two of their characters
//! code                                 eleven symbols, or as many as a sealed token has, as a word of their own
//! ```
//!
//! What is read here is a guess at what a token was. Whether it was one, its checksum and its seal, or the vault, decide:
//! nothing is turned back on the strength of its form.

use crate::base32;
use crate::identifier::Label;
use crate::transform::seal::MIN_CODE;
use crate::transform::token::{MAX_CODE, VAULT_CODE};

/// What may stand in a place.
#[derive(Default)]
pub(super) struct Guess {
    /// Shortest first. Each is whole: nothing that follows makes another of it.
    pub(super) readings: Vec<Reading>,
    /// More bytes may make more of it.
    pub(super) more: bool,
}

/// A token, as it may be meant.
pub(super) struct Reading {
    /// `None`: it stands in another language, or there is none.
    pub(super) label: Option<Label>,
    /// Symbols, noise taken out.
    pub(super) code: Vec<u8>,
    /// Where it starts and ends, from the place that was looked at.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoting: Quoting,
}

/// How the text is escaped in which a token stands, as its bracket tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quoting {
    Plain,
    Html,
    Percent,
    Json,
}

/// The next place from `from` on where a guess is worth it; `before` is the byte before `bytes`.
pub(super) fn find(bytes: &[u8], from: usize, before: u8) -> Option<usize> {
    let mut last = from.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(before);
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        let starts = match byte {
            b'[' | b'(' | b'{' | b'<' | b'&' | b'%' | b'\\' | 0xe3 | 0xef => true,
            byte => byte.is_ascii_alphanumeric() && !last.is_ascii_alphanumeric(),
        };
        if starts {
            return Some(at);
        }
        last = *byte;
    }
    None
}

/// What stands at the start of `bytes`; with `end`, nothing comes after them.
pub(super) fn guess(bytes: &[u8], end: bool) -> Guess {
    let text = Text { bytes, end };
    match text.unit(0, true) {
        (Unit::Open(bracket), len) => text.bracketed(len, bracket),
        (Unit::Symbol(_), _) => {
            let labelled = text.unbracketed();
            if labelled.more || !labelled.readings.is_empty() { labelled } else { text.bare() }
        }
        (Unit::End, _) => Guess { more: true, ..Guess::default() },
        _ => Guess::default(),
    }
}

#[derive(Clone, Copy)]
struct Text<'b> {
    bytes: &'b [u8],
    /// Nothing comes after them.
    end: bool,
}

/// What stands before a code.
struct Front {
    label: Option<Label>,
    bracket: Option<Bracket>,
    /// Bytes of the bracket.
    open: usize,
}

impl Text<'_> {
    fn bracketed(self, open: usize, bracket: Bracket) -> Guess {
        let (mut at, mut name, mut foreign) = (open, Vec::new(), 0);
        let (mut noise, mut spaced, mut line) = (0, false, false);
        loop {
            let (unit, len) = self.unit(at, false);
            match unit {
                Unit::End => return Guess { more: true, ..Guess::default() },
                Unit::Symbol(symbol) => name.push(symbol.to_ascii_uppercase()),
                Unit::Letter => foreign += len,
                Unit::Space | Unit::Line => {
                    spaced |= !name.is_empty() || foreign > 0;
                    line |= unit == Unit::Line;
                }
                Unit::Prefix | Unit::Angle if line => {}
                Unit::Mark => {}
                Unit::Colon if !name.is_empty() || foreign > 0 => {
                    at += len;
                    break;
                }
                Unit::Close(pair) if foreign == 0 && pair == bracket.pair => {
                    return without_colon(&name, at + len, bracket);
                }
                _ => return Guess::default(),
            }
            (noise, line) = match unit {
                Unit::Symbol(_) | Unit::Letter => (0, false),
                _ => (noise + len, line),
            };
            let is_label = foreign == 0 && (begins_label(&name) || starts_with_label(&name));
            if noise > NOISE || name.len() + foreign > NAME || !is_label && (bracket.common || spaced) {
                return Guess::default();
            }
            at += len;
        }
        let label = if foreign == 0 { label_of(&name) } else { None };
        if label.is_none() && (bracket.common || spaced) {
            return Guess::default();
        }
        self.code(at, &Front { label, bracket: Some(bracket), open })
    }

    fn unbracketed(self) -> Guess {
        let (mut at, mut name, mut noise) = (0, Vec::new(), 0);
        loop {
            let (unit, len) = self.unit(at, false);
            match unit {
                Unit::End => return Guess { more: true, ..Guess::default() },
                Unit::Symbol(symbol) => {
                    name.push(symbol.to_ascii_uppercase());
                    noise = 0;
                }
                Unit::Space | Unit::Mark => noise += len,
                Unit::Colon => {
                    at += len;
                    break;
                }
                _ => return Guess::default(),
            }
            if noise > FEW || !begins_label(&name) {
                return Guess::default();
            }
            at += len;
        }
        match label_of(&name) {
            Some(label) => self.code(at, &Front { label: Some(label), bracket: None, open: 0 }),
            None => Guess::default(),
        }
    }

    /// A code that lost its label, as a word of its own.
    fn bare(self) -> Guess {
        let len = self.bytes.iter().take(BARE + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
        let word = self.bytes.get(..len).unwrap_or_default();
        let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
        if len == self.bytes.len() && !self.end {
            // A word in small letters is let go: text must not wait for what is hardly ever a code.
            let may_be = digits > 0 || !word.iter().any(u8::is_ascii_lowercase);
            return Guess { more: len <= BARE && may_be, ..Guess::default() };
        }
        // One code of a vault in sixty has no digit. Hardly a word has that length and none of `I`, `L`, `O` and `U`.
        let mixed = digits > 0 && digits < len;
        let capitals = len == VAULT_CODE && word.iter().all(u8::is_ascii_uppercase);
        let fits = len == VAULT_CODE || (MIN_CODE..=BARE).contains(&len);
        if !(mixed || capitals) || !fits || !word.iter().all(|b| base32::value(*b).is_some()) {
            return Guess::default();
        }
        let reading = Reading { label: None, code: word.to_vec(), start: 0, end: len, quoting: Quoting::Plain };
        Guess { readings: vec![reading], more: false }
    }

    /// The code behind a label and its colon. Where noise begins it may be at its end, or not.
    fn code(self, from: usize, front: &Front) -> Guess {
        let mut guess = Guess::default();
        let (mut at, mut code, mut noise, mut line) = (from, Vec::new(), 0, false);
        let mut pending: Option<Reading> = None;
        loop {
            let (unit, len) = self.unit(at, false);
            let ended = noise == 0 && !matches!(unit, Unit::Symbol(_) | Unit::End);
            if ended && (code.len() == VAULT_CODE || code.len() >= MIN_CODE) {
                pending = Some(front.reading(&code, at, false));
            }
            match unit {
                Unit::End => return Guess { more: true, ..guess },
                Unit::Symbol(symbol) if base32::value(symbol).is_some() => {
                    guess.readings.extend(pending.take());
                    code.push(symbol);
                    (noise, line) = (0, false);
                }
                Unit::Close(_) | Unit::Angle if pending.is_some() && front.is_closed_by(unit) && !line => {
                    pending = Some(front.reading(&code, at + len, true));
                    break;
                }
                Unit::Mark | Unit::Space | Unit::Line | Unit::Prefix | Unit::Angle
                    if noise + len <= NOISE && front.lets(unit, line, code.is_empty()) && !is_plain(&code) =>
                {
                    noise += len;
                    line |= unit == Unit::Line;
                }
                _ => break,
            }
            if code.len() > MAX_CODE {
                break;
            }
            at += len;
        }
        guess.readings.extend(pending);
        guess
    }

    /// What stands at `at`, and its bytes. `first`: where a token may begin, and nothing of it was seen yet.
    fn unit(self, at: usize, first: bool) -> (Unit, usize) {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let Some(byte) = rest.first().copied() else { return self.over() };
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => (Unit::Symbol(byte), 1),
            b'[' => (open(Quoting::Plain), 1),
            b'(' => (common(Pair::Round), 1),
            b'{' => (common(Pair::Curly), 1),
            b'<' if first => (common(Pair::Angle), 1),
            b'<' => self.tag(rest),
            b']' => (Unit::Close(Pair::Square), 1),
            b')' => (Unit::Close(Pair::Round), 1),
            b'}' => (Unit::Close(Pair::Curly), 1),
            b':' | b'=' => (Unit::Colon, 1),
            b' ' | b'\t' | b'\r' => (Unit::Space, 1),
            b'\n' => (Unit::Line, 1),
            b'*' | b'_' | b'`' | b'~' | b'-' => (Unit::Mark, 1),
            b'>' if !first => (Unit::Angle, 1),
            b'|' | b'#' | b'/' | b'+' | b';' => (Unit::Prefix, 1),
            b'\\' | b'&' | b'%' | 0x80.. => self.written(rest),
            _ => (Unit::Other, 1),
        }
    }

    fn over(self) -> (Unit, usize) {
        if self.end { (Unit::Other, 0) } else { (Unit::End, 0) }
    }

    /// What takes several bytes to write.
    fn written(self, rest: &[u8]) -> (Unit, usize) {
        for (form, unit) in FORMS {
            let form = form.as_bytes();
            match rest.get(..form.len()) {
                Some(start) if start.eq_ignore_ascii_case(form) => return (*unit, form.len()),
                None if form.get(..rest.len()).is_some_and(|start| start.eq_ignore_ascii_case(rest)) && !self.end => {
                    return (Unit::End, 0);
                }
                _ => {}
            }
        }
        match rest {
            [b'\\', next, ..] if next.is_ascii_punctuation() => {
                let (unit, len) = Text { bytes: rest.get(1..).unwrap_or_default(), end: self.end }.unit(0, true);
                // One bracket that is written with two characters.
                if matches!(unit, Unit::Open(_) | Unit::Close(_) | Unit::Colon) {
                    (unit, len + 1)
                } else {
                    (Unit::Mark, 1)
                }
            }
            [0xc3..=0xf4, ..] => {
                let len = rest.iter().skip(1).take_while(|b| (0x80..0xc0).contains(*b)).count() + 1;
                (Unit::Letter, len)
            }
            _ => (Unit::Other, 1),
        }
    }

    /// `<b>`, `</span>`, `<br/>`; or what takes the place of a bracket.
    fn tag(self, rest: &[u8]) -> (Unit, usize) {
        let inner = rest.iter().skip(1).take(TAG).take_while(|b| !matches!(b, b'<' | b'>' | b'\n')).count();
        match rest.get(1 + inner) {
            None if inner < TAG && !self.end => (Unit::End, 0),
            Some(b'>') if rest.get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'/') => (Unit::Mark, inner + 2),
            _ => (Unit::Other, 1),
        }
    }
}

impl Front {
    fn reading(&self, code: &[u8], end: usize, closed: bool) -> Reading {
        Reading {
            label: self.label,
            code: code.to_vec(),
            // Without its other half it stays: what the bracket is for, nobody knows.
            start: if closed { 0 } else { self.open },
            end,
            quoting: self.bracket.map_or(Quoting::Plain, |bracket| bracket.quoting),
        }
    }

    fn is_closed_by(&self, unit: Unit) -> bool {
        self.bracket.is_some_and(|bracket| match unit {
            Unit::Close(pair) => pair == bracket.pair,
            Unit::Angle => bracket.pair == Pair::Angle,
            _ => false,
        })
    }

    /// Whether such noise may stand in a code, or before it.
    fn lets(&self, noise: Unit, line: bool, before: bool) -> bool {
        match noise {
            Unit::Space => before || line || self.bracket.is_some() && self.label.is_some(),
            Unit::Line => self.label.is_some(),
            Unit::Prefix | Unit::Angle => line,
            _ => true,
        }
    }
}

/// A token whose colon was lost, between brackets.
fn without_colon(name: &[u8], end: usize, bracket: Bracket) -> Guess {
    let at = name.len().saturating_sub(VAULT_CODE);
    let (label, code) = name.split_at_checked(at).unwrap_or_default();
    let reading = label_of(label).map(|label| Reading {
        label: Some(label),
        code: code.to_vec(),
        start: 0,
        end,
        quoting: bracket.quoting,
    });
    Guess { readings: reading.into_iter().collect(), more: false }
}

/// Letters of words, and not a code: of sixteen symbols one is a digit, but once in four hundred.
fn is_plain(code: &[u8]) -> bool {
    code.len() >= 16 && !code.iter().any(u8::is_ascii_digit)
}

/// The name of a label, without what is noise in it.
fn names() -> impl Iterator<Item = (Label, impl Iterator<Item = u8>)> {
    Label::ALL.into_iter().map(|label| (label, label.name().bytes().filter(|b| *b != b'_')))
}

fn label_of(name: &[u8]) -> Option<Label> {
    names().find_map(|(label, bytes)| bytes.eq(name.iter().copied()).then_some(label))
}

fn begins_label(name: &[u8]) -> bool {
    names().any(|(_, mut bytes)| name.iter().all(|b| bytes.next() == Some(*b)))
}

fn starts_with_label(name: &[u8]) -> bool {
    names().any(|(_, bytes)| {
        let mut rest = name.iter();
        bytes.into_iter().all(|b| rest.next() == Some(&b))
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bracket {
    pair: Pair,
    /// Ordinary text has it everywhere.
    common: bool,
    quoting: Quoting,
}

/// Which brackets belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pair {
    Square,
    Round,
    Curly,
    Angle,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    /// An ASCII letter or digit.
    Symbol(u8),
    /// A character of another alphabet.
    Letter,
    Open(Bracket),
    Close(Pair),
    Colon,
    Space,
    /// The end of a line.
    Line,
    /// Emphasis, an escape, a hyphen, what has no width, a tag.
    Mark,
    /// What editors put at the start of lines.
    Prefix,
    /// Closes [`Pair::Angle`], or quotes a line.
    Angle,
    Other,
    /// The bytes end before it can be told.
    End,
}

const fn open(quoting: Quoting) -> Unit {
    Unit::Open(Bracket { pair: Pair::Square, common: false, quoting })
}

const fn common(pair: Pair) -> Unit {
    Unit::Open(Bracket { pair, common: true, quoting: Quoting::Plain })
}

const CLOSE: Unit = Unit::Close(Pair::Square);

/// What is written with several bytes, in any case.
const FORMS: &[(&str, Unit)] = &[
    ("&#91;", open(Quoting::Html)),
    ("&#x5b;", open(Quoting::Html)),
    ("&lsqb;", open(Quoting::Html)),
    ("&lbrack;", open(Quoting::Html)),
    ("&#93;", CLOSE),
    ("&#x5d;", CLOSE),
    ("&rsqb;", CLOSE),
    ("&rbrack;", CLOSE),
    ("&#58;", Unit::Colon),
    ("&#x3a;", Unit::Colon),
    ("&colon;", Unit::Colon),
    ("&nbsp;", Unit::Space),
    ("&#160;", Unit::Space),
    ("&shy;", Unit::Mark),
    ("&#173;", Unit::Mark),
    ("&#8203;", Unit::Mark),
    ("%5b", open(Quoting::Percent)),
    ("%5d", CLOSE),
    ("%3a", Unit::Colon),
    ("%20", Unit::Space),
    ("%0a", Unit::Line),
    ("%5f", Unit::Mark),
    ("\\u005b", open(Quoting::Json)),
    ("\\u005d", CLOSE),
    ("\\u003a", Unit::Colon),
    ("\\n", Unit::Line),
    ("\\r", Unit::Space),
    ("\\t", Unit::Space),
    ("［", open(Quoting::Plain)),
    ("］", CLOSE),
    ("【", open(Quoting::Plain)),
    ("】", CLOSE),
    ("〔", open(Quoting::Plain)),
    ("〕", CLOSE),
    ("：", Unit::Colon),
    ("\u{a0}", Unit::Space),
    ("\u{2009}", Unit::Space),
    ("\u{202f}", Unit::Space),
    ("\u{3000}", Unit::Space),
    ("\u{ad}", Unit::Mark),
    ("\u{200b}", Unit::Mark),
    ("\u{200c}", Unit::Mark),
    ("\u{200d}", Unit::Mark),
    ("\u{200e}", Unit::Mark),
    ("\u{200f}", Unit::Mark),
    ("\u{2010}", Unit::Mark),
    ("\u{2011}", Unit::Mark),
    ("\u{2013}", Unit::Mark),
    ("\u{2060}", Unit::Mark),
    ("\u{feff}", Unit::Mark),
];

/// Bytes of noise in one place.
const NOISE: usize = 24;
/// Bytes of noise in one place of a label without a bracket.
const FEW: usize = 8;
/// Characters of a name, with a code that lost its colon.
const NAME: usize = 24;
/// Bytes within a tag.
const TAG: usize = 48;
/// Symbols of the longest code that is looked for without a label.
const BARE: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_without_its_label_is_one_with_a_digit_or_all_in_capitals() {
        let codes = |text: &[u8]| guess(text, true).readings.len();
        for code in [&b"FFKVQGJBYPK"[..], b"7KQ2MXB4TNR", b"7kq2mxb4tnr"] {
            assert_eq!(codes(code), 1);
        }
        for word in [&b"SODIUMCHLOR"[..], b"ffkvqgjbypk", b"FFKVQGJBYP", b"12345678901"] {
            assert_eq!(codes(word), 0);
        }
    }
}
