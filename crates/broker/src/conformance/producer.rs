//! Sending.

use std::collections::BTreeMap;

use prosody_model::RecordParts;

use super::{CALL, Harness, Reports, outgoing, topic};
use crate::{ErrorCode, Outgoing, Producer, Report, memory::partition_of};

/// A record with a key and a small value, for any partition.
fn keyed(ticket: u64, topic: &str, key: &str) -> Outgoing {
    let value = ticket.to_le_bytes();
    let parts = RecordParts {
        timestamp: -1,
        key: Some(key.as_bytes()),
        value: Some(&value),
        ..RecordParts::default()
    };
    outgoing(ticket, topic, None, parts)
}

fn code(report: &Report) -> Option<ErrorCode> {
    report.result.as_ref().err().map(|error| error.code)
}

/// Each ticket gets one report with partition and offset; after `flush` all are there.
pub fn every_ticket_is_reported_once<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 3);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    for batch in 0..10 {
        producer.send((0..50).map(|i| keyed(batch * 50 + i, &topic, &format!("key {i}"))).collect());
    }
    assert!(producer.flush(CALL));
    let seen = reports.wait(harness, 500);
    producer.close(CALL);
    let tickets: Vec<u64> = seen.iter().map(|report| report.ticket).collect();
    assert_eq!(tickets, (0..500).collect::<Vec<_>>());
    let mut places: Vec<_> = seen.into_iter().filter_map(|report| report.result.ok()).collect();
    places.sort_unstable();
    assert_eq!(places.len(), 500);
    for partition in places.chunk_by(|a, b| a.0 == b.0) {
        assert!(partition.iter().map(|place| place.1).eq(0..partition.len() as i64), "offsets {partition:?}");
    }
    assert_eq!(reports.lock().len(), 500, "no report comes late");
}

/// Records of one key land in the order of the calls, and within a call in the order of the batch.
pub fn sends_of_a_key_keep_their_order<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 4);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    for batch in 0..40 {
        producer.send((0..10).map(|i| keyed(batch * 10 + i, &topic, &format!("key {}", i % 5))).collect());
    }
    let seen = reports.wait(harness, 400);
    producer.close(CALL);
    let mut last = BTreeMap::new();
    for report in seen {
        let place = report.result.unwrap_or((-1, -1));
        let before = last.insert(report.ticket % 5, place);
        let after = before.is_none_or(|(partition, offset)| partition == place.0 && offset < place.1);
        assert!(after && place.1 >= 0, "ticket {}: {place:?} after {before:?}", report.ticket);
    }
}

/// Keys, and the partitions of twelve that the Java client sends them to.
const PLACES: [(&str, i32); 5] = [
    ("21", 0),
    ("foobar", 6),
    ("a-little-bit-long-string", 8),
    ("a-little-bit-longer-string", 11),
    ("abc", 3),
];

/// A key goes where the Java client's default partitioner sends it.
pub fn keys_are_partitioned_as_by_the_java_client<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 12);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    let mut places: Vec<_> = PLACES.iter().map(|(key, partition)| ((*key).to_owned(), *partition)).collect();
    let keys = (0..100).map(|number| format!("κλειδί {number}"));
    places.extend(keys.map(|key| (key.clone(), partition_of(key.as_bytes(), 12))));
    producer.send((0..).zip(&places).map(|(ticket, (key, _))| keyed(ticket, &topic, key)).collect());
    let seen = reports.wait(harness, places.len());
    producer.close(CALL);
    for (report, (key, partition)) in seen.iter().zip(&places) {
        let place = report.result.as_ref().map(|(partition, _)| partition);
        assert_eq!(place, Ok(partition), "partition of {key:?}");
    }
}

/// A record over the limit fails with `TooLarge`; those around it get through.
pub fn a_record_that_is_too_large_is_reported_alone<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    let large = vec![0; harness.oversized()];
    let parts = RecordParts { timestamp: -1, value: Some(&large), ..RecordParts::default() };
    let large = outgoing(1, &topic, Some(0), parts);
    producer.send(vec![keyed(0, &topic, "a"), large, keyed(2, &topic, "b")]);
    let seen = reports.wait(harness, 3);
    producer.close(CALL);
    let codes: Vec<_> = seen.iter().map(code).collect();
    assert_eq!(codes, [None, Some(ErrorCode::TooLarge), None]);
}

/// A record for a partition that the topic does not have is reported so.
pub fn a_missing_partition_is_reported<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    producer.send(vec![keyed(0, &topic, "a")]);
    reports.wait(harness, 1);
    let parts = RecordParts { timestamp: -1, value: Some(b"v"), ..RecordParts::default() };
    producer.send(vec![outgoing(1, &topic, Some(7), parts)]);
    let seen = reports.wait(harness, 2);
    producer.close(CALL);
    assert_eq!(seen.iter().map(code).collect::<Vec<_>>(), [None, Some(ErrorCode::UnknownTopic)]);
}

/// What is sent after `close` is reported as such, and closing again does nothing.
pub fn a_closed_producer_reports_closed<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    producer.send(vec![keyed(0, &topic, "a")]);
    producer.close(CALL);
    assert_eq!(reports.lock().len(), 1, "close waits for what was sent");
    producer.close(CALL);
    producer.send(vec![keyed(1, &topic, "a"), keyed(2, &topic, "a")]);
    let seen = reports.wait(harness, 3);
    let closed = Some(ErrorCode::Closed);
    assert_eq!(seen.iter().map(code).collect::<Vec<_>>(), [None, closed, closed]);
    assert!(producer.flush(CALL), "nothing is left to wait for");
}
