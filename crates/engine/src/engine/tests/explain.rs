//! What the engine says when it is asked what holds it.

use super::*;
use crate::{
    Bound, Explanation, ParkedReason, PartitionExplanation, RecordExplanation, Stage, Use, offsets::Tracker,
};

const SECOND: Duration = Duration::from_secs(1);
const OTHER: Epoch = Epoch(2);

fn explained(bench: &Bench) -> Explanation {
    bench.engine.explain(bench.now.mono, 100)
}

fn only(bench: &Bench) -> PartitionExplanation {
    explained(bench).partitions.remove(0)
}

fn blocking(bench: &Bench) -> RecordExplanation {
    only(bench).blocking.unwrap()
}

fn key(record: &RecordExplanation) -> &[u8] {
    &record.key.as_ref().unwrap().bytes
}

fn fail_all(bench: &mut Bench, text: &str) {
    for call in bench.dispatched() {
        bench.settle(call.event, Outcome::Transient(Failure::new(text)));
    }
}

#[test]
fn a_consumer_at_rest_is_held_by_nothing() {
    let mut bench = Bench::new(quick());
    bench.assign(EPOCH, 7);
    let partition = only(&bench);
    assert_eq!((partition.first_unfinished, partition.blocking.as_ref()), (Some(7), None));
    assert_eq!((partition.held, partition.unfinished, partition.finished_above), (None, 0, 0));
    assert_eq!(partition.completion_map, Use { used: 0, limit: 4096 });
    assert_eq!((explained(&bench).parked_count, explained(&bench).budgets.keys), (0, 0));
}

#[test]
fn the_first_unfinished_record_is_named_with_its_key_attempts_age_and_last_error() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "a")]);
    let calls = bench.dispatched();
    bench.settle(calls[1].event, Outcome::Success);
    bench.now.mono = bench.now.mono.after(SECOND);
    bench.settle(calls[0].event, Outcome::Transient(Failure::new("Error: no answer")));
    let partition = only(&bench);
    let record = partition.blocking.unwrap();
    assert_eq!((record.offset, key(&record), record.attempts, record.age), (0, &b"a"[..], 1, SECOND));
    assert_eq!((record.error.as_deref(), record.behind), (Some("Error: no answer"), 1));
    let until = bench.now.mono.after(SECOND);
    assert_eq!(record.stage, Stage::Parked { until, reason: ParkedReason::Deferred });
    assert_eq!((partition.first_unfinished, partition.unfinished, partition.finished_above), (Some(0), 2, 1));
    bench.wait(SECOND);
    bench.wait(SECOND);
    let record = blocking(&bench);
    assert_eq!((record.attempts, record.age), (2, 3 * SECOND), "since its first attempt");
}

#[test]
fn a_record_that_runs_is_told_from_one_that_waits_for_a_slot() {
    let mut bench = Bench::new(Settings { max_concurrency: 1, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    bench.now.mono = bench.now.mono.after(SECOND);
    bench.records(EPOCH, &[(0, "a")]);
    bench.records(OTHER, &[(0, "x"), (1, "x")]);
    let since = bench.now.mono;
    bench.wait(SECOND);
    let stage = |at: usize| explained(&bench).partitions[at].blocking.clone().unwrap().stage;
    assert_eq!((stage(0), stage(1)), (Stage::Running { since }, Stage::Queued { since }));
    assert_eq!(explained(&bench).partitions[1].blocking.as_ref().unwrap().behind, 1);
}

#[test]
fn a_record_whose_key_an_earlier_assignment_still_runs_says_so() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    bench.step(Input::Lost(vec![EPOCH]));
    bench.assign(OTHER, 0);
    bench.records(OTHER, &[(0, "a")]);
    assert_eq!(blocking(&bench).stage, Stage::EarlierCall);
}

#[test]
fn a_retry_in_place_is_told_from_a_deferred_one() {
    let mut bench = Bench::new(Settings { deferral: Deferral::Off, ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    fail_all(&mut bench, "no");
    assert!(matches!(blocking(&bench).stage, Stage::Parked { reason: ParkedReason::RetryInPlace, .. }));
}

#[test]
fn a_dead_letter_is_named_on_its_way_and_while_it_waits_to_be_sent_again() {
    let mut bench = Bench::new(Settings { failure_topic: Some("failed".into()), ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Permanent(Failure::new("no such order")));
    let record = blocking(&bench);
    assert_eq!((record.stage, record.error.as_deref()), (Stage::DeadLetter, Some("no such order")));
    let result = crate::DeadLetterResult::Failed("no broker".into());
    bench.step(Input::DeadLettered(vec![crate::DeadLettered { ticket: event, result }]));
    let record = blocking(&bench);
    assert!(matches!(record.stage, Stage::Parked { reason: ParkedReason::DeadLetter, .. }), "{record:?}");
    assert_eq!(record.error.as_deref(), Some("no broker"));
}

#[test]
fn an_error_is_cut_and_goes_with_the_next_attempts_error_or_the_record() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    fail_all(&mut bench, &"ä".repeat(1000));
    assert_eq!(blocking(&bench).error.unwrap().len(), 1024);
    bench.wait(SECOND);
    fail_all(&mut bench, &format!("{}ä", "x".repeat(1023)));
    assert_eq!(blocking(&bench).error.unwrap().len(), 1023, "no character is cut in two");
    bench.wait(2 * SECOND);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    bench.records(EPOCH, &[(1, "a")]);
    assert_eq!(blocking(&bench).error, None);
}

#[test]
fn a_long_key_is_shown_in_part_and_told_apart_by_its_digest() {
    let mut bench = Bench::new(quick());
    let (long, longer) = ("k".repeat(5000), "k".repeat(5001));
    bench.records(EPOCH, &[(0, &long), (1, &longer), (2, "short")]);
    fail_all(&mut bench, "no");
    let keys: Vec<_> = explained(&bench).parked.into_iter().map(|record| record.key.unwrap()).collect();
    assert_eq!((keys[0].bytes.len(), keys[0].length, keys[1].length), (1024, 5000, 5001));
    assert!(keys[0].digest.is_some() && keys[0].digest != keys[1].digest && keys[2].digest.is_none());
}

#[test]
fn parked_keys_come_oldest_first_as_many_as_asked_for_and_are_all_counted() {
    let mut bench = Bench::new(quick());
    for (offset, key) in [(0, "a"), (1, "b"), (2, "c")] {
        bench.records(EPOCH, &[(offset, key)]);
        fail_all(&mut bench, "no");
        bench.now.mono = bench.now.mono.after(Duration::from_millis(1));
    }
    bench.records(EPOCH, &[(3, "b"), (4, "b")]);
    let explanation = bench.engine.explain(bench.now.mono, 2);
    let seen: Vec<_> = explanation.parked.iter().map(|record| (record.offset, record.behind)).collect();
    assert_eq!((seen, explanation.parked_count), (vec![(0, 0), (1, 2)], 3));
    assert!(bench.engine.explain(bench.now.mono, 0).parked.is_empty());
}

#[test]
fn the_count_of_uncommitted_records_is_named_when_it_holds() {
    let mut bench = Bench::new(Settings { max_uncommitted: 2, max_concurrency: 1, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c"), (3, "d")]);
    let partition = only(&bench);
    assert_eq!(partition.held, Some(Bound::MaxUncommitted(Use { used: 2, limit: 2 })));
    assert_eq!((partition.backlog, bench.engine.room()), (1, 0));
}

#[test]
fn the_bytes_are_named_when_they_hold() {
    let mut bench = Bench::new(Settings { max_buffered_bytes: 3, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    assert_eq!(only(&bench).held, Some(Bound::MaxBufferedBytes(Use { used: 4, limit: 3 })));
    assert_eq!(bench.engine.room(), 0);
}

#[test]
fn the_completion_map_is_named_when_it_holds_with_the_units_it_may_need() {
    let mut bench = Bench::new(Settings { metadata_units: 6, max_uncommitted: 1_000, ..quick() });
    let keys: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let records: Vec<_> = keys.iter().enumerate().map(|(at, key)| (at as i64, key.as_str())).collect();
    bench.records(EPOCH, &records);
    let partition = only(&bench);
    let Some(Bound::CompletionMap(map)) = partition.held else { panic!("{partition:?}") };
    assert_eq!((map, partition.completion_map), (Use { used: 6, limit: 6 }, map));
    assert_eq!(partition.backlog + partition.unfinished, 200);
}

#[test]
fn the_records_behind_slow_keys_are_named_when_they_hold() {
    let mut bench = Bench::new(quick());
    for offset in 0..65_536 + 100 {
        bench.records(EPOCH, &[(offset, "slow")]);
    }
    // The map is full before that of a single partition.
    assert!(matches!(only(&bench).held, Some(Bound::CompletionMap(_))));
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    let mut offset = 0;
    while bench.engine.room() > 0 {
        bench.records(OTHER, &[(offset, "slow too")]);
        offset += 1;
    }
    let held = explained(&bench).partitions[1].held;
    let Some(Bound::RecordsInHand(records)) = held else { panic!("{held:?}") };
    assert_eq!(records, Use { used: 65_536, limit: 65_536 });
}

#[test]
fn a_partition_that_is_given_up_or_drained_or_stopped_says_so() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    bench.step(Input::Revoking(vec![EPOCH]));
    let until = bench.now.mono.after(Duration::from_secs(5));
    assert_eq!(only(&bench).held, Some(Bound::Leaving { until }));
    let deadline = bench.now.mono.after(SECOND);
    bench.step(Input::Drain { abort_at: deadline, deadline });
    assert_eq!(only(&bench).held, Some(Bound::Draining { until: deadline }));

    let mut bench = Bench::new(Settings { failure_topic: Some("failed".into()), ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    let ticket = bench.dispatched()[0].event;
    bench.settle(ticket, Outcome::Permanent(Failure::new("no")));
    for _ in 0..4 {
        let result = crate::DeadLetterResult::TooLarge("9 bytes".into());
        bench.step(Input::DeadLettered(vec![crate::DeadLettered { ticket, result }]));
        bench.wait(SECOND);
    }
    let partition = only(&bench);
    assert_eq!((partition.held, partition.first_unfinished), (Some(Bound::Stopped), Some(0)));
}

#[test]
fn budgets_say_how_much_of_each_is_used() {
    let mut bench = Bench::new(Settings { max_concurrency: 2, ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "b"), (2, "c"), (3, "a")]);
    let budgets = explained(&bench).budgets;
    assert_eq!(budgets.max_concurrency, Use { used: 2, limit: 2 });
    assert_eq!(budgets.max_uncommitted, Use { used: 2, limit: 8 });
    assert_eq!(budgets.max_buffered_bytes, Use { used: 8, limit: 64 << 20 });
    assert_eq!((budgets.records_in_hand.used, budgets.records), (0, 4));
    assert_eq!((budgets.keys, budgets.ready_keys), (3, 1));
}

#[test]
fn what_the_map_may_need_is_what_admission_goes_by() {
    for units in [6, 8, 20, 64] {
        let mut tracker = Tracker::new(0, None, units);
        let mut offset = 0;
        while !matches!(tracker.admit(offset), crate::offsets::Admission::NoRoom) {
            assert!(tracker.units_needed() <= units, "{offset} of {units}");
            offset += 1;
        }
        let needed = tracker.units_needed();
        assert!(needed == units, "{needed} of {units} at {offset}");
    }
}

#[test]
fn a_key_that_runs_too_much_and_one_that_is_read_again_say_so() {
    let parked = |bench: &Bench| match blocking(bench).stage {
        Stage::Parked { reason, .. } => Some(reason),
        _ => None,
    };
    let watch = crate::Monopolization { threshold: 0.5, window: Duration::from_secs(60), watched_keys: 16 };
    let mut bench = Bench::new(Settings { monopolization: Some(watch), ..quick() });
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "a")]);
    for _ in 0..2 {
        let Some(event) = bench.dispatched().first().map(|call| call.event) else { break };
        bench.now.mono = bench.now.mono.after(Duration::from_secs(50));
        bench.settle(event, Outcome::Success);
    }
    assert_eq!(parked(&bench), Some(ParkedReason::Monopolized));

    let mut bench = Bench::new(Settings { kept_keys: 0, ..quick() });
    bench.step(Input::Rereadable(EPOCH));
    bench.records(EPOCH, &[(0, "a")]);
    fail_all(&mut bench, "no");
    assert_eq!((parked(&bench), key(&blocking(&bench))), (Some(ParkedReason::Deferred), &b"a"[..]));
    bench.wait(SECOND);
    assert_eq!(blocking(&bench).stage, Stage::Rereading);
    let result = crate::RereadResult::Failed("no broker".into());
    bench.step(Input::Reread(vec![crate::Reread { epoch: EPOCH, offset: 0, result }]));
    assert_eq!(parked(&bench), Some(ParkedReason::Reread));
    assert_eq!(blocking(&bench).error.as_deref(), Some("no broker"));
}

#[test]
fn a_record_that_waits_for_its_mark_says_so() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Unmarked);
    assert_eq!((blocking(&bench).stage, blocking(&bench).behind), (Stage::Unmarked, 1));
}
