//! The first three digits of a ZIP code, where the law lets them stand.

use super::geography::Zip3Table;

/// Appends what may stand of a ZIP code: its first three digits where the [table](Zip3Table) has more than 20,000 people
/// for them, `000` otherwise and for prefixes that the table does not have. Source: 45 CFR 164.514(b)(2)(i)(B).
///
/// Takes `60614`, `60614-1234`, `60614 1234` and `606141234`. Returns false, and appends nothing, for anything else:
/// postal codes with letters, other lengths. A code of five digits of another country cannot be told from a ZIP code.
pub(crate) fn zip3(value: &str, out: &mut String) -> bool {
    let value = value.trim();
    let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    let Some((zip, rest)) = value.split_at_checked(5) else { return false };
    let plus4 = rest.strip_prefix(['-', ' ', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}']).unwrap_or(rest);
    if !digits(zip, 5) || !(rest.is_empty() || digits(plus4, 4)) {
        return false;
    }
    let Some(prefix) = zip.get(..3) else { return false };
    out.push_str(if Zip3Table::embedded().may_stand(prefix) { prefix } else { "000" });
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn cut(value: &str) -> Option<String> {
        let mut out = String::from("|");
        let done = zip3(value, &mut out);
        assert!(done || out == "|", "{value}: appended and refused");
        done.then(|| out.split_off(1))
    }

    #[test]
    fn prefixes_of_large_areas_stay() {
        for (value, want) in [
            ("60614", "606"),
            ("60614-1234", "606"),
            ("606141234", "606"),
            ("60614 1234", "606"),
            ("60614\u{2013}1234", "606"),
            (" 60614 ", "606"),
            ("07030", "070"),
            ("00901", "009"),
            ("57601", "576"),
            ("99901", "999"),
        ] {
            assert_eq!(cut(value).as_deref(), Some(want), "{value}");
        }
    }

    #[test]
    fn prefixes_of_small_and_unknown_areas_do_not() {
        for value in [
            "03601",
            "05901-1234",
            "06390",
            "10270",
            "20201",
            "20301",
            "20401",
            "20501",
            "36901",
            "55601",
            "69201",
            "75301",
            "77201",
            "79001",
            "82101",
            "82301",
            "83001",
            "83101",
            "87801",
            "87901",
            "88401",
            "89001",
            "89301",
            // The Virgin Islands, Guam and the other islands; armed forces; not in use.
            "00801",
            "96910",
            "09012",
            "34002",
            "96201",
            "00000",
            "00401",
            "99999-9999",
        ] {
            let want = if value.starts_with("999") { "999" } else { "000" };
            assert_eq!(cut(value).as_deref(), Some(want), "{value}");
        }
    }

    #[test]
    fn what_is_no_zip_code_is_refused() {
        for value in [
            "",
            "606",
            "6061",
            "7030",
            "606145",
            "6061412345",
            "60614-",
            "60614-12",
            "60614-12345",
            "60614--1234",
            "60614-1234-",
            "K1A 0B1",
            "SW1A 1AA",
            "IL 60614",
            "6O614",
            "６０６１４",
            "60614.0",
            "+60614",
            "6061é",
            "60614\u{301}",
            "606 14",
            "60614 60615",
            "60614\n\n1234",
        ] {
            assert_eq!(cut(value), None, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn at_most_three_digits_come_out(value in "\\PC*|[0-9]{3,11}|[0-9]{5}[- ]?[0-9]{0,5}") {
            if let Some(out) = cut(&value) {
                proptest::prop_assert!(out == "000" || value.trim().starts_with(&out));
                proptest::prop_assert_eq!(out.len(), 3);
            }
        }
    }
}
