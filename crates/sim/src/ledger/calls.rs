//! Handler calls: starts, ends, settlements.

use prosody_engine::{Dispatch, Observation};
use prosody_model::{AbortReason, EventId, Mono, PartitionIndex, TopicPartition};
use prosody_shell::Fact;

use super::{Ledger, Marks, NO_ID, NO_KEY, log::Set, tenures::Spell};
use crate::{
    sights::Sight,
    trace::{Event, Kind},
};

/// A call that the engine has not been told the end of.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub call: u32,
    pub event: EventId,
    pub tenure: u32,
    pub partition: usize,
    pub(super) key: u32,
    /// The record's number in its partition.
    pub rec: usize,
    pub offset: i64,
    pub attempt: u32,
    /// When the first attempt in this tenure was started.
    pub first: Mono,
    /// How it ended, if it has.
    pub(super) ended: Option<Kind>,
    /// Whether it was marked, after it had ended unmarked.
    pub(super) marked: bool,
}

impl Ledger {
    pub fn appended(&mut self, partition: usize, offset: i64, marks: Marks) {
        self.seen.add(Sight::Appended);
        let Marks { key, id, to, refused, .. } = marks;
        self.note(Event::Appended { partition: partition as u32, offset, key, id, to, refused });
        self.logs[partition].append(offset, marks);
    }

    /// A record has vanished from the log.
    pub fn gone(&mut self, partition: usize, index: usize) {
        if self.logs[partition].vanish(index) {
            let offset = self.logs[partition].recs[index].offset;
            self.note(Event::Gone { partition: partition as u32, offset });
        }
    }

    pub fn named(&mut self, process: u32, index: PartitionIndex, name: &TopicPartition) {
        let indices = &mut self.books[process as usize].indices;
        if indices.len() != index.0 as usize {
            self.fail("5 partitions are numbered in order", || format!("{index:?} for {name}"));
            return;
        }
        indices.push(name.partition as usize);
    }

    /// A call starts. Its number.
    pub fn started(&mut self, process: u32, dispatch: &Dispatch) -> u32 {
        self.calls += 1;
        let (call, offset, epoch) = (self.calls, dispatch.record.offset, dispatch.epoch);
        let partition = self.books[process as usize].indices.get(dispatch.partition.0 as usize).copied();
        let (Some(tenure), Some(partition)) = (self.tenure_of(process, epoch), partition) else {
            self.fail("4 no start in an epoch that nobody gave", || format!("process {process}, {epoch:?}"));
            return call;
        };
        let Some(rec) = self.logs[partition].find(offset) else {
            self.fail("6 what starts was read", || {
                format!("partition {partition} has no record at {offset}")
            });
            return call;
        };
        let key = self.logs[partition].recs[rec].key;
        let (epoch, attempt) = (epoch.0, dispatch.attempt);
        self.note(Event::Start { process, epoch, partition: partition as u32, offset, key, attempt, call });
        self.seen.add(Sight::Started);
        if key == NO_KEY {
            self.seen.add(Sight::Keyless);
        }
        let first = self.tenures[tenure as usize].first_attempt(rec, self.now);
        let event = dispatch.event;
        let open = Open {
            call,
            event,
            tenure,
            partition,
            key,
            rec,
            offset,
            attempt,
            first,
            ended: None,
            marked: false,
        };
        self.check_start(process, &open);
        self.check_overlap(process, &open);
        self.check_unmarked_key(process, &open);
        self.check_repeat(process, &open);
        self.check_order_here(process, &open);
        self.check_id(process, &open);
        self.check_given_up(process, &open);
        self.check_purged(process, &open);
        self.count_share(process, &open);
        self.books[process as usize].open.push(open);
        call
    }

    fn check_start(&mut self, process: u32, open: &Open) {
        let Open { partition, key, rec, offset, .. } = *open;
        let held = &self.tenures[open.tenure as usize];
        let (spell, epoch, its) = (held.spell, held.epoch, held.partition);
        if spell != Spell::Held || its != partition {
            self.fail("4 no start in an epoch that is over", || {
                format!("process {process} starts {offset} of partition {partition} in {epoch:?}, which is {spell:?}")
            });
        }
        if let Some(before) = self.logs[partition].unfinished_before(rec) {
            self.fail("3 a key runs in order", || {
                format!(
                    "process {process} starts {offset} of partition {partition}, key {key}, before {before}"
                )
            });
        }
        let book = &self.books[process as usize];
        if book.draining {
            self.fail("17 nothing starts after a stop", || format!("process {process} starts {offset}"));
        }
        let book = &self.books[process as usize];
        if book.open.len() >= self.limits.concurrency {
            let open = book.open.len();
            self.fail("8 max_concurrency holds", || format!("process {process} has {open} calls open"));
        }
    }

    fn check_overlap(&mut self, process: u32, open: &Open) {
        let Open { partition, key, offset, rec, tenure, .. } = *open;
        let same = |other: &&Open| {
            other.partition == partition && if key == NO_KEY { other.rec == rec } else { other.key == key }
        };
        if let Some(other) = self.books[process as usize].open.iter().find(same) {
            // A keyless record has no order to keep: its late call does not hold the next one back.
            if key != NO_KEY || other.tenure == tenure {
                let other = other.offset;
                self.fail("7 one open call of a key", || {
                    format!(
                        "process {process} starts {offset} of partition {partition}, key {key}, while {other} runs"
                    )
                });
            }
        }
        for (number, book) in self.books.iter().enumerate() {
            if number != process as usize && book.open.iter().any(|other| same(&other)) {
                self.seen.add(Sight::Overlaps);
            }
        }
    }

    /// A finished record may run again only where a fault explains it.
    fn check_repeat(&mut self, process: u32, open: &Open) {
        let Open { partition, rec: index, offset, .. } = *open;
        let rec = self.logs[partition].recs[index];
        let here = &self.tenures[open.tenure as usize];
        if here.restored(offset) {
            self.fail("15 what the commit says is finished does not run", || {
                format!("process {process} starts {offset} of partition {partition}")
            });
            return;
        }
        if !rec.done {
            return;
        }
        self.seen.add(Sight::Repeats);
        if here.own.has(index) {
            self.fail("9 nothing runs twice in one epoch", || {
                format!("process {process} starts {offset} of partition {partition}")
            });
            return;
        }
        if rec.late || self.maps_doubtful || self.books[process as usize].estranged {
            return;
        }
        let Some(before) = self.tenures.get(rec.done_in as usize) else { return };
        let since = before.ended.min(self.now).0.saturating_sub(rec.done_at);
        let within = self.limits.commit_within.as_nanos() as u64;
        let told = before.own.has(index);
        let why = if before.acked.has(index) {
            "a commit that was accepted covered it"
        } else if before.released && told && !before.troubled && !before.cut {
            "its partition was given up in peace"
        } else if told && !before.troubled && before.pending.is_empty() && since > within {
            "no commit covered it in its time"
        } else {
            return;
        };
        let owner = before.process;
        self.fail("9 each repeat is explained", || {
            format!(
                "process {process} starts {offset} of partition {partition}, which process {owner} finished; {why}"
            )
        });
    }

    pub fn aborted(&mut self, process: u32, event: EventId, reason: AbortReason) -> Option<u32> {
        self.seen.add(match reason {
            AbortReason::Timeout => Sight::TimedOut,
            AbortReason::Revoked => Sight::RevokedAbort,
            AbortReason::Shutdown => Sight::ShutdownAbort,
            AbortReason::Lost => Sight::LostAbort,
        });
        let open = self.books[process as usize].open.iter().find(|open| open.event == event)?.call;
        self.note(Event::Abort { process, call: open, reason: reason.into() });
        Some(open)
    }

    /// A call has ended, in its process; the engine does not know yet. Its event, if it was open.
    pub fn ended(&mut self, process: u32, call: u32, kind: Kind) -> Option<EventId> {
        let now = self.now;
        let open = self.books[process as usize].open.iter_mut().find(|open| open.call == call)?;
        if open.ended.replace(kind).is_some() {
            return None;
        }
        let (event, offset, partition, index, tenure) =
            (open.event, open.offset, open.partition, open.rec, open.tenure);
        self.note(Event::End { process, call, offset, outcome: kind });
        if kind == Kind::Unmarked {
            self.seen.add(Sight::Unmarked);
        }
        if kind != Kind::Success {
            return Some(event);
        }
        self.seen.add(Sight::Succeeded);
        let held = &self.tenures[tenure as usize];
        let late = held.spell == Spell::Over || held.parting;
        self.logs[partition].finish(index, tenure, now, late);
        Some(event)
    }

    /// The engine is about to be told of every call that has ended.
    pub fn told(&mut self, process: u32) {
        let book = &mut self.books[process as usize];
        for held in &book.tenures {
            self.tenures[*held as usize].fresh = Set::default();
        }
        let (mut index, mut failed, mut marked) = (0, Vec::new(), Vec::new());
        while let Some(&open) = book.open.get(index) {
            let Some(kind) = open.ended else {
                index += 1;
                continue;
            };
            book.open.swap_remove(index);
            let tenure = &mut self.tenures[open.tenure as usize];
            let rec = &mut self.logs[open.partition].recs[open.rec];
            if tenure.spell == Spell::Over || tenure.parting {
                self.seen.add(Sight::LateSettlement);
                rec.late |= rec.done_in == open.tenure;
                let again = |id: &u32| self.tenures[*id as usize].partition == open.partition;
                if book.tenures.iter().any(again) {
                    self.seen.add(Sight::KeyHeldBack);
                }
            } else if kind == Kind::Unmarked {
                if open.marked {
                    marked.push(open);
                } else {
                    book.unmarked.push(open);
                }
            } else if kind == Kind::Success {
                tenure.own.add(open.rec);
                book.processed.extend((rec.id != NO_ID).then_some((rec.key, rec.id)));
            } else {
                failed.push((open, kind));
            }
        }
        for open in marked {
            self.seen.add(Sight::MarkedInBatch);
            self.finish_marked(process, &open);
        }
        self.told_marks(process);
        for (open, kind) in failed {
            self.failed(process, &open, kind);
        }
    }

    /// The engine lets a key wait that has run too much.
    fn held_back(&mut self, process: u32, name: Option<&TopicPartition>, offset: i64, until: Mono) {
        self.see(Sight::HeldBack);
        self.disturbed(process);
        let place = name.map_or(0, |name| name.partition as usize);
        let held = self.books[process as usize].tenures.iter().copied();
        let tenure = held.rev().find(|id| self.tenures[*id as usize].partition == place);
        if let (Some(index), Some(tenure)) = (self.logs[place].find(offset), tenure) {
            self.tenures[tenure as usize].held_back(index, until.since(self.now));
        }
    }

    pub fn observed(&mut self, process: u32, fact: &Fact) {
        match fact {
            Fact::Engine { observation: Observation::Disposed { .. }, .. } => {
                self.seen.add(Sight::Disposed);
                self.books[process as usize].disposals_seen += 1;
            }
            Fact::Engine { partition, observation: Observation::Skipped { record, reason, .. } } => {
                self.skipped(process, partition.as_ref(), record.offset, *reason);
            }
            Fact::StartMoved { partition, moved } => self.said_moved(process, partition, *moved),
            Fact::Stopped { partition, error } => self.said_stopped(process, partition, error),
            Fact::DeadLettered { .. } => self.books[process as usize].disposals_seen += 1,
            Fact::Engine { observation: Observation::Parked { in_place, .. }, .. } => {
                self.seen.add(Sight::Parked);
                if *in_place && self.limits.defers {
                    self.seen.add(Sight::InPlace);
                }
            }
            Fact::Engine { partition, observation: Observation::HeldBack { offset, until, .. } } => {
                self.held_back(process, partition.as_ref(), *offset, *until);
            }
            Fact::Engine { observation: Observation::Hastened { .. }, .. } => self.seen.add(Sight::Hastened),
            Fact::Engine { observation: Observation::Healed { .. }, .. } => self.seen.add(Sight::Healed),
            Fact::Engine { observation: Observation::Restored { .. }, .. } => {
                self.seen.add(Sight::MapRestored);
            }
            Fact::Engine { observation: Observation::MetadataLimit { .. }, .. } => {
                self.seen.add(Sight::LimitLearned);
            }
            _ => {}
        }
    }
}
