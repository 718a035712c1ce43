//! Retention, gaps, and brokers by name.

use super::*;

#[test]
fn a_reader_overtaken_by_retention_stops() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 5);
    let mut records = Vec::new();
    consumer.read(epoch, 2, &mut records);
    broker.delete_records(&partition(), 4).unwrap();
    assert_eq!(read(&mut consumer, epoch), [] as [i64; 0]);
    assert_eq!(stopped(&poll(&mut consumer, 1)), [(epoch, ErrorCode::OffsetOutOfRange)]);
    assert_eq!(poll(&mut consumer, 2), [], "said once");
    assert_eq!(broker.owners("group").len(), 1, "it stays held");
}

#[test]
fn a_reader_at_the_new_start_goes_on() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 5);
    let mut records = Vec::new();
    consumer.read(epoch, 2, &mut records);
    broker.delete_records(&partition(), 2).unwrap();
    assert_eq!(read(&mut consumer, epoch), [2, 3, 4]);
    broker.delete_records(&partition(), 99).unwrap();
    assert_eq!(broker.log_range(&partition()), Some(5..5));
    assert_eq!(stopped(&poll(&mut consumer, 1)), []);
}

#[test]
fn a_reader_beyond_a_truncated_end_stops() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 5);
    assert_eq!(read(&mut consumer, epoch).len(), 5);
    broker.truncate(&partition(), 3).unwrap();
    assert_eq!(stopped(&poll(&mut consumer, 1)), [(epoch, ErrorCode::OffsetOutOfRange)]);
}

#[test]
fn gaps_are_read_over() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 4);
    assert_eq!(broker.compact(&partition(), 1), Ok(true));
    assert_eq!(broker.compact(&partition(), 1), Ok(false));
    broker.skip_offsets(&partition(), 3).unwrap();
    append(&broker, 1);
    assert_eq!(read(&mut consumer, epoch), [0, 2, 3, 7]);
    broker.skip_offsets(&partition(), 1).unwrap();
    assert_eq!(poll(&mut consumer, 1), [], "a gap at the end is nothing to read");
}

#[test]
fn a_reader_is_woken_although_what_woke_it_before_is_gone() {
    let broker = MemoryBroker::new(Settings { auto_create: Some(1), ..Settings::default() });
    let wakes = Arc::new(Mutex::new(0));
    let counter = wakes.clone();
    let mut consumer = broker.consumer("group", Arc::new(move || *counter.lock().unwrap() += 1));
    consumer.subscribe(&[TopicSelector::Name("topic".into())]).unwrap();
    poll(&mut consumer, 0);
    append(&broker, 1);
    broker.compact(&partition(), 0).unwrap();
    assert_eq!(poll(&mut consumer, 1), []);
    let before = *wakes.lock().unwrap();
    append(&broker, 1);
    assert_eq!(*wakes.lock().unwrap(), before + 1);
    append(&broker, 1);
    assert_eq!(*wakes.lock().unwrap(), before + 1, "it has not read yet");
}

#[test]
fn bytes_over_the_retention_go_oldest_first() {
    let (broker, _consumer, _) = single();
    broker.configure(|settings| settings.retention_bytes = Some(3));
    let reports = sending::Sink::default();
    let producer = broker.producer(reports.sink(), Duration::ZERO);
    for ticket in 0..5 {
        producer.send(vec![sending::to_partition(ticket, 0)]);
    }
    assert_eq!(broker.log_range(&partition()), Some(2..5));
    assert_eq!(broker.records(&partition(), 0, 10).len(), 3);
}

#[test]
fn readable_is_said_once_until_a_read_comes_up_short() {
    let (broker, mut consumer, epoch) = single();
    append(&broker, 4);
    assert_eq!(poll(&mut consumer, 1), [ConsumerEvent::Readable(epoch)]);
    assert_eq!(consumer.read(epoch, 2, &mut Vec::new()), 2);
    assert_eq!(poll(&mut consumer, 2), []);
    assert_eq!(consumer.read(epoch, 2, &mut Vec::new()), 2);
    append(&broker, 1);
    assert_eq!(poll(&mut consumer, 3), [], "no read came up short");
    assert_eq!(consumer.read(epoch, 2, &mut Vec::new()), 1);
    append(&broker, 1);
    assert_eq!(poll(&mut consumer, 4), [ConsumerEvent::Readable(epoch)]);
}

#[test]
fn clients_meet_by_name_and_the_last_one_frees_the_broker() {
    let registry = Registry::default();
    let settings = || Settings { auto_create: Some(2), ..Settings::default() };
    let first = registry.broker("a", settings);
    let other = registry.broker("b", settings);
    let again = registry.broker("a", settings);
    let parts = RecordParts::default();
    let mut consumer = join(&again);
    poll(&mut consumer, 0);
    first.append(&partition(), Record::new(parts, [])).unwrap();
    assert_eq!(again.log_range(&partition()), Some(0..1));
    assert_eq!(other.topics(), []);
    consumer.close(Duration::ZERO);
    drop((first, again, consumer));
    assert_eq!(registry.broker("a", settings).topics(), []);
}

#[test]
fn a_clock_wins_over_the_instants_given() {
    let clock: Clock = Arc::new(|| at(7));
    let broker =
        MemoryBroker::new(Settings { clock: Some(clock), auto_create: Some(1), ..Settings::default() });
    let mut consumer = join(&broker);
    poll(&mut consumer, 1);
    assert!(poll(&mut consumer, 1_000_000).is_empty(), "no session has run out");
}
