//! What the in-memory broker can be told to do wrong.
//!
//! Everything here is off until it is switched on, and deterministic: it happens when and to whom the
//! caller says.

use std::{collections::VecDeque, time::Duration};

use crate::error::ErrorCode;

/// Faults that all clients see.
#[derive(Clone, Debug, Default)]
pub struct BrokerFaults {
    /// Nobody reaches the broker: what [`Link::Down`] does to one consumer, for all, and producers too.
    pub unreachable: bool,
}

/// How a consumer reaches the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    #[default]
    Up,
    /// The client knows that it is cut off: one `Warning`, commits fail, nothing is read; after its session
    /// timeout the client itself reports its partitions lost, and joins anew when the link is up again.
    Down,
    /// The process stands still: polls and reads yield nothing, the session runs out, and the first poll
    /// after the thaw says what happened meanwhile.
    Frozen,
}

/// What reading yields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fetch {
    #[default]
    Normal,
    /// Nothing, until switched back.
    Stalled,
    /// Nothing while the consumer owes an answer to a revocation: what librdkafka does, its prefetch aside.
    StalledWhileRevoking,
}

/// What happens to the metadata of the committed offsets that a consumer is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MetadataFault {
    #[default]
    Keep,
    Lose,
    Replace(String),
}

/// What becomes of one call of [`Consumer::commit`](crate::Consumer::commit) or `commit_now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// As if there were no fault.
    Pass,
    /// Not applied, and answered with this.
    Refuse(ErrorCode),
    /// Not applied, and answered with `Timeout`.
    LoseRequest,
    /// Applied, and answered with `Timeout`.
    LoseAnswer,
    /// Applied and answered after this time.
    Delay(Duration),
    /// Applied and answered after the next commit of the same consumer: the two land reversed.
    Swap,
    /// Answered with `Timeout` at once, and applied after the next commit of the same consumer all the same.
    Late,
}

/// What becomes of one call of [`Consumer::reread`](crate::Consumer::reread).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RereadFault {
    /// As if there were no fault.
    Pass,
    /// Every record is answered with this.
    Fail(ErrorCode),
    /// Every record is answered with `Timeout`, when the time for it is over.
    Lose,
    /// Answered after this time, with what the log has then.
    Delay(Duration),
    /// The first half is answered at once, the rest after this time.
    Split(Duration),
}

/// Faults of one consumer, by [`MemoryBroker::consumer_faults`](super::MemoryBroker::consumer_faults).
#[derive(Clone, Debug, Default)]
pub struct ConsumerFaults {
    pub link: Link,
    pub fetch: Fetch,
    /// What the group decides (assignments, revocations) reaches the consumer this much later.
    pub notice_delay: Duration,
    /// For the next calls, first come first served. Bound: whoever fills it; each call takes one.
    pub commits: VecDeque<CommitFault>,
    pub metadata: MetadataFault,
    /// For the next calls. Bound: whoever fills it; each call takes one.
    pub rereads: VecDeque<RereadFault>,
    /// The settings of topics cannot be seen: no partition is said to be rereadable.
    pub settings_hidden: bool,
}

/// What becomes of one record that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFault {
    /// As if there were no fault.
    Pass,
    /// Not appended, and reported with this.
    Refuse(ErrorCode),
    /// Not appended, and reported with `Timeout`.
    LoseRequest,
    /// Appended, and reported with `Timeout`.
    LoseAnswer,
    /// Appended and reported after this time, and nothing sent later overtakes it.
    Delay(Duration),
}

/// Faults of one producer, by [`MemoryBroker::producer_faults`](super::MemoryBroker::producer_faults).
#[derive(Clone, Debug, Default)]
pub struct ProducerFaults {
    /// Records wait; past the send timeout they are reported with `Timeout`.
    pub unreachable: bool,
    /// For the next records. Bound: whoever fills it; each record takes one.
    pub sends: VecDeque<SendFault>,
}
