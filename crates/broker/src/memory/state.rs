//! All that an in-memory broker knows, behind its one lock.

use std::{collections::BTreeMap, sync::Arc};

use prosody_model::{Mono, Now};

use super::{
    commits::Flight,
    faults::{BrokerFaults, ConsumerFaults, Link},
    group::{Group, MemberId, Scene},
    log::{PartitionId, Topics},
    producer::{Sender, SenderId},
    rereads::Rereads,
    settings::Settings,
};
use crate::{
    consumer::{CommitResult, Waker},
    error::BrokerError,
    producer::{Report, ReportSink},
    rereading::Reread,
};

/// Names a consumer of an in-memory broker, through all its memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId(pub(super) u64);

/// The broker's side of one consumer.
pub(super) struct Client {
    pub group: Arc<str>,
    pub member: Option<MemberId>,
    pub waker: Waker,
    pub faults: ConsumerFaults,
    /// Answers that came after the call. Bound: the commits in flight; `poll` takes them.
    pub answers: Vec<CommitResult>,
    /// What was read again. Bound: the records asked for; `poll` takes them.
    pub reread: Vec<Reread>,
}

/// What is to be called once the lock is released.
#[derive(Default)]
pub(super) struct Effects {
    pub wakes: Vec<Waker>,
    pub reports: Vec<(ReportSink, Vec<Report>)>,
}

impl Effects {
    pub fn run(self) {
        for (sink, reports) in self.reports {
            sink(reports);
        }
        for wake in self.wakes {
            wake();
        }
    }
}

pub(super) struct State {
    pub settings: Settings,
    pub now: Now,
    pub topics: Topics,
    /// Bound: the group names in use; an emptied group stays for its offsets.
    pub groups: BTreeMap<Arc<str>, Group>,
    /// Bound: the consumers that live; closing or dropping one removes it.
    pub clients: BTreeMap<ConsumerId, Client>,
    /// Bound: the producers that live; closing or dropping one removes it.
    pub senders: BTreeMap<SenderId, Sender>,
    /// Commits held back by a fault. Bound: the faults set; `land_due` and `land_followers` remove.
    pub flights: Vec<Flight>,
    pub rereads: Rereads,
    pub faults: BrokerFaults,
    pub effects: Effects,
    drawn: u64,
}

impl State {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: Now::default(),
            topics: Topics::default(),
            groups: BTreeMap::new(),
            clients: BTreeMap::new(),
            senders: BTreeMap::new(),
            flights: Vec::new(),
            rereads: Rereads::default(),
            faults: BrokerFaults::default(),
            effects: Effects::default(),
            drawn: 0,
        }
    }

    /// A number never drawn before.
    pub fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    /// Takes note of the time; it never goes back.
    pub fn observe(&mut self, now: Now) {
        if now.mono >= self.now.mono {
            self.now = now;
        }
    }

    /// Does what is due by now: evictions, hand-overs, commits, records and readings held back.
    pub fn tick(&mut self) {
        self.each_group(|_, group, scene| group.expire(scene));
        self.land_due();
        self.send_due();
        self.reread_due();
    }

    /// The next instant at which `tick` would do something.
    pub fn deadline(&self) -> Mono {
        let groups = self.groups.values().map(|group| group.deadline(self.now.mono, &self.settings));
        let flights = self.flights.iter().map(|flight| flight.due);
        let senders = self.senders.values().map(|sender| sender.deadline(self.faults.unreachable));
        let rereads = self.rereads.deadline();
        groups.chain(flights).chain(senders).chain(rereads).chain(self.notices()).min().unwrap_or(Mono::NEVER)
    }

    /// When held-back notices are due.
    fn notices(&self) -> impl Iterator<Item = Mono> {
        self.groups.values().flat_map(Group::members).filter_map(|member| {
            let delay = self.clients.get(&member.consumer)?.faults.notice_delay;
            let due = member.first_notice()?.after(delay);
            (due > self.now.mono).then_some(due)
        })
    }

    /// How a consumer reaches the broker now.
    pub fn link(&self, id: ConsumerId) -> Link {
        let own = self.clients.get(&id).map_or(Link::Down, |client| client.faults.link);
        if own == Link::Up && self.faults.unreachable { Link::Down } else { own }
    }

    /// Runs `act` on the group of that name, which comes into being if need be.
    pub fn in_group<T>(&mut self, name: &Arc<str>, act: impl FnOnce(&mut Group, &mut Scene<'_>) -> T) -> T {
        let (topics, settings, now) = (&self.topics, &self.settings, self.now.mono);
        let mut scene = Scene { topics, settings, now, wakes: &mut self.effects.wakes };
        act(self.groups.entry(name.clone()).or_default(), &mut scene)
    }

    /// Runs `act` on every group.
    pub fn each_group(&mut self, mut act: impl FnMut(&Arc<str>, &mut Group, &mut Scene<'_>)) {
        let (topics, settings, now) = (&self.topics, &self.settings, self.now.mono);
        let mut scene = Scene { topics, settings, now, wakes: &mut self.effects.wakes };
        for (name, group) in &mut self.groups {
            act(name, group, &mut scene);
        }
    }

    /// Takes a consumer's member out of its group. Whether there was one.
    pub fn leave(&mut self, id: ConsumerId) -> bool {
        let Some(client) = self.clients.get_mut(&id) else { return false };
        let (Some(member), group) = (client.member.take(), client.group.clone()) else { return false };
        self.in_group(&group, |group, scene| group.remove(member, scene))
    }

    pub fn create_topic(&mut self, name: &str, partitions: i32) -> Result<u32, BrokerError> {
        let id = self.topics.create(name, partitions)?;
        self.topic_changed(name);
        Ok(id)
    }

    /// The topic of that name, which comes into being if the broker is set up so.
    pub fn use_topic(&mut self, name: &str) -> Result<u32, BrokerError> {
        match (self.topics.find(name), self.settings.auto_create) {
            (Some(id), _) => Ok(id),
            (None, Some(partitions)) => self.create_topic(name, partitions),
            (None, None) => Err(super::log::unknown_topic(name)),
        }
    }

    pub fn delete_topic(&mut self, name: &str) -> Result<(), BrokerError> {
        let partitions =
            self.topics.find(name).and_then(|id| self.topics.topic(id)).map_or(0, |t| t.logs.len());
        let topic = self.topics.delete(name)?;
        self.each_group(|_, group, scene| {
            group.forget_topic(topic);
            for partition in 0..partitions as i32 {
                group.wake_holder(PartitionId { topic, partition }, true, scene.wakes);
            }
        });
        self.topic_changed(name);
        Ok(())
    }

    /// Rebalances the groups that a change of this topic concerns.
    pub fn topic_changed(&mut self, name: &str) {
        self.each_group(|_, group, scene| {
            if group.subscribes(name) {
                group.rebalance(scene);
            }
        });
    }

    /// Wakes who reads a partition; with `force` also who has not read all of it.
    pub fn wake_readers(&mut self, partition: PartitionId, force: bool) {
        self.each_group(|_, group, scene| group.wake_holder(partition, force, scene.wakes));
    }
}
