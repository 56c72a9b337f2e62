//! What an `Identifier` is, by its type, its system, and the resource that it stands in.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Resource;
use crate::identifier::Label;

/// The label of an identifier. `types` are the codes of its `type`, `texts` what `type` says in words.
pub(crate) fn label<'a>(
    resource: Resource,
    system: &str,
    types: impl Iterator<Item = &'a str>,
    mut texts: impl Iterator<Item = &'a str>,
    value: &str,
) -> Label {
    let by_type = types.filter_map(by_code).next();
    by_type
        .or_else(|| by_system(system))
        .or_else(|| texts.find_map(by_words))
        .or_else(|| by_words(tail(system)))
        .unwrap_or_else(|| if is_ssn(value) { Label::Ssn } else { resource.identifier() })
}

/// Codes of table 0203 of HL7 version 2, <https://terminology.hl7.org/CodeSystem-v2-0203.html>.
fn by_code(code: &str) -> Option<Label> {
    Some(match code {
        "MR" | "MRT" | "PI" | "PT" | "PRC" | "ANON" => Label::Mrn,
        "SS" | "SSN" | "SB" => Label::Ssn,
        "DL" | "NPI" | "DEA" | "LN" | "MD" | "DO" | "NP" | "PA" | "RN" | "LPN" | "DN" | "DFN" | "DPM" | "PRN"
        | "UPIN" | "QA" | "RPH" | "PHE" | "SL" | "TL" | "MCR" | "MCD" | "CNM" | "CRNA" | "DDS" | "L&I" | "OTH"
        | "DP" => Label::License,
        "MB" | "MC" | "MA" | "HC" | "SN" | "NIIP" | "NH" | "PHC" | "WC" | "WCN" | "MI" | "SP" => Label::HealthPlan,
        "AN" | "ANC" | "AND" | "ANT" | "VN" | "BA" | "BC" | "AM" | "DC" | "DI" | "DS" | "MS" | "VS" | "APRN" | "GN" => {
            Label::Account
        }
        "SNO" | "UDI" | "SID" | "MAC" => Label::Device,
        "VIN" => Label::Vehicle,
        "PPN" | "CZ" | "BR" | "BCT" | "EI" | "EN" | "ACSN" | "PLAC" | "FILL" | "TAX" | "U" | "XX" | "FI" | "NI"
        | "RI" | "PN" | "VP" | "JHN" | "PC" | "FGN" | "PGN" => Label::OtherId,
        _ => return None,
    })
}

/// Systems that say which numbers are theirs: <https://hl7.org/fhir/R4/identifier-registry.html>, and object identifiers of
/// HL7's registry.
fn by_system(system: &str) -> Option<Label> {
    let system = system.strip_prefix("urn:oid:").unwrap_or(system);
    if let Some(rest) = system.strip_prefix("2.16.840.1.113883.4.") {
        return match rest.split('.').next()? {
            "1" => Some(Label::Ssn),
            // Driving licences, a number for each state.
            "3" | "6" | "8" | "814" => Some(Label::License),
            "572" | "927" | "290" => Some(Label::HealthPlan),
            "2" | "4" | "330" => Some(Label::OtherId),
            _ => None,
        };
    }
    match system.rsplit('/').next()? {
        "us-ssn" => Some(Label::Ssn),
        "us-npi" | "us-dea" | "us-upin" => Some(Label::License),
        "us-mbi" | "us-medicare" | "us-medicaid" | "us-hicn" => Some(Label::HealthPlan),
        _ => None,
    }
}

/// What words say: `Medical Record Number`, the end of `http://hospital.example/mrn`.
fn by_words(text: &str) -> Option<Label> {
    static ROWS: LazyLock<HashMap<&str, usize>> = LazyLock::new(|| {
        let rows = WORDS.iter().enumerate().rev();
        rows.flat_map(|(row, (known, _))| known.split(' ').map(move |word| (word, row))).collect()
    });
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| (1..=LONGEST).contains(&word.len()));
    let rows = words.filter_map(|word| {
        let mut small = [0; LONGEST];
        let small = small.get_mut(..word.len())?;
        small.copy_from_slice(word.as_bytes());
        small.make_ascii_lowercase();
        ROWS.get(std::str::from_utf8(small).ok()?).copied()
    });
    WORDS.get(rows.min()?).map(|row| row.1)
}

/// Letters of the longest word in [`WORDS`].
const LONGEST: usize = 13;

/// The first row of which a word is met decides.
#[rustfmt::skip] // A row a line.
const WORDS: &[(&str, Label)] = &[
    ("mrn medical mr chart mpi empi", Label::Mrn),
    ("ssn social ss", Label::Ssn),
    ("vehicle vin plate", Label::Vehicle),
    ("driver drivers driving npi dea license licence licensure upin certificate certification provider practitioner", Label::License),
    ("member subscriber policy medicare medicaid mbi hicn insurance plan beneficiary group payer coverage", Label::HealthPlan),
    ("account acct visit encounter fin csn har claim invoice billing bill guarantor eob episode", Label::Account),
    ("serial udi device lot imei implant", Label::Device),
    ("passport accession order placer filler specimen prescription rx report study document employee", Label::OtherId),
];

/// The last step of a system's address.
fn tail(system: &str) -> &str {
    system
        .split(['?', '#', '|'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or("")
}

fn is_ssn(value: &str) -> bool {
    value.len() == 11
        && value.bytes().enumerate().all(|(at, b)| if at == 3 || at == 6 { b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_then_system_then_words_then_resource() {
        let patient = Resource::named("Patient").unwrap_or_default();
        for (resource, system, code, text, value, want) in [
            ("Patient", "urn:oid:1.2.3", "MR", "", "1", Label::Mrn),
            ("Patient", "http://hl7.org/fhir/sid/us-ssn", "", "", "1", Label::Ssn),
            ("Patient", "urn:oid:2.16.840.1.113883.4.3.53", "", "Driver's license number", "1", Label::License),
            ("Patient", "urn:oid:2.16.840.1.113883.4.1", "", "", "1", Label::Ssn),
            ("Patient", "", "PPN", "", "1", Label::OtherId),
            ("Patient", "", "MB", "", "1", Label::HealthPlan),
            ("Patient", "http://hl7.org/fhir/sid/us-mbi", "", "", "1", Label::HealthPlan),
            ("Patient", "", "", "Visit", "1", Label::Account),
            ("Patient", "https://h.example/ids/ssn", "", "", "1", Label::Ssn),
            ("Patient", "https://h.example/ids", "", "", "1", Label::Mrn),
            ("Patient", "", "", "", "531-88-2047", Label::Ssn),
            ("Coverage", "", "", "", "1", Label::HealthPlan),
            ("Encounter", "urn:oid:1.2", "", "", "1", Label::Account),
            ("Practitioner", "http://hl7.org/fhir/sid/us-npi", "", "", "1", Label::License),
            ("Practitioner", "", "", "", "1", Label::License),
            ("Device", "", "", "", "1", Label::Device),
            ("Observation", "", "", "", "1", Label::OtherId),
            ("ServiceRequest", "", "", "Placer", "1", Label::OtherId),
        ] {
            let resource = Resource::named(resource).unwrap_or(patient);
            let have = label(resource, system, [code].into_iter(), [text].into_iter(), value);
            assert_eq!(have, want, "{system} {code} {text}");
        }
    }
}
