//! The seam for a tagger that reads what rules and dictionaries could not settle.
//!
//! No model is shipped in this version. The gate already says which windows one would be asked about, and
//! [`Engine::with_tagger`](crate::engine::Engine::with_tagger) takes any implementation; what it finds is resolved
//! together with the other evidence.

use crate::finding::Finding;
use crate::span::Span;

/// A stretch of a text that holds a token which evidence has not settled.
#[derive(Clone, Copy)]
pub struct Window<'t> {
    /// The whole text.
    pub text: &'t str,
    /// The stretch, in bytes of the text.
    pub span: Span,
}

/// Finds identifiers in windows of text. One serves all threads.
pub trait Tagger: Send + Sync {
    /// Appends what it finds in `windows`, which are of one text and sorted; spans are bytes of the text, on character
    /// boundaries. What lies outside of the windows is ignored.
    fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Finding>);
}

// Record text must not reach a log through Debug.
impl std::fmt::Debug for Window<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("span", &self.span).finish_non_exhaustive()
    }
}
