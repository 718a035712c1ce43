//! What a consumer's thread and everybody else share.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use prosody_broker::Report;
use prosody_engine::Settlement;
use prosody_model::Mono;
use prosody_shell::{Inbox, Remains};

use crate::{
    Done, clock,
    desk::{Settle, Settled},
    error::ClientError,
    explaining::{Answer, Asking},
    probing::Vitals,
    pulse::Pulse,
};

/// Of the time for leaving, what is kept for the group once the drain is over: a tenth, within these bounds.
const FAREWELL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

#[derive(Default)]
pub struct Mailbox {
    /// Bound: one outcome an open call, one report a dead letter.
    inbox: Mutex<Inbox>,
    leaving: Mutex<Leaving>,
    /// Hears whether the consumer could subscribe.
    ready: Mutex<Option<Done>>,
    /// What the consumer before this one left; the thread takes it, and gives it back at its end.
    remains: Mutex<Option<Remains>>,
    thread: OnceLock<Thread>,
    /// What ended the consumer although nobody asked it to; it is subscribed until it is left.
    fall: OnceLock<String>,
    /// There while the consumer runs.
    desk: Mutex<Option<Arc<dyn Settle>>>,
    /// Ends the thread without a drain.
    abandoned: AtomicBool,
    assigned: AtomicUsize,
    /// Partitions that get nowhere.
    stalled: AtomicUsize,
    pub asking: Asking,
    pub pulse: Pulse,
    pub vitals: Vitals,
}

#[derive(Default)]
struct Leaving {
    /// How it ended; an error is told to the next who asks, and only to them.
    end: Option<Result<(), ClientError>>,
    /// When the consumer must have left.
    by: Option<Mono>,
    /// Bound: one a call of `unsubscribe`.
    waiting: Vec<Done>,
}

impl Mailbox {
    /// For the consumer after `before`, whose open calls and unheard outcomes it takes over.
    pub fn after(before: Option<&Self>, ready: Done) -> Self {
        let new = Self { ready: Mutex::new(Some(ready)), ..Self::default() };
        if let Some(before) = before {
            lock(&new.inbox).settled = mem::take(&mut lock(&before.inbox).settled);
            *lock(&new.remains) = before.take_remains();
        }
        new
    }

    /// From now on the calling thread is the one that is woken.
    pub fn enter(&self) {
        let _ = self.thread.set(thread::current());
    }

    /// What has come in.
    pub fn take(&self) -> Inbox {
        mem::take(&mut *lock(&self.inbox))
    }

    /// Passes outcomes to the engine.
    pub fn settle(&self, outcomes: impl IntoIterator<Item = Settlement>) {
        lock(&self.inbox).settled.extend(outcomes);
        self.wake();
    }

    /// Passes outcomes to the engine on the calling thread if that is free just now, else as [`settle`](Self::settle).
    pub fn settle_here(&self, mut outcomes: Vec<Settlement>) {
        let desk = lock(&self.desk).clone();
        // A drain that was asked for starts nothing new.
        let draining = lock(&self.inbox).drain.is_some();
        let settled = match desk {
            Some(desk) if !draining => desk.try_settle(&mut outcomes),
            _ => Settled::Declined,
        };
        match settled {
            Settled::Declined => self.settle(outcomes),
            Settled::Taken { wake: true } => self.wake(),
            Settled::Taken { wake: false } => {}
        }
    }

    /// From now on outcomes may be handed in there.
    pub fn open_desk(&self, desk: Option<Arc<dyn Settle>>) {
        let before = mem::replace(&mut *lock(&self.desk), desk);
        // Outside of the lock: what was there may take its time to end.
        drop(before);
    }

    /// Passes on what became of dead letters.
    pub fn report(&self, letters: Vec<Report>) {
        lock(&self.inbox).reported.extend(letters);
        self.wake();
    }

    /// Starts the drain; `done` is called when the consumer has left, within `budget`.
    pub fn leave(&self, budget: Duration, done: Done) {
        let now = clock::mono();
        {
            let mut leaving = lock(&self.leaving);
            if let Some(end) = &mut leaving.end {
                let end = mem::replace(end, Ok(()));
                drop(leaving);
                // Of one that fell the probes have told until now.
                self.vitals.close();
                return done(end);
            }
            leaving.waiting.push(done);
            leaving.by.get_or_insert(now.after(budget));
        }
        let deadline = budget.saturating_sub(farewell(budget));
        let abort = budget.mul_f64(0.8).min(deadline);
        lock(&self.inbox).drain.get_or_insert((now.after(abort), now.after(deadline)));
        self.wake();
    }

    /// How long leaving the group may take now that the drain is over.
    pub fn time_to_leave(&self) -> Duration {
        if self.is_abandoned() {
            return Duration::from_millis(200);
        }
        let by = lock(&self.leaving).by;
        by.map_or(FAREWELL.1, |by| by.since(clock::mono()).clamp(FAREWELL.0, FAREWELL.1))
    }

    /// Ends the thread soon, without a drain.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        self.wake();
    }

    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    pub fn assigned(&self) -> usize {
        self.assigned.load(Ordering::Relaxed)
    }

    pub fn set_assigned(&self, partitions: usize) {
        self.assigned.store(partitions, Ordering::Relaxed);
    }

    /// Whether a partition gets nowhere, or there is work and nothing has moved, or the loop has not gone round, for
    /// `threshold`.
    pub fn stalled(&self, threshold: Duration) -> bool {
        let stalled = self.stalled.load(Ordering::Relaxed) > 0;
        !self.ended() && (stalled || self.pulse.quiet(clock::mono(), threshold))
    }

    pub fn set_stalled(&self, partitions: usize) {
        self.stalled.store(partitions, Ordering::Relaxed);
    }

    /// What the consumer says of itself: on this thread if its own is not at work, else its own answers between two
    /// steps, within `patience` or not at all.
    pub fn explain(&self, limit: usize, patience: Duration) -> Answer {
        let Some(desk) = lock(&self.desk).clone() else {
            // One that leaves its group has its last commit to wait for.
            let closing = !self.ended() && (self.is_leaving() || self.fall().is_some());
            return if closing { Answer::Busy } else { Answer::Idle };
        };
        let told = desk.try_explain(limit).or_else(|| {
            let answer = self.asking.ask(limit);
            self.wake();
            answer.recv_timeout(patience).ok()
        });
        told.map_or(Answer::Busy, |told| Answer::Told(Box::new(told)))
    }

    /// Says whether the consumer could subscribe, if it was not said before.
    pub fn ready(&self, result: Result<(), ClientError>) {
        let ready = lock(&self.ready).take();
        if let Some(ready) = ready {
            ready(result);
        }
    }

    /// Whether it was said that the consumer could subscribe, or could not.
    pub fn was_ready(&self) -> bool {
        lock(&self.ready).is_none()
    }

    /// The consumer ends, for this reason, and nobody asked it to.
    pub fn fell(&self, why: &str) {
        let _ = self.fall.set(why.to_owned());
    }

    /// Why the consumer has ended, or ends, without being asked to.
    pub fn fall(&self) -> Option<&str> {
        self.fall.get().map(String::as_str)
    }

    pub fn take_remains(&self) -> Option<Remains> {
        lock(&self.remains).take()
    }

    pub fn leave_remains(&self, remains: Option<Remains>) {
        *lock(&self.remains) = remains;
    }

    /// Whether it drains.
    pub fn is_leaving(&self) -> bool {
        lock(&self.leaving).by.is_some()
    }

    /// Whether the consumer has left, or never got as far as joining.
    pub fn ended(&self) -> bool {
        lock(&self.leaving).end.is_some()
    }

    /// The consumer is gone; tells those who wait for it.
    ///
    /// The probes of one that fell tell of it until somebody leaves it, or it is followed by another: who gave them up
    /// now would hide from the orchestrator that nothing is done here any more.
    pub fn end(&self, result: &Result<(), ClientError>) {
        let tells = self.fall().is_some() && !self.is_leaving() && !self.is_abandoned();
        if !tells {
            self.vitals.close();
        }
        let waiting = {
            let mut leaving = lock(&self.leaving);
            let waiting = mem::take(&mut leaving.waiting);
            leaving.end = Some(if waiting.is_empty() { result.clone() } else { Ok(()) });
            waiting
        };
        if tells && !waiting.is_empty() {
            // They came meanwhile.
            self.vitals.close();
        }
        self.set_assigned(0);
        for done in waiting {
            done(result.clone());
        }
    }
}

/// What of a budget is kept for leaving the group; of a very short one no more than a fifth.
fn farewell(budget: Duration) -> Duration {
    (budget / 10).clamp(FAREWELL.0.min(budget / 5), FAREWELL.1)
}

/// How long a last commit may wait when its drain is over: half of what is kept for leaving.
pub fn late_commit(budget: Duration) -> Duration {
    farewell(budget) / 2
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
