//! Topics as things to create and delete.

use std::time::Duration;

use crate::error::BrokerError;

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    pub replication_factor: i32,
}

/// Administers topics. Every method blocks for `timeout` at most.
pub trait Admin: Send + Sync {
    /// # Errors
    ///
    /// [`TopicExists`](crate::ErrorCode::TopicExists) among others.
    fn create_topic(&self, topic: &TopicSpec, timeout: Duration) -> Result<(), BrokerError>;

    /// # Errors
    ///
    /// [`UnknownTopic`](crate::ErrorCode::UnknownTopic) among others.
    fn delete_topic(&self, name: &str, timeout: Duration) -> Result<(), BrokerError>;
}
