//! What the engine is told once, at the start.

use std::time::Duration;

/// Bounds, deadlines and delays of one consumer. Every value has been checked by whoever resolved the options.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Handler calls open at once, late ones of ended epochs included.
    pub max_concurrency: usize,
    /// Records admitted and not yet running, parked keys' aside.
    pub max_uncommitted: usize,
    /// Key, value and header bytes held, running calls included.
    pub max_buffered_bytes: usize,
    /// Deadline of a handler call.
    pub timeout: Duration,
    pub commit_interval: Duration,
    /// Longest wait for started calls of a partition that is being taken away.
    pub revoke_timeout: Duration,
    /// Delays between attempts in place.
    pub retry: Backoff,
    /// Whether a transient failure parks its key, and for how long.
    pub deferral: Deferral,
    /// UTF-16 units the broker takes as metadata of a commit.
    pub metadata_units: usize,
    pub fairness: Fairness,
    /// Seed of the generator that draws the jitter; the same seed and inputs give the same actions.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_concurrency: 32,
            max_uncommitted: 64,
            max_buffered_bytes: 64 << 20,
            timeout: Duration::from_secs(240),
            commit_interval: Duration::from_secs(1),
            revoke_timeout: Duration::from_secs(5),
            retry: Backoff {
                base: Duration::from_millis(20),
                max: Duration::from_secs(300),
                jitter: Jitter::Full,
            },
            deferral: Deferral::On(Backoff {
                base: Duration::from_secs(1),
                max: Duration::from_secs(24 * 3600),
                jitter: Jitter::Full,
            }),
            metadata_units: 4096,
            fairness: Fairness::default(),
            seed: 0,
        }
    }
}

/// Exponential backoff: the ceiling starts at `base`, doubles with each failure, and stops at `max`.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pub base: Duration,
    pub max: Duration,
    pub jitter: Jitter,
}

/// What a transient failure does to its key.
#[derive(Clone, Copy, Debug)]
pub enum Deferral {
    /// The key is parked, and counts against no bound but the bytes.
    On(Backoff),
    /// The record is retried in place, with the delays of `retry`.
    Off,
}

/// How a delay is drawn below its ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Uniformly from zero to the ceiling.
    Full,
    /// The ceiling itself.
    None,
}

/// How runnable keys are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Fairness {
    /// A key that has waited this long has full urgency.
    pub max_wait: Duration,
    /// Full urgency, in seconds of virtual time.
    pub wait_weight: f64,
    /// Keys whose virtual time is remembered while they have no records; rounded up to a power of two.
    pub remembered_keys: usize,
}

impl Default for Fairness {
    fn default() -> Self {
        Self { max_wait: Duration::from_secs(120), wait_weight: 200.0, remembered_keys: 8192 }
    }
}
