//! What people may want to know of a running consumer.

use prosody_broker::{BrokerError, Moved};
use prosody_engine::{Bound, Observation};
use prosody_model::TopicPartition;
use std::time::Duration;

/// Something for logs, counters and `client.on`. Nothing depends on its being heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// What the engine has to say, and of which partition.
    Engine { partition: Option<TopicPartition>, observation: Observation },
    /// A record failed for good, and its dead letter is in this topic.
    DeadLettered {
        partition: TopicPartition,
        offset: i64,
        key: Option<Box<[u8]>>,
        topic: String,
        attempts: u32,
        reason: String,
    },
    /// These partitions are held now.
    Assigned(Vec<TopicPartition>),
    /// A partition of the first assignment starts elsewhere than at the committed offset, because that was asked for.
    StartMoved { partition: TopicPartition, moved: Moved },
    /// These partitions are not held any more, after a revocation or a drain.
    Revoked(Vec<TopicPartition>),
    /// These partitions went without notice.
    Lost(Vec<TopicPartition>),
    /// A commit did not succeed; it is made again, or the records run again elsewhere.
    CommitFailed { partition: TopicPartition, offset: i64, error: BrokerError },
    /// A partition cannot be read on.
    Stopped { partition: TopicPartition, error: BrokerError },
    /// A partition gets nowhere. Said once, until it has moved again for a while.
    Stalled {
        partition: TopicPartition,
        /// What holds it; `None` if its calls do not end.
        bound: Option<Bound>,
        /// How long there has been work to run, and no call has ended; `None` if all that it has waits for its time.
        quiet: Option<Duration>,
        first_unfinished: Option<i64>,
        /// Records in hand that are not finished.
        unfinished: usize,
    },
    /// A partition that got nowhere does again.
    Moving(TopicPartition),
    /// Something that heals by itself.
    Warning(BrokerError),
    /// A line of the client library's own log; `level` as syslog has it, 3 = error to 7 = debug.
    Library { level: i32, text: String },
    /// The probe server answers here.
    Listening { host: String, port: u16 },
    /// The membership is over.
    Failed(BrokerError),
}
