//! How an in-memory broker is set up.

use std::{fmt, sync::Arc, time::Duration};

use prosody_model::Now;

/// Tells the time to a broker that is not told it with every call.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// How partitions are spread over the members of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assignor {
    /// Even, with as few moves as possible, like Kafka's cooperative-sticky strategy.
    #[default]
    Sticky,
    /// Neighbouring partitions of a topic to one member.
    Range,
    /// One partition after the other to one member after the other.
    RoundRobin,
    /// Round-robin that starts with another member at every rebalance: everything moves, always.
    Rotating,
}

/// How a group gets from one assignment to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Only what moves is revoked; what was revoked is handed over when all have released.
    #[default]
    Cooperative,
    /// Everything is revoked at every rebalance.
    Eager,
    /// Only what moves is revoked, and each partition is handed over as soon as it is released (KIP-848).
    Incremental,
}

/// How an in-memory broker is set up.
#[derive(Clone)]
pub struct Settings {
    /// Topics come into being on first use with this many partitions; `None`: only when they are created.
    pub auto_create: Option<i32>,
    /// A broker with a clock reads it at every call and pays no heed to the instants it is given.
    pub clock: Option<Clock>,
    pub assignor: Assignor,
    pub protocol: Protocol,
    /// A member that was not polled for so long is out.
    pub session_timeout: Duration,
    /// A member that does not release a revoked partition for so long is out.
    pub rebalance_timeout: Duration,
    /// For so long after each rebalance nothing is assigned, and commits are answered with `Rebalancing`.
    pub rebalance_delay: Duration,
    /// A commit held back by a fault lands after this at the latest.
    pub commit_timeout: Duration,
    /// What does not come back when it is read again is answered after this.
    pub reread_timeout: Duration,
    /// The longest commit metadata, in UTF-16 units.
    pub metadata_limit: usize,
    /// The largest record: key, value and headers.
    pub record_limit: usize,
    /// Records that wait in one producer.
    pub queue_limit: usize,
    /// What a partition holds; `None`: everything.
    pub retention_bytes: Option<usize>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("auto_create", &self.auto_create)
            .field("assignor", &self.assignor)
            .field("protocol", &self.protocol)
            .field("session_timeout", &self.session_timeout)
            .field("rebalance_timeout", &self.rebalance_timeout)
            .field("rebalance_delay", &self.rebalance_delay)
            .field("metadata_limit", &self.metadata_limit)
            .field("record_limit", &self.record_limit)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auto_create: None,
            clock: None,
            assignor: Assignor::default(),
            protocol: Protocol::default(),
            session_timeout: Duration::from_secs(45),
            rebalance_timeout: Duration::from_secs(300),
            rebalance_delay: Duration::ZERO,
            commit_timeout: Duration::from_secs(5),
            reread_timeout: Duration::from_secs(30),
            metadata_limit: 4096,
            record_limit: 1_000_000,
            queue_limit: 100_000,
            retention_bytes: None,
        }
    }
}
