//! What no inner layer took up: success is done, a permanent failure is disposed of, a transient one is tried
//! again in place.

use prosody_model::{Mono, Outcome};

use crate::{
    backoff,
    middleware::{Facts, Middleware, Settle},
    planted::{self, Bug},
    rng::Rng,
    settings::Backoff,
};

/// Gives every outcome its end.
#[derive(Debug)]
pub struct Retry {
    backoff: Backoff,
}

impl Retry {
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff }
    }
}

impl Middleware for Retry {
    fn settle(&mut self, event: Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        match outcome {
            Outcome::Transient(_) if planted::is(Bug::DropAfterRetries) && event.attempts > 2 => Settle::Done,
            Outcome::Success => Settle::Done,
            Outcome::Permanent(failure) => Settle::Dispose(failure.text.clone()),
            Outcome::Transient(failure) => {
                let wait = backoff::delay(self.backoff, event.attempts, failure.retry_after, rng);
                Settle::RetryAt(now.after(wait))
            }
        }
    }
}
