//! How often somebody may ask.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A rate: a bucket of `burst` tokens into which `rate` drop each second, and from which each request takes one.
pub(crate) struct Bucket {
    rate: f64,
    burst: f64,
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    /// A full bucket. Without a burst it holds what drops in a second, and at least one.
    ///
    /// # Errors
    ///
    /// What is wrong with the numbers.
    pub(crate) fn new(rate: f64, burst: Option<f64>) -> Result<Self, &'static str> {
        let burst = burst.unwrap_or(rate.max(1.0));
        if !(rate > 0.0 && rate.is_finite() && burst >= 1.0 && burst.is_finite()) {
            return Err("rate must be above 0, and burst at least 1");
        }
        Ok(Self { rate, burst, level: Mutex::new((burst, Instant::now())) })
    }

    /// Takes a token, or says how long it takes until there is one.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, since) = *level;
        let tokens = (tokens + now.saturating_duration_since(since).as_secs_f64() * self.rate).min(self.burst);
        if tokens < 1.0 {
            *level = (tokens, now.max(since));
            let wait = ((1.0 - tokens) / self.rate).min(3600.0);
            return Err(Duration::from_secs_f64(wait));
        }
        *level = (tokens - 1.0, now.max(since));
        Ok(())
    }
}
