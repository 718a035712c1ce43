#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, VecDeque};

use proptest::{collection::vec, prelude::*};
use prosody_model::{Epoch, Record, RecordParts};

use super::*;
use crate::{
    events::{Event, Stage},
    offsets::{Admission, Tracker},
};

/// Lanes, the events in them, and an engine's way of using both.
struct Bench {
    lanes: Lanes,
    events: Events,
}

impl Bench {
    fn new() -> Self {
        Self { lanes: Lanes::new(1), events: Events::new(0) }
    }

    fn insert(&mut self, partition: u32, key: Option<&[u8]>, offset: i64) -> (u32, u32) {
        let partition = PartitionIndex(partition);
        let hash = self.lanes.hash(partition, key);
        let found = key.and_then(|key| self.lanes.find(partition, key, hash, &self.events));
        let lane = found.unwrap_or_else(|| self.lanes.create(partition, hash, key));
        let Admission::Open(seq) = Tracker::new(offset, None, 0).admit(offset) else {
            unreachable!("the first record has room")
        };
        let event = self.events.insert(Event {
            body: crate::events::Body::Here,
            record: Record::new(RecordParts { offset, key, ..RecordParts::default() }, []),
            lane,
            partition,
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
        });
        self.lanes.get_mut(lane).unwrap().push_back(event, &mut self.events);
        (lane, event)
    }

    fn offset(&self, event: u32) -> i64 {
        self.events.get(event).unwrap().record.offset
    }
}

#[test]
fn one_key_has_one_lane_in_each_partition() {
    let mut bench = Bench::new();
    let (a, _) = bench.insert(0, Some(b"a"), 0);
    assert_eq!(bench.insert(0, Some(b"a"), 1).0, a);
    assert_ne!(bench.insert(1, Some(b"a"), 0).0, a);
    assert_ne!(bench.insert(0, Some(b"b"), 2).0, a);
    assert_eq!(bench.lanes.len(), 3);
}

#[test]
fn no_key_an_empty_key_and_each_record_without_one_are_apart() {
    let mut bench = Bench::new();
    let lanes = [None, None, Some(b"".as_slice()), Some(b"".as_slice())].map(|key| bench.insert(0, key, 0).0);
    assert_eq!(lanes[2], lanes[3]);
    assert!(lanes[0] != lanes[1] && lanes[0] != lanes[2] && lanes[1] != lanes[2]);
}

#[test]
fn keys_of_any_length_are_told_apart() {
    let mut bench = Bench::new();
    let keys: Vec<_> = (0..=80).map(|length| vec![b'k'; length]).collect();
    let lanes: Vec<_> = keys.iter().map(|key| bench.insert(0, Some(key), 0).0).collect();
    assert_eq!(bench.lanes.len(), keys.len());
    for (key, lane) in keys.iter().zip(&lanes) {
        let hash = bench.lanes.get(*lane).unwrap().hash;
        assert_eq!(bench.insert(0, Some(key), 1).0, *lane);
        let mut other = key.clone();
        other.iter_mut().last().into_iter().for_each(|byte| *byte = b'x');
        let found = bench.lanes.find(PartitionIndex(0), &other, hash, &bench.events);
        assert_eq!(found, key.is_empty().then_some(*lane));
    }
}

#[test]
fn keys_whose_hashes_are_equal_are_apart() {
    let mut bench = Bench::new();
    let (a, _) = bench.insert(0, Some(b"a"), 0);
    let hash = bench.lanes.get(a).unwrap().hash;
    assert_eq!(bench.lanes.find(PartitionIndex(0), b"b", hash, &bench.events), None);
    assert_eq!(bench.lanes.find(PartitionIndex(1), b"a", hash, &bench.events), None);
    assert_eq!(bench.lanes.find(PartitionIndex(0), b"a", hash, &bench.events), Some(a));
}

#[test]
fn a_lane_whose_only_record_runs_is_found_by_its_key() {
    let mut bench = Bench::new();
    let (lane, event) = bench.insert(0, Some(b"a"), 0);
    let open = bench.lanes.get_mut(lane).unwrap();
    assert_eq!(open.pop_front(&mut bench.events), Some(event));
    open.open = event;
    assert!(open.is_empty());
    assert_eq!(bench.insert(0, Some(b"a"), 1).0, lane);
}

#[test]
fn a_lane_in_a_used_place_has_a_stamp_of_its_own() {
    let mut bench = Bench::new();
    let (first, event) = bench.insert(0, Some(b"a"), 0);
    let stamp = bench.lanes.get(first).unwrap().stamp;
    bench.lanes.get_mut(first).unwrap().pop_front(&mut bench.events);
    bench.lanes.remove(first);
    bench.events.remove(event);
    let (second, _) = bench.insert(0, Some(b"b"), 1);
    assert_eq!(second, first);
    assert_ne!(bench.lanes.get(second).unwrap().stamp, stamp);
}

#[derive(Clone, Debug)]
enum Step {
    Push(u32, Option<u8>),
    /// Starts the first record of a lane that has no open one.
    Pop(usize),
    /// Ends the open call of a lane, with its record or not.
    Close(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u32, proptest::option::weighted(0.8, 0..6_u8)).prop_map(|(p, k)| Step::Push(p, k)),
        3 => any::<usize>().prop_map(Step::Pop),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(n, again)| Step::Close(n, again)),
    ]
}

/// A queue of offsets, and the one whose call is open.
type Queue = (VecDeque<i64>, Option<(u32, i64)>);

proptest! {
    #[test]
    fn lanes_are_a_queue_a_key_with_one_open_call(steps in vec(step(), 1..150)) {
        let mut bench = Bench::new();
        let mut model: BTreeMap<u32, Queue> = BTreeMap::new();
        let mut keys: BTreeMap<(u32, u8), u32> = BTreeMap::new();
        for (offset, step) in steps.into_iter().enumerate() {
            let offset = offset as i64;
            let nth = |n: usize, model: &BTreeMap<u32, Queue>| model.keys().nth(n % model.len().max(1)).copied();
            match step {
                Step::Push(partition, key) => {
                    let bytes = key.map(|key| [key]);
                    let (lane, _) = bench.insert(partition, bytes.as_ref().map(<[u8; 1]>::as_slice), offset);
                    match key {
                        Some(key) => prop_assert_eq!(*keys.entry((partition, key)).or_insert(lane), lane),
                        None => prop_assert!(!model.contains_key(&lane)),
                    }
                    model.entry(lane).or_default().0.push_back(offset);
                }
                Step::Pop(n) => if let Some(lane) = nth(n, &model).filter(|lane| model[lane].1.is_none()) {
                    let queue = model.get_mut(&lane).unwrap();
                    let popped = bench.lanes.get_mut(lane).unwrap().pop_front(&mut bench.events);
                    prop_assert_eq!(popped.map(|event| bench.offset(event)), queue.0.front().copied());
                    if let (Some(event), Some(offset)) = (popped, queue.0.pop_front()) {
                        bench.lanes.get_mut(lane).unwrap().open = event;
                        queue.1 = Some((event, offset));
                    }
                },
                Step::Close(n, again) => if let Some(lane) = nth(n, &model)
                    && let Some((event, offset)) = model.get_mut(&lane).unwrap().1.take()
                {
                    let queue = &mut model.get_mut(&lane).unwrap().0;
                    bench.lanes.get_mut(lane).unwrap().open = NIL;
                    if again {
                        bench.lanes.get_mut(lane).unwrap().push_front(event, &mut bench.events);
                        queue.push_front(offset);
                    } else {
                        bench.events.remove(event);
                    }
                    if queue.is_empty() {
                        bench.lanes.remove(lane);
                        model.remove(&lane);
                        keys.retain(|_, place| *place != lane);
                    }
                },
            }
            prop_assert_eq!(bench.lanes.len(), model.len());
            prop_assert_eq!(bench.lanes.table.len(), keys.len());
            for (lane, (queue, _)) in &model {
                let lane = bench.lanes.get(*lane).unwrap();
                prop_assert_eq!(lane.is_empty(), queue.is_empty());
                let mut listed = Vec::new();
                let mut at = lane.head();
                while at != NIL {
                    listed.push(bench.offset(at));
                    at = bench.events.next(at);
                }
                prop_assert!(queue.iter().eq(&listed), "{queue:?} {listed:?}");
            }
            for partition in 0..3 {
                let listed = bench.lanes.of_partition(PartitionIndex(partition));
                prop_assert!(listed.iter().all(|lane| model.contains_key(lane)));
                let named = keys.keys().filter(|(p, _)| *p == partition);
                prop_assert!(named.map(|key| keys[key]).all(|lane| listed.contains(&lane)));
            }
        }
    }
}
