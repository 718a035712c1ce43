//! A sum over the latest stretch of time, in a ring of buckets: constant time and memory whatever is added.

use std::time::Duration;

use prosody_model::Mono;

/// Buckets of a window: its sum covers between fifteen and sixteen sixteenths of it.
pub const BUCKETS: u32 = 16;
const RING: usize = BUCKETS as usize;

/// What has been added during the latest window.
#[derive(Clone, Debug)]
pub struct Window {
    /// Length of a bucket, in nanoseconds.
    span: u64,
    /// Where the current bucket ends.
    end: u64,
    current: usize,
    buckets: [u64; RING],
    sum: u64,
}

impl Window {
    pub fn new(length: Duration) -> Self {
        let length = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let span = (length / u64::from(BUCKETS)).max(1);
        Self { span, end: 0, current: 0, buckets: [0; RING], sum: 0 }
    }

    /// Leaves behind what is too old.
    fn advance(&mut self, now: Mono) {
        if now.0 < self.end {
            return;
        }
        if (now.0 - self.end) / self.span >= u64::from(BUCKETS) {
            // All of it is. Buckets end at multiples of their length.
            (self.buckets, self.sum) = ([0; RING], 0);
            self.end = (now.0 - now.0 % self.span).saturating_add(self.span);
        }
        while now.0 >= self.end {
            self.current = (self.current + 1) % RING;
            self.sum -= std::mem::take(&mut self.buckets[self.current]);
            self.end = self.end.saturating_add(self.span);
        }
    }

    /// Counts something that happens now.
    pub fn add(&mut self, amount: u64, now: Mono) {
        self.advance(now);
        self.buckets[self.current % RING] += amount;
        self.sum += amount;
    }

    /// Counts the time of a call that ends now, in the buckets in which it ran.
    pub fn add_call(&mut self, run: Duration, now: Mono) {
        self.advance(now);
        let mut left = run.as_nanos() as u64;
        let mut room = now.0 - (self.end - self.span);
        for back in 0..RING {
            let part = left.min(room);
            self.buckets[(self.current + RING - back) % RING] += part;
            self.sum += part;
            left -= part;
            room = self.span;
            if left == 0 {
                return;
            }
        }
    }

    /// Whether the sum is surely zero, whatever the time.
    pub fn is_empty(&self) -> bool {
        self.sum == 0
    }

    /// The sum over the window that ends now.
    pub fn sum(&mut self, now: Mono) -> u64 {
        self.advance(now);
        self.sum
    }

    /// When the sum will have fallen to `limit`, if nothing is added.
    pub fn falls_to(&self, limit: u64) -> Mono {
        let (mut sum, mut at) = (self.sum, self.end);
        for next in 1..=RING {
            sum -= self.buckets[(self.current + next) % RING];
            if sum <= limit {
                break;
            }
            at = at.saturating_add(self.span);
        }
        Mono(at)
    }
}

#[cfg(test)]
mod tests;
