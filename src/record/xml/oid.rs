//! Roots of instance identifiers that say what they number.
//!
//! Source: the HL7 OID registry and the tables of C-CDA 2.1 and US Core.

use crate::identifier::Label;

/// What numbers under that root are; `None` for one that says nothing.
pub(super) fn label(root: &str) -> Option<Label> {
    let exact = ROOTS.iter().find(|(known, _)| *known == root).map(|(_, label)| *label);
    exact.or_else(|| {
        let below = |(known, _): &&(&str, Label)| root.strip_prefix(*known).is_some_and(|rest| rest.starts_with('.'));
        BRANCHES.iter().find(below).map(|(_, label)| *label)
    })
}

/// Whether it is an object identifier: numbers with points between them.
pub(super) fn is_oid(root: &str) -> bool {
    root.len() <= 128
        && root.contains('.')
        && root.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether it is a UUID, as its 36 characters are written (RFC 9562).
pub(super) fn is_uuid(root: &str) -> bool {
    let root = root.trim();
    root.len() == 36
        && root.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

const ROOTS: &[(&str, Label)] = &[
    // United States: SSN, NPI, CLIA, UPIN, DEA, EIN.
    ("2.16.840.1.113883.4.1", Label::Ssn),
    ("2.16.840.1.113883.4.6", Label::License),
    ("2.16.840.1.113883.4.7", Label::License),
    ("2.16.840.1.113883.4.8", Label::License),
    ("2.16.840.1.113883.4.814", Label::License),
    ("2.16.840.1.113883.4.4", Label::OtherId),
    // Medicare: health insurance claim number, beneficiary identifier; provider number.
    ("2.16.840.1.113883.4.572", Label::HealthPlan),
    ("2.16.840.1.113883.4.927", Label::HealthPlan),
    ("2.16.840.1.113883.4.336", Label::License),
    // Devices: FDA UDI, GS1, HIBCC, ICCBBA.
    ("2.16.840.1.113883.3.3719", Label::Device),
    ("1.3.160", Label::Device),
    ("1.0.15961.10.816", Label::Device),
    ("2.16.840.1.113883.6.18", Label::Device),
    ("2.16.840.1.113883.6.40", Label::Device),
];

const BRANCHES: &[(&str, Label)] = &[
    // Driver's licences of the states; passports of the world.
    ("2.16.840.1.113883.4.3", Label::License),
    ("2.16.840.1.113883.4.330", Label::OtherId),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_say_what_they_number() {
        for (root, want) in [
            ("2.16.840.1.113883.4.1", Some(Label::Ssn)),
            ("2.16.840.1.113883.4.6", Some(Label::License)),
            ("2.16.840.1.113883.4.3.53", Some(Label::License)),
            ("2.16.840.1.113883.4.3", None),
            ("2.16.840.1.113883.4.33", None),
            ("2.16.840.1.113883.4.11", None),
            ("", None),
        ] {
            assert_eq!(label(root), want, "{root}");
        }
    }

    #[test]
    fn shapes_of_roots() {
        for (root, oid, uuid) in [
            ("2.16.840", true, false),
            ("2", false, false),
            ("2..1", false, false),
            ("360-555-0100", false, false),
            ("3f8e2b6a-0d3c-4c57-9d59-1b0b7c4a2e11", false, true),
            ("3F8E2B6A-0D3C-4C57-9D59-1B0B7C4A2E11", false, true),
            ("3f8e2b6a-0d3c-4c57-9d59-1b0b7c4a2eXX", false, false),
        ] {
            assert_eq!((is_oid(root), is_uuid(root)), (oid, uuid), "{root}");
        }
    }
}
