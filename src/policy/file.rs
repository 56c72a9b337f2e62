//! Policies as TOML files: read with line and column of what is wrong, written so that they are read again.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::identifier::Label;

use super::{
    Action, Attachments, Checked, Checksums, Claim, DateOrder, Fault, FhirDates, Overrides, Place, Policy, PolicyError,
    Settings, Subject, Violation,
};

impl Policy {
    /// Reads a policy file:
    ///
    /// ```toml
    /// name = "research"
    /// extends = "limited-data-set"    # a preset: what is not named below. The default is minimum-necessary
    /// claim = "limited-data-set"      # the default is what the preset claims; "none" gives that up
    /// attachments = "remove"          # of those that cannot be searched; or "keep"
    ///
    /// [actions]
    /// "*" = "sealed-token"            # all that must go and is not named
    /// DATE = "shift"
    /// AGE90 = "age"
    /// CITY = "keep"
    /// ZIP = "zip3"
    ///
    /// [fields."/patient/ssn"]         # patterns as --field takes them
    /// "*" = "redact"
    ///
    /// [destinations.embeddings]       # on top of all else, for that destination
    /// MRN = "redact"
    ///
    /// [shift]
    /// weeks = 26
    ///
    /// [surrogate]
    /// checksums = "invalid"
    ///
    /// [dates]
    /// order = "month-first"
    /// as-of = 2026
    /// fhir = "year"                   # or "token": where FHIR must have a date
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong, with line and column: no policy, an unknown name, an action that means nothing for its label, or
    /// an action that makes the claim untrue.
    pub fn from_toml(text: &str) -> Result<Policy, PolicyError> {
        let draft = Draft::read(text)?;
        let faults = draft.policy.claim.map(|claim| draft.violations(claim)).unwrap_or_default();
        if let (Some(claim), Some((at, first))) = (draft.policy.claim, faults.first()) {
            let others = match faults.len() - 1 {
                0 => String::new(),
                more => format!(" ({more} more, see 'deidre policy check')"),
            };
            return Err(fail(text, *at, format!("not what {} asks: {first}{others}", claim.name())));
        }
        Ok(draft.policy)
    }

    /// Holds a policy file against the rule it claims, or against `claim` if one is given.
    ///
    /// # Errors
    ///
    /// When the file is no policy. That its claim is not true is no error here.
    pub fn check_toml(text: &str, claim: Option<Claim>) -> Result<Checked, PolicyError> {
        let draft = Draft::read(text)?;
        let claim = claim.or(draft.policy.claim);
        let located = |(at, violation)| {
            let (line, column) = line_and_column(text, at);
            Fault { line, column, violation }
        };
        let faults = claim.map(|claim| draft.violations(claim)).unwrap_or_default().into_iter().map(located).collect();
        Ok(Checked { name: draft.policy.name, claim, faults })
    }

    /// The policy as a file that [`Policy::from_toml`] reads. Equal policies are written alike.
    pub fn to_toml(&self) -> String {
        let mut out = format!("name = {}\n", quoted(&self.name));
        if let Some(claim) = self.claim {
            out.push_str(&format!("claim = \"{}\"\n", claim.name()));
        }
        // What came later is written where it is not the default, so that the hashes of older policies stay.
        if self.attachments() != Attachments::default() {
            out.push_str(&format!("attachments = \"{}\"\n", self.attachments().name()));
        }
        let fields = self.patterns.iter().map(|p| (format!("fields.{}", quoted(p)), Place::Field(p.clone())));
        let destinations = self.destinations().map(|d| (format!("destinations.{d}"), Place::Destination(d.to_owned())));
        let actions = std::iter::once(("actions".to_owned(), Place::Default));
        for (table, place) in actions.chain(fields).chain(destinations) {
            out.push_str(&format!("\n[{table}]\n"));
            for (label, action) in self.own(&place) {
                out.push_str(&format!("{} = \"{action}\"\n", label.name()));
            }
        }
        let Settings { shift_weeks, checksums, date_order, as_of, fhir_dates, attachments: _ } = self.settings;
        out.push_str(&format!("\n[shift]\nweeks = {shift_weeks}\n"));
        out.push_str(&format!("\n[surrogate]\nchecksums = \"{}\"\n", checksums.name()));
        out.push_str(&format!("\n[dates]\norder = \"{}\"\n", date_order.name()));
        if let Some(year) = as_of {
            out.push_str(&format!("as-of = {year}\n"));
        }
        if fhir_dates != FhirDates::default() {
            out.push_str(&format!("fhir = \"{}\"\n", fhir_dates.name()));
        }
        out
    }
}

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    extends: Option<Spanned<String>>,
    claim: Option<Spanned<String>>,
    attachments: Option<Spanned<String>>,
    #[serde(default)]
    actions: Table,
    #[serde(default)]
    fields: BTreeMap<Spanned<String>, Table>,
    #[serde(default)]
    destinations: BTreeMap<Spanned<String>, Table>,
    #[serde(default)]
    shift: Shift,
    #[serde(default)]
    surrogate: Surrogate,
    #[serde(default)]
    dates: Dates,
}

/// Labels and what is done with them.
type Table = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Shift {
    weeks: Option<Spanned<i64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Surrogate {
    checksums: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Dates {
    order: Option<Spanned<String>>,
    #[serde(rename = "as-of")]
    as_of: Option<Spanned<i64>>,
    fhir: Option<Spanned<String>>,
}

/// A file as it is meant, its claim not yet held against its actions.
struct Draft {
    policy: Policy,
    /// Where each action that is written in the file stands in it.
    sites: Vec<(Place, Label, usize)>,
    /// Where it says what becomes of attachments.
    attachments: Option<usize>,
    /// What brought in the others, or the claim.
    origin: usize,
}

impl Draft {
    fn read(text: &str) -> Result<Draft, PolicyError> {
        let file: File = toml::from_str(text)
            .map_err(|e| fail(text, e.span().map_or(0, |span| span.start), quiet(e.message().trim())))?;
        let base = file.extends.as_ref().map_or(Policy::PRESETS[0], |e| e.get_ref().as_str());
        let origin = file.claim.as_ref().or(file.extends.as_ref()).unwrap_or(&file.name).span().start;
        let mut policy = Policy::preset(base).map_err(|_| {
            let at = file.extends.as_ref().map_or(0, |e| e.span().start);
            fail(text, at, format!("there is no policy {}; there are {}", shown(base), Policy::PRESETS.join(", ")))
        })?;
        policy.name = name(text, &file.name)?;
        if let Some(given) = &file.claim {
            let claims = Claim::ALL.map(|claim| (claim.name(), Some(claim)));
            policy.claim = choice(text, given, "claim", claims.into_iter().chain([("none", None)]))?;
        }
        settings(text, &file, &mut policy.settings)?;

        let mut draft =
            Draft { policy, sites: Vec::new(), attachments: file.attachments.as_ref().map(|a| a.span().start), origin };
        for (label, action) in draft.table(text, &file.actions, &Place::Default)?.iter() {
            draft.policy.actions[label as usize] = action;
        }
        // The map is sorted by name; fields count in the order of the file.
        let mut fields: Vec<_> = file.fields.iter().collect();
        fields.sort_by_key(|(pattern, _)| pattern.span().start);
        for (pattern, table) in fields {
            let at = pattern.span().start;
            let pattern = pattern.get_ref();
            if pattern.is_empty() {
                return Err(fail(text, at, "a field has a name or a pattern".to_owned()));
            }
            if draft.policy.patterns.len() == MAX_FIELDS {
                return Err(fail(text, at, format!("more than {MAX_FIELDS} fields")));
            }
            let own = draft.table(text, table, &Place::Field(pattern.clone()))?;
            draft.policy.patterns.push(pattern.clone());
            draft.policy.fields.push(own);
        }
        for (name, table) in &file.destinations {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            if name.get_ref().is_empty() || !name.get_ref().bytes().all(plain) {
                let message = "the name of a destination has letters, digits, - and _".to_owned();
                return Err(fail(text, name.span().start, message));
            }
            let own = draft.table(text, table, &Place::Destination(name.get_ref().clone()))?;
            draft.policy.destinations.insert(name.get_ref().clone(), own);
        }
        Ok(draft)
    }

    /// The actions of a table, and their sites kept.
    fn table(&mut self, text: &str, table: &Table, place: &Place) -> Result<Overrides, PolicyError> {
        let mut own = Overrides::default();
        let mut all = None;
        for (key, value) in table {
            let action = Action::parse(value.get_ref()).ok_or_else(|| {
                let message = format!("unknown action {}; there are {}", shown(value.get_ref()), Action::list());
                fail(text, value.span().start, message)
            })?;
            let at = value.span().start;
            if key.get_ref() == ALL {
                all = Some((action, at));
                continue;
            }
            let label = Label::ALL.into_iter().find(|l| l.name() == key.get_ref()).ok_or_else(|| {
                let names = Label::ALL.map(Label::name).join(", ");
                let message = format!("unknown label {}; there are {names}, and \"*\"", shown(key.get_ref()));
                fail(text, key.span().start, message)
            })?;
            if !action.fits(label) {
                return Err(fail(text, at, unfit(action, label.name())));
            }
            own.set(label, action);
            self.sites.push((place.clone(), label, at));
        }
        if let Some((action, at)) = all {
            let rest = || Label::ALL.into_iter().filter(|label| label.is_identifier());
            let unnamed: Vec<Label> = rest().filter(|label| own.of(*label).is_none()).collect();
            let strangers: Vec<&str> = unnamed.iter().filter(|l| !action.fits(**l)).map(|l| l.name()).collect();
            if !strangers.is_empty() {
                return Err(fail(text, at, unfit(action, &strangers.join(", ")) + "; name those with \"*\""));
            }
            for label in unnamed {
                own.set(label, action);
                self.sites.push((place.clone(), label, at));
            }
        }
        Ok(own)
    }

    /// What the claim does not allow, with where in the file it stands, in the order of the file.
    fn violations(&self, claim: Claim) -> Vec<(usize, Violation)> {
        let site = |violation: &Violation| {
            let site = match &violation.subject {
                Subject::Action { label, place, .. } => {
                    self.sites.iter().find(|(p, l, _)| l == label && p == place).map(|(_, _, at)| *at)
                }
                Subject::Attachments => self.attachments,
            };
            site.unwrap_or(self.origin)
        };
        let mut found: Vec<_> = self.policy.violations(claim).into_iter().map(|v| (site(&v), v)).collect();
        found.sort_by_key(|(at, _)| *at);
        found
    }
}

fn name(text: &str, given: &Spanned<String>) -> Result<String, PolicyError> {
    let name = given.get_ref();
    let at = given.span().start;
    // It is shown in messages, each a line.
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(fail(text, at, "a name is one line, and not empty".to_owned()));
    }
    Ok(name.clone())
}

fn settings(text: &str, file: &File, settings: &mut Settings) -> Result<(), PolicyError> {
    if let Some(given) = &file.shift.weeks {
        settings.shift_weeks = number(text, given, "weeks", Settings::SHIFT_WEEKS)?;
    }
    if let Some(given) = &file.surrogate.checksums {
        settings.checksums = choice(text, given, "checksums", Checksums::ALL.map(|c| (c.name(), c)))?;
    }
    if let Some(given) = &file.dates.order {
        settings.date_order = choice(text, given, "order", DateOrder::ALL.map(|o| (o.name(), o)))?;
    }
    if let Some(given) = &file.dates.as_of {
        settings.as_of = Some(number(text, given, "as-of", Settings::AS_OF)?);
    }
    if let Some(given) = &file.dates.fhir {
        settings.fhir_dates = choice(text, given, "fhir", FhirDates::ALL.map(|f| (f.name(), f)))?;
    }
    if let Some(given) = &file.attachments {
        settings.attachments = choice(text, given, "attachments", Attachments::ALL.map(|a| (a.name(), a)))?;
    }
    Ok(())
}

fn choice<T>(
    text: &str,
    given: &Spanned<String>,
    what: &str,
    from: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, PolicyError> {
    let mut names = Vec::new();
    for (name, value) in from {
        if name == given.get_ref() {
            return Ok(value);
        }
        names.push(name);
    }
    let message = format!("unknown {what} {}; there are {}", shown(given.get_ref()), names.join(", "));
    Err(fail(text, given.span().start, message))
}

fn number<N>(text: &str, given: &Spanned<i64>, what: &str, range: std::ops::RangeInclusive<N>) -> Result<N, PolicyError>
where
    N: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    let number = N::try_from(*given.get_ref()).ok().filter(|n| range.contains(n));
    let message = || format!("{what} is a number from {} to {}", range.start(), range.end());
    number.ok_or_else(|| fail(text, given.span().start, message()))
}

fn unfit(action: Action, labels: &str) -> String {
    format!("{action} is for {}; it means nothing for {labels}", action.list_of_labels())
}

fn fail(text: &str, at: usize, message: String) -> PolicyError {
    let (line, column) = line_and_column(text, at);
    PolicyError::Toml { line, column, message }
}

/// Both from 1, the column in characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// A TOML string on one line, which may be a key too.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A name from a policy file, if it can be meant as one: the file may be another than was meant, with text of records.
fn shown(name: &str) -> String {
    let one_case = |upper: bool| {
        name.bytes().all(|b| {
            b.is_ascii_digit() || b"_-:".contains(&b) || b.is_ascii_alphabetic() && b.is_ascii_uppercase() == upper
        })
    };
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // Actions and labels have two at most; a record number, a date and a telephone have more.
    let few_digits = name.bytes().filter(u8::is_ascii_digit).count() <= 2;
    let meant = word && few_digits && name.len() <= 20 && (one_case(true) || one_case(false));
    if meant { format!("{name:?}") } else { "(not shown)".to_owned() }
}

/// The message of the TOML reader on one line, without what it quotes of the file.
fn quiet(message: &str) -> String {
    // What stands before the last of these is of the file, and may hold quotes and anything else.
    const EXPECTED: &str = "expected ";
    for (start, known) in [("unknown field `", true), ("invalid type: ", false), ("invalid value: ", false)] {
        let Some(rest) = message.strip_prefix(start) else { continue };
        let Some((given, expected)) = rest.rsplit_once(EXPECTED) else {
            return "not what a policy has here".to_owned();
        };
        let given = given.trim_end_matches(['`', ',', ' ']);
        let given = if known { format!("unknown name {}", shown(given)) } else { "something else".to_owned() };
        return format!("{given}, expected {expected}").replace('\n', "; ");
    }
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

/// What stands for every label that must go and is not named in the same table.
const ALL: &str = "*";

/// More are searched for one by one in every record.
const MAX_FIELDS: usize = 1000;
