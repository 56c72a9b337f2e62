//! A field's name as a list of words: `PT_DOB`, `patientBirthDate`, `Tel.`, `subscr-last` cut up and spelt out.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::abbreviations::ABBREVIATIONS;
use super::languages::LANGUAGES;
use super::table;

/// The words of a name: lower case, accents off, abbreviations spelt out.
pub(super) fn of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let starts = c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_lower));
        let changes = c.is_ascii_digit() != before.is_ascii_digit() && !word.is_empty();
        if starts || changes || !c.is_alphanumeric() && !is_accent(c) {
            push(&mut words, &mut word);
        }
        if c.is_alphanumeric() {
            fold(c, &mut word);
        } else if c == '#' {
            words.push("number".into());
        }
        before = c;
    }
    push(&mut words, &mut word);
    join_letters(&mut words);
    // `addr1`, `name2`: the number says nothing unless it is all there is.
    if words.iter().any(|w| w.bytes().any(|b| b.is_ascii_alphabetic())) {
        words.retain(|w| !w.bytes().all(|b| b.is_ascii_digit()));
    }
    words
}

/// `D.O.B.` is one word.
fn join_letters(words: &mut Vec<String>) {
    if words.len() > 1 && words.iter().all(|word| word.len() == 1 && word.bytes().all(|b| b.is_ascii_lowercase())) {
        let mut word = words.concat();
        words.clear();
        push(words, &mut word);
    }
}

fn push(words: &mut Vec<String>, word: &mut String) {
    if word.is_empty() {
        return;
    }
    if !spell_out(word, words) && !cut(word, words) {
        words.push(word.clone());
    }
    word.clear();
}

/// Appends what the word stands for, if it is one that is known.
fn spell_out(word: &str, words: &mut Vec<String>) -> bool {
    let singular = || word.strip_suffix('s').filter(|word| word.len() > 3).and_then(|word| KNOWN.get(word));
    let Some(long) = KNOWN.get(word).or_else(singular) else { return false };
    words.extend(long.split(' ').map(str::to_string));
    true
}

/// Cuts a long word into known ones that were run together: `patientlastname`, `entlassungsdatum`. The fewest parts
/// are the best.
fn cut(word: &str, words: &mut Vec<String>) -> bool {
    // Names of fields are short; a long run of letters is data.
    if !(6..=40).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return false;
    }
    // For each place, how many parts lead there, and where the last of them begins.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; word.len() + 1];
    let at = |best: &[Option<(usize, usize)>], place: usize| best.get(place).copied().flatten();
    if let Some(first) = best.first_mut() {
        *first = Some((0, 0));
    }
    for end in SHORTEST_PART..=word.len() {
        for start in 0..=end - 2 {
            let Some((parts, _)) = at(&best, start) else { continue };
            let part = word.get(start..end).unwrap_or_default();
            let fits = match part.len() < SHORTEST_PART {
                true => end == word.len() && SHORT_PARTS.contains(&part),
                false => KNOWN.contains_key(part) || start > 0 && LINKING.contains(&part),
            };
            if fits
                && at(&best, end).is_none_or(|(fewest, _)| parts + 1 < fewest)
                && let Some(place) = best.get_mut(end)
            {
                *place = Some((parts + 1, start));
            }
        }
    }
    let mut cuts = Vec::new();
    let mut end = word.len();
    while end > 0 {
        let Some((_, start)) = at(&best, end) else { return false };
        cuts.push(word.get(start..end).unwrap_or_default());
        end = start;
    }
    for part in cuts.into_iter().rev().filter(|part| !LINKING.contains(part)) {
        spell_out(part, words);
    }
    true
}

/// Letters that a part of a run-together word must have.
const SHORTEST_PART: usize = 3;

/// Shorter ones that names of fields end in.
const SHORT_PARTS: &[&str] = &["id", "no", "dt", "nm", "cd", "tm", "ph", "nr"];

/// Between the parts of run-together words, without meaning.
const LINKING: &[&str] = &["ofthe", "for", "del", "der"];

/// Every word that is known, with what it stands for.
static KNOWN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut known: HashMap<_, _> = table::words().map(|word| (word, word)).collect();
    known.extend(LANGUAGES.iter().copied());
    known.extend(ABBREVIATIONS.iter().copied());
    known
});

/// An accent that stands by itself after its letter.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn fold(c: char, out: &mut String) {
    for c in c.to_lowercase() {
        match c {
            'á' | 'à' | 'â' | 'ã' | 'å' | 'ą' => out.push('a'),
            'ä' | 'æ' => out.push_str("ae"),
            'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => out.push('o'),
            'ö' | 'ø' => out.push_str("oe"),
            'ú' | 'ù' | 'û' => out.push('u'),
            'ü' => out.push_str("ue"),
            'ñ' | 'ń' => out.push('n'),
            'ç' | 'č' | 'ć' => out.push('c'),
            'ł' => out.push('l'),
            'ś' | 'š' => out.push('s'),
            'ž' | 'ż' | 'ź' => out.push('z'),
            'ř' => out.push('r'),
            'ý' => out.push('y'),
            'º' | 'ª' | '°' => out.push('o'),
            'ß' => out.push_str("ss"),
            c => out.push(c),
        }
    }
}
