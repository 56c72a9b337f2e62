//! Tests of the whole, one binary: runs the `deidre` command as its users do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arbitrary;
#[cfg(feature = "gateway")]
mod audit_report;
mod batch;
mod dictionary;
mod docs;
mod eval;
mod faults;
mod golden;
mod markers;
mod model;
mod records;
mod rewriting;
#[cfg(feature = "service")]
mod serve;
mod streams;
mod tokens;
mod vault;
mod verbs;
mod whole;
