//! Which characters carry information, as Python's `str` methods see them: the reference scorer is written in Python.

use std::sync::LazyLock;

use regex_automata::Input;
use regex_automata::meta::Regex;

/// Python's `str.isalnum`: general category L or N. `char::is_alphanumeric` also takes combining vowel signs and
/// circled letters, which Python does not.
pub(super) fn is_alnum(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() && matches(&LETTER_OR_NUMBER, c) }
}

/// Python's `\d` on `str`: general category Nd.
pub(super) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { c.is_numeric() && matches(&DECIMAL, c) }
}

/// Python's `\w` on `str`.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || is_alnum(c)
}

/// Whether `c` is the small ASCII letter `small` when case is ignored as Python's `re.IGNORECASE` does it: with the
/// dotted and dotless i, the long s and the Kelvin sign.
pub(super) fn same_letter(c: char, small: char) -> bool {
    c.to_ascii_lowercase() == small
        || matches!((c, small), ('\u{130}' | '\u{131}', 'i') | ('\u{17f}', 's') | ('\u{212a}', 'k'))
}

/// Python's `[a-z]` under `re.IGNORECASE`.
pub(super) fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
}

fn matches(class: &Option<Regex>, c: char) -> bool {
    let mut buffer = [0; 4];
    class.as_ref().is_some_and(|class| class.is_match(Input::new(c.encode_utf8(&mut buffer)).earliest(true)))
}

static LETTER_OR_NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}]").ok());
static DECIMAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{Nd}").ok());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_pythons_letters() {
        // Every row as `python3 -c "print(c.isalnum(), bool(re.match(r'\d', c)))"` prints it.
        for (c, alnum, digit) in [
            ('a', true, false),
            ('7', true, true),
            ('_', false, false),
            ('é', true, false),
            ('²', true, false),
            ('½', true, false),
            ('Ⅳ', true, false),
            ('٣', true, true),
            ('中', true, false),
            ('\u{301}', false, false), // combining acute accent
            ('\u{93e}', false, false), // Devanagari vowel sign aa: Alphabetic, yet a mark
            ('ⓐ', false, false),       // circled letter: Alphabetic, yet a symbol
            ('°', false, false),
            ('⏎', false, false),
        ] {
            assert_eq!((is_alnum(c), is_digit(c)), (alnum, digit), "{c:?}");
        }
    }
}
