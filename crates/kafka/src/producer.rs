//! Sending on librdkafka.
//!
//! ```text
//!  send() ── nothing under way ──────────────▶ librdkafka ──▶ broker
//!    └── else ▶ pending ── all is reported, ────▲                │
//!                         5 ms or a size is up  │                │
//!                               the one thread ─┘ ◀── reports ───┘ ──▶ sink
//! ```
//!
//! So a lone record leaves at once, and records that come while others are on their way go together. Only one
//! thread at a time hands records over, which keeps their order. The report of a lone record does not pass the
//! thread either (`lone`).

mod ledger;
mod lone;
mod outlet;
mod reports;
mod state;

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, ErrorCode, Outgoing, Producer, Report, ReportSink};
use rdkafka_sys as sys;

use self::{
    lone::Lone,
    outlet::{Failure, Outlet},
    state::State,
};
use crate::{
    error,
    ffi::{Handle, Queue},
    settings::KafkaSettings,
};

/// So many records at once are handed over by their sender; more go by the thread, so that `send` is short.
const DIRECT: usize = 64;
/// How long purged records may take to be reported: the purge is local, so this only bounds a fault.
const PURGE: Duration = Duration::from_secs(2);

/// A [`Producer`] on Kafka: idempotent, acknowledged by all in-sync replicas.
pub struct KafkaProducer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What senders and the thread share.
struct Shared {
    state: Mutex<State>,
    /// Signalled after reports were given out, if a flush waits for that.
    reported: Condvar,
    /// Where the thread sleeps while there is nothing for it.
    wake: Arc<Condvar>,
    lone: Arc<Lone>,
    /// Locked by whoever set `State::handing`. `None` once closed.
    outlet: Mutex<Option<Outlet>>,
    sink: ReportSink,
    /// The user's own linger replaces our gathering.
    lingers: bool,
    send_timeout: Duration,
}

impl fmt::Debug for KafkaProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaProducer").finish_non_exhaustive()
    }
}

impl KafkaProducer {
    /// A producer that reports to `sink`, from a thread of its own. Connects with the first record.
    ///
    /// # Errors
    ///
    /// Settings that librdkafka refuses, or no thread to be had.
    pub fn new(settings: &KafkaSettings, sink: ReportSink) -> Result<Self, BrokerError> {
        let events = sys::RD_KAFKA_EVENT_DR | sys::RD_KAFKA_EVENT_ERROR;
        let lone = Arc::new(Lone::default());
        let theirs = Arc::clone(&lone);
        let acknowledged = Box::new(move |message| theirs.acknowledged(&message));
        let handle = Handle::producer(settings.producer()?, events, settings.log.clone(), acknowledged)?;
        let queue = Arc::new(Queue::main(&handle));
        let wake = Arc::new(Condvar::new());
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(settings, Some(Arc::clone(&queue)), Arc::clone(&wake))),
            reported: Condvar::new(),
            wake,
            lone,
            outlet: Mutex::new(Some(Outlet::new(handle))),
            sink,
            lingers: settings.lingers(),
            send_timeout: settings.send_timeout,
        });
        shared.lone.serve(Arc::downgrade(&shared));
        let work = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("kafka-reports".to_owned())
            .spawn(move || reports::run(&work, &queue))
            .map_err(|problem| {
                let message =
                    format!("no thread for the producer's reports: {problem}; raise the process's limit");
                BrokerError::new(ErrorCode::Other, message)
            })?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }
}

impl Producer for KafkaProducer {
    fn send(&self, batch: Vec<Outgoing>) {
        if !batch.is_empty() {
            self.shared.send(batch);
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.shared.flush(timeout)
    }

    fn close(&self, timeout: Duration) {
        let Some(thread) = lock(&self.thread).take() else { return };
        let mut deadline = Instant::now() + timeout;
        lock(&self.shared.state).open = false;
        let lent = lone::lent(&self.shared);
        if lent || thread.thread().id() == thread::current().id() {
            // A sink closes its own producer: no report can come while it does, and the thread ends by itself.
            self.shared.purge(Duration::ZERO);
            if lent {
                // This is librdkafka's thread, which the client's end waits for.
                deadline = Instant::now();
            }
        } else {
            self.shared.flush(timeout);
            self.shared.purge(PURGE);
            let _ = thread.join();
        }
        let outlet = lock(&self.shared.outlet).take();
        let queue = lock(&self.shared.state).queue.take();
        let handle = outlet.map(Outlet::into_handle);
        drop(queue);
        if let Some(handle) = handle {
            handle.end(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(200)));
        }
    }

    fn failed(&self) -> bool {
        lock(&self.shared.outlet).as_ref().is_some_and(Outlet::failed)
    }
}

impl Drop for KafkaProducer {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl Shared {
    fn send(&self, batch: Vec<Outgoing>) {
        let mut state = lock(&self.state);
        if !state.open {
            drop(state);
            return (self.sink)(batch.into_iter().map(|outgoing| closed(outgoing.ticket)).collect());
        }
        let direct = batch.len() <= DIRECT && state.may_hand_over_at_once(self.lingers);
        let (admitted, refused) = state.admit(batch);
        state.refused.extend(refused);
        if !direct {
            state.wait(admitted, self.lingers);
            return state.rouse();
        }
        state.handing = true;
        state.handed += admitted.len();
        if let [(slot, _)] = admitted[..]
            && state.handed == 1
        {
            state.lone = Some(slot);
            self.lone.watch(true);
        } else if state.asleep {
            // To collect the reports.
            state.interrupt();
        }
        drop(state);
        let failures = self.hand_over(admitted);
        self.handed_over(failures);
    }

    /// Gives records to librdkafka; to be called by whoever set `State::handing`.
    fn hand_over(&self, records: Vec<(u32, Outgoing)>) -> Vec<Failure> {
        match &mut *lock(&self.outlet) {
            Some(outlet) => outlet.hand_over(records),
            None => records.into_iter().map(|(slot, _)| (slot, error::closed("producer"))).collect(),
        }
    }

    /// Books what was handed over, and has the thread see to what came meanwhile.
    fn handed_over(&self, failures: Vec<Failure>) {
        let mut state = lock(&self.state);
        state.handing = false;
        state.handed -= failures.len();
        for (slot, error) in failures {
            state.lone = state.lone.filter(|lone| *lone != slot);
            if let Some(ticket) = state.ledger.settle(slot) {
                state.refused.push(Report { ticket, result: Err(error) });
            }
        }
        state.rouse();
    }

    fn flush(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = lock(&self.state);
        let mark = state.ledger.mark();
        state.urgent = true;
        state.flushes += 1;
        state.interrupt();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let reported = state.all_reported(mark);
            if reported || left.is_zero() {
                state.flushes -= 1;
                return reported;
            }
            state = self.reported.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Books that the sink has taken reports.
    fn given_out(&self, state: &mut State) {
        state.reporting -= 1;
        if state.flushes > 0 {
            self.reported.notify_all();
        }
    }

    /// Fails everything that is not reported, and has the thread end.
    fn purge(&self, patience: Duration) {
        let mut state = lock(&self.state);
        let pending = std::mem::take(&mut state.pending);
        for (slot, _) in pending {
            if let Some(ticket) = state.ledger.settle(slot) {
                state.refused.push(closed(ticket));
            }
        }
        let left = state.handed > 0 || state.handing;
        drop(state);
        if left {
            if let Some(outlet) = &*lock(&self.outlet) {
                outlet.purge();
            }
            self.flush(patience);
        }
        let mut state = lock(&self.state);
        let lost = state.ledger.drain();
        state.refused.extend(lost.into_iter().map(closed));
        state.ending = true;
        state.interrupt();
    }
}

fn closed(ticket: u64) -> Report {
    Report { ticket, result: Err(error::closed("producer")) }
}

/// A panic while the lock was held left no rule broken that the next holder relies on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
