//! When to commit what.
//!
//! A partition with something new is committed each `commit_interval`, and sooner when nothing is in hand, so that
//! a quiet consumer leaves nothing uncommitted. One commit of a partition is on its way at a time: of two, the
//! older might be applied last.

use std::time::Duration;

use prosody_model::{Epoch, Mono};

use crate::{
    action::{Action, Commit, Observation},
    engine::Engine,
    input::CommitResult,
    partitions::Committing,
    planted::{self, Bug},
};

/// How much sooner than the interval an idle consumer commits: often enough to leave little behind, seldom enough
/// not to send a commit a record when records come one by one.
const IDLE_SHARE: u32 = 10;
/// The least wait after a commit that was not accepted: a broker that is away is not asked in a tight loop.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

impl Engine {
    /// When the next commits are due; `None` while there is nothing new.
    pub(super) fn commit_due(&self) -> Option<Mono> {
        let interval = self.settings.commit_interval;
        let idle = self.open == 0 && self.uncommitted == 0;
        let wait = if self.refused {
            interval.max(AFTER_REFUSAL)
        } else if idle {
            (interval / IDLE_SHARE).max(Duration::from_millis(1))
        } else {
            interval
        };
        self.dirty.then(|| self.last_commit.after(wait))
    }

    pub(super) fn tick_commits(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.commit_due().is_none_or(|due| due > now) {
            return;
        }
        self.last_commit = now;
        self.dirty = false;
        // Partitions that leave as well: a drain may be long, and a kill during it must not repeat all of it.
        for held in self.partitions.iter_mut() {
            let Some(tracker) = held.tracker.as_ref().filter(|tracker| tracker.is_dirty()) else { continue };
            if held.committing.is_some() && !planted::is(Bug::TwoCommitsOnTheWay) {
                self.dirty = true;
                continue;
            }
            let commit = tracker.snapshot();
            let units = commit.metadata.encode_utf16().count();
            held.committing = Some(Committing { revision: commit.revision, units });
            let (epoch, offset) = (held.epoch, commit.offset);
            out.push(Action::Commit(Commit { epoch, offset, metadata: commit.metadata }));
        }
    }

    pub(super) fn committed(&mut self, epoch: Epoch, result: CommitResult, out: &mut Vec<Action>) {
        let Some(held) = self.partitions.by_epoch(epoch) else {
            self.counters.outdated += 1;
            return;
        };
        let Some(commit) = held.committing.take() else { return };
        let Some(tracker) = held.tracker.as_mut() else { return };
        self.refused = result == CommitResult::Refused;
        if result == CommitResult::Accepted {
            tracker.committed(commit.revision);
        }
        self.dirty |= tracker.is_dirty();
        if result == CommitResult::MetadataTooLarge {
            self.halve_metadata(commit.units, out);
        }
    }

    /// The broker takes less than `refused` units: learn it, once for all partitions. Halving once would do
    /// nothing for a map that is far below the limit and was refused all the same.
    fn halve_metadata(&mut self, refused: usize, out: &mut Vec<Action>) {
        let mut units = self.settings.metadata_units;
        if refused == 0 || units < refused {
            return;
        }
        while units >= refused {
            units /= 2;
        }
        self.settings.metadata_units = units;
        out.push(Action::Observe(Box::new(Observation::MetadataLimit { units })));
        self.dirty = true;
        for tracker in self.partitions.iter_mut().filter_map(|held| held.tracker.as_mut()) {
            tracker.set_limit(units);
        }
    }
}
