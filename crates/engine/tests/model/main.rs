//! The whole engine against a model: any inputs, tiny limits, every promise checked after every step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use proptest::{collection::vec, prelude::*};
use prosody_engine::{
    Backoff, CommitResult, Deferral, Fairness, Gate, Intake, Jitter, Monopolization, Settings,
};

mod checks;
mod log;
mod part;
mod world;

use world::World;

/// One thing that happens. Numbers name something by position, modulo what there is.
#[derive(Clone, Debug)]
pub enum Step {
    /// Of a partition that is held only with `unannounced`: the end of the earlier assignment was not told.
    Assign {
        partition: usize,
        unannounced: bool,
    },
    Deliver {
        partition: usize,
        count: usize,
    },
    Settle {
        call: usize,
        count: usize,
        end: End,
    },
    Revoke(Vec<usize>),
    Lose(usize),
    Answer {
        commit: usize,
        result: CommitResult,
    },
    Wait(u64),
    Drain {
        abort_after: u64,
        end_after: u64,
    },
}

/// How a call ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Success,
    Transient,
    RetryAfter(u64),
    Permanent,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Success),
        3 => Just(End::Transient),
        1 => (0..80_u64).prop_map(End::RetryAfter),
        1 => Just(End::Permanent),
    ]
}

fn answer() -> impl Strategy<Value = CommitResult> {
    prop_oneof![
        4 => Just(CommitResult::Accepted),
        1 => Just(CommitResult::Refused),
        1 => Just(CommitResult::MetadataTooLarge),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3_usize, proptest::bool::weighted(0.1)).prop_map(|(partition, unannounced)| Step::Assign { partition, unannounced }),
        48 => (0..3_usize, 1..9_usize).prop_map(|(partition, count)| Step::Deliver { partition, count }),
        48 => (any::<usize>(), 1..4_usize, end()).prop_map(|(call, count, end)| Step::Settle { call, count, end }),
        3 => vec(0..3_usize, 1..3).prop_map(Step::Revoke),
        2 => (0..3_usize).prop_map(Step::Lose),
        24 => (any::<usize>(), answer()).prop_map(|(commit, result)| Step::Answer { commit, result }),
        36 => (0..60_u64).prop_map(Step::Wait),
    ]
}

/// Some time, then perhaps a drain and what happens during it.
fn story() -> impl Strategy<Value = Vec<Step>> {
    let drain = (0..40_u64, 0..40_u64).prop_map(|(a, b)| Step::Drain { abort_after: a.min(b), end_after: b });
    (vec(step(), 1..400), proptest::option::of(drain), vec(step(), 0..30)).prop_map(
        |(mut steps, drain, rest)| {
            steps.extend(drain);
            steps.extend(rest);
            steps
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let ms = Duration::from_millis;
    let limits =
        (1..5_usize, 1..7_usize, 1..80_usize, prop_oneof![Just(0_usize), Just(8), Just(12), Just(4096)]);
    let times = (5..200_u64, 2..40_u64, 0..30_u64);
    let weight = prop_oneof![Just(0.0), Just(0.3), Just(1.0)];
    let gate = (prop_oneof![Just(0.0), Just(0.3), Just(1.0)], 20..2_000_u64)
        .prop_map(move |(threshold, window)| Gate { threshold, window: ms(window) });
    let monopolization =
        proptest::option::of((0.01..1.0_f64, 100..2_000_u64).prop_map(move |(threshold, window)| {
            Monopolization { threshold, window: ms(window), watched_keys: 4 }
        }));
    (limits, times, (weight, gate, monopolization), any::<bool>(), any::<bool>(), any::<u64>()).prop_map(
        move |(
            (concurrency, uncommitted, bytes, units),
            (timeout, interval, revoke),
            (weight, gate, monopolization),
            defer,
            jitter,
            seed,
        )| {
            let jitter = if jitter { Jitter::Full } else { Jitter::None };
            let backoff = Backoff { base: ms(5), max: ms(40), jitter };
            Settings {
                max_concurrency: concurrency,
                max_uncommitted: uncommitted,
                max_buffered_bytes: bytes,
                timeout: ms(timeout),
                commit_interval: ms(interval),
                revoke_timeout: ms(revoke),
                retry: backoff,
                gate,
                monopolization,
                deferral: if defer { Deferral::On(backoff) } else { Deferral::Off },
                metadata_units: units,
                fairness: Fairness {
                    failure_weight: weight,
                    max_wait: ms(50),
                    wait_weight: 0.1,
                    remembered_keys: 4,
                },
                intake: Intake::default(),
                seed,
                ..Settings::default()
            }
        },
    )
}

/// Four times the usual number of cases: a thousand take a third of a second.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases * 4, max_shrink_iters: 20_000, failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_engine_keeps_its_promises(settings in settings(), steps in story()) {
        let mut world = World::new(settings);
        for step in steps {
            world.take(step);
        }
        world.heal();
    }
}
