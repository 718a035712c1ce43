//! How long a failed record waits before its next attempt.

use std::time::Duration;

use crate::{
    rng::Rng,
    settings::{Backoff, Jitter},
};

/// The wait after failure number `failures` (1 = the first): exponential with full jitter, as in
/// Brooker, *Exponential backoff and jitter* (2015), and never less than the handler asked for.
pub fn delay(backoff: Backoff, failures: u32, at_least: Option<Duration>, rng: &mut Rng) -> Duration {
    let ceiling = ceiling(backoff, failures);
    let drawn = match backoff.jitter {
        Jitter::Full => Duration::from_nanos(rng.up_to(nanos(ceiling))),
        Jitter::None => ceiling,
    };
    drawn.max(at_least.unwrap_or_default())
}

fn ceiling(backoff: Backoff, failures: u32) -> Duration {
    let factor = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    let nanos = nanos(backoff.base).saturating_mul(factor);
    Duration::from_nanos(nanos).min(backoff.max)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
