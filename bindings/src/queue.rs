//! How much waits for JavaScript to take it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Lines or events that may wait. More than a burst of failures makes, and few enough to be held in memory while
/// JavaScript is busy.
const MOST: usize = 16_384;

/// Counts what waits, and what found no room.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

impl Queue {
    /// As many of these as there is room for; the others count as dropped.
    pub fn admit<T>(&self, mut told: Vec<T>) -> Vec<T> {
        let room = MOST.saturating_sub(self.waiting.load(Ordering::Acquire));
        let dropped = told.len().saturating_sub(room);
        if dropped > 0 {
            self.dropped.fetch_add(dropped as u64, Ordering::AcqRel);
            told.truncate(room);
        }
        self.add(told.len());
        told
    }

    /// So many more wait, whether there is room or not.
    pub fn add(&self, count: usize) {
        self.waiting.fetch_add(count, Ordering::AcqRel);
    }

    /// JavaScript has taken so many.
    pub fn taken(&self, count: usize) {
        let less = |waiting: usize| Some(waiting.saturating_sub(count));
        let _ = self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// How many were dropped since the last question.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::AcqRel)
    }
}
