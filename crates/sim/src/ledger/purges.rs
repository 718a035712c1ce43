//! Records that the log loses before they are finished: each runs from memory, goes to the failure topic, or stops its
//! partition. None is passed over in silence.

use prosody_broker::{BrokerError, ErrorCode};
use prosody_model::{Epoch, TopicPartition};

use super::{
    Ledger, NO_ID,
    calls::Open,
    letters::Letter,
    tenures::{Spell, Tenure},
};
use crate::{sights::Sight, trace::Event};

impl Ledger {
    /// The lowest offset that a holder of this partition is yet to read.
    pub fn lowest_read(&self, partition: usize) -> i64 {
        let held =
            self.tenures.iter().filter(|held| held.partition == partition && held.spell != Spell::Over);
        held.map(|held| held.position).min().unwrap_or(i64::MAX)
    }

    /// The partition of which most was read that is not finished.
    pub fn busiest(&self) -> Option<usize> {
        let waiting = |partition: &usize| {
            let (log, read) = (&self.logs[*partition], self.lowest_read(*partition));
            let waits = log.recs.iter().filter(|rec| rec.offset < read && !(rec.finished() || rec.purged));
            if read == i64::MAX { 0 } else { waits.count() }
        };
        (0..self.logs.len()).max_by_key(waiting)
    }

    /// The log has lost all before this offset.
    pub fn purged(&mut self, partition: usize, before: i64) {
        self.note(Event::Purged { partition: partition as u32, before });
        let log = &mut self.logs[partition];
        log.purged_before = log.purged_before.max(before);
        let below = log.recs.partition_point(|rec| rec.offset < before);
        let mut lost = 0;
        for rec in log.recs[..below].iter_mut().filter(|rec| !rec.gone) {
            lost += u64::from(!(rec.finished() || rec.purged));
            rec.purged = true;
        }
        self.seen.add_many(Sight::Purged, lost);
    }

    /// The broker says that a partition cannot be read on.
    pub fn halted(&mut self, process: u32, epoch: Epoch, error: &BrokerError) {
        let Some(id) = self.tenure_of(process, epoch) else { return };
        let tenure = &self.tenures[id as usize];
        let (partition, position) = (tenure.partition, tenure.position);
        let start = self.broker.log_range(&self.names[partition]).map_or(0, |range| range.start);
        let lost = position < self.logs[partition].purged_before;
        if !(lost && position < start && error.code == ErrorCode::OffsetOutOfRange) {
            return self.fail("live: every partition can be read on", || format!("{epoch:?}: {error}"));
        }
        self.see(Sight::StartGone);
        self.tenures[id as usize].halted = true;
        self.stop(process, partition);
    }

    /// The shell says that a partition has stopped: as the broker did, or at a record that was to be read again.
    pub(super) fn said_stopped(&mut self, process: u32, name: &TopicPartition, error: &BrokerError) {
        let partition = name.partition as usize;
        let Some(id) = self.held_by(process, partition) else {
            return self.fail("20 only what is held stops", || format!("process {process}: {error}"));
        };
        let tenure = &self.tenures[id as usize];
        if tenure.halted {
            return;
        }
        let any = (0..self.logs[partition].recs.len()).any(|index| self.is_lost_to(tenure, index));
        if !any || self.rules.letters || tenure.stopped || error.code != ErrorCode::OffsetOutOfRange {
            return self.fail("20 a partition stops only at a record that is gone", || {
                format!("process {process}: {error}")
            });
        }
        self.see(Sight::GoneStop);
        self.tenures[id as usize].stopped = true;
        self.stop(process, partition);
    }

    fn stop(&mut self, process: u32, partition: usize) {
        self.note(Event::Stopped { process, partition: partition as u32 });
        self.logs[partition].stopped = true;
    }

    /// A dead letter of a record that did not fail: of one that is gone. Whether it is that.
    pub(super) fn posted_gone(&mut self, process: u32, partition: usize, offset: i64, number: u32) -> bool {
        let Some(id) = self.held_by(process, partition) else { return false };
        let Some(rec) = self.logs.get(partition).and_then(|log| log.find(offset)) else { return false };
        let book = &self.books[process as usize];
        let busy = book.open.iter().any(|open| open.tenure == id && open.rec == rec)
            || book.letters.iter().any(|letter| letter.is_of(id, rec));
        let tenure = &self.tenures[id as usize];
        if busy || tenure.spell != Spell::Held || !self.is_lost_to(tenure, rec) {
            return false;
        }
        if let Some(before) = self.unfinished_here(tenure, rec) {
            self.fail("20 a key gives up in order", || {
                format!("process {process} gives up {offset} before {before}")
            });
        }
        self.see(Sight::GoneLetter);
        let lost = self.logs[partition].recs[rec];
        let book = &mut self.books[process as usize];
        book.lost_ids.extend((lost.id != NO_ID).then_some((lost.key, lost.id)));
        book.letters.push(Letter::out(number, (id, partition, rec, offset)));
        true
    }

    /// Nothing starts once its partition has stopped; what is gone may run from memory.
    pub(super) fn check_purged(&mut self, process: u32, open: &Open) {
        if self.logs[open.partition].recs[open.rec].purged {
            self.see(Sight::RunFromMemory);
        }
        if self.tenures[open.tenure as usize].stopped {
            let Open { offset, partition, .. } = *open;
            self.fail("20 nothing starts in a partition that has stopped", || {
                format!("process {process} starts {offset} of partition {partition}")
            });
        }
    }

    /// Whether a record was read here, is not finished here, and is gone.
    fn is_lost_to(&self, tenure: &Tenure, index: usize) -> bool {
        let rec = &self.logs[tenure.partition].recs[index];
        rec.purged && tenure.read.has(index) && !tenure.own.has(index) && !tenure.restored(rec.offset)
    }

    fn held_by(&self, process: u32, partition: usize) -> Option<u32> {
        let held = &self.books[process as usize].tenures;
        held.iter().copied().rev().find(|id| self.tenures[*id as usize].partition == partition)
    }
}
