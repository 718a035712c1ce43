//! Records that are not run: which of them may be left out, and which must be.

use prosody_engine::Skip;
use prosody_model::TopicPartition;

use super::{Ledger, calls::Open};
use crate::{sights::Sight, trace::Event};

/// "No id."
pub const NO_ID: u32 = u32::MAX;

impl Ledger {
    /// While a process has processed no more ids than it remembers, none of them may run again.
    pub(super) fn check_id(&mut self, process: u32, open: &Open) {
        let rec = self.logs[open.partition].recs[open.rec];
        let (offset, partition) = (open.offset, open.partition);
        if rec.own {
            self.fail("22 what the own group has sent does not run", || {
                format!("process {process} starts {offset} of partition {partition}")
            });
        }
        let processed = &self.books[process as usize].processed;
        let remembers = processed.len() <= self.limits.remembered_ids;
        if rec.id != NO_ID && remembers && processed.contains(&(rec.key, rec.id)) {
            self.fail("21 a processed id does not run again", || {
                format!("process {process} starts {offset} of partition {partition}, id {}", rec.id)
            });
        }
    }

    /// The engine says that it has finished a record without running it.
    pub(super) fn skipped(&mut self, process: u32, name: Option<&TopicPartition>, offset: i64, reason: Skip) {
        let place = name.map_or(0, |name| name.partition as usize);
        let held = self.books[process as usize].tenures.iter().copied();
        let tenure = held.rev().find(|id| self.tenures[*id as usize].partition == place);
        let (Some(index), Some(tenure)) = (self.logs[place].find(offset), tenure) else {
            return self.fail("22 what is skipped was read", || format!("process {process}, {offset}"));
        };
        self.note(Event::Skipped {
            process,
            partition: place as u32,
            offset,
            duplicate: reason == Skip::Duplicate,
        });
        let rec = self.logs[place].recs[index];
        let book = &self.books[process as usize];
        let explained = match reason {
            Skip::Duplicate => rec.id != NO_ID && book.processed.contains(&(rec.key, rec.id)),
            Skip::Source => rec.own,
            Skip::Type | Skip::Addressee => false,
        };
        if !explained {
            self.fail("22 nothing else is skipped", || {
                format!("process {process} skips {offset} of partition {place}, id {}: {reason:?}", rec.id)
            });
        }
        self.see(if reason == Skip::Duplicate { Sight::KnownIds } else { Sight::OwnSource });
        self.logs[place].finish(index, tenure, self.now, false);
        let tenure = &mut self.tenures[tenure as usize];
        tenure.own.add(index);
        tenure.fresh.add(index);
    }
}
