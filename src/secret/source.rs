//! Where keys come from: files, and commands of key services. What is read lies in one buffer that is wiped.

use std::fs::Metadata;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::KeyError;

/// Why a command printed no key. Holds neither the command nor anything it wrote.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No shell, no pipe or no thread for it.
    #[error("the key command cannot be started: {0}")]
    Start(io::Error),
    /// What it wrote cannot be read.
    #[error("the key command cannot be read from: {0}")]
    Read(io::Error),
    /// Its status is not 0.
    #[error("the key command failed: {0}; what it says of that stands above")]
    Failed(ExitStatus),
    /// It did not end in time, and was ended.
    #[error("the key command did not end within {} s; it is run without a terminal to ask on", .0.as_secs_f32())]
    Slow(Duration),
    /// Nothing but space.
    #[error("the key command wrote no key to its standard output")]
    Silent,
}

/// The environment variable that may hold keys.
pub(super) const VARIABLE: &str = "DEIDRE_KEY";

/// Bytes of key text that are read; 64 keys take five KiB, the rest is for comments.
pub(super) const LIMIT: usize = 16 * 1024;

/// How long a command may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Everything, if it is not more than [`LIMIT`].
pub(super) fn read(mut from: impl Read) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // Never grows: growing would leave a copy behind. One byte more shows that there is too much.
    let mut buffer = Zeroizing::new(vec![0; LIMIT + 1]);
    let mut len = 0;
    loop {
        let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) else { return Err(KeyError::Long) };
        match from.read(rest) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    buffer.truncate(len);
    Ok(buffer)
}

/// The text; what is no UTF-8 is a line that is no key.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, KeyError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        KeyError::Line { line, error: Box::new(KeyError::Form) }
    })
}

/// Refuses a file that others than its owner may read.
#[cfg(unix)]
pub(super) fn check_mode(about: &Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = about.permissions().mode() & 0o777;
    // A pipe (`--key-file <(kms decrypt ...)`) is no file that others could read.
    if about.is_file() && mode & 0o077 != 0 { Err(KeyError::Mode(mode)) } else { Ok(()) }
}

#[cfg(not(unix))]
pub(super) fn check_mode(_: &Metadata) -> Result<(), KeyError> {
    Ok(())
}

/// What `command` writes to its standard output. The command, and what it started, is ended when that takes longer than
/// `limit`, or is more than [`LIMIT`].
pub(super) fn run(command: &str, limit: Duration) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let deadline = Instant::now() + limit;
    let mut child = shell(command)
        // Standard input is the records.
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .env_remove(VARIABLE)
        .spawn()
        .map_err(CommandError::Start)?;
    let stdout = child.stdout.take();
    let mut running = Running { child, ended: None };
    let stdout = stdout.ok_or_else(|| CommandError::Start(io::ErrorKind::BrokenPipe.into()))?;

    // Reading may block for longer than the limit, so that it has a thread, which ends with the command.
    let (sender, receiver) = mpsc::channel();
    // A result that nobody waits for any more is dropped, and wiped.
    let reading = thread::Builder::new().name("key-command".into()).spawn(move || drop(sender.send(read(stdout))));
    reading.map_err(CommandError::Start)?;
    let bytes = match receiver.recv_timeout(limit) {
        Ok(Err(KeyError::Io(error))) => return Err(CommandError::Read(error).into()),
        Ok(result) => result?,
        Err(mpsc::RecvTimeoutError::Timeout) => return Err(CommandError::Slow(limit).into()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            return Err(CommandError::Read(io::ErrorKind::Other.into()).into());
        }
    };
    let status = running.wait(deadline)?.ok_or(CommandError::Slow(limit))?;
    if !status.success() {
        return Err(CommandError::Failed(status).into());
    }
    if bytes.trim_ascii().is_empty() {
        return Err(CommandError::Silent.into());
    }
    Ok(bytes)
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut shell = Command::new("sh");
    // A group of its own, so that all of `a | b` can be ended.
    shell.arg("-c").arg(command).process_group(0);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// A command, ended when dropped.
struct Running {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Waits until it ended, or `None` when the deadline passes.
    fn wait(&mut self, deadline: Instant) -> Result<Option<ExitStatus>, CommandError> {
        loop {
            self.ended = self.child.try_wait().map_err(CommandError::Read)?;
            if self.ended.is_some() || Instant::now() >= deadline {
                return Ok(self.ended);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_some() {
            return;
        }
        // Nobody waited for it yet, so that its number, and its group's, is not another's. It may have ended by itself.
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::KILL,
        );
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::secret::Keyring;

    const MARKER: &str = "zeppelina";
    const SHORT: Duration = Duration::from_millis(300);

    fn told(command: &str, limit: Duration) -> String {
        let error =
            run(command, limit).and_then(|bytes| utf8(&bytes).map(str::to_owned)).and_then(|t| Keyring::parse(&t));
        let error = error.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains(MARKER), "{told}");
        told
    }

    #[test]
    fn a_command_prints_keys() {
        let hex = "5".repeat(64);
        let id = Keyring::parse(&hex).unwrap().current().id().to_owned();
        for command in [
            format!("echo {hex}"),
            format!("echo '# from the service'; echo; printf %s {hex}"),
            format!("echo {hex} | cat"),
            format!("sleep 0.1; echo {hex}; exec >&-; sleep 0.1"),
            // Standard input is empty, not ours.
            format!("cat; echo {hex}"),
            format!("test -z \"${{DEIDRE_KEY+x}}\" && echo {hex}"),
        ] {
            let ring = Keyring::from_command(&command).unwrap();
            assert_eq!(ring.current().id(), id, "{command}");
        }
        let ring = Keyring::from_command(&format!("echo {hex}; echo {}", "6".repeat(64))).unwrap();
        assert_eq!(ring.iter().count(), 2);
    }

    #[test]
    fn a_command_that_prints_no_key_is_told_without_its_output() {
        let hex = "5".repeat(64);
        for (command, want) in [
            (format!("echo {hex}; echo zeppelina; exit 3"), "the key command failed: exit status: 3"),
            ("zeppelina-kms 2>&-".into(), "the key command failed: exit status: 127"),
            (format!("echo {hex}; kill -9 $$"), "the key command failed: signal: 9"),
            ("true".into(), "the key command wrote no key"),
            ("echo; echo ' '".into(), "the key command wrote no key"),
            ("echo '# zeppelina'".into(), "there is no key in it"),
            ("echo zeppelina".into(), "line 1: not a key"),
            (format!("echo {hex}; printf '\\377zeppelina'"), "line 2: not a key"),
            (format!("echo {hex}; head -c 20000 /dev/zero"), "more than 16 KiB"),
            ("yes zeppelina".into(), "more than 16 KiB"),
        ] {
            let told = told(&command, PATIENCE);
            assert!(told.starts_with(want), "{told}");
        }
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let hex = "5".repeat(64);
        for (i, command) in [
            "sleep 20".to_owned(),
            format!("echo {hex}; sleep 20"),
            format!("echo {hex}; exec >&-; sleep 20"),
            format!("echo {hex}; sleep 20 &"),
            "sleep 20 | cat".to_owned(),
        ]
        .iter()
        .enumerate()
        {
            let mark = folder.path().join(i.to_string());
            // Shows which processes there were: the group has the number of the shell.
            let command = format!("echo $$ > {}; {command}", mark.display());
            let start = Instant::now();
            let told = told(&command, SHORT);
            assert!(told.starts_with("the key command did not end within 0.3 s"), "{told}");
            assert!(start.elapsed() < Duration::from_secs(5));
            let group: i32 = std::fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
            let group = rustix::process::Pid::from_raw(group).unwrap();
            // Those that init has to bury may take a moment, or stay.
            let gone = || rustix::process::test_kill_process_group(group).is_err() || zombies_only(group);
            let until = Instant::now() + Duration::from_secs(5);
            while !gone() {
                assert!(Instant::now() < until, "{command}");
                thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// Whether what is left of a group ended and only waits for a parent that does not ask.
    fn zombies_only(group: rustix::process::Pid) -> bool {
        let group = group.as_raw_nonzero().to_string();
        let Ok(processes) = std::fs::read_dir("/proc") else { return false };
        processes.flatten().all(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
            let (state, of) = (fields.next(), fields.nth(1));
            of != Some(group.as_str()) || state == Some("Z")
        })
    }

    #[test]
    fn a_reader_is_read_whole_or_not_at_all() {
        for (len, good) in [(0, true), (1, true), (LIMIT, true), (LIMIT + 1, false), (3 * LIMIT, false)] {
            let bytes = vec![b'#'; len];
            match read(bytes.as_slice()) {
                Ok(read) => assert!(good && *read == bytes),
                Err(error) => assert!(!good && matches!(error, KeyError::Long)),
            }
        }
    }
}
