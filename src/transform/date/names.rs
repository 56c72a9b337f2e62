//! Names of months, weekdays, days in words, seasons and holidays, and how they are written.

/// The language of a month's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Language {
    English,
    Spanish,
    French,
}

/// How much of a name is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Length {
    Full,
    /// `Mar`, `Tue`.
    Short,
    /// `Sept`, `Tues`: four letters or more where that is custom.
    Longer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Case {
    Upper,
    Lower,
    /// First letter upper.
    Title,
}

/// A month's name as it stands. `May` counts as full.
pub(super) fn month(word: &str) -> Option<(i8, Language, Length)> {
    let word = word.to_lowercase();
    for (language, full, short) in &MONTHS {
        for (names, length) in [(full, Length::Full), (short, Length::Short)] {
            if let Some(i) = names.iter().position(|name| *name == word) {
                return Some((i as i8 + 1, *language, length));
            }
        }
    }
    (word == "sept").then_some((9, Language::English, Length::Longer))
}

/// The name of a month, 1 to 12.
pub(super) fn month_name(month: i8, language: Language, length: Length) -> Option<&'static str> {
    let (_, full, short) = MONTHS.iter().find(|(l, _, _)| *l == language)?;
    let names = if length == Length::Full { full } else { short };
    let name = *names.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    Some(if length == Length::Longer && name == "sep" { "sept" } else { name })
}

/// A weekday's name as it stands; Monday is 0.
pub(super) fn weekday(word: &str) -> Option<(u8, Language, Length)> {
    let word = word.to_lowercase();
    for (language, length, names) in &WEEKDAYS {
        if let Some(i) = names.iter().position(|name| *name == word) {
            return Some((i as u8, *language, *length));
        }
    }
    LONGER_WEEKDAYS.iter().find(|(name, _)| *name == word).map(|(_, i)| (*i, Language::English, Length::Longer))
}

/// The name of a weekday, 0 to 6.
pub(super) fn weekday_name(day: u8, language: Language, length: Length) -> Option<&'static str> {
    if length == Length::Longer
        && let Some((name, _)) = LONGER_WEEKDAYS.iter().find(|(_, i)| *i == day)
    {
        return Some(name);
    }
    let length = if length == Length::Full { Length::Full } else { Length::Short };
    let (_, _, names) = WEEKDAYS.iter().find(|(l, n, _)| *l == language && *n == length)?;
    names.get(usize::from(day)).copied()
}

/// A day of the month in words without a hyphen: `first` is 1, `twentieth` 20.
pub(super) fn ordinal(word: &str) -> Option<i8> {
    ORDINALS.iter().position(|name| word.eq_ignore_ascii_case(name)).map(|i| i as i8 + 1)
}

/// The tens that a word for the units follows: `twenty` is 20.
pub(super) fn tens(word: &str) -> Option<i8> {
    [("twenty", 20), ("thirty", 30)].into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, n)| n)
}

/// A day of the month in words: `twenty-first` for 21.
pub(super) fn ordinal_name(day: i8) -> Option<&'static str> {
    ORDINALS.get(usize::try_from(day.checked_sub(1)?).ok()?).copied()
}

/// What follows a day in digits: `21st`.
pub(super) fn suffix(day: i8) -> &'static str {
    match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// Whether these letters, lower case without blanks and marks, name a holiday or a season.
pub(super) fn occasion(letters: &str) -> bool {
    OCCASIONS.binary_search(&letters).is_ok()
}

/// The case of a word that is all letters; `None` for a mixture that could not be written again.
pub(super) fn case(word: &str) -> Option<Case> {
    let mut chars = word.chars();
    let first = chars.next()?;
    let (upper, lower) =
        chars.fold((0, 0), |(u, l), c| (u + usize::from(c.is_uppercase()), l + usize::from(c.is_lowercase())));
    match (first.is_uppercase(), upper, lower) {
        (true, 0, 1..) => Some(Case::Title),
        (true, _, 0) => Some(Case::Upper),
        (false, 0, _) => Some(Case::Lower),
        _ => None,
    }
}

/// Appends a lower case name in this case.
pub(super) fn write(name: &str, case: Case, out: &mut String) {
    for (i, c) in name.chars().enumerate() {
        if case == Case::Upper || case == Case::Title && i == 0 {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
}

/// Full and short names. English first: a name that two languages share is English.
const MONTHS: [(Language, [&str; 12], [&str; 12]); 3] = [
    (
        Language::English,
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    ),
    (
        Language::Spanish,
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
    ),
    (
        Language::French,
        [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        ["janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"],
    ),
];

const WEEKDAYS: [(Language, Length, [&str; 7]); 4] = [
    (Language::English, Length::Full, ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]),
    (Language::English, Length::Short, ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    (Language::Spanish, Length::Full, ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"]),
    (Language::French, Length::Full, ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]),
];

/// The first of a day is the one that is written.
const LONGER_WEEKDAYS: [(&str, u8); 4] = [("tues", 1), ("weds", 2), ("thurs", 3), ("thur", 3)];

const ORDINALS: [&str; 31] = [
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
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
];

/// Seasons and holidays that stand with a year: federal holidays (5 U.S.C. 6103), and what else notes of the United
/// States date by. Sorted.
const OCCASIONS: [&str; 96] = [
    "advent",
    "allsaints",
    "allsaintsday",
    "allsouls",
    "allsoulsday",
    "anzacday",
    "armedforcesday",
    "ascensionday",
    "ashwednesday",
    "autumn",
    "blackfriday",
    "boxingday",
    "canadaday",
    "candlemas",
    "carnival",
    "chinesenewyear",
    "christmas",
    "christmasday",
    "christmaseve",
    "cincodemayo",
    "columbusday",
    "cybermonday",
    "dayofthedead",
    "diwali",
    "dyngusday",
    "earthday",
    "easter",
    "eastermonday",
    "eastersunday",
    "eid",
    "eidaladha",
    "eidalfitr",
    "electionday",
    "epiphany",
    "fall",
    "fathersday",
    "flagday",
    "goodfriday",
    "groundhogday",
    "guyfawkesnight",
    "halloween",
    "hanukkah",
    "harvest",
    "heritageday",
    "hogmanay",
    "holi",
    "holyweek",
    "independenceday",
    "indigenouspeoplesday",
    "invierno",
    "juneteenth",
    "kwanzaa",
    "laborday",
    "labourday",
    "leapday",
    "lent",
    "liberationday",
    "lunarnewyear",
    "mardigras",
    "martinlutherkingday",
    "martinlutherkingjrday",
    "maundythursday",
    "mayday",
    "memorialday",
    "michaelmas",
    "mlkday",
    "mothersday",
    "newyear",
    "newyears",
    "newyearsday",
    "newyearseve",
    "nowruz",
    "otoño",
    "palmsunday",
    "passover",
    "patriotsday",
    "pentecost",
    "pioneerday",
    "pongal",
    "presidentsday",
    "primavera",
    "purim",
    "ramadan",
    "roshhashanah",
    "semanasanta",
    "spring",
    "stpatricksday",
    "summer",
    "superbowlsunday",
    "thanksgiving",
    "thanksgivingday",
    "valentinesday",
    "verano",
    "veteransday",
    "winter",
    "yomkippur",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occasions_are_sorted() {
        assert!(OCCASIONS.is_sorted());
    }

    #[test]
    fn names_read_back() {
        for (language, full, short) in MONTHS {
            for (names, length) in [(full, Length::Full), (short, Length::Short)] {
                for (i, name) in names.into_iter().enumerate() {
                    assert_eq!(month(name).map(|(n, _, _)| n), Some(i as i8 + 1), "{name}");
                    assert_eq!(month_name(i as i8 + 1, language, length), Some(name));
                }
            }
        }
        for (language, length, names) in WEEKDAYS {
            for (i, name) in names.into_iter().enumerate() {
                assert_eq!(weekday(name), Some((i as u8, language, length)), "{name}");
                assert_eq!(weekday_name(i as u8, language, length), Some(name));
            }
        }
        assert_eq!(
            (month_name(0, Language::English, Length::Full), month_name(13, Language::French, Length::Short)),
            (None, None)
        );
    }

    #[test]
    fn suffixes() {
        for (day, want) in [
            (1, "st"),
            (2, "nd"),
            (3, "rd"),
            (4, "th"),
            (11, "th"),
            (12, "th"),
            (13, "th"),
            (20, "th"),
            (21, "st"),
            (22, "nd"),
            (23, "rd"),
            (30, "th"),
            (31, "st"),
        ] {
            assert_eq!(suffix(day), want, "{day}");
        }
    }

    #[test]
    fn cases() {
        for (word, want) in [
            ("Mar", Some(Case::Title)),
            ("MAR", Some(Case::Upper)),
            ("mar", Some(Case::Lower)),
            ("mAr", None),
            ("MAr", None),
            ("T", Some(Case::Upper)),
            ("", None),
        ] {
            assert_eq!(case(word), want, "{word}");
        }
    }
}
