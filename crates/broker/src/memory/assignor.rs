//! Who gets which partition.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    group::MemberId,
    log::{PartitionId, Topics},
    settings::Assignor,
};

/// What the partitions of a group are to become: the partitions of each member's topics, each to one member.
pub(super) type Target = BTreeMap<PartitionId, MemberId>;

/// A member and the topics it subscribes to.
pub(super) type Candidate = (MemberId, BTreeSet<u32>);

/// Computes the target. `previous` is where the sticky strategy would leave a partition; `turn` is what the
/// rotating one turns by.
pub(super) fn assign(
    strategy: Assignor,
    topics: &Topics,
    members: &[Candidate],
    previous: impl Fn(PartitionId) -> Option<MemberId>,
    turn: u32,
) -> Target {
    let subscribed = topics.iter().filter(|(id, _)| members.iter().any(|(_, topics)| topics.contains(id)));
    let partitions: Vec<PartitionId> = subscribed
        .flat_map(|(topic, t)| {
            (0..t.logs.len() as i32).map(move |partition| PartitionId { topic, partition })
        })
        .collect();
    match strategy {
        Assignor::Sticky => sticky(&partitions, members, previous),
        Assignor::Range => range(&partitions, members),
        Assignor::RoundRobin => round_robin(&partitions, members, 0),
        Assignor::Rotating => round_robin(&partitions, members, turn as usize),
    }
}

/// Leaves partitions where they are, then evens the members out with as few moves as that takes.
fn sticky(
    partitions: &[PartitionId],
    members: &[Candidate],
    previous: impl Fn(PartitionId) -> Option<MemberId>,
) -> Target {
    let mut target = Target::new();
    let mut load: BTreeMap<MemberId, usize> = members.iter().map(|(id, _)| (*id, 0)).collect();
    let takes = |id: MemberId, partition: PartitionId| {
        members.iter().any(|(member, topics)| *member == id && topics.contains(&partition.topic))
    };
    for partition in partitions {
        if let Some(owner) = previous(*partition).filter(|owner| takes(*owner, *partition)) {
            target.insert(*partition, owner);
            *load.entry(owner).or_default() += 1;
        }
    }
    let least = |load: &BTreeMap<MemberId, usize>, partition: PartitionId| {
        let able = members.iter().filter(|(_, topics)| topics.contains(&partition.topic));
        able.map(|(id, _)| (load.get(id).copied().unwrap_or_default(), *id)).min()
    };
    for partition in partitions {
        if target.contains_key(partition) {
            continue;
        }
        if let Some((_, member)) = least(&load, *partition) {
            target.insert(*partition, member);
            *load.entry(member).or_default() += 1;
        }
    }
    // Each move lowers the sum of the squared loads, so this ends.
    let mut moved = true;
    while moved {
        moved = false;
        for partition in partitions {
            let (Some(owner), Some((lowest, member))) =
                (target.get(partition).copied(), least(&load, *partition))
            else {
                continue;
            };
            if load.get(&owner).copied().unwrap_or_default() > lowest + 1 {
                target.insert(*partition, member);
                *load.entry(member).or_default() += 1;
                *load.entry(owner).or_default() -= 1;
                moved = true;
            }
        }
    }
    target
}

/// Neighbouring partitions of each topic to one member.
fn range(partitions: &[PartitionId], members: &[Candidate]) -> Target {
    let mut target = Target::new();
    for of_topic in partitions.chunk_by(|a, b| a.topic == b.topic) {
        let able = able(of_topic[0], members);
        for (index, partition) in of_topic.iter().enumerate() {
            target.insert(*partition, able[index * able.len() / of_topic.len()]);
        }
    }
    target
}

/// One partition after the other to one member after the other, from member number `turn` on.
fn round_robin(partitions: &[PartitionId], members: &[Candidate], turn: usize) -> Target {
    let deal = |(index, partition): (usize, &PartitionId)| {
        let able = able(*partition, members);
        (*partition, able[(index + turn) % able.len()])
    };
    partitions.iter().enumerate().map(deal).collect()
}

/// The members that take this partition; at least one does, else it would not be here.
fn able(partition: PartitionId, members: &[Candidate]) -> Vec<MemberId> {
    members.iter().filter(|(_, topics)| topics.contains(&partition.topic)).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests;
