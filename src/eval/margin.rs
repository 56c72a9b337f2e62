//! What stands right around a date and may be covered or not: an article or weekday before it, a clock time joined to
//! it. Written out by hand to follow the reference scorer's expressions to the letter, their order of trying included:
//!
//! ```text
//! before  (?:\bthe |\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]? ?)$
//! after   [ \tT@,;-]{0,3}(?:at )?(?:\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?|\d{6}|\d{4})(?!\d)
//!         (?: ?(?:[ap]\.?m\.?|hrs?|h|z)\b)?(?:[+-]\d{2}:?\d{2})?
//! ```

use super::letter::{is_digit, is_latin, is_word, same_letter};

/// Where the optional words before a date that starts at `start` begin; `start` when there are none.
pub(super) fn before(text: &[char], start: usize) -> usize {
    // `$` also matches before a line feed that ends the text.
    let end = if start > 0 && text.get(start - 1) == Some(&'\n') { start - 1 } else { start };
    let head = text.get(..end).unwrap_or(text);
    if head.len() >= 4 && spells(&head[head.len() - 4..], "the ") && starts_word(head, head.len() - 4) {
        return head.len() - 4;
    }
    let mut at = head.len();
    if at > 0 && head[at - 1] == ' ' {
        at -= 1;
    }
    if at > 0 && matches!(head[at - 1], '.' | ',') {
        at -= 1;
    }
    let letters = head[..at].iter().rev().take_while(|c| is_latin(**c)).count();
    let word = &head[at - letters..at];
    let weekday = DAYS.iter().any(|day| word.len() >= 3 && spells(&word[..3], day));
    if weekday && starts_word(head, at - letters) { at - letters } else { start }
}

/// Where the clock time joined to a date that ends at `end` stops; `end` when there is none.
pub(super) fn after(text: &[char], end: usize) -> usize {
    let at = |i: usize| text.get(i).copied();
    let joined = (0..3).take_while(|i| at(end + i).is_some_and(is_joint)).count();
    for joints in (0..=joined).rev() {
        let bare = end + joints;
        let with_at = (at(bare).is_some_and(|c| same_letter(c, 'a'))
            && at(bare + 1).is_some_and(|c| same_letter(c, 't'))
            && at(bare + 2) == Some(' '))
        .then_some(bare + 3);
        for from in with_at.into_iter().chain([bare]) {
            if let Some(stop) = clock(text, from) {
                return zone(text, unit(text, stop));
            }
        }
    }
    end
}

/// The first way to read a clock time at `from` that no further digit follows.
fn clock(text: &[char], from: usize) -> Option<usize> {
    let digits = |at: usize, n: usize| (0..n).all(|i| text.get(at + i).copied().is_some_and(is_digit));
    let closed = |at: usize| !digits(at, 1);
    for hour in [2, 1] {
        if !(digits(from, hour) && text.get(from + hour) == Some(&':') && digits(from + hour + 1, 2)) {
            continue;
        }
        let minute = from + hour + 3;
        let second = (text.get(minute) == Some(&':') && digits(minute + 1, 2)).then_some(minute + 3);
        for stop in second.into_iter().chain([minute]) {
            let fraction = text.get(stop + 1..).unwrap_or(&[]).iter().take_while(|c| is_digit(**c)).count();
            if text.get(stop) == Some(&'.') && fraction > 0 {
                return Some(stop + 1 + fraction);
            }
            if closed(stop) {
                return Some(stop);
            }
        }
    }
    [6, 4].into_iter().find(|n| digits(from, *n) && closed(from + n)).map(|n| from + n)
}

/// Past `am`, `p.m.`, `hrs`, `h` or `z` with or without a space before it; `from` when there is none.
fn unit(text: &[char], from: usize) -> usize {
    let is = |i: usize, small: char| text.get(i).copied().is_some_and(|c| same_letter(c, small));
    let dot = |i: usize| text.get(i) == Some(&'.');
    let edge = |i: usize| {
        let word = |i: Option<usize>| i.and_then(|i| text.get(i)).copied().is_some_and(is_word);
        word(i.checked_sub(1)) != word(Some(i))
    };
    let space = (text.get(from) == Some(&' ')).then_some(from + 1);
    for start in space.into_iter().chain([from]) {
        if is(start, 'a') || is(start, 'p') {
            for m in [dot(start + 1).then_some(start + 2), Some(start + 1)].into_iter().flatten() {
                if is(m, 'm') {
                    for stop in [dot(m + 1).then_some(m + 2), Some(m + 1)].into_iter().flatten() {
                        if edge(stop) {
                            return stop;
                        }
                    }
                }
            }
        }
        if is(start, 'h') {
            let lengths = [3, 2, 1].map(|n| match n {
                3 => (is(start + 1, 'r') && is(start + 2, 's')).then_some(start + 3),
                2 => is(start + 1, 'r').then_some(start + 2),
                _ => Some(start + 1),
            });
            if let Some(stop) = lengths.into_iter().flatten().find(|stop| edge(*stop)) {
                return stop;
            }
        }
        if is(start, 'z') && edge(start + 1) {
            return start + 1;
        }
    }
    from
}

/// Past a UTC offset (`+0200`, `-05:00`); `from` when there is none.
fn zone(text: &[char], from: usize) -> usize {
    let digits = |at: usize| (0..2).all(|i| text.get(at + i).copied().is_some_and(is_digit));
    if !matches!(text.get(from), Some('+' | '-')) || !digits(from + 1) {
        return from;
    }
    let minutes = if text.get(from + 3) == Some(&':') { from + 4 } else { from + 3 };
    if digits(minutes) { minutes + 2 } else { from }
}

fn is_joint(c: char) -> bool {
    matches!(c, ' ' | '\t' | 'T' | 't' | '@' | ',' | ';' | '-')
}

fn spells(text: &[char], small: &str) -> bool {
    text.len() == small.len() && text.iter().zip(small.chars()).all(|(c, s)| same_letter(*c, s))
}

fn starts_word(text: &[char], at: usize) -> bool {
    !at.checked_sub(1).and_then(|i| text.get(i)).copied().is_some_and(is_word)
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_a_date_as_the_reference_expression_takes_them() {
        // What stands before the date, and the part of it that is optional.
        for (head, optional) in [
            ("seen the ", "the "),
            ("seen The ", "The "),
            ("breathe ", ""),
            ("on Monday, ", "Monday, "),
            ("on Tues. ", "Tues. "),
            ("Fri", "Fri"),
            ("Fri ,", ""),
            ("Friday  ", ""),
            ("aMon ", ""),
            ("sat\n", "sat\n"),
            ("sat\n\n", ""),
            ("Montgomery ", "Montgomery "), // the expression takes it: so does the scorer
            ("é", ""),
            ("", ""),
        ] {
            let text: Vec<char> = head.chars().collect();
            let got: String = text[before(&text, text.len())..].iter().collect();
            assert_eq!(got, optional, "{head:?}");
        }
    }

    #[test]
    fn times_after_a_date_as_the_reference_expression_takes_them() {
        for (tail, optional) in [
            (" 14:05 and", " 14:05"),
            ("T14:05:33.250Z", "T14:05:33.250Z"),
            ("T14:05:33+02:00", "T14:05:33+02:00"),
            (" at 9:15 a.m. home", " at 9:15 a.m"),
            (" at 9:15 pm", " at 9:15 pm"),
            (" @ 0715 hrs.", " @ 0715 hrs"),
            (", 2:30", ", 2:30"),
            (" 071533", " 071533"),
            (" 07153", ""),
            (" 07:155", ""),
            (" 12:34:567", " 12:34"),
            (" 1:5", ""),
            ("    14:05", ""),
            (" 0715hours", " 0715"),
            (" noon", ""),
            ("", ""),
        ] {
            let text: Vec<char> = tail.chars().collect();
            let got: String = text[..after(&text, 0)].iter().collect();
            assert_eq!(got, optional, "{tail:?}");
        }
    }
}
