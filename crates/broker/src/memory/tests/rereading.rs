//! What can go wrong when records are read again.

use super::*;

fn wanted(offsets: impl IntoIterator<Item = i64>) -> Vec<Wanted> {
    offsets.into_iter().map(|offset| Wanted { offset, timestamp: 0 }).collect()
}

/// Offset and code of each answer; `None` for a record.
fn answers(events: &[ConsumerEvent]) -> Vec<(i64, Option<ErrorCode>)> {
    let one = |event: &ConsumerEvent| match event {
        ConsumerEvent::Reread(answers) => Some(answers.clone()),
        _ => None,
    };
    let code = |answer: Reread| match answer.result {
        Ok(record) => (record.offset, None),
        Err(Missing::Gone { start }) => panic!("offset {} is gone, the log begins at {start}", answer.offset),
        Err(Missing::Failed(error)) => (answer.offset, Some(error.code)),
    };
    events.iter().filter_map(one).flatten().map(code).collect()
}

fn rereadable(consumer: &mut MemoryConsumer, ms: u64) -> Vec<Epoch> {
    let mut events = Vec::new();
    consumer.poll(at(ms), &mut events);
    let one = |event: &ConsumerEvent| match event {
        ConsumerEvent::Rereadable(epoch) => Some(*epoch),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

fn with_faults(faults: &[RereadFault]) -> (MemoryBroker, MemoryConsumer, Epoch) {
    let (broker, consumer, epoch) = single();
    append(&broker, 4);
    assert!(broker.consumer_faults(consumer.id(), |f| f.rereads.extend(faults)));
    (broker, consumer, epoch)
}

#[test]
fn an_answer_that_fails_leaves_the_record_to_be_asked_for_again() {
    let (_broker, mut consumer, epoch) = with_faults(&[RereadFault::Fail(ErrorCode::Unreachable)]);
    let failed = Some(ErrorCode::Unreachable);
    for expected in [failed, None] {
        consumer.reread(epoch, wanted([1, 2]));
        assert_eq!(answers(&poll(&mut consumer, 1)), [(1, expected), (2, expected)]);
    }
}

#[test]
fn a_late_answer_says_what_the_log_has_then() {
    let ms = Duration::from_millis(30);
    let (broker, mut consumer, epoch) = with_faults(&[RereadFault::Delay(ms), RereadFault::Split(ms)]);
    consumer.reread(epoch, wanted([0, 3]));
    assert_eq!(answers(&poll(&mut consumer, 29)), []);
    assert_eq!(broker.next_deadline(), at(30).mono);
    broker.compact(&partition(), 3).unwrap();
    assert_eq!(answers(&poll(&mut consumer, 30)), [(0, None), (3, Some(ErrorCode::RecordMissing))]);
    consumer.reread(epoch, wanted([0, 1, 2]));
    assert_eq!(answers(&poll(&mut consumer, 31)), [(0, None), (1, None)]);
    assert_eq!(answers(&poll(&mut consumer, 60)), [(2, None)]);
}

#[test]
fn a_lost_answer_is_a_failure_in_the_end() {
    let (broker, mut consumer, epoch) = with_faults(&[RereadFault::Lose]);
    consumer.reread(epoch, wanted([0]));
    let timeout = broker.next_deadline();
    broker.advance(Now { mono: timeout, wall_ms: 0 });
    assert_eq!(answers(&poll(&mut consumer, 30_000)), [(0, Some(ErrorCode::Timeout))]);
}

#[test]
fn who_is_cut_off_waits_for_the_end_of_the_time() {
    let (broker, mut consumer, epoch) = with_faults(&[]);
    broker.faults(|faults| faults.unreachable = true);
    consumer.reread(epoch, wanted([0]));
    assert_eq!(answers(&poll(&mut consumer, 29_999)), []);
    assert_eq!(answers(&poll(&mut consumer, 30_000)), [(0, Some(ErrorCode::Timeout))]);
    consumer.reread(epoch, wanted([1]));
    broker.heal();
    assert_eq!(answers(&poll(&mut consumer, 30_001)), [(1, None)]);
}

#[test]
fn the_end_of_an_epoch_takes_the_answers_on_their_way_with_it() {
    let (broker, mut consumer, epoch) =
        with_faults(&[RereadFault::Delay(Duration::from_millis(1)), RereadFault::Pass]);
    consumer.reread(epoch, wanted([0]));
    consumer.reread(epoch, wanted([1]));
    broker.evict(consumer.id());
    assert_eq!(answers(&poll(&mut consumer, 5)), []);
    consumer.reread(epoch, wanted([0]));
    assert_eq!(answers(&poll(&mut consumer, 6)), []);
    assert_ne!(broker.next_deadline(), at(1).mono, "nothing is left waiting");
}

#[test]
fn a_revocation_takes_the_answers_on_their_way_with_it() {
    let (broker, mut consumer, epoch) = with_faults(&[RereadFault::Delay(Duration::from_millis(5))]);
    consumer.reread(epoch, wanted([0]));
    broker.configure(|settings| settings.protocol = Protocol::Eager);
    broker.rebalance("group");
    assert_eq!(revoking(&poll(&mut consumer, 4)), [epoch]);
    assert_eq!(answers(&poll(&mut consumer, 5)), []);
    consumer.reread(epoch, wanted([0]));
    assert_eq!(answers(&poll(&mut consumer, 6)), []);
}

#[test]
fn a_log_cut_off_and_grown_again_has_other_records() {
    let (broker, mut consumer, epoch) = with_faults(&[]);
    broker.truncate(&partition(), 2).unwrap();
    let parts = RecordParts { timestamp: 7, ..RecordParts::default() };
    broker.append(&partition(), Record::new(parts, [])).unwrap();
    consumer.reread(epoch, wanted([1, 2, 3]));
    let missing = Some(ErrorCode::RecordMissing);
    assert_eq!(answers(&poll(&mut consumer, 1)), [(1, None), (2, missing), (3, missing)]);
}

#[test]
fn a_topic_that_was_deleted_fails_until_the_group_takes_it_away() {
    let (broker, mut consumer, epoch) = with_faults(&[]);
    broker.consumer_faults(consumer.id(), |f| f.notice_delay = Duration::from_secs(1));
    broker.configure(|settings| settings.auto_create = None);
    broker.with(|state| state.delete_topic("topic")).unwrap();
    consumer.reread(epoch, wanted([1]));
    assert_eq!(answers(&poll(&mut consumer, 1)), [(1, Some(ErrorCode::UnknownTopic))]);
}

#[test]
fn rereadable_is_said_once_the_settings_of_the_topic_are_seen() {
    let broker = MemoryBroker::new(Settings { auto_create: Some(2), ..Settings::default() });
    let mut consumer = join(&broker);
    broker.consumer_faults(consumer.id(), |f| f.settings_hidden = true);
    assert_eq!(rereadable(&mut consumer, 0), []);
    broker.heal();
    assert_eq!(rereadable(&mut consumer, 1), [Epoch(1), Epoch(2)]);
    assert_eq!(rereadable(&mut consumer, 2), []);
}

#[test]
fn a_compacted_topic_is_never_rereadable() {
    let broker = MemoryBroker::new(Settings { auto_create: Some(1), ..Settings::default() });
    broker.with(|state| state.create_topic("topic", 1)).unwrap();
    broker.set_compacted("topic", true).unwrap();
    let mut consumer = join(&broker);
    assert_eq!((rereadable(&mut consumer, 0), rereadable(&mut consumer, 1)), (vec![], vec![]));
    assert!(broker.set_compacted("other", true).is_err());
}
