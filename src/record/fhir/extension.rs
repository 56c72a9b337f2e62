//! What an extension's value is, by the extension's name.

use super::cut;
use crate::identifier::{Hint, Label};
use crate::record::Part;
use crate::record::field::Field;

/// What a string or number under that name is, the name being a URI or the word at the end of one.
pub(crate) fn hint(name: &str, value: &str, number: bool) -> (Hint, Part) {
    let name = name.split(['?', '#', '|']).next().unwrap_or_default().trim_end_matches('/');
    let last = name.rsplit(['/', ':']).next().unwrap_or_default();
    let last = last.rsplit('.').next().unwrap_or_default();
    let name = |part| {
        let whole = cut::person(value).is_some();
        (if whole { Hint::Whole(Label::Name) } else { Hint::Text }, part)
    };
    let known = match last {
        // <https://hl7.org/fhir/R4/patient-profiles.html#extensions>, and those of the data types.
        "patient-mothersMaidenName"
        | "mothersMaidenName"
        | "humanname-own-name"
        | "humanname-partner-name"
        | "humanname-fathers-family"
        | "humanname-mothers-family" => name(Part::Family),
        "patient-birthPlace" | "birthPlace" | "birthplace" => (Hint::Whole(Label::City), Part::Unknown),
        "latitude" | "longitude" => (Hint::Whole(Label::OtherId), Part::Unknown),
        "iso21090-ADXP-streetName"
        | "iso21090-ADXP-houseNumber"
        | "iso21090-ADXP-streetAddressLine"
        | "iso21090-ADXP-additionalLocator"
        | "iso21090-ADXP-postBox" => (Hint::Whole(Label::Street), Part::Unknown),
        "iso21090-ADXP-precinct" | "iso21090-SC-coding" => (Hint::Text, Part::Unknown),
        _ => (Hint::Text, Part::Unknown),
    };
    if known.0 != Hint::Text {
        return known;
    }
    // Extensions of others: `patient-mrn`, `employerName`.
    match Field::of(&[last]).hint(value, number) {
        Hint::Skip => (Hint::Text, Part::Unknown),
        hint => (hint, Part::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_extensions_say_what_their_values_are() {
        const AT: &str = "http://hl7.org/fhir/StructureDefinition/";
        for (name, value, number, want) in [
            ("patient-mothersMaidenName", "Haugland", false, Hint::Whole(Label::Name)),
            ("patient-birthPlace", "Troms\u{f8}", false, Hint::Whole(Label::City)),
            ("geolocation/latitude", "47.5914", true, Hint::Whole(Label::OtherId)),
            ("x/patient-mrn", "00482913", false, Hint::Whole(Label::Mrn)),
            ("us-core-race", "White", false, Hint::Text),
            ("text", "Not Hispanic or Latino", false, Hint::Text),
            ("x/note", "see Beatriz", false, Hint::Text),
        ] {
            assert_eq!(hint(&format!("{AT}{name}"), value, number).0, want, "{name}");
        }
        assert_eq!(hint("longitude", "-122.6", true).0, Hint::Whole(Label::OtherId));
    }
}
