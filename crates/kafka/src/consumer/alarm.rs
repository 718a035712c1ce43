//! Wakes the owner for what comes by time and not by an event of librdkafka.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use prosody_broker::Waker;

/// One time at which the owner is to poll again. Its thread starts with the first time that is set: most
/// memberships never need it.
pub(super) struct Alarm {
    shared: Arc<Shared>,
    waker: Waker,
    /// Joined when the alarm is dropped.
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    times: Mutex<Times>,
    changed: Condvar,
}

#[derive(Default)]
struct Times {
    due: Option<Instant>,
    ended: bool,
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alarm").field("started", &self.thread.is_some()).finish_non_exhaustive()
    }
}

impl Alarm {
    pub(super) fn new(waker: Waker) -> Self {
        Self { shared: Arc::default(), waker, thread: None }
    }

    /// Wakes the owner once in this time, instead of at the time set before; `None` wakes nobody.
    pub(super) fn set(&mut self, after: Option<Duration>) {
        if after.is_none() && self.thread.is_none() {
            return;
        }
        self.shared.change(|times| times.due = after.map(|after| Instant::now() + after));
        if self.thread.is_none() {
            let (shared, waker) = (Arc::clone(&self.shared), Arc::clone(&self.waker));
            // Without a thread the owner's own interval between polls has to do; the next call tries again.
            self.thread =
                thread::Builder::new().name("kafka-alarm".to_owned()).spawn(move || shared.run(&waker)).ok();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.change(|times| times.ended = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Times)) {
        change(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    fn run(&self, waker: &Waker) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        while !times.ended {
            let left = times.due.map(|due| due.saturating_duration_since(Instant::now()));
            times = match left {
                None => self.changed.wait(times).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    times.due = None;
                    // Not under the lock: whoever is woken may set the next time at once.
                    drop(times);
                    waker();
                    self.times.lock().unwrap_or_else(PoisonError::into_inner)
                }
                Some(left) => {
                    self.changed.wait_timeout(times, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}
