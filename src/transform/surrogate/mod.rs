//! Stand-ins: values that look like what they replace and are nobody's, as far as that can be had.
//!
//! All choices come from [`Draws`], that is from a secret, a scope and the value written in one way: equal values get
//! equal stand-ins within a scope, however they are spelt (`DELGADO`, `Delgado`; `216-555-0142`, `(216) 555-0142`), and
//! others in another scope. A stand-in is never equal to what it replaces. What identifies nobody stays: titles, street
//! suffixes, head nouns, punctuation, the case.
//!
//! How likely it is that two different values of a scope get the same stand-in:
//!
//! | what | chance |
//! |---|---|
//! | number or code with d digits and l letters drawn | about 1 in 9 10^(d-1) 26^l, as by chance |
//! | SSN of nine digits | 1 in 49 million; 1 in 890 million with [`Checksums::Valid`] |
//! | telephone number | 1 in 33,800 with area code, 1 in 100 without: the fictional numbers are few |
//! | IPv4, IPv6 address | 1 in 762, 1 in 2^32 or less |
//! | first name | where sex, culture and first letter agree 1 in 12 to 40, other cultures than general 1 in 2 to 24 |
//! | surname | where culture and first letter agree 1 in 56 to 90, other cultures than general 1 in 2 to 36 |
//! | city | 1 in the cities of like size of the state, 4 to 200 |
//!
//! Where first letters do not agree, the chance for names is a tenth of that or less.
//!
//! And what a stand-in tells on purpose: sex and culture of a name as the lists know them, about the length of a rare one,
//! which names of a scope begin alike, the state of a city, how many digits a number has. Sexes and cultures of words are
//! guesses from lists, not facts of a person.
//!
//! So stand-ins are not codes: who must tell two persons apart by them asks for tokens.

mod case;
mod check;
mod internet;
mod lists;
mod name;
mod number;
mod organisation;
mod phone;
mod place;
mod spoken;
mod street;

use std::sync::LazyLock;

use crate::identifier::Label;
use crate::transform::draw::Draws;
use lists::Lists;

/// Whether stand-ins for numbers with a check digit (NPI, DEA, VIN, GTIN, cards) and for SSNs could be real ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Checksums {
    /// As valid as the original: it passes checks down the line and may be somebody's real number.
    Valid,
    /// The check digit is wrong, the SSN one that is never issued: nobody's.
    #[default]
    Invalid,
}

/// The lists that stand-ins are drawn from. One serves all threads; the first stand-in builds it, which takes some 5 ms and
/// 2 MB.
pub(crate) struct Surrogates {
    lists: LazyLock<Lists>,
    checksums: Checksums,
}

impl Surrogates {
    /// Of the embedded lists.
    pub(crate) fn new(checksums: Checksums) -> Surrogates {
        Surrogates { lists: LazyLock::new(Lists::new), checksums }
    }

    /// Appends the stand-in of `value`. Returns false, and appends nothing, when it has none: the label has no
    /// stand-ins, or there is nothing in the value to draw for (`Dr.`, `---`). The label is to be written then.
    pub(crate) fn write(&self, label: Label, value: &str, draws: &Draws, out: &mut String) -> bool {
        let start = out.len();
        let done = match label {
            Label::Name => name::write(&self.lists, value, draws, out),
            Label::City => place::write(&self.lists, value, draws, out),
            Label::Street => street::write(&self.lists, value, draws, out),
            Label::Facility | Label::Employer => organisation::write(&self.lists, label, value, draws, out),
            Label::Phone | Label::Fax => phone::write(&self.lists, value, draws, out),
            Label::Email => internet::write_email(&self.lists, value, draws, out),
            Label::Url => internet::write_url(&self.lists, value, draws, out),
            Label::Ip => internet::write_ip(value, draws, out),
            // A network card is a device too.
            Label::Device if value.contains(':') && internet::write_mac(value.trim(), draws, out) => true,
            Label::Zip
            | Label::Ssn
            | Label::Mrn
            | Label::HealthPlan
            | Label::Account
            | Label::License
            | Label::Vehicle
            | Label::Device
            | Label::Biometric
            | Label::OtherId => number::write(label, self.checksums, value, draws, out),
            Label::Date
            | Label::Age90
            | Label::State
            | Label::Country
            | Label::Year
            | Label::Age
            | Label::Profession
            | Label::OrgOk => false,
        };
        // Whatever went before, the original is never its own stand-in.
        let done = done && out.get(start..).is_some_and(|stand_in| !case::same(stand_in, value));
        if !done {
            out.truncate(start);
        }
        done
    }
}

impl std::fmt::Debug for Surrogates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surrogates").field("checksums", &self.checksums).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
