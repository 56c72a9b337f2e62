//! Follows the chain through all parts of a trail, and tells where it breaks.

use std::fmt;
use std::path::{Path, PathBuf};

use super::AuditError;
use super::chain::{Head, Line, Link, Macs, VERSION, shown};
use super::files::Files;
use super::read::{Item, parts};
use crate::secret::Keyring;

/// What was found in a trail.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verified {
    /// Lines that are records.
    pub records: u64,
    /// Files.
    pub parts: u64,
    /// Records with a MAC.
    pub with_mac: u64,
    /// Time of the first record, as it says.
    pub first: Option<String>,
    /// Time of the last record, as it says.
    pub last: Option<String>,
    /// What is wrong, and what is worth to be known, in the order of the trail. No more than 1,000.
    pub findings: Vec<Finding>,
    /// Faults beyond those.
    pub more: u64,
}

/// Something about a place in a trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Line, counted from 1; `None` for the file as a whole.
    pub line: Option<u64>,
    /// What it is.
    pub what: Fault,
}

/// What a finding is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Not the form of a record.
    NotARecord,
    /// A record whose bytes are not those that were hashed.
    Edited,
    /// Of a version that this program does not know.
    Version(u64),
    /// Records of these numbers are missing before this line.
    Dropped(u64, u64),
    /// Records of these numbers are missing before this file: a part of the trail is missing, or its start is cut off.
    PartMissing(u64, u64),
    /// The record of that number stands here, and belongs before.
    Moved(u64),
    /// A record of that number has been before: one of the two was put in.
    Repeated(u64),
    /// It does not follow the record before it: one of the two was put in the place of another.
    Unlinked,
    /// The file ends in the middle of a line, of so many bytes.
    Torn(u64),
    /// The MAC is not one of the key.
    MacWrong,
    /// No MAC, after records that have one.
    MacMissing,
    /// The first MAC, after records that have none: a trail is never kept so, they were put in its place.
    MacsBegin,
    /// No record has a MAC, and a key was given.
    NoMacs,
    /// The MAC names a key that was not given, and others were.
    KeyUnknown(String),
    /// There is no head.
    HeadMissing,
    /// The head is not a head, or its MAC is wrong or missing.
    HeadEdited,
    /// The head tells of record `.0`, and the last one there is is `.1`: the end was cut off.
    TailDropped(u64, u64),
    /// The head tells of record `.0`, and the last one is `.1`: a crash, an older head, or records put in at the end.
    HeadBehind(u64, u64),
    /// The head tells another last record of the same number.
    HeadOther,
    /// Note: a crash was mended here. Bytes of a torn line that were set aside, and lines that the head did not tell.
    Recovered(u64, u64),
    /// Note: torn lines are kept in this file.
    TornKept,
    /// Note: so many MACs were not checked, since no key was given.
    MacsUnchecked(u64),
}

/// Verifies a trail: every hash, every link, every number, the head, and with keys every MAC.
///
/// # Errors
///
/// When it cannot be read, or there is none. What is wrong in it is no error.
pub fn verify(path: &Path, keys: Option<&Keyring>) -> Result<Verified, AuditError> {
    verify_with(path, keys.map(|keys| keys.iter().map(Macs::of).collect()))
}

pub(super) fn verify_with(path: &Path, macs: Option<Vec<Macs>>) -> Result<Verified, AuditError> {
    let files = Files::of(path)?;
    let mut snapshot = files.snapshot()?;
    let (head, torn) = (snapshot.head.take(), snapshot.torn);
    let mut walk = Walk {
        macs,
        found: Verified::default(),
        gaps: Vec::new(),
        unknown: Vec::new(),
        ends: Ends { n: 0, hashes: vec![Link::START.hash], unread: 0 },
        sealed: false,
    };
    for part in parts(&files, snapshot) {
        let (file, mut lines) = part?;
        walk.found.parts += 1;
        let mut at = Place { file: &file, line: 0 };
        while let Some(item) = lines.next()? {
            at.line += 1;
            match item {
                Item::Line(line) => walk.line(line, at),
                Item::TooLong => walk.not_a_record(at),
                Item::Torn(bytes) => {
                    walk.report(at, Fault::Torn(bytes));
                }
            }
        }
    }
    walk.head(head.as_deref(), &files);
    walk.sum_up(&files, torn);
    Ok(walk.found)
}

impl Verified {
    /// Whether nothing is wrong; there may be notes.
    pub fn is_sound(&self) -> bool {
        self.more == 0 && self.findings.iter().all(|finding| finding.what.is_note())
    }

    /// What is wrong, counted.
    pub fn faults(&self) -> u64 {
        self.findings.iter().filter(|finding| !finding.what.is_note()).count() as u64 + self.more
    }
}

impl Fault {
    /// Whether it is worth to be known, but nothing wrong.
    pub fn is_note(&self) -> bool {
        matches!(self, Fault::Recovered(..) | Fault::TornKept | Fault::MacsUnchecked(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}{}", if self.what.is_note() { "note: " } else { "" }, self.what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotARecord => f.write_str("edited: not a record"),
            Fault::Edited => f.write_str("edited: the hash does not hold"),
            Fault::Version(v) => write!(f, "version {v} of the trail; this program reads version {VERSION}"),
            Fault::Dropped(first, last) => write!(f, "dropped: {} missing before this line", Range(*first, *last)),
            Fault::PartMissing(first, last) => {
                write!(
                    f,
                    "part missing, or its start or end cut off: {} missing before this file",
                    Range(*first, *last)
                )
            }
            Fault::Moved(n) => write!(f, "out of order: record {n} stands here"),
            Fault::Repeated(n) => write!(f, "inserted: a second record {n}"),
            Fault::Unlinked => {
                f.write_str("replaced: this record does not follow the one before it; one of them is not the first")
            }
            Fault::Torn(bytes) => write!(f, "torn: {bytes} bytes without a line end, by a crash or a cut"),
            Fault::MacWrong => f.write_str("MAC wrong: written or changed without the key"),
            Fault::MacMissing => f.write_str("MAC missing: records before this one have one"),
            Fault::MacsBegin => f.write_str("MAC missing: no record before this one has one"),
            Fault::NoMacs => f.write_str("MAC missing: a key was given and no record has one"),
            Fault::KeyUnknown(id) => {
                write!(f, "MAC not checked here and below: made with key {id}, which is not among those given")
            }
            Fault::HeadMissing => f.write_str("head missing: whether the last records were dropped cannot be told"),
            Fault::HeadEdited => f.write_str("head edited: it is not as it was written"),
            Fault::TailDropped(head, last) => {
                write!(f, "tail dropped: {} missing at the end, the head tells of them", Range(last + 1, *head))
            }
            Fault::HeadBehind(head, last) => write!(
                f,
                "head behind: it tells of record {head}, the last is {last}; a crash, an older head, or records put in at the end"
            ),
            Fault::HeadOther => f.write_str("replaced: the head tells of another last record of this number"),
            Fault::Recovered(torn, untold) => {
                f.write_str("after a crash")?;
                if *torn > 0 {
                    write!(f, ", {torn} bytes of a torn line were set aside")?;
                }
                if *untold > 0 {
                    f.write_str(", the head was brought up to the last record")?;
                }
                Ok(())
            }
            Fault::TornKept => f.write_str("torn lines are kept here"),
            Fault::MacsUnchecked(count) => write!(f, "{count} MACs not checked: no key was given"),
        }
    }
}

/// Numbers of records.
struct Range(u64, u64);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range(first, last) = self;
        if first == last { write!(f, "record {first}") } else { write!(f, "records {first} to {last}") }
    }
}

/// The way through a trail.
struct Walk {
    macs: Option<Vec<Macs>>,
    found: Verified,
    /// Missing numbers, until records of them turn up elsewhere.
    gaps: Vec<Gap>,
    /// Keys that were missed already.
    unknown: Vec<String>,
    ends: Ends,
    /// Whether the last record had a MAC.
    sealed: bool,
}

/// Where the chain is.
struct Ends {
    /// The last line that was a record.
    n: u64,
    /// What the next line may have for `prev`: of a line that was edited, the hash it states and the hash it has.
    hashes: Vec<[u8; 32]>,
    /// Lines since that are no records.
    unread: u64,
}

impl Ends {
    /// The number of the next line, if those that are no records were records once.
    fn next(&self) -> u64 {
        self.n.saturating_add(self.unread).saturating_add(1)
    }
}

struct Gap {
    /// Which of the findings.
    finding: usize,
    first: u64,
    last: u64,
    moved: u64,
}

#[derive(Clone, Copy)]
struct Place<'f> {
    file: &'f Path,
    line: u64,
}

impl Walk {
    fn line(&mut self, bytes: &[u8], at: Place<'_>) {
        let Some(line) = Line::read(bytes) else { return self.not_a_record(at) };
        self.found.records += 1;
        if line.facts.v != VERSION {
            self.report(at, Fault::Version(line.facts.v));
        }
        if self.found.first.is_none() {
            self.found.first = Some(time(&line));
        }
        self.found.last = Some(time(&line));
        self.mac(&line, at);
        if !line.is_whole() {
            self.report(at, Fault::Edited);
            // What it states may be wrong; its place is most likely right.
            self.ends = Ends { n: self.ends.next(), hashes: vec![line.stated, line.actual], unread: 0 };
            return;
        }
        if let Some(mended) = line.facts.recovered {
            self.report(at, Fault::Recovered(mended.torn, mended.untold));
        }
        self.place(&line, at);
    }

    /// Whether the line stands where it belongs.
    fn place(&mut self, line: &Line<'_>, at: Place<'_>) {
        let Link { n, hash } = line.link();
        let next = self.ends.next();
        let follows = self.ends.hashes.contains(&line.prev);
        if n == self.ends.n + 1 && follows {
            // What could not be read since was put in.
        } else if n < next {
            let gap = self.gaps.iter_mut().find(|gap| (gap.first..=gap.last).contains(&n));
            let moved = gap.map(|gap| gap.moved += 1).is_some();
            self.report(at, if moved { Fault::Moved(n) } else { Fault::Repeated(n) });
            return;
        } else if n > next {
            let (first, last) = (next, n - 1);
            let what = if at.line == 1 { Fault::PartMissing(first, last) } else { Fault::Dropped(first, last) };
            if self.report(at, what) {
                self.gaps.push(Gap { finding: self.found.findings.len() - 1, first, last, moved: 0 });
            }
        } else if self.ends.unread == 0 && !follows {
            self.report(at, Fault::Unlinked);
        }
        self.ends = Ends { n, hashes: vec![hash], unread: 0 };
    }

    fn mac(&mut self, line: &Line<'_>, at: Place<'_>) {
        let Some(id) = &line.facts.key else {
            if self.sealed {
                self.report(at, Fault::MacMissing);
            }
            return;
        };
        if !self.sealed && self.found.records > 1 {
            self.report(at, Fault::MacsBegin);
        }
        self.sealed = true;
        self.found.with_mac += 1;
        let Some(macs) = &self.macs else { return };
        match macs.iter().find(|macs| macs.id() == id) {
            // Of a line that was edited nothing more is to be told.
            Some(macs) if line.is_of(macs) || !line.is_whole() => {}
            Some(_) => {
                self.report(at, Fault::MacWrong);
            }
            None => self.key_unknown(id, at),
        }
    }

    fn key_unknown(&mut self, id: &str, at: Place<'_>) {
        let id = shown(id);
        // Once a key, as long as they are few.
        if !self.unknown.contains(&id) {
            if self.unknown.len() < 100 {
                self.unknown.push(id.clone());
            }
            self.report(at, Fault::KeyUnknown(id));
        }
    }

    fn not_a_record(&mut self, at: Place<'_>) {
        self.report(at, Fault::NotARecord);
        self.ends.unread += 1;
    }

    fn head(&mut self, head: Option<&[u8]>, files: &Files) {
        let n = self.ends.next() - 1;
        let at = Place { file: &files.head, line: 0 };
        let Some(bytes) = head else {
            if n > 0 {
                self.report(at, Fault::HeadMissing);
            }
            return;
        };
        let Some(head) = Head::read(bytes) else {
            self.report(at, Fault::HeadEdited);
            return;
        };
        let told = head.last;
        let what = if told.n > n {
            Some(Fault::TailDropped(told.n, n))
        } else if told.n < n {
            Some(Fault::HeadBehind(told.n, n))
        } else {
            (self.ends.unread == 0 && !self.ends.hashes.contains(&told.hash)).then_some(Fault::HeadOther)
        };
        if let Some(what) = what {
            self.report(at, what);
        }
        let Some(id) = &head.key else {
            if self.sealed {
                self.report(at, Fault::HeadEdited);
            }
            return;
        };
        let Some(macs) = &self.macs else { return };
        match macs.iter().find(|macs| macs.id() == id) {
            Some(macs) if head.is_of(macs) => {}
            Some(_) => {
                self.report(at, Fault::HeadEdited);
            }
            None => self.key_unknown(id, at),
        }
    }

    fn sum_up(&mut self, files: &Files, torn: u64) {
        let active = Place { file: &files.active, line: 0 };
        match self.macs {
            None if self.found.with_mac > 0 => {
                self.report(active, Fault::MacsUnchecked(self.found.with_mac));
            }
            Some(_) if self.found.with_mac == 0 && self.found.records > 0 => {
                self.report(active, Fault::NoMacs);
            }
            _ => {}
        }
        if torn > 0 {
            self.report(Place { file: &files.torn, line: 0 }, Fault::TornKept);
        }
        // What was only moved is not missing.
        let filled: Vec<usize> =
            self.gaps.iter().filter(|gap| gap.moved > gap.last - gap.first).map(|gap| gap.finding).collect();
        let mut number = 0;
        self.found.findings.retain(|_| {
            number += 1;
            !filled.contains(&(number - 1))
        });
    }

    /// Whether there was room for it.
    fn report(&mut self, at: Place<'_>, what: Fault) -> bool {
        if self.found.findings.len() >= MOST {
            self.found.more += u64::from(!what.is_note());
            return false;
        }
        let line = (at.line > 0).then_some(at.line);
        self.found.findings.push(Finding { file: at.file.to_owned(), line, what });
        true
    }
}

/// The time that a line states, fit to be shown.
fn time(line: &Line<'_>) -> String {
    line.facts.time.chars().filter(|c| c.is_ascii_graphic()).take(32).collect()
}

/// Findings that are kept.
const MOST: usize = 1000;
