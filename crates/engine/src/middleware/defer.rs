//! A record that failed transiently parks its key; everybody else goes on. Unless nearly everything fails.

use std::time::Duration;

use prosody_model::{Mono, Outcome};

use crate::{
    backoff,
    middleware::{Facts, Middleware, Settle, gate::Gate},
    planted::{self, Bug},
    rng::Rng,
    settings::{self, Deferral},
};

/// Parks the key of a transient failure until its backoff has gone by. While the gate is closed, a failure is left to
/// the layer outside, which retries in place; but what has been parked before stays so. With [`Deferral::Off`] it lets
/// everything pass.
#[derive(Debug)]
pub struct Defer {
    deferral: Deferral,
    gate: Gate,
    /// A success has ended an outage, and nobody has asked since.
    healed: bool,
}

impl Defer {
    pub fn new(deferral: Deferral, gate: settings::Gate) -> Self {
        Self { deferral, gate: Gate::new(gate), healed: false }
    }

    /// Asked after a success while keys wait in place: whether they need not wait for longer than the base delay.
    pub fn hastens(&mut self) -> bool {
        self.gate.succeeded()
    }

    /// Asked after a success while keys are deferred: how long they wait at most, if it has ended an outage.
    pub fn heals(&mut self) -> Option<Duration> {
        let Deferral::On(backoff) = self.deferral else { return None };
        std::mem::take(&mut self.healed).then_some(backoff.base)
    }
}

impl Middleware for Defer {
    fn settle(&mut self, event: &Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        let Deferral::On(backoff) = self.deferral else { return Settle::Pass };
        if event.attempts == 1 {
            self.gate.count(matches!(outcome, Outcome::Transient(_)), now);
        }
        if matches!(outcome, Outcome::Success) {
            self.healed |= self.gate.heals();
        }
        let Outcome::Transient(failure) = outcome else { return Settle::Pass };
        if planted::is(Bug::DropAfterRetries) && event.attempts > 2 {
            return Settle::Done;
        }
        if !event.deferred && self.gate.is_closed(now) {
            return Settle::Pass;
        }
        let wait = backoff::delay(backoff, event.attempts, failure.retry_after, rng);
        Settle::Park(now.after(wait))
    }
}
