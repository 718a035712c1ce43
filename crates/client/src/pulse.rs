//! Whether a consumer gets on.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use prosody_model::Mono;

/// When the loop last went round, and when it last made progress or had nothing to do. Written by the consumer's
/// thread, read by any.
#[derive(Debug, Default)]
pub struct Pulse {
    beat: AtomicU64,
    progress: AtomicU64,
    settled: AtomicU64,
    idle: AtomicBool,
    /// Since when the slowest partition that has work has not seen a call end; 0 if none has any.
    slowest: AtomicU64,
}

impl Pulse {
    /// A consumer starts.
    pub fn start(&self, now: Mono) {
        self.beat.store(now.0, Ordering::Relaxed);
        self.progress.store(now.0, Ordering::Relaxed);
        self.idle.store(true, Ordering::Relaxed);
        self.slowest.store(0, Ordering::Relaxed);
    }

    /// Of the partitions that run calls, or have waited for a slot for too long, the slowest has not seen one end since
    /// then.
    pub fn slowest(&self, since: Option<Mono>) {
        self.slowest.store(since.map_or(0, |since| since.0.max(1)), Ordering::Relaxed);
    }

    /// The loop has gone round: so many calls have settled since the start, and so much can run or runs.
    pub fn beat(&self, now: Mono, settled: u64, work: usize) {
        self.beat.store(now.0, Ordering::Relaxed);
        let moved = self.settled.swap(settled, Ordering::Relaxed) != settled;
        // What has come after an idle time counts from now on, not from the last look.
        let was_idle = self.idle.swap(work == 0, Ordering::Relaxed);
        if moved || was_idle || work == 0 {
            self.progress.store(now.0, Ordering::Relaxed);
        }
    }

    /// How long ago the loop last went round, and how long there has been work and no progress: in all, or in the
    /// slowest partition.
    pub fn ages(&self, now: Mono) -> (Duration, Duration) {
        let age = |instant: &AtomicU64| now.since(Mono(instant.load(Ordering::Relaxed)));
        let idle = self.idle.load(Ordering::Relaxed);
        let slowest = match self.slowest.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => now.since(Mono(since)),
        };
        (age(&self.beat), if idle { slowest } else { slowest.max(age(&self.progress)) })
    }

    /// Whether there was no sign of life for longer than `threshold`.
    pub fn quiet(&self, now: Mono, threshold: Duration) -> bool {
        let (beat, progress) = self.ages(now);
        beat > threshold || progress > threshold
    }
}

#[cfg(test)]
mod tests;
