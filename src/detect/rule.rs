//! Identifiers that a few tokens in a row give away: dates with a month's name, numbers behind their cue, street lines,
//! ages of ninety and more, numbers spelled in words.
//!
//! What a rule finds is sure; it also marks its tokens, so that evidence sees them as what they are.

use super::cue::{Cue, CueMatch};
use super::dictionary::{Dictionary, Entry};
use super::evidence::feature::{Sequence, Word};
use super::pattern::number::{dea, npi};
use super::pattern::web::Address;
use super::shape::Shape;
use super::token::{Case, Gap, Kind, Token, month_number};
use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;

/// Applies all rules to a prepared sequence; appends what they find and marks the tokens.
pub(crate) fn apply(
    text: &str,
    dictionary: &Dictionary,
    sequence: &mut Sequence,
    addresses: &[Address],
    numbers: &[(Span, Label)],
    cues: &[CueMatch],
    out: &mut Vec<Finding>,
) {
    let find = |span: Span, label, source| Finding { span, label, score: 0.95, source };
    out.extend(addresses.iter().map(|(span, label)| find(*span, *label, Source::Pattern)));
    out.extend(numbers.iter().map(|(span, label)| find(*span, *label, Source::Pattern)));
    let view = View { text, sequence, dictionary };
    let mut marks: Vec<(usize, usize, Label, Source)> = Vec::new();
    for (i, (token, info)) in sequence.tokens.iter().zip(&sequence.infos).enumerate() {
        let mut old = false;
        match token.kind {
            Kind::Code => {
                view.shape(i, &mut marks);
                view.street(i, &mut marks);
                view.zip(i, &mut marks);
                old = matches!(info.shape, Shape::Int2 | Shape::Int3 | Shape::AgeLike);
            }
            Kind::Word => {
                if info.entry.is_month() {
                    view.date(i, &mut marks);
                }
                if info.bits & Word::BOX != 0 {
                    view.street(i, &mut marks);
                }
                if info.bits & Word::DIGIT != 0 {
                    view.spelled(i, &mut marks);
                }
                old = info.bits & Word::OLD != 0;
            }
            Kind::Punct | Kind::Web => {}
        }
        if token.kind == Kind::Word && info.entry.is_street_suffix() && token.case != Case::Lower {
            view.avenue(i, &mut marks);
        }
        if let Some(span) = old.then(|| view.age90(i)).flatten() {
            out.push(find(span, Label::Age90, Source::Pattern));
        }
    }
    let mut at = 0;
    for cue in cues {
        view.cued(cue, &mut at, &mut marks);
        if cue.cue == Cue::Holiday {
            let from = view.sequence.tokens.partition_point(|t| t.end <= cue.start);
            let to = view.sequence.tokens.partition_point(|t| t.start < cue.end);
            // With the year behind it: `Christmas 2019`.
            let last = view.year(to).unwrap_or(to - 1);
            marks.push((from, last.max(from), Label::Date, Source::Pattern));
        }
    }
    for (from, to, label, source) in marks {
        if let (Some(first), Some(last)) = (sequence.tokens.get(from), sequence.tokens.get(to)) {
            // `x309`: the sign of an extension is not part of it.
            let sign = usize::from(label == Label::Phone && extension(first.of(text)));
            let mut found = find(Span::new(first.start as usize + sign, last.end as usize), label, source);
            if (label, source) == (Label::OtherId, Source::Pattern) {
                // A cue knows better what number it is.
                found.score = 0.85;
            }
            out.push(found);
        }
        for info in sequence.infos.iter_mut().take(to + 1).skip(from) {
            if info.mark.is_none() {
                info.mark = Some(label);
            }
        }
    }
}

/// A sequence with its text.
struct View<'v> {
    text: &'v str,
    sequence: &'v Sequence,
    dictionary: &'v Dictionary,
}

impl<'v> View<'v> {
    fn token(&self, i: usize) -> Option<&'v Token> {
        self.sequence.tokens.get(i)
    }

    fn str(&self, i: usize) -> &'v str {
        self.token(i).map_or("", |t| t.of(self.text))
    }

    fn is(&self, i: usize, word: &str) -> bool {
        self.str(i).eq_ignore_ascii_case(word)
    }

    fn any(&self, i: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(i, w))
    }

    fn shape_of(&self, i: usize) -> Shape {
        match self.token(i) {
            Some(t) if t.kind == Kind::Code => self.sequence.infos.get(i).map_or(Shape::Other, |x| x.shape),
            _ => Shape::Other,
        }
    }

    fn entry(&self, i: usize) -> Entry {
        self.sequence.infos.get(i).map_or(Entry::default(), |x| x.entry)
    }

    /// Whether token `i` follows the one before on the same line.
    fn joined(&self, i: usize) -> bool {
        self.token(i).is_some_and(|t| t.gap <= Gap::Wide)
    }

    fn near(&self, i: usize) -> bool {
        self.token(i).is_some_and(|t| t.gap <= Gap::Space)
    }

    fn number(&self, i: usize) -> Option<u32> {
        if self.token(i).is_some_and(|t| t.kind == Kind::Code) { self.str(i).parse().ok() } else { None }
    }

    /// Codes whose shape alone settles them.
    fn shape(&self, i: usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
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
            // `spring 2014`
            Shape::Year if i > 0 && self.near(i) && self.any(i - 1, &SEASONS) => {
                marks.push((i - 1, i, Label::Date, Source::Pattern));
                return;
            }
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
        marks.push((i, i, label, Source::Pattern));
    }

    /// A year behind a date: `2019`, `'19`. The last token of it.
    fn year(&self, i: usize) -> Option<usize> {
        if !self.joined(i) {
            return None;
        }
        if self.shape_of(i) == Shape::Year {
            return Some(i);
        }
        let apostrophe = matches!(self.str(i), "'" | "’" | "‘");
        (apostrophe && self.shape_of(i + 1) == Shape::Int2 && self.token(i + 1).is_some_and(|t| t.gap == Gap::None))
            .then_some(i + 1)
    }

    /// Day of a month in digits: `4`, `4th`, `04`.
    fn day(&self, i: usize) -> bool {
        match self.shape_of(i) {
            Shape::Int1 | Shape::Int2 => self.number(i).is_some_and(|d| (1..=31).contains(&d)),
            Shape::Ordinal => self
                .str(i)
                .trim_end_matches(|c: char| c.is_alphabetic())
                .parse()
                .is_ok_and(|d: u32| (1..=31).contains(&d)),
            _ => false,
        }
    }

    /// Dates written with a month's name.
    fn date(&self, i: usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
        let Some(token) = self.token(i) else { return };
        if token.kind != Kind::Word || month_number(token.of(self.text).as_bytes()).is_none() {
            return;
        }
        let word = token.of(self.text);
        // Words that are more than a month: only with a day or a year beside them.
        let ambiguous = [
            "may", "march", "mar", "jun", "sep", "dec", "jan", "apr", "oct", "nov", "feb", "aug", "jul", "april",
            "june", "august", "sept",
        ]
        .iter()
        .any(|m| word.eq_ignore_ascii_case(m));
        let (mut from, mut to) = (i, i);
        let mut sure = !ambiguous && token.case != Case::Lower;
        // Behind: [.] [the] 4[th] [- 6] [,] [2019]
        let mut at = i + 1;
        if self.str(at) == "." && self.near(at) {
            at += 1;
        }
        if self.is(at, "the") && self.near(at) {
            at += 1;
        }
        let range = self.shape_of(at) == Shape::Range && self.near(at);
        if self.near(at) && self.any(at, &ORDINALS) {
            to = at;
            if self.str(at + 1) == "-" && self.near(at + 2) && self.any(at + 2, &ORDINALS) {
                to = at + 2;
            } else if self.any(at, &["twenty", "thirty"]) && self.near(at + 1) && self.any(at + 1, &ORDINALS) {
                to = at + 1;
            }
            sure = !self.any(to, &["twenty", "thirty"]);
        } else if self.joined(at) && (self.day(at) || range) && self.near(at) && !self.dose_follows(at) {
            to = at;
            sure = true;
            if matches!(self.str(at + 1), "-" | "–" | "&") && self.near(at + 1) && self.day(at + 2) && self.near(at + 2)
            {
                to = at + 2;
            }
            let mut next = to + 1;
            if (matches!(self.str(next), "," | "." | "/") || self.is(next, "of")) && self.near(next) {
                next += 1;
            }
            if let Some(year) = self.year(next) {
                to = year;
            }
        } else {
            let mut next = i + 1;
            if (matches!(self.str(next), "," | "." | "-" | "/") || self.is(next, "of")) && self.near(next) {
                next += 1;
            }
            if let Some(year) = self.year(next) {
                to = year;
                sure = true;
            }
        }
        // Before: 4[th] [of]
        let mut before = i.checked_sub(1);
        if before.is_some_and(|b| self.is(b, "of") || matches!(self.str(b), "-" | ",")) && self.near(i) {
            before = before.and_then(|b| b.checked_sub(1));
        }
        if let Some(b) = before {
            let of = self.is(i - 1, "of");
            if self.near(i)
                && self.day(b)
                && (to > i || of || token.case != Case::Lower || self.shape_of(b) == Shape::Ordinal)
            {
                from = b;
                sure = true;
            }
        }
        if sure {
            marks.push((from, to, Label::Date, Source::Pattern));
        }
    }

    /// A unit behind a number: `May 5 mg` is a dose, not a day.
    fn dose_follows(&self, i: usize) -> bool {
        self.near(i + 1)
            && self.token(i + 1).is_some_and(|t| t.kind == Kind::Word)
            && self.any(
                i + 1,
                &["mg", "ml", "mcg", "units", "days", "weeks", "hours", "months", "tablets", "times", "kg", "cm", "mm"],
            )
    }

    /// `417 Sycamore Ct`, `P.O. Box 12`, `RR 2 Box 61`.
    fn street(&self, i: usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
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
        if !house {
            return;
        }
        let mut at = i + 1;
        let mut named = false;
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
                if !matches!(self.str(at), "." | "-" | "'" | "’") || at == i + 1 {
                    return;
                }
                at += 1;
                continue;
            }
            let entry = self.entry(at);
            let direction =
                self.any(at, &["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west"]);
            let suffix = entry.any(Entry::STREET_SUFFIX) && token.case != Case::Lower;
            if suffix && (named || at > i + 1) && self.suffix_fits(at) {
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
                    && self.token(next + 1).is_some_and(|t| t.kind != Kind::Punct)
                {
                    to = next + 1;
                }
                marks.push((from, to, Label::Street, Source::Pattern));
                return;
            }
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
    fn avenue(&self, i: usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
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
    fn suffix_fits(&self, at: usize) -> bool {
        if !self.any(at, &["dr", "st", "ct", "pt", "pr", "ext", "ft", "mt"]) {
            return true;
        }
        let next = if self.str(at + 1) == "." { at + 2 } else { at + 1 };
        let ends = !self.near(next)
            || self.token(next).is_none_or(|t| t.kind != Kind::Word || t.case == Case::Lower || t.case == Case::Upper);
        ends || self.any(next, &["apt", "unit", "suite", "ste", "n", "s", "e", "w", "ne", "nw", "se", "sw"])
    }

    /// `WA 98312`, `Minnesota 56557-1234`.
    fn zip(&self, i: usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
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
        }
    }

    /// Runs of six or more digits in words: telephone and record numbers in dictation.
    fn spelled(&self, i: usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
        let digit = |i: usize| {
            self.any(
                i,
                &[
                    "zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
                    "double", "triple",
                ],
            )
        };
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

    /// The number of an age of ninety and more.
    fn age90(&self, i: usize) -> Option<Span> {
        let token = self.token(i)?;
        let before = |n: usize| i.checked_sub(n).unwrap_or(usize::MAX);
        let announced = self.any(before(1), &["age", "aged", "turned", "turning", "turns", "almost", "nearly"])
            || (matches!(self.str(before(1)), ":" | "=" | "is" | "of" | "to")
                && self.any(before(2), &["age", "aged", "turned", "going"]));
        // `93-year-old`, `93 y/o`, `93 yr`, `93 yo`
        let years = |mut at: usize| {
            if self.str(at) == "-" {
                at += 1;
            }
            self.near(at)
                && (self.any(at, &["year", "years", "yr", "yrs", "yo", "yof", "yom", "y.o", "y/o"])
                    || (self.is(at, "y")
                        && (matches!(self.str(at + 1), "/" | ".") && self.is(at + 2, "o") || self.is(at + 1, "o"))))
                && !self.any(at + 1, &["ago", "smoking", "pack", "history", "of"])
                && !self.any(at + 2, &["ago", "history"])
        };
        let start = token.start as usize;
        match token.kind {
            Kind::Code => {
                let digits: String = self.str(i).chars().take_while(char::is_ascii_digit).collect();
                let value: u32 = digits.parse().ok()?;
                let old = (90..=125).contains(&value);
                let glued = self.shape_of(i) == Shape::AgeLike && !self.str(i).ends_with(['k', 'w']);
                let plain = digits.len() == token.len() && (announced || years(i + 1));
                let pack = self.any(i + 1, &["pack"]) || self.is(i + 2, "pack");
                (old && (glued || plain) && !pack).then(|| Span::new(start, start + digits.len()))
            }
            Kind::Word if self.any(i, &["ninety", "hundred"]) => {
                let mut from = i;
                let mut to = i;
                if self.is(i, "hundred") {
                    if !self.any(before(1), &["a", "one"]) {
                        return None;
                    }
                    from = before(1);
                }
                let mut next = i + 1;
                if self.str(next) == "-" || self.is(next, "and") {
                    next += 1;
                }
                if self.any(next, &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
                    && self.near(next)
                {
                    to = next;
                }
                let first = self.token(from)?.start as usize;
                let last = self.token(to)?.end as usize;
                let told = self
                    .any(from.wrapping_sub(1), &["is", "was", "at", "now", "be", "being", "he's", "she's", "i'm"])
                    && !(self.near(to + 1)
                        && (self.entry(to + 1).is_unit()
                            || self.any(
                                to + 1,
                                &[
                                    "percent", "degrees", "minutes", "days", "seconds", "over", "pounds", "feet",
                                    "beats", "dollars", "miles", "times",
                                ],
                            )));
                (announced || told || years(to + 1)).then(|| Span::new(first, last))
            }
            _ => None,
        }
    }

    /// The number behind a cue.
    fn cued(&self, cue: &CueMatch, at: &mut usize, marks: &mut Vec<(usize, usize, Label, Source)>) {
        let Some(label) = cue.cue.label() else { return };
        while self.token(*at).is_some_and(|t| t.start < cue.end) {
            *at += 1;
        }
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
        let fits = match label {
            _ if cue.cue == Cue::Room => {
                matches!(
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
                ) && ROOMS.iter().any(|s| name.eq_ignore_ascii_case(s))
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
            while to < i + 4 && self.token(to + 1).is_some_and(|t| t.kind == Kind::Code && t.gap == Gap::Space) {
                let more = matches!(
                    self.shape_of(to + 1),
                    Shape::Int2
                        | Shape::Int3
                        | Shape::Int4
                        | Shape::Clock
                        | Shape::Int6
                        | Shape::Int5
                        | Shape::Year
                        | Shape::IntZero
                );
                let here = matches!(
                    self.shape_of(to),
                    Shape::Int2
                        | Shape::Int3
                        | Shape::Int4
                        | Shape::Clock
                        | Shape::Int6
                        | Shape::Int5
                        | Shape::Year
                        | Shape::IntZero
                );
                if !(more && here) {
                    break;
                }
                to += 1;
            }
        }
        marks.push((from, to, label, Source::Cue));
    }
}

/// `x309`, `x3-9090`: an extension glued to its sign.
fn extension(code: &str) -> bool {
    let Some(number) = code.strip_prefix(['x', 'X', 'p']) else { return false };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (3 + usize::from(code.starts_with('p'))..=6).contains(&digits)
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

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

/// Days of a month in words.
const ORDINALS: [&str; 23] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "thirtieth",
    "twenty",
    "thirty",
];
/// Streets whose kind stands before their name.
const STREETS_BEFORE: [&str; 16] = [
    "calle", "avenida", "paseo", "camino", "via", "rue", "el", "la", "los", "las", "highway", "hwy", "route", "rt",
    "rte", "county",
];
/// What numbers a flat before the house.
const FLATS: [&str; 8] = ["flat", "unit", "apt", "apartment", "suite", "ste", "lot", "no"];

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
const EXTENSIONS: [&str; 10] = ["ext", "ext.", "extension", "pager", "pgr", "pgr.", "x", "beeper", "bleep", "vocera"];
/// Cues behind which a short code is a room or bed.
const ROOMS: [&str; 14] = [
    "room", "rm", "rm.", "room #", "room no", "bed", "bed #", "bed no", "bed/room", "rm/bed", "room/bed", "cubicle",
    "bunk", "apt",
];
