//! Dead letters on their way through the producer: where to, and with which headers.

use prosody_broker::{Outgoing, Report};
use prosody_engine::{DeadLetter, DeadLetterResult, DeadLettered};
use prosody_model::{EventId, Record, RecordParts, TopicPartition};

/// Set in the ticket of every dead letter, and in no other that a client gives out.
const LETTER: u64 = 1 << 63;
/// Bytes of `source-error`: enough for a name and a message; a whole response body does not go into a header.
const MOST_ERROR: usize = 1024;

/// Whether this ticket is a dead letter's.
pub fn is_dead_letter(ticket: u64) -> bool {
    ticket & LETTER != 0
}

/// Slot numbers stay far below 2^31: each has a record in memory.
fn ticket(event: EventId) -> u64 {
    LETTER | u64::from(event.index) << 32 | u64::from(event.generation)
}

fn event(ticket: u64) -> EventId {
    EventId { index: ((ticket & !LETTER) >> 32) as u32, generation: ticket as u32 }
}

/// The failure topic for records of this topic.
pub fn failure_topic(template: &str, topic: &str) -> String {
    template.replace("{topic}", topic)
}

/// Whether a topic is a failure topic itself, as far as its name tells: with a pattern subscription a consumer reads the
/// ones that it fills.
pub fn is_failure_topic(template: &str, topic: &str) -> bool {
    match template.split_once("{topic}") {
        None => template == topic,
        Some((before, after)) => {
            let inside = topic.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            inside.is_some_and(|source| !source.is_empty())
        }
    }
}

/// The headers that addressed one delivery to one group: with them nobody else would be given the letter.
const ADDRESS: [&[u8]; 2] = [b"replay-group", b"replay-id"];

/// The record as it goes to the failure topic: the same key, value, timestamp and headers but for an address, and behind
/// those where it came from and why it is there.
pub fn outgoing(letter: &DeadLetter, source: &TopicPartition, topic: &str, group: &str) -> Outgoing {
    let DeadLetter { record, attempts, reason, .. } = letter;
    let facts = [
        ("source-topic", source.topic.to_string()),
        ("source-partition", source.partition.to_string()),
        ("source-offset", record.offset.to_string()),
        ("source-timestamp", record.timestamp.to_string()),
        ("source-group-id", group.to_owned()),
        ("source-kind", "message".to_owned()),
        ("source-error", cut(reason).to_owned()),
        ("source-attempts", attempts.to_string()),
    ];
    let facts = facts.iter().map(|(name, value)| (name.as_bytes(), Some(value.as_bytes())));
    let parts =
        RecordParts { offset: 0, timestamp: record.timestamp, key: record.key(), value: record.value() };
    let kept = record.headers().iter().filter(|(name, _)| !ADDRESS.contains(name));
    let record = Record::new(parts, kept.chain(facts));
    Outgoing { ticket: ticket(letter.ticket), topic: topic.into(), partition: None, record }
}

/// The beginning of a text, as much of it as a header takes.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MOST_ERROR);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What the producer's report says to the engine.
pub fn answer(report: Report) -> DeadLettered {
    let result = match report.result {
        Ok(_) => DeadLetterResult::Acknowledged,
        Err(error) if error.code == prosody_broker::ErrorCode::TooLarge => {
            DeadLetterResult::TooLarge(error.message)
        }
        Err(error) => DeadLetterResult::Failed(error.message),
    };
    DeadLettered { ticket: event(report.ticket), result }
}

#[cfg(test)]
mod tests;
