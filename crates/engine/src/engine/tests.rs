#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use prosody_model::{EventId, Failure, Outcome, PartitionIndex, Record, RecordParts};

use super::*;
use crate::{Assignment, Commit, CommitResult, Deferral, Dispatch, Jitter, Observation, Settlement};

mod bounds;
mod commits;
mod dead_letters;
mod dedup;
mod explain;
mod giving;
mod handover;
mod held_back;
mod marking;
mod modes;
mod outage;
mod stalls;

/// An engine on partition 0, epoch 1, and the actions of its latest step.
struct Bench {
    engine: Engine,
    now: Now,
    actions: Vec<Action>,
}

const EPOCH: Epoch = Epoch(1);

impl Bench {
    fn new(settings: Settings) -> Self {
        let mut bench = Self { engine: Engine::new(settings), now: Now::default(), actions: Vec::new() };
        bench.assign(EPOCH, 0);
        bench
    }

    fn step(&mut self, input: Input) {
        self.actions.clear();
        self.engine.step(input, self.now, &mut self.actions);
    }

    fn assign(&mut self, epoch: Epoch, committed: i64) {
        self.assign_partition(PartitionIndex(0), epoch, committed);
    }

    fn assign_partition(&mut self, partition: PartitionIndex, epoch: Epoch, committed: i64) {
        self.assign_at(partition, epoch, committed, false);
    }

    fn assign_at(&mut self, partition: PartitionIndex, epoch: Epoch, committed: i64, moved: bool) {
        let (committed, metadata) = (Some(committed), String::new());
        self.step(Input::Assigned(Assignment { epoch, partition, committed, metadata, moved }));
    }

    /// Delivers records with these offsets and keys.
    fn records(&mut self, epoch: Epoch, records: &[(i64, &str)]) {
        let record = |&(offset, key): &(i64, &str)| {
            let parts = RecordParts { offset, timestamp: 0, key: Some(key.as_bytes()), value: Some(b"v") };
            Record::new(parts, [])
        };
        self.step(Input::Records { epoch, records: records.iter().map(record).collect() });
    }

    fn dispatched(&self) -> Vec<Dispatch> {
        let dispatch = |action: &Action| match action {
            Action::Dispatch(dispatch) => Some(dispatch.clone()),
            _ => None,
        };
        self.actions.iter().filter_map(dispatch).collect()
    }

    fn offsets(&self) -> Vec<i64> {
        self.dispatched().iter().map(|d| d.record.offset).collect()
    }

    fn settle(&mut self, event: EventId, outcome: Outcome) {
        self.step(Input::Settled(vec![Settlement { event, outcome }]));
    }

    fn wait(&mut self, time: Duration) {
        self.now.mono = self.now.mono.after(time);
        self.step(Input::Tick);
    }

    fn releases(&self) -> Vec<Epoch> {
        let release = |action: &Action| match action {
            Action::Release { epoch, .. } => Some(*epoch),
            _ => None,
        };
        self.actions.iter().filter_map(release).collect()
    }

    fn aborts(&self) -> Vec<EventId> {
        let abort = |action: &Action| match action {
            Action::Abort { event, .. } => Some(*event),
            _ => None,
        };
        self.actions.iter().filter_map(abort).collect()
    }

    fn commits(&self) -> Vec<Commit> {
        let commit = |action: &Action| match action {
            Action::Commit(commit) => Some(commit.clone()),
            Action::Release { commit, .. } => commit.clone(),
            _ => None,
        };
        self.actions.iter().filter_map(commit).collect()
    }
}

fn quick() -> Settings {
    let backoff =
        crate::Backoff { base: Duration::from_secs(1), max: Duration::from_secs(8), jitter: Jitter::None };
    Settings {
        max_concurrency: 4,
        max_uncommitted: 8,
        deferral: Deferral::On(backoff),
        ..Settings::default()
    }
}

fn failed() -> Outcome {
    Outcome::Transient(Failure::new("no"))
}

#[test]
fn one_key_runs_in_order_and_one_at_a_time_while_others_run_beside_it() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "b"), (3, "a")]);
    assert_eq!(bench.offsets(), [0, 2]);
    let first = bench.dispatched()[0].event;
    bench.settle(first, Outcome::Success);
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_transient_failure_holds_back_only_its_own_key() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "b")]);
    let first = bench.dispatched()[0].event;
    bench.settle(first, failed());
    bench.records(EPOCH, &[(3, "a"), (4, "b"), (5, "c")]);
    assert_eq!(bench.offsets(), [5]);
    bench.wait(Duration::from_millis(999));
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.offsets(), [0]);
    assert_eq!(bench.dispatched()[0].attempt, 2);
}

#[test]
fn parked_records_leave_the_count_of_uncommitted_ones() {
    let mut bench = Bench::new(Settings { max_uncommitted: 2, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "a")]);
    assert_eq!(bench.engine.uncommitted(), 2);
    let first = bench.dispatched()[0].event;
    bench.settle(first, failed());
    assert_eq!(bench.engine.uncommitted(), 0);
    assert_eq!(bench.engine.records(), 3);
}

#[test]
fn the_offset_committed_is_the_first_one_not_finished_with_the_finished_ones_above_in_the_metadata() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c")]);
    let events: Vec<_> = bench.dispatched().iter().map(|d| d.event).collect();
    bench.settle(events[1], Outcome::Success);
    bench.wait(Duration::from_secs(1));
    let commits = bench.commits();
    assert_eq!((commits[0].offset, commits.len()), (0, 1));
    let mut successor = Bench::new(quick());
    let (partition, metadata) = (PartitionIndex(0), commits[0].metadata.clone());
    let (epoch, committed, moved) = (Epoch(2), Some(0), false);
    successor.step(Input::Assigned(Assignment { epoch, partition, committed, metadata, moved }));
    successor.records(Epoch(2), &[(0, "a"), (1, "b"), (2, "c")]);
    assert_eq!(successor.offsets(), [0, 2]);
}

#[test]
fn one_commit_of_a_partition_is_on_its_way_at_a_time() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let events: Vec<_> = bench.dispatched().iter().map(|d| d.event).collect();
    bench.settle(events[0], Outcome::Success);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits().len(), 1);
    bench.settle(events[1], Outcome::Success);
    bench.wait(Duration::from_secs(5));
    assert_eq!(bench.commits().len(), 0);
    bench.step(Input::Committed { epoch: EPOCH, offset: 1, result: CommitResult::Accepted });
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 2);
}

#[test]
fn a_refused_commit_is_made_again() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    bench.wait(Duration::from_secs(1));
    bench.step(Input::Committed { epoch: EPOCH, offset: 1, result: CommitResult::Refused });
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 1);
}

#[test]
fn a_revocation_waits_for_started_calls_and_drops_the_queue() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "b")]);
    let events: Vec<_> = bench.dispatched().iter().map(|d| d.event).collect();
    bench.step(Input::Revoking(vec![EPOCH]));
    assert!(bench.actions.is_empty(), "{:?}", bench.actions);
    bench.settle(events[0], Outcome::Success);
    assert!(bench.actions.is_empty(), "{:?}", bench.actions);
    bench.settle(events[1], failed());
    assert_eq!(bench.commits()[0].offset, 1);
    assert_eq!((bench.engine.held_partitions(), bench.engine.records(), bench.engine.bytes()), (0, 0, 0));
}

#[test]
fn a_call_that_outlives_its_revocation_is_aborted_and_keeps_its_slot_and_its_key() {
    let mut bench = Bench::new(Settings { max_concurrency: 2, ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    let stuck = bench.dispatched()[0].event;
    bench.step(Input::Revoking(vec![EPOCH]));
    bench.wait(Duration::from_secs(5));
    assert!(matches!(bench.actions[0], Action::Abort { event, .. } if event == stuck), "{:?}", bench.actions);
    assert!(bench.actions.iter().any(|a| matches!(a, Action::Release { epoch: EPOCH, commit: None })));
    bench.assign(Epoch(2), 0);
    bench.records(Epoch(2), &[(0, "a"), (1, "b"), (2, "c")]);
    assert_eq!(bench.offsets(), [1], "key a and one of two slots are still taken");
    bench.settle(stuck, Outcome::Success);
    assert_eq!(bench.offsets(), [2]);
    assert_eq!(bench.engine.counters().late, 1);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    assert_eq!(bench.offsets(), [0], "what the old epoch finished counts for nothing");
}

#[test]
fn a_lost_partition_commits_nothing() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    bench.step(Input::Lost(vec![EPOCH]));
    assert!(bench.commits().is_empty());
    assert!(matches!(bench.actions[0], Action::Abort { .. }));
}

#[test]
fn a_deadline_asks_and_takes_nothing_away() {
    let mut bench = Bench::new(Settings { timeout: Duration::from_secs(3), ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let event = bench.dispatched()[0].event;
    bench.wait(Duration::from_secs(3));
    assert!(matches!(bench.actions[..], [Action::Abort { .. }]), "{:?}", bench.actions);
    bench.wait(Duration::from_secs(3));
    assert!(bench.actions.is_empty(), "asked once: {:?}", bench.actions);
    assert_eq!(bench.engine.open_calls(), 1);
    bench.settle(event, Outcome::Success);
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_drain_commits_what_finished_and_ends_in_its_time() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "a")]);
    let events: Vec<_> = bench.dispatched().iter().map(|d| d.event).collect();
    let (abort_at, deadline) =
        (bench.now.mono.after(Duration::from_secs(8)), bench.now.mono.after(Duration::from_secs(10)));
    bench.step(Input::Drain { abort_at, deadline });
    bench.settle(events[0], Outcome::Success);
    bench.wait(Duration::from_secs(8));
    assert_eq!(bench.aborts(), [events[1]]);
    assert_eq!(bench.commits()[0].offset, 1);
    bench.wait(Duration::from_secs(2));
    assert_eq!((bench.releases(), bench.commits()[0].offset), (vec![EPOCH], 1));
    assert!(
        matches!(bench.actions.last(), Some(Action::Drained { unfinished_calls: 1 })),
        "{:?}",
        bench.actions
    );
}

#[test]
fn a_permanent_failure_is_said_and_done() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Permanent(Failure::new("never")));
    assert!(bench.actions.iter().any(|a| matches!(a, Action::Observe(_))));
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn records_of_an_old_epoch_are_dropped_at_the_door() {
    let mut bench = Bench::new(quick());
    bench.step(Input::Lost(vec![EPOCH]));
    bench.records(EPOCH, &[(0, "a")]);
    assert_eq!((bench.offsets().len(), bench.engine.records(), bench.engine.bytes()), (0, 0, 0));
}

#[test]
fn records_without_a_key_run_beside_each_other() {
    let mut bench = Bench::new(quick());
    let record = |offset| Record::new(RecordParts { offset, ..RecordParts::default() }, []);
    bench.step(Input::Records { epoch: EPOCH, records: vec![record(0), record(1)] });
    assert_eq!(bench.offsets(), [0, 1]);
}

#[test]
fn a_full_map_holds_the_partition_and_lets_it_go_on() {
    let mut bench = Bench::new(Settings { metadata_units: 0, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    assert_eq!(bench.offsets(), [0], "without metadata one record at a time is safe");
    assert!(!bench.engine.reads(EPOCH));
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    assert_eq!(bench.offsets(), [1]);
    assert!(bench.engine.reads(EPOCH));
}

#[test]
fn a_slow_key_holds_back_only_itself_however_many_of_its_records_wait() {
    let mut bench = Bench::new(Settings { max_concurrency: 2, max_uncommitted: 2, ..quick() });
    bench.records(EPOCH, &[(0, "slow"), (1, "slow"), (2, "slow"), (3, "slow"), (4, "b"), (5, "c")]);
    let mut ran = bench.dispatched();
    assert_eq!(bench.offsets(), [0, 4]);
    assert_eq!(bench.engine.uncommitted(), 2);
    let event = ran.remove(1).event;
    bench.settle(event, Outcome::Success);
    assert_eq!(bench.offsets(), [5]);
    assert!(bench.engine.reads(EPOCH));
}

#[test]
fn a_key_that_is_retried_in_place_holds_the_count_back() {
    let mut bench =
        Bench::new(Settings { max_concurrency: 2, max_uncommitted: 2, deferral: Deferral::Off, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, failed());
    bench.records(EPOCH, &[(2, "b")]);
    assert_eq!(bench.offsets(), [0_i64; 0]);
    assert_eq!(bench.engine.room(), 0);
}
