//! Where in a value its identifiers stand: a person's name without titles, an address in parts.

use crate::identifier::Label;
use crate::span::Span;

/// The name in a person's name as it is displayed, without titles before and degrees after it; `None` when the value is
/// nothing that a person is called.
pub(crate) fn person(value: &str) -> Option<Span> {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits > 0 || value.contains(['@', '/', ':', '(', '[', '\n']) || value.len() > 100 {
        return None;
    }
    let mut span = trimmed(value, Span::new(0, value.len()));
    while let Some((first, rest)) = span.of(value).split_once(' ') {
        if !is_form_of_address(first) {
            break;
        }
        span = trimmed(value, Span::new(span.end - rest.len(), span.end));
    }
    loop {
        let text = span.of(value);
        let Some(at) = text.rfind([',', ' ']) else { break };
        let last = text.get(at + 1..).unwrap_or_default();
        let degree = is_degree(last) || last.is_empty();
        // Without a comma a single name must stay: `Banks MD`.
        if !degree || text.get(..at).is_none_or(|rest| rest.trim_matches([',', ' ']).is_empty()) {
            break;
        }
        span = trimmed(value, Span::new(span.start, span.start + at));
    }
    span.of(value).chars().any(char::is_alphabetic).then_some(span)
}

/// Whether it is a title or degree, alone.
pub(crate) fn is_title(value: &str) -> bool {
    let value = value.trim();
    is_form_of_address(value)
        || is_degree(value)
        || ["Jr", "Sr", "II", "III", "IV"].contains(&value.trim_end_matches('.'))
}

/// `Dr.`, `MRS`.
fn is_form_of_address(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    TITLES.iter().any(|title| title.eq_ignore_ascii_case(word))
}

/// `MD`, `M.D.`
fn is_degree(word: &str) -> bool {
    let plain = || word.bytes().filter(|b| *b != b'.');
    !word.is_empty() && DEGREES.iter().any(|degree| degree.bytes().eq(plain()))
}

/// Whether a value that may be a person's name or another thing's is a person's: capitals, no word of a thing.
pub(crate) fn is_person(value: &str) -> bool {
    let Some(span) = person(value) else { return false };
    let text = span.of(value);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    let titled = span.start > 0 || span.end < value.trim_end().len();
    let starts = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    (2..=6).contains(&words.len()) && words.iter().filter(|word| starts(word)).count() >= 2 && !is_organisation(text)
        || titled && words.len() <= 6 && words.first().is_some_and(starts) && !is_organisation(text)
}

/// Whether a name has a word that organisations and places have.
pub(crate) fn is_organisation(value: &str) -> bool {
    let lower = value.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| ORGANISATIONS.contains(&word))
}

/// Whether the name of an organisation is that of a payer or a government body, which do not identify.
pub(crate) fn is_payer(value: &str) -> bool {
    let lower = value.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| PAYERS.contains(&word))
        || [
            "health plan",
            "health alliance",
            "blue cross",
            "blue shield",
            "managed care",
            "social security",
            "state of ",
        ]
        .iter()
        .any(|words| lower.contains(words))
}

/// The parts of an address that is written as one text, each with its label; states and countries are not among them.
pub(crate) fn address(value: &str) -> Vec<(Span, Label)> {
    let mut parts: Vec<(Span, Label)> = Vec::new();
    let mut start = 0;
    for piece in value.split_inclusive([',', '\n', ';']) {
        let span = trimmed(value, Span::new(start, start + piece.len()));
        start += piece.len();
        let text = span.of(value);
        if text.is_empty() || COUNTRIES.contains(&text.to_lowercase().as_str()) {
            continue;
        }
        if is_state(text) {
            city_before(&mut parts);
        } else if let Some((rest, code)) = ends_in_code(value, span) {
            let state = rest.of(value).rsplit(' ').next().unwrap_or_default();
            let whole = is_state(rest.of(value));
            if whole {
                city_before(&mut parts);
            } else if is_state(state) {
                let rest = trimmed(value, Span::new(rest.start, rest.end - state.len()));
                parts.push((rest, Label::City));
            } else if !rest.of(value).is_empty() {
                parts.push((rest, Label::City));
            }
            parts.push((code, Label::Zip));
        } else {
            parts.push((span, Label::Street));
        }
    }
    parts.retain(|(span, _)| !span.of(value).is_empty());
    if let [.., (span, label)] = parts.as_mut_slice()
        && *label == Label::Street
        && span.start > 0
        && !span.of(value).bytes().any(|b| b.is_ascii_digit())
    {
        *label = Label::City;
    }
    parts
}

/// What stands before a state is a city.
fn city_before(parts: &mut [(Span, Label)]) {
    if let [_, .., last] = parts
        && last.1 == Label::Street
    {
        last.1 = Label::City;
    }
}

/// A postal code at the end, as `WA 98312` and `98312-0042`, and what stands before it.
fn ends_in_code(value: &str, span: Span) -> Option<(Span, Span)> {
    let text = span.of(value);
    let code = text.rsplit(' ').next().unwrap_or_default();
    let (five, four) = code.split_once('-').unwrap_or((code, "0000"));
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let is = digits(five, 5) && digits(four, 4);
    let at = span.end - code.len();
    is.then(|| (trimmed(value, Span::new(span.start, at)), Span::new(at, span.end)))
}

/// Whether it is a state of the United States, short or in words.
fn is_state(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    STATES.split(' ').any(|state| state == text) || STATE_NAMES.iter().any(|name| name.eq_ignore_ascii_case(text))
}

/// The span without blanks and commas around its text.
fn trimmed(value: &str, span: Span) -> Span {
    let text = span.of(value);
    let marks = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
    let start = span.start + (text.len() - text.trim_start_matches(marks).len());
    Span::new(start, (start + text.trim_matches(marks).len()).max(start))
}

const TITLES: &[&str] = &[
    "dr",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "prof",
    "professor",
    "doctor",
    "rev",
    "fr",
    "hon",
    "sr",
    "sra",
    "srta",
    "herr",
    "frau",
    "mme",
    "mlle",
    "nurse",
    "capt",
    "sgt",
    "lt",
    "col",
];

/// What stands after the names of staff. Suffixes of a name, such as Jr., belong to it.
const DEGREES: &[&str] = &[
    "MD", "DO", "RN", "NP", "PA", "PA-C", "PhD", "PharmD", "RPh", "DPM", "DDS", "DMD", "OD", "DC", "LCSW", "MSW",
    "LMFT", "CNM", "CRNA", "ARNP", "FNP", "FNP-C", "APRN", "DNP", "MPH", "MSN", "BSN", "MS", "MBBS", "MBA", "LPN",
    "LVN", "CNA", "RD", "PT", "DPT", "OT", "OTR", "SLP", "RT", "RRT", "EMT", "MA", "CMA", "FACC", "FACS", "FACP",
    "PsyD", "AuD", "ND", "Esq", "M D", "CCC-SLP", "LMHC", "LPC", "ANP", "ACNP", "AGNP", "PMHNP", "CNS", "BS", "BA",
    "FAAP", "FACOG",
];

const ORGANISATIONS: &[&str] = &[
    "academy",
    "agency",
    "ambulance",
    "associates",
    "association",
    "bank",
    "bureau",
    "care",
    "center",
    "centers",
    "centre",
    "church",
    "clinic",
    "clinics",
    "college",
    "company",
    "corp",
    "corporation",
    "county",
    "department",
    "dept",
    "dialysis",
    "district",
    "foundation",
    "group",
    "health",
    "healthcare",
    "home",
    "hospice",
    "hospital",
    "hospitals",
    "imaging",
    "inc",
    "institute",
    "lab",
    "laboratories",
    "laboratory",
    "labs",
    "llc",
    "llp",
    "ltd",
    "medical",
    "medicine",
    "ministry",
    "office",
    "partners",
    "pediatrics",
    "pharmacy",
    "practice",
    "program",
    "radiology",
    "rehab",
    "rehabilitation",
    "school",
    "service",
    "services",
    "society",
    "surgery",
    "system",
    "systems",
    "team",
    "unit",
    "university",
    "ward",
    "wing",
];

const PAYERS: &[&str] = &[
    "aetna",
    "anthem",
    "assurance",
    "bcbs",
    "champva",
    "cigna",
    "cms",
    "geico",
    "humana",
    "indemnity",
    "insurance",
    "insurer",
    "kaiser",
    "medicaid",
    "medicare",
    "molina",
    "payer",
    "payor",
    "premera",
    "regence",
    "tricare",
    "uhc",
    "unitedhealthcare",
    "hmo",
    "ppo",
    "selfpay",
];

const COUNTRIES: &[&str] = &["us", "usa", "u.s.", "u.s.a.", "united states", "united states of america"];

const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC \
    ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR VI GU AS MP";

const STATE_NAMES: &[&str] = &[
    "Alabama",
    "Alaska",
    "Arizona",
    "Arkansas",
    "California",
    "Colorado",
    "Connecticut",
    "Delaware",
    "Florida",
    "Georgia",
    "Hawaii",
    "Idaho",
    "Illinois",
    "Indiana",
    "Iowa",
    "Kansas",
    "Kentucky",
    "Louisiana",
    "Maine",
    "Maryland",
    "Massachusetts",
    "Michigan",
    "Minnesota",
    "Mississippi",
    "Missouri",
    "Montana",
    "Nebraska",
    "Nevada",
    "New Hampshire",
    "New Jersey",
    "New Mexico",
    "New York",
    "North Carolina",
    "North Dakota",
    "Ohio",
    "Oklahoma",
    "Oregon",
    "Pennsylvania",
    "Rhode Island",
    "South Carolina",
    "South Dakota",
    "Tennessee",
    "Texas",
    "Utah",
    "Vermont",
    "Virginia",
    "Washington",
    "West Virginia",
    "Wisconsin",
    "Wyoming",
    "District of Columbia",
    "Puerto Rico",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_without_titles_and_degrees() {
        for (value, want) in [
            ("Dr. Halloran", Some("Halloran")),
            ("Sunil Wadhwa, MD", Some("Sunil Wadhwa")),
            ("Okonjo-Reyes, Thaddeus", Some("Okonjo-Reyes, Thaddeus")),
            ("Nadia Tolliver, PA-C", Some("Nadia Tolliver")),
            ("Prof. Dr. Ines Halloran M.D., Ph.D.", Some("Ines Halloran")),
            ("Will Banks Jr.", Some("Will Banks Jr.")),
            ("Winnie", Some("Winnie")),
            ("MD", Some("MD")),
            ("Dr.", Some("Dr.")),
            ("Room 210", None),
            ("bea@x.example", None),
            ("", None),
        ] {
            assert_eq!(person(value).map(|span| span.of(value)), want, "{value}");
        }
    }

    #[test]
    fn persons_are_told_from_organisations() {
        for value in
            ["Thaddeus Okonjo-Reyes", "Dr. Quist", "Foley, Winifred", "Freya Lindqvist, MD", "DESMOND ACHTERBERG"]
        {
            assert!(is_person(value), "{value}");
        }
        for value in ["Harbor Pines Medical Center", "Office visit", "Hemoglobin", "Specimen HP1-1", "Blood sample", ""]
        {
            assert!(!is_person(value), "{value}");
        }
        assert!(
            is_payer("Cascadia Health Alliance") && is_payer("Medicare") && !is_payer("Harbor Pines Medical Center")
        );
    }

    #[test]
    fn addresses_fall_into_their_parts() {
        for (value, want) in [
            (
                "418 Kelp Street, Apt 2, Bremerton, WA 98312",
                &[("418 Kelp Street", "STREET"), ("Apt 2", "STREET"), ("Bremerton", "CITY"), ("98312", "ZIP")][..],
            ),
            (
                "PO Box 316\nElma, Washington 98541-0042, USA",
                &[("PO Box 316", "STREET"), ("Elma", "CITY"), ("98541-0042", "ZIP")],
            ),
            ("1 Larch Rd, Elma WA 98541", &[("1 Larch Rd", "STREET"), ("Elma", "CITY"), ("98541", "ZIP")]),
            ("1 Larch Rd, Elma, WA", &[("1 Larch Rd", "STREET"), ("Elma", "CITY")]),
            ("1 Larch Rd", &[("1 Larch Rd", "STREET")]),
            ("12 Rue Haute, 35400 Saint-Malo", &[("12 Rue Haute", "STREET"), ("35400 Saint-Malo", "STREET")]),
            ("WA", &[]),
            (" , ", &[]),
        ] {
            let parts: Vec<_> =
                address(value).into_iter().map(|(span, label)| (span.of(value), label.name())).collect();
            assert_eq!(parts, want, "{value}");
        }
    }
}
