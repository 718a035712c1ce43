//! Commits: what is sent, what is answered, what the broker ends up with.

use prosody_broker::{Commit, CommitResult, ErrorCode};
use prosody_engine::offsets::{Map, decode};

use super::{
    GROUP, Ledger,
    tenures::{Spell, Tenure, covers},
};
use crate::{sights::Sight, trace::Event};

impl Ledger {
    /// A commit goes out; `last` if it is the one before the release.
    pub fn sent(&mut self, process: u32, commit: &Commit, last: bool) {
        let &Commit { epoch, offset, .. } = commit;
        let Some(id) = self.tenure_of(process, epoch) else {
            self.fail("5 no commit for a partition not held", || format!("process {process}, {epoch:?}"));
            return;
        };
        let map = decode(&commit.metadata, offset);
        let map_end = map.as_ref().map(Map::end);
        let tenure = &self.tenures[id as usize];
        let (spell, partition) = (tenure.spell, tenure.partition);
        let epoch = epoch.0;
        self.note(Event::Commit { process, epoch, partition: partition as u32, offset, map_end, last });
        self.see(Sight::Commits);
        if map.is_some() {
            self.see(Sight::CommitsWithMap);
        }
        if spell == Spell::Over {
            self.fail("5 no commit for a partition not held", || {
                format!("process {process} commits {offset} of partition {partition}, epoch {epoch}")
            });
        }
        if map.is_none() && !commit.metadata.is_empty() {
            self.fail("15 a map is written whole", || {
                format!("the metadata {:?} is no map", commit.metadata)
            });
        }
        let tenure = &mut self.tenures[id as usize];
        if offset < tenure.sent {
            let before = tenure.sent;
            self.fail("2 commits never fall", || {
                format!("process {process} commits {offset} of partition {partition} after {before}")
            });
        }
        if !last && !self.tenures[id as usize].pending.is_empty() {
            self.fail("2 one commit of a partition is on its way at a time", || {
                format!(
                    "process {process} commits {offset} of partition {partition} before the answer to another"
                )
            });
        }
        self.check_coverage(id, offset, map.as_ref());
        let tenure = &mut self.tenures[id as usize];
        tenure.sent = offset;
        tenure.parting |= last;
        let covered = tenure.own.without(tenure.fresh);
        if !tenure.cut {
            tenure.pending.push((offset, covered));
        }
    }

    /// A commit says exactly what this tenure started from and has finished since: no more, no less.
    fn check_coverage(&mut self, id: u32, offset: i64, map: Option<&Map>) {
        let tenure = &self.tenures[id as usize];
        let partition = tenure.partition;
        let log = &self.logs[partition];
        let mut wrong = None;
        let mut checked = tenure.checked;
        for (index, rec) in log.recs.iter().enumerate().skip(tenure.checked) {
            let below = rec.offset < offset;
            if below {
                checked = index + 1;
            }
            let says = below || map.is_some_and(|map| covers(map, rec.offset));
            let ours = tenure.own.has(index);
            let restored = tenure.restored(rec.offset);
            if says && !rec.finished() {
                wrong = Some(("1 a commit never passes unfinished work", rec.offset));
            } else if says && !(ours || restored || rec.gone) {
                wrong = Some(("6 a commit counts only what this epoch knows to be finished", rec.offset));
            } else if !says && (ours && !tenure.fresh.has(index) || restored) && !tenure.cut {
                wrong = Some(("15 a commit leaves nothing finished out", rec.offset));
            } else {
                continue;
            }
            break;
        }
        let (process, epoch) = (tenure.process, tenure.epoch);
        self.tenures[id as usize].checked = checked;
        if let Some((invariant, wrong)) = wrong {
            let end = map.map(Map::end);
            self.fail(invariant, || {
                format!(
                    "process {process} commits {offset} of partition {partition}, {epoch:?}, map to {end:?}; see {wrong}"
                )
            });
        }
    }

    pub fn answered(&mut self, process: u32, answer: &CommitResult, last: bool) {
        let CommitResult { epoch, offset, ref result } = *answer;
        let error = result.as_ref().err().map(|error| error.code);
        self.note(Event::Answer { process, epoch: epoch.0, offset, error: error.map(ErrorCode::name) });
        let Some(id) = self.tenure_of(process, epoch) else { return };
        let tenure = &mut self.tenures[id as usize];
        let sent = tenure.pending.iter().position(|(sent, _)| *sent == offset);
        let sent = sent.map(|place| tenure.pending.remove(place));
        let Some(code) = error else {
            if let Some((_, covered)) = sent {
                tenure.acked.join(covered);
            }
            return;
        };
        tenure.troubled = true;
        let name = &self.names[tenure.partition];
        if code == ErrorCode::Timeout
            && self.broker.committed(GROUP, name).is_some_and(|stored| stored.offset == offset)
        {
            self.see(Sight::AppliedUnanswered);
        }
        if code == ErrorCode::MetadataTooLarge {
            self.maps_are_cut(process);
            if last {
                self.see(Sight::BareLastCommit);
            }
        }
        self.see(match code {
            ErrorCode::Fenced => Sight::FencedCommit,
            ErrorCode::Rebalancing => Sight::RebalancingCommit,
            ErrorCode::Unreachable => Sight::UnreachableCommit,
            ErrorCode::MetadataTooLarge => Sight::MapTooLarge,
            _ => Sight::TimedOutCommit,
        });
        if last {
            self.see(Sight::RefusedLastCommit);
        }
    }

    /// The broker takes shorter maps than the engine planned with: they may be left out from now on.
    fn maps_are_cut(&mut self, process: u32) {
        self.maps_doubtful = true;
        for tenure in &mut self.tenures {
            tenure.cut |= tenure.process == process;
        }
        // Assignments to come start with the limit that was learned, and fit it again, unless what they
        // restore does not.
        self.cut = true;
    }

    /// Looks at what the broker has committed.
    pub fn look(&mut self) {
        for partition in 0..self.logs.len() {
            let Some(stored) = self.broker.committed(GROUP, &self.names[partition]) else { continue };
            let log = &mut self.logs[partition];
            let before = log.committed.replace(stored.offset);
            if before == Some(stored.offset) {
                continue;
            }
            let (offset, unfinished) = (stored.offset, log.first_unfinished());
            self.note(Event::Applied { partition: partition as u32, offset });
            if offset > unfinished {
                self.fail("1 a commit never passes unfinished work", || {
                    format!("{offset} of partition {partition} is committed, {unfinished} is not finished")
                });
            }
            if before.is_some_and(|before| offset < before) {
                self.see(Sight::FellBack);
                if !self.reorders && !self.was_moved_to(partition, offset) {
                    self.fail("2 commits never fall", || {
                        format!("partition {partition} fell from {before:?} to {offset}")
                    });
                }
            }
        }
    }

    /// Whether every record is finished, and the broker knows.
    pub fn all_committed(&mut self) -> bool {
        self.look();
        let committed = |log: &super::Log| log.stopped || !log.any_from(log.committed.unwrap_or(0));
        self.unfinished() == 0 && self.logs.iter().all(committed)
    }

    /// Whether the holders of all partitions know every record to be finished, so that their last commits will
    /// say so.
    pub fn all_held(&mut self) -> bool {
        let knows = |tenure: &Tenure| {
            let log = &self.logs[tenure.partition];
            let known = |(index, rec): (usize, &super::log::Rec)| {
                // One that vanishes after it was read is run all the same; of another the holder knows once it
                // has read past it.
                let passed = tenure.position > rec.offset || !log.any_from(rec.offset);
                (rec.gone && !tenure.read.has(index) && passed)
                    || tenure.own.has(index)
                    || tenure.restored(rec.offset)
            };
            let book = &self.books[tenure.process as usize];
            let stays = !book.draining && !self.out_of_touch(tenure.process);
            tenure.spell == Spell::Held && log.recs.iter().enumerate().all(known) && stays
        };
        let held = |partition: usize| self.tenures.iter().any(|t| t.partition == partition && knows(t));
        (0..self.logs.len()).all(|partition| {
            self.logs[partition].stopped || !self.logs[partition].any_from(0) || held(partition)
        })
    }
}
