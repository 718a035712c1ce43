//! Reads single records again, beside the group's own reading.
//!
//! ```text
//!  owner ──ask, forget──▶ inbox ──▶ thread: a client without a group, one scan per partition
//!    ▲                                 │ starts and stops fetching, reads forward, asks for the log's range
//!    └── waker, take ◀── answers ◀─────┘
//! ```
//!
//! A client of its own, because the consumer's cannot read a partition in two places. A thread of its own, because
//! making and ending a client, stopping a partition and asking for a log's range all block, and the thread that polls
//! must not. Both come with the first record asked for; the client goes when none was asked for a while.

mod reader;
mod scan;

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use prosody_broker::{ErrorCode, Missing, Reread, Waker, Wanted};
use prosody_model::{Epoch, TopicPartition};

use crate::{error, settings::KafkaSettings};
use reader::Reader;

/// The owner's side.
pub(crate) struct Rereader {
    settings: KafkaSettings,
    shared: Arc<Shared>,
    waker: Waker,
    /// Joined by `end`.
    thread: Option<JoinHandle<()>>,
    /// Who waits for answers. Bounded by the partitions held; `retain` removes.
    waiting: Vec<Epoch>,
}

/// Records of one call.
#[derive(Debug)]
struct Ask {
    epoch: Epoch,
    partition: TopicPartition,
    wanted: Vec<Wanted>,
    deadline: Instant,
}

#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// What passes between owner and thread. Bounded by the records asked for; each side takes what is for it.
#[derive(Default)]
struct Desk {
    asks: Vec<Ask>,
    forgotten: Vec<Epoch>,
    answers: Vec<Reread>,
    /// The client's queue has something.
    ready: bool,
    ending: bool,
    ended: bool,
}

impl std::fmt::Debug for Rereader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rereader").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Rereader {
    /// Does nothing until it is asked.
    pub(crate) fn new(settings: KafkaSettings, waker: Waker) -> Self {
        Self { settings, shared: Arc::default(), waker, thread: None, waiting: Vec::new() }
    }

    /// Wants records of a partition, in ascending order.
    pub(crate) fn ask(&mut self, epoch: Epoch, partition: TopicPartition, wanted: Vec<Wanted>) {
        if wanted.is_empty() {
            return;
        }
        if !self.waiting.contains(&epoch) {
            self.waiting.push(epoch);
        }
        if let Err(reason) = self.start() {
            let what = format_args!("reading {partition} again").to_string();
            let failure = error::of_kind(ErrorCode::Other, what, &reason);
            let failed = |Wanted { offset, .. }| Reread {
                epoch,
                offset,
                result: Err(Missing::Failed(failure.clone())),
            };
            self.shared.change(|desk| desk.answers.extend(wanted.into_iter().map(failed)));
            return (self.waker)();
        }
        let deadline = Instant::now() + self.settings.reread_timeout;
        self.shared.change(|desk| desk.asks.push(Ask { epoch, partition, wanted, deadline }));
    }

    /// Takes the answers that have come, of the epochs that go on; the others are forgotten.
    pub(crate) fn take(&mut self, goes_on: impl Fn(Epoch) -> bool) -> Vec<Reread> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let over: Vec<_> = self.waiting.iter().copied().filter(|epoch| !goes_on(*epoch)).collect();
        self.waiting.retain(|epoch| !over.contains(epoch));
        let mut desk = self.shared.lock();
        let mut answers = std::mem::take(&mut desk.answers);
        if !over.is_empty() {
            desk.asks.retain(|ask| !over.contains(&ask.epoch));
            desk.forgotten.extend(over);
            drop(desk);
            self.shared.changed.notify_all();
        }
        answers.retain(|answer| self.waiting.contains(&answer.epoch));
        answers
    }

    /// Has the thread end.
    pub(crate) fn stop(&self) {
        self.shared.change(|desk| desk.ending = true);
    }

    /// Ends the thread and its client, and waits for that for `timeout` at most. Past it the thread ends by itself,
    /// as the thread does that ends a client: it may sit in a call that cannot be interrupted.
    pub(crate) fn end(mut self, timeout: Duration) {
        let Some(thread) = self.thread.take() else { return };
        self.stop();
        let desk = self.shared.lock();
        let wait = self.shared.changed.wait_timeout_while(desk, timeout, |desk| !desk.ended);
        let ended = wait.unwrap_or_else(PoisonError::into_inner).0.ended;
        if ended {
            let _ = thread.join();
        }
    }

    fn start(&mut self) -> Result<(), String> {
        if self.thread.is_none() {
            let mut reader =
                Reader::new(self.settings.clone(), Arc::clone(&self.shared), Arc::clone(&self.waker));
            let run = move || {
                reader.run();
                let shared = reader.end();
                shared.change(|desk| desk.ended = true);
            };
            let spawned = thread::Builder::new().name("kafka-reread".to_owned()).spawn(run);
            self.thread = Some(spawned.map_err(|reason| format!("no thread can be had: {reason}"))?);
        }
        Ok(())
    }
}

impl Drop for Rereader {
    fn drop(&mut self) {
        // Who is not ended leaves no thread waiting for ever.
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Desk)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until there is something to do, or `until`.
    fn wait(&self, until: Option<Instant>) -> MutexGuard<'_, Desk> {
        let mut desk = self.lock();
        while desk.asks.is_empty() && desk.forgotten.is_empty() && !desk.ready && !desk.ending {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            desk = match left {
                None => self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => self.changed.wait_timeout(desk, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        desk
    }
}
