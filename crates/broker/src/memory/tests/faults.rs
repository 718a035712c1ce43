//! Faults do what they say, and nothing else.

use super::*;
use crate::memory::CommitFault::{Delay, Late, LoseAnswer, LoseRequest, Pass, Refuse, Swap};

fn with_faults(faults: &[CommitFault]) -> (MemoryBroker, MemoryConsumer, Epoch) {
    let (broker, consumer, epoch) = single();
    assert!(broker.consumer_faults(consumer.id(), |f| f.commits.extend(faults)));
    (broker, consumer, epoch)
}

#[test]
fn a_lost_answer_leaves_the_commit_and_a_lost_request_does_not() {
    let (broker, mut consumer, epoch) =
        with_faults(&[LoseAnswer, LoseRequest, Refuse(ErrorCode::Rebalancing)]);
    consumer.commit(commit(epoch, 1));
    assert_eq!(committed(&broker), Some(1));
    consumer.commit(commit(epoch, 2));
    consumer.commit(commit(epoch, 3));
    assert_eq!(committed(&broker), Some(1));
    let timeout = Some(ErrorCode::Timeout);
    let answers = [(1, timeout), (2, timeout), (3, Some(ErrorCode::Rebalancing))];
    assert_eq!(codes(&poll(&mut consumer, 1)), answers);
    consumer.commit(commit(epoch, 4));
    assert_eq!((committed(&broker), codes(&poll(&mut consumer, 1))), (Some(4), vec![(4, None)]));
}

#[test]
fn swapped_commits_land_reversed_and_both_are_answered() {
    let (broker, mut consumer, epoch) = with_faults(&[Swap, Pass]);
    consumer.commit(commit(epoch, 1));
    assert_eq!((committed(&broker), poll(&mut consumer, 1)), (None, vec![]));
    consumer.commit(commit(epoch, 2));
    assert_eq!(committed(&broker), Some(1), "the first one landed last");
    let mut answers = codes(&poll(&mut consumer, 2));
    answers.sort_by_key(|answer| answer.0);
    assert_eq!(answers, [(1, None), (2, None)]);
}

#[test]
fn a_swapped_commit_without_a_successor_lands_in_the_end() {
    let (broker, mut consumer, epoch) = with_faults(&[Swap]);
    consumer.commit(commit(epoch, 1));
    assert_eq!(broker.next_deadline(), at(5000).mono);
    assert_eq!(codes(&poll(&mut consumer, 4999)), []);
    assert_eq!(codes(&poll(&mut consumer, 5000)), [(1, None)]);
}

#[test]
fn a_late_commit_is_answered_before_it_lands() {
    let (broker, mut consumer, epoch) = with_faults(&[Late]);
    consumer.commit(commit(epoch, 1));
    assert_eq!(codes(&poll(&mut consumer, 1)), [(1, Some(ErrorCode::Timeout))]);
    assert_eq!(committed(&broker), None);
    consumer.commit(commit(epoch, 2));
    assert_eq!(codes(&poll(&mut consumer, 1)), [(2, None)]);
    assert_eq!(committed(&broker), Some(1));
}

#[test]
fn a_commit_in_flight_is_accepted_from_a_member_that_holds_the_partition_no_more() {
    let (broker, mut first, epoch) = with_faults(&[Pass, Late]);
    first.commit_now(commit(epoch, 5), Duration::ZERO);
    first.commit_now(commit(epoch, 3), Duration::ZERO);
    broker.configure(|settings| settings.assignor = Assignor::Rotating);
    let mut second = join(&broker);
    poll(&mut second, 1);
    broker.rebalance("group");
    let mut moved = revoking(&poll(&mut first, 1));
    if moved.is_empty() {
        broker.rebalance("group");
        moved = revoking(&poll(&mut first, 1));
    }
    first.release(&moved);
    assert_eq!(assigned(&poll(&mut second, 2)).len(), 1);
    assert_eq!(committed(&broker), Some(5));
    poll(&mut first, 5000);
    assert_eq!(committed(&broker), Some(3), "so do real brokers");
}

#[test]
fn a_commit_in_flight_is_dropped_when_its_member_is_gone() {
    let (broker, mut consumer, epoch) = with_faults(&[Delay(Duration::from_secs(1))]);
    consumer.commit(commit(epoch, 3));
    assert!(broker.evict(consumer.id()));
    let events = poll(&mut consumer, 1000);
    assert_eq!((committed(&broker), codes(&events)), (None, vec![(3, Some(ErrorCode::Fenced))]));
}

#[test]
fn a_frozen_member_is_evicted_and_learns_it_after_the_thaw() {
    let (broker, mut frozen, epoch) = single();
    append(&broker, 3);
    let mut other = join(&broker);
    poll(&mut other, 1);
    broker.consumer_faults(frozen.id(), |f| f.link = Link::Frozen);
    for second in 1..=46 {
        assert_eq!(poll(&mut frozen, second * 1000), []);
        assert_eq!(read(&mut frozen, epoch), [] as [i64; 0]);
        poll(&mut other, second * 1000);
    }
    assert_eq!(broker.owners("group"), [(partition(), other.id())]);
    broker.consumer_faults(frozen.id(), |f| f.link = Link::Up);
    let answers = frozen.commit_now(commit(epoch, 3), Duration::ZERO);
    assert_eq!(answers[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::Fenced));
    assert_eq!(poll(&mut frozen, 47_000), [ConsumerEvent::Lost(vec![epoch])]);
    assert_eq!(broker.members("group").len(), 2, "it has joined again");
}

#[test]
fn a_crashed_member_is_missed_when_its_session_ends() {
    let (broker, crashed, _) = single();
    let mut other = join(&broker);
    poll(&mut other, 0);
    drop(crashed);
    let deadline = broker.next_deadline();
    assert!(deadline > at(45_000).mono && deadline < at(45_001).mono, "{deadline:?}");
    assert_eq!(poll(&mut other, 45_000), []);
    assert_eq!(assigned(&poll(&mut other, 45_001)).len(), 1);
}

#[test]
fn a_consumer_cut_off_warns_once_then_loses_its_partitions_then_joins_again() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 1);
    broker.faults(|faults| faults.unreachable = true);
    assert_eq!(warnings(&poll(&mut consumer, 1000)), [ErrorCode::Unreachable]);
    assert_eq!(poll(&mut consumer, 2000), []);
    assert_eq!(read(&mut consumer, epoch), [] as [i64; 0]);
    consumer.commit(commit(epoch, 1));
    assert_eq!(codes(&poll(&mut consumer, 3000)), [(1, Some(ErrorCode::Unreachable))]);
    assert_eq!(poll(&mut consumer, 46_000), [ConsumerEvent::Lost(vec![epoch])]);
    broker.heal();
    let events = poll(&mut consumer, 47_000);
    let epochs = assigned(&events);
    assert!(epochs.len() == 1 && epochs[0] > epoch, "{events:?}");
    assert_eq!(read(&mut consumer, epochs[0]), [0]);
}

#[test]
fn a_short_outage_costs_nothing() {
    let (broker, mut consumer, epoch) = single();
    broker.consumer_faults(consumer.id(), |f| f.link = Link::Down);
    poll(&mut consumer, 1000);
    append(&broker, 2);
    broker.heal();
    assert_eq!(poll(&mut consumer, 2000), [ConsumerEvent::Readable(epoch)]);
    assert_eq!(read(&mut consumer, epoch), [0, 1]);
}

#[test]
fn what_is_released_while_cut_off_is_free_after_it() {
    let (broker, mut first, epoch) = single();
    broker.configure(|settings| settings.assignor = Assignor::Rotating);
    let mut second = join(&broker);
    poll(&mut second, 1);
    broker.rebalance("group");
    let mut moved = revoking(&poll(&mut first, 2));
    if moved.is_empty() {
        broker.rebalance("group");
        moved = revoking(&poll(&mut first, 2));
    }
    assert_eq!(moved, [epoch]);
    broker.consumer_faults(first.id(), |f| f.link = Link::Down);
    first.release(&moved);
    assert_eq!(assigned(&poll(&mut second, 3)), []);
    broker.heal();
    poll(&mut first, 4);
    assert_eq!(assigned(&poll(&mut second, 5)).len(), 1);
}

#[test]
fn notices_come_late() {
    let (broker, mut consumer, epoch) = single();
    broker.consumer_faults(consumer.id(), |f| f.notice_delay = Duration::from_secs(2));
    broker.configure(|settings| settings.protocol = Protocol::Eager);
    poll(&mut consumer, 1000);
    broker.rebalance("group");
    assert_eq!(broker.next_deadline(), at(3000).mono);
    assert_eq!(poll(&mut consumer, 2999), []);
    assert_eq!(revoking(&poll(&mut consumer, 3000)), [epoch]);
}

#[test]
fn a_stalled_fetch_yields_nothing_until_it_ends() {
    let (broker, mut consumer, epoch) = single();
    broker.consumer_faults(consumer.id(), |f| f.fetch = Fetch::Stalled);
    append(&broker, 1);
    assert_eq!(poll(&mut consumer, 1), []);
    assert_eq!(read(&mut consumer, epoch), [] as [i64; 0]);
    broker.heal();
    assert_eq!(poll(&mut consumer, 2), [ConsumerEvent::Readable(epoch)]);
    assert_eq!(read(&mut consumer, epoch), [0]);
}

#[test]
fn kept_partitions_may_stall_while_a_revocation_is_open() {
    let broker = MemoryBroker::new(Settings { auto_create: Some(2), ..Settings::default() });
    let mut first = join(&broker);
    let epochs = assigned(&poll(&mut first, 0));
    broker.consumer_faults(first.id(), |f| f.fetch = Fetch::StalledWhileRevoking);
    let mut second = join(&broker);
    poll(&mut second, 1);
    let moved = revoking(&poll(&mut first, 1));
    append(&broker, 1);
    broker.append(&TopicPartition::new("topic", 1), Record::new(RecordParts::default(), [])).unwrap();
    let kept = *epochs.iter().find(|epoch| !moved.contains(epoch)).unwrap();
    assert_eq!((poll(&mut first, 2), read(&mut first, kept)), (vec![], vec![]));
    first.release(&moved);
    assert_eq!(poll(&mut first, 3), [ConsumerEvent::Readable(kept)]);
    assert_eq!(read(&mut first, kept), [0]);
}

#[test]
fn metadata_is_lost_or_foreign() {
    let (broker, mut consumer, epoch) = single();
    consumer.commit_now(commit(epoch, 1), Duration::ZERO);
    for (fault, expected) in [
        (MetadataFault::Keep, "m1"),
        (MetadataFault::Lose, ""),
        (MetadataFault::Replace("foreign".into()), "foreign"),
    ] {
        broker.consumer_faults(consumer.id(), |f| f.metadata = fault);
        broker.evict(consumer.id());
        let events = poll(&mut consumer, 1);
        let Some(ConsumerEvent::Assigned(assigned)) = events.get(1) else { panic!("{events:?}") };
        assert_eq!((assigned[0].committed, assigned[0].metadata.as_str()), (Some(1), expected));
    }
}
