//! Cuts a value into runs of digits, words, blanks and single marks.

use std::ops::Range;

/// One piece of a value.
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes of the value.
    pub(super) at: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// ASCII digits.
    Number,
    /// Letters.
    Word,
    /// Blanks of any kind, at least one.
    Space,
    /// Anything else. Dashes of all lengths are `-`, apostrophes of all kinds `'`.
    Mark(char),
}

/// The tokens of `value`: adjoining, covering all of it.
pub(super) fn tokens(value: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (start, c) in value.char_indices() {
        let end = start + c.len_utf8();
        let kind = kind(c);
        match tokens.last_mut() {
            Some(last) if last.kind == kind && !matches!(kind, Kind::Mark(_)) => last.at.end = end,
            _ => tokens.push(Token { kind, at: start..end }),
        }
    }
    tokens
}

/// What a character is.
pub(super) fn kind(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Number,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Kind::Mark('-'),
        '\'' | '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' => Kind::Mark('\''),
        c if c.is_whitespace() => Kind::Space,
        c if c.is_alphabetic() => Kind::Word,
        c => Kind::Mark(c),
    }
}
