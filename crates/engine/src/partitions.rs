//! The partitions in our hands.

use std::collections::VecDeque;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use prosody_model::{Epoch, Mono, PartitionIndex, Record};

use crate::offsets::Tracker;

/// One assignment of one partition.
#[derive(Debug)]
pub struct Held {
    pub index: PartitionIndex,
    pub epoch: Epoch,
    /// `None` until the first record of a group without a committed offset.
    pub tracker: Option<Tracker>,
    /// Records read but not admitted, because a bound is reached. Bound: one read of the shell, which does not
    /// read on while there are any.
    pub backlog: VecDeque<Record>,
    /// Calls of this epoch that have not settled.
    pub open: usize,
    /// Dead letters of this epoch that have no answer.
    pub posted: usize,
    /// Whether nothing more starts in it: a dead letter of it is too large for its topic.
    pub stopped: bool,
    pub leaving: Option<Leaving>,
    /// Whether its records may be given up, to be read again.
    pub rereadable: bool,
    /// Records asked for again, by offset.
    pub asked: HashMap<i64, u32, FixedState>,
    /// The commit that is on its way: one at a time, so that two cannot land reversed.
    pub committing: Option<Committing>,
    /// Whether its completion map was full at the last try.
    pub map_full: bool,
    /// Since when, if it was.
    pub full_since: Mono,
    /// When a call of it last ended, or started after a time without any.
    pub moved: Mono,
}

/// A commit whose answer has not come.
#[derive(Clone, Copy, Debug)]
pub struct Committing {
    /// What the tracker calls it.
    pub revision: u64,
    /// Length of its metadata.
    pub units: usize,
}

/// A partition that is being given up, or a consumer that is.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    /// When the calls that still run are asked to stop; [`Mono::NEVER`] once they have been.
    pub abort_at: Mono,
    /// When it is given up, whatever still runs.
    pub deadline: Mono,
}

/// Held partitions, by index and by epoch. Bound: the partitions assigned to this process.
#[derive(Debug, Default)]
pub struct Partitions {
    held: Vec<Option<Held>>,
    epochs: HashMap<Epoch, PartitionIndex, FixedState>,
}

impl Partitions {
    pub fn insert(&mut self, held: Held) {
        let place = held.index.0 as usize;
        if self.held.len() <= place {
            self.held.resize_with(place + 1, || None);
        }
        self.epochs.insert(held.epoch, held.index);
        self.held[place] = Some(held);
    }

    /// The partition, if it is held in this epoch.
    pub fn live(&mut self, index: PartitionIndex, epoch: Epoch) -> Option<&mut Held> {
        self.held.get_mut(index.0 as usize)?.as_mut().filter(|held| held.epoch == epoch)
    }

    pub fn by_epoch(&mut self, epoch: Epoch) -> Option<&mut Held> {
        let index = *self.epochs.get(&epoch)?;
        self.live(index, epoch)
    }

    pub fn get(&self, epoch: Epoch) -> Option<&Held> {
        let index = *self.epochs.get(&epoch)?;
        self.held.get(index.0 as usize)?.as_ref()
    }

    /// The first partition from `place` on that has a backlog, and the place after it.
    pub fn next_backlog(&self, place: usize) -> Option<(PartitionIndex, Epoch, usize)> {
        let mut held = self.held.iter().enumerate().skip(place);
        held.find_map(|(place, held)| {
            let held = held.as_ref().filter(|held| !held.backlog.is_empty())?;
            Some((held.index, held.epoch, place + 1))
        })
    }

    /// The epoch in which a partition is held.
    pub fn epoch_of(&self, index: PartitionIndex) -> Option<Epoch> {
        Some(self.held.get(index.0 as usize)?.as_ref()?.epoch)
    }

    pub fn remove(&mut self, epoch: Epoch) -> Option<Held> {
        let index = self.epochs.remove(&epoch)?;
        self.held.get_mut(index.0 as usize)?.take()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.held.iter_mut().flatten()
    }

    /// The epochs held now.
    pub fn epochs(&self) -> Vec<Epoch> {
        self.iter().map(|held| held.epoch).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.epochs.is_empty()
    }

    pub fn len(&self) -> usize {
        self.epochs.len()
    }
}
