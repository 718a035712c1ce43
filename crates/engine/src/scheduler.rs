//! Which ready key starts next: two classes, fresh and retry, each a set of keys by virtual time.
//!
//! While both classes have ready keys, [`shares`] says which of them goes; alone, either may use every slot. Inside a
//! class, [`ready`] says which key goes. A key has one virtual time. When it changes class it keeps what it is
//! ahead of the class it leaves: the floors of the two classes have nothing to do with each other.

use std::{num::NonZeroU64, time::Duration};

use prosody_model::Mono;

use crate::{
    lanes::{Lane, Lanes, State},
    settings::Fairness,
};

mod memory;
mod ready;
mod shares;

pub use shares::Class;

use memory::Memory;
use ready::Ready;
use shares::{Contest, Shares};

/// The ready keys.
#[derive(Debug)]
pub struct Scheduler {
    fresh: Ready,
    retry: Ready,
    shares: Shares,
    memory: Memory,
}

/// A lane that goes next.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub lane: u32,
    class: Class,
    contest: Contest,
}

impl Scheduler {
    pub fn new(fairness: Fairness, slots: usize) -> Self {
        Self {
            fresh: Ready::new(fairness),
            retry: Ready::new(fairness),
            shares: Shares::new(&fairness, slots),
            memory: Memory::new(fairness.remembered_keys),
        }
    }

    /// Ready keys.
    pub fn ready(&self) -> usize {
        self.fresh.len() + self.retry.len()
    }

    /// Those of the fresh class.
    pub fn ready_fresh(&self) -> usize {
        self.fresh.len()
    }

    /// Gives a new lane the virtual time that its key had when it last ran dry.
    pub fn welcome(&self, lane: &mut Lane) {
        lane.virtual_time = self.memory.recall(lane.hash);
    }

    /// Keeps the virtual time of a key that has no more records.
    pub fn farewell(&mut self, lane: &Lane) {
        let virtual_time = self.virtual_time(lane, Class::Fresh);
        // One that is not ahead of the floor would start at the floor anyway.
        if virtual_time > self.fresh.floor() {
            self.memory.keep(lane.hash, virtual_time);
        }
    }

    /// The virtual time of a lane in a class.
    fn virtual_time(&self, lane: &Lane, class: Class) -> u64 {
        if lane.class == class {
            return lane.virtual_time;
        }
        let ahead = lane.virtual_time.saturating_sub(self.of(lane.class).floor());
        self.of(class).floor().saturating_add(ahead)
    }

    fn of(&self, class: Class) -> &Ready {
        match class {
            Class::Fresh => &self.fresh,
            Class::Retry => &self.retry,
        }
    }

    fn of_mut(&mut self, class: Class) -> &mut Ready {
        match class {
            Class::Fresh => &mut self.fresh,
            Class::Retry => &mut self.retry,
        }
    }

    /// A lane has become ready.
    pub fn enter(&mut self, index: u32, class: Class, lanes: &mut Lanes, now: Mono) {
        let stamp = lanes.restamp(index);
        let Some(lane) = lanes.get_mut(index) else { return };
        let virtual_time = self.virtual_time(lane, class).max(self.of(class).floor());
        lane.state = State::Ready { since: now };
        lane.class = class;
        lane.virtual_time = virtual_time;
        self.of_mut(class).enter(index, virtual_time, stamp, lanes);
    }

    /// A ready lane leaves without being picked.
    pub fn leave(&mut self, index: u32, lanes: &mut Lanes) {
        if let Some(class) = lanes.get(index).map(|lane| lane.class) {
            self.of_mut(class).leave(index, lanes);
        }
    }

    /// Takes the lane that goes next out of the ready ones.
    pub fn pick(&mut self, lanes: &mut Lanes, now: Mono) -> Option<Turn> {
        let (class, contest) = match (self.fresh.len(), self.retry.len()) {
            (_, 0) => (Class::Fresh, Contest::Alone),
            (0, _) => (Class::Retry, Contest::Alone),
            _ => self.shares.choose(),
        };
        let lane = self.of_mut(class).pick(lanes, now)?;
        Some(Turn { lane, class, contest })
    }

    /// A call of the lane picked starts. What its class is charged for it.
    pub fn started(&mut self, turn: Turn) -> Option<NonZeroU64> {
        self.shares.started(turn.class, turn.contest)
    }

    /// The lane's call has ended.
    pub fn settled(&mut self, lane: &mut Lane, run: Duration) {
        let run = run.as_nanos() as u64;
        lane.virtual_time = lane.virtual_time.saturating_add(run);
        let charged = if let State::Running { charged } = lane.state { charged } else { None };
        self.shares.settled(lane.class, charged, run);
    }
}

#[cfg(test)]
mod tests;
