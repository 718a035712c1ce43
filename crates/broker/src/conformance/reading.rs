//! Records, from the producer to the reader.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use prosody_model::{Record, RecordParts};

use super::{
    CALL, Harness, Reports, fill, join, join_with, meanwhile, outgoing, step, step_until, topic, until,
};
use crate::{Consumer, Outgoing, Producer, TopicSelector};

/// Each partition gives its records in the order of their offsets, none missing, none twice.
pub fn records_of_a_partition_come_in_order<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 3);
    let group = harness.unique("group");
    for partition in 0..3 {
        fill(harness, &topic, partition, 0, 50);
    }
    let mut member = join(harness, &group, &topic);
    step_until(harness, &mut [&mut member], "all records are read", |members| {
        members[0].read_all();
        (0..3).all(|partition| members[0].records_of(partition).len() >= 50)
    });
    for partition in 0..3 {
        let records = member.records_of(partition);
        let seen: Vec<_> = records.iter().map(|record| (record.offset, record.value())).collect();
        let values: Vec<_> = (0..50_u64).map(u64::to_le_bytes).collect();
        let expected: Vec<_> = values.iter().zip(0..).map(|(value, o)| (o, Some(&value[..]))).collect();
        assert_eq!(seen, expected, "partition {partition}");
    }
    member.consumer.close(CALL);
}

type Header = (&'static [u8], Option<&'static [u8]>);
type Shape = (Option<&'static [u8]>, Option<&'static [u8]>, Vec<Header>);

/// Null and empty, bytes that are no text, repeated and null headers.
fn shapes() -> Vec<Shape> {
    vec![
        (None, None, vec![]),
        (Some(b""), Some(b""), vec![]),
        (Some(b"key"), None, vec![]),
        (None, Some(b"value"), vec![]),
        (Some(b"\x00\n\x1b[31m\xff"), Some(b"\xff\xfe\x00"), vec![(b"h", Some(b"\xff"))]),
        (
            Some(b"k"),
            Some(b"v"),
            vec![(b"a", Some(b"1")), (b"b", None), (b"a", Some(b"")), (b"a", Some(b"2"))],
        ),
        ("ключ".as_bytes().into(), Some(&[7; 9000]), vec![("имя".as_bytes(), Some(b"x"))]),
    ]
}

/// Sends a record of each shape to partition 0 and sees them acknowledged; the first one without a timestamp.
pub(super) fn send_shapes<H: Harness>(harness: &mut H, topic: &str) -> Vec<Record> {
    let before = harness.now().wall_ms;
    let record = |(index, (key, value, headers)): (usize, &Shape)| {
        let timestamp = if index == 0 { -1 } else { before - 60_000 + index as i64 };
        let parts = RecordParts { offset: 0, timestamp, key: *key, value: *value };
        Record::new(parts, headers.iter().copied())
    };
    let sent: Vec<Record> = shapes().iter().enumerate().map(record).collect();
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    let outgoing = |(ticket, record): (u64, &Record)| Outgoing {
        ticket,
        topic: topic.into(),
        partition: Some(0),
        record: record.clone(),
    };
    producer.send((0..).zip(&sent).map(outgoing).collect());
    reports.wait(harness, sent.len());
    producer.close(CALL);
    sent
}

/// Key, value, headers and timestamp come back as they were sent; −1 became the time of sending.
pub fn a_record_comes_back_exactly<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 1), harness.unique("group"));
    let before = harness.now().wall_ms;
    let sent = send_shapes(harness, &topic);
    let mut member = join(harness, &group, &topic);
    step_until(harness, &mut [&mut member], "all records are read", |members| {
        members[0].read_all();
        members[0].records_of(0).len() >= sent.len()
    });
    let records = member.records_of(0);
    let after = harness.now().wall_ms;
    let now = records[0].timestamp;
    assert!((before - 1000..=after + 1000).contains(&now), "{now} is not within {before} to {after}");
    for (index, (record, sent)) in records.iter().zip(&sent).enumerate() {
        let timestamp = if index == 0 { now } else { sent.timestamp };
        assert_eq!(*record, sent.clone().at(index as i64, timestamp), "record {index}");
    }
    member.consumer.close(CALL);
}

/// What is not read stays, without any pause, and reading goes on where it ended.
pub fn unread_records_stay<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 2), harness.unique("group"));
    fill(harness, &topic, 0, 0, 20);
    let mut member = join(harness, &group, &topic);
    step_until(harness, &mut [&mut member], "there is something to read", |members| {
        let epoch = members[0].epoch_of(0);
        epoch.is_some_and(|epoch| members[0].readable.contains(&epoch))
    });
    let epoch = member.current(0);
    until(harness, "five records are read", |_| {
        let read = member.records_of(0).len();
        member.read(epoch, 5 - read);
        member.records_of(0).len() == 5
    });
    meanwhile(harness, |harness| step(harness, &mut [&mut member]));
    // The held partition does not hold up the other one.
    fill(harness, &topic, 1, 0, 5);
    let other = member.current(1);
    step_until(harness, &mut [&mut member], "the other partition is read", |members| {
        members[0].read(other, 100);
        members[0].records_of(1).len() == 5
    });
    fill(harness, &topic, 0, 20, 5);
    step_until(harness, &mut [&mut member], "the rest is read", |members| {
        members[0].read_all();
        members[0].records_of(0).len() >= 25
    });
    let offsets: Vec<i64> = member.records_of(0).iter().map(|record| record.offset).collect();
    assert_eq!(offsets, (0..25).collect::<Vec<_>>());
    assert_eq!(member.epoch_of(0), Some(epoch), "the partition stayed");
    member.consumer.close(CALL);
}

/// After a read that came up short, new records call the waker, and `poll` then says that there are some.
pub fn new_records_wake_the_reader<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 1), harness.unique("group"));
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = wakes.clone();
    let waker = Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let mut member = join_with(harness, &group, TopicSelector::Name(topic.clone()), waker);
    step_until(harness, &mut [&mut member], "the partition is held", |members| {
        members[0].epoch_of(0).is_some()
    });
    let epoch = member.current(0);
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    for round in 0..3 {
        meanwhile(harness, |harness| {
            step(harness, &mut [&mut member]);
            member.read_all();
        });
        member.readable.clear();
        wakes.store(0, Ordering::SeqCst);
        let parts = RecordParts { timestamp: -1, value: Some(b"v"), ..RecordParts::default() };
        producer.send(vec![outgoing(round, &topic, Some(0), parts)]);
        until(harness, "the waker is called", |_| wakes.load(Ordering::SeqCst) > 0);
        step_until(harness, &mut [&mut member], "there is something to read", |members| {
            members[0].readable.contains(&epoch)
        });
        step_until(harness, &mut [&mut member], "it is read", |members| {
            members[0].read_all();
            members[0].records_of(0).len() as u64 == round + 1
        });
    }
    producer.close(CALL);
    member.consumer.close(CALL);
}
