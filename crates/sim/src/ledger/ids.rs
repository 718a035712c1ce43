//! Records that are not run: which of them may be left out, and which must be.

use prosody_engine::Skip;
use prosody_model::TopicPartition;

use super::{Book, Ledger, To, calls::Open, log::Rec};
use crate::{sights::Sight, trace::Event};

/// "No id."
pub const NO_ID: u32 = u32::MAX;

impl Ledger {
    /// While a process has processed no more ids than it remembers, none of them may run again.
    pub(super) fn check_id(&mut self, process: u32, open: &Open) {
        let rec = self.logs[open.partition].recs[open.rec];
        let (offset, partition) = (open.offset, open.partition);
        if let Some(reason) = must_be_skipped(&rec) {
            self.fail("22 what is not meant for this consumer does not run", || {
                format!("process {process} starts {offset} of partition {partition}: {reason:?}")
            });
        }
        let Book { processed, lost_ids, .. } = &self.books[process as usize];
        let goes_on = lost_ids.contains(&(rec.key, rec.id));
        let remembers = processed.len() <= self.limits.remembered_ids;
        let known = rec.id != NO_ID && processed.contains(&(rec.key, rec.id));
        if known && rec.to == To::Ours {
            self.seen.add(Sight::KnownIdReplayed);
        } else if known && remembers && !goes_on {
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
        self.note(Event::Skipped { process, partition: place as u32, offset, reason: text(reason) });
        let rec = self.logs[place].recs[index];
        let book = &self.books[process as usize];
        let explained = match must_be_skipped(&rec) {
            None => {
                let known = rec.id != NO_ID && book.processed.contains(&(rec.key, rec.id));
                reason == Skip::Duplicate && known && rec.to != To::Ours
            }
            must => must == Some(reason),
        };
        if !explained {
            self.fail("22 nothing else is skipped", || {
                format!("process {process} skips {offset} of partition {place}, id {}: {reason:?}", rec.id)
            });
        }
        self.see(match reason {
            Skip::Duplicate => Sight::KnownIds,
            Skip::Source => Sight::OwnSource,
            Skip::Type => Sight::RefusedType,
            Skip::Addressee => Sight::OthersReplay,
        });
        self.logs[place].finish(index, tenure, self.now, false);
        let tenure = &mut self.tenures[tenure as usize];
        tenure.own.add(index);
        tenure.fresh.add(index);
    }
}

/// Why no process may run this record, whatever it remembers.
fn must_be_skipped(rec: &Rec) -> Option<Skip> {
    if rec.to == To::Theirs {
        Some(Skip::Addressee)
    } else if rec.own && rec.to == To::Everybody {
        Some(Skip::Source)
    } else {
        rec.refused.then_some(Skip::Type)
    }
}

fn text(reason: Skip) -> &'static str {
    match reason {
        Skip::Duplicate => "duplicate",
        Skip::Type => "type",
        Skip::Source => "source",
        Skip::Addressee => "addressee",
    }
}
