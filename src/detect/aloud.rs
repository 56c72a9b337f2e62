//! Names as they are dictated: `gutowski comma leonard j`.

use memchr::memmem;

use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;

/// Joins names between which a comma is said, as a written one is within a name.
pub(super) fn join(text: &str, found: &mut Vec<Finding>) {
    for at in memmem::find_iter(text.as_bytes(), COMMA) {
        let said = Span::new(at + 1, at + COMMA.len() - 1);
        let names = || found.iter().filter(|other| other.label == Label::Name);
        let before = names().find(|name| name.span.end + 1 == said.start);
        let behind = names().find(|name| name.span.start == said.end + 1);
        if let (Some(before), Some(behind)) = (before, behind) {
            let score = before.score.min(behind.score);
            let span = Span::new(before.span.start, behind.span.end);
            found.push(Finding { span, label: Label::Name, score, source: Source::Document });
        }
    }
}

const COMMA: &[u8] = b" comma ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_that_is_said_joins_names_only() {
        let text = "name gutowski comma leonard comma aspirin";
        let of = |word: &str| Span::new(text.find(word).unwrap_or(0), text.find(word).unwrap_or(0) + word.len());
        let name = |word| Finding { span: of(word), label: Label::Name, score: 0.9, source: Source::Model };
        let mut found = vec![name("gutowski"), name("leonard")];
        join(text, &mut found);
        assert_eq!(found.len(), 3);
        assert_eq!(found[2].span.of(text), "gutowski comma leonard");
        let mut found = vec![name("leonard"), Finding { label: Label::City, ..name("gutowski") }];
        join(text, &mut found);
        assert_eq!(found.len(), 2);
    }
}
