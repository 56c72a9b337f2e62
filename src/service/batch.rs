//! Lets requests that run at the same time ask the model together.
//!
//! The first thread that asks leads: it waits a moment for others, asks for all of them in one call, and hands out the
//! answers. What the model says of a window does not depend on what it is asked with.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::Histogram;

use crate::model::{Opinion, Tagger, Window, Word};

/// A tagger that several threads ask together.
pub(crate) struct Together {
    inner: Arc<dyn Tagger>,
    rules: Rules,
    sizes: Histogram,
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// How long a leader waits, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// None: everybody asks alone.
    pub(crate) wait: Duration,
    /// Words from which on nobody is waited for.
    pub(crate) words: usize,
    /// Threads that may ask: when all of them wait, nobody else will come.
    pub(crate) threads: usize,
}

#[derive(Default)]
struct Desk {
    /// The batch that is being gathered; its number.
    number: u64,
    asked: Vec<Asked>,
    words: usize,
    led: bool,
    /// Answers of batches, until each of their askers has taken its own.
    done: Vec<(u64, usize, Option<Vec<Opinion>>)>,
}

/// The windows of one thread, with texts of their own: the thread that asks for them is another one.
struct Asked {
    windows: Vec<Own>,
}

struct Own {
    text: String,
    words: Vec<Word>,
    open: (usize, usize),
}

impl Together {
    pub(crate) fn new(inner: Arc<dyn Tagger>, rules: Rules, sizes: Histogram) -> Self {
        Self { inner, rules, sizes, desk: Mutex::default(), changed: Condvar::new() }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for others, asks for all, leaves their answers on the desk. The desk is as it was handed over.
    fn lead<'d>(&'d self, mut desk: MutexGuard<'d, Desk>) -> MutexGuard<'d, Desk> {
        let until = Instant::now() + self.rules.wait;
        while desk.words < self.rules.words && desk.asked.len() < self.rules.threads {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            desk = self.changed.wait_timeout(desk, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let number = desk.number;
        let asked = std::mem::take(&mut desk.asked);
        desk.number += 1;
        desk.words = 0;
        desk.led = false;
        drop(desk);
        let windows: Vec<Window<'_>> = asked.iter().flat_map(|asked| asked.windows.iter().map(Own::window)).collect();
        self.sizes.observe(windows.len() as f64);
        let mut opinions = Vec::new();
        let said = catch_unwind(AssertUnwindSafe(|| self.inner.tag(&windows, &mut opinions)));
        let wanted: usize = windows.iter().map(open).sum();
        let sound = said.is_ok() && opinions.len() == wanted;
        let mut rest = opinions.as_slice();
        let mut answers = Vec::with_capacity(asked.len());
        for (place, asked) in asked.iter().enumerate() {
            let count = asked.windows.iter().map(|own| open(&own.window())).sum();
            let own = rest.split_at_checked(count).filter(|_| sound).map(|(own, others)| {
                rest = others;
                own.to_vec()
            });
            answers.push((number, place, own));
        }
        let mut desk = self.desk();
        desk.done.extend(answers);
        self.changed.notify_all();
        desk
    }
}

impl Tagger for Together {
    fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Opinion>) {
        if self.rules.wait.is_zero() || self.rules.threads < 2 {
            self.sizes.observe(windows.len() as f64);
            return self.inner.tag(windows, out);
        }
        let asked = Asked { windows: windows.iter().map(Own::of).collect() };
        let mut desk = self.desk();
        let (number, place) = (desk.number, desk.asked.len());
        desk.words += windows.iter().map(|window| window.words.len()).sum::<usize>();
        desk.asked.push(asked);
        self.changed.notify_all();
        if !std::mem::replace(&mut desk.led, true) {
            desk = self.lead(desk);
        }
        let mine = loop {
            let at = desk.done.iter().position(|(batch, of, _)| (*batch, *of) == (number, place));
            match at {
                Some(at) => break desk.done.swap_remove(at).2,
                None => desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(desk);
        match mine {
            Some(opinions) => out.extend(opinions),
            // As it would have been alone: the record must not pass.
            None => resume_unwind(Box::new("the model")),
        }
    }
}

/// How many opinions of a window are wanted.
fn open(window: &Window<'_>) -> usize {
    let (from, to) = (window.open.0.min(window.words.len()), window.open.1.min(window.words.len()));
    to.saturating_sub(from)
}

impl Own {
    fn of(window: &Window<'_>) -> Self {
        Self { text: window.text.to_owned(), words: window.words.to_vec(), open: window.open }
    }

    fn window(&self) -> Window<'_> {
        Window { text: &self.text, words: &self.words, open: self.open }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::span::Span;
    use crate::word::CLUES;

    /// Says of each word how long it is; panics on an empty text.
    struct Lengths;

    impl Tagger for Lengths {
        fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Opinion>) {
            for window in windows {
                assert!(!window.text.is_empty());
                let open = window.words.get(window.open.0..window.open.1).unwrap_or(&[]);
                let say =
                    |word: &Word| Opinion { label: None, begins: false, score: word.span.len() as f32, nothing: 1.0 };
                out.extend(open.iter().map(say));
            }
        }
    }

    fn ask(together: &Together, length: usize, count: usize) -> Vec<f32> {
        let text = "x".repeat(length);
        let words = vec![Word { span: Span::new(0, length), clues: [0; CLUES] }; count];
        let mut out = Vec::new();
        together.tag(&[Window { text: &text, words: &words, open: (0, count) }], &mut out);
        out.iter().map(|opinion| opinion.score).collect()
    }

    fn together(wait: Duration, words: usize) -> Together {
        let rules = Rules { wait, words, threads: 4 };
        Together::new(Arc::new(Lengths), rules, Histogram::new([1.0, 2.0, 4.0]))
    }

    #[test]
    fn everybody_gets_the_answers_to_the_own_questions() {
        for (wait, words) in [(Duration::ZERO, 100), (Duration::from_millis(2), 100), (Duration::from_millis(2), 1)] {
            let together = together(wait, words);
            std::thread::scope(|scope| {
                for thread in 1..=4_usize {
                    let together = &together;
                    scope.spawn(move || {
                        for count in 0..50 {
                            assert_eq!(ask(together, thread, count % 5), vec![thread as f32; count % 5]);
                        }
                    });
                }
            });
            let desk = together.desk();
            assert!(desk.done.is_empty() && desk.asked.is_empty() && !desk.led);
        }
    }

    #[test]
    fn a_model_that_fails_fails_for_all_who_asked_and_for_nobody_after() {
        let together = together(Duration::from_millis(5), 100);
        assert!(catch_unwind(AssertUnwindSafe(|| ask(&together, 0, 1))).is_err());
        assert_eq!(ask(&together, 3, 2), [3.0, 3.0]);
    }
}
