//! brat standoff: a .txt with the text, a .ann with `T1<tab>LABEL 0 5;8 12<tab>text` lines, offsets in code points.
//!
//! <https://brat.nlplab.org/standoff.html>. Labels may be ours or i2b2's; each part of a discontinuous annotation counts
//! as an element. Relations, events and notes are passed over.

use super::gold::{GoldProblem, GoldSpan, Note, check, fits};
use super::i2b2;

/// The note, or the line of the annotations that is wrong.
pub(super) fn parse(id: String, text: String, annotations: &str) -> Result<Note, (usize, GoldProblem)> {
    let chars: Vec<char> = text.chars().collect();
    let mut spans = Vec::new();
    let mut moved = 0;
    for (i, line) in annotations.lines().enumerate().filter(|(_, line)| line.starts_with('T')) {
        let wrong = || (i + 1, GoldProblem::Brat);
        let mut columns = line.split('\t');
        let (_, place) = (columns.next(), columns.next().ok_or_else(wrong)?);
        let (kind, places) = place.split_once(' ').ok_or_else(wrong)?;
        let said = columns.next();
        let mut stands = String::new();
        for place in places.split(';') {
            let (start, end) = place.trim().split_once(' ').ok_or_else(wrong)?;
            let number = |n: &str| n.trim().parse::<usize>().map_err(|_| wrong());
            let (start, end) = (number(start)?, number(end)?);
            let element: String = chars.get(start..end).unwrap_or_default().iter().collect();
            stands.push_str(&element);
            let (label, optional) = i2b2::label(kind, &element).ok_or_else(|| (i + 1, GoldProblem::unknown(kind)))?;
            spans.push(check(GoldSpan { start, end, label, optional }, chars.len()).map_err(|p| (i + 1, p))?);
        }
        moved += usize::from(said.is_some_and(|said| !fits(said, &stands)));
    }
    Ok(Note { id, kind: None, text, spans, moved })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identifier::Label;

    #[test]
    fn annotations_are_read_with_their_parts() {
        let text = "Åsa and Bo Öst, 2019, age 91";
        let ann = "T1\tNAME 0 3;11 14\tÅsa Öst\nT2\tPATIENT 8 14\tBo Öst\nR1\tSpouse Arg1:T1 Arg2:T2\n\
                   T3\tDATE 16 20\t2019\nT4\tAGE 26 28\t91\n#1\tAnnotatorNotes T1\tx\n";
        let note = parse("n".into(), text.into(), ann).unwrap();
        assert_eq!(note.moved, 0);
        assert_eq!(parse("n".into(), format!(" {text}"), ann).unwrap().moved, 4);
        let got: Vec<_> = note.spans.iter().map(|s| (s.start, s.end, s.label, s.optional)).collect();
        assert_eq!(
            got,
            [
                (0, 3, Label::Name, false),
                (11, 14, Label::Name, false),
                (8, 14, Label::Name, false),
                (16, 20, Label::Year, true),
                (26, 28, Label::Age90, false)
            ]
        );
    }

    #[test]
    fn wrong_lines_are_named() {
        for (ann, line) in
            [("T1\tNAME\tx", 1), ("R1\t\nT1\tNAME a b\tx", 2), ("T1\tNAME 0 99\tx", 1), ("T1\tSHOE 0 1\tx", 1)]
        {
            assert_eq!(parse("n".into(), "Åsa".into(), ann).unwrap_err().0, line, "{ann}");
        }
    }
}
