//! One group membership on librdkafka.
//!
//! ```text
//!                    consumer queue                       answers queue
//!  group ──rebalance, errors──▶ poll() ◀──committed offsets, commit answers── coordinator
//!                                 │ events
//!  partition ──fetch──▶ its own split queue ──▶ read()       (edge: Readable)
//! ```
//!
//! The life of a partition: the group assigns it → its committed offset is asked for → its queue is split and
//! it is assigned with an explicit start (`Assigned`) → the group takes it away (`Revoking`, until released, or
//! `Lost`) → its queue is emptied and dropped.

mod alarm;
mod assignment;
mod bounds;
mod close;
mod commit;
mod events;
mod keeping;
mod offsets;
mod queue;
mod rereading;
mod table;
mod wakening;

use std::{sync::Arc, time::Duration};

use prosody_broker::{
    BrokerError, Commit, CommitResult, Consumer, ConsumerEvent, ErrorCode, TopicSelector, Waker, Wanted,
};
use prosody_model::{Epoch, Epochs, Mono, Now, Record};
use rdkafka_sys as sys;

use self::{
    alarm::Alarm, assignment::Revoke, commit::Commits, events::Warnings, keeping::Keeping, offsets::Joining,
    queue::Ready, table::Table,
};
use crate::{
    error,
    ffi::{EventKind, Handle, PartitionList, Queue, Role},
    rereader::Rereader,
    settings::KafkaSettings,
};

const EVENTS: i32 = sys::RD_KAFKA_EVENT_REBALANCE
    | sys::RD_KAFKA_EVENT_ERROR
    | sys::RD_KAFKA_EVENT_FETCH
    | sys::RD_KAFKA_EVENT_OFFSET_COMMIT;

/// A [`Consumer`] on Kafka.
#[derive(Debug)]
pub struct KafkaConsumer {
    /// `None` once closed.
    membership: Option<Membership>,
    /// What is still to be said after the end. Bounded by what was unsaid at the close and the commits refused
    /// since the last poll, which removes them.
    last: Vec<ConsumerEvent>,
}

/// Everything that ends with the membership.
#[derive(Debug)]
struct Membership {
    group_id: String,
    /// Where the brokers were looked for, for errors.
    servers: String,
    max_commit_bytes: usize,
    /// Said by the last poll, for what happens between two of them.
    now: Mono,
    epochs: Epochs,
    table: Table,
    joining: Joining,
    keeping: Keeping,
    rereader: Rereader,
    /// Revocations not yet answered; librdkafka has at most one under way. Answering removes them.
    revokes: Vec<Revoke>,
    commits: Commits,
    warnings: Warnings,
    ready: Arc<Ready>,
    alarm: Alarm,
    /// What the next poll says. Bounded by what the calls between two polls make: an answer per commit, an
    /// error per held partition.
    out: Vec<ConsumerEvent>,
    scratch: Vec<*mut sys::rd_kafka_message_t>,
    failed: bool,
    /// When librdkafka last told of an error.
    troubled_at: Option<Mono>,
    /// Answers to our own questions: committed offsets, commits.
    answers: Queue,
    /// Rebalances and errors.
    main: Queue,
    handle: Arc<Handle>,
}

// SAFETY: the scratch pointers are only meaningful within one call; everything else is Send.
unsafe impl Send for Membership {}

impl KafkaConsumer {
    /// A consumer that has not joined yet. Its assignments draw from `epochs`. `waker` is called from
    /// librdkafka's threads under a lock: it must be short and must not call the consumer.
    ///
    /// # Errors
    ///
    /// Settings that librdkafka refuses, among them a missing group id.
    pub fn new(settings: &KafkaSettings, epochs: Epochs, waker: Waker) -> Result<Self, BrokerError> {
        if settings.group_id.is_empty() {
            return Err(BrokerError::new(ErrorCode::Invalid, "a consumer needs a group id: set groupId"));
        }
        let handle = Handle::new(Role::Consumer, settings.consumer()?, EVENTS, settings.log.clone())?;
        let Some(mut main) = Queue::consumer(&handle) else {
            return Err(BrokerError::new(ErrorCode::Other, "librdkafka made a consumer without a queue"));
        };
        let mut answers = Queue::new(&handle);
        for queue in [&mut main, &mut answers] {
            let waker = Arc::clone(&waker);
            queue.on_ready(Box::new(move || waker()));
        }
        let membership = Membership {
            group_id: settings.group_id.clone(),
            servers: settings.bootstrap_servers.join(","),
            max_commit_bytes: settings.max_commit_bytes,
            now: Mono::default(),
            epochs,
            table: Table::default(),
            joining: Joining::new(settings.start_from),
            keeping: Keeping::default(),
            rereader: Rereader::new(settings.clone(), Arc::clone(&waker)),
            revokes: Vec::new(),
            commits: Commits::default(),
            warnings: Warnings::default(),
            ready: Arc::new(Ready::new(Arc::clone(&waker))),
            alarm: Alarm::new(waker),
            out: Vec::new(),
            scratch: Vec::new(),
            failed: false,
            troubled_at: None,
            answers,
            main,
            handle,
        };
        Ok(Self { membership: Some(membership), last: Vec::new() })
    }
}

impl Consumer for KafkaConsumer {
    fn subscribe(&mut self, topics: &[TopicSelector]) -> Result<(), BrokerError> {
        let Some(membership) = &self.membership else { return Err(error::closed("consumer")) };
        membership.subscribe(topics)
    }

    fn poll(&mut self, now: Now, events: &mut Vec<ConsumerEvent>) {
        if let Some(membership) = &mut self.membership {
            membership.poll(now.mono, events);
        }
        events.append(&mut self.last);
    }

    fn read(&mut self, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize {
        self.membership.as_mut().map_or(0, |membership| membership.read(epoch, max, records))
    }

    fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>) {
        if let Some(membership) = &mut self.membership {
            membership.reread(epoch, wanted);
        }
    }

    fn commit(&mut self, commits: Vec<Commit>) {
        if let Some(membership) = &mut self.membership {
            membership.commit(commits);
        } else if !commits.is_empty() {
            self.last.push(ConsumerEvent::Committed(commits.iter().map(refused).collect()));
        }
    }

    fn commit_now(&mut self, commits: Vec<Commit>, timeout: Duration) -> Vec<CommitResult> {
        match &mut self.membership {
            Some(membership) => membership.commit_now(commits, timeout),
            None => commits.iter().map(refused).collect(),
        }
    }

    fn release(&mut self, epochs: &[Epoch]) {
        if let Some(membership) = &mut self.membership {
            membership.release(epochs);
        }
    }

    fn close(&mut self, timeout: Duration) {
        if let Some(membership) = self.membership.take() {
            self.last.append(&mut membership.close(timeout));
        }
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        self.close(Duration::from_secs(1));
    }
}

fn refused(commit: &Commit) -> CommitResult {
    CommitResult { epoch: commit.epoch, offset: commit.offset, result: Err(error::closed("consumer")) }
}

impl Membership {
    fn subscribe(&self, topics: &[TopicSelector]) -> Result<(), BrokerError> {
        let mut list = PartitionList::new();
        for topic in topics {
            let name = match topic {
                TopicSelector::Name(name) if name.starts_with('^') => {
                    let message = format!("topic {name}: a name cannot begin with ^; give it as a pattern");
                    return Err(BrokerError::new(ErrorCode::Invalid, message));
                }
                TopicSelector::Pattern(pattern) if !pattern.starts_with('^') => {
                    let message = format!("topic pattern {pattern}: a pattern begins with ^");
                    return Err(BrokerError::new(ErrorCode::Invalid, message));
                }
                TopicSelector::Name(name) | TopicSelector::Pattern(name) => name,
            };
            if list.add(name, -1).is_none() {
                let message = format!("topic {name:?}: a name cannot hold a zero byte");
                return Err(BrokerError::new(ErrorCode::Invalid, message));
            }
        }
        // SAFETY: client and list are live; the list is copied.
        let code = unsafe { sys::rd_kafka_subscribe(self.handle.raw(), list.raw()) } as i32;
        if code == 0 { Ok(()) } else { Err(error::about(format_args!("subscribing to {topics:?}"), code)) }
    }

    fn poll(&mut self, now: Mono, events: &mut Vec<ConsumerEvent>) {
        self.now = now;
        while let Some(event) = self.main.poll(Duration::ZERO) {
            match event.kind() {
                EventKind::Rebalance => self.on_rebalance(&event),
                EventKind::Error => self.on_error(&event),
                EventKind::Fetch => self.on_straggler(&event),
                _ => {}
            }
        }
        while let Some(event) = self.answers.poll(Duration::ZERO) {
            self.on_answer(&event);
        }
        self.give_up_what_is_lost();
        self.retry_offsets();
        self.look_what_is_kept();
        self.send_waiting_commits();
        self.set_alarm();
        events.append(&mut self.out);
        for epoch in self.ready.take() {
            if self.table.owned(epoch).is_some() {
                events.push(ConsumerEvent::Readable(epoch));
            }
        }
        self.say_reread(events);
    }

    /// Has the owner poll again when something is due that no event of librdkafka announces.
    fn set_alarm(&mut self) {
        let due = self.joining.retry_in(self.now).into_iter().chain(self.keeping.retry_in(self.now));
        self.alarm.set(due.min());
    }

    fn on_answer(&mut self, event: &crate::ffi::Event) {
        match event.kind() {
            EventKind::GroupOffsets => self.on_group_offsets(event),
            EventKind::LogOffsets => self.on_log_offsets(event),
            EventKind::Configs => self.on_configs(event),
            EventKind::Commit => {
                let results = self.commits.answered(event);
                if !results.is_empty() {
                    self.out.push(ConsumerEvent::Committed(results));
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize {
        let before = records.len();
        let Some(held) = self.table.owned(epoch) else { return 0 };
        let faults = held.read(max, &mut self.scratch, records);
        for fault in faults {
            self.on_fault(epoch, &fault);
        }
        records.len() - before
    }
}

#[cfg(test)]
mod tests;
