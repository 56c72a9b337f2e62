//! What the outputs of a batch depend on beside its inputs, as it is kept in the manifest.

use super::Args;
use crate::pipeline::manifest::{Settings, hex};
use crate::policy::{Action, Policy};
use crate::secret::Keyring;
use crate::setup::present_year;
use crate::transform::{Scope, zip3_table};
use sha2::{Digest, Sha256};

/// Settings that records may be tried again with that are other than those of the run that set them aside: a newer program,
/// or another look at the fields.
pub(super) const MAY_DIFFER: &[&str] =
    &["version", "dictionaries", "model", "year", "zip3", "format", "fields", "sample"];

/// The settings of a run.
pub(super) fn of(
    args: &Args,
    policy: &Policy,
    scope: &Scope,
    keys: Option<&Keyring>,
    model: Option<(&str, [u8; 32])>,
) -> Settings {
    let scope = match scope {
        Scope::Corpus => "corpus".into(),
        Scope::Document => "document".into(),
        Scope::Patient => "patient".into(),
        // The name of a session may be anything.
        Scope::Session(id) => format!("session {}", short(id.as_bytes())),
    };
    let model = match model {
        Some((name, hash)) => format!("{name} {}", hex(&hash)),
        None => "none".into(),
    };
    // Older keys tell tokens that are in the text already.
    let keys = keys.map_or("none".into(), |keys| keys.iter().map(|key| key.id()).collect::<Vec<_>>().join(" "));
    let settings = Settings::default()
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("policy", format!("{} {}", policy.name(), hex(&policy.hash())))
        .with("scope", scope)
        .with("model", model)
        .with("dictionaries", hex(&Sha256::digest(include_bytes!("../../../dictionaries/manifest.json"))))
        .with("keys", keys)
        .with("vault", if args.transform.has_vault() { "yes" } else { "none" })
        .with("year", present_year().to_string())
        .with("fields", args.fields.told());
    let settings = match args.sample {
        Some(records) => settings.with("sample", records.to_string()),
        None => settings,
    };
    let settings = if args.model.has_context() { settings } else { settings.with("record context", "none") };
    if policy.has(Action::Zip3) { settings.with("zip3", zip3_table()) } else { settings }
}

fn short(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).get(..8).unwrap_or_default())
}
