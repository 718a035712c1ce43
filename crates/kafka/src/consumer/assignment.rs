//! Coming and going of partitions.

use std::collections::HashSet;

use prosody_broker::{Assigned, ConsumerEvent};
use prosody_model::{Epoch, TopicPartition};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as E;

use super::{Membership, offsets::Start, queue::Source, table::Held};
use crate::{
    error,
    ffi::{Entry, Event, Handle, PartitionList, text},
};

/// A revocation that waits for its epochs to be released.
#[derive(Debug)]
pub(super) struct Revoke {
    partitions: PartitionList,
    /// Shrinks with each release.
    waiting: HashSet<Epoch>,
    /// Queues of released epochs; emptied when librdkafka has stopped fetching into them.
    sources: Vec<Source>,
}

impl Membership {
    pub(super) fn on_rebalance(&mut self, event: &Event) {
        let entries = event.partitions();
        let code = event.error();
        if code == E::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS as i32 {
            self.on_assign(&entries);
        } else if code == E::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS as i32 {
            self.on_revoke(&entries);
        } else {
            self.lose_everything();
            // SAFETY: the client is live; null unassigns everything.
            unsafe { sys::rd_kafka_assign(self.handle.raw(), std::ptr::null()) };
        }
    }

    /// The assignment is answered at once with nothing, and the partitions follow when their committed offsets
    /// are known: an unanswered one would hold up the fetching of every partition that we keep.
    fn on_assign(&mut self, entries: &[Entry<'_>]) {
        let _ = incremental_assign(&self.handle, &PartitionList::new());
        self.wake_fetching();
        if self.failed {
            return;
        }
        for entry in entries {
            if let Some(epoch) = self.table.epoch_of(entry.topic, entry.partition) {
                self.lose(&[epoch]);
            }
            self.joining.want(entry.topic, entry.partition);
        }
        self.ask_for_offsets();
    }

    /// Takes partitions over whose start is known.
    pub(super) fn take_over(&mut self, starts: Vec<Start>) {
        if starts.is_empty() {
            return;
        }
        // An incremental assignment would clear the mark that the session is over. The revocation that goes
        // with that mark is on its way, and takes these along or leaves them for later.
        if self.handle.assignment_lost() {
            return starts
                .into_iter()
                .for_each(|start| self.joining.again(start.partition, start.first, self.now));
        }
        let mut list = PartitionList::new();
        let mut taken = Vec::with_capacity(starts.len());
        for Start { partition, committed, metadata, first, moved } in starts {
            let epoch = self.epochs.draw();
            let (topic, number) = (&*partition.topic, partition.partition);
            let Some(source) = Source::split(&self.handle, topic, number, epoch, &self.ready) else {
                continue;
            };
            if let Some(mut element) = list.add(topic, number) {
                element.offset(committed.unwrap_or(i64::from(sys::RD_KAFKA_OFFSET_BEGINNING)));
            }
            taken.push((Assigned { epoch, partition, committed, metadata, moved }, source, first));
        }
        if let Err((code, reason)) = incremental_assign(&self.handle, &list) {
            let reason = error::of_kind(error::kind(code), "taking partitions over", &reason);
            self.warn("", reason);
            return taken
                .into_iter()
                .for_each(|(assigned, _, first)| self.joining.again(assigned.partition, first, self.now));
        }
        let mut said = Vec::with_capacity(taken.len());
        for (assigned, source, first) in taken {
            self.joining.bounds.begin(first);
            // Anything left there by an earlier spell raises no edge.
            source.arm();
            self.table
                .insert(assigned.epoch, Held::new(assigned.partition.clone(), source, assigned.committed));
            self.keeping.wonder(assigned.epoch);
            said.push(assigned);
        }
        self.wake_fetching();
        self.out.push(ConsumerEvent::Assigned(said));
    }

    fn on_revoke(&mut self, entries: &[Entry<'_>]) {
        let mut partitions = PartitionList::new();
        let mut epochs = Vec::new();
        for entry in entries {
            self.joining.forget(entry.topic, entry.partition);
            // What was never assigned to librdkafka must not be in the answer: it refuses the whole of it.
            if let Some(epoch) = self.table.epoch_of(entry.topic, entry.partition) {
                partitions.add(entry.topic, entry.partition);
                epochs.push(epoch);
            }
        }
        if self.handle.assignment_lost() {
            let sources = self.end(&epochs);
            self.answer(Revoke { partitions, waiting: HashSet::new(), sources });
            self.say_lost(epochs);
            return;
        }
        if epochs.is_empty() {
            return self.answer(Revoke { partitions, waiting: HashSet::new(), sources: Vec::new() });
        }
        for epoch in &epochs {
            if let Some(held) = self.table.get_mut(*epoch) {
                held.revoking = true;
            }
        }
        self.revokes.push(Revoke {
            partitions,
            waiting: epochs.iter().copied().collect(),
            sources: Vec::new(),
        });
        self.out.push(ConsumerEvent::Revoking(epochs));
    }

    pub(super) fn release(&mut self, epochs: &[Epoch]) {
        for epoch in epochs {
            let Some(at) = self.revokes.iter().position(|revoke| revoke.waiting.contains(epoch)) else {
                continue;
            };
            let sources = self.end(&[*epoch]);
            let revoke = &mut self.revokes[at];
            revoke.waiting.remove(epoch);
            revoke.sources.extend(sources);
            if revoke.waiting.is_empty() {
                let done = self.revokes.remove(at);
                self.answer(done);
            }
        }
    }

    /// Revocations that are held when the mark of a lost assignment appears. It appears together with another
    /// revocation or a fatal error, whose event has us polled. A session that merely times out meanwhile sets no
    /// mark: librdkafka finds it out when the revocation is answered.
    pub(super) fn give_up_what_is_lost(&mut self) {
        if self.revokes.is_empty() || !self.handle.assignment_lost() {
            return;
        }
        for mut revoke in std::mem::take(&mut self.revokes) {
            let mut epochs: Vec<_> = revoke.waiting.drain().collect();
            epochs.sort_unstable();
            let sources = self.end(&epochs);
            revoke.sources.extend(sources);
            self.answer(revoke);
            self.say_lost(epochs);
        }
    }

    /// These epochs are over without notice.
    pub(super) fn lose(&mut self, epochs: &[Epoch]) {
        for source in self.end(epochs) {
            source.empty(&mut self.scratch);
        }
        for revoke in &mut self.revokes {
            revoke.waiting.retain(|epoch| !epochs.contains(epoch));
        }
        self.say_lost(epochs.to_vec());
    }

    /// Every epoch is over without notice, and nothing that was on its way comes any more.
    pub(super) fn lose_everything(&mut self) {
        self.joining.clear();
        let everything = self.table.epochs();
        self.lose(&everything);
        // Nobody is left to release what these wait for.
        for revoke in std::mem::take(&mut self.revokes) {
            self.answer(revoke);
        }
    }

    fn say_lost(&mut self, epochs: Vec<Epoch>) {
        if !epochs.is_empty() {
            self.out.push(ConsumerEvent::Lost(epochs));
        }
    }

    fn end(&mut self, epochs: &[Epoch]) -> Vec<Source> {
        epochs.iter().filter_map(|epoch| self.table.end(*epoch)).map(|held| held.source).collect()
    }

    /// Gives the partitions of a revocation back to the group.
    pub(super) fn answer(&mut self, revoke: Revoke) {
        if let Err((code, reason)) = incremental_unassign(&self.handle, &revoke.partitions) {
            let reason = error::of_kind(error::kind(code), "giving partitions up", &reason);
            self.warn("", reason);
        }
        for source in revoke.sources {
            source.empty(&mut self.scratch);
        }
        self.wake_fetching();
    }

    /// A message on the consumer's queue: fetched before its partition's queue was split.
    pub(super) fn on_straggler(&mut self, event: &Event) {
        for raw in event.messages() {
            // SAFETY: the message lives as long as the event; errors of partitions come as error events.
            let (record, topic, number) = unsafe {
                if std::ptr::addr_of!((*raw).err).cast::<i32>().read() != 0 {
                    continue;
                }
                (crate::ffi::record(raw), text(sys::rd_kafka_topic_name((*raw).rkt)), (*raw).partition)
            };
            if let Some(epoch) = self.table.epoch_of(&topic, number)
                && let Some(held) = self.table.owned(epoch)
            {
                held.keep_straggler(record);
                self.ready.say(epoch);
            }
        }
    }

    pub(super) fn name_of(&self, epoch: Epoch) -> Option<TopicPartition> {
        self.table.get(epoch).map(|held| held.partition.clone())
    }
}

pub(super) fn incremental_assign(handle: &Handle, list: &PartitionList) -> Result<(), (i32, String)> {
    // SAFETY: client and list are live.
    unsafe { outcome(sys::rd_kafka_incremental_assign(handle.raw(), list.raw())) }
}

pub(super) fn incremental_unassign(handle: &Handle, list: &PartitionList) -> Result<(), (i32, String)> {
    // SAFETY: client and list are live.
    unsafe { outcome(sys::rd_kafka_incremental_unassign(handle.raw(), list.raw())) }
}

/// Takes over the error object that librdkafka returns; null is success.
pub(super) unsafe fn outcome(error: *mut sys::rd_kafka_error_t) -> Result<(), (i32, String)> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null, ours to free, freed once.
    unsafe {
        let result = (sys::rd_kafka_error_code(error) as i32, text(sys::rd_kafka_error_string(error)));
        sys::rd_kafka_error_destroy(error);
        Err(result)
    }
}
