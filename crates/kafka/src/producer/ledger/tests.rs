#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_ticket_is_settled_once() {
    let mut ledger = Ledger::new(10, 100);
    let slot = ledger.admit(7, 1).unwrap();
    assert_eq!(ledger.settle(slot), Some(7));
    assert_eq!(ledger.settle(slot), None);
    assert_eq!(ledger.settle(99), None);
}

#[test]
fn both_bounds_hold_and_settling_makes_room() {
    let mut ledger = Ledger::new(2, 100);
    let first = ledger.admit(1, 60).unwrap();
    assert_eq!(ledger.admit(2, 41), None);
    ledger.admit(3, 40).unwrap();
    assert_eq!(ledger.admit(4, 0), None);
    ledger.settle(first);
    assert!(ledger.admit(5, 60).is_some());
}

#[test]
fn a_record_larger_than_the_bound_goes_alone() {
    let mut ledger = Ledger::new(2, 100);
    let large = ledger.admit(1, 1_000).unwrap();
    assert_eq!(ledger.admit(2, 0), None);
    ledger.settle(large);
    assert!(ledger.admit(2, 0).is_some());
}

#[test]
fn a_mark_is_reached_by_what_came_before_it_alone() {
    let mut ledger = Ledger::new(10, 100);
    let before = ledger.admit(1, 1).unwrap();
    let mark = ledger.mark();
    let after = ledger.admit(2, 1).unwrap();
    assert!(!ledger.reached(mark));
    let second = ledger.mark();
    ledger.settle(before);
    assert!(ledger.reached(mark));
    assert!(!ledger.reached(second));
    ledger.settle(after);
    assert!(ledger.reached(second));
}

#[test]
fn a_mark_with_nothing_out_is_reached_at_once() {
    let mut ledger = Ledger::new(10, 100);
    for _ in 0..3 {
        let mark = ledger.mark();
        assert!(ledger.reached(mark));
    }
    assert_eq!(ledger.generations.len(), 1);
}

#[test]
fn draining_settles_everything() {
    let mut ledger = Ledger::new(10, 100);
    let first = ledger.admit(1, 1).unwrap();
    ledger.admit(2, 1).unwrap();
    ledger.settle(first);
    ledger.admit(3, 1).unwrap();
    let mut tickets = ledger.drain();
    tickets.sort_unstable();
    assert_eq!(tickets, [2, 3]);
    assert_eq!((ledger.out(), ledger.bytes), (0, 0));
}
