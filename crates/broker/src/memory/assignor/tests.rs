use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn topics(counts: &[i32]) -> Topics {
    let mut topics = Topics::default();
    for (index, count) in counts.iter().enumerate() {
        let created = topics.create(&format!("t{index}"), *count);
        assert!(created.is_ok());
    }
    topics
}

/// Members that all take all of `topics`.
fn members(ids: impl IntoIterator<Item = u64>, topics: &Topics) -> Vec<Candidate> {
    let all: BTreeSet<u32> = topics.iter().map(|(id, _)| id).collect();
    ids.into_iter().map(|id| (MemberId(id), all.clone())).collect()
}

fn loads(target: &Target, members: &[Candidate]) -> Vec<usize> {
    let of = |id| target.values().filter(|owner| **owner == id).count();
    members.iter().map(|(id, _)| of(*id)).collect()
}

fn sticky(topics: &Topics, members: &[Candidate], previous: &Target) -> Target {
    assign(Assignor::Sticky, topics, members, |partition| previous.get(&partition).copied(), 0)
}

#[test]
fn a_newcomer_takes_its_share_and_no_more() {
    let topics = topics(&[6, 6]);
    let two = sticky(&topics, &members(1..=2, &topics), &Target::new());
    let three = sticky(&topics, &members(1..=3, &topics), &two);
    assert_eq!(loads(&three, &members(1..=3, &topics)), [4, 4, 4]);
    let moved = three.iter().filter(|(partition, owner)| two[partition] != **owner).count();
    assert_eq!(moved, 4);
}

#[test]
fn ranges_are_neighbours_and_turns_move_everything() {
    let topics = topics(&[4]);
    let members = members(1..=2, &topics);
    let order = |strategy, turn| -> Vec<u64> {
        assign(strategy, &topics, &members, |_| None, turn).values().map(|id| id.0).collect()
    };
    assert_eq!(order(Assignor::Range, 0), [1, 1, 2, 2]);
    assert_eq!(order(Assignor::RoundRobin, 1), [1, 2, 1, 2]);
    assert_eq!(order(Assignor::Rotating, 1), [2, 1, 2, 1]);
}

proptest! {
    #[test]
    fn the_sticky_strategy_is_even_and_moves_the_least(
        counts in proptest::collection::vec(1..9_i32, 1..4),
        before in 1..6_u64,
        after in proptest::collection::btree_set(1..9_u64, 1..6),
    ) {
        let topics = topics(&counts);
        let first = sticky(&topics, &members(1..=before, &topics), &Target::new());
        let members = members(after.iter().copied(), &topics);
        let next = sticky(&topics, &members, &first);
        let total = counts.iter().sum::<i32>() as usize;
        let loads = loads(&next, &members);
        prop_assert_eq!(loads.iter().sum::<usize>(), total);
        prop_assert!(loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0) <= 1);
        // Whatever one who stays loses, he had too much of.
        let mut lost: BTreeMap<MemberId, usize> = BTreeMap::new();
        for (partition, owner) in &first {
            if after.contains(&owner.0) && next[partition] != *owner {
                *lost.entry(*owner).or_default() += 1;
            }
        }
        for (member, count) in lost {
            let had = first.values().filter(|owner| **owner == member).count();
            prop_assert!(had - count >= total / members.len(), "{:?} lost {} of {}", member, count, had);
        }
        prop_assert_eq!(sticky(&topics, &members, &next), next, "a second time nothing moves");
    }

    #[test]
    fn every_strategy_gives_each_partition_to_somebody_who_wants_it(
        counts in proptest::collection::vec(1..9_i32, 1..5),
        wants in proptest::collection::vec(0..32_u32, 0..5),
        strategy in 0..4_usize,
        turn in 0..9_u32,
    ) {
        let topics = topics(&counts);
        let wanted = |bits: u32| topics.iter().map(|(id, _)| id).filter(move |id| bits & (1 << id) != 0).collect();
        let members: Vec<Candidate> =
            wants.iter().zip(1..).map(|(bits, id)| (MemberId(id), wanted(*bits))).collect();
        let strategies = [Assignor::Sticky, Assignor::Range, Assignor::RoundRobin, Assignor::Rotating];
        let target = assign(strategies[strategy], &topics, &members, |_| None, turn);
        for (id, topic) in topics.iter() {
            for partition in 0..topic.logs.len() as i32 {
                let owner = target.get(&PartitionId { topic: id, partition });
                let takers: Vec<_> = members.iter().filter(|m| m.1.contains(&id)).map(|m| m.0).collect();
                prop_assert_eq!(owner.is_some(), !takers.is_empty());
                prop_assert!(owner.is_none_or(|owner| takers.contains(owner)));
            }
        }
    }
}
