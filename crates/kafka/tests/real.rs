//! What only a real broker shows, beyond the conformance suite.
//!
//! `PROSODY_TEST_BOOTSTRAP=127.0.0.1:9092 cargo test -p prosody-kafka --features real-kafka`
#![cfg(feature = "real-kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;
mod support;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use mock::{Member, Reports};
use prosody_broker::conformance::Harness;
use prosody_broker::{Admin, Commit, Consumer, ErrorCode, Outgoing, Producer, TopicSelector, TopicSpec};
use prosody_kafka::{GroupProtocol, KafkaProducer, KafkaSettings};
use prosody_model::{Record, RecordParts};
use support::RealKafka;

const CALL: Duration = Duration::from_secs(20);

/// A topic and a group of this test alone.
fn place(protocol: GroupProtocol, partitions: i32) -> (KafkaSettings, String) {
    let mut kafka = RealKafka::new(protocol);
    let topic = kafka.unique("real");
    let spec = TopicSpec { name: topic.clone(), partitions, replication_factor: 1 };
    if partitions > 0 {
        kafka.admin().create_topic(&spec, CALL).unwrap();
    }
    (KafkaSettings { group_id: kafka.unique("group"), ..kafka.settings.clone() }, topic)
}

fn join(settings: &KafkaSettings, topic: &str) -> Member {
    let mut member = Member::new(settings);
    member.consumer.subscribe(&[TopicSelector::Name(topic.to_owned())]).unwrap();
    member
}

fn outgoing(ticket: u64, topic: &Arc<str>, partition: i32, value: &[u8]) -> Outgoing {
    let parts = RecordParts { timestamp: -1, value: Some(value), ..RecordParts::default() };
    Outgoing { ticket, topic: Arc::clone(topic), partition: Some(partition), record: Record::new(parts, []) }
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn a_record_that_the_broker_finds_too_large_fails_alone() {
    let (settings, topic) = place(GroupProtocol::Classic, 1);
    let reports = Reports::default();
    let producer = KafkaProducer::new(&settings, reports.sink()).unwrap();
    let (topic, large) = (Arc::from(topic), noise(3 << 20));
    producer.send(vec![
        outgoing(0, &topic, 0, b"a"),
        outgoing(1, &topic, 0, &large),
        outgoing(2, &topic, 0, b"b"),
    ]);
    let seen = reports.wait(3);
    let codes: Vec<_> =
        seen.iter().map(|report| report.result.as_ref().err().map(|error| error.code)).collect();
    assert_eq!(codes, [None, Some(ErrorCode::TooLarge), None], "{seen:?}");
    producer.send(vec![outgoing(3, &topic, 0, b"c")]);
    assert!(reports.wait(4)[3].result.is_ok());
}

#[test]
fn a_missing_topic_is_warned_of_by_name() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let (settings, topic) = place(protocol, 0);
        let mut member = join(&settings, &topic);
        let about = |member: &mut Member| {
            member.warnings.iter().any(|w| w.code == ErrorCode::UnknownTopic && w.message.contains(&topic))
        };
        // With the consumer protocol the broker waits for topics by itself, and tells nobody.
        if protocol == GroupProtocol::Classic {
            member.until("it is said", about);
        }
        assert!(member.failed.is_empty());
        member.consumer.close(CALL);
    }
}

#[test]
fn who_is_not_polled_in_time_loses_its_partitions_and_comes_back() {
    let (settings, topic) = place(GroupProtocol::Classic, 2);
    let settings = KafkaSettings {
        session_timeout: Duration::from_secs(1),
        heartbeat_interval: Duration::from_millis(200),
        max_poll_interval: Duration::from_secs(1),
        ..settings
    };
    let mut member = join(&settings, &topic);
    let epochs = member.hold(2);
    // The one sleep that is the thing under test: a caller that does not poll.
    thread::sleep(Duration::from_secs(3));
    member.until("the assignment is lost", |member| member.lost.len() == 2);
    assert!(member.warnings.iter().any(|w| w.code == ErrorCode::Fenced), "{:?}", member.warnings);
    let results = member
        .consumer
        .commit_now(vec![Commit { epoch: epochs[0], offset: 1, metadata: String::new() }], CALL);
    assert_eq!(results[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Fenced));
    member.until("it is back", |member| member.assigned.len() == 4);
    assert!(member.failed.is_empty() && member.revoking.is_empty());
    member.consumer.close(CALL);
}

#[test]
fn partitions_of_a_deleted_topic_are_taken_away_or_stop() {
    let (settings, topic) = place(GroupProtocol::Classic, 2);
    let mut member = join(&settings, &topic);
    let epochs = member.hold(2);
    RealKafka::new(GroupProtocol::Classic).admin().delete_topic(&topic, CALL).unwrap();
    member.until("both are gone", |member| {
        member.read();
        epochs.iter().all(|epoch| {
            member.lost.contains(epoch)
                || member.revoking.contains(epoch)
                || member.stopped.iter().any(|(stopped, _)| stopped == epoch)
        })
    });
    assert!(member.failed.is_empty(), "{:?}", member.failed);
    member.consumer.close(CALL);
}

#[test]
fn a_group_commits_more_metadata_than_fits_in_one_request() {
    let (settings, topic) = place(GroupProtocol::Classic, 100);
    let mut member = join(&settings, &topic);
    member.hold(100);
    // 12 KB each: 1.2 MB in all, of which a broker takes about 1 MiB at once.
    let metadata: String = std::iter::repeat_n('㐀', 4_096).collect();
    let commits: Vec<_> = member
        .assigned
        .iter()
        .map(|a| Commit {
            epoch: a.epoch,
            offset: i64::from(a.partition.partition),
            metadata: metadata.clone(),
        })
        .collect();
    let results = member.consumer.commit_now(commits, CALL);
    assert_eq!(results.len(), 100);
    assert!(results.iter().all(|result| result.result.is_ok()), "{:?}", results[0]);
    member.consumer.close(CALL);
    let mut next = join(&settings, &topic);
    next.hold(100);
    for assigned in &next.assigned {
        assert_eq!(assigned.committed, Some(i64::from(assigned.partition.partition)));
        assert_eq!(assigned.metadata, metadata);
    }
    next.consumer.close(CALL);
}

/// Members come and go while records are sent and read; each commits what it has read as it gives up.
fn nothing_is_lost_or_repeated(protocol: GroupProtocol) {
    const LEAVERS: usize = 5;
    let (settings, topic) = place(protocol, 6);
    // Members notice a rebalance with their next heartbeat.
    let settings = KafkaSettings { heartbeat_interval: Duration::from_millis(100), ..settings };
    let reports = Reports::default();
    let producer = KafkaProducer::new(&settings, reports.sink()).unwrap();
    let name: Arc<str> = Arc::from(topic.as_str());
    let mut members: Vec<Member> = Vec::new();
    let (mut sent, mut left) = (0, 0);
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let deadline = Instant::now() + Duration::from_secs(90);
    while left < LEAVERS || (seen.len() as u64) < sent {
        assert!(Instant::now() < deadline, "{} of {sent} after {left} leavers", seen.len());
        if left < LEAVERS {
            let batch = (sent..sent + 30)
                .map(|ticket| outgoing(ticket, &name, (ticket % 6) as i32, &ticket.to_le_bytes()));
            producer.send(batch.collect());
            sent += 30;
        }
        // One newcomer at a time, each of whom has to get something from the others; then the oldest goes.
        let settled = members.iter().all(|member| !member.positions.is_empty());
        if settled && members.len() < 3 && left < LEAVERS {
            members.push(join(&settings, &topic));
        } else if settled && members.len() == 3 {
            let mut leaver = members.remove(0);
            give_up(&mut leaver, true);
            note(&mut leaver, &mut seen);
            leaver.consumer.close(CALL);
            left += 1;
        }
        for member in &mut members {
            member.step();
            assert!(
                member.lost.is_empty() && member.failed.is_empty(),
                "{:?} {:?}",
                member.lost,
                member.failed
            );
            member.read();
            give_up(member, false);
            note(member, &mut seen);
        }
        thread::sleep(Duration::from_millis(2));
    }
    let repeated = seen.values().filter(|count| **count > 1).count();
    assert_eq!(repeated, 0, "read more than once, of {sent}");
    for mut member in members {
        member.consumer.close(CALL);
    }
}

fn note(member: &mut Member, seen: &mut HashMap<u64, usize>) {
    for (_, record) in member.records.drain(..) {
        let value = record.value().unwrap().try_into().unwrap();
        *seen.entry(u64::from_le_bytes(value)).or_default() += 1;
    }
}

/// Commits where reading has come to in the partitions that are being revoked (or in all), and releases them.
fn give_up(member: &mut Member, all: bool) {
    let epochs = if all {
        member.assigned.iter().map(|assigned| assigned.epoch).collect()
    } else {
        std::mem::take(&mut member.revoking)
    };
    if epochs.is_empty() {
        return;
    }
    let mut next = BTreeMap::new();
    for epoch in &epochs {
        if let Some(offset) = member.positions.get(epoch) {
            next.insert(*epoch, Commit { epoch: *epoch, offset: *offset, metadata: String::new() });
        }
    }
    let results = member.consumer.commit_now(next.into_values().collect(), CALL);
    let fenced = |result: &prosody_broker::CommitResult| {
        result.result.as_ref().is_err_and(|error| error.code == ErrorCode::Fenced)
    };
    assert!(results.iter().all(|result| result.result.is_ok() || (all && fenced(result))), "{results:?}");
    if !all {
        member.consumer.release(&epochs);
    }
}

#[test]
fn nothing_is_lost_or_repeated_through_classic_rebalances() {
    nothing_is_lost_or_repeated(GroupProtocol::Classic);
}

#[test]
fn nothing_is_lost_or_repeated_through_kip848_rebalances() {
    nothing_is_lost_or_repeated(GroupProtocol::Consumer);
}

#[test]
fn a_member_that_closes_in_a_hurry_hands_over_at_once() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        for given in [400, 200].map(Duration::from_millis) {
            let (settings, topic) = place(protocol, 2);
            let mut member = join(&settings, &topic);
            member.hold(2);
            let start = Instant::now();
            member.consumer.close(given);
            assert!(start.elapsed() < given + Duration::from_secs(1), "{given:?}: {:?}", start.elapsed());
            let mut next = join(&settings, &topic);
            next.hold(2);
            // The end of the session would be 45 s away.
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{protocol:?} {given:?}: {:?}",
                start.elapsed()
            );
        }
    }
}
