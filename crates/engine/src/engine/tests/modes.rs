//! What a failure leads to, mode by mode.

use super::*;
use crate::{GiveUp, Mode};

fn settings(mode: Mode) -> Settings {
    let retry =
        crate::Backoff { base: Duration::from_secs(1), max: Duration::from_secs(8), jitter: Jitter::None };
    Settings { mode, retry, ..quick() }
}

impl Bench {
    /// Fails the call that was just started, and waits for the next one; the attempts made so far.
    fn fail_until_given_up(&mut self) -> u32 {
        let mut attempts = 0;
        while let Some(call) = self.dispatched().first().cloned() {
            assert_eq!(call.record.offset, 0);
            attempts = call.attempt;
            self.settle(call.event, failed());
            if !self.disposed().is_empty() {
                break;
            }
            self.wait(Duration::from_secs(8));
        }
        attempts
    }

    fn disposed(&self) -> Vec<i64> {
        let disposed = |action: &Action| match action {
            Action::Observe(observation) => match **observation {
                Observation::Disposed { offset, .. } => Some(offset),
                _ => None,
            },
            _ => None,
        };
        self.actions.iter().filter_map(disposed).collect()
    }
}

#[test]
fn low_latency_makes_one_attempt_more_than_retries_and_gives_the_record_up() {
    for max_retries in [0, 1, 3] {
        let mut bench = Bench::new(settings(Mode::LowLatency { max_retries }));
        bench.records(EPOCH, &[(0, "a")]);
        assert_eq!(bench.fail_until_given_up(), max_retries + 1);
        bench.wait(Duration::from_secs(1));
        assert_eq!(bench.commits()[0].offset, 1);
    }
}

#[test]
fn a_low_latency_retry_keeps_its_place_and_holds_no_slot() {
    let mode = Mode::LowLatency { max_retries: 3 };
    let mut bench = Bench::new(Settings { max_concurrency: 1, max_uncommitted: 1, ..settings(mode) });
    bench.records(EPOCH, &[(0, "a")]);
    let first = bench.dispatched()[0].event;
    bench.settle(first, failed());
    assert_eq!((bench.engine.open_calls(), bench.engine.uncommitted()), (0, 1));
    assert_eq!(bench.engine.room(), 0, "the partition is held back");
}

#[test]
fn best_effort_gives_up_at_the_first_failure_of_either_kind() {
    for outcome in [failed(), Outcome::Permanent(Failure::new("never"))] {
        let mut bench = Bench::new(settings(Mode::BestEffort));
        bench.records(EPOCH, &[(0, "a"), (1, "a")]);
        let first = bench.dispatched()[0].event;
        bench.settle(first, outcome);
        assert_eq!((bench.disposed(), bench.offsets()), (vec![0], vec![1]));
    }
}

#[test]
fn pipeline_gives_up_at_the_bound_that_is_reached_first() {
    let attempts = GiveUp { attempts: Some(3), age: None };
    let mut bench = Bench::new(Settings { give_up: attempts, ..settings(Mode::Pipeline) });
    bench.records(EPOCH, &[(0, "a")]);
    assert_eq!(bench.fail_until_given_up(), 3);
    // Attempts at 0, 8 and 16 s: the third failure is the first that is old enough.
    let age = GiveUp { attempts: Some(9), age: Some(Duration::from_secs(9)) };
    let mut bench = Bench::new(Settings { give_up: age, ..settings(Mode::Pipeline) });
    bench.records(EPOCH, &[(0, "a")]);
    assert_eq!(bench.fail_until_given_up(), 3);
}

#[test]
fn a_transient_failure_in_a_partition_that_leaves_is_not_given_up() {
    let mut bench = Bench::new(settings(Mode::BestEffort));
    bench.records(EPOCH, &[(0, "a")]);
    let call = bench.dispatched()[0].event;
    bench.step(Input::Revoking(vec![EPOCH]));
    bench.settle(call, failed());
    assert_eq!(bench.disposed(), [0_i64; 0]);
    assert_eq!(bench.releases(), [EPOCH]);
    assert_eq!(bench.commits(), []);
}
