//! What is sent and not reported yet.

use std::{
    fmt, mem,
    sync::{Arc, Condvar},
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, ErrorCode, Outgoing, Report};

use super::ledger::Ledger;
use crate::{
    ffi::Queue,
    settings::{KafkaSettings, LARGEST_RECORD},
};

/// Records wait for company for this time at most.
const GATHER: Duration = Duration::from_millis(5);
/// So much that waits is worth a request of its own.
const GATHERED_RECORDS: usize = 2_000;
const GATHERED_BYTES: usize = 512 << 10;
/// What librdkafka needs for a record beside its bytes, roughly.
const RECORD_OVERHEAD: usize = 128;

#[expect(clippy::struct_excessive_bools, reason = "independent facts, each set and cleared by itself")]
pub(super) struct State {
    pub(super) ledger: Ledger,
    /// Admitted, and not handed to librdkafka yet; bounded by the ledger. The thread takes them out.
    pub(super) pending: Vec<(u32, Outgoing)>,
    pending_bytes: usize,
    pending_since: Option<Instant>,
    /// Handed to librdkafka and not reported by it.
    pub(super) handed: usize,
    /// Somebody is handing over.
    pub(super) handing: bool,
    /// Refused on our side: reports for the thread to give out. Bounded by what senders send between two of its
    /// rounds, which take them out.
    pub(super) refused: Vec<Report>,
    /// What is pending goes as soon as it can.
    pub(super) urgent: bool,
    /// The thread sleeps for longer than anything pending may wait.
    pub(super) asleep: bool,
    /// How many threads have taken reports out of here and not given them to the sink yet.
    pub(super) reporting: usize,
    /// The slot of a record that is under way alone: the thread may sleep meanwhile.
    pub(super) lone: Option<u32>,
    /// Bytes of reported messages that librdkafka still holds: the thread frees them.
    pub(super) unfreed: usize,
    /// How many flushes wait.
    pub(super) flushes: usize,
    pub(super) open: bool,
    pub(super) ending: bool,
    /// The thread's queue, to interrupt its sleep; `None` once closed.
    pub(super) queue: Option<Arc<Queue>>,
    /// Where it sleeps while `asleep`.
    wake: Arc<Condvar>,
    max_records: usize,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("pending", &self.pending.len())
            .field("handed", &self.handed)
            .finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn new(settings: &KafkaSettings, queue: Option<Arc<Queue>>, wake: Arc<Condvar>) -> Self {
        Self {
            ledger: Ledger::new(settings.max_sending_records, settings.max_sending_bytes),
            pending: Vec::new(),
            pending_bytes: 0,
            pending_since: None,
            handed: 0,
            handing: false,
            refused: Vec::new(),
            urgent: false,
            asleep: false,
            reporting: 0,
            lone: None,
            unfreed: 0,
            flushes: 0,
            open: true,
            ending: false,
            queue,
            wake,
            max_records: settings.max_sending_records,
        }
    }

    pub(super) fn may_hand_over_at_once(&self, lingers: bool) -> bool {
        !self.handing && self.pending.is_empty() && (lingers || self.handed == 0)
    }

    /// Gives each record a slot, or a report that there is no room.
    pub(super) fn admit(&mut self, batch: Vec<Outgoing>) -> (Vec<(u32, Outgoing)>, Vec<Report>) {
        let mut admitted = Vec::with_capacity(batch.len());
        let mut refused = Vec::new();
        for outgoing in batch {
            let ticket = outgoing.ticket;
            if outgoing.record.size() > LARGEST_RECORD {
                refused.push(Report { ticket, result: Err(too_large(&outgoing)) });
            } else if let Some(slot) = self.ledger.admit(ticket, weight(&outgoing)) {
                admitted.push((slot, outgoing));
            } else {
                refused.push(Report { ticket, result: Err(self.full()) });
            }
        }
        (admitted, refused)
    }

    fn full(&self) -> BrokerError {
        let message = format!(
            "{} records are on their way, of {} at most: wait for some to be acknowledged before sending more",
            self.ledger.out(),
            self.max_records
        );
        BrokerError::new(ErrorCode::QueueFull, message)
    }

    /// Lets records wait for company.
    pub(super) fn wait(&mut self, records: Vec<(u32, Outgoing)>, lingers: bool) {
        if records.is_empty() {
            return;
        }
        self.pending_bytes += records.iter().map(|(_, outgoing)| weight(outgoing)).sum::<usize>();
        if self.pending.is_empty() {
            self.pending_since = Some(Instant::now());
            self.pending = records;
        } else {
            self.pending.extend(records);
        }
        let enough = self.pending.len() >= GATHERED_RECORDS || self.pending_bytes >= GATHERED_BYTES;
        if (enough || lingers) && !self.urgent {
            self.urgent = true;
            self.interrupt();
        }
    }

    /// Wakes the thread if it sleeps and there is something for it.
    pub(super) fn rouse(&mut self) {
        if self.asleep && (!self.pending.is_empty() || !self.refused.is_empty()) {
            self.interrupt();
        }
    }

    pub(super) fn interrupt(&mut self) {
        if mem::take(&mut self.asleep) {
            self.wake.notify_one();
        } else if let Some(queue) = &self.queue {
            queue.interrupt();
        }
    }

    /// What is to be handed over now: all that is pending, or nothing.
    ///
    /// An answer to some of what is under way is not enough. Of a partition whose last batch is not answered,
    /// librdkafka sends no further one while it is idempotent, and its thread spins until it may: the processor
    /// time is missing where the answer is made.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(u32, Outgoing)> {
        let Some(since) = self.pending_since else { return Vec::new() };
        let due = self.urgent || self.handed == 0 || now >= since + GATHER;
        if self.handing || !due {
            return Vec::new();
        }
        self.urgent = false;
        self.pending_bytes = 0;
        self.pending_since = None;
        self.handing = !self.pending.is_empty();
        self.handed += self.pending.len();
        mem::take(&mut self.pending)
    }

    /// How long the thread may wait for the next report.
    pub(super) fn patience(&mut self, now: Instant) -> Duration {
        let patience = match self.pending_since {
            _ if self.ending || !self.refused.is_empty() => Duration::ZERO,
            Some(since) if !self.handing => (since + GATHER).saturating_duration_since(now),
            _ if self.handed > usize::from(self.lone.is_some()) => GATHER,
            _ => Duration::from_secs(1),
        };
        self.asleep = patience > GATHER;
        patience
    }

    /// Settles the record that was under way alone; `None` if that has happened.
    pub(super) fn lone_reported(&mut self, slot: u32) -> Option<u64> {
        let ticket = self.ledger.settle(slot)?;
        self.handed = self.handed.saturating_sub(1);
        self.reporting += 1;
        Some(ticket)
    }

    pub(super) fn all_reported(&self, mark: u64) -> bool {
        self.ledger.reached(mark) && self.reporting == 0 && self.refused.is_empty()
    }
}

fn too_large(outgoing: &Outgoing) -> BrokerError {
    let message = format!(
        "sending to topic {}: the record has {} bytes, and no more than {LARGEST_RECORD} can be sent: send less",
        outgoing.topic,
        outgoing.record.size()
    );
    BrokerError::new(ErrorCode::TooLarge, message)
}

fn weight(outgoing: &Outgoing) -> usize {
    outgoing.record.size() + RECORD_OVERHEAD
}

#[cfg(test)]
mod tests;
