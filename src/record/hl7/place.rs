//! Names of fields, `PID-5.1`, and which of them are wanted.

use std::collections::HashMap;

use crate::record::Select;
use crate::record::field::Field;
use crate::record::select::Wanted;

/// Which fields are wanted, remembered by their numbers.
pub(super) struct Fields {
    select: Select,
    known: HashMap<u32, Wanted>,
    /// What is wanted of every field, when nothing tells them apart.
    all: Option<Wanted>,
    /// What names mean that values say of themselves.
    named: HashMap<String, Field>,
}

impl Fields {
    pub(super) fn new(select: Select) -> Self {
        let all = select.is_uniform().then(|| select.root().wanted);
        Self { select, known: HashMap::new(), all, named: HashMap::new() }
    }

    /// Whether a field was named that says whose record it is.
    pub(super) fn names_patient(&self) -> bool {
        self.select.has_patient()
    }

    /// What a name in front of a value says of it.
    pub(super) fn named(&mut self, name: &str) -> Field {
        if let Some(field) = self.named.get(name) {
            return *field;
        }
        let field = Field::of(&[name]);
        if self.named.len() < MAX_NAMED {
            self.named.insert(name.to_owned(), field);
        }
        field
    }

    /// What is asked of the field of that [`number`].
    pub(super) fn wanted(&mut self, field: u32) -> Wanted {
        if let Some(wanted) = self.all {
            return wanted;
        }
        let select = &self.select;
        *self.known.entry(field).or_insert_with(|| {
            // `PID`, `PID-5`, `PID-5.1`, and the same as steps of a path.
            let full = name(field);
            let (segment, rest) = full.split_once('-').unwrap_or((&full, ""));
            let (number, component) = rest.split_once('.').unwrap_or((rest, ""));
            let whole = full.split_once('.').map_or(full.as_str(), |(field, _)| field);
            let place = select.member(&select.root(), segment);
            let place = select.called(&place, &[number, whole]);
            select.called(&place, &[component, &full]).wanted
        })
    }
}

/// Names that are remembered: any text before a colon may be one.
const MAX_NAMED: usize = 1024;

/// The number of a component: its segment's [`base`], field and component in one.
pub(super) fn number(base: u32, field: usize, component: usize) -> u32 {
    let small = |number: usize| number.min(255) as u32;
    base | small(field) << 8 | small(component)
}

/// What the numbers of a segment's components begin with.
pub(super) fn base(segment: [u8; 3]) -> u32 {
    let digit = |byte: u8| char::from(byte).to_digit(36).unwrap_or(35);
    segment.iter().fold(0, |number, byte| number * 36 + digit(*byte)) << 16
}

/// The name of the component of that [`number`].
pub(super) fn name(number: u32) -> String {
    let digit = |value: u32| char::from_digit(value % 36, 36).unwrap_or('?').to_ascii_uppercase();
    let segment = number >> 16;
    let name: String = [segment / 1296, segment / 36, segment].map(digit).iter().collect();
    format!("{name}-{}.{}", number >> 8 & 255, number & 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_names() {
        for (segment, field, component, want) in
            [(b"PID", 5, 1, "PID-5.1"), (b"IN1", 36, 12, "IN1-36.12"), (b"ZZ9", 300, 1, "ZZ9-255.1")]
        {
            assert_eq!(name(number(base(*segment), field, component)), want);
        }
    }

    #[test]
    fn patterns_name_segments_fields_and_components() {
        let (first, second, other) =
            (number(base(*b"PID"), 5, 1), number(base(*b"PID"), 5, 2), number(base(*b"PID"), 51, 1));
        for (pattern, want) in [
            ("PID", [true, true, true]),
            ("PID-5", [true, true, false]),
            ("pid-5", [true, true, false]),
            ("PID-5.1", [true, false, false]),
            ("/PID/5", [true, true, false]),
            ("/PID/5/1", [true, false, false]),
            ("/PID/*/1", [true, false, true]),
            ("OBX", [false, false, false]),
            ("5", [true, true, false]),
        ] {
            let mut fields = Fields::new(Select::all().fields(&[pattern.into()]));
            assert_eq!([first, second, other].map(|field| fields.wanted(field).search), want, "{pattern}");
            let mut fields = Fields::new(Select::all().skip(&[pattern.into()]));
            assert_eq!([first, second, other].map(|field| !fields.wanted(field).search), want, "{pattern}");
            let mut fields = Fields::new(Select::all().rules(&[pattern.into()]));
            assert_eq!([first, second, other].map(|field| fields.wanted(field).rule.is_some()), want, "{pattern}");
        }
        let mut fields = Fields::new(Select::all().patient(Some("PID-2")));
        assert!(fields.wanted(number(base(*b"PID"), 2, 1)).patient && !fields.wanted(first).patient);
    }
}
