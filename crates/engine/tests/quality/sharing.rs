//! Handler time among keys, and between fresh records and retries.

use prosody_engine::{Backoff, Deferral, Gate, Jitter, Mode, Monopolization, Settings};

use crate::load::{Load, MS, SECOND, ms};

/// Failed keys come back at once, and the gate stays open.
fn quick(slots: usize) -> Settings {
    Settings {
        max_concurrency: slots,
        max_uncommitted: 256,
        deferral: Deferral::On(Backoff { base: ms(1), max: ms(1), jitter: Jitter::None }),
        gate: Gate { threshold: 1.0, ..Gate::default() },
        monopolization: None,
        ..Settings::default()
    }
}

fn fails(key: &[u8]) -> bool {
    key.starts_with(b"bad")
}

/// Records for all slots and more, on two hundred keys.
fn backlog(load: &mut Load, at: u64, records: usize) {
    for number in 0..records {
        load.plan(at, &format!("good-{}", number % 200));
    }
}

#[test]
fn retries_get_their_share_while_fresh_records_wait_on_any_number_of_slots() {
    for slots in [1, 2, 3, 32] {
        let mut load = Load::new(quick(slots), |call, _| (10 * MS, fails(call.record.key().unwrap())));
        // Failures of many keys, for ever, and a backlog that outlasts them.
        (0..100).for_each(|key| load.plan(0, &format!("bad-{key}")));
        backlog(&mut load, 0, 40_000);
        let from = 3 * SECOND + 60 * SECOND / slots as u64;
        load.run(from + 10 * SECOND);
        let (least, most) = load.shares(from);
        assert!(load.unread() > 0 && least >= 0.25 && most <= 0.35, "{slots}: {least} {most}");
    }
}

#[test]
fn retries_in_low_latency_mode_are_of_the_retry_class() {
    let settings = Settings {
        mode: Mode::LowLatency { max_retries: u32::MAX },
        retry: Backoff { base: ms(1), max: ms(1), jitter: Jitter::None },
        ..quick(2)
    };
    let mut load = Load::new(settings, |call, _| (10 * MS, fails(call.record.key().unwrap())));
    (0..100).for_each(|key| load.plan(0, &format!("bad-{key}")));
    backlog(&mut load, 0, 20_000);
    load.run(43 * SECOND);
    let (least, most) = load.shares(33 * SECOND);
    assert!(load.unread() > 0 && least >= 0.25 && most <= 0.35, "{least} {most}");
}

#[test]
fn fresh_records_keep_their_share_within_a_second_of_a_burst_of_retries() {
    for slots in [1, 2, 3, 32] {
        // The gate is shut out: what is measured is the scheduler.
        let burst_at = 600 * SECOND;
        let mut load = Load::new(quick(slots), move |call, now| {
            (10 * MS, fails(call.record.key().unwrap()) && now < burst_at + 60 * SECOND)
        });
        for second in 0..600 {
            backlog(&mut load, second * SECOND, 95 * slots.min(3));
        }
        load.run(burst_at - SECOND);
        assert!(load.ran.iter().all(|ran| !ran.failed));
        // Failures enough for the retry class to wait at all times, beside a backlog.
        (0..200).for_each(|key| load.plan(burst_at, &format!("bad-{key}")));
        backlog(&mut load, burst_at, 40_000);
        // It begins once the first attempts have failed.
        load.run(burst_at + 20 * SECOND);
        let begun = load.ran.iter().find(|ran| ran.failed).unwrap().end;
        let within = load.ran.iter().filter(|ran| ran.end > begun && ran.end <= begun + SECOND);
        let (mut fresh, mut all) = (0, 0);
        for ran in within {
            all += ran.end - ran.start;
            fresh += if ran.attempt == 1 { ran.end - ran.start } else { 0 };
        }
        let share = fresh as f64 / all as f64;
        assert!(share >= 0.68, "{slots}: fresh records got {share}");
    }
}

/// Jain's index: 1 when all have the same, 1/n when one has it all.
fn jain(shares: &[u64]) -> f64 {
    let sum: f64 = shares.iter().map(|&share| share as f64).sum();
    let squares: f64 = shares.iter().map(|&share| (share as f64).powi(2)).sum();
    sum * sum / (shares.len() as f64 * squares)
}

#[test]
fn twenty_heavy_keys_beside_twenty_light_ones_get_the_same_time() {
    let settings = Settings { max_concurrency: 4, max_uncommitted: 65_536, ..Settings::default() };
    let mut load = Load::new(settings, |call, _| {
        (if call.record.key().unwrap().starts_with(b"heavy") { 20 * MS } else { MS }, false)
    });
    for number in 0..1_000 {
        for key in 0..20 {
            load.plan(0, &format!("light-{key}"));
            if number < 100 {
                load.plan(0, &format!("heavy-{key}"));
            }
        }
    }
    load.run(9 * SECOND);
    let used: Vec<_> = load.used(0).into_values().collect();
    let index = jain(&used);
    assert!(used.len() == 40 && index >= 0.95, "{index} {used:?}");
}

#[test]
fn a_key_that_floods_holds_nobody_up() {
    for slots in [1, 4, 32] {
        let settings = Settings { max_concurrency: slots, ..Settings::default() };
        let mut load = Load::new(settings, |_, _| (MS, false));
        // A hundred keys trickle, five records a second in all to each slot; one brings a hundred times as much as each.
        let each = 2;
        (0..100).for_each(|key| load.flow(&format!("trickle-{key}"), key * MS, 20 * SECOND, each));
        load.flow("flood", 0, 20 * SECOND, 100 * each);
        load.run(25 * SECOND);
        let waits = load.ran.iter().filter(|ran| ran.key != "flood").map(|ran| ran.start - ran.due);
        let longest = waits.max().unwrap();
        assert_eq!(load.ran.len(), 99 * 39 + 40 + 4_000);
        assert!(longest <= 20 * MS, "{slots}: {} ms", longest / MS);
    }
}

#[test]
fn a_key_that_floods_beyond_what_there_is_holds_nobody_up_for_long() {
    let settings = Settings { max_concurrency: 1, max_uncommitted: 65_536, ..Settings::default() };
    let mut load = Load::new(settings, |_, _| (MS, false));
    // Two records a second each, and a thousand at once every half second of one key: more than the slot can do.
    (0..100).for_each(|key| load.flow(&format!("trickle-{key}"), key * MS, 20 * SECOND, 2));
    load.flow("flood", 0, 20 * SECOND, 2_000);
    load.run(20 * SECOND);
    let waits = load.ran.iter().filter(|ran| ran.key != "flood").map(|ran| ran.start - ran.due);
    let longest = waits.max().unwrap();
    assert!(longest <= 100 * MS, "{} ms", longest / MS);
}

#[test]
fn a_key_that_always_runs_waits_and_the_others_have_its_slot() {
    let monopolization = Monopolization { threshold: 0.5, window: ms(16_000), watched_keys: 64 };
    let settings =
        Settings { max_concurrency: 2, monopolization: Some(monopolization), ..Settings::default() };
    let mut load = Load::new(settings, |_, _| (10 * MS, false));
    load.flow("hog", 0, 100 * SECOND, 100);
    load.flow("other", 0, 100 * SECOND, 1);
    load.run(100 * SECOND);
    let used = load.used(0);
    let share = used["hog"] as f64 / (100 * SECOND) as f64;
    assert!((0.45..=0.55).contains(&share), "{share}");
    assert_eq!(used["other"], 100 * 10 * MS, "it never waits");
    assert!(load.ran.iter().all(|ran| ran.attempt == 1), "a wait is no attempt");
    assert!(load.engine.counters().held_back > 0 && load.engine.counters().transient == 0);
    // It gets all of its work done once it has time to.
    load.run(250 * SECOND);
    assert_eq!(load.ran.len(), 10_000 + 100);
}
