//! Staff by surname alone, behind what one does with them: `recheck with Weir 2/21`.

use memchr::memmem;

use super::{Marks, View};
use crate::detect::token::{Case, Kind};
use crate::finding::Source;
use crate::identifier::Label;

impl View<'_> {
    /// A surname with a capital behind `with`, after a word for a visit, at the end of the phrase.
    pub(super) fn seen_with(&self, marks: &mut Marks) {
        for at in memmem::find_iter(self.text.as_bytes(), b" with ") {
            let i = self.sequence.tokens.partition_point(|token| (token.start as usize) < at + 1);
            let Some(before) = i.checked_sub(1) else { continue };
            let name = i + 1;
            let entry = self.entry(name);
            let surname = self.token(name).is_some_and(|token| {
                token.kind == Kind::Word && token.case == Case::Title && token.end - token.start > 2
            });
            let ends = self.token(name + 1).is_none_or(|token| token.kind != Kind::Word || !self.near(name + 1));
            if self.near(i)
                && self.near(name)
                && surname
                && ends
                && entry.last() > 2
                && !entry.is_month()
                && self.any(before, &VISITS)
            {
                marks.push((name, name, Label::Name, Source::Cue));
            }
        }
    }
}

/// What one has with a person, and not with a thing or a sickness.
const VISITS: [&str; 22] = [
    "recheck",
    "appt",
    "appts",
    "appointment",
    "appointments",
    "visit",
    "visits",
    "meeting",
    "session",
    "sessions",
    "consult",
    "consultation",
    "telehealth",
    "intake",
    "discussed",
    "reviewed",
    "spoke",
    "met",
    "confirmed",
    "staffed",
    "rounded",
    "huddle",
];

#[cfg(test)]
mod tests {
    use crate::detect::{Detector, Scratch};

    fn names(text: &str) -> Vec<String> {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let names = scratch.sure.iter().filter(|f| f.label.name() == "NAME");
        names.map(|f| f.span.of(text).to_owned()).collect()
    }

    #[test]
    fn whom_one_meets_is_a_name() {
        for (text, want) in [
            ("TcB 6.8; recheck with Weir 2/21.", "Weir"),
            ("appt with Castillo, then home", "Castillo"),
            ("Plan reviewed with Osgood.", "Osgood"),
        ] {
            assert_eq!(names(text), [want], "{text}");
        }
    }

    #[test]
    fn what_one_has_with_things_is_not() {
        for text in [
            "recheck with next visit",
            "visit with March labs",
            "drained with Foley 3/4",
            "treated with Lovenox daily",
            "appt with Larch Hill Clinic",
            "recheck with CBC 2/21",
            "discussed with him",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }
}
