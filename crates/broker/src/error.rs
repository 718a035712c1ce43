//! What can go wrong with a broker, in kinds that the layers above decide by.

use thiserror::Error;

/// The kind of a [`BrokerError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// No broker could be reached, or the connection broke.
    Unreachable,
    /// An answer or a delivery did not come in time.
    Timeout,
    /// TLS failed: certificate, host name, protocol.
    Tls,
    /// The broker refused the credentials.
    Authentication,
    /// There is no token to show to the broker.
    Token,
    /// The credentials do not allow this.
    Authorization,
    /// The topic or partition does not exist.
    UnknownTopic,
    /// The topic exists already.
    TopicExists,
    /// The offset is not in the log.
    OffsetOutOfRange,
    /// The log reaches down to the offset, and the record is not there: compacted away, or the topic was made anew.
    RecordMissing,
    /// The record is too large for the topic or the client.
    TooLarge,
    /// The commit's metadata is longer than the broker takes.
    MetadataTooLarge,
    /// The group has moved on: the member or its epoch is not valid any more.
    Fenced,
    /// A rebalance is under way; the commit may be repeated.
    Rebalancing,
    /// A bounded queue is full.
    QueueFull,
    /// The record could not be read: bad checksum, unknown codec.
    Corrupt,
    /// An argument that the broker or the client library refused.
    Invalid,
    /// The consumer or producer is closed.
    Closed,
    /// Anything else.
    Other,
}

impl ErrorCode {
    /// The name under which the error reaches the user.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "BROKER_UNREACHABLE",
            Self::Timeout => "TIMEOUT",
            Self::Tls => "TLS",
            Self::Authentication => "AUTHENTICATION",
            Self::Token => "TOKEN",
            Self::Authorization => "AUTHORIZATION",
            Self::UnknownTopic => "UNKNOWN_TOPIC",
            Self::TopicExists => "TOPIC_EXISTS",
            Self::OffsetOutOfRange => "OFFSET_OUT_OF_RANGE",
            Self::RecordMissing => "RECORD_MISSING",
            Self::TooLarge => "TOO_LARGE",
            Self::MetadataTooLarge => "METADATA_TOO_LARGE",
            Self::Fenced => "FENCED",
            Self::Rebalancing => "REBALANCING",
            Self::QueueFull => "QUEUE_FULL",
            Self::Corrupt => "CORRUPT",
            Self::Invalid => "INVALID",
            Self::Closed => "CLOSED",
            Self::Other => "BROKER",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Timeout
                | Self::Token
                | Self::Rebalancing
                | Self::QueueFull
                | Self::UnknownTopic
        )
    }

    /// Whether a commit that was refused so may succeed when it is made again soon. A topic that is not there was
    /// there when its records were read: it is deleted, and nobody starts from its offsets any more.
    pub fn commit_retryable(self) -> bool {
        self.retryable() && self != Self::UnknownTopic
    }
}

/// An error of the broker or of the library that speaks to it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct BrokerError {
    pub code: ErrorCode,
    /// Names the thing and the value, and what to do.
    pub message: String,
}

impl BrokerError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests;
