//! What a URI in a resource says: which resource of which server, a vocabulary, or a place on the web.

use super::Resource;
use crate::span::Span;

/// The parts of a reference or address, as spans of it. See <https://hl7.org/fhir/R4/references.html#literal>.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Uri {
    /// `#id`: a contained resource.
    Fragment(Span),
    /// `urn:uuid:` and the id.
    Uuid(Span),
    /// `urn:oid:`: the last number of it, when that is long enough to be one of many.
    Oid(Option<Span>),
    /// `Type/id`, after the address of a server or not, with a version or not.
    Resource {
        /// The server's address, the slash after it not included.
        base: Option<Span>,
        /// Which kind.
        kind: Resource,
        /// The logical id.
        id: Span,
        /// What stands after id and version.
        tail: Option<Span>,
    },
    /// `Type?name=value&...`: a search, or a reference by it.
    Search {
        /// The server's address.
        base: Option<Span>,
        /// What stands after the question mark.
        query: Span,
    },
    /// A URI that names a vocabulary, a profile, a standard.
    Vocabulary,
    /// Another address on the web.
    Web,
    /// None of these.
    Other,
}

impl Uri {
    /// The parts of a reference to a resource, or of an address that may be one.
    pub(crate) fn reference(value: &str) -> Uri {
        let end = value.len();
        if let Some(id) = value.strip_prefix('#') {
            return Uri::Fragment(Span::new(end - id.len(), end));
        }
        if let Some(id) = strip_prefix(value, "urn:uuid:") {
            return Uri::Uuid(Span::new(end - id.len(), end));
        }
        if let Some(oid) = strip_prefix(value, "urn:oid:") {
            let last = oid.rsplit('.').next().unwrap_or_default();
            return Uri::Oid((last.len() >= 5).then(|| Span::new(end - last.len(), end)));
        }
        let path = memchr::memchr3(b'?', b'#', b'|', value.as_bytes()).unwrap_or(end);
        let before = value.get(..path).unwrap_or_default();
        let first = scheme_end(before);
        let web = first > 0 && is_web(before);
        // The last `Type/id` of the path: what stands before it is the server's.
        let mut step = last_step(value, first, path);
        if value.get(path..).is_some_and(|rest| rest.starts_with('?')) && Resource::named(step.of(value)).is_some() {
            let base = (step.start > 0).then(|| Span::new(0, step.start - 1));
            if base.is_none() || web {
                return Uri::Search { base, query: Span::new(path + 1, end) };
            }
        }
        while step.start > first {
            let id = step;
            step = last_step(value, first, id.start - 1);
            if let Some(kind) = Resource::named(step.of(value))
                && is_id(id.of(value))
                && (web || step.start == 0)
            {
                let base = (step.start > 0).then(|| Span::new(0, step.start - 1));
                // A version after the id says nothing.
                let rest = value.get(id.end..path).unwrap_or_default();
                let version = rest.strip_prefix("/_history").map_or(0, |rest| {
                    let number = rest.strip_prefix('/').map_or(0, |rest| 1 + rest.find('/').unwrap_or(rest.len()));
                    "/_history".len() + number
                });
                let last = id.end + version;
                let tail = (last < end).then(|| Span::new(last, end));
                return Uri::Resource { base, kind, id, tail };
            }
        }
        if web { Uri::Web } else { Uri::Other }
    }

    /// The parts of a URI that mostly names a vocabulary: a system, a profile, the name of an extension.
    pub(crate) fn of(value: &str) -> Uri {
        let uri = Uri::reference(value);
        match uri {
            Uri::Oid(_) => Uri::Vocabulary,
            Uri::Web | Uri::Resource { .. } | Uri::Other if is_vocabulary(value) => match uri {
                Uri::Resource { kind, .. } if !kind.is_definition() => uri,
                _ => Uri::Vocabulary,
            },
            uri => uri,
        }
    }
}

/// Where what follows the first `://` begins; 0 when there is none.
fn scheme_end(value: &str) -> usize {
    let bytes = value.as_bytes();
    let mut colons = memchr::memchr_iter(b':', bytes);
    colons.find(|at| bytes.get(at + 1..at + 3) == Some(b"//")).map_or(0, |at| at + 3)
}

/// Whether it is the name of a vocabulary that many use: its codes say nothing of a person.
pub(crate) fn is_vocabulary(value: &str) -> bool {
    // Those that most codings name, at once.
    if COMMON.iter().any(|known| {
        value.strip_prefix(known).is_some_and(|rest| known.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
    }) {
        return true;
    }
    if strip_prefix(value, "urn:").is_some() {
        return URNS.iter().any(|urn| strip_prefix(value, urn).is_some());
    }
    let Some(at) = value.find("://") else { return false };
    let rest = value.get(at + 3..).unwrap_or_default();
    let host = rest.split(['/', ':', '?', '#', '|']).next().unwrap_or_default();
    HOSTS.iter().any(|known| {
        host.len() >= known.len()
            && host.get(host.len() - known.len()..).is_some_and(|end| end.eq_ignore_ascii_case(known))
            && (host.len() == known.len() || host.as_bytes().get(host.len() - known.len() - 1) == Some(&b'.'))
    })
}

/// Whether it may be a logical id: <https://hl7.org/fhir/R4/datatypes.html#id>, and underscores, which some servers use.
pub(crate) fn is_id(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && value != "_history"
        && !value.starts_with('_')
}

/// Whether the id of a resource of that kind stays: a definition's that holds no long number. Depends on kind and id alone,
/// so that references to it agree.
pub(crate) fn is_plain(kind: Resource, id: &str) -> bool {
    kind.is_definition() && id.bytes().filter(u8::is_ascii_digit).count() <= 4
}

/// Whether an id, of a contained resource, says no more than which of a handful it is: `p1`, `patient`, `med-2`. Depends on
/// the id alone, so that references to it agree.
pub(crate) fn is_ordinal(id: &str) -> bool {
    let word = id.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = id.len() - word.len();
    let word = word.trim_end_matches(['-', '.', '_']);
    let known = word.len() <= 3
        || ORDINALS.iter().any(|known| word.eq_ignore_ascii_case(known))
        || word.chars().next().is_some_and(|first| {
            Resource::named(&(first.to_ascii_uppercase().to_string() + word.get(1..).unwrap_or_default())).is_some()
        });
    digits <= 2 && word.bytes().all(|b| b.is_ascii_alphabetic()) && known
}

fn is_web(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty() && !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

fn strip_prefix<'v>(value: &'v str, prefix: &str) -> Option<&'v str> {
    let (start, rest) = value.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The last step of a path that stands from `start` to `end`.
fn last_step(value: &str, start: usize, end: usize) -> Span {
    let path = value.get(start..end).unwrap_or_default();
    Span::new(path.rfind('/').map_or(start, |at| start + at + 1), end)
}

const COMMON: &[&str] = &[
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://terminology.hl7.org/",
    "http://snomed.info/",
    "http://hl7.org/",
    "http://www.nlm.nih.gov/",
];

/// Hosts of vocabularies, profiles and standards, and of makers of record systems who define extensions.
const HOSTS: &[&str] = &[
    "ada.org",
    "ama-assn.org",
    "art-decor.org",
    "bioontology.org",
    "cdc.gov",
    "cerner.com",
    "census.gov",
    "cms.gov",
    "dicom.nema.org",
    "ebi.ac.uk",
    "epic.com",
    "fda.gov",
    "fdasis.nlm.nih.gov",
    "fhir.de",
    "fhir.nhs.uk",
    "fhir.org",
    "genenames.org",
    "gematik.de",
    "geneontology.org",
    "github.io",
    "gs1.org",
    "healthit.gov",
    "hgvs.org",
    "hibcc.org",
    "hl7.org",
    "hl7.org.au",
    "hl7.org.uk",
    "hl7.eu",
    "human-phenotype-ontology.org",
    "icd.who.int",
    "iccbba.org",
    "ietf.org",
    "ihe.net",
    "ihtsdo.org",
    "iso.org",
    "isotc.iso.org",
    "loinc.org",
    "ncbi.nlm.nih.gov",
    "ncpdp.org",
    "nlm.nih.gov",
    "nubc.org",
    "nucc.org",
    "obolibrary.org",
    "orpha.net",
    "radlex.org",
    "rsna.org",
    "sequenceontology.org",
    "simplifier.net",
    "snomed.info",
    "snomed.org",
    "unitsofmeasure.org",
    "usps.com",
    "varnomen.hgvs.org",
    "w3.org",
    "whocc.no",
    "who.int",
    "x12.org",
];

/// Names that are no addresses.
const URNS: &[&str] = &["urn:ietf:", "urn:iso:", "urn:oid:", "urn:ihe:", "urn:hl7-org:", "urn:iso-astm:", "urn:dicom:"];

/// What contained resources are called besides the names of their kinds.
const ORDINALS: &[&str] = &[
    "author",
    "contained",
    "drug",
    "item",
    "loc",
    "med",
    "meds",
    "order",
    "parent",
    "performer",
    "pract",
    "prov",
    "provider",
    "reason",
    "request",
    "requester",
    "result",
    "sample",
    "source",
    "subject",
    "target",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(value: &str) -> String {
        match Uri::reference(value) {
            Uri::Fragment(id) => format!("# {}", id.of(value)),
            Uri::Uuid(id) => format!("uuid {}", id.of(value)),
            Uri::Oid(last) => format!("oid {}", last.map_or("", |last| last.of(value))),
            Uri::Resource { base, kind, id, tail } => format!(
                "{} {} {} {}",
                base.map_or("", |base| base.of(value)),
                kind.name(),
                id.of(value),
                tail.map_or("", |tail| tail.of(value))
            ),
            Uri::Search { base, query } => format!("{}? {}", base.map_or("", |base| base.of(value)), query.of(value)),
            Uri::Vocabulary => "vocabulary".into(),
            Uri::Web => "web".into(),
            Uri::Other => "other".into(),
        }
    }

    #[test]
    fn references_fall_into_their_parts() {
        for (value, want) in [
            ("Patient/a-1.b", " Patient a-1.b "),
            ("Patient/77/_history/4", " Patient 77 "),
            ("https://h.example/r4/Patient/77", "https://h.example/r4 Patient 77 "),
            ("http://h.example:8080/Patient/77/_history/2", "http://h.example:8080 Patient 77 "),
            ("https://h.example/r4/Binary/77?sig=ab", "https://h.example/r4 Binary 77 ?sig=ab"),
            ("https://h.example/Patient/1/Observation/2", "https://h.example/Patient/1 Observation 2 "),
            ("Questionnaire/phq|1.0", " Questionnaire phq |1.0"),
            ("urn:uuid:5bc8fbbc-bde5-4099-8164-d8399f767c45", "uuid 5bc8fbbc-bde5-4099-8164-d8399f767c45"),
            ("URN:UUID:5b", "uuid 5b"),
            ("urn:oid:2.16.840.1.113883.3.7741.20.890748140", "oid 890748140"),
            ("urn:oid:2.16.840.1.113883.3.7741.20", "oid "),
            ("#p1", "# p1"),
            ("Patient?identifier=http://h.example/mrn|77", "? identifier=http://h.example/mrn|77"),
            ("https://h.example/r4/Patient?_id=7", "https://h.example/r4? _id=7"),
            ("https://h.example/portal/u/7", "web"),
            ("Patient", "other"),
            ("patient/77", "other"),
            ("see Patient/77", "other"),
            ("", "other"),
            ("/", "other"),
            ("http://", "other"),
        ] {
            assert_eq!(parts(value), want, "{value}");
        }
    }

    #[test]
    fn vocabularies_are_told_from_servers() {
        for value in [
            "http://loinc.org",
            "http://hl7.org/fhir/sid/us-ssn",
            "http://terminology.hl7.org/CodeSystem/v2-0203",
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
            "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
            "http://www.nlm.nih.gov/research/umls/rxnorm",
            "urn:oid:2.16.840.1.113883.6.96",
            "urn:ietf:bcp:47",
        ] {
            assert_eq!(Uri::of(value), Uri::Vocabulary, "{value}");
        }
        for value in [
            "https://fhir.harborpines.example/mrn",
            "http://notloinc.org",
            "http://loinc.org.example/x",
            "http://hapi.fhir.org/baseR4/Patient/77",
            "urn:uuid:5bc8fbbc-bde5-4099-8164-d8399f767c45",
            "mrn",
        ] {
            assert_ne!(Uri::of(value), Uri::Vocabulary, "{value}");
        }
    }

    #[test]
    fn ordinals_name_no_one() {
        for id in ["p1", "sp", "patient", "med-2", "org12", "Practitioner1", "1", "x"] {
            assert!(is_ordinal(id), "{id}");
        }
        for id in ["mrn-00482913", "okonjo", "5bc8fbbc-bde5-4099-8164-d8399f767c45", "123456", "patient482913"] {
            assert!(!is_ordinal(id), "{id}");
        }
    }
}
