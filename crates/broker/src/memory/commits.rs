//! Commits on their way: applied at once, or as the faults of their consumer say.

use std::{sync::Arc, time::Duration};

use prosody_model::Mono;

use super::{
    faults::{CommitFault, Link},
    group::{Committed, MemberId},
    log::PartitionId,
    state::{ConsumerId, State},
};
use crate::{
    consumer::{Commit, CommitResult},
    error::{BrokerError, ErrorCode},
};

/// Commits of one call, whose epochs were found good.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub consumer: ConsumerId,
    pub group: Arc<str>,
    pub member: Option<MemberId>,
    pub entries: Vec<(PartitionId, Commit)>,
}

/// A request held back by a fault.
#[derive(Debug)]
pub(super) struct Flight {
    request: Request,
    /// Whether the consumer is told how it went.
    answer: bool,
    /// Lands after the consumer's next request that lands.
    follows: bool,
    /// Lands then at the latest.
    pub due: Mono,
}

impl Request {
    fn refused(&self, code: ErrorCode) -> Vec<CommitResult> {
        let error = || BrokerError::new(code, format!("the commit was not confirmed ({})", code.name()));
        let refuse = |(_, commit): &(PartitionId, Commit)| answer(commit, Err(error()));
        self.entries.iter().map(refuse).collect()
    }
}

/// The answer to one commit.
pub(super) fn answer(commit: &Commit, result: Result<(), BrokerError>) -> CommitResult {
    CommitResult { epoch: commit.epoch, offset: commit.offset, result }
}

impl State {
    /// Carries out a request. `None`: it is held back, and if `later`, its answers go to the client's.
    pub fn commit(&mut self, request: Request, later: bool) -> Option<Vec<CommitResult>> {
        let fault = match self.link(request.consumer) {
            Link::Down => CommitFault::Refuse(ErrorCode::Unreachable),
            Link::Frozen => CommitFault::LoseRequest,
            Link::Up => {
                let client = self.clients.get_mut(&request.consumer);
                client.and_then(|client| client.faults.commits.pop_front()).unwrap_or(CommitFault::Pass)
            }
        };
        let timeout = request.refused(ErrorCode::Timeout);
        match fault {
            CommitFault::Pass => Some(self.land(&request)),
            CommitFault::Refuse(code) => Some(request.refused(code)),
            CommitFault::LoseRequest => Some(timeout),
            CommitFault::LoseAnswer => {
                self.land(&request);
                Some(timeout)
            }
            CommitFault::Late => {
                self.hold(request, false, true, self.settings.commit_timeout);
                Some(timeout)
            }
            CommitFault::Swap => {
                self.hold(request, later, true, self.settings.commit_timeout);
                (!later).then_some(timeout)
            }
            CommitFault::Delay(wait) => {
                self.hold(request, later, false, wait);
                (!later).then_some(timeout)
            }
        }
    }

    /// Lands what is due by now.
    pub fn land_due(&mut self) {
        let now = self.now.mono;
        while let Some(index) = self.flights.iter().position(|flight| flight.due <= now) {
            let flight = self.flights.remove(index);
            self.land_flight(&flight);
        }
    }

    fn hold(&mut self, request: Request, answer: bool, follows: bool, wait: Duration) {
        let due = self.now.mono.after(wait);
        self.flights.push(Flight { request, answer, follows, due });
    }

    /// Applies a request, then those that were held back until after it.
    fn land(&mut self, request: &Request) -> Vec<CommitResult> {
        let results = self.apply(request);
        let consumer = request.consumer;
        let follows = |flight: &Flight| flight.follows && flight.request.consumer == consumer;
        let (followers, others) = std::mem::take(&mut self.flights).into_iter().partition(follows);
        self.flights = others;
        for flight in followers {
            self.land_flight(&flight);
        }
        results
    }

    fn land_flight(&mut self, flight: &Flight) {
        let results = self.apply(&flight.request);
        if let (true, Some(client)) = (flight.answer, self.clients.get_mut(&flight.request.consumer)) {
            client.answers.extend(results);
            self.effects.wakes.push(client.waker.clone());
        }
    }

    fn apply(&mut self, request: &Request) -> Vec<CommitResult> {
        let Some(member) = request.member else { return request.refused(ErrorCode::Fenced) };
        self.in_group(&request.group, |group, scene| {
            let apply = |(partition, commit): &(PartitionId, Commit)| {
                let committed = Committed { offset: commit.offset, metadata: commit.metadata.clone() };
                answer(commit, group.commit(member, *partition, committed, scene))
            };
            request.entries.iter().map(apply).collect()
        })
    }
}
