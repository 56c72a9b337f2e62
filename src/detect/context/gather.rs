//! What the fields of one record say, as far as its texts can say it again.

use super::facts::Facts;
use super::number;
use crate::detect::{Input, hash};
use crate::identifier::{Hint, Label};

/// The facts of one record: those of whom it is about, which are the same in the records beside it, and its numbers.
#[derive(Default)]
pub(in crate::detect) struct Gather {
    /// Names, addresses, organisations.
    pub(in crate::detect) people: Facts,
    /// Dates, telephone numbers, ids.
    pub(in crate::detect) numbers: Facts,
}

/// Digits that a text must hold for a number other than a date to be in it: what is looked for has three at least, see
/// `number`.
const LEAST_DIGITS: usize = 3;
/// Places of a table in which facts met before are marked. One that is marked over is taken twice, which does no harm.
const SEEN: usize = 64;

impl Gather {
    /// Takes in the fields of a record. Numbers are left out when no text has the digits that it takes to write them.
    pub(in crate::detect) fn fill(&mut self, inputs: &[Input<'_>]) {
        self.people.clear();
        self.numbers.clear();
        let texts = inputs.iter().filter(|input| input.hint == Hint::Text);
        let digits = texts.map(|input| input.text.bytes().filter(u8::is_ascii_digit).take(LEAST_DIGITS).count()).max();
        let digits = digits.unwrap_or(0);
        let mut seen = [0; SEEN];
        for input in inputs {
            let Hint::Whole(label) = input.hint else { continue };
            let is_number = number::is_number(label);
            let least = if label == Label::Date { 1 } else { LEAST_DIGITS };
            if is_number && digits < least && input.text.bytes().any(|b| b.is_ascii_digit()) {
                continue;
            }
            let fact = hash(input.text.as_bytes()) ^ u64::from(label as u8) << 8 ^ u64::from(input.part as u8);
            let place = seen.get_mut(fact as usize % SEEN);
            if place.is_none_or(|place| std::mem::replace(place, fact) == fact) {
                continue;
            }
            let facts = if is_number { &mut self.numbers } else { &mut self.people };
            facts.push(label, input.part, input.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Part;

    #[test]
    fn numbers_are_taken_where_a_text_can_hold_them() {
        let whole = |label, text| Input { text, hint: Hint::Whole(label), part: Part::Unknown };
        let fields = [
            whole(Label::Name, "Okafor, Ada"),
            whole(Label::Mrn, "00482913"),
            whole(Label::Mrn, "ADA-OK"),
            whole(Label::Date, "2024-03-14"),
            whole(Label::Date, "2024-03-14"),
            whole(Label::City, "Gorst"),
        ];
        for (texts, people, numbers) in [
            (&["seen in clinic, doing well"][..], 2, 1),
            (&["type 2 diabetes mellitus"], 2, 2),
            (&["seen", "MRN 482-913"], 2, 3),
            (&["seen 1", "of 2"], 2, 2),
            (&[], 2, 1),
        ] {
            let inputs: Vec<Input<'_>> =
                fields.iter().copied().chain(texts.iter().map(|text| Input::new(text, Hint::Text))).collect();
            let mut gather = Gather::default();
            gather.fill(&inputs);
            assert_eq!((gather.people.iter().count(), gather.numbers.iter().count()), (people, numbers), "{texts:?}");
        }
    }
}
