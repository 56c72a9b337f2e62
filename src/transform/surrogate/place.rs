//! Stand-ins for cities and other places smaller than a state: a city of the same state and of like size.

use super::case::{self, Case};
use super::lists::{Lists, TRIES};
use super::name::{self, Class};
use crate::transform::draw::Draws;

/// Appends the stand-in of a place; false if there is no word in it. A state after a comma stays.
pub(super) fn write(lists: &Lists, value: &str, draws: &Draws, out: &mut String) -> bool {
    let mut replaced = false;
    let parts: Vec<&str> = value.split(',').collect();
    let state = |part: &str| lists.states.get(&normal(part)).copied();
    // A state alone is a city: `New York`, `Washington`.
    let last_state = parts.last().filter(|_| parts.len() > 1).and_then(|part| state(part));
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let trimmed = part.trim();
        let is_state = at > 0 && at + 1 == parts.len() && last_state.is_some();
        if is_state || !trimmed.contains(case::is_letter) && !trimmed.contains(case::is_digit) {
            out.push_str(part);
        } else {
            out.push_str(part.get(..part.len() - part.trim_start().len()).unwrap_or_default());
            write_one(lists, trimmed, last_state, draws, out);
            out.push_str(part.get(part.trim_end().len()..).unwrap_or_default());
            replaced = true;
        }
    }
    replaced
}

/// Appends the stand-in of one place, keeping `County` and the like.
fn write_one(lists: &Lists, value: &str, state: Option<&'static str>, draws: &Draws, out: &mut String) {
    let key = normal(value);
    let words: Vec<&str> = key.split(' ').collect();
    let head = words.last().filter(|word| words.len() > 1 && HEADS.contains(word));
    let name = match head {
        Some(head) => key.get(..key.len() - head.len() - 1).unwrap_or(&key),
        None => &key,
    };
    let known = lists.city.get(name).and_then(|at| lists.cities.get(*at));
    let size = known.map_or(1, |city| city.size);
    // The state that is written, then the one of the city of that name.
    let state = state.or(known.map(|city| city.state));
    let from = lists.towns(state, size);
    let mut draw = draws.of("city", name);
    // A county's name is one word; and nothing of the original is in it.
    let fits = |city: &&'static str| {
        let city = normal(city);
        (head.is_none() || !city.contains(' '))
            && !city.split(' ').any(|w| w.len() > 2 && words.contains(&w))
            && !key.contains(&city)
    };
    let drawn = (0..TRIES).filter_map(|_| draw.pick(from).copied()).find(fits);
    let drawn = drawn.or_else(|| lists.cities.iter().map(|city| city.name).find(fits)).unwrap_or("Anytown");
    let case = Case::of(value);
    case.rewrite(drawn, out);
    if head.is_some() {
        // As it stood: the last word of the value.
        let head = name::tokens(value).into_iter().rev().find(|token| token.class == Class::Word);
        out.push(' ');
        out.push_str(head.map_or("", |head| head.text));
    }
}

/// Folded, words and numbers apart by one space, `st` for `saint`.
fn normal(value: &str) -> String {
    let mut key = String::with_capacity(value.len());
    for token in name::tokens(value).iter().filter(|token| token.class != Class::Other) {
        if !key.is_empty() {
            key.push(' ');
        }
        let start = key.len();
        case::fold(token.text, &mut key);
        if key.get(start..) == Some("saint") {
            key.truncate(start + 1);
            key.push('t');
        }
    }
    key
}

/// What a place is, after its name.
const HEADS: &[&str] = &["county", "parish", "borough", "township", "twp", "village", "co", "neighborhood"];
