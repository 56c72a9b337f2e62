//! `deidre policy`: what policies do, whether what they claim is true, in what two differ.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::identifier::Label;
use crate::policy::{Action, Checked, Claim, Place, Policy, safe_harbor_table};
use crate::setup;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Show what a policy does with each identifier
    #[command(after_help = "Example:\n  deidre policy show safe-harbor\n\n\
        A policy of your own: start from --toml, and change what differs.")]
    Show {
        #[command(flatten)]
        policy: PolicyArg,
        /// As it is for this destination
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
        /// As a policy file
        #[arg(long)]
        toml: bool,
    },
    /// Say whether a policy does what it claims, clause by clause
    #[command(after_help = "Example:\n  deidre policy check mine.toml --claim safe-harbor\n\n\
        What is checked is what is done with what was found; docs/safe-harbor.md says what no check can tell.\n\n\
        Exit codes: 0 sound, 1 not what it claims, 2 no policy.")]
    Check {
        #[command(flatten)]
        policy: PolicyArg,
        /// Check against this rule instead of what the policy claims
        #[arg(long, value_enum, value_name = "RULE")]
        claim: Option<ClaimArg>,
    },
    /// Show in what two policies differ
    #[command(after_help = "Example:\n  deidre policy diff safe-harbor mine.toml\n\n\
        Exit codes: 0 done, 1 they differ and --exit-code was given, 2 no policy.")]
    Diff {
        /// Preset or TOML file
        #[arg(value_name = "NAME|FILE")]
        from: String,
        /// Preset or TOML file
        #[arg(value_name = "NAME|FILE")]
        to: String,
        /// Exit with 1 when they differ
        #[arg(long)]
        exit_code: bool,
    },
    /// Print the table of docs/safe-harbor.md
    #[command(hide = true)]
    Table,
}

#[derive(clap::Args, Debug)]
struct PolicyArg {
    /// Preset (minimum-necessary, safe-harbor, limited-data-set, redact, surrogate) or TOML file
    #[arg(value_name = "NAME|FILE")]
    policy: String,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ClaimArg {
    /// 45 CFR 164.514(b)(2)
    SafeHarbor,
    /// 45 CFR 164.514(e)(2)
    LimitedDataSet,
}

impl ClaimArg {
    fn claim(self) -> Claim {
        match self {
            ClaimArg::SafeHarbor => Claim::SafeHarbor,
            ClaimArg::LimitedDataSet => Claim::LimitedDataSet,
        }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Show { policy, destination, toml } => {
            let mut policy = setup::policy(&policy.policy)?;
            if let Some(name) = destination {
                policy = policy.for_destination(name)?;
            }
            let shown = if *toml { policy.to_toml() } else { shown(&policy) };
            super::print(&shown)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Check { policy, claim } => check(&policy.policy, claim.map(ClaimArg::claim)),
        Verb::Diff { from, to, exit_code } => {
            let differences = setup::policy(from)?.differences(&setup::policy(to)?);
            let lines: String = differences.iter().map(|d| format!("{d}\n")).collect();
            super::print(&lines)?;
            Ok(if *exit_code && !differences.is_empty() { DIFFERENT.into() } else { ExitCode::SUCCESS })
        }
        Verb::Table => {
            super::print(&safe_harbor_table())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(name: &str, claim: Option<Claim>) -> anyhow::Result<ExitCode> {
    let mut out = String::new();
    let (policy, claim) = if Policy::PRESETS.contains(&name) {
        let policy = Policy::preset(name)?;
        let claim = claim.or(policy.claim());
        for violation in claim.map(|claim| policy.violations(claim)).unwrap_or_default() {
            writeln!(out, "{name}: {violation}")?;
        }
        (name.to_owned(), claim)
    } else {
        if !Path::new(name).is_file() {
            // No preset and no file: the error names what there is.
            setup::policy(name)?;
        }
        let text = std::fs::read_to_string(name).with_context(|| format!("cannot read policy {name}"))?;
        let Checked { name: policy, claim, faults } =
            Policy::check_toml(&text, claim).with_context(|| name.to_owned())?;
        for fault in faults {
            writeln!(out, "{name}:{}:{}: {}", fault.line, fault.column, fault.violation)?;
        }
        (policy, claim)
    };
    if !out.is_empty() {
        super::print(&out)?;
        return Ok(UNSOUND.into());
    }
    super::print(&match claim {
        Some(claim) => format!("sound: policy {policy}, {}, 45 CFR {}\n", claim.name(), claim.paragraph()),
        None => format!("sound: policy {policy} claims nothing; --claim checks it against a rule\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The policy as a page: every label, every action that is met, and whatever else is set.
fn shown(policy: &Policy) -> String {
    let claim = policy.claim().map_or("none".to_owned(), |c| format!("{}, 45 CFR {}", c.name(), c.paragraph()));
    let mut out = format!("policy {}\nclaim  {claim}\n\n{:<12}  {:<24}  action\n", policy.name(), "label", "45 CFR");
    for label in Label::ALL {
        let clause = Claim::SafeHarbor.clause(label).unwrap_or("may stay");
        out.push_str(&row(&[(label.name(), 12), (clause, 24), (&policy.action(label).to_string(), 0)]));
    }

    let fields = policy.fields().iter().cloned().map(Place::Field);
    let destinations = policy.destinations().map(|name| Place::Destination(name.to_owned()));
    let places: Vec<Place> = fields.chain(destinations).collect();
    for place in &places {
        let title = match place {
            Place::Default => continue,
            Place::Field(pattern) => format!("in field {pattern:?}"),
            Place::Destination(name) => format!("for destination {name}"),
        };
        out.push_str(&format!("\n{title}\n"));
        for (label, action) in policy.own(place) {
            out.push_str(&row(&[("", 0), (label.name(), 11), (&action.to_string(), 0)]));
        }
    }

    out.push_str("\nactions\n");
    let everywhere: Vec<Action> = std::iter::once(&Place::Default)
        .chain(&places)
        .flat_map(|place| policy.own(place))
        .map(|(_, action)| action)
        .collect();
    for action in Action::ALL.into_iter().filter(|a| everywhere.iter().any(|met| met.name() == a.name())) {
        out.push_str(&row(&[("", 0), (action.name(), 12), (action.meaning(), 0)]));
    }
    out.push_str("\nsettings\n");
    for (name, value) in policy.settings().rows() {
        out.push_str(&row(&[("", 0), (name, 19), (&value, 0)]));
    }
    out
}

/// Cells, each with how wide it is at least, two spaces between them.
fn row(cells: &[(&str, usize)]) -> String {
    let cells: Vec<String> = cells.iter().map(|(text, width)| format!("{text:<width$}")).collect();
    cells.join("  ") + "\n"
}

/// A policy that is not what it claims.
const UNSOUND: u8 = 1;

/// Two policies that are not the same, for scripts that ask.
const DIFFERENT: u8 = 1;
