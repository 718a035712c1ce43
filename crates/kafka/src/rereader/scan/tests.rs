#![allow(clippy::unwrap_used, clippy::panic)]

use prosody_model::RecordParts;
use rdkafka_sys::rd_kafka_resp_err_t as E;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(30);
const OUT_OF_RANGE: i32 = E::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET as i32;

/// A scan that wants these offsets, of records with time 0.
fn scan(offsets: &[i64], now: Instant) -> Scan {
    let mut scan = Scan::new(Epoch(1), TopicPartition::new("t", 0));
    want(&mut scan, offsets, now);
    scan
}

fn want(scan: &mut Scan, offsets: &[i64], now: Instant) {
    let wanted = offsets.iter().map(|&offset| Wanted { offset, timestamp: 0 }).collect();
    scan.want(wanted, now + TIMEOUT);
}

/// Gives it the records at these offsets.
fn read(scan: &mut Scan, offsets: impl IntoIterator<Item = i64>) {
    for offset in offsets {
        let parts = RecordParts { offset, ..RecordParts::default() };
        scan.record(offset, 0, || Record::new(parts, []));
    }
}

/// A record, the log's start, or the failure's code.
type Answer = Result<(), Result<i64, ErrorCode>>;

fn answers(scan: &mut Scan) -> Vec<(i64, Answer)> {
    let mut answers = Vec::new();
    scan.answers(&mut answers);
    let one = |answer: Reread| {
        let result = match answer.result {
            Ok(record) => {
                assert_eq!(record.offset, answer.offset);
                Ok(())
            }
            Err(Missing::Gone { start }) => Err(Ok(start)),
            Err(Missing::Failed(error)) => Err(Err(error.code)),
        };
        (answer.offset, result)
    };
    answers.into_iter().map(one).collect()
}

const MISSING: Answer = Err(Err(ErrorCode::RecordMissing));

#[test]
fn near_records_are_read_forward_and_far_ones_are_started_at() {
    let now = Instant::now();
    let mut scan = scan(&[5, 8, 108, 300], now);
    assert_eq!(scan.aim(99, now), Aim::Start(5));
    assert_eq!(scan.aim(99, now), Aim::Read);
    read(&mut scan, 5..9);
    assert_eq!(scan.aim(99, now), Aim::Read, "108 is 99 records ahead of 9");
    assert_eq!(scan.aim(98, now), Aim::Start(108));
    read(&mut scan, [108]);
    assert_eq!(scan.aim(99, now), Aim::Start(300));
    read(&mut scan, [300, 301]);
    assert_eq!(scan.aim(99, now), Aim::Stop);
    assert_eq!(answers(&mut scan), [5, 8, 108, 300].map(|offset| (offset, Ok(()))));
    assert!(scan.done());
}

#[test]
fn what_is_asked_for_behind_the_reading_is_not_taken_for_passed_and_comes_after_what_is_ahead() {
    let now = Instant::now();
    let mut scan = scan(&[50, 90], now);
    scan.aim(100, now);
    read(&mut scan, 50..55);
    want(&mut scan, &[10, 54, 60], now);
    assert_eq!(scan.aim(100, now), Aim::Read);
    read(&mut scan, 55..100);
    scan.end(100);
    assert!(!scan.doubts(now + TIMEOUT));
    assert_eq!(answers(&mut scan), [50, 60, 90].map(|offset| (offset, Ok(()))));
    assert_eq!(scan.aim(100, now), Aim::Start(10));
    read(&mut scan, 10..60);
    assert_eq!(answers(&mut scan), [10, 54].map(|offset| (offset, Ok(()))));
    assert_eq!(scan.aim(100, now), Aim::Stop);
}

#[test]
fn what_is_above_the_end_keeps_nothing_below_waiting() {
    let now = Instant::now();
    let mut scan = scan(&[50], now);
    scan.aim(100, now);
    want(&mut scan, &[10], now);
    scan.end(50);
    assert_eq!(scan.aim(100, now), Aim::Start(10));
    read(&mut scan, 10..20);
    assert_eq!(answers(&mut scan), [(10, Ok(()))]);
    assert_eq!(scan.aim(100, now), Aim::Read);
    read(&mut scan, 20..51);
    assert_eq!(answers(&mut scan), [(50, Ok(()))]);
}

#[test]
fn an_offset_asked_for_twice_is_answered_twice() {
    let now = Instant::now();
    let mut scan = scan(&[5], now);
    want(&mut scan, &[5], now);
    scan.aim(100, now);
    read(&mut scan, [5]);
    assert_eq!(answers(&mut scan), [(5, Ok(())), (5, Ok(()))]);
}

#[test]
fn a_record_of_another_time_is_another_record() {
    let now = Instant::now();
    let mut scan = scan(&[5], now);
    scan.aim(100, now);
    scan.record(5, 1, || unreachable!());
    assert_eq!(answers(&mut scan), [(5, MISSING)]);
}

#[test]
fn what_is_passed_is_gone_only_below_the_start_of_the_log() {
    let now = Instant::now();
    let mut scan = scan(&[5, 7, 9], now);
    scan.aim(100, now);
    read(&mut scan, [8]);
    assert!(scan.doubts(now));
    assert_eq!(answers(&mut scan), [], "not before the log's range is known");
    scan.range(6, 20, now);
    assert_eq!(answers(&mut scan), [(5, Err(Ok(6))), (7, MISSING)]);
    assert_eq!(scan.aim(100, now), Aim::Read, "the rest goes on");
    read(&mut scan, [9]);
    assert_eq!(answers(&mut scan), [(9, Ok(()))]);
}

#[test]
fn without_the_range_nothing_is_said_and_all_is_read_again() {
    let now = Instant::now();
    let mut scan = scan(&[5, 7, 9], now);
    scan.aim(100, now);
    read(&mut scan, [8]);
    scan.no_range(E::RD_KAFKA_RESP_ERR__TRANSPORT as i32, now);
    assert_eq!(answers(&mut scan), []);
    let Aim::Wait(again) = scan.aim(100, now) else { panic!() };
    read(&mut scan, [9]);
    assert_eq!(scan.aim(100, again), Aim::Start(5));
    let late = now + TIMEOUT;
    scan.time_out(late, TIMEOUT);
    let failed = |offset| (offset, Err(Err(ErrorCode::Unreachable)));
    assert_eq!(answers(&mut scan), [5, 7, 9].map(failed), "with what was the matter");
}

#[test]
fn an_offset_out_of_range_is_read_again_if_the_log_has_it() {
    let now = Instant::now();
    let mut scan = scan(&[3, 5], now);
    scan.aim(100, now);
    scan.fault(OUT_OF_RANGE, "", now);
    assert!(scan.doubts(now));
    scan.range(4, 20, now);
    assert_eq!(answers(&mut scan), [(3, Err(Ok(4)))]);
    assert!(!scan.doubts(now + TIMEOUT));
    let Aim::Wait(again) = scan.aim(100, now) else { panic!() };
    assert_eq!(scan.aim(100, again), Aim::Start(5));
}

#[test]
fn what_is_above_the_end_of_the_log_is_waited_for_and_missing_in_the_end() {
    let now = Instant::now();
    let mut scan = scan(&[30, 40], now);
    scan.aim(100, now);
    scan.fault(OUT_OF_RANGE, "", now);
    scan.range(0, 20, now);
    assert_eq!(answers(&mut scan), [], "a new leader may not know its end yet");
    let late = now + TIMEOUT;
    assert!(!scan.doubts(now) && scan.doubts(late));
    scan.range(0, 35, late);
    scan.time_out(late, TIMEOUT);
    let late = |offset| (offset, Err(Err(ErrorCode::Timeout)));
    assert_eq!(answers(&mut scan), [30, 40].map(late), "there by now, and so only late");
    let mut scan = self::scan(&[30], now);
    scan.aim(100, now);
    scan.end(20);
    scan.range(0, 20, now + TIMEOUT);
    assert_eq!(answers(&mut scan), [(30, MISSING)]);
}

#[test]
fn what_is_not_allowed_fails_at_once() {
    let now = Instant::now();
    let mut scan = scan(&[3, 5], now);
    scan.aim(100, now);
    scan.fault(E::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED as i32, "", now);
    let failed = |offset| (offset, Err(Err(ErrorCode::Authorization)));
    assert_eq!(answers(&mut scan), [3, 5].map(failed));
    assert_eq!(scan.aim(100, now), Aim::Stop);
}

#[test]
fn each_record_has_its_own_time() {
    let now = Instant::now();
    let mut scan = scan(&[3], now);
    let later = now + Duration::from_secs(1);
    want(&mut scan, &[1], later);
    assert_eq!(scan.next_look(), Some(now + TIMEOUT));
    scan.time_out(now + TIMEOUT, TIMEOUT);
    assert_eq!(answers(&mut scan), [(3, Err(Err(ErrorCode::Timeout)))]);
    scan.time_out(later + TIMEOUT, TIMEOUT);
    assert_eq!(answers(&mut scan), [(1, Err(Err(ErrorCode::Timeout)))]);
}
