//! Places on a board or hand-over list: lines that begin with where a patient lies, `HDU2 Small`, `bd 4 mr Gba`, `Resus 1: Gore`.

use super::View;
use crate::detect::shape::Shape;
use crate::detect::token::{Gap, Kind};

impl View<'_> {
    /// Whether code `i` is the place with which its line begins: a number behind the word for a kind of place, or both in one.
    /// One such line is none of a list; see [`LISTED`].
    pub(super) fn place(&self, i: usize) -> bool {
        let Some(token) = self.token(i) else { return false };
        let glued = token.starts_line();
        if glued {
            let code = self.str(i);
            let letters = code.bytes().take_while(u8::is_ascii_alphabetic).count();
            let number = code[letters..].strip_prefix('-').unwrap_or(&code[letters..]);
            return letters > 1
                && is_place(&code[..letters])
                && (1..=3).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_digit());
        }
        let Some(before) = i.checked_sub(1).and_then(|before| self.token(before)) else { return false };
        before.starts_line()
            && before.kind == Kind::Word
            && self.near(i)
            && is_place(self.str(i - 1))
            && matches!(self.shape_of(i), Shape::Int1 | Shape::Int2 | Shape::Int3 | Shape::IntZero | Shape::Mixed3)
            && !self.entry(i + 1).is_unit()
            && !self.any(i + 1, &["of", "x", "times", "beds", "patients", "pts", "/", "%"])
            && !self.token(i + 1).is_some_and(|t| t.gap == Gap::None && t.of(self.text) == "-")
    }
}

/// How many lines must begin with a place before they are a list.
pub(super) const LISTED: usize = 2;

fn is_place(word: &str) -> bool {
    word.len() <= 8 && PLACES.iter().any(|place| word.eq_ignore_ascii_case(place))
}

/// What a place on a board is called, from lists in use.
const PLACES: [&str; 34] = [
    "bd", "bed", "rm", "room", "ch", "chair", "bay", "pod", "cub", "cubicle", "trolley", "sr", "sideroom", "hdu",
    "icu", "itu", "sicu", "micu", "cticu", "ccu", "cvicu", "nicu", "picu", "scbu", "resus", "maj", "majors", "minors",
    "acute", "ed", "er", "ft", "ldr", "stn",
];

#[cfg(test)]
mod tests {
    use super::super::tests::sure;

    #[test]
    fn lines_that_begin_with_a_place_are_a_list() {
        let text =
            "h/o 12/3\nbd 1 pike 71m d2 r hemi\nbd 4 mr gba\nHDU2 McVeigh lysis\nCCU-3  BANNERMAN swap\nResus 1 - Gore";
        let places: Vec<_> = sure(text).into_iter().filter(|(_, label)| *label == "OTHER_ID").collect();
        let want = ["1", "4", "HDU2", "CCU-3", "1"].map(|place| (place.to_owned(), "OTHER_ID"));
        assert_eq!(places, want);
    }

    #[test]
    fn one_line_or_other_words_are_none() {
        for text in [
            "Acute 2 day history",
            "ICU 3 days, then\nICU 4 hours",
            "T2 bright\nT1 dark\nL4 normal\nC3 normal",
            "CD4 410\nCD8 388",
            "ED 2 of 3\nED 3 of 3",
            "ER positive\nER 90 %\nER 80 %",
            "Day 1 well\nDay 2 well\nGrade 3 tear\nGrade 2 tear",
        ] {
            assert!(sure(text).iter().all(|(_, label)| *label != "OTHER_ID"), "{text}: {:?}", sure(text));
        }
    }
}
