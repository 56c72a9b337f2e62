//! The policies that come with the program.

use std::collections::BTreeMap;

use crate::identifier::Label;

use super::{Action, Claim, Policy, PolicyError, Settings, TokenKind};

impl Policy {
    /// The names of the presets, the default first.
    pub const PRESETS: [&str; 5] = ["minimum-necessary", "safe-harbor", "limited-data-set", "redact", "surrogate"];

    /// The preset of that name. What Safe Harbor lets stay (see [`Label::is_identifier`]) stays in each.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn preset(name: &str) -> Result<Policy, PolicyError> {
        type Choose = fn(Label) -> Action;
        let (claim, choose): (Option<Claim>, Choose) = match name {
            "minimum-necessary" => (None, |_| Action::Token(TokenKind::Either)),
            "safe-harbor" => (Some(Claim::SafeHarbor), safe_harbor),
            "limited-data-set" => (Some(Claim::LimitedDataSet), limited_data_set),
            "redact" => (None, |_| Action::Redact),
            "surrogate" => (None, surrogate),
            _ => return Err(PolicyError::Unknown(name.to_owned())),
        };
        Ok(Policy {
            name: name.to_owned(),
            claim,
            actions: Label::ALL.map(|label| if label.is_identifier() { choose(label) } else { Action::Keep }),
            patterns: Vec::new(),
            fields: Vec::new(),
            destinations: BTreeMap::new(),
            settings: Settings::default(),
        })
    }
}

/// 45 CFR 164.514(b)(2): what the clauses let stay of an identifier, and random codes, which (c) allows, for the rest.
fn safe_harbor(label: Label) -> Action {
    match label {
        Label::Date => Action::Year,
        Label::Age90 => Action::Age,
        Label::Zip => Action::Zip3,
        _ => Action::Token(TokenKind::Vault),
    }
}

/// 45 CFR 164.514(e)(2): what is none of the sixteen direct identifiers stays, but for facilities and numbers of no
/// known kind, which may point to the person more than research needs.
fn limited_data_set(label: Label) -> Action {
    match label {
        Label::Date | Label::Age90 | Label::City | Label::Zip => Action::Keep,
        _ => Action::Token(TokenKind::Either),
    }
}

/// Text that reads like the original.
fn surrogate(label: Label) -> Action {
    match label {
        Label::Date => Action::Shift,
        Label::Age90 => Action::Age,
        _ => Action::Surrogate,
    }
}
