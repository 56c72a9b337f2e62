//! What must stay valid where it stands: ids, dates and numbers of FHIR, and values with a spelling of their own.

#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::reveal::{Format, Revealer, Rights};
use super::*;
use crate::secret::Key;
use crate::vault::Memory;

fn key(n: u8) -> Keyring {
    Keyring::of(Key::parse(&format!("{n:02x}").repeat(32)).unwrap())
}

fn policy(text: &str) -> Policy {
    Policy::from_toml(&format!("name = \"x\"\n{text}")).unwrap()
}

fn whose(patient: &str) -> Whose {
    Whose::new(&Scope::Patient, Some(patient), b"")
}

/// What stands in place of the value, codes of the vault filled in.
fn replaced(transform: &Transform, value: &Value<'_>, whose: &Whose) -> Option<String> {
    let (mut out, mut orders, mut holes) = (String::from("\u{d8}"), Orders::default(), Vec::new());
    if !transform.replace(value, whose, &mut orders, &mut out).unwrap() {
        return None;
    }
    orders.holes(0, orders.len(), 2, &mut holes);
    let mut bytes = out.into_bytes();
    transform.settle(&orders, &holes, &mut bytes).unwrap();
    Some(String::from_utf8(bytes.split_off(2)).unwrap())
}

fn id_of(transform: &Transform, id: &str) -> String {
    let value = Value { form: Form::Id, ..Value::new(Label::OtherId, id) };
    replaced(transform, &value, &whose("a")).unwrap()
}

fn is_logical_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}

fn vault(keys: &Keyring) -> Arc<dyn Vault> {
    Arc::new(Memory::new(keys).unwrap())
}

const UUID: &str = "0b7a6c1e-52d4-4e0f-9d3b-1f0a2c3d4e5f";

#[test]
fn ids_are_ids_under_every_action_and_equal_for_equal_ones() {
    let keys = key(7);
    let secret = || Some(Zeroizing::new([9; 32]));
    for action in ["redact", "mask", "mask:4", "token", "sealed-token", "vault-token", "surrogate"] {
        let policy = || policy(&format!("[actions]\nOTHER_ID = \"{action}\""));
        let store = vault(&keys);
        let make = || {
            let vault = (action != "token").then(|| Arc::clone(&store));
            Transform::new(policy(), Means { vault, joins: secret(), ..Means::keys(&keys) }).unwrap()
        };
        let (one, other) = (make(), make());
        let long = "a".repeat(64);
        let mut seen = Vec::new();
        for id in ["1", "p1", "P1", "example", UUID, &UUID.to_uppercase(), &long, &long[1..], "not an id!", "a_b"] {
            let token = id_of(&one, id);
            assert!(is_logical_id(&token) && token.starts_with("dE."), "{action} {id}: {token}");
            assert_eq!(token, id_of(&other, id), "{action}");
            let value = Value { form: Form::Id, written: Written::Json("\\u0031"), ..Value::new(Label::OtherId, id) };
            assert_eq!(replaced(&one, &value, &whose("b")).unwrap(), token, "of any patient, however written");
            // What stands there already stays.
            for text in
                [token.clone(), format!("https://ehr.example/fhir/Patient/{token}/_history/2"), format!("({token})")]
            {
                let mut found = Vec::new();
                one.existing_tokens(&text, &mut found).unwrap();
                let at = text.find("dE.").unwrap();
                assert_eq!(found, [Span::new(at, at + token.len())], "{action} {text}");
            }
            seen.push(token);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 10, "{action}");
    }
}

#[test]
fn ids_come_back_wherever_they_stand() {
    let keys = key(7);
    for (action, vault) in [("sealed-token", None), ("vault-token", Some(vault(&keys)))] {
        let policy = policy(&format!("[actions]\nOTHER_ID = \"{action}\""));
        let means = Means { vault: vault.clone(), ..Means::keys(&keys) };
        let transform = Transform::new(policy, means).unwrap();
        let rights = Arc::new(Rights::new(Some(&keys), vault.clone()));
        let text = |patient: &str, note: &str| {
            format!(
                "{{\"id\":\"{patient}\",\"subject\":{{\"reference\":\"Patient/{patient}\"}},\"url\":\"https://h.example/fhir/\
                 Patient/{patient}/_history/1?x={note}\",\"file\":\"{note}.json dE dE. dE.v dE.vNONE [x d"
            )
        };
        let (scrubbed, plain) = (text(&id_of(&transform, UUID), &id_of(&transform, "n-1")), text(UUID, "n-1"));
        for format in [Format::Auto, Format::Text, Format::Json, Format::Csv] {
            let (revealed, tally) = Revealer::reveal(&rights, format, &scrubbed).unwrap();
            assert_eq!(revealed, plain, "{action} {format:?}");
            assert_eq!((tally.revealed, tally.mistyped, tally.foreign, tally.refused), (5, 0, 0, 0));
            assert_eq!(tally.labels[Label::OtherId as usize], 5);
        }
        // Cut anywhere.
        for cut in 0..scrubbed.len() {
            let mut stream = Revealer::new(Arc::clone(&rights), Format::Json);
            let (head, tail) = scrubbed.as_bytes().split_at(cut);
            let mut out = Vec::new();
            stream.push(head, &mut out).unwrap();
            stream.push(tail, &mut out).unwrap();
            stream.finish(&mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), plain, "{action} {cut}");
        }
        // Not of this key, changed, or not to be turned back.
        let token = id_of(&transform, "n-1");
        let counts = |rights: Rights, text: &str| {
            let (out, tally) = Revealer::reveal(&Arc::new(rights), Format::Text, text).unwrap();
            assert_eq!(out, text);
            (tally.mistyped, tally.foreign, tally.refused)
        };
        assert_eq!(counts(Rights::new(Some(&key(8)), None), &token), (0, 1, 0), "{action}");
        let last = if token.ends_with('0') { "1" } else { "0" };
        let changed = format!("{}{last}", &token[..token.len() - 1]);
        assert_eq!(counts(Rights::new(Some(&keys), vault.clone()), &changed), (1, 0, 0), "{action}");
        let rights = || Rights::new(Some(&keys), vault.clone());
        assert_eq!(counts(rights().labels(&[Label::Name]), &token), (0, 0, 1), "{action}");
        assert_eq!(counts(rights().within(&Scope::Session("s".to_owned()), None), &token), (0, 0, 1), "{action}");
    }
}

#[test]
fn digests_are_not_revealed_and_hang_on_a_key_only_where_codes_may_be_derived() {
    let keys = key(7);
    let secret = |n| Some(Zeroizing::new([n; 32]));
    let of = |policy: &str, keys: Option<&Keyring>, joins: Option<Zeroizing<[u8; 32]>>| {
        let vault = keys.map(vault);
        let transform = Transform::new(self::policy(policy), Means { keys, joins, vault, ..Means::default() }).unwrap();
        id_of(&transform, "n-1")
    };
    let mask = "extends = \"minimum-necessary\"\n[actions]\nOTHER_ID = \"mask\"";
    assert_eq!(of(mask, Some(&keys), secret(1)), of(mask, Some(&keys), None), "the key's");
    assert_ne!(of(mask, Some(&keys), None), of(mask, Some(&key(8)), None));
    for (policy, keys) in [
        ("extends = \"redact\"", None),
        ("extends = \"redact\"", Some(&keys)),
        ("extends = \"safe-harbor\"\n[actions]\nOTHER_ID = \"redact\"", Some(&keys)),
    ] {
        assert_eq!(of(policy, keys, secret(1)), of(policy, keys, secret(1)), "the run's");
        assert_ne!(of(policy, keys, secret(1)), of(policy, keys, secret(2)));
        assert_ne!(of(policy, keys, None), of(policy, keys, None), "drawn");
    }
    let token = of(mask, Some(&keys), None);
    let (out, tally) = Revealer::reveal(&Arc::new(Rights::new(Some(&keys), None)), Format::Text, &token).unwrap();
    assert_eq!((out, tally), (token, reveal::Tally::default()));
}

#[test]
fn what_records_share_is_replaced_as_the_action_says() {
    let transform = Transform::new(policy("[actions]\nURL = \"sealed-token\""), Means::keys(&key(7))).unwrap();
    let corpus = Whose::new(&Scope::Corpus, None, b"");
    let url = Value { form: Form::Shared, ..Value::new(Label::Url, "https://ehr.example/fhir") };
    let token = replaced(&transform, &url, &corpus).unwrap();
    assert!(token.starts_with("[URL:"));
    assert_eq!(replaced(&transform, &Value { form: Form::Free, ..url }, &corpus).unwrap(), token);
}

#[test]
fn dates_of_fhir_stay_dates() {
    let keys = key(7);
    let dates = [Form::FhirDate, Form::FhirDateTime, Form::FhirInstant];
    let year = |year: &str| [year.to_owned(), year.to_owned(), format!("{year}-01-01T00:00:00Z")];
    for (more, text, want) in [
        ("DATE = \"redact\"", "1958-03-14", year("1958")),
        ("DATE = \"token\"", "1958-03-14T08:30:00-08:00", year("1958")),
        ("DATE = \"sealed-token\"", "2024-05", year("2024")),
        ("DATE = \"year\"", "2024-05-04T06:52:07.123Z", year("2024")),
        ("DATE = \"year\"\nYEAR = \"redact\"", "2024-05-04", year("2024")),
        ("DATE = \"redact\"\nYEAR = \"redact\"", "2024-05-04", year("0001")),
        ("DATE = \"redact\"", "1931-11-02", year("1936")),
        ("DATE = \"year\"", "1931", year("1936")),
        ("DATE = \"redact\"", "March 3, 1958", year("1958")),
        ("DATE = \"redact\"", "2018-2019", year("0001")),
        ("DATE = \"redact\"", "unknown", year("0001")),
        ("DATE = \"shift\"", "unknown", year("0001")),
    ] {
        let policy = policy(&format!("[actions]\n{more}\n[dates]\nas-of = 2026"));
        let transform = Transform::new(policy, Means::keys(&keys)).unwrap();
        for (form, want) in dates.into_iter().zip(want) {
            let value = Value { form, ..Value::new(Label::Date, text) };
            assert_eq!(replaced(&transform, &value, &whose("a")).as_deref(), Some(want.as_str()), "{more} {text}");
        }
    }
    let keep = Transform::new(policy("[actions]\nDATE = \"keep\""), Means::keys(&keys)).unwrap();
    assert_eq!(replaced(&keep, &Value { form: Form::FhirDate, ..Value::new(Label::Date, "1958") }, &whose("a")), None);
    let token = Transform::new(policy("[dates]\nfhir = \"token\""), Means::keys(&keys)).unwrap();
    let value = Value { form: Form::FhirDate, ..Value::new(Label::Date, "1958-03-14") };
    assert!(replaced(&token, &value, &whose("a")).unwrap().starts_with("[DATE:"));
}

#[test]
fn moved_dates_of_fhir_keep_precision_time_and_zone() {
    let shift = Transform::new(policy("extends = \"surrogate\""), Means::keys(&key(7))).unwrap();
    for (form, text) in [
        (Form::FhirDate, "1958-03-14"),
        (Form::FhirDate, "1958-03"),
        (Form::FhirDate, "1958"),
        (Form::FhirDateTime, "2024-05-04T06:52:07.123456-08:00"),
        (Form::FhirDateTime, "2024-05-04"),
        (Form::FhirInstant, "2024-05-04T06:52:07Z"),
        (Form::FhirInstant, "2024-05-04T06:52:07.1+14:00"),
    ] {
        let moved = replaced(&shift, &Value { form, ..Value::new(Label::Date, text) }, &whose("a")).unwrap();
        assert!(fhir::is_valid(form, &moved) && moved.len() == text.len(), "{text} {moved}");
        assert_eq!(moved.get(10..), text.get(10..));
    }
    let (one, other) = ("2024-05-04", "2024-05-11T06:52:07Z");
    let of = |text| replaced(&shift, &Value { form: Form::FhirDateTime, ..Value::new(Label::Date, text) }, &whose("a"));
    let day = |text: Option<String>| text.unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
    assert_eq!((day(of(other)) - day(of(one))).get_days(), 7);
}

#[test]
fn numbers_stay_numbers() {
    for (more, label, text, want) in [
        ("", Label::City, "47.5673", "0"),
        ("extends = \"surrogate\"", Label::Zip, "47.5673", "0"),
        ("extends = \"redact\"", Label::Age90, "93", "90"),
        ("extends = \"safe-harbor\"", Label::Age90, "93", "90"),
        ("[actions]\nAGE = \"age\"", Label::Age, "42", "42"),
        ("extends = \"safe-harbor\"", Label::Date, "1958", "1958"),
        ("extends = \"safe-harbor\"", Label::Date, "19580314", "1958"),
        ("extends = \"redact\"", Label::Mrn, "482913", "0"),
    ] {
        let keys = key(7);
        let means = Means { vault: Some(vault(&keys)), ..Means::keys(&keys) };
        let transform = Transform::new(policy(more), means).unwrap();
        let value = Value { form: Form::Number, written: Written::JsonNumber, ..Value::new(label, text) };
        assert_eq!(replaced(&transform, &value, &whose("a")).as_deref(), Some(want), "{more} {}", label.name());
    }
    for (text, want) in [("0", true), ("-1.5", true), ("017", false), ("90+", false), ("", false), ("1.", false)] {
        assert_eq!(fhir::is_number(text), want, "{text}");
    }
}

/// A character and how it may be written in XML, HL7, or markup in JSON.
fn spelling() -> impl Strategy<Value = (char, String)> {
    let entity = |c: char, written: &str| (c, written.to_owned());
    prop_oneof![
        8 => proptest::char::range('a', 'z').prop_map(|c| (c, c.to_string())),
        4 => proptest::sample::select(vec![
            entity('&', "&amp;"), entity('&', "&#38;"), entity('<', "&lt;"), entity('\u{e9}', "&#233;"),
            entity('\u{e9}', "&#xE9;"), entity('\u{e9}', "\u{e9}"), entity('\'', "'"), entity('\'', "&apos;"),
            entity('|', "\\F\\"), entity('^', "\\S\\"), entity('&', "\\T\\"), entity('\\', "\\E\\"),
            entity('\n', "\\.br\\"), entity('\u{e9}', "\\'e9"), entity('"', "\""), entity('"', "&quot;"),
        ]),
    ]
}

fn spelled() -> impl Strategy<Value = (String, String)> {
    proptest::collection::vec(spelling(), 1..20).prop_map(|units| units.into_iter().unzip())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_come_back_as_they_were_written((value, raw) in spelled(), in_vault in any::<bool>()) {
        let keys = key(7);
        let vault = in_vault.then(|| vault(&keys));
        let transform = Transform::new(policy(""), Means { vault: vault.clone(), ..Means::keys(&keys) }).unwrap();
        let rights = Arc::new(Rights::new(Some(&keys), vault));
        let token = |written| replaced(&transform, &Value { written, ..Value::new(Label::Name, &value) }, &whose("a")).unwrap();
        let back = |format, document: &str| {
            let mut stream = Revealer::new(Arc::clone(&rights), format);
            let mut out = Vec::new();
            stream.push(document.as_bytes(), &mut out).unwrap();
            stream.finish(&mut out).unwrap();
            out
        };
        let windows = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
        let json = serde_json::to_string(&value).unwrap();
        for (format, before) in [(Format::Auto, "<name>"), (Format::Text, "<name>"), (Format::Auto, "MSH|^~\\&|\rPID|1|")] {
            let document = |inside: &str| format!("{before}{inside}</name>");
            prop_assert_eq!(back(format, &document(&token(Written::Raw(&raw)))), document(&raw).into_bytes());
            let old = token(Written::Windows1252Raw(&raw));
            prop_assert_eq!(back(format, &document(&old)), windows(&document(&raw)));
            // Elsewhere the value.
            for token in [token(Written::Raw(&raw)), old] {
                prop_assert_eq!(back(Format::Json, &format!("\"{token}\"")), json.clone().into_bytes());
            }
        }
        // Markup in a JSON string.
        let written = raw.replace('\\', "\\\\").replace('"', "\\\"");
        let document = format!("{{\"div\":\"<div>{}</div>\"}}", token(Written::Json(&written)));
        prop_assert_eq!(back(Format::Auto, &document), format!("{{\"div\":\"<div>{written}</div>\"}}").into_bytes());
    }
}

#[test]
fn spellings_too_long_for_one_token_come_back() {
    let keys = key(7);
    let transform = Transform::new(policy(""), Means::keys(&keys)).unwrap();
    let rights = Arc::new(Rights::new(Some(&keys), None));
    let (value, raw) = ("a&\u{e9}".repeat(9_000), "a&amp;\u{e9}".repeat(9_000));
    for (written, want) in [
        (Written::Raw(&raw), raw.clone().into_bytes()),
        (Written::Windows1252Raw(&raw), encoding_rs::WINDOWS_1252.encode(&raw).0.into_owned()),
    ] {
        let token = replaced(&transform, &Value { written, ..Value::new(Label::Name, &value) }, &whose("a")).unwrap();
        let mut stream = Revealer::new(Arc::clone(&rights), Format::Auto);
        let mut out = Vec::new();
        stream.push(token.as_bytes(), &mut out).unwrap();
        stream.finish(&mut out).unwrap();
        assert!(out == want);
    }
}
