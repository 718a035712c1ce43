//! Giving partitions up to the log.

use std::time::Duration;

use prosody_broker::{Commit, CommitResult, Consumer, ErrorCode};
use prosody_model::{Epoch, Mono, Now};

use super::{Handler, Shell, ending::Last, outgoing};
use crate::fact::Fact;

impl<C: Consumer> Shell<C> {
    /// Commits for partitions that are given up, then gives them up: in this order, so that the next owner starts
    /// from what was finished here.
    pub(super) fn release<H: Handler>(
        &mut self,
        released: Vec<(Epoch, Option<prosody_engine::Commit>)>,
        now: Now,
        handler: &mut H,
    ) {
        // A revocation holds up the whole group; a drain has no better use for its time.
        let revoked = self.instant(now).after(self.settings.commit_timeout);
        let until = self.drain.map_or(revoked, |(_, deadline)| deadline);
        let (mut commits, mut free) = (Vec::new(), Vec::new());
        for (epoch, commit) in released {
            match commit {
                Some(commit) => commits.push(Last { commit: outgoing(commit), until, told: false }),
                // Asked for while its commit is under way: that will release it.
                None if self.endings.hurry_one(epoch, revoked) => {}
                None => free.push(epoch),
            }
        }
        self.end(commits, free, now, handler);
    }

    /// Attempts again what was refused for the moment.
    pub(super) fn end_due<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let due = self.endings.due(now.mono);
        if !due.is_empty() {
            self.end(due, Vec::new(), now, handler);
        }
    }

    /// Makes the last commits, and releases what is `free` or has got an answer that waiting would not change.
    fn end<H: Handler>(&mut self, commits: Vec<Last>, mut free: Vec<Epoch>, now: Now, handler: &mut H) {
        let waiting = if commits.is_empty() { Vec::new() } else { self.commit_last(&commits, now, handler) };
        let instant = self.instant(now);
        for last in commits {
            let epoch = last.commit.epoch;
            if !(waiting.contains(&epoch) && self.endings.wait(last, instant)) {
                free.push(epoch);
            }
        }
        if free.is_empty() {
            return;
        }
        self.consumer.release(&free);
        let names: Vec<_> = free.iter().filter_map(|&epoch| self.forget(epoch)).collect();
        // Empty where the log asks for what a drain has released already.
        if !names.is_empty() {
            handler.observe(Fact::Revoked(names));
        }
    }

    /// The last commit of each assignment: which ones are worth another attempt. Where only its map is too long
    /// the offset goes without it.
    fn commit_last<H: Handler>(&mut self, commits: &[Last], now: Now, handler: &mut H) -> Vec<Epoch> {
        // What this step has started and stopped so far is not to wait for the log.
        handler.flush();
        let until = commits.iter().map(|last| last.until).max().unwrap_or(now.mono);
        let whole = commits.iter().map(|last| last.commit.clone()).collect();
        let (mut bare, mut again) = (Vec::new(), Vec::new());
        let timeout = self.time_to_commit(until, now);
        for CommitResult { epoch, offset, result } in self.consumer.commit_now(whole, timeout) {
            let mut tell = true;
            match &result {
                Err(error) if error.code == ErrorCode::MetadataTooLarge => {
                    bare.push(Commit { epoch, offset, metadata: String::new() });
                }
                Err(error) if error.code.commit_retryable() => {
                    again.push(epoch);
                    tell = !commits.iter().any(|last| last.commit.epoch == epoch && last.told);
                }
                _ => {}
            }
            if tell {
                self.observe_refusal(epoch, offset, result, handler);
            }
        }
        if !bare.is_empty() {
            let timeout = self.time_to_commit(until, now);
            for CommitResult { epoch, offset, result } in self.consumer.commit_now(bare, timeout) {
                self.observe_refusal(epoch, offset, result, handler);
            }
        }
        again
    }

    /// How long an attempt may wait that is to be over at `until`.
    fn time_to_commit(&self, until: Mono, now: Now) -> Duration {
        let now = self.instant(now);
        let left = until.after(self.settings.late_commit).since(now).min(self.settings.commit_timeout);
        match self.drain {
            // Calls are to be asked to stop on time, which nobody does meanwhile.
            Some((abort_at, _)) if now < abort_at && self.engine.open_calls() > 0 => {
                left.min(abort_at.since(now))
            }
            _ => left,
        }
    }

    /// What time it is by now: a commit may have blocked since the step began.
    fn instant(&self, now: Now) -> Mono {
        self.settings.clock.map_or(now.mono, |clock| clock().max(now.mono))
    }
}
