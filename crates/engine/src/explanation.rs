//! What a consumer says of itself when it is asked what holds it.

use std::time::Duration;

use prosody_model::{Epoch, Mono, PartitionIndex};
use twox_hash::XxHash3_128;

/// The most of an error that is kept, in bytes.
pub(crate) const MOST_ERROR: usize = 1024;
/// The most of a key that is shown, in bytes.
pub(crate) const MOST_KEY: usize = 1024;

/// What holds each partition, and which keys wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The partitions held, by their numbers.
    pub partitions: Vec<PartitionExplanation>,
    /// The keys that wait: those first that have been waiting or failing for longest, as many as were asked for.
    pub parked: Vec<RecordExplanation>,
    /// How many keys wait in all.
    pub parked_count: usize,
    pub budgets: Budgets,
}

/// One held partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionExplanation {
    pub partition: PartitionIndex,
    pub epoch: Epoch,
    /// The first offset that is not finished: what a commit says. `None` before the first record of a group without a
    /// committed offset.
    pub first_unfinished: Option<i64>,
    /// The record there; `None` if it is not in hand.
    pub blocking: Option<RecordExplanation>,
    /// Records in hand that are not finished.
    pub unfinished: usize,
    /// Finished offsets above the first unfinished one.
    pub finished_above: u64,
    /// Records read for which there is no room.
    pub backlog: usize,
    /// UTF-16 units that the completion map may come to need, and those that a commit takes.
    pub completion_map: Use,
    /// What keeps it from being read on.
    pub held: Option<Bound>,
}

/// A record in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordExplanation {
    pub partition: PartitionIndex,
    pub offset: i64,
    pub key: Option<KeyExplanation>,
    pub stage: Stage,
    /// Handler calls so far.
    pub attempts: u32,
    /// Since its first call was started; before that, since it was admitted.
    pub age: Duration,
    /// What its last attempt failed with, or sending its dead letter; the beginning of a long text.
    pub error: Option<Box<str>>,
    /// Records of its key behind it.
    pub behind: usize,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A free slot.
    Queued { since: Mono },
    /// A call of its key that an earlier assignment has left behind.
    EarlierCall,
    /// Its handler.
    Running { since: Mono },
    /// The acknowledgement of its dead letter.
    DeadLetter,
    /// Its value and headers, which were given up and are read again.
    Rereading,
    /// Its mark: its handler has returned.
    Unmarked,
    /// An instant.
    Parked { until: Mono, reason: ParkedReason },
}

/// Why a key waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkedReason {
    /// It failed and is tried again in place: its records count against `max_uncommitted`.
    RetryInPlace,
    /// It failed and is deferred: its records count against the bytes and the completion map alone.
    Deferred,
    /// Its dead letter could not be sent.
    DeadLetter,
    /// It has used more than its share of the time.
    Monopolized,
    /// Another record with its id is under way.
    Twin,
    /// It could not be read again.
    Reread,
}

/// A key, or the beginning of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExplanation {
    pub bytes: Box<[u8]>,
    /// Of the whole key.
    pub length: usize,
    /// Of the whole key, where `bytes` is not that: XXH3, 128 bits.
    pub digest: Option<u128>,
}

/// How much of something is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub used: usize,
    pub limit: usize,
}

/// What holds a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Records admitted and not yet running.
    MaxUncommitted(Use),
    /// Key, value and header bytes in hand. A quarter of them is kept while parked records are read again.
    MaxBufferedBytes(Use),
    /// Units of the completion map: with one more record it might not fit its commit.
    CompletionMap(Use),
    /// Records that wait uncounted.
    RecordsInHand(Use),
    /// Handler calls open at once. This holds back what is in hand, not reading.
    MaxConcurrency(Use),
    /// It is stopped: a dead letter of it is too large for its topic.
    Stopped,
    /// It is being given up; at this instant whatever still runs.
    Leaving { until: Mono },
    /// The consumer is leaving; by this instant.
    Draining { until: Mono },
}

impl Bound {
    /// Its name in what people read: that of the option, where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxUncommitted(_) => "maxUncommitted",
            Self::MaxBufferedBytes(_) => "maxBufferedBytes",
            Self::CompletionMap(_) => "completionMap",
            Self::RecordsInHand(_) => "recordsInHand",
            Self::MaxConcurrency(_) => "maxConcurrency",
            Self::Stopped => "stopped",
            Self::Leaving { .. } => "leaving",
            Self::Draining { .. } => "draining",
        }
    }

    /// How much of it is used up, for one that can be counted.
    pub fn usage(self) -> Option<Use> {
        match self {
            Self::MaxUncommitted(usage)
            | Self::MaxBufferedBytes(usage)
            | Self::CompletionMap(usage)
            | Self::RecordsInHand(usage)
            | Self::MaxConcurrency(usage) => Some(usage),
            Self::Stopped | Self::Leaving { .. } | Self::Draining { .. } => None,
        }
    }

    /// By when it ends, for one that does by itself.
    pub fn until(self) -> Option<Mono> {
        match self {
            Self::Leaving { until } | Self::Draining { until } => Some(until),
            _ => None,
        }
    }
}

impl ParkedReason {
    /// Its name in what people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::RetryInPlace => "retryInPlace",
            Self::Deferred => "deferred",
            Self::DeadLetter => "deadLetter",
            Self::Monopolized => "monopolized",
            Self::Twin => "twin",
            Self::Reread => "reread",
        }
    }
}

/// How much of each budget of the consumer is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Handler calls that are open.
    pub max_concurrency: Use,
    /// Records admitted and not yet running, those of parked keys aside.
    pub max_uncommitted: Use,
    /// Key, value and header bytes in hand.
    pub max_buffered_bytes: Use,
    /// Records that wait uncounted; at the limit `max_uncommitted` alone decides.
    pub records_in_hand: Use,
    /// Records in hand, running and waiting.
    pub records: usize,
    /// Keys that have records in hand.
    pub keys: usize,
    /// Keys that could start a call if a slot were free.
    pub ready_keys: usize,
}

/// A partition that gets nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    pub partition: PartitionIndex,
    pub epoch: Epoch,
    /// What holds it; `None` if its calls do not end.
    pub bound: Option<Bound>,
    /// Since when there was work to run and no call has ended; `None` if all that it has waits for its time.
    pub since: Option<Mono>,
    /// The first offset that is not finished.
    pub first_unfinished: Option<i64>,
    /// Records in hand that are not finished.
    pub unfinished: usize,
}

impl KeyExplanation {
    pub(crate) fn new(key: &[u8]) -> Self {
        let shown = key.get(..MOST_KEY).unwrap_or(key);
        let digest = (shown.len() < key.len()).then(|| XxHash3_128::oneshot(key));
        Self { bytes: shown.into(), length: key.len(), digest }
    }
}

/// The beginning of a text, as much of it as is kept.
pub(crate) fn cut(text: &str) -> &str {
    let mut end = text.len().min(MOST_ERROR);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
