//! What stands in place of an identifier: its label, a token, what the policy makes of it, or the value itself where the
//! policy keeps it.
//!
//! The grammar of tokens and what they tell an outsider is written down in `docs/tokens.md`.

mod age;
mod content;
mod date;
mod draw;
pub(crate) mod escape;
mod fhir;
mod generalise;
mod geography;
mod id;
mod make;
mod mask;
mod order;
pub mod reveal;
mod seal;
mod surrogate;
mod token;
pub mod whose;
mod zip3;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::form::Form;
use crate::identifier::Label;
use crate::policy::{Action, Claim, FhirDates, Policy, PolicyError, Requirement, TokenKind};
use crate::secret::Keyring;
use crate::span::Span;
use crate::vault::{Vault, VaultError};
use id::{Digests, Ids};
use make::Makers;
pub use order::{Hole, Orders};
use seal::Sealer;
use token::Parsed;
pub use whose::{Scope, Whose};

/// A policy with the means to carry it out. One serves all threads.
pub struct Transform {
    policy: Policy,
    /// Of each key, the current one first.
    sealers: Vec<Sealer>,
    /// Of the same keys.
    ids: Vec<Ids>,
    /// Ids that are neither kept in a vault nor sealed.
    digests: Digests,
    /// What all records share.
    corpus: Whose,
    vault: Option<Arc<dyn Vault>>,
    makers: Makers,
}

/// What a policy is carried out with.
pub struct Means<'k> {
    /// Seals, draws, and tells tokens of theirs again.
    pub keys: Option<&'k Keyring>,
    /// Gives the codes of tokens that can be looked up.
    pub vault: Option<Arc<dyn Vault>>,
    /// The present year, unless the policy names one: ages are counted to it.
    pub year: i16,
    /// What digests of resource ids are taken under where no key may be used for them: without it, a secret that is drawn
    /// and forgotten with the [`Transform`]. Runs over parts of one export must be given the same one to be joined on;
    /// whoever keeps it can try ids, so that it must be deleted when the export is done.
    pub joins: Option<Zeroizing<[u8; 32]>>,
}

/// A value that is to be replaced.
#[derive(Clone, Copy)]
pub struct Value<'v> {
    /// What it is.
    pub label: Label,
    /// In which of the policy's fields it stands.
    pub rule: Option<u16>,
    /// The value, escapes resolved.
    pub text: &'v str,
    /// How it is written where it stands.
    pub written: Written<'v>,
    /// What must stand in its place for the record to stay valid.
    pub form: Form,
}

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
    /// These bytes, in XML, HL7 or RTF. Kept only when they are not the value.
    Raw(&'r str),
    /// In Windows-1252, in XML, HL7 or RTF: these characters.
    Windows1252Raw(&'r str),
}

/// Why a value could not be replaced. Nothing of its record, or of its chunk, may be written.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    /// The policy asks for a token and there is no key; [`Transform::new`] prevents it.
    #[error("no key to seal tokens with")]
    NoKey,
    /// The policy asks for a vault's token and there is none; [`Transform::new`] prevents it.
    #[error("no vault to give codes")]
    NoVault,
    /// The cipher refused.
    #[error("the cipher refused to seal a value")]
    Seal,
    /// The vault did not give codes.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A code has no place, or a place no code.
    #[error("codes of the vault and tokens of the output do not fit together")]
    Lost,
}

impl Transform {
    /// The policy, with the means that it needs. With keys it does not need, tokens of those keys are still known again.
    ///
    /// # Errors
    ///
    /// When something that it needs is not there.
    pub fn new(policy: Policy, means: Means<'_>) -> Result<Transform, PolicyError> {
        let needs = policy.needs();
        if needs.vault == Requirement::Required && means.vault.is_none() {
            return Err(PolicyError::VaultNeeded(policy.name().to_owned()));
        }
        if needs.key && means.keys.is_none() {
            return Err(PolicyError::KeyNeeded(policy.name().to_owned()));
        }
        let sealers = means.keys.into_iter().flat_map(Keyring::iter).map(Sealer::new).collect();
        let ids = means.keys.into_iter().flat_map(Keyring::iter).map(Ids::new).collect();
        let current = means.keys.map(Keyring::current);
        let makers = Makers::new(&policy, current, means.year);
        // Under a key that is kept, digests are codes derived from the value, which 45 CFR 164.514(c) does not allow.
        let digests = match (current.filter(|_| !policy.violations(Claim::SafeHarbor).is_empty()), means.joins) {
            (Some(key), _) => Digests::of_key(key),
            (None, Some(secret)) => Digests::of_secret(&secret),
            (None, None) => {
                let mut secret = Zeroizing::new([0; 32]);
                getrandom::fill(secret.as_mut_slice()).map_err(|_| PolicyError::Random)?;
                Digests::of_secret(&secret)
            }
        };
        let corpus = Whose::new(&Scope::Corpus, None, &[]);
        Ok(Transform { policy, sealers, ids, digests, corpus, vault: means.vault, makers })
    }

    /// Whether ids are joined by a secret that is no key: by [`Transform::joining`], or one drawn at random.
    pub fn joins(&self) -> bool {
        !self.digests.is_of_key() && !matches!(self.policy.action(Label::OtherId), Action::Keep | Action::Token(_))
    }

    /// The same, with ids that are digests joined by that secret, where no key may be used for them.
    pub fn joining(self, secret: &Zeroizing<[u8; 32]>) -> Transform {
        match self.digests.is_of_key() {
            true => self,
            false => Transform { digests: Digests::of_secret(secret), ..self },
        }
    }

    /// Whether it matters within `scope` whose record a value stands in: what is made of a value is the same for all
    /// otherwise.
    pub fn tells_apart(&self, scope: &Scope) -> bool {
        *scope != Scope::Corpus || self.policy.has(Action::Shift)
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Appends what stands in place of `value`; returns false, and appends nothing, when the policy keeps it.
    ///
    /// Equal values get equal tokens within their scope, as long as they are written canonically. One that is not
    /// (`\u00f8` for `ø`, `\/`) carries its bytes, so that it comes back exactly, and so has a token of its own.
    ///
    /// A value whose [`Form`] asks for it becomes what is valid there, which not every action can turn back: ids become
    /// ids, dates of FHIR the moved date or the year, numbers a number. Ids are the same in all scopes.
    ///
    /// Codes of a vault are left blank and the value is added to `orders`: [`settle`](Self::settle) fills them in.
    ///
    /// # Errors
    ///
    /// The record must not pass then.
    pub fn replace(
        &self,
        value: &Value<'_>,
        whose: &Whose,
        orders: &mut Orders,
        out: &mut String,
    ) -> Result<bool, TransformError> {
        let action = self.policy.action_in(value.rule, value.label);
        match value.form {
            _ if action == Action::Keep => return Ok(false),
            Form::Id => return self.id(action, value.text, orders, out).map(|()| true),
            Form::FhirDate | Form::FhirDateTime | Form::FhirInstant
                if self.policy.settings().fhir_dates == FhirDates::Year =>
            {
                let year_stays = self.policy.action_in(value.rule, Label::Year) == Action::Keep;
                self.makers.fhir_date(action, year_stays, (value.text, value.form), whose, out);
                return Ok(true);
            }
            Form::Number => {
                self.makers.number(action, value.label, value.text, whose, out);
                return Ok(true);
            }
            Form::FhirDate | Form::FhirDateTime | Form::FhirInstant | Form::Free | Form::Shared => {}
        }
        match (action, &self.vault) {
            (Action::Keep, _) => return Ok(false),
            (Action::Redact, _) => token::write_mark(value.label, out),
            (Action::Token(TokenKind::Vault | TokenKind::Either), Some(_)) => orders.add(value, whose, out),
            (Action::Token(TokenKind::Vault), None) => return Err(TransformError::NoVault),
            (Action::Token(TokenKind::Sealed | TokenKind::Either), _) => {
                let sealer = self.sealers.first().ok_or(TransformError::NoKey)?;
                sealer.seal(value.label, value.text, value.written, whose.scope(), out)?;
            }
            (action, _) => {
                let before = out.len();
                if !self.makers.make(action, value.label, value.text, whose, out) {
                    out.truncate(before);
                    token::write_mark(value.label, out);
                }
            }
        }
        Ok(true)
    }

    /// Appends what stands in place of the id of a resource: the same in all records, whatever they share otherwise.
    fn id(&self, action: Action, id: &str, orders: &mut Orders, out: &mut String) -> Result<(), TransformError> {
        let done = match (action, &self.vault) {
            (Action::Token(TokenKind::Vault | TokenKind::Either), Some(_)) if id.len() <= content::PIECE => {
                orders.add_id(id, &self.corpus, out);
                true
            }
            (Action::Token(TokenKind::Vault), None) => return Err(TransformError::NoVault),
            (Action::Token(TokenKind::Sealed | TokenKind::Either), _) => {
                self.ids.first().ok_or(TransformError::NoKey)?.seal(id, out)?
            }
            _ => false,
        };
        if !done {
            self.digests.write(id, out);
        }
        Ok(())
    }

    /// Has the vault give codes for `orders` and writes them into the `holes` of `bytes`, which hold the output of a chunk.
    /// When it returns, the vault keeps the values for good, and the chunk may leave.
    ///
    /// # Errors
    ///
    /// Nothing of the chunk may be written then.
    pub fn settle(&self, orders: &Orders, holes: &[Hole], bytes: &mut [u8]) -> Result<(), TransformError> {
        match &self.vault {
            _ if orders.is_empty() && holes.is_empty() => Ok(()),
            Some(vault) => orders.fill(vault.as_ref(), holes, bytes),
            None => Err(TransformError::Lost),
        }
    }

    /// Appends the spans of tokens already in `text` that are to be left alone: sorted, not overlapping.
    ///
    /// These are labels (`[NAME]`), sealed tokens that open with a key at hand, sealed tokens of other keys, told by their
    /// length, checksum, version and mix of letters and digits, tokens that the vault has given, and what stands in place
    /// of resource ids, told in the same ways. `[NAME:JOHN]` is none
    /// of them: it is text, and is searched as such.
    ///
    /// # Errors
    ///
    /// When the vault cannot be asked.
    pub fn existing_tokens(&self, text: &str, out: &mut Vec<Span>) -> Result<(), TransformError> {
        let bytes = text.as_bytes();
        // Most values of fields are too short to hold an id, and hold no bracket.
        if bytes.len() < id::SHORTEST && bytes.iter().all(|b| *b != b'[') {
            return Ok(());
        }
        let (mut from, first) = (0, out.len());
        while let Some(at) = memchr::memchr(b'[', bytes.get(from..).unwrap_or_default()).map(|at| from + at) {
            let end = match token::parse(bytes.get(at..).unwrap_or_default()) {
                Parsed::Mark { len } => Some(at + len),
                Parsed::Code { label: Some(label), code, len } => {
                    let ours = self.sealers.iter().any(|sealer| sealer.open(label, code).is_ok())
                        || seal::looks_sealed(label, code)
                        || self.gave(label, code)?;
                    ours.then_some(at + len)
                }
                _ => None,
            };
            if let Some(end) = end {
                out.push(Span::new(at, end));
            }
            from = end.unwrap_or(at + 1);
        }
        self.existing_ids(bytes, out)?;
        // Neither has what begins the other.
        out.get_mut(first..).unwrap_or_default().sort_unstable_by_key(|span| span.start);
        Ok(())
    }

    /// Appends where replacements of ids stand.
    fn existing_ids(&self, bytes: &[u8], out: &mut Vec<Span>) -> Result<(), TransformError> {
        if bytes.len() < id::SHORTEST {
            return Ok(());
        }
        let mut from = 0;
        while let Some(at) = id::find(bytes, from) {
            from = at + 1;
            let id::Parsed::Id { kind, code, len } = id::parse(bytes.get(at..).unwrap_or_default()) else { continue };
            let ours = match kind {
                id::Kind::Vault => self.gave(id::LABEL, code)?,
                _ => id::looks_ours(kind, code),
            };
            if ours {
                out.push(Span::new(at, at + len));
                from = at + len;
            }
        }
        Ok(())
    }

    /// Whether the vault gave that code.
    fn gave(&self, label: Label, code: &[u8]) -> Result<bool, VaultError> {
        let (Some(vault), Ok(code)) = (&self.vault, token::read_vault_code(label, code)) else { return Ok(false) };
        let mut known = Vec::with_capacity(1);
        vault.known(&[code], &mut known)?;
        Ok(known.first() == Some(&Some(label)))
    }
}

impl Default for Means<'_> {
    /// Nothing but a year, which is that of this program: whoever runs it later should say which year it is.
    fn default() -> Self {
        Means { keys: None, vault: None, year: 2026, joins: None }
    }
}

/// Name and version of the table that [`Action::Zip3`] goes by, for whoever keeps a record of what was done.
pub fn zip3_table() -> String {
    format!("{}, version {}", geography::Zip3Table::NAME, geography::Zip3Table::VERSION)
}

impl<'k> Means<'k> {
    /// Keys alone.
    pub fn keys(keys: &'k Keyring) -> Means<'k> {
        Means { keys: Some(keys), ..Means::default() }
    }
}

impl<'v> Value<'v> {
    /// A value that is written canonically.
    pub fn new(label: Label, text: &'v str) -> Value<'v> {
        Value { label, rule: None, text, written: Written::Canonical, form: Form::Free }
    }
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transform").field("policy", &self.policy.name()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").field("label", &self.label).field("bytes", &self.text.len()).finish_non_exhaustive()
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
            Written::Raw(_) => "Raw",
            Written::Windows1252Raw(_) => "Windows1252Raw",
        })
    }
}

#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod tests;
