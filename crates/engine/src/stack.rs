//! The middleware of each mode. There is one order; a mode leaves layers out. Before a call the outermost layer is asked
//! first, after it the innermost; the first that decides ends the matter.
//!
//! Order matters. `dedup` is the outermost: it sees nothing of an event but its start and its end, of which the engine
//! tells it, whether that is success, disposal or an acknowledged dead letter. `defer` must be inside `retry`: were it
//! outside, `retry` would take every transient failure first, hold the record in place, and the key would never be
//! parked. `limit` must be inside both, or nobody would ever ask it. `monopolization` is the innermost: it must see
//! every call, also one that a layer further out ends.
//!
//! Each layer is in its own type: they are asked for every record, and most of them have nothing to say.

use std::time::Duration;

use prosody_model::{Mono, Outcome};

use crate::{
    middleware::{
        Admit, Facts, Middleware, Settle, dedup::Dedup, defer::Defer, dispose::Dispose, limit::Limit,
        monopolization::Monopolization, retry::Retry,
    },
    rng::Rng,
    settings::{GiveUp, Mode, Settings},
};

/// The layers around the handler, outermost first.
#[derive(Debug)]
pub struct Stack {
    /// The engine tells it which records come, go and end.
    pub dedup: Dedup,
    dispose: Dispose,
    retry: Option<Retry>,
    defer: Option<Defer>,
    limit: Option<Limit>,
    monopolization: Option<Monopolization>,
}

impl Stack {
    pub fn new(settings: &Settings) -> Self {
        match settings.mode {
            Mode::Pipeline => Self::pipeline(settings),
            Mode::LowLatency { max_retries } => Self::low_latency(settings, max_retries),
            Mode::BestEffort => Self::best_effort(settings),
        }
    }

    /// Nothing is given up that might still succeed, unless somebody set a limit.
    fn pipeline(settings: &Settings) -> Self {
        Self {
            retry: Some(Retry::new(settings.retry)),
            defer: Some(Defer::new(settings.deferral, settings.gate)),
            limit: Some(Limit::new(settings.give_up)),
            monopolization: settings.monopolization.map(Monopolization::new),
            ..Self::best_effort(settings)
        }
    }

    /// A few attempts in place, then the next record.
    fn low_latency(settings: &Settings, max_retries: u32) -> Self {
        let attempts = GiveUp { attempts: Some(max_retries.saturating_add(1)), age: None };
        Self {
            retry: Some(Retry::new(settings.retry)),
            limit: Some(Limit::new(attempts)),
            ..Self::best_effort(settings)
        }
    }

    /// One attempt.
    fn best_effort(settings: &Settings) -> Self {
        Self {
            dedup: Dedup::new(settings.intake.remembered_ids),
            dispose: Dispose,
            retry: None,
            defer: None,
            limit: None,
            monopolization: None,
        }
    }

    /// Asks from the outermost layer inwards; the first that does not let the event proceed decides.
    pub fn admit(&mut self, event: &Facts, now: Mono) -> Admit {
        (self.dedup.admit(event, now))
            .or(|| self.dispose.admit(event, now))
            .or(|| self.retry.admit(event, now))
            .or(|| self.defer.admit(event, now))
            .or(|| self.limit.admit(event, now))
            .or(|| self.monopolization.admit(event, now))
    }

    /// Asks from the innermost layer outwards; the first that does not pass decides.
    pub fn settle(&mut self, event: &Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        (self.monopolization.settle(event, outcome, now, rng))
            .or(|| self.limit.settle(event, outcome, now, rng))
            .or(|| self.defer.settle(event, outcome, now, rng))
            .or(|| self.retry.settle(event, outcome, now, rng))
            .or(|| self.dispose.settle(event, outcome, now, rng))
    }

    /// Asks, after a success, whether keys that wait in place need not wait for long.
    pub fn hastens(&mut self) -> bool {
        self.defer.as_mut().is_some_and(Defer::hastens)
    }

    /// Asks, after a success, for how long deferred keys wait at most from now on, if it has ended an outage.
    pub fn heals(&mut self) -> Option<Duration> {
        self.defer.as_mut().and_then(Defer::heals)
    }
}
