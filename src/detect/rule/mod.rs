//! Identifiers that a few tokens in a row give away: dates with a month's name, numbers behind their cue, street lines,
//! ages of ninety and more, numbers spelled in words.
//!
//! What a rule finds is sure; it also marks its tokens, so that evidence sees them as what they are.

mod aloud;
mod board;
mod date;
mod log;
mod number;
mod staff;
mod street;
mod typist;

pub(super) use number::extension;

use super::boundary;
use super::cue::{Cue, CueMatch};
use super::dictionary::{Dictionary, Entry};
use super::evidence::feature::Sequence;
use super::evidence::word::Word;
use super::pattern::web::Address;
use super::shape::Shape;
use super::token::{Case, Gap, Kind, Token};
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
    let mut marks = Marks::new();
    let mut places = Vec::new();
    for i in sequence.leads.iter().map(|i| *i as usize) {
        let (Some(token), Some(info)) = (sequence.tokens.get(i), sequence.infos.get(i)) else { break };
        let mut old = false;
        match token.kind {
            Kind::Code => {
                view.shape(i, &mut marks);
                view.street(i, &mut marks);
                view.zip(i, &mut marks);
                if view.place(i) {
                    places.push(i);
                }
                if matches!(info.shape, Shape::DateMonthDay | Shape::Score | Shape::Ratio) {
                    view.examined(i, &mut marks);
                }
                old = matches!(info.shape, Shape::Int2 | Shape::Int3 | Shape::AgeLike | Shape::Ordinal);
            }
            Kind::Word => {
                if info.entry.is_month() {
                    view.date(i, &mut marks);
                }
                if info.bits & Word::BOX != 0 {
                    view.street(i, &mut marks);
                }
                if matches!(token.len(), 2 | 3) && token.case != Case::Lower {
                    view.titled(i, &mut marks);
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
    if places.len() >= board::LISTED {
        marks.extend(places.into_iter().map(|i| (i, i, Label::OtherId, Source::Cue)));
    }
    view.logged(&mut marks);
    view.seen_with(&mut marks);
    view.typed(&mut marks);
    view.department(&mut marks);
    let mut short = Vec::new();
    view.letters(&mut marks, &mut short);
    view.addresses(&mut marks);
    let mut at = 0;
    for cue in cues {
        view.cued(cue, &mut at, &mut marks);
        if cue.cue == Cue::Holiday {
            let from = view.sequence.tokens.partition_point(|t| t.end <= cue.start);
            let to = view.sequence.tokens.partition_point(|t| t.start < cue.end);
            // With the year behind it: `Christmas 2019`, `Easter of 1994`, `Patriots' Day, 1971`.
            let linked = view.near(to) && (view.is(to, "of") || view.str(to) == ",");
            let last = view.year(to).or_else(|| view.year(to + 1).filter(|_| linked)).unwrap_or(to - 1);
            marks.push((from, last.max(from), Label::Date, Source::Pattern));
        }
    }
    sequence.short = short;
    for (from, to, label, source) in marks {
        if let (Some(first), Some(last)) = (sequence.tokens.get(from), sequence.tokens.get(to)) {
            // `x309`: the sign of an extension is not part of it.
            let sign = usize::from(label == Label::Phone && number::extension(first.of(text)));
            // `Long's`: nor is the possessive of a name.
            let stem = boundary::stem(last.of(text)).filter(|_| label == Label::Name);
            let end = stem.map_or(last.end as usize, |n| last.start as usize + n);
            let mut found = find(Span::new(first.start as usize + sign, end), label, source);
            if (label, source) == (Label::OtherId, Source::Pattern) {
                found.score = 0.85;
            } else if source == Source::Cue {
                // A cue knows better what number it is.
                found.score = 0.97;
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

/// First and last token of what a rule found, what it is, and which kind of rule.
type Marks = Vec<(usize, usize, Label, Source)>;

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
        let word = self.str(i);
        words.iter().any(|w| word.eq_ignore_ascii_case(w))
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
}

#[cfg(test)]
mod tests {
    use crate::detect::{Detector, Scratch};

    /// What rules and patterns are sure of in `text`.
    pub(super) fn sure(text: &str) -> Vec<(String, &'static str)> {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let mut found: Vec<_> = scratch.sure.iter().map(|f| (f.span, f.label)).collect();
        found.sort();
        found.into_iter().map(|(span, label)| (span.of(text).to_owned(), label.name())).collect()
    }

    /// The names among them.
    pub(super) fn names(text: &str) -> Vec<String> {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let names = scratch.sure.iter().filter(|f| f.label.name() == "NAME");
        names.map(|f| f.span.of(text).to_owned()).collect()
    }

    #[test]
    fn finds_what_a_few_tokens_give_away() {
        for (text, value, label) in [
            ("seen on March 4, 2019 for", "March 4, 2019", "DATE"),
            ("seen 4th of July and", "4th of July", "DATE"),
            ("since Mar '22 she", "Mar '22", "DATE"),
            ("on june the fifth um", "june the fifth", "DATE"),
            ("Dec. 3rd of 2019 and", "Dec. 3rd of 2019", "DATE"),
            ("diagnosed in spring 2014 at", "spring 2014", "DATE"),
            ("stopped in the fall of 2022 on", "fall of 2022", "DATE"),
            ("got it Columbus Day of '96. I", "Columbus Day of '96", "DATE"),
            ("after Patriots' Day, 1971. Three", "Patriots' Day, 1971", "DATE"),
            ("since the ninth of April in", "ninth of April", "DATE"),
            ("this thirtieth day of September.", "thirtieth day of September", "DATE"),
            ("on the twenty-fifth of May he", "twenty-fifth of May", "DATE"),
            ("Test 2024 Nov 25  10:06", "2024 Nov 25", "DATE"),
            ("who came to Fort Madison Hospital on January\n28 with pain", "January\n28", "DATE"),
            ("home on Whit Monday. So", "Whit Monday", "DATE"),
            ("not until Yom Kippur.", "Yom Kippur", "DATE"),
            ("on 03/04/2019.", "03/04/2019", "DATE"),
            ("today. TTE 1/6 EF 65, RVSP 38", "1/6", "DATE"),
            ("MRSA swab 29/9 neg", "29/9", "DATE"),
            ("lives at 417 Sycamore Ct, now", "417 Sycamore Ct", "STREET"),
            ("HOME: 412 ST PAUL AVE NOW", "412 ST PAUL AVE", "STREET"),
            ("HOME: 88 DE LA CRUZ ST NOW", "88 DE LA CRUZ ST", "STREET"),
            ("HOME: 30 MT VERNON RD NOW", "30 MT VERNON RD", "STREET"),
            ("7715 Xerxes Ave S #204, up", "7715 Xerxes Ave S #204", "STREET"),
            // What stands on the next line is no flat.
            ("at 1940 Tarn Ct #\n\nHgb 10.9", "1940 Tarn Ct", "STREET"),
            ("PO Box 81 is", "PO Box 81", "STREET"),
            ("RR 2 Box 61, there", "RR 2 Box 61", "STREET"),
            ("80 Quarry Hill Rd now", "80 Quarry Hill Rd", "STREET"),
            ("Bremerton, WA 98312 and", "98312", "ZIP"),
            ("MRN: 00482913 seen", "00482913", "MRN"),
            ("SSN 476 30 9918.", "476 30 9918", "SSN"),
            ("NPI 1234567893 signed", "1234567893", "LICENSE"),
            ("Svc no. 354 88 19.", "354 88 19", "OTHER_ID"),
            ("case no 22 481 77", "22 481 77", "OTHER_ID"),
            ("BSPD ofc Renner at bedside", "BSPD", "EMPLOYER"),
            ("Member ID XQB778120 ok", "XQB778120", "HEALTH_PLAN"),
            ("ext 2290 or", "2290", "PHONE"),
            ("call x3377 please", "3377", "PHONE"),
            ("ask Denisha ext 71.", "71", "PHONE"),
            ("twin one in cot 4, well", "4", "OTHER_ID"),
            ("555-0142 x 309 or", "309", "PHONE"),
            ("in bed 30 in the", "30", "OTHER_ID"),
            ("fax 360-555-0142.", "360-555-0142", "FAX"),
            ("Room 518 today", "518", "OTHER_ID"),
            ("a 93-year-old man", "93", "AGE90"),
            ("91yo F with", "91", "AGE90"),
            ("home for her father's 95th this May", "95", "AGE90"),
            ("on her 92nd birthday", "92", "AGE90"),
            ("GRAHAM NC 27253", "GRAHAM", "CITY"),
            ("12 Elm Street, Port Orchard, WA 98366", "Port Orchard", "CITY"),
            ("B Ferguson RMO pg 118", "118", "PHONE"),
            ("sputum AFB 11/30 neg", "11/30", "DATE"),
            ("she is ninety-one by the way", "ninety-one", "AGE90"),
            ("Fumiko, ninety-four, is across", "ninety-four", "AGE90"),
            ("born in 1931 to", "1931", "DATE"),
            ("YOB: 1929", "1929", "DATE"),
            ("VIN 1M8GDM9AXKP042788 was", "1M8GDM9AXKP042788", "VEHICLE"),
            ("number four four one nine oh two seven today", "four four one nine oh two seven", "OTHER_ID"),
        ] {
            assert!(sure(text).contains(&(value.to_owned(), label)), "{text}: {:?}", sure(text));
        }
    }

    #[test]
    fn leaves_the_look_alikes() {
        for text in [
            "BP 120/80, HR 72, RR 16, T 98.6, SpO2 97%",
            "strength 5/5 throughout, reflexes 2+/4",
            "pain 7/10, murmur 3/6",
            "R ptx s/p 28 Fr CT, L 32 French CT to suction",
            "weight at the 95th percentile, child's 95th percentile, page 12, pg 2",
            "bcx 2/4 GPC clusters, blood cx 2/2 NG, narc ct 2/2 ok",
            "metoprolol 25 mg twice daily for 90 days",
            "K 4.1, Na 138, Cr 1.02, WBC 11.2, plt 150000",
            "may 5 mg be given",
            "march in place, then sun exposure",
            "took 2 tablets at 10:45 pm",
            "the first of many, a third of the dose, the second may be late",
            "a list of what he took over the winter and in March\n1. aspirin",
            "2. Fall with long lie. 3. Dehydration",
            "level L4-5, T2 signal, 3T magnet",
            "smoked 95 pack years",
            "G2P1 at 39w4d",
            "ICD C50.411 and CPT 99213",
            "order no 12 of 40, case 3 2",
            "COPD. Officer worker, PD and HD",
            "ref range 3.5-5.1",
            "one or two of the three",
            "at 90 degrees of flexion",
            "ABG 7.38/44/71/26",
            "gave 1000000 units",
            "5 West, the ED, Ward rounds",
            "images 1 to 412, series 7",
            "SNOMED 44054006, LOINC 2160-0",
            "born in 1958, in Ohio since 1931",
            "Dr. St. John is her doctor",
            "ninety percent on room air",
            "POD#2, day 3 of 7",
            "12-lead with 1.5 mm depression",
            "mixed 50 units in 250 ml over 4 hours",
            "gauge 18, size 7.5",
            "x3 days, q4h prn",
            "rifaximin 550 BID. Fall precautions",
            "OD +0.50 -0.25 x 090, stem 15 x 100 press fit",
            "0812 SAT PASS, SBT X30",
            "SPO2 95 RA BG 131",
            "1133 STEMI ALERT DR COLE",
            "Bed 80% red, holds bed 30 d",
            "TP53 NM_000546.6 c.743G>A, HP:0001644, VCV000014500",
        ] {
            assert_eq!(sure(text), [], "{text}");
        }
    }
}
