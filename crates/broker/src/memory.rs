//! An in-memory broker: mock mode's Kafka and the simulation's adversary.
//!
//! It starts no threads, draws no random numbers and, unless it is given a [`Clock`], reads no clock: time is
//! what [`Consumer::poll`](crate::Consumer::poll) and [`MemoryBroker::advance`] say it is. The same calls in the
//! same order give the same answers.

mod admin;
mod assignor;
mod commits;
mod consumer;
mod faults;
mod group;
mod log;
mod murmur;
mod poll;
mod producer;
mod registry;
mod rereads;
mod selector;
mod settings;
mod state;
mod view;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prosody_model::{Mono, Now};

use crate::{consumer::Waker, producer::ReportSink};

pub use consumer::MemoryConsumer;
pub use faults::{
    BrokerFaults, CommitFault, ConsumerFaults, Fetch, Link, MetadataFault, ProducerFaults, RereadFault,
    SendFault,
};
pub use group::Committed;
pub use murmur::partition_of;
pub use producer::{MemoryProducer, SenderId};
pub use registry::Registry;
pub use settings::{Assignor, Clock, Protocol, Settings};
pub use state::ConsumerId;

use state::State;

/// A handle on an in-memory broker; clones are handles on the same one, which ends with the last.
///
/// It is its own [`Admin`](crate::Admin).
///
/// # Examples
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use prosody_broker::{Consumer, ConsumerEvent, TopicSelector, memory::{MemoryBroker, Settings}};
/// use prosody_model::Now;
///
/// let broker = MemoryBroker::new(Settings { auto_create: Some(4), ..Settings::default() });
/// let mut consumer = broker.consumer("group", Arc::new(|| ()));
/// consumer.subscribe(&[TopicSelector::Name("orders".into())])?;
/// let mut events = Vec::new();
/// consumer.poll(Now::default(), &mut events);
/// assert!(matches!(events[0], ConsumerEvent::Assigned(ref assigned) if assigned.len() == 4));
/// consumer.close(Duration::ZERO);
/// # Ok::<(), prosody_broker::BrokerError>(())
/// ```
#[derive(Clone)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Option<Clock>,
    state: Mutex<State>,
}

impl MemoryBroker {
    pub fn new(settings: Settings) -> Self {
        let clock = settings.clock.clone();
        Self { shared: Arc::new(Shared { clock, state: Mutex::new(State::new(settings)) }) }
    }

    /// A consumer that joins `group` once it subscribes.
    pub fn consumer(&self, group: &str, waker: Waker) -> MemoryConsumer {
        MemoryConsumer::new(self.clone(), group, waker)
    }

    /// A producer whose records, where a fault holds them back, fail after `timeout`.
    pub fn producer(&self, sink: ReportSink, timeout: Duration) -> MemoryProducer {
        MemoryProducer::new(self.clone(), sink, timeout)
    }

    /// Lets time pass and does what falls due: evictions, and what faults hold back.
    pub fn advance(&self, now: Now) {
        self.at(now, |_| ());
    }

    /// The next instant at which [`advance`](Self::advance) would do something.
    pub fn next_deadline(&self) -> Mono {
        self.with(|state| state.deadline())
    }

    /// Runs `act` at an instant, which a broker with a clock knows better.
    fn at<T>(&self, now: Now, act: impl FnOnce(&mut State) -> T) -> T {
        let timed = self.shared.clock.is_some();
        self.with(|state| {
            if !timed {
                state.observe(now);
            }
            state.tick();
            act(state)
        })
    }

    /// Runs `act` under the lock, and what it leads to for others after it.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let now = self.shared.clock.as_ref().map(|clock| clock());
        let (result, effects) = {
            let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(now) = now {
                state.observe(now);
            }
            let result = act(&mut state);
            (result, std::mem::take(&mut state.effects))
        };
        effects.run();
        result
    }
}

#[cfg(test)]
mod tests;
