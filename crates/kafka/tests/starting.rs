//! First assignments that start elsewhere than at the committed offset, on a cluster that answers with errors.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;

use std::{sync::Arc, time::Duration};

use mock::{HEARTBEAT, JOIN_GROUP, LIST_OFFSETS, Member, MockCluster};
use prosody_broker::{Consumer, Moved, Outgoing, Producer, StartFrom};
use prosody_kafka::KafkaSettings;
use prosody_model::{Record, RecordParts};

const CALL: Duration = Duration::from_secs(10);

/// A cluster with a topic of one partition that holds five records.
fn cluster() -> MockCluster {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    send(&cluster, 5);
    cluster
}

fn send(cluster: &MockCluster, count: u64) {
    let settings = KafkaSettings { send_timeout: CALL, ..cluster.settings() };
    let (producer, reports) = cluster.producer(&settings);
    let topic: Arc<str> = Arc::from("t");
    let record = Record::new(RecordParts { timestamp: -1, value: Some(b"v"), ..RecordParts::default() }, []);
    let outgoing =
        |ticket| Outgoing { ticket, topic: Arc::clone(&topic), partition: Some(0), record: record.clone() };
    producer.send((0..count).map(outgoing).collect());
    assert!(producer.flush(CALL));
    assert!(reports.seen().iter().all(|report| report.result.is_ok()), "{:?}", reports.seen());
    producer.close(CALL);
}

fn latest(cluster: &MockCluster) -> Member {
    cluster.member_with(&KafkaSettings { start_from: StartFrom::Latest, ..cluster.settings() }, "t")
}

/// The partition is held from the end on, and what comes is read.
fn reads_from_the_end(cluster: &MockCluster, member: &mut Member) {
    let epoch = member.hold(1)[0];
    let moved = Moved { from: None, to: 5, offsets: 5 };
    let assigned = &member.assigned[0];
    assert_eq!((assigned.committed, assigned.moved), (Some(5), Some(moved)));
    send(cluster, 2);
    member.until("the new records are read", |member| {
        member.read();
        member.records.len() == 2
    });
    let offsets: Vec<_> = member.records.iter().map(|(of, record)| (*of, record.offset)).collect();
    assert_eq!(offsets, [(epoch, 5), (epoch, 6)]);
    member.consumer.close(CALL);
}

#[test]
fn the_ends_of_the_log_are_asked_for_until_they_are_there() {
    let cluster = cluster();
    // Topic not authorised, one for the beginning and one for the end at least, however they come.
    cluster.fail(LIST_OFFSETS, &[29; 6]);
    let mut member = latest(&cluster);
    member.until("it is said", |member| {
        member.warnings.iter().any(|warning| warning.message.contains("beginning and end"))
    });
    assert!(member.assigned.is_empty(), "nothing is read from anywhere else meanwhile");
    reads_from_the_end(&cluster, &mut member);
}

#[test]
fn a_partition_that_went_before_it_could_start_is_of_the_first_assignment_still() {
    let cluster = cluster();
    cluster.fail(LIST_OFFSETS, &[29; 1000]);
    let mut member = latest(&cluster);
    member.until("it is said", |member| !member.warnings.is_empty());
    // The group has forgotten the member.
    cluster.count_requests();
    cluster.fail(HEARTBEAT, &[25]);
    member.until("it joins anew", |_| cluster.requests(JOIN_GROUP) > 0);
    cluster.heal(LIST_OFFSETS);
    reads_from_the_end(&cluster, &mut member);
    assert!(member.lost.is_empty(), "what was never held is not lost");
}
