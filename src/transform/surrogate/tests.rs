#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::LazyLock;
use zeroize::Zeroizing;

static INVALID: LazyLock<Surrogates> = LazyLock::new(|| Surrogates::new(Checksums::Invalid));
static VALID: LazyLock<Surrogates> = LazyLock::new(|| Surrogates::new(Checksums::Valid));

fn scope(scope: u8) -> Draws {
    Draws::new(&Zeroizing::new([3; 32]), Some(&[scope; 32]))
}

fn stand_in(surrogates: &Surrogates, label: Label, value: &str, draws: &Draws) -> Option<String> {
    let mut out = "<".to_owned();
    let done = surrogates.write(label, value, draws, &mut out);
    assert_eq!(done, out != "<");
    done.then(|| out.split_off(1))
}

fn of(label: Label, value: &str, draws: &Draws) -> String {
    stand_in(&INVALID, label, value, draws).unwrap()
}

/// Digits as 9, capitals as A, small letters as a, words of any length as one.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        let class = match c {
            _ if case::is_digit(c) => '9',
            _ if c.is_uppercase() => 'A',
            _ if case::is_letter(c) => 'a',
            c => c,
        };
        if !(case::is_letter(class) && shape.ends_with(class)) {
            shape.push(class);
        }
    }
    shape
}

/// Digits as 9, letters as A or a, one by one.
fn layout(text: &str) -> String {
    let class = |c| match c {
        _ if case::is_digit(c) => '9',
        _ if c.is_lowercase() => 'a',
        _ if case::is_letter(c) => 'A',
        c => c,
    };
    text.chars().map(class).collect()
}

const NUMBERS: [Label; 10] = [
    Label::Zip,
    Label::Ssn,
    Label::Mrn,
    Label::HealthPlan,
    Label::Account,
    Label::License,
    Label::Vehicle,
    Label::Device,
    Label::Biometric,
    Label::OtherId,
];

#[test]
fn variants_of_a_name_fit_together() {
    for n in 0..20 {
        let draws = scope(n);
        let name = |value: &str| of(Label::Name, value, &draws);
        let whole = name("Maria Delgado");
        let (first, last) = whole.split_once(' ').unwrap();
        let initial = first.get(..1).unwrap();
        for (value, want) in [
            ("Delgado", last.to_owned()),
            ("maria", first.to_lowercase()),
            ("Mar\u{ed}a", first.to_owned()),
            ("DELGADO, MARIA M", format!("{}, {} {initial}", last.to_uppercase(), first.to_uppercase())),
            ("Ms. Delgado", format!("Ms. {last}")),
            ("M. Delgado", format!("{initial}. {last}")),
            ("Delgado's", format!("{last}'s")),
            ("Maria Delgado\u{2019}s", format!("{whole}\u{2019}s")),
            ("Maria Delgado, MD", format!("{whole}, MD")),
            ("Delgado-Delgado", format!("{last}-{last}")),
            ("m.d.", format!("{}.{}.", initial.to_lowercase(), last.get(..1).unwrap().to_lowercase())),
            ("Maria de la Delgado", format!("{first} de la {last}")),
            ("Maria Delgado Jr.", format!("{whole} Jr.")),
            ("Maria Delgado III", format!("{whole} III")),
            ("Maria and Maria Delgado", format!("{first} and {whole}")),
        ] {
            assert_eq!(name(value), want, "{value}");
        }
        assert_eq!(of(Label::Email, "maria.delgado@clinic.org", &draws).split('@').next().unwrap(), {
            whole.to_lowercase().replace(' ', ".")
        });
    }
}

#[test]
fn names_keep_their_shape() {
    let draws = scope(1);
    for value in [
        "Kathleen O'Brien",
        "KATHLEEN O'BRIEN",
        "Ronald McDonald",
        "RONALD MCDONALD",
        "Marco D'Angelo",
        "J.R. Smith",
        "jrk/mdw",
        "Kim Min-jun",
        "Nguyen Thi Lan",
        "Ludwig van der Berg",
        "Xyloponis",
        "Smith, John 3rd",
        "JRK",
    ] {
        assert_eq!(shape(&of(Label::Name, value, &draws)), shape(value), "{value}");
    }
    assert!(of(Label::Name, "Kathleen O'Brien", &draws).contains(" O'"));
    assert!(of(Label::Name, "RONALD MCDONALD", &draws).contains(" MC"));
}

#[test]
fn nothing_to_draw_for_has_no_stand_in() {
    for (label, value) in [
        (Label::Name, "Dr."),
        (Label::Name, ""),
        (Label::Name, "--"),
        (Label::Name, "Mom"),
        (Label::City, ", "),
        (Label::Street, "#"),
        (Label::Facility, "..."),
        (Label::Phone, "()"),
        (Label::Email, "@"),
        (Label::Url, "://"),
        (Label::Ip, ":"),
        (Label::Mrn, "-"),
        (Label::Date, "03/04/2019"),
        (Label::Age90, "93"),
        (Label::State, "Ohio"),
        (Label::Country, "Peru"),
        (Label::Year, "2019"),
        (Label::Age, "45"),
        (Label::Profession, "carpenter"),
        (Label::OrgOk, "Medicare"),
    ] {
        assert_eq!(stand_in(&INVALID, label, value, &scope(0)), None, "{} {value}", label.name());
    }
}

#[test]
fn sex_and_culture_are_kept() {
    let lists = Lists::new();
    for n in 0..20 {
        let draws = scope(n);
        for (value, like) in [
            ("Jennifer", "Jessica"),
            ("Robert", "William"),
            ("Delgado", "Garcia"),
            ("Novak", "Kowalski"),
            ("Tanaka", "Yamamoto"),
            ("Patel", "Sharma"),
            ("Smith", "Johnson"),
            ("Alejandro", "Carlos"),
            ("Priya", "Anjali"),
        ] {
            let like = lists.known(&case::folded(like)).unwrap();
            assert_eq!(lists.known(&case::folded(&of(Label::Name, value, &draws))), Some(like), "{value}");
        }
    }
}

#[test]
fn small_cultures_are_kept_where_they_have_names_of_the_letter() {
    let lists = Lists::new();
    for value in ["Zhang", "Nguyen", "Kim"] {
        let culture = |name: &str| lists.known(&case::folded(name)).unwrap().culture;
        let kept = (0..100).filter(|n| culture(&of(Label::Name, value, &scope(*n))) == culture(value)).count();
        assert!(kept >= 60, "{value} {kept}");
    }
}

#[test]
fn places_keep_state_and_kind() {
    let lists = Lists::new();
    for n in 0..20 {
        let draws = scope(n);
        let of = |label, value: &str| of(label, value, &draws);
        let state = |city: &str, state: &str| {
            lists.cities.iter().any(|c| c.name.eq_ignore_ascii_case(city) && c.state == state)
        };
        assert!(state(&of(Label::City, "Cleveland"), "OH"));
        assert!(state(of(Label::City, "Springfield, IL").strip_suffix(", IL").unwrap(), "IL"));
        assert!(state(of(Label::City, "Nowhereville, Ohio").strip_suffix(", Ohio").unwrap(), "OH"));
        assert!(state(&of(Label::City, "New York"), "NY"));
        assert_eq!(of(Label::City, "St. Louis"), of(Label::City, "Saint Louis"));
        assert_eq!(of(Label::City, "CLEVELAND"), of(Label::City, "Cleveland").to_uppercase());
        let county = of(Label::City, "Cuyahoga County");
        assert!(county.ends_with(" County") && !county.contains("Cuyahoga"));

        for (value, kept) in [
            ("123 Main St", "999 . St"),
            ("123 MAIN STREET", "999 . STREET"),
            ("4500 Park Ave", "9999 . Ave"),
            ("1200 N. Euclid Ave., Suite 300", "9999 N. . Ave., Suite 999"),
            ("P.O. Box 1234", "P.O. Box 9999"),
            ("PO Box 7", "PO Box 9"),
            ("100 North St", "999 . St"),
            ("77 Martin Luther King Jr Blvd", "99 . Blvd"),
            ("1234 County Road 12", "9999 County Road 99"),
            ("12 Oak Ln Apt 3", "99 . Ln Apt 9"),
            ("12 Oak Ln #3", "99 . Ln #9"),
            ("Broadway", "."),
            ("Park", "."),
        ] {
            let got = of(Label::Street, value);
            let mut words: Vec<&str> = kept.split(' ').collect();
            for (word, got) in words.iter_mut().zip(got.split(' ')) {
                if *word == "." {
                    assert!(!value.to_lowercase().contains(&got.to_lowercase()), "{value}");
                    *word = got;
                }
            }
            assert_eq!(layout(&got), layout(&words.join(" ")), "{value}: {got}");
            for (kept, got) in words.iter().zip(got.split(' ')).filter(|(kept, _)| !kept.contains('9')) {
                assert_eq!(*kept, got, "{value}");
            }
        }
        let ordinal = of(Label::Street, "42nd Street");
        assert!(["st ", "nd ", "rd ", "th "].iter().any(|e| ordinal.contains(e)) && ordinal.ends_with("Street"));
    }
}

#[test]
fn organisations_keep_their_kind() {
    for n in 0..20 {
        let draws = scope(n);
        let of = |label, value: &str| of(label, value, &draws);
        for (label, value, kept) in [
            (Label::Facility, "Mercy Hospital", " Hospital"),
            (Label::Facility, "MERCY HOSPITAL", " HOSPITAL"),
            (Label::Facility, "St. Mary's Regional Medical Center", " Regional Medical Center"),
            (Label::Facility, "Hospital of the University of Pennsylvania", " Hospital"),
            (Label::Facility, "Lincoln Elementary School", " Elementary School"),
            (Label::Facility, "Garfield Pharmacy", " Pharmacy"),
            (Label::Employer, "Acme Plumbing", " Plumbing"),
            (Label::Employer, "Grace Lutheran Church", " Lutheran Church"),
        ] {
            let got = of(label, value);
            let name = got.strip_suffix(kept).unwrap();
            assert!(!name.contains(' ') && !value.contains(name), "{value}: {got}");
        }
        let whole = of(Label::Facility, "Mercy Hospital");
        assert!(of(Label::Facility, "Mercy").starts_with(whole.split(' ').next().unwrap()));
        assert!(of(Label::Facility, "the Cleveland Clinic").starts_with("the "));
        assert_eq!(layout(&of(Label::Facility, "MGH")), "AAA");
        assert!(of(Label::Employer, "Kroger").contains(' '));
    }
}

#[test]
fn telephone_numbers_are_fictional() {
    for n in 0..50 {
        let draws = scope(n);
        let of = |value: &str| of(Label::Phone, value, &draws);
        let whole = of("(216) 844-1234");
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = digits(&whole);
        assert!(&number[..3] != "216" && &number[3..8] == "55501", "{number}");
        for value in ["216-844-1234", "216.844.1234", "2168441234", "1-216-844-1234", "+1 216 844 1234", "844-1234"] {
            let got = of(value);
            assert_eq!(layout(&got), layout(value));
            assert!(digits(&got).ends_with(&number) || digits(&got) == number[3..], "{value}: {got}");
        }
        assert!(of("216-844-1234 ext. 12").starts_with(&of("216-844-1234")));
        assert!(of("216-844-1234x12").contains('x'));
        assert!(of("+44 20 7946 0958").starts_with("+44 "));
        assert_eq!(layout(&of("pager 31234")), "aaaaa 99999");
        let fiction = of("216-555-0142");
        assert!(!fiction.ends_with("42") && !fiction.starts_with("216"));
        let two = of("216-844-1234/330-844-9999");
        assert_eq!(two.matches("-555-01").count(), 2);
    }
}

#[test]
fn addresses_of_the_net_are_those_of_documents() {
    for n in 0..50 {
        let draws = scope(n);
        let ip = |value: &str| of(Label::Ip, value, &draws);
        for value in ["10.1.2.3", "10.1.2.3:8080", "192.0.2.7", "10.0.0.0/8"] {
            assert!(["192.0.2.", "198.51.100.", "203.0.113."].iter().any(|net| ip(value).starts_with(net)));
        }
        assert!(ip("10.0.0.0/8").ends_with("/8"));
        assert!(!ip("10.0.0.0:8080").ends_with("8080"));
        for value in ["fe80::1", "2001:4860:4860::8888", "2001:db8:1:2:3:4:5:6", "fe80::1%eth0"] {
            let got = ip(value);
            assert!(got.starts_with("2001:db8:") && got.parse::<std::net::Ipv6Addr>().is_ok(), "{got}");
        }
        for value in ["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "001A2B3C4D5E"] {
            let got = ip(value);
            let first = u8::from_str_radix(&got[..2], 16).unwrap();
            assert_eq!((got.len(), first & 3), (value.len(), 2), "{got}");
        }
        for (label, value, words) in [
            (Label::Email, "maria.delgado42@clinic.org", vec!["maria", "delgado", "42", "clinic"]),
            (Label::Email, "MDELGADO@EXAMPLE.COM", vec!["MDELGADO", "EXAMPLE.COM"]),
            (
                Label::Url,
                "https://portal.clinic.org/patient/12?n=Ana%20Delgado",
                vec!["portal", "clinic", "patient", "12", "Ana", "Delgado", "%20"],
            ),
            (Label::Url, "www.smithfamily.com", vec!["smith", "family"]),
        ] {
            let got = of(label, value, &draws);
            assert!(got.to_lowercase().contains("example."), "{got}");
            assert!(words.iter().all(|word| !got.contains(word)), "{got}");
        }
    }
}

#[test]
fn check_digits_are_as_asked_for() {
    let rows = [
        (Label::License, "1234567893"),
        (Label::License, "NPI: 1245319599"),
        (Label::License, "AB1234563"),
        (Label::Vehicle, "1M8GDM9AXKP042788"),
        (Label::Vehicle, "11111111111111111"),
        (Label::Device, "(01)00643169001763(17)250101(10)A213B"),
        (Label::Device, "036000291452"),
        (Label::Account, "4111-1111-1111-1111"),
    ];
    for n in 0..50 {
        for (label, value) in rows {
            let valid = |text: &str| {
                // A number whose check digit holds is one that setting it again does not change.
                let layout = number::Layout::new(label, text);
                let scheme = check::Scheme::of(label, &layout.original, text).unwrap();
                scheme.holds(&layout.original)
            };
            assert!(valid(value), "{value}");
            assert!(valid(&stand_in(&VALID, label, value, &scope(n)).unwrap()), "{value}");
            assert!(!valid(&of(label, value, &scope(n))), "{value}");
        }
    }
}

#[test]
fn numbers_keep_their_layout() {
    for n in 0..50 {
        let draws = scope(n);
        let of = |label, value: &str| of(label, value, &draws);
        for (label, value) in [
            (Label::Ssn, "123-45-6789"),
            (Label::Ssn, "6789"),
            (Label::Ssn, "XXX-XX-6789"),
            (Label::Mrn, "MRN 0012345"),
            (Label::Mrn, "AB-12345/c"),
            (Label::Zip, "44106-1234"),
            (Label::Zip, "M5V 2T6"),
            (Label::OtherId, "550e8400-e29b-41d4-a716-446655440000"),
            (Label::OtherId, "Room 12"),
        ] {
            assert_eq!(layout(&of(label, value)), layout(value), "{value}");
        }
        assert!(of(Label::Mrn, "MRN 0012345").starts_with("MRN 00"));
        assert_ne!(&of(Label::Mrn, "MRN 0012345")[6..7], "0");
        assert_eq!(of(Label::Ssn, "123-45-6789").replace('-', ""), of(Label::Ssn, "123456789"));
        assert_eq!(of(Label::Ssn, "XXX-XX-6789").strip_prefix("XXX-XX-").unwrap(), of(Label::Ssn, "6789"));
        assert_ne!(&of(Label::Zip, "44106")[..3], "441");
        assert!(
            of(Label::OtherId, "550e8400-e29b-41d4-a716-446655440000")
                .chars()
                .all(|c| c == '-' || c.is_ascii_hexdigit())
        );
        assert_eq!(of(Label::Mrn, "12345"), of(Label::OtherId, "12345"));
        for value in ["0", "7", "00", "42", "A", "a7"] {
            assert_ne!(of(Label::OtherId, value), value);
        }
    }
}

#[test]
fn another_scope_gives_others() {
    for (label, value, most) in [
        (Label::Name, "Maria Delgado", 30),
        (Label::City, "Cleveland", 3),
        (Label::Street, "123 Main St", 45),
        (Label::Facility, "Mercy Hospital", 40),
        (Label::Phone, "216-844-1234", 45),
        (Label::Email, "maria@clinic.org", 8),
        (Label::Ip, "10.1.2.3", 45),
        (Label::Ssn, "123-45-6789", 49),
        (Label::Mrn, "1234567", 49),
    ] {
        let all: HashSet<String> = (0..50).map(|n| of(label, value, &scope(n))).collect();
        assert!(all.len() >= most, "{}: {}", label.name(), all.len());
    }
}

#[test]
fn different_numbers_seldom_share_a_stand_in() {
    // By chance 10,000 draws of 9 10^6 share 5.6 of them.
    let draws = scope(9);
    let all: HashSet<String> =
        (0..10_000).map(|n| of(Label::Mrn, &format!("{}", 2_000_000 + n * 317), &draws)).collect();
    assert!(all.len() > 9_980, "{}", all.len());
}

#[test]
fn debug_shows_no_lists() {
    assert_eq!(format!("{:?}", *INVALID), "Surrogates { checksums: Invalid, .. }");
}

fn label() -> impl Strategy<Value = Label> {
    prop::sample::select(Label::ALL.to_vec())
}

proptest! {
    #[test]
    fn any_text_has_another_stand_in_or_none(value in any::<String>(), label in label(), n in any::<u8>()) {
        let got = stand_in(&INVALID, label, &value, &scope(n));
        prop_assert_eq!(&got, &stand_in(&INVALID, label, &value, &scope(n)));
        if let Some(got) = got {
            prop_assert!(!case::same(&got, &value));
        }
    }

    #[test]
    fn likely_text_has_a_stand_in(value in "[A-Za-z0-9'.,#@:/ -]{0,12}[A-Za-z0-9]{4,9}[A-Z0-9. -]{0,8}", label in label()) {
        let got = stand_in(&INVALID, label, &value, &scope(0));
        let draws = !matches!(label, Label::Date | Label::Age90) && label.is_identifier();
        if label != Label::Name {
            prop_assert_eq!(got.is_some(), draws, "{}", label.name());
        }
        if let Some(got) = got {
            prop_assert!(!case::same(&got, &value));
        }
    }

    #[test]
    fn no_three_digits_survive(value in "[A-Z]{0,2}[0-9]{1,17}[ /-]?[0-9A-Z]{0,4}", at in 0..NUMBERS.len(), valid: bool) {
        let surrogates = if valid { &*VALID } else { &*INVALID };
        let label = NUMBERS[at];
        let got = stand_in(surrogates, label, &value, &scope(2)).unwrap();
        prop_assert_eq!(got.len(), value.len());
        // The check symbol of a vehicle may be X in place of a digit and the other way round.
        if label != Label::Vehicle || value.bytes().filter(u8::is_ascii_alphanumeric).count() != 17 {
            prop_assert_eq!(layout(&got), layout(&value));
        }
        let (value, got) = (value.as_bytes(), got.as_bytes());
        // Zeros at the start stay.
        let zeros = value.iter().take_while(|b| **b == b'0').count();
        for (a, b) in value.windows(3).zip(got.windows(3)).skip(zeros.saturating_sub(2)) {
            prop_assert!(a != b || !a.iter().all(u8::is_ascii_digit));
        }
    }

    #[test]
    fn no_digits_of_telephone_numbers_survive(value in "[2-9][0-9]{2}-[2-46-9][0-9]{2}-[1-9][0-9]{3}") {
        let got = of(Label::Phone, &value, &scope(2));
        prop_assert_eq!(layout(&got), layout(&value));
        let digits = |text: &str| text.replace('-', "").into_bytes();
        for (a, b) in digits(&value).windows(3).zip(digits(&got).windows(3)) {
            prop_assert_ne!(a, b);
        }
    }

    #[test]
    fn no_word_of_a_name_survives(value in "[A-Z][a-z]{3,9} [A-Z][a-z]{3,9}") {
        let upper = value.to_uppercase();
        let got = of(Label::Name, &value, &scope(2));
        prop_assert_eq!(of(Label::Name, &upper, &scope(2)), got.to_uppercase());
        for (a, b) in value.split(' ').zip(got.split(' ')).filter(|(a, _)| !name::may_stay(&case::folded(a))) {
            prop_assert!(!case::same(a, b));
        }
    }
}
