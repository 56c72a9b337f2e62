#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::identifier::Label;
use crate::record::{Content, Edits, Fate, Form, Part};

/// The segments of a record: `field what text`, what being the label, or `?` for text to be searched.
fn segments(text: &str) -> Vec<String> {
    let mut reader = Reader::new(Select::all());
    let record = reader.read(text.as_bytes()).unwrap();
    let what = |hint| match hint {
        Hint::Whole(label) => Label::name(label),
        Hint::Text => "?",
        Hint::Skip => "skip",
    };
    let line = |s: &Segment<'_>| format!("{} {} {}", reader.field_name(s.field), what(s.hint), s.text);
    record.segments.iter().map(line).collect()
}

/// Of a resource of that kind with these members, the segments below its id.
fn of(kind: &str, members: &str) -> Vec<String> {
    segments(&format!(r#"{{"resourceType":"{kind}",{members}}}"#))
}

#[test]
fn data_types_say_what_their_members_are() {
    for (kind, members, want) in [
        (
            "Patient",
            r#""name":[{"use":"official","text":"Dr. Tad Reyes, MD","family":"Reyes","given":["Tad","M."],"prefix":["Dr."]}]"#,
            &[
                "/name/*/text NAME Tad Reyes",
                "/name/*/family NAME Reyes",
                "/name/*/given/* NAME Tad",
                "/name/*/given/* NAME M.",
            ][..],
        ),
        ("Patient", r#""birthDate":"1958-03-14","gender":"male""#, &["/birthDate DATE 1958-03-14"]),
        ("Patient", r#""birthDate":"1958","deceasedBoolean":true"#, &["/birthDate YEAR 1958"]),
        (
            "Patient",
            r#""_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1958-03-14T05:17:00Z"}]}"#,
            &["/_birthDate/extension/*/valueDateTime DATE 1958-03-14T05:17:00Z"],
        ),
        (
            "Patient",
            r#""address":[{"use":"home","line":["4 Kelp St"],"city":"Elma","district":"Kitsap","state":"WA","postalCode":"98312","country":"US","text":"4 Kelp St, Elma, WA 98312"}]"#,
            &[
                "/address/*/line/* STREET 4 Kelp St",
                "/address/*/city CITY Elma",
                "/address/*/district CITY Kitsap",
                "/address/*/postalCode ZIP 98312",
                "/address/*/text STREET 4 Kelp St",
                "/address/*/text CITY Elma",
                "/address/*/text ZIP 98312",
            ],
        ),
        (
            "Patient",
            r#""telecom":[{"value":"360-555-0142","system":"phone"},{"system":"fax","value":"360-555-0143"},{"system":"email","value":"tad@x.example"},{"value":"360-555-0144"},{"system":"url","value":"https://tad.example/me"}]"#,
            &[
                "/telecom/*/value PHONE 360-555-0142",
                "/telecom/*/value FAX 360-555-0143",
                "/telecom/*/value EMAIL tad@x.example",
                "/telecom/*/value PHONE 360-555-0144",
                "/telecom/*/value URL https://tad.example/me",
            ],
        ),
        (
            "Patient",
            r#""identifier":[{"value":"0048","system":"urn:oid:1.2.3","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Record"}},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"531882047"},{"system":"https://h.example/mpi","value":"77"},{"value":4711}]"#,
            &[
                "/identifier/*/type/text ? Record",
                "/identifier/*/value MRN 0048",
                "/identifier/*/value SSN 531882047",
                "/identifier/*/system URL https://h.example/mpi",
                "/identifier/*/value MRN 77",
                "/identifier/*/value MRN 4711",
            ],
        ),
        (
            "DocumentReference",
            r#""masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:2.16.840.1.113883.3.7741.20.785829647"}"#,
            &["/masterIdentifier/value OTHER_ID 785829647"],
        ),
        (
            "Patient",
            r#""extension":[{"valueString":"Haugland","url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"},{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"White"},{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"2106-3","display":"White"}}]},{"url":"geolocation","extension":[{"url":"latitude","valueDecimal":47.5914}]}]"#,
            &[
                "/extension/*/valueString NAME Haugland",
                "/extension/*/extension/*/valueString ? White",
                "/extension/*/extension/*/valueCoding/display ? White",
                "/extension/*/extension/*/valueDecimal OTHER_ID 47.5914",
            ],
        ),
        (
            "Observation",
            r#""status":"final","code":{"coding":[{"code":"4548-4","system":"http://loinc.org","display":"Hemoglobin A1c"}],"text":"A1c"},"valueQuantity":{"value":120.5,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"},"category":[{"coding":[{"system":"http://h.example/codes","code":"77120458"}]}]"#,
            &[
                "/code/coding/*/display ? Hemoglobin A1c",
                "/code/text ? A1c",
                "/category/*/coding/*/system URL http://h.example/codes",
                "/category/*/coding/*/code ? 77120458",
            ],
        ),
        (
            "Condition",
            r#""onsetAge":{"value":93,"unit":"years","system":"http://unitsofmeasure.org","code":"a"}"#,
            &["/onsetAge/value AGE90 93"],
        ),
        (
            "Condition",
            r#""onsetAge":{"code":"a","value":89,"system":"http://unitsofmeasure.org"},"abatementAge":{"value":91,"code":"mo"}"#,
            &[],
        ),
        ("Observation", r#""valueQuantity":{"value":93,"unit":"kg"},"valueInteger":93"#, &[]),
        (
            "Observation",
            r#""valueString":"saw Pat","note":[{"text":"call Bea","authorString":"Ines Halloran","time":"2024-01-02T03:04:05Z"}]"#,
            &[
                "/valueString ? saw Pat",
                "/note/*/text ? call Bea",
                "/note/*/authorString NAME Ines Halloran",
                "/note/*/time DATE 2024-01-02T03:04:05Z",
            ],
        ),
        (
            "Location",
            r#""name":"Larch Hill","position":{"longitude":-122.6361,"latitude":47.5270}"#,
            &[
                "/name FACILITY Larch Hill",
                "/position/longitude OTHER_ID -122.6361",
                "/position/latitude OTHER_ID 47.5270",
            ],
        ),
        (
            "Organization",
            r#""name":"Harbor Pines","type":[{"coding":[{"code":"prov"}]}]"#,
            &["/name FACILITY Harbor Pines"],
        ),
        (
            "Organization",
            r#""name":"Olympic Mutual","type":[{"coding":[{"code":"pay"}]}]"#,
            &["/name ? Olympic Mutual"],
        ),
        (
            "Organization",
            r#""type":[{"coding":[{"code":"bus"}]}],"name":"Gorst Salvage""#,
            &["/name EMPLOYER Gorst Salvage"],
        ),
        (
            "Coverage",
            r#""subscriberId":"CHA77","dependent":"01","class":[{"name":"Gorst Salvage","value":"GRP-4","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/coverage-class","code":"group"}]}},{"type":{"coding":[{"code":"plan"}]},"value":"B37","name":"Gold PPO"}],"payor":[{"display":"Medicare"}],"period":{"start":"2024-01-01"}"#,
            &[
                "/subscriberId HEALTH_PLAN CHA77",
                "/dependent ? 01",
                "/class/*/value HEALTH_PLAN GRP-4",
                "/class/*/name EMPLOYER Gorst Salvage",
                "/class/*/value HEALTH_PLAN B37",
                "/class/*/name ? Gold PPO",
                "/payor/*/display ? Medicare",
                "/period/start DATE 2024-01-01",
            ],
        ),
        (
            "Device",
            r#""udiCarrier":[{"deviceIdentifier":"00884521136627","issuer":"http://hl7.org/fhir/NamingSystem/gs1-di","carrierHRF":"(01)008(21)Z1","carrierAIDC":"AAECAw=="}],"serialNumber":"Z1","lotNumber":"L7","deviceName":[{"name":"Insulin pump","type":"user-friendly-name"}]"#,
            &[
                "/udiCarrier/*/carrierHRF DEVICE (01)008(21)Z1",
                "/udiCarrier/*/carrierAIDC DEVICE AAECAw==",
                "/serialNumber DEVICE Z1",
                "/lotNumber DEVICE L7",
                "/deviceName/*/name ? Insulin pump",
            ],
        ),
        (
            "AuditEvent",
            r#""agent":[{"name":"Ines Halloran","altId":"ih7","network":{"address":"10.1.2.3","type":"2"}}],"source":{"site":"Harbor Pines","observer":{"display":"Harbor Pines Hospital"}}"#,
            &[
                "/agent/*/name NAME Ines Halloran",
                "/agent/*/altId OTHER_ID ih7",
                "/agent/*/network/address IP 10.1.2.3",
                "/source/site FACILITY Harbor Pines",
                "/source/observer/display FACILITY Harbor Pines Hospital",
            ],
        ),
        (
            "ImagingStudy",
            r#""series":[{"uid":"2.16.124.113543.6003","modality":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"CT"}}]"#,
            &["/series/*/uid OTHER_ID 2.16.124.113543.6003"],
        ),
        (
            "FamilyMemberHistory",
            r#""name":"Beatriz Reyes","relationship":{"text":"mother"}"#,
            &["/name NAME Beatriz Reyes", "/relationship/text ? mother"],
        ),
        (
            "QuestionnaireResponse",
            r#""item":[{"linkId":"9b1d-77120458","text":"Who?","answer":[{"valueString":"Bea"}]}]"#,
            &["/item/*/text ? Who?", "/item/*/answer/*/valueString ? Bea"],
        ),
        // What the specification does not know.
        (
            "Patient",
            r#""custom":{"mrn":"00482913","given":["Bea"],"city":"Elma","remark":"seen"},"status":"Beatriz""#,
            &[
                "/custom/mrn MRN 00482913",
                "/custom/given/* NAME Bea",
                "/custom/city CITY Elma",
                "/custom/remark ? seen",
                "/status ? Beatriz",
            ],
        ),
    ] {
        assert_eq!(of(kind, members), want, "{kind} {members}");
    }
}

#[test]
fn references_are_cut_into_server_and_id() {
    for (members, want) in [
        (
            r#""subject":{"reference":"Patient/a1","display":"Reyes, Tad"}"#,
            &["/subject/reference OTHER_ID a1", "/subject/display NAME Reyes, Tad"][..],
        ),
        (
            r#""subject":{"display":"Reyes, Tad","reference":"https:\/\/h.example\/r4\/Patient\/\u00611\/_history\/7"}"#,
            &[
                "/subject/display NAME Reyes, Tad",
                "/subject/reference URL https://h.example/r4",
                "/subject/reference OTHER_ID a1",
            ],
        ),
        (
            r#""performer":[{"reference":"urn:uuid:5bc8","type":"Practitioner","display":"Sunil Wadhwa, MD"}]"#,
            &["/performer/*/reference OTHER_ID 5bc8", "/performer/*/display NAME Sunil Wadhwa"],
        ),
        (
            r#""performer":[{"reference":"Organization/o1","display":"Harbor Pines Lab"}]"#,
            &["/performer/*/reference OTHER_ID o1", "/performer/*/display FACILITY Harbor Pines Lab"],
        ),
        (
            r#""performer":[{"display":"Dr. Quist"},{"display":"Harbor Pines Lab"},{"display":"staff"}]"#,
            &[
                "/performer/*/display NAME Quist",
                "/performer/*/display FACILITY Harbor Pines Lab",
                "/performer/*/display ? staff",
            ],
        ),
        (
            r##""specimen":{"reference":"#sp","display":"Blood"},"focus":[{"reference":"#mrn-00482913"}]"##,
            &["/specimen/display ? Blood", "/focus/*/reference OTHER_ID mrn-00482913"],
        ),
        (r#""subject":{"identifier":{"value":"77"},"type":"Patient"}"#, &["/subject/identifier/value MRN 77"]),
        (
            r#""meta":{"versionId":"77120458","source":"https://h.example/feed","profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"],"lastUpdated":"2024-04-17T12:00:58.852-08:00"}"#,
            &["/meta/source URL https://h.example/feed", "/meta/lastUpdated DATE 2024-04-17T12:00:58.852-08:00"],
        ),
    ] {
        assert_eq!(of("Observation", members), want, "{members}");
    }
    assert_eq!(
        of(
            "Bundle",
            r#""entry":[{"fullUrl":"urn:uuid:5bc8","request":{"method":"PUT","url":"Patient?identifier=https://h.example/mrn|77&family=Reyes"}}],"link":[{"relation":"self","url":"https://h.example/r4/Patient?_id=a1"}]"#
        ),
        [
            "/entry/*/fullUrl OTHER_ID 5bc8",
            "/entry/*/request/url URL https://h.example/mrn",
            "/entry/*/request/url OTHER_ID 77",
            "/entry/*/request/url NAME Reyes",
            "/link/*/url URL https://h.example/r4",
            "/link/*/url OTHER_ID a1",
        ]
    );
}

#[test]
fn forms_and_parts_are_those_of_the_elements() {
    let text = r#"{"resourceType":"Patient","id":"a1","meta":{"lastUpdated":"2024-04-17T12:00:58Z"},"birthDate":"1958-03-14",
        "deceasedDateTime":"2024-01-02","name":[{"use":"nickname","given":["Tad"]},{"given":["Thaddeus"],"family":"Reyes","text":"Thaddeus Reyes"}],
        "link":[{"other":{"reference":"https://h.example/r4/Patient/b2"}}]}"#;
    let mut reader = Reader::new(Select::all());
    let record = reader.read(text.as_bytes()).unwrap();
    let have: Vec<_> = record.segments.iter().map(|s| (s.text.as_ref(), s.form, s.part)).collect();
    assert_eq!(
        have,
        [
            ("a1", Form::Id, Part::Unknown),
            ("2024-04-17T12:00:58Z", Form::FhirInstant, Part::Unknown),
            ("1958-03-14", Form::FhirDate, Part::Unknown),
            ("2024-01-02", Form::FhirDateTime, Part::Unknown),
            ("Tad", Form::Free, Part::Nick),
            ("Thaddeus", Form::Free, Part::Given),
            ("Reyes", Form::Free, Part::Family),
            ("Thaddeus Reyes", Form::Free, Part::Full),
            ("https://h.example/r4", Form::Shared, Part::Unknown),
            ("b2", Form::Id, Part::Unknown),
        ]
    );
}

#[test]
fn resources_are_found_at_any_depth_and_in_any_order() {
    for text in [
        r#"{"birthDate":"1958-03-14","resourceType":"Patient"}"#,
        r#"{"birthDate":"1958-03-14","re\u0073ourceType":"Pati\u0065nt"}"#,
        r#" { "resourceType" : "Patient" , "birthDate" : "1958-03-14" } "#,
        r#"{"row":7,"doc":{"x":{"resourceType":"Patient","birthDate":"1958-03-14"}}}"#,
        r#"{"row":7,"doc":[{"birthDate":"1958-03-14","resourceType":"Patient"}]}"#,
        r#"{"resourceType":"Bundle","entry":[{"resource":{"birthDate":"1958-03-14","resourceType":"Patient"}}]}"#,
        r#"{"resourceType":"Condition","contained":[{"birthDate":"1958-03-14","resourceType":"Patient"}]}"#,
        r#"{"resourceType":"Parameters","parameter":[{"name":"r","resource":{"resourceType":"Patient","birthDate":"1958-03-14"}}]}"#,
    ] {
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        let have: Vec<_> = record.segments.iter().map(|s| (s.text.as_ref(), s.hint, s.form)).collect();
        assert_eq!(have, [("1958-03-14", Hint::Whole(Label::Date), Form::FhirDate)], "{text}");
    }
    // No resources: read as other JSON.
    for text in [
        r#"{"resourceType":"Nothing","birthDate":"1958-03-14"}"#,
        r#"{"resourceType":7,"birthDate":"1958-03-14"}"#,
        r#"{"kind":"resourceType","birthDate":"1958-03-14"}"#,
    ] {
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        assert!(record.segments.iter().all(|s| s.form == Form::Free), "{text}");
        assert!(record.references.is_empty() && record.patient.is_none());
    }
}

#[test]
fn one_reader_reads_resources_of_all_kinds_in_turn() {
    let mut reader = Reader::new(Select::all());
    for (text, want) in [
        (r#"{"resourceType":"Location","name":"Larch Hill"}"#, Some(Label::Facility)),
        (r#"{"resourceType":"Group","name":"Larch Hill"}"#, None),
        (r#"{"name":"Larch Hill","dose":"5 mg"}"#, None),
        (r#"{"name":"Larch Hill","resourceType":"Location"}"#, Some(Label::Facility)),
        (r#"{"name":"Larch Hill"}"#, Some(Label::Name)),
    ] {
        let record = reader.read(text.as_bytes()).unwrap();
        let hint = want.map_or(Hint::Text, Hint::Whole);
        assert!(record.segments.iter().any(|s| s.hint == hint && s.text == "Larch Hill"), "{text}");
    }
}

#[test]
fn records_say_whose_they_are_and_what_they_speak_of() {
    for (text, patient, references) in [
        (
            r#"{"resourceType":"Patient","id":"a1","link":[{"other":{"reference":"Patient/b2"}}]}"#,
            Some("a1"),
            &["Patient/a1", "Patient/b2"][..],
        ),
        (
            r#"{"link":[{"other":{"reference":"Patient/b2"}}],"id":"a1","resourceType":"Patient"}"#,
            Some("a1"),
            &["Patient/a1", "Patient/b2"],
        ),
        (
            r#"{"resourceType":"Observation","performer":[{"reference":"Practitioner/p"},{"reference":"Patient/x"}],"subject":{"reference":"https://h.example/Patient/a1/_history/2"},"id":"o1","encounter":{"reference":"urn:uuid:e1"},"specimen":{"reference":"Practitioner/p"}}"#,
            Some("a1"),
            &["Observation/o1", "Practitioner/p", "Patient/x", "Patient/a1", "/e1"],
        ),
        (
            r#"{"resourceType":"Coverage","beneficiary":{"reference":"urn:uuid:a1","type":"Patient"}}"#,
            Some("a1"),
            &["Patient/a1"],
        ),
        (r#"{"resourceType":"Flag","subject":{"reference":"urn:uuid:a1"}}"#, Some("a1"), &["/a1"]),
        (r#"{"resourceType":"Flag","subject":{"reference":"Group/g"}}"#, None, &["Group/g"]),
        (
            r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/a1"}}]}"#,
            Some("a1"),
            &["Patient/a1"],
        ),
        (
            r#"{"resourceType":"Task","for":{"reference":"Patient/a1"},"owner":{"reference":"Patient/b2"}}"#,
            Some("a1"),
            &["Patient/a1", "Patient/b2"],
        ),
        (
            r#"{"resourceType":"Bundle","id":"b","entry":[{"fullUrl":"urn:uuid:u","resource":{"resourceType":"Patient","id":"a1"}},{"resource":{"resourceType":"Flag","id":"f","subject":{"reference":"Patient/a1"}}}]}"#,
            Some("a1"),
            &["Bundle/b", "/u", "Patient/a1", "Flag/f"],
        ),
        (
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"a1"}},{"resource":{"resourceType":"Patient","id":"b2"}}]}"#,
            None,
            &["Patient/a1", "Patient/b2"],
        ),
        (
            r#"{"resourceType":"Flag","contained":[{"resourceType":"Patient","id":"p1"}],"subject":{"reference":"Patient/a1"}}"#,
            Some("a1"),
            &["Patient/a1"],
        ),
        (r#"{"patient":{"reference":"Patient/a1"}}"#, None, &[]),
    ] {
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        assert_eq!(record.patient.as_deref(), patient, "{text}");
        assert_eq!(record.references, references, "{text}");
    }
    let mut reader = Reader::new(Select::all().patient(Some("/mrn")));
    let record = reader.read(br#"{"resourceType":"Patient","id":"a1","mrn":"0048"}"#).unwrap();
    assert_eq!(record.patient.as_deref(), Some("0048"));
}

#[test]
fn attachments_are_collected_until_their_object_ends() {
    let data = "aXQgaXMgQmVhdHJpeiBoZXJlLCBzZWVuIGJ5IERyLiBRdWlzdA==";
    for (text, label) in [
        (
            format!(
                r#"{{"resourceType":"Patient","photo":[{{"data":"{data}","size":38,"hash":"h","contentType":"image/png"}}]}}"#
            ),
            Label::Biometric,
        ),
        (format!(r#"{{"resourceType":"Binary","contentType":"image/png","data":"{data}"}}"#), Label::OtherId),
        (format!(r#"{{"data":"{data}","resourceType":"Binary"}}"#), Label::OtherId),
        (
            format!(
                r#"{{"resourceType":"DocumentReference","content":[{{"attachment":{{"size":38,"data":"{data}"}}}}]}}"#
            ),
            Label::OtherId,
        ),
        (
            format!(r#"{{"resourceType":"Basic","extension":[{{"url":"x","valueAttachment":{{"data":"{data}"}}}}]}}"#),
            Label::OtherId,
        ),
    ] {
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        let [Content { raw, fate, size, .. }] = record.contents.as_slice() else { unreachable!("{text}") };
        assert_eq!(raw.of(&text), data);
        assert!(*fate == Fate::Opaque(label) || *fate == Fate::Search, "{text}");
        assert_eq!(size.map(|size| size.of(&text)), text.contains("size").then_some("38"));
    }
    let texts = of("Basic", r#""extension":[{"url":"x","valueAttachment":{"data":"call Bea"}}]"#);
    assert_eq!(texts, ["/extension/*/valueAttachment/data ? call Bea"]);
}

#[test]
fn selections_hold_for_resources_too() {
    let text = r#"{"resourceType":"Patient","id":"a1","gender":"male","name":[{"family":"Reyes"}],"telecom":[{"system":"phone","value":"360-555-0142"}]}"#;
    let texts = |select: Select| -> Vec<String> {
        let mut reader = Reader::new(select);
        let record = reader.read(text.as_bytes()).unwrap();
        record
            .segments
            .iter()
            .map(|s| format!("{}{}", s.text, s.rule.map_or(String::new(), |r| format!(" {r}"))))
            .collect()
    };
    assert_eq!(texts(Select::all()), ["a1", "Reyes", "360-555-0142"]);
    assert_eq!(texts(Select::all().fields(&["/name".into()])), ["Reyes"]);
    assert_eq!(texts(Select::all().fields(&["gender".into()])), ["male"]);
    assert_eq!(texts(Select::all().fields(&["/telecom/0".into()])), ["phone", "360-555-0142"]);
    assert_eq!(texts(Select::all().skip(&["telecom".into(), "/id".into()])), ["Reyes"]);
    assert_eq!(
        texts(Select::all().rules(&["/name/*/family".into(), "value".into()])),
        ["a1", "Reyes 0", "360-555-0142 1"]
    );
    assert_eq!(texts(Select::nothing()), Vec::<String>::new());
    assert_eq!(texts(Select::all().with_keys(true)), ["a1", "Reyes", "360-555-0142"]);
}

#[test]
fn names_of_fields_hold_no_data() {
    let mut reader = Reader::new(Select::all());
    let record = reader.read(br#"{"by":{"00482913":"x","Tad Reyes":["y"]},"a/b":"z"}"#).unwrap();
    let names: Vec<_> = record.segments.iter().map(|s| reader.field_name(s.field)).collect();
    assert_eq!(names, ["/by/*", "/by/*", "/by/*", "/by/*/*", "/a~1b"]);
}

/// A resource with most data types; members in any order, some letters escaped, with blanks or not.
fn resources() -> impl Strategy<Value = String> {
    let members = vec![
        r#""resourceType":"Patient""#,
        r#""id":"a-1""#,
        r#""name":[{"use":"nickname","given":["Tad","Élan"]},{"text":"Mr. Tad \"Ox\" Reyes"}]"#,
        r#""text":{"status":"generated","div":"<div>Tad &amp; Bea \u00e9<\/div>"}"#,
        r#""subject":{"reference":"https:\/\/h.example\/r4\/Patient\/a-1","display":"Reyes, Tad"}"#,
        r#""identifier":[{"value":"0048","type":{"coding":[{"code":"MR"}]}},{"value":77120458}]"#,
        r#""photo":[{"data":"aXQgaXMgQmVhdHJpeiBoZXJl","size":18}]"#,
        r#""contained":[{"id":"p1","resourceType":"Practitioner"},{"resourceType":"Device","lotNumber":"L7"}]"#,
        r#""extension":[{"valueString":"x \ud83d\ude00 y","url":"http://h.example/x"}]"#,
        r#""onsetAge":{"value":93,"code":"a"}"#,
        r#""custom":[[1.50,{"k":null,"status":"see Bea"}],true,-0.0]"#,
    ];
    (Just(members).prop_shuffle(), 1..12_usize, any::<bool>(), any::<u64>()).prop_map(|(members, count, wide, seed)| {
        let (comma, colon) = if wide { (" ,\n\t", " : ") } else { (",", ":") };
        let chosen =
            members.into_iter().take(count).collect::<Vec<_>>().join(comma).replace("\":", &format!("\"{colon}"));
        let mut out = String::from("{");
        let mut rolled = seed;
        let mut escaped = false;
        for c in chosen.chars() {
            rolled = rolled.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // A letter in a string outside an escape may be written as one.
            if !escaped && c.is_ascii_alphabetic() && rolled >> 60 == 0 && in_string(&out) {
                out.push_str(&format!("\\u{:04x}", c as u32));
            } else {
                out.push(c);
            }
            escaped = c == '\\' && !escaped || escaped && (c == 'u' || c.is_ascii_hexdigit() && in_escape(&out));
        }
        out.push('}');
        out
    })
}

fn in_string(text: &str) -> bool {
    text.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2 == 1
}

fn in_escape(text: &str) -> bool {
    text.rfind("\\u").is_some_and(|at| text.len() - at < 6)
}

proptest! {
    #[test]
    fn without_edits_every_byte_stays(text in resources()) {
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        Edits::default().apply(record.bytes, record.charset, &mut out, &mut Vec::new());
        prop_assert_eq!(out, text.as_bytes());
    }

    #[test]
    fn edits_change_their_spans_only(text in resources()) {
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        let mut spans: Vec<Span> = record.segments.iter().filter(|s| s.within.is_none()).map(|s| s.raw).collect();
        spans.extend(record.contents.iter().map(|content| content.raw));
        spans.sort_unstable();
        prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "{text}");
        let mut edits = Edits::default();
        let mut want = String::new();
        let mut copied = 0;
        for segment in record.segments.iter().filter(|s| s.within.is_none() && s.escape != Escape::JsonXml) {
            let raw = record.raw_of(segment, Span::new(0, segment.text.len()));
            prop_assert_eq!(raw, segment.raw);
            let by = if segment.escape == Escape::JsonNumber { "7" } else { "[X]" };
            edits.replace(raw, segment.escape, |out| { out.push_str(by); Ok::<_, Infallible>(true) }).unwrap();
        }
        let mut parts: Vec<&Segment<'_>> = record.segments.iter().filter(|s| s.within.is_none() && s.escape != Escape::JsonXml).collect();
        parts.sort_by_key(|segment| segment.raw.start);
        for segment in parts {
            want.push_str(&text[copied..segment.raw.start]);
            want.push_str(if segment.escape == Escape::JsonNumber { "7" } else { "[X]" });
            copied = segment.raw.end;
        }
        want.push_str(&text[copied..]);
        let mut out = Vec::new();
        edits.apply(record.bytes, record.charset, &mut out, &mut Vec::new());
        let out = String::from_utf8(out).unwrap();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{out}");
        prop_assert_eq!(out, want);
    }

    #[test]
    fn the_order_of_members_changes_nothing(text in resources()) {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let sorted = |text: &str| {
            let mut all = segments(text);
            all.sort();
            all
        };
        // The parser of the test sorts members by name; numbers lose what they were written as.
        if let Some(custom) = value.get_mut("custom") { *custom = serde_json::json!([[1.5, {"k": null, "status": "see Bea"}], true, 0]); }
        prop_assert_eq!(sorted(&text), sorted(&value.to_string()));
    }
}
