//! The consumer against a cluster that answers with errors on demand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mock::{FETCH, HEARTBEAT, LIST_OFFSETS, MockCluster, OFFSET_COMMIT, OFFSET_FETCH};
use prosody_broker::{Commit, Consumer, ErrorCode, Outgoing, Producer};
use prosody_kafka::KafkaSettings;
use prosody_model::{Epoch, Record, RecordParts};

const CALL: Duration = Duration::from_secs(10);

fn commit(epoch: Epoch, offset: i64) -> Commit {
    Commit { epoch, offset, metadata: format!("at {offset}") }
}

fn fill(cluster: &MockCluster, topic: &str, partition: i32, count: u64) {
    let settings = KafkaSettings { send_timeout: CALL, ..cluster.settings() };
    let (producer, reports) = cluster.producer(&settings);
    let topic: Arc<str> = Arc::from(topic);
    let record = Record::new(RecordParts { timestamp: -1, value: Some(b"v"), ..RecordParts::default() }, []);
    let batch = (0..count).map(|ticket| Outgoing {
        ticket,
        topic: Arc::clone(&topic),
        partition: Some(partition),
        record: record.clone(),
    });
    producer.send(batch.collect());
    assert!(producer.flush(CALL));
    assert!(reports.seen().iter().all(|report| report.result.is_ok()), "{:?}", reports.seen());
    producer.close(CALL);
}

#[test]
fn a_commit_of_an_old_generation_is_fenced_and_the_assignment_is_lost() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    let mut member = cluster.member("t");
    let epochs = member.hold(2);
    cluster.fail(OFFSET_COMMIT, &[22]);
    member.consumer.commit(vec![commit(epochs[0], 1)]);
    member.until("the commit is answered", |member| !member.answers.is_empty());
    assert_eq!(member.answers[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Fenced));
    member.until("the assignment is lost", |member| member.lost.len() == 2);
    assert!(member.revoking.is_empty(), "what is lost is not asked for");
    member.until("it is assigned anew", |member| member.assigned.len() == 4);
    member.consumer.commit(vec![commit(epochs[0], 2)]);
    member.until("the old epoch is answered", |member| member.answers.len() == 2);
    assert_eq!(member.answers[1].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Fenced));
}

#[test]
fn a_member_that_the_group_forgot_loses_its_partitions() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    let mut member = cluster.member("t");
    member.hold(2);
    cluster.fail(HEARTBEAT, &[25]);
    member.until("the assignment is lost", |member| member.lost.len() == 2);
    member.until("it is assigned anew", |member| member.assigned.len() == 4);
    let newest = member.assigned[2].epoch.max(member.assigned[3].epoch);
    assert!(newest > member.assigned[0].epoch.max(member.assigned[1].epoch));
}

#[test]
fn a_rebalance_under_way_is_told_from_a_fence() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut member = cluster.member("t");
    let epochs = member.hold(1);
    cluster.fail(OFFSET_COMMIT, &[27]);
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], CALL);
    assert_eq!(results[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Rebalancing));
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], CALL);
    assert_eq!(results[0].result, Ok(()));
    assert!(member.lost.is_empty());
}

#[test]
fn metadata_that_is_refused_says_so() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut member = cluster.member("t");
    let epochs = member.hold(1);
    cluster.fail(OFFSET_COMMIT, &[12]);
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], CALL);
    assert_eq!(results[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::MetadataTooLarge));
}

#[test]
fn every_commit_is_answered_and_the_last_one_stays() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 3);
    // Tiny requests: each partition goes in one of its own.
    let settings = KafkaSettings { max_commit_bytes: 1, ..cluster.settings() };
    let mut member = cluster.member_with(&settings, "t");
    let epochs = member.hold(3);
    // A coordinator that moves has the first round repeated; later ones must not overtake it.
    cluster.fail(OFFSET_COMMIT, &[15, 16]);
    for offset in 1..=20 {
        member.consumer.commit(epochs.iter().map(|epoch| commit(*epoch, offset)).collect());
    }
    let results = member.consumer.commit_now(vec![commit(epochs[0], 21)], CALL);
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].result, Ok(()));
    member.until("all are answered", |member| member.answers.len() == 60);
    assert!(member.answers.iter().all(|answer| answer.result.is_ok()), "{:?}", member.answers);
    member.consumer.close(CALL);
    let mut next = cluster.member("t");
    next.hold(3);
    let mut seen: Vec<_> = next.assigned.iter().map(|a| (a.committed, a.metadata.clone())).collect();
    seen.sort();
    let expected = [20, 20, 21].map(|offset| (Some(offset), format!("at {offset}")));
    assert_eq!(seen, expected);
}

#[test]
fn a_commit_without_an_answer_times_out_and_does_not_hang() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut member = cluster.member("t");
    let epochs = member.hold(1);
    cluster.slow(1_500);
    let start = Instant::now();
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], Duration::from_millis(200));
    assert_eq!(results[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Timeout));
    let results = member.consumer.commit_now(vec![commit(epochs[0], 2)], Duration::from_millis(200));
    assert_eq!(results[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Timeout));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    cluster.slow(0);
    let results = member.consumer.commit_now(vec![commit(epochs[0], 3)], CALL);
    assert_eq!(results[0].result, Ok(()));
    member.step();
    assert!(member.answers.is_empty(), "what timed out was answered: {:?}", member.answers);
}

#[test]
fn committed_offsets_are_asked_for_until_they_are_there() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut member = cluster.member("t");
    let epochs = member.hold(1);
    member.consumer.commit_now(vec![commit(epochs[0], 5)], CALL);
    member.consumer.close(CALL);
    cluster.fail(OFFSET_FETCH, &[7, 7, 30, 30]);
    let mut next = cluster.member("t");
    next.hold(1);
    assert_eq!(next.assigned[0].committed, Some(5), "a failed look-up is not 'none'");
    assert!(!next.warnings.is_empty());
}

#[test]
fn a_second_owner_of_an_instance_id_fails_the_first() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let settings = KafkaSettings { group_instance_id: Some("one".to_owned()), ..cluster.settings() };
    let mut member = cluster.member_with(&settings, "t");
    let epochs = member.hold(1);
    cluster.fail(HEARTBEAT, &[82]);
    member.until("it fails", |member| !member.failed.is_empty());
    assert_eq!(member.failed[0].code, ErrorCode::Fenced);
    assert!(member.failed[0].message.contains("groupInstanceId"), "{}", member.failed[0]);
    assert_eq!(member.lost, epochs);
    member.step();
    assert_eq!(member.failed.len(), 1, "said once");
    member.consumer.close(CALL);
}

#[test]
fn an_offset_out_of_range_stops_the_partition_once() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    fill(&cluster, "t", 0, 10);
    cluster.fail(FETCH, &[1]);
    let mut next = cluster.member("t");
    next.until("the partition stops", |member| {
        member.read();
        !member.stopped.is_empty()
    });
    assert_eq!(next.stopped[0].1.code, ErrorCode::OffsetOutOfRange);
    assert!(next.stopped[0].1.message.contains("t[0]"), "{}", next.stopped[0].1);
    assert!(next.records.is_empty());
}

#[test]
fn the_thread_that_fetches_is_woken_after_a_rebalance() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    cluster.count_requests();
    let mut member = cluster.member("t");
    member.hold(1);
    // One question is librdkafka's own, for the first offset; the other one is there to wake.
    member.until("both questions are asked", |_| cluster.requests(LIST_OFFSETS) >= 2);
}

#[test]
fn records_come_once_and_in_order_through_fetch_errors() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    fill(&cluster, "t", 0, 500);
    // Not the leader; unknown server error; a failed authorisation that is mended.
    cluster.fail(FETCH, &[6, -1, 29, 6]);
    let mut member = cluster.member("t");
    member.until("all is read", |member| {
        member.read();
        member.records.len() >= 500
    });
    let offsets: Vec<_> = member.records.iter().map(|(_, record)| record.offset).collect();
    assert_eq!(offsets, (0..500).collect::<Vec<_>>());
    assert!(member.stopped.is_empty(), "{:?}", member.stopped);
}

#[test]
fn a_broker_away_is_warned_of_and_comes_back() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut member = cluster.member("t");
    member.hold(1);
    cluster.down();
    member.until("it is said", |member| !member.warnings.is_empty());
    assert_eq!(member.warnings[0].code, ErrorCode::Unreachable);
    assert!(member.warnings[0].message.contains("127.0.0.1"), "{}", member.warnings[0]);
    for _ in 0..20 {
        member.step();
    }
    assert_eq!(member.warnings.len(), 1, "said once in a while: {:?}", member.warnings);
    cluster.up();
    member.until("commits succeed again", |member| {
        let epoch = member.assigned.last().unwrap().epoch;
        member.consumer.commit_now(vec![commit(epoch, 1)], Duration::from_secs(1))[0].result.is_ok()
    });
}

#[test]
fn nobody_there_is_a_warning_that_names_the_address() {
    let settings = KafkaSettings {
        bootstrap_servers: vec!["127.0.0.1:1".to_owned()],
        group_id: "g".to_owned(),
        ..KafkaSettings::default()
    };
    let mut member = mock::Member::new(&settings);
    member.consumer.subscribe(&[prosody_broker::TopicSelector::Name("t".to_owned())]).unwrap();
    member.until("it is said", |member| !member.warnings.is_empty());
    assert_eq!(member.warnings[0].code, ErrorCode::Unreachable);
    assert!(member.warnings[0].message.contains("127.0.0.1:1"), "{}", member.warnings[0]);
    let start = Instant::now();
    member.consumer.close(Duration::from_secs(1));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_consumer_without_a_group_is_refused() {
    let settings =
        KafkaSettings { bootstrap_servers: vec!["127.0.0.1:1".to_owned()], ..KafkaSettings::default() };
    let refused =
        prosody_kafka::KafkaConsumer::new(&settings, prosody_model::Epochs::default(), Arc::new(|| ()));
    assert_eq!(refused.map_err(|error| error.code).err(), Some(ErrorCode::Invalid));
}

#[test]
fn closing_while_the_coordinator_is_away_ends_in_its_time() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 4);
    fill(&cluster, "t", 0, 100);
    let mut member = cluster.member("t");
    let epochs = member.hold(4);
    cluster.down();
    member.consumer.commit(vec![commit(epochs[0], 1)]);
    let start = Instant::now();
    member.consumer.close(Duration::from_millis(1_500));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    member.step();
    assert_eq!(member.answers.len(), 1, "the open commit is answered");
    assert!(member.answers[0].result.is_err());
}

#[test]
fn closing_at_any_moment_ends_in_its_time() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 8);
    fill(&cluster, "t", 0, 1_000);
    for moment in 0..24 {
        let mut member = cluster.member("t");
        let mut after = moment;
        // From before the join, through the look-up of offsets, to the middle of reading.
        member.until("its moment has come", |member| {
            if !member.assigned.is_empty() {
                member.read();
                member.consumer.commit(vec![commit(member.assigned[0].epoch, after)]);
            }
            after -= 1;
            after < 0
        });
        let start = Instant::now();
        if moment % 3 == 0 {
            drop(member);
        } else {
            member.consumer.close(Duration::from_secs(3));
            let epoch = member.assigned.first().map_or(Epoch(1), |assigned| assigned.epoch);
            assert_eq!(member.consumer.read(epoch, 1, &mut Vec::new()), 0);
        }
        assert!(start.elapsed() < Duration::from_millis(4_500), "at {moment}: {:?}", start.elapsed());
    }
}
