//! Room, bytes, backlogs.

use super::*;

const OTHER: Epoch = Epoch(2);

fn sized(offset: i64, key: &str, bytes: usize) -> Record {
    let value = vec![0; bytes - key.len()];
    let parts = RecordParts { offset, timestamp: 0, key: Some(key.as_bytes()), value: Some(&value) };
    Record::new(parts, [])
}

#[test]
fn nothing_is_read_while_nothing_can_be_admitted() {
    let mut bench = Bench::new(Settings { max_uncommitted: 2, max_concurrency: 1, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c")]);
    assert_eq!((bench.engine.open_calls(), bench.engine.uncommitted()), (1, 2));
    assert_eq!(bench.engine.room(), 0, "what is read could not be let in");
}

#[test]
fn no_partition_reads_on_while_the_backlog_of_another_waits_for_the_same_room() {
    let mut bench = Bench::new(Settings { max_uncommitted: 1, max_concurrency: 1, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    bench.records(OTHER, &[(0, "x")]);
    assert!(bench.engine.reads(EPOCH) && !bench.engine.reads(OTHER));
    assert_eq!(bench.engine.room(), 0, "what partition 0 reads now would go before partition 1");
}

#[test]
fn a_backlog_starts_as_soon_as_a_started_record_makes_room() {
    let mut bench = Bench::new(Settings { max_uncommitted: 1, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e"), (5, "f")]);
    assert_eq!(bench.offsets(), [0, 1, 2, 3]);
    assert_eq!((bench.engine.uncommitted(), bench.engine.reads(EPOCH)), (1, false));
    let first = bench.dispatched()[0].event;
    bench.settle(first, Outcome::Success);
    assert_eq!((bench.offsets(), bench.engine.reads(EPOCH)), (vec![4], true));
}

#[test]
fn a_record_larger_than_the_byte_budget_runs_when_nothing_else_is_in_hand() {
    let mut bench = Bench::new(Settings { max_buffered_bytes: 10, ..quick() });
    assert!(bench.engine.room() > 0);
    bench.step(Input::Records { epoch: EPOCH, records: vec![sized(0, "a", 100), sized(1, "b", 100)] });
    assert_eq!(bench.offsets(), [0, 1], "what has been read is not held back by the bytes");
    assert_eq!((bench.engine.bytes(), bench.engine.room()), (200, 0));
    for call in bench.dispatched() {
        bench.settle(call.event, Outcome::Success);
    }
    assert_eq!(bench.engine.bytes(), 0);
    assert!(bench.engine.room() > 0, "the size of earlier records leaves room for one at least");
}

#[test]
fn parked_keys_that_fill_the_byte_budget_let_reading_go_on_when_they_are_done() {
    let mut bench = Bench::new(Settings { max_buffered_bytes: 10, ..quick() });
    bench.step(Input::Records { epoch: EPOCH, records: vec![sized(0, "a", 6), sized(1, "b", 6)] });
    for call in bench.dispatched() {
        bench.settle(call.event, failed());
    }
    assert_eq!((bench.engine.uncommitted(), bench.engine.parked_keys(), bench.engine.room()), (0, 2, 0));
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.offsets(), [0, 1]);
    for call in bench.dispatched() {
        bench.settle(call.event, Outcome::Success);
    }
    assert!(bench.engine.room() > 0);
}

#[test]
fn a_full_map_is_counted_once_however_often_it_is_asked() {
    let mut bench = Bench::new(Settings { metadata_units: 0, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c")]);
    let first = bench.dispatched()[0].event;
    for _ in 0..5 {
        bench.wait(Duration::from_secs(1));
    }
    assert_eq!(bench.engine.counters().map_full, 1);
    bench.settle(first, Outcome::Success);
    assert_eq!(bench.engine.counters().map_full, 2, "record 1 went in, and record 2 found it full again");
}

#[test]
fn records_that_are_tried_again_in_place_hold_the_partition() {
    let mut bench = Bench::new(Settings { max_uncommitted: 1, deferral: Deferral::Off, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    for call in bench.dispatched() {
        bench.settle(call.event, failed());
    }
    assert_eq!((bench.engine.uncommitted(), bench.engine.room()), (2, 0));
    bench.records(EPOCH, &[(2, "c")]);
    assert!(bench.offsets().is_empty());
    bench.wait(Duration::from_secs(300));
    let mut offsets = bench.offsets();
    offsets.sort_unstable();
    assert_eq!(offsets, [0, 1, 2]);
}

#[test]
fn a_wait_without_end_wakes_nobody() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    let failure = Failure { text: String::new(), retry_after: Some(Duration::MAX) };
    bench.settle(event, Outcome::Transient(Box::new(failure)));
    assert_eq!((bench.engine.parked_keys(), bench.engine.wake_at()), (1, None));
}

#[test]
fn a_record_that_comes_twice_runs_once() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let first = bench.dispatched()[0].event;
    bench.settle(first, Outcome::Success);
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "b")]);
    assert!(bench.offsets().is_empty());
    assert_eq!((bench.engine.records(), bench.engine.bytes()), (2, 4));
}

#[test]
fn what_waits_behind_slow_keys_is_bounded() {
    let mut bench = Bench::new(Settings { max_concurrency: 4, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    let mut offset = 0;
    while bench.engine.room() > 0 && offset < 100_000 {
        for epoch in [EPOCH, OTHER] {
            if bench.engine.reads(epoch) {
                bench.records(epoch, &[(offset, "slow")]);
            }
        }
        offset += 1;
    }
    let records = bench.engine.records();
    assert_eq!((bench.engine.open_calls(), bench.engine.room()), (2, 0));
    assert!((65_536..65_600).contains(&records), "{records}");
}
