//! Times that stand with a date. They are told, so that nothing is left over, and stay as they are.

use super::lex::Kind;
use super::parse::Parser;

impl Parser<'_> {
    /// `08:30 on `, `8:30 am, `: the date follows.
    pub(super) fn time_before(&self, i: usize) -> Option<usize> {
        if self.kind(i + 1)? != Kind::Mark(':') {
            return None;
        }
        let mut at = self.clock(i, Hour::Plain)?;
        if self.kind(at) == Some(Kind::Mark(',')) {
            at += 1;
        }
        at = (self.kind(at)? == Kind::Space).then_some(at + 1)?;
        Some(if self.any(at, &["on"]) { self.blanks(at + 1) } else { at })
    }

    /// `T08:30:00Z`, ` 0830`, ` at 8:30 am`, `, 08:30-09:15`.
    pub(super) fn time_behind(&self, i: usize) -> Option<usize> {
        let mut at = self.blanks(i);
        let mut hour = Hour::Plain;
        match self.kind(at)? {
            Kind::Mark(',' | '@' | '*') => at = self.blanks(at + 1),
            Kind::Word if at == i && self.any(at, &["t"]) => {
                hour = Hour::Basic;
                at += 1;
            }
            _ => {}
        }
        if at > i && self.any(at, &["at"]) {
            at = self.blanks(at + 1);
        }
        if at == i {
            return None;
        }
        let end = self.clock(at, hour)?;
        // Until.
        let dash = self.blanks(end);
        let until = (self.kind(dash) == Some(Kind::Mark('-'))).then(|| self.clock(self.blanks(dash + 1), Hour::Plain));
        Some(until.flatten().unwrap_or(end))
    }

    /// `am`, `p.m.`, `a`.
    pub(super) fn meridiem(&self, i: usize) -> Option<usize> {
        if self.any(i, &["am", "pm"]) {
            return Some(i + 1);
        }
        if !self.any(i, &["a", "p"]) {
            return None;
        }
        if self.kind(i + 1) == Some(Kind::Mark('.')) && self.any(i + 2, &["m"]) {
            return Some(i + 3 + usize::from(self.kind(i + 3) == Some(Kind::Mark('.'))));
        }
        Some(i + 1)
    }

    /// `Z`, `+05:30`, `-0500`, ` EST`.
    pub(super) fn offset(&self, i: usize) -> Option<usize> {
        if let Some(Kind::Mark('+' | '-')) = self.kind(i) {
            let digits = self.number(i + 1, 2, 4)?;
            let colon = self.kind(i + 2) == Some(Kind::Mark(':'));
            return match self.range(i + 1).len() {
                2 if colon && digits <= 14 => self.number(i + 3, 2, 2).filter(|m| *m < 60).map(|_| i + 4),
                2 if digits <= 14 && !matches!(self.kind(i + 2), Some(Kind::Mark('/' | '.' | '-'))) => Some(i + 2),
                4 if digits <= 1400 && digits % 100 < 60 => Some(i + 2),
                _ => None,
            };
        }
        let at = self.blanks(i);
        self.any(at, &ZONES).then_some(at + 1)
    }

    fn clock(&self, i: usize, hour: Hour) -> Option<usize> {
        let number = self.number(i, 1, 6)?;
        let mut at = i + 1;
        match self.range(i).len() {
            1 | 2 if self.kind(at) == Some(Kind::Mark(':')) => {
                self.number(at + 1, 2, 2).filter(|m| *m < 60 && number <= 24)?;
                at += 2;
                if self.kind(at) == Some(Kind::Mark(':')) {
                    self.number(at + 1, 2, 2).filter(|s| *s <= 60)?;
                    at += 2;
                }
                at = self.fraction(at);
            }
            1 | 2 => {
                let behind = self.meridiem(self.blanks(at))?;
                return (1..=12).contains(&number).then_some(behind);
            }
            4 if number <= 2400 && number % 100 < 60 => {}
            6 if hour == Hour::Basic && number <= 240_000 && number / 100 % 100 < 60 && number % 100 <= 60 => {
                at = self.fraction(at);
            }
            _ => return None,
        }
        let behind = self.blanks(at);
        at = self
            .meridiem(behind)
            .or_else(|| self.any(behind, &["h", "hr", "hrs", "hours"]).then_some(behind + 1))
            .unwrap_or(at);
        Some(self.offset(at).unwrap_or(at))
    }

    /// `.123` or `,123` behind seconds.
    pub(super) fn fraction(&self, i: usize) -> usize {
        let point = matches!(self.kind(i), Some(Kind::Mark('.' | ',')));
        if point && self.number(i + 1, 1, 9).is_some() { i + 2 } else { i }
    }
}

/// How hours may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hour {
    Plain,
    /// ISO 8601 basic: `083000` as well.
    Basic,
}

const ZONES: [&str; 14] =
    ["z", "utc", "gmt", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "akst", "akdt", "hst"];
