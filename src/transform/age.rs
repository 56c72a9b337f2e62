//! Ages over 89 as one group: `93-year-old` becomes `90+-year-old`.

mod spelled;

use spelled::spelled;

/// Appends `value` with every age of 90 and more as `90+`; a value of ages of 89 and less is appended as it stands.
///
/// Source: 45 CFR 164.514(b)(2)(i)(C), ages over 89 may be grouped as 90 or older. Takes digits and English words, years
/// and smaller units (`1100 months` becomes `90+ years`), decades (`in her nineties`).
///
/// Returns false, and appends nothing, for what is not understood whole: every word must be one that is known to stand
/// beside an age, because one that is not may tell it again. So is a number next to an age that is grouped
/// (`93 years 4 months`), a number that is no age (`1931`), and what narrows the group (`late nineties`).
pub(crate) fn age(value: &str, out: &mut String) -> bool {
    let Some(reading) = Reading::of(value) else { return false };
    let old = reading.ages.iter().filter(|age| age.is_old()).count();
    if old == 0 {
        let fits = reading.ages.is_empty() && reading.young || reading.are_apart(value);
        if fits {
            out.push_str(value);
        }
        return fits;
    }
    if old < reading.ages.len() || reading.narrowed || reading.young {
        return false;
    }
    let mut from = 0;
    for age in &reading.ages {
        out.push_str(value.get(from..age.from).unwrap_or_default());
        out.push_str(GROUP);
        from = age.to;
        if let Some((from_unit, to_unit)) = age.unit_to_change() {
            out.push_str(value.get(from..from_unit).unwrap_or_default());
            out.push_str(years_like(value.get(from_unit..to_unit).unwrap_or_default()));
            from = to_unit;
        }
    }
    out.push_str(value.get(from..).unwrap_or_default());
    true
}

/// A value that was understood whole.
#[derive(Default)]
struct Reading {
    /// In the order of the text.
    ages: Vec<Age>,
    /// A word that tells where in the group an age is, or that it is not in it.
    narrowed: bool,
    /// A word for someone young.
    young: bool,
}

/// A number with its unit.
struct Age {
    /// Bytes of the number with what belongs to it: `93`, `90's`, `100th`, `90+`, `ninety-three`.
    from: usize,
    to: usize,
    number: u32,
    unit: Unit,
    /// Bytes of the unit.
    written: Option<(usize, usize)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Also when none is written.
    Year,
    /// `m`: male, or months.
    MonthOrMale,
    Month,
    Week,
    Day,
    Hour,
}

/// What a word beside an age says.
enum Word {
    Unit(Unit),
    /// Nothing of the age.
    Plain,
    Narrows,
    Young,
}

/// A run of digits, a run of letters, or a sign; spaces are signs.
struct Lexeme<'v> {
    from: usize,
    kind: Kind<'v>,
}

enum Kind<'v> {
    Digits(&'v str),
    /// Lower case.
    Letters(String),
    Sign(char),
}

impl Reading {
    fn of(value: &str) -> Option<Reading> {
        let lexemes = lexemes(value)?;
        let mut reading = Reading::default();
        // Whether a number is the last that was read, so that a unit is its unit.
        let mut open = false;
        let mut last_word = "";
        let mut i = 0;
        while let Some(lexeme) = lexemes.get(i) {
            let rest = lexemes.get(i..).unwrap_or_default();
            let number = match &lexeme.kind {
                Kind::Digits(digits) => {
                    // A year, the century left out.
                    if i.checked_sub(1).and_then(|at| lexemes.get(at)).is_some_and(Lexeme::is_apostrophe) {
                        return None;
                    }
                    Some((digits_value(digits), 1 + suffix(rest.get(1..)?)))
                }
                Kind::Letters(_) => spelled(rest),
                Kind::Sign(_) => {
                    i += 1;
                    continue;
                }
            };
            if let Some((number, used)) = number {
                let to = lexemes.get(i + used).map_or(value.len(), |next| next.from);
                reading.ages.push(Age { from: lexeme.from, to, number, unit: Unit::Year, written: None });
                (open, last_word) = (true, "");
                i += used;
                continue;
            }
            let Kind::Letters(word) = &lexeme.kind else { return None };
            match classify(word, last_word)? {
                Word::Unit(unit) if open => {
                    let age = reading.ages.last_mut()?;
                    // `92 W`, `95d`: an age and another letter as well as weeks and days.
                    if word.len() == 1 && matches!(unit, Unit::Week | Unit::Day | Unit::Hour) && age.is_old() {
                        return None;
                    }
                    age.unit = unit;
                    age.written = Some((lexeme.from, lexeme.from + word.len()));
                }
                // `years: 93` says what is the rule; `months: 93` would have to be read backwards.
                Word::Unit(Unit::Year | Unit::MonthOrMale) | Word::Plain => {}
                Word::Unit(_) => return None,
                Word::Narrows => reading.narrowed = true,
                Word::Young => reading.young = true,
            }
            (open, last_word) = (false, word);
            i += 1;
        }
        reading.ages.iter().all(Age::is_plausible).then_some(reading)
    }

    /// Whether ages below 90 are that many ages for certain, and not one of 90 and more in pieces: `9 3`, `80 plus 13`,
    /// `89 years 14 months`. They are where they make a range, or years and months that are together below 90 years.
    fn are_apart(&self, value: &str) -> bool {
        let apart = self.ages.windows(2).all(|pair| {
            let [a, b] = pair else { return true };
            let between = value.get(a.to..b.from).unwrap_or_default();
            let joined = between.contains(is_hyphen) && a.number < b.number
                || between.contains(|c: char| c.is_ascii_alphabetic()) && a.number <= b.number;
            let compound = a.written.is_some() && a.unit != b.unit;
            (joined || compound) && !between.contains('+') && !between.to_ascii_lowercase().contains("plus")
        });
        let mixed = self.ages.windows(2).any(|pair| matches!(pair, [a, b] if a.unit != b.unit && a.written.is_some()));
        let hours: u64 = self.ages.iter().map(|age| u64::from(age.number) * age.unit_read().hours()).sum();
        !self.ages.is_empty() && apart && !(mixed && hours >= 90 * Unit::Year.hours())
    }
}

impl Age {
    /// 90 and more. Months, weeks and days are taken at their shortest, so that the group begins a little early for them.
    fn is_old(&self) -> bool {
        u64::from(self.number) * self.unit_read().hours() >= 90 * Unit::Year.hours()
    }

    /// No one was older than 122; what is far above is a year, or another number.
    fn is_plausible(&self) -> bool {
        u64::from(self.number) * self.unit_read().hours() <= u64::from(OLDEST) * Unit::Year.hours()
    }

    /// `92M` may be a man of 92, `1100M` not.
    fn unit_read(&self) -> Unit {
        match self.unit {
            Unit::MonthOrMale if self.number > OLDEST => Unit::Month,
            Unit::MonthOrMale => Unit::Year,
            unit => unit,
        }
    }

    /// The unit that has to become years.
    fn unit_to_change(&self) -> Option<(usize, usize)> {
        self.written.filter(|_| self.unit_read() != Unit::Year)
    }
}

impl Unit {
    /// Such that 90 years are 1080 months, 4680 weeks and 32,760 days; the last two are 112 days short of it.
    fn hours(self) -> u64 {
        match self {
            Unit::Year => 12 * Unit::Month.hours(),
            Unit::Month | Unit::MonthOrMale => 728,
            Unit::Week => 7 * 24,
            Unit::Day => 24,
            Unit::Hour => 1,
        }
    }
}

impl Lexeme<'_> {
    fn is_apostrophe(&self) -> bool {
        matches!(self.kind, Kind::Sign('\'' | '\u{2019}' | '\u{2018}'))
    }

    fn letters(&self) -> Option<&str> {
        match &self.kind {
            Kind::Letters(word) => Some(word),
            _ => None,
        }
    }
}

/// Cuts a value up; `None` when a character is none that stands in an age.
fn lexemes(value: &str) -> Option<Vec<Lexeme<'_>>> {
    let mut lexemes = Vec::new();
    let mut from = 0;
    while let Some(c) = value.get(from..)?.chars().next() {
        let rest = value.get(from..)?;
        let run = |part: fn(char) -> bool| rest.find(|c| !part(c)).unwrap_or(rest.len());
        let (kind, len) = if c.is_ascii_digit() {
            let len = number_len(rest);
            (Kind::Digits(rest.get(..len)?), len)
        } else if c.is_ascii_alphabetic() {
            let len = run(|c| c.is_ascii_alphabetic());
            (Kind::Letters(rest.get(..len)?.to_ascii_lowercase()), len)
        } else if c.is_whitespace() || is_hyphen(c) || SIGNS.contains(c) {
            (Kind::Sign(c), c.len_utf8())
        } else {
            return None;
        };
        lexemes.push(Lexeme { from, kind });
        from += len;
    }
    Some(lexemes)
}

/// Bytes of the number at the start of `text`: `93`, `92.5`, `1,100`.
fn number_len(text: &str) -> usize {
    let digits = |from: usize| text.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let mut len = digits(0);
    if len <= 3 && text.as_bytes().get(len) == Some(&b',') && digits(len + 1) == 3 {
        len += 4;
    }
    if text.as_bytes().get(len) == Some(&b'.') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    len
}

/// The whole part of a number; one too long for any age is as large as can be.
fn digits_value(digits: &str) -> u32 {
    let whole = digits.split('.').next().unwrap_or_default();
    whole
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |n: u32, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')))
}

/// How many lexemes directly after digits belong to them: `th`, `s`, `'s`, `+`.
fn suffix(rest: &[Lexeme<'_>]) -> usize {
    let word = |at: usize| rest.get(at).and_then(Lexeme::letters);
    match rest.first() {
        Some(Lexeme { kind: Kind::Sign('+'), .. }) => 1,
        Some(sign) if sign.is_apostrophe() && word(1) == Some("s") => 2,
        _ if matches!(word(0), Some("s" | "st" | "nd" | "rd" | "th")) => 1,
        _ => 0,
    }
}

/// How many lexemes from `at` on are spaces and hyphens.
fn gap(lexemes: &[Lexeme<'_>], at: usize) -> usize {
    let rest = lexemes.get(at..).unwrap_or_default();
    rest.iter().take_while(|l| matches!(l.kind, Kind::Sign(c) if c.is_whitespace() || is_hyphen(c))).count()
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2014}' | '\u{2212}')
}

/// What a word says; `None` for one that is not known to stand beside an age.
fn classify(word: &str, before: &str) -> Option<Word> {
    Some(match word {
        "y" | "yr" | "yrs" | "year" | "years" | "yo" | "yom" | "yof" | "yrold" | "yearold" => Word::Unit(Unit::Year),
        "m" => Word::Unit(Unit::MonthOrMale),
        "mo" | "mos" | "mth" | "mths" | "month" | "months" => Word::Unit(Unit::Month),
        "w" | "wk" | "wks" | "week" | "weeks" => Word::Unit(Unit::Week),
        "d" | "day" | "days" => Word::Unit(Unit::Day),
        "h" | "hr" | "hrs" | "hour" | "hours" => Word::Unit(Unit::Hour),
        // Of `y/o` and `y.o.`; after a digit it may be a zero.
        "o" if before == "y" => Word::Plain,
        "early" | "mid" | "middle" | "late" | "half" | "under" | "below" | "less" | "almost" | "nearly" | "nearing"
        | "approaching" | "not" => Word::Narrows,
        "teen" | "teens" | "teenager" | "teenaged" | "newborn" | "neonate" | "infant" | "toddler" => Word::Young,
        _ if PLAIN.split(' ').any(|plain| plain == word) => Word::Plain,
        _ => return None,
    })
}

/// The word for years that is written as `unit` is: `months` gives `years`, `mo` gives `y`.
fn years_like(unit: &str) -> &'static str {
    let capital = unit.starts_with(|c: char| c.is_ascii_uppercase());
    let all_capital = unit.bytes().all(|b| b.is_ascii_uppercase());
    let word = match unit.to_ascii_lowercase().as_str() {
        "month" | "week" | "day" | "hour" => ["year", "Year", "YEAR"],
        "months" | "weeks" | "days" | "hours" => ["years", "Years", "YEARS"],
        _ => ["y", "Y", "Y"],
    };
    let [lower, title, upper] = word;
    if all_capital {
        upper
    } else if capital {
        title
    } else {
        lower
    }
}

/// Years; above, a number is no age.
/// What stands for every age of 90 and more.
pub(super) const GROUP: &str = "90+";
const OLDEST: u32 = 130;
/// Signs beside spaces and hyphens that stand in ages.
const SIGNS: &str = ".,/()[]'\u{2018}\u{2019}\"~\u{2248}<>\u{2264}\u{2265}+=:;?";

/// Words that stand beside an age and say nothing of it.
const PLAIN: &str = "a about above aged age ages am an and approx approximately around at be becoming between birthday bf \
    bm boy ca circa currently elderly f female from gentleman girl greater he her him his i in is ish just lady least male \
    man more my now odd of old older or over p patient plus pt s she some something than the their they through to turned \
    turning up was wf wm woman young";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::spelled::{CARDINALS, TENS};
    use super::*;

    fn grouped(value: &str) -> Option<String> {
        let mut out = String::from("|");
        let done = age(value, &mut out);
        assert!(done || out == "|", "{value}: appended and refused");
        done.then(|| out.split_off(1))
    }

    #[test]
    fn ages_over_89_become_one_group() {
        for (value, want) in [
            ("93", "90+"),
            ("90", "90+"),
            ("ninety-three", "90+"),
            ("Ninety Three", "90+"),
            ("ninety five", "90+"),
            ("ninetyfive", "90+"),
            ("ninety", "90+"),
            ("one hundred and two", "90+"),
            ("one hundred two", "90+"),
            ("a hundred and one", "90+"),
            ("one-hundred-and-one years old", "90+ years old"),
            ("hundred", "90+"),
            ("93-year-old", "90+-year-old"),
            ("103-year-old", "90+-year-old"),
            ("ninety-three-year-old woman", "90+-year-old woman"),
            ("94 y/o", "90+ y/o"),
            ("94 y.o. male", "90+ y.o. male"),
            ("91yo", "90+yo"),
            ("91yoF", "90+yoF"),
            ("92F", "90+F"),
            ("92 M", "90+ M"),
            ("F92", "F90+"),
            ("093Y", "90+Y"),
            ("P93Y", "P90+Y"),
            ("92.5 years", "90+ years"),
            ("age 93", "age 90+"),
            ("Age: 93 (ninety-three)", "Age: 90+ (90+)"),
            ("nonagenarian", "90+"),
            ("a centenarian", "a 90+"),
            ("90's", "90+"),
            ("90\u{2019}s", "90+"),
            ("in her 90s", "in her 90+"),
            ("in her nineties", "in her 90+"),
            ("93rd birthday", "90+ birthday"),
            ("hundredth birthday", "90+ birthday"),
            ("ninety-third birthday", "90+ birthday"),
            ("93-95", "90+-90+"),
            ("93 or 94", "90+ or 90+"),
            ("95+", "90+"),
            ("90+", "90+"),
            (">93", ">90+"),
            ("1100 months", "90+ years"),
            ("1,100 months", "90+ years"),
            ("eleven hundred months", "90+ years"),
            ("1100-month-old", "90+-year-old"),
            ("1100mo", "90+y"),
            ("1100M", "90+Y"),
            ("1080 MONTHS", "90+ YEARS"),
            ("33000 days", "90+ years"),
            ("4,800 weeks old", "90+ years old"),
        ] {
            assert_eq!(grouped(value).as_deref(), Some(want), "{value}");
        }
    }

    #[test]
    fn ages_of_89_and_less_stay() {
        let values = "89|0|7|089|89.9|eighty-nine|eighty nine years old|45-year-old|45 y/o M|45yo|36 hours|6 weeks old|\
             92 months|1079 months|1,079 months|131M|32000 days|in his 80s|in her eighties|mid 60s|late seventies|nearly 80|\
             60-70|60 to 70 years|between 60 and 70|7 years 4 months|7y 4m|octogenarian|four and half|twelfth birthday|newborn|\
             teens|>89|over 89|89+|P45Y|045Y|nine|nineteen|89 plus";
        for value in values.split('|') {
            assert_eq!(grouped(value).as_deref(), Some(value), "{value}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for values in [
            "| |-|unknown|N/A|elderly|adult",
            // A digit of the age would stay, or its piece.
            "93 years 4 months|93y4m|P93Y4M|92 1/2|92,5|92½|９３|89 and 93|88-92|9 3|9, 3|9/3|9-3|nine three|\
             nine-three|ninety5|9O|80+13|80 + 13 years|80 plus 13|80 and 13|89 and 4|13 plus 80|forty plus fifty|9 and 3|89 years 14 months|93 and a half|93 (b. 1931)|\
             93 in room 4|1 hundred",
            // No age.
            "1931|'31|\u{2019}26|03/04/1931|9.3.1931|1990s|131|999|two hundred|nineteen hundred|\
             99999999999999999999|9.3e1|0x5D|2000 months|months 93|131 years",
            // A letter that may be a unit, or not.
            "92 W|95d|099D|100 h",
            // Where in the group, or that it is not.
            "late nineties|mid-90s|early 90's|almost 100|under 92",
            // Words that may tell it again.
            "93 noventa y tres|noventa y tres|XCIII|93 XCIII|ninety-three trente|four score and thirteen|\
             quatre-vingt-treize|93 born in WWI|93 year old Korean war veteran|девяносто|93\u{200b}|\
             thousand months",
        ] {
            for value in values.split('|') {
                assert_eq!(grouped(value), None, "{value}");
            }
        }
    }

    /// As a writer would.
    fn in_words(n: u32) -> String {
        let below = below_hundred_in_words;
        match n {
            0..100 => below(n),
            100 => "one hundred".to_owned(),
            _ => format!("one hundred and {}", below(n - 100)),
        }
    }

    fn below_hundred_in_words(n: u32) -> String {
        let below = below_hundred_in_words;
        match (n / 10, n % 10) {
            (0 | 1, _) => CARDINALS.split(' ').nth(n as usize).unwrap().to_owned(),
            (ten, 0) => TENS[ten as usize - 2].to_owned(),
            (ten, one) => format!("{}-{}", TENS[ten as usize - 2], below(one)),
        }
    }

    #[test]
    fn the_output_is_the_same_for_all_ages_of_the_group() {
        for written in [
            "@",
            "@ y/o",
            "@-year-old man",
            "aged @",
            "@F",
            "(@)",
            "@.",
            "turned @",
            "@, female",
            "~@ yrs",
            "@yo",
            "@?",
        ] {
            let mut seen = std::collections::BTreeSet::new();
            for n in 0..=130 {
                for number in [n.to_string(), in_words(n), in_words(n).replace('-', " "), in_words(n).to_uppercase()] {
                    if number.ends_with(char::is_alphabetic) && written.contains("@F") || written.contains("@yo") {
                        continue;
                    }
                    let value = written.replace('@', &number);
                    let got = grouped(&value);
                    if n < 90 {
                        assert_eq!(got.as_ref(), Some(&value));
                    } else {
                        assert_eq!(got, Some(written.replace('@', "90+")), "{value}");
                        seen.insert(got);
                    }
                }
            }
            assert!(seen.len() <= 1);
        }
        for months in 1080..=1560 {
            assert_eq!(grouped(&format!("{months} months")).as_deref(), Some("90+ years"));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_digit_comes_out_of_a_value_that_is_changed(
            value in "\\PC*|([0-9]{1,4}|[ ,./'+-]|years?|months|ninety|hundred|nine|and|y|m|s|in|her){1,8}"
        ) {
            if let Some(out) = grouped(&value)
                && out != value
            {
                let rest = out.replace("90+", "");
                proptest::prop_assert!(!rest.contains(|c: char| c.is_numeric()), "{}", out);
                proptest::prop_assert!(!rest.contains("nine") && !rest.contains("hundred"));
            }
        }

        #[test]
        fn twice_is_once(value in "([0-9]{1,3}|[ -]|years?|months|ninety|hundred|and|old|in){1,6}") {
            if let Some(out) = grouped(&value) {
                proptest::prop_assert_eq!(grouped(&out), Some(out));
            }
        }
    }
}
