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
};

/// How much sooner than the interval an idle consumer commits: often enough to leave little behind, seldom enough
/// not to send a commit a record when records come one by one.
const IDLE_SHARE: u32 = 10;

impl Engine {
    /// When the next commits are due; `None` while there is nothing new.
    pub(super) fn commit_due(&self) -> Option<Mono> {
        let interval = self.settings.commit_interval;
        let idle = self.open == 0 && self.uncommitted == 0;
        let wait = if idle { (interval / IDLE_SHARE).max(Duration::from_millis(1)) } else { interval };
        self.dirty.then(|| self.last_commit.after(wait))
    }

    pub(super) fn tick_commits(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.commit_due().is_none_or(|due| due > now) {
            return;
        }
        self.last_commit = now;
        self.dirty = false;
        for held in self.partitions.iter_mut().filter(|held| held.leaving.is_none()) {
            let Some(tracker) = held.tracker.as_ref().filter(|tracker| tracker.is_dirty()) else { continue };
            if held.committing.is_some() {
                self.dirty = true;
                continue;
            }
            let commit = tracker.snapshot();
            held.committing = Some(commit.revision);
            let (epoch, offset) = (held.epoch, commit.offset);
            out.push(Action::Commit(Commit { epoch, offset, metadata: commit.metadata }));
        }
    }

    pub(super) fn committed(&mut self, epoch: Epoch, result: CommitResult, out: &mut Vec<Action>) {
        let Some(held) = self.partitions.by_epoch(epoch) else {
            self.counters.outdated += 1;
            return;
        };
        let revision = held.committing.take();
        let Some(tracker) = held.tracker.as_mut() else { return };
        match result {
            CommitResult::Accepted => {
                if let Some(revision) = revision {
                    tracker.committed(revision);
                }
            }
            CommitResult::Refused => {}
            CommitResult::MetadataTooLarge => {
                let refused = tracker.limit();
                self.halve_metadata(refused, out);
            }
        }
        self.dirty = true;
    }

    /// The broker takes less than we thought: learn it, once for all partitions.
    fn halve_metadata(&mut self, refused: usize, out: &mut Vec<Action>) {
        if self.settings.metadata_units >= refused {
            self.settings.metadata_units = refused / 2;
            let units = self.settings.metadata_units;
            out.push(Action::Observe(Box::new(Observation::MetadataLimit { units })));
        }
        let units = self.settings.metadata_units;
        for tracker in self.partitions.iter_mut().filter_map(|held| held.tracker.as_mut()) {
            tracker.set_limit(units);
        }
    }
}
