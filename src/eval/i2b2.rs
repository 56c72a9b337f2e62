//! The XML of the i2b2/UTHealth 2014 de-identification task (n2c2), and what its types are here.
//!
//! `<deIdi2b2><TEXT><![CDATA[...]]></TEXT><TAGS><NAME id="P0" start="16" end="24" text="..." TYPE="DOCTOR"/>...`;
//! offsets are code points of the text with line ends as XML reads them (`\r\n` is `\n`).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::gold::{GoldProblem, GoldSpan, Note, check, fits};
use crate::identifier::Label;

pub(super) fn parse(id: String, xml: &str) -> Result<Note, GoldProblem> {
    let mut reader = Reader::from_str(xml);
    let mut text = String::new();
    let mut tags = Vec::new();
    let (mut in_text, mut in_tags, mut known) = (false, false, false);
    loop {
        let at = reader.buffer_position() as usize;
        let broken = |_| GoldProblem::Xml(at);
        match reader.read_event().map_err(|_| GoldProblem::Xml(at))? {
            Event::Start(e) => match e.name().as_ref() {
                "deIdi2b2" => known = true,
                "TEXT" => in_text = true,
                "TAGS" => in_tags = true,
                _ if in_tags => tags.push(tag(&e).map_err(|p| p.unwrap_or(GoldProblem::Xml(at)))?),
                _ => {}
            },
            Event::Empty(e) if in_tags => tags.push(tag(&e).map_err(|p| p.unwrap_or(GoldProblem::Xml(at)))?),
            Event::End(e) => match e.name().as_ref() {
                "TEXT" => in_text = false,
                "TAGS" => in_tags = false,
                _ => {}
            },
            Event::CData(e) if in_text => text.push_str(&e.xml10_content()),
            Event::Text(e) if in_text && text.is_empty() && e.trim_ascii().is_empty() => {}
            Event::Text(e) if in_text => text.push_str(&e.xml10_content()),
            Event::GeneralRef(e) if in_text => match e.resolve_char_ref().map_err(broken)? {
                Some(c) => text.push(c),
                None => text.push_str(quick_xml::escape::resolve_predefined_entity(&e).ok_or(GoldProblem::Xml(at))?),
            },
            Event::Eof => break,
            _ => {}
        }
    }
    if !known {
        return Err(GoldProblem::Xml(0));
    }
    let chars: Vec<char> = text.chars().collect();
    let mut moved = 0;
    for (span, said) in &tags {
        let stands: String = chars.get(span.start..span.end).unwrap_or_default().iter().collect();
        moved += usize::from(!fits(said, &stands));
    }
    let spans = tags.into_iter().map(|(span, _)| check(span, chars.len())).collect::<Result<_, _>>()?;
    Ok(Note { id, kind: None, text, spans, moved })
}

/// One tag: what it marks, and the text that it says it marks. `Err(None)`: not a tag.
fn tag(e: &BytesStart<'_>) -> Result<(GoldSpan, String), Option<GoldProblem>> {
    let attribute = |name: &str| -> Result<String, Option<GoldProblem>> {
        let attribute = e.try_get_attribute(name).ok().flatten().ok_or(None)?;
        Ok(attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| None)?.into_owned())
    };
    let number =
        |name: &str| -> Result<usize, Option<GoldProblem>> { attribute(name)?.trim().parse().map_err(|_| None) };
    let kind = attribute("TYPE")?;
    let text = attribute("text")?;
    let (label, optional) = label(&kind, &text).ok_or_else(|| Some(GoldProblem::unknown(&kind)))?;
    Ok((GoldSpan { start: number("start")?, end: number("end")?, label, optional }, text))
}

/// Our label for a type of i2b2 2014 (or one of our own), and whether it is neither rewarded nor punished.
///
/// i2b2 marks more than the annotation guide: years alone, ages under 90, states, countries and professions are
/// optional here, and so are dates that are only a weekday or a season, which the guide does not count as PHI.
pub(super) fn label(kind: &str, text: &str) -> Option<(Label, bool)> {
    let kind = kind.trim().to_ascii_uppercase();
    let label = match kind.as_str() {
        "DATE" if is_year(text) => Label::Year,
        "DATE" if is_weekday_or_season(text) => return Some((Label::Date, true)),
        "AGE" if is_ninety_or_more(text) => Label::Age90,
        "PATIENT" | "DOCTOR" => Label::Name,
        "USERNAME" | "IDNUM" | "ID" | "OTHER" => Label::OtherId,
        "HOSPITAL" => Label::Facility,
        "ORGANIZATION" => Label::Employer,
        "LOCATION-OTHER" | "LOCATION_OTHER" | "LOCATION" => Label::City,
        "IPADDR" | "IPADDRESS" => Label::Ip,
        "MEDICALRECORD" => Label::Mrn,
        "HEALTHPLAN" => Label::HealthPlan,
        "BIOID" => Label::Biometric,
        other => Label::parse(other)?,
    };
    Some((label, !label.is_identifier()))
}

/// `2069`, `1990s`, `'94`, `the 90s`.
fn is_year(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let bare = text.strip_prefix("the ").unwrap_or(&text);
    let digits = bare.trim_start_matches(['\'', '’']).trim_end_matches('s').trim_end_matches(['\'', '’']);
    let marked = digits.len() < bare.len();
    digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() == 4 || (digits.len() == 2 && marked))
}

fn is_weekday_or_season(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', ',']).to_lowercase();
    let word = text.strip_prefix("the ").unwrap_or(&text);
    let weekday = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        .iter()
        .any(|day| word.trim_end_matches('s') == *day || (word.len() >= 3 && word.len() <= 5 && day.starts_with(word)));
    weekday || matches!(word.trim_end_matches('s'), "spring" | "summer" | "fall" | "autumn" | "winter" | "weekend")
}

/// The first number is 90 or more (`93`, `94y`, `90s`), or it is written in words.
fn is_ninety_or_more(text: &str) -> bool {
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let words = text.to_lowercase();
    digits.parse::<u32>().is_ok_and(|age| age >= 90)
        || digits.is_empty() && (words.contains("ninet") && !words.contains("nineteen") || words.contains("hundred"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_note_of_the_2014_task_is_read() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<deIdi2b2>\n<TEXT><![CDATA[\n\nRecord date: 2069-04-07\r\n\
                   Mr. Zoë <Vela> & son, 44yo\n]]></TEXT>\n<TAGS>\n\
                   <DATE id=\"P0\" start=\"15\" end=\"25\" text=\"2069-04-07\" TYPE=\"DATE\" comment=\"\" />\n\
                   <NAME id=\"P1\" start=\"30\" end=\"40\" text=\"Zo&#235; &lt;Vela&gt;\" TYPE=\"PATIENT\" comment=\"\"/>\n\
                   <AGE id=\"P2\" start=\"48\" end=\"50\" text=\"44\" TYPE=\"AGE\"/>\n</TAGS>\n</deIdi2b2>\n";
        let note = parse("220-01".into(), xml).unwrap();
        let text: Vec<char> = note.text.chars().collect();
        let marked: Vec<(String, Label, bool)> =
            note.spans.iter().map(|s| (text[s.start..s.end].iter().collect(), s.label, s.optional)).collect();
        assert_eq!(note.moved, 0);
        assert_eq!(parse("220-01".into(), &xml.replace("Record", "record:")).unwrap().moved, 2); // the name keeps its letters
        assert_eq!(
            marked,
            [
                ("2069-04-07".into(), Label::Date, false),
                ("Zoë <Vela>".into(), Label::Name, false),
                ("44".into(), Label::Age, true)
            ]
        );
    }

    #[test]
    fn types_of_the_2014_task_have_labels() {
        for (kind, text, want) in [
            ("DOCTOR", "x", Some((Label::Name, false))),
            ("USERNAME", "x", Some((Label::OtherId, false))),
            ("HOSPITAL", "x", Some((Label::Facility, false))),
            ("LOCATION-OTHER", "x", Some((Label::City, false))),
            ("PROFESSION", "x", Some((Label::Profession, true))),
            ("MEDICALRECORD", "x", Some((Label::Mrn, false))),
            ("BIOID", "x", Some((Label::Biometric, false))),
            ("DATE", "4/7", Some((Label::Date, false))),
            ("DATE", "Fall 2023", Some((Label::Date, false))),
            ("DATE", "2069", Some((Label::Year, true))),
            ("DATE", "1990's", Some((Label::Year, true))),
            ("DATE", "'94", Some((Label::Year, true))),
            ("DATE", "94", Some((Label::Date, false))),
            ("DATE", "Tues.", Some((Label::Date, true))),
            ("DATE", "the winter", Some((Label::Date, true))),
            ("DATE", "March", Some((Label::Date, false))),
            ("AGE", "89", Some((Label::Age, true))),
            ("AGE", "90", Some((Label::Age90, false))),
            ("AGE", "ninety-two", Some((Label::Age90, false))),
            ("AGE", "nineteen", Some((Label::Age, true))),
            ("SHOE", "x", None),
        ] {
            assert_eq!(label(kind, text), want, "{kind} {text}");
        }
    }

    #[test]
    fn what_is_not_i2b2_is_refused_without_its_text() {
        for xml in [
            "<html>Zeppelina</html>",
            "<deIdi2b2><TEXT>Zeppelina</TEXT",
            "<deIdi2b2><TAGS><N TYPE='ZEP'/></TAGS></deIdi2b2>",
        ] {
            let error = parse("x".into(), xml).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("Zeppelina"));
        }
    }
}
