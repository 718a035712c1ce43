use std::collections::VecDeque;

use proptest::{collection::vec, prelude::*};

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A record with this id comes in.
    Enter(u8),
    /// The record in hand at this place is finished, processed or not.
    End(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0_u8..12).prop_map(Step::Enter),
        1 => (any::<usize>(), prop::bool::weighted(0.8)).prop_map(|(place, done)| Step::End(place, done)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Beside it, the plainest thing that remembers the latest ids.
    #[test]
    fn the_latest_ids_are_remembered_exactly(capacity in 1_usize..6, steps in vec(step(), 1..200)) {
        let mut seen = Seen::new(capacity);
        // Spread over the hash, some alike in the half that the table sees.
        let digest = |id: u8| u128::from(id / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) & u128::from(u64::MAX)
            | u128::from(id) << 64;
        let mut hand: Vec<(u8, u32, u32)> = Vec::new();
        let mut processed: Vec<u8> = Vec::new();
        let mut latest: VecDeque<u8> = VecDeque::new();
        for (record, step) in (0_u32..).zip(steps) {
            match step {
                Step::Enter(id) => {
                    let ticket = seen.enter(digest(id));
                    if latest.contains(&id) {
                        latest.retain(|other| *other != id);
                        processed.push(id);
                    }
                    let known = processed.contains(&id);
                    prop_assert_eq!(seen.claim(ticket, record, false) == Claim::Seen, known);
                    hand.push((id, ticket, record));
                }
                Step::End(place, done) if !hand.is_empty() => {
                    let (id, ticket, record) = hand.swap_remove(place % hand.len());
                    if done {
                        seen.record(ticket);
                        if !processed.contains(&id) {
                            processed.push(id);
                        }
                    }
                    seen.leave(ticket, record);
                    if hand.iter().all(|(other, ..)| *other != id) && processed.contains(&id) {
                        processed.retain(|other| *other != id);
                        latest.push_back(id);
                        if latest.len() > capacity {
                            latest.pop_front();
                        }
                    }
                }
                Step::End(..) => {}
            }
            let mut ids: Vec<u8> = hand.iter().map(|(id, ..)| *id).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(seen.len(), (ids.len(), latest.len()));
            prop_assert!(seen.slots.len() <= ids.len() + 12);
        }
    }
}
