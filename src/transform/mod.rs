//! What stands in place of an identifier: its label, a sealed token, or the value itself where the policy keeps it.
//!
//! The grammar of tokens and what they tell an outsider is written down in `docs/tokens.md`.

#[allow(dead_code)] // until the actions that draw are here
mod draw;
mod escape;
pub mod reveal;
mod seal;
mod token;

use sha2::{Digest, Sha256};

use crate::identifier::Label;
use crate::policy::{Action, Policy, PolicyError};
use crate::secret::Key;
use crate::span::Span;
use seal::Sealer;
use token::Parsed;

/// A policy with the key it needs. One serves all threads.
pub struct Transform {
    policy: Policy,
    sealer: Option<Sealer>,
}

/// Within what equal values share a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Everything sealed with the key.
    Corpus,
    /// One document or record.
    Document,
    /// One patient.
    Patient,
    /// Everything that names this session.
    Session(String),
}

/// One scope: this document, that patient. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ScopeId(Option<[u8; 32]>);

/// How a value is written where it stands, as far as the value alone does not tell.
#[derive(Clone, Copy)]
pub enum Written<'r> {
    /// Reveal's own escaping of the value gives back the bytes that stood there.
    Canonical,
    /// A JSON number: quotes go around its token, and away again.
    JsonNumber,
    /// These bytes, inside a JSON string. Kept only when they are not the canonical escaping.
    Json(&'r str),
    /// These bytes, in a CSV field. Kept only when there are quotes in them: whether the field they stood in was quoted
    /// cannot be told for certain by a reader that does not know the delimiter.
    Csv(&'r str),
    /// In Windows-1252, in text. Kept only when the value is not all ASCII.
    Windows1252,
    /// In Windows-1252, in a CSV field: these characters. Kept only when there are quotes in them, as for [`Written::Csv`].
    Windows1252Csv(&'r str),
}

/// Why a value could not be replaced. The record must be set aside.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    /// The policy asks for a token and there is no key; [`Transform::new`] prevents it.
    #[error("no key to seal tokens with")]
    NoKey,
    /// The cipher refused.
    #[error("the cipher refused to seal a value")]
    Seal,
}

impl Transform {
    /// The policy, with the key if it needs one. With a key it does not need, tokens of that key are still known again.
    pub fn new(policy: Policy, key: Option<&Key>) -> Result<Transform, PolicyError> {
        if policy.needs_key() && key.is_none() {
            return Err(PolicyError::KeyNeeded(policy.name().to_owned()));
        }
        Ok(Transform { policy, sealer: key.map(Sealer::new) })
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Appends what stands in place of `value`; returns false, and appends nothing, when the policy keeps it.
    pub fn replace(
        &self,
        label: Label,
        value: &str,
        scope: &ScopeId,
        out: &mut String,
    ) -> Result<bool, TransformError> {
        self.replace_as(label, value, Written::Canonical, scope, out)
    }

    /// [`replace`](Self::replace) for a value in a JSON string, `raw` being the bytes it was written with where they
    /// differ from the value.
    pub fn replace_raw(
        &self,
        label: Label,
        value: &str,
        raw: Option<&str>,
        scope: &ScopeId,
        out: &mut String,
    ) -> Result<bool, TransformError> {
        self.replace_as(label, value, raw.map_or(Written::Canonical, Written::Json), scope, out)
    }

    /// [`replace`](Self::replace) for a value in a format that writes it in its own way.
    ///
    /// Equal values get equal tokens as long as they are written canonically. One that is not (`\u00f8` for `ø`, `\/`)
    /// carries its bytes, so that it comes back exactly, and so has a token of its own.
    pub fn replace_as(
        &self,
        label: Label,
        value: &str,
        written: Written<'_>,
        scope: &ScopeId,
        out: &mut String,
    ) -> Result<bool, TransformError> {
        match self.policy.action(label) {
            Action::Keep => return Ok(false),
            Action::Redact => token::write_mark(label, out),
            Action::Token => {
                let sealer = self.sealer.as_ref().ok_or(TransformError::NoKey)?;
                sealer.seal(label, value, written, scope.0.as_ref(), out)?;
            }
        }
        Ok(true)
    }

    /// Appends the spans of tokens already in `text` that are to be left alone: sorted, not overlapping.
    ///
    /// These are labels (`[NAME]`), sealed tokens that open with the key, and sealed tokens of other keys, told by their
    /// length, checksum, version and mix of letters and digits. `[NAME:JOHN]` is none of them: it is text, and is
    /// searched as such.
    pub fn existing_tokens(&self, text: &str, out: &mut Vec<Span>) {
        let bytes = text.as_bytes();
        let mut from = 0;
        while let Some(at) = memchr::memchr(b'[', bytes.get(from..).unwrap_or_default()).map(|at| from + at) {
            let end = match token::parse(&bytes[at..]) {
                Parsed::Mark { len } => Some(at + len),
                Parsed::Code { label: Some(label), code, len } => {
                    let ours = self.sealer.as_ref().is_some_and(|sealer| sealer.open(label, code).is_ok());
                    (ours || seal::looks_sealed(label, code)).then_some(at + len)
                }
                _ => None,
            };
            if let Some(end) = end {
                out.push(Span::new(at, end));
            }
            from = end.unwrap_or(at + 1);
        }
    }
}

impl ScopeId {
    /// The scope that `material` belongs to: the document's or the patient's id, or the document's bytes. A corpus and a
    /// session are told by themselves; `material` says nothing there.
    pub fn new(scope: &Scope, material: &[u8]) -> ScopeId {
        let (kind, material) = match scope {
            Scope::Corpus => return ScopeId(None),
            Scope::Document => (b'D', material),
            Scope::Patient => (b'P', material),
            Scope::Session(id) => (b'S', id.as_bytes()),
        };
        ScopeId(Some(Sha256::new().chain_update([kind]).chain_update(material).finalize().into()))
    }
}

impl std::fmt::Debug for ScopeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A digest of an id is enough to find the id by trying.
        f.write_str("ScopeId")
    }
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transform").field("policy", &self.policy.name()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Written<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Written::Canonical => "Canonical",
            Written::JsonNumber => "JsonNumber",
            Written::Json(_) => "Json",
            Written::Csv(_) => "Csv",
            Written::Windows1252 => "Windows1252",
            Written::Windows1252Csv(_) => "Windows1252Csv",
        })
    }
}

#[cfg(test)]
mod tests;
