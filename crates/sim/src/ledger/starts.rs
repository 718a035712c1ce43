//! Starts elsewhere than at the committed offset: whose, where to, and what they leave out or put back.

use prosody_broker::{Assigned, Moved, StartFrom};
use prosody_model::TopicPartition;

use super::{
    GROUP, Ledger,
    calls::Open,
    tenures::{Spell, Tenure},
};
use crate::sights::Sight;

impl Ledger {
    /// Checks where a new assignment starts; whether that is not what was committed.
    pub(super) fn check_start_place(&mut self, process: u32, assigned: &Assigned) -> bool {
        let partition = assigned.partition.partition as usize;
        let name = &self.names[partition];
        let stored = self.broker.committed(GROUP, name).map(|stored| stored.offset);
        let range = self.broker.log_range(name).unwrap_or(0..0);
        let book = &self.books[process as usize];
        let start = if book.placed { StartFrom::Committed } else { book.start };
        let to = match start {
            StartFrom::Committed => None,
            StartFrom::Earliest => stored.map(|_| range.start),
            StartFrom::Latest => (stored != Some(range.end)).then_some(range.end),
        };
        // A commit that was held back may have landed since.
        let sure = !self.reorders;
        if sure && assigned.moved.map(|moved| (moved.from, moved.to)) != to.map(|to| (stored, to)) {
            self.fail("6 a start is moved as asked, for the first assignment alone", || {
                format!(
                    "process {process} was to start {partition} {start:?}, committed {stored:?}: {assigned:?}"
                )
            });
        }
        let Some(moved) = assigned.moved else {
            if sure && assigned.committed != stored {
                self.fail("6 a start is what is committed", || format!("{stored:?}, not {assigned:?}"));
            }
            return false;
        };
        if assigned.committed != Some(moved.to) || !assigned.metadata.is_empty() {
            self.fail("6 a moved start has no map", || format!("{assigned:?}"));
        }
        self.books[process as usize].moves_unsaid.push((partition, moved));
        self.move_start(partition, moved, start);
        true
    }

    /// What is below is left out; what is above and finished may run again.
    fn move_start(&mut self, partition: usize, moved: Moved, start: StartFrom) {
        self.last_move = Some(self.now);
        let log = &mut self.logs[partition];
        let first = log.recs.partition_point(|rec| rec.offset < moved.to);
        let mut left_out = 0;
        for index in 0..first {
            if !log.recs[index].finished() {
                log.pass(index);
                left_out += 1;
            }
        }
        let again = log.recs[first..].iter_mut().filter(|rec| rec.done);
        let put_back = again.map(|rec| rec.late = true).count();
        self.seen.add_many(Sight::PassedOver, left_out);
        self.seen.add_many(Sight::RunFromStart, put_back as u64);
        self.seen.add(if start == StartFrom::Latest { Sight::StartLatest } else { Sight::StartEarliest });
    }

    /// The shell says that a start was moved.
    pub(super) fn said_moved(&mut self, process: u32, name: &TopicPartition, moved: Moved) {
        let said = (name.partition as usize, moved);
        let unsaid = &mut self.books[process as usize].moves_unsaid;
        match unsaid.iter().position(|unsaid| *unsaid == said) {
            Some(place) => drop(unsaid.swap_remove(place)),
            None => self.fail("6 a moved start is said", || format!("process {process} says {said:?}")),
        }
    }

    /// What must hold after each step.
    pub(super) fn check_moves_said(&mut self, process: u32) {
        if let Some(unsaid) = self.books[process as usize].moves_unsaid.first().copied() {
            self.fail("6 a moved start is said", || format!("process {process} has not said {unsaid:?}"));
        }
    }

    /// Whether anybody holds, or is giving up, what it started elsewhere than at what was committed.
    pub fn any_moved(&self) -> bool {
        self.tenures.iter().any(|held| held.moved && held.spell != Spell::Over)
    }

    /// Whether a start at the log's beginning explains that a commit fell to this offset.
    pub(super) fn was_moved_to(&self, partition: usize, offset: i64) -> bool {
        self.tenures.iter().any(|held| held.moved && held.partition == partition && held.sent == offset)
    }

    /// Whoever runs finished records again runs them in order as well.
    pub(super) fn check_order_here(&mut self, process: u32, open: &Open) {
        if let Some(before) = self.unfinished_here(&self.tenures[open.tenure as usize], open.rec) {
            let (offset, partition) = (open.offset, open.partition);
            self.fail("3 a key runs in order in each epoch", || {
                format!("process {process} starts {offset} of partition {partition} before {before}")
            });
        }
    }
    /// An earlier record of the same key that this tenure does not know to be finished.
    pub(super) fn unfinished_here(&self, here: &Tenure, rec: usize) -> Option<i64> {
        let log = &self.logs[here.partition];
        let unfinished = |&index: &usize| {
            let rec = &log.recs[index];
            !(here.own.has(index) || here.restored(rec.offset) || rec.gone)
        };
        log.before_in_key(rec).find(unfinished).map(|index| log.recs[index].offset)
    }
}
