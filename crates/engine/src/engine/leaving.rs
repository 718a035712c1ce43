//! Giving partitions up: on revocation, on loss, on shutdown.
//!
//! ```text
//!  held ── Revoking / Drain ──▶ leaving ── last call settled, or deadline ──▶ released (commit)
//!    └────────────── Lost ──────────┴────────────────────────────────────────▶ gone (no commit)
//! ```
//!
//! A dead letter on its way counts as an open call here, but for the end: with its epoch it is forgotten.
//!
//! A record that waits to be marked has no call that could be waited for. Marks that come before the end count; with
//! the epoch what is not marked is forgotten.
//!
//! Queued records are dropped at once: the next owner has them. A call that is still open when its partition
//! goes keeps its slot and its key until it settles, and nothing more.

use prosody_model::{AbortReason, Epoch, Mono, PartitionIndex};

use crate::{
    action::{Action, Commit, Observation},
    engine::Engine,
    events::{NIL, Stage},
    lanes::State,
    partitions::Leaving,
    planted::{self, Bug},
};

/// No assignment: epochs are drawn from 1 on.
const OVER: Epoch = Epoch(0);

impl Engine {
    /// Takes up another membership, once a drain or a loss has ended the one before. Calls that are still open keep
    /// their slots and their keys until they settle, as after a loss.
    pub fn reopen(&mut self) {
        self.lose(&self.partitions.epochs(), &mut Vec::new());
        // The next membership may draw the same epochs again, and must not be taken for theirs.
        let late: Vec<u32> = self.events.iter().map(|(index, _)| index).collect();
        for event in late {
            if let Some(event) = self.events.get_mut(event) {
                event.epoch = OVER;
            }
        }
        (self.drain, self.drained, self.refused, self.dirty) = (None, false, false, false);
    }

    pub(super) fn revoke(&mut self, epochs: &[Epoch], now: Mono, out: &mut Vec<Action>) {
        let deadline = now.after(self.settings.revoke_timeout);
        for &epoch in epochs {
            if self.partitions.get(epoch).is_none() {
                self.counters.outdated += 1;
                // Whoever asks waits for an answer, whatever we know of the epoch.
                out.push(Action::Release { epoch, commit: None });
                continue;
            }
            self.begin_leaving(epoch, Leaving { abort_at: deadline, deadline }, out);
        }
    }

    pub(super) fn lose(&mut self, epochs: &[Epoch], out: &mut Vec<Action>) {
        for &epoch in epochs {
            let Some(index) = self.partitions.get(epoch).map(|held| held.index) else {
                self.counters.outdated += 1;
                continue;
            };
            if planted::is(Bug::CommitAfterLoss) {
                out.extend(self.last_commit(epoch).map(Action::Commit));
            }
            self.drop_queued(index, epoch);
            self.abort_calls(index, epoch, AbortReason::Lost, out);
            self.abandon_calls(index, epoch, out);
            self.remove_partition(epoch);
        }
    }

    pub(super) fn drain(&mut self, drain: Leaving, out: &mut Vec<Action>) {
        if self.drain.is_some() {
            return;
        }
        self.drain = Some(drain);
        for epoch in self.partitions.epochs() {
            self.begin_leaving(epoch, drain, out);
        }
    }

    /// Says once that everything is released and settled, or that the time for it is over.
    pub(super) fn finish_drain(&mut self, now: Mono, out: &mut Vec<Action>) {
        let Some(drain) = self.drain else { return };
        let quiet = self.open == 0 || now >= drain.deadline;
        if !self.drained && self.partitions.is_empty() && quiet {
            self.drained = true;
            out.push(Action::Drained { unfinished_calls: self.open });
        }
    }

    pub(super) fn begin_leaving(&mut self, epoch: Epoch, leaving: Leaving, out: &mut Vec<Action>) {
        let Some(held) = self.partitions.by_epoch(epoch) else { return };
        let index = held.index;
        if let Some(before) = &mut held.leaving {
            before.abort_at = before.abort_at.min(leaving.abort_at);
            before.deadline = before.deadline.min(leaving.deadline);
            return;
        }
        held.leaving = Some(leaving);
        self.leavings += 1;
        self.drop_queued(index, epoch);
        self.release_if_quiet(epoch, out);
    }

    /// Gives a leaving partition up once its last call has settled and its last dead letter is answered.
    pub(super) fn release_if_quiet(&mut self, epoch: Epoch, out: &mut Vec<Action>) {
        if self
            .partitions
            .get(epoch)
            .is_some_and(|held| held.leaving.is_some() && held.open + held.posted == 0)
        {
            self.release(epoch, out);
        }
    }

    /// Serves the deadlines of leaving partitions.
    pub(super) fn tick_leaving(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.leavings == 0 {
            return;
        }
        let reason = if self.drain.is_some() { AbortReason::Shutdown } else { AbortReason::Revoked };
        for epoch in self.partitions.epochs() {
            let Some(held) = self.partitions.by_epoch(epoch) else { continue };
            let index = held.index;
            let Some(leaving) = &mut held.leaving else { continue };
            let deadline = leaving.deadline;
            if leaving.abort_at <= now {
                leaving.abort_at = Mono::NEVER;
                self.abort_calls(index, epoch, reason, out);
            }
            if deadline <= now {
                self.abandon_calls(index, epoch, out);
                self.release(epoch, out);
            }
        }
    }

    fn release(&mut self, epoch: Epoch, out: &mut Vec<Action>) {
        if self.partitions.get(epoch).is_some() {
            let commit = self.last_commit(epoch);
            out.push(Action::Release { epoch, commit });
            self.remove_partition(epoch);
        }
    }

    /// What there is to commit before a partition goes.
    fn last_commit(&self, epoch: Epoch) -> Option<Commit> {
        let tracker = self.partitions.get(epoch)?.tracker.as_ref().filter(|tracker| tracker.is_dirty())?;
        let commit = tracker.snapshot();
        Some(Commit { epoch, offset: commit.offset, metadata: commit.metadata })
    }

    fn remove_partition(&mut self, epoch: Epoch) {
        self.drop_posted(epoch);
        self.drop_unmarked(epoch);
        if let Some(held) = self.partitions.remove(epoch) {
            self.backlogs -= usize::from(!held.backlog.is_empty());
            self.leavings -= usize::from(held.leaving.is_some());
            self.bytes -= held.backlog.iter().map(prosody_model::Record::size).sum::<usize>();
        }
    }

    /// Drops what waits: in lanes, parked, and not even admitted.
    pub(super) fn drop_queued(&mut self, index: PartitionIndex, epoch: Epoch) {
        if let Some(held) = self.partitions.live(index, epoch) {
            let backlog = std::mem::take(&mut held.backlog);
            self.backlogs -= usize::from(!backlog.is_empty());
            self.bytes -= backlog.iter().map(prosody_model::Record::size).sum::<usize>();
        }
        if planted::is(Bug::DispatchAfterRevoke) {
            return;
        }
        for lane in self.lanes.of_partition(index) {
            while let Some(event) = self.lanes.get_mut(lane).and_then(|lane| lane.pop_front(&mut self.events))
            {
                self.forget(event);
            }
            let Some((state, open)) = self.lanes.get(lane).map(|lane| (lane.state, lane.open)) else {
                continue;
            };
            match state {
                State::Ready { .. } => self.scheduler.leave(lane, &mut self.lanes),
                State::Parked { .. } => self.parking.leave(lane, &mut self.lanes),
                State::Running { .. } => {}
                // Void from now on.
                State::Fetching => drop(self.lanes.restamp(lane)),
            }
            if open == NIL {
                self.remove_lane(lane);
            }
        }
    }

    fn open_calls_of(&self, index: PartitionIndex, epoch: Epoch) -> Vec<u32> {
        let ours = |(event, e): (u32, &crate::events::Event)| {
            (e.stage == Stage::Open && e.partition == index && e.epoch == epoch).then_some(event)
        };
        self.events.iter().filter_map(ours).collect()
    }

    fn abort_calls(
        &mut self,
        index: PartitionIndex,
        epoch: Epoch,
        reason: AbortReason,
        out: &mut Vec<Action>,
    ) {
        for event in self.open_calls_of(index, epoch) {
            self.abort(event, reason, out);
        }
    }

    /// Asks one call to stop, once.
    pub(super) fn abort(&mut self, index: u32, reason: AbortReason, out: &mut Vec<Action>) {
        let id = self.events.id(index);
        if let Some(event) = self.events.get_mut(index)
            && !std::mem::replace(&mut event.aborted, true)
        {
            self.counters.aborted += 1;
            out.push(Action::Abort { event: id, reason });
        }
        self.events.close(index);
    }

    fn abandon_calls(&mut self, index: PartitionIndex, epoch: Epoch, out: &mut Vec<Action>) {
        for event in self.open_calls_of(index, epoch) {
            let facts = self.facts(event);
            self.counters.abandoned += 1;
            out.push(Action::Observe(Box::new(Observation::Abandoned {
                partition: facts.partition,
                offset: facts.offset,
                attempt: facts.attempts,
            })));
        }
    }
}
