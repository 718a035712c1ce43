#![allow(clippy::unwrap_used)]

use prosody_broker::{BrokerError, ErrorCode};
use prosody_model::{Epoch, PartitionIndex};

use super::*;

const TICKET: EventId = EventId { index: 3, generation: u32::MAX };

fn letter(reason: &str, record: Record) -> DeadLetter {
    let partition = PartitionIndex(0);
    DeadLetter { ticket: TICKET, epoch: Epoch(1), partition, record, attempts: 4, reason: reason.to_owned() }
}

#[test]
fn a_dead_letter_is_the_record_and_behind_its_headers_where_it_came_from() {
    let original: Vec<(&[u8], Option<&[u8]>)> = vec![
        (b"b", Some(&[0, 255, 128])),
        (b"a", None),
        (b"b", Some(b"")),
        (b"source-topic", Some(b"forged")),
        (b"source-system", Some(b"shop")),
    ];
    let parts =
        RecordParts { offset: 7, timestamp: 1_700_000_000_123, key: Some(b"k\0"), value: Some(&[0xff, 0]) };
    let record = Record::new(parts, original.iter().copied());
    let sent = outgoing(&letter("Error: no", record), &TopicPartition::new("orders", 2), "dead", "billing");
    assert_eq!((&*sent.topic, sent.partition), ("dead", None));
    assert_eq!((sent.record.key(), sent.record.value()), (Some(&b"k\0"[..]), Some(&[0xff, 0][..])));
    assert_eq!(sent.record.timestamp, 1_700_000_000_123);
    let headers: Vec<_> = sent.record.headers().iter().collect();
    assert_eq!(headers[..5], original);
    let added = headers[5..]
        .iter()
        .map(|(name, value)| (str::from_utf8(name).unwrap(), str::from_utf8(value.unwrap()).unwrap()));
    let expected = [
        ("source-topic", "orders"),
        ("source-partition", "2"),
        ("source-offset", "7"),
        ("source-timestamp", "1700000000123"),
        ("source-group-id", "billing"),
        ("source-kind", "message"),
        ("source-error", "Error: no"),
        ("source-attempts", "4"),
    ];
    assert_eq!(added.collect::<Vec<_>>(), expected);
}

#[test]
fn null_key_and_tombstone_stay_null() {
    let record = Record::new(RecordParts { timestamp: -1, ..RecordParts::default() }, []);
    let sent = outgoing(&letter("", record), &TopicPartition::new("t", 0), "dead", "g");
    assert_eq!((sent.record.key(), sent.record.value()), (None, None));
}

#[test]
fn a_long_error_is_cut_between_characters() {
    assert_eq!(cut(&"x".repeat(3000)).len(), MOST_ERROR);
    // 1,024 is no multiple of three.
    let cut = cut(&"\u{20ac}".repeat(3000)).to_owned();
    assert_eq!(cut, "\u{20ac}".repeat(341));
}

#[test]
fn the_topic_may_have_the_source_in_it() {
    assert_eq!(failure_topic("dead", "orders"), "dead");
    assert_eq!(failure_topic("{topic}.dead", "orders"), "orders.dead");
}

#[test]
fn a_report_finds_the_event_it_is_for() {
    let record = Record::new(RecordParts::default(), []);
    let sent = outgoing(&letter("", record), &TopicPartition::new("t", 0), "dead", "g");
    assert!(is_dead_letter(sent.ticket) && !is_dead_letter(u64::from(u32::MAX)));
    let told = |result| answer(Report { ticket: sent.ticket, result });
    assert_eq!(told(Ok((0, 1))), DeadLettered { ticket: TICKET, result: DeadLetterResult::Acknowledged });
    let failed = |code| told(Err(BrokerError::new(code, "why"))).result;
    assert_eq!(failed(ErrorCode::TooLarge), DeadLetterResult::TooLarge("why".into()));
    assert_eq!(failed(ErrorCode::Authorization), DeadLetterResult::Failed("why".into()));
}

#[test]
fn a_topic_is_a_failure_topic_by_its_name() {
    for (template, topic, is) in [
        ("dead", "dead", true),
        ("dead", "orders", false),
        ("{topic}.dead", "orders.dead", true),
        ("{topic}.dead", "orders.dead.dead", true),
        ("{topic}.dead", ".dead", false),
        ("{topic}.dead", "orders", false),
        ("dead.{topic}.v1", "dead.orders.v1", true),
        ("dead.{topic}.v1", "orders.v1", false),
    ] {
        assert_eq!(is_failure_topic(template, topic), is, "{template} {topic}");
    }
}

#[test]
fn a_letter_is_not_addressed_to_the_group_that_has_failed() {
    let headers: [(&[u8], Option<&[u8]>); 3] =
        [(b"replay-group", Some(b"billing")), (b"a", Some(b"b")), (b"replay-id", Some(b"1"))];
    let record = Record::new(RecordParts::default(), headers);
    let sent = outgoing(&letter("", record), &TopicPartition::new("t", 0), "dead", "billing");
    let names: Vec<_> = sent.record.headers().iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!((names.len(), names[0].as_slice()), (9, &b"a"[..]));
}
