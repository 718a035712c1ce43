//! Membership in a group of the in-memory broker.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use prosody_model::{Epoch, Epochs, Mono, Now, Record};

use super::{
    MemoryBroker,
    commits::{Request, answer},
    faults::{ConsumerFaults, Fetch, Link},
    log::PartitionId,
    selector::Selector,
    state::{Client, ConsumerId, State},
};
use crate::{
    consumer::{Commit, CommitResult, Consumer, ConsumerEvent, StartFrom, TopicSelector, Waker},
    error::{BrokerError, ErrorCode},
    rereading::Wanted,
};

/// A [`Consumer`] of a [`MemoryBroker`].
///
/// Dropping it without [`close`](Consumer::close) is a crash: the group notices when the session times out.
pub struct MemoryConsumer {
    broker: MemoryBroker,
    pub(super) local: Local,
}

/// What the consumer itself knows; the group may have moved on meanwhile.
pub(super) struct Local {
    pub id: ConsumerId,
    pub group: Arc<str>,
    pub waker: Waker,
    pub epochs: Epochs,
    /// Bound: the partitions of the subscribed topics; `release`, a loss and `close` remove.
    pub holdings: BTreeMap<Epoch, Holding>,
    pub selectors: Vec<Selector>,
    /// The group does not know `selectors` yet.
    pub changed: bool,
    pub subscribed: bool,
    /// Answers known without asking. Bound: the commits since the last `poll`, which takes them.
    pub answers: Vec<CommitResult>,
    /// Releases that could not be sent. Bound: the partitions held; the next contact sends them.
    pub unsent: Vec<PartitionId>,
    pub last_contact: Option<Mono>,
    pub unreachable: bool,
    /// Topics known to be missing. Bound: the topics subscribed by name.
    pub missing: BTreeSet<String>,
    /// Where the first assignment starts; `Committed` once that has come.
    pub start: StartFrom,
}

/// One spell of holding a partition.
pub(super) struct Holding {
    pub partition: PartitionId,
    /// The next offset to read; `None`: the log's beginning.
    pub position: Option<i64>,
    pub revoking: bool,
    pub stopped: bool,
    pub said: Said,
}

/// What was said of a holding.
#[derive(Default)]
pub(super) struct Said {
    /// That there is something to read; not since a read came up short.
    pub readable: bool,
    pub rereadable: bool,
}

impl MemoryConsumer {
    pub(super) fn new(broker: MemoryBroker, group: &str, waker: Waker) -> Self {
        let group: Arc<str> = group.into();
        let id = broker.with(|state| {
            let id = ConsumerId(state.draw());
            let (group, waker, faults) = (group.clone(), waker.clone(), ConsumerFaults::default());
            state.clients.insert(
                id,
                Client { group, member: None, waker, faults, answers: Vec::new(), reread: Vec::new() },
            );
            id
        });
        let local = Local {
            id,
            group,
            waker,
            epochs: Epochs::default(),
            holdings: BTreeMap::new(),
            selectors: Vec::new(),
            changed: false,
            subscribed: false,
            answers: Vec::new(),
            unsent: Vec::new(),
            last_contact: None,
            unreachable: false,
            missing: BTreeSet::new(),
            start: StartFrom::default(),
        };
        Self { broker, local }
    }

    /// The same consumer with another start of its first assignment.
    #[must_use]
    pub fn starting_from(mut self, start: StartFrom) -> Self {
        self.local.start = start;
        self
    }

    /// The name under which this consumer's faults are set.
    pub fn id(&self) -> ConsumerId {
        self.local.id
    }

    /// Splits off, and answers, the commits whose epochs are over, and sends the rest.
    fn send(&mut self, commits: Vec<Commit>, later: bool) -> (Vec<CommitResult>, Option<Vec<CommitResult>>) {
        let local = &self.local;
        let (mut over, mut entries) = (Vec::new(), Vec::new());
        for commit in commits {
            if let Some(holding) = local.holdings.get(&commit.epoch) {
                entries.push((holding.partition, commit));
            } else {
                let message = format!("epoch {} is over, its partition is not held any more", commit.epoch.0);
                over.push(answer(&commit, Err(BrokerError::new(ErrorCode::Fenced, message))));
            }
        }
        if entries.is_empty() {
            return (over, Some(Vec::new()));
        }
        let results = self.broker.with(|state| {
            let member = state.clients.get(&local.id).and_then(|client| client.member);
            let request = Request { consumer: local.id, group: local.group.clone(), member, entries };
            state.commit(request, later)
        });
        (over, results)
    }
}

impl Consumer for MemoryConsumer {
    fn subscribe(&mut self, topics: &[TopicSelector]) -> Result<(), BrokerError> {
        let selectors = topics.iter().map(Selector::new).collect::<Result<_, _>>()?;
        let local = &mut self.local;
        if !self.broker.with(|state| state.clients.contains_key(&local.id)) {
            return Err(BrokerError::new(ErrorCode::Closed, "the consumer is closed, make another one"));
        }
        local.selectors = selectors;
        local.changed = true;
        local.subscribed = true;
        (local.waker)();
        Ok(())
    }

    fn poll(&mut self, now: Now, events: &mut Vec<ConsumerEvent>) {
        let local = &mut self.local;
        self.broker.at(now, |state| local.poll(state, events));
    }

    fn read(&mut self, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize {
        let local = &mut self.local;
        self.broker.with(|state| local.read(state, epoch, max, records))
    }

    fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>) {
        let local = &self.local;
        let Some(holding) = local.holdings.get(&epoch).filter(|holding| !holding.revoking) else { return };
        self.broker.with(|state| state.reread(local.id, epoch, holding.partition, wanted));
    }

    fn commit(&mut self, commits: Vec<Commit>) {
        let (over, results) = self.send(commits, true);
        self.local.answers.extend(over);
        self.local.answers.extend(results.unwrap_or_default());
        (self.local.waker)();
    }

    fn commit_now(&mut self, commits: Vec<Commit>, _timeout: Duration) -> Vec<CommitResult> {
        let (mut results, sent) = self.send(commits, false);
        results.extend(sent.unwrap_or_default());
        results
    }

    fn release(&mut self, epochs: &[Epoch]) {
        let local = &mut self.local;
        for epoch in epochs {
            if local.holdings.get(epoch).is_some_and(|holding| holding.revoking) {
                local.unsent.extend(local.holdings.remove(epoch).map(|holding| holding.partition));
            }
        }
        self.broker.with(|state| {
            if state.link(local.id) == Link::Up {
                local.send_releases(state);
            }
        });
        (local.waker)();
    }

    fn close(&mut self, _timeout: Duration) {
        let local = &mut self.local;
        local.holdings.clear();
        local.subscribed = false;
        self.broker.with(|state| {
            if state.link(local.id) == Link::Up {
                state.leave(local.id);
            }
            state.forget(local.id);
        });
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.broker.with(|state| state.forget(self.local.id));
    }
}

impl Local {
    fn read(&mut self, state: &mut State, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize {
        let fetching = self.fetching(state);
        let Some(holding) = self.holdings.get_mut(&epoch) else { return 0 };
        let member = state.clients.get(&self.id).and_then(|client| client.member);
        let mut count = 0;
        if let Some(log) = state.topics.log(holding.partition)
            && fetching
            && !(holding.revoking || holding.stopped)
        {
            let position = holding.position.unwrap_or(log.start);
            if (log.start..=log.end).contains(&position) {
                let before = records.len();
                records.extend(log.from(position).take(max).cloned());
                count = records.len() - before;
                if let (1.., Some(last)) = (count, records.last()) {
                    holding.position = Some(last.offset + 1);
                }
            }
        }
        if count < max {
            holding.said.readable = false;
            let partition = holding.partition;
            if let (Some(id), Some(group)) = (member, state.groups.get_mut(&self.group))
                && let Some(member) = group.member(id)
            {
                member.set_waiting(partition, true);
            }
        }
        count
    }

    /// Whether records get through to this consumer.
    pub fn fetching(&self, state: &State) -> bool {
        let fetch = state.clients.get(&self.id).map_or(Fetch::Stalled, |client| client.faults.fetch);
        state.link(self.id) == Link::Up
            && match fetch {
                Fetch::Normal => true,
                Fetch::Stalled => false,
                Fetch::StalledWhileRevoking => !self.holdings.values().any(|holding| holding.revoking),
            }
    }

    /// Tells the group what was released.
    pub fn send_releases(&mut self, state: &mut State) {
        let Some(member) = state.clients.get(&self.id).and_then(|client| client.member) else {
            self.unsent.clear();
            return;
        };
        for partition in self.unsent.drain(..) {
            state.in_group(&self.group, |group, scene| group.release(member, partition, scene));
        }
    }
}

impl State {
    /// Lets go of a consumer that will not call again; its member, if it did not leave, stays until it expires.
    fn forget(&mut self, id: ConsumerId) {
        let Some(client) = self.clients.remove(&id) else { return };
        self.rereads.forget(id);
        if let (Some(member), Some(group)) = (client.member, self.groups.get_mut(&client.group))
            && let Some(member) = group.member(member)
        {
            // The waker holds on to the consumer's owner.
            member.waker = Arc::new(|| ());
        }
    }
}
