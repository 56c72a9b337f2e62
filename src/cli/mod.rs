//! The command line.

pub(crate) mod dictionary;
