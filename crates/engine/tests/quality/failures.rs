//! Keys that fail, and times in which everything does.

use prosody_engine::{Backoff, Gate, Jitter, Settings};

use crate::load::{Load, MS, SECOND, ms};

fn patient() -> Settings {
    let jitter = Jitter::None;
    Settings { retry: Backoff { base: ms(20), max: ms(300_000), jitter }, ..Settings::default() }
}

#[test]
fn a_busy_key_that_failed_once_is_back_on_the_live_path_within_a_second_of_its_success() {
    let mut load = Load::new(Settings::default(), |call, _| {
        let fails = call.record.offset == 1_000 && call.attempt == 1;
        (MS / 5, fails)
    });
    load.flow("busy", 0, 10 * SECOND, 2_000);
    load.run(20 * SECOND);
    let success = load.ran.iter().find(|ran| ran.attempt == 2).unwrap().end;
    let late = load.ran.iter().filter(|ran| ran.start > success + SECOND).map(|ran| ran.start - ran.due);
    let longest = late.max().unwrap();
    assert!(longest <= MS, "{} µs", longest / 1_000);
    assert_eq!(load.ran.len(), 20_001);
    let starts: Vec<_> = load.ran.iter().map(|ran| ran.due).collect();
    assert!(starts.is_sorted(), "in order");
}

#[test]
fn while_everything_fails_reading_stops_and_one_success_brings_it_back() {
    let until = 120 * SECOND;
    let mut load = Load::new(patient(), move |_, now| (MS, now < until));
    for key in 0..2_000 {
        load.flow(&format!("key-{key}"), key * MS, 130 * SECOND, 1);
    }
    load.run(until);
    // Twenty failures say that it is everybody: those parked, the others hold the partition.
    assert!(load.unread() > 200_000, "{}", load.unread());
    assert!(load.most.0 <= 64 + 32 + 20 && load.engine.uncommitted() >= 64, "{:?}", load.most);
    let calls = load.ran.len();
    assert!(calls < 2_000, "{calls} calls, for waits grow");
    load.run(600 * SECOND);
    let first = load.ran.iter().find(|ran| !ran.failed).unwrap().end;
    // Whoever waits in place is tried again within the base delay, and then records are read again.
    let fresh = load.ran.iter().find(|ran| !ran.failed && ran.attempt == 1).unwrap();
    assert!(fresh.start - first <= 25 * MS, "{} ms", (fresh.start - first) / MS);
    // All but the keys parked before the gate closed, a hundredth, are done with the backlog soon.
    let done = load.ran.iter().filter(|ran| !ran.failed && ran.end <= first + 20 * SECOND).count();
    let all = load.ran.iter().filter(|ran| !ran.failed).count();
    assert!(done * 100 >= all * 98, "{done} of {all}");
    assert_eq!((load.unread(), load.engine.records()), (0, 0));
}

#[test]
fn a_wait_in_place_holds_no_slot() {
    let settings = Settings {
        max_concurrency: 2,
        max_uncommitted: 400,
        gate: Gate { threshold: 0.5, window: ms(10_000) },
        retry: Backoff { base: ms(5_000), max: ms(5_000), jitter: Jitter::None },
        ..Settings::default()
    };
    let mut load = Load::new(settings, |call, _| (MS, call.record.key().unwrap().starts_with(b"bad")));
    (0..100).for_each(|key| load.plan(0, &format!("bad-{key}")));
    (0..50).for_each(|key| load.plan(SECOND, &format!("good-{key}")));
    load.run(2 * SECOND);
    assert_eq!(load.ran.iter().filter(|ran| ran.key.starts_with("good")).count(), 50);
    assert!(load.engine.uncommitted() >= 80, "they keep their places: {}", load.engine.uncommitted());
}

#[test]
fn while_some_keys_fail_the_others_do_not_notice() {
    let mut load =
        Load::new(Settings::default(), |call, _| (MS, call.record.key().unwrap().starts_with(b"bad")));
    for key in 0..100 {
        let name = if key % 2 == 0 { "bad" } else { "good" };
        load.flow(&format!("{name}-{key}"), key * MS, 60 * SECOND, 5);
    }
    load.run(60 * SECOND);
    let waits = load.ran.iter().filter(|ran| ran.key.starts_with("good")).map(|ran| ran.start - ran.due);
    let longest = waits.max().unwrap();
    assert_eq!(load.ran.iter().filter(|ran| ran.key.starts_with("good")).count(), 50 * 299);
    assert!(longest <= 5 * MS, "{} ms", longest / MS);
}
