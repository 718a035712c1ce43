//! Sending to the in-memory broker.

use std::{collections::VecDeque, time::Duration};

use prosody_model::Mono;

use super::{
    MemoryBroker,
    faults::{ProducerFaults, SendFault},
    log::{PartitionId, unknown_topic},
    murmur,
    state::State,
};
use crate::{
    error::{BrokerError, ErrorCode},
    producer::{Outgoing, Producer, Report, ReportSink},
};

/// Names a producer of an in-memory broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderId(pub(super) u64);

/// The broker's side of one producer.
pub(super) struct Sender {
    sink: ReportSink,
    timeout: Duration,
    pub faults: ProducerFaults,
    /// Records that wait. Bound: `Settings::queue_limit`; `send_due` and `close` remove.
    queue: VecDeque<Waiting>,
}

struct Waiting {
    record: Outgoing,
    fault: SendFault,
    /// Not appended before this.
    from: Mono,
    /// Reported with `Timeout` after this.
    until: Mono,
}

impl Sender {
    /// The next instant at which something in the queue is due.
    pub fn deadline(&self, unreachable: bool) -> Mono {
        let away = unreachable || self.faults.unreachable;
        let due = |waiting: &Waiting| if away { waiting.until } else { waiting.from.min(waiting.until) };
        self.queue.front().map_or(Mono::NEVER, due)
    }
}

/// A [`Producer`] of a [`MemoryBroker`].
///
/// # Order
///
/// Reports come from within the call that brings them about: `send` itself, unless a fault holds the record
/// back; then whichever call lets time pass. A dropped producer forgets what waits, like a killed process.
pub struct MemoryProducer {
    broker: MemoryBroker,
    id: SenderId,
    sink: ReportSink,
}

impl MemoryProducer {
    pub(super) fn new(broker: MemoryBroker, sink: ReportSink, timeout: Duration) -> Self {
        let id = broker.with(|state| {
            let id = SenderId(state.draw());
            let (faults, queue) = (ProducerFaults::default(), VecDeque::new());
            state.senders.insert(id, Sender { sink: sink.clone(), timeout, faults, queue });
            id
        });
        Self { broker, id, sink }
    }

    /// The name under which this producer's faults are set.
    pub fn id(&self) -> SenderId {
        self.id
    }
}

impl Producer for MemoryProducer {
    fn send(&self, batch: Vec<Outgoing>) {
        let refused = self.broker.with(|state| {
            let Some(mut sender) = state.senders.remove(&self.id) else { return closed(batch) };
            let (limit, now) = (state.settings.queue_limit, state.now.mono);
            let mut reports = Vec::new();
            for record in batch {
                if sender.queue.len() >= limit {
                    let message =
                        format!("the producer's queue of {limit} records is full, send again later");
                    let error = BrokerError::new(ErrorCode::QueueFull, message);
                    reports.push(Report { ticket: record.ticket, result: Err(error) });
                    continue;
                }
                let fault = sender.faults.sends.pop_front().unwrap_or(SendFault::Pass);
                let from = if let SendFault::Delay(wait) = fault { now.after(wait) } else { now };
                let until = now.after(sender.timeout);
                sender.queue.push_back(Waiting { record, fault, from, until });
                state.drain(&mut sender, &mut reports);
            }
            state.senders.insert(self.id, sender);
            reports
        });
        if !refused.is_empty() {
            (self.sink)(refused);
        }
    }

    fn flush(&self, _timeout: Duration) -> bool {
        self.broker.with(|state| {
            state.send_due();
            state.senders.get(&self.id).is_none_or(|sender| sender.queue.is_empty())
        })
    }

    fn close(&self, timeout: Duration) {
        self.flush(timeout);
        let left = self.broker.with(|state| state.senders.remove(&self.id));
        let left = closed(left.into_iter().flat_map(|sender| sender.queue).map(|waiting| waiting.record));
        if !left.is_empty() {
            (self.sink)(left);
        }
    }
}

impl Drop for MemoryProducer {
    fn drop(&mut self) {
        self.broker.with(|state| state.senders.remove(&self.id));
    }
}

impl State {
    /// Appends, or gives up, what is due by now.
    pub fn send_due(&mut self) {
        if self.senders.values().all(|sender| sender.queue.is_empty()) {
            return;
        }
        let mut senders = std::mem::take(&mut self.senders);
        for sender in senders.values_mut() {
            let mut reports = Vec::new();
            self.drain(sender, &mut reports);
            if !reports.is_empty() {
                self.effects.reports.push((sender.sink.clone(), reports));
            }
        }
        self.senders = senders;
    }

    fn drain(&mut self, sender: &mut Sender, reports: &mut Vec<Report>) {
        let now = self.now.mono;
        let unreachable = sender.faults.unreachable || self.faults.unreachable;
        while let Some(waiting) = sender.queue.front() {
            let expired = waiting.until <= now && (unreachable || waiting.from > now);
            if !expired && (unreachable || waiting.from > now) {
                return;
            }
            let Some(Waiting { record, fault, .. }) = sender.queue.pop_front() else { return };
            let timeout = || BrokerError::new(ErrorCode::Timeout, "the record was not acknowledged in time");
            let ticket = record.ticket;
            let result = match fault {
                _ if expired => Err(timeout()),
                SendFault::LoseRequest => Err(timeout()),
                SendFault::LoseAnswer => self.append(record).and_then(|_| Err(timeout())),
                SendFault::Refuse(code) => Err(BrokerError::new(code, "the broker refused the record")),
                SendFault::Pass | SendFault::Delay(_) => self.append(record),
            };
            reports.push(Report { ticket, result });
        }
    }

    /// Appends one record to its partition's log.
    pub fn append(&mut self, outgoing: Outgoing) -> Result<(i32, i64), BrokerError> {
        let (size, limit) = (outgoing.record.size(), self.settings.record_limit);
        if size > limit {
            let message =
                format!("a record of {size} bytes is over the limit of {limit}, send less or raise it");
            return Err(BrokerError::new(ErrorCode::TooLarge, message));
        }
        let id = self.use_topic(&outgoing.topic)?;
        let topic = self.topics.topic_mut(id).ok_or_else(|| unknown_topic(&outgoing.topic))?;
        let count = topic.logs.len() as u32;
        let partition = match (outgoing.partition, outgoing.record.key()) {
            (Some(partition), _) => partition,
            (None, Some(key)) => murmur::partition_of(key, count),
            (None, None) => {
                topic.turn = topic.turn.wrapping_add(1);
                (topic.turn % count) as i32
            }
        };
        let id = PartitionId { topic: id, partition };
        let timestamp = outgoing.record.timestamp;
        let timestamp = if timestamp == -1 { self.now.wall_ms } else { timestamp };
        let retention = self.settings.retention_bytes;
        let Some(log) = self.topics.log_mut(id) else {
            let message = format!("topic {:?} has no partition {partition}, only {count}", outgoing.topic);
            return Err(BrokerError::new(ErrorCode::UnknownTopic, message));
        };
        let offset = log.append(outgoing.record, timestamp, retention);
        self.wake_readers(id, false);
        Ok((partition, offset))
    }
}

fn closed(records: impl IntoIterator<Item = Outgoing>) -> Vec<Report> {
    let error = || BrokerError::new(ErrorCode::Closed, "the producer is closed");
    records.into_iter().map(|record| Report { ticket: record.ticket, result: Err(error()) }).collect()
}
