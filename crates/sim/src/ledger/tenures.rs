//! Who held what, from which offset on, until when.

use std::time::Duration;

use prosody_broker::Assigned;
use prosody_engine::offsets::{Map, decode};
use prosody_model::{Epoch, Mono, Record};

use super::{Ledger, log::Set};
use crate::{sights::Sight, trace::Event};

/// So long after the heal the last blow has no effect any more: the longest session and rebalance timeouts.
const CALM: Duration = Duration::from_secs(30);

/// How far a tenure has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spell {
    Held,
    Revoking,
    Over,
}

/// One spell of holding one partition.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Tenure {
    pub process: u32,
    pub epoch: Epoch,
    pub partition: usize,
    pub spell: Spell,
    /// Where it started; the log's start for a group that had committed nothing.
    pub base: i64,
    /// Its start is not what was committed.
    pub moved: bool,
    /// What came with that commit.
    pub map: Option<Map>,
    /// Records that were read here.
    pub read: Set,
    /// Records finished here whose settlement the shell has been told.
    pub own: Set,
    /// Those of them that were skipped in the step in hand: a commit of that step may have been put together before.
    pub fresh: Set,
    /// Those of them that an accepted commit covers.
    pub acked: Set,
    /// Commits without an answer yet: the offset, and what was finished then. Bound: the answers remove.
    pub pending: Vec<(i64, Set)>,
    /// The highest offset sent, and the number of the first record above it.
    pub sent: i64,
    pub checked: usize,
    /// Its map may be shorter than what is finished, as the broker takes no longer one.
    pub cut: bool,
    /// The offset after the last one read.
    pub position: i64,
    /// The log could not be read from where it starts, or the engine has stopped it at a record that is gone.
    pub halted: bool,
    pub stopped: bool,
    /// Its last commit is made: what finishes from here on counts for nothing.
    pub parting: bool,
    /// Ended by giving it up, not by a crash or a loss.
    pub released: bool,
    /// A commit was not accepted, or the process was not in touch.
    pub troubled: bool,
    pub ended: Mono,
    /// When the first attempt of a record was started here.
    firsts: Vec<(usize, Mono)>,
}

impl Tenure {
    /// When the first attempt of this record was started; now, if this is it.
    pub fn first_attempt(&mut self, rec: usize, now: Mono) -> Mono {
        if let Some((_, first)) = self.firsts.iter().find(|(known, _)| *known == rec) {
            return *first;
        }
        self.firsts.push((rec, now));
        now
    }

    /// The key of this record was held back for so long, which is no part of how long it has been failing.
    pub fn held_back(&mut self, rec: usize, wait: Duration) {
        if let Some((_, first)) = self.firsts.iter_mut().find(|(known, _)| *known == rec) {
            *first = first.after(wait);
        }
    }

    /// Whether what it started from calls this offset finished.
    pub fn restored(&self, offset: i64) -> bool {
        offset < self.base || self.map.as_ref().is_some_and(|map| covers(map, offset))
    }
}

/// Whether a map calls this offset finished.
pub fn covers(map: &Map, offset: i64) -> bool {
    if offset >= map.end() {
        return false;
    }
    let holes = map.holes();
    let after = holes.partition_point(|hole| hole.end <= offset);
    holes.get(after).is_none_or(|hole| offset < hole.start)
}

impl Ledger {
    pub fn assigned(&mut self, process: u32, assigned: &Assigned) {
        self.disturbed(process);
        let partition = assigned.partition.partition as usize;
        let base = assigned.committed.unwrap_or(0);
        let map = assigned.committed.and_then(|committed| decode(&assigned.metadata, committed));
        let map_end = map.as_ref().map(Map::end);
        let epoch = assigned.epoch;
        let committed = assigned.committed;
        self.note(Event::Assigned {
            process,
            epoch: epoch.0,
            partition: partition as u32,
            committed,
            map_end,
        });
        if !self.check_start_place(process, assigned) {
            self.check_metadata(partition, &assigned.metadata, map.is_some());
        }
        for index in 0..self.tenures.len() {
            let other = &self.tenures[index];
            if other.partition != partition {
                continue;
            }
            if other.process == process {
                self.seen.add(Sight::Reassigned);
            } else if other.spell != Spell::Over && !self.out_of_touch(other.process) {
                let other = other.process;
                self.fail("5 a partition has one owner", || {
                    format!("partition {partition} goes to process {process} while process {other} has it")
                });
            }
        }
        let first = self.logs[partition].recs.partition_point(|rec| rec.offset < base);
        let id = self.tenures.len() as u32;
        self.tenures.push(Tenure {
            process,
            epoch,
            partition,
            spell: Spell::Held,
            base,
            moved: assigned.moved.is_some(),
            map,
            read: Set::default(),
            own: Set::default(),
            fresh: Set::default(),
            acked: Set::default(),
            pending: Vec::new(),
            sent: base,
            checked: first,
            cut: self.cut,
            position: base,
            halted: false,
            stopped: false,
            parting: false,
            released: false,
            troubled: false,
            ended: Mono::NEVER,
            firsts: Vec::new(),
        });
        self.books[process as usize].tenures.push(id);
    }

    /// Whether a fault has taken the metadata of the commit away.
    fn check_metadata(&mut self, partition: usize, metadata: &str, decoded: bool) {
        if decoded {
            return;
        }
        let stored = self.broker.committed(super::GROUP, &self.names[partition]);
        if stored.is_some_and(|stored| stored.metadata != metadata) {
            self.maps_doubtful = true;
            self.seen.add(if metadata.is_empty() { Sight::MapLost } else { Sight::MapForeign });
        }
    }

    pub fn tenure_of(&self, process: u32, epoch: Epoch) -> Option<u32> {
        // An epoch names a tenure of its process, over or not; the latest are asked for most.
        let ours = |tenure: &Tenure| tenure.process == process && tenure.epoch == epoch;
        self.tenures.iter().rposition(ours).map(|index| index as u32)
    }

    pub fn is_over(&self, process: u32, epoch: Epoch) -> bool {
        self.tenure_of(process, epoch).is_none_or(|id| self.tenures[id as usize].spell == Spell::Over)
    }

    pub fn revoking(&mut self, process: u32, epochs: &[Epoch]) {
        self.disturbed(process);
        for &epoch in epochs {
            let Some(id) = self.tenure_of(process, epoch) else { continue };
            let tenure = &mut self.tenures[id as usize];
            let partition = tenure.partition as u32;
            if tenure.spell == Spell::Held {
                tenure.spell = Spell::Revoking;
                let busy = self.books[process as usize].open.iter().any(|call| call.tenure == id);
                self.seen.add(if busy { Sight::BusyRevoke } else { Sight::QuietRevoke });
            }
            self.note(Event::Revoking { process, epoch: epoch.0, partition });
        }
    }

    pub fn lost(&mut self, process: u32, epochs: &[Epoch]) {
        self.disturbed(process);
        for &epoch in epochs {
            let Some(id) = self.tenure_of(process, epoch) else { continue };
            if self.tenures[id as usize].spell == Spell::Over {
                continue;
            }
            let partition = self.tenures[id as usize].partition as u32;
            self.last_loss = Some(self.now);
            if self.healed_at.is_some_and(|healed| self.now.since(healed) > CALM) {
                self.fail("live: nobody is thrown out once all is well", || {
                    format!("process {process} loses partition {partition}")
                });
            }
            let busy = self.books[process as usize].open.iter().any(|call| call.tenure == id);
            self.seen.add(if busy { Sight::LostBusy } else { Sight::LostIdle });
            self.note(Event::Lost { process, epoch: epoch.0, partition });
            self.books[process as usize].tenures.retain(|held| *held != id);
            self.end_tenure(id);
        }
    }

    pub fn released(&mut self, process: u32, epochs: &[Epoch]) {
        for &epoch in epochs {
            self.note(Event::Released { process, epoch: epoch.0 });
            let Some(id) = self.tenure_of(process, epoch) else { continue };
            if self.tenures[id as usize].spell == Spell::Over {
                continue;
            }
            let abandoned = self.books[process as usize].open.iter().filter(|call| call.tenure == id).count();
            self.seen.add_many(Sight::Abandoned, abandoned as u64);
            self.tenures[id as usize].released = true;
            self.books[process as usize].tenures.retain(|held| *held != id);
            self.end_tenure(id);
        }
    }

    pub(super) fn end_tenure(&mut self, id: u32) {
        let now = self.now;
        let tenure = &mut self.tenures[id as usize];
        tenure.spell = Spell::Over;
        tenure.ended = now;
    }

    /// The process is not, or may not be, in touch with the group.
    pub fn estrange(&mut self, process: u32) {
        let book = &mut self.books[process as usize];
        book.estranged = true;
        for id in &book.tenures {
            self.tenures[*id as usize].troubled = true;
        }
    }

    /// Whether the group may have given away what the process thinks its own.
    pub(super) fn out_of_touch(&self, process: u32) -> bool {
        let book = &self.books[process as usize];
        let member = book.consumer.is_some_and(|id| self.broker.members(super::GROUP).contains(&id));
        book.estranged || !member
    }

    /// The lowest offset that a holder of this partition is yet to read.
    pub fn lowest_position(&self, partition: usize) -> i64 {
        let held =
            self.tenures.iter().filter(|held| held.partition == partition && held.spell != Spell::Over);
        // A moved start is below what is committed until its own commit is: what was read may be unfinished still.
        held.map(|held| if held.moved { held.sent } else { held.position }).min().unwrap_or(i64::MAX)
    }

    /// Records that the shell was given.
    pub fn read(&mut self, process: u32, epoch: Epoch, records: &[Record]) {
        let Some(first) = records.first().map(|record| record.offset) else { return };
        self.note(Event::Read { process, epoch: epoch.0, first, count: records.len() });
        let id = self.tenure_of(process, epoch);
        let held = id.map(|id| self.tenures[id as usize].spell);
        if let (Some(id), Some(last)) = (id, records.last()) {
            let tenure = &mut self.tenures[id as usize];
            tenure.position = last.offset + 1;
            let log = &self.logs[tenure.partition];
            for index in records.iter().filter_map(|record| log.find(record.offset)) {
                tenure.read.add(index);
            }
        }
        if held != Some(Spell::Held) {
            self.fail("5 nothing is read for a partition that is not held", || {
                format!("process {process} reads epoch {} at {first}, which is {held:?}", epoch.0)
            });
        }
        if records.windows(2).any(|pair| pair[1].offset > pair[0].offset + 1) {
            self.see(Sight::GapPassed);
        }
    }
}
