//! Segments that are read as one text: a word with markup in it, a report in many fields.

use std::ops::Range;

use crate::engine::Input;
use crate::record::{Join, Segment};

/// The passages of a record, in its order.
pub(super) struct Passages {
    list: Vec<Passage>,
}

/// Segments that are searched as one text.
pub(super) struct Passage {
    segments: Range<usize>,
    /// The text, where it is of several segments, and where each of them begins in it.
    joined: Option<(String, Vec<usize>)>,
}

impl Passages {
    pub(super) fn of(segments: &[Segment<'_>]) -> Self {
        let mut list: Vec<Passage> = Vec::with_capacity(segments.len());
        for (number, segment) in segments.iter().enumerate() {
            match list.last_mut() {
                Some(passage) if segment.join != Join::Apart => passage.segments.end = number + 1,
                _ => list.push(Passage { segments: number..number + 1, joined: None }),
            }
        }
        for passage in list.iter_mut().filter(|passage| passage.segments.len() > 1) {
            let parts = segments.get(passage.segments.clone()).unwrap_or_default();
            let mut text = String::with_capacity(parts.iter().map(|part| part.text.len() + 1).sum());
            let mut starts = Vec::with_capacity(parts.len());
            for (at, part) in parts.iter().enumerate() {
                match part.join {
                    _ if at == 0 => {}
                    Join::Apart | Join::Glued => {}
                    Join::Space => text.push(' '),
                    Join::Line => text.push('\n'),
                }
                starts.push(text.len());
                text.push_str(&part.text);
            }
            passage.joined = Some((text, starts));
        }
        Self { list }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Passage> {
        self.list.iter()
    }

    /// What is to be searched: one input a passage. The hint is that of its first segment.
    pub(super) fn inputs<'p>(&'p self, segments: &'p [Segment<'_>]) -> Vec<Input<'p>> {
        self.list
            .iter()
            .filter_map(|passage| {
                let first = segments.get(passage.segments.start)?;
                let text = passage.joined.as_ref().map_or(first.text.as_ref(), |(text, _)| text);
                Some(Input { text, hint: first.hint, part: first.part })
            })
            .collect()
    }
}

impl Passage {
    /// Its segments, and where in its text each begins.
    pub(super) fn segments(&self) -> impl Iterator<Item = (usize, usize)> {
        let start = |at: usize| self.joined.as_ref().and_then(|(_, starts)| starts.get(at).copied()).unwrap_or(0);
        self.segments.clone().enumerate().map(move |(at, number)| (number, start(at)))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::identifier::Hint;
    use crate::record::Escape;
    use crate::span::Span;

    #[test]
    fn segments_that_go_on_are_one_text() {
        let part = |text: &'static str, join| Segment {
            join,
            ..Segment::new(Span::new(0, text.len()), Cow::Borrowed(text), Hint::Text, Escape::Xml)
        };
        let segments = [
            part("alone", Join::Apart),
            part("Wini", Join::Apart),
            part("fred", Join::Glued),
            part("Foley", Join::Space),
            part("", Join::Line),
            part("seen", Join::Line),
            part("after", Join::Apart),
        ];
        let passages = Passages::of(&segments);
        let texts: Vec<&str> = passages.inputs(&segments).iter().map(|input| input.text).collect();
        assert_eq!(texts, ["alone", "Winifred Foley\n\nseen", "after"]);
        let parts: Vec<Vec<(usize, usize)>> = passages.iter().map(|p| p.segments().collect()).collect();
        assert_eq!(parts, [vec![(0, 0)], vec![(1, 0), (2, 4), (3, 9), (4, 15), (5, 16)], vec![(6, 0)]]);
    }
}
