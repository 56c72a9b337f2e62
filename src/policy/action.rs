//! What can be done with an identifier, how it is written in files, and for which labels it means something.

use std::fmt;

use crate::identifier::Label;

/// What stands in place of an identifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// It stays.
    Keep,
    /// Its label, `[NAME]`: nothing can be turned back.
    Redact,
    /// Its shape, with the last characters of it.
    Mask {
        /// How many letters and digits at its end stay. Invariant: at most [`Action::MAX_KEPT`].
        keep_last: u8,
    },
    /// A token, `[NAME:4F7K...]`, that can be turned back.
    Token(TokenKind),
    /// Of a date the year.
    Year,
    /// The date moved by as many weeks as all dates of the patient.
    Shift,
    /// `90+` for an age of 90 and more; an age below as it is.
    Age,
    /// The first three digits of a ZIP where more than 20,000 people live, `000` elsewhere.
    Zip3,
    /// The state that a city lies in; the label where it is not known.
    Generalise,
    /// A stand-in that looks like one.
    Surrogate,
}

/// What a token is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TokenKind {
    /// From the vault when the run has one, sealed otherwise.
    Either,
    /// A random code; the value is in the vault. What 45 CFR 164.514(c) allows.
    Vault,
    /// The value itself, encrypted: derived from it, so nothing that 45 CFR 164.514(c) allows.
    Sealed,
}

impl Action {
    /// Every action, `mask` with nothing kept.
    pub const ALL: [Action; 12] = [
        Action::Keep,
        Action::Redact,
        Action::Mask { keep_last: 0 },
        Action::Token(TokenKind::Either),
        Action::Token(TokenKind::Vault),
        Action::Token(TokenKind::Sealed),
        Action::Year,
        Action::Shift,
        Action::Age,
        Action::Zip3,
        Action::Generalise,
        Action::Surrogate,
    ];

    /// The most that a mask keeps. A social security number has nine digits.
    pub const MAX_KEPT: u8 = 8;

    /// The word in policy files, without the number of a mask; with it, see [`Display`](fmt::Display).
    pub fn name(self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Redact => "redact",
            Action::Mask { .. } => "mask",
            Action::Token(TokenKind::Either) => "token",
            Action::Token(TokenKind::Vault) => "vault-token",
            Action::Token(TokenKind::Sealed) => "sealed-token",
            Action::Year => "year",
            Action::Shift => "shift",
            Action::Age => "age",
            Action::Zip3 => "zip3",
            Action::Generalise => "generalise",
            Action::Surrogate => "surrogate",
        }
    }

    /// The action written so in policy files: a [name](Action::name), or `mask:N` with N up to [`Action::MAX_KEPT`].
    pub fn parse(text: &str) -> Option<Action> {
        match text.strip_prefix("mask:").map(str::as_bytes) {
            Some(&[digit @ b'0'..=b'9']) => {
                let keep_last = digit - b'0';
                (keep_last <= Action::MAX_KEPT).then_some(Action::Mask { keep_last })
            }
            Some(_) => None,
            None => Action::ALL.into_iter().find(|a| a.name() == text),
        }
    }

    /// Whether it means something for that label. A date has a year and a name has none.
    pub fn fits(self, label: Label) -> bool {
        match self {
            Action::Keep | Action::Redact | Action::Token(_) => true,
            Action::Mask { .. } => (Label::Phone..=Label::OtherId).contains(&label),
            Action::Year => label == Label::Date,
            Action::Shift => matches!(label, Label::Date | Label::Year),
            Action::Age => matches!(label, Label::Age90 | Label::Age),
            Action::Zip3 => label == Label::Zip,
            Action::Generalise => matches!(label, Label::City | Label::Street | Label::Facility),
            Action::Surrogate => label.is_identifier() && !matches!(label, Label::Date | Label::Age90),
        }
    }

    /// One line that says what it does.
    pub fn meaning(self) -> &'static str {
        match self {
            Action::Keep => "it stays",
            Action::Redact => "its label, [NAME]; nothing turns it back",
            Action::Mask { .. } => "its letters and digits hidden; mask:4 leaves the last four",
            Action::Token(TokenKind::Either) => "a vault token when the run has a vault, a sealed token otherwise",
            Action::Token(TokenKind::Vault) => "a random code; the vault keeps the value",
            Action::Token(TokenKind::Sealed) => "the value encrypted; the key turns it back",
            Action::Year => "the year of the date, nothing else of it",
            Action::Shift => "the date moved by whole weeks, all dates of a patient alike",
            Action::Age => "90+ for an age of 90 and more; below, the age",
            Action::Zip3 => "the first three digits where more than 20,000 people live, 000 elsewhere",
            Action::Generalise => "the state of the city; the label where it is not known",
            Action::Surrogate => "a stand-in that looks like one, the same for the same value of a patient",
        }
    }

    /// The names of what can be written in a policy file, for messages.
    pub(super) fn list() -> String {
        let name = |action: Action| match action {
            Action::Mask { .. } => format!("mask, mask:1 to mask:{}", Action::MAX_KEPT),
            other => other.name().to_owned(),
        };
        Action::ALL.map(name).join(", ")
    }

    /// The names of the labels that it fits, for messages.
    pub(super) fn list_of_labels(self) -> String {
        let names: Vec<_> = Label::ALL.into_iter().filter(|l| self.fits(*l)).map(Label::name).collect();
        names.join(", ")
    }
}

/// As policy files have it: `keep`, `mask:4`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Action::Mask { keep_last } if keep_last > 0 => f.pad(&format!("mask:{keep_last}")),
            other => f.pad(other.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_written_as_they_are_read() {
        let masks = (0..=Action::MAX_KEPT).map(|keep_last| Action::Mask { keep_last });
        for action in Action::ALL.into_iter().chain(masks) {
            assert_eq!(Action::parse(&action.to_string()), Some(action));
        }
        assert_eq!(Action::Mask { keep_last: 4 }.to_string(), "mask:4");
        assert_eq!(Action::Mask { keep_last: 0 }.to_string(), "mask");
        assert_eq!(Action::parse("mask:0"), Some(Action::Mask { keep_last: 0 }));
        for text in
            ["", "Keep", "mask:", "mask:9", "mask:04", "mask:-1", "mask:+1", "mask:4 ", "mask:٤", "year:1", "tokens"]
        {
            assert_eq!(Action::parse(text), None, "{text}");
        }
    }

    #[test]
    fn actions_fit_the_labels_that_they_mean_something_for() {
        for (action, labels) in [
            (Action::Year, "DATE"),
            (Action::Shift, "DATE, YEAR"),
            (Action::Age, "AGE90, AGE"),
            (Action::Zip3, "ZIP"),
            (Action::Generalise, "STREET, CITY, FACILITY"),
            (
                Action::Mask { keep_last: 4 },
                "PHONE, FAX, EMAIL, URL, IP, SSN, MRN, HEALTH_PLAN, ACCOUNT, LICENSE, VEHICLE, DEVICE, BIOMETRIC, OTHER_ID",
            ),
        ] {
            assert_eq!(action.list_of_labels(), labels, "{action}");
        }
        for label in Label::ALL {
            assert!(Action::Keep.fits(label) && Action::Redact.fits(label));
            let replaced = !matches!(label, Label::Date | Label::Age90) && label.is_identifier();
            assert_eq!(Action::Surrogate.fits(label), replaced, "{}", label.name());
        }
    }
}
