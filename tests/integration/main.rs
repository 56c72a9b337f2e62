//! Runs the `deidre` command as its users do.

mod eval;
mod tokens;
