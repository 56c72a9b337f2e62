//! What is done with each identifier: presets, and policies from TOML files.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::identifier::Label;

/// What stands in place of an identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It stays.
    Keep,
    /// Its label, `[NAME]`: nothing can be turned back.
    Redact,
    /// A sealed token, `[NAME:4F7K...]`, that the holder of the key can turn back.
    Token,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 3] = [Action::Keep, Action::Redact, Action::Token];

    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Redact => "redact",
            Action::Token => "token",
        }
    }
}

/// An action for every label. A label has exactly one; what a file does not name takes that of the preset it extends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    name: String,
    actions: [Action; Label::ALL.len()],
}

/// Why there is no policy. The fault is the operator's; text of records is never in it.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No preset of that name.
    #[error("there is no policy {0:?}; there are {list}, or a TOML file", list = Policy::PRESETS.join(", "))]
    Unknown(String),
    /// A file that is not TOML, or has not the fields of a policy.
    #[error("policy, line {line}, column {column}: {message}")]
    Toml {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// Tokens are sealed with a key, and there is none.
    #[error(
        "policy {0:?} seals tokens and needs a key: make one with 'deidre key new --out deidre.key' and give it with \
         --key-file deidre.key or in DEIDRE_KEY, or take --policy redact, which needs none"
    )]
    KeyNeeded(String),
}

impl Policy {
    /// The names of the presets.
    pub const PRESETS: [&str; 2] = ["minimum-necessary", "redact"];

    /// The preset of that name. What Safe Harbor lets stay (see [`Label::is_identifier`]) stays in each.
    pub fn preset(name: &str) -> Result<Policy, PolicyError> {
        let action = match name {
            "minimum-necessary" => Action::Token,
            "redact" => Action::Redact,
            _ => return Err(PolicyError::Unknown(name.to_owned())),
        };
        let actions = Label::ALL.map(|label| if label.is_identifier() { action } else { Action::Keep });
        Ok(Policy { name: name.to_owned(), actions })
    }

    /// Reads a policy file:
    ///
    /// ```toml
    /// name = "research"
    /// extends = "minimum-necessary"   # the default: what the actions below do not name
    /// [actions]
    /// DATE = "keep"
    /// STATE = "redact"
    /// ```
    pub fn from_toml(text: &str) -> Result<Policy, PolicyError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            name: String,
            extends: Option<Spanned<String>>,
            #[serde(default)]
            actions: BTreeMap<Spanned<String>, Spanned<String>>,
        }
        let fail = |at: usize, message: String| {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            PolicyError::Toml { line, column, message }
        };
        let file: File =
            toml::from_str(text).map_err(|e| fail(e.span().map_or(0, |span| span.start), quiet(e.message().trim())))?;
        let base = file.extends.as_ref().map_or(Policy::PRESETS[0], |e| e.get_ref().as_str());
        let mut policy = Policy::preset(base).map_err(|_| {
            let start = file.extends.as_ref().map_or(0, |e| e.span().start);
            fail(start, format!("there is no policy {}; there are {}", shown(base), Policy::PRESETS.join(", ")))
        })?;
        policy.name = file.name;
        for (label, action) in &file.actions {
            let known = Label::ALL.into_iter().find(|l| l.name() == label.get_ref()).ok_or_else(|| {
                let names: Vec<_> = Label::ALL.iter().map(|l| l.name()).collect();
                fail(
                    label.span().start,
                    format!("unknown label {}; there are {}", shown(label.get_ref()), names.join(", ")),
                )
            })?;
            let chosen = Action::ALL.into_iter().find(|a| a.name() == action.get_ref()).ok_or_else(|| {
                let names: Vec<_> = Action::ALL.iter().map(|a| a.name()).collect();
                fail(
                    action.span().start,
                    format!("unknown action {}; there are {}", shown(action.get_ref()), names.join(", ")),
                )
            })?;
            policy.actions[known as usize] = chosen;
        }
        Ok(policy)
    }

    /// The policy as a file that [`Policy::from_toml`] reads.
    pub fn to_toml(&self) -> String {
        let name = toml::Value::String(self.name.clone());
        let mut out = format!("name = {name}\n\n[actions]\n");
        for label in Label::ALL {
            out.push_str(&format!("{} = \"{}\"\n", label.name(), self.action(label).name()));
        }
        out
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is done with that label.
    pub fn action(&self, label: Label) -> Action {
        self.actions[label as usize]
    }

    /// Whether an action of it needs a key.
    pub fn needs_key(&self) -> bool {
        self.actions.contains(&Action::Token)
    }
}

/// A name from a policy file, if it can be meant as one: the file may be another than was meant, with text of records.
fn shown(name: &str) -> String {
    let one_case = |upper: bool| {
        name.bytes().all(|b| {
            b.is_ascii_digit() || b"_-".contains(&b) || b.is_ascii_alphabetic() && b.is_ascii_uppercase() == upper
        })
    };
    if name.len() <= 20 && (one_case(true) || one_case(false)) { format!("{name:?}") } else { "(not shown)".to_owned() }
}

/// The message of the TOML reader on one line, without what it quotes of the file.
fn quiet(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for (i, part) in message.replace('\n', "; ").split(['`', '"']).enumerate() {
        match i % 2 {
            0 => out.push_str(part),
            // Its own grammar is told by single characters.
            _ if part.chars().count() == 1 => out.push_str(&format!("`{part}`")),
            _ => out.push_str(&shown(part)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn presets_replace_every_identifier_and_keep_the_rest() {
        for (name, action) in [("minimum-necessary", Action::Token), ("redact", Action::Redact)] {
            let policy = Policy::preset(name).unwrap();
            for label in Label::ALL {
                let want = if label.is_identifier() { action } else { Action::Keep };
                assert_eq!(policy.action(label), want, "{name} {}", label.name());
            }
            assert_eq!(policy.needs_key(), action == Action::Token);
            assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
        }
        let error = Policy::preset("strictest").unwrap_err().to_string();
        assert_eq!(error, "there is no policy \"strictest\"; there are minimum-necessary, redact, or a TOML file");
    }

    #[test]
    fn a_file_names_what_differs() {
        let policy =
            Policy::from_toml("name = \"mine\"\nextends = \"redact\"\n[actions]\nDATE = \"keep\"\nAGE = \"token\"")
                .unwrap();
        let of = |label| policy.action(label);
        assert_eq!((of(Label::Date), of(Label::Age), of(Label::Name)), (Action::Keep, Action::Token, Action::Redact));
        assert!(policy.needs_key());
    }

    #[test]
    fn errors_name_line_and_column() {
        for (text, place, what) in [
            ("name = \"x\"\n[actions]\nNICK = \"keep\"", "line 3, column 1", "unknown label \"NICK\""),
            ("name = \"x\"\n[actions]\nname = \"keep\"", "line 3, column 1", "unknown label \"name\""),
            ("name = \"x\"\n[actions]\nNAME = \"shift\"", "line 3, column 8", "unknown action \"shift\""),
            ("name = \"é\"\nextends = \"hipaa\"", "line 2, column 11", "no policy \"hipaa\""),
            ("name = \"x\"\ncolour = 1", "line 2, column 1", "colour"),
            ("name = \"x\"\n[actions", "line 2", ""),
            ("[actions]\nNAME = \"keep\"", "line 1", "name"),
            ("name = \"x\"\n[actions]\nNAME = \"keep\"\nNAME = \"token\"", "line 4, column 1", "duplicate"),
        ] {
            let error = Policy::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(place) && error.contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn errors_hold_no_text_of_a_file_that_is_no_policy() {
        for text in [
            "Zeppelina was seen today",
            "Zeppelina = 1",
            "name = \"Zeppelina\"\n[actions]\nZeppelina = \"keep\"",
            "name = \"x\"\n[actions]\nNAME = \"Zeppelina\"",
            "name = \"x\"\nextends = \"Zeppelina\"",
            "name = \"x\"\nactions = \"Zeppelina\"",
            "name = [\"Zeppelina\"]",
            "name = \"x\"\n[actions]\nNAME = [\"Zeppelina\"]",
            "{\"name\":\"Zeppelina\"}",
        ] {
            let error = Policy::from_toml(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("Zeppelina"), "{error}");
        }
    }
}
