#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

const VAULT: Action = Action::Token(TokenKind::Vault);
const SEALED: Action = Action::Token(TokenKind::Sealed);
const EITHER: Action = Action::Token(TokenKind::Either);

fn read(text: &str) -> Policy {
    Policy::from_toml(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn with(label: Label, action: &str) -> String {
    format!("name = \"x\"\nextends = \"safe-harbor\"\nclaim = \"none\"\n[actions]\n{} = \"{action}\"", label.name())
}

fn presets() -> [Policy; 5] {
    Policy::PRESETS.map(|name| Policy::preset(name).unwrap())
}

#[test]
fn presets_replace_every_identifier_and_keep_the_rest() {
    for policy in presets() {
        // A limited data set may hold these.
        let kept = match policy.name() {
            "limited-data-set" => vec![Label::Date, Label::Age90, Label::City, Label::Zip],
            _ => vec![],
        };
        for label in Label::ALL {
            let stays = !label.is_identifier() || kept.contains(&label);
            assert_eq!(policy.action(label) == Action::Keep, stays, "{} {}", policy.name(), label.name());
        }
        assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
    }
    let error = Policy::preset("strictest").unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no policy \"strictest\"; there are minimum-necessary, safe-harbor, limited-data-set, redact, \
         surrogate, or a TOML file"
    );
}

#[test]
fn presets_do_what_the_clauses_ask() {
    let of = |name: &str, label: Label| match (name, label) {
        ("safe-harbor", Label::Date) => Action::Year,
        ("safe-harbor" | "surrogate", Label::Age90) => Action::Age,
        ("safe-harbor", Label::Zip) => Action::Zip3,
        ("safe-harbor", _) => VAULT,
        ("limited-data-set", Label::Date | Label::Age90 | Label::City | Label::Zip) => Action::Keep,
        ("limited-data-set" | "minimum-necessary", _) => EITHER,
        ("redact", _) => Action::Redact,
        ("surrogate", Label::Date) => Action::Shift,
        ("surrogate", _) => Action::Surrogate,
        (other, _) => panic!("{other}"),
    };
    for policy in presets() {
        for label in Label::ALL.into_iter().filter(|l| l.is_identifier()) {
            assert_eq!(policy.action(label), of(policy.name(), label), "{} {}", policy.name(), label.name());
        }
        assert!(Label::ALL.into_iter().all(|label| policy.action(label).fits(label)));
        assert!(policy.claim().is_none_or(|claim| policy.violations(claim).is_empty()), "{}", policy.name());
    }
    assert_eq!(Policy::preset("safe-harbor").unwrap().claim(), Some(Claim::SafeHarbor));
    assert_eq!(Policy::preset("limited-data-set").unwrap().claim(), Some(Claim::LimitedDataSet));
    for name in ["minimum-necessary", "redact", "surrogate"] {
        assert_eq!(Policy::preset(name).unwrap().claim(), None, "{name}");
    }
}

#[test]
fn presets_need_what_they_use() {
    use Requirement::{None, Optional, Required};
    for (name, key, vault) in [
        ("minimum-necessary", true, Optional),
        ("safe-harbor", false, Required),
        ("limited-data-set", true, Optional),
        ("redact", false, None),
        ("surrogate", true, None),
    ] {
        let policy = Policy::preset(name).unwrap();
        assert_eq!(policy.needs(), Needs { key, vault }, "{name}");
        assert_eq!(policy.needs_key(), key);
    }
    let fields =
        read("name = \"x\"\nextends = \"redact\"\n[fields.a]\nNAME = \"vault-token\"\n[fields.b]\nDATE = \"shift\"");
    assert_eq!(fields.needs(), Needs { key: true, vault: Required });
    let elsewhere = read("name = \"x\"\nextends = \"redact\"\n[destinations.llm]\nNAME = \"sealed-token\"");
    assert_eq!(elsewhere.needs(), Needs { key: false, vault: None });
    assert_eq!(elsewhere.for_destination("llm").unwrap().needs(), Needs { key: true, vault: None });
}

#[test]
fn a_file_names_what_differs() {
    let policy =
        read("name = \"mine\"\nextends = \"redact\"\n[actions]\nDATE = \"keep\"\nAGE = \"token\"\nSSN = \"mask:4\"");
    let of = |label| policy.action(label);
    assert_eq!((of(Label::Date), of(Label::Age), of(Label::Name)), (Action::Keep, EITHER, Action::Redact));
    assert_eq!(of(Label::Ssn), Action::Mask { keep_last: 4 });
    assert!(policy.needs_key());
    assert_eq!(policy.settings(), &Settings::default());

    let set = read(
        "name = \"x\"\n[shift]\nweeks = 520\n[surrogate]\nchecksums = \"valid\"\n[dates]\norder = \"day-first\"\nas-of = 2026",
    );
    let want = Settings {
        shift_weeks: 520,
        checksums: Checksums::Valid,
        date_order: DateOrder::DayFirst,
        as_of: Some(2026),
        ..Settings::default()
    };
    assert_eq!(set.settings(), &want);
    assert_eq!(read(&set.to_toml()), set);
}

#[test]
fn a_star_is_every_identifier_that_is_not_named() {
    let policy = read(
        "name = \"x\"\nextends = \"redact\"\n[actions]\nZIP = \"zip3\"\n\"*\" = \"surrogate\"\nDATE = \"year\"\nAGE90 = \"age\"",
    );
    for label in Label::ALL {
        let want = match label {
            Label::Zip => Action::Zip3,
            Label::Date => Action::Year,
            Label::Age90 => Action::Age,
            _ if label.is_identifier() => Action::Surrogate,
            _ => Action::Keep,
        };
        assert_eq!(policy.action(label), want, "{}", label.name());
    }
}

#[test]
fn fields_and_destinations_go_over_what_they_name() {
    let policy = read(
        "name = \"x\"\nextends = \"redact\"\n\
         [fields.\"/z/*/body\"]\nNAME = \"keep\"\nDATE = \"year\"\n\
         [fields.\"/a\"]\n\"*\" = \"sealed-token\"\nZIP = \"zip3\"\n\
         [destinations.llm]\nNAME = \"surrogate\"\n[destinations.embeddings]\n\"*\" = \"vault-token\"\n",
    );
    assert_eq!(policy.fields(), ["/z/*/body", "/a"], "in the order of the file");
    assert_eq!(policy.destinations().collect::<Vec<_>>(), ["embeddings", "llm"]);
    for (policy, field, label, want) in [
        (&policy, None, Label::Name, Action::Redact),
        (&policy, Some(0), Label::Name, Action::Keep),
        (&policy, Some(0), Label::Date, Action::Year),
        (&policy, Some(0), Label::Ssn, Action::Redact),
        (&policy, Some(1), Label::Name, SEALED),
        (&policy, Some(1), Label::Zip, Action::Zip3),
        (&policy, Some(1), Label::State, Action::Keep),
        (&policy, Some(2), Label::Name, Action::Redact),
        (&policy.for_destination("llm").unwrap(), None, Label::Name, Action::Surrogate),
        (&policy.for_destination("llm").unwrap(), Some(0), Label::Name, Action::Surrogate),
        (&policy.for_destination("llm").unwrap(), Some(0), Label::Date, Action::Year),
        (&policy.for_destination("embeddings").unwrap(), Some(1), Label::Zip, VAULT),
        (&policy.for_destination("embeddings").unwrap(), None, Label::State, Action::Keep),
    ] {
        assert_eq!(policy.action_in(field, label), want, "{field:?} {}", label.name());
    }
    let llm = policy.for_destination("llm").unwrap();
    assert_eq!(llm.fields(), policy.fields());
    for policy in [&policy, &llm] {
        assert_eq!(&read(&policy.to_toml()), policy);
    }
    let error = policy.for_destination("prompts").unwrap_err().to_string();
    assert_eq!(error, "policy \"x\" has no destination \"prompts\"; it has embeddings, llm");
    assert!(llm.for_destination("llm").unwrap_err().to_string().ends_with("it has none"));
}

#[test]
fn what_is_written_is_read_again_and_has_one_hash() {
    let odd = "a\\\"b'\\u0007é\\u007F#=]\\n";
    let text = format!(
        "name = \"é \\\" \\\\ '\"\nclaim = \"none\"\n[fields.\"{odd}\"]\n[fields.bare]\nNAME = \"mask\"\n[destinations.b-1_]\n"
    )
    .replace("NAME = \"mask\"", "MRN = \"mask\"");
    let policy = read(&text);
    let again = read(&policy.to_toml());
    assert_eq!(again, policy);
    assert_eq!(policy.fields()[0], "a\"b'\u{7}é\u{7f}#=]\n");
    assert_eq!(again.hash(), policy.hash());
    let mut hashes: Vec<_> = presets().iter().map(Policy::hash).collect();
    hashes.extend([
        policy.hash(),
        read(&text.replace("mask", "mask:1")).hash(),
        read(&(text.clone() + "[dates]\nas-of = 2025")).hash(),
        read(&(text.clone() + "[dates]\nfhir = \"token\"")).hash(),
        read(&("attachments = \"keep\"\n".to_owned() + &text)).hash(),
    ]);
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 10);
    // Pinned: a new program must find the hashes of old audit records.
    let hex: String = Policy::preset("redact").unwrap().hash().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "c422e2b311f8d8ae038903ed2c1260518ed8b0cae0ac146a04307843d8e1240f");
}

#[test]
fn errors_name_line_and_column() {
    let actions = "name = \"x\"\n[actions]\n";
    for (text, place, what) in [
        (format!("{actions}NICK = \"keep\""), "line 3, column 1", "unknown label \"NICK\""),
        (format!("{actions}name = \"keep\""), "line 3, column 1", "unknown label \"name\""),
        (
            format!("{actions}NAME = \"shred\""),
            "line 3, column 8",
            "unknown action \"shred\"; there are keep, redact, mask,",
        ),
        (format!("{actions}SSN = \"mask:9\""), "line 3, column 7", "unknown action \"mask:9\""),
        (
            format!("{actions}NAME = \"shift\""),
            "line 3, column 8",
            "shift is for DATE, YEAR; it means nothing for NAME",
        ),
        (format!("{actions}YEAR = \"year\""), "line 3, column 8", "year is for DATE; it means nothing for YEAR"),
        (format!("{actions}ZIP = \"age\""), "line 3, column 7", "age is for AGE90, AGE; it"),
        (format!("{actions}CITY = \"zip3\""), "line 3, column 8", "zip3 is for ZIP; it"),
        (format!("{actions}NAME = \"generalise\""), "line 3, column 8", "generalise is for STREET, CITY, FACILITY; it"),
        (format!("{actions}NAME = \"mask:4\""), "line 3, column 8", "mask:4 is for PHONE, FAX,"),
        (format!("{actions}AGE90 = \"surrogate\""), "line 3, column 9", "it means nothing for AGE90"),
        (
            format!("{actions}\"*\" = \"surrogate\""),
            "line 3, column 7",
            "nothing for DATE, AGE90; name those with \"*\"",
        ),
        ("name = \"é\"\nextends = \"hipaa\"".into(), "line 2, column 11", "no policy \"hipaa\"; there are minimum"),
        (
            "name = \"x\"\nclaim = \"gdpr\"".into(),
            "line 2, column 9",
            "\"gdpr\"; there are safe-harbor, limited-data-set, none",
        ),
        ("name = \"x\"\ncolour = 1".into(), "line 2, column 1", "\"colour\", expected one of `name`"),
        ("name = \"x\"\n[actions".into(), "line 2", ""),
        ("[actions]\nNAME = \"keep\"".into(), "line 1", "name"),
        (format!("{actions}NAME = \"keep\"\nNAME = \"token\""), "line 4, column 1", "duplicate"),
        ("name = \" \"".into(), "line 1, column 8", "a name is one line"),
        ("name = \"a\\nb\"".into(), "line 1, column 8", "a name is one line"),
        ("name = \"x\"\n[fields.\"/a\"]\nNICK = \"keep\"".into(), "line 3, column 1", "unknown label"),
        ("name = \"x\"\n[fields.\"/a\"]\nNAME = \"year\"".into(), "line 3, column 8", "year is for DATE"),
        ("name = \"x\"\n[fields.\"\"]\nNAME = \"keep\"".into(), "line 2, column 9", "a field has a name"),
        ("name = \"x\"\n[destinations.\"a b\"]".into(), "line 2, column 15", "the name of a destination"),
        ("name = \"x\"\n[destinations.llm]\nNAME = \"hide\"".into(), "line 3, column 8", "unknown action \"hide\""),
        ("name = \"x\"\n[shift]\nweeks = 0".into(), "line 3, column 9", "weeks is a number from 1 to 520"),
        ("name = \"x\"\n[shift]\nweeks = 521".into(), "line 3, column 9", "weeks is a number from 1 to 520"),
        ("name = \"x\"\n[shift]\nweeks = 99999999999".into(), "line 3, column 9", "weeks is a number from 1 to 520"),
        ("name = \"x\"\n[shift]\ndays = 3".into(), "line 3, column 1", "\"days\", expected `weeks`"),
        ("name = \"x\"\n[surrogate]\nchecksums = \"luhn\"".into(), "line 3, column 13", "there are invalid, valid"),
        (
            "name = \"x\"\n[dates]\norder = \"year-first\"".into(),
            "line 3, column 9",
            "there are month-first, day-first",
        ),
        ("name = \"x\"\n[dates]\nas-of = 1850".into(), "line 3, column 9", "as-of is a number from 1900 to 2199"),
        ("name = \"x\"\n[dates]\nas-of = \"2026\"".into(), "line 3, column 9", "expected"),
    ] {
        let error = Policy::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(what), "{text}: {error}");
    }
    let many: String = (0..1001).map(|i| format!("[fields.f{i}]\n")).collect();
    let error = Policy::from_toml(&format!("name = \"x\"\n{many}")).unwrap_err().to_string();
    assert!(error.contains("line 1002, column 9: more than 1000 fields"), "{error}");
}

#[test]
fn errors_hold_no_text_of_a_file_that_is_no_policy() {
    const MARKER: &str = "ZePPeLiNa";
    let marked = [
        "Zeppelina was seen today",
        "Zeppelina = 1",
        "name = \"Zeppelina\"\n[actions]\nZeppelina = \"keep\"",
        "name = \"x\"\n[actions]\nNAME = \"Zeppelina\"",
        "name = \"x\"\nextends = \"Zeppelina\"",
        "name = \"x\"\nclaim = \"Zeppelina\"",
        "name = \"x\"\nactions = \"Zeppelina\"",
        "name = [\"Zeppelina\"]",
        "name = \"x\"\n[actions]\nNAME = [\"Zeppelina\"]",
        "{\"name\":\"Zeppelina\"}",
        "name = \"x\"\n[fields.Zeppelina]\nNAME = \"Zeppelina\"",
        "name = \"x\"\n[destinations.\"Zeppelina May\"]",
        "name = \"x\"\n[dates]\norder = \"Zeppelina\"",
        "name = \"x\"\nshift = \"Zeppelina\"",
        "name = \"x\"\nactions = \"a\\\"Zeppelina\\\"\"",
        "name = \"x\"\n\"a`Zeppelina`, expected `b\" = 1",
        "name = \"x\"\n\"a\\\"Zeppelina\" = 1",
    ];
    // Also with each character of it lost, and with quotes and line ends put in anywhere.
    for whole in &marked.map(|text| text.replace("Zeppelina", MARKER)) {
        let cuts = (0..whole.len()).map(|i| format!("{}{}", &whole[..i], &whole[i + 1..]));
        let puts = ["\"", "`", "'", "\n", "[", "=", "\\", "."]
            .into_iter()
            .flat_map(|put| (0..=whole.len()).map(move |i| format!("{}{put}{}", &whole[..i], &whole[i..])));
        for text in std::iter::once(whole.clone()).chain(cuts).chain(puts) {
            if let Err(error) = Policy::from_toml(&text) {
                let told = format!("{error} {error:?}");
                // A part of the marker is a marker too; words of one case may be names of something.
                let part = MARKER.as_bytes().windows(3).find(|part| told.as_bytes().windows(3).any(|w| w == *part));
                assert_eq!(part, None, "{text}: {error}");
            }
        }
        Policy::from_toml(whole).unwrap_err();
    }
    // Numbers of records are no names of actions.
    for number in ["123-45-6789", "00482913", "c00482913", "12:30"] {
        let error = Policy::from_toml(&format!("name = \"x\"\n[actions]\nSSN = \"{number}\"")).unwrap_err().to_string();
        assert!(error.contains("unknown action (not shown)"), "{error}");
    }
}

#[test]
fn safe_harbor_refuses_each_clause() {
    let untouched = Policy::from_toml("name = \"x\"\nextends = \"safe-harbor\"").unwrap();
    assert_eq!(untouched.claim(), Some(Claim::SafeHarbor), "a claim is inherited");
    for label in Label::ALL {
        let letter = label.clause().map(|c| format!("164.514(b)(2)(i)({c})"));
        assert_eq!(Claim::SafeHarbor.clause(label), letter.as_deref());
        for (action, allowed, clause) in [
            ("keep", !label.is_identifier(), letter.as_deref().unwrap_or_default()),
            ("redact", true, ""),
            ("vault-token", true, ""),
            ("sealed-token", false, "164.514(c)(1)"),
            ("token", false, "164.514(c)(1)"),
            ("surrogate", false, "164.514(c)(1)"),
            ("mask", true, ""),
            ("mask:4", false, letter.as_deref().unwrap_or_default()),
            ("year", true, ""),
            ("age", true, ""),
            ("zip3", true, ""),
            ("generalise", true, ""),
        ] {
            if !Action::parse(action).unwrap().fits(label) {
                continue;
            }
            let found = read(&with(label, action)).violations(Claim::SafeHarbor);
            assert_eq!(found.is_empty(), allowed, "{} {action}", label.name());
            if let [only] = &found[..] {
                let action = Action::parse(action).unwrap();
                assert_eq!(only.subject, Subject::Action { label, place: Place::Default, action });
                assert_eq!(only.clause, clause, "{action}");
            }
            let claimed = with(label, action).replace("claim = \"none\"", "");
            match Policy::from_toml(&claimed) {
                Ok(_) => assert!(allowed),
                Err(e) => {
                    let place = format!("line 5, column {}: not what safe-harbor asks", label.name().len() + 4);
                    let e = e.to_string();
                    assert!(!allowed && e.contains(&place) && e.contains(&format!("45 CFR {clause}: ")), "{e}");
                }
            }
        }
    }
}

#[test]
fn shifted_dates_are_not_safe_harbor() {
    let found = read(&with(Label::Date, "shift")).violations(Claim::SafeHarbor);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "DATE = \"shift\": 45 CFR 164.514(b)(2)(i)(C): a date that is shifted has its day and month yet"
    );
    assert!(read(&with(Label::Year, "shift")).violations(Claim::SafeHarbor).is_empty(), "a year may stay");
    assert!(read(&with(Label::Date, "shift")).violations(Claim::LimitedDataSet).is_empty());
}

#[test]
fn a_part_of_a_number_is_the_number() {
    for label in Label::ALL.into_iter().filter(|l| Action::Mask { keep_last: 1 }.fits(*l)) {
        for claim in Claim::ALL {
            let found = read(&with(label, "mask:1")).violations(claim);
            let clauses: Vec<_> = found.iter().map(|v| Some(v.clause)).collect();
            // OTHER_ID is none of the sixteen.
            let want = claim.clause(label);
            assert_eq!(clauses, want.map(Some).into_iter().collect::<Vec<_>>(), "{} {}", claim.name(), label.name());
            assert!(read(&with(label, "mask")).violations(claim).is_empty());
        }
    }
}

#[test]
fn a_limited_data_set_has_none_of_the_sixteen() {
    let mut clauses = Vec::new();
    for label in Label::ALL {
        let kept = read(&with(label, "keep")).violations(Claim::LimitedDataSet);
        clauses.extend(kept.iter().map(|v| v.clause));
        let may_stay = matches!(label, Label::Date | Label::Age90 | Label::City | Label::Zip | Label::OtherId);
        assert_eq!(kept.is_empty(), may_stay || !label.is_identifier(), "{}", label.name());
        for action in ["redact", "token", "vault-token", "sealed-token", "surrogate"] {
            if Action::parse(action).unwrap().fits(label) {
                assert!(read(&with(label, action)).violations(Claim::LimitedDataSet).is_empty(), "{action}");
            }
        }
    }
    clauses.dedup();
    let numerals: std::collections::BTreeSet<_> =
        clauses.iter().filter_map(|c| c.strip_prefix("164.514(e)(2)")).collect();
    let sixteen = "(i) (ii) (iii) (iv) (v) (vi) (vii) (viii) (ix) (x) (xi) (xii) (xiii) (xiv) (xv)";
    // (xvi) is photographs: attachments.
    assert_eq!(numerals, sixteen.split(' ').collect());
}

#[test]
fn a_claim_is_held_against_every_place() {
    let text = "name = \"x\"\nextends = \"minimum-necessary\"\nclaim = \"limited-data-set\"\n\
                [actions]\nDATE = \"keep\"\nSSN = \"mask:4\"\n\
                [fields.\"/a\"]\n\"*\" = \"keep\"\nNAME = \"redact\"\n\
                [destinations.llm]\nEMAIL = \"keep\"\n";
    let checked = Policy::check_toml(text, None).unwrap();
    assert_eq!((checked.name.as_str(), checked.claim), ("x", Some(Claim::LimitedDataSet)));
    let of = |wanted| {
        let is = |f: &&Fault| matches!(f.violation.subject, Subject::Action { label, .. } if label == wanted);
        checked.faults.iter().filter(is).map(|f| (f.line, f.column)).collect::<Vec<_>>()
    };
    assert_eq!(of(Label::Ssn), [(6, 7), (8, 7)]);
    assert_eq!(of(Label::Email), [(8, 7), (11, 9)]);
    assert_eq!((of(Label::Name), of(Label::Date)), (vec![], vec![]));
    assert!(checked.faults.is_sorted_by_key(|f| f.line));
    let Subject::Action { place, .. } = &checked.faults[1].violation.subject else { panic!("an action") };
    assert_eq!(place, &Place::Field("/a".to_owned()));
    let error = Policy::from_toml(text).unwrap_err().to_string();
    let more = checked.faults.len() - 1;
    assert!(
        error.starts_with("policy, line 6, column 7: not what limited-data-set asks: SSN = \"mask:4\": "),
        "{error}"
    );
    assert!(error.contains("45 CFR 164.514(e)(2)(vi): ") && error.contains(&format!("({more} more, see")), "{error}");

    // What a preset brings in is told where the claim stands; another claim can be asked for.
    let error = Policy::from_toml("name = \"x\"\nclaim = \"safe-harbor\"").unwrap_err().to_string();
    assert!(error.contains("line 2, column 9: ") && error.contains("164.514(c)(1)"), "{error}");
    let other = Policy::check_toml("name = \"x\"\nextends = \"redact\"", Some(Claim::SafeHarbor)).unwrap();
    assert_eq!((other.claim, other.faults), (Some(Claim::SafeHarbor), vec![]));
    let other = Policy::check_toml("name = \"x\"\nextends = \"surrogate\"", Some(Claim::SafeHarbor)).unwrap();
    assert!(other.faults.iter().all(|f| (f.line, f.column) == (2, 11)) && other.faults.len() == 21);
    assert_eq!(Policy::check_toml("name = \"x\"", None).unwrap().claim, None);
    assert!(Policy::check_toml("name = 1", None).is_err());
}

#[test]
fn presets_claim_no_more_than_they_do() {
    for (name, safe_harbor, limited_data_set) in [
        ("minimum-necessary", false, true),
        ("safe-harbor", true, true),
        ("limited-data-set", false, true),
        ("redact", true, true),
        ("surrogate", false, true),
    ] {
        let policy = Policy::preset(name).unwrap();
        assert_eq!(policy.violations(Claim::SafeHarbor).is_empty(), safe_harbor, "{name}");
        assert_eq!(policy.violations(Claim::LimitedDataSet).is_empty(), limited_data_set, "{name}");
    }
}

#[test]
fn attachments_that_are_not_searched_go_unless_nothing_is_claimed() {
    for policy in presets() {
        assert_eq!(policy.attachments(), Attachments::Remove, "{}", policy.name());
    }
    let kept = "name = \"x\"\nextends = \"redact\"\nattachments = \"keep\"\n";
    let policy = read(kept);
    assert_eq!(policy.attachments(), Attachments::Keep);
    assert_eq!(read(&policy.to_toml()), policy);
    for (claim, clause) in [(Claim::SafeHarbor, "164.514(b)(2)(i)(Q)"), (Claim::LimitedDataSet, "164.514(e)(2)(xvi)")] {
        let found = policy.violations(claim);
        assert_eq!(found.iter().map(|v| (&v.subject, v.clause)).collect::<Vec<_>>(), [(&Subject::Attachments, clause)]);
        let checked = Policy::check_toml(kept, Some(claim)).unwrap();
        assert_eq!(checked.faults.iter().map(|f| (f.line, f.column)).collect::<Vec<_>>(), [(3, 15)]);
    }
    let error = Policy::from_toml(&format!("claim = \"safe-harbor\"\n{kept}")).unwrap_err().to_string();
    assert!(error.contains("line 4, column 15") && error.contains("attachments = \"keep\": 45 CFR"), "{error}");
    assert!(Policy::from_toml("name = \"x\"\nattachments = \"hide\"").is_err());
    assert!(Policy::from_toml("name = \"x\"\n[dates]\nfhir = \"keep\"").is_err());
}

#[test]
fn differences_are_all_that_differs() {
    let lines = |a: &Policy, b: &Policy| a.differences(b).iter().map(Difference::to_string).collect::<Vec<_>>();
    let base = "name = \"x\"\nextends = \"redact\"\n";
    for (more, want) in [
        ("", vec![]),
        ("claim = \"none\"", vec![]),
        ("claim = \"safe-harbor\"", vec!["claim: none -> safe-harbor"]),
        ("[actions]\nDATE = \"year\"\nNAME = \"redact\"", vec!["DATE: redact -> year"]),
        ("[fields.\"/a\"]\nSSN = \"mask:4\"", vec!["field \"/a\": SSN: - -> mask:4"]),
        ("[fields.\"/a\"]", vec!["field \"/a\": itself: not named -> named"]),
        ("[destinations.llm]\nNAME = \"redact\"", vec!["destination llm: NAME: - -> redact"]),
        ("[shift]\nweeks = 4", vec!["shift.weeks: 52 -> 4"]),
        ("[surrogate]\nchecksums = \"valid\"", vec!["surrogate.checksums: invalid -> valid"]),
        ("attachments = \"keep\"", vec!["attachments: remove -> keep"]),
        ("[dates]\nfhir = \"token\"", vec!["dates.fhir: year -> token"]),
        (
            "[dates]\norder = \"day-first\"\nas-of = 2020",
            vec!["dates.order: month-first -> day-first", "dates.as-of: the present year -> 2020"],
        ),
    ] {
        let (one, other) = (read(base), read(&format!("{base}{more}")));
        assert_eq!(lines(&one, &other), want);
        assert_eq!(lines(&other, &one).len(), want.len());
        assert_eq!(one == other, want.is_empty());
        assert_eq!(lines(&other, &read(&other.to_toml())), Vec::<String>::new());
    }
    let (ab, ba) = (read(&format!("{base}[fields.a]\n[fields.b]")), read(&format!("{base}[fields.b]\n[fields.a]")));
    assert_eq!(lines(&ab, &ba), ["order of fields: \"a\", \"b\" -> \"b\", \"a\""]);
    for a in presets() {
        for b in presets() {
            assert_eq!(lines(&a, &b).is_empty(), a.name() == b.name());
        }
    }
}
