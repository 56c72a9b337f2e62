//! Scores predicted spans against gold notes.
//!
//! An element is caught when every letter and digit of it is covered, by predictions of any label. The figures are
//! those of the reference scorer (`score.py` of the project's evaluation set), in the same order of arithmetic, so that
//! they agree to the last digit.

use std::collections::BTreeMap;

use super::gold::Note;
use super::interval::{Interval, bootstrap, wilson};
use super::letter::is_alnum;
use super::margin;
use crate::identifier::Label;

/// A predicted span, in code points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Predicted {
    /// First code point.
    pub start: usize,
    /// One past the last code point; may lie beyond the text.
    pub end: usize,
    /// What it was taken for; `None` when the predictions carry a type that is no label.
    pub label: Option<Label>,
}

/// A place worth showing to the owner of the gold notes, in code points of one note.
///
/// `Debug` prints places, never text: there is none in here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Miss {
    /// Index of the note.
    pub note: usize,
    /// Label of the gold element, or of the prediction that covers what it should not.
    pub label: Option<Label>,
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// Letters and digits that were covered.
    pub covered: usize,
}

/// Counts that add up over documents.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Gold elements.
    pub elements: usize,
    /// Elements of which every letter and digit is covered.
    pub caught: usize,
    /// Letters and digits of the elements.
    pub chars: usize,
    /// Of those, covered.
    pub chars_caught: usize,
    /// Covered letters and digits that had to be.
    pub right: usize,
    /// Covered letters and digits that should have stayed.
    pub wrong: usize,
    /// Stretches of text covered that should have stayed.
    pub false_spans: usize,
    /// Documents that hold elements (of all documents: all of them).
    pub docs: usize,
    /// Of those, without an element missed.
    pub clean: usize,
}

/// Figures made of [`Counts`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Figures {
    /// Elements caught, of all.
    pub element_recall: f64,
    /// Letters and digits caught, of all.
    pub char_recall: f64,
    /// Letters and digits that had to be covered, of all that were.
    pub char_precision: f64,
    /// Harmonic mean of precision and recall, by character.
    pub f1: f64,
    /// The same with recall weighing four times as much.
    pub f2: f64,
    /// Documents without a missed element, of all.
    pub clean_docs: f64,
    /// Stretches of over-redaction a document.
    pub false_spans_per_doc: f64,
}

/// [`Figures`] as intervals.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Intervals {
    /// Wilson.
    pub element_recall: Interval,
    /// Bootstrap.
    pub char_recall: Interval,
    /// Bootstrap.
    pub char_precision: Interval,
    /// Bootstrap.
    pub f1: Interval,
    /// Bootstrap.
    pub f2: Interval,
    /// Wilson.
    pub clean_docs: Interval,
    /// Bootstrap.
    pub false_spans_per_doc: Interval,
}

/// One row of the report.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    /// What was counted.
    pub counts: Counts,
    /// What comes of it.
    pub figures: Figures,
    /// How sure that is, at 95 %.
    pub intervals: Intervals,
}

/// What measuring gives.
pub struct Report {
    /// All documents, all labels.
    pub all: Row,
    /// By label. Recall counts gold elements of the label; precision and false spans count predictions of it.
    pub labels: BTreeMap<Label, Row>,
    /// By kind of document.
    pub kinds: BTreeMap<String, Row>,
    /// Elements missed, in the order of the notes.
    pub leaks: Vec<Miss>,
    /// Stretches over-redacted, in the order of the notes.
    pub false_spans: Vec<Miss>,
}

impl Report {
    /// Scores `predicted[i]` against `notes[i]`.
    pub fn score(notes: &[Note], predicted: &[Vec<Predicted>]) -> Report {
        let mut leaks = Vec::new();
        let mut false_spans = Vec::new();
        let tallies: Vec<Tally> = notes
            .iter()
            .enumerate()
            .map(|(i, note)| tally(i, note, predicted.get(i).map_or(&[], Vec::as_slice), &mut leaks, &mut false_spans))
            .collect();
        let all: Vec<Counts> = tallies.iter().map(|t| t.all).collect();
        let labels = Label::ALL
            .into_iter()
            .filter_map(|label| {
                let counts: Vec<Counts> = tallies.iter().map(|t| t.label(label)).collect();
                counts
                    .iter()
                    .any(|c| c.elements + c.right + c.wrong > 0)
                    .then(|| (label, Row::new(&counts, notes.len())))
            })
            .collect();
        let mut of_kind: BTreeMap<String, Vec<Counts>> = BTreeMap::new();
        for (note, tally) in notes.iter().zip(&tallies) {
            of_kind.entry(note.kind.clone().unwrap_or_default()).or_default().push(tally.all);
        }
        let kinds = of_kind.into_iter().map(|(kind, counts)| (kind, Row::new(&counts, counts.len()))).collect();
        Report { all: Row::new(&all, notes.len()), labels, kinds, leaks, false_spans }
    }
}

impl Report {
    /// Of the elements of `label` whose text `wanted` takes: how many were caught, and how many there are.
    pub fn share(&self, notes: &[Note], label: Label, wanted: impl Fn(&str) -> bool) -> (usize, usize) {
        let (mut caught, mut all) = (0, 0);
        for (i, note) in notes.iter().enumerate() {
            for span in note.spans.iter().filter(|s| s.label == label && !s.optional) {
                let text: String = note.text.chars().skip(span.start).take(span.end - span.start).collect();
                if !text.chars().any(is_alnum) || !wanted(&text) {
                    continue;
                }
                let leaked = self.leaks.iter().any(|m| m.note == i && m.start == span.start && m.end == span.end);
                all += 1;
                caught += usize::from(!leaked);
            }
        }
        (caught, all)
    }
}

impl Row {
    fn new(counts: &[Counts], docs: usize) -> Row {
        let sum = |draw: &mut dyn Iterator<Item = usize>| {
            draw.filter_map(|i| counts.get(i)).fold(Counts::default(), |sum, c| sum.plus(c))
        };
        let total = sum(&mut (0..counts.len()));
        let [char_recall, char_precision, f1, f2, false_spans_per_doc] = bootstrap(counts.len(), |draw| {
            let figures = sum(&mut draw.iter().copied()).figures(docs);
            [figures.char_recall, figures.char_precision, figures.f1, figures.f2, figures.false_spans_per_doc]
        });
        let intervals = Intervals {
            element_recall: wilson(total.caught, total.elements),
            char_recall,
            char_precision,
            f1,
            f2,
            clean_docs: wilson(total.clean, total.docs),
            false_spans_per_doc,
        };
        Row { counts: total, figures: total.figures(docs), intervals }
    }
}

impl Counts {
    /// The figures; `docs` is the number that false spans are shared by.
    pub fn figures(&self, docs: usize) -> Figures {
        let share = |a: usize, b: usize| a as f64 / b.max(1) as f64;
        let precision = share(self.right, self.right + self.wrong);
        let recall = share(self.chars_caught, self.chars);
        let f = |b: f64| (1.0 + b * b) * precision * recall / (b * b * precision + recall).max(1e-9);
        Figures {
            element_recall: share(self.caught, self.elements),
            char_recall: recall,
            char_precision: precision,
            f1: f(1.0),
            f2: f(2.0),
            clean_docs: share(self.clean, self.docs),
            false_spans_per_doc: share(self.false_spans, docs),
        }
    }

    fn plus(self, other: &Counts) -> Counts {
        Counts {
            elements: self.elements + other.elements,
            caught: self.caught + other.caught,
            chars: self.chars + other.chars,
            chars_caught: self.chars_caught + other.chars_caught,
            right: self.right + other.right,
            wrong: self.wrong + other.wrong,
            false_spans: self.false_spans + other.false_spans,
            docs: self.docs + other.docs,
            clean: self.clean + other.clean,
        }
    }
}

/// The counts of one document.
struct Tally {
    all: Counts,
    labels: BTreeMap<Label, Counts>,
}

impl Tally {
    fn label(&self, label: Label) -> Counts {
        let mut counts = self.labels.get(&label).copied().unwrap_or_default();
        counts.docs = usize::from(counts.elements > 0);
        counts.clean = usize::from(counts.elements > 0 && counts.caught == counts.elements);
        counts
    }
}

/// What the gold says of one character.
#[derive(Clone, Copy, PartialEq)]
enum Gold {
    Stay,
    Either,
    Go,
}

fn tally(i: usize, note: &Note, predicted: &[Predicted], leaks: &mut Vec<Miss>, false_spans: &mut Vec<Miss>) -> Tally {
    let text: Vec<char> = note.text.chars().collect();
    let n = text.len();
    let mut covered: Vec<Option<Option<Label>>> = vec![None; n];
    for span in predicted {
        let end = span.end.min(n);
        covered[span.start.min(end)..end].fill(Some(span.label));
    }
    let mut gold = vec![Gold::Stay; n];
    let mut mark = |range: std::ops::Range<usize>, what: Gold| {
        for g in gold.get_mut(range).unwrap_or_default() {
            // What must go stays so, whatever else is said of it.
            if *g != Gold::Go {
                *g = what;
            }
        }
    };
    let mut all = Counts { docs: 1, ..Counts::default() };
    let mut labels: BTreeMap<Label, Counts> = BTreeMap::new();
    for span in &note.spans {
        if span.optional {
            mark(span.start..span.end, Gold::Either);
            continue;
        }
        mark(span.start..span.end, Gold::Go);
        if span.label == Label::Date {
            mark(margin::before(&text, span.start)..span.start, Gold::Either);
            mark(span.end..margin::after(&text, span.end), Gold::Either);
        }
        let (mut chars, mut caught) = (0, 0);
        for (c, cover) in text.iter().zip(&covered).take(span.end).skip(span.start) {
            if is_alnum(*c) {
                chars += 1;
                caught += usize::from(cover.is_some());
            }
        }
        let whole = caught == chars;
        for counts in [&mut all, labels.entry(span.label).or_default()] {
            counts.elements += 1;
            counts.caught += usize::from(whole);
            counts.chars += chars;
            counts.chars_caught += caught;
        }
        if !whole {
            let label = Some(span.label);
            leaks.push(Miss { note: i, label, start: span.start, end: span.end, covered: caught });
        }
    }
    all.clean = usize::from(all.caught == all.elements);

    let mut open = false; // inside a stretch that should have stayed
    for (at, c) in text.iter().enumerate() {
        let wrong = match covered[at] {
            Some(label) if is_alnum(*c) && gold[at] != Gold::Either => {
                let right = gold[at] == Gold::Go;
                let add = |counts: &mut Counts| {
                    counts.right += usize::from(right);
                    counts.wrong += usize::from(!right);
                };
                add(&mut all);
                if let Some(label) = label {
                    add(labels.entry(label).or_default());
                }
                !right
            }
            _ => false,
        };
        let stretch = covered[at].is_some() && gold[at] == Gold::Stay;
        if wrong && !open {
            open = true;
            let label = covered[at].flatten();
            let len = (at..n).take_while(|j| covered[*j].is_some() && gold[*j] == Gold::Stay).count();
            false_spans.push(Miss { note: i, label, start: at, end: at + len, covered: len });
            all.false_spans += 1;
            if let Some(label) = label {
                labels.entry(label).or_default().false_spans += 1;
            }
        }
        open &= stretch;
    }
    Tally { all, labels }
}
