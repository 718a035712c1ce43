#![allow(clippy::unwrap_used, clippy::panic)]

mod convergence;
mod faults;
mod groups;
mod logs;
mod rereading;
mod sending;
mod threads;

use std::sync::Arc;

use prosody_model::{Epoch, Record, RecordParts, TopicPartition};

use super::*;
use crate::{
    Assigned, Commit, Consumer, ConsumerEvent, ErrorCode, Missing, Outgoing, Producer, Report, Reread,
    TopicSelector, Wanted,
};

fn at(ms: u64) -> Now {
    Now { mono: Mono(ms * 1_000_000), wall_ms: ms as i64 }
}

/// What is said at that time, but for which partitions are rereadable: that has tests of its own.
fn poll(consumer: &mut MemoryConsumer, ms: u64) -> Vec<ConsumerEvent> {
    let mut events = Vec::new();
    consumer.poll(at(ms), &mut events);
    events.retain(|event| !matches!(event, ConsumerEvent::Rereadable(_)));
    events
}

fn join(broker: &MemoryBroker) -> MemoryConsumer {
    let mut consumer = broker.consumer("group", Arc::new(|| ()));
    consumer.subscribe(&[TopicSelector::Name("topic".into())]).unwrap();
    consumer
}

/// Reads all there is of an epoch: the offsets.
fn read(consumer: &mut MemoryConsumer, epoch: Epoch) -> Vec<i64> {
    let mut records = Vec::new();
    consumer.read(epoch, 1000, &mut records);
    records.iter().map(|record| record.offset).collect()
}

/// The epochs of one `Assigned`.
fn assigned(events: &[ConsumerEvent]) -> Vec<Epoch> {
    let one = |event: &ConsumerEvent| match event {
        ConsumerEvent::Assigned(assigned) => Some(assigned.iter().map(|a| a.epoch).collect::<Vec<_>>()),
        _ => None,
    };
    events.iter().filter_map(one).flatten().collect()
}

/// The epochs of one `Revoking`.
fn revoking(events: &[ConsumerEvent]) -> Vec<Epoch> {
    let one = |event: &ConsumerEvent| match event {
        ConsumerEvent::Revoking(epochs) => Some(epochs.clone()),
        _ => None,
    };
    events.iter().filter_map(one).flatten().collect()
}

/// The codes of the warnings.
fn warnings(events: &[ConsumerEvent]) -> Vec<ErrorCode> {
    let one = |event: &ConsumerEvent| match event {
        ConsumerEvent::Warning(error) => Some(error.code),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

/// Epoch and code of what stopped.
fn stopped(events: &[ConsumerEvent]) -> Vec<(Epoch, ErrorCode)> {
    let one = |event: &ConsumerEvent| match event {
        ConsumerEvent::Stopped { epoch, error } => Some((*epoch, error.code)),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

/// A broker with one partition, and a member that holds it.
fn single() -> (MemoryBroker, MemoryConsumer, Epoch) {
    let broker = MemoryBroker::new(Settings { auto_create: Some(1), ..Settings::default() });
    let mut consumer = join(&broker);
    let events = poll(&mut consumer, 0);
    let [ConsumerEvent::Assigned(assigned)] = &events[..] else { panic!("{events:?}") };
    let epoch = assigned[0].epoch;
    (broker, consumer, epoch)
}

fn partition() -> TopicPartition {
    TopicPartition::new("topic", 0)
}

fn append(broker: &MemoryBroker, count: u8) {
    for value in 0..count {
        let parts = RecordParts { value: Some(&[value]), ..RecordParts::default() };
        broker.append(&partition(), Record::new(parts, [])).unwrap();
    }
}

fn commit(epoch: Epoch, offset: i64) -> Vec<Commit> {
    vec![Commit { epoch, offset, metadata: format!("m{offset}") }]
}

fn codes(events: &[ConsumerEvent]) -> Vec<(i64, Option<ErrorCode>)> {
    let answers = events.iter().filter_map(|event| match event {
        ConsumerEvent::Committed(results) => Some(results),
        _ => None,
    });
    answers.flatten().map(|r| (r.offset, r.result.as_ref().err().map(|error| error.code))).collect()
}

fn committed(broker: &MemoryBroker) -> Option<i64> {
    broker.committed("group", &partition()).map(|committed| committed.offset)
}

#[test]
fn what_is_sent_is_read_and_what_is_committed_comes_back() {
    let (broker, mut consumer, epoch) = single();
    let reports: Arc<Mutex<Vec<Report>>> = Arc::default();
    let sink = reports.clone();
    let producer = broker.producer(Arc::new(move |r| sink.lock().unwrap().extend(r)), Duration::from_secs(1));
    let parts = RecordParts { timestamp: -1, key: Some(b"k"), value: Some(b"v"), ..RecordParts::default() };
    let record = Record::new(parts, []);
    broker.advance(at(7));
    producer.send(vec![Outgoing { ticket: 9, topic: "topic".into(), partition: None, record }]);
    assert_eq!(*reports.lock().unwrap(), [Report { ticket: 9, result: Ok((0, 0)) }]);
    assert_eq!(poll(&mut consumer, 7), [ConsumerEvent::Readable(epoch)]);
    let mut records = Vec::new();
    assert_eq!(consumer.read(epoch, 10, &mut records), 1);
    assert_eq!((records[0].timestamp, records[0].key()), (7, Some(&b"k"[..])));
    consumer.commit(commit(epoch, 1));
    assert_eq!(codes(&poll(&mut consumer, 8)), [(1, None)]);
    consumer.close(Duration::ZERO);
    let mut next = join(&broker);
    let expected = Assigned {
        epoch: Epoch(1),
        partition: partition(),
        committed: Some(1),
        metadata: "m1".into(),
        moved: None,
    };
    assert_eq!(poll(&mut next, 9), [ConsumerEvent::Assigned(vec![expected])]);
}
