#![allow(clippy::unwrap_used)]

use super::*;
use crate::identifier::Label;
use crate::record::Edits;

fn read(text: &str) -> Result<Vec<(String, Hint)>, Fault> {
    let record = Reader::new(Select::all()).read(text.as_bytes())?;
    Ok(record.segments.into_iter().map(|s| (s.text.into_owned(), s.hint)).collect())
}

#[test]
fn valid_records_pass_byte_for_byte() {
    for text in [
        r#"{"a":1.50,"b":1e3,"c":12345678901234567890123,"d":-0.0,"a":null}"#,
        r#" [ true , false , null , [ ] , { } ] "#,
        r#""\ud83d\ude00 \u00e9 \/ \b\f\n\r\t\\""#,
        "-0",
        "0e-1",
        "\"\u{7f}\"",
        r#"{"":{"":[[[]]]}}"#,
    ] {
        let mut reader = Reader::new(Select::all());
        let record = reader.read(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        Edits::default().apply(record.bytes, record.charset, &mut out, &mut Vec::new());
        assert_eq!(out, text.as_bytes());
        assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
    }
}

#[test]
fn invalid_records_are_refused_with_place_and_reason() {
    use Reason::*;
    for (text, offset, reason) in [
        (&b""[..], 0, JsonUnexpectedEnd),
        (b"{\"id\":\"m1\",\"note\":\"wife Bea", 27, JsonUnexpectedEnd),
        (b"{\"a\":1,}", 7, JsonUnexpectedByte),
        (b"[1,]", 3, JsonUnexpectedByte),
        (b"{'id':1}", 1, JsonUnexpectedByte),
        (b"{\"a\":1}{\"b\":2}", 7, JsonTrailingData),
        (b"{\"a\":\"x\\q\"}", 7, JsonBadEscape),
        (b"\"\\u12g4\"", 1, JsonBadEscape),
        (b"\"\\ud800\"", 1, JsonLoneSurrogate),
        (b"\"\\ud800\\u0041\"", 1, JsonLoneSurrogate),
        (b"\"\\udc00\"", 1, JsonLoneSurrogate),
        (b"\"Ren\xe9e\"", 4, InvalidUtf8),
        (b"\"a\tb\"", 2, JsonControlCharacter),
        (b"01", 1, JsonBadNumber),
        (b"1.", 2, JsonUnexpectedEnd),
        (b"[.5]", 1, JsonUnexpectedByte),
        (b"[1.e3]", 3, JsonBadNumber),
        (b"[+1]", 1, JsonUnexpectedByte),
        (b"[NaN]", 1, JsonUnexpectedByte),
        (b"tru", 3, JsonUnexpectedEnd),
        (b"[1 2]", 3, JsonUnexpectedByte),
        (b"{\"a\" 1}", 5, JsonUnexpectedByte),
        (b"{\"a\":}", 5, JsonUnexpectedByte),
        (b"{1:2}", 1, JsonUnexpectedByte),
        (b"[1}", 2, JsonUnexpectedByte),
        (b"\xEF\xBB\xBF{}", 0, JsonUnexpectedByte),
    ] {
        let fault = Reader::new(Select::all()).read(text).unwrap_err();
        assert_eq!(fault, Fault::new(offset, reason), "{}", String::from_utf8_lossy(text));
        assert!(serde_json::from_slice::<serde_json::Value>(text).is_err());
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let deep = "[".repeat(1_000_000);
    let fault = Reader::new(Select::all()).read(deep.as_bytes()).unwrap_err();
    assert_eq!(fault, Fault::new(MAX_DEPTH, Reason::JsonTooDeep));
    let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(Reader::new(Select::all()).read(fits.as_bytes()).is_ok());
}

#[test]
fn names_of_fields_give_hints() {
    let text =
        r#"{"p\u0065rson":{"full_nm":"Tad","mr\u006E_num":482913},"vals":[1.50],"notes":[{"t":"soc","body":"x"}]}"#;
    assert_eq!(
        read(text).unwrap(),
        [
            ("Tad".into(), Hint::Whole(Label::Name)),
            ("482913".into(), Hint::Whole(Label::Mrn)),
            ("soc".into(), Hint::Text),
            ("x".into(), Hint::Text)
        ]
    );
}

#[test]
fn a_name_beside_a_dose_is_no_persons() {
    let drug = read(r#"{"name":"Warfarin","dose":"5 mg"}"#).unwrap();
    assert_eq!(drug[0].1, Hint::Text);
    for person in [
        r#"{"name":"Will Banks","sex":"M","dob":"2001-08-08"}"#,
        r#"{"name":"Will Banks","amt":1.50}"#,
        r#"{"name":"Will Banks","sex":"M","status":"active"}"#,
        r#"{"name":"Will Banks","test":"INR","result":"1.00"}"#,
    ] {
        assert_eq!(read(person).unwrap()[0].1, Hint::Whole(Label::Name), "{person}");
    }
}

#[test]
fn records_of_other_shapes_do_not_confuse_the_reader() {
    let mut reader = Reader::new(Select::all().fields(&["/b/1/x".into(), "/note".into()]));
    for (text, want) in [
        (r#"{"note":"n","b":[{"x":"0"},{"x":"1"},{"x":"2"}]}"#, &["n", "1"][..]),
        (r#"{"b":[{"x":"0"}],"note":"n"}"#, &["n"]),
        (r#"{"a":{"note":"no"},"note":["n",{"q":"m"}]}"#, &["n", "m"]),
        (r#"{"b":{"1":{"x":"y"}}}"#, &["y"]),
        (r#""lone""#, &[]),
    ] {
        let record = reader.read(text.as_bytes()).unwrap();
        let texts: Vec<_> = record.segments.iter().map(|s| s.text.as_ref()).collect();
        assert_eq!(texts, want, "{text}");
    }
}

#[test]
fn names_without_end_are_forgotten() {
    let mut reader = Reader::new(Select::all());
    for round in 0..3 {
        let members: Vec<String> = (0..20_000).map(|i| format!("\"k{round}-{i}\":{{\"mrn\":\"0048\"}}")).collect();
        let text = format!("{{{}}}", members.join(","));
        let record = reader.read(text.as_bytes()).unwrap();
        assert_eq!(record.segments.iter().filter(|s| s.hint == Hint::Whole(Label::Mrn)).count(), 20_000);
    }
}

#[test]
fn keys_are_searched_when_asked() {
    let mut reader = Reader::new(Select::all().with_keys(true));
    let record = reader.read(br#"{"Be\u0061":{"tel":null}}"#).unwrap();
    let texts: Vec<_> = record.segments.iter().map(|s| s.text.as_ref()).collect();
    assert_eq!(texts, ["Bea", "tel"]);
}

#[test]
fn keys_that_are_data_are_searched_always() {
    let found =
        read(r#"{"contacts":{"Ingrid Lindqvist":{"rel":"aunt"}},"by_date":{"2024-06-22":{"wt":71.5}}}"#).unwrap();
    assert_eq!(
        found,
        [("Ingrid Lindqvist".into(), Hint::Whole(Label::Name)), ("2024-06-22".into(), Hint::Whole(Label::Date)),]
    );
    let select = Select::all().skip(&["/by_date".into()]);
    let mut reader = Reader::new(select);
    assert!(reader.read(br#"{"by_date":{"2024-06-22":1}}"#).unwrap().segments.is_empty());
}

#[test]
fn the_field_that_says_whose_record_it_is() {
    let mut reader = Reader::new(Select::all().fields(&["/note".into()]).patient(Some("/pt/id")));
    let record = reader.read(br#"{"pt":{"id":77},"note":"x"}"#).unwrap();
    assert_eq!(record.patient.as_deref(), Some("77"));
}
