//! Who dictated and who typed: `SW/dlr` and `JHK:bb`, alone on a line or before the dates of dictation.

use memchr::memchr2_iter;

use super::{Marks, View};
use crate::detect::token::{Gap, Kind};
use crate::finding::Source;
use crate::identifier::Label;

impl View<'_> {
    /// Looks only where a slash or colon joins capitals to small letters.
    pub(super) fn typed(&self, marks: &mut Marks) {
        let bytes = self.text.as_bytes();
        for at in memchr2_iter(b'/', b':', bytes) {
            let (before, behind) = bytes.split_at_checked(at).unwrap_or_default();
            let capitals = before.iter().rev().take_while(|b| b.is_ascii_uppercase()).count();
            let small = behind.iter().skip(1).take_while(|b| b.is_ascii_lowercase()).count();
            if !INITIALS.contains(&capitals) || !INITIALS.contains(&small) {
                continue;
            }
            let i = self.at(at);
            let Some(first) = i.checked_sub(1).filter(|_| self.token(i).is_some_and(|t| t.start as usize == at)) else {
                continue;
            };
            let whole =
                self.token(first).is_some_and(|t| t.starts_line() && t.kind == Kind::Word && t.len() == capitals)
                    && self.token(i + 1).is_some_and(|t| t.kind == Kind::Word && t.len() == small);
            if whole && self.glued(i) && self.glued(i + 1) && self.dictated(i + 2) {
                marks.push((first, first, Label::Name, Source::Cue));
                marks.push((i + 1, i + 1, Label::Name, Source::Cue));
            }
        }
    }

    /// Whether the line ends before token `i`, or goes on with when it was dictated or typed: `D: 01/09/24`, `dd 3/4`.
    fn dictated(&self, i: usize) -> bool {
        let Some(token) = self.token(i).filter(|t| t.gap < Gap::Line) else { return true };
        token.gap > Gap::None && self.any(i, &["d", "t", "dd", "dt", "job", "doc", "enc", "encl", "cc"])
    }
}

/// Letters that a person signs with.
const INITIALS: std::ops::RangeInclusive<usize> = 2..=4;

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn a_line_of_two_initials_is_who_dictated_and_who_typed() {
        for (text, want) in [
            ("seen again in May.\nSW/dlr  T: 01/09/24", ["SW", "dlr"]),
            ("RJM/klw\n\nPage 1", ["RJM", "klw"]),
            ("JHK:bb", ["JHK", "bb"]),
            ("end.\nOT:cd  D: 3/4  T: 3/5", ["OT", "cd"]),
        ] {
            assert_eq!(names(text), want, "{text}");
        }
    }

    #[test]
    fn other_pairs_are_left_alone() {
        for text in
            ["BP/hr stable", "N/v\nabd", "given PO/iv", "PT/ot to see", "K:low", "HR:tachy rhythm", "SOB/cp: denies"]
        {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }
}
