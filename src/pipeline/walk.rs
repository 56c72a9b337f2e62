//! The files of a batch, and where each goes.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::manifest::STATE;

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

/// The files of a batch, and what of it could not be looked at.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their output paths.
    pub items: Vec<Item>,
    /// Folders that cannot be listed, as they would be below the output folder, and why.
    pub unreadable: Vec<(PathBuf, WalkError)>,
}

/// Which of the files in folders are meant; what was named itself always is.
///
/// A pattern without `/` is for names of files, or of folders; one with `/` for paths below the input folder, in which `*`
/// and `?` stand for no `/` and `**` for any number of folders.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    include: Option<Globs>,
    exclude: Globs,
}

#[derive(Clone, Debug, Default)]
struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Filter {
    /// Files that one of `include` fits, or any when there is none, but for those that one of `exclude` fits, or a folder
    /// that they are in.
    ///
    /// # Errors
    ///
    /// When a pattern is none.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, globset::Error> {
        let include = if include.is_empty() { None } else { Some(Globs::new(include)?) };
        Ok(Self { include, exclude: Globs::new(exclude)? })
    }

    fn takes(&self, path: &Path) -> bool {
        self.include.as_ref().is_none_or(|globs| globs.fit(path)) && !self.exclude.fit(path)
    }
}

impl Globs {
    fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let (set, pattern) = match pattern.contains('/') {
                true => (&mut paths, pattern.trim_matches('/')),
                false => (&mut names, pattern.as_str()),
            };
            set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
        }
        Ok(Self { names: names.build()?, paths: paths.build()? })
    }

    fn fit(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.is_match(name)) || self.paths.is_match(path)
    }
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

/// The files of those inputs. A single folder's contents go directly below `out`; of several inputs each keeps its name. A
/// folder that cannot be listed is told of, and the others are done. What a batch keeps in `.deidre` is no input.
///
/// # Errors
///
/// When an input itself is not there, or where outputs would go is taken: see [`WalkError`].
pub fn items(inputs: &[PathBuf], out: &Path, filter: &Filter) -> Result<Found, WalkError> {
    let out_real = real(out);
    let mut found: BTreeMap<PathBuf, Item> = BTreeMap::new();
    let mut unreadable = Vec::new();
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
            let mut walk = Walk { filter, base: &base, seen: HashSet::new(), files, unreadable: Vec::new() };
            walk.folder(input, Path::new(""))?;
            files = walk.files;
            unreadable.append(&mut walk.unreadable);
        } else {
            files.push(Item { path: input.clone(), relative: name(), size: meta.len(), named: true });
        }
        for item in files {
            let target = out_real.join(&item.relative);
            let reserved = item.relative.starts_with(QUARANTINE) || item.relative.starts_with(STATE);
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
    Ok(Found { items: found.into_values().collect(), unreadable })
}

struct Walk<'a> {
    filter: &'a Filter,
    /// What the input is called below the output folder.
    base: &'a Path,
    /// A folder that links lead to again is not entered twice.
    seen: HashSet<PathBuf>,
    files: Vec<Item>,
    unreadable: Vec<(PathBuf, WalkError)>,
}

impl Walk<'_> {
    /// Adds the files below `path`, which is `inner` seen from the input.
    ///
    /// # Errors
    ///
    /// When this folder cannot be listed.
    fn folder(&mut self, path: &Path, inner: &Path) -> Result<(), WalkError> {
        let read = |source| WalkError::Read { path: path.into(), source };
        if !self.seen.insert(fs::canonicalize(path).map_err(read)?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(path).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let inner = inner.join(entry.file_name());
            match fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => {
                    if entry.file_name() == STATE || self.filter.exclude.fit(&inner) {
                        continue;
                    }
                    if let Err(error) = self.folder(&path, &inner) {
                        self.unreadable.push((self.base.join(inner), error));
                    }
                }
                // A link to nothing, or what cannot be looked at, is reported when it is opened.
                meta if self.filter.takes(&inner) => {
                    let size = meta.map_or(0, |m| m.len());
                    self.files.push(Item { path, relative: self.base.join(inner), size, named: false });
                }
                _ => {}
            }
        }
        Ok(())
    }
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
        items(inputs, out, &Filter::default())
            .unwrap()
            .items
            .iter()
            .map(|i| i.relative.to_string_lossy().into_owned())
            .collect()
    }

    fn all(inputs: &[PathBuf], out: &Path) -> Result<Found, WalkError> {
        items(inputs, out, &Filter::default())
    }

    #[test]
    fn globs_choose_files_and_leave_folders_out() {
        let root = tempfile::tempdir().unwrap();
        for file in ["a.csv", "b.txt", "sub/c.csv", "sub/deep/d.csv", "tmp/e.csv", ".deidre/manifest.json", "sub/x.CSV"]
        {
            let path = root.path().join("in").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let inputs = [root.path().join("in")];
        for (include, exclude, want) in [
            (&[][..], &[][..], &["a.csv", "b.txt", "sub/c.csv", "sub/deep/d.csv", "sub/x.CSV", "tmp/e.csv"][..]),
            (&["*.csv"], &[], &["a.csv", "sub/c.csv", "sub/deep/d.csv", "tmp/e.csv"]),
            (&["*.csv", "*.txt"], &["tmp"], &["a.csv", "b.txt", "sub/c.csv", "sub/deep/d.csv"]),
            (&["sub/*.csv"], &[], &["sub/c.csv"]),
            (&["sub/**"], &[], &["sub/c.csv", "sub/deep/d.csv", "sub/x.CSV"]),
            (&["/sub/**/*.csv"], &[], &["sub/c.csv", "sub/deep/d.csv"]),
            (&[], &["sub/deep", "tmp/", "?.txt"], &["a.csv", "sub/c.csv", "sub/x.CSV"]),
            (&["*.{txt,CSV}"], &[], &["b.txt", "sub/x.CSV"]),
            (&["none"], &[], &[]),
        ] {
            let owned = |patterns: &[&str]| patterns.iter().map(|p| p.to_string()).collect::<Vec<_>>();
            let filter = Filter::new(&owned(include), &owned(exclude)).unwrap();
            let found = items(&inputs, &root.path().join("out"), &filter).unwrap();
            let names: Vec<_> = found.items.iter().map(|i| i.relative.to_str().unwrap()).collect();
            assert_eq!(names, want, "{include:?} {exclude:?}");
        }
        assert!(Filter::new(&["[".into()], &[]).is_err());
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
        assert!(matches!(all(&[at("a")], &at("a/out")), Err(WalkError::OutInside { .. })));
        assert!(matches!(all(&[at("a")], &at("a")), Err(WalkError::OutInside { .. })));
        assert!(matches!(all(&[at("lone.txt")], root.path()), Err(WalkError::Reserved { .. })));
        assert!(matches!(all(&[at("a/1.txt"), at("a/1.txt")], &at("out")), Err(WalkError::Clash { .. })));
        assert!(matches!(all(&[at("none")], &at("out")), Err(WalkError::Read { .. })));
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
