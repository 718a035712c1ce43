//! Records whose bytes are given up and read again.

use super::*;
use crate::{Reread, RereadResult, StopCause, Wanted};

const SIZE: usize = 101;

fn record(offset: i64, key: &str) -> Record {
    let value = [7; SIZE - 1];
    let parts =
        RecordParts { offset, timestamp: offset * 10, key: Some(key.as_bytes()), value: Some(&value) };
    Record::new(parts, [])
}

/// No key is kept ready.
fn bare() -> Settings {
    let retry = crate::Backoff {
        base: Duration::from_millis(500),
        max: Duration::from_secs(8),
        jitter: Jitter::None,
    };
    Settings { kept_keys: 0, retry, ..quick() }
}

impl Bench {
    /// Delivers records, and fails each that starts.
    fn with_failures(settings: Settings, records: &[(i64, &str)]) -> Self {
        let mut bench = Self::new(settings);
        bench.step(Input::Rereadable(EPOCH));
        bench.heavy(records);
        bench.fail_all();
        bench
    }

    fn heavy(&mut self, records: &[(i64, &str)]) {
        let records = records.iter().map(|&(offset, key)| record(offset, key)).collect();
        self.step(Input::Records { epoch: EPOCH, records });
    }

    fn fail_all(&mut self) {
        for call in self.dispatched() {
            self.settle(call.event, failed());
        }
    }

    fn asked(&self) -> Vec<i64> {
        let wanted = |action: &Action| match action {
            Action::Reread { epoch: EPOCH, wanted } => Some(wanted.clone()),
            _ => None,
        };
        let wanted: Vec<Wanted> = self.actions.iter().filter_map(wanted).flatten().collect();
        assert!(wanted.iter().all(|wanted| wanted.timestamp == wanted.offset * 10));
        wanted.iter().map(|wanted| wanted.offset).collect()
    }

    fn comes(&mut self, offset: i64, result: RereadResult) {
        self.step(Input::Reread(vec![Reread { epoch: EPOCH, offset, result }]));
    }

    fn found(&mut self, offset: i64, key: &str) {
        self.comes(offset, RereadResult::Found(record(offset, key)));
    }

    fn stop(&self) -> Option<(i64, StopCause)> {
        self.actions.iter().find_map(|action| match action {
            Action::Stop { offset, cause, .. } => Some((*offset, cause.clone())),
            _ => None,
        })
    }
}

#[test]
fn a_parked_key_gives_up_its_bytes_and_runs_in_order_once_they_are_back() {
    let mut bench = Bench::with_failures(bare(), &[(0, "a"), (1, "a"), (2, "b")]);
    bench.heavy(&[(3, "a")]);
    assert_eq!(bench.engine.bytes(), 4, "the keys are what is left");
    bench.wait(Duration::from_secs(1));
    assert_eq!((bench.asked(), bench.offsets()), (vec![0, 1, 3, 2], vec![]));
    assert_eq!(bench.engine.bytes(), 4 * SIZE, "there is room for what comes");
    bench.found(1, "a");
    assert_eq!(bench.offsets(), [0_i64; 0], "not before the one in front of it");
    bench.found(0, "a");
    assert_eq!((bench.offsets(), bench.dispatched()[0].attempt), (vec![0], 2));
    assert_eq!(bench.dispatched()[0].record, record(0, "a"));
    let first = bench.dispatched()[0].event;
    bench.settle(first, Outcome::Success);
    assert_eq!(bench.offsets(), [1]);
    let second = bench.dispatched()[0].event;
    bench.settle(second, Outcome::Success);
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.found(3, "a");
    assert_eq!(bench.offsets(), [3]);
}

#[test]
fn nothing_is_given_up_where_nothing_could_be_read_again() {
    let mut bench = Bench::new(bare());
    bench.heavy(&[(0, "a"), (1, "a")]);
    bench.fail_all();
    assert_eq!(bench.engine.bytes(), 2 * SIZE);
    bench.wait(Duration::from_secs(1));
    assert_eq!((bench.asked(), bench.offsets()), (vec![], vec![0]));
}

#[test]
fn as_many_keys_as_are_to_be_kept_ready_are() {
    let records = [(0, "a"), (1, "b"), (2, "c")];
    let mut bench = Bench::with_failures(Settings { kept_keys: 2, ..bare() }, &records);
    assert_eq!(bench.engine.bytes(), 2 * SIZE + 1);
    bench.wait(Duration::from_secs(1));
    assert_eq!((bench.offsets(), bench.asked()), (vec![0, 1], vec![2]));
}

#[test]
fn a_budget_that_is_nearly_full_is_relieved_of_the_key_that_is_due_last() {
    let settings = Settings { kept_keys: 9, max_buffered_bytes: 13 * SIZE, max_concurrency: 1, ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "a")]);
    bench.now.mono = Mono(500_000_000);
    bench.heavy(&[(2, "b"), (3, "b"), (4, "b"), (5, "b")]);
    bench.fail_all();
    assert_eq!(bench.engine.bytes(), 6 * SIZE);
    bench.heavy(&[(6, "c"), (7, "c"), (8, "c"), (9, "c")]);
    assert_eq!(bench.engine.bytes(), 6 * SIZE + 4, "without key b it is no more than half full");
    bench.wait(Duration::from_millis(500));
    assert_eq!((bench.asked(), bench.engine.ready_keys()), (vec![], 1), "key a waits for nothing but a slot");
}

#[test]
fn what_waits_behind_a_call_is_given_up_too_and_read_ahead() {
    let settings = Settings { max_uncommitted: 1, max_buffered_bytes: 8 * SIZE, ..bare() };
    let mut bench = Bench::new(settings);
    bench.step(Input::Rereadable(EPOCH));
    bench.heavy(&[(0, "a")]);
    let first = bench.dispatched()[0].event;
    for offset in 1..8 {
        bench.heavy(&[(offset, "a")]);
    }
    assert!(bench.engine.bytes() <= 4 * SIZE, "{}", bench.engine.bytes());
    bench.settle(first, Outcome::Success);
    assert_eq!((bench.offsets(), bench.asked()), (vec![1], vec![]));
    let second = bench.dispatched()[0].event;
    bench.settle(second, Outcome::Success);
    assert_eq!(bench.asked(), [2, 3], "a quarter of the budget");
}

#[test]
fn one_record_that_is_larger_than_the_room_comes_back_alone() {
    let settings = Settings { max_buffered_bytes: SIZE / 2, ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "b")]);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.asked(), [0]);
    bench.found(0, "a");
    assert_eq!((bench.offsets(), bench.asked()), (vec![0], vec![1]));
}

#[test]
fn one_that_cannot_be_read_is_tried_again_later_and_that_is_no_attempt() {
    let mut bench = Bench::with_failures(bare(), &[(0, "a")]);
    for (wait, next) in [(1_000, 499), (1, 999), (1, 1_999)] {
        bench.wait(Duration::from_millis(wait));
        assert_eq!(bench.asked(), [0]);
        bench.comes(0, RereadResult::Failed("nobody there".into()));
        assert_eq!(bench.engine.bytes(), 1);
        bench.wait(Duration::from_millis(next));
        assert_eq!(bench.asked(), [0_i64; 0]);
    }
    bench.wait(Duration::from_millis(1));
    bench.found(0, "a");
    assert_eq!(bench.dispatched()[0].attempt, 2);
    assert_eq!(bench.engine.counters().reread_failed, 3);
}

#[test]
fn another_record_at_its_offset_is_not_run_and_stops_the_partition() {
    let mut bench = Bench::with_failures(bare(), &[(0, "a")]);
    bench.wait(Duration::from_secs(1));
    bench.found(0, "b");
    assert_eq!(bench.offsets(), [0_i64; 0]);
    assert!(matches!(bench.stop(), Some((0, StopCause::Missing(_)))), "{:?}", bench.stop());
}

#[test]
fn a_record_gone_from_the_log_stops_its_partition_at_its_turn() {
    let mut bench = Bench::with_failures(bare(), &[(0, "a"), (1, "a")]);
    bench.wait(Duration::from_secs(1));
    bench.comes(1, RereadResult::Gone("the log begins at 9".into()));
    assert_eq!(bench.stop(), None);
    bench.found(0, "a");
    let first = bench.dispatched()[0].event;
    bench.settle(first, Outcome::Success);
    assert_eq!(bench.stop(), Some((1, StopCause::Gone("the log begins at 9".into()))));
    assert!(!bench.engine.reads(EPOCH));
    assert_eq!((bench.engine.records(), bench.engine.bytes()), (0, 0));
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 1, "what came before it counts");
}

#[test]
fn a_record_gone_from_the_log_becomes_a_dead_letter_where_there_is_a_topic_for_it() {
    let settings = Settings { failure_topic: Some("dead".into()), ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "a")]);
    bench.wait(Duration::from_secs(1));
    bench.comes(0, RereadResult::Gone("the log begins at 9".into()));
    let letter = bench.letters().remove(0);
    assert_eq!((letter.record.offset, letter.record.key()), (0, Some(&b"a"[..])));
    assert_eq!((letter.record.value(), letter.reason.as_str()), (None, "the log begins at 9"));
    bench.found(1, "a");
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.reply(letter.ticket, crate::DeadLetterResult::Acknowledged);
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn a_record_that_is_missing_from_the_middle_of_the_log_stops_its_partition() {
    let settings = Settings { failure_topic: Some("dead".into()), ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "b")]);
    bench.wait(Duration::from_secs(1));
    bench.comes(1, RereadResult::Missing("compacted".into()));
    assert_eq!(bench.stop(), Some((1, StopCause::Missing("compacted".into()))));
    assert_eq!((bench.engine.records(), bench.engine.bytes(), bench.engine.keys()), (0, 0, 0));
}

#[test]
fn what_a_revoked_partition_asked_for_leaves_nothing_behind() {
    let mut bench = Bench::with_failures(bare(), &[(0, "a"), (1, "a")]);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.asked(), [0, 1]);
    bench.step(Input::Revoking(vec![EPOCH]));
    assert_eq!((bench.engine.bytes(), bench.engine.records(), bench.engine.keys()), (0, 0, 0));
    bench.assign(Epoch(2), 0);
    bench.found(0, "a");
    assert!(bench.actions.is_empty(), "{:?}", bench.actions);
    bench.step(Input::Rereadable(Epoch(2)));
    bench.step(Input::Records { epoch: Epoch(2), records: vec![record(0, "a")] });
    assert_eq!(bench.offsets(), [0]);
}

#[test]
fn while_keys_wait_for_room_to_come_back_reading_leaves_them_a_quarter() {
    let settings = Settings { max_buffered_bytes: 4 * SIZE, max_uncommitted: 1_000, ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "b")]);
    bench.engine.typical_size = 1;
    assert_eq!(bench.engine.room(), 4 * SIZE - 2);
    bench.wait(Duration::from_secs(1));
    assert_eq!((bench.asked(), bench.engine.room()), (vec![0], 2 * SIZE - 1));
    bench.comes(0, RereadResult::Failed("nobody there".into()));
    assert_eq!((bench.asked(), bench.engine.room()), (vec![1], 3 * SIZE - 1));
}

#[test]
fn the_next_record_of_a_key_waits_for_the_dead_letter_of_one_that_is_gone() {
    let settings = Settings { max_buffered_bytes: 8 * SIZE, failure_topic: Some("dead".into()), ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "a"), (2, "b"), (3, "c")]);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.asked(), [0, 1], "b and c wait for room");
    bench.heavy(&[(4, "a"), (5, "a")]);
    bench.found(0, "a");
    assert_eq!((bench.offsets(), bench.asked()), (vec![0], vec![2]));
    let first = bench.dispatched()[0].event;
    bench.settle(first, Outcome::Success);
    // Key a waits for 1, behind key c, which waits for room.
    bench.comes(1, RereadResult::Gone("the log begins at 2".into()));
    assert_eq!(bench.offsets(), [0_i64; 0]);
    let ticket = bench.letters()[0].ticket;
    bench.reply(ticket, crate::DeadLetterResult::Acknowledged);
    assert_eq!(bench.offsets(), [4]);
}

#[test]
fn what_is_read_again_while_all_slots_are_taken_stays_within_the_bytes() {
    let limit = 16 * SIZE;
    let gate = crate::Gate { threshold: 1.0, ..crate::Gate::default() };
    let settings =
        Settings { max_concurrency: 1, max_uncommitted: 1000, max_buffered_bytes: limit, gate, ..bare() };
    let mut bench = Bench::new(settings);
    bench.step(Input::Rereadable(EPOCH));
    let keys: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    for (offset, key) in keys.iter().enumerate() {
        bench.heavy(&[(offset as i64, key)]);
        bench.fail_all();
    }
    bench.heavy(&[(1000, "slow")]);
    assert_eq!(bench.offsets(), [1000], "it takes the only slot");
    bench.wait(Duration::from_secs(1));
    for asked in std::iter::repeat_with(|| bench.asked()).take(200).collect::<Vec<_>>().concat() {
        bench.found(asked, &keys[asked as usize]);
        assert!(bench.engine.bytes() <= limit + SIZE, "{} bytes", bench.engine.bytes());
    }
}

#[test]
fn a_twin_that_waits_is_not_read_again_all_the_time() {
    let id = crate::Place::Pointer(vec!["id".into()]);
    let intake = crate::Intake { ids: vec![id], remembered_ids: 8, ..crate::Intake::default() };
    let mut bench = Bench::new(Settings { intake, ..bare() });
    bench.step(Input::Rereadable(EPOCH));
    let twin = |offset| {
        let parts = RecordParts { offset, timestamp: 0, key: None, value: Some(br#"{"id":7}"#) };
        Input::Records { epoch: EPOCH, records: vec![Record::new(parts, [])] }
    };
    bench.step(twin(0));
    bench.fail_all();
    bench.step(twin(1));
    for _ in 0..9 {
        bench.wait(Duration::from_millis(100));
        assert!(!bench.actions.iter().any(|action| matches!(action, Action::Reread { .. })));
    }
}

#[test]
fn a_full_budget_is_relieved_though_nothing_else_happens() {
    let settings = Settings { max_buffered_bytes: 16 * SIZE, max_uncommitted: 2, ..bare() };
    let mut bench = Bench::new(settings);
    bench.now.mono = Mono(10_000_000_000);
    bench.step(Input::Rereadable(EPOCH));
    bench.heavy(&[(0, "a"), (1, "b")]);
    let mut offsets = 2..;
    while bench.engine.counters().given_up == 0 {
        bench.heavy(&[(offsets.next().unwrap(), "a")]);
    }
    // What waited behind key a is given up; now what waits behind key b fills the room at once.
    while bench.engine.room() > 0 {
        bench.heavy(&[(offsets.next().unwrap(), "b")]);
    }
    let wake = bench.engine.wake_at().unwrap().since(bench.now.mono);
    assert!(wake <= Duration::from_millis(100), "nobody looks again before {wake:?}");
    bench.wait(wake);
    assert!(bench.engine.room() > 0);
}

#[test]
fn the_records_behind_one_that_cannot_be_read_leave_the_count() {
    let mut bench = Bench::with_failures(bare(), &[(0, "a")]);
    bench.wait(Duration::from_secs(1));
    bench.heavy(&(1..9).map(|offset| (offset, "a")).collect::<Vec<_>>());
    bench.comes(0, RereadResult::Failed("nobody there".into()));
    assert_eq!((bench.engine.parked_keys(), bench.engine.uncommitted()), (1, 0));
}

#[test]
fn a_gone_record_for_which_there_is_no_failure_topic_after_all_stops_its_partition() {
    let settings = Settings { failure_topic: Some("dead".into()), ..bare() };
    let mut bench = Bench::with_failures(settings, &[(0, "a"), (1, "a")]);
    bench.wait(Duration::from_secs(1));
    bench.comes(0, RereadResult::Gone("the log begins at 9".into()));
    let ticket = bench.letters()[0].ticket;
    bench.reply(ticket, crate::DeadLetterResult::Unwanted);
    assert_eq!(bench.stop(), Some((0, StopCause::Gone("the log begins at 9".into()))));
    assert_eq!((bench.engine.records(), bench.engine.bytes()), (0, 0));
}
