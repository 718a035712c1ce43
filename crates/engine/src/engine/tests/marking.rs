//! Records that are finished by a mark, and assignments that start elsewhere than at the committed offset.

use super::*;

const NEXT: Epoch = Epoch(2);
const SECOND: Duration = Duration::from_secs(1);

impl Bench {
    /// Delivers records and has the first of them return unmarked; its event.
    fn unmarked(&mut self, records: &[(i64, &str)]) -> EventId {
        self.records(EPOCH, records);
        let event = self.dispatched()[0].event;
        self.settle(event, Outcome::Unmarked);
        event
    }

    /// The offset of the one commit that time brings.
    fn committed(&mut self) -> Option<i64> {
        self.wait(Duration::from_secs(2));
        let commits = self.commits();
        for Commit { epoch, offset, .. } in &commits {
            let (epoch, offset, result) = (*epoch, *offset, CommitResult::Accepted);
            self.step(Input::Committed { epoch, offset, result });
        }
        commits.first().map(|commit| commit.offset)
    }
}

#[test]
fn a_call_that_returns_unmarked_frees_its_slot_and_nothing_else() {
    let mut bench = Bench::new(Settings { max_concurrency: 1, max_uncommitted: 1, ..quick() });
    bench.unmarked(&[(0, "a"), (1, "a"), (2, "b")]);
    assert_eq!(bench.offsets(), [2], "the next key starts, the next record of this one does not");
    assert_eq!((bench.engine.unmarked(), bench.engine.open_calls(), bench.engine.uncommitted()), (1, 1, 1));
    let free = bench.dispatched()[0].event;
    bench.settle(free, Outcome::Success);
    assert_eq!((bench.engine.open_calls(), bench.engine.ready_keys()), (0, 0), "nothing is left to run");
    let commit = bench.committed();
    assert_eq!(commit, Some(0), "what is finished above it goes into the map alone");
}

#[test]
fn unmarked_records_hold_nothing_back_but_their_key_and_the_bytes() {
    let bytes = 8 * 2;
    let settings = Settings { max_concurrency: 2, max_uncommitted: 2, max_buffered_bytes: bytes, ..quick() };
    let mut bench = Bench::new(settings);
    for offset in 0..8 {
        assert!(bench.engine.room() > 0, "there is room for {offset}");
        bench.records(EPOCH, &[(offset, ["a", "b", "c", "d", "e", "f", "g", "h"][offset as usize])]);
        let event = bench.dispatched()[0].event;
        bench.settle(event, Outcome::Unmarked);
    }
    assert_eq!((bench.engine.unmarked(), bench.engine.bytes(), bench.engine.room()), (8, bytes, 0));
}

#[test]
fn a_mark_that_overtakes_the_end_of_its_call_counts_at_that_end() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Marked);
    assert_eq!((bench.offsets(), bench.committed()), (vec![], None), "its handler runs");
    bench.settle(event, Outcome::Unmarked);
    assert_eq!((bench.offsets(), bench.engine.unmarked()), (vec![1], 0));
    let second = bench.dispatched()[0].event;
    bench.settle(second, Outcome::Marked);
    bench.settle(second, failed());
    bench.wait(SECOND);
    assert_eq!(bench.dispatched()[0].attempt, 2, "a failure is a failure");
    bench.settle(bench.dispatched()[0].event, Outcome::Unmarked);
    assert_eq!(bench.engine.unmarked(), 1, "the mark was that of the first attempt");
}

#[test]
fn a_mark_finishes_its_record_and_lets_its_key_go_on() {
    let mut bench = Bench::new(quick());
    let event = bench.unmarked(&[(0, "a"), (1, "a")]);
    assert_eq!(bench.committed(), None);
    bench.settle(event, Outcome::Marked);
    assert_eq!(bench.offsets(), [1]);
    assert_eq!((bench.engine.unmarked(), bench.engine.counters().succeeded), (0, 1));
    assert_eq!(bench.committed(), Some(1));
}

#[test]
fn a_mark_may_come_in_the_batch_of_its_return() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let event = bench.dispatched()[0].event;
    let said = |outcome| Settlement { event, outcome };
    bench.step(Input::Settled(vec![said(Outcome::Unmarked), said(Outcome::Marked)]));
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_second_mark_does_nothing_and_one_of_a_running_call_nothing_yet() {
    let mut bench = Bench::new(quick());
    let first = bench.unmarked(&[(0, "a"), (1, "a")]);
    bench.settle(first, Outcome::Marked);
    let second = bench.dispatched()[0].event;
    for event in [first, second] {
        bench.settle(event, Outcome::Marked);
        assert!(bench.actions.is_empty());
    }
    assert_eq!((bench.engine.open_calls(), bench.engine.counters().outdated), (1, 1));
    bench.settle(second, Outcome::Success);
    assert_eq!(bench.committed(), Some(2));
}

#[test]
fn what_marks_let_go_on_starts_with_the_next_outcomes() {
    let mut bench = Bench::new(quick());
    let event = bench.unmarked(&[(0, "a"), (1, "a")]);
    bench.step(Input::Marked(vec![event]));
    bench.assign_partition(PartitionIndex(1), NEXT, 0);
    assert!(bench.offsets().is_empty(), "its partition may be taken away by what comes next");
    bench.step(Input::Settled(Vec::new()));
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_marked_record_that_was_retried_is_finished_once() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let first = bench.dispatched()[0].event;
    bench.settle(first, failed());
    bench.wait(SECOND);
    let again = bench.dispatched()[0].clone();
    assert_eq!((again.event, again.attempt), (first, 2), "one event through all attempts");
    bench.settle(first, Outcome::Unmarked);
    bench.settle(first, Outcome::Marked);
    assert_eq!((bench.engine.records(), bench.committed()), (0, Some(1)));
}

#[test]
fn an_unmarked_record_has_no_deadline() {
    let mut bench = Bench::new(Settings { timeout: SECOND, ..quick() });
    bench.unmarked(&[(0, "a")]);
    bench.wait(Duration::from_secs(5));
    assert!(bench.aborts().is_empty());
    assert_eq!(bench.engine.wake_at(), None);
}

#[test]
fn a_revocation_does_not_wait_for_a_mark_and_drops_what_has_none() {
    let mut bench = Bench::new(quick());
    let event = bench.unmarked(&[(0, "a"), (1, "a")]);
    bench.step(Input::Revoking(vec![EPOCH]));
    assert!(matches!(bench.actions[..], [Action::Release { epoch: EPOCH, commit: None }]));
    assert_eq!((bench.engine.records(), bench.engine.keys(), bench.engine.bytes()), (0, 0, 0));
    assert_eq!((bench.engine.unmarked(), bench.engine.counters().lapsed), (0, 1));
    bench.settle(event, Outcome::Marked);
    assert_eq!(bench.engine.counters().outdated, 1);
    bench.assign(NEXT, 0);
    bench.records(NEXT, &[(0, "a")]);
    assert_eq!(bench.offsets(), [0], "whoever owns it next runs it again");
}

#[test]
fn a_mark_that_comes_while_another_call_of_a_leaving_partition_runs_counts() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c")]);
    let events: Vec<_> = bench.dispatched().iter().map(|call| call.event).collect();
    bench.settle(events[0], Outcome::Unmarked);
    bench.step(Input::Revoking(vec![EPOCH]));
    bench.settle(events[1], Outcome::Unmarked);
    assert!(bench.releases().is_empty(), "one still runs");
    bench.settle(events[0], Outcome::Marked);
    bench.settle(events[1], Outcome::Marked);
    bench.settle(events[2], Outcome::Unmarked);
    assert_eq!((bench.releases(), bench.commits()[0].offset), (vec![EPOCH], 2));
}

#[test]
fn a_drain_does_not_wait_for_marks() {
    let mut bench = Bench::new(quick());
    bench.unmarked(&[(0, "a")]);
    let at = |seconds| Mono::default().after(Duration::from_secs(seconds));
    bench.step(Input::Drain { abort_at: at(8), deadline: at(10) });
    assert_eq!(bench.releases(), [EPOCH]);
    assert!(matches!(bench.actions.last(), Some(Action::Drained { unfinished_calls: 0 })));
}

#[test]
fn a_loss_frees_the_keys_of_unmarked_records() {
    let mut bench = Bench::new(quick());
    let late = bench.unmarked(&[(0, "a"), (1, "a")]);
    bench.step(Input::Lost(vec![EPOCH]));
    bench.assign(NEXT, 0);
    bench.records(NEXT, &[(0, "a"), (1, "a")]);
    assert_eq!(bench.offsets(), [0]);
    let event = bench.dispatched()[0].event;
    bench.settle(late, Outcome::Marked);
    assert!(bench.actions.is_empty(), "it was a mark of the epoch before");
    bench.settle(event, Outcome::Success);
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_late_call_that_returns_unmarked_is_no_record_any_more() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let late = bench.dispatched()[0].event;
    bench.step(Input::Lost(vec![EPOCH]));
    bench.settle(late, Outcome::Unmarked);
    assert_eq!((bench.engine.unmarked(), bench.engine.records(), bench.engine.keys()), (0, 0, 0));
}

#[test]
fn a_start_that_was_chosen_is_committed_though_no_record_comes() {
    let mut bench = Bench::new(quick());
    bench.assign_at(PartitionIndex(1), NEXT, 40, true);
    assert_eq!(bench.committed(), Some(40));
    assert_eq!(bench.committed(), None, "once is enough");
    bench.assign_at(PartitionIndex(2), Epoch(3), 7, true);
    bench.step(Input::Revoking(vec![Epoch(3)]));
    assert_eq!(bench.commits()[0].offset, 7, "and at the latest when the partition goes");
}
