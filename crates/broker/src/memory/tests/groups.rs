//! Groups, case by case; the conformance suite has the rest.

use super::*;

fn four() -> (MemoryBroker, MemoryConsumer) {
    let broker = MemoryBroker::new(Settings { auto_create: Some(4), ..Settings::default() });
    let first = join(&broker);
    (broker, first)
}

#[test]
fn commits_are_put_off_while_the_group_settles() {
    let (broker, mut consumer, epoch) = single();
    broker.configure(|settings| settings.rebalance_delay = Duration::from_secs(1));
    let mut other = join(&broker);
    poll(&mut other, 100);
    consumer.commit(commit(epoch, 1));
    assert_eq!(codes(&poll(&mut consumer, 200)), [(1, Some(ErrorCode::Rebalancing))]);
    assert_eq!(broker.next_deadline(), at(1100).mono);
    consumer.commit(commit(epoch, 1));
    poll(&mut consumer, 1100);
    consumer.commit(commit(epoch, 2));
    assert_eq!(codes(&poll(&mut consumer, 1200)), [(2, None)]);
}

#[test]
fn assignments_wait_until_the_group_has_settled() {
    let delay = Duration::from_secs(1);
    let broker =
        MemoryBroker::new(Settings { auto_create: Some(2), rebalance_delay: delay, ..Settings::default() });
    let mut consumer = join(&broker);
    assert_eq!(poll(&mut consumer, 0), []);
    assert_eq!(poll(&mut consumer, 999), []);
    assert_eq!(assigned(&poll(&mut consumer, 1000)).len(), 2);
}

#[test]
fn a_member_that_does_not_release_is_evicted() {
    let (broker, mut first) = four();
    broker.configure(|settings| settings.rebalance_timeout = Duration::from_secs(60));
    let epochs = assigned(&poll(&mut first, 0));
    let mut second = join(&broker);
    poll(&mut second, 0);
    assert_eq!(revoking(&poll(&mut first, 0)).len(), 2);
    for second_of in 1..=60 {
        assert_eq!(poll(&mut first, second_of * 1000), []);
        assert_eq!(assigned(&poll(&mut second, second_of * 1000)), []);
    }
    let events = poll(&mut first, 60_001);
    assert_eq!(events[0], ConsumerEvent::Lost(epochs));
    // Everything was free: the second got all of it before the first joined again.
    assert_eq!(assigned(&poll(&mut second, 60_001)).len(), 4);
}

#[test]
fn an_eager_group_revokes_everything() {
    let (broker, mut first) = four();
    broker.configure(|settings| settings.protocol = Protocol::Eager);
    let epochs = assigned(&poll(&mut first, 0));
    let mut second = join(&broker);
    assert_eq!(poll(&mut second, 1), []);
    assert_eq!(revoking(&poll(&mut first, 1)), epochs);
    first.release(&epochs);
    assert_eq!(assigned(&poll(&mut first, 2)).len(), 2);
    assert_eq!(assigned(&poll(&mut second, 2)).len(), 2);
}

#[test]
fn a_cooperative_group_hands_over_when_all_have_released() {
    let (broker, mut first) = four();
    poll(&mut first, 0);
    let mut second = join(&broker);
    poll(&mut second, 1);
    let moved = revoking(&poll(&mut first, 1));
    assert_eq!(moved.len(), 2);
    first.release(&moved[..1]);
    assert_eq!(poll(&mut second, 2), []);
    first.release(&moved[1..]);
    assert_eq!(assigned(&poll(&mut second, 3)).len(), 2);
}

#[test]
fn an_incremental_group_hands_over_one_by_one() {
    let (broker, mut first) = four();
    broker.configure(|settings| settings.protocol = Protocol::Incremental);
    poll(&mut first, 0);
    let mut second = join(&broker);
    poll(&mut second, 1);
    let moved = revoking(&poll(&mut first, 1));
    first.release(&moved[..1]);
    assert_eq!(assigned(&poll(&mut second, 2)).len(), 1);
    first.release(&moved[1..]);
    assert_eq!(assigned(&poll(&mut second, 3)).len(), 1);
}

#[test]
fn what_follows_a_revocation_waits_for_its_answer() {
    let (broker, mut first) = four();
    broker.configure(|settings| settings.protocol = Protocol::Incremental);
    poll(&mut first, 0);
    let mut second = join(&broker);
    poll(&mut second, 1);
    let moved = revoking(&poll(&mut first, 1));
    first.release(&moved);
    poll(&mut second, 2);
    // Now each has two: turn the assignment round, and let the second one answer before the first one asks.
    broker.configure(|settings| settings.assignor = Assignor::Rotating);
    let mut moved = (vec![], vec![]);
    while moved.1.is_empty() {
        first.release(&moved.0);
        poll(&mut first, 3);
        broker.rebalance("group");
        moved.1 = revoking(&poll(&mut second, 3));
    }
    second.release(&moved.1);
    let events = poll(&mut first, 4);
    assert_eq!(assigned(&events), [], "{events:?}");
    moved.0 = revoking(&events);
    assert_eq!(poll(&mut first, 5), []);
    first.release(&moved.0);
    assert_eq!(assigned(&poll(&mut first, 6)).len(), moved.1.len());
}

#[test]
fn only_what_is_being_revoked_can_be_released() {
    let (broker, mut first) = four();
    let epochs = assigned(&poll(&mut first, 0));
    first.release(&epochs);
    assert_eq!(broker.owners("group").len(), 4);
    append(&broker, 1);
    assert_eq!(read(&mut first, epochs[0]), [0]);
}

#[test]
fn a_wish_taken_back_still_ends_the_epoch() {
    let (broker, mut first) = four();
    let epochs = assigned(&poll(&mut first, 0));
    let mut second = join(&broker);
    poll(&mut second, 1);
    let moved = revoking(&poll(&mut first, 1));
    second.close(Duration::ZERO);
    assert_eq!(poll(&mut first, 2), []);
    first.release(&moved);
    let again = assigned(&poll(&mut first, 3));
    assert!(again.len() == 2 && again.iter().all(|epoch| !epochs.contains(epoch)), "{again:?}");
}

#[test]
fn new_partitions_are_assigned_from_their_beginning() {
    let (broker, mut consumer) = four();
    poll(&mut consumer, 0);
    broker.add_partitions("topic", 6).unwrap();
    broker.append(&TopicPartition::new("topic", 5), Record::new(RecordParts::default(), [])).unwrap();
    let events = poll(&mut consumer, 1);
    let epochs = assigned(&events);
    assert_eq!((epochs.len(), revoking(&events)), (2, vec![]));
    assert_eq!(read(&mut consumer, epochs[1]), [0]);
    assert!(broker.add_partitions("topic", 6).is_err());
}

#[test]
fn another_subscription_gives_up_the_old_topics() {
    let (broker, mut consumer) = four();
    let epochs = assigned(&poll(&mut consumer, 0));
    consumer.subscribe(&[TopicSelector::Name("other".into())]).unwrap();
    let events = poll(&mut consumer, 1);
    assert_eq!(revoking(&events), epochs);
    consumer.release(&epochs);
    poll(&mut consumer, 2);
    let owners = broker.owners("group");
    assert!(
        owners.len() == 4 && owners.iter().all(|(partition, _)| &*partition.topic == "other"),
        "{owners:?}"
    );
}

#[test]
fn a_missing_topic_is_warned_of_once() {
    let broker = MemoryBroker::new(Settings::default());
    let mut consumer = join(&broker);
    assert_eq!(warnings(&poll(&mut consumer, 0)), [ErrorCode::UnknownTopic]);
    assert_eq!(poll(&mut consumer, 1), []);
}

#[test]
fn a_deleted_topic_stops_its_readers_and_its_offsets_do_not_return() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 3);
    consumer.commit_now(commit(epoch, 2), Duration::ZERO);
    crate::Admin::delete_topic(&broker, "topic", Duration::ZERO).unwrap();
    let events = poll(&mut consumer, 1);
    assert_eq!(stopped(&events), [(epoch, ErrorCode::UnknownTopic)]);
    assert_eq!((revoking(&events), read(&mut consumer, epoch)), (vec![epoch], vec![]));
    let answers = consumer.commit_now(commit(epoch, 3), Duration::ZERO);
    assert_eq!(answers[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::UnknownTopic));
    append_new_topic(&broker);
    consumer.release(&[epoch]);
    let events = poll(&mut consumer, 2);
    let epochs = assigned(&events);
    assert_eq!((epochs.len(), committed(&broker)), (1, None));
    assert_eq!(read(&mut consumer, epochs[0]), [0]);
}

fn append_new_topic(broker: &MemoryBroker) {
    let spec = crate::TopicSpec { name: "topic".into(), partitions: 1, replication_factor: 1 };
    crate::Admin::create_topic(broker, &spec, Duration::ZERO).unwrap();
    append(broker, 1);
}

#[test]
fn several_groups_do_not_see_each_other() {
    let (broker, mut first) = four();
    let mut other = broker.consumer("other", Arc::new(|| ()));
    other.subscribe(&[TopicSelector::Pattern("^top".into())]).unwrap();
    assert_eq!(assigned(&poll(&mut first, 0)).len(), 4);
    let epochs = assigned(&poll(&mut other, 0));
    assert_eq!(epochs.len(), 4);
    other.commit_now(commit(epochs[0], 9), Duration::ZERO);
    assert_eq!(committed(&broker), None);
}
