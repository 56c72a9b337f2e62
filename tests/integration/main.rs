//! Tests of the whole, one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod records;
mod verbs;
