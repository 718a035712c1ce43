#![allow(clippy::unwrap_used, clippy::panic, clippy::single_range_in_vec_init)]

use super::super::{DEFAULT_UNITS, decode};
use super::*;

fn fresh(committed: i64) -> Tracker {
    Tracker::new(committed, None, DEFAULT_UNITS)
}

fn open(tracker: &mut Tracker, offset: i64) -> Seq {
    match tracker.admit(offset) {
        Admission::Open(seq) => seq,
        other => panic!("{offset} is not open but {other:?}"),
    }
}

fn units(commit: &Commit) -> usize {
    commit.metadata.encode_utf16().count()
}

fn restart(commit: &Commit) -> Tracker {
    Tracker::new(commit.offset, decode(&commit.metadata, commit.offset), DEFAULT_UNITS)
}

/// 10 and 13 unfinished, 11, 12, 14 to 19 finished.
fn restored() -> Tracker {
    Tracker::new(10, Map::new(10, 20, [10..11, 13..14], None), DEFAULT_UNITS)
}

#[test]
fn the_watermark_waits_for_the_lowest_open_record() {
    let mut tracker = fresh(5);
    let seqs: Vec<Seq> = (5..9).map(|offset| open(&mut tracker, offset)).collect();
    for (finished, watermark) in [(2, 5), (0, 6), (3, 6), (1, 9)] {
        assert!(tracker.finish(seqs[finished]));
        assert_eq!(tracker.watermark(), watermark);
    }
    assert_eq!((tracker.open_count(), tracker.lowest_open()), (0, None));
}

#[test]
fn nothing_to_say_is_no_metadata() {
    let mut tracker = fresh(5);
    assert_eq!((tracker.snapshot().offset, tracker.snapshot().metadata.as_str()), (5, ""));
    let first = open(&mut tracker, 5);
    let second = open(&mut tracker, 6);
    assert_eq!(tracker.snapshot().metadata, "");
    tracker.finish(first);
    assert_eq!((tracker.snapshot().offset, tracker.snapshot().metadata.as_str()), (6, ""));
    tracker.finish(second);
    assert_eq!((tracker.snapshot().offset, tracker.snapshot().metadata.as_str()), (7, ""));
}

#[test]
fn offsets_that_never_come_count_as_finished() {
    let mut tracker = fresh(0);
    let first = open(&mut tracker, 3);
    assert_eq!(tracker.watermark(), 3);
    let second = open(&mut tracker, 900);
    let third = open(&mut tracker, 1_000);
    tracker.finish(second);
    let commit = tracker.snapshot();
    let map = decode(&commit.metadata, 3).unwrap();
    assert_eq!((map.holes(), map.end()), ([3..4].as_slice(), 901));
    tracker.finish(first);
    assert_eq!(tracker.watermark(), 1_000);
    tracker.finish(third);
    assert_eq!(tracker.watermark(), 1_001);
}

#[test]
fn a_record_that_comes_again_is_told_apart() {
    let mut tracker = fresh(0);
    let first = open(&mut tracker, 0);
    open(&mut tracker, 1);
    tracker.finish(first);
    assert_eq!(tracker.admit(0), Admission::AlreadyDone);
    assert_eq!(tracker.admit(1), Admission::Stale);
    assert_eq!(tracker.open_count(), 1);
}

#[test]
fn a_record_finishes_once() {
    let mut tracker = fresh(0);
    let first = open(&mut tracker, 0);
    assert!(tracker.finish(first));
    open(&mut tracker, 1);
    assert!(!tracker.finish(first));
    assert_eq!(tracker.open_count(), 1);
}

#[test]
fn a_restart_before_anything_is_delivered_loses_nothing() {
    let tracker = restored();
    let commit = tracker.snapshot();
    assert!(!tracker.is_dirty());
    assert_eq!(decode(&commit.metadata, commit.offset), Map::new(10, 20, [10..11, 13..14], None));
}

#[test]
fn what_the_map_calls_finished_does_not_run_again() {
    let mut tracker = restored();
    let ten = open(&mut tracker, 10);
    assert_eq!(tracker.admit(11), Admission::AlreadyDone);
    tracker.finish(ten);
    assert_eq!(tracker.watermark(), 13);
    let thirteen = open(&mut tracker, 13);
    let commit = tracker.snapshot();
    assert_eq!(decode(&commit.metadata, 13), Map::new(13, 20, [13..14], None));
    tracker.finish(thirteen);
    // 14 to 19 were not delivered again, but they are finished.
    assert_eq!((tracker.watermark(), tracker.snapshot().metadata.as_str()), (20, ""));
    assert_eq!(tracker.admit(19), Admission::AlreadyDone);
    open(&mut tracker, 20);
}

#[test]
fn a_restored_hole_that_is_gone_from_the_log_holds_nothing_back() {
    let mut tracker = restored();
    let thirteen = open(&mut tracker, 13);
    assert_eq!((tracker.watermark(), tracker.gone()), (13, 1));
    assert!(tracker.is_dirty());
    tracker.finish(thirteen);
    assert_eq!(tracker.watermark(), 20);
}

#[test]
fn a_finished_record_behind_a_gone_hole_moves_the_watermark() {
    let mut tracker = restored();
    assert_eq!(tracker.admit(15), Admission::AlreadyDone);
    assert_eq!((tracker.watermark(), tracker.gone()), (20, 2));
}

#[test]
fn the_log_start_passes_holes_but_no_open_record() {
    let mut tracker = restored();
    let ten = open(&mut tracker, 10);
    tracker.skip_to(50);
    assert_eq!((tracker.watermark(), tracker.position(), tracker.gone()), (10, 50, 1));
    tracker.finish(ten);
    assert_eq!(tracker.watermark(), 50);
    tracker.skip_to(40);
    assert_eq!(tracker.position(), 50);
}

#[test]
fn a_map_of_another_commit_is_as_good_as_none() {
    let tracker = Tracker::new(11, Map::new(10, 20, [10..12], Some(4)), DEFAULT_UNITS);
    assert_eq!((tracker.watermark(), tracker.parked()), (11, None));
    assert_eq!(tracker.snapshot().metadata, "");
}

#[test]
fn a_commit_is_due_when_it_would_say_something_new() {
    let mut tracker = fresh(0);
    let first = open(&mut tracker, 0);
    let second = open(&mut tracker, 1);
    assert!(!tracker.is_dirty());
    tracker.finish(second);
    let older = tracker.snapshot();
    tracker.finish(first);
    let newer = tracker.snapshot();
    tracker.committed(older.revision);
    assert!(tracker.is_dirty());
    tracker.committed(newer.revision);
    tracker.committed(older.revision);
    assert!(!tracker.is_dirty());
    open(&mut tracker, 7);
    assert!(tracker.is_dirty(), "the watermark has passed the gap");
}

#[test]
fn a_known_number_of_parked_keys_is_in_every_commit() {
    let mut tracker = fresh(3);
    tracker.set_parked(Some(0));
    assert!(tracker.is_dirty());
    let commit = tracker.snapshot();
    let map = decode(&commit.metadata, 3).unwrap();
    assert_eq!((map.parked(), map.end(), commit.complete), (Some(0), 3, true));
    let mut next = restart(&commit);
    assert_eq!(next.parked(), Some(0));
    next.set_parked(Some(u32::MAX));
    assert_eq!(restart(&next.snapshot()).parked(), Some(u32::MAX));
}

#[test]
fn a_lowered_limit_leaves_the_map_out_but_not_the_parked_keys() {
    let mut tracker = fresh(0);
    tracker.set_parked(Some(2));
    let seqs: Vec<Seq> = (0..1_000).map(|offset| open(&mut tracker, offset * 3)).collect();
    for seq in seqs.iter().skip(1).step_by(2) {
        tracker.finish(*seq);
    }
    assert!(tracker.snapshot().complete);
    tracker.set_limit(8);
    assert!(tracker.is_dirty());
    let commit = tracker.snapshot();
    assert_eq!((commit.offset, commit.complete), (0, false));
    assert_eq!(decode(&commit.metadata, 0), Some(Map::empty(0, Some(2))));
    assert_eq!(tracker.admit(5_000), Admission::NoRoom);
    tracker.set_limit(2);
    assert_eq!(tracker.snapshot().metadata, "");
    assert!(!tracker.snapshot().complete);
    for seq in seqs {
        tracker.finish(seq);
    }
    open(&mut tracker, 5_000);
}

#[test]
fn with_no_room_at_all_records_run_one_by_one() {
    for limit in 0..6 {
        let mut tracker = Tracker::new(0, None, limit);
        for offset in [0, 1, 5, 100] {
            let seq = open(&mut tracker, offset);
            assert_eq!(tracker.admit(offset + 1), Admission::NoRoom);
            assert_eq!(tracker.snapshot().metadata, "");
            tracker.finish(seq);
            assert!(tracker.snapshot().complete);
        }
    }
}

#[test]
fn a_restored_map_that_does_not_fit_leaves_the_first_record_run() {
    let holes = (0..200).map(|index| index * 5..index * 5 + 1);
    let mut tracker = Tracker::new(0, Map::new(0, 1_000, holes, None), 4);
    for offset in (0..1_000).step_by(5) {
        let seq = open(&mut tracker, offset);
        tracker.finish(seq);
    }
    assert_eq!(tracker.watermark(), 1_000);
    assert!(tracker.snapshot().complete);
}

/// It was written under a higher limit, so its own room is no measure for this one.
#[test]
fn what_a_restored_map_leaves_open_takes_room_before_it_is_delivered() {
    let holes = (0..100).map(|index| index * 3..index * 3 + 1);
    let mut tracker = Tracker::new(0, Map::new(0, 300, holes, None), 16);
    let first = open(&mut tracker, 0);
    assert_eq!(tracker.admit(1), Admission::AlreadyDone);
    assert_eq!(tracker.admit(3), Admission::NoRoom);
    tracker.finish(first);
    open(&mut tracker, 3);
}

#[test]
fn sixteen_units_hold_dozens_of_open_records() {
    let mut tracker = Tracker::new(0, None, 16);
    let admitted = (0..1_000).take_while(|offset| tracker.admit(*offset) != Admission::NoRoom).count();
    // One bit each, of what the header leaves of 240.
    assert_eq!(admitted, 152);
}

#[test]
fn millions_finish_above_a_stuck_record() {
    let mut tracker = fresh(0);
    open(&mut tracker, 0);
    for offset in 1..3_000_000 {
        let seq = open(&mut tracker, offset);
        tracker.finish(seq);
    }
    let commit = tracker.snapshot();
    assert!(commit.complete && units(&commit) <= 7, "{}", units(&commit));
    assert_eq!(tracker.open_count(), 1);
    let next = restart(&commit);
    assert_eq!((next.watermark(), next.snapshot().metadata), (0, commit.metadata));
}

#[test]
fn a_thousand_stuck_records_in_ten_million_are_no_hindrance() {
    let mut tracker = fresh(0);
    for offset in 0..10_000_000 {
        let seq = open(&mut tracker, offset);
        if offset % 10_000 != 0 {
            tracker.finish(seq);
        }
    }
    assert!(units(&tracker.snapshot()) <= 1_024);
}

#[test]
fn nine_thousand_open_records_in_twenty_thousand_are_no_hindrance() {
    let mut tracker = fresh(0);
    let seqs: Vec<Seq> = (0..20_000)
        .filter(|offset| offset * 9_216 / 20_000 != (offset + 1) * 9_216 / 20_000)
        .map(|offset| open(&mut tracker, offset))
        .collect();
    assert_eq!(seqs.len(), 9_216);
    for seq in seqs.iter().step_by(2) {
        tracker.finish(*seq);
    }
    assert!(tracker.snapshot().complete);
}
