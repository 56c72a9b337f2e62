//! Short lists: types of ids, authorities, wards, code systems.

use crate::identifier::Label;

/// Whether a value is one of these words, in any case.
pub(super) fn is_one_of(value: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// The label of an id of that type (HL7 table 0203), or that an authority of that name gives.
pub(super) fn label_of_id(kind: &[u8]) -> Option<Label> {
    let rows: &[(&[&str], Label)] = &[
        (&["MR", "MRN", "PI", "PT", "EMR", "MRT", "LR", "RI", "PE", "PNT"], Label::Mrn),
        (&["SS", "SSN", "SSA", "ITIN"], Label::Ssn),
        (
            &[
                "DL", "LN", "NPI", "DEA", "DN", "MD", "UPIN", "PRN", "NP", "DO", "DPM", "DDS", "RN", "RPH", "RRI",
                "SL", "TAX", "LI", "LICENSE", "PHC", "PPN", "VIN", "SLN", "DFN", "DO", "OD", "PA", "CY", "L&I",
                "NPPES",
            ],
            Label::License,
        ),
        (
            &["AN", "VN", "AM", "AC", "ANON", "ANC", "AND", "ANT", "CSN", "FIN", "HAR", "GN", "BA", "BC", "BCT", "BR"],
            Label::Account,
        ),
        (
            &["HC", "MA", "MC", "MB", "SN", "SR", "MCD", "MCR", "NH", "NI", "MBI", "HIC", "JHN", "MI", "WC"],
            Label::HealthPlan,
        ),
        (&["U", "XX", "EI", "EN", "PN", "PC", "FI", "USID", "OTH", "SID"], Label::OtherId),
    ];
    rows.iter().find(|(kinds, _)| !kind.is_empty() && is_one_of(kind, kinds)).map(|(_, label)| *label)
}

/// Values that stand for none, and names of programs where a person's belongs.
pub(super) const PLACEHOLDERS: &[&str] = &[
    "UNKNOWN",
    "UNK",
    "NONE",
    "N/A",
    "NA",
    "NULL",
    "NIL",
    "SELF",
    "SAME",
    "OTHER",
    "NOT APPLICABLE",
    "NOT PROVIDED",
    "UNAVAILABLE",
    "DECLINED",
    "REFUSED",
    "TBD",
    "SYSTEM",
    "ADMIN",
    "INTERFACE",
    "AUTO",
    "BATCH",
    "DEFAULT",
    "HL7",
];

/// Who gives ids to many: countries, agencies and programmes.
pub(super) const AUTHORITIES: &[&str] = &[
    "USA", "US", "CAN", "CA-GOV", "GBR", "UK", "MEX", "SSA", "SSN", "USSSA", "US-SSA", "NPI", "NPPES", "CMS", "HCFA",
    "DEA", "UPIN", "IRS", "DOD", "USDOD", "VHA", "USVHA", "ISO", "DMV", "DOL", "DOH", "CLIA", "CAP", "AMA", "NHS",
    "MEDICARE", "MEDICAID", "L", "LOCAL", "STATE",
];

/// Types of ids (HL7 table 0203) that a state gives.
pub(super) const STATE_LICENCES: &[&str] = &["DL", "LN", "SL", "MD", "RN", "DN", "MA", "MCD", "BC", "BR"];

/// States and territories as the post writes them.
pub(super) const STATES: &[&str] = &[
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME",
    "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA",
    "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC", "PR", "GU", "VI", "AS", "MP",
];

/// Wards that any hospital has.
pub(super) const WARDS: &[&str] = &[
    "ICU",
    "MICU",
    "SICU",
    "CICU",
    "CVICU",
    "NICU",
    "PICU",
    "TICU",
    "CCU",
    "ED",
    "ER",
    "OR",
    "PACU",
    "MED",
    "SURG",
    "MEDSURG",
    "OBS",
    "OB",
    "L&D",
    "LD",
    "LDR",
    "PP",
    "NUR",
    "NSY",
    "PEDS",
    "PED",
    "ONC",
    "TELE",
    "TEL",
    "REHAB",
    "PSYCH",
    "BH",
    "ORTHO",
    "NEURO",
    "CARD",
    "CATH",
    "DIAL",
    "HD",
    "ENDO",
    "GI",
    "RAD",
    "XR",
    "CT",
    "MRI",
    "US",
    "NM",
    "LAB",
    "PT",
    "OT",
    "INF",
    "DAY",
    "SDS",
    "ASC",
    "PREOP",
    "POSTOP",
    "STEP",
    "SDU",
    "IMC",
    "PCU",
    "DOU",
    "OPD",
    "OP",
    "IP",
    "CLINIC",
    "HOME",
    "WARD",
    "UNIT",
    "TRIAGE",
    "WAIT",
    "HALL",
    "OBSERVATION",
    "EMERGENCY",
    "NURSERY",
    "MATERNITY",
    "SURGERY",
    "MEDICINE",
];

/// Code systems (HL7 table 0396).
pub(super) const SYSTEMS: &[&str] = &[
    "I9",
    "I9C",
    "I9CDX",
    "I9CP",
    "I10",
    "I10C",
    "I10P",
    "ICD9",
    "ICD10",
    "ICD-9",
    "ICD-10",
    "ICD-10-CM",
    "ICD-10-PCS",
    "ICD9CM",
    "ICD10CM",
    "ICDO",
    "ICDO3",
    "LN",
    "LOINC",
    "SCT",
    "SCT2",
    "SNM",
    "SNM3",
    "SNOMED",
    "SNOMED-CT",
    "C4",
    "C5",
    "CPT",
    "CPT4",
    "CPT-4",
    "HCPCS",
    "HPC",
    "HCPT",
    "CVX",
    "MVX",
    "NDC",
    "RXNORM",
    "RXN",
    "UCUM",
    "CDCREC",
    "ANS+",
    "ATC",
    "ACR",
    "DCM",
    "DRG",
    "MSDRG",
    "UB04",
    "UB92",
    "NUBC",
    "NUCC",
    "MEDR",
    "MEDDRA",
    "NDDF",
    "FDB",
    "MDDX",
    "MEDISPAN",
    "NCIT",
    "NCI",
    "UMLS",
    "CAS",
    "NIP001",
    "NIP002",
    "NIP003",
    "CDT2",
    "CDT",
    "W1",
    "W2",
    "UNII",
    "GTIN",
    "GPI",
    "AHFS",
    "X12DE",
    "IANA",
    "BCP47",
    "RADLEX",
    "UPC",
    "DI",
    "IBT",
    "ISBT",
];

/// Uses and equipment of telecommunication (HL7 tables 0201 and 0202).
pub(super) const TELECOM_USES: &[&str] = &["PRN", "ORN", "WPN", "VHN", "ASN", "EMR", "NET", "BPN", "PRS"];
/// See [`TELECOM_USES`].
pub(super) const TELECOM_EQUIPMENT: &[&str] = &["PH", "FX", "MD", "CP", "BP", "Internet", "X.400", "TDD", "TTY", "SAT"];

/// Before names, and the types of names of HL7 table 0200.
pub(super) const PREFIXES: &[&str] =
    &["MR", "MR.", "MRS", "MRS.", "MS", "MS.", "MISS", "DR", "DR.", "PROF", "REV", "SR.", "FR."];
/// See [`PREFIXES`].
pub(super) const NAME_TYPES: &[&str] = &[
    "A", "B", "C", "D", "F", "G", "I", "K", "L", "M", "N", "P", "R", "S", "T", "U", "NAV", "NB", "BAD", "MSK", "TEMP",
];
/// Degrees after names (HL7 table 0360).
pub(super) const DEGREES: &[&str] = &[
    "MD", "M.D.", "DO", "RN", "NP", "ARNP", "APRN", "PA", "PA-C", "PAC", "PHD", "DDS", "DPM", "PHARMD", "RPH", "LPN",
    "CNM", "CRNA", "MSW", "LCSW", "DNP", "OD", "BSN", "MA",
];
