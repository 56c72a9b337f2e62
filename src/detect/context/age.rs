//! The age, in words, of a person whose birth the record has: `ninety-two`.
//!
//! Without that, such words are an age only where something says so; of somebody who may be so old they are one unless
//! something says that they are a measurement.

use super::Place;
use crate::detect::token::{Gap, Kind};

/// The last token of the age that begins with the `ninety` at token `i`.
pub(super) fn at(place: &Place<'_>, i: usize) -> Option<usize> {
    let tokens = &place.sequence.tokens;
    let near = |k: usize| tokens.get(k).filter(|t| t.gap <= Gap::Space).map_or("", |t| t.of(place.text));
    let is = |word: &str, words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    let last = i + 1 + usize::from(near(i + 1) == "-");
    if !is(near(last), &ONES) {
        return None;
    }
    let behind = tokens.get(last + 1).filter(|t| t.gap <= Gap::Space);
    let unit = place.sequence.infos.get(last + 1).is_some_and(|info| info.entry.is_unit());
    let number = behind.is_some_and(|t| t.kind == Kind::Code);
    let measured = behind.is_some() && (unit || number || is(near(last + 1), &MEASURES)) || near(last + 1) == "%";
    let before = (i.saturating_sub(4)..i).rev().take_while(|k| tokens.get(k + 1).is_some_and(|t| t.gap < Gap::Line));
    let said = before.map(|k| tokens.get(k).map_or("", |t| t.of(place.text))).any(|word| is(word, &MEASURED));
    (!measured && !said).then_some(last)
}

const ONES: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/// Behind a number that is no age. Units stand in the dictionaries.
const MEASURES: [&str; 17] = [
    "percent", "degrees", "minutes", "hours", "days", "weeks", "seconds", "over", "pounds", "feet", "beats", "dollars",
    "miles", "times", "hundred", "thousand", "point",
];
/// Within four words before a number that is no age.
const MEASURED: [&str; 30] = [
    "over",
    "hundred",
    "point",
    "rate",
    "pulse",
    "sat",
    "sats",
    "saturation",
    "saturating",
    "satting",
    "oxygen",
    "pressure",
    "bp",
    "systolic",
    "diastolic",
    "weight",
    "weighs",
    "weighed",
    "sugar",
    "glucose",
    "temp",
    "temperature",
    "heart",
    "hr",
    "spo2",
    "fraction",
    "creatinine",
    "dose",
    "number",
    "room",
];
