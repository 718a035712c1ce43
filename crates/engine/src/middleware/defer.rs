//! A record that failed transiently parks its key; everybody else goes on.

use prosody_model::{Mono, Outcome};

use crate::{
    backoff,
    middleware::{Facts, Middleware, Settle},
    planted::{self, Bug},
    rng::Rng,
    settings::Backoff,
};

/// Parks the key of a transient failure until its backoff has gone by.
#[derive(Debug)]
pub struct Defer {
    backoff: Backoff,
}

impl Defer {
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff }
    }
}

impl Middleware for Defer {
    fn settle(&mut self, event: Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        let Outcome::Transient(failure) = outcome else { return Settle::Pass };
        if planted::is(Bug::DropAfterRetries) && event.attempts > 2 {
            return Settle::Done;
        }
        let wait = backoff::delay(self.backoff, event.attempts, failure.retry_after, rng);
        Settle::Park(now.after(wait))
    }
}
