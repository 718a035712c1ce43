//! The thread that collects reports and hands over what has gathered.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, ErrorCode, Report};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as E;

use super::{Shared, lock, lone::REPORTED};
use crate::{
    error,
    ffi::{Event, EventKind, Queue, text},
};

/// Most reports collected before they are given out.
const REPORTS: usize = 8_192;
/// A connection's error explains the time-outs of so much time after it.
const EXPLAINS: Duration = Duration::from_secs(30);

type Settled = (u32, Result<(i32, i64), BrokerError>);

/// What was in librdkafka's queue.
#[derive(Default)]
struct Collected {
    settled: Vec<Settled>,
    /// There were messages that were reported before.
    freed: bool,
}

/// Runs until the producer ends.
pub(super) fn run(shared: &Arc<Shared>, queue: &Queue) {
    let mut trouble = Trouble::default();
    loop {
        let now = Instant::now();
        let mut state = lock(&shared.state);
        let records = state.due(now);
        drop(state);
        if !records.is_empty() {
            let failures = shared.hand_over(records);
            shared.handed_over(failures);
        }
        let mut state = lock(&shared.state);
        let mut patience = state.patience(Instant::now());
        if state.asleep {
            // Not on the queue: what comes there now is reported already, and only to be freed.
            let woken = shared.wake.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            (state, patience) = (woken.0, Duration::ZERO);
            state.asleep = false;
        }
        drop(state);
        let collected = collect(shared, queue, patience, &mut trouble);
        if give_out(shared, collected) {
            return;
        }
    }
}

/// Gives reports to the sink; whether the producer has ended.
fn give_out(shared: &Shared, Collected { settled, freed }: Collected) -> bool {
    let mut state = lock(&shared.state);
    if freed {
        state.unfreed = 0;
    }
    let mut reports = std::mem::take(&mut state.refused);
    reports.reserve(settled.len());
    // The slots of purged records may be settled already.
    state.handed = state.handed.saturating_sub(settled.len());
    for (slot, result) in settled {
        if let Some(ticket) = state.ledger.settle(slot) {
            reports.push(Report { ticket, result });
        }
    }
    let ended = state.ending;
    state.reporting += 1;
    if !reports.is_empty() {
        drop(state);
        // A sink that panics loses the reports in its hands; the thread lives on for the others.
        let _ = catch_unwind(AssertUnwindSafe(|| (shared.sink)(reports)));
        state = lock(&shared.state);
    }
    shared.given_out(&mut state);
    ended
}

fn collect(shared: &Shared, queue: &Queue, patience: Duration, trouble: &mut Trouble) -> Collected {
    let mut collected = Collected::default();
    let mut next = queue.poll(patience);
    while let Some(event) = next {
        match event.kind() {
            EventKind::Delivery => settle(shared, &event, trouble, &mut collected),
            EventKind::Error => trouble.note(queue, &event),
            _ => {}
        }
        if collected.settled.len() >= REPORTS {
            break;
        }
        next = queue.poll(Duration::ZERO);
    }
    collected
}

fn settle(shared: &Shared, event: &Event, trouble: &Trouble, collected: &mut Collected) {
    for message in event.messages() {
        // SAFETY: the message lives as long as the event; its error is read as a number because brokers may
        // answer with codes that the bindings do not know; its opaque is the slot it was sent with.
        let (tag, code, partition, offset) = unsafe {
            let code = std::ptr::addr_of!((*message).err).cast::<i32>().read();
            ((*message)._private as usize, code, (*message).partition, (*message).offset)
        };
        let slot = tag as u32;
        if tag == REPORTED {
            collected.freed = true;
        } else if code == 0 {
            collected.settled.push((slot, Ok((partition, offset))));
        } else {
            // SAFETY: as above; the topic lives as long as the message.
            let topic = unsafe { text(sys::rd_kafka_topic_name((*message).rkt)) };
            collected.settled.push((slot, Err(failure(shared, &topic, partition, code, trouble))));
        }
    }
}

fn failure(shared: &Shared, topic: &str, partition: i32, code: i32, trouble: &Trouble) -> BrokerError {
    let kind = error::kind(code);
    let what = format_args!("sending to topic {topic}");
    match kind {
        ErrorCode::Timeout => overdue(topic, shared.send_timeout, trouble.recent()),
        ErrorCode::Closed => error::closed("producer"),
        ErrorCode::UnknownTopic if partition >= 0 => {
            error::about(format_args!("sending to partition {partition} of topic {topic}"), code)
        }
        _ => error::about(what, code),
    }
}

/// A record that was not acknowledged in time, and the `recent` trouble that explains it.
fn overdue(topic: &str, timeout: Duration, recent: Option<&BrokerError>) -> BrokerError {
    let what = format!("sending to topic {topic}: not acknowledged within {} ms", timeout.as_millis());
    let cause = recent.map_or(String::new(), |error| format!("; last trouble: {}", error.message));
    // A refusal is the cause, whatever became of the record before it.
    let refused =
        |code: &ErrorCode| matches!(code, ErrorCode::Tls | ErrorCode::Authentication | ErrorCode::Token);
    if let Some(code) = recent.map(|error| error.code).filter(refused) {
        // No waiting helps, and the cause says what to do.
        return BrokerError::new(code, what + &cause);
    }
    let advice = "it may have been stored: raise sendTimeoutMs if the brokers are slow";
    BrokerError::new(ErrorCode::Timeout, format!("{what}{cause}; {advice}"))
}

/// The last error of the connection, which explains time-outs.
#[derive(Debug, Default)]
struct Trouble(Option<(Instant, BrokerError)>);

impl Trouble {
    fn note(&mut self, queue: &Queue, event: &Event) {
        // "All brokers are down" says less than what came before it.
        let down = event.error() == E::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN as i32;
        if !(down && self.recent().is_some()) {
            self.0 = Some((Instant::now(), error::explained(queue.handle(), event)));
        }
    }

    fn recent(&self) -> Option<&BrokerError> {
        self.0.as_ref().filter(|(at, _)| at.elapsed() < EXPLAINS).map(|(_, error)| error)
    }
}

#[cfg(test)]
mod tests;
