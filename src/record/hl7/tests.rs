#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::record::Edits;

/// The segments of a message: field, text, hint.
fn read(message: &str) -> Vec<(String, String, Hint)> {
    let mut reader = Reader::new(Select::all());
    let record = reader.read(message.as_bytes()).unwrap();
    let segments = record.segments.iter();
    segments.map(|s| (reader.field_name(s.field), s.text.clone().into_owned(), s.hint)).collect()
}

/// What of a segment is found under the usual header.
fn found(segment: &str) -> Vec<(String, String, Hint)> {
    read(&format!("MSH|^~\\&|\r{segment}"))
}

fn labels(segment: &str) -> Vec<(String, Label)> {
    let whole = |(_, text, hint)| match hint {
        Hint::Whole(label) => Some((text, label)),
        _ => None,
    };
    found(segment).into_iter().filter_map(whole).collect()
}

fn texts(segment: &str) -> Vec<String> {
    found(segment).into_iter().filter(|(.., hint)| *hint == Hint::Text).map(|(_, text, _)| text).collect()
}

/// The texts that are searched as one.
fn passages(message: &str) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let mut reader = Reader::new(Select::all());
    for segment in reader.read(message.as_bytes()).unwrap().segments {
        let between = match segment.join {
            Join::Apart => {
                passages.push(segment.text.into_owned());
                continue;
            }
            Join::Glued => "",
            Join::Space => " ",
            Join::Line => "\n",
        };
        let last = passages.last_mut().unwrap();
        last.push_str(between);
        last.push_str(&segment.text);
    }
    passages
}

#[test]
fn fields_of_the_table_are_identifiers() {
    use Label::*;
    for (segment, want) in [
        (
            "PID|1|482913|00482913^^^HPMC^MR~531882047^^^USA^SS||Foley&van^Winifred^Jean^^Ms.^^L~Foley^Winnie^^^^^N|Dunleavy",
            &[
                ("482913", Mrn),
                ("00482913", Mrn),
                ("HPMC", Facility),
                ("531882047", Ssn),
                ("Foley", Name),
                ("Winifred", Name),
                ("Jean", Name),
                ("Foley", Name),
                ("Winnie", Name),
                ("Dunleavy", Name),
            ][..],
        ),
        ("PID|||||||19580314|M", &[("19580314", Date)]),
        ("PID|||||||1958|M", &[]),
        (
            "PID|||||||||||418 Kelp St&Apt 2^Rear^Bremerton^WA^98312^USA^H^^Kitsap|Kitsap",
            &[
                ("418 Kelp St", Street),
                ("Apt 2", Street),
                ("Rear", Street),
                ("Bremerton", City),
                ("98312", Zip),
                ("Kitsap", City),
                ("Kitsap", City),
            ],
        ),
        (
            "PID|||||||||||||^PRN^PH^^1^360^5550142~^NET^Internet^a@b.example|555-0187^WPN^FX",
            &[("360", Phone), ("5550142", Phone), ("a@b.example", Email), ("555-0187", Fax)],
        ),
        (
            "PID||||||||||||||||||1304^^^^AN|531-88-2047|OKON*42^WA|||Enugu",
            &[("1304", Account), ("531-88-2047", Ssn), ("OKON*42", License), ("Enugu", City)],
        ),
        (
            "PV1|1|I|ICU^607^A^HPMC&1.2.3&ISO|U|||1731199935^Halloran^Ines^^^^MD^^NPI",
            &[
                ("607", OtherId),
                ("A", OtherId),
                ("HPMC", Facility),
                ("1731199935", License),
                ("Halloran", Name),
                ("Ines", Name),
            ],
        ),
        ("EVN|A01|20240101|||u5586", &[("20240101", Date), ("u5586", OtherId)]),
        (
            "OBR|1|P7|F8||||||||||||||||||||||||||||||44&Quist&Bart",
            &[("P7", OtherId), ("F8", OtherId), ("44", OtherId), ("Quist", Name), ("Bart", Name)][..],
        ),
        ("OBR|1|||||||||||||||||||||||||||||||44^Quist^Bart", &[("44", OtherId), ("Quist", Name), ("Bart", Name)]),
        ("SCH|A1||||||||||^^30^20240505^20240506", &[("A1", OtherId), ("20240505", Date), ("20240506", Date)]),
        (
            "RXA|0|1|20240809|20240809|140^Influenza^CVX|0.50|mL||00^New||^^^SCFM||||UJ5014A|20251130",
            &[("20240809", Date), ("20240809", Date), ("SCFM", Facility), ("UJ5014A", Device), ("20251130", Date)],
        ),
        ("IN1|1|P|CAS|Cascadia Health||||GRP-1|||Gorst Marine", &[("GRP-1", HealthPlan), ("Gorst Marine", Employer)]),
        ("OBX|1|DT|1^VIS^LN||20210806", &[("20210806", Date)]),
        ("OBX|1|XPN|1^Mother^LN||Foley^Jean", &[("Foley", Name), ("Jean", Name)]),
        ("PID|||||UNKNOWN^UNKNOWN|\"\"", &[]),
        ("PID|||||Null^Christopher", &[("Null", Name), ("Christopher", Name)]),
    ] {
        let want: Vec<(String, Label)> = want.iter().map(|(text, label)| ((*text).into(), *label)).collect();
        assert_eq!(labels(segment), want, "{segment}");
    }
}

#[test]
fn codes_units_and_numbers_are_no_texts_and_text_in_their_place_is() {
    for segment in [
        "PID|1||||||||F||2106-3^^CDCREC||||||S|CHR",
        "OBX|1|NM|2160-0^^LN|1|1.42|mg/dL^^UCUM|0.6 - 1.2|H|||F",
        "OBX|1|SN|2160-0^^LN|1|>^100||||||F",
        "OBX|1|ST|2160-0^^LN|1|10.1||||||F",
        "DG1|1||I50.9^^I10|||W",
        "FT1|1||||||CG|||1|212.50&USD|95^UP",
        "PID|1|||",
        "OBX|1|CE|||V01",
    ] {
        assert_eq!(texts(segment), Vec::<String>::new(), "{segment}");
    }
    for (segment, want) in [
        ("OBX|1|NM|2160-0^Creatinine^LN|1|per Dr. Quist", &["Creatinine", "per Dr. Quist"][..]),
        ("PV1|1|O||||||||Halloran's", &["Halloran's"]),
        ("SCH|||||||CHECKUP^Recheck w/ Quist", &["Recheck w/ Quist"]),
        ("DG1|1||I50.9^Heart failure^I10|||W", &["Heart failure"]),
        ("PID|1|||||||||||||||||||||||||||||||||||||||||Foley's", &["Foley's"]),
        ("ZPI|1|Foley^Winifred|VIP=N", &["Foley", "Winifred", "VIP=N"]),
        ("OBR|1|||||||||||per Winnie", &[][..]),
    ] {
        let texts = texts(segment);
        assert!(want.iter().all(|want| texts.iter().any(|text| text == want)), "{segment}: {texts:?}");
    }
}

#[test]
fn unknown_fields_go_by_their_looks() {
    use Label::*;
    for (segment, want) in [
        (
            "ZPI|1|1731199935^Halloran^Ines^^^^MD^^NPI",
            &[("1731199935", License), ("Halloran", Name), ("Ines", Name)][..],
        ),
        ("ZPI|Foley^Winifred^^^Ms.", &[("Foley", Name), ("Winifred", Name)]),
        (
            "ZPI|00482913|19580314|DOB=03/14/1958|MRN: 00482913",
            &[("00482913", OtherId), ("19580314", Date), ("03/14/1958", Date), ("00482913", Mrn)],
        ),
        ("ZPI|I50.9^Heart failure^I10|99283", &[]),
        ("PID|1||||||||||||||||||||||||||||||||||||||||00482913^^^HPMC^MR", &[("00482913", Mrn), ("HPMC", Facility)]),
    ] {
        let want: Vec<(String, Label)> = want.iter().map(|(text, label)| ((*text).into(), *label)).collect();
        assert_eq!(labels(segment), want, "{segment}");
    }
}

#[test]
fn text_is_joined_over_segments_repetitions_and_components() {
    for (segments, want) in [
        ("OBX|1|TX|||Seen by\rOBX|2|TX|||Dr. Quist", &["Seen by\nDr. Quist"][..]),
        ("OBX|1|TX|||one~two^three&four", &["one\ntwo three four"]),
        (r"OBX|1|FT|||one\.br\two \T\ three", &["one\ntwo & three"]),
        ("OBX|1|TX|||one\rOBX|2|NM|||5\rOBX|3|ST|||three", &["one", "three"]),
        ("OBX|1|TX|||one\rNTE|1||two\rNTE|2||three\rOBX|2|TX|||four", &["one", "two\nthree", "four"]),
        ("OBX|1|TX|||one\rOBR|2\rOBX|1|TX|||two", &["one", "two"]),
        // A line end in a text tears it apart.
        ("OBX|1|TX|||one\ntwo|more\nPIDX\rOBX|2|TX|||three", &["one\ntwo more\nPIDX\nthree"]),
        ("ZPI|Foley^Winifred&Jean|x^y", &["Foley Winifred Jean", "x y"]),
        ("OBX|1|TX|||see 20240101\rOBX|2|TX|||\rOBX|3|TX|||end", &["see 20240101\nend"]),
    ] {
        assert_eq!(passages(&format!("MSH|^~\\&|\r{segments}\r")), want, "{segments}");
    }
}

#[test]
fn fields_are_named_as_hl7_names_them() {
    let message = "MSH|^~\\&|App|HPMC\rPID|||1~2||Foley^Jean\rOBX|1|TX|||a b\rZP1|x y";
    let names: Vec<String> = read(message).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["MSH-3.1", "MSH-4.1", "PID-3.1", "PID-3.1", "PID-5.1", "PID-5.2", "OBX-5.1", "ZP1-1.1"]);
    for (envelope, want) in [
        ("FHS|^~\\&|||||20240101||f.hl7|batch for Otto", &["FHS-7.1", "FHS-9.1", "FHS-10.1"][..]),
        ("BTS|18|end of it", &["BTS-2.1"]),
        ("\x0bBHS#$+*&##HP", &["BHS-4.1"]),
        ("\r\n", &[]),
    ] {
        let names: Vec<String> = read(envelope).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, want);
    }
}

#[test]
fn names_have_parts() {
    let message = "MSH|^~\\&|\rPID|||||Foley^Winifred^Jean~Foley^Winnie^^^^^N\rPV1|||||||1731199935^Quist^Bart";
    let record = Reader::new(Select::all()).read(message.as_bytes()).unwrap().segments;
    let parts: Vec<Part> = record.iter().filter(|s| s.part != Part::Unknown).map(|s| s.part).collect();
    use Part::*;
    assert_eq!(parts, [Family, Given, Given, Family, Nick, Family, Given]);
}

#[test]
fn a_message_is_its_patients() {
    for (pid, pattern, want) in [
        ("PID|1|482913|7^^^USA^SS~00482913^^^HPMC^MR", None, Some("00482913")),
        ("PID|1|482913|7^^^USA^SS~8", None, Some("7")),
        ("PID|1|482913", None, Some("482913")),
        ("PID|1|||", None, None),
        ("PID|1|482913|7^^^USA^SS", Some("PID-2"), Some("482913")),
        ("PID|1|482913|7^^^USA^SS", Some("/PID/3/5"), Some("SS")),
        ("PID|1|482913|7^^^USA^SS", Some("PID-4"), None),
        ("PID|1|482913|7\rPID|2||8^^^^MR", None, Some("7")),
    ] {
        let mut reader = Reader::new(Select::all().patient(pattern));
        let message = format!("MSH|^~\\&|\r{pid}");
        assert_eq!(reader.read(message.as_bytes()).unwrap().patient.as_deref(), want, "{pid} {pattern:?}");
    }
}

#[test]
fn what_cannot_be_read_safely_is_refused() {
    for (message, reason, offset) in [
        (&b"PID|1"[..], Reason::Hl7NoHeader, 0),
        (b"\r\njunk\rMSH|^~\\&|", Reason::Hl7NoHeader, 2),
        (b"\x0bMSH|^^\\&|", Reason::Hl7Delimiters, 6),
        (b"MSH|^~\\&|\0", Reason::Binary, 9),
        (b"MSH|^~\\&||||||||||||||||BIG-5\rPID|||||\xa4\xa9", Reason::Hl7Charset, 0),
        (b"MSH|^~\\&||||||||||||||||~ISO IR87\rPID|||||\x1b$B;3", Reason::Hl7Charset, 0),
    ] {
        assert_eq!(Reader::new(Select::all()).read(message).unwrap_err(), Fault::new(offset, reason));
    }
    // Latin-1 is read whatever the message says, and so is UTF-8.
    for message in [
        &b"MSH|^~\\&||||||||||||||||8859/1\rPID|||||S\xf8rlie^Ren\xe9e"[..],
        b"MSH|^~\\&||||||||||||||||UNICODE UTF-8\rPID|||||S\xf8rlie^Ren\xe9e",
        "MSH|^~\\&||||||||||||||||BIG-5\rPID|||||S\u{f8}rlie^Ren\u{e9}e".as_bytes(),
    ] {
        let record = Reader::new(Select::all()).read(message).unwrap();
        let names: Vec<&str> = record.segments.iter().rev().take(2).map(|s| s.text.as_ref()).collect();
        assert_eq!(names, ["Ren\u{e9}e", "S\u{f8}rlie"]);
    }
}

#[test]
fn documents_are_opened() {
    let base64 = "PGh0bWw+PGJvZHk+PHA+MTEvMDcvMjAyNDwvcD48cD5EZWFyIDxpPk9kaWxlPC9pPiwgYWxsIG9m";
    for (obx, documents, texts) in [
        (format!("OBX|1|ED|||^TEXT^HTML^Base64^{base64}"), 1, 0),
        (format!("OBX|1|ED|||^TEXT^HTML^^{base64}"), 1, 0),
        (format!("OBX|1|TX|||{base64}"), 1, 0),
        ("OBX|1|ED|||^TEXT^PLAIN^A^seen by Quist".into(), 0, 1),
        ("OBX|1|ED|||^TEXT^PLAIN^Hex^53656520".into(), 0, 1),
    ] {
        let message = format!("MSH|^~\\&|\r{obx}");
        let record = Reader::new(Select::all()).read(message.as_bytes()).unwrap();
        let own = record.segments.iter().filter(|segment| segment.within.is_none()).count();
        assert_eq!((record.contents.len(), own), (documents, texts), "{obx}");
    }
}

/// The record with every segment replaced by `by`.
fn edited(message: &[u8], by: &str, select: Select) -> Vec<u8> {
    let mut reader = Reader::new(select);
    let record = reader.read(message).unwrap();
    let mut edits = Edits::default();
    for segment in record.segments.iter().filter(|segment| segment.within.is_none()) {
        let raw = record.raw_of(segment, Span::new(0, segment.text.len()));
        edits
            .replace(raw, segment.escape, |out| {
                out.push_str(by);
                Ok::<_, Infallible>(true)
            })
            .unwrap();
    }
    let mut out = Vec::new();
    edits.apply(message, record.charset, &mut out, &mut Vec::new());
    out
}

#[test]
fn edits_keep_the_structure() {
    let message = "MSH#$+*&#A#HPMC\rPID#1##7$$$HPMC&1.2&ISO$MR##O*T*Brien$Bea&trix+X$Y\rNTE#1##a*.br*b$c&d*F*";
    let out = edited(message.as_bytes(), "[N#$+*&]\r", Select::all());
    let by = "[N*F**S**R**E**T*] ";
    assert_eq!(
        String::from_utf8(out.clone()).unwrap(),
        format!("MSH#$+*&#{by}#{by}\rPID#1##{by}$$${by}&1.2&ISO$MR##{by}${by}&{by}+{by}${by}\rNTE#1##{by}${by}&{by}")
    );
    assert!(is_sound(message.as_bytes(), &out));
    for other in ["MSH|^~\\&|A|H|\rPID|1", "MSH|^~\\&|A|H\rPID|1^", "MSH|^~\\&|A|H\r\nPID|1", "MSH|^~\\&!|A|H\rPID|1"] {
        assert!(!is_sound(b"MSH|^~\\&|A|H\rPID|1", other.as_bytes()), "{other}");
    }
    assert!(is_sound(b"MSH|^~\\&|A|H\rPID|1", b"MSH|^~\\&|Other|[X]\rPID|22"));
    assert!(!is_sound(b"PID|1", b"PID|2"));
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let part = proptest::sample::select(vec![
        "|",
        "|",
        "|",
        "^",
        "~",
        "&",
        "\\",
        "\\T\\",
        "\\.br\\",
        "\\XE9\\",
        "\r",
        "\r\nPID|",
        "\rOBX|1|TX|||",
        "\rOBX|1|ED|||^^^Base64^",
        "\rNTE|1||",
        "\rZPI|1|",
        "\nline",
        "\rPV1|",
        "\rOBR|",
        "Foley",
        "S\u{f8}rlie",
        "00482913",
        "19580314",
        "MR",
        "a=b c",
        "x y",
        "#",
        "\x1c",
        "\x0b",
        "PGh0bWw+",
    ]);
    let head =
        proptest::sample::select(vec!["MSH|^~\\&|", "\x0bMSH|^~\\&#|", "MSH#^~\\&#", "MSH|^|", "BTS|", "\r\nFHS|^~|"]);
    (head, proptest::collection::vec(part, 0..40), proptest::collection::vec(any::<u8>(), 0..3))
        .prop_map(|(head, parts, tail)| [head.as_bytes(), parts.concat().as_bytes(), &tail].concat())
}

proptest! {
    #[test]
    fn any_message_is_read_and_only_spans_change(message in message(), by in "[a-z|^~&\\\\\r\u{e9}\\[\\]]{0,8}") {
        let mut reader = Reader::new(Select::all());
        if let Ok(record) = reader.read(&message) {
            let mut spans: Vec<Span> = record.segments.iter().filter(|s| s.within.is_none()).map(|s| s.raw).collect();
            spans.extend(record.contents.iter().map(|content| content.raw));
            spans.sort_by_key(|span| span.start);
            prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
            for segment in record.segments.iter().filter(|s| s.within.is_none()) {
                // Whole segments are whole in the bytes; their text is what the units of the bytes say.
                let raw = record.raw_of(segment, Span::new(0, segment.text.len()));
                prop_assert!(raw.start >= segment.raw.start && raw.end <= segment.raw.end);
                let Escape::Hl7(delimiters) = segment.escape else { unreachable!() };
                let decoded = escape::decode(&message[segment.raw.start..segment.raw.end], delimiters, record.charset);
                prop_assert_eq!(segment.text.as_ref(), decoded.as_ref());
            }
            prop_assert!(record.segments.first().is_none_or(|first| first.join == Join::Apart));
            for pair in record.segments.windows(2).filter(|pair| pair[1].join != Join::Apart) {
                prop_assert_eq!((pair[0].hint, pair[1].hint), (Hint::Text, Hint::Text));
            }
            prop_assert!(is_sound(&message, &message) || record.segments.is_empty());
            let out = edited(&message, &by, Select::all());
            prop_assert!(is_sound(&message, &out));
        }
    }

    /// What a reader remembers of the messages before changes nothing.
    #[test]
    fn messages_are_read_as_by_a_new_reader(
        messages in proptest::collection::vec(message(), 1..6),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 1..12),
        patient in any::<bool>(),
    ) {
        let select = || Select::all().patient(patient.then_some("PID-3.1"));
        let mut reader = Reader::new(select());
        for message in order.iter().map(|index| index.get(&messages)) {
            match (reader.read(message), Reader::new(select()).read(message)) {
                (Ok(one), Ok(other)) => {
                    prop_assert_eq!(one.patient, other.patient);
                    let of = |record: &Record<'_>| -> Vec<_> {
                        let segments = record.segments.iter();
                        segments.map(|s| (s.raw, s.text.clone().into_owned(), s.hint, s.join, s.part, s.field)).collect()
                    };
                    let (of_one, of_other) = (Record { patient: None, ..one }, Record { patient: None, ..other });
                    prop_assert_eq!(of(&of_one), of(&of_other));
                    prop_assert_eq!(of_one.contents.len(), of_other.contents.len());
                }
                (one, other) => prop_assert_eq!(one.is_err(), other.is_err()),
            }
        }
    }

    #[test]
    fn no_edit_no_change(message in message()) {
        if let Ok(record) = Reader::new(Select::all()).read(&message) {
            let mut out = Vec::new();
            Edits::default().apply(&message, record.charset, &mut out, &mut Vec::new());
            prop_assert_eq!(out, message);
        }
    }
}
