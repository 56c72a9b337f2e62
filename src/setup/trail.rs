//! Where the audit trail is when nobody names one, and what its records say of who acts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::audit::{AuditError, Note, Outcome, Record, Revealed, Rotation, Trail, Verb, entries};
use crate::secret::Keyring;
use crate::transform::reveal::Tally;

/// Why there is no trail. Nothing that belongs in it may be done then.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// None was named, and there is no state folder to keep one in.
    #[error("no place for the audit trail")]
    Nowhere,
    /// Nothing can be added to it.
    #[error("{path}: {why}")]
    Audit {
        /// The file.
        path: String,
        /// Why.
        why: AuditError,
    },
    /// The system's clock is out of all bounds.
    #[error("the clock: {0}")]
    Clock(jiff::Error),
}

/// The trail in `path`, or else the one that is meant when none is named.
///
/// # Errors
///
/// When there is nowhere to keep one, or nothing can be added to it.
pub fn open(path: Option<&Path>, keys: Option<&Keyring>) -> Result<Trail, TrailError> {
    let path = match path {
        Some(path) => Some(path.to_owned()),
        // One trail cannot be both: see Trail::open.
        None if keys.is_none() => named().or_else(|| state_folder().map(|folder| folder.join(KEYLESS))),
        None => default_path(),
    };
    let path = path.ok_or(TrailError::Nowhere)?;
    Trail::open(&path, keys, Rotation::DEFAULT)
        .map_err(|why| TrailError::Audit { path: path.display().to_string(), why })
}

/// The trail that is meant when none is named: that of `DEIDRE_AUDIT`, or of the user, kept with a key.
pub fn default_path() -> Option<PathBuf> {
    named().or_else(|| state_folder().map(|folder| folder.join("audit.jsonl")))
}

/// The trail that `DEIDRE_AUDIT` names.
pub fn named() -> Option<PathBuf> {
    path_of("DEIDRE_AUDIT")
}

/// A record with who acts, and where; without `actor`, the user.
pub fn record(verb: Verb, outcome: Outcome, actor: Option<&str>) -> Record {
    let mut record = Record::new(verb, outcome);
    record.actor = actor.and_then(Note::new).or_else(user);
    record.host = host();
    record
}

/// What became of tokens, as the trail tells it.
pub fn counts(tally: &Tally) -> Revealed {
    let Tally { revealed, refused, mistyped, foreign, .. } = *tally;
    Revealed { revealed, refused, mistyped, foreign }
}

/// How many tokens were revealed in the last `seconds`, by the trail at `path`: by anybody, since who runs it says who acts.
///
/// # Errors
///
/// When the trail cannot be read.
pub fn revealed_within(path: &Path, seconds: u64) -> Result<u64, TrailError> {
    let now = std::time::SystemTime::now();
    let since = now.checked_sub(Duration::from_secs(seconds)).unwrap_or(std::time::UNIX_EPOCH);
    let since = jiff::Timestamp::try_from(since).map_err(TrailError::Clock)?;
    let mut revealed = 0;
    entries(path, &mut |entry| {
        let lately = entry.time.as_str().parse::<jiff::Timestamp>().is_ok_and(|time| time >= since);
        if lately && entry.verb.as_str() == Verb::Reveal.name() {
            revealed += entry.tokens.map_or(0, |tokens| tokens.revealed);
        }
    })
    .map_err(|why| TrailError::Audit { path: path.display().to_string(), why })?;
    Ok(revealed)
}

/// As the XDG Base Directory Specification has it: paths that are not absolute do not count.
fn state_folder() -> Option<PathBuf> {
    let absolute = |name| path_of(name).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local").join("state")))?;
    Some(state.join("deidre"))
}

fn path_of(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The user's name, or else number.
fn user() -> Option<Note> {
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| Note::new(&std::env::var(name).ok()?));
    name.or_else(number)
}

#[cfg(unix)]
fn number() -> Option<Note> {
    use std::os::unix::fs::MetadataExt;
    // What a process sees of itself belongs to who runs it.
    let about = std::fs::metadata(Path::new("/proc/self")).ok()?;
    Note::new(&format!("uid {}", about.uid()))
}

#[cfg(not(unix))]
fn number() -> Option<Note> {
    None
}

fn host() -> Option<Note> {
    let told = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok();
    told.or_else(|| std::env::var("HOSTNAME").ok()).as_deref().and_then(Note::new)
}

const KEYLESS: &str = "audit-keyless.jsonl";
