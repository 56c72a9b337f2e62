//! Names that a document gives to places in itself, for its own references: `ID="med1"`, `href="#med1"`.
//!
//! They are made of words for what stands there, of counts, or at random, and sometimes of who it is about. What is not
//! surely one of the first two goes, all over the export alike, so that references still meet what they refer to.

/// What an attribute's value is as the name of a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Anchor {
    /// It is none.
    None,
    /// It is made of words and counts.
    Plain,
    /// It may say more; the name begins at that byte.
    Other(usize),
}

/// Whether the value of an attribute of that name is one name of a place, or a reference to one.
pub(crate) fn anchor(attribute: &[u8], value: &[u8]) -> Anchor {
    let named = NAMES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(attribute));
    let start = usize::from(value.first() == Some(&b'#'));
    let name = value.get(start..).unwrap_or_default();
    let whole = name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !named && start == 0 || !whole || name.is_empty() || name.len() > LONGEST {
        return Anchor::None;
    }
    if is_plain(name) { Anchor::Plain } else { Anchor::Other(start) }
}

/// Whether a name is made of the words below and of counts: no number is as long as those of persons are.
pub(super) fn is_plain(name: &[u8]) -> bool {
    let digits = name.iter().filter(|b| b.is_ascii_digit()).count();
    let longest = name.split(|b| !b.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or(0);
    digits <= 6 && longest <= 4 && name.split(|b| !b.is_ascii_alphabetic()).all(is_words)
}

/// Letters that are words one after the other: `PastMedicalHistory`, `pastmedicalhistory`.
fn is_words(letters: &[u8]) -> bool {
    if letters.len() <= 2 {
        return true;
    }
    let letters = letters.to_ascii_lowercase();
    // Up to which letters it can be cut into words.
    let mut cut = vec![false; letters.len() + 1];
    if let Some(first) = cut.first_mut() {
        *first = true;
    }
    for start in 0..letters.len() {
        if cut.get(start) != Some(&true) {
            continue;
        }
        for word in WORDS {
            let rest = letters.get(start..).unwrap_or_default();
            if let Some(after) = rest.strip_prefix(word.as_bytes()) {
                let plural = usize::from(after.first() == Some(&b's'));
                for end in [word.len(), word.len() + plural] {
                    if let Some(place) = cut.get_mut(start + end) {
                        *place = true;
                    }
                }
            }
        }
    }
    cut.last() == Some(&true)
}

/// Attributes that name a place or refer to one.
const NAMES: &[&str] = &[
    "aria-controls",
    "aria-describedby",
    "aria-labelledby",
    "for",
    "headers",
    "id",
    "referencedobject",
    "usemap",
    "xml:id",
];

/// Bytes above which a name is none.
const LONGEST: usize = 128;

/// Words that places are called by. None of three letters or more that is also a name of persons.
#[rustfmt::skip] // A table.
const WORDS: &[&str] = &[
    "activity", "address", "admission", "advance", "adverse", "allergen", "allergies", "allergy", "appointment",
    "assessment", "body", "care", "cell", "chief", "col", "column", "comment", "complaint", "condition", "content",
    "course", "date", "desc", "description", "device", "diagnoses", "diagnosis", "diet", "directive", "discharge",
    "document", "dose", "effective", "encounter", "end", "entry", "equipment", "event", "exam", "family", "finding",
    "footer", "footnote", "functional", "goal", "head", "header", "health", "history", "hospital", "id", "image",
    "immun", "immunization", "implant", "indication", "info", "instruction", "intervention", "item", "lab", "label",
    "line", "link", "list", "main", "measure", "med", "medical", "medication", "mental", "name", "narr", "narrative",
    "note", "obs", "observation", "order", "organizer", "outcome", "par", "para", "paragraph", "part", "past",
    "patient", "payer", "physical", "plan", "prob", "problem", "proc", "procedure", "provider", "quantity",
    "reaction", "reason", "ref", "reference", "referral", "result", "review", "risk", "row", "sec", "sect", "section",
    "sev", "severity", "sig", "social", "start", "status", "sub", "substance", "summary", "surgical", "system", "table",
    "test", "text", "title", "top", "treatment", "type", "unit", "value", "visit", "vital", "vit", "of", "to", "and",
    "in", "on", "for", "no", "st",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_places_are_told_from_names_of_persons() {
        for (attribute, value, want) in [
            ("ID", "med1", Anchor::Plain),
            ("id", "p12", Anchor::Plain),
            ("ID", "PastMedicalHistory.32", Anchor::Plain),
            ("ID", "result18name", Anchor::Plain),
            ("value", "#ref_g1_57_7_1", Anchor::Plain),
            ("href", "#allergies", Anchor::Plain),
            ("headers", "h1", Anchor::Plain),
            ("ID", "Foley1", Anchor::Other(0)),
            ("href", "#note-of-foley", Anchor::Other(1)),
            ("ID", "med00482913", Anchor::Other(0)),
            ("ID", "p531-88-2047", Anchor::Other(0)),
            ("ID", "note2024-05-03", Anchor::Other(0)),
            ("ID", "_9c4d6f7a-1b2c-4d5e-8f90-1234567890ab", Anchor::Other(0)),
            ("href", "foley.html", Anchor::None),
            ("title", "med1", Anchor::None),
            ("ID", "seen by Foley", Anchor::None),
            ("ID", "", Anchor::None),
            ("href", "#", Anchor::None),
            ("href", "#x?y", Anchor::None),
        ] {
            assert_eq!(anchor(attribute.as_bytes(), value.as_bytes()), want, "{attribute} {value}");
        }
    }
}
