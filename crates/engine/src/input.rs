//! What the engine is told.

use prosody_model::{Epoch, EventId, Mono, Outcome, PartitionIndex, Record};

/// Something that happened. An input that carries an epoch which is over is dropped, except that a late
/// `Settled` frees its slot and its key.
#[derive(Debug)]
pub enum Input {
    /// `partition` stands for one of this topic from now on; ids are told apart by topic, not by partition.
    Named { partition: PartitionIndex, topic: String },
    /// A partition is held from now on.
    Assigned(Assignment),
    /// Records of a held partition, in offset order; not more than [`Engine::room`](crate::Engine::room) says,
    /// and only while [`Engine::reads`](crate::Engine::reads) says so: what has no room waits in memory.
    Records { epoch: Epoch, records: Vec<Record> },
    /// Handler calls that have ended.
    Settled(Vec<Settlement>),
    /// Records whose call has ended [`Unmarked`](prosody_model::Outcome::Unmarked) are marked. Nothing starts until the
    /// next `Settled`, so that what is to be given up can be said in between.
    Marked(Vec<EventId>),
    /// What became of [`Action::DeadLetter`](crate::Action::DeadLetter)s.
    DeadLettered(Vec<DeadLettered>),
    /// These partitions are to be given up: one [`Action::Release`](crate::Action::Release) answers each.
    Revoking(Vec<Epoch>),
    /// These partitions are gone.
    Lost(Vec<Epoch>),
    /// The answer to [`Action::Commit`](crate::Action::Commit).
    Committed { epoch: Epoch, offset: i64, result: CommitResult },
    /// Records of this partition may be given up: they can be read again as long as retention keeps them.
    Rereadable(Epoch),
    /// Answers to [`Action::Reread`](crate::Action::Reread).
    Reread(Vec<Reread>),
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
    /// Whether `committed` is a start that was chosen over what the group has committed: it is committed soon, be there
    /// records or not, so that whoever comes next goes on from it.
    pub moved: bool,
}

/// How one handler call ended.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub event: EventId,
    pub outcome: Outcome,
}

/// What became of one dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLettered {
    pub ticket: EventId,
    pub result: DeadLetterResult,
}

/// How sending a dead letter ended; the texts are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetterResult {
    /// The failure topic has it.
    Acknowledged,
    /// There is no place for it: the record came from the failure topic itself.
    Unwanted,
    /// It may not be there; to be sent again later.
    Failed(String),
    /// The topic will never take it.
    TooLarge(String),
}

/// What became of one record that was asked for again.
#[derive(Clone, Debug)]
pub struct Reread {
    pub epoch: Epoch,
    pub offset: i64,
    pub result: RereadResult,
}

/// How reading a record again ended; the texts are for people.
#[derive(Clone, Debug)]
pub enum RereadResult {
    Found(Record),
    /// The log begins above it now.
    Gone(String),
    /// The log reaches down to it and does not have it: nobody knows what has become of it.
    Missing(String),
    /// To be tried again later.
    Failed(String),
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
