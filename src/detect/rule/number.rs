//! Numbers: those that their shape settles, those behind a cue, those spelled in words.

use super::{Marks, View};
use crate::detect::BORN_90;
use crate::detect::cue::{Cue, CueMatch};
use crate::detect::evidence::word::Word;
use crate::detect::pattern::number::{dea, npi};
use crate::detect::public::is_public;
use crate::detect::shape::Shape;
use crate::detect::token::{Case, Gap, Kind};
use crate::finding::Source;
use crate::identifier::Label;

impl View<'_> {
    /// Codes whose shape alone settles them.
    pub(super) fn shape(&self, i: usize, marks: &mut Marks) {
        let label = match self.shape_of(i) {
            Shape::DateFull | Shape::Date8 => Label::Date,
            Shape::Phone10 => Label::Phone,
            Shape::Ssn => Label::Ssn,
            Shape::Ipv4 => Label::Ip,
            Shape::Uuid => Label::OtherId,
            Shape::Vin => Label::Vehicle,
            Shape::DateRange => Label::Date,
            Shape::Times | Shape::Mixed6 | Shape::MixedDash6 | Shape::MixedDashShort if extension(self.str(i)) => {
                Label::Phone
            }
            Shape::Int10 if npi(self.str(i).as_bytes()) => Label::License,
            Shape::MixedLong if dea(self.str(i).as_bytes()) => Label::License,
            // No count, dose or measurement of a chart is that long or begins with a zero.
            Shape::IntZero if self.str(i).len() >= 6 => Label::OtherId,
            Shape::Int7 | Shape::Int8 | Shape::Int9 | Shape::Int10 | Shape::IntLong
                if !self.str(i).ends_with("000") && !self.entry(i + 1).is_unit() =>
            {
                Label::OtherId
            }
            Shape::MixedLong | Shape::MixedDashLong if self.str(i).bytes().filter(u8::is_ascii_digit).count() >= 7 => {
                Label::OtherId
            }
            // `spring 2014`, `the fall of 2022`
            Shape::Year if let Some(season) = self.season(i) => {
                marks.push((season, i, Label::Date, Source::Pattern));
                return;
            }
            // `born in 1931`: a birth year that tells an age over 89 goes as a date (45 CFR 164.514(b)(2)(i)(C)).
            Shape::Year if self.number(i).is_some_and(|y| y <= u32::from(BORN_90)) && self.born(i) => Label::Date,
            // `#37714`
            shape
                if i > 0
                    && self.str(i - 1) == "#"
                    && numbered(shape)
                    && self.str(i).bytes().filter(u8::is_ascii_digit).count() >= 4 =>
            {
                Label::OtherId
            }
            _ => return,
        };
        // `SNOMED 44054006`: a cue says that it is a code for anybody.
        let code = self.sequence.infos.get(i).is_some_and(|x| x.cue == Cue::Code as u8 && x.cue_distance == 0);
        if label == Label::OtherId && code || is_public(self.text, self.sequence, i, label) {
            return;
        }
        marks.push((i, i, label, Source::Pattern));
    }

    /// The season before the year at token `i`.
    fn season(&self, i: usize) -> Option<usize> {
        let before = i.checked_sub(1).filter(|_| self.near(i))?;
        let at = if self.is(before, "of") && self.near(before) { before.checked_sub(1)? } else { before };
        self.any(at, &SEASONS).then_some(at)
    }

    /// Whether the words before token `i` say that it is a birth year.
    fn born(&self, i: usize) -> bool {
        let mut at = i;
        while at > 0
            && i - at < 3
            && self.near(at)
            && (self.any(at - 1, &["in", "year", "about", "around", "c"])
                || matches!(self.str(at - 1), ":" | "." | "="))
        {
            at -= 1;
        }
        at > 0 && self.joined(at) && self.any(at - 1, &["born", "yob", "birth", "birthyear", "dob", "b"])
    }

    /// Runs of six or more digits in words: telephone and record numbers in dictation.
    pub(super) fn spelled(&self, i: usize, marks: &mut Marks) {
        let digit = |i: usize| self.sequence.infos.get(i).is_some_and(|x| x.bits & Word::DIGIT != 0);
        if !digit(i) || (i > 0 && digit(i - 1) && self.near(i)) {
            return;
        }
        let mut to = i;
        let mut count = 1;
        loop {
            if self.near(to + 1) && digit(to + 1) {
                to += 1;
                count += 1;
            } else if matches!(self.str(to + 1), "," | "-" | ".")
                && self.near(to + 1)
                && self.near(to + 2)
                && digit(to + 2)
            {
                to += 2;
                count += 1;
            } else {
                break;
            }
        }
        if count >= 5 {
            let label = if count >= 9 { Label::Phone } else { Label::OtherId };
            marks.push((i, to, label, Source::Pattern));
        }
    }

    /// The number behind a cue.
    pub(super) fn cued(&self, cue: &CueMatch, at: &mut usize, marks: &mut Marks) {
        let Some(label) = cue.cue.label() else { return };
        let rest = self.sequence.tokens.get(*at..).unwrap_or_default();
        *at += rest.partition_point(|t| t.start < cue.end);
        let mut i = *at;
        let name = self.text.get(cue.start as usize..cue.end as usize).unwrap_or("");
        let mut announced = STRONG.iter().any(|s| name.eq_ignore_ascii_case(s))
            || name.contains('#')
            || name.len() > 3
                && [" no", " number", " id", " nr"].iter().any(|e| name.to_ascii_lowercase().ends_with(e));
        // `: # no. is`
        for _ in 0..4 {
            let filler = matches!(self.str(i), ":" | "#" | "=" | ")" | "(")
                || self.any(i, &["no", "number", "num", "nr", "is", "was", "id"])
                || (self.str(i) == "." && self.near(i));
            if !filler || !self.joined(i) {
                break;
            }
            announced |= matches!(self.str(i), ":" | "#" | "=") || self.any(i, &["no", "number", "num", "nr"]);
            i += 1;
        }
        // `RA 0417728`: capitals before the digits are part of the number.
        let from = i;
        let prefixed = self
            .token(i)
            .is_some_and(|t| t.kind == Kind::Word && matches!(t.case, Case::Upper | Case::Initial) && t.len() <= 4)
            && self.sequence.infos.get(i).is_some_and(|x| x.bits & Word::CUE == 0)
            && self.token(i + 1).is_some_and(|t| t.kind == Kind::Code && t.gap == Gap::Space)
            && !matches!(label, Label::Phone | Label::Fax)
            && cue.cue != Cue::Room;
        if prefixed {
            i += 1;
        }
        let Some(token) = self.token(i) else { return };
        if token.gap > Gap::Wide {
            return;
        }
        let shape = self.shape_of(i);
        let digits = self.str(i).bytes().filter(u8::is_ascii_digit).count();
        // `15 x 100`, `-0.25 x 084`: a size, an axis.
        let size = name.eq_ignore_ascii_case("x")
            && at.checked_sub(2).is_some_and(|k| {
                matches!(self.shape_of(k), Shape::Int1 | Shape::Int2 | Shape::Decimal) && self.near(k + 1)
            });
        // `Bed 80% red`, `holds bed 30 d`
        let unit = self.entry(i + 1).is_unit() && !self.any(i + 1, &["in", "a", "h"]);
        let measured = self.near(i + 1) && (self.str(i + 1) == "%" || unit);
        let fits = match label {
            _ if size => false,
            _ if cue.cue == Cue::Room => {
                !measured
                    && matches!(
                        shape,
                        Shape::Int1
                            | Shape::Int2
                            | Shape::Int3
                            | Shape::Int4
                            | Shape::Clock
                            | Shape::Year
                            | Shape::Mixed3
                            | Shape::Mixed6
                            | Shape::MixedDashShort
                            | Shape::MixedDash6
                            | Shape::Range
                    )
                    && ROOMS.iter().any(|s| name.eq_ignore_ascii_case(s))
            }
            Label::Phone | Label::Fax => {
                matches!(
                    shape,
                    Shape::Phone7 | Shape::Phone10 | Shape::Int10 | Shape::IntLong | Shape::DashLong | Shape::IntPhone
                ) || (announced
                    && matches!(
                        shape,
                        Shape::Int3
                            | Shape::Int4
                            | Shape::Clock
                            | Shape::Int5
                            | Shape::Int6
                            | Shape::Int7
                            | Shape::IntZero
                            | Shape::Year
                            | Shape::Range
                            | Shape::DashShort
                            | Shape::Int9
                            | Shape::Int8
                    ))
                    || (EXTENSIONS.iter().any(|s| name.eq_ignore_ascii_case(s))
                        && matches!(
                            shape,
                            Shape::Int3 | Shape::Int4 | Shape::Clock | Shape::Int5 | Shape::IntZero | Shape::Year
                        ))
                    || shape == Shape::Int2 && !measured && SHORT.iter().any(|s| name.eq_ignore_ascii_case(s))
            }
            _ => {
                announced
                    && match shape {
                        Shape::Clock
                        | Shape::Int4
                        | Shape::Int5
                        | Shape::Int6
                        | Shape::Int7
                        | Shape::Int8
                        | Shape::Int9
                        | Shape::Int10
                        | Shape::IntLong
                        | Shape::IntZero
                        | Shape::IntPhone => true,
                        Shape::Phone7
                        | Shape::Phone10
                        | Shape::Ssn
                        | Shape::DashLong
                        | Shape::MixedLong
                        | Shape::MixedDashLong
                        | Shape::MixedDash6
                        | Shape::Uuid
                        | Shape::Vin
                        | Shape::Zip4 => true,
                        Shape::Mixed6 | Shape::MixedLower => digits >= 2,
                        // `354 88 19`
                        Shape::Int2 | Shape::Int3 if self.gaps(i) > i => self.digits(i, self.gaps(i)) >= 6,
                        Shape::DashShort | Shape::Year | Shape::Range => label == Label::Ssn || label == Label::Mrn,
                        _ => false,
                    }
            }
        };
        if !fits {
            return;
        }
        // Further groups of the same number: `476 30 9918`, `3345 1180 22`.
        let mut to = i;
        let groups = cue.cue != Cue::Room && cue.cue != Cue::User;
        if groups {
            to = self.gaps(i);
        }
        marks.push((from, to, label, Source::Cue));
    }

    /// The last of the groups, a blank between each, that token `i` begins; `i` itself if it stands alone.
    fn gaps(&self, i: usize) -> usize {
        let mut to = i;
        while to < i + 4
            && self.token(to + 1).is_some_and(|t| t.kind == Kind::Code && t.gap == Gap::Space)
            && grouped(self.shape_of(to))
            && grouped(self.shape_of(to + 1))
        {
            to += 1;
        }
        to
    }

    /// How many digits the tokens `from` to `to` hold.
    fn digits(&self, from: usize, to: usize) -> usize {
        (from..=to).map(|k| self.str(k).bytes().filter(u8::is_ascii_digit).count()).sum()
    }
}

/// `x309`, `x3-9090`: an extension glued to its sign.
pub(in crate::detect) fn extension(code: &str) -> bool {
    let Some(number) = code.strip_prefix(['x', 'X', 'p']) else { return false };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (3 + usize::from(code.starts_with('p'))..=6).contains(&digits)
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

/// Words that a year makes a date of.
const SEASONS: [&str; 5] = ["spring", "summer", "fall", "autumn", "winter"];

/// Shapes that can be a number in a list of numbers.
fn numbered(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Int4
            | Shape::Int5
            | Shape::Int6
            | Shape::Int7
            | Shape::Int8
            | Shape::Int9
            | Shape::Int10
            | Shape::IntLong
            | Shape::IntZero
            | Shape::Clock
            | Shape::DashLong
            | Shape::Mixed6
            | Shape::MixedLong
            | Shape::MixedDash6
            | Shape::MixedDashLong
    )
}

/// Shapes that can be one group of a number that is written in several.
fn grouped(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Int2
            | Shape::Int3
            | Shape::Int4
            | Shape::Clock
            | Shape::Int6
            | Shape::Int5
            | Shape::Year
            | Shape::IntZero
    )
}

/// Cues that name a number by themselves, without `no`, `#` or a colon.
const STRONG: [&str; 22] = [
    "mrn",
    "ssn",
    "npi",
    "dea",
    "acct",
    "csn",
    "vin",
    "s/n",
    "accession",
    "mbi",
    "hicn",
    "urn",
    "med rec",
    "nhs",
    "member id",
    "serial",
    "imei",
    "mpi",
    "empi",
    "ss#",
    "mr#",
    "har",
];
/// Cues behind which three to five digits are an extension or pager.
const EXTENSIONS: [&str; 11] =
    ["pg", "ext", "ext.", "extension", "pager", "pgr", "pgr.", "x", "beeper", "bleep", "vocera"];
/// Cues behind which two digits are one as well.
const SHORT: [&str; 6] = ["ext", "ext.", "extension", "beeper", "bleep", "pager"];
/// Cues behind which a short code is a room or bed.
const ROOMS: [&str; 16] = [
    "room", "rm", "rm.", "room #", "room no", "bed", "bed #", "bed no", "bed/room", "rm/bed", "room/bed", "cubicle",
    "bunk", "apt", "cot", "booth",
];
