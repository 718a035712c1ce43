//! Which held partitions may have records to read.

use prosody_model::{Epoch, PartitionIndex};

/// One held partition.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub epoch: Epoch,
    pub index: PartitionIndex,
    /// Whether the last read filled up, or the log has said since that there is more.
    readable: bool,
    stopped: bool,
}

impl Reading {
    fn may_read(self) -> bool {
        self.readable && !self.stopped
    }
}

/// The held partitions in turn, so that each gets to read when room is scarce.
///
/// Bound: the partitions held; entries go with `forget`.
#[derive(Debug, Default)]
pub struct Readings {
    list: Vec<Reading>,
    turn: usize,
}

impl Readings {
    pub fn hold(&mut self, epoch: Epoch, index: PartitionIndex) {
        self.list.push(Reading { epoch, index, readable: true, stopped: false });
    }

    pub fn forget(&mut self, epoch: Epoch) -> Option<PartitionIndex> {
        let place = self.list.iter().position(|reading| reading.epoch == epoch)?;
        Some(self.list.swap_remove(place).index)
    }

    pub fn index_of(&self, epoch: Epoch) -> Option<PartitionIndex> {
        self.list.iter().find(|reading| reading.epoch == epoch).map(|reading| reading.index)
    }

    pub fn set_readable(&mut self, epoch: Epoch, readable: bool) {
        if let Some(reading) = self.list.iter_mut().find(|reading| reading.epoch == epoch) {
            reading.readable = readable;
        }
    }

    pub fn stop(&mut self, epoch: Epoch) {
        if let Some(reading) = self.list.iter_mut().find(|reading| reading.epoch == epoch) {
            reading.stopped = true;
        }
    }

    pub fn stopped(&self) -> usize {
        self.list.iter().filter(|reading| reading.stopped).count()
    }

    /// The next partition in turn that may have records and that `wanted` accepts.
    pub fn next(&mut self, wanted: impl Fn(Epoch) -> bool) -> Option<Epoch> {
        for _ in 0..self.list.len() {
            self.turn = (self.turn + 1) % self.list.len();
            let reading = self.list[self.turn];
            if reading.may_read() && wanted(reading.epoch) {
                return Some(reading.epoch);
            }
        }
        None
    }

    /// Whether there is one.
    pub fn any(&self, wanted: impl Fn(Epoch) -> bool) -> bool {
        self.list.iter().any(|reading| reading.may_read() && wanted(reading.epoch))
    }
}
