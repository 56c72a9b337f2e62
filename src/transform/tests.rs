#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::reveal::{Format, Revealer, Rights, Tally};
use super::*;

fn key(n: u8) -> Keyring {
    Keyring::of(crate::secret::Key::parse(&format!("{n:02x}").repeat(32)).unwrap())
}

fn rights(n: u8) -> Arc<Rights> {
    Arc::new(Rights::new(Some(&key(n)), None))
}

fn sealing(n: u8) -> Transform {
    // Optional labels too, so that every label is tried.
    let keep: String = Label::ALL.iter().map(|l| format!("{} = \"token\"\n", l.name())).collect();
    let policy = Policy::from_toml(&format!("name = \"all\"\n[actions]\n{keep}")).unwrap();
    Transform::new(policy, Means::keys(&key(n))).unwrap()
}

fn corpus() -> Whose {
    Whose::new(&Scope::Corpus, None, b"")
}

fn document(id: &[u8]) -> Whose {
    Whose::new(&Scope::Document, None, id)
}

fn seal(transform: &Transform, label: Label, value: &str, written: Written<'_>, whose: &Whose) -> String {
    let (mut out, mut orders) = (String::new(), Orders::default());
    let value = Value { written, ..Value::new(label, value) };
    assert!(transform.replace(&value, whose, &mut orders, &mut out).unwrap());
    assert!(orders.is_empty());
    out
}

fn reveal(n: u8, format: Format, text: &str) -> (String, Tally) {
    let (out, tally) = Revealer::reveal(&rights(n), format, text).unwrap();
    (out, without_labels(tally))
}

fn without_labels(tally: Tally) -> Tally {
    assert_eq!(tally.labels.iter().sum::<u64>(), tally.revealed);
    Tally { labels: [0; Label::ALL.len()], ..tally }
}

fn tally(revealed: u64, mistyped: u64, foreign: u64) -> Tally {
    Tally { revealed, mistyped, foreign, ..Tally::default() }
}

#[test]
fn tokens_of_version_one_are_read_for_ever() {
    let token = seal(&sealing(7), Label::Name, "Osei", Written::Canonical, &corpus());
    assert_eq!(token, "[NAME:20HSQ6A7GCHFZFV3ZP89RNSW4NZDCJYWAR3]");
}

#[test]
fn equal_values_share_a_token_within_their_scope_only() {
    let transform = sealing(7);
    let of = |value: &str, scope: &Scope, material: &str| {
        let whose = Whose::new(scope, Some(material), material.as_bytes());
        seal(&transform, Label::Mrn, value, Written::Canonical, &whose)
    };
    let session = |id: &str| Scope::Session(id.to_owned());
    let first = of("00482913", &Scope::Document, "a");
    assert_eq!(first, of("00482913", &Scope::Document, "a"));
    for other in [
        of("00482914", &Scope::Document, "a"),
        of("00482913", &Scope::Document, "b"),
        of("00482913", &Scope::Patient, "a"),
        of("00482913", &session("a"), "a"),
        of("00482913", &Scope::Corpus, "a"),
        seal(&sealing(8), Label::Mrn, "00482913", Written::Canonical, &document(b"a")),
    ] {
        assert_ne!(first, other);
    }
    assert_eq!(of("1", &session("s"), "a"), of("1", &session("s"), "b"));
    assert_eq!(of("1", &Scope::Corpus, "a"), of("1", &Scope::Corpus, "b"));
}

#[test]
fn a_token_moved_or_changed_is_left_and_counted() {
    let transform = sealing(7);
    let scoped = |m: &[u8]| seal(&transform, Label::Mrn, "00482913", Written::Canonical, &document(m));
    let (token, other) = (scoped(b"a"), scoped(b"b"));
    assert_eq!(reveal(7, Format::Text, &token), ("00482913".into(), tally(1, 0, 0)));
    assert_eq!(reveal(7, Format::Text, &token.to_lowercase()), ("00482913".into(), tally(1, 0, 0)));
    assert_eq!(reveal(8, Format::Text, &token), (token.clone(), tally(0, 0, 1)), "another key");
    let relabelled = token.replace("MRN", "SSN");
    assert_eq!(
        reveal(7, Format::Text, &relabelled),
        (relabelled.clone(), tally(0, 1, 0)),
        "the checksum holds the label"
    );
    let unknown = token.replace("MRN", "MRM");
    assert_eq!(reveal(7, Format::Text, &unknown), (unknown.clone(), tally(0, 1, 0)), "no such label");

    // Sealed with the scope of another document, and the checksum made good.
    let payload = |token: &str| token::read_code(Label::Mrn, &token.as_bytes()[5..token.len() - 1]).unwrap();
    let (mut moved, from) = (payload(&token), payload(&other));
    moved[1..7].copy_from_slice(&from[1..7]);
    let mut forged = String::new();
    token::write_code(Label::Mrn, &moved, &mut forged);
    assert_eq!(reveal(7, Format::Text, &forged), (forged.clone(), tally(0, 0, 1)), "another scope");
    let mut relabelled = String::new();
    token::write_code(Label::Ssn, &payload(&token), &mut relabelled);
    assert_eq!(reveal(7, Format::Text, &relabelled), (relabelled.clone(), tally(0, 0, 1)), "another label");
}

#[test]
fn look_alikes_are_text() {
    let transform = sealing(7);
    let token = seal(&transform, Label::Name, "Osei", Written::Canonical, &corpus());
    let foreign = seal(&sealing(9), Label::Name, "Osei", Written::Canonical, &corpus());
    let mut long_name = String::new(); // A valid checksum, but no mix of letters and digits.
    token::write_code(Label::Name, &[0x10; 20], &mut long_name);
    let digits: String = long_name.chars().map(|c| if c.is_ascii_digit() { 'A' } else { c }).collect();
    for (text, left_alone) in [
        (token.as_str(), true),
        (&token.to_lowercase(), true),
        (foreign.as_str(), true),
        ("[NAME]", true),
        ("[date]", true),
        ("[NAME:JOHN]", false),
        ("[NAME:J0HN]", false),
        ("[MRN:00482913]", false),
        ("[PHONE:5551234567]", false),
        ("[NAME:MARIAANNETHERESEVONHABSBVRGXXXXXXXXX]", false),
        ("[MRN:0000000000000000000000000000000000000]", false),
        (&digits, false),
        ("[NICK]", false),
        (&token.replace("NAME", "CITY"), false),
        (&token[..token.len() - 1], false),
    ] {
        let mut spans = Vec::new();
        transform.existing_tokens(&format!("Øx ({text}) y"), &mut spans).unwrap();
        let want = if left_alone { vec![Span::new(5, 5 + text.len())] } else { vec![] };
        assert_eq!(spans, want, "{text}");
    }
    // Of all short codes, none is taken for a token, whatever its checksum.
    for symbol in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
        let mut spans = Vec::new();
        transform.existing_tokens(&format!("[NAME:J0HN{symbol}]"), &mut spans).unwrap();
        assert!(spans.is_empty(), "{symbol}");
    }
}

#[test]
fn policies_decide_what_stands_there() {
    let redact = Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap();
    let mut out = String::new();
    assert!(redact.replace(&Value::new(Label::Age90, "93"), &corpus(), &mut Orders::default(), &mut out).unwrap());
    assert!(!redact.replace(&Value::new(Label::State, "Ohio"), &corpus(), &mut Orders::default(), &mut out).unwrap());
    assert_eq!(out, "[AGE90]");
    let error = Transform::new(Policy::preset("minimum-necessary").unwrap(), Means::default()).unwrap_err().to_string();
    assert!(error.contains("deidre key new") && error.contains("--policy redact"), "{error}");
}

#[test]
fn values_come_back_as_they_were_written() {
    let transform = sealing(7);
    // Format, what stands before and after the value, value, its bytes there.
    for (format, before, after, value, written, raw) in [
        (Format::Json, "{\"a\":\"", "\"}", "Øst", Written::Canonical, "Øst"),
        (Format::Json, "{\"a\":\"", "\"}", "O\"N\n", Written::Canonical, "O\\\"N\\n"),
        (Format::Auto, "{\"a\":\"", "\"}", "O\"N\n", Written::Json("O\\\"N\\n"), "O\\\"N\\n"),
        (Format::Auto, " [\"", "\"]", "Øst", Written::Json("\\u00D8st"), "\\u00D8st"),
        (Format::Auto, "[null,\"", "\"]", "3/4", Written::Json("3\\/4"), "3\\/4"),
        (Format::Text, "a ", " b", "O\"N\n", Written::Canonical, "O\"N\n"),
        (Format::Auto, "", " b", "O\"N\n", Written::Canonical, "O\"N\n"),
        (Format::Text, "a ", " b", "3/4", Written::Json("3\\/4"), "3/4"),
        (Format::Csv, "x,\"a ", "\",y", "5\" O", Written::Canonical, "5\"\" O"),
        (Format::Csv, "x,\"a ", "\",y", "5\" O", Written::Csv("5\" O"), "5\" O"),
        (Format::Csv, "x,5\" ", ",y", "5\" O", Written::Canonical, "5\" O"),
        // Bare, though what is before looks like a quoted field to who does not know the delimiter.
        (Format::Csv, "x|\"a ", ",y", "5\" O", Written::Csv("5\" O"), "5\" O"),
        (Format::Csv, "x|\"a,\"b ", "\",y", "5\" O", Written::Csv("5\"\" O"), "5\"\" O"),
        (Format::Text, "x\t5\" ", "\ty", "5\" O", Written::Csv("5\" O"), "5\" O"),
        (Format::Csv, "\"\"\"\",\"", "\"", "a\"", Written::Csv("a\"\""), "a\"\""),
        (Format::Json, "{\"a\":\"", "\"}", "", Written::Canonical, ""),
        (Format::Json, "{\"a\":\"", "\"}", "1.50", Written::Canonical, "1.50"),
    ] {
        let token = seal(&transform, Label::OtherId, value, written, &corpus());
        let (out, tally) = reveal(7, format, &format!("{before}{token}{after}"));
        assert_eq!((out, tally.revealed), (format!("{before}{raw}{after}"), 1));
    }
    // Canonical bytes and the value alone make the same token, so that it can be joined on.
    assert_eq!(
        seal(&transform, Label::Name, "O\"N", Written::Json("O\\\"N"), &corpus()),
        seal(&transform, Label::Name, "O\"N", Written::Canonical, &corpus()),
    );
}

#[test]
fn windows_1252_comes_back_as_its_bytes() {
    let transform = sealing(7);
    for (value, bytes) in [("Renée", &b"Ren\xe9e"[..]), ("“X”\u{81}", b"\x93X\x94\x81"), ("Ann", b"Ann"), ("", b"")]
    {
        let token = seal(&transform, Label::Name, value, Written::Windows1252, &corpus());
        let mut stream = Revealer::new(rights(7), Format::Auto);
        let mut out = Vec::new();
        stream.push(&[b"\xc9 ", token.as_bytes(), b" \xe9"].concat(), &mut out).unwrap();
        assert_eq!(without_labels(stream.finish(&mut out).unwrap()), tally(1, 0, 0));
        assert_eq!(out, [b"\xc9 ", bytes, b" \xe9"].concat());
        assert_eq!(reveal(7, Format::Json, &format!("\"{token}\"")).0, format!("\"{value}\""));
    }
    // With quotes in CSV the field's own writing comes back, whether reveal takes the field for quoted or not.
    for (before, value, raw, bytes, after) in [
        ("x,\"", "Ren\u{e9}e \"X\"", "Ren\u{e9}e \"\"X\"\"", &b"Ren\xe9e \"\"X\"\""[..], "\""),
        ("x,", "5\" \u{e9}", "5\" \u{e9}", b"5\" \xe9", ",y"),
        ("x|\"a ", "5\" \u{e9}", "5\" \u{e9}", b"5\" \xe9", ",y"),
    ] {
        let token = seal(&transform, Label::Name, value, Written::Windows1252Csv(raw), &corpus());
        let mut stream = Revealer::new(rights(7), Format::Csv);
        let mut out = Vec::new();
        stream.push(format!("{before}{token}{after}").as_bytes(), &mut out).unwrap();
        assert_eq!(without_labels(stream.finish(&mut out).unwrap()), tally(1, 0, 0));
        assert_eq!(out, [before.as_bytes(), bytes, after.as_bytes()].concat());
        assert_eq!(reveal(7, Format::Json, &token).0, value.replace('"', "\\\""));
    }
    let ascii = |written| seal(&transform, Label::Name, "Ann", written, &corpus());
    assert_eq!(ascii(Written::Windows1252), ascii(Written::Canonical));
    let long = seal(&transform, Label::Name, &"é".repeat(50_000), Written::Windows1252, &corpus());
    let mut stream = Revealer::new(rights(7), Format::Text);
    let mut out = Vec::new();
    stream.push(long.as_bytes(), &mut out).unwrap();
    without_labels(stream.finish(&mut out).unwrap());
    assert!(out == b"\xe9".repeat(50_000));
}

#[test]
fn a_number_gets_its_quotes_and_loses_them() {
    let token = seal(&sealing(7), Label::Mrn, "4.41e6", Written::JsonNumber, &corpus());
    for (text, want) in [
        (format!("{{\"mrn\":\"{token}\",\"b\":1}}"), "{\"mrn\":4.41e6,\"b\":1}"),
        (format!("[\"{token}\",\"{token}\"]"), "[4.41e6,4.41e6]"),
        (format!("\"{token}\""), "4.41e6"),
        (format!("{{\"a\":\"see {token}\"}}"), "{\"a\":\"see 4.41e6\"}"),
        (format!("{{\"a\":\"{token}{token}\"}}"), "{\"a\":\"4.41e64.41e6\"}"),
    ] {
        assert_eq!(reveal(7, Format::Auto, &text).0, want);
        let mut stream = Revealer::new(rights(7), Format::Auto);
        let mut out = Vec::new();
        text.bytes().for_each(|byte| stream.push(&[byte], &mut out).unwrap());
        without_labels(stream.finish(&mut out).unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), want, "byte by byte");
    }
    assert_eq!(reveal(7, Format::Text, &format!("\"{token}\"")).0, "\"4.41e6\"");
}

#[test]
fn a_long_value_is_sealed_in_pieces_that_fit_reveal() {
    let transform = sealing(7);
    let value = "Øst\"".repeat(40_000);
    let mut canonical = String::new();
    escape::json(&value, &mut canonical);
    let odd = canonical.replace('Ø', "\\u00d8");
    for (written, want) in [(Written::Canonical, &canonical), (Written::Json(&odd), &odd)] {
        let token = seal(&transform, Label::Biometric, &value, written, &corpus());
        assert!(token.split(']').all(|t| t.len() <= token::MAX_CODE + 16));
        let text = format!("{{\"a\":\"{token}\"}}");
        let (out, tally) = reveal(7, Format::Auto, &text);
        assert!(out == format!("{{\"a\":\"{want}\"}}") && tally.revealed > 1);
        let mut stream = Revealer::new(rights(7), Format::Json);
        let mut out = Vec::new();
        for chunk in text.as_bytes().chunks(1009) {
            stream.push(chunk, &mut out).unwrap();
        }
        without_labels(stream.finish(&mut out).unwrap());
        assert!(out == format!("{{\"a\":\"{want}\"}}").as_bytes());
    }
}

#[test]
fn nothing_secret_is_shown() {
    let (transform, marker) = (sealing(7), "Zeppelina");
    let scope = Whose::new(&Scope::Patient, Some(marker), b"");
    let stream = {
        let mut stream = Revealer::new(rights(7), Format::Json);
        stream.push(format!("{{\"{marker}[NAME:").as_bytes(), &mut Vec::new()).unwrap();
        stream
    };
    let shown = format!("{transform:?} {scope:?} {stream:?} {:?} {:?}", Written::Json(marker), key(7));
    assert!(!shown.contains(marker) && !shown.contains("0707"), "{shown}");
}

fn any_scope() -> impl Strategy<Value = Whose> {
    (0..4, any::<Vec<u8>>()).prop_map(|(kind, material)| {
        let scope = match kind {
            0 => Scope::Corpus,
            1 => Scope::Document,
            2 => Scope::Patient,
            _ => Scope::Session(String::from_utf8_lossy(&material).into_owned()),
        };
        Whose::new(&scope, std::str::from_utf8(&material).ok(), &material)
    })
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\\x00-\\x7f]{0,40}", "[A-Za-z0-9 ,\"\\\\\\[\\]:]{0,20}"]
}

/// A JSON string of the value in one of its many forms.
fn in_json(value: &str, odd: &[bool]) -> String {
    let mut out = String::new();
    for (i, c) in value.chars().enumerate() {
        if odd.get(i % odd.len().max(1)).copied().unwrap_or_default() {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
        } else {
            escape::json(c.encode_utf8(&mut [0; 4]), &mut out);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_value_comes_back(value in any_value(), label in 0..Label::ALL.len(), scope in any_scope(), lower: bool) {
        let mut token = seal(&sealing(7), Label::ALL[label], &value, Written::Canonical, &scope);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"[]:_".contains(&b)));
        if lower {
            token.make_ascii_lowercase();
        }
        prop_assert_eq!(reveal(7, Format::Text, &token), (value, tally(1, 0, 0)));
        prop_assert_eq!(reveal(8, Format::Text, &token), (token.clone(), tally(0, 0, 1)));
    }

    #[test]
    fn json_comes_back_byte_for_byte_at_any_cut(
        values in prop::collection::vec((any_value(), prop::collection::vec(any::<bool>(), 0..5), any::<bool>()), 0..6),
        scope in any_scope(),
        cuts in prop::collection::vec(1usize..50, 1..20),
    ) {
        let transform = sealing(7);
        let (mut plain, mut scrubbed) = (String::from("["), String::from("["));
        for (value, odd, number) in &values {
            if *number {
                plain.push_str("-12.50e7 ,");
                let token = seal(&transform, Label::Mrn, "-12.50e7", Written::JsonNumber, &scope);
                scrubbed.push_str(&format!("\"{token}\" ,"));
            }
            let raw = in_json(value, odd);
            let token = seal(&transform, Label::Name, value, Written::Json(&raw), &scope);
            plain.push_str(&format!("\"a[{raw}]\","));
            scrubbed.push_str(&format!("\"a[{token}]\","));
        }
        plain.push_str("\"\"]\n");
        scrubbed.push_str("\"\"]\n");
        let mut stream = Revealer::new(rights(7), Format::Auto);
        let (mut out, mut rest) = (Vec::new(), scrubbed.as_bytes());
        for cut in cuts.iter().cycle() {
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            stream.push(head, &mut out).unwrap();
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        without_labels(stream.finish(&mut out).unwrap());
        prop_assert_eq!(String::from_utf8(out).unwrap(), plain);
    }

    #[test]
    fn scrubbing_twice_is_scrubbing_once(parts in prop::collection::vec((any_value(), any_value()), 0..5), redact: bool) {
        let transform = if redact {
            Transform::new(Policy::preset("redact").unwrap(), Means::keys(&key(7))).unwrap()
        } else {
            sealing(7)
        };
        let mut scrubbed = String::new();
        let mut tokens = Vec::new();
        for (text, value) in &parts {
            // Brackets that stand alone must not hide a token, but a text may not make one of its own.
            scrubbed.push_str(&text.replace(']', "[").replace(':', " "));
            let start = scrubbed.len();
            transform.replace(&Value::new(Label::City, value), &corpus(), &mut Orders::default(), &mut scrubbed).unwrap();
            tokens.push(Span::new(start, scrubbed.len()));
        }
        let mut found = Vec::new();
        transform.existing_tokens(&scrubbed, &mut found).unwrap();
        prop_assert_eq!(found, tokens);
    }

    #[test]
    fn any_bytes_pass_through_reveal(bytes: Vec<u8>, format in 0usize..4) {
        let format = [Format::Auto, Format::Text, Format::Json, Format::Csv][format];
        let mut stream = Revealer::new(rights(7), format);
        let mut out = Vec::new();
        stream.push(&bytes, &mut out).unwrap();
        prop_assert_eq!(without_labels(stream.finish(&mut out).unwrap()), Tally::default());
        prop_assert_eq!(out, bytes);
    }
}

/// A policy of vault tokens with a vault in memory; and what it made of a text with blanks for codes.
fn with_vault() -> (Transform, Arc<Rights>) {
    let keys = key(7);
    let vault: Arc<dyn Vault> = Arc::new(crate::vault::Memory::new(&keys).unwrap());
    let means = Means { vault: Some(Arc::clone(&vault)), ..Means::keys(&keys) };
    let transform = Transform::new(Policy::preset("minimum-necessary").unwrap(), means).unwrap();
    (transform, Arc::new(Rights::new(Some(&keys), Some(vault))))
}

/// Replaces each value by its token, between `before` and `after`, settled as a chunk is.
fn settled(transform: &Transform, values: &[(Label, &str)], before: &str, after: &str) -> String {
    let (mut orders, mut holes, mut bytes) = (Orders::default(), Vec::new(), Vec::new());
    for (label, value) in values {
        bytes.extend_from_slice(before.as_bytes());
        let (first, mut token) = (orders.len(), String::new());
        assert!(transform.replace(&Value::new(*label, value), &corpus(), &mut orders, &mut token).unwrap());
        orders.holes(first, orders.len(), bytes.len(), &mut holes);
        bytes.extend_from_slice(token.as_bytes());
        bytes.extend_from_slice(after.as_bytes());
    }
    transform.settle(&orders, &holes, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn codes_that_do_not_fit_their_places_stop_the_chunk() {
    let (transform, _) = with_vault();
    let (mut orders, mut token) = (Orders::default(), String::new());
    transform.replace(&Value::new(Label::Name, "Osei"), &corpus(), &mut orders, &mut token).unwrap();
    let mut holes = Vec::new();
    orders.holes(0, 1, 0, &mut holes);
    for (bytes, holes) in [
        (token.clone(), Vec::new()),
        (token.replace('U', "V"), holes.clone()),
        (format!(" {token}"), holes.clone()),
        (String::new(), holes.clone()),
        (token.clone(), [holes.clone(), holes.clone()].concat()),
    ] {
        let error = transform.settle(&orders, &holes, &mut bytes.into_bytes()).unwrap_err();
        assert!(matches!(error, TransformError::Lost), "{error}");
    }
    assert!(transform.settle(&orders, &holes, &mut token.clone().into_bytes()).is_ok());
    // A policy that must have a vault is no transform without one.
    let error = Transform::new(Policy::preset("safe-harbor").unwrap(), Means::keys(&key(7))).unwrap_err();
    assert!(matches!(error, PolicyError::VaultNeeded(_)));
    // Its tokens are left alone where they are met again, and those of no vault are text.
    let text = settled(&transform, &[(Label::Name, "Osei")], "by ", ".");
    let mut known = Vec::new();
    transform.existing_tokens(&text, &mut known).unwrap();
    assert_eq!(known.len(), 1);
    known.clear();
    with_vault().0.existing_tokens(&text, &mut known).unwrap();
    assert!(known.is_empty());
}

proptest! {
    #[test]
    fn tokens_of_a_vault_come_back_at_any_cut(
        values in proptest::collection::vec((0..Label::MUST_GO, ".{1,40}"), 1..6),
        cut in 1usize..40,
    ) {
        let (transform, rights) = with_vault();
        let values: Vec<(Label, &str)> = values.iter().map(|(label, value)| (Label::ALL[*label], value.as_str())).collect();
        let scrubbed = settled(&transform, &values, "seen [x] ", ", and\n");
        for text in [scrubbed.clone(), scrubbed.to_lowercase()] {
            let mut stream = Revealer::new(Arc::clone(&rights), Format::Text);
            let mut out = Vec::new();
            for chunk in text.as_bytes().chunks(cut) {
                stream.push(chunk, &mut out).unwrap();
            }
            let counts = without_labels(stream.finish(&mut out).unwrap());
            let want: String = values.iter().map(|(_, value)| format!("seen [x] {value}, and\n")).collect();
            prop_assert_eq!(String::from_utf8(out).unwrap(), want);
            prop_assert_eq!(counts, tally(values.len() as u64, 0, 0));
        }
    }
}
