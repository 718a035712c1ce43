//! What the engine is told once, at the start.

use std::{sync::Arc, time::Duration};

use prosody_identity::Place;

/// Bounds, deadlines and delays of one consumer. Every value has been checked by whoever resolved the options.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Handler calls open at once, late ones of ended epochs included.
    pub max_concurrency: usize,
    /// Records admitted and not yet running, parked keys' aside.
    pub max_uncommitted: usize,
    /// Key, value and header bytes held, running calls included.
    pub max_buffered_bytes: usize,
    /// Parked keys whose records are kept ready, where they could be read again.
    pub kept_keys: usize,
    /// Deadline of a handler call.
    pub timeout: Duration,
    pub commit_interval: Duration,
    /// Longest wait for started calls of a partition that is being taken away.
    pub revoke_timeout: Duration,
    /// What a failure leads to.
    pub mode: Mode,
    /// Where dead letters go: a topic name, in which `{topic}` stands for the source topic. `None`: a record that is
    /// given up is said and counts as finished.
    pub failure_topic: Option<Arc<str>>,
    /// The consumer group: what carries it as its `source-system` is not run, what was sent again for another one
    /// neither. Empty: nothing has sent anything.
    pub group: Arc<str>,
    /// When a transient failure in pipeline mode is given up.
    pub give_up: GiveUp,
    /// Delays between attempts in place, and of a dead letter that cannot be sent.
    pub retry: Backoff,
    /// Whether a transient failure in pipeline mode parks its key, and for how long.
    pub deferral: Deferral,
    /// When failures do not park keys after all.
    pub gate: Gate,
    /// Which keys run too much, if that is watched.
    pub monopolization: Option<Monopolization>,
    /// UTF-16 units the broker takes as metadata of a commit.
    pub metadata_units: usize,
    pub fairness: Fairness,
    pub intake: Intake,
    /// Seed of the generator that draws the jitter; the same seed and inputs give the same actions.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_concurrency: 32,
            max_uncommitted: 64,
            max_buffered_bytes: 64 << 20,
            kept_keys: 1024,
            timeout: Duration::from_secs(240),
            commit_interval: Duration::from_secs(1),
            revoke_timeout: Duration::from_secs(5),
            mode: Mode::Pipeline,
            failure_topic: None,
            group: "".into(),
            give_up: GiveUp::default(),
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
            gate: Gate::default(),
            monopolization: Some(Monopolization::default()),
            metadata_units: 4096,
            fairness: Fairness::default(),
            intake: Intake::default(),
            seed: 0,
        }
    }
}

/// What a failure leads to; `stack.rs` has the middleware of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A transient failure is retried until it succeeds, or until [`Settings::give_up`]; a permanent one is given up.
    #[default]
    Pipeline,
    /// So many retries in place, then the record is given up.
    LowLatency { max_retries: u32 },
    /// Every failure is given up at once.
    BestEffort,
}

/// When a record that fails transiently is given up: at the first bound reached; never if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GiveUp {
    /// After so many handler calls.
    pub attempts: Option<u32>,
    /// At a failure this long after its first call was started; what its key was held back meanwhile does not count.
    pub age: Option<Duration>,
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

/// When too many first attempts fail for keys to be parked.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Share of failing first attempts above which failures are retried in place, 0 to 1.
    pub threshold: f64,
    /// The time that the share is about.
    pub window: Duration,
}

impl Default for Gate {
    fn default() -> Self {
        Self { threshold: 0.9, window: Duration::from_secs(300) }
    }
}

/// When a key runs too much.
#[derive(Clone, Copy, Debug)]
pub struct Monopolization {
    /// Part of the window for which one key may run, above 0 and at most 1.
    pub threshold: f64,
    pub window: Duration,
    /// Most keys that are watched.
    pub watched_keys: usize,
}

impl Default for Monopolization {
    fn default() -> Self {
        Self { threshold: 0.9, window: Duration::from_secs(300), watched_keys: 8192 }
    }
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
    /// Share of handler time for retries while fresh records wait, 0 to 1; they hold at most as many slots, rounded
    /// up.
    pub failure_weight: f64,
    /// A key that has waited this long has full urgency.
    pub max_wait: Duration,
    /// Full urgency, in seconds of virtual time.
    pub wait_weight: f64,
    /// Keys whose virtual time is remembered while they have no records; rounded up to a power of two.
    pub remembered_keys: usize,
}

impl Default for Fairness {
    fn default() -> Self {
        Self {
            failure_weight: 0.3,
            max_wait: Duration::from_secs(120),
            wait_weight: 200.0,
            remembered_keys: 8192,
        }
    }
}

/// Which records are run at all. By default all are, and no id is looked for.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    /// Prefixes of the types that are run; none: all are.
    pub allowed_events: Vec<String>,
    /// Where a record's type is.
    pub types: Vec<Place>,
    /// Where a record's id is.
    pub ids: Vec<Place>,
    /// Ids remembered once their records are gone; 0: none is looked for.
    pub remembered_ids: usize,
    /// Part of every id: with another version nothing is known.
    pub version: String,
}
