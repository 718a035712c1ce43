//! Which partitions get nowhere, and what holds them.

use super::*;
use crate::{Bound, Stall};

const THRESHOLD: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const OTHER: Epoch = Epoch(2);

fn stalls(bench: &Bench) -> Vec<Stall> {
    bench.engine.stalls(bench.now.mono, THRESHOLD)
}

fn park_all(bench: &mut Bench) {
    for call in bench.dispatched() {
        bench.settle(call.event, failed());
    }
}

#[test]
fn a_call_that_does_not_end_stalls_its_partition_after_the_threshold_though_others_go_on() {
    let mut bench = Bench::new(quick());
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    bench.wait(SECOND);
    bench.records(EPOCH, &[(0, "a")]);
    let since = bench.now.mono;
    for offset in 0..60 {
        assert_eq!(stalls(&bench), []);
        assert_eq!(bench.engine.last_moved(), Some(since));
        bench.records(OTHER, &[(offset, "x")]);
        let event = bench.dispatched()[0].event;
        bench.wait(SECOND);
        bench.settle(event, Outcome::Success);
    }
    let [stall] = stalls(&bench)[..] else { panic!("{:?}", stalls(&bench)) };
    assert_eq!((stall.partition, stall.bound, stall.since), (PartitionIndex(0), None, Some(since)));
    assert_eq!((stall.first_unfinished, stall.unfinished), (Some(0), 1));
}

#[test]
fn a_failure_is_progress_and_the_wait_for_a_planned_retry_is_no_stall() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.wait(59 * SECOND);
    bench.settle(event, failed());
    let long = Failure { text: "later".into(), retry_after: Some(Duration::from_secs(3600)) };
    bench.wait(SECOND);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Transient(Box::new(long)));
    bench.wait(Duration::from_secs(3000));
    assert_eq!((stalls(&bench), bench.engine.last_moved()), (vec![], None));
}

#[test]
fn a_call_that_ends_is_progress_of_those_beside_it() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let event = bench.dispatched()[1].event;
    bench.wait(59 * SECOND);
    bench.settle(event, Outcome::Success);
    bench.wait(59 * SECOND);
    assert_eq!(stalls(&bench), []);
    bench.wait(SECOND);
    assert_eq!(stalls(&bench).len(), 1);
}

#[test]
fn what_comes_after_an_idle_time_counts_from_its_start() {
    let mut bench = Bench::new(quick());
    bench.wait(Duration::from_secs(3600));
    bench.records(EPOCH, &[(0, "a")]);
    bench.wait(59 * SECOND);
    assert_eq!(stalls(&bench), []);
    bench.wait(SECOND);
    assert_eq!(stalls(&bench).len(), 1);
}

#[test]
fn a_partition_that_gets_no_slot_names_the_calls_that_have_them_all() {
    let mut bench = Bench::new(Settings { max_concurrency: 1, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    bench.records(EPOCH, &[(0, "a")]);
    bench.records(OTHER, &[(0, "x")]);
    bench.wait(THRESHOLD);
    let bounds: Vec<_> = stalls(&bench).into_iter().map(|stall| (stall.partition.0, stall.bound)).collect();
    let slots = crate::Use { used: 1, limit: 1 };
    assert_eq!(bounds, [(0, None), (1, Some(Bound::MaxConcurrency(slots)))]);
}

#[test]
fn a_partition_that_gets_no_slot_has_been_stalled_since_it_had_something_to_run() {
    let mut bench = Bench::new(Settings { max_concurrency: 1, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    bench.records(EPOCH, &[(0, "a")]);
    bench.wait(3600 * SECOND);
    let came = bench.now.mono;
    bench.records(OTHER, &[(0, "x")]);
    bench.wait(SECOND);
    bench.records(OTHER, &[(1, "y")]);
    bench.wait(THRESHOLD);
    let since: Vec<_> = stalls(&bench).into_iter().map(|stall| (stall.partition.0, stall.since)).collect();
    assert_eq!(since.last(), Some(&(1, Some(came))), "{since:?}");
}

#[test]
fn parked_keys_that_fill_the_map_stall_their_partition_at_once_until_it_moves() {
    let settings = Settings { metadata_units: 6, max_uncommitted: 100, max_concurrency: 100, ..quick() };
    let mut bench = Bench::new(settings);
    let keys: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let records: Vec<_> = keys.iter().enumerate().map(|(at, key)| (at as i64, key.as_str())).collect();
    bench.records(EPOCH, &records);
    assert_eq!(stalls(&bench), [], "what runs may end at any time");
    park_all(&mut bench);
    let [stall] = stalls(&bench)[..] else { panic!("{:?}", stalls(&bench)) };
    assert!(matches!(stall.bound, Some(Bound::CompletionMap(_))), "{stall:?}");
    assert_eq!((stall.since, stall.first_unfinished), (None, Some(0)));
    bench.wait(SECOND);
    assert_eq!(
        (stalls(&bench).len(), bench.offsets().is_empty()),
        (1, false),
        "they run again, and it is as full"
    );
    for call in bench.dispatched() {
        bench.settle(call.event, Outcome::Success);
    }
    park_all(&mut bench);
    assert_eq!(stalls(&bench), [], "there is room again");
}

#[test]
fn a_map_that_is_full_of_first_attempts_is_no_stall_and_of_retries_is_one_after_a_second() {
    let mut bench = Bench::new(Settings { metadata_units: 0, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    bench.wait(5 * SECOND);
    assert_eq!((bench.engine.counters().map_full, stalls(&bench)), (1, vec![]), "a slow handler");
    park_all(&mut bench);
    let mut bench = Bench::new(Settings { metadata_units: 0, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    park_all(&mut bench);
    bench.wait(SECOND);
    assert_eq!(bench.dispatched()[0].attempt, 2);
    let [stall] = stalls(&bench)[..] else { panic!("{:?}", stalls(&bench)) };
    assert!(matches!(stall.bound, Some(Bound::CompletionMap(_))), "{stall:?}");
}

#[test]
fn keys_of_others_that_are_ready_do_not_hide_that_nothing_of_a_full_partition_can_start() {
    let settings = Settings { metadata_units: 7, max_uncommitted: 100, ..quick() };
    let mut bench = Bench::new(Settings { max_concurrency: 4, ..settings });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    let keys: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let records: Vec<_> = keys.iter().enumerate().map(|(at, key)| (at as i64, key.as_str())).collect();
    bench.records(EPOCH, &records);
    // Each failure frees a slot for the next key.
    let mut calls = std::collections::VecDeque::from(bench.dispatched());
    while let Some(call) = calls.pop_front() {
        bench.settle(call.event, failed());
        calls.extend(bench.dispatched());
    }
    bench.records(OTHER, &records[..25]);
    assert!(bench.engine.ready_keys() > 0);
    let partitions: Vec<_> = stalls(&bench).iter().map(|stall| stall.partition.0).collect();
    assert_eq!(partitions, [0]);
}

#[test]
fn parked_keys_that_fill_the_bytes_stall_every_partition_at_once() {
    let mut bench = Bench::new(Settings { max_buffered_bytes: 4, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let calls = bench.dispatched();
    bench.settle(calls[0].event, failed());
    assert_eq!(stalls(&bench), [], "a call that runs gives its bytes back");
    bench.settle(calls[1].event, failed());
    let bounds: Vec<_> = stalls(&bench).into_iter().filter_map(|stall| stall.bound).collect();
    let bytes = crate::Use { used: 4, limit: 4 };
    assert_eq!(bounds, [Bound::MaxBufferedBytes(bytes); 2]);
    bench.wait(SECOND);
    assert_eq!(stalls(&bench), []);
}

#[test]
fn records_behind_marks_that_never_come_stall_their_partitions_at_the_most_records_in_hand() {
    let settings =
        Settings { max_concurrency: 2, max_uncommitted: 2, max_buffered_bytes: 1 << 30, ..quick() };
    let mut bench = Bench::new(settings);
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    for epoch in [EPOCH, OTHER] {
        bench.records(epoch, &[(0, "a")]);
        let event = bench.dispatched()[0].event;
        bench.settle(event, Outcome::Unmarked);
    }
    for epoch in [EPOCH, OTHER] {
        let mut offset = 1;
        while bench.engine.room() > 0 && bench.engine.reads(epoch) && offset < 40_000 {
            let count = bench.engine.room().min(512) as i64;
            let records: Vec<_> = (offset..offset + count).map(|offset| (offset, "a")).collect();
            bench.records(epoch, &records);
            offset += count;
        }
    }
    bench.wait(SECOND);
    assert_eq!((bench.engine.room(), stalls(&bench).len()), (0, 2));
}
