//! Giving partitions up to the log.

use std::time::Duration;

use prosody_broker::{Commit, CommitResult, Consumer, ErrorCode};
use prosody_model::{Epoch, Mono, Now};

use super::{Handler, Shell, outgoing};
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
        let until = now.mono.after(self.settings.commit_timeout);
        let until = self.drain_deadline.map_or(until, |deadline| deadline.min(until));
        let (mut commits, mut free) = (Vec::new(), Vec::new());
        for (epoch, commit) in released {
            match commit {
                Some(commit) => commits.push((outgoing(commit), until)),
                // Asked for again while its commit is under way: that will release it.
                None if self.endings.holds(epoch) => {}
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
    fn end<H: Handler>(
        &mut self,
        commits: Vec<(Commit, Mono)>,
        mut free: Vec<Epoch>,
        now: Now,
        handler: &mut H,
    ) {
        let waiting = if commits.is_empty() { Vec::new() } else { self.commit_last(&commits, now, handler) };
        for (commit, until) in commits {
            let epoch = commit.epoch;
            if !(waiting.contains(&epoch) && self.endings.wait(commit, now.mono, until)) {
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
    fn commit_last<H: Handler>(
        &mut self,
        commits: &[(Commit, Mono)],
        now: Now,
        handler: &mut H,
    ) -> Vec<Epoch> {
        // Even a drain that is out of time tries: a short wait beats running everything again.
        let left = commits.iter().map(|(_, until)| until.since(now.mono)).max().unwrap_or_default();
        let timeout = left.max(Duration::from_millis(100)).min(self.settings.commit_timeout);
        let whole = commits.iter().map(|(commit, _)| commit.clone()).collect();
        let (mut bare, mut again) = (Vec::new(), Vec::new());
        for CommitResult { epoch, offset, result } in self.consumer.commit_now(whole, timeout) {
            match &result {
                Err(error) if error.code == ErrorCode::MetadataTooLarge => {
                    bare.push(Commit { epoch, offset, metadata: String::new() });
                }
                Err(error) if error.code.retryable() => again.push(epoch),
                _ => {}
            }
            self.observe_refusal(epoch, offset, result, handler);
        }
        if !bare.is_empty() {
            for CommitResult { epoch, offset, result } in self.consumer.commit_now(bare, timeout) {
                self.observe_refusal(epoch, offset, result, handler);
            }
        }
        again
    }
}
