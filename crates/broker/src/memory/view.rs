//! Looking into the in-memory broker, and meddling with it.

use std::ops::Range;

use prosody_model::{Record, TopicPartition};

use super::{
    MemoryBroker, SenderId, Settings,
    faults::{BrokerFaults, ConsumerFaults, ProducerFaults},
    group::{Committed, Group},
    state::{ConsumerId, State},
};

impl MemoryBroker {
    /// Changes how the broker works from now on. A clock cannot be given or taken away later.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        self.with(|state| change(&mut state.settings));
    }

    /// Changes the faults that all clients see.
    pub fn faults(&self, change: impl FnOnce(&mut BrokerFaults)) {
        self.with(|state| {
            change(&mut state.faults);
            state.wake_all();
            state.send_due();
        });
    }

    /// Changes the faults of one consumer. Whether it lives.
    pub fn consumer_faults(&self, id: ConsumerId, change: impl FnOnce(&mut ConsumerFaults)) -> bool {
        self.with(|state| {
            let Some(client) = state.clients.get_mut(&id) else { return false };
            change(&mut client.faults);
            state.effects.wakes.push(client.waker.clone());
            true
        })
    }

    /// Changes the faults of one producer. Whether it lives.
    pub fn producer_faults(&self, id: SenderId, change: impl FnOnce(&mut ProducerFaults)) -> bool {
        self.with(|state| {
            let Some(sender) = state.senders.get_mut(&id) else { return false };
            change(&mut sender.faults);
            state.send_due();
            true
        })
    }

    /// Ends all faults, lets go what they held back, and lands what is in flight.
    pub fn heal(&self) {
        self.with(|state| {
            state.faults = BrokerFaults::default();
            for client in state.clients.values_mut() {
                client.faults = ConsumerFaults::default();
            }
            for sender in state.senders.values_mut() {
                sender.faults = ProducerFaults::default();
            }
            for flight in &mut state.flights {
                flight.due = state.now.mono;
            }
            state.rereads.hasten(state.now.mono);
            state.wake_all();
            state.tick();
        });
    }

    /// Takes a consumer out of its group as if its session had run out. Whether it was a member.
    pub fn evict(&self, id: ConsumerId) -> bool {
        self.with(|state| state.leave(id))
    }

    /// Makes a group rebalance for no reason.
    pub fn rebalance(&self, group: &str) {
        self.with(|state| {
            state.each_group(|name, found, scene| {
                if &**name == group {
                    found.rebalance(scene);
                }
            });
        });
    }

    /// What a group has committed for a partition.
    pub fn committed(&self, group: &str, partition: &TopicPartition) -> Option<Committed> {
        self.with(|state| {
            let id = state.topics.resolve(partition)?;
            state.groups.get(group)?.offsets.get(&id).cloned()
        })
    }

    /// Sets, or with `None` removes, a committed offset, as a foreign tool might. Whether the partition exists.
    pub fn set_committed(&self, group: &str, partition: &TopicPartition, to: Option<Committed>) -> bool {
        self.with(|state| {
            let Some(id) = state.topics.resolve(partition) else { return false };
            state.in_group(&group.into(), |group, _| match to {
                Some(committed) => group.offsets.insert(id, committed),
                None => group.offsets.remove(&id),
            });
            true
        })
    }

    /// Who holds which partition of a group, as the group sees it; a partition is there once at most.
    pub fn owners(&self, group: &str) -> Vec<(TopicPartition, ConsumerId)> {
        self.with(|state| {
            let owners = state.groups.get(group).into_iter().flat_map(Group::owners);
            owners.filter_map(|(id, consumer)| Some((state.topics.name(id)?, consumer))).collect()
        })
    }

    /// The members of a group.
    pub fn members(&self, group: &str) -> Vec<ConsumerId> {
        self.with(|state| {
            let members = state.groups.get(group).into_iter().flat_map(Group::members);
            members.map(|member| member.consumer).collect()
        })
    }

    /// How often a group has rebalanced.
    pub fn generation(&self, group: &str) -> u32 {
        self.with(|state| state.groups.get(group).map_or(0, Group::generation))
    }

    /// The names of the topics and how many partitions each has.
    pub fn topics(&self) -> Vec<(String, usize)> {
        self.with(|state| {
            state.topics.iter().map(|(_, topic)| (topic.name.to_string(), topic.logs.len())).collect()
        })
    }

    /// The first offset of a partition's log and the one after its last.
    pub fn log_range(&self, partition: &TopicPartition) -> Option<Range<i64>> {
        self.with(|state| state.topics.log(state.topics.resolve(partition)?).map(|log| log.start..log.end))
    }

    /// The records of a partition from an offset on, at most `max`.
    pub fn records(&self, partition: &TopicPartition, from: i64, max: usize) -> Vec<Record> {
        self.with(|state| {
            let log = state.topics.resolve(partition).and_then(|id| state.topics.log(id));
            log.into_iter().flat_map(|log| log.from(from).take(max)).cloned().collect()
        })
    }
}

impl State {
    fn wake_all(&mut self) {
        self.effects.wakes.extend(self.clients.values().map(|client| client.waker.clone()));
    }
}
