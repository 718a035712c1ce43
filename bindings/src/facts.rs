//! Facts of a running consumer as log lines and events.

use std::time::Duration;

use prosody_client::{Bound, Fact, Moved, Observation, Skip};
use prosody_model::{Record, TopicPartition};
use serde_json::{Value, json};

/// A fact as the wrapper takes it: a log line, and an event for those that have one.
pub struct Told {
    pub log: Value,
    pub event: Option<Value>,
}

fn line(level: &str, message: impl Into<String>, fields: Value) -> Value {
    json!({ "level": level, "message": message.into(), "fields": fields })
}

/// Puts a fact into words.
pub fn tell(fact: &Fact) -> Told {
    match fact {
        Fact::Engine {
            partition: Some(partition),
            observation: Observation::Skipped { record, reason, .. },
        } => skipped(partition, record, *reason),
        Fact::Engine { partition, observation } => Told {
            log: observed(partition.as_ref(), observation),
            event: partition.as_ref().and_then(|partition| parked(partition, observation)),
        },
        Fact::DeadLettered { partition, offset, key, topic, attempts, reason } => {
            let log = json!({ "topic": partition.topic.as_ref(), "partition": partition.partition,
                "offset": offset, "attempts": attempts, "error": reason, "deadLetterTopic": topic });
            let mut event = about_record("deadLettered", partition, *offset, key.as_deref(), reason);
            event["deadLetterTopic"] = topic.as_str().into();
            event["attempts"] = (*attempts).into();
            Told {
                log: line("error", "a record failed for good; it is in the failure topic", log),
                event: Some(event),
            }
        }
        Fact::Assigned(partitions) => moved("assigned", "partitions assigned", "info", partitions),
        Fact::StartMoved { partition, moved } => Told { log: start_moved(partition, *moved), event: None },
        Fact::Revoked(partitions) => moved("revoked", "partitions released", "info", partitions),
        Fact::Lost(partitions) => moved(
            "revoked",
            "partitions lost: another member may run their records again",
            "warn",
            partitions,
        ),
        Fact::CommitFailed { partition, offset, error } => {
            let fields = json!({ "topic": partition.topic.as_ref(), "partition": partition.partition,
                "offset": offset, "code": error.code.name(), "error": error.message });
            Told {
                log: line("warn", "a commit failed; it is made again, or its records run again", fields),
                event: None,
            }
        }
        Fact::Stopped { partition, error } => {
            let fields = json!({ "topic": partition.topic.as_ref(), "partition": partition.partition,
                "code": error.code.name(), "error": error.message });
            failed("a partition cannot be read on", error.code.name(), &error.message, false, fields)
        }
        Fact::Stalled { partition, bound, quiet, first_unfinished, unfinished } => {
            let stall =
                Stalled { bound: *bound, quiet: *quiet, offset: *first_unfinished, unfinished: *unfinished };
            stalled(partition, &stall)
        }
        Fact::Moving(partition) => {
            let fields = json!({ "topic": partition.topic.as_ref(), "partition": partition.partition });
            Told { log: line("info", "a partition that got nowhere moves again", fields), event: None }
        }
        Fact::Warning(error) => {
            let fields = json!({ "code": error.code.name() });
            Told {
                event: Some(json!({ "type": "error", "code": error.code.name(), "message": error.message,
                    "retryable": true })),
                log: line("warn", error.message.clone(), fields),
            }
        }
        Fact::Library { level, text } => library(*level, text),
        Fact::Listening { host, port } => {
            let log =
                line("info", format!("probe server on {host}:{port}"), json!({ "host": host, "port": port }));
            Told { log, event: None }
        }
        Fact::Failed(error) => {
            let fields = json!({ "code": error.code.name() });
            failed(&error.message, error.code.name(), &error.message, false, fields)
        }
    }
}

fn library(level: i32, text: &str) -> Told {
    let level = match level {
        ..=3 => "error",
        4 => "warn",
        5 | 6 => "info",
        _ => "debug",
    };
    Told { log: line(level, format!("librdkafka: {text}"), json!({})), event: None }
}

/// What found no room, if anything did.
pub fn dropped(lines: u64, events: u64) -> Option<Value> {
    let fields = json!({ "lines": lines, "events": events });
    let text = "log lines or events were dropped: the event loop was too busy to take them";
    (lines + events > 0).then(|| line("warn", text, fields))
}

fn failed(text: &str, code: &str, message: &str, retryable: bool, fields: Value) -> Told {
    Told {
        log: line("error", text, fields),
        event: Some(json!({ "type": "error", "code": code, "message": message, "retryable": retryable })),
    }
}

struct Stalled {
    bound: Option<Bound>,
    quiet: Option<Duration>,
    offset: Option<i64>,
    unfinished: usize,
}

fn stalled(partition: &TopicPartition, stall: &Stalled) -> Told {
    let Stalled { bound, quiet, offset, unfinished } = stall;
    let usage = bound.and_then(Bound::usage);
    let held = bound.zip(usage).map_or_else(String::new, |(bound, usage)| {
        format!("{} is used up ({} of {})", bound.name(), usage.used, usage.limit)
    });
    let reason = match quiet {
        None => format!("{held} by records that wait"),
        Some(quiet) => {
            let held = if held.is_empty() { held } else { format!(", and {held}") };
            format!("there is work to run, and no call has ended for {} s{held}", quiet.as_secs())
        }
    };
    let fields = json!({ "topic": partition.topic.as_ref(), "partition": partition.partition, "reason": reason,
        "bound": bound.map(Bound::name), "used": usage.map(|usage| usage.used),
        "limit": usage.map(|usage| usage.limit), "firstUnfinished": offset, "unfinished": unfinished });
    let mut event = fields.clone();
    event["type"] = "stalled".into();
    Told { log: line("warn", "a partition gets nowhere", fields), event: Some(event) }
}

fn skipped(partition: &TopicPartition, record: &Record, reason: Skip) -> Told {
    let (kind, reason) = match reason {
        Skip::Duplicate => ("duplicate", "its id was processed"),
        Skip::Type => ("skipped", "its type is not one of allowedEvents"),
        Skip::Source => ("skipped", "its own group has sent it"),
        Skip::Addressee => ("skipped", "it was sent again for another group"),
    };
    let (topic, offset) = (partition.topic.as_ref(), record.offset);
    let fields =
        json!({ "topic": topic, "partition": partition.partition, "offset": offset, "reason": reason });
    let event = about_record(kind, partition, offset, record.key(), reason);
    Told { log: line("debug", "a record was skipped", fields), event: Some(event) }
}

/// A key that waits after a failure, as an event.
fn parked(partition: &TopicPartition, observation: &Observation) -> Option<Value> {
    let Observation::Parked { offset, key, attempt, reason, .. } = observation else { return None };
    let mut event = about_record("parked", partition, *offset, key.as_deref(), reason);
    event["attempt"] = (*attempt).into();
    Some(event)
}

/// Where the first assignment starts, as `startFrom` asks for it.
fn start_moved(partition: &TopicPartition, moved: Moved) -> Value {
    let Moved { from, to, offsets } = moved;
    let back = from.is_some_and(|from| to < from);
    let level = if from.is_none() && offsets == 0 { "info" } else { "warn" };
    let committed = from.map_or_else(|| "nothing".to_owned(), |from| format!("offset {from}"));
    let what = if back { "run again" } else { "are passed over" };
    let text = format!("starting at offset {to}, where {committed} is committed: {offsets} records {what}");
    let fields = json!({ "topic": partition.topic.as_ref(), "partition": partition.partition,
        "committed": from, "start": to, "records": offsets });
    line(level, text, fields)
}

fn moved(kind: &str, text: &str, level: &str, partitions: &[TopicPartition]) -> Told {
    let list: Vec<_> =
        partitions.iter().map(|p| json!({ "topic": p.topic.as_ref(), "partition": p.partition })).collect();
    Told {
        log: line(level, text, json!({ "partitions": list })),
        event: Some(json!({ "type": kind, "partitions": list })),
    }
}

/// An event of one record.
fn about_record(
    kind: &str,
    partition: &TopicPartition,
    offset: i64,
    key: Option<&[u8]>,
    reason: &str,
) -> Value {
    json!({ "type": kind, "topic": partition.topic.as_ref(), "partition": partition.partition, "offset": offset,
        "key": key.map(String::from_utf8_lossy), "reason": reason })
}

fn observed(partition: Option<&TopicPartition>, observation: &Observation) -> Value {
    let (level, text, mut fields) = match observation {
        Observation::Disposed { offset, attempts, reason, .. } => (
            "error",
            "a record failed for good and counts as done",
            json!({ "offset": offset, "attempts": attempts, "error": reason }),
        ),
        Observation::DeadLettered { offset, attempts, reason, .. } => (
            "error",
            "a record failed for good; it is in the failure topic",
            json!({ "offset": offset, "attempts": attempts, "error": reason }),
        ),
        Observation::DeadLetterDelayed { offset, reason, .. } => (
            "warn",
            "a dead letter could not be sent; its key waits until it is",
            json!({ "offset": offset, "error": reason }),
        ),
        Observation::RereadDelayed { offset, reason, .. } => (
            "warn",
            "a record whose bytes were given up could not be read again; its key waits until it can",
            json!({ "offset": offset, "error": reason }),
        ),
        Observation::Parked { offset, attempt, reason, .. } => (
            "warn",
            "a handler failed; its key waits for the next attempt",
            json!({ "offset": offset, "attempt": attempt, "error": reason }),
        ),
        Observation::HeldBack { offset, until: _, .. } => (
            "debug",
            "a key ran for most of the time; it waits until its share has fallen",
            json!({ "offset": offset }),
        ),
        Observation::Hastened { until: _ } => {
            ("info", "handlers succeed again; what waits in place is tried again soon", json!({}))
        }
        Observation::Healed { until: _ } => {
            ("info", "handlers succeed again; deferred keys are tried again soon", json!({}))
        }
        Observation::Abandoned { offset, attempt, .. } => (
            "warn",
            "a call did not end before its partition was given up; its record may run again",
            json!({ "offset": offset, "attempt": attempt }),
        ),
        Observation::Skipped { record, .. } => {
            ("debug", "a record was skipped", json!({ "offset": record.offset }))
        }
        Observation::Restored { committed, .. } => (
            "debug",
            "finished offsets above the committed one were restored",
            json!({ "committed": committed }),
        ),
        Observation::MetadataLimit { units } => (
            "warn",
            "the broker takes less commit metadata than expected: raise offset.metadata.max.bytes to its default",
            json!({ "units": units }),
        ),
    };
    if let (Some(partition), Some(fields)) = (partition, fields.as_object_mut()) {
        fields.insert("topic".into(), partition.topic.as_ref().into());
        fields.insert("partition".into(), partition.partition.into());
    }
    line(level, text, fields)
}
