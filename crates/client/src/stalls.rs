//! Says once of each partition that it gets nowhere.

use std::{collections::BTreeMap, time::Duration};

use prosody_broker::Consumer;
use prosody_engine::Stall;
use prosody_model::{Epoch, Mono, PartitionIndex};
use prosody_shell::{Fact, Shell};

use crate::{mailbox::Mailbox, sink::Sink};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(100);
/// A partition moves again once it has done so for this long: one that is held again by the next parked key has not.
const CALM: Duration = Duration::from_secs(2);

/// Looks at a consumer's partitions every now and then.
pub struct Watch {
    threshold: Duration,
    next: Mono,
    /// Of what was said, when it last held. Bound: the partitions held; one goes when its partition moves or is gone.
    said: BTreeMap<Epoch, (PartitionIndex, Mono)>,
}

/// What has changed since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    stalled: Vec<Stall>,
    moving: Vec<(Epoch, PartitionIndex)>,
}

impl Watch {
    pub fn new(threshold: Duration) -> Self {
        Self { threshold, next: Mono::default(), said: BTreeMap::new() }
    }

    /// Looks, if it is time to.
    pub fn look<C: Consumer>(&mut self, now: Mono, shell: &Shell<C>, mailbox: &Mailbox, sink: &dyn Sink) {
        if now < self.next {
            return;
        }
        self.next = now.after(EVERY.min(self.threshold / 4));
        let engine = shell.engine();
        let stalls = engine.stalls(now, self.threshold);
        // The probes go by the same list as the event and the getter: a partition that gets no slot runs no call.
        let stalled = stalls.iter().filter_map(|stall| stall.since);
        mailbox.pulse.slowest(engine.last_moved().into_iter().chain(stalled).min());
        mailbox.set_stalled(stalls.len());
        if stalls.is_empty() && self.said.is_empty() {
            return;
        }
        let Changes { stalled, moving } = self.changes(now, stalls);
        let mut facts = Vec::new();
        for stall in stalled {
            let Some(partition) = shell.name_of(stall.partition).cloned() else { continue };
            let Stall { bound, since, first_unfinished, unfinished, .. } = stall;
            let quiet = since.map(|since| now.since(since));
            facts.push(Fact::Stalled { partition, bound, quiet, first_unfinished, unfinished });
        }
        // Of a partition that is gone, or is going, it is not said.
        let moving = moving.into_iter().filter(|(epoch, _)| engine.reads(*epoch));
        facts.extend(moving.filter_map(|(_, index)| shell.name_of(index).cloned().map(Fact::Moving)));
        if !facts.is_empty() {
            sink.facts(facts);
        }
    }

    fn changes(&mut self, now: Mono, stalls: Vec<Stall>) -> Changes {
        let mut changes = Changes::default();
        for stall in stalls {
            if self.said.insert(stall.epoch, (stall.partition, now)).is_none() {
                changes.stalled.push(stall);
            }
        }
        self.said.retain(|&epoch, &mut (partition, held)| {
            let over = now.since(held) >= CALM;
            if over {
                changes.moving.push((epoch, partition));
            }
            !over
        });
        changes
    }
}

#[cfg(test)]
mod tests;
