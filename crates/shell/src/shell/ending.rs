//! Partitions whose last commit was refused for the moment.
//!
//! A group that is rebalancing, or a broker that is away for an instant, takes the same commit a little later.
//! Giving the partition up without it would make the next owner run again what has finished here, so the
//! release waits: for as long as one commit may take, and in a drain until its end.

use std::time::Duration;

use prosody_broker::Commit;
use prosody_model::{Epoch, Mono};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// The last commit of one partition, which is to be released once it is accepted.
#[derive(Debug)]
pub struct Last {
    pub commit: Commit,
    /// When the partition is released without.
    pub until: Mono,
    /// Whether people know that it is attempted again and again.
    pub told: bool,
}

/// Bound: the partitions held; an entry goes when its commit is accepted, when its time is over, or with a loss.
#[derive(Debug, Default)]
pub struct Endings {
    list: Vec<Last>,
    next: Option<Mono>,
}

impl Endings {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// When the next attempt is due.
    pub fn next(&self) -> Option<Mono> {
        self.next
    }

    /// Waits with this commit; false when there is no time left for that.
    pub fn wait(&mut self, mut last: Last, now: Mono) -> bool {
        if now >= last.until {
            return false;
        }
        let attempt = now.after(PAUSE).min(last.until);
        self.next = Some(self.next.map_or(attempt, |next| next.min(attempt)));
        last.told = true;
        self.list.push(last);
        true
    }

    /// Everything is to be over by then.
    pub fn hurry(&mut self, deadline: Mono) {
        for last in &mut self.list {
            last.until = last.until.min(deadline);
        }
        self.next = self.next.map(|next| next.min(deadline));
    }

    /// This partition's commit is to be over by then; false if none is waited with.
    pub fn hurry_one(&mut self, epoch: Epoch, deadline: Mono) -> bool {
        let Some(last) = self.list.iter_mut().find(|last| last.commit.epoch == epoch) else { return false };
        last.until = last.until.min(deadline);
        self.next = self.next.map(|next| next.min(deadline));
        true
    }

    /// The partition is gone, there is nothing to commit any more.
    pub fn forget(&mut self, epochs: &[Epoch]) {
        self.list.retain(|last| !epochs.contains(&last.commit.epoch));
        if self.list.is_empty() {
            self.next = None;
        }
    }

    /// Takes everything out if an attempt is due.
    pub fn due(&mut self, now: Mono) -> Vec<Last> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        self.next = None;
        std::mem::take(&mut self.list)
    }
}
