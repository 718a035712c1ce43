//! What the engine is told.

use prosody_model::{Epoch, EventId, Mono, Outcome, PartitionIndex, Record};

/// Something that happened. An input that carries an epoch which is over is dropped, except that a late
/// `Settled` frees its slot and its key.
#[derive(Debug)]
pub enum Input {
    /// A partition is held from now on.
    Assigned(Assignment),
    /// Records of a held partition, in offset order; not more than [`Engine::room`](crate::Engine::room) says,
    /// and only while [`Engine::reads`](crate::Engine::reads) says so: what has no room waits in memory.
    Records { epoch: Epoch, records: Vec<Record> },
    /// Handler calls that have ended.
    Settled(Vec<Settlement>),
    /// These partitions are to be given up: one [`Action::Release`](crate::Action::Release) answers each.
    Revoking(Vec<Epoch>),
    /// These partitions are gone.
    Lost(Vec<Epoch>),
    /// The answer to [`Action::Commit`](crate::Action::Commit).
    Committed { epoch: Epoch, offset: i64, result: CommitResult },
    /// Start nothing new; abort what still runs at `abort_at`, and be done by `deadline`.
    Drain { abort_at: Mono, deadline: Mono },
    /// Time has passed.
    Tick,
}

/// A partition that came into our hands.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub epoch: Epoch,
    pub partition: PartitionIndex,
    /// The committed offset; `None` for a group without one: the first record says where the log begins.
    pub committed: Option<i64>,
    /// The commit's metadata, ours or anybody's.
    pub metadata: String,
}

/// How one handler call ended.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub event: EventId,
    pub outcome: Outcome,
}

/// How one commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitResult {
    Accepted,
    /// Not accepted; worth another try at the next interval.
    Refused,
    /// Refused because the metadata is too long for this broker.
    MetadataTooLarge,
}
