//! The end of a membership.

use std::{
    mem, ptr,
    time::{Duration, Instant},
};

use prosody_broker::ConsumerEvent;
use rdkafka_sys as sys;

use super::{Membership, assignment};
use crate::ffi::EventKind;

/// What of the time is kept for ending librdkafka's threads after the group was left; of a short time a quarter.
const ENDING: Duration = Duration::from_millis(500);
/// The leaving takes as much however short the time is: without it the next member waits for the session's end.
/// With a coordinator that answers it takes a few milliseconds.
const LEAVING: Duration = Duration::from_millis(50);

impl Membership {
    /// Leaves the group and ends the client; gives what is left to be said.
    pub(super) fn close(mut self, timeout: Duration) -> Vec<ConsumerEvent> {
        let deadline = Instant::now() + timeout;
        self.rereader.stop();
        let results = self.drop_commits();
        if !results.is_empty() {
            self.out.push(ConsumerEvent::Committed(results));
        }
        let everything = self.table.epochs();
        for held in everything.iter().filter_map(|epoch| self.table.end(*epoch)) {
            held.source.empty(&mut self.scratch);
        }
        self.leave(timeout.saturating_sub(ENDING.min(timeout / 4)).max(LEAVING));
        // Every queue goes before the client: one that is left would be used after the client's end.
        let Self { handle, main, answers, revokes, rereader, mut out, .. } = self;
        drop((main, answers, revokes));
        rereader.end(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(50)));
        handle.end(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(50)));
        mem::take(&mut out)
    }

    fn leave(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        for revoke in mem::take(&mut self.revokes) {
            self.answer(revoke);
        }
        // SAFETY: client and queue are live; an error object is ours and freed.
        let started = unsafe {
            assignment::outcome(sys::rd_kafka_consumer_close_queue(self.handle.raw(), self.main.raw()))
        };
        if started.is_err() {
            return;
        }
        // SAFETY: the client is live.
        while unsafe { sys::rd_kafka_consumer_closed(self.handle.raw()) } == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.main.poll(left.min(Duration::from_millis(100)));
            if event.is_some_and(|event| event.kind() == EventKind::Rebalance) {
                // A client that ends takes any answer as the giving up of everything. One answer an event, no more:
                // after the last one nobody serves the group's queue, and another call would wait for ever.
                // SAFETY: the client is live; null means no partitions.
                unsafe { sys::rd_kafka_assign(self.handle.raw(), ptr::null()) };
            }
            if left.is_zero() {
                break;
            }
        }
    }
}
