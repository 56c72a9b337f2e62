//! What stands in place of an identifier. Stand-in until the tokens come: labels only.

use crate::identifier::Label;
use crate::span::Span;

/// Policy and key.
#[derive(Debug, Default)]
pub struct Transform {}

/// Within what equal values share a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Corpus,
    /// One document or record.
    Document,
    /// One patient.
    Patient,
    /// A caller's session.
    Session(String),
}

/// A scope's value.
#[derive(Clone)]
pub struct ScopeId(());

impl ScopeId {
    /// From salt material.
    pub fn new(_material: &[u8]) -> Self {
        Self(())
    }
}

/// A replacement could not be made.
#[derive(Debug, thiserror::Error)]
#[error("replacement failed")]
pub struct TransformError;

impl Transform {
    /// Appends what stands in place of `value`; false when the policy keeps the value as it is.
    ///
    /// # Errors
    ///
    /// None yet.
    pub fn replace(
        &self,
        label: Label,
        _value: &str,
        _scope: &ScopeId,
        out: &mut String,
    ) -> Result<bool, TransformError> {
        if !label.is_identifier() {
            return Ok(false);
        }
        out.push('[');
        out.push_str(label.name());
        out.push(']');
        Ok(true)
    }

    /// Spans of tokens already in `text`.
    pub fn existing_tokens(&self, _text: &str, _out: &mut Vec<Span>) {}
}
