//! What a seed stands for: settings, records, faults.

use std::time::Duration;

use prosody_broker::memory::{Assignor, Protocol, Settings as BrokerSettings};
use prosody_engine::{
    Backoff, Deferral, Fairness, Gate, GiveUp, Intake, Jitter, Mode, Monopolization, Place, Settings,
};
use prosody_model::Mono;
use prosody_shell::ShellSettings;

use crate::{
    chance::Chance,
    faults::{self, Fault},
    ledger::GROUP,
};

/// Everything about an execution that is drawn before it starts.
#[derive(Debug)]
pub struct Plan {
    pub members: usize,
    pub partitions: usize,
    pub keys: u32,
    /// Of a hundred records, how many have no key.
    pub keyless: u64,
    /// Of a hundred records, how many have an id, of so many.
    pub with_id: u64,
    pub ids: u64,
    /// Of a hundred records, how many the own group has sent.
    pub own: u64,
    /// Of a hundred records, how many are sent again, for the own group or another one, and how many have a type.
    pub replays: u64,
    pub typed: u64,
    pub records: usize,
    /// Of them, how many are there from the beginning.
    pub at_start: usize,
    pub engine: Settings,
    pub shell: ShellSettings,
    pub broker: BrokerSettings,
    pub handlers: Handlers,
    pub letters: Letters,
    pub faults: Vec<(Mono, Fault)>,
    pub heal_at: Mono,
    /// A process steps at least this often.
    pub heartbeat: Duration,
    /// How late a step may come, in microseconds.
    pub lateness: u64,
    /// How long a clean stop takes: abort, then end.
    pub drain: (Duration, Duration),
    /// Of a hundred outcomes, how many are handed in between steps where that is possible.
    pub between: u64,
    /// Of a hundred processes that start before the heal, how many start at the log's beginning, or at its end.
    pub moved: u64,
    /// Whether reads repeat records now and then.
    pub duplicates: bool,
    /// Whether commits may land in another order than they were sent in.
    pub reorders: bool,
    /// Whether the log has gaps.
    pub gaps: bool,
}

/// The model handler's habits.
#[derive(Clone, Copy, Debug)]
pub struct Handlers {
    /// Longest run of a common call, in milliseconds.
    pub common: u64,
    /// Of a hundred calls, how many take up to `slow_ms`.
    pub slow: u64,
    pub slow_ms: u64,
    /// Of a thousand calls, how many do not return before the heal.
    pub stuck: u64,
    /// Of a hundred calls, how many fail transiently, and permanently.
    pub transient: u64,
    pub permanent: u64,
    /// Of a hundred calls that return, how many leave their record unmarked, and of a hundred of those, how many do not
    /// mark it before the heal.
    pub unmarked: u64,
    pub forgotten: u64,
    /// The longest that a mark takes, in milliseconds.
    pub mark_ms: u64,
    /// Of a hundred calls, how many ignore their signal.
    pub deaf: u64,
}

/// What becomes of dead letters.
#[derive(Clone, Copy, Debug)]
pub struct Letters {
    /// Of a hundred, how many are refused, and how many have no answer before the heal.
    pub refused: u64,
    pub stuck: u64,
    /// The longest that an answer takes, in milliseconds.
    pub longest: u64,
}

/// The only types that are run, where not all are.
pub const ALLOWED: &str = "order.";
/// The end of the time in which faults strike.
const WINDOW_MS: u64 = 15_000;

impl Plan {
    pub fn draw(chance: &mut Chance) -> Self {
        let members = chance.between(2, 4) as usize;
        let partitions = chance.between(3, 6) as usize;
        let records = chance.between(100, 140) as usize;
        let heal_at = Mono(chance.between(3_000, WINDOW_MS) * 1_000_000);
        let reorders = chance.percent(12);
        let faults = faults::draw(chance, members, heal_at, reorders);
        Self {
            members,
            partitions,
            keys: chance.pick(&[1, 2, 3, 5, 8, 20]),
            keyless: chance.pick(&[0, 0, 10, 50]),
            with_id: chance.pick(&[0, 60, 100]),
            ids: chance.pick(&[2, 20, 100, 10_000]),
            own: chance.pick(&[0, 0, 20]),
            replays: chance.pick(&[0, 0, 15, 40]),
            typed: chance.pick(&[0, 50, 100]),
            records,
            at_start: records * chance.pick(&[30, 60, 100]) / 100,
            engine: engine(chance),
            shell: shell(chance),
            broker: broker(chance),
            handlers: handlers(chance),
            letters: letters(chance),
            faults,
            heal_at,
            heartbeat: Duration::from_millis(chance.pick(&[500, 1000, 2000])),
            lateness: chance.pick(&[0, 0, 500, 5000]),
            drain: chance.pick(&[
                (Duration::ZERO, Duration::ZERO),
                (Duration::from_millis(100), Duration::from_millis(100)),
                (Duration::from_secs(1), Duration::from_secs(2)),
                (Duration::from_secs(8), Duration::from_secs(10)),
            ]),
            between: chance.pick(&[0, 50, 100]),
            moved: chance.pick(&[0, 0, 0, 0, 0, 0, 25, 70]),
            duplicates: chance.percent(25),
            reorders,
            gaps: chance.percent(30),
        }
    }
}

fn engine(chance: &mut Chance) -> Settings {
    let backoff = |chance: &mut Chance| Backoff {
        base: Duration::from_millis(chance.pick(&[0, 1, 20, 200])),
        max: Duration::from_millis(chance.pick(&[20, 500, 2000])),
        jitter: chance.pick(&[Jitter::Full, Jitter::None]),
    };
    let mode = mode(chance);
    let letters = matches!(mode, Mode::LowLatency { .. }) || chance.percent(50);
    Settings {
        mode,
        failure_topic: letters.then(|| "dead".into()),
        give_up: if letters { give_up(chance) } else { GiveUp::default() },
        max_concurrency: chance.pick(&[1, 1, 2, 3, 4, 8, 32]),
        max_uncommitted: chance.pick(&[1, 1, 2, 4, 16, 64]),
        max_buffered_bytes: chance.pick(&[1, 64, 512, 1 << 20, 64 << 20]),
        kept_keys: chance.pick(&[0, 0, 1, 3, 1024]),
        timeout: Duration::from_millis(chance.pick(&[100, 1000, 5000, 240_000])),
        commit_interval: Duration::from_millis(chance.pick(&[10, 10, 200, 200, 1000, 3_600_000])),
        revoke_timeout: Duration::from_millis(chance.pick(&[0, 10, 300, 2000, 5000])),
        retry: backoff(chance),
        deferral: if chance.percent(70) { Deferral::On(backoff(chance)) } else { Deferral::Off },
        gate: Gate {
            threshold: chance.pick(&[0.0, 0.2, 0.9, 1.0]),
            window: Duration::from_millis(chance.pick(&[500, 3000, 300_000])),
        },
        monopolization: monopolization(chance),
        metadata_units: chance.pick(&[0, 16, 16, 64, 4096, 4096]),
        fairness: Fairness {
            failure_weight: chance.pick(&[0.0, 0.3, 0.3, 0.5, 1.0]),
            max_wait: Duration::from_millis(chance.pick(&[1, 500, 120_000])),
            wait_weight: chance.pick(&[0.0, 0.1, 200.0]),
            // Few, so that an engine is quick to make.
            remembered_keys: 16,
        },
        group: GROUP.into(),
        intake: Intake {
            allowed_events: chance
                .pick(&[&[][..], &[], &[ALLOWED]])
                .iter()
                .map(ToString::to_string)
                .collect(),
            types: vec![Place::Pointer(vec!["type".to_owned()])],
            ids: vec![Place::Pointer(vec!["id".to_owned()])],
            remembered_ids: chance.pick(&[0, 1, 2, 10, 8192, 8192]),
            ..Intake::default()
        },
        seed: chance.bits(),
    }
}

fn mode(chance: &mut Chance) -> Mode {
    match chance.below(10) {
        0..6 => Mode::Pipeline,
        6..8 => Mode::LowLatency { max_retries: chance.pick(&[0, 1, 3]) },
        _ => Mode::BestEffort,
    }
}

fn monopolization(chance: &mut Chance) -> Option<Monopolization> {
    let threshold = chance.pick(&[0.01, 0.1, 0.5, 0.9, 1.0]);
    let window = Duration::from_millis(chance.pick(&[1000, 1000, 4000, 300_000]));
    let watched_keys = chance.pick(&[1, 4, 16]);
    // A key may wait for a window before each of its records, and must be done within the patience of the check.
    let window = if threshold < 0.5 { window.min(Duration::from_secs(4)) } else { window };
    chance.percent(70).then_some(Monopolization { threshold, window, watched_keys })
}

/// Counts in pipeline mode.
fn give_up(chance: &mut Chance) -> GiveUp {
    GiveUp {
        attempts: chance.pick(&[None, None, Some(1), Some(3)]),
        age: chance.pick(&[None, None, Some(Duration::ZERO), Some(Duration::from_millis(700))]),
    }
}

fn letters(chance: &mut Chance) -> Letters {
    Letters {
        refused: chance.pick(&[0, 0, 20, 70]),
        stuck: chance.pick(&[0, 0, 20]),
        longest: chance.pick(&[0, 5, 100, 3000]),
    }
}

fn shell(chance: &mut Chance) -> ShellSettings {
    ShellSettings {
        read_batch: chance.pick(&[1, 3, 16, 512]),
        reads_per_step: chance.pick(&[1, 2, 8]),
        ..ShellSettings::default()
    }
}

fn broker(chance: &mut Chance) -> BrokerSettings {
    BrokerSettings {
        assignor: chance.pick(&[Assignor::Sticky, Assignor::Sticky, Assignor::Range, Assignor::Rotating]),
        protocol: chance.pick(&[
            Protocol::Cooperative,
            Protocol::Cooperative,
            Protocol::Eager,
            Protocol::Incremental,
        ]),
        session_timeout: Duration::from_secs(6),
        rebalance_timeout: Duration::from_secs(chance.pick(&[3, 20, 20])),
        rebalance_delay: Duration::from_millis(chance.pick(&[0, 0, 50, 500])),
        commit_timeout: Duration::from_secs(chance.pick(&[1, 5])),
        reread_timeout: Duration::from_secs(chance.pick(&[1, 5])),
        ..BrokerSettings::default()
    }
}

fn handlers(chance: &mut Chance) -> Handlers {
    Handlers {
        common: chance.pick(&[0, 2, 20, 100]),
        slow: chance.pick(&[0, 0, 5, 20]),
        slow_ms: chance.pick(&[500, 3000]),
        stuck: chance.pick(&[0, 0, 5, 20]),
        transient: chance.pick(&[0, 0, 5, 5, 30, 97]),
        permanent: chance.pick(&[0, 0, 5, 20]),
        unmarked: chance.pick(&[0, 0, 0, 30, 100]),
        forgotten: chance.pick(&[0, 10, 40]),
        mark_ms: chance.pick(&[0, 20, 500, 4000]),
        deaf: chance.pick(&[0, 20, 100]),
    }
}
