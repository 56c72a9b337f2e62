//! Finds identifiers by shape alone: what has a validator strong enough to need no context.

pub(super) mod claim;
pub(crate) mod number;
pub(crate) mod web;
