//! The labels: what an identifier is called, which clause of the law names it, and whether it must go.
//!
//! This is the one place where a label is defined; policy names, `deidre detect` output and the documents use
//! [`Label::name`] and are tested against it.

/// What a span of text is.
///
/// The first [`Label::MUST_GO`] variants are the identifiers of 45 CFR 164.514(b)(2)(i); the rest may stay under Safe
/// Harbor and are reported so that they are *not* masked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Label {
    /// Any person: patient, relative, staff; nicknames and initials.
    Name,
    /// A date element more specific than a year.
    Date,
    /// An age of 90 or more.
    Age90,
    /// Street address line, P.O. box.
    Street,
    /// A place smaller than a state.
    City,
    /// ZIP and ZIP+4, and postal codes of other countries.
    Zip,
    /// Named hospital, clinic, nursing home, school, prison, named building.
    Facility,
    /// Employer, church, club, court, department: an organisation that points to the person.
    Employer,
    /// Telephone numbers, pagers, extensions.
    Phone,
    /// Fax numbers.
    Fax,
    /// E-mail addresses.
    Email,
    /// Web addresses.
    Url,
    /// IP and MAC addresses.
    Ip,
    /// Social security numbers, also their last four digits.
    Ssn,
    /// Medical record numbers.
    Mrn,
    /// Health plan member, policy and group numbers.
    HealthPlan,
    /// Account, encounter, visit and claim numbers.
    Account,
    /// Licence, certificate, DEA and NPI numbers.
    License,
    /// Vehicle identification numbers and plates.
    Vehicle,
    /// Device serials, lots, UDI.
    Device,
    /// Biometric templates or their ids.
    Biometric,
    /// Any other unique number, characteristic or code.
    OtherId,
    /// A state or province.
    State,
    /// A country.
    Country,
    /// A year standing alone.
    Year,
    /// An age below 90.
    Age,
    /// A profession.
    Profession,
    /// An organisation that does not identify: insurer, agency, brand.
    OrgOk,
}

impl Label {
    /// Every label, in the order of their declaration; `ALL[l as usize] == l`.
    pub const ALL: [Label; 28] = [
        Label::Name,
        Label::Date,
        Label::Age90,
        Label::Street,
        Label::City,
        Label::Zip,
        Label::Facility,
        Label::Employer,
        Label::Phone,
        Label::Fax,
        Label::Email,
        Label::Url,
        Label::Ip,
        Label::Ssn,
        Label::Mrn,
        Label::HealthPlan,
        Label::Account,
        Label::License,
        Label::Vehicle,
        Label::Device,
        Label::Biometric,
        Label::OtherId,
        Label::State,
        Label::Country,
        Label::Year,
        Label::Age,
        Label::Profession,
        Label::OrgOk,
    ];

    /// How many labels, from the start of [`Label::ALL`], must be caught.
    pub const MUST_GO: usize = 22;

    /// The name in files, tokens and output, as the annotation guide writes it.
    pub fn name(self) -> &'static str {
        match self {
            Label::Name => "NAME",
            Label::Date => "DATE",
            Label::Age90 => "AGE90",
            Label::Street => "STREET",
            Label::City => "CITY",
            Label::Zip => "ZIP",
            Label::Facility => "FACILITY",
            Label::Employer => "EMPLOYER",
            Label::Phone => "PHONE",
            Label::Fax => "FAX",
            Label::Email => "EMAIL",
            Label::Url => "URL",
            Label::Ip => "IP",
            Label::Ssn => "SSN",
            Label::Mrn => "MRN",
            Label::HealthPlan => "HEALTH_PLAN",
            Label::Account => "ACCOUNT",
            Label::License => "LICENSE",
            Label::Vehicle => "VEHICLE",
            Label::Device => "DEVICE",
            Label::Biometric => "BIOMETRIC",
            Label::OtherId => "OTHER_ID",
            Label::State => "STATE",
            Label::Country => "COUNTRY",
            Label::Year => "YEAR",
            Label::Age => "AGE",
            Label::Profession => "PROFESSION",
            Label::OrgOk => "ORG_OK",
        }
    }

    /// The label of that [name](Label::name), in any case.
    pub fn parse(name: &str) -> Option<Label> {
        Label::ALL.into_iter().find(|l| l.name().eq_ignore_ascii_case(name))
    }

    /// Whether it is one of the identifiers that must be caught.
    pub fn is_identifier(self) -> bool {
        (self as usize) < Label::MUST_GO
    }

    /// The letter of 45 CFR 164.514(b)(2)(i) that names it; `None` for what may stay.
    pub fn clause(self) -> Option<char> {
        Some(match self {
            // Employers and their staff fall under "of the individual or of relatives, employers, or household
            // members" of (i); their names are names.
            Label::Name | Label::Employer => 'A',
            Label::Street | Label::City | Label::Zip | Label::Facility => 'B',
            Label::Date | Label::Age90 => 'C',
            Label::Phone => 'D',
            Label::Fax => 'E',
            Label::Email => 'F',
            Label::Ssn => 'G',
            Label::Mrn => 'H',
            Label::HealthPlan => 'I',
            Label::Account => 'J',
            Label::License => 'K',
            Label::Vehicle => 'L',
            Label::Device => 'M',
            Label::Url => 'N',
            Label::Ip => 'O',
            Label::Biometric => 'P',
            Label::OtherId => 'R',
            _ => return None,
        })
    }
}

/// What the place of a text in its record says about it: the name of its field, key or column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Hint {
    /// Says nothing: search the text for every identifier.
    #[default]
    Text,
    /// The value is one identifier of this label, from its first to its last letter or digit.
    Whole(Label),
    /// The value is a code, a measurement or markup that never identifies: leave it as it is.
    Skip,
}

/// Which part of a person's name a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Part {
    /// Not known, or no name.
    #[default]
    Unknown,
    /// A name that persons are called by first, or further ones.
    Given,
    /// A surname, also one from before a marriage.
    Family,
    /// A whole name.
    Full,
    /// What somebody is called instead.
    Nick,
}

impl Part {
    /// Every part, in the order of their declaration; `ALL[p as usize] == p`.
    pub const ALL: [Part; 5] = [Part::Unknown, Part::Given, Part::Family, Part::Full, Part::Nick];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_listed_in_order_and_names_parse_back() {
        for (i, label) in Label::ALL.into_iter().enumerate() {
            assert_eq!(label as usize, i);
            assert_eq!(Label::parse(label.name()), Some(label));
            assert_eq!(label.is_identifier(), label.clause().is_some());
        }
        assert!(Part::ALL.into_iter().enumerate().all(|(i, part)| part as usize == i));
        assert_eq!(Label::parse("NICKNAME"), None);
    }
}
