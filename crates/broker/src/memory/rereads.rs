//! Records that consumers read again: answered at once, or as the faults of the consumer say.

use prosody_model::{Epoch, Mono};

use super::{
    consumer::Local,
    faults::{Link, RereadFault},
    log::PartitionId,
    state::{ConsumerId, State},
};
use crate::{
    consumer::ConsumerEvent,
    error::{BrokerError, ErrorCode},
    rereading::{Missing, Reread, Wanted},
};

/// The readings that are on their way.
///
/// Bound: the records asked for; `reread_due` takes what is due, `forget` what nobody waits for.
#[derive(Default)]
pub(super) struct Rereads(Vec<Reading>);

/// Records of one call.
struct Reading {
    consumer: ConsumerId,
    epoch: Epoch,
    partition: PartitionId,
    wanted: Vec<Wanted>,
    /// When the answer is due.
    due: Mono,
    /// When it is due although the broker cannot be reached.
    expiry: Mono,
    /// What the answer is, whatever the log has.
    failure: Option<ErrorCode>,
}

impl Rereads {
    pub fn deadline(&self) -> impl Iterator<Item = Mono> {
        self.0.iter().map(|reading| reading.due)
    }

    /// Everything is due now.
    pub fn hasten(&mut self, now: Mono) {
        for reading in &mut self.0 {
            reading.due = now;
        }
    }

    pub fn forget(&mut self, consumer: ConsumerId) {
        self.0.retain(|reading| reading.consumer != consumer);
    }
}

impl State {
    /// Whether a topic exists and is not compacted.
    pub fn keeps_records(&self, partition: PartitionId) -> bool {
        self.topics.topic(partition.topic).is_some_and(|topic| !(topic.compacted || topic.logs.is_empty()))
    }

    pub fn reread(
        &mut self,
        consumer: ConsumerId,
        epoch: Epoch,
        partition: PartitionId,
        mut wanted: Vec<Wanted>,
    ) {
        let now = self.now.mono;
        let Some(client) = self.clients.get_mut(&consumer) else { return };
        let fault = client.faults.rereads.pop_front().unwrap_or(RereadFault::Pass);
        let expiry = now.after(self.settings.reread_timeout);
        let reading = |wanted, due, failure| Reading {
            consumer,
            epoch,
            partition,
            wanted,
            due,
            expiry: expiry.max(due),
            failure,
        };
        match fault {
            RereadFault::Pass => self.rereads.0.push(reading(wanted, now, None)),
            RereadFault::Fail(code) => self.rereads.0.push(reading(wanted, now, Some(code))),
            RereadFault::Lose => {
                self.rereads.0.push(reading(wanted, expiry, Some(ErrorCode::Timeout)));
            }
            RereadFault::Delay(wait) => self.rereads.0.push(reading(wanted, now.after(wait), None)),
            RereadFault::Split(wait) => {
                let rest = wanted.split_off(wanted.len().div_ceil(2));
                self.rereads.0.push(reading(wanted, now, None));
                self.rereads.0.push(reading(rest, now.after(wait), None));
            }
        }
        self.reread_due();
    }

    /// Answers what is due by now; of who does not reach the broker, when its time is over.
    pub fn reread_due(&mut self) {
        let now = self.now.mono;
        let (mut due, waiting) = std::mem::take(&mut self.rereads.0)
            .into_iter()
            .partition::<Vec<_>, _>(|reading| reading.due <= now);
        self.rereads.0 = waiting;
        for mut reading in due.drain(..) {
            if self.link(reading.consumer) != Link::Up {
                if reading.expiry > now {
                    reading.due = reading.expiry;
                    self.rereads.0.push(reading);
                    continue;
                }
                reading.failure = Some(ErrorCode::Timeout);
            }
            let answers: Vec<Reread> =
                reading.wanted.iter().map(|wanted| self.answer(&reading, *wanted)).collect();
            if let Some(client) = self.clients.get_mut(&reading.consumer) {
                client.reread.extend(answers);
                self.effects.wakes.push(client.waker.clone());
            }
        }
    }

    fn answer(&self, reading: &Reading, wanted: Wanted) -> Reread {
        let offset = wanted.offset;
        let failed = |code, message: String| Err(Missing::Failed(BrokerError::new(code, message)));
        let log = self.topics.log(reading.partition);
        let result = match (reading.failure, log) {
            (Some(code), _) => failed(code, format!("offset {offset} was not read again ({})", code.name())),
            (None, None) => {
                let partition = reading.partition.partition;
                failed(ErrorCode::UnknownTopic, format!("the topic of partition {partition} was deleted"))
            }
            (None, Some(log)) if offset < log.start => Err(Missing::Gone { start: log.start }),
            (None, Some(log)) => match log.get(offset) {
                Some(record) if record.timestamp == wanted.timestamp => Ok(record.clone()),
                _ => failed(ErrorCode::RecordMissing, missing(offset, wanted.timestamp)),
            },
        };
        Reread { epoch: reading.epoch, offset, result }
    }
}

fn missing(offset: i64, timestamp: i64) -> String {
    format!("the log has no record at offset {offset} with timestamp {timestamp} any more")
}

impl Local {
    /// Says what was read again, of the epochs that still want it.
    pub fn say_reread(&mut self, state: &mut State, events: &mut Vec<ConsumerEvent>) {
        let Some(client) = state.clients.get_mut(&self.id) else { return };
        let mut reread = std::mem::take(&mut client.reread);
        reread.retain(|answer| self.holdings.get(&answer.epoch).is_some_and(|holding| !holding.revoking));
        if !reread.is_empty() {
            events.push(ConsumerEvent::Reread(reread));
        }
    }
}
