#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{Engine, Input};
use crate::identifier::{Hint, Part};

/// A record: whose values are facts, with a text that is searched.
fn facts() -> Facts {
    let mut facts = Facts::default();
    for (label, part, text) in [
        (Label::Name, Part::Given, "Thaddeus M."),
        (Label::Name, Part::Family, "Okonjo-Reyes"),
        (Label::Name, Part::Full, "Achterberg, Desmond Pieter"),
        (Label::Name, Part::Full, "Cornelius D'Artois"),
        (Label::Name, Part::Full, "Guillermo Peñaloza Ibarra"),
        (Label::Name, Part::Full, "Margit Sørlie"),
        (Label::Name, Part::Full, "Will Banks"),
        (Label::Name, Part::Full, "Winifred Foley"),
        (Label::Name, Part::Full, "Mei-Ling Tsukuda"),
        (Label::Date, Part::Unknown, "1958-03-14"),
        (Label::Date, Part::Unknown, "1931-11-02"),
        (Label::Mrn, Part::Unknown, "00482913"),
        (Label::Ssn, Part::Unknown, "987-65-4321"),
        (Label::Phone, Part::Unknown, "(360) 555-0142 x 77"),
        (Label::HealthPlan, Part::Unknown, "MMT1780-NG44197"),
        (Label::Street, Part::Unknown, "1187 Larch Street, Apt 4B"),
        (Label::City, Part::Unknown, "Suquamish"),
        (Label::Zip, Part::Unknown, "98312-1187"),
        (Label::Email, Part::Unknown, "tokonjo@mail.example"),
        (Label::Employer, Part::Unknown, "Gorst Marine Salvage"),
        (Label::Facility, Part::Unknown, "Harrow Point Medical Center"),
    ] {
        facts.push(label, part, text);
    }
    facts
}

/// What the context alone finds in `text`.
fn found(text: &str) -> Vec<(String, Label)> {
    let mut worker = Engine::embedded().worker();
    let facts = facts();
    worker
        .claims(&[Input::new(text, Hint::Text)], &[&facts])
        .remove(0)
        .into_iter()
        .filter(|f| f.source == Source::Record)
        .map(|f| (f.span.of(text).to_owned(), f.label))
        .collect()
}

#[test]
fn names_are_found_in_every_form() {
    for (text, names) in [
        ("today Thaddeus Okonjo-Reyes came in", vec!["Thaddeus Okonjo-Reyes"]),
        ("today REYES, THADDEUS M. came in", vec!["REYES, THADDEUS M"]),
        ("today Tad came, and Okonjo's wife", vec!["Tad", "Okonjo"]),
        ("today okonjoreyes came in here", vec!["okonjoreyes"]),
        ("spoke with Okonjo Reyes about it", vec!["Okonjo Reyes"]),
        ("spoke with T. Okonjo about it", vec!["T. Okonjo"]),
        ("spoke with D'ARTOIS about it", vec!["D'ARTOIS"]),
        ("can i get the form back? will b, please", vec!["will b"]),
        ("spoke with DARTOIS about it", vec!["DARTOIS"]),
        ("spoke with Dartois, Neil about it", vec!["Dartois, Neil"]),
        ("spoke with Penaloza about it", vec!["Penaloza"]),
        ("spoke with Soerlie about it", vec!["Soerlie"]),
        ("spoke with Memo Ibarra about it", vec!["Memo Ibarra"]),
        ("Mr. Achterburg and Mr. Ahcterberg and Mr. Achtrberg", vec!["Achterburg", "Ahcterberg", "Achtrberg"]),
        ("we asked Will Banks about it", vec!["Will Banks"]),
        ("we asked Banks, Will about it", vec!["Banks, Will"]),
        ("we asked W. Banks about it", vec!["W. Banks"]),
        ("we asked Will about it and he agreed", vec!["Will"]),
        ("we asked Winnie Foley about the catheter", vec!["Winnie Foley"]),
        ("we asked Mei-Ling, and Meiling agreed", vec!["Mei-Ling", "Meiling"]),
        ("signed T.M.O. and left the room", vec!["T.M.O"]),
        ("see scan_okonjo_2024.pdf for it", vec!["okonjo"]),
    ] {
        let got: Vec<String> = found(text).into_iter().filter(|f| f.1 == Label::Name).map(|f| f.0).collect();
        assert_eq!(got, names, "{text}");
    }
}

#[test]
fn words_that_look_like_the_names_stay() {
    for text in [
        "Will follow up in May. She will rest.",
        "The banks of the river will flood.",
        "Foley catheter placed and drained well.",
        "She will come back to the clinic.",
        "WILL FOLLOW UP IN THE CLINIC SOON",
        "Ling's sign is not described anywhere as such or so.",
    ] {
        let got: Vec<_> = found(text).into_iter().filter(|f| f.0 != "Ling").collect();
        assert!(got.is_empty(), "{text} {got:?}");
    }
}

#[test]
fn numbers_and_addresses_are_found_in_every_form() {
    for (text, value, label) in [
        ("on 3/14/1958 he was born to", "3/14/1958", Label::Date),
        ("on 03/14/58 he was born to", "03/14/58", Label::Date),
        ("on 14.3.1958 he was born to", "14.3.1958", Label::Date),
        ("on 14MAR58 he was born to them", "14MAR58", Label::Date),
        ("on 14-Mar-1958 he was born to", "14-Mar-1958", Label::Date),
        ("on March 14, 1958 he was born", "March 14, 1958", Label::Date),
        ("on 14 March 58 he was born to", "14 March 58", Label::Date),
        ("el 14 de marzo de 1958 en casa", "14 de marzo de 1958", Label::Date),
        ("in March 1958 he was born to", "March 1958", Label::Date),
        ("on Mar. 14th he was born to", "Mar. 14th", Label::Date),
        ("file 19580314 was not found", "19580314", Label::Date),
        ("file 031458 was not found", "031458", Label::Date),
        ("his birthday is on 3/14 each year", "3/14", Label::Date),
        ("chart 482913 was not found", "482913", Label::Mrn),
        ("chart MRN00482913 was not found", "00482913", Label::Mrn),
        ("ssn 987654321 was not found", "987654321", Label::Ssn),
        ("ssn 987 65 4321 was not found", "987 65 4321", Label::Ssn),
        ("ssn ending in 4321 was not found", "4321", Label::Ssn),
        ("call 360.555.0142 in the morning", "360.555.0142", Label::Phone),
        ("call 1-360-555-0142 in the morning", "1-360-555-0142", Label::Phone),
        ("call 555 0142 in the morning", "555 0142", Label::Phone),
        ("plan mmt 1780 ng 44197 was seen", "mmt 1780 ng 44197", Label::HealthPlan),
        ("lives at 1187 Larch St with dogs", "1187 Larch St", Label::Street),
        ("lives at 1187 LARCH, UNIT 4B now", "1187 LARCH", Label::Street),
        ("lives on Larch St. with dogs now", "Larch St", Label::Street),
        ("lives in Suquamish with dogs now", "Suquamish", Label::City),
        ("lives in 98312 with dogs as well", "98312", Label::Zip),
        ("\"she is eighty, no, ninety two!\" he told us", "ninety two", Label::Age90),
        ("mother ninety-three and well at home", "ninety-three", Label::Age90),
        ("his login is tokonjo since a year", "tokonjo", Label::Email),
        ("works for Gorst Marine as a diver", "Gorst Marine", Label::Employer),
        ("sent to Harrow Point Med Ctr by car", "Harrow Point Med Ctr", Label::Facility),
    ] {
        assert!(found(text).contains(&(value.to_owned(), label)), "{text} {:?}", found(text));
    }
}

#[test]
fn other_numbers_stay() {
    for text in [
        "Sodium 142, platelets 300 and weight 77 kg today",
        "In 4321 patients the rate was 0.142 and not more",
        "given at 3/14 of the dose that was planned for him",
        "the count was 48291 and 829130 in two of the runs",
        "May 15 and March 1959 and 14 April were other days, 15MAR58 too, and we march 14 miles in may",
        "BP 143/58 and pulse 58 at rest, 31 at night",
        "pressure was one forty over ninety two and the sats ninety two percent, heart rate of ninety five",
        "it will b, for the rest, as you will bring and will B12",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn without_context_and_without_facts_nothing_is_found() {
    let text = "spoke with Soerlie about MRN00482913 and it";
    let facts = facts();
    let of = |found: Vec<Vec<Finding>>| found.into_iter().flatten().filter(|f| f.source == Source::Record).count();
    let inputs = [Input::new(text, Hint::Text)];
    assert_eq!(of(Engine::embedded().without_context().worker().claims(&inputs, &[&facts])), 0);
    assert_eq!(of(Engine::embedded().worker().claims(&inputs, &[&Facts::default()])), 0);
    assert!(of(Engine::embedded().worker().claims(&inputs, &[&facts])) > 1);
}

#[test]
fn own_fields_are_facts_as_well() {
    let inputs = [
        Input::new("Peggy called and asked for her results today", Hint::Text),
        Input { part: Part::Given, ..Input::new("Margaret", Hint::Whole(Label::Name)) },
    ];
    let found = Engine::embedded().worker().find(&inputs);
    assert_eq!(found[0].iter().next().unwrap().span.of(inputs[0].text), "Peggy");
}

proptest::proptest! {
    #[test]
    fn any_text_and_any_facts_are_searched(text in "\\PC{0,200}", values in proptest::collection::vec(("\\PC{0,40}", 0usize..22, 0usize..5), 0..8)) {
        let mut facts = Facts::default();
        for (value, label, part) in &values {
            facts.push(Label::ALL[*label], Part::ALL[*part], value);
        }
        let joined = format!("{text} {}", values.iter().map(|v| v.0.as_str()).collect::<Vec<_>>().join(", "));
        let found = Engine::embedded().worker().claims(&[Input::new(&joined, Hint::Text)], &[&facts]).remove(0);
        for finding in found {
            proptest::prop_assert!(joined.get(finding.span.start..finding.span.end).is_some_and(|s| !s.is_empty()));
        }
    }
}
