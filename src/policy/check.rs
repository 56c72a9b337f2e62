//! Whether what a policy claims is true of every action in it.
//!
//! This is about what is done with what was found. What is not found, pictures, and what the recipient knows are beyond
//! any policy; `docs/safe-harbor.md` says so.

use std::fmt;

use crate::identifier::Label;

use super::{Action, Attachments, Policy, TokenKind};

/// A rule that a policy says it follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// De-identified by removal of the eighteen identifiers, 45 CFR 164.514(b)(2).
    SafeHarbor,
    /// Without the sixteen direct identifiers, 45 CFR 164.514(e)(2), for use under a data use agreement.
    LimitedDataSet,
}

/// Where in a policy an action stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// For all that no field or destination names.
    Default,
    /// For the fields of that pattern.
    Field(String),
    /// For that destination.
    Destination(String),
}

/// What in a policy a rule is held against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// An action.
    Action {
        /// What it is done with.
        label: Label,
        /// Where it stands.
        place: Place,
        /// What is done.
        action: Action,
    },
    /// Attachments that cannot be searched, and stay.
    Attachments,
}

/// What a rule does not allow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// What it is about.
    pub subject: Subject,
    /// The clause of 45 CFR that forbids it, as `164.514(b)(2)(i)(C)`.
    pub clause: &'static str,
    /// Why it does.
    pub why: &'static str,
}

/// A policy file held against a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// The name of the policy.
    pub name: String,
    /// The rule it was held against; `None` when nothing is claimed.
    pub claim: Option<Claim>,
    /// In the order of the file.
    pub faults: Vec<Fault>,
}

/// A violation and what in the file makes it: the action, or else what brings it in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub violation: Violation,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Claim; 2] = [Claim::SafeHarbor, Claim::LimitedDataSet];

    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Claim::SafeHarbor => "safe-harbor",
            Claim::LimitedDataSet => "limited-data-set",
        }
    }

    /// The claim of that [name](Claim::name).
    pub fn parse(name: &str) -> Option<Claim> {
        Claim::ALL.into_iter().find(|c| c.name() == name)
    }

    /// The paragraph of 45 CFR that it is about.
    pub fn paragraph(self) -> &'static str {
        match self {
            Claim::SafeHarbor => "164.514(b)(2)",
            Claim::LimitedDataSet => "164.514(e)(2)",
        }
    }

    /// The clause that names the label; `None` when what it stands for may stay.
    pub fn clause(self, label: Label) -> Option<&'static str> {
        match self {
            Claim::SafeHarbor => safe_harbor_clause(label),
            Claim::LimitedDataSet => limited_data_set_clause(label),
        }
    }

    /// The clause that forbids the action for the label, and why. The action fits the label.
    fn forbids(self, label: Label, action: Action) -> Option<(&'static str, &'static str)> {
        match self {
            Claim::SafeHarbor => safe_harbor_forbids(label, action),
            Claim::LimitedDataSet => limited_data_set_forbids(label, action),
        }
    }

    /// The clause that forbids attachments which are not searched, and why.
    fn forbids_attachments(self) -> (&'static str, &'static str) {
        let why = "an image may be a full-face photograph, and what is not searched may hold any identifier";
        match self {
            Claim::SafeHarbor => ("164.514(b)(2)(i)(Q)", why),
            Claim::LimitedDataSet => ("164.514(e)(2)(xvi)", why),
        }
    }
}

impl Policy {
    /// Every action in it, defaults, fields and destinations, that the rule does not allow, and attachments that stay. Empty: the claim is true of
    /// the policy, in whatever way fields and destinations meet, since each is held against the rule by itself.
    pub fn violations(&self, claim: Claim) -> Vec<Violation> {
        let fields = self.patterns.iter().cloned().map(Place::Field);
        let destinations = self.destinations.keys().cloned().map(Place::Destination);
        let places = std::iter::once(Place::Default).chain(fields).chain(destinations);
        let mut violations = Vec::new();
        for place in places {
            for (label, action) in self.own(&place) {
                if let Some((clause, why)) = claim.forbids(label, action) {
                    let subject = Subject::Action { label, place: place.clone(), action };
                    violations.push(Violation { subject, clause, why });
                }
            }
        }
        if self.attachments() == Attachments::Keep {
            let (clause, why) = claim.forbids_attachments();
            violations.push(Violation { subject: Subject::Attachments, clause, why });
        }
        violations
    }
}

/// `field "/notes/*/body": `, and nothing for the default.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Default => Ok(()),
            Place::Field(pattern) => write!(f, "field {pattern:?}: "),
            Place::Destination(name) => write!(f, "destination {name}: "),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Action { label, place, action } => write!(f, "{place}{} = \"{action}\"", label.name())?,
            Subject::Attachments => write!(f, "attachments = \"{}\"", Attachments::Keep.name())?,
        }
        write!(f, ": 45 CFR {}: {}", self.clause, self.why)
    }
}

/// What 45 CFR 164.514(b)(2)(i) says of it. What may stay, may be done anything with but being turned into a code that
/// is derived from it.
fn safe_harbor_forbids(label: Label, action: Action) -> Option<(&'static str, &'static str)> {
    let clause = safe_harbor_clause(label);
    match action {
        Action::Redact
        | Action::Mask { keep_last: 0 }
        | Action::Token(TokenKind::Vault)
        | Action::Year
        | Action::Age
        | Action::Zip3
        | Action::Generalise => None,
        Action::Keep => Some((clause?, "it must go, and it stays")),
        Action::Mask { .. } => Some((clause?, "the last characters of a number are a part of it")),
        Action::Shift => Some((clause?, "a date that is shifted has its day and month yet")),
        Action::Token(TokenKind::Sealed) => Some((CODE, "a sealed token is derived from the value")),
        Action::Token(TokenKind::Either) => {
            Some((CODE, "without a vault it is a sealed token, derived from the value; take vault-token"))
        }
        Action::Surrogate => Some((CODE, "a stand-in is drawn from the value with the key, so it is derived from it")),
    }
}

/// What 45 CFR 164.514(e)(2) says of it. A sealed token holds a direct identifier that nobody can read without the key:
/// (c) is about de-identified data and does not bind a limited data set, whose recipient agrees not to identify anyone,
/// (e)(4)(ii)(C)(5). So the key has to be held back from the recipient.
fn limited_data_set_forbids(label: Label, action: Action) -> Option<(&'static str, &'static str)> {
    let clause = limited_data_set_clause(label)?;
    match action {
        Action::Keep => Some((clause, "it is a direct identifier, and it stays")),
        Action::Mask { keep_last: 1.. } => Some((clause, "the last characters of a number are a part of it")),
        Action::Redact
        | Action::Mask { .. }
        | Action::Token(_)
        | Action::Year
        | Action::Shift
        | Action::Age
        | Action::Zip3
        | Action::Generalise
        | Action::Surrogate => None,
    }
}

fn safe_harbor_clause(label: Label) -> Option<&'static str> {
    Some(match label.clause()? {
        'A' => "164.514(b)(2)(i)(A)",
        'B' => "164.514(b)(2)(i)(B)",
        'C' => "164.514(b)(2)(i)(C)",
        'D' => "164.514(b)(2)(i)(D)",
        'E' => "164.514(b)(2)(i)(E)",
        'F' => "164.514(b)(2)(i)(F)",
        'G' => "164.514(b)(2)(i)(G)",
        'H' => "164.514(b)(2)(i)(H)",
        'I' => "164.514(b)(2)(i)(I)",
        'J' => "164.514(b)(2)(i)(J)",
        'K' => "164.514(b)(2)(i)(K)",
        'L' => "164.514(b)(2)(i)(L)",
        'M' => "164.514(b)(2)(i)(M)",
        'N' => "164.514(b)(2)(i)(N)",
        'O' => "164.514(b)(2)(i)(O)",
        'P' => "164.514(b)(2)(i)(P)",
        'Q' => "164.514(b)(2)(i)(Q)",
        'R' => "164.514(b)(2)(i)(R)",
        // A clause that is not known here still forbids.
        _ => "164.514(b)(2)(i)",
    })
}

/// The sixteen direct identifiers have no counterpart to (b)(2)(i)(R), nor to dates, ages, cities and ZIP codes.
fn limited_data_set_clause(label: Label) -> Option<&'static str> {
    Some(match label {
        // "Of the individual or of relatives, employers, or household members".
        Label::Name | Label::Employer => "164.514(e)(2)(i)",
        // A nursing home or a named building is where somebody lives; the label does not tell it from a hospital.
        Label::Street | Label::Facility => "164.514(e)(2)(ii)",
        Label::Phone => "164.514(e)(2)(iii)",
        Label::Fax => "164.514(e)(2)(iv)",
        Label::Email => "164.514(e)(2)(v)",
        Label::Ssn => "164.514(e)(2)(vi)",
        Label::Mrn => "164.514(e)(2)(vii)",
        Label::HealthPlan => "164.514(e)(2)(viii)",
        Label::Account => "164.514(e)(2)(ix)",
        Label::License => "164.514(e)(2)(x)",
        Label::Vehicle => "164.514(e)(2)(xi)",
        Label::Device => "164.514(e)(2)(xii)",
        Label::Url => "164.514(e)(2)(xiii)",
        Label::Ip => "164.514(e)(2)(xiv)",
        Label::Biometric => "164.514(e)(2)(xv)",
        Label::Date | Label::Age90 | Label::City | Label::Zip | Label::OtherId => return None,
        Label::State | Label::Country | Label::Year | Label::Age | Label::Profession | Label::OrgOk => return None,
    })
}

/// What a code for re-identification may be.
const CODE: &str = "164.514(c)(1)";
