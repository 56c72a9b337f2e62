//! Letters apart from how they are written: case and diacritics.

/// How a word is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Case {
    /// `DELGADO`
    Upper,
    /// `delgado`
    Lower,
    /// `Delgado`, and whatever mixed: `DelGado`.
    Title,
}

impl Case {
    /// How `text` is written. A single capital is upper case; a text without letters is in title case.
    pub(super) fn of(text: &str) -> Case {
        let (mut upper, mut lower) = (false, false);
        for c in text.chars() {
            upper |= c.is_uppercase();
            lower |= c.is_lowercase();
        }
        match (upper, lower) {
            (true, false) => Case::Upper,
            (false, true) => Case::Lower,
            _ => Case::Title,
        }
    }

    /// Appends `text`, which is in lower case, every word of it in this case.
    pub(super) fn write(self, text: &str, out: &mut String) {
        let mut starts = true;
        for c in text.chars() {
            match self {
                Case::Upper => out.push(c.to_ascii_uppercase()),
                Case::Title if starts => out.push(c.to_ascii_uppercase()),
                Case::Lower | Case::Title => out.push(c),
            }
            starts = matches!(c, ' ' | '-');
        }
    }

    /// Appends `text`, which is in title case already.
    pub(super) fn rewrite(self, text: &str, out: &mut String) {
        match self {
            Case::Upper => out.extend(text.chars().flat_map(char::to_uppercase)),
            Case::Lower => out.extend(text.chars().flat_map(char::to_lowercase)),
            Case::Title => out.push_str(text),
        }
    }
}

/// Whether both are the same but for case.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

/// Part of a word: letters of all scripts, marks upon them, and what else is no ASCII and neither punctuation nor space
/// nor a number. What is not known is rather replaced than kept.
pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    !(c.is_whitespace()
        || c.is_numeric() && !c.is_alphabetic()
        || matches!(c, '\u{2010}'..='\u{2027}' | '\u{ab}' | '\u{bb}' | '\u{b7}' | '\u{a0}' | '\u{b4}'))
}

/// A digit of any script.
pub(super) fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || !c.is_ascii() && c.is_numeric() && !c.is_alphabetic()
}

/// An apostrophe, also as typesetters write it.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '`')
}

/// Appends `text` in lower case, without diacritics; what has no plain letter stays as it is.
pub(super) fn fold(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else if !('\u{300}'..='\u{36f}').contains(&c) {
            for c in c.to_lowercase() {
                match plain(c) {
                    Some(plain) => out.push_str(plain),
                    None => out.push(c),
                }
            }
        }
    }
}

/// [`fold`] into a string of its own.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold(text, &mut out);
    out
}

/// The plain letters of a lower-case letter of the Latin script.
fn plain(c: char) -> Option<&'static str> {
    PLAIN.iter().find(|(letters, _)| letters.contains(c)).map(|(_, plain)| *plain)
}

/// Letters of Latin-1, Latin Extended-A and Vietnamese, by what they are without their marks.
const PLAIN: [(&str, &str); 28] = [
    ("àáâãäåāăąǎạảấầẩẫậắằẳẵặ", "a"),
    ("èéêëēĕėęěẹẻẽếềểễệ", "e"),
    ("ìíîïĩīĭįıǐỉị", "i"),
    ("òóôõöøōŏőơǒọỏốồổỗộớờởỡợ", "o"),
    ("ùúûüũūŭůűųưǔụủứừửữự", "u"),
    ("ýÿŷỳỵỷỹ", "y"),
    ("çćĉċč", "c"),
    ("ñńņňŋ", "n"),
    ("śŝşšș", "s"),
    ("źżž", "z"),
    ("ďđð", "d"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ŕŗř", "r"),
    ("ţťŧț", "t"),
    ("ŵ", "w"),
    ("ß", "ss"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("þ", "th"),
    ("ḿ", "m"),
    ("ﬁ", "fi"),
    ("ﬂ", "fl"),
    ("ĳ", "ij"),
    ("ʻʼ", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_fold() {
        for (text, want) in [
            ("DELGADO", "delgado"),
            ("Núñez", "nunez"),
            ("Nu\u{301}n\u{303}ez", "nunez"),
            ("Nguyễn", "nguyen"),
            ("Łukasz", "lukasz"),
            ("Иванов", "иванов"),
            ("Groß", "gross"),
        ] {
            assert_eq!(folded(text), want);
        }
    }

    #[test]
    fn cases_are_told_and_written() {
        for (text, case, written) in [
            ("DELGADO", Case::Upper, "ST. PAUL"),
            ("M", Case::Upper, "ST. PAUL"),
            ("delgado", Case::Lower, "st. paul"),
            ("Delgado", Case::Title, "St. Paul"),
            ("DeShawn", Case::Title, "St. Paul"),
            ("12", Case::Title, "St. Paul"),
        ] {
            assert_eq!(Case::of(text), case, "{text}");
            let mut out = String::new();
            case.write("st. paul", &mut out);
            assert_eq!(out, written);
        }
    }
}
