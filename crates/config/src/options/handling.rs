//! Options of what happens to a message.

use std::time::Duration;

use crate::{IdentitySource, RetryJitter};

/// Memory of what was processed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Idempotence {
    /// Ids remembered in memory, 0 to 100,000,000; 0 means no deduplication at all, in memory or store.
    pub cache_size: usize,
    /// Part of every recorded id: changing it forgets what was recorded.
    pub version: String,
    /// How long a store keeps a record, 1 s to 20 y.
    pub ttl: Duration,
}

/// Where a message's id and type are; of each list the first that is there wins, and neither is empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Identity {
    /// Where the id is.
    pub id: Vec<IdentitySource>,
    /// Where the type is.
    pub event_type: Vec<IdentitySource>,
}

/// Backoff of retries.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Retry {
    /// Retries in low-latency mode, 0 to 1,000,000; attempts are one more.
    pub max_retries: usize,
    /// First ceiling, 1 ms to `max_delay`; it doubles from retry to retry.
    pub base: Duration,
    /// How much of the ceiling is waited; for deferral too.
    pub jitter: RetryJitter,
    /// Highest ceiling, 1 ms to 1 y.
    pub max_delay: Duration,
}

/// Deferred retry of pipeline mode.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Defer {
    /// Whether failed keys are parked at all.
    pub enabled: bool,
    /// Ceiling before the first deferred retry, 1 ms to `max_delay`.
    pub base: Duration,
    /// Highest ceiling, 1 ms to 1 y.
    pub max_delay: Duration,
    /// Share of failing first attempts above which new failures are retried in place, 0 to 1.
    pub failure_threshold: f64,
    /// Window of that share, 1 ms to 1 y.
    pub failure_window: Duration,
    /// A key parked for longer goes to the durable store, if there is one; 0 to 1 h.
    pub spill: Duration,
    /// Parked keys whose records are kept ready in memory, 1 to 10,000,000.
    pub cache_size: usize,
    /// Cached entries of the park store, 0 to 10,000,000.
    pub store_cache_size: usize,
    /// How long reading a record again may take, 1 ms to 1 y.
    pub seek_timeout: Duration,
    /// Read forward up to this many records rather than seek, 0 to 1,000,000.
    pub discard_threshold: usize,
}

/// Restraint of hot keys in pipeline mode.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Monopolization {
    /// Whether hot keys are held back at all.
    pub enabled: bool,
    /// Share of the window one key may run, above 0 and at most 1.
    pub threshold: f64,
    /// The window, 1 s to 1 d.
    pub window: Duration,
    /// Keys watched, 1 to 10,000,000.
    pub cache_size: usize,
}

/// Fair scheduling.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scheduler {
    /// Share of execution time for retries while fresh work waits, 0 to 1.
    pub failure_weight: f64,
    /// Waiting this long gives full urgency, 1 ms to 1 y.
    pub max_wait: Duration,
    /// Urgency at full wait, in seconds of virtual time, 0 to 1,000,000.
    pub wait_weight: f64,
    /// Keys whose virtual time is remembered, 1 to 10,000,000.
    pub cache_size: usize,
}
