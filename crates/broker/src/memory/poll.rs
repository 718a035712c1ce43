//! What happened to a membership since it was last asked.

use prosody_model::Epoch;

use super::{
    consumer::{Holding, Local, Said},
    faults::{Link, MetadataFault},
    group::{Member, MemberId, Notice},
    log::PartitionId,
    selector::Selector,
    state::State,
};
use crate::{
    consumer::{Assigned, ConsumerEvent, StartFrom},
    error::{BrokerError, ErrorCode},
};

impl Local {
    pub fn poll(&mut self, state: &mut State, events: &mut Vec<ConsumerEvent>) {
        let link = state.link(self.id);
        let Some(client) = state.clients.get_mut(&self.id) else { return };
        if link == Link::Frozen {
            return;
        }
        self.answers.append(&mut client.answers);
        if !self.answers.is_empty() {
            events.push(ConsumerEvent::Committed(std::mem::take(&mut self.answers)));
        }
        if link == Link::Down {
            self.endure(state, events);
        } else {
            self.unreachable = false;
            self.last_contact = Some(state.now.mono);
            self.send_releases(state);
            if let Some(member) = self.join(state, events) {
                self.look(state, events);
                if self.take_notices(state, member, events) {
                    self.look(state, events);
                }
            }
        }
        self.say_reread(state, events);
    }

    /// Cut off: says so once, and gives up what it holds when its session must be over.
    fn endure(&mut self, state: &mut State, events: &mut Vec<ConsumerEvent>) {
        if !self.unreachable {
            self.unreachable = true;
            let message = "the broker cannot be reached, trying again";
            events.push(ConsumerEvent::Warning(BrokerError::new(ErrorCode::Unreachable, message)));
        }
        let over = |since| state.now.mono.since(since) > state.settings.session_timeout;
        if self.last_contact.is_some_and(over) {
            self.last_contact = None;
            if let Some(client) = state.clients.get_mut(&self.id) {
                client.member = None;
            }
            self.lose(events);
        }
    }

    /// The partitions are gone, and with them what was to be released.
    fn lose(&mut self, events: &mut Vec<ConsumerEvent>) {
        self.unsent.clear();
        let epochs: Vec<Epoch> = std::mem::take(&mut self.holdings).into_keys().collect();
        if !epochs.is_empty() {
            events.push(ConsumerEvent::Lost(epochs));
        }
    }

    /// Joins if it is no member, or tells the group about another subscription.
    fn join(&mut self, state: &mut State, events: &mut Vec<ConsumerEvent>) -> Option<MemberId> {
        let member = state.clients.get(&self.id).and_then(|client| client.member);
        let known = member.filter(|id| state.in_group(&self.group, |group, _| group.is_member(*id)));
        if known.is_none() {
            self.lose(events);
        }
        if !self.subscribed {
            return None;
        }
        self.check_topics(state, events);
        let (now, changed) = (state.now.mono, std::mem::take(&mut self.changed));
        let id = if let Some(id) = known { id } else { MemberId(state.draw()) };
        state.in_group(&self.group, |group, scene| match group.member(id) {
            Some(member) => {
                member.last_seen = now;
                if changed {
                    member.selectors.clone_from(&self.selectors);
                    group.rebalance(scene);
                }
            }
            None => {
                group.join(id, Member::new(self.id, self.selectors.clone(), now, self.waker.clone()), scene);
            }
        });
        state.clients.get_mut(&self.id)?.member = Some(id);
        Some(id)
    }

    /// Creates the topics it names, if the broker is set up so, or says once of each that it is missing.
    fn check_topics(&mut self, state: &mut State, events: &mut Vec<ConsumerEvent>) {
        for selector in &self.selectors {
            let Selector::Name(name) = selector else { continue };
            let found =
                if self.changed { state.use_topic(name).is_ok() } else { state.topics.find(name).is_some() };
            if found {
                self.missing.remove(name);
            } else if self.missing.insert(name.clone()) {
                let message = format!("topic {name:?} does not exist, waiting for it to be created");
                events.push(ConsumerEvent::Warning(BrokerError::new(ErrorCode::UnknownTopic, message)));
            }
        }
    }

    /// Takes what the group has decided, up to the first revocation: that is to be answered first. Whether
    /// there was anything.
    fn take_notices(&mut self, state: &mut State, id: MemberId, events: &mut Vec<ConsumerEvent>) -> bool {
        let Some(client) = state.clients.get(&self.id) else { return false };
        let (delay, fault) = (client.faults.notice_delay, client.faults.metadata.clone());
        let (mut assigned, mut revoking) = (Vec::new(), Vec::new());
        while !self.holdings.values().any(|holding| holding.revoking) || !revoking.is_empty() {
            let notice = state.in_group(&self.group, |group, scene| {
                let member = group.member(id)?;
                // What follows a revocation waits until that is answered.
                if !revoking.is_empty() && !member.revoke_is_next() {
                    return None;
                }
                member.take_notice(scene.now, delay)
            });
            match notice {
                Some(Notice::Assign(partition)) => assigned.extend(self.take(state, partition, &fault)),
                Some(Notice::Revoke(partition)) => {
                    let held = self.holdings.iter_mut().find(|(_, holding)| holding.partition == partition);
                    if let Some((epoch, holding)) = held {
                        holding.revoking = true;
                        revoking.push(*epoch);
                    }
                }
                None => break,
            }
        }
        let any = !(assigned.is_empty() && revoking.is_empty());
        if !assigned.is_empty() {
            self.start = StartFrom::Committed;
            events.push(ConsumerEvent::Assigned(assigned));
        }
        if !revoking.is_empty() {
            events.push(ConsumerEvent::Revoking(revoking));
        }
        any
    }

    /// Begins to hold a partition.
    fn take(&mut self, state: &mut State, id: PartitionId, fault: &MetadataFault) -> Option<Assigned> {
        let committed = state.in_group(&self.group, |group, _| group.offsets.get(&id).cloned());
        let epoch = self.epochs.draw();
        let found = committed.as_ref().map(|committed| committed.offset);
        let moved = state.topics.log(id).and_then(|log| self.start.place(found, log.start, log.end));
        let position = moved.map_or(found, |moved| Some(moved.to));
        let holding =
            Holding { partition: id, position, revoking: false, stopped: false, said: Said::default() };
        self.holdings.insert(epoch, holding);
        let metadata = match fault {
            _ if moved.is_some() => String::new(),
            MetadataFault::Keep => committed.map(|committed| committed.metadata).unwrap_or_default(),
            MetadataFault::Lose => String::new(),
            MetadataFault::Replace(other) => other.clone(),
        };
        let partition = state.topics.name(id)?;
        Some(Assigned { epoch, partition, committed: position, metadata, moved })
    }

    /// Looks what there is to read, and what cannot be read any more.
    fn look(&mut self, state: &mut State, events: &mut Vec<ConsumerEvent>) {
        let fetching = self.fetching(state);
        let hidden = state.clients.get(&self.id).is_none_or(|client| client.faults.settings_hidden);
        for (epoch, holding) in &mut self.holdings {
            if holding.revoking || holding.stopped {
                continue;
            }
            if !(hidden || holding.said.rereadable) && state.keeps_records(holding.partition) {
                holding.said.rereadable = true;
                events.push(ConsumerEvent::Rereadable(*epoch));
            }
            match stopped(state, holding) {
                Some(error) => {
                    holding.stopped = true;
                    events.push(ConsumerEvent::Stopped { epoch: *epoch, error });
                }
                None if fetching && !holding.said.readable && readable(state, holding) => {
                    holding.said.readable = true;
                    events.push(ConsumerEvent::Readable(*epoch));
                }
                None => {}
            }
        }
    }
}

fn readable(state: &State, holding: &Holding) -> bool {
    state.topics.log(holding.partition).is_some_and(|log| log.has(holding.position.unwrap_or(log.start)))
}

/// Why this partition cannot be read on, if it cannot.
fn stopped(state: &State, holding: &Holding) -> Option<BrokerError> {
    let Some(log) = state.topics.log(holding.partition) else {
        let message = format!("the topic of partition {} was deleted", holding.partition.partition);
        return Some(BrokerError::new(ErrorCode::UnknownTopic, message));
    };
    let position = holding.position.unwrap_or(log.start);
    if (log.start..=log.end).contains(&position) {
        return None;
    }
    let name = state.topics.name(holding.partition).map(|name| name.to_string()).unwrap_or_default();
    let message =
        format!("offset {position} of {name} is not in the log, which has {} to {}", log.start, log.end);
    Some(BrokerError::new(ErrorCode::OffsetOutOfRange, message))
}
