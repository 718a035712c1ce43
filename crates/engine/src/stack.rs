//! The middleware of each mode, outermost first.
//!
//! Order matters. `defer` must be inside `retry`: were it outside, `retry` would take every transient failure
//! first, hold the record in place, and the key would never be parked.

use prosody_model::{Mono, Outcome};

use crate::{
    middleware::{Admit, Facts, Middleware, Settle, defer::Defer, retry::Retry},
    rng::Rng,
    settings::{Deferral, Settings},
};

/// The layers around the handler.
#[derive(Debug)]
pub struct Stack(Vec<Box<dyn Middleware>>);

/// Pipeline mode: nothing is given up that might still succeed.
fn pipeline(settings: &Settings) -> Vec<Box<dyn Middleware>> {
    let mut layers: Vec<Box<dyn Middleware>> = vec![Box::new(Retry::new(settings.retry))];
    if let Deferral::On(backoff) = settings.deferral {
        layers.push(Box::new(Defer::new(backoff)));
    }
    layers
}

impl Stack {
    pub fn new(settings: &Settings) -> Self {
        Self(pipeline(settings))
    }

    /// Asks from the outermost layer inwards; the first that does not let the event proceed decides.
    pub fn admit(&mut self, event: Facts, now: Mono) -> Admit {
        for layer in &mut self.0 {
            match layer.admit(event, now) {
                Admit::Proceed => {}
                decision => return decision,
            }
        }
        Admit::Proceed
    }

    /// Asks from the innermost layer outwards; the first that does not pass decides.
    pub fn settle(&mut self, event: Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        for layer in self.0.iter_mut().rev() {
            match layer.settle(event, outcome, now, rng) {
                Settle::Pass => {}
                decision => return decision,
            }
        }
        Settle::Done
    }
}
