//! Records that are finished by a mark after their call.

use super::{Book, Ledger, NO_ID, NO_KEY, Open, tenures::Spell};
use crate::{sights::Sight, trace::Event, trace::Kind};

impl Book {
    /// The calls whose records wait for a mark, whether the engine knows of their end or not.
    pub fn unmarked_calls(&self) -> Vec<u32> {
        let ended = self.open.iter().filter(|open| open.ended == Some(Kind::Unmarked));
        ended.chain(&self.unmarked).filter(|open| !open.marked).map(|open| open.call).collect()
    }
}

impl Ledger {
    /// A mark is in the inbox.
    pub fn marked(&mut self, process: u32, call: u32) {
        self.note(Event::Mark { process, call });
        let book = &mut self.books[process as usize];
        let ended = book.open.iter_mut().filter(|open| open.ended == Some(Kind::Unmarked));
        let found = ended.chain(&mut book.unmarked).find(|open| open.call == call);
        match found {
            Some(open) => open.marked = true,
            None => self.seen.add(Sight::LateMark),
        }
    }

    /// The engine is about to be told of the marks of calls whose end it knows.
    pub fn told_marks(&mut self, process: u32) {
        self.drop_lapsed(process);
        let unmarked = std::mem::take(&mut self.books[process as usize].unmarked);
        let (marked, rest): (Vec<_>, Vec<_>) = unmarked.into_iter().partition(|open| open.marked);
        self.books[process as usize].unmarked = rest;
        for open in marked {
            self.seen.add(Sight::Marked);
            self.finish_marked(process, &open);
        }
    }

    pub(super) fn finish_marked(&mut self, process: u32, open: &Open) {
        self.logs[open.partition].finish(open.rec, open.tenure, self.now, false);
        let rec = &self.logs[open.partition].recs[open.rec];
        let processed = (rec.id != NO_ID).then_some((rec.key, rec.id));
        let tenure = &mut self.tenures[open.tenure as usize];
        tenure.own.add(open.rec);
        tenure.fresh.add(open.rec);
        self.books[process as usize].processed.extend(processed);
    }

    /// An unmarked record goes with its partition.
    fn drop_lapsed(&mut self, process: u32) {
        let (tenures, seen) = (&self.tenures, &mut self.seen);
        self.books[process as usize].unmarked.retain(|open| {
            let tenure = &tenures[open.tenure as usize];
            let there = tenure.spell != Spell::Over && !tenure.parting;
            seen.add_many(Sight::Lapsed, u64::from(!there));
            there
        });
    }

    /// A record that waits for its mark holds its key, and does not run again.
    pub(super) fn check_unmarked_key(&mut self, process: u32, open: &Open) {
        let same = |other: &&Open| {
            let same = other.partition == open.partition
                && if open.key == NO_KEY { other.rec == open.rec } else { other.key == open.key };
            let tenure = &self.tenures[other.tenure as usize];
            same && tenure.spell != Spell::Over && !tenure.parting
        };
        let Some(other) = self.books[process as usize].unmarked.iter().find(same) else { return };
        let (offset, partition, before) = (open.offset, open.partition, other.offset);
        self.fail("7 a record that waits for its mark holds its key", || {
            format!("process {process} starts {offset} of partition {partition}, while {before} waits")
        });
    }

    /// After a step the engine counts the same.
    pub(super) fn check_unmarked(&mut self, process: u32, theirs: usize) {
        self.drop_lapsed(process);
        let ours = self.books[process as usize].unmarked.len();
        if ours != theirs {
            self.fail("16 unmarked records are accounted for", || {
                format!("process {process} has {ours} records that wait for a mark and counts {theirs}")
            });
        }
    }
}
