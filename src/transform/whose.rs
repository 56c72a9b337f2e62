//! Whose record a value stands in: within what equal values share a token, whose key seals it, by whom dates are shifted.

use sha2::{Digest, Sha256};

use crate::vault::Owner;

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

/// What is known of whose record it is. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Whose {
    scope: Option<[u8; 32]>,
    owner: Owner,
    /// The patient, or the document where it is not known.
    subject: [u8; 32],
}

impl Whose {
    /// A record within `scope`, of that patient if one is known; `document` tells documents apart.
    ///
    /// The scope of a patient who is not known is the document: nobody's record shares tokens with nobody else's.
    pub fn new(scope: &Scope, patient: Option<&str>, document: &[u8]) -> Whose {
        let patient = patient.map(str::trim).filter(|patient| !patient.is_empty()).map(digest_of_patient);
        let document = || digest(b'D', document);
        let subject = patient.unwrap_or_else(document);
        let theirs = patient.map_or(Owner::Corpus, Owner::Patient);
        let (scope, owner) = match scope {
            // What patients share belongs to none of them.
            Scope::Corpus => (None, Owner::Corpus),
            Scope::Document => (Some(document()), theirs),
            Scope::Patient => (Some(subject), theirs),
            Scope::Session(id) => {
                let session = digest(b'S', id.as_bytes());
                (Some(session), Owner::Session(session))
            }
        };
        Whose { scope, owner, subject }
    }

    /// Within what equal values share a token; `None` for all that the key seals.
    pub(super) fn scope(&self) -> Option<&[u8; 32]> {
        self.scope.as_ref()
    }

    /// Whose data key seals it in a vault.
    pub(super) fn owner(&self) -> Owner {
        self.owner
    }

    /// By whom dates are shifted.
    pub(super) fn subject(&self) -> &[u8; 32] {
        &self.subject
    }
}

/// The owner of what `deidre vault shred --patient ID` deletes.
pub fn patient(id: &str) -> Owner {
    Owner::Patient(digest_of_patient(id.trim()))
}

/// The owner of what `deidre vault shred --session ID` deletes.
pub fn session(id: &str) -> Owner {
    Owner::Session(digest(b'S', id.as_bytes()))
}

fn digest_of_patient(id: &str) -> [u8; 32] {
    digest(b'P', id.as_bytes())
}

fn digest(kind: u8, material: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([kind]).chain_update(material).finalize().into()
}

impl std::fmt::Debug for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A digest of an id is enough to find the id by trying.
        f.write_str("Whose")
    }
}
