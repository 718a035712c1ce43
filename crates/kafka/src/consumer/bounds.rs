//! Where the first assignment starts when that is not the committed offset.
//!
//! ```text
//!  committed offset known ──▶ beginning and end of the log asked for ──▶ both known: taken over
//!                                            └── no answer ──▶ from the committed offset on again
//! ```

use std::ptr;

use prosody_broker::StartFrom;
use rdkafka_sys as sys;
use rdkafka_sys::{rd_kafka_IsolationLevel_t, rd_kafka_OffsetSpec_t as Spec};

use super::{
    Membership,
    offsets::{PATIENCE_MS, Start},
};
use crate::{
    error,
    ffi::{Event, PartitionList},
};

/// The two questions, in the order of `Waiting::bounds`.
const SPECS: [Spec; 2] = [Spec::RD_KAFKA_OFFSET_SPEC_EARLIEST, Spec::RD_KAFKA_OFFSET_SPEC_LATEST];

/// Partitions of the first assignment whose logs are asked for their bounds.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    from: StartFrom,
    /// Whether a partition of the first assignment has been taken over: what comes now is not of it.
    begun: bool,
    /// Bounded by the assignment; two answers or a revocation remove.
    waiting: Vec<Waiting>,
    last_request: u64,
}

#[derive(Debug)]
struct Waiting {
    start: Start,
    request: u64,
    bounds: [Option<i64>; 2],
}

impl Waiting {
    fn is(&self, topic: &str, partition: i32) -> bool {
        self.start.partition.partition == partition && &*self.start.partition.topic == topic
    }
}

impl Bounds {
    pub(super) fn new(from: StartFrom) -> Self {
        Self { from, ..Self::default() }
    }

    /// Whether an assignment that comes now is the first.
    pub(super) fn is_first(&self) -> bool {
        !self.begun
    }

    /// A partition is taken over.
    pub(super) fn begin(&mut self, first: bool) {
        self.begun |= first;
    }

    pub(super) fn forget(&mut self, topic: &str, partition: i32) {
        self.waiting.retain(|waiting| !waiting.is(topic, partition));
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Whether this start depends on what the log has.
    fn decides(&self, start: &Start) -> bool {
        start.first
            && match self.from {
                StartFrom::Committed => false,
                StartFrom::Earliest => start.committed.is_some(),
                StartFrom::Latest => true,
            }
    }

    /// Takes in one bound; the start, once both are known.
    fn answered(
        &mut self,
        request: u64,
        which: usize,
        (topic, partition): (&str, i32),
        offset: i64,
    ) -> Option<Start> {
        let asked = |waiting: &Waiting| waiting.request == request && waiting.is(topic, partition);
        let at = self.waiting.iter().position(asked)?;
        let waiting = &mut self.waiting[at];
        waiting.bounds[which] = Some(offset);
        let [Some(beginning), Some(end)] = waiting.bounds else { return None };
        let mut start = self.waiting.swap_remove(at).start;
        if let Some(moved) = self.from.place(start.committed, beginning, end) {
            start.committed = Some(moved.to);
            start.metadata = String::new();
            start.moved = Some(moved);
        }
        Some(start)
    }

    /// Takes out what `request` still asks for.
    fn failed(&mut self, request: u64, concerns: impl Fn(&Start) -> bool) -> Vec<Start> {
        let (failed, kept) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.request == request && concerns(&waiting.start));
        self.waiting = kept;
        let failed: Vec<Waiting> = failed;
        failed.into_iter().map(|waiting| waiting.start).collect()
    }
}

impl Membership {
    /// Keeps the starts that depend on what the log has, and asks for that; gives the others back.
    pub(super) fn ask_for_bounds(&mut self, starts: Vec<Start>) -> Vec<Start> {
        let bounds = &mut self.joining.bounds;
        let (dependent, others): (Vec<_>, Vec<_>) =
            starts.into_iter().partition(|start| bounds.decides(start));
        if dependent.is_empty() {
            return others;
        }
        bounds.last_request += 1;
        let request = bounds.last_request;
        for (which, spec) in SPECS.into_iter().enumerate() {
            let mut list = PartitionList::new();
            for Start { partition, .. } in &dependent {
                if let Some(mut element) = list.add(&partition.topic, partition.partition) {
                    element.offset(spec as i64);
                }
            }
            self.ask_log(&list, request * 2 + which as u64);
        }
        let waiting = dependent.into_iter().map(|start| Waiting { start, request, bounds: [None; 2] });
        self.joining.bounds.waiting.extend(waiting);
        others
    }

    fn ask_log(&self, list: &PartitionList, tag: u64) {
        let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
        let mut problem = [0; 128];
        // SAFETY: client, queue and list are live; the options are made and destroyed here, after librdkafka has copied
        // them; an error object of the isolation level is freed.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(self.handle.raw(), op);
            sys::rd_kafka_AdminOptions_set_request_timeout(
                options,
                PATIENCE_MS,
                problem.as_mut_ptr(),
                problem.len(),
            );
            // The end for a reader: what an open transaction has written may still come.
            let level = rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
            let _ =
                super::assignment::outcome(sys::rd_kafka_AdminOptions_set_isolation_level(options, level));
            sys::rd_kafka_AdminOptions_set_opaque(options, ptr::without_provenance_mut(tag as usize));
            sys::rd_kafka_ListOffsets(self.handle.raw(), list.raw(), options, self.answers.raw());
            sys::rd_kafka_AdminOptions_destroy(options);
        }
    }

    pub(super) fn on_log_offsets(&mut self, event: &Event) {
        let (request, which) = (event.tag() / 2, (event.tag() % 2) as usize);
        if request == 0 {
            // The question that wakes the threads that fetch: nobody waits for its answer.
            return;
        }
        let mut starts = Vec::new();
        let mut again = Vec::new();
        let mut trouble = None;
        match event.log_offsets() {
            Err(code) => {
                trouble = Some(code);
                again = self.joining.bounds.failed(request, |_| true);
            }
            Ok(entries) => {
                for entry in entries {
                    let name = (entry.topic, entry.partition);
                    if entry.error == 0 && entry.offset >= 0 {
                        starts.extend(self.joining.bounds.answered(request, which, name, entry.offset));
                        continue;
                    }
                    trouble = Some(entry.error);
                    let this = |start: &Start| (&*start.partition.topic, start.partition.partition) == name;
                    again.extend(self.joining.bounds.failed(request, this));
                }
            }
        }
        for start in again {
            self.joining.again(start.partition, start.first, self.now);
        }
        if let Some(code) = trouble {
            self.warn("bounds", error::about("beginning and end of the partitions' logs", code));
        }
        self.take_over(starts);
    }
}
