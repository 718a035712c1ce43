#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};
use prosody_model::RecordParts;

use super::*;
use crate::offsets::{Admission, Tracker};

fn event(offset: i64) -> Event {
    let mut tracker = Tracker::new(offset, None, 0);
    let Admission::Open(seq) = tracker.admit(offset) else { unreachable!("the first record has room") };
    Event {
        body: Body::Here,
        record: Record::new(RecordParts { offset, ..RecordParts::default() }, []),
        lane: 0,
        partition: PartitionIndex(0),
        epoch: Epoch(1),
        seq,
        attempts: 0,
        ticket: NIL,
        run_if_seen: false,
        first_attempt: Mono::default(),
        counted: true,
        stage: Stage::Queued,
        started: Mono::default(),
        deferred: false,
        not_before: Mono::default(),
        aborted: false,
        marked: false,
        parked: crate::explanation::ParkedReason::Deferred,
        error: None,
        letter: None,
    }
}

/// The open calls from the oldest on, by their offsets, checked in both directions.
fn order(events: &Events) -> Vec<i64> {
    let mut offsets = Vec::new();
    let (mut at, mut before) = (events.oldest, NIL);
    while at != NIL {
        assert_eq!(events.slots[at as usize].older, before);
        offsets.push(events.get(at).unwrap().record.offset);
        (before, at) = (at, events.slots[at as usize].newer);
    }
    assert_eq!(events.newest, before);
    offsets
}

#[test]
fn an_id_outlives_its_event_and_then_names_nothing() {
    let mut events = Events::new(7);
    let first = events.insert(event(0));
    let old = events.id(first);
    assert_eq!(events.find(old), Some(first));
    events.remove(first).unwrap();
    assert_eq!(events.find(old), None);
    let second = events.insert(event(1));
    assert_eq!((second, events.find(old)), (first, None), "the slot is used again, the id is not");
    assert_eq!(events.find(events.id(second)), Some(second));
}

#[test]
fn an_id_of_a_slot_that_never_was_names_nothing() {
    let events = Events::new(0);
    assert_eq!(events.find(EventId { index: 3, generation: 0 }), None);
}

#[test]
fn two_consumers_give_different_ids() {
    let id = |first| {
        let mut events = Events::new(first);
        let index = events.insert(event(0));
        events.id(index)
    };
    assert_ne!(id(1), id(2));
}

#[test]
fn a_call_taken_out_of_the_order_is_taken_out_once() {
    let mut events = Events::new(0);
    let indices: Vec<_> = (0..3).map(|offset| events.insert(event(offset))).collect();
    for &index in &indices {
        events.open(index);
    }
    events.close(indices[1]);
    events.close(indices[1]);
    assert_eq!(order(&events), [0, 2]);
    events.close(indices[0]);
    events.close(indices[0]);
    assert_eq!((order(&events), events.oldest()), (vec![2], Some(indices[2])));
}

#[derive(Clone, Debug)]
enum Step {
    Insert,
    Open(usize),
    Close(usize),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Insert),
        3 => any::<usize>().prop_map(Step::Open),
        2 => any::<usize>().prop_map(Step::Close),
        2 => any::<usize>().prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn the_slab_is_its_model(steps in vec(step(), 1..120)) {
        let mut events = Events::new(u32::MAX - 3);
        // By offset: slot, id, whether in the order of starts. The order itself is `started`.
        let mut held: BTreeMap<i64, (u32, EventId)> = BTreeMap::new();
        let mut started: Vec<i64> = Vec::new();
        let mut gone: Vec<EventId> = Vec::new();
        let mut next = 0;
        let nth = |held: &BTreeMap<i64, (u32, EventId)>, n: usize| held.keys().nth(n % held.len().max(1)).copied();
        for step in steps {
            match step {
                Step::Insert => {
                    let index = events.insert(event(next));
                    held.insert(next, (index, events.id(index)));
                    next += 1;
                }
                Step::Open(n) => if let Some(offset) = nth(&held, n).filter(|o| !started.contains(o)) {
                    events.open(held[&offset].0);
                    started.push(offset);
                },
                Step::Close(n) => if let Some(offset) = nth(&held, n) {
                    events.close(held[&offset].0);
                    started.retain(|&o| o != offset);
                },
                Step::Remove(n) => if let Some(offset) = nth(&held, n) {
                    let (index, id) = held.remove(&offset).unwrap();
                    events.close(index);
                    started.retain(|&o| o != offset);
                    prop_assert_eq!(events.remove(index).unwrap().record.offset, offset);
                    prop_assert!(events.remove(index).is_none());
                    gone.push(id);
                },
            }
            prop_assert_eq!(events.len(), held.len());
            prop_assert_eq!(events.iter().count(), held.len());
            prop_assert_eq!(&order(&events), &started);
            for (offset, (index, id)) in &held {
                prop_assert_eq!(events.find(*id), Some(*index));
                prop_assert_eq!(events.get(*index).unwrap().record.offset, *offset);
            }
            prop_assert!(gone.iter().all(|id| events.find(*id).is_none()));
        }
    }
}
