#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*};
use prosody_model::PartitionIndex;

use super::*;

fn lanes(count: u32) -> Lanes {
    let mut lanes = Lanes::new(0);
    for hash in 0..count {
        lanes.create(PartitionIndex(0), hash.into(), None);
    }
    lanes
}

#[test]
fn keys_come_due_in_the_order_of_their_instants_and_not_before() {
    let (mut lanes, mut parking) = (lanes(3), Parking::default());
    for (lane, until) in [(0, 30), (1, 10), (2, 20)] {
        parking.park(lane, Mono(until), true, &mut lanes);
    }
    assert_eq!((parking.len(), parking.next()), (3, Some(Mono(10))));
    assert_eq!(parking.due(Mono(9), &lanes), None);
    assert_eq!(parking.due(Mono(20), &lanes), Some(1));
    assert_eq!(parking.due(Mono(20), &lanes), Some(2));
    assert_eq!(parking.due(Mono(20), &lanes), None);
    assert_eq!(parking.len(), 1);
}

#[test]
fn a_key_that_left_does_not_come_due() {
    let (mut lanes, mut parking) = (lanes(2), Parking::default());
    parking.park(0, Mono(10), false, &mut lanes);
    parking.park(1, Mono(20), true, &mut lanes);
    assert_eq!(parking.in_place(), 1);
    parking.leave(0, &mut lanes);
    assert_eq!((parking.len(), parking.in_place()), (1, 0));
    assert_eq!(parking.due(Mono(20), &lanes), Some(1));
    assert_eq!(parking.due(Mono(20), &lanes), None);
}

#[test]
fn a_key_parked_again_after_it_left_comes_due_once_at_its_new_instant() {
    let (mut lanes, mut parking) = (lanes(1), Parking::default());
    parking.park(0, Mono(10), true, &mut lanes);
    parking.leave(0, &mut lanes);
    parking.park(0, Mono(50), true, &mut lanes);
    assert_eq!(parking.due(Mono(49), &lanes), None);
    assert_eq!(parking.due(Mono(50), &lanes), Some(0));
    assert_eq!(parking.due(Mono(50), &lanes), None);
}

#[test]
fn entries_of_keys_that_left_do_not_pile_up() {
    let (mut lanes, mut parking) = (lanes(4), Parking::default());
    for round in 0..100_000 {
        let lane = round % 4;
        parking.park(lane, Mono(1_000_000), true, &mut lanes);
        parking.leave(lane, &mut lanes);
        assert!(parking.heap.len() <= 67, "{}", parking.heap.len());
    }
}

proptest! {
    #[test]
    fn parking_is_its_model(steps in vec((0..8_u32, 0..100_u64, any::<bool>()), 1..200)) {
        let (mut lanes, mut parking) = (lanes(8), Parking::default());
        let mut model: Vec<Option<(u64, bool)>> = vec![None; 8];
        let mut now = 0;
        for (lane, wait, flag) in steps {
            let place = lane as usize;
            match model[place] {
                None => {
                    parking.park(lane, Mono(now + wait), flag, &mut lanes);
                    model[place] = Some((now + wait, flag));
                }
                Some(_) if flag => {
                    parking.leave(lane, &mut lanes);
                    model[place] = None;
                }
                Some(_) => {
                    now += wait / 4;
                    while let Some(due) = parking.due(Mono(now), &lanes) {
                        let (until, _) = model[due as usize].take().unwrap();
                        prop_assert!(until <= now);
                        // What the scheduler does with it: its entries are void from now on.
                        lanes.restamp(due);
                    }
                    prop_assert!(model.iter().flatten().all(|(until, _)| *until > now));
                }
            }
            let earliest = model.iter().flatten().map(|(until, _)| Mono(*until)).min();
            prop_assert_eq!(parking.len(), model.iter().flatten().count());
            prop_assert_eq!(parking.in_place(), model.iter().flatten().filter(|(_, uncounted)| !uncounted).count());
            prop_assert!(earliest.is_none() || parking.next() <= earliest, "{:?} {earliest:?}", parking.next());
        }
    }
}
