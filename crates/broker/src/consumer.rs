//! One membership in a consumer group.

use std::{sync::Arc, time::Duration};

use prosody_model::{Epoch, Now, Record, TopicPartition};

use crate::{
    error::BrokerError,
    rereading::{Reread, Wanted},
};

/// Called from any thread when [`Consumer::poll`] or [`Consumer::read`] may have something new.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// A topic to subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicSelector {
    Name(String),
    /// A regular expression over topic names; starts with `^`.
    Pattern(String),
}

/// One membership in a consumer group, driven by one thread.
///
/// # Order
///
/// `Assigned` comes before anything else of its epoch. After `Revoking` nothing more is read for the epoch;
/// the partition stays held, and commits for it are accepted, until [`release`](Self::release). After `Lost`
/// the epoch is over at once.
pub trait Consumer {
    /// Joins the group for these topics. A topic that does not exist is waited for.
    ///
    /// # Errors
    ///
    /// A selector that cannot be subscribed to (an invalid regular expression), or a closed consumer.
    fn subscribe(&mut self, topics: &[TopicSelector]) -> Result<(), BrokerError>;

    /// Appends what has happened since the last call; never blocks. To be called at least every few seconds.
    fn poll(&mut self, now: Now, events: &mut Vec<ConsumerEvent>);

    /// Appends up to `max` records of a held partition in offset order, and returns how many: fewer than `max`
    /// means that nothing more is there now (`Readable` says when that changes). What is not read stays
    /// queued, and costs nothing but the bounded prefetch. Never blocks; an epoch that is over gives nothing.
    fn read(&mut self, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize;

    /// Asks for records of a held partition that this epoch has delivered before, in ascending order. Never blocks.
    /// Each is answered once, by a [`ConsumerEvent::Reread`] of a later poll, in any order and not necessarily all
    /// in one event; where the epoch is revoked, lost or over already, or before the answer has come, by nothing.
    ///
    /// Only of partitions that were said to be [`ConsumerEvent::Rereadable`]. The records that come back are as
    /// large as they were: to be asked for when there is room for them, so many as there is room for.
    fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>);

    /// Commits without waiting; one [`ConsumerEvent::Committed`] answers each entry. A `Commit` whose epoch
    /// is over is not sent, and answered with [`ErrorCode::Fenced`](crate::ErrorCode::Fenced).
    fn commit(&mut self, commits: Vec<Commit>);

    /// Commits and waits for the answer, for `timeout` at most. Blocks.
    fn commit_now(&mut self, commits: Vec<Commit>, timeout: Duration) -> Vec<CommitResult>;

    /// Answers a revocation: gives these partitions up. Their epochs are over. Once every epoch of a
    /// `Revoking` event is released, the group moves on.
    fn release(&mut self, epochs: &[Epoch]);

    /// Leaves the group; nothing is committed by this. May block for `timeout`. Idempotent.
    fn close(&mut self, timeout: Duration);
}

/// What happened to a membership.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsumerEvent {
    /// These partitions are held from now on, each from its own start.
    Assigned(Vec<Assigned>),
    /// These partitions are to be given up with [`Consumer::release`], soon.
    Revoking(Vec<Epoch>),
    /// These partitions are gone already: another member may hold them.
    Lost(Vec<Epoch>),
    /// Records of this partition are there to be read (an edge: said once until a read comes up short).
    Readable(Epoch),
    /// What has been read of this partition may be forgotten and read again: its topic is not compacted, and so
    /// keeps what it has until retention takes it from the front. Said once of an epoch, at some time after it was
    /// assigned; never, if the topic's settings are not for us to see.
    Rereadable(Epoch),
    /// Answers to [`Consumer::reread`].
    Reread(Vec<Reread>),
    /// Answers to [`Consumer::commit`].
    Committed(Vec<CommitResult>),
    /// This partition cannot be read on: its committed offset is gone, a record is corrupt, the topic was
    /// deleted. It stays held.
    Stopped { epoch: Epoch, error: BrokerError },
    /// Something the user should know and that heals by itself: a broker away, a topic missing.
    Warning(BrokerError),
    /// The membership is over for good (fenced, not authorised, a fatal client error).
    Failed(BrokerError),
}

/// A partition that came into our hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub epoch: Epoch,
    pub partition: TopicPartition,
    /// Where reading starts: the group's committed offset, unless [`moved`](Self::moved); `None` if the group has none,
    /// then reading starts at the log's beginning.
    pub committed: Option<i64>,
    /// The metadata string of that commit; empty if there was none or it was not valid text.
    pub metadata: String,
    /// Set where a [`StartFrom`] has put the start elsewhere: `committed` is then that start, and is yet to be
    /// committed.
    pub moved: Option<Moved>,
}

/// Where the first assignment of a [`Consumer`] starts. Partitions that come later start at the committed offset.
///
/// The first assignment is the first non-empty one that the group gives: where members take over from each other one
/// partition after the other, what they hand over later is not part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartFrom {
    /// At the committed offset; a group that has none starts at the log's beginning.
    #[default]
    Committed,
    /// At the log's beginning, whatever is committed; the metadata of the commit is left aside.
    Earliest,
    /// At the log's end of that moment, whatever is committed.
    Latest,
}

/// A start that is not the committed offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// What the group has committed, if anything.
    pub from: Option<i64>,
    /// Where it starts.
    pub to: i64,
    /// Offsets of the log between the two: passed over if the start is above, to be run again if it is below. A group
    /// that has nothing committed passes over all that the log has.
    pub offsets: i64,
}

impl StartFrom {
    /// The start in a log from `start` to `end` for a group that has committed `from`; `None`: what is committed stands.
    pub fn place(self, from: Option<i64>, start: i64, end: i64) -> Option<Moved> {
        let to = match (self, from) {
            (Self::Committed, _) | (Self::Earliest, None) => return None,
            // Even where it is what is committed: the metadata of the commit says what is finished above it.
            (Self::Earliest, Some(_)) => start,
            (Self::Latest, Some(from)) if from == end => return None,
            (Self::Latest, _) => end,
        };
        // What is committed may lie outside of the log.
        let there = from.unwrap_or(start).max(start).min(end);
        Some(Moved { from, to, offsets: (to - there).abs() })
    }
}

/// An offset to commit: the first one not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub epoch: Epoch,
    pub offset: i64,
    pub metadata: String,
}

/// The answer to one [`Commit`].
#[derive(Clone, Debug, PartialEq)]
pub struct CommitResult {
    pub epoch: Epoch,
    pub offset: i64,
    pub result: Result<(), BrokerError>,
}
