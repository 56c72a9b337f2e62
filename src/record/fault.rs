//! Why a record was set aside.

/// What is wrong with a record and where. Holds no text of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Bytes from the start of the record.
    pub offset: u64,
    /// What is wrong.
    pub reason: Reason,
}

impl Fault {
    /// A fault at that byte of the record.
    pub fn new(offset: usize, reason: Reason) -> Self {
        Self { offset: offset as u64, reason }
    }
}

/// The kinds of fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// A byte sequence that is not UTF-8 where the format demands UTF-8.
    InvalidUtf8,
    /// A byte that JSON does not allow there.
    JsonUnexpectedByte,
    /// The JSON value is not complete.
    JsonUnexpectedEnd,
    /// A backslash with something after it that is no JSON escape.
    JsonBadEscape,
    /// Half of a `\u` surrogate pair: it stands for no character.
    JsonLoneSurrogate,
    /// A control character in a JSON string.
    JsonControlCharacter,
    /// A number that is not written as JSON demands.
    JsonBadNumber,
    /// More than one JSON value in a record.
    JsonTrailingData,
    /// More than [`crate::record::json::MAX_DEPTH`] levels of nesting.
    JsonTooDeep,
    /// A quoted field that does not end.
    CsvOpenQuote,
    /// Text after the closing quote of a field.
    CsvTextAfterQuote,
    /// More or fewer columns than the first row has: values may stand under the wrong name.
    CsvColumnCount,
    /// XML that is not well-formed.
    XmlMalformed,
    /// An entity of XML that is not one of the five known to all documents, nor a number.
    XmlUnknownEntity,
    /// A document type that declares entities: what they stand for is not followed.
    XmlEntityDeclared,
    /// Too many levels of XML elements, or too many different ones.
    XmlTooDeep,
    /// XML in a charset that is not read.
    XmlEncoding,
    /// HL7 that does not begin with a header segment.
    Hl7NoHeader,
    /// Delimiters of an HL7 message that are missing, equal, or characters of values.
    Hl7Delimiters,
    /// An HL7 message in a character set in which delimiters may be parts of characters.
    Hl7Charset,
    /// A byte order mark of UTF-16, which is not read.
    Utf16,
    /// A NUL byte: not text.
    Binary,
    /// Larger than [`crate::pipeline::MAX_RECORD`].
    TooLarge,
    /// A file of a format that is not read yet.
    FormatNotSupported,
    /// A replacement could not be made.
    ReplacementFailed,
    /// A defect in this program.
    Internal,
}

impl Reason {
    /// Every reason, in the order of their declaration.
    pub(crate) const ALL: [Reason; Reason::Internal as usize + 1] = [
        Reason::InvalidUtf8,
        Reason::JsonUnexpectedByte,
        Reason::JsonUnexpectedEnd,
        Reason::JsonBadEscape,
        Reason::JsonLoneSurrogate,
        Reason::JsonControlCharacter,
        Reason::JsonBadNumber,
        Reason::JsonTrailingData,
        Reason::JsonTooDeep,
        Reason::CsvOpenQuote,
        Reason::CsvTextAfterQuote,
        Reason::CsvColumnCount,
        Reason::XmlMalformed,
        Reason::XmlUnknownEntity,
        Reason::XmlEntityDeclared,
        Reason::XmlTooDeep,
        Reason::XmlEncoding,
        Reason::Hl7NoHeader,
        Reason::Hl7Delimiters,
        Reason::Hl7Charset,
        Reason::Utf16,
        Reason::Binary,
        Reason::TooLarge,
        Reason::FormatNotSupported,
        Reason::ReplacementFailed,
        Reason::Internal,
    ];

    /// The reason of that [name](Reason::name).
    pub(crate) fn parse(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// The name in quarantine files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Reason::InvalidUtf8 => "invalid UTF-8",
            Reason::JsonUnexpectedByte => "unexpected byte in JSON",
            Reason::JsonUnexpectedEnd => "JSON ends too early",
            Reason::JsonBadEscape => "bad escape in JSON string",
            Reason::JsonLoneSurrogate => "lone surrogate in JSON string",
            Reason::JsonControlCharacter => "control character in JSON string",
            Reason::JsonBadNumber => "bad JSON number",
            Reason::JsonTrailingData => "data after the JSON value",
            Reason::JsonTooDeep => "JSON nested too deep",
            Reason::CsvOpenQuote => "quoted field does not end",
            Reason::CsvTextAfterQuote => "text after closing quote",
            Reason::CsvColumnCount => "wrong number of columns",
            Reason::XmlMalformed => "malformed XML",
            Reason::XmlUnknownEntity => "unknown XML entity",
            Reason::XmlEntityDeclared => "entities declared in XML",
            Reason::XmlTooDeep => "XML nested too deep",
            Reason::XmlEncoding => "XML in a charset that is not read",
            Reason::Hl7NoHeader => "no HL7 header segment",
            Reason::Hl7Delimiters => "bad HL7 delimiters",
            Reason::Hl7Charset => "HL7 character set not supported",
            Reason::Utf16 => "UTF-16 text",
            Reason::Binary => "binary data",
            Reason::TooLarge => "record too large",
            Reason::FormatNotSupported => "format not supported",
            Reason::ReplacementFailed => "replacement failed",
            Reason::Internal => "internal error",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
