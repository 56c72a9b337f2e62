//! People by surname alone: behind what one does with them, `recheck with Weir 2/21`, and behind a title, `Dr. He`.

use memchr::memmem;

use super::{Marks, View};
use crate::detect::dictionary::Entry;
use crate::detect::token::{Case, Kind};
use crate::finding::Source;
use crate::identifier::Label;

impl View<'_> {
    /// The word with a capital behind `Dr.` or `Mrs.` at token `i`, whatever else it means: `Dr. He in neurology`, `Mr. Long's
    /// words`. In capitals only behind a full stop, and no word that is in every text: `DR. FINE`, not `DR. TO CALL`.
    pub(super) fn titled(&self, i: usize, marks: &mut Marks) {
        if !self.any(i, &["dr", "mr", "mrs", "ms"]) {
            return;
        }
        let stop = self.str(i + 1) == "." && self.near(i + 1);
        let name = if stop { i + 2 } else { i + 1 };
        let (Some(title), Some(word)) = (self.token(i), self.token(name).filter(|_| self.near(name))) else { return };
        let cases = match (title.case, word.case) {
            (Case::Title, Case::Title | Case::Mixed) => true,
            (Case::Upper, Case::Upper) => stop && !self.is(i, "ms") && self.entry(name).lower() < EVERYWHERE,
            _ => false,
        };
        // `2088 Mulholland Dr. Encino`
        let street = self.is(i, "dr")
            && (i.saturating_sub(4)..i)
                .rev()
                .take_while(|k| self.near(k + 1))
                .any(|k| k + 1 < i && self.token(k).is_some_and(|token| token.kind == Kind::Code));
        let none =
            self.entry(name).any(Entry::TITLE.or(Entry::CREDENTIAL).or(Entry::WEEKDAY)) || self.any(name, &NOBODY);
        // `Dr. Angela O'Brien` is the evidence's: a part of a name that is sure would be all of it.
        let more = self
            .token(name + 1)
            .is_some_and(|next| self.near(name + 1) && next.kind == Kind::Word && next.case != Case::Lower);
        if word.kind == Kind::Word && word.len() > 1 && cases && !street && !none && !more {
            marks.push((name, name, Label::Name, Source::Cue));
        }
    }

    /// The police or fire department in front of who is sent by it: `BSPD ofc Renner`.
    pub(super) fn department(&self, marks: &mut Marks) {
        for at in memmem::find_iter(self.text.as_bytes(), b"PD ") {
            let Some(i) = self.at(at + 2).checked_sub(1) else { continue };
            let token = self.token(i).filter(|token| token.kind == Kind::Word && token.case == Case::Upper);
            if token.is_some_and(|token| (3..7).contains(&token.len()))
                && self.near(i + 1)
                && self.any(i + 1, &OFFICERS)
            {
                marks.push((i, i, Label::Employer, Source::Cue));
            }
        }
    }

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

/// Whom a police department sends.
const OFFICERS: [&str; 13] = [
    "ofc",
    "ofcr",
    "officer",
    "officers",
    "off",
    "det",
    "detective",
    "detectives",
    "sgt",
    "sergeant",
    "deputy",
    "cpl",
    "lt",
];
/// A word in capitals this common is no surname behind a title: some thousand in a million words.
const EVERYWHERE: u8 = 13;
/// What may stand behind a title with a capital and is nobody.
const NOBODY: [&str; 21] = [
    "st",
    "office",
    "appointment",
    "appt",
    "visit",
    "note",
    "notes",
    "orders",
    "signature",
    "name",
    "phone",
    "aware",
    "called",
    "notified",
    "paged",
    "informed",
    "states",
    "says",
    "did",
    "does",
    "ordered",
];
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
    use super::super::tests::names;

    #[test]
    fn whoever_has_a_title_is_a_name() {
        for (text, want) in [
            ("See Dr. He in neurology; he will decide", "He"),
            ("in Mr. Long's words, the worst day", "Long"),
            ("told Mrs Dear about it", "Dear"),
            ("FOLLOW UP: DR. FINE 1 WEEK.", "FINE"),
        ] {
            assert_eq!(names(text), [want], "{text}");
        }
        for text in [
            "2088 Mulholland Dr. Encino, call before",
            "DR. TO CALL BACK. DR. NOTIFIED. MS CONTIN 15 MG",
            "Dr. Office closed, dr may call",
            "Seen by Dr. Angela O'Brien for chest pain",
            "DR WILL CALL",
            "Dr.\nShe slept well",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
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
