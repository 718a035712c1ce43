//! The end of every record: what no inner layer wants to try again.

use prosody_model::{Mono, Outcome};

use crate::{
    middleware::{Facts, Middleware, Settle},
    rng::Rng,
};

/// Success is done; a failure that reaches this layer is given up: a dead letter where there is a failure topic,
/// else said and counted as done.
#[derive(Debug)]
pub struct Dispose;

impl Middleware for Dispose {
    fn settle(&mut self, _event: &Facts, outcome: &Outcome, _now: Mono, _rng: &mut Rng) -> Settle {
        match outcome {
            Outcome::Success | Outcome::Unmarked | Outcome::Marked => Settle::Done,
            Outcome::Transient(failure) | Outcome::Permanent(failure) => {
                Settle::Dispose(failure.text.clone())
            }
        }
    }
}
