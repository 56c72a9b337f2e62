//! What is written like a day of a month and is none: scores out of thirty (`MoCA was 11/30`), and durations as British charts
//! have them (`x 3/52`, `in 6/12`: three weeks, six months).

use memchr::memchr_iter;

use super::evidence::feature::Sequence;
use super::token::{Gap, Kind};
use crate::finding::Finding;
use crate::identifier::Label;

/// Takes back the dates of `found` that are scores or durations.
pub(super) fn withdraw(text: &str, sequence: &Sequence, found: &mut Vec<Finding>) {
    let of = |finding: &Finding| fraction(finding.span.of(text)).filter(|_| finding.label == Label::Date);
    if !found.iter().any(|finding| of(finding).is_some()) {
        return;
    }
    let british = is_british(text);
    found.retain(|finding| {
        let Some((_, below)) = of(finding) else { return true };
        let i = sequence.tokens.partition_point(|token| (token.start as usize) < finding.span.start);
        let around = Around { text, sequence };
        !(around.is_score(i, below) || matches!(below, 7 | 12 | 52) && around.is_duration(i, british))
    });
}

/// The numbers of `11/30`.
fn fraction(text: &str) -> Option<(u32, u32)> {
    let (above, below) = text.split_once('/')?;
    let number = |digits: &str| digits.parse().ok().filter(|_| (1..=2).contains(&digits.len()));
    Some((number(above)?, number(below)?))
}

/// Whether weeks are written as fifty-seconds somewhere in a text: months are then twelfths, and days sevenths.
fn is_british(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    memchr_iter(b'/', bytes).any(|at| {
        bytes.get(at + 1..).is_some_and(|rest| rest.starts_with(b"52"))
            && !digit(Some(at + 3))
            && bytes.get(at + 3) != Some(&b'/')
            && digit(at.checked_sub(1))
            // `103/52` is a blood pressure.
            && !(digit(at.checked_sub(2)) && digit(at.checked_sub(3)))
    })
}

struct Around<'a> {
    text: &'a str,
    sequence: &'a Sequence,
}

impl Around<'_> {
    fn is(&self, i: usize, words: &[&str]) -> bool {
        let token = self.sequence.tokens.get(i);
        token.is_some_and(|t| words.iter().any(|word| t.of(self.text).eq_ignore_ascii_case(word)))
    }

    fn same_line(&self, i: usize) -> bool {
        self.sequence.tokens.get(i).is_some_and(|t| t.gap < Gap::Line)
    }

    /// Whether the name of a test of so many points stands before token `i`, with nothing but `was`, `scored` and the like between.
    fn is_score(&self, i: usize, below: u32) -> bool {
        let mut at = i;
        for _ in 0..MOST_BETWEEN {
            let Some(before) = at.checked_sub(1).filter(|_| self.same_line(at)) else { return false };
            if TESTS.iter().any(|(test, points)| *points == below && self.is(before, &[test])) {
                // `MMSE 11/30: 22/30` was on a day in November.
                let day = at == i
                    && (i + 1..i + 4).any(|k| {
                        let token = self.sequence.tokens.get(k).filter(|_| self.same_line(k));
                        token.is_some_and(|t| fraction(t.of(self.text)).is_some())
                    });
                return !day;
            }
            if !self.is(before, &BETWEEN) {
                return false;
            }
            at = before;
        }
        false
    }

    /// Whether a duration stands there: behind `x`, before `old`, and in a chart that counts so behind `for` and `in`, or before `ago`.
    fn is_duration(&self, i: usize, british: bool) -> bool {
        let before = i.checked_sub(1).filter(|_| self.same_line(i));
        let times = before.is_some_and(|at| {
            self.is(at, &["x"]) && self.sequence.tokens.get(at).is_some_and(|t| t.kind == Kind::Word)
        });
        let counted = || {
            before.is_some_and(|at| self.is(at, &LASTS))
                || self.same_line(i + 1) && self.is(i + 1, &["ago", "history", "hx", "later"])
        };
        let aged = self.same_line(i + 1) && self.is(i + 1, &["old"]);
        times || aged || british && counted()
    }
}

/// Tests whose result is so many of so many points.
const TESTS: [(&str, u32); 14] = [
    ("MoCA", 30),
    ("MMSE", 30),
    ("SMMSE", 30),
    ("SLUMS", 30),
    ("RUDAS", 30),
    ("EPDS", 30),
    ("GDS", 30),
    ("6CIT", 28),
    ("MDQ", 13),
    ("BIMS", 15),
    ("GDS", 15),
    ("GCS", 15),
    ("AMT", 10),
    ("AMTS", 10),
];
/// Between the name of a test and its result.
const BETWEEN: [&str; 13] =
    ["was", "is", "of", "score", "scored", "scores", "today", "now", "result", ":", "=", "only", "again"];
/// Before a duration.
const LASTS: [&str; 9] = ["for", "in", "over", "past", "after", "within", "every", "about", "approx"];
/// Tokens between the name of a test and its result.
const MOST_BETWEEN: usize = 4;

#[cfg(test)]
mod tests {
    use crate::detect::{Detector, Scratch};
    use crate::finding::{Finding, Source};
    use crate::identifier::Label;
    use crate::span::Span;

    /// Whether the last fraction of `text` stays a date.
    fn stays(text: &str) -> bool {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let slash = text.rfind('/').unwrap_or(0);
        let digit = |b: &u8| b.is_ascii_digit();
        let start = slash - text.as_bytes()[..slash].iter().rev().take_while(|b| digit(b)).count();
        let end = slash + 1 + text.as_bytes()[slash + 1..].iter().take_while(|b| digit(b)).count();
        let mut found =
            vec![Finding { span: Span::new(start, end), label: Label::Date, score: 0.9, source: Source::Model }];
        super::withdraw(text, &scratch.sequence, &mut found);
        !found.is_empty()
    }

    #[test]
    fn scores_and_durations_are_no_dates() {
        for text in [
            "Her MoCA was 11/30",
            "MMSE today: 12/30",
            "SLUMS score of 9/30",
            "packing section x 1/12",
            "cough 3/52, wt loss over 2/12",
            "review in 6/12; TTO 2/52 given, abx for 5/7",
            "off work 2/52. Fell 3/12 ago",
            "has baby at home 5/12 old",
        ] {
            assert!(!stays(text), "{text}");
        }
    }

    #[test]
    fn the_day_of_a_test_stays() {
        let text = "MMSE 11/30: 22/30";
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let date =
            |start, end| Finding { span: Span::new(start, end), label: Label::Date, score: 0.9, source: Source::Model };
        let mut found = vec![date(5, 10)];
        super::withdraw(text, &scratch.sequence, &mut found);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn dates_stay() {
        for text in [
            "MoCA on 3/12",
            "MMSE 3/12",
            "ACE 3/10",
            "MMSE done, seen 3/12",
            "follow up in clinic for 3/12",
            "due 3/12 ago",
            "BP 103/52, appointment for 3/12",
            "cough 2/52, seen 3/12",
            "MoCA\n3/12",
        ] {
            assert!(stays(text), "{text}");
        }
    }
}
