//! Deidre finds the eighteen HIPAA identifiers in health records and swaps them for tokens that only the key holder can
//! turn back.
//!
//! The path, from bytes to bytes, is described in `docs/architecture.md`; its stages are the modules here.

pub mod audit;
mod base32;
#[cfg(feature = "cli")]
pub mod cli;
pub mod detect;
pub mod engine;
pub mod error;
pub mod eval;
pub mod finding;
mod form;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod identifier;
pub mod model;
pub mod pipeline;
pub mod policy;
mod random;
pub mod record;
pub mod resolve;
pub mod secret;
#[cfg(feature = "service")]
pub mod service;
pub mod setup;
pub mod span;
pub mod transform;
#[cfg(any(feature = "postgres", feature = "service"))]
mod trust;
pub mod vault;
pub mod word;
