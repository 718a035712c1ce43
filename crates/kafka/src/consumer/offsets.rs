//! The committed offsets of partitions that have just been assigned.
//!
//! They are asked for as a group's offsets with an answer on a queue: librdkafka's own call for a consumer's
//! committed offsets blocks.

use std::{ffi::CString, ptr, sync::Arc, time::Duration};

use prosody_broker::{Moved, StartFrom};
use prosody_model::{Mono, TopicPartition};
use rdkafka_sys as sys;

use super::{Membership, bounds::Bounds};
use crate::{
    error,
    ffi::{Event, PartitionList},
};

/// After a failure the offsets are asked for again in this time.
const RETRY: Duration = Duration::from_millis(250);
/// An answer that takes longer is not waited for.
pub(super) const PATIENCE_MS: i32 = 10_000;

/// Partitions that the group has given us and whose start is not known yet.
#[derive(Debug, Default)]
pub(super) struct Joining {
    /// Bounded by the assignment; an answer or a revocation removes them.
    wanted: Vec<Wanted>,
    last_request: u64,
    retry_at: Option<Mono>,
    pub(super) bounds: Bounds,
}

#[derive(Debug)]
struct Wanted {
    partition: TopicPartition,
    /// The request that asks for it; 0 for none.
    request: u64,
    /// Of the first assignment.
    first: bool,
}

/// Where a partition is to be read from.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) partition: TopicPartition,
    pub(super) committed: Option<i64>,
    pub(super) metadata: String,
    /// Of the first assignment.
    pub(super) first: bool,
    /// Set where `committed` is another start than what was committed.
    pub(super) moved: Option<Moved>,
}

impl Joining {
    pub(super) fn new(start: StartFrom) -> Self {
        Self { bounds: Bounds::new(start), ..Self::default() }
    }

    pub(super) fn want(&mut self, topic: &str, partition: i32) {
        self.forget(topic, partition);
        // Names are shared among the partitions of a topic.
        let known = self.wanted.iter().find(|wanted| &*wanted.partition.topic == topic);
        let topic = known.map_or_else(|| Arc::from(topic), |wanted| Arc::clone(&wanted.partition.topic));
        let first = self.bounds.is_first();
        self.wanted.push(Wanted { partition: TopicPartition { topic, partition }, request: 0, first });
    }

    /// Asks for a partition once more, a little later.
    pub(super) fn again(&mut self, partition: TopicPartition, first: bool, now: Mono) {
        self.forget(&partition.topic, partition.partition);
        self.wanted.push(Wanted { partition, request: 0, first });
        self.retry_at = Some(now.after(RETRY));
    }

    /// Nothing is wanted any more.
    pub(super) fn clear(&mut self) {
        self.wanted.clear();
        self.bounds.clear();
        self.retry_at = None;
    }

    /// How long until the next look-up is due.
    pub(super) fn retry_in(&self, now: Mono) -> Option<Duration> {
        self.retry_at.map(|at| at.since(now))
    }

    pub(super) fn forget(&mut self, topic: &str, partition: i32) {
        self.wanted.retain(|w| w.partition.partition != partition || &*w.partition.topic != topic);
        self.bounds.forget(topic, partition);
    }

    /// Takes a partition out if `request` still asks for it.
    fn answered(&mut self, request: u64, topic: &str, partition: i32) -> Option<Wanted> {
        let at = self.wanted.iter().position(|w| {
            w.request == request && w.partition.partition == partition && &*w.partition.topic == topic
        })?;
        Some(self.wanted.swap_remove(at))
    }

    /// Has everything that `request` asked for asked again.
    fn failed(&mut self, request: u64, now: Mono) {
        for wanted in self.wanted.iter_mut().filter(|wanted| wanted.request == request) {
            wanted.request = 0;
            self.retry_at = Some(now.after(RETRY));
        }
    }
}

impl Membership {
    pub(super) fn ask_for_offsets(&mut self) {
        let request = self.joining.last_request + 1;
        let mut list = PartitionList::new();
        for wanted in self.joining.wanted.iter_mut().filter(|wanted| wanted.request == 0) {
            wanted.request = request;
            list.add(&wanted.partition.topic, wanted.partition.partition);
        }
        self.joining.retry_at = None;
        if list.is_empty() {
            return;
        }
        self.joining.last_request = request;
        // A group id with a zero byte was refused when the client was made.
        let Ok(group) = CString::new(self.group_id.as_str()) else { return };
        let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
        let mut problem = [0; 128];
        // SAFETY: client, queue, list and strings are live; what is made here is destroyed here, after
        // librdkafka has copied it; an error object of the stable-offsets option is freed.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(self.handle.raw(), op);
            sys::rd_kafka_AdminOptions_set_request_timeout(
                options,
                PATIENCE_MS,
                problem.as_mut_ptr(),
                problem.len(),
            );
            // Offsets that a transaction is about to change are waited for.
            let _ =
                super::assignment::outcome(sys::rd_kafka_AdminOptions_set_require_stable_offsets(options, 1));
            sys::rd_kafka_AdminOptions_set_opaque(options, request as *mut _);
            let mut question = sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), list.raw());
            sys::rd_kafka_ListConsumerGroupOffsets(
                self.handle.raw(),
                ptr::from_mut(&mut question),
                1,
                options,
                self.answers.raw(),
            );
            sys::rd_kafka_ListConsumerGroupOffsets_destroy(question);
            sys::rd_kafka_AdminOptions_destroy(options);
        }
    }

    pub(super) fn on_group_offsets(&mut self, event: &Event) {
        let request = event.tag();
        let mut starts = Vec::new();
        let mut trouble = None;
        match event.group_offsets() {
            Err(code) => trouble = Some(code),
            Ok(entries) => {
                for entry in entries {
                    if entry.error != 0 {
                        trouble = Some(entry.error);
                    } else if let Some(Wanted { partition, first, .. }) =
                        self.joining.answered(request, entry.topic, entry.partition)
                    {
                        let committed = (entry.offset >= 0).then_some(entry.offset);
                        let metadata = std::str::from_utf8(entry.metadata).unwrap_or_default().to_owned();
                        starts.push(Start { partition, committed, metadata, first, moved: None });
                    }
                }
            }
        }
        self.joining.failed(request, self.now);
        if let Some(code) = trouble {
            let what = format!("committed offsets of group {}", self.group_id);
            self.warn("offsets", error::about(what, code));
        }
        let starts = self.ask_for_bounds(starts);
        self.take_over(starts);
    }

    pub(super) fn retry_offsets(&mut self) {
        if self.joining.retry_at.is_some_and(|at| at <= self.now) {
            self.ask_for_offsets();
        }
    }
}
