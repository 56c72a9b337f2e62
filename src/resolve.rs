//! Candidates become findings: overlaps merge, and what was found once is found everywhere.

use crate::finding::{Finding, Found};
use crate::span::Span;

/// The findings of one text: sorted, never overlapping, never empty spans.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Findings(Found);

impl Findings {
    /// Resolves candidates: of identifiers that overlap, the surest names the union of all (resolution may over-redact, it
    /// may not uncover). What may stay is reported only where no identifier stands.
    pub(crate) fn resolve(mut candidates: Found) -> Self {
        candidates.retain(|f| !f.span.is_empty());
        if candidates.len() < 2 {
            return Findings(candidates);
        }
        candidates.sort_by_key(|f| (!f.label.is_identifier(), f.span));
        let must_go = candidates.partition_point(|f| f.label.is_identifier());
        let mut out = if must_go > 2 { Found::with_capacity(must_go) } else { Found::new() };
        for next in candidates.iter().take(must_go) {
            match out.last_mut() {
                Some(last) if last.span.overlaps(next.span) => {
                    let span = Span::new(last.span.start, last.span.end.max(next.span.end));
                    if next.score > last.score {
                        *last = *next;
                    }
                    last.span = span;
                }
                _ => out.push(*next),
            }
        }
        let sure = out.len();
        for next in candidates.iter().skip(must_go) {
            let at = out.get(..sure).unwrap_or(&[]).partition_point(|f| f.span.end <= next.span.start);
            let apart = out.get(at).is_none_or(|f| at >= sure || !f.span.overlaps(next.span));
            if apart && out.get(sure..).and_then(<[_]>::last).is_none_or(|f| f.span.end <= next.span.start) {
                out.push(*next);
            }
        }
        out.sort_by_key(|f| f.span);
        Findings(out)
    }

    /// In the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Finding> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Source;
    use crate::identifier::Label;

    fn found(start: usize, end: usize, label: Label, score: f32) -> Finding {
        Finding { span: Span::new(start, end), label, score, source: Source::Pattern }
    }

    #[test]
    fn overlaps_merge_to_their_union_and_what_may_stay_gives_way() {
        let findings = Findings::resolve(smallvec::smallvec![
            found(10, 14, Label::Age, 1.0),
            found(10, 12, Label::Age90, 0.9),
            found(0, 4, Label::Name, 0.5),
            found(2, 6, Label::City, 0.9),
            found(20, 22, Label::State, 0.5),
            found(30, 30, Label::Name, 1.0),
        ]);
        let got: Vec<_> = findings.iter().map(|f| (f.span.start, f.span.end, f.label)).collect();
        assert_eq!(got, [(0, 6, Label::City), (10, 12, Label::Age90), (20, 22, Label::State)]);
    }
}
