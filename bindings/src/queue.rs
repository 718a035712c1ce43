//! How much waits for JavaScript to take it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Lines or events that may wait. More than a burst of failures makes, and few enough to be held in memory while
/// JavaScript is busy.
const MOST: usize = 16_384;
/// Details find room only below this, so that no flood of them pushes out what somebody has to know.
const MOST_WITH_DETAILS: usize = MOST / 4;

/// Counts what waits, and what found no room.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

impl Queue {
    /// As many of these as there is room for; the others count as dropped. Each comes with whether it is a detail.
    pub fn admit<T>(&self, told: Vec<(T, bool)>) -> Vec<T> {
        let waiting = self.waiting.load(Ordering::Acquire);
        let all = told.len();
        let mut admitted = Vec::with_capacity(all);
        for (one, detail) in told {
            if waiting + admitted.len() < if detail { MOST_WITH_DETAILS } else { MOST } {
                admitted.push(one);
            }
        }
        self.dropped.fetch_add((all - admitted.len()) as u64, Ordering::AcqRel);
        self.add(admitted.len());
        admitted
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

#[cfg(test)]
mod tests;
