//! Epochs that end while calls run, and drains.

use super::*;

const NEXT: Epoch = Epoch(2);

impl Bench {
    fn drain(&mut self, abort_after: u64, end_after: u64) {
        let at = |seconds| self.now.mono.after(Duration::from_secs(seconds));
        let drain = Input::Drain { abort_at: at(abort_after), deadline: at(end_after) };
        self.step(drain);
    }

    fn drained(&self) -> usize {
        self.actions.iter().filter(|action| matches!(action, Action::Drained { .. })).count()
    }
}

#[test]
fn a_key_waits_for_the_late_call_of_its_last_epoch_and_then_goes_on_in_order() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let late = bench.dispatched()[0].event;
    bench.step(Input::Lost(vec![EPOCH]));
    bench.assign(NEXT, 0);
    bench.records(NEXT, &[(0, "a"), (1, "a"), (2, "b")]);
    assert_eq!(bench.offsets(), [2]);
    bench.settle(late, failed());
    assert_eq!(bench.offsets(), [0]);
    assert_eq!(bench.dispatched()[0].attempt, 1, "attempts of the old epoch are not counted");
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_late_call_outlives_two_epochs() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let late = bench.dispatched()[0].event;
    for epoch in [NEXT, Epoch(3)] {
        bench.assign(epoch, 0);
        bench.records(epoch, &[(0, "a")]);
        assert!(bench.offsets().is_empty());
    }
    assert!(bench.aborts().is_empty(), "asked when its own epoch ended");
    bench.settle(late, Outcome::Success);
    assert_eq!((bench.offsets(), bench.dispatched()[0].epoch), (vec![0], Epoch(3)));
}

#[test]
fn a_partition_that_comes_during_a_drain_is_given_up_at_once() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    bench.drain(8, 10);
    bench.assign_partition(PartitionIndex(1), NEXT, 7);
    assert!(matches!(bench.actions[..], [Action::Release { epoch: NEXT, commit: None }]));
    bench.records(NEXT, &[(7, "a")]);
    assert!(bench.actions.is_empty());
    assert_eq!(bench.engine.room(), 0);
}

#[test]
fn a_partition_revoked_while_it_drains_is_released_once() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.drain(8, 10);
    bench.step(Input::Revoking(vec![EPOCH]));
    bench.settle(event, Outcome::Success);
    assert_eq!((bench.releases(), bench.drained()), (vec![EPOCH], 1));
    bench.wait(Duration::from_secs(20));
    assert!(bench.actions.is_empty(), "{:?}", bench.actions);
}

#[test]
fn a_revocation_ends_a_partition_before_the_drain_would() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    bench.drain(24, 30);
    bench.step(Input::Revoking(vec![EPOCH]));
    bench.wait(Duration::from_secs(5));
    assert_eq!((bench.releases(), bench.aborts().len(), bench.drained()), (vec![EPOCH], 1, 0));
    bench.wait(Duration::from_secs(25));
    assert_eq!(bench.drained(), 1, "the call that never ends does not stop it");
}

#[test]
fn a_drain_with_no_time_ends_at_the_next_tick() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    bench.drain(0, 0);
    assert_eq!(bench.engine.wake_at(), Some(bench.now.mono));
    bench.wait(Duration::ZERO);
    assert_eq!((bench.aborts().len(), bench.releases(), bench.drained()), (1, vec![EPOCH], 1));
}

#[test]
fn a_revocation_of_an_epoch_that_is_over_is_answered() {
    let mut bench = Bench::new(quick());
    bench.step(Input::Lost(vec![EPOCH]));
    bench.step(Input::Revoking(vec![EPOCH]));
    assert_eq!(bench.releases(), [EPOCH]);
}

#[test]
fn a_call_that_was_asked_to_stop_and_is_tried_again_is_asked_again() {
    let mut bench = Bench::new(Settings { timeout: Duration::from_secs(3), ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    for _ in 0..3 {
        let event = bench.dispatched()[0].event;
        bench.wait(Duration::from_secs(3));
        assert_eq!(bench.aborts(), [event]);
        bench.settle(event, failed());
        bench.wait(Duration::from_secs(8));
    }
}

#[test]
fn a_call_past_its_deadline_is_not_asked_again_when_its_partition_goes() {
    let mut bench = Bench::new(Settings { timeout: Duration::from_secs(3), ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let events: Vec<_> = bench.dispatched().iter().map(|call| call.event).collect();
    bench.settle(events[0], Outcome::Success);
    bench.wait(Duration::from_secs(3));
    assert_eq!(bench.aborts(), [events[1]]);
    bench.step(Input::Lost(vec![EPOCH]));
    assert!(bench.aborts().is_empty());
    bench.settle(events[1], Outcome::Success);
    assert_eq!((bench.engine.open_calls(), bench.engine.keys(), bench.engine.bytes()), (0, 0, 0));
}

#[test]
fn a_late_settlement_frees_its_slot_and_says_nothing() {
    let mut bench = Bench::new(Settings { max_concurrency: 1, ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    let late = bench.dispatched()[0].event;
    bench.step(Input::Lost(vec![EPOCH]));
    bench.settle(late, Outcome::Permanent(Failure::new("never")));
    assert!(bench.actions.is_empty(), "{:?}", bench.actions);
    bench.settle(late, Outcome::Success);
    assert_eq!((bench.engine.open_calls(), bench.engine.counters().late), (0, 1));
}

#[test]
fn a_call_that_outlives_a_drain_holds_its_key_in_the_next_membership() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let late = bench.dispatched()[0].event;
    bench.drain(0, 0);
    bench.step(Input::Tick);
    assert_eq!(bench.drained(), 1);
    bench.engine.reopen();
    // The same epoch again: another consumer counts from the beginning.
    bench.assign(EPOCH, 0);
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    assert_eq!(bench.offsets(), [1]);
    bench.settle(late, Outcome::Success);
    assert_eq!(bench.offsets(), [0], "what ended late counts for nothing here");
    assert_ne!(bench.dispatched()[0].event, late);
}
