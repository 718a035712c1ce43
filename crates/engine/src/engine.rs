//! The state machine: what is in hand, and the one entrance.

use prosody_model::{Epoch, Mono, Now};

use crate::{
    action::Action,
    events::Events,
    input::Input,
    intake::Intake,
    lanes::Lanes,
    parking::Parking,
    partitions::{Held, Leaving, Partitions},
    rng::Rng,
    scheduler::Scheduler,
    settings::Settings,
    stack::Stack,
};

mod admission;
mod commits;
mod counters;
mod dispatch;
mod disposal;
mod explain;
mod giving;
mod leaving;
mod marking;
mod settlement;
mod stalling;
mod ticking;

pub use counters::Counters;
use marking::Marks;

use giving::Giving;

/// Most records that wait uncounted, parked or behind slow keys, before only the count decides: some 20 MiB of
/// bookkeeping.
pub const OVERTAKEN: usize = 65_536;

/// Decides everything that one consumer does.
///
/// # Order
///
/// `now` never goes back from one call to the next.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    rng: Rng,
    stack: Stack,
    intake: Intake,
    events: Events,
    lanes: Lanes,
    scheduler: Scheduler,
    parking: Parking,
    partitions: Partitions,
    /// Handler calls that have not settled, those of ended epochs included.
    open: usize,
    marks: Marks,
    /// Records that count against `max_uncommitted`.
    uncommitted: usize,
    /// Bytes of all records in hand, backlogs included.
    bytes: usize,
    /// What a record weighs lately, to guess how many may be read.
    typical_size: usize,
    /// Partitions with a backlog or a partition that leaves; saves looking through all of them.
    backlogs: usize,
    leavings: usize,
    /// Whether a partition may have something new to commit.
    dirty: bool,
    last_commit: Mono,
    /// Whether the latest answer to a commit was a refusal.
    refused: bool,
    drain: Option<Leaving>,
    drained: bool,
    giving: Giving,
    counters: Counters,
}

impl Engine {
    pub fn new(settings: Settings) -> Self {
        let mut rng = Rng::new(settings.seed);
        let generation = rng.bits() as u32;
        Self {
            rng,
            stack: Stack::new(&settings),
            intake: Intake::new(&settings.group, &settings.intake),
            events: Events::new(generation),
            lanes: Lanes::new(settings.seed),
            scheduler: Scheduler::new(settings.fairness, settings.max_concurrency),
            parking: Parking::default(),
            partitions: Partitions::default(),
            open: 0,
            marks: Marks::default(),
            uncommitted: 0,
            bytes: 0,
            typical_size: 256,
            backlogs: 0,
            leavings: 0,
            dirty: false,
            last_commit: Mono::default(),
            refused: false,
            drain: None,
            drained: false,
            giving: Giving::default(),
            counters: Counters::default(),
            settings,
        }
    }

    /// What it was told at the start.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes one input in and appends what is to be done, in the order in which it is to be done.
    pub fn step(&mut self, input: Input, now: Now, out: &mut Vec<Action>) {
        let now = now.mono;
        let ticks = matches!(input, Input::Tick);
        match input {
            Input::Records { epoch, records } => self.admit_batch(epoch, records, now, out),
            Input::Settled(settlements) => {
                self.marks.hold = false;
                for settlement in settlements {
                    self.settle(settlement, now, out);
                }
            }
            Input::Marked(marked) => {
                self.marks.hold = true;
                for event in marked {
                    self.mark(event, now);
                }
            }
            Input::Named { partition, topic } => self.intake.name(partition, &topic),
            Input::DeadLettered(answers) => {
                for answer in answers {
                    self.dead_lettered(answer, now, out);
                }
            }
            Input::Assigned(assignment) => self.assign(assignment, now, out),
            Input::Revoking(epochs) => self.revoke(&epochs, now, out),
            Input::Lost(epochs) => self.lose(&epochs, out),
            Input::Committed { epoch, offset: _, result } => self.committed(epoch, result, out),
            Input::Drain { abort_at, deadline } => self.drain(Leaving { abort_at, deadline }, out),
            Input::Rereadable(epoch) => self.rereadable(epoch),
            Input::Reread(answers) => {
                for answer in answers {
                    self.reread(answer, now, out);
                }
            }
            Input::Tick => self.tick(now, out),
        }
        self.fill(now, out);
        if ticks {
            // Last, since nothing may be running any more: then they are due sooner.
            self.tick_commits(now, out);
        }
        self.finish_drain(now, out);
    }

    /// Starts what may start, asks for what is to be read again and admits what waits for room, until nothing moves.
    fn fill(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.marks.hold {
            return;
        }
        self.relieve(now);
        self.dispatch(now, out);
        while (self.giving.waits() && self.ask(now, out))
            || (self.backlogs > 0 && self.admit_backlogs(now, out))
        {
            self.dispatch(now, out);
        }
    }

    /// How many records may be read now, whatever partition they are of.
    pub fn room(&self) -> usize {
        if self.drain.is_some() {
            return 0;
        }
        let bytes = self.bytes_to_read().saturating_sub(self.bytes);
        if bytes == 0 {
            return 0;
        }
        let counted = self.settings.max_uncommitted.saturating_sub(self.uncommitted);
        counted.max(self.idle_slots()).min((bytes / self.typical_size.max(1)).max(1))
    }

    /// Up to how many bytes in hand more is read.
    fn bytes_to_read(&self) -> usize {
        let limit = self.settings.max_buffered_bytes;
        // Keys whose turn it is go first.
        if self.giving.waits() { limit - limit / 4 } else { limit }
    }

    /// Whether it is time to read more: half of what may be held is used up, or nothing in hand can start.
    pub fn wants_records(&self) -> bool {
        let scarce = self.scheduler.ready() == 0
            || (self.uncommitted <= self.settings.max_uncommitted / 2
                && self.bytes <= self.settings.max_buffered_bytes / 2);
        scarce && self.room() > 0
    }

    /// Slots that nothing in hand can use although the count may be full: every record waits behind a running
    /// one of its key. Then the count must not hold reading, or one slow key would hold back all others. What is
    /// admitted meanwhile does not count; the bytes and [`OVERTAKEN`] bound it. Zero while a key is retried in
    /// place, which is meant to hold the partition back.
    fn idle_slots(&self) -> usize {
        if self.scheduler.ready() > 0 || self.parking.in_place() > 0 || self.uncounted() >= OVERTAKEN {
            return 0;
        }
        self.settings.max_concurrency.saturating_sub(self.open)
    }

    /// Records that wait and do not count against `max_uncommitted`.
    fn uncounted(&self) -> usize {
        self.events.len().saturating_sub(self.open + self.uncommitted)
    }

    /// Whether one more record may be admitted, as far as counts go.
    fn has_place(&self) -> bool {
        self.uncommitted < self.settings.max_uncommitted || self.idle_slots() > 0
    }

    /// Whether this partition is to be read on.
    pub fn reads(&self, epoch: Epoch) -> bool {
        let reads = |held: &Held| held.leaving.is_none() && !held.stopped && held.backlog.is_empty();
        self.partitions.get(epoch).is_some_and(reads)
    }

    /// When [`Input::Tick`] is due, if nothing else comes first. It may turn out that nothing was due.
    pub fn wake_at(&self) -> Option<Mono> {
        self.next_tick().filter(|&at| at != Mono::NEVER)
    }

    /// Partitions held, those that are being given up included.
    pub fn held_partitions(&self) -> usize {
        self.partitions.len()
    }

    /// Whether a partition is being given up, or all of them are.
    pub fn gives_up(&self) -> bool {
        self.drain.is_some() || self.partitions.iter().any(|held| held.leaving.is_some())
    }

    /// Handler calls that have not settled.
    pub fn open_calls(&self) -> usize {
        self.open
    }

    /// Records whose handler has returned and that wait to be marked.
    pub fn unmarked(&self) -> usize {
        self.marks.awaited
    }

    /// Records in hand, running and waiting, backlogs aside.
    pub fn records(&self) -> usize {
        self.events.len()
    }

    /// Records admitted and not yet running, those of parked keys aside.
    pub fn uncommitted(&self) -> usize {
        self.uncommitted
    }

    /// Key, value and header bytes in hand.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keys that have records in hand.
    pub fn keys(&self) -> usize {
        self.lanes.len()
    }

    /// Keys that could start a call if a slot were free.
    pub fn ready_keys(&self) -> usize {
        self.scheduler.ready()
    }

    /// Those of them whose first record has not failed before.
    pub fn ready_fresh_keys(&self) -> usize {
        self.scheduler.ready_fresh()
    }

    /// Keys that wait for their next attempt.
    pub fn parked_keys(&self) -> usize {
        self.parking.len()
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

#[cfg(test)]
mod tests;
