//! Records that do not run: known ids, and what the filters stop.

use super::*;
use crate::{DeadLetterResult, DeadLettered, Intake, Place, Skip};

fn remembering(count: usize) -> Settings {
    let intake =
        Intake { ids: vec![Place::Pointer(vec!["id".into()])], remembered_ids: count, ..Intake::default() };
    Settings { intake, ..quick() }
}

fn keyed(offset: i64, key: Option<&str>, value: &str) -> Record {
    let (key, value) = (key.map(str::as_bytes), Some(value.as_bytes()));
    Record::new(RecordParts { offset, timestamp: 0, key, value }, [])
}

/// A record whose id is its value.
fn with_id(offset: i64, key: &str, id: &str) -> Record {
    keyed(offset, Some(key), &format!(r#"{{"id":"{id}"}}"#))
}

impl Bench {
    fn deliver(&mut self, records: Vec<Record>) {
        self.step(Input::Records { epoch: EPOCH, records });
    }

    fn skips(&self) -> Vec<(i64, Skip)> {
        let skip = |action: &Action| match action {
            Action::Observe(observation) => match &**observation {
                Observation::Skipped { record, reason, .. } => Some((record.offset, *reason)),
                _ => None,
            },
            _ => None,
        };
        self.actions.iter().filter_map(skip).collect()
    }

    /// Settles the only call of the latest step.
    fn end(&mut self, outcome: Outcome) {
        let event = self.dispatched()[0].event;
        self.settle(event, outcome);
    }
}

const DUPLICATE: Skip = Skip::Duplicate;

#[test]
fn a_processed_id_does_not_run_again() {
    let mut bench = Bench::new(remembering(8));
    bench.deliver(vec![with_id(0, "a", "1")]);
    bench.end(Outcome::Success);
    bench.deliver(vec![with_id(1, "a", "1"), with_id(2, "b", "1"), with_id(3, "a", "2")]);
    assert_eq!(bench.offsets(), [2, 3]);
    assert_eq!(bench.skips(), [(1, DUPLICATE)]);
    assert_eq!(bench.engine.counters().duplicates, 1);
    let events: Vec<_> = bench.dispatched().iter().map(|call| call.event).collect();
    for event in events {
        bench.settle(event, Outcome::Success);
    }
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 4);
    assert_eq!((bench.engine.records(), bench.engine.keys(), bench.engine.bytes()), (0, 0, 0));
}

#[test]
fn a_twin_that_came_in_before_the_first_settled_is_skipped() {
    let mut bench = Bench::new(remembering(8));
    bench.deliver(vec![with_id(0, "a", "1"), with_id(1, "a", "1"), with_id(2, "a", "2")]);
    assert_eq!(bench.offsets(), [0]);
    bench.end(Outcome::Success);
    assert_eq!((bench.skips(), bench.offsets()), (vec![(1, DUPLICATE)], vec![2]));
}

#[test]
fn a_permanent_failure_counts_as_processed() {
    let mut bench = Bench::new(remembering(8));
    bench.deliver(vec![with_id(0, "a", "1"), with_id(1, "a", "1")]);
    bench.end(Outcome::Permanent(Failure::new("no")));
    assert_eq!((bench.skips(), bench.offsets()), (vec![(1, DUPLICATE)], vec![]));
}

#[test]
fn a_parked_id_is_not_processed() {
    for deferral in [remembering(8).deferral, Deferral::Off] {
        let mut bench = Bench::new(Settings { deferral, ..remembering(8) });
        bench.deliver(vec![with_id(0, "a", "1"), with_id(1, "a", "1")]);
        bench.end(Outcome::Transient(Failure::new("later")));
        assert_eq!((bench.skips(), bench.offsets()), (vec![], vec![]));
        bench.wait(Duration::from_secs(60));
        assert_eq!(
            bench.dispatched().iter().map(|c| (c.record.offset, c.attempt)).collect::<Vec<_>>(),
            [(0, 2)]
        );
        bench.end(Outcome::Success);
        assert_eq!(bench.skips(), [(1, DUPLICATE)]);
    }
}

#[test]
fn twins_without_a_key_or_in_two_partitions_run_once() {
    for key in [None, Some("a")] {
        let mut bench = Bench::new(remembering(8));
        let second = Epoch(2);
        bench.assign_partition(PartitionIndex(1), second, 0);
        let value = r#"{"id":7}"#;
        bench.deliver(vec![keyed(0, key, value)]);
        let first = bench.dispatched()[0].event;
        bench.step(Input::Records { epoch: second, records: vec![keyed(0, key, value)] });
        assert!(bench.actions.is_empty(), "nobody is told of it");
        assert_eq!((bench.engine.counters().twins, bench.engine.counters().held_back), (1, 0));
        bench.wait(Duration::from_secs(1));
        assert!(bench.offsets().is_empty());
        bench.settle(first, Outcome::Success);
        bench.wait(Duration::from_secs(1));
        assert_eq!((bench.skips(), bench.offsets()), (vec![(0, DUPLICATE)], vec![]));
        assert_eq!(bench.engine.records(), 0);
    }
}

#[test]
fn a_twin_runs_when_the_first_went_unprocessed() {
    let mut bench = Bench::new(remembering(8));
    let second = Epoch(2);
    bench.assign_partition(PartitionIndex(1), second, 0);
    bench.deliver(vec![with_id(0, "a", "1")]);
    let first = bench.dispatched()[0].event;
    bench.step(Input::Records { epoch: second, records: vec![with_id(0, "a", "1")] });
    bench.step(Input::Lost(vec![EPOCH]));
    // What a late call makes of it is nobody's business any more, but it is still the same work.
    bench.wait(Duration::from_secs(1));
    assert!(bench.offsets().is_empty());
    bench.settle(first, Outcome::Success);
    bench.wait(Duration::from_secs(1));
    assert_eq!((bench.skips(), bench.offsets()), (vec![], vec![0]));
}

#[test]
fn an_id_is_forgotten_after_so_many_others() {
    let mut bench = Bench::new(remembering(2));
    for (offset, id) in (0..).zip(["1", "2", "1", "3", "1", "2"]) {
        bench.deliver(vec![with_id(offset, "a", id)]);
        if !bench.offsets().is_empty() {
            bench.end(Outcome::Success);
        }
    }
    // The second and third "1" are known; "2" has been forgotten by the time it comes again.
    assert_eq!((bench.engine.counters().dispatched, bench.engine.counters().duplicates), (4, 2));
}

#[test]
fn a_known_id_outlives_an_assignment_and_a_membership() {
    let mut bench = Bench::new(remembering(8));
    bench.deliver(vec![with_id(0, "a", "1")]);
    bench.end(Outcome::Success);
    bench.engine.reopen();
    bench.assign(EPOCH, 0);
    bench.deliver(vec![with_id(0, "a", "1")]);
    assert_eq!((bench.skips(), bench.offsets()), (vec![(0, DUPLICATE)], vec![]));
}

#[test]
fn what_filters_stop_is_finished_in_order() {
    let intake = Intake {
        allowed_events: vec!["order".into()],
        types: vec![Place::Pointer(vec!["type".into()])],
        ..Intake::default()
    };
    let mut bench =
        Bench::new(Settings { group: "g".into(), intake, max_uncommitted: 1, max_concurrency: 1, ..quick() });
    let value = |offset, name: &str| keyed(offset, Some("a"), &format!(r#"{{"type":"{name}"}}"#));
    let own = Record::new(
        RecordParts { offset: 2, ..RecordParts::default() },
        [(&b"source-system"[..], Some(&b"g"[..]))],
    );
    bench.deliver(vec![value(0, "order"), value(1, "other"), own, value(3, "other")]);
    assert_eq!(bench.offsets(), [0]);
    assert_eq!(bench.skips(), [(1, Skip::Type), (2, Skip::Source), (3, Skip::Type)]);
    assert_eq!((bench.engine.counters().filtered, bench.engine.counters().looped), (2, 1));
    bench.end(Outcome::Success);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 4);
    assert_eq!((bench.engine.records(), bench.engine.bytes(), bench.engine.uncommitted()), (0, 0, 0));
}

/// The same key in another partition, so that nothing but the id holds the twin back.
const TWIN: Epoch = Epoch(2);

#[test]
fn an_id_is_processed_once_its_dead_letter_is_acknowledged_and_not_before() {
    for acknowledged in [true, false] {
        let mut bench = Bench::new(Settings { failure_topic: Some("dead".into()), ..remembering(8) });
        bench.assign_partition(PartitionIndex(1), TWIN, 0);
        bench.deliver(vec![with_id(0, "a", "1")]);
        bench.end(Outcome::Permanent(Failure::new("never")));
        let letter = |action: &Action| match action {
            Action::DeadLetter(letter) => Some(letter.ticket),
            _ => None,
        };
        let ticket = bench.actions.iter().find_map(letter).unwrap();
        bench.step(Input::Records { epoch: TWIN, records: vec![with_id(0, "a", "1")] });
        bench.wait(Duration::from_secs(5));
        assert_eq!((bench.offsets(), bench.skips()), (vec![], vec![]), "its twin waits");
        if acknowledged {
            let result = DeadLetterResult::Acknowledged;
            bench.step(Input::DeadLettered(vec![DeadLettered { ticket, result }]));
        } else {
            bench.step(Input::Lost(vec![EPOCH]));
        }
        bench.wait(Duration::from_millis(100));
        let skipped = if acknowledged { vec![(0, DUPLICATE)] } else { vec![] };
        let run: Vec<i64> = if acknowledged { vec![] } else { vec![0] };
        assert_eq!((bench.offsets(), bench.skips()), (run, skipped));
    }
}

#[test]
fn what_was_sent_again_for_the_own_group_runs_although_its_id_is_known() {
    let mut bench = Bench::new(Settings { group: "g".into(), ..remembering(8) });
    bench.deliver(vec![with_id(0, "a", "1")]);
    bench.end(Outcome::Success);
    let again = |offset, group: &'static [u8]| {
        let value = Some(&br#"{"id":"1"}"#[..]);
        let headers = [(&b"replay-group"[..], Some(group)), (&b"replay-id"[..], Some(&b"7"[..]))];
        Record::new(RecordParts { offset, timestamp: 0, key: Some(b"a"), value }, headers)
    };
    bench.deliver(vec![again(1, b"h"), again(2, b"g"), with_id(3, "a", "1")]);
    assert_eq!((bench.offsets(), bench.skips()), (vec![2], vec![(1, Skip::Addressee)]));
    bench.end(Outcome::Success);
    assert_eq!((bench.offsets(), bench.skips()), (vec![], vec![(3, DUPLICATE)]));
}

#[test]
fn an_id_that_was_skipped_for_another_group_is_not_processed() {
    let mut bench = Bench::new(Settings { group: "g".into(), ..remembering(8) });
    let value = Some(&br#"{"id":"1"}"#[..]);
    let headers = [(&b"replay-group"[..], Some(&b"h"[..])), (&b"replay-id"[..], Some(&b"7"[..]))];
    let theirs = Record::new(RecordParts { offset: 0, timestamp: 0, key: Some(b"a"), value }, headers);
    bench.deliver(vec![theirs, with_id(1, "a", "1")]);
    assert_eq!((bench.offsets(), bench.skips()), (vec![1], vec![(0, Skip::Addressee)]));
}
