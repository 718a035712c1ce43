//! The middleware of each mode, outermost first. After a call the innermost layer is asked first, and the first
//! that does not pass decides.
//!
//! Order matters. `dedup` is the outermost: it sees nothing of an event but its start and its end, of which the engine
//! tells it, whether that is success, disposal or an acknowledged dead letter. `defer` must be inside `retry`: were it
//! outside, `retry` would take every transient failure first, hold the record in place, and the key would never be
//! parked. `limit` must be inside both, or nobody would ever ask it. `monopolization` is the innermost: it must see
//! every call, also one that a layer further out ends.

use prosody_model::{Mono, Outcome};

use crate::{
    middleware::{
        Admit, Facts, Middleware, Settle, dedup::Dedup, defer::Defer, dispose::Dispose, limit::Limit,
        monopolization::Monopolization, retry::Retry,
    },
    rng::Rng,
    settings::{GiveUp, Mode, Settings},
};

macro_rules! layers {
    ($dedup:expr, $($layer:expr),* $(,)?) => { Stack::of($dedup, vec![$(Box::new($layer)),*]) };
}

/// Nothing is given up that might still succeed, unless somebody set a limit.
fn pipeline(settings: &Settings) -> Stack {
    layers![
        dedup(settings),
        Dispose,
        Retry::new(settings.retry),
        Defer::new(settings.deferral, settings.gate),
        Limit::new(settings.give_up),
        settings.monopolization.map(Monopolization::new),
    ]
}

/// A few attempts in place, then the next record.
fn low_latency(settings: &Settings, max_retries: u32) -> Stack {
    let attempts = GiveUp { attempts: Some(max_retries.saturating_add(1)), age: None };
    layers![dedup(settings), Dispose, Retry::new(settings.retry), Limit::new(attempts)]
}

/// One attempt.
fn best_effort(settings: &Settings) -> Stack {
    layers![dedup(settings), Dispose]
}

fn dedup(settings: &Settings) -> Dedup {
    Dedup::new(settings.intake.remembered_ids)
}

/// The layers around the handler.
#[derive(Debug)]
pub struct Stack {
    /// The outermost layer, in its own type: the engine tells it which records come, go and end.
    pub dedup: Dedup,
    inner: Vec<Box<dyn Middleware>>,
    /// The places of those that are asked before the handler.
    admitting: Vec<usize>,
}

impl Stack {
    pub fn new(settings: &Settings) -> Self {
        match settings.mode {
            Mode::Pipeline => pipeline(settings),
            Mode::LowLatency { max_retries } => low_latency(settings, max_retries),
            Mode::BestEffort => best_effort(settings),
        }
    }

    fn of(dedup: Dedup, inner: Vec<Box<dyn Middleware>>) -> Self {
        let admitting = inner.iter().enumerate().filter(|(_, layer)| layer.admits()).map(|(place, _)| place);
        Self { dedup, admitting: admitting.collect(), inner }
    }

    /// Asks from the outermost layer inwards; the first that does not let the event proceed decides.
    pub fn admit(&mut self, event: &Facts, now: Mono) -> Admit {
        let mut decision = self.dedup.admit(event, now);
        for &place in &self.admitting {
            if decision != Admit::Proceed {
                break;
            }
            decision = self.inner[place].admit(event, now);
        }
        decision
    }

    /// Asks from the innermost layer outwards; the first that does not pass decides.
    pub fn settle(&mut self, event: &Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        for layer in self.inner.iter_mut().rev() {
            match layer.settle(event, outcome, now, rng) {
                Settle::Pass => {}
                decision => return decision,
            }
        }
        Settle::Done
    }

    /// Asks, after a success, whether keys that wait in place need not wait for long.
    pub fn hastens(&mut self) -> bool {
        self.inner.iter_mut().any(|layer| layer.hastens())
    }
}
