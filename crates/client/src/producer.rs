//! The producer of a client: started when it is first needed, and again when it cannot go on.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prosody_broker::{BrokerError, ErrorCode, Outgoing, Producer, Report, ReportSink};

use crate::waiting::Waiting;

/// Starts a producer that reports to the sink.
pub type Open = Box<dyn Fn(ReportSink) -> Result<Arc<dyn Producer>, BrokerError> + Send + Sync>;

/// At most one producer at a time.
pub struct ProducerSlot {
    open: Open,
    reports: ReportSink,
    state: Mutex<State>,
    /// Where producers that cannot go on end, which may take a moment.
    ending: Waiting,
}

enum State {
    /// Not started yet, or not successfully: the next send tries.
    Idle,
    Running(Running),
    Closed,
}

struct Running {
    producer: Arc<dyn Producer>,
    /// It has reported an error since it was asked whether it can go on.
    suspect: Arc<AtomicBool>,
}

impl ProducerSlot {
    pub fn new(open: Open, reports: ReportSink) -> Self {
        Self { open, reports, state: Mutex::new(State::Idle), ending: Waiting::new("prosody-wait") }
    }

    /// Sends records; what becomes of each is reported.
    pub fn send(&self, batch: Vec<Outgoing>) {
        match self.running() {
            Ok(producer) => producer.send(batch),
            Err(error) => {
                let failed = |record: Outgoing| Report { ticket: record.ticket, result: Err(error.clone()) };
                (self.reports)(batch.into_iter().map(failed).collect());
            }
        }
    }

    fn running(&self) -> Result<Arc<dyn Producer>, BrokerError> {
        let mut state = self.state();
        match &*state {
            State::Closed => return Err(BrokerError::new(ErrorCode::Closed, "the client is closed")),
            State::Running(running)
                if !(running.suspect.swap(false, Ordering::AcqRel) && running.producer.failed()) =>
            {
                return Ok(Arc::clone(&running.producer));
            }
            State::Running(_) | State::Idle => {}
        }
        if let State::Running(Running { producer, .. }) = std::mem::replace(&mut *state, State::Idle) {
            self.ending.run(Box::new(|_| ()), move || {
                producer.close(Duration::ZERO);
                Ok(())
            });
        }
        let suspect = Arc::new(AtomicBool::new(false));
        let (flag, sink) = (Arc::clone(&suspect), Arc::clone(&self.reports));
        let reports: ReportSink = Arc::new(move |reports: Vec<Report>| {
            if reports.iter().any(|report| report.result.is_err()) {
                flag.store(true, Ordering::Release);
            }
            sink(reports);
        });
        let producer = (self.open)(reports)?;
        *state = State::Running(Running { producer: Arc::clone(&producer), suspect });
        Ok(producer)
    }

    /// The producer, if one runs.
    pub fn current(&self) -> Option<Arc<dyn Producer>> {
        match &*self.state() {
            State::Running(running) => Some(Arc::clone(&running.producer)),
            State::Idle | State::Closed => None,
        }
    }

    /// Lets nothing be sent any more; gives the producer that is to be closed.
    pub fn end(&self) -> Option<Arc<dyn Producer>> {
        match std::mem::replace(&mut *self.state(), State::Closed) {
            State::Running(running) => Some(running.producer),
            State::Idle | State::Closed => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
