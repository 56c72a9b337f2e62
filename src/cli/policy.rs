//! `deidre policy show`.

use std::process::ExitCode;

use crate::identifier::Label;

use super::transform_args::load_policy;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Show what a policy does with each identifier
    #[command(after_help = "Example:\n  deidre policy show minimum-necessary\n\n\
        A policy of your own: start from --toml, and change what differs.")]
    Show {
        /// Preset (minimum-necessary, redact) or TOML file
        #[arg(value_name = "NAME|FILE")]
        policy: String,
        /// As a policy file
        #[arg(long)]
        toml: bool,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Verb::Show { policy, toml } = &args.verb;
    let policy = load_policy(policy)?;
    if *toml {
        super::print(&policy.to_toml())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = format!("policy {}\n\n{:<12}  {:<24}  action\n", policy.name(), "label", "45 CFR");
    for label in Label::ALL {
        let clause = label.clause().map_or("may stay".to_owned(), |c| format!("164.514(b)(2)(i)({c})"));
        out.push_str(&format!("{:<12}  {clause:<24}  {}\n", label.name(), policy.action(label).name()));
    }
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}
