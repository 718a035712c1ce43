//! Carrying out the faults.

use std::time::Duration;

use prosody_broker::memory::Link;

use super::{Due, World};
use crate::{
    faults::{Fault, metadata},
    ledger::GROUP,
    sights::Sight,
    trace::Event,
};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

impl World {
    pub(super) fn strike(&mut self, fault: Fault) {
        self.ledger.borrow_mut().note(Event::Fault(fault));
        match fault {
            Fault::Crash { slot, fuse } => self.arm(slot, fuse),
            Fault::Restart { slot } => {
                if let Some(id) = self.id_in(slot) {
                    self.leave(slot, id);
                }
            }
            Fault::Freeze { slot, ms: time, calls_too } => self.freeze(slot, ms(time), calls_too),
            Fault::Unreachable { ms: time } => self.disconnect(ms(time)),
            Fault::CutOff { slot, ms: time } => self.cut_off(slot, ms(time)),
            Fault::Evict { slot } => self.evict(slot),
            Fault::Rebalance => {
                self.ledger.borrow_mut().see(Sight::Rebalances);
                self.broker.rebalance(GROUP);
            }
            Fault::Guest { ms: time } => self.invite(ms(time)),
            Fault::Commits { slot, kind, count } => self.with_faults(slot, |faults| {
                faults.commits.extend((0..count).map(|_| kind.fault()));
            }),
            Fault::Rereads { slot, kind, count } => self.with_faults(slot, |faults| {
                faults.rereads.extend((0..count).map(|_| kind.fault()));
            }),
            Fault::Notices { slot, ms: time } => {
                self.with_faults(slot, |faults| faults.notice_delay = ms(time));
            }
            Fault::Metadata { slot, foreign } => {
                self.with_faults(slot, |faults| faults.metadata = metadata(foreign));
            }
            Fault::MetadataLimit { units } => {
                self.broker.configure(|settings| settings.metadata_limit = usize::from(units));
            }
            Fault::Compact { count } => (0..count).for_each(|_| self.compact()),
            Fault::Retention => self.retain(),
            Fault::Purge => self.purge(),
        }
    }

    fn id_in(&self, slot: u8) -> Option<u32> {
        Some(self.slots.get(usize::from(slot))?.as_ref()?.id)
    }

    fn with_faults(&mut self, slot: u8, change: impl FnOnce(&mut prosody_broker::memory::ConsumerFaults)) {
        if let Some(process) = self.slots[usize::from(slot)].as_mut() {
            self.broker.consumer_faults(process.shell.consumer_mut().id(), change);
        }
    }

    fn arm(&mut self, slot: u8, fuse: u8) {
        if let Some(process) = self.id_in(slot) {
            self.ledger.borrow_mut().book(process).fuse = Some(u32::from(fuse));
            // If it does nothing for long it dies while it waits.
            self.plan_in(Duration::from_secs(2), Due::Kill { slot, process });
        }
    }

    fn freeze(&mut self, slot: u8, time: Duration, calls_too: bool) {
        let until = self.now.after(time);
        let Some(process) = self.slots[usize::from(slot)].as_mut() else { return };
        process.frozen = Some(until);
        process.calls_frozen = calls_too;
        process.next = prosody_model::Mono::NEVER;
        let id = process.id;
        let mut ledger = self.ledger.borrow_mut();
        ledger.see(Sight::Froze);
        ledger.estrange(id);
        ledger.note(Event::Froze { process: id, until_ms: until.0 / 1_000_000 });
        drop(ledger);
        self.schedule(slot, until);
    }

    fn disconnect(&mut self, time: Duration) {
        self.unreachable += 1;
        self.broker.faults(|faults| faults.unreachable = true);
        let ids: Vec<u32> = self.slots.iter().flatten().map(|process| process.id).collect();
        let mut ledger = self.ledger.borrow_mut();
        ledger.see(Sight::Unreachable);
        ledger.unreachable = true;
        for id in ids {
            ledger.estrange(id);
        }
        drop(ledger);
        self.plan_in(time, Due::Reachable);
    }

    pub(super) fn reachable(&mut self) {
        self.unreachable = self.unreachable.saturating_sub(1);
        if self.unreachable == 0 {
            self.broker.faults(|faults| faults.unreachable = false);
            self.ledger.borrow_mut().unreachable = false;
        }
    }

    fn cut_off(&mut self, slot: u8, time: Duration) {
        let Some(process) = self.id_in(slot) else { return };
        self.with_faults(slot, |faults| faults.link = Link::Down);
        let mut ledger = self.ledger.borrow_mut();
        ledger.see(Sight::CutOff);
        ledger.estrange(process);
        ledger.book(process).cut_off = true;
        drop(ledger);
        self.plan_in(time, Due::Linked { slot, process });
    }

    pub(super) fn linked(&mut self, slot: u8, process: u32) {
        if self.id_in(slot) == Some(process) {
            self.with_faults(slot, |faults| faults.link = Link::Up);
            self.ledger.borrow_mut().book(process).cut_off = false;
        }
    }

    fn evict(&mut self, slot: u8) {
        let Some(process) = self.slots[usize::from(slot)].as_mut() else { return };
        let (id, consumer) = (process.id, process.shell.consumer_mut().id());
        let mut ledger = self.ledger.borrow_mut();
        ledger.estrange(id);
        if self.broker.evict(consumer) {
            ledger.see(Sight::Evicted);
        }
    }

    /// One more member for a while.
    fn invite(&mut self, time: Duration) {
        let slot = self.plan.members as u8;
        if self.id_in(slot).is_none() {
            self.start(slot);
            if let Some(process) = self.id_in(slot) {
                self.plan_in(time, Due::Leave { slot, process });
            }
        }
    }

    pub(super) fn leave(&mut self, slot: u8, process: u32) {
        let (now, drain, ledger) = (self.now, self.plan.drain, self.ledger.clone());
        if let Some(process) = self.process(slot, process) {
            process.stop(now, drain, &ledger);
            self.schedule(slot, now);
        }
    }

    /// One record vanishes.
    fn compact(&mut self) {
        let partition = self.chance.below(self.plan.partitions as u64) as usize;
        let mut ledger = self.ledger.borrow_mut();
        let records = ledger.logs[partition].recs.len() as u64;
        if records > 0 {
            let index = self.chance.below(records) as usize;
            let offset = ledger.logs[partition].recs[index].offset;
            if self.broker.compact(&ledger.names[partition], offset) == Ok(true) {
                ledger.gone(partition, index);
            }
        }
    }

    /// The log loses what is committed and read: a restored map may have taken a commit past what was read, and a
    /// log that starts above the position stops the partition. Never with commits that may fall back.
    fn retain(&mut self) {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.reorders {
            return;
        }
        ledger.look();
        for partition in 0..self.plan.partitions {
            let Some(committed) = ledger.logs[partition].committed else { continue };
            let committed = committed.min(ledger.lowest_position(partition));
            if self.broker.delete_records(&ledger.names[partition], committed).is_ok() {
                ledger.see(Sight::LogStartMoved);
                let below = ledger.logs[partition].recs.partition_point(|rec| rec.offset < committed);
                (0..below).for_each(|index| ledger.gone(partition, index));
            }
        }
    }
    /// The log loses what all holders have read, or, if there are none, all that it has: what is in memory still is run
    /// from there, what is not must be accounted for. Never with commits that may fall back, nor where a group without a
    /// commit would start above what is lost.
    fn purge(&mut self) {
        let any = self.chance.below(self.plan.partitions as u64) as usize;
        let mut ledger = self.ledger.borrow_mut();
        let partition = if self.chance.one_in(4) { any } else { ledger.busiest().unwrap_or(any) };
        if ledger.reorders || self.broker.committed(GROUP, &ledger.names[partition]).is_none() {
            return;
        }
        let name = ledger.names[partition].clone();
        let end = self.broker.log_range(&name).map_or(0, |range| range.end);
        let before = ledger.lowest_read(partition).min(end);
        if self.broker.delete_records(&name, before).is_ok() {
            ledger.purged(partition, before);
        }
    }
}
