//! Numbers in English words.

use super::{Lexeme, gap};

/// A number in words at the start: its value, and how many lexemes it takes.
pub(super) fn spelled(lexemes: &[Lexeme<'_>]) -> Option<(u32, usize)> {
    let word = |at: usize| lexemes.get(at).and_then(Lexeme::letters);
    let first = word(0)?;
    let person = first.strip_suffix('s').unwrap_or(first);
    if let Some(at) = DECADES.split(' ').position(|decade| decade == person) {
        return Some((tens(at), 1));
    }
    let after_first = 1 + gap(lexemes, 1);
    let hundreds = if is_hundred(first) {
        Some((1, 1))
    } else if word(after_first).is_some_and(is_hundred) && after_first > 1 {
        let count = if first == "a" { Some(1) } else { below_twenty(first).filter(|n| *n > 0) };
        count.map(|count| (count, after_first + 1))
    } else {
        None
    };
    let Some((count, mut used)) = hundreds else { return below_hundred(lexemes) };
    let mut at = used + gap(lexemes, used);
    if word(at) == Some("and") {
        at += 1 + gap(lexemes, at + 1);
    }
    let mut number = count * 100;
    if at > used
        && let Some((rest, more)) = lexemes.get(at..).and_then(below_hundred)
    {
        number += rest;
        used = at + more;
    }
    Some((number, used))
}

/// `ninety-three`, `ninety three`, `ninetythree`, `nineteen`, `ninety`, `third`.
fn below_hundred(lexemes: &[Lexeme<'_>]) -> Option<(u32, usize)> {
    let word = |at: usize| lexemes.get(at).and_then(Lexeme::letters);
    let first = word(0)?;
    if let Some(number) = below_twenty(first) {
        return Some((number, 1));
    }
    let digit = |word: &str| below_twenty(word).filter(|n| (1..10).contains(n));
    let (at, ten, ending) =
        TENS.iter().enumerate().find_map(|(at, ten)| Some((at, *ten, first.strip_prefix(ten.strip_suffix('y')?)?)))?;
    let number = tens(at);
    match ending {
        "y" => {
            let at = 1 + gap(lexemes, 1);
            let unit = word(at).filter(|_| at > 1).and_then(digit);
            Some(unit.map_or((number, 1), |unit| (number + unit, at + 1)))
        }
        "ieth" | "ies" => Some((number, 1)),
        _ => first.strip_prefix(ten).and_then(digit).map(|unit| (number + unit, 1)),
    }
}

/// Zero to nineteen, also as ordinals.
fn below_twenty(word: &str) -> Option<u32> {
    let at = |words: &str| words.split(' ').position(|w| w == word);
    let at = at(CARDINALS).or_else(|| at(ORDINALS))?;
    u32::try_from(at).ok()
}

/// The number of entry `at` of [`TENS`] and [`DECADES`].
fn tens(at: usize) -> u32 {
    u32::try_from(at).unwrap_or_default() * 10 + 20
}

fn is_hundred(word: &str) -> bool {
    matches!(word, "hundred" | "hundreds" | "hundredth")
}

/// Each stands at its number.
pub(super) const CARDINALS: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
    sixteen seventeen eighteen nineteen";
/// Each stands at its number.
const ORDINALS: &str = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth \
    fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth";
/// The tens from twenty on. Each ends in `y`, which is `ies` and `ieth` in decades and ordinals.
pub(super) const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
/// People of an age, without the plural `s`: from the twenties on, to a hundred.
const DECADES: &str = "vicenarian tricenarian quadragenarian quinquagenarian sexagenarian septuagenarian octogenarian \
    nonagenarian centenarian";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Option<(u32, usize)> {
        spelled(&super::super::lexemes(text).unwrap())
    }

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        // Spaces and hyphens are lexemes.
        for (text, number, used) in [
            ("nine", 9, 1),
            ("nineteen", 19, 1),
            ("Ninety", 90, 1),
            ("ninety-three", 93, 3),
            ("ninety  three", 93, 4),
            ("ninetythree", 93, 1),
            ("ninety-third", 93, 3),
            ("ninetieth", 90, 1),
            ("nineties", 90, 1),
            ("ninety ten", 90, 1),
            ("ninety, three", 90, 1),
            ("nineteen three", 19, 1),
            ("sixty-one years", 61, 3),
            ("hundred", 100, 1),
            ("a hundred", 100, 3),
            ("one hundred and", 100, 3),
            ("one hundred and two years", 102, 7),
            ("one-hundred-two", 102, 5),
            ("hundred and ninety-nine", 199, 7),
            ("two hundred", 200, 3),
            ("eleven hundred", 1100, 3),
            ("nonagenarians", 90, 1),
            ("centenarian", 100, 1),
        ] {
            assert_eq!(read(text), Some((number, used)), "{text}");
        }
    }

    #[test]
    fn other_words_are_none() {
        let texts = "| ninety|-one|93|a|a man|and two|ninetyten|ninetyzero|ninetyish|ninet|y|s|hundredfold|thousand|noventa|tent|\
                     oneself|onehundred";
        for text in texts.split('|') {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
