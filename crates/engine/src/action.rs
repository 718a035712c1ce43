//! What the engine wants done.

use prosody_model::{AbortReason, Epoch, EventId, Mono, PartitionIndex, Record};

/// Something the shell carries out. Everything that comes of it returns as an [`Input`](crate::Input).
#[derive(Clone, Debug)]
pub enum Action {
    /// Call the handler.
    Dispatch(Dispatch),
    /// Ask a running call to stop.
    Abort { event: EventId, reason: AbortReason },
    /// Send a dead letter; [`Input::DeadLettered`](crate::Input::DeadLettered) answers it. One of an epoch that is
    /// over needs no answer any more.
    DeadLetter(Box<DeadLetter>),
    /// Read this partition no further: this record can neither be finished nor passed over. The partition stays held.
    Stop { epoch: Epoch, offset: i64, cause: StopCause },
    /// Read these records again; [`Input::Reread`](crate::Input::Reread) answers each, unless the epoch ends before.
    Reread { epoch: Epoch, wanted: Vec<Wanted> },
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

/// Why a record can neither be finished nor passed over; the texts are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Its dead letter is too large for the failure topic.
    LetterTooLarge(String),
    /// The log begins above it now, and there is no failure topic to say so.
    Gone(String),
    /// The log reaches down to it and does not have it.
    Missing(String),
}

/// A record to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub offset: i64,
    pub timestamp: i64,
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

/// A record that failed for good, on its way to the failure topic.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub ticket: EventId,
    pub epoch: Epoch,
    pub partition: PartitionIndex,
    pub record: Record,
    /// Handler calls that were made of it.
    pub attempts: u32,
    /// What the last one failed with.
    pub reason: String,
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
    /// A record failed for good and counts as done; it went nowhere.
    Disposed { partition: PartitionIndex, offset: i64, attempts: u32, reason: String },
    /// A record failed for good, and its dead letter is acknowledged.
    DeadLettered {
        partition: PartitionIndex,
        offset: i64,
        key: Option<Box<[u8]>>,
        attempts: u32,
        reason: String,
    },
    /// A dead letter could not be sent; its key waits.
    DeadLetterDelayed { partition: PartitionIndex, offset: i64, until: Mono, reason: String },
    /// A record failed and its key waits; with `in_place` its records count against `max_uncommitted` meanwhile.
    Parked {
        partition: PartitionIndex,
        offset: i64,
        key: Option<Box<[u8]>>,
        attempt: u32,
        until: Mono,
        in_place: bool,
        reason: String,
    },
    /// A key waits before it starts this record, for what it has done before: neither an attempt nor a failure.
    HeldBack { partition: PartitionIndex, offset: i64, until: Mono },
    /// Calls succeed again: a key that waits in place waits for no longer than this.
    Hastened { until: Mono },
    /// An outage has ended: a deferred key waits for no longer than this.
    Healed { until: Mono },
    /// A record could not be read again; its key waits.
    RereadDelayed { partition: PartitionIndex, offset: i64, until: Mono, reason: String },
    /// A call did not settle before its partition was given up: it may run again elsewhere.
    Abandoned { partition: PartitionIndex, offset: i64, attempt: u32 },
    /// A record counts as done without having been run.
    Skipped { partition: PartitionIndex, record: Record, reason: Skip },
    /// Finished offsets above the committed one were restored from the commit's metadata.
    Restored { partition: PartitionIndex, committed: i64 },
    /// The broker takes less metadata than we thought; completion maps are kept shorter from now on.
    MetadataLimit { units: usize },
}

/// Why a record was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Its id was processed.
    Duplicate,
    /// Its type is none of those that are allowed.
    Type,
    /// The own group has sent it.
    Source,
    /// It was sent again for another group.
    Addressee,
}

impl Observation {
    /// The partition it is about, if it is about one.
    pub fn partition(&self) -> Option<PartitionIndex> {
        match self {
            Self::Disposed { partition, .. }
            | Self::DeadLettered { partition, .. }
            | Self::DeadLetterDelayed { partition, .. }
            | Self::Parked { partition, .. }
            | Self::RereadDelayed { partition, .. }
            | Self::HeldBack { partition, .. }
            | Self::Abandoned { partition, .. }
            | Self::Skipped { partition, .. }
            | Self::Restored { partition, .. } => Some(*partition),
            Self::Hastened { .. } | Self::Healed { .. } | Self::MetadataLimit { .. } => None,
        }
    }
}
