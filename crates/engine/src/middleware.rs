//! One policy, one file, two pure functions: before the handler, and after it.

use prosody_model::{Mono, Outcome, PartitionIndex};

use crate::{action::Skip, rng::Rng};

pub mod dedup;
pub mod defer;
pub mod dispose;
pub mod filter;
pub mod limit;
pub mod replay;
pub mod retry;

/// What a middleware may know of an event.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub partition: PartitionIndex,
    pub offset: i64,
    /// Handler calls so far; in `settle` the one that has just ended included.
    pub attempts: u32,
    /// When its first handler call was started, in this process.
    pub first_attempt: Mono,
    pub ticket: Ticket,
    /// It is run even if its id was processed.
    pub run_if_seen: bool,
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
#[allow(dead_code, reason = "the hot-key watch decides with these")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admit {
    Proceed,
    /// Done without running, for this reason.
    Skip(Skip),
    /// Failed for good without running.
    Fail(String),
    /// The key waits.
    Wait(Mono),
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

/// A policy around handler calls.
pub trait Middleware: std::fmt::Debug + Send {
    fn admit(&mut self, _event: Facts, _now: Mono) -> Admit {
        Admit::Proceed
    }

    fn settle(&mut self, _event: Facts, _outcome: &Outcome, _now: Mono, _rng: &mut Rng) -> Settle {
        Settle::Pass
    }
}
