//! One assignment, as the model sees it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prosody_engine::Commit;
use prosody_model::{Epoch, EventId, Mono, Record};

/// Who waits for whom: a key, or a record without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    Key(u8),
    Alone(i64),
}

impl Lane {
    pub fn of(record: &Record) -> Self {
        record.key().map_or(Self::Alone(record.offset), |key| Self::Key(key[0]))
    }
}

/// A delivered record that is not finished.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub offset: i64,
    pub size: usize,
    pub attempts: u32,
}

/// A key that waits for its next attempt.
#[derive(Clone, Copy, Debug)]
pub struct Parked {
    pub until: Mono,
    /// What its handler has asked for.
    pub not_before: Mono,
    /// How many ticks there had been.
    pub ticks: u64,
    /// Its records count.
    pub in_place: bool,
    /// Its first record has been deferred.
    pub deferred: bool,
}

#[derive(Debug)]
pub struct Part {
    pub partition: usize,
    pub position: i64,
    /// What it started from.
    pub start: (i64, String),
    pub lanes: BTreeMap<Lane, VecDeque<Item>>,
    pub parked: BTreeMap<Lane, Parked>,
    /// Offsets that have been deferred.
    pub deferred: BTreeSet<i64>,
    /// Bytes of delivered records that need not run and may be in the backlog still.
    pub skipped: usize,
    pub last_commit: i64,
    pub in_flight: Option<Commit>,
    pub leaving: Option<(Mono, Mono)>,
}

impl Part {
    pub fn new(partition: usize, start: (i64, String)) -> Self {
        Self {
            partition,
            position: start.0,
            last_commit: start.0,
            start,
            lanes: BTreeMap::new(),
            parked: BTreeMap::new(),
            deferred: BTreeSet::new(),
            skipped: 0,
            in_flight: None,
            leaving: None,
        }
    }

    pub fn bytes(&self) -> usize {
        self.lanes.values().flatten().map(|item| item.size).sum()
    }

    /// Starts to go: what has not started is dropped.
    pub fn leave(&mut self, abort_at: Mono, deadline: Mono, open: impl Fn(Lane) -> bool) {
        let before = self.leaving.unwrap_or((Mono::NEVER, Mono::NEVER));
        self.leaving = Some((before.0.min(abort_at), before.1.min(deadline)));
        self.lanes.retain(|&lane, queue| {
            queue.truncate(1);
            open(lane)
        });
        self.parked.clear();
        self.skipped = 0;
    }

    /// Takes the first record of a lane off.
    pub fn pop(&mut self, lane: Lane) -> Item {
        let queue = self.lanes.get_mut(&lane).expect("a record of the lane");
        let item = queue.pop_front().expect("a record in the lane");
        if queue.is_empty() {
            self.lanes.remove(&lane);
        }
        item
    }
}

/// A handler call that has not settled.
#[derive(Clone, Debug)]
pub struct Call {
    pub event: EventId,
    pub epoch: Epoch,
    pub partition: usize,
    pub lane: Lane,
    pub offset: i64,
    pub size: usize,
    pub started: Mono,
    pub aborted: bool,
}
