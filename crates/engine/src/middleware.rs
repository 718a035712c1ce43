//! One policy, one file, two pure functions: before the handler, and after it.

use std::time::Duration;

use prosody_model::{Mono, Outcome, PartitionIndex};

use crate::{action::Skip, events::NIL, rng::Rng};

pub mod dedup;
pub mod defer;
pub mod dispose;
pub mod filter;
mod gate;
pub mod limit;
pub mod monopolization;
pub mod replay;
pub mod retry;

/// What a middleware may know of an event.
#[derive(Clone, Debug)]
pub struct Facts {
    pub partition: PartitionIndex,
    pub offset: i64,
    /// Handler calls so far; in `settle` the one that has just ended included.
    pub attempts: u32,
    /// When its first handler call was started, in this process; later by the time for which its key was held back.
    pub first_attempt: Mono,
    pub ticket: Ticket,
    /// It is run even if its id was processed.
    pub run_if_seen: bool,
    /// Names the key, if the record has one.
    pub key: Option<u64>,
    /// How long the call that has just ended ran.
    pub ran: Duration,
    /// Whether a failure of this record has parked its key before.
    pub deferred: bool,
}

impl Facts {
    /// What is known of an event that is not there.
    pub const NONE: Self = Self {
        partition: PartitionIndex(u32::MAX),
        offset: -1,
        attempts: 0,
        first_attempt: Mono(0),
        ticket: Ticket { id: NIL, record: NIL },
        run_if_seen: false,
        key: None,
        ran: Duration::ZERO,
        deferred: false,
    };
}

/// What a record is to deduplication.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// Its id among those that are known; `NIL` without one.
    pub id: u32,
    /// Its own number.
    pub record: u32,
}

/// Before the handler.
#[allow(dead_code, reason = "no layer fails a record before it has run")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admit {
    Proceed,
    /// Done without running, for this reason.
    Skip(Skip),
    /// Failed for good without running.
    Fail(String),
    /// The key waits for another record with the id of this one.
    Wait(Mono),
    /// The key waits for what it has done before.
    HoldBack(Mono),
}

/// After the handler. Anything but `Pass` ends the settlement: the layers further out see one final outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settle {
    /// Ask the next layer outwards.
    Pass,
    /// Finished.
    Done,
    /// Given up for this reason: its offset counts as finished once that is settled, see `engine/disposal.rs`.
    Dispose(String),
    /// Again at this instant; meanwhile the record keeps its place in `max_uncommitted`.
    RetryAt(Mono),
    /// Again at this instant; meanwhile the key's records count against no bound but the bytes.
    Park(Mono),
}

impl Admit {
    /// What the next layer inwards says, if this one lets the event proceed.
    pub fn or(self, next: impl FnOnce() -> Self) -> Self {
        if self == Self::Proceed { next() } else { self }
    }
}

impl Settle {
    /// What the next layer outwards says, if this one passes.
    pub fn or(self, next: impl FnOnce() -> Self) -> Self {
        if self == Self::Pass { next() } else { self }
    }
}

/// A policy around handler calls.
pub trait Middleware {
    fn admit(&mut self, _event: &Facts, _now: Mono) -> Admit {
        Admit::Proceed
    }

    fn settle(&mut self, _event: &Facts, _outcome: &Outcome, _now: Mono, _rng: &mut Rng) -> Settle {
        Settle::Pass
    }
}

/// A layer that the mode leaves out lets everything pass.
impl<M: Middleware> Middleware for Option<M> {
    fn admit(&mut self, event: &Facts, now: Mono) -> Admit {
        self.as_mut().map_or(Admit::Proceed, |layer| layer.admit(event, now))
    }

    fn settle(&mut self, event: &Facts, outcome: &Outcome, now: Mono, rng: &mut Rng) -> Settle {
        self.as_mut().map_or(Settle::Pass, |layer| layer.settle(event, outcome, now, rng))
    }
}
