//! Partitions whose last commit was refused for the moment.
//!
//! A group that is rebalancing, or a broker that is away for an instant, takes the same commit a little later.
//! Giving the partition up without it would make the next owner run again what has finished here, so the
//! release waits: for as long as one commit may take, and never past the end of a drain.

use std::time::Duration;

use prosody_broker::Commit;
use prosody_model::{Epoch, Mono};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// One partition that is to be released once its commit is accepted.
#[derive(Debug)]
struct Ending {
    commit: Commit,
    /// When it is released without.
    until: Mono,
}

/// Bound: the partitions held; an entry goes when its commit is accepted, when its time is over, or with a loss.
#[derive(Debug, Default)]
pub struct Endings {
    list: Vec<Ending>,
    next: Option<Mono>,
}

impl Endings {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn holds(&self, epoch: Epoch) -> bool {
        self.list.iter().any(|ending| ending.commit.epoch == epoch)
    }

    /// When the next attempt is due.
    pub fn next(&self) -> Option<Mono> {
        self.next
    }

    /// Waits with this commit; false when there is no time left for that.
    pub fn wait(&mut self, commit: Commit, now: Mono, until: Mono) -> bool {
        if now >= until {
            return false;
        }
        let attempt = now.after(PAUSE).min(until);
        self.next = Some(self.next.map_or(attempt, |next| next.min(attempt)));
        self.list.push(Ending { commit, until });
        true
    }

    /// Everything is to be over by then.
    pub fn hurry(&mut self, deadline: Mono) {
        for ending in &mut self.list {
            ending.until = ending.until.min(deadline);
        }
        self.next = self.next.map(|next| next.min(deadline));
    }

    /// The partition is gone, there is nothing to commit any more.
    pub fn forget(&mut self, epochs: &[Epoch]) {
        self.list.retain(|ending| !epochs.contains(&ending.commit.epoch));
        if self.list.is_empty() {
            self.next = None;
        }
    }

    /// Takes everything out if an attempt is due: the commits, and until when each may be attempted.
    pub fn due(&mut self, now: Mono) -> Vec<(Commit, Mono)> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        self.next = None;
        self.list.drain(..).map(|ending| (ending.commit, ending.until)).collect()
    }
}
