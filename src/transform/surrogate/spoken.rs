//! Stand-ins for numbers as they are dictated: `zero six one, S as in Sierra`.

use super::case::{self, Case};
use super::name::{self, Class};
use super::number;
use crate::transform::draw::Draws;

/// Appends the stand-in of a dictated number; false, and nothing appended, if there are fewer than two spoken digits.
///
/// Words that only join stay; other words become letters. Letters and digits among them are drawn for one by one.
pub(super) fn write(value: &str, draws: &Draws, out: &mut String) -> bool {
    let tokens = name::tokens(value);
    let folded: Vec<String> = tokens.iter().map(|token| case::folded(token.text)).collect();
    if folded.iter().filter(|word| list_of(word).is_some()).count() < 2 {
        return false;
    }
    let mut draw = draws.of("spoken", &folded.concat());
    // What was drawn before, so that a number is not left as it is by chance.
    let mut alike = 0;
    for (token, word) in tokens.iter().zip(&folded) {
        match (token.class, list_of(word)) {
            (Class::Word, Some(list)) => {
                let others: Vec<&&str> = list.iter().filter(|other| alike < 1 || *other != word).collect();
                let drawn = draw.pick(&others).map_or("", |drawn| **drawn);
                alike = if drawn == word { alike + 1 } else { 0 };
                Case::of(token.text).write(drawn, out);
            }
            (Class::Word, None) if JOINING.contains(&word.as_str()) => out.push_str(token.text),
            (Class::Word | Class::Digits, _) => number::write_digits("spoken", token.text, draws, out),
            (Class::Other, _) => out.push_str(token.text),
        }
    }
    true
}

/// The words that a spoken number may be replaced by.
fn list_of(word: &str) -> Option<&'static [&'static str]> {
    // `oh` is a zero; no zero is drawn as `oh`.
    [DIGITS, TEENS, TENS].into_iter().find(|list| list.contains(&word) || word == "oh")
}

const DIGITS: &[&str] = &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: &[&str] =
    &["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const TENS: &[&str] = &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const JOINING: &[&str] =
    &["dash", "hyphen", "slash", "dot", "point", "space", "double", "triple", "hundred", "thousand", "and", "as", "in"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spoken_numbers_stay_spoken() {
        let draws = Draws::new(&zeroize::Zeroizing::new([1; 32]), None);
        for (value, words) in [
            ("zero six one two two four", 6),
            ("R zero six one", 4),
            ("Seven oh two, dash, twenty-two", 5),
            ("two one six five five five oh one four two", 10),
        ] {
            let mut out = String::new();
            assert!(write(value, &draws, &mut out), "{value}");
            assert_ne!(out, value);
            assert_eq!(name::tokens(&out).len(), name::tokens(value).len());
            let spoken = |text: &str| name::tokens(text).iter().filter(|t| t.class == Class::Word).count();
            assert!(spoken(&out) >= words, "{out}");
        }
        for value in ["1234", "one", "Room 12", "", "as in"] {
            let mut out = String::new();
            assert!(!write(value, &draws, &mut out) && out.is_empty(), "{value}");
        }
    }
}
