//! Street lines, post-office boxes, postal codes behind a state.

use super::{Marks, View};
use crate::detect::dictionary::Entry;
use crate::detect::shape::Shape;
use crate::detect::token::{Case, Gap, Kind};
use crate::finding::Source;
use crate::identifier::Label;

impl View<'_> {
    /// `417 Sycamore Ct`, `P.O. Box 12`, `RR 2 Box 61`.
    pub(super) fn street(&self, i: usize, marks: &mut Marks) {
        if self.any(i, &["box", "bx"]) && self.token(i + 1).is_some_and(|t| t.kind == Kind::Code && t.gap <= Gap::Space)
        {
            let mut from = i;
            while from > 0
                && i - from < 5
                && self.near(from)
                && (self.any(from - 1, &["p", "o", "po", "post", "office", "rr", "hc", "rural", "route", "lock"])
                    || self.str(from - 1) == "."
                    || matches!(self.shape_of(from - 1), Shape::Int1 | Shape::Int2))
            {
                from -= 1;
            }
            while from < i && matches!(self.str(from), ".") {
                from += 1;
            }
            if from < i {
                marks.push((from, i + 1, Label::Street, Source::Pattern));
            }
            return;
        }
        let house = match self.shape_of(i) {
            Shape::Int1
            | Shape::Int2
            | Shape::Int3
            | Shape::Int4
            | Shape::Clock
            | Shape::Int5
            | Shape::Year
            | Shape::Range
            | Shape::DashShort
            | Shape::IntZero => true,
            Shape::Mixed3 | Shape::Mixed6 => self.str(i).starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        };
        // No house has a number that begins with a zero: `0812 SAT PASS` is a time.
        if !house || self.str(i).starts_with('0') {
            return;
        }
        let mut at = i + 1;
        let (mut named, mut charted) = (false, false);
        // `2088 Calle de Suenos`, `412 Highway 9`
        if self.near(at) && self.any(at, &STREETS_BEFORE) && self.token(at).is_some_and(|t| t.case != Case::Lower) {
            let mut to = at;
            while to < at + 3 && self.near(to + 1) {
                let next = self.token(to + 1);
                let goes_on = next.is_some_and(|t| {
                    t.kind == Kind::Word && (t.case != Case::Lower || self.entry(to + 1).any(Entry::PARTICLE))
                }) || (to == at && next.is_some_and(|t| t.kind == Kind::Code));
                if !goes_on {
                    break;
                }
                to += 1;
            }
            if to > at {
                if self.str(to + 1) == "#" && self.token(to + 2).is_some_and(|t| t.kind == Kind::Code) {
                    to += 2;
                }
                marks.push((i, to, Label::Street, Source::Pattern));
                return;
            }
        }
        while at < i + 8 && self.near(at) {
            let Some(token) = self.token(at) else { return };
            if token.kind == Kind::Punct {
                // `550 BID. Fall precautions`: behind shorthand a point ends the sentence.
                if !matches!(self.str(at), "." | "-" | "'" | "’") || at == i + 1 || charted && self.str(at) == "." {
                    return;
                }
                at += 1;
                continue;
            }
            let entry = self.entry(at);
            let direction =
                self.any(at, &["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west"]);
            // The article of `DE LA CRUZ ST` ends nothing.
            let article = self.any(at, &["de", "la", "las", "los", "el"])
                && self.near(at + 1)
                && self.token(at + 1).is_some_and(|t| t.kind == Kind::Word && t.case != Case::Lower);
            let suffix = entry.any(Entry::STREET_SUFFIX) && token.case != Case::Lower && !article;
            // `95 RA BG`, `1133 STEMI ALERT DR`: shorthand of charts before what is shorthand as well names no street.
            let fits = !charted || !(entry.is_abbrev() || entry.any(Entry::TITLE));
            // `28 Fr CT`: a chest tube and its size.
            let tube = self.any(i + 1, &["fr", "french"]) && self.str(at) == "CT";
            if suffix && fits && !tube && (named || at > i + 1) && self.suffix_fits(at) {
                let mut from = i;
                // `Flat 2, 27 Mill Brae`
                let comma = usize::from(i > 0 && self.str(i - 1) == ",");
                if i >= 2 + comma
                    && self.token(i - 1 - comma).is_some_and(|t| t.kind == Kind::Code)
                    && self.any(i - 2 - comma, &FLATS)
                    && self.near(i)
                {
                    from = i - 2 - comma;
                }
                // `Quarry Hill Rd`
                while self.near(at + 1)
                    && self.entry(at + 1).is_street_suffix()
                    && self.token(at + 1).is_some_and(|t| t.kind == Kind::Word && t.case != Case::Lower)
                    && self.suffix_fits(at + 1)
                {
                    at += 1;
                }
                let mut to = at;
                // A direction, then a flat.
                let mut next = at + 1;
                if self.str(next) == "." && self.near(next) {
                    next += 1;
                }
                if self.near(next)
                    && self.any(next, &["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west"])
                    && self.token(next).is_some_and(|t| t.case != Case::Lower)
                {
                    to = next;
                    next += 1;
                    if self.str(next) == "." && self.near(next) {
                        next += 1;
                    }
                }
                if self.str(next) == "," && self.near(next) {
                    next += 1;
                }
                if self.joined(next)
                    && self.any(
                        next,
                        &[
                            "apt",
                            "apartment",
                            "unit",
                            "suite",
                            "ste",
                            "flat",
                            "lot",
                            "room",
                            "rm",
                            "fl",
                            "floor",
                            "bldg",
                            "building",
                            "trlr",
                            "spc",
                            "space",
                        ],
                    )
                {
                    let mut flat = next + 1;
                    while matches!(self.str(flat), "." | "#") && self.near(flat) {
                        flat += 1;
                    }
                    if self.near(flat)
                        && self.token(flat).is_some_and(|t| t.kind == Kind::Code || t.case == Case::Initial)
                    {
                        to = flat;
                    }
                } else if self.str(next) == "#"
                    && self.joined(next)
                    && self.near(next + 1)
                    && self.token(next + 1).is_some_and(|t| t.kind != Kind::Punct)
                {
                    to = next + 1;
                }
                marks.push((from, to, Label::Street, Source::Pattern));
                return;
            }
            // Not `DE` and `LA`, nor `ST` and `MT`.
            charted |= token.case == Case::Upper
                && entry.is_abbrev()
                && (entry.last() == 0 || token.len() < 3)
                && entry.place() == 0
                && !direction
                && !entry.any(Entry::PARTICLE.or(Entry::STREET_SUFFIX));
            let part = match token.kind {
                Kind::Word => {
                    token.case != Case::Lower
                        && (direction || !self.entry(at).any(Entry::UNIT) || token.case == Case::Title)
                }
                Kind::Code => matches!(self.shape_of(at), Shape::Ordinal),
                _ => false,
            };
            if !part {
                return;
            }
            named |= !direction || at > i + 1;
            at += 1;
        }
    }

    /// `Drexel Boulevard`: a street without a house, named by a whole word.
    pub(super) fn avenue(&self, i: usize, marks: &mut Marks) {
        if !self.any(i, &["street", "avenue", "boulevard", "road", "lane", "parkway", "turnpike", "blvd"])
            || !self.near(i)
        {
            return;
        }
        let named = |k: usize| {
            self.token(k)
                .is_some_and(|t| t.kind == Kind::Word && matches!(t.case, Case::Title | Case::Mixed) && t.len() > 2)
                && (self.entry(k).lower() < 12 || self.entry(k).place() > 0)
        };
        let mut from = i;
        while from > 0 && i - from < 3 && self.near(from) && named(from - 1) {
            from -= 1;
        }
        if from < i {
            marks.push((from, i, Label::Street, Source::Pattern));
        }
    }

    /// Whether the street word at `at` ends an address: `Dr` and `St` before a name are a doctor and a saint.
    pub(super) fn suffix_fits(&self, at: usize) -> bool {
        if !self.any(at, &["dr", "st", "ct", "pt", "pr", "ext", "ft", "mt"]) {
            return true;
        }
        let next = if self.str(at + 1) == "." { at + 2 } else { at + 1 };
        let ends = !self.near(next)
            || self.token(next).is_none_or(|t| t.kind != Kind::Word || t.case == Case::Lower || t.case == Case::Upper);
        ends || self.any(next, &["apt", "unit", "suite", "ste", "n", "s", "e", "w", "ne", "nw", "se", "sw"])
    }

    /// `WA 98312`, `Minnesota 56557-1234`.
    pub(super) fn zip(&self, i: usize, marks: &mut Marks) {
        if i == 0 || !self.joined(i) {
            return;
        }
        let zip = match self.shape_of(i) {
            Shape::Int5 | Shape::Zip4 => true,
            Shape::IntZero => self.str(i).len() == 5,
            _ => false,
        };
        let entry = self.entry(i - 1);
        let upper = self.token(i - 1).is_some_and(|t| t.case != Case::Lower);
        let known = self.str(i).get(..5).and_then(|z| z.parse().ok()).is_some_and(|z| self.dictionary.is_zip(z));
        let state = upper && (entry.any(Entry::STATE_ABBR) || entry.any(Entry::US_STATE));
        if zip && ((state && (known || self.shape_of(i) == Shape::Zip4)) || (known && self.shape_of(i) == Shape::Zip4))
        {
            marks.push((i, i, Label::Zip, Source::Pattern));
            if state {
                self.town(i - 1, marks);
            }
        }
    }

    /// The capitalised words between the start of a line, a comma or a column and the state at token `i`: `Port Orchard, WA`.
    fn town(&self, i: usize, marks: &mut Marks) {
        let comma = usize::from(i > 0 && self.str(i - 1) == ",");
        let Some(to) = i.checked_sub(1 + comma) else { return };
        let mut from = to;
        let word = |k: usize| {
            self.token(k)
                .is_some_and(|t| t.kind == Kind::Word && t.len() > 1 && !matches!(t.case, Case::Lower | Case::Initial))
        };
        let apart = |k: usize| {
            self.token(k).is_some_and(|t| t.gap >= Gap::Wide)
                || k > 0 && matches!(self.str(k - 1), "," | "|" | "^" | "*")
        };
        while from > 0 && !apart(from) && to - from < 2 && word(from - 1) && self.near(from) {
            from -= 1;
        }
        let place = (from..=to).any(|k| self.entry(k).any(Entry::FACILITY_WORD.or(Entry::ORG_WORD)));
        if self.near(i) && (from..=to).all(word) && apart(from) && !place {
            marks.push((from, to, Label::City, Source::Pattern));
        }
    }
}

/// Streets whose kind stands before their name.
const STREETS_BEFORE: [&str; 16] = [
    "calle", "avenida", "paseo", "camino", "via", "rue", "el", "la", "los", "las", "highway", "hwy", "route", "rt",
    "rte", "county",
];
/// What numbers a flat before the house.
const FLATS: [&str; 8] = ["flat", "unit", "apt", "apartment", "suite", "ste", "lot", "no"];
