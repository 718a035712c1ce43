//! One consumer group: its members, who holds what, and how it gets from one assignment to the next.
//!
//! ```text
//! join, leave, eviction, topics changed      rebalance: generation + 1, new target
//!   held, target elsewhere                   Revoke to the holder ── release ──┐
//!   target's, held by nobody                 Assign to the target  <───────────┘
//! ```
//!
//! A partition is held by one member at most, from its `Assign` to its release, or to the end of the member.

use std::collections::{BTreeMap, VecDeque};

use prosody_model::Mono;

use super::{
    assignor::{self, Target},
    log::{PartitionId, Topics},
    selector::{self, Selector},
    settings::{Protocol, Settings},
    state::ConsumerId,
};
use crate::{
    consumer::Waker,
    error::{BrokerError, ErrorCode},
};

/// One stay of one consumer in a group; a consumer that joins again is another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MemberId(pub u64);

/// What the group tells a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Assign(PartitionId),
    Revoke(PartitionId),
}

pub(super) struct Member {
    pub consumer: ConsumerId,
    pub selectors: Vec<Selector>,
    pub last_seen: Mono,
    pub waker: Waker,
    /// Bound: a few times the partitions; `take_notices` removes.
    notices: VecDeque<(Mono, Notice)>,
    /// Bound: the partitions of the subscribed topics; `release` removes.
    holds: BTreeMap<PartitionId, Hold>,
}

#[derive(Debug)]
struct Hold {
    /// Since when the partition is to be released.
    revoking: Option<Mono>,
    /// The holder has read all there is and wants to be woken.
    waiting: bool,
}

impl Member {
    pub fn new(consumer: ConsumerId, selectors: Vec<Selector>, now: Mono, waker: Waker) -> Self {
        Self { consumer, selectors, last_seen: now, waker, notices: VecDeque::new(), holds: BTreeMap::new() }
    }

    /// The first notice if it is older than `delay`.
    pub fn take_notice(&mut self, now: Mono, delay: std::time::Duration) -> Option<Notice> {
        let due = self.notices.front().is_some_and(|(at, _)| at.after(delay) <= now);
        if due { self.notices.pop_front().map(|(_, notice)| notice) } else { None }
    }

    /// Whether the first notice is a revocation.
    pub fn revoke_is_next(&self) -> bool {
        matches!(self.notices.front(), Some((_, Notice::Revoke(_))))
    }

    /// When the first notice was given.
    pub fn first_notice(&self) -> Option<Mono> {
        self.notices.front().map(|(at, _)| *at)
    }

    /// Says whether the holder waits for records of this partition.
    pub fn set_waiting(&mut self, partition: PartitionId, waiting: bool) {
        if let Some(hold) = self.holds.get_mut(&partition) {
            hold.waiting = waiting;
        }
    }

    fn notify(&mut self, now: Mono, notice: Notice, wakes: &mut Vec<Waker>) {
        self.notices.push_back((now, notice));
        if self.notices.len() == 1 {
            wakes.push(self.waker.clone());
        }
    }

    fn revokes(&self) -> impl Iterator<Item = Mono> {
        self.holds.values().filter_map(|hold| hold.revoking)
    }
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub offset: i64,
    pub metadata: String,
}

/// What a group needs to know of the world around it.
pub(super) struct Scene<'a> {
    pub topics: &'a Topics,
    pub settings: &'a Settings,
    pub now: Mono,
    pub wakes: &'a mut Vec<Waker>,
}

#[derive(Default)]
pub(super) struct Group {
    /// Bound: the consumers that live; `remove` and `expire` remove.
    members: BTreeMap<MemberId, Member>,
    /// Bound: the partitions ever committed; `forget_topic` removes.
    pub offsets: BTreeMap<PartitionId, Committed>,
    /// Who holds what: the members' holds by partition.
    owners: BTreeMap<PartitionId, MemberId>,
    target: Target,
    generation: u32,
    /// Nothing is assigned before this.
    settled: Mono,
}

impl Group {
    pub fn generation(&self) -> u32 {
        self.generation
    }

    pub fn member(&mut self, id: MemberId) -> Option<&mut Member> {
        self.members.get_mut(&id)
    }

    pub fn is_member(&self, id: MemberId) -> bool {
        self.members.contains_key(&id)
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The partitions that are held, and by whom.
    pub fn owners(&self) -> impl Iterator<Item = (PartitionId, ConsumerId)> {
        let consumer = |id: &MemberId| self.members.get(id).map(|member| member.consumer);
        self.owners.iter().filter_map(move |(partition, id)| Some((*partition, consumer(id)?)))
    }

    pub fn join(&mut self, id: MemberId, member: Member, scene: &mut Scene<'_>) {
        self.members.insert(id, member);
        self.rebalance(scene);
    }

    /// Takes a member out, with all that it holds. Whether it was one.
    pub fn remove(&mut self, id: MemberId, scene: &mut Scene<'_>) -> bool {
        let gone = self.drop_member(id, scene.wakes);
        if gone {
            self.rebalance(scene);
        }
        gone
    }

    /// Takes out the members whose time is over.
    pub fn expire(&mut self, scene: &mut Scene<'_>) {
        let deadline = |member: &Member| member_deadline(member, scene.settings);
        let late = self.members.iter().filter(|(_, member)| deadline(member) < scene.now);
        let late: Vec<MemberId> = late.map(|(id, _)| *id).collect();
        if !late.is_empty() {
            for id in late {
                self.drop_member(id, scene.wakes);
            }
            self.rebalance(scene);
        } else if !scene.settings.rebalance_delay.is_zero() {
            self.grant(scene, true);
        }
    }

    /// The next instant after `now` at which `expire` would do something.
    pub fn deadline(&self, now: Mono, settings: &Settings) -> Mono {
        let members = self.members.values().map(|member| member_deadline(member, settings).after(NANO));
        let settled = if self.settled > now { self.settled } else { Mono::NEVER };
        members.min().unwrap_or(Mono::NEVER).min(settled)
    }

    /// Computes a new target, revokes what is elsewhere, and assigns what nobody holds.
    pub fn rebalance(&mut self, scene: &mut Scene<'_>) {
        self.generation += 1;
        self.settled = scene.now.after(scene.settings.rebalance_delay);
        let topics_of = |member: &Member| selector::topics(&member.selectors, scene.topics);
        let candidates: Vec<_> = self.members.iter().map(|(id, member)| (*id, topics_of(member))).collect();
        let (target, owners, members) = (&self.target, &self.owners, &self.members);
        let previous = |partition: PartitionId| {
            let planned = target.get(&partition).filter(|id| members.contains_key(id));
            planned.or_else(|| owners.get(&partition)).copied()
        };
        let strategy = scene.settings.assignor;
        self.target = assignor::assign(strategy, scene.topics, &candidates, previous, self.generation);
        let eager = scene.settings.protocol == Protocol::Eager;
        for (id, member) in &mut self.members {
            let moves = |partition: &PartitionId| eager || self.target.get(partition) != Some(id);
            let held = member.holds.iter_mut().filter(|(p, hold)| hold.revoking.is_none() && moves(p));
            let revoked: Vec<PartitionId> = held
                .map(|(partition, hold)| {
                    hold.revoking = Some(scene.now);
                    *partition
                })
                .collect();
            for partition in revoked {
                member.notify(scene.now, Notice::Revoke(partition), scene.wakes);
            }
        }
        self.grant(scene, eager);
    }

    /// Frees a partition that was being revoked. Whether it was.
    pub fn release(&mut self, id: MemberId, partition: PartitionId, scene: &mut Scene<'_>) -> bool {
        let Some(member) = self.members.get_mut(&id) else { return false };
        if member.holds.get(&partition).is_none_or(|hold| hold.revoking.is_none()) {
            return false;
        }
        member.holds.remove(&partition);
        self.owners.remove(&partition);
        self.grant(scene, scene.settings.protocol != Protocol::Incremental);
        true
    }

    /// Takes a commit from any member, whether or not it holds the partition: so do real brokers.
    pub fn commit(
        &mut self,
        id: MemberId,
        partition: PartitionId,
        committed: Committed,
        scene: &Scene<'_>,
    ) -> Result<(), BrokerError> {
        let (code, message) = if !self.members.contains_key(&id) {
            (
                ErrorCode::Fenced,
                "the member is not in the group any more, it joins again by itself".to_owned(),
            )
        } else if scene.now < self.settled {
            (ErrorCode::Rebalancing, "the group is rebalancing, commit again later".to_owned())
        } else if scene.topics.log(partition).is_none() {
            (ErrorCode::UnknownTopic, "the topic of the committed partition was deleted".to_owned())
        } else {
            let (units, limit) = (committed.metadata.encode_utf16().count(), scene.settings.metadata_limit);
            if units <= limit {
                self.offsets.insert(partition, committed);
                return Ok(());
            }
            let message = format!("commit metadata of {units} UTF-16 units is over the limit of {limit}");
            (ErrorCode::MetadataTooLarge, message)
        };
        Err(BrokerError::new(code, message))
    }

    /// Whether a topic of this name concerns any member.
    pub fn subscribes(&self, topic: &str) -> bool {
        self.members.values().any(|member| member.selectors.iter().any(|selector| selector.matches(topic)))
    }

    /// Drops the offsets of a deleted topic.
    pub fn forget_topic(&mut self, topic: u32) {
        self.offsets.retain(|partition, _| partition.topic != topic);
    }

    /// Wakes the holder of a partition to which something was appended, if it waits. With `force`, always, and
    /// again at the next append: it may find that what woke it is gone.
    pub fn wake_holder(&mut self, partition: PartitionId, force: bool, wakes: &mut Vec<Waker>) {
        let Some(member) = self.owners.get(&partition).and_then(|id| self.members.get_mut(id)) else {
            return;
        };
        let Some(hold) = member.holds.get_mut(&partition) else { return };
        if hold.waiting || force {
            hold.waiting = force;
            wakes.push(member.waker.clone());
        }
    }

    /// Assigns what nobody holds; with `all_released`, only once no revocation is open.
    fn grant(&mut self, scene: &mut Scene<'_>, all_released: bool) {
        let open = all_released && self.members.values().any(|member| member.revokes().next().is_some());
        if open || scene.now < self.settled {
            return;
        }
        for (partition, id) in &self.target {
            if self.owners.contains_key(partition) {
                continue;
            }
            if let Some(member) = self.members.get_mut(id) {
                self.owners.insert(*partition, *id);
                member.holds.insert(*partition, Hold { revoking: None, waiting: true });
                member.notify(scene.now, Notice::Assign(*partition), scene.wakes);
            }
        }
    }

    fn drop_member(&mut self, id: MemberId, wakes: &mut Vec<Waker>) -> bool {
        let Some(member) = self.members.remove(&id) else { return false };
        self.owners.retain(|_, owner| *owner != id);
        wakes.push(member.waker);
        true
    }
}

const NANO: std::time::Duration = std::time::Duration::from_nanos(1);

/// The last instant at which the member is in time.
fn member_deadline(member: &Member, settings: &Settings) -> Mono {
    let release = member.revokes().min().map_or(Mono::NEVER, |since| since.after(settings.rebalance_timeout));
    member.last_seen.after(settings.session_timeout).min(release)
}
