#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use prosody_model::{Record, RecordParts};

use super::*;

fn outgoing(ticket: u64, size: usize) -> Outgoing {
    let value = vec![0; size];
    let record = Record::new(RecordParts { value: Some(&value), ..RecordParts::default() }, []);
    Outgoing { ticket, topic: Arc::from("t"), partition: None, record }
}

fn state() -> State {
    State::new(&KafkaSettings::default(), None, Arc::default())
}

/// Admits records and lets them wait.
fn wait(state: &mut State, tickets: std::ops::Range<u64>, size: usize) {
    let (admitted, refused) = state.admit(tickets.map(|ticket| outgoing(ticket, size)).collect());
    assert!(refused.is_empty());
    state.wait(admitted, false);
}

/// A state with one record under way and `tickets` waiting behind it.
fn busy(tickets: std::ops::Range<u64>) -> State {
    let mut state = state();
    state.admit(vec![outgoing(1_000, 1)]);
    state.handed = 1;
    wait(&mut state, tickets, 1);
    state
}

#[test]
fn only_what_finds_nothing_under_way_leaves_at_once() {
    assert!(state().may_hand_over_at_once(false));
    assert!(!busy(0..0).may_hand_over_at_once(false));
    assert!(busy(0..0).may_hand_over_at_once(true), "the user's linger gathers instead");
    assert!(!busy(0..1).may_hand_over_at_once(true), "but never past what waits");
    let handing = State { handing: true, ..state() };
    assert!(!handing.may_hand_over_at_once(true), "nor past what is being handed over");
}

#[test]
fn what_waits_goes_together_when_all_is_answered() {
    let mut state = busy(0..3);
    let now = Instant::now();
    assert!(state.due(now).is_empty(), "not before");
    state.handed = 0;
    let tickets: Vec<_> = state.due(now).into_iter().map(|(_, outgoing)| outgoing.ticket).collect();
    assert_eq!(tickets, [0, 1, 2]);
    assert!(state.handing);
    assert_eq!(state.handed, 3);
}

#[test]
fn what_waits_goes_after_5_ms_without_an_answer() {
    let mut state = busy(0..1);
    let now = Instant::now();
    assert!(state.patience(now) <= GATHER);
    assert!(state.due(now).is_empty());
    assert_eq!(state.due(now + GATHER).len(), 1);
}

#[test]
fn enough_of_it_goes_by_itself() {
    let mut many = busy(0..GATHERED_RECORDS as u64);
    assert_eq!(many.due(Instant::now()).len(), GATHERED_RECORDS);
    let mut large = busy(0..0);
    wait(&mut large, 0..2, GATHERED_BYTES / 2);
    assert_eq!(large.due(Instant::now()).len(), 2);
}

#[test]
fn nothing_is_handed_over_by_two_at_once() {
    let mut state = busy(0..1);
    state.handing = true;
    assert!(state.due(Instant::now() + GATHER).is_empty());
    state.handing = false;
    assert_eq!(state.due(Instant::now() + GATHER).len(), 1);
}

#[test]
fn a_record_past_every_limit_is_too_large_and_takes_no_slot() {
    let mut state = state();
    let (admitted, refused) = state.admit(vec![outgoing(1, LARGEST_RECORD + 1), outgoing(2, 1)]);
    assert_eq!(admitted.len(), 1);
    assert_eq!(refused[0].result.as_ref().map_err(|error| error.code), Err(ErrorCode::TooLarge));
    assert_eq!(state.ledger.out(), 1);
}

#[test]
fn the_thread_sleeps_long_only_with_nothing_to_do() {
    let now = Instant::now();
    let mut idle = state();
    assert!(idle.patience(now) > GATHER && idle.asleep);
    let mut waiting = busy(0..0);
    assert!(waiting.patience(now) <= GATHER && !waiting.asleep);
    let mut refused = state();
    refused.refused.push(Report { ticket: 1, result: Ok((0, 0)) });
    assert_eq!(refused.patience(now), Duration::ZERO);
}

#[test]
fn the_thread_sleeps_through_a_lone_record_and_no_other() {
    let now = Instant::now();
    let mut state = busy(0..0);
    state.lone = Some(0);
    assert!(state.patience(now) > GATHER && state.asleep);
    state.handed = 2;
    assert!(state.patience(now) <= GATHER, "another one is under way");
    state.handed = 1;
    wait(&mut state, 0..1, 1);
    assert!(state.patience(Instant::now()) <= GATHER && !state.asleep, "another one waits");
}

#[test]
fn a_lone_record_is_settled_once() {
    let mut state = busy(0..0);
    assert_eq!(state.lone_reported(0), Some(1_000));
    assert_eq!((state.handed, state.reporting), (0, 1));
    assert_eq!(state.lone_reported(0), None);
    assert_eq!((state.handed, state.reporting), (0, 1));
}
