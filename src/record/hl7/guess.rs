//! Takes a repetition of a field that no table knows for the data type that it looks like.

use super::kind::Kind;
use super::value::{Around, digits, is_name_like, is_system};
use super::words::{self, is_one_of};
use crate::identifier::Label;

/// The data type of that repetition, when its parts are where only that type has them.
pub(super) fn of(around: Around<'_>) -> Option<Kind> {
    let part = |number| around.part(number);
    let (first, second, third) = (part(1), part(2), part(3));
    if around.is_single() {
        return None;
    }
    if !first.is_empty() && (is_system(third) || is_system(part(6))) {
        return Some(Kind::Ce);
    }
    if is_one_of(second, words::TELECOM_USES) || second.is_empty() && is_one_of(third, words::TELECOM_EQUIPMENT) {
        return Some(Kind::Xtn);
    }
    if digits(first) > 0 && words::label_of_id(part(5)).is_some() {
        return Some(Kind::Cx(Label::OtherId));
    }
    if is_one_of(part(4), words::STATES) && digits(part(5)) >= 5 {
        return Some(Kind::Xad);
    }
    // Further names, and their initials.
    let named = |number| part(number).len() <= 2 && digits(part(number)) == 0 || is_name_like(part(number));
    if digits(first) >= 3 && !first.contains(&b' ') && is_name_like(second) && is_name_like(third) && named(4) {
        return Some(Kind::Xcn);
    }
    let titled = is_one_of(part(5), words::PREFIXES)
        || is_one_of(part(6), words::DEGREES)
        || is_one_of(part(7), words::NAME_TYPES);
    (is_name_like(first) && is_name_like(second) && named(3) && titled).then_some(Kind::Xpn)
}

/// A value that says its own name, as in `DOB=19580314`: the name, and where the value begins.
pub(super) fn named(value: &[u8]) -> Option<(&str, usize)> {
    let at = value.iter().take(25).position(|byte| matches!(byte, b':' | b'='))?;
    let name = value.get(..at)?;
    let letters = name.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'_' | b'-'));
    let after = value.get(at + 1..)?;
    let space = after.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let plain = at >= 2 && letters && !after.starts_with(b"//") && space < after.len();
    std::str::from_utf8(name).ok().filter(|_| plain).map(|name| (name, at + 1 + space))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_types_are_told_by_their_parts() {
        for (rep, want) in [
            ("1731199935^Halloran^Ines^^^^MD^^NPI", Some(Kind::Xcn)),
            ("u558^S\u{f8}rlie^Margit", Some(Kind::Xcn)),
            ("Okonjo-Reyes^Thaddeus^M.^^Mr.", Some(Kind::Xpn)),
            ("Foley^Winifred^^^^^L", Some(Kind::Xpn)),
            ("00482913^^^HPMC^MR", Some(Kind::Cx(Label::OtherId))),
            ("418 Kelp Street^Apt 2^Bremerton^WA^98312", Some(Kind::Xad)),
            ("360-555-0142^PRN^PH", Some(Kind::Xtn)),
            ("^^PH^^1^360^5550142", Some(Kind::Xtn)),
            ("I50.9^Heart failure^I10", Some(Kind::Ce)),
            // May be a name, may be a code with its text: searched as text.
            ("Okonjo-Reyes^Thaddeus", None),
            ("Y^Yes", None),
            ("70618^Penicillin", None),
            ("Gorst Marine Salvage", None),
        ] {
            assert_eq!(of(Around { bytes: rep.as_bytes(), separator: b'^', label: Label::OtherId }), want, "{rep}");
        }
    }

    #[test]
    fn values_may_say_their_name() {
        for (value, want) in [
            ("PREF:Tad", Some(("PREF", "Tad"))),
            ("DOB = 19580314", Some(("DOB ", "19580314"))),
            ("http://a.example", None),
            ("10:30", None),
            ("a:b", None),
            ("name:", None),
            ("a sentence that goes on and on: then", None),
        ] {
            assert_eq!(named(value.as_bytes()).map(|(name, at)| (name, &value[at..])), want, "{value}");
        }
    }
}
