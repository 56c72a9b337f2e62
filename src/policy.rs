//! Stand-in until the policies come.
