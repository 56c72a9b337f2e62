//! Segments of X12 claims and remittances (837, 835, 270, 278, 834) where they stand in a text, as people paste them into messages and
//! prompts: `NM1*IL*1*YOUNG*GRACE*M***MI*W259361704~`. What an element holds is said by its segment and its qualifier (ASC X12
//! 005010X222, X223, X221, X279, X220: the data elements that the table below names).

use memchr::{memchr, memmem};

use crate::identifier::Label;
use crate::span::Span;

/// Appends the identifiers of every segment in `text`. Nothing is searched where no party is named.
pub(in crate::detect) fn find(text: &str, out: &mut Vec<(Span, Label)>) {
    let bytes = text.as_bytes();
    if memchr(b'*', bytes).is_none() || [&b"NM1*"[..], b"N1*"].iter().all(|name| memmem::find(bytes, name).is_none()) {
        return;
    }
    let mut start = 0;
    for piece in text.split(['~', '\n', '\r']) {
        let skipped = piece.len() - piece.trim_start_matches([' ', '\t', '>', '"', '\'', '`']).len();
        segment(&piece[skipped..], start + skipped, out);
        start += piece.len() + 1;
    }
}

/// Reads one segment that begins at `start`, if it is one.
fn segment(text: &str, start: usize, out: &mut Vec<(Span, Label)>) {
    let Some((name, _)) = text.split_once('*').filter(|(name, _)| (2..=3).contains(&name.len())) else { return };
    let mut elements = [(0, ""); MOST];
    let mut at = start;
    for (place, element) in elements.iter_mut().zip(text.split('*')) {
        let kept = element.trim_end();
        *place = (at, kept);
        at += element.len() + 1;
    }
    let value = |number: usize| elements.get(number).map_or("", |element| element.1);
    let mut mark = |number: usize, label: Label| {
        if let Some((at, element)) = elements.get(number).filter(|element| !element.1.is_empty()) {
            out.push((Span::new(*at, at + element.len()), label));
        }
    };
    match name {
        "NM1" => {
            match (value(2), party(value(1))) {
                ("1", _) => (3..=5).for_each(|number| mark(number, Label::Name)),
                (_, Some(label)) => mark(3, label),
                _ => {}
            }
            if let Some(label) = numbered(value(8)) {
                mark(9, label);
            }
        }
        "N1" => {
            if let Some(label) = party(value(1)) {
                mark(2, label);
            }
            if let Some(label) = numbered(value(3)) {
                mark(4, label);
            }
        }
        "N3" => [1, 2].into_iter().for_each(|number| mark(number, Label::Street)),
        "N4" => {
            mark(1, Label::City);
            mark(3, Label::Zip);
        }
        "PER" => {
            mark(2, Label::Name);
            for number in [3, 5, 7] {
                match value(number) {
                    "TE" | "EX" | "HP" | "WP" | "CP" => mark(number + 1, Label::Phone),
                    "FX" => mark(number + 1, Label::Fax),
                    "EM" => mark(number + 1, Label::Email),
                    "UR" => mark(number + 1, Label::Url),
                    _ => {}
                }
            }
        }
        "DMG" => mark(2, Label::Date),
        "DTP" => mark(3, Label::Date),
        "DTM" if value(1).len() == 3 => mark(2, Label::Date),
        "PAT" => mark(6, Label::Date),
        "INS" => mark(12, Label::Date),
        "SBR" => {
            mark(3, Label::HealthPlan);
            mark(4, Label::Employer);
        }
        "CLM" => mark(1, Label::Account),
        "CLP" => [1, 7].into_iter().for_each(|number| mark(number, Label::Account)),
        "TRN" => mark(2, Label::OtherId),
        "BHT" => {
            mark(3, Label::OtherId);
            mark(4, Label::Date);
        }
        "REF" => {
            if let Some(label) = reference(value(1)) {
                mark(2, label);
            }
        }
        _ => {}
    }
}

/// As many elements as the longest of these segments has.
const MOST: usize = 16;

/// What an organisation is by its role (data element 98); payers, who are the same for many, are none.
fn party(role: &str) -> Option<Label> {
    match role {
        "36" | "IL" | "QC" | "74" => Some(Label::Employer),
        "71" | "72" | "77" | "82" | "85" | "87" | "DD" | "DK" | "DN" | "DQ" | "FA" | "P3" | "PE" | "PW" | "1P"
        | "SJ" | "45" => Some(Label::Facility),
        _ => None,
    }
}

/// What number it is that stands behind a name (data element 66).
fn numbered(qualifier: &str) -> Option<Label> {
    match qualifier {
        "MI" | "II" => Some(Label::HealthPlan),
        "34" => Some(Label::Ssn),
        "XX" | "SV" | "SL" => Some(Label::License),
        "24" | "FI" | "EI" | "ZZ" => Some(Label::OtherId),
        "MR" => Some(Label::Mrn),
        _ => None,
    }
}

/// What a reference is (data element 128).
fn reference(qualifier: &str) -> Option<Label> {
    match qualifier {
        "SY" => Some(Label::Ssn),
        "EA" => Some(Label::Mrn),
        "0F" | "1L" | "1W" | "IG" | "6P" | "3H" | "Q4" => Some(Label::HealthPlan),
        "0B" | "1A" | "1B" | "1C" | "1D" | "1G" | "1H" | "1J" | "G2" | "LU" | "N5" | "X4" | "HPI" => {
            Some(Label::License)
        }
        "D9" | "EJ" | "F8" | "BLT" | "1K" => Some(Label::Account),
        "9F" | "G1" | "6R" | "EI" | "TJ" | "Y4" | "P4" | "XZ" | "EO" | "9A" | "9C" => Some(Label::OtherId),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, &'static str)> {
        let mut out = Vec::new();
        find(text, &mut out);
        out.into_iter().map(|(span, label)| (&text[span.start..span.end], label.name())).collect()
    }

    #[test]
    fn elements_are_what_their_segment_says() {
        let text = "as sent:\nBHT*0019*00*44B71*20240311*1023*CH~\nNM1*85*2*ALDER CREEK PEDIATRICS*****XX*1234567893~N3*18 MILL RD~\
                    N4*DURYEA*PA*18642~REF*EI*231234567~PER*IC*HOLLY VANN*TE*5705550142*EX*12~SBR*P*18*GRP-4471*BRISK TOOL CO*****CI~\
                    NM1*IL*1*YOUNG*GRACE*M***MI*W259361704~DMG*D8*19850412*F~NM1*PR*2*AETNA*****PI*60054~\
                    CLM*YP0412*185***11:B:1*Y*A*Y*Y~HI*ABK:J0190~DTP*472*D8*20240309~REF*EA*00981~LX*1~";
        let want = [
            ("44B71", "OTHER_ID"),
            ("20240311", "DATE"),
            ("ALDER CREEK PEDIATRICS", "FACILITY"),
            ("1234567893", "LICENSE"),
            ("18 MILL RD", "STREET"),
            ("DURYEA", "CITY"),
            ("18642", "ZIP"),
            ("231234567", "OTHER_ID"),
            ("HOLLY VANN", "NAME"),
            ("5705550142", "PHONE"),
            ("12", "PHONE"),
            ("GRP-4471", "HEALTH_PLAN"),
            ("BRISK TOOL CO", "EMPLOYER"),
            ("YOUNG", "NAME"),
            ("GRACE", "NAME"),
            ("M", "NAME"),
            ("W259361704", "HEALTH_PLAN"),
            ("19850412", "DATE"),
            ("YP0412", "ACCOUNT"),
            ("20240309", "DATE"),
            ("00981", "MRN"),
        ];
        assert_eq!(found(text), want);
    }

    #[test]
    fn what_is_no_segment_is_left_alone() {
        assert_eq!(found("stars *** and N1*2 alone, REF*1"), []);
        assert_eq!(found("lesion N1*PR*AETNA*PI*60054~ST*837*0001~SE*44*0001"), []);
        assert_eq!(found("NM1*PR*2*AETNA*****PI*60054~\nCLM*"), []);
        assert_eq!(found("é NM1*"), []);
    }
}
