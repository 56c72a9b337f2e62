//! The project's own notes: `[[LABEL:text]]` in the text, nothing nested; passages of one file stand between lines of
//! `---`; a first line `#type: ...` names the kind of document.

use super::gold::{GoldProblem, GoldSpan, Note};
use crate::identifier::Label;

/// Appends the notes of a file. A file with lines of `---` gives one note a passage, numbered from 1 (`passages/01#3`).
pub(super) fn parse(id: &str, file: &str, notes: &mut Vec<Note>) -> Result<(), GoldProblem> {
    let (kind, body) = match file.strip_prefix("#type:") {
        Some(rest) => {
            let (kind, body) = rest.split_once('\n').unwrap_or((rest, ""));
            (Some(kind.trim().to_owned()), body)
        }
        None => (None, file),
    };
    let mut passages = vec![String::new()];
    for line in body.split_inclusive('\n') {
        if line.trim_end() == "---" {
            passages.push(String::new());
        } else if let Some(passage) = passages.last_mut() {
            passage.push_str(line);
        }
    }
    let single = passages.len() == 1;
    for (i, passage) in passages.iter().enumerate() {
        let id = if single { id.to_owned() } else { format!("{id}#{}", i + 1) };
        notes.push(note(id, kind.clone(), passage)?);
    }
    Ok(())
}

fn note(id: String, kind: Option<String>, marked: &str) -> Result<Note, GoldProblem> {
    let mut text = String::with_capacity(marked.len());
    let mut chars = 0;
    let mut spans = Vec::new();
    let mut rest = marked;
    while let Some(open) = rest.find("[[") {
        let at = marked.len() - rest.len() + open;
        let (head, tail) = rest.split_at(open);
        let tag = tail.get(2..).unwrap_or("");
        let (label, tag) = tag.split_once(':').ok_or(GoldProblem::Inline(at))?;
        let label = Label::parse(label).ok_or(GoldProblem::Inline(at))?;
        let close = tag.find("]]").ok_or(GoldProblem::Inline(at))?;
        let (element, after) = (tag.get(..close).unwrap_or(""), tag.get(close + 2..).unwrap_or(""));
        text.push_str(head);
        text.push_str(element);
        chars += head.chars().count();
        let end = chars + element.chars().count();
        spans.push(GoldSpan { start: chars, end, label, optional: !label.is_identifier() });
        chars = end;
        rest = after;
    }
    text.push_str(rest);
    Ok(Note { id, kind, text, spans, moved: 0 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tags_become_spans_and_passages_become_notes() {
        let mut notes = Vec::new();
        let file =
            "#type: clinic letter\nDear Ms. [[NAME:Åsa Öst]], seen [[DATE:3/4]].\n---\nNothing here, age [[AGE:44]].";
        parse("letters/01", file, &mut notes).unwrap();
        let marked = |note: &Note| -> Vec<(String, Label, bool)> {
            let text: Vec<char> = note.text.chars().collect();
            note.spans.iter().map(|s| (text[s.start..s.end].iter().collect(), s.label, s.optional)).collect()
        };
        assert_eq!(notes[0].kind.as_deref(), Some("clinic letter"));
        assert_eq!((notes[0].id.as_str(), notes[1].id.as_str()), ("letters/01#1", "letters/01#2"));
        assert_eq!(notes[0].text, "Dear Ms. Åsa Öst, seen 3/4.\n");
        assert_eq!(marked(&notes[0]), [("Åsa Öst".into(), Label::Name, false), ("3/4".into(), Label::Date, false)]);
        assert_eq!(marked(&notes[1]), [("44".into(), Label::Age, true)]);
    }

    #[test]
    fn an_open_tag_is_refused_without_its_text() {
        for file in ["a [[NAME:Zeppelina", "a [[NAME Zeppelina]]", "a [[NICK:Zeppelina]]"] {
            let error = parse("x", file, &mut Vec::new()).unwrap_err();
            assert!(matches!(error, GoldProblem::Inline(2)), "{file}");
            assert!(!format!("{error} {error:?}").contains("Zeppelina"));
        }
    }
}
