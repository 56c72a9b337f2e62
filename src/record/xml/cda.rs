//! What elements and attributes of a clinical document hold (HL7 CDA release 2 with C-CDA 2.1 and the `sdtc` extensions),
//! by their names and those around them.
//!
//! Data types are those of HL7 version 3 (ITS release 1): II in `id`, TS and IVL_TS in times, TEL in `telecom`, AD in
//! `addr`, EN in `name`, CD in `code`, PQ in quantities. An element that is not in the table is left to its name.

use super::oid;
use crate::identifier::Label;
use crate::record::{Form, Part};

/// What an element holds, and what is known around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) holds: Holds,
    who: Who,
    within: Within,
    /// In a section on payers.
    payer: bool,
}

/// What an element holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    /// What its name says.
    Unknown,
    /// Text.
    Text,
    /// A narrative block, with markup.
    Narrative,
    /// One identifier.
    Whole(Label, Part),
    /// A title before or after a name.
    Affix,
    /// A time or an interval of times.
    Time,
    Telecom,
    /// An instance identifier of that label.
    Id(Label),
    /// The identifier of a template or type.
    Template,
    Code,
    Quantity,
}

/// What an attribute's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// A code or a measurement.
    Nothing,
    /// Text.
    Text,
    /// One identifier from that byte on.
    Whole(Label, usize, Form),
    /// What its name says.
    Unknown,
}

/// Whom or what the element is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Document,
    Patient,
    Person,
    Organisation,
    Facility,
    Birthplace,
    Encounter,
    /// A drug or device.
    Thing,
    /// Who is covered by a payer.
    Covered,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Within {
    Nothing,
    Name,
    /// A name that somebody is called by instead.
    Nickname,
    Address,
    Time,
}

impl Context {
    /// Above the root element.
    pub(super) const DOCUMENT: Context =
        Context { holds: Holds::Unknown, who: Who::Document, within: Within::Nothing, payer: false };

    /// Of the element called `name` in this one.
    pub(super) fn enter<'a>(self, name: &str, attribute: impl Fn(&str) -> Option<&'a str>) -> Context {
        let who = self.who_is(name, &attribute);
        let mut inside = Context { holds: Holds::Unknown, who, within: Within::Nothing, payer: self.payer };
        match self.within {
            Within::Address => {
                inside.holds = address_part(name);
                return inside;
            }
            Within::Name | Within::Nickname => {
                inside.holds = self.name_part(name, attribute("qualifier").unwrap_or_default());
                return inside;
            }
            Within::Time if matches!(name, "low" | "high" | "center" | "phase" | "event" | "comp") => {
                return Context { holds: Holds::Time, within: Within::Time, ..inside };
            }
            Within::Time | Within::Nothing => {}
        }
        inside.holds = match name {
            // Parts of a quantity, of a period, of a code.
            _ if self.holds == Holds::Quantity && name != "originalText" => Holds::Quantity,
            "width" | "period" if self.within == Within::Time => Holds::Quantity,
            "name" | "value" if self.holds == Holds::Code => Holds::Code,
            "id" | "setId" => Holds::Id(self.id_label(attribute("root").unwrap_or_default())),
            "templateId" | "typeId" => Holds::Template,
            "telecom" => Holds::Telecom,
            "addr" => {
                inside.within = Within::Address;
                Holds::Whole(Label::Street, Part::Unknown)
            }
            "name" => {
                let persons = matches!(who, Who::Patient | Who::Person | Who::Covered);
                if persons {
                    let usage = attribute("use").unwrap_or_default();
                    let called = usage.split_ascii_whitespace().any(|code| code == "P");
                    inside.within = if called { Within::Nickname } else { Within::Name };
                }
                self.name(who, inside.within)
            }
            "text" => Holds::Narrative,
            "title"
            | "originalText"
            | "desc"
            | "reference"
            | "thumbnail"
            | "signatureText"
            | "softwareName"
            | "manufacturerModelName"
            | "derivationExpr" => Holds::Text,
            "lotNumberText" => Holds::Whole(Label::Device, Part::Unknown),
            "value" => value(attribute("xsi:type").unwrap_or_default()),
            "code" | "translation" | "qualifier" => Holds::Code,
            "repeatNumber"
            | "sequenceNumber"
            | "priorityNumber"
            | "versionNumber"
            | "multipleBirthOrderNumber"
            | "interval"
            | "standardDeviation" => Holds::Quantity,
            "time" | "useablePeriod" => Holds::Time,
            _ if name.ends_with("Time") || name.ends_with("Date") => Holds::Time,
            _ if name.ends_with("Code") => Holds::Code,
            _ if name.ends_with("uantity") || name.ends_with("Ind") => Holds::Quantity,
            _ => Holds::Unknown,
        };
        if inside.holds == Holds::Time {
            inside.within = Within::Time;
        }
        inside
    }

    /// The code of the section, or of the act, that this element is: some say who pays.
    pub(super) fn set_code(&mut self, code: &str) {
        // LOINC: payment sources.
        self.payer |= code == "48768-6";
    }

    fn who_is<'a>(self, name: &str, attribute: &impl Fn(&str) -> Option<&'a str>) -> Who {
        let class = attribute("classCode").unwrap_or_default();
        match name {
            "patientRole" | "patient" => Who::Patient,
            "manufacturerOrganization" => Who::Thing,
            _ if name.ends_with("Person") => Who::Person,
            "organization" | "asOrganizationPartOf" => Who::Organisation,
            _ if name.ends_with("Organization") => Who::Organisation,
            "guardian"
            | "subject"
            | "relatedSubject"
            | "assignedAuthor"
            | "assignedEntity"
            | "associatedEntity"
            | "relatedEntity"
            | "intendedRecipient"
            | "informationRecipient"
            | "responsibleParty" => Who::Person,
            "birthplace" => Who::Birthplace,
            "place" if self.who == Who::Birthplace => Who::Birthplace,
            "healthCareFacility" | "location" | "place" => Who::Facility,
            "encompassingEncounter" | "encounter" => Who::Encounter,
            "manufacturedProduct"
            | "manufacturedMaterial"
            | "manufacturedLabeledDrug"
            | "labeledDrug"
            | "material"
            | "playingDevice"
            | "assignedAuthoringDevice"
            | "containerPackagedProduct" => Who::Thing,
            "participant" if matches!(attribute("typeCode"), Some("COV" | "HLD")) => Who::Covered,
            "participantRole" if self.who == Who::Covered => Who::Covered,
            "participantRole" => match class {
                "MANU" => Who::Thing,
                "SDLOC" => Who::Facility,
                _ => Who::Document,
            },
            "playingEntity" => match class {
                "PSN" => Who::Person,
                "PLC" | "ORG" | "CITY" => Who::Facility,
                _ if self.who == Who::Covered => Who::Covered,
                _ => Who::Thing,
            },
            "observation"
            | "act"
            | "procedure"
            | "substanceAdministration"
            | "supply"
            | "organizer"
            | "observationMedia"
            | "section"
            | "parentDocument"
            | "externalDocument"
            | "order"
            | "participant"
            | "performer"
            | "author"
            | "specimen" => Who::Document,
            _ => self.who,
        }
    }

    fn id_label(self, root: &str) -> Label {
        oid::label(root).unwrap_or(match self.who {
            Who::Patient => Label::Mrn,
            Who::Encounter => Label::Account,
            Who::Thing => Label::Device,
            Who::Covered => Label::HealthPlan,
            _ if self.payer => Label::HealthPlan,
            _ => Label::OtherId,
        })
    }

    fn name(self, who: Who, within: Within) -> Holds {
        match who {
            Who::Patient | Who::Person | Who::Covered if within == Within::Nickname => {
                Holds::Whole(Label::Name, Part::Nick)
            }
            Who::Patient | Who::Person | Who::Covered => Holds::Whole(Label::Name, Part::Full),
            // The name of a payer identifies nobody.
            Who::Organisation if self.payer => Holds::Text,
            Who::Organisation | Who::Facility => Holds::Whole(Label::Facility, Part::Unknown),
            Who::Birthplace => Holds::Whole(Label::City, Part::Unknown),
            Who::Thing => Holds::Text,
            Who::Document | Who::Encounter => Holds::Unknown,
        }
    }

    fn name_part(self, name: &str, qualifier: &str) -> Holds {
        let called = self.within == Within::Nickname || qualifier.split_ascii_whitespace().any(|code| code == "CL");
        match name {
            "prefix" | "suffix" => Holds::Affix,
            "given" if called => Holds::Whole(Label::Name, Part::Nick),
            "given" => Holds::Whole(Label::Name, Part::Given),
            "family" => Holds::Whole(Label::Name, Part::Family),
            "validTime" => Holds::Time,
            _ => Holds::Whole(Label::Name, Part::Unknown),
        }
    }

    /// What the value of an attribute of this element is.
    pub(super) fn attribute<'a>(self, name: &str, value: &str, attribute: impl Fn(&str) -> Option<&'a str>) -> Meaning {
        let code = value.len() <= 64 && !value.contains(|c: char| c.is_whitespace() || c == '@');
        match (name, self.holds) {
            ("extension", Holds::Id(label)) => Meaning::Whole(label, 0, Form::Free),
            ("extension", Holds::Template) if code => Meaning::Nothing,
            ("root", _) if oid::is_oid(value) => Meaning::Nothing,
            ("root", _) if oid::is_uuid(value) => Meaning::Whole(Label::OtherId, 0, Form::Free),
            ("assigningAuthorityName", _) => Meaning::Whole(Label::Facility, 0, Form::Free),
            ("value", Holds::Time) if attribute("unit").is_none() => time(value),
            ("value", Holds::Telecom) => telecom(value),
            ("value", Holds::Quantity | Holds::Time) => quantity(value, attribute("unit").unwrap_or_default()),
            ("code", Holds::Code) if code && attribute("codeSystem").is_some() => Meaning::Nothing,
            ("codeSystemName", _) if value.len() <= 64 => Meaning::Nothing,
            ("displayName" | "ID" | "title", _) => Meaning::Text,
            _ if code && CODED.contains(&name) => Meaning::Nothing,
            _ => Meaning::Unknown,
        }
    }
}

/// The value of a time: what is more precise than a year is a date.
pub(super) fn time(value: &str) -> Meaning {
    let value = value.trim();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let rest = value.get(digits..).unwrap_or_default();
    let zone = rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b':' | b'T' | b'Z'));
    match digits {
        4 if rest.is_empty() => Meaning::Nothing,
        4.. if zone => Meaning::Whole(Label::Date, 0, Form::Free),
        _ => Meaning::Text,
    }
}

/// The value of a `telecom`: a URL whose scheme says what it is (RFC 3966, RFC 6068).
fn telecom(value: &str) -> Meaning {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let scheme = value.find(':').unwrap_or(0);
    let after = if scheme == 0 { 0 } else { scheme + 1 };
    let whole = |label, start| Meaning::Whole(label, start, Form::Free);
    match value.get(..scheme).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "tel" | "sms" | "callto" | "x-text-tel" if digits >= 2 => whole(Label::Phone, after),
        "fax" | "modem" | "x-text-fax" if digits >= 2 => whole(Label::Fax, after),
        "mailto" => whole(Label::Email, after),
        "http" | "https" | "ftp" | "file" | "nfs" | "telnet" | "mllp" | "sip" | "xmpp" => whole(Label::Url, 0),
        _ if value.contains('@') => whole(Label::Email, 0),
        _ if digits >= 7 => whole(Label::Phone, 0),
        _ => Meaning::Text,
    }
}

/// The value of a quantity: only an age of 90 years or more identifies (45 CFR 164.514(b)(2)(i)(C)).
fn quantity(value: &str, unit: &str) -> Meaning {
    let years = matches!(unit, "a" | "yr" | "year" | "years" | "Y" | "a_g" | "a_j" | "a_t");
    match value.trim().parse::<f64>() {
        Ok(number) if years && (90.0..=130.0).contains(&number) => Meaning::Whole(Label::Age90, 0, Form::Number),
        Ok(_) => Meaning::Nothing,
        Err(_) if matches!(value.trim(), "true" | "false") => Meaning::Nothing,
        Err(_) => Meaning::Text,
    }
}

/// What a `value` of that type holds.
fn value(kind: &str) -> Holds {
    match kind.rsplit(':').next().unwrap_or_default() {
        "CD" | "CE" | "CV" | "CS" | "CO" | "CR" => Holds::Code,
        "TS" | "IVL_TS" | "PIVL_TS" | "EIVL_TS" | "SXCM_TS" | "SXPR_TS" => Holds::Time,
        "PQ" | "INT" | "REAL" | "BL" | "MO" | "PQR" | "RTO" | "RTO_PQ_PQ" | "RTO_MO_PQ" | "RTO_QTY_QTY" | "IVL_PQ"
        | "IVL_INT" | "IVL_REAL" | "SLIST_PQ" | "GLIST_PQ" | "BN" => Holds::Quantity,
        "TEL" | "URL" => Holds::Telecom,
        "II" => Holds::Id(Label::OtherId),
        "AD" => Holds::Whole(Label::Street, Part::Unknown),
        "PN" | "EN" | "TN" => Holds::Whole(Label::Name, Part::Full),
        "ON" => Holds::Whole(Label::Facility, Part::Unknown),
        // ST, ED, and what is not known.
        _ => Holds::Text,
    }
}

fn address_part(name: &str) -> Holds {
    match name {
        "city" | "county" | "precinct" => Holds::Whole(Label::City, Part::Unknown),
        "postalCode" => Holds::Whole(Label::Zip, Part::Unknown),
        "careOf" => Holds::Whole(Label::Name, Part::Full),
        "censusTract" => Holds::Whole(Label::OtherId, Part::Unknown),
        "state" | "country" | "delimiter" => Holds::Unknown,
        "useablePeriod" => Holds::Time,
        // streetAddressLine, houseNumber, streetName, unitID, postBox, and what is not known.
        _ => Holds::Whole(Label::Street, Part::Unknown),
    }
}

/// Whether a prefix or suffix of a name is a title, a degree or a generation: these identify nobody.
pub(super) fn is_title(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '/')).filter(|word| !word.is_empty()).all(|word| {
        let word: String = word.chars().filter(|c| *c != '.' && *c != '-').collect();
        TITLES.iter().any(|known| known.eq_ignore_ascii_case(&word))
    })
}

/// Attributes whose values are codes of the standard.
const CODED: &[&str] = &[
    "charset",
    "classCode",
    "codeSystem",
    "codeSystemVersion",
    "compression",
    "contextConductionInd",
    "contextControlCode",
    "currency",
    "determinerCode",
    "displayable",
    "inclusive",
    "independentInd",
    "institutionSpecified",
    "integrityCheck",
    "integrityCheckAlgorithm",
    "inversionInd",
    "language",
    "mediaType",
    "moodCode",
    "negationInd",
    "nullFlavor",
    "operator",
    "partType",
    "qualifier",
    "representation",
    "typeCode",
    "unit",
    "unsorted",
    "use",
    "validTimeHigh",
    "validTimeLow",
    "valueSet",
    "valueSetVersion",
];

const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "fr", "sr", "sra", "srta", "sir", "hon", "jr", "ii", "iii",
    "iv", "md", "do", "phd", "rn", "np", "pa", "pac", "dds", "dmd", "dpm", "od", "pharmd", "dnp", "crna", "cnm", "cnp",
    "fnp", "arnp", "aprn", "lpn", "msn", "bsn", "mph", "ms", "ma", "ba", "bs", "msw", "lcsw", "psyd", "rd", "ot", "pt",
    "dpt", "facs", "facp", "faan", "esq", "mbbs", "mbchb", "frcp", "frcs",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Context {
        // `name[attribute=value]` steps.
        path.split('/').fold(Context::DOCUMENT, |context, step| {
            let (name, rest) = step.split_once('[').unwrap_or((step, ""));
            let given = rest.trim_end_matches(']').split_once('=');
            context.enter(name, |key| given.filter(|(known, _)| *known == key).map(|(_, value)| value))
        })
    }

    #[test]
    fn elements_hold_what_their_place_says() {
        let name = |part| Holds::Whole(Label::Name, part);
        let whole = |label| Holds::Whole(label, Part::Unknown);
        for (path, want) in [
            ("ClinicalDocument/id", Holds::Id(Label::OtherId)),
            ("ClinicalDocument/templateId", Holds::Template),
            ("recordTarget/patientRole/id", Holds::Id(Label::Mrn)),
            ("recordTarget/patientRole/id[root=2.16.840.1.113883.4.1]", Holds::Id(Label::Ssn)),
            ("recordTarget/patientRole/patient/name/given", name(Part::Given)),
            ("recordTarget/patientRole/patient/name[use=P]/given", name(Part::Nick)),
            ("recordTarget/patientRole/patient/name/given[qualifier=CL]", name(Part::Nick)),
            ("recordTarget/patientRole/patient/name/family", name(Part::Family)),
            ("recordTarget/patientRole/patient/name/prefix", Holds::Affix),
            ("recordTarget/patientRole/patient/birthTime", Holds::Time),
            ("recordTarget/patientRole/patient/guardian/guardianPerson/name", name(Part::Full)),
            ("recordTarget/patientRole/patient/birthplace/place/addr/city", whole(Label::City)),
            ("recordTarget/patientRole/patient/birthplace/place/name", whole(Label::City)),
            ("recordTarget/patientRole/addr/streetAddressLine", whole(Label::Street)),
            ("recordTarget/patientRole/addr/state", Holds::Unknown),
            ("recordTarget/patientRole/providerOrganization/name", whole(Label::Facility)),
            ("recordTarget/patientRole/providerOrganization/id", Holds::Id(Label::OtherId)),
            ("author/assignedAuthor/assignedPerson/name", name(Part::Full)),
            ("author/assignedAuthor/assignedAuthoringDevice/softwareName", Holds::Text),
            ("componentOf/encompassingEncounter/id", Holds::Id(Label::Account)),
            ("componentOf/encompassingEncounter/location/healthCareFacility/location/name", whole(Label::Facility)),
            ("entry/encounter/id", Holds::Id(Label::Account)),
            ("entry/encounter/entryRelationship/observation/id", Holds::Id(Label::OtherId)),
            ("entry/substanceAdministration/doseQuantity/low", Holds::Quantity),
            ("entry/substanceAdministration/effectiveTime/low", Holds::Time),
            ("entry/substanceAdministration/effectiveTime/period", Holds::Quantity),
            ("manufacturedProduct/manufacturedMaterial/name", Holds::Text),
            ("manufacturedProduct/manufacturedMaterial/lotNumberText", whole(Label::Device)),
            ("manufacturedProduct/manufacturerOrganization/name", Holds::Text),
            ("participant[typeCode=COV]/participantRole/id", Holds::Id(Label::HealthPlan)),
            ("participant[typeCode=COV]/participantRole/playingEntity/name", name(Part::Full)),
            ("participant/participantRole[classCode=MANU]/id", Holds::Id(Label::Device)),
            ("participant/participantRole/playingEntity[classCode=MMAT]/name", Holds::Text),
            ("observation/value[xsi:type=PQ]", Holds::Quantity),
            ("observation/value[xsi:type=IVL_PQ]/high", Holds::Quantity),
            ("observation/value[xsi:type=hl7:IVL_TS]/high", Holds::Time),
            ("observation/value[xsi:type=ST]", Holds::Text),
            ("observation/value[xsi:type=CD]/originalText", Holds::Text),
            ("observation/interpretationCode", Holds::Code),
            ("patient/sdtc", Holds::Unknown),
            ("patient/deceasedTime", Holds::Time),
            ("section/text", Holds::Narrative),
            ("whatever", Holds::Unknown),
        ] {
            assert_eq!(at(path).holds, want, "{path}");
        }
    }

    #[test]
    fn who_pays_is_no_facility() {
        let mut section = at("component/section");
        section.set_code("48768-6");
        let performer = section.enter("act", |_| None).enter("performer", |_| None).enter("assignedEntity", |_| None);
        let organisation = performer.enter("representedOrganization", |_| None);
        assert_eq!(organisation.enter("name", |_| None).holds, Holds::Text);
        assert_eq!(performer.enter("id", |_| None).holds, Holds::Id(Label::HealthPlan));
    }

    #[test]
    fn attributes_mean_what_their_element_holds() {
        let whole = |label, start| Meaning::Whole(label, start, Form::Free);
        for (path, name, value, want) in [
            ("id", "extension", "CCD-5582", whole(Label::OtherId, 0)),
            ("id", "root", "2.16.840.1.113883.19.5", Meaning::Nothing),
            ("id", "root", "3f8e2b6a-0d3c-4c57-9d59-1b0b7c4a2e11", whole(Label::OtherId, 0)),
            ("id", "root", "Foley", Meaning::Unknown),
            ("templateId", "extension", "2015-08-01", Meaning::Nothing),
            ("birthTime", "value", "19490909", whole(Label::Date, 0)),
            ("birthTime", "value", "194909", whole(Label::Date, 0)),
            ("birthTime", "value", "1949", Meaning::Nothing),
            ("effectiveTime", "value", "20240503101500-0700", whole(Label::Date, 0)),
            ("effectiveTime", "value", "2024-05-03", whole(Label::Date, 0)),
            ("effectiveTime", "value", "Foley", Meaning::Text),
            ("effectiveTime[unit=d]", "value", "20240503", Meaning::Nothing),
            ("telecom", "value", "tel:(360) 555-0142", whole(Label::Phone, 4)),
            ("telecom", "value", "TEL:+1-360-555-0142", whole(Label::Phone, 4)),
            ("telecom", "value", "fax:3605550142", whole(Label::Fax, 4)),
            ("telecom", "value", "mailto:w@x.example", whole(Label::Email, 7)),
            ("telecom", "value", "w@x.example", whole(Label::Email, 0)),
            ("telecom", "value", "360-555-0142", whole(Label::Phone, 0)),
            ("telecom", "value", "https://x.example/w", whole(Label::Url, 0)),
            ("telecom", "value", "tel:unknown", Meaning::Text),
            ("doseQuantity", "value", "40", Meaning::Nothing),
            ("doseQuantity", "value", "see note", Meaning::Text),
            ("value[xsi:type=PQ]", "value", "1.94", Meaning::Nothing),
            ("value[xsi:type=PQ]", "unit", "mg/dL", Meaning::Nothing),
            ("code[codeSystem=2.16.840.1.113883.6.96]", "code", "73211009", Meaning::Nothing),
            ("code", "code", "son", Meaning::Unknown),
            ("code", "displayName", "Foley", Meaning::Text),
            ("observation", "moodCode", "EVN", Meaning::Nothing),
            ("observation", "moodCode", "Winnie Foley", Meaning::Unknown),
            ("observation", "foley", "x", Meaning::Unknown),
        ] {
            let (_, rest) = path.split_once('[').unwrap_or((path, ""));
            let given = rest.trim_end_matches(']').split_once('=');
            let find = |key: &str| given.filter(|(known, _)| *known == key).map(|(_, value)| value);
            assert_eq!(at(path).attribute(name, value, find), want, "{path} {name} {value}");
        }
        let age =
            |value, unit| at("value[xsi:type=PQ]").attribute("value", value, |key| (key == "unit").then_some(unit));
        assert_eq!(age("93", "a"), Meaning::Whole(Label::Age90, 0, Form::Number));
        assert_eq!(age("89", "a"), Meaning::Nothing);
        assert_eq!(age("93", "kg"), Meaning::Nothing);
    }

    #[test]
    fn titles_are_no_names() {
        for (text, title) in
            [("Mr.", true), ("MD, PhD", true), ("Pa-C", true), ("Ph.D.", true), ("von", false), ("Foley", false)]
        {
            assert_eq!(is_title(text), title, "{text}");
        }
    }
}
