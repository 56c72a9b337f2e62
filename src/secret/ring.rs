//! A ring: the key in use, and those before it that still open what they sealed.
//!
//! One key a line, the current one first. Empty lines and lines that begin with `#` are passed over.

use std::path::Path;

use zeroize::Zeroizing;

use super::{Key, KeyError, source};

/// The key in use and those used before it. `Debug` shows their ids.
///
/// Invariants: at most 64 keys, no id twice.
#[derive(Debug)]
pub struct Keyring {
    current: Key,
    /// The newest first.
    older: Vec<Key>,
}

impl Keyring {
    /// Of one key.
    pub fn of(key: Key) -> Keyring {
        Keyring { current: key, older: Vec::new() }
    }

    /// Reads keys, one a line, the current one first.
    ///
    /// # Errors
    ///
    /// For the first line that is neither a key, empty nor a comment; for an id that comes twice; when there is no key, or
    /// there are more than 64. An error has the number of the line, nothing of its text.
    pub fn parse(text: &str) -> Result<Keyring, KeyError> {
        if text.len() > source::LIMIT {
            return Err(KeyError::Long);
        }
        let mut ring: Option<Keyring> = None;
        for (line, text) in key_lines(text) {
            let key = Key::parse(text).map_err(|error| KeyError::Line { line, error: Box::new(error) })?;
            match &mut ring {
                None => ring = Some(Keyring::of(key)),
                Some(ring) if ring.find(key.id()).is_some() => return Err(KeyError::Twice { line }),
                Some(ring) if ring.len() == MOST => return Err(KeyError::Many),
                Some(ring) => ring.older.push(key),
            }
        }
        ring.ok_or(KeyError::Empty)
    }

    /// Reads a key file, of at most 16 KiB.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Keyring::parse). On Unix a file that group or others may read is refused.
    pub fn from_file(path: &Path) -> Result<Keyring, KeyError> {
        let file = std::fs::File::open(path)?;
        source::check_mode(&file.metadata()?)?;
        let bytes = source::read(file)?;
        Keyring::parse(source::utf8(&bytes)?)
    }

    /// Runs a command of the shell and reads what it writes to its standard output, as [`parse`](Keyring::parse) does.
    /// The command has no standard input, writes its messages to our standard error, and does not see `DEIDRE_KEY`. On
    /// Unix it runs as `sh -c` in a process group of its own, which is ended after 30 s.
    ///
    /// # Errors
    ///
    /// When the command cannot be run, fails, takes too long, or prints no keys. No error shows the command or its output.
    pub fn from_command(command: &str) -> Result<Keyring, KeyError> {
        let bytes = source::run(command, source::PATIENCE)?;
        Keyring::parse(source::utf8(&bytes)?)
    }

    /// The keys in `DEIDRE_KEY`; `None` when it is not set or blank.
    ///
    /// The variable stays in the environment of this process: taking it away is not safe once threads run.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Keyring::parse).
    pub fn from_env() -> Result<Option<Keyring>, KeyError> {
        let Some(value) = std::env::var_os(source::VARIABLE) else { return Ok(None) };
        let bytes = Zeroizing::new(value.into_encoded_bytes());
        let text = source::utf8(&bytes)?;
        if text.trim().is_empty() { Ok(None) } else { Keyring::parse(text).map(Some) }
    }

    /// The key that seals and wraps.
    pub fn current(&self) -> &Key {
        &self.current
    }

    /// The key that seals and wraps, without the others.
    pub fn into_current(self) -> Key {
        self.current
    }

    /// All keys, the current one first: what opens.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// The key of that id.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.iter().find(|key| key.id().eq_ignore_ascii_case(id))
    }

    /// With a new key in front, which is the current one now.
    ///
    /// # Errors
    ///
    /// When the ring is full, or there are no random numbers.
    pub fn rotated(self) -> Result<Keyring, KeyError> {
        if self.len() >= MOST {
            return Err(KeyError::Many);
        }
        let current = Key::generate()?;
        let mut older = Vec::with_capacity(self.len());
        older.push(self.current);
        older.extend(self.older);
        Ok(Keyring { current, older })
    }

    /// Without the older key of that id.
    ///
    /// # Errors
    ///
    /// When it is the current one, or there is none.
    pub fn without(mut self, id: &str) -> Result<Keyring, KeyError> {
        if self.current.id().eq_ignore_ascii_case(id) {
            return Err(KeyError::Current);
        }
        let at = self.older.iter().position(|key| key.id().eq_ignore_ascii_case(id)).ok_or(KeyError::Unknown)?;
        self.older.remove(at);
        Ok(self)
    }

    /// The written form, one key a line, with the secrets in it: for a key file only.
    pub fn written(&self) -> Zeroizing<String> {
        // Room for all of it, so that no copy is left behind by growing.
        let mut out = Zeroizing::new(String::with_capacity(128 * self.len()));
        for key in self.iter() {
            out.push_str(&key.written());
            out.push('\n');
        }
        out
    }

    fn len(&self) -> usize {
        1 + self.older.len()
    }
}

/// The lines of a ring that must be keys, trimmed, with their numbers from 1.
pub(super) fn key_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Keys a ring holds.
pub(super) const MOST: usize = 64;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MARKER: &str = "zeppelina";

    fn ids(ring: &Keyring) -> Vec<String> {
        ring.iter().map(|key| key.id().to_owned()).collect()
    }

    /// The nth of some keys, in hex.
    fn hex(n: usize) -> String {
        format!("{n:064x}")
    }

    #[test]
    fn rings_are_read() {
        let (a, b) = (Key::parse(&hex(1)).unwrap(), Key::parse(&hex(2)).unwrap());
        let (wa, wb) = (a.written(), b.written());
        let full: String = (1..=MOST).map(|n| hex(n) + "\n").collect();
        for (text, want) in [
            (format!("{}\n", *wa), 1),
            (wa.to_string(), 1),
            (format!("{}\n{}\n", *wa, *wb), 2),
            (format!("{}\r\n\r\n{}\r\n", *wa, wb.to_lowercase()), 2),
            (format!("# made in March\n\n  {}\t\n   # before that\n{}", *wa, hex(2)), 2),
            (format!("\n\n{}\n#{}\n# {}\n", hex(1), *wa, *wb), 1),
            (full, MOST),
        ] {
            let ring = Keyring::parse(&text).unwrap();
            assert_eq!((ring.len(), ring.current().id()), (want, a.id()));
            if want > 1 {
                assert_eq!(ids(&ring)[1], b.id());
            }
            assert_eq!(ids(&Keyring::parse(&ring.written()).unwrap()), ids(&ring));
            assert_eq!(ring.find(&a.id().to_lowercase()).unwrap().id(), a.id());
            assert!(ring.find("").is_none());
        }
    }

    #[test]
    fn what_is_no_ring_is_refused_without_showing_it() {
        let key = Key::parse(&hex(1)).unwrap();
        let written = key.written();
        let body = written.rsplit(':').next().unwrap();
        let flipped = |at: usize| {
            let other = if &written[at..=at] == "4" { "5" } else { "4" };
            format!("{}{other}{}", &written[..at], &written[at + 1..])
        };
        let many: String = (1..=MOST + 1).map(|n| hex(n) + "\n").collect();
        for (text, want) in [
            (String::new(), "there is no key in it"),
            ("\n# zeppelina\n \n".into(), "there is no key in it"),
            (MARKER.into(), "line 1: not a key"),
            (format!("{}\n\n{MARKER}", *written), "line 3: not a key"),
            (format!("{} # {MARKER}", *written), "line 1: not a key"),
            (format!("{} {}", *written, hex(2)), "line 1: not a key"),
            (format!("{}{}", *written, hex(2)), "line 1: not a key"),
            (format!("\u{feff}{}", *written), "line 1: not a key"),
            (format!("# {MARKER}\n{}\n{}", hex(2), flipped(20)), "line 3: key is damaged"),
            (format!("{}\n{}", hex(2), flipped(60)), "line 2: key is damaged"),
            (format!("{}\n{}\n{}", hex(1), hex(2), *written), "line 3: the key of an earlier line"),
            (format!("{}\n{}", *written, *written), "line 2: the key of an earlier line"),
            (many, "more than 64 keys"),
            (format!("{}\n#{}", *written, "z".repeat(source::LIMIT)), "more than 16 KiB"),
        ] {
            let error = Keyring::parse(&text).unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(told.starts_with(want), "{told} for {want}");
            for secret in [MARKER, &body[..12], &body[40..], key.id(), &hex(2)[20..]] {
                assert!(!told.contains(secret), "{want}");
            }
        }
    }

    #[test]
    fn debug_shows_ids_only() {
        let ring = Keyring::parse(&hex(7)).unwrap().rotated().unwrap();
        let told = format!("{ring:?} {ring:#?}");
        for key in ring.iter() {
            let written = key.written();
            let body = written.rsplit(':').next().unwrap();
            assert!(told.contains(key.id()) && !told.contains(&body[..8]) && !told.contains(&body[44..]));
        }
        assert!(!told.contains(&hex(7)[50..]));
    }

    #[test]
    fn older_keys_stay_in_order_until_they_are_dropped() {
        let mut ring = Keyring::parse(&format!("{}\n{}", hex(1), hex(2))).unwrap();
        let mut want = ids(&ring);
        for _ in 2..MOST {
            ring = ring.rotated().unwrap();
            want.insert(0, ring.current().id().to_owned());
            assert_eq!(ids(&ring), want);
        }
        assert!(Keyring::parse(&ring.written()).is_ok());
        let full = ring.written();
        assert!(matches!(ring.rotated(), Err(KeyError::Many)));

        let ring = Keyring::parse(&full).unwrap().without(&want[3].to_lowercase()).unwrap();
        want.remove(3);
        assert_eq!(ids(&ring), want);
        assert!(matches!(Keyring::parse(&full).unwrap().without(&want[0]), Err(KeyError::Current)));
        assert!(matches!(Keyring::parse(&full).unwrap().without(MARKER), Err(KeyError::Unknown)));
        assert!(!KeyError::Unknown.to_string().contains(MARKER));
    }

    #[test]
    fn a_file_may_hold_many() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let write = |bytes: &[u8]| std::fs::write(file.path(), bytes).unwrap();
        write(format!("# {}\n{}\n{}\n", "z".repeat(5000), hex(1), hex(2)).as_bytes());
        assert_eq!(Keyring::from_file(file.path()).unwrap().len(), 2);
        assert_eq!(Key::from_file(file.path()).unwrap().id(), Key::parse(&hex(1)).unwrap().id());
        write([hex(1).as_bytes(), b"\n\n# ", &[0xff], b"zeppelina"].concat().as_slice());
        let told = Keyring::from_file(file.path()).unwrap_err().to_string();
        assert!(told.starts_with("line 3: not a key") && !told.contains(MARKER), "{told}");
        write(format!("{}\n#{}", hex(1), "z".repeat(1 << 20)).as_bytes());
        assert!(matches!(Keyring::from_file(file.path()), Err(KeyError::Long)));
        write(b"");
        assert!(matches!(Keyring::from_file(file.path()), Err(KeyError::Empty)));
        assert!(matches!(Keyring::from_file(&file.path().join("x")), Err(KeyError::Io(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), hex(5)).unwrap();
        for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o666, false)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Keyring::from_file(file.path()).is_ok(), good, "{mode:o}");
            assert_eq!(Key::from_file(file.path()).is_ok(), good, "{mode:o}");
        }
    }
}
