//! Fetching goes on at once after a rebalance.
//!
//! For the time of a rebalance librdkafka stops the fetching of every partition, and drops what it had fetched. When the
//! rebalance is answered it starts again, but nobody tells the threads that fetch: they find out with the next thing
//! they wake up for, which may be the end of their longest sleep, a second. Any request to a broker wakes its thread,
//! and a question for the offsets of partitions goes to those brokers that they are fetched from.

use std::{ptr, time::Duration};

use rdkafka_sys as sys;

use super::Membership;
use crate::ffi::PartitionList;

/// After an error nobody asks for so long. With a partition whose leader is not known, librdkafka answers the question
/// on two threads at once and uses what it has freed; its fetching then wakes by itself, if later.
const TROUBLED: Duration = Duration::from_secs(60);

impl Membership {
    /// Wakes the threads that fetch the partitions held; to be called after each answer to a rebalance. The answer to
    /// the question comes with the others, and is nothing to anybody.
    pub(super) fn wake_fetching(&self) {
        if self.troubled_at.is_some_and(|at| self.now < at.after(TROUBLED)) {
            return;
        }
        let mut list = PartitionList::new();
        for epoch in self.table.epochs() {
            let Some(held) = self.table.get(epoch).filter(|held| !held.revoking) else { continue };
            if let Some(mut element) = list.add(&held.partition.topic, held.partition.partition) {
                element.offset(i64::from(sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST as i32));
            }
        }
        if list.is_empty() {
            return;
        }
        // SAFETY: client, list and queue are live, the list is copied; no options means the usual ones.
        unsafe {
            sys::rd_kafka_ListOffsets(self.handle.raw(), list.raw(), ptr::null(), self.answers.raw());
        }
    }
}
