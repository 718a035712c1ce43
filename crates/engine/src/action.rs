//! What the engine wants done.

use prosody_model::{AbortReason, Epoch, EventId, Mono, PartitionIndex, Record};

/// Something the shell carries out. Everything that comes of it returns as an [`Input`](crate::Input).
#[derive(Clone, Debug)]
pub enum Action {
    /// Call the handler.
    Dispatch(Dispatch),
    /// Ask a running call to stop.
    Abort { event: EventId, reason: AbortReason },
    /// Commit without waiting.
    Commit(Commit),
    /// Everything started on this partition has ended or ran out of time: commit what is given, waiting for the
    /// answer, and give the partition up. Its epoch is over.
    Release { epoch: Epoch, commit: Option<Commit> },
    /// The drain has ended; every partition has been released.
    Drained { unfinished_calls: usize },
    /// Worth telling people. Leaving it out changes nothing.
    Observe(Box<Observation>),
}

/// One handler call to start.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub event: EventId,
    pub epoch: Epoch,
    pub partition: PartitionIndex,
    pub record: Record,
    /// 1 for the first attempt.
    pub attempt: u32,
    pub deadline: Mono,
}

/// The first offset that is not finished, and what is finished above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub epoch: Epoch,
    pub offset: i64,
    pub metadata: String,
}

/// A fact for logs and counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A record failed for good and counts as done.
    Disposed { partition: PartitionIndex, offset: i64, attempts: u32, reason: String },
    /// A record failed and its key waits.
    Parked { partition: PartitionIndex, offset: i64, attempt: u32, until: Mono, reason: String },
    /// A call did not settle before its partition was given up: it may run again elsewhere.
    Abandoned { partition: PartitionIndex, offset: i64, attempt: u32 },
    /// Finished offsets above the committed one were restored from the commit's metadata.
    Restored { partition: PartitionIndex, committed: i64 },
    /// The broker takes less metadata than we thought; completion maps are kept shorter from now on.
    MetadataLimit { units: usize },
}

impl Observation {
    /// The partition it is about, if it is about one.
    pub fn partition(&self) -> Option<PartitionIndex> {
        match self {
            Self::Disposed { partition, .. }
            | Self::Parked { partition, .. }
            | Self::Abandoned { partition, .. }
            | Self::Restored { partition, .. } => Some(*partition),
            Self::MetadataLimit { .. } => None,
        }
    }
}
