//! How far a batch is, on standard error.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on a terminal, lines elsewhere when they are wanted, or nothing.
pub(super) struct Progress {
    kind: Kind,
    bar: ProgressBar,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Bar,
    Lines,
    Nothing,
}

impl Progress {
    pub(super) fn new(lines: bool, quiet: bool) -> Self {
        let kind = match std::io::stderr().is_terminal() {
            _ if quiet => Kind::Nothing,
            true => Kind::Bar,
            false if lines => Kind::Lines,
            false => Kind::Nothing,
        };
        Self { kind, bar: ProgressBar::hidden() }
    }

    /// Tells how much of `total` bytes is read while `work` is done.
    pub(super) fn over(&self, total: u64, read: &AtomicU64, work: impl FnOnce()) {
        if self.kind == Kind::Nothing {
            return work();
        }
        if self.kind == Kind::Bar
            && let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}")
        {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.set_length(total);
            self.bar.set_style(style);
        }
        let (done, ended) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || self.tell(total, read, &ended));
            work();
            drop(done);
        });
        self.bar.finish_and_clear();
    }

    /// Writes something that is no progress.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    fn tell(&self, total: u64, read: &AtomicU64, ended: &mpsc::Receiver<()>) {
        let start = Instant::now();
        let every = if self.kind == Kind::Bar { TICK } else { LINE };
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let now = read.load(Ordering::Relaxed);
            match self.kind {
                Kind::Bar => self.bar.set_position(now),
                _ => crate::cli::say(&line(now, total, start.elapsed())),
            }
        }
    }
}

fn line(read: u64, total: u64, time: Duration) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let rate = read as f64 / time.as_secs_f64().max(1e-9);
    let left = match total.saturating_sub(read) as f64 / rate.max(1.0) {
        _ if read == 0 => String::from("time left not known"),
        seconds if seconds < 90.0 => format!("{seconds:.0} s left"),
        seconds if seconds < 5400.0 => format!("{:.0} min left", seconds / 60.0),
        seconds => format!("{:.1} h left", seconds / 3600.0),
    };
    format!("{:.1} of {:.1} MB, {:.1} MB/s, {left}", megabytes(read), megabytes(total), rate / 1e6)
}

const TICK: Duration = Duration::from_millis(200);
const LINE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_how_long_it_takes() {
        for (read, total, seconds, want) in [
            (0, 5_000_000, 5, "0.0 of 5.0 MB, 0.0 MB/s, time left not known"),
            (50_000_000, 100_000_000, 5, "50.0 of 100.0 MB, 10.0 MB/s, 5 s left"),
            (50_000_000, 3_050_000_000, 5, "50.0 of 3050.0 MB, 10.0 MB/s, 5 min left"),
            (50_000_000, 100_050_000_000, 5, "50.0 of 100050.0 MB, 10.0 MB/s, 2.8 h left"),
            // A file that grew.
            (50_000_000, 40_000_000, 5, "50.0 of 40.0 MB, 10.0 MB/s, 0 s left"),
        ] {
            assert_eq!(line(read, total, Duration::from_secs(seconds)), want);
        }
    }
}
