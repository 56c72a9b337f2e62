//! What stands where a value is replaced, as far as the record's format asks for something.

/// What a replacement must look like for the record to stay valid where the segment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// Like anything.
    #[default]
    Free,
    /// The logical id of a FHIR resource: 1 to 64 letters, digits, `-` and `.`; the same wherever it is referred to.
    Id,
    /// What many records have in common and must keep in common, such as the base address of a server.
    Shared,
    /// A FHIR `date`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    FhirDate,
    /// A FHIR `dateTime`: as `date`, or with time and zone.
    FhirDateTime,
    /// A FHIR `instant`: date, time and zone.
    FhirInstant,
    /// A number.
    Number,
}
