#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::record::markup::tests::{check_walk, masked, no_overlap, texts};
use crate::record::{Escape, Fate};

/// Paths, texts and hints of the segments of a document.
fn read(document: &str) -> Vec<(String, String, Hint)> {
    let mut reader = Reader::new(Select::all());
    let record = reader.read(document.as_bytes()).unwrap();
    let row = |s: &Segment<'_>| (reader.field_name(s.field), s.text.to_string(), s.hint);
    record.segments.iter().map(row).collect()
}

fn rows(document: &str) -> Vec<String> {
    let row = |(path, text, hint): (String, String, Hint)| match hint {
        Hint::Whole(label) => format!("{path} {text} {}", label.name()),
        _ => format!("{path} {text}"),
    };
    read(document).into_iter().map(row).collect()
}

fn cda(inside: &str) -> String {
    format!("<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"x\">{inside}</ClinicalDocument>")
}

#[test]
fn headers_of_clinical_documents_are_read_by_path() {
    let role = "/ClinicalDocument/recordTarget/patientRole";
    for (inside, want) in [
        (
            "<recordTarget><patientRole><id extension=\"00468805\" root=\"2.16.840.1.113883.19\"/></patientRole></recordTarget>",
            &[format!("{role}/id/@extension 00468805 MRN")][..],
        ),
        (
            "<recordTarget><patientRole><id root=\"2.16.840.1.113883.4.1\" extension=\"545-73-0012\"/></patientRole></recordTarget>",
            &[format!("{role}/id/@extension 545-73-0012 SSN")],
        ),
        (
            "<recordTarget><patientRole><addr use=\"HP\"><streetAddressLine>PO Box 316</streetAddressLine><city>Elma</city>\
             <state>WA</state><postalCode>98541</postalCode></addr></patientRole></recordTarget>",
            &[
                format!("{role}/addr/streetAddressLine PO Box 316 STREET"),
                format!("{role}/addr/city Elma CITY"),
                format!("{role}/addr/postalCode 98541 ZIP"),
            ],
        ),
        (
            "<recordTarget><patientRole><telecom use=\"HP\" value=\"tel:(360) 555-0142\"/></patientRole></recordTarget>",
            &[format!("{role}/telecom/@value (360) 555-0142 PHONE")],
        ),
        (
            "<recordTarget><patientRole><patient><name><prefix>Mr.</prefix> <given>Pe&#241;<!-- x -->a</given>\n<family>D&apos;Artois</family>\
             <suffix>MD</suffix></name><birthTime value=\"19490909\"/></patient></patientRole></recordTarget>",
            &[
                format!("{role}/patient/name/given Pe\u{f1} NAME"),
                format!("{role}/patient/name/given a NAME"),
                format!("{role}/patient/name/family D'Artois NAME"),
                format!("{role}/patient/name/given/comment()  x "),
                format!("{role}/patient/birthTime/@value 19490909 DATE"),
            ],
        ),
        ("<templateId root=\"2.16.840.1.113883.10.20.22.1.1\" extension=\"2015-08-01\"/><realmCode code=\"US\"/>", &[]),
        ("<code code=\"34133-9\" codeSystem=\"2.16.840.1.113883.6.1\" codeSystemName=\"LOINC\"/>", &[]),
        (
            "<title>Summary of Bea</title><id root=\"3f8e2b6a-0d3c-4c57-9d59-1b0b7c4a2e11\"/>",
            &[
                "/ClinicalDocument/title Summary of Bea".into(),
                "/ClinicalDocument/id/@root 3f8e2b6a-0d3c-4c57-9d59-1b0b7c4a2e11 OTHER_ID".into(),
            ],
        ),
        (
            "<foley bea=\"Winnie was here\">and here</foley>",
            &["/ClinicalDocument/foley and here".into(), "/ClinicalDocument/foley/@bea Winnie was here".into()],
        ),
        (
            "<entry><observation><value xsi:type=\"PQ\" value=\"1.94\" unit=\"mg/dL\"/><value xsi:type=\"PQ\" value=\"93\" unit=\"a\"/>\
             <value xsi:type=\"ST\">seen by Bea</value></observation></entry>",
            &[
                "/ClinicalDocument/entry/observation/value seen by Bea".into(),
                "/ClinicalDocument/entry/observation/value/@value 93 AGE90".into(),
            ],
        ),
    ] {
        assert_eq!(rows(&cda(inside)), want, "{inside}");
    }
}

#[test]
fn narrative_blocks_are_read_as_text() {
    let block = "<section><title>HPI</title><text>\n<paragraph><content ID=\"c1\">Jo</content>hn <!-- by Quist -->Foley</paragraph>\
        <paragraph><![CDATA[K 4.10 & <HF>]]></paragraph><table><tr><td>BMP</td><td>1/21</td></tr></table></text></section>";
    let document = cda(block);
    let mut reader = Reader::new(Select::all());
    let record = reader.read(document.as_bytes()).unwrap();
    assert_eq!(texts(&record.segments), ["HPI", "John Foley\nK 4.10 & <HF>\nBMP 1/21", " by Quist "]);
    assert!(record.segments.iter().any(|s| s.escape == Escape::Cdata));
    let document = cda("<text><paragraph><sub>ys</sub> Parkinson<sup>1</sup></paragraph></text>");
    assert_eq!(texts(&Reader::new(Select::all()).read(document.as_bytes()).unwrap().segments), ["ys", " Parkinson 1"]);
}

#[test]
fn the_patient_is_the_first_id_of_the_patients_role() {
    let document =
        cda("<id extension=\"1\" root=\"1.2\"/><recordTarget><patientRole><id extension=\"A&amp;7\" root=\"1.2\"/>\
        <id extension=\"8\" root=\"1.3\"/></patientRole></recordTarget>");
    assert_eq!(Reader::new(Select::all()).read(document.as_bytes()).unwrap().patient.as_deref(), Some("A&7"));
    let select = Select::all().patient(Some("/ClinicalDocument/id/@extension"));
    assert_eq!(Reader::new(select).read(document.as_bytes()).unwrap().patient.as_deref(), Some("1"));
}

#[test]
fn base_64_in_a_document_is_opened() {
    for (base64, fate, want) in
        [("\n  U2VlbiBieSBCZWE=\n", Fate::Search, "Seen by Bea"), ("JVBERi0=", Fate::Opaque(Label::OtherId), "")]
    {
        let inside = format!("<text mediaType=\"text/plain\" representation=\"B64\">{base64}</text>");
        let document = cda(&inside);
        let mut reader = Reader::new(Select::all());
        let record = reader.read(document.as_bytes()).unwrap();
        assert_eq!(record.contents.iter().map(|c| c.fate).collect::<Vec<_>>(), [fate]);
        assert_eq!(texts(&record.segments).concat(), want);
        assert_eq!(&document[record.contents[0].raw.start..record.contents[0].raw.end], base64.trim());
    }
}

#[test]
fn other_documents_are_read_by_their_names() {
    for (document, want) in [
        ("<p><mrn>00482913</mrn><dose unit=\"mg\">40</dose></p>", &["/p/mrn 00482913 MRN"][..]),
        ("<p mrn=\"00482913\" xmlns=\"x\" xml:lang=\"en\"/>", &["/p/@mrn 00482913 MRN"]),
        ("<p><field name=\"mrn\">00482913</field></p>", &["/p/field 00482913 MRN", "/p/field/@name mrn"]),
        ("<p><field name=\"mrn\" value=\"00482913\"/></p>", &["/p/field/@name mrn", "/p/field/@value 00482913 MRN"]),
        ("<h:p xmlns:h=\"x\"><h:note>seen</h:note></h:p>", &["/p/note seen"]),
        ("<note>Wini<b>fr</b>ed</note>", &["/note Wini", "/note/b fr", "/note ed"]),
        ("<?bea quist?><p/>", &["/processing-instruction()  quist"]),
    ] {
        assert_eq!(rows(document), want, "{document}");
    }
    for (document, want) in [
        ("<note>Wini<b>fr</b>ed <i>Foley</i></note>", &["Winifred Foley"][..]),
        ("<note><b>Wini</b>fred</note>", &["Winifred"]),
        ("<note>Wini<!-- x -->fred</note>", &["Winifred", " x "]),
        ("<note><a1>one</a1><a2>two</a2></note>", &["one", "two"]),
        ("<note><a1>one</a1>\n<a2>two</a2> </note>", &["one", "two"]),
    ] {
        let record = Reader::new(Select::all());
        let mut reader = record;
        assert_eq!(texts(&reader.read(document.as_bytes()).unwrap().segments), want, "{document}");
    }
}

#[test]
fn fields_are_chosen_by_path() {
    let document =
        cda("<title>Bea</title><section><title>Win</title><text ID=\"Foley\">Quist <b>X</b></text></section>");
    for (select, want) in [
        (Select::all().fields(&["/ClinicalDocument/section/title".into()]), &["Win"][..]),
        (Select::all().fields(&["title".into()]), &["Bea", "Win"]),
        (Select::all().fields(&["@ID".into()]), &["Foley"]),
        (Select::all().skip(&["**/text".into()]), &["Bea", "Win"]),
        (Select::nothing(), &[]),
    ] {
        assert_eq!(texts(&Reader::new(select).read(document.as_bytes()).unwrap().segments), want);
    }
    let select = Select::all().rules(&["/ClinicalDocument/section".into()]);
    let mut reader = Reader::new(select);
    let record = reader.read(document.as_bytes()).unwrap();
    assert_eq!(record.segments.iter().map(|s| s.rule).collect::<Vec<_>>(), [None, Some(0), Some(0), Some(0), Some(0)]);
}

#[test]
fn charsets_are_those_of_the_declaration() {
    for (bytes, want) in [
        (&b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Ren\xe9e</a>"[..], Ok(Charset::Windows1252)),
        (b"<?xml version='1.0' encoding='windows-1252'?><a>Ren\xe9e</a>", Ok(Charset::Windows1252)),
        (b"<?xml version=\"1.0\" encoding=\"US-ASCII\"?><a>&#233;</a>", Ok(Charset::Utf8)),
        (b"<?xml version=\"1.0\"?><a>Ren\xc3\xa9e</a>", Ok(Charset::Utf8)),
        (b"<a>Ren\xe9e</a>", Err(Reason::InvalidUtf8)),
        (b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a/>", Err(Reason::XmlEncoding)),
        (b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", Err(Reason::XmlEncoding)),
        (b"<a>\0</a>", Err(Reason::Binary)),
    ] {
        let mut reader = Reader::new(Select::all());
        let found = reader.read(bytes).map(|record| record.charset).map_err(|fault| fault.reason);
        assert_eq!(found, want);
    }
}

proptest! {
    #[test]
    fn any_document_that_is_read_is_walked_and_written_back(
        inside in "(<b>|</b>|<text>|</text>|<id root=\"1.2\" extension=\"Bea\"/>|<!-- x <b> -->|<!\\[CDATA\\[|\\]\\]>|&amp;|&#233;|Foley|\u{e9}| |\n\
            |<telecom value='tel:Bea'/>|<value xsi:type=\"ED\" representation=\"B64\">|</value>|QmVh|<name>|</name>|<given>|</given>){0,16}",
        root in "ClinicalDocument|a",
    ) {
        let document = format!("<{root}>{inside}</{root}>");
        let mut reader = Reader::new(Select::all());
        let Ok(record) = reader.read(document.as_bytes()) else { return Ok(()) };
        let own: Vec<Segment<'_>> = record.segments.into_iter().filter(|s| s.within.is_none()).collect();
        no_overlap(&own);
        for segment in &own {
            check_walk(document.as_bytes(), record.charset, segment);
        }
        let out = masked(document.as_bytes(), record.charset, &own);
        prop_assert!(is_sound(document.as_bytes(), &out));
        prop_assert!(Reader::new(Select::all()).read(&out).is_ok());
        prop_assert!(is_sound(document.as_bytes(), document.as_bytes()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Reader::new(Select::all()).read(&bytes);
    }

    #[test]
    fn names_stand_in_segments_wherever_they_are(place in 0..6usize) {
        let document = match place {
            0 => "<a><b>Foley</b></a>".to_owned(),
            1 => "<a b=\"Foley\"/>".to_owned(),
            2 => "<a><!-- Foley --></a>".to_owned(),
            3 => "<?b Foley?><a/>".to_owned(),
            4 => "<a><![CDATA[Foley]]></a>".to_owned(),
            _ => "<!DOCTYPE a SYSTEM \"Foley\"><a/>".to_owned(),
        };
        let all: String = read(&document).into_iter().map(|(_, text, _)| text).collect();
        prop_assert!(all.contains("Foley"));
    }
}
