//! How often, or for how long, a record may fail transiently before it is given up.

use prosody_model::{Mono, Outcome};

use crate::{
    middleware::{Facts, Middleware, Settle},
    rng::Rng,
    settings::GiveUp,
};

/// Lets a transient failure pass outwards until the first of its bounds is reached.
#[derive(Debug)]
pub struct Limit {
    bounds: GiveUp,
}

impl Limit {
    pub fn new(bounds: GiveUp) -> Self {
        Self { bounds }
    }

    fn reached(&self, event: &Facts, now: Mono) -> bool {
        let GiveUp { attempts, age } = self.bounds;
        attempts.is_some_and(|most| event.attempts >= most)
            || age.is_some_and(|most| now.since(event.first_attempt) >= most)
    }
}

impl Middleware for Limit {
    fn settle(&mut self, event: &Facts, outcome: &Outcome, now: Mono, _rng: &mut Rng) -> Settle {
        match outcome {
            Outcome::Transient(failure) if self.reached(event, now) => Settle::Dispose(failure.text.clone()),
            _ => Settle::Pass,
        }
    }
}
