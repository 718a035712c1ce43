//! What idempotence and the send time-out ask of librdkafka's properties; it would say so only at the first send.

use super::shown;
use crate::resolver::Draft;

/// A property, and its old name.
const LINGER: [&str; 2] = ["linger.ms", "queue.buffering.max.ms"];
const IN_FLIGHT: [&str; 2] = ["max.in.flight.requests.per.connection", "max.in.flight"];
const RETRIES: [&str; 2] = ["retries", "message.send.max.retries"];

pub(super) fn apply(draft: &mut Draft) {
    if draft.is_refused("kafka") {
        return;
    }
    if !draft.is_refused("sendTimeoutMs") {
        let most = draft.options.send_timeout;
        let expected = format!("less than sendTimeoutMs, which is {}", shown(most));
        bound(draft, LINGER, &expected, |linger| linger < most.as_secs_f64() * 1e3);
    }
    bound(draft, IN_FLIGHT, "at most 5, beyond which records lose their order", |requests| requests <= 5.0);
    bound(draft, RETRIES, "at least 1: sendTimeoutMs bounds how long a record is tried", |retries| {
        retries >= 1.0
    });
    if draft.options.kafka.get("queuing.strategy").is_some_and(|strategy| strategy != "fifo") {
        draft.contradict_property("queuing.strategy", "fifo, without which records lose their order");
    }
}

/// What is no number is left to librdkafka to refuse.
fn bound(draft: &mut Draft, names: [&str; 2], expected: &str, allows: impl Fn(f64) -> bool) {
    for name in names {
        let number = draft.options.kafka.get(name).and_then(|text| text.trim().parse::<f64>().ok());
        if number.is_some_and(|number| !allows(number)) {
            draft.contradict_property(name, expected);
        }
    }
}
