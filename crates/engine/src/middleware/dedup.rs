//! A message whose id was processed is not run again.
//!
//! ```text
//!   enter ──▶ waiting ── claim ──▶ under way ── record ──▶ processed ── leave ──▶ remembered ── forgotten
//!   (admission)  │     (dispatch)      │    (success or disposal)                  (the latest ids)
//!                └──────── leave ──────┴──▶ (gone: its partition was given up)
//! ```
//!
//! An id is entered at admission and claimed when its record would start, for only then is it known what became of
//! a twin before it. A record that is retried or parked keeps its claim: it is the same event, of which this layer,
//! the outermost, sees nothing but the end. Twins of one key wait for each other in its lane anyway; a twin in
//! another lane (the same key in another partition, or no key) is asked again after [`TWIN`].
//!
//! Here a store comes in: an id that [`Dedup::enter`] meets for the first time is a miss of this memory, to be looked
//! up with the others of its batch; until the answer has come, 2 s at most, its record would be `UnderWay`, and what
//! the store knows would be `Seen`. [`Dedup::record`] is what there would be to write.

use std::time::Duration;

use prosody_model::Mono;

use crate::{
    action::Skip,
    events::NIL,
    middleware::{Admit, Facts, Middleware, Ticket},
};
use seen::Seen;

mod seen;

/// How long a twin waits before it is looked at again.
const TWIN: Duration = Duration::from_millis(100);

/// What stands against running a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing. The id is this record's until it is left.
    Own,
    /// The id was processed.
    Seen,
    /// Another record with this id is under way.
    UnderWay,
}

/// The ids that are in hand, and the latest that were processed.
#[derive(Debug)]
pub struct Dedup {
    /// `None`: deduplication is off.
    seen: Option<Seen>,
}

impl Dedup {
    /// Remembers so many ids; 0 switches it off.
    pub fn new(remembered: usize) -> Self {
        Self { seen: (remembered > 0).then(|| Seen::new(remembered)) }
    }

    /// A record with this id is in hand. Its ticket, to be left when the record goes; [`NIL`] stands for no id.
    pub fn enter(&mut self, id: Option<u128>) -> u32 {
        match (&mut self.seen, id) {
            (Some(seen), Some(id)) => seen.enter(id),
            _ => NIL,
        }
    }

    /// Asks for `record` before it starts, each time.
    pub fn claim(&mut self, ticket: u32, record: u32, run_if_seen: bool) -> Claim {
        match &mut self.seen {
            Some(seen) if ticket != NIL => seen.claim(ticket, record, run_if_seen),
            _ => Claim::Own,
        }
    }

    /// The record with this ticket succeeded or was disposed of.
    pub fn record(&mut self, ticket: u32) {
        if let Some(seen) = self.seen.as_mut().filter(|_| ticket != NIL) {
            seen.record(ticket);
        }
    }

    /// `record` is not in hand any more.
    pub fn leave(&mut self, ticket: u32, record: u32) {
        if let Some(seen) = self.seen.as_mut().filter(|_| ticket != NIL) {
            seen.leave(ticket, record);
        }
    }

    /// Ids of records in hand, and ids remembered.
    #[cfg(test)]
    pub fn len(&self) -> (usize, usize) {
        self.seen.as_ref().map_or((0, 0), Seen::len)
    }
}

impl Middleware for Dedup {
    fn admit(&mut self, event: &Facts, now: Mono) -> Admit {
        let Ticket { id, record } = event.ticket;
        match self.claim(id, record, event.run_if_seen) {
            Claim::Own => Admit::Proceed,
            Claim::Seen => Admit::Skip(Skip::Duplicate),
            Claim::UnderWay => Admit::Wait(now.after(TWIN)),
        }
    }
}

#[cfg(test)]
mod tests;
