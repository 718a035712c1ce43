//! A record that failed transiently is tried again in place: its partition is held back meanwhile.

use prosody_model::{Mono, Outcome};

use crate::{
    backoff,
    middleware::{Facts, Middleware, Settle},
    planted::{self, Bug},
    rng::Rng,
    settings::Backoff,
};

/// Tries again what no inner layer has parked or given up.
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
    fn settle(&mut self, event: &Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        let Outcome::Transient(failure) = outcome else { return Settle::Pass };
        if planted::is(Bug::DropAfterRetries) && event.attempts > 2 {
            return Settle::Done;
        }
        let wait = backoff::delay(self.backoff, event.attempts, failure.retry_after, rng);
        Settle::RetryAt(now.after(wait))
    }
}
