//! Runs the `deidre` command as its users do.

mod eval;
//! Integration tests, one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dictionary;
