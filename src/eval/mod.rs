//! Measures findings against gold notes, the way a privacy officer reads them: what leaked, what was over-redacted.
//!
//! Everything here counts in Unicode code points, as the annotation guide does.

mod brat;
pub mod gold;
mod i2b2;
mod inline;
pub mod interval;
mod letter;
mod margin;
pub mod score;

pub use gold::{GoldError, GoldSpan, Note};
pub use score::{Predicted, Report};
