//! The table of the eighteen identifiers in `docs/safe-harbor.md`.

use crate::identifier::Label;

use super::Policy;

/// The table in Markdown: clause, what it names, its labels, what each preset does with them, and the tests that hold it.
pub fn safe_harbor_table() -> String {
    let presets: Vec<Policy> = Policy::PRESETS.into_iter().filter_map(|name| Policy::preset(name).ok()).collect();
    let names: Vec<_> = presets.iter().map(|p| format!("`{}`", p.name())).collect();
    let mut out = format!("| clause | identifier | labels | {} | proof |\n", names.join(" | "));
    out.push_str(&format!("|{}\n", "---|".repeat(4 + presets.len())));
    for row in ROWS {
        let labels: Vec<Label> = Label::ALL.into_iter().filter(|label| label.clause() == row.clause).collect();
        let names = match labels[..] {
            [] => "none: attachments that are not searched".to_owned(),
            _ => list(&labels),
        };
        let clause = row.clause.map_or("may stay".to_owned(), |letter| format!("({letter})"));
        out.push_str(&format!("| {clause} | {} | {names} |", row.identifier));
        for preset in &presets {
            out.push_str(&format!(" {} |", cell(preset, &labels)));
        }
        let proof: Vec<_> = row.proof.iter().map(|test| format!("`{test}`")).collect();
        out.push_str(&format!(" {} |\n", proof.join(", ")));
    }
    out
}

struct Row {
    clause: Option<char>,
    identifier: &'static str,
    proof: &'static [&'static str],
}

/// `vault-token`, or `STREET, CITY: vault-token; ZIP: zip3` where labels of one clause differ.
fn cell(policy: &Policy, labels: &[Label]) -> String {
    let mut groups: Vec<(String, Vec<Label>)> = Vec::new();
    for &label in labels {
        let action = policy.action(label).to_string();
        match groups.iter_mut().find(|(a, _)| *a == action) {
            Some((_, group)) => group.push(label),
            None => groups.push((action, vec![label])),
        }
    }
    match &groups[..] {
        [] => policy.attachments().name().to_owned(),
        [(action, _)] => action.clone(),
        groups => {
            groups.iter().map(|(action, labels)| format!("{}: {action}", list(labels))).collect::<Vec<_>>().join("; ")
        }
    }
}

fn list(labels: &[Label]) -> String {
    labels.iter().map(|l| l.name()).collect::<Vec<_>>().join(", ")
}

const PRESETS: &str = "policy::tests::presets_do_what_the_clauses_ask";

const ROWS: [Row; 19] = [
    Row { clause: Some('A'), identifier: "names; organisations that point to a person", proof: &[PRESETS] },
    Row {
        clause: Some('B'),
        identifier: "geographic subdivisions smaller than a state",
        proof: &[
            PRESETS,
            "transform::zip3::tests::prefixes_of_small_and_unknown_areas_do_not",
            "transform::geography::tests::prefixes_on_any_published_list_may_not_stand",
        ],
    },
    Row {
        clause: Some('C'),
        identifier: "elements of dates except the year; ages over 89",
        proof: &[
            PRESETS,
            "policy::tests::shifted_dates_are_not_safe_harbor",
            "transform::date::tests::no_year_is_taken_from_days_and_months",
            "transform::date::tests::as_of_sets_century_and_age",
            "transform::age::tests::the_output_is_the_same_for_all_ages_of_the_group",
        ],
    },
    Row { clause: Some('D'), identifier: "telephone numbers", proof: &[PRESETS] },
    Row { clause: Some('E'), identifier: "fax numbers", proof: &[PRESETS] },
    Row { clause: Some('F'), identifier: "electronic mail addresses", proof: &[PRESETS] },
    Row { clause: Some('G'), identifier: "social security numbers", proof: &[PRESETS] },
    Row { clause: Some('H'), identifier: "medical record numbers", proof: &[PRESETS] },
    Row { clause: Some('I'), identifier: "health plan beneficiary numbers", proof: &[PRESETS] },
    Row { clause: Some('J'), identifier: "account numbers", proof: &[PRESETS] },
    Row { clause: Some('K'), identifier: "certificate and licence numbers", proof: &[PRESETS] },
    Row { clause: Some('L'), identifier: "vehicle identifiers, serial numbers, plates", proof: &[PRESETS] },
    Row { clause: Some('M'), identifier: "device identifiers and serial numbers", proof: &[PRESETS] },
    Row { clause: Some('N'), identifier: "web addresses (URLs)", proof: &[PRESETS] },
    Row { clause: Some('O'), identifier: "IP address numbers", proof: &[PRESETS] },
    Row { clause: Some('P'), identifier: "biometric identifiers, finger and voice prints", proof: &[PRESETS] },
    Row {
        clause: Some('Q'),
        identifier: "full-face photographs and comparable images",
        proof: &["policy::tests::attachments_that_are_not_searched_go_unless_nothing_is_claimed"],
    },
    Row {
        clause: Some('R'),
        identifier: "any other unique identifying number, characteristic or code",
        proof: &[PRESETS],
    },
    Row {
        clause: None,
        identifier: "states and provinces, countries, years, ages of 89 and less, professions, organisations that do not \
                     identify",
        proof: &["policy::tests::presets_replace_every_identifier_and_keep_the_rest"],
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_page_has_the_table() {
        let page = include_str!("../../docs/safe-harbor.md");
        let written = page.split_once("<!-- table -->\n").unwrap().1.split_once("<!-- end of table -->").unwrap().0;
        assert_eq!(written, safe_harbor_table(), "put what 'deidre policy table' prints between the marks");
    }

    #[test]
    fn the_example_is_a_policy_with_its_claim() {
        let page = include_str!("../../docs/safe-harbor.md");
        let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(Policy::from_toml(example).unwrap().claim(), Some(super::super::Claim::LimitedDataSet));
    }

    #[test]
    fn the_table_has_every_clause_and_label_once() {
        let letters: String = ROWS.iter().filter_map(|row| row.clause).collect();
        assert_eq!(letters, ('A'..='R').collect::<String>());
        let table = safe_harbor_table();
        let cells: Vec<&str> = table.lines().skip(2).map(|line| line.split('|').nth(3).unwrap().trim()).collect();
        for label in Label::ALL {
            let rows = cells.iter().filter(|cell| cell.split(", ").any(|name| name == label.name()));
            assert_eq!(rows.count(), 1, "{}", label.name());
        }
        assert!(table.lines().all(|line| line.matches('|').count() == 5 + Policy::PRESETS.len()));
    }
}
