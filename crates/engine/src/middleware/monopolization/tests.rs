#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};
use prosody_model::PartitionIndex;

use super::*;
use crate::rng::Rng;

const MS: Duration = Duration::from_millis(1);
const WINDOW: Duration = Duration::from_millis(1_600);

fn watch(threshold: f64, watched_keys: usize) -> Monopolization {
    Monopolization::new(settings::Monopolization { threshold, window: WINDOW, watched_keys })
}

fn facts(key: Option<u64>, ran: Duration) -> Facts {
    Facts { partition: PartitionIndex(0), offset: 0, attempts: 1, key, ran, ..Facts::NONE }
}

impl Monopolization {
    fn call(&mut self, key: u64, ran: Duration, now: Mono) {
        let settled = self.settle(&facts(Some(key), ran), &Outcome::Success, now, &mut Rng::new(0));
        assert_eq!(settled, Settle::Pass);
        assert!(self.watched.len() <= self.most && self.table.len() == self.watched.len());
    }

    fn asks(&mut self, key: u64, now: Mono) -> Admit {
        self.admit(&facts(Some(key), Duration::ZERO), now)
    }
}

fn at(ms: u64) -> Mono {
    Mono(ms * 1_000_000)
}

#[test]
fn a_key_that_always_runs_waits_until_its_share_has_fallen() {
    let mut watch = watch(0.5, 16);
    let mut now = 0;
    while watch.asks(1, at(now)) == Admit::Proceed {
        now += 10;
        watch.call(1, 10 * MS, at(now));
    }
    assert!((800..=820).contains(&now), "{now}: more than half of 1,600");
    let Admit::HoldBack(until) = watch.asks(1, at(now)) else { panic!("it proceeds") };
    // Its first bucket, the hundred milliseconds from zero, leaves the window.
    assert_eq!(until, at(1_600));
    assert_eq!(watch.asks(1, at(1_599)), Admit::HoldBack(until));
    assert_eq!(watch.asks(1, until), Admit::Proceed);
    assert_eq!(watch.asks(2, at(now)), Admit::Proceed, "others do not wait");
}

#[test]
fn one_long_call_counts_over_the_time_in_which_it_ran() {
    let mut watch = watch(0.5, 16);
    watch.call(1, 5_000 * MS, at(10_000));
    // 1,500 ms in fifteen full buckets; eight of them are not too much.
    assert_eq!(watch.asks(1, at(10_000)), Admit::HoldBack(at(10_700)));
    assert_eq!(watch.asks(1, at(10_700)), Admit::Proceed);
}

#[test]
fn records_without_a_key_never_wait() {
    let mut watch = watch(0.1, 16);
    for ms in 0..5_000 {
        _ = watch.settle(&facts(None, 10 * MS), &Outcome::Success, at(ms), &mut Rng::new(0));
    }
    assert_eq!(watch.admit(&facts(None, Duration::ZERO), at(5_000)), Admit::Proceed);
    assert!(watch.watched.is_empty());
}

#[test]
fn only_busy_keys_get_a_ring() {
    let mut watch = watch(0.9, 1_024);
    for ms in 0..20_000_u64 {
        // A hundred thousand light keys, five calls of each millisecond, beside one that always runs.
        for light in 0..5 {
            let key = (ms * 5 + light).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            watch.call(key, MS, at(ms));
        }
        watch.call(7, MS, at(ms));
    }
    assert_eq!(watch.watched.iter().map(|watched| watched.key).collect::<Vec<_>>(), [7]);
    assert!(matches!(watch.asks(7, at(20_000)), Admit::HoldBack(_)));
}

#[test]
fn the_keys_watched_are_bounded_and_make_room_for_later_ones() {
    let mut watch = watch(0.5, 8);
    for round in 0..100_u64 {
        for key in 0..20 {
            watch.call(round * 20 + key, 50 * MS, at(round * 5_000));
        }
    }
    assert_eq!(watch.most, 8);
    for ms in 0..100 {
        watch.call(u64::MAX, 50 * MS, at(600_000 + ms * 50));
    }
    assert!(matches!(watch.asks(u64::MAX, at(605_000)), Admit::HoldBack(_)), "an old key takes its place");
}

proptest! {
    #[test]
    fn it_is_its_model_up_to_what_it_may_miss(
        threshold in 0.2..0.9_f64,
        calls in vec((0..6_u64, 0..40_u64, 0..30_u64), 1..400),
    ) {
        let mut watch = watch(threshold, 64);
        let (mut now, mut model) = (0_u64, BTreeMap::<u64, Vec<(u64, u64)>>::new());
        let limit = 1_600.0 * threshold;
        for (key, run, wait) in calls {
            // One call of a key at a time, and no longer than it may have run.
            now += run + wait;
            watch.call(key, u32::try_from(run).unwrap() * MS, at(now));
            model.entry(key).or_default().extend((now - run..now).map(|ms| (ms, 1)));
            for (&key, ran) in &model {
                let used: u64 = ran.iter().filter(|(ms, _)| ms / 100 + 16 > now / 100).map(|(_, ran)| ran).sum();
                let waits = watch.asks(key, at(now)) != Admit::Proceed;
                prop_assert!(!waits || used as f64 > limit, "{key} waits with {used} of {limit}");
                // Calls before the first busy bucket are not known: less than an eighth of the limit, and two calls.
                prop_assert!(waits || used as f64 <= limit * 1.125 + 60.0, "{key} runs with {used} of {limit}");
            }
        }
    }
}
