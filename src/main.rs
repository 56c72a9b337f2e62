//! The `deidre` command.

fn main() {}
