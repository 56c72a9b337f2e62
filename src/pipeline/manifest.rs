//! What is known of an output folder: which inputs were scrubbed into it, by what, and what came of each. In
//! `OUT/.deidre/manifest.json`, the same bytes for the same inputs and settings: there are no times of the run in it.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::clean::Tally;
use super::summary::Summary;
use crate::identifier::Label;
use crate::record::{Format, Reason};

/// The folder below the output folder where a batch keeps what it knows.
pub(crate) const STATE: &str = ".deidre";

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Of this form.
    pub(crate) form: u32,
    /// What the outputs were made with.
    pub(crate) settings: Settings,
    /// What was known of people before the first file was scrubbed, as a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<String>,
    /// Whether ids were joined with a key that is gone: a file that is done later has others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) joined: bool,
    /// In the order of their paths.
    pub(crate) files: Vec<Entry>,
}

/// What an output depends on beside its input: names and values as they are told. Threads and the size of chunks are not
/// among them.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// A setting that is not what it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Difference {
    pub(crate) name: String,
    pub(crate) was: String,
    pub(crate) is: String,
}

/// What became of an input.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its path below the folder that it was found in, see [`key`].
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) stamp: Stamp,
    /// SHA-256 of the input; none of one that was not read to its end.
    pub(crate) sha256: Option<String>,
    /// What was written; none where the whole input was set aside.
    pub(crate) output: Option<Output>,
    /// SHA-256 and size of the list of what was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quarantine: Option<Stored>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// The input was not there any more when the batch ran last; its output was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) gone: bool,
}

/// What tells that a file has changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Bytes.
    pub(crate) size: u64,
    /// When it was changed last, in seconds since 1970; none of what is no file.
    pub(crate) mtime: Option<String>,
}

/// An output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Output {
    /// Its path below the output folder.
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) stored: Stored,
    /// What it was read as.
    pub(crate) format: String,
    /// How it is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) compression: Option<String>,
    /// How a table is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<String>,
}

/// A file that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256.
    pub(crate) sha256: String,
}

/// What was counted, by name.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Counts {
    bytes: u64,
    records: u64,
    written: u64,
    searched: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    removed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    unsearched: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    emptied: u64,
    labels: BTreeMap<String, u64>,
    quarantined: BTreeMap<String, u64>,
}

impl Manifest {
    /// The number of the form that is written here.
    pub(crate) const FORM: u32 = 1;

    /// That of a folder; none where there is no manifest.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is none.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "no manifest of a form that is known");
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if manifest.form == Self::FORM { Ok(Some(manifest)) } else { Err(damaged()) }
    }

    /// Writes it in place of an earlier one, for good.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then the earlier one stands.
    pub(crate) fn store(&self, path: &Path) -> io::Result<()> {
        replace(path, |out| {
            let Self { form, settings, context, joined, files } = self;
            // A line an entry, so that two of them can be compared by lines.
            write!(out, "{{\"form\":{form},\n\"settings\":{}", json(settings)?)?;
            if let Some(context) = context {
                write!(out, ",\n\"context\":{}", json(context)?)?;
            }
            if *joined {
                write!(out, ",\n\"joined\":true")?;
            }
            write!(out, ",\n\"files\":[")?;
            for (number, entry) in files.iter().enumerate() {
                write!(out, "{}\n{}", if number > 0 { "," } else { "" }, json(entry)?)?;
            }
            writeln!(out, "\n]}}")
        })
    }
}

impl Settings {
    /// With that setting.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The first setting that is not what it was `before`, those in `but` aside.
    pub(crate) fn difference(&self, before: &Self, but: &[&str]) -> Option<Difference> {
        let none = || String::from("none");
        let names = self.0.keys().chain(before.0.keys()).filter(|name| !but.contains(&name.as_str()));
        names.filter(|name| self.0.get(*name) != before.0.get(*name)).min().map(|name| Difference {
            name: name.clone(),
            was: before.0.get(name).cloned().unwrap_or_else(none),
            is: self.0.get(name).cloned().unwrap_or_else(none),
        })
    }
}

impl Stamp {
    pub(crate) fn of(about: &Metadata) -> Self {
        let since = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH);
        let time = about.modified().ok().map(|time| match since(time) {
            Ok(after) => format!("{}.{:09}", after.as_secs(), after.subsec_nanos()),
            Err(before) => format!("-{}.{:09}", before.duration().as_secs(), before.duration().subsec_nanos()),
        });
        Self { size: about.len(), mtime: time.filter(|_| about.is_file()) }
    }

    /// Whether a file with the stamp `now` is the one that had this, as far as stamps tell.
    pub(crate) fn is_still(&self, now: &Self) -> bool {
        self.mtime.is_some() && self == now
    }
}

impl From<&Summary> for Counts {
    fn from(summary: &Summary) -> Self {
        // Whoever adds a count adds it here, or it is lost when a run goes on.
        let Summary { tally, reasons, emptied } = summary;
        let Tally { bytes, records, written, searched, removed, unsearched, replaced } = *tally;
        let labels = Label::ALL.into_iter().zip(replaced).filter(|(_, count)| *count > 0);
        Self {
            bytes,
            records,
            written,
            searched,
            removed,
            unsearched,
            emptied: *emptied,
            labels: labels.map(|(label, count)| (label.name().to_owned(), count)).collect(),
            quarantined: reasons.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
        }
    }
}

impl Counts {
    /// As they were counted; none when there is a name among them that is not known.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let Self { bytes, records, written, searched, removed, unsearched, emptied, ref labels, ref quarantined } =
            *self;
        let mut tally =
            Tally { bytes, records, written, searched, removed, unsearched, replaced: [0; Label::ALL.len()] };
        for (label, count) in labels {
            *tally.replaced.get_mut(Label::parse(label)? as usize)? = *count;
        }
        let reasons: Option<_> = quarantined.iter().map(|(name, count)| Some((Reason::parse(name)?, *count))).collect();
        Some(Summary { tally, reasons: reasons?, emptied })
    }
}

/// A path as it is written in manifests: as it is, but that a byte that is not UTF-8 is NUL and two hex digits, since no
/// path has a NUL. Different paths are never written alike.
pub(crate) fn key(path: &Path) -> String {
    let mut out = String::new();
    let mut rest = path.as_os_str().as_encoded_bytes();
    while !rest.is_empty() {
        let (good, bad) = match std::str::from_utf8(rest) {
            Ok(good) => (good, 0),
            Err(e) => {
                let good = rest.get(..e.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(good).unwrap_or_default(), e.error_len().unwrap_or(rest.len() - good.len()))
            }
        };
        out.push_str(good);
        for byte in rest.iter().skip(good.len()).take(bad) {
            out.push_str(&format!("\0{byte:02x}"));
        }
        rest = rest.get(good.len() + bad..).unwrap_or_default();
    }
    out
}

/// The path that was written so.
#[cfg(unix)]
pub(crate) fn path(key: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut out = Vec::with_capacity(key.len());
    let mut parts = key.split('\0');
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.extend(byte);
        out.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    std::ffi::OsString::from_vec(out).into()
}

#[cfg(not(unix))]
pub(crate) fn path(key: &str) -> PathBuf {
    PathBuf::from(key)
}

/// The name of a format in manifests.
pub(crate) fn name_of(format: Format) -> String {
    format!("{format:?}").to_lowercase()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file in place of another, for good: whoever looks sees the one or the other, whole. Only the owner may read it.
///
/// # Errors
///
/// When it cannot be written; then the other stands.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut new = path.to_path_buf().into_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = private().truncate(true).open(&new).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_data()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        // What stands under that name is told by it, and written over.
        let _ = fs::remove_file(&new);
    }
    written?;
    sync_folder(path)
}

/// Makes that the name of a file is there for good.
pub(crate) fn sync_folder(of: &Path) -> io::Result<()> {
    match of.parent() {
        #[cfg(unix)]
        Some(folder) => File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all(),
        _ => Ok(()),
    }
}

/// For a new file that only its owner may read.
pub(crate) fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn json(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)?)
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn counts_come_back_as_they_were() {
        let mut summary = Summary::default();
        summary.tally =
            Tally { bytes: 1, records: 9, written: 5, searched: 3, removed: 1, unsearched: 2, ..summary.tally };
        summary.tally.replaced[Label::Name as usize] = 7;
        summary.reasons = Reason::ALL.into_iter().zip(1..).collect();
        let counts = Counts::from(&summary);
        assert_eq!(counts.summary(), Some(summary));
        let text = serde_json::to_string(&counts).unwrap();
        assert!(text.contains("\"labels\":{\"NAME\":7}"), "{text}");
        assert_eq!(serde_json::from_str::<Counts>(&text).unwrap(), counts);
        let other = text.replace("NAME", "NICKNAME");
        assert_eq!(serde_json::from_str::<Counts>(&other).unwrap().summary(), None);
    }

    #[test]
    fn a_setting_that_differs_is_named() {
        let before = Settings::default().with("policy", "redact").with("scope", "corpus");
        assert_eq!(before.difference(&before.clone(), &[]), None);
        let now = before.clone().with("scope", "patient").with("version", "2");
        let difference = now.difference(&before, &[]).unwrap();
        assert_eq!(
            (difference.name.as_str(), difference.was.as_str(), difference.is.as_str()),
            ("scope", "corpus", "patient")
        );
        assert_eq!(now.difference(&before, &["scope"]).unwrap().was, "none");
        assert_eq!(now.difference(&before, &["scope", "version"]), None);
        assert_eq!(before.difference(&now, &["scope"]).unwrap().is, "none");
    }

    #[cfg(unix)]
    #[test]
    fn every_path_has_a_key_of_its_own() {
        use std::os::unix::ffi::OsStrExt;
        for (bytes, want) in [
            (&b"a/b.txt"[..], "a/b.txt"),
            ("Søren/ü.csv".as_bytes(), "Søren/ü.csv"),
            (b"a\xff\xfe/b", "a\0ff\0fe/b"),
            (b"\xc3", "\0c3"),
            (b"x\xc3y", "x\0c3y"),
        ] {
            let real = Path::new(std::ffi::OsStr::from_bytes(bytes));
            assert_eq!(key(real), want);
            assert_eq!(path(want), real);
        }
    }

    #[test]
    fn a_manifest_is_stored_and_loaded_and_anything_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("manifest.json");
        assert_eq!(Manifest::load(&at).unwrap(), None);
        let stored = Stored { size: 3, sha256: hex(&[7; 32]) };
        let output = Output {
            path: "a.csv".into(),
            stored: stored.clone(),
            format: "csv".into(),
            compression: None,
            table: None,
        };
        let entry = |path: &str, output| Entry {
            path: path.into(),
            stamp: Stamp { size: 4, mtime: Some("1.000000002".into()) },
            sha256: Some(hex(&[1; 32])),
            output,
            quarantine: Some(stored.clone()),
            counts: Counts::default(),
            gone: false,
        };
        let manifest = Manifest {
            form: Manifest::FORM,
            settings: Settings::default().with("policy", "redact"),
            context: Some("x".into()),
            joined: true,
            files: vec![entry("a.csv", Some(output)), entry("b", None)],
        };
        manifest.store(&at).unwrap();
        assert_eq!(Manifest::load(&at).unwrap(), Some(manifest.clone()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let none = Manifest { files: Vec::new(), context: None, joined: false, ..manifest };
        none.store(&at).unwrap();
        assert_eq!(Manifest::load(&at).unwrap(), Some(none));
        for text in ["", "{}", "{\"form\":2,\"settings\":{},\"files\":[]}", "{\"form\":1,"] {
            fs::write(&at, text).unwrap();
            assert!(Manifest::load(&at).is_err(), "{text}");
        }
    }
}
