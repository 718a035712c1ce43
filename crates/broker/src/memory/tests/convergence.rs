//! Whatever members do, a partition has one holder at most, and in the end exactly one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Join { pattern: bool },
    Leave(usize),
    Crash(usize),
    Evict(usize),
    Poll(usize),
    Release(usize),
    Pass(u64),
    Create,
    Widen,
    Delete,
    Rebalance,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let member = 0..4_usize;
    let step = prop_oneof![
        3 => any::<bool>().prop_map(|pattern| Step::Join { pattern }),
        1 => member.clone().prop_map(Step::Leave),
        1 => member.clone().prop_map(Step::Crash),
        1 => member.clone().prop_map(Step::Evict),
        8 => member.clone().prop_map(Step::Poll),
        6 => member.prop_map(Step::Release),
        2 => (0..30_000_u64).prop_map(Step::Pass),
        1 => Just(Step::Create),
        1 => Just(Step::Widen),
        1 => Just(Step::Delete),
        1 => Just(Step::Rebalance),
    ];
    proptest::collection::vec(step, 0..60)
}

fn settings() -> impl Strategy<Value = Settings> {
    let assignor = prop_oneof![
        Just(Assignor::Sticky),
        Just(Assignor::Range),
        Just(Assignor::RoundRobin),
        Just(Assignor::Rotating)
    ];
    let protocol =
        prop_oneof![Just(Protocol::Cooperative), Just(Protocol::Eager), Just(Protocol::Incremental)];
    let delay = prop_oneof![3 => Just(0), 1 => 1..3_000_u64].prop_map(Duration::from_millis);
    (assignor, protocol, delay).prop_map(|(assignor, protocol, rebalance_delay)| Settings {
        assignor,
        protocol,
        rebalance_delay,
        ..Settings::default()
    })
}

struct World {
    broker: MemoryBroker,
    members: Vec<MemoryConsumer>,
    /// What each member was told it holds, and which of it is being revoked.
    told: BTreeMap<ConsumerId, BTreeMap<Epoch, (TopicPartition, bool)>>,
    ms: u64,
    topics: usize,
}

impl World {
    fn new(settings: Settings) -> Self {
        let broker = MemoryBroker::new(settings);
        let mut world = Self { broker, members: Vec::new(), told: BTreeMap::new(), ms: 0, topics: 0 };
        world.act(&Step::Create);
        world
    }

    fn act(&mut self, step: &Step) {
        match step {
            Step::Join { pattern } => self.join(*pattern),
            Step::Leave(index) if *index < self.members.len() => {
                let mut member = self.members.remove(*index);
                self.told.remove(&member.id());
                member.close(Duration::ZERO);
            }
            Step::Crash(index) if *index < self.members.len() => {
                let member = self.members.remove(*index);
                self.told.remove(&member.id());
            }
            Step::Evict(index) => {
                if let Some(member) = self.members.get(*index) {
                    self.broker.evict(member.id());
                }
            }
            Step::Poll(index) => {
                self.poll(*index);
            }
            Step::Release(index) => self.release(*index),
            Step::Pass(ms) => self.ms += ms,
            Step::Create => {
                self.topics += 1;
                let name = format!("topic-{}", self.topics);
                let spec = crate::TopicSpec { name, partitions: 3, replication_factor: 1 };
                crate::Admin::create_topic(&self.broker, &spec, Duration::ZERO).unwrap();
            }
            Step::Widen => {
                let name = format!("topic-{}", self.topics);
                let count =
                    self.broker.topics().iter().find(|(topic, _)| *topic == name).map(|(_, count)| *count);
                if let Some(count) = count {
                    self.broker.add_partitions(&name, count as i32 + 2).unwrap();
                }
            }
            Step::Delete => {
                let _ = crate::Admin::delete_topic(
                    &self.broker,
                    &format!("topic-{}", self.topics),
                    Duration::ZERO,
                );
            }
            Step::Rebalance => self.broker.rebalance("group"),
            Step::Leave(_) | Step::Crash(_) => {}
        }
        self.check();
    }

    fn join(&mut self, pattern: bool) {
        if self.members.len() == 4 {
            return;
        }
        let mut member = self.broker.consumer("group", Arc::new(|| ()));
        let topics = if pattern {
            TopicSelector::Pattern("^topic-".into())
        } else {
            TopicSelector::Name("topic-1".into())
        };
        member.subscribe(&[topics]).unwrap();
        self.told.insert(member.id(), BTreeMap::new());
        self.members.push(member);
    }

    fn poll(&mut self, index: usize) -> usize {
        let Some(member) = self.members.get_mut(index) else { return 0 };
        let told = self.told.get_mut(&member.id()).unwrap();
        let events = poll(member, self.ms);
        for event in &events {
            match event {
                ConsumerEvent::Assigned(assigned) => {
                    for a in assigned {
                        assert!(
                            told.values()
                                .all(|(held, _)| *held != a.partition || deleted(&self.broker, held))
                        );
                        assert!(told.insert(a.epoch, (a.partition.clone(), false)).is_none());
                    }
                }
                ConsumerEvent::Revoking(epochs) => {
                    for epoch in epochs {
                        let held = told.get_mut(epoch).unwrap();
                        assert!(!std::mem::replace(&mut held.1, true), "revoked twice");
                    }
                }
                ConsumerEvent::Lost(epochs) => {
                    assert_eq!(told.keys().copied().collect::<Vec<_>>(), *epochs);
                    told.clear();
                }
                _ => {}
            }
        }
        events.len()
    }

    fn release(&mut self, index: usize) {
        let Some(member) = self.members.get_mut(index) else { return };
        let told = self.told.get_mut(&member.id()).unwrap();
        let epochs: Vec<Epoch> = told.iter().filter(|(_, held)| held.1).map(|(epoch, _)| *epoch).collect();
        told.retain(|_, held| !held.1);
        member.release(&epochs);
    }

    /// What a current member believes to hold, the group believes that it holds; and that once.
    fn check(&self) {
        let owners = self.broker.owners("group");
        let distinct: BTreeSet<_> = owners.iter().collect();
        assert_eq!(distinct.len(), owners.len());
        let current = self.broker.members("group");
        for (id, told) in self.told.iter().filter(|(id, _)| current.contains(id)) {
            for (partition, _) in told.values() {
                assert!(owners.contains(&(partition.clone(), *id)), "{id:?} holds {partition} on its own");
            }
        }
    }

    /// Everybody does what is asked of him until nothing happens any more.
    fn settle(&mut self) {
        let mut quiet = 0;
        for round in 0.. {
            assert!(round < 400, "no end of rebalancing");
            self.ms += 1000;
            let mut events = 0;
            for index in 0..self.members.len() {
                events += self.poll(index);
                self.release(index);
                self.check();
            }
            quiet = if events == 0 { quiet + 1 } else { 0 };
            // Longer than a session: those who crashed are out as well.
            if quiet > 50 {
                return;
            }
        }
    }
}

fn deleted(broker: &MemoryBroker, partition: &TopicPartition) -> bool {
    broker.log_range(partition).is_none()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_members_coming_and_going_converges(settings in settings(), steps in steps()) {
        let mut world = World::new(settings);
        for step in &steps {
            world.act(step);
        }
        world.settle();
        if world.members.is_empty() {
            world.join(true);
            world.settle();
        }
        let broad = world.members.iter().any(|m| matches!(m.local.selectors[0], selector::Selector::Pattern(_)));
        let topics = world.broker.topics().into_iter().filter(|(name, _)| broad || name == "topic-1");
        let expected: BTreeSet<_> = topics
            .flat_map(|(name, count)| (0..count).map(move |p| TopicPartition::new(name.as_str(), p as i32)))
            .collect();
        let owned: BTreeSet<_> = world.broker.owners("group").into_iter().map(|(partition, _)| partition).collect();
        prop_assert_eq!(owned, expected);
        for (partition, id) in world.broker.owners("group") {
            prop_assert!(world.told[&id].values().any(|held| *held == (partition.clone(), false)));
        }
    }
}
