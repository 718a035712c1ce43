//! Keys that ran too much, and wait.

use super::*;
use crate::{GiveUp, Mode, Monopolization};

const SECOND: Duration = Duration::from_secs(1);

/// A key may run for half of any 16 s.
fn watched(mode: Mode) -> Settings {
    let monopolization = Some(Monopolization { threshold: 0.5, window: 16 * SECOND, watched_keys: 4 });
    Settings { mode, monopolization, ..quick() }
}

impl Bench {
    /// Until when the latest step holds a key back.
    fn held_back(&self) -> Option<Mono> {
        self.actions.iter().find_map(|action| match action {
            Action::Observe(observation) => match **observation {
                Observation::HeldBack { until, .. } => Some(until),
                _ => None,
            },
            _ => None,
        })
    }

    /// Ends the first of the calls just started after so long.
    fn run_for(&mut self, time: Duration, outcome: Outcome) {
        let call = self.dispatched()[0].event;
        self.wait(time);
        self.settle(call, outcome);
    }
}

#[test]
fn a_wait_for_what_a_key_has_done_is_no_part_of_how_long_its_record_has_been_failing() {
    let give_up = GiveUp { attempts: Some(3), age: Some(14 * SECOND) };
    let mut bench = Bench::new(Settings { give_up, ..watched(Mode::Pipeline) });
    bench.records(EPOCH, &[(0, "a")]);
    // It runs from 0 to 12 s and is due at 13 s; within 16 s it may have run for 8 s only from 20 s on.
    bench.run_for(12 * SECOND, failed());
    bench.wait(SECOND);
    let until = bench.held_back().unwrap();
    assert!((Mono(19_000_000_000)..Mono(22_000_000_000)).contains(&until), "{until:?}");
    assert_eq!(bench.offsets(), [0_i64; 0]);
    let Counters { transient, held_back, disposed, .. } = *bench.engine.counters();
    assert_eq!((transient, held_back, disposed), (1, 1, 0));
    bench.wait(until.since(bench.now.mono));
    assert_eq!(bench.dispatched()[0].attempt, 2, "the wait was no attempt");
    // By the clock the record is 20 s old, by what it was tried for 13.
    bench.run_for(SECOND / 2, failed());
    assert_eq!(bench.engine.counters().disposed, 0);
    // The third failure is one too many.
    bench.wait(8 * SECOND);
    if let Some(until) = bench.held_back() {
        bench.wait(until.since(bench.now.mono));
    }
    bench.run_for(SECOND / 2, failed());
    assert_eq!(bench.engine.counters().disposed, 1);
}

#[test]
fn a_key_that_is_held_back_holds_neither_a_slot_nor_a_place() {
    let one = Settings { max_concurrency: 1, max_uncommitted: 2, ..watched(Mode::Pipeline) };
    let mut bench = Bench::new(one);
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "a")]);
    bench.run_for(12 * SECOND, Outcome::Success);
    assert!(bench.held_back().is_some());
    assert_eq!((bench.engine.open_calls(), bench.engine.uncommitted()), (0, 0));
    assert_eq!(bench.engine.parked_keys(), 1);
    bench.records(EPOCH, &[(3, "b")]);
    assert_eq!(bench.offsets(), [3]);
}

#[test]
fn keys_are_held_back_in_pipeline_mode_alone() {
    for mode in [Mode::LowLatency { max_retries: 1 }, Mode::BestEffort] {
        let mut bench = Bench::new(watched(mode));
        bench.records(EPOCH, &[(0, "a"), (1, "a")]);
        bench.run_for(12 * SECOND, Outcome::Success);
        assert_eq!((bench.offsets(), bench.held_back()), (vec![1], None));
    }
}

#[test]
fn the_time_of_a_call_that_returned_unmarked_counts_and_the_wait_for_its_mark_does_not() {
    for (ran, waits, held_back) in [(SECOND, 11 * SECOND, false), (12 * SECOND, Duration::ZERO, true)] {
        let mut bench = Bench::new(watched(Mode::Pipeline));
        bench.records(EPOCH, &[(0, "a"), (1, "a")]);
        let event = bench.dispatched()[0].event;
        bench.run_for(ran, Outcome::Unmarked);
        bench.wait(waits);
        bench.settle(event, Outcome::Marked);
        assert_eq!(bench.held_back().is_some(), held_back, "after {ran:?}");
        assert_eq!(bench.offsets().is_empty(), held_back);
    }
}
