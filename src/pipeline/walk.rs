//! The files of a batch, and where each goes.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A file to scrub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the output folder.
    pub relative: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it was named itself, rather than found in a folder.
    pub named: bool,
}

/// The folder below the output folder for records that were set aside.
pub const QUARANTINE: &str = "quarantine";

/// Why a batch cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// An input is not there or cannot be listed.
    #[error("cannot read {path}")]
    Read {
        /// The input.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Output would become input.
    #[error("--out {out} lies inside the input {input}: choose a folder elsewhere")]
    OutInside {
        /// The output folder.
        out: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// Two inputs would be written to one file.
    #[error("{first} and {second} would both be written to {relative}: run them one by one")]
    Clash {
        /// An input.
        first: PathBuf,
        /// Another.
        second: PathBuf,
        /// Their output.
        relative: PathBuf,
    },
    /// An input's output would land where quarantine files go, or on an input.
    #[error("{path} would be written to {target}: choose another --out or rename it")]
    Reserved {
        /// The input.
        path: PathBuf,
        /// Its output.
        target: PathBuf,
    },
}

/// The files of those inputs in the order of their output paths. A single folder's contents go directly below `out`; of
/// several inputs each keeps its name.
///
/// # Errors
///
/// See [`WalkError`].
pub fn items(inputs: &[PathBuf], out: &Path) -> Result<Vec<Item>, WalkError> {
    let out_real = real(out);
    let mut found: BTreeMap<PathBuf, Item> = BTreeMap::new();
    for input in inputs {
        let read = |source| WalkError::Read { path: input.clone(), source };
        let meta = fs::metadata(input).map_err(read)?;
        let real_input = fs::canonicalize(input).map_err(read)?;
        let name = || PathBuf::from(real_input.file_name().unwrap_or_default());
        let mut files = Vec::new();
        if meta.is_dir() {
            if out_real.starts_with(&real_input) {
                return Err(WalkError::OutInside { out: out.into(), input: input.clone() });
            }
            let base = if inputs.len() == 1 { PathBuf::new() } else { name() };
            let mut seen = HashSet::new();
            folder(input, &base, &mut seen, &mut files)?;
        } else {
            files.push(Item { path: input.clone(), relative: name(), size: meta.len(), named: true });
        }
        for item in files {
            let target = out_real.join(&item.relative);
            let reserved = item.relative.starts_with(QUARANTINE);
            if reserved || fs::canonicalize(&item.path).is_ok_and(|path| path == target) {
                return Err(WalkError::Reserved { path: item.path, target: out.join(&item.relative) });
            }
            if let Some(other) = found.get(&item.relative) {
                let (first, second) = (other.path.clone(), item.path);
                return Err(WalkError::Clash { first, second, relative: item.relative });
            }
            found.insert(item.relative.clone(), item);
        }
    }
    Ok(found.into_values().collect())
}

/// Adds the files below `path`; a folder that links lead to again is not entered twice.
fn folder(path: &Path, relative: &Path, seen: &mut HashSet<PathBuf>, files: &mut Vec<Item>) -> Result<(), WalkError> {
    let read = |source| WalkError::Read { path: path.into(), source };
    if !seen.insert(fs::canonicalize(path).map_err(read)?) {
        return Ok(());
    }
    let mut entries = fs::read_dir(path).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let relative = relative.join(entry.file_name());
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => folder(&path, &relative, seen, files)?,
            // A link to nothing, or what cannot be looked at, is reported when it is opened.
            meta => files.push(Item { path, relative, size: meta.map_or(0, |m| m.len()), named: false }),
        }
    }
    Ok(())
}

/// The path with links resolved, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut missing = Vec::new();
    let mut at = absolute.as_path();
    loop {
        if let Ok(found) = fs::canonicalize(at) {
            let mut found = found;
            for part in missing.iter().rev() {
                match part {
                    Component::ParentDir => {
                        found.pop();
                    }
                    part => found.push(part),
                }
            }
            return found;
        }
        match (at.components().next_back(), at.parent()) {
            (Some(last), Some(parent)) => {
                missing.push(last);
                at = parent;
            }
            _ => return absolute,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn names(inputs: &[PathBuf], out: &Path) -> Vec<String> {
        items(inputs, out).unwrap().iter().map(|i| i.relative.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn folders_keep_their_names_when_there_are_several() {
        let root = tempfile::tempdir().unwrap();
        let at = |p: &str| root.path().join(p);
        fs::create_dir_all(at("a/sub")).unwrap();
        fs::create_dir_all(at("b")).unwrap();
        for file in ["a/2.txt", "a/1.txt", "a/sub/3.txt", "b/4.txt", "lone.txt"] {
            fs::write(at(file), "x").unwrap();
        }
        assert_eq!(names(&[at("a")], &at("out")), ["1.txt", "2.txt", "sub/3.txt"]);
        assert_eq!(names(&[at("b"), at("a")], &at("out")), ["a/1.txt", "a/2.txt", "a/sub/3.txt", "b/4.txt"]);
        assert_eq!(names(&[at("lone.txt")], &at("out")), ["lone.txt"]);
        assert!(matches!(items(&[at("a")], &at("a/out")), Err(WalkError::OutInside { .. })));
        assert!(matches!(items(&[at("a")], &at("a")), Err(WalkError::OutInside { .. })));
        assert!(matches!(items(&[at("lone.txt")], root.path()), Err(WalkError::Reserved { .. })));
        assert!(matches!(items(&[at("a/1.txt"), at("a/1.txt")], &at("out")), Err(WalkError::Clash { .. })));
        assert!(matches!(items(&[at("none")], &at("out")), Err(WalkError::Read { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_in_circles_are_followed_once() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/1.txt"), "x").unwrap();
        std::os::unix::fs::symlink(root.path().join("a"), root.path().join("a/again")).unwrap();
        let out = tempfile::tempdir().unwrap();
        assert_eq!(names(&[root.path().join("a")], out.path()), ["1.txt"]);
    }
}
