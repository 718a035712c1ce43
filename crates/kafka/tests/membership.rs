//! The life of a membership: how it ends, what it outlives, and who is woken for what time brings.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;

use std::time::{Duration, Instant};

use mock::{
    CONSUMER_GROUP_HEARTBEAT, FIND_COORDINATOR, HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, MockCluster,
    OFFSET_COMMIT, OFFSET_FETCH,
};
use prosody_broker::{Commit, Consumer, ErrorCode};
use prosody_kafka::{GroupProtocol, KafkaSettings};
use prosody_model::Epoch;

const CALL: Duration = Duration::from_secs(10);

fn commit(epoch: Epoch, offset: i64) -> Commit {
    Commit { epoch, offset, metadata: String::new() }
}

#[test]
fn a_short_close_still_leaves_the_group() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    cluster.count_requests();
    for (round, given) in [400, 200, 0].map(Duration::from_millis).into_iter().enumerate() {
        let mut member = cluster.member("t");
        member.hold(2);
        let start = Instant::now();
        member.consumer.close(given);
        assert!(start.elapsed() < given + Duration::from_secs(1), "{given:?}: {:?}", start.elapsed());
        assert_eq!(cluster.requests(LEAVE_GROUP), round + 1, "closed within {given:?}");
    }
}

#[test]
fn a_group_that_is_forbidden_is_warned_of_and_joined_once_it_is_allowed() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    cluster.fail(FIND_COORDINATOR, &[30; 2]);
    cluster.fail(JOIN_GROUP, &[30; 2]);
    let mut member = cluster.member("t");
    member.until("it is said", |member| !member.warnings.is_empty());
    assert_eq!(member.warnings[0].code, ErrorCode::Authorization);
    assert!(member.warnings[0].message.starts_with("group group: "), "{}", member.warnings[0]);
    member.hold(1);
    assert!(member.failed.is_empty(), "{:?}", member.failed);
    assert_eq!(member.warnings.len(), 1, "said once in a while: {:?}", member.warnings);
}

#[test]
fn a_group_forbidden_for_a_moment_takes_no_partition_away() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    let mut member = cluster.member("t");
    let epochs = member.hold(2);
    // The coordinator moves while the right to find it is gone.
    cluster.fail(FIND_COORDINATOR, &[30; 3]);
    cluster.fail(HEARTBEAT, &[16]);
    member.until("it is said", |member| !member.warnings.is_empty());
    assert_eq!(member.warnings[0].code, ErrorCode::Authorization);
    member.until("its commits are taken", |member| {
        let commits = epochs.iter().map(|epoch| commit(*epoch, 1)).collect();
        member.consumer.commit_now(commits, CALL).iter().all(|answer| answer.result.is_ok())
    });
    assert!(member.lost.is_empty() && member.failed.is_empty(), "{:?} {:?}", member.lost, member.failed);
}

#[test]
fn a_membership_that_is_over_for_good_takes_nothing_over_any_more() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let settings = KafkaSettings { group_instance_id: Some("one".to_owned()), ..cluster.settings() };
    // The partition is the group's gift, but where it starts is not known yet.
    cluster.fail(OFFSET_FETCH, &[30; 1_000]);
    let mut member = cluster.member_with(&settings, "t");
    member.until("the offsets are refused", |member| !member.warnings.is_empty());
    cluster.fail(HEARTBEAT, &[82]);
    member.until("it fails", |member| !member.failed.is_empty());
    cluster.count_requests();
    cluster.heal(OFFSET_FETCH);
    let end = Instant::now() + Duration::from_secs(1);
    member.until("time has passed", |_| Instant::now() > end);
    assert!(member.assigned.is_empty(), "{:?}", member.assigned);
    assert_eq!(cluster.requests(OFFSET_FETCH), 0, "its offsets are not asked for any more");
}

#[test]
fn a_commit_with_an_epoch_that_the_group_has_just_raised_may_be_made_again() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let settings = KafkaSettings { group_protocol: GroupProtocol::Consumer, ..cluster.settings() };
    let mut member = cluster.member_with(&settings, "t");
    let epochs = member.hold(1);
    cluster.count_requests();
    cluster.fail(OFFSET_COMMIT, &[113]);
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], CALL);
    let refused = results[0].result.as_ref().map_err(|error| error.code);
    assert_eq!(refused, Err(ErrorCode::Rebalancing));
    assert!(ErrorCode::Rebalancing.commit_retryable());
    member.until("the new epoch is known", |_| cluster.requests(CONSUMER_GROUP_HEARTBEAT) > 0);
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], CALL);
    assert_eq!(results[0].result, Ok(()));
    assert!(member.lost.is_empty());
}

#[test]
fn a_commit_for_a_topic_that_is_gone_is_not_worth_repeating() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut member = cluster.member("t");
    let epochs = member.hold(1);
    // librdkafka itself repeats it for a while.
    cluster.fail(OFFSET_COMMIT, &[3; 100]);
    let results = member.consumer.commit_now(vec![commit(epochs[0], 1)], CALL);
    let code = results[0].result.as_ref().map_err(|error| error.code).unwrap_err();
    assert_eq!(code, ErrorCode::UnknownTopic);
    assert!(code.retryable() && !code.commit_retryable());
}

#[test]
fn the_owner_is_woken_to_ask_for_offsets_again() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    cluster.fail(OFFSET_FETCH, &[30; 4]);
    let mut member = cluster.member("t");
    member.until_woken("the partition is held", |member| !member.assigned.is_empty());
}
