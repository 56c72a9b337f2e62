//! Contents that stand in a record encoded: attachments in base 64, which are decoded, scrubbed and encoded again.

use super::Charset;
use crate::identifier::Label;
use crate::span::Span;

/// A content, decoded.
pub struct Content {
    /// Where its base 64 stands in the record's bytes, without the quotes around it.
    pub raw: Span,
    /// The decoded bytes, of which the `raw` of its segments are spans.
    pub bytes: Vec<u8>,
    /// How they stand for characters.
    pub charset: Charset,
    /// What becomes of it.
    pub fate: Fate,
    /// Where the record says how many bytes it has: a JSON number.
    pub size: Option<Span>,
    /// Where the record has its SHA-1 in base 64.
    pub hash: Option<Span>,
    /// The number of the policy's field that it stands in, see [`super::Select::rules`].
    pub rule: Option<u16>,
}

/// What becomes of a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its texts are searched.
    Search,
    /// It is of a kind that is not searched: an image, a PDF. The policy says whether it goes; a photograph is a
    /// [`Label::Biometric`], others are [`Label::OtherId`].
    Opaque(Label),
}

impl Content {
    /// A content that is searched, of bytes in UTF-8.
    pub fn new(raw: Span, bytes: Vec<u8>) -> Self {
        Self { raw, bytes, charset: Charset::Utf8, fate: Fate::Search, size: None, hash: None, rule: None }
    }
}

// Text of a record must not reach a log through Debug: lengths only.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("raw", &self.raw).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}
