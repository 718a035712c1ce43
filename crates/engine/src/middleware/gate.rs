//! Whether failures are some keys' own, or everybody's.
//!
//! ```text
//!            share of failing first attempts above the threshold, 20 or more of them
//!    open ────────────────────────────────────────────────────────────────────────▶ closed
//!         ◀────────────────────────────────────────────────────────────────────────
//!                                   share at or below it
//! ```
//!
//! While nearly everything fails, something that all handlers need is away. Parking key after key would then only
//! fill memory with records that fail too; retried in place, they hold the partitions back.

use prosody_model::Mono;

use crate::{settings, window::Window};

/// Fewer first attempts say nothing.
const ENOUGH: u64 = 20;

/// Counts first attempts and how many of them failed.
#[derive(Debug)]
pub struct Gate {
    threshold: f64,
    attempts: Window,
    failures: Window,
    closed: bool,
    /// It has closed, and no call has succeeded since.
    waits_for_success: bool,
    /// First attempts that have failed since the last success.
    in_a_row: u64,
}

impl Gate {
    pub fn new(settings: settings::Gate) -> Self {
        Self {
            threshold: settings.threshold,
            attempts: Window::new(settings.window),
            failures: Window::new(settings.window),
            closed: false,
            waits_for_success: false,
            in_a_row: 0,
        }
    }

    /// A first attempt has ended.
    pub fn count(&mut self, failed: bool, now: Mono) {
        self.attempts.add(1, now);
        if failed {
            self.failures.add(1, now);
            self.in_a_row += 1;
        }
        if !self.failures.is_empty() || self.closed {
            self.is_closed(now);
        }
    }

    /// Whether failures are retried in place.
    pub fn is_closed(&mut self, now: Mono) -> bool {
        let (attempts, failures) = (self.attempts.sum(now), self.failures.sum(now));
        let closed = attempts >= ENOUGH && failures as f64 > self.threshold * attempts as f64;
        self.waits_for_success |= closed && !self.closed;
        self.closed = closed;
        closed
    }

    /// A call has succeeded, whichever attempt it was. Whether it ends an outage: before it so many keys failed one
    /// after the other that it was not their own doing. The share of a long window says nothing of that, for what
    /// succeeded before the outage is in it.
    pub fn heals(&mut self) -> bool {
        std::mem::take(&mut self.in_a_row) >= ENOUGH
    }

    /// A call has succeeded. Whether this is said for the first time since the gate closed.
    pub fn succeeded(&mut self) -> bool {
        std::mem::take(&mut self.waits_for_success)
    }
}

#[cfg(test)]
mod tests;
