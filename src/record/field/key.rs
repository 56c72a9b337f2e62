//! Keys of objects that are data: a date, a name or a number by which the members of a map go.

use super::content::{is_code, is_whole_date};
use super::table::Kind;
use super::{Field, shape};
use crate::identifier::{Hint, Label};

/// What a key is when it is data, and not the name of a field; `above` is the field that the object stands in.
///
/// Names of fields are written in one word, or are words that tables use. What is not, is searched like text when it may
/// be a person's name, and is one identifier when its shape says so.
pub(crate) fn data_key(key: &str, above: Field) -> Option<Hint> {
    let key = key.trim();
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    if digits >= 5 {
        return numbered(key, digits);
    }
    if key.contains('@') && shape::is_email(key) {
        return Some(Hint::Whole(Label::Email));
    }
    if digits >= 3 && shape::is_date(key, false) && is_whole_date(key) {
        return Some(Hint::Whole(Label::Date));
    }
    let several = key.contains([' ', ',']);
    let person = matches!(above.kind, Kind::Person | Kind::NamePart | Kind::Contact | Kind::PlainName);
    let capital = key.starts_with(|c: char| c.is_uppercase());
    if digits > 0
        || !(several || person && capital)
        || key.contains(['_', ':', '<', '{'])
        || Field::of(&[key]).is_known()
    {
        return None;
    }
    if person && several && capital && shape::is_person(key) && key.split_whitespace().count() <= 5 {
        return Some(Hint::Whole(Label::Name));
    }
    Some(Hint::Text)
}

fn numbered(key: &str, digits: usize) -> Option<Hint> {
    let bytes = key.as_bytes();
    let hint = match () {
        () if shape::is_uuid(key) => Hint::Whole(Label::OtherId),
        () if is_whole_date(key) => Hint::Whole(Label::Date),
        () if shape::is_email(key) => Hint::Whole(Label::Email),
        () if shape::is_ip(key) => Hint::Whole(Label::Ip),
        () if shape::is_url(key) => Hint::Whole(Label::Url),
        () if is_code(bytes) => return None,
        () if digits == bytes.len() && digits < 6 => return None,
        () if digits >= 10 && shape::is_phone(key) => Hint::Whole(Label::Phone),
        () if shape::is_plain_number(key) => Hint::Whole(Label::OtherId),
        () => Hint::Text,
    };
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_data_are_told_from_names_of_fields() {
        use Label::*;
        for (above, key, hint) in [
            ("contacts", "Ingrid Lindqvist", Some(Hint::Whole(Name))),
            ("patients", "Whitlock, Tempe", Some(Hint::Whole(Name))),
            ("contacts", "Ingrid", Some(Hint::Text)),
            ("scores", "Ingrid Lindqvist", Some(Hint::Text)),
            ("by_date", "2024-06-22", Some(Hint::Whole(Date))),
            ("by_date", "20240622", Some(Hint::Whole(OtherId))),
            ("visits", "06/22/2024", Some(Hint::Whole(Date))),
            ("visits", "2024-06-22T08:00:00Z", Some(Hint::Whole(Date))),
            ("by_mrn", "00482913", Some(Hint::Whole(OtherId))),
            ("claims", "CLM6677391029", Some(Hint::Whole(OtherId))),
            ("logins", "a.b@x.example", Some(Hint::Whole(Email))),
            ("calls", "360-555-0142", Some(Hint::Whole(Phone))),
            ("", "6fda6f48-c0a1-43f5-b9c6-0389ba9819df", Some(Hint::Whole(OtherId))),
            ("", "patient_name", None),
            ("", "note", None),
            ("", "Patient Name", None),
            ("", "Date of Birth", None),
            ("", "Home Phone", None),
            ("contacts", "home", None),
            ("contacts", "Phone", None),
            ("contacts", "emergencyContact", None),
            ("", "resourceType", None),
            ("counts", "2160-0", None),
            ("counts", "99213", None),
            ("by_year", "2024", None),
            ("", "line1", None),
            ("", "X12", None),
            ("", "", None),
        ] {
            assert_eq!(data_key(key, Field::of(&[above])), hint, "{above}/{key}");
        }
    }
}
