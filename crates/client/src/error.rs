//! What can go wrong with a client as a whole.

use prosody_broker::BrokerError;
use prosody_probes::ProbeError;
use thiserror::Error;

/// An error of a call on [`Client`](crate::Client).
#[derive(Clone, Debug, Error)]
pub enum ClientError {
    #[error("this client has no groupId, so it cannot subscribe: set groupId, or PROSODY_GROUP_ID")]
    NoGroup,
    #[error("this client has no subscribedTopics: set subscribedTopics, or PROSODY_SUBSCRIBED_TOPICS")]
    NoTopics,
    #[error("this client is subscribed already: call unsubscribe() first")]
    Subscribed,
    #[error("the client is closed")]
    Closed,
    #[error("no thread could be started: {0}; look for a limit on threads or memory")]
    Thread(String),
    #[error(
        "the consumer ended in an error of its own: other members take over when its session times out; subscribe again, \
         and report this with the panic on standard error"
    )]
    Crashed,
    #[error("{0}")]
    Broker(#[from] BrokerError),
    #[error("{0}")]
    Probe(#[from] ProbeError),
}

impl ClientError {
    /// The name under which the error reaches the user.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoGroup | Self::NoTopics => "CONFIGURATION",
            Self::Subscribed => "SUBSCRIBED",
            Self::Closed => "CLOSED",
            Self::Thread(_) => "THREAD",
            Self::Crashed => "INTERNAL",
            Self::Broker(error) => error.code.name(),
            Self::Probe(error) => error.code(),
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Broker(error) => error.code.retryable(),
            Self::Probe(error) => error.retryable(),
            Self::Thread(_) | Self::Crashed => true,
            _ => false,
        }
    }
}
