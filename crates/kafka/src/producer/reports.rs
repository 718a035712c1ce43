//! The thread that collects reports and hands over what has gathered.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, ErrorCode, Report};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as E;

use super::{Shared, lock};
use crate::{
    error,
    ffi::{Event, EventKind, Queue, text},
};

/// Most reports collected before they are given out.
const REPORTS: usize = 8_192;
/// A connection's error explains the time-outs of so much time after it.
const EXPLAINS: Duration = Duration::from_secs(30);

type Settled = (u32, Result<(i32, i64), BrokerError>);

/// Runs until the producer ends.
pub(super) fn run(shared: &Arc<Shared>, queue: &Queue) {
    let mut trouble = Trouble::default();
    let mut answered = false;
    loop {
        let now = Instant::now();
        let mut state = lock(&shared.state);
        let records = state.due(now, answered);
        drop(state);
        if !records.is_empty() {
            let failures = shared.hand_over(records);
            shared.handed_over(failures);
        }
        let patience = lock(&shared.state).patience(Instant::now());
        let settled = collect(shared, queue, patience, &mut trouble);
        answered = !settled.is_empty();
        if give_out(shared, settled) {
            return;
        }
    }
}

/// Gives reports to the sink; whether the producer has ended.
fn give_out(shared: &Shared, settled: Vec<Settled>) -> bool {
    let mut state = lock(&shared.state);
    state.asleep = false;
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
    state.reporting = !reports.is_empty();
    drop(state);
    if !reports.is_empty() {
        // A sink that panics loses the reports in its hands; the thread lives on for the others.
        let _ = catch_unwind(AssertUnwindSafe(|| (shared.sink)(reports)));
        lock(&shared.state).reporting = false;
    }
    shared.reported.notify_all();
    ended
}

fn collect(shared: &Shared, queue: &Queue, patience: Duration, trouble: &mut Trouble) -> Vec<Settled> {
    let mut settled = Vec::new();
    let mut next = queue.poll(patience);
    while let Some(event) = next {
        match event.kind() {
            EventKind::Delivery => settle(shared, &event, trouble, &mut settled),
            EventKind::Error => trouble.note(&event),
            _ => {}
        }
        if settled.len() >= REPORTS {
            break;
        }
        next = queue.poll(Duration::ZERO);
    }
    settled
}

fn settle(shared: &Shared, event: &Event, trouble: &Trouble, settled: &mut Vec<Settled>) {
    for message in event.messages() {
        // SAFETY: the message lives as long as the event; its error is read as a number because brokers may
        // answer with codes that the bindings do not know; its opaque is the slot it was sent with.
        let (slot, code, partition, offset) = unsafe {
            let code = std::ptr::addr_of!((*message).err).cast::<i32>().read();
            ((*message)._private as usize as u32, code, (*message).partition, (*message).offset)
        };
        if code == 0 {
            settled.push((slot, Ok((partition, offset))));
        } else {
            // SAFETY: as above; the topic lives as long as the message.
            let topic = unsafe { text(sys::rd_kafka_topic_name((*message).rkt)) };
            settled.push((slot, Err(failure(shared, &topic, partition, code, trouble))));
        }
    }
}

fn failure(shared: &Shared, topic: &str, partition: i32, code: i32, trouble: &Trouble) -> BrokerError {
    let kind = error::kind(code);
    let what = format_args!("sending to topic {topic}");
    match kind {
        ErrorCode::Timeout => {
            let timeout = shared.send_timeout.as_millis();
            let cause = trouble.recent().map_or(String::new(), |cause| format!("; last trouble: {cause}"));
            let message = format!(
                "sending to topic {topic}: not acknowledged within {timeout} ms{cause}; it may have been stored: \
                 raise sendTimeoutMs if the brokers are slow"
            );
            BrokerError::new(ErrorCode::Timeout, message)
        }
        ErrorCode::Closed => error::closed("producer"),
        ErrorCode::UnknownTopic if partition >= 0 => {
            error::about(format_args!("sending to partition {partition} of topic {topic}"), code)
        }
        _ => error::about(what, code),
    }
}

/// The last error of the connection, which explains time-outs.
#[derive(Debug, Default)]
struct Trouble(Option<(Instant, String)>);

impl Trouble {
    fn note(&mut self, event: &Event) {
        // "All brokers are down" says less than what came before it.
        let down = event.error() == E::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN as i32;
        if !(down && self.recent().is_some()) {
            self.0 = Some((Instant::now(), event.error_text()));
        }
    }

    fn recent(&self) -> Option<&str> {
        self.0.as_ref().filter(|(at, _)| at.elapsed() < EXPLAINS).map(|(_, text)| text.as_str())
    }
}
