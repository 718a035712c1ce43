//! A record that failed transiently parks its key; everybody else goes on.

use prosody_model::{Mono, Outcome};

use crate::{
    backoff,
    middleware::{Facts, Middleware, Settle},
    planted::{self, Bug},
    rng::Rng,
    settings::Deferral,
};

/// Parks the key of a transient failure until its backoff has gone by; with [`Deferral::Off`] it lets everything
/// pass.
#[derive(Debug)]
pub struct Defer {
    deferral: Deferral,
}

impl Defer {
    pub fn new(deferral: Deferral) -> Self {
        Self { deferral }
    }
}

impl Middleware for Defer {
    fn settle(&mut self, event: Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        let (Outcome::Transient(failure), Deferral::On(backoff)) = (outcome, self.deferral) else {
            return Settle::Pass;
        };
        if planted::is(Bug::DropAfterRetries) && event.attempts > 2 {
            return Settle::Done;
        }
        let wait = backoff::delay(backoff, event.attempts, failure.retry_after, rng);
        Settle::Park(now.after(wait))
    }
}
