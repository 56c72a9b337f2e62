//! Values of a chunk that wait for the codes of a vault. Their tokens stand in the output already, without their codes,
//! which are filled in when the vault has given all of them at once and keeps them for good.

use std::collections::HashMap;

use super::content::{self, Content};
use super::whose::Whose;
use super::{TransformError, Value, id, token};
use crate::identifier::Label;
use crate::span::Span;
use crate::vault::{Code, Owner, Request, Vault};

/// Values that wait for their codes, in a buffer that is reused from chunk to chunk.
#[derive(Default)]
pub struct Orders {
    contents: String,
    list: Vec<Order>,
}

/// Invariant: `content` is a span of [`Orders::contents`].
struct Order {
    scope: Option<[u8; 32]>,
    owner: Owner,
    label: Label,
    flags: u8,
    content: Span,
    spelling: Spelling,
}

/// How a code stands in the output.
#[derive(Clone, Copy)]
enum Spelling {
    /// `[NAME:...]`.
    Bracket,
    /// As a logical id of FHIR.
    Id,
}

/// Where a code goes in the output, and which of the [`Orders`] it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hole {
    at: usize,
    order: usize,
}

impl Hole {
    /// The same hole so many bytes further on.
    pub fn moved(self, by: usize) -> Hole {
        Hole { at: self.at + by, ..self }
    }
}

impl Orders {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forgets all but the first `len`: those of a record that is not written.
    pub fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
        self.contents.truncate(self.list.last().map_or(0, |order| order.content.end));
    }

    /// Appends to `holes` where the codes of the orders from `first` to `last` go, whose tokens stand one after the other
    /// from byte `at` of the output on.
    pub fn holes(&self, first: usize, last: usize, at: usize, holes: &mut Vec<Hole>) {
        let mut at = at;
        for (order, waiting) in self.list.iter().enumerate().take(last).skip(first) {
            let (before, behind) = match waiting.spelling {
                // `[NAME:`, the code, `]`.
                Spelling::Bracket => (waiting.label.name().len() + 2, 1),
                Spelling::Id => (id::HEAD, 0),
            };
            at += before;
            holes.push(Hole { at, order });
            at += token::VAULT_CODE + behind;
        }
    }

    /// Appends the tokens of a value to `out`, their codes left blank.
    pub(super) fn add(&mut self, value: &Value<'_>, whose: &Whose, out: &mut String) {
        let Ok(()) = content::pieces(value.text, value.written, |flags, content| {
            self.push(value.label, flags, content, whose, Spelling::Bracket);
            token::write_blank(value.label, out);
            Ok::<_, std::convert::Infallible>(())
        });
    }

    /// Appends what stands in place of a logical id to `out`, its code left blank. How the id is written where it stands is
    /// not kept: it must be the same wherever it stands.
    pub(super) fn add_id(&mut self, text: &str, whose: &Whose, out: &mut String) {
        self.push(id::LABEL, 0, text, whose, Spelling::Id);
        id::write_blank(out);
    }

    fn push(&mut self, label: Label, flags: u8, content: &str, whose: &Whose, spelling: Spelling) {
        let start = self.contents.len();
        self.contents.push_str(content);
        let content = Span::new(start, self.contents.len());
        self.list.push(Order { scope: whose.scope().copied(), owner: whose.owner(), label, flags, content, spelling });
    }

    /// Has the vault give the codes and writes them into `bytes`. When it fails, `bytes` must not be written out.
    pub(super) fn fill(&self, vault: &dyn Vault, holes: &[Hole], bytes: &mut [u8]) -> Result<(), TransformError> {
        // A record says a name several times: each value is asked for once.
        let mut asked = HashMap::with_capacity(self.list.len());
        let mut requests: Vec<Request<'_>> = Vec::with_capacity(self.list.len());
        let which: Vec<usize> = self
            .list
            .iter()
            .map(|order| {
                let content = order.content.of(&self.contents);
                let Order { scope, owner, label, flags, .. } = *order;
                *asked.entry((content, label, flags, scope, owner)).or_insert_with(|| {
                    requests.push(Request { scope, owner, label, flags, content });
                    requests.len() - 1
                })
            })
            .collect();
        let mut given: Vec<Code> = Vec::with_capacity(requests.len());
        vault.exchange(&requests, &mut given)?;
        if given.len() != requests.len() {
            return Err(TransformError::Lost);
        }
        let codes: Vec<Code> = which.into_iter().filter_map(|n| given.get(n).copied()).collect();
        let mut symbols = String::new();
        for hole in holes {
            let (code, order) = codes.get(hole.order).zip(self.list.get(hole.order)).ok_or(TransformError::Lost)?;
            symbols.clear();
            token::write_vault_symbols(order.label, *code, &mut symbols);
            let blank = bytes.get_mut(hole.at..hole.at + token::VAULT_CODE).ok_or(TransformError::Lost)?;
            if blank != token::BLANK.as_bytes() {
                return Err(TransformError::Lost);
            }
            blank.copy_from_slice(symbols.as_bytes());
        }
        // Each code has its place, or a token would go out blank.
        if codes.len() == self.list.len() && holes.len() == codes.len() { Ok(()) } else { Err(TransformError::Lost) }
    }
}

impl std::fmt::Debug for Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Orders").field("waiting", &self.list.len()).finish_non_exhaustive()
    }
}

/// What a vault's entry keeps of a value.
pub(super) fn content(entry: crate::vault::Entry) -> Content {
    Content::new(entry.content, entry.flags)
}
