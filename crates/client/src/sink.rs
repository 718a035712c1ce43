//! What a client tells the language it serves.

use prosody_engine::Dispatch;
use prosody_model::{AbortReason, EventId, PartitionIndex, TopicPartition};
use prosody_shell::Fact;

use crate::Report;

/// One line of a batch for the handlers.
#[derive(Debug)]
pub enum Row {
    /// Start a handler call.
    Call(Dispatch),
    /// Ask a call to stop.
    Abort { event: EventId, reason: AbortReason },
    /// The number stands for this partition from now on.
    Partition { index: PartitionIndex, name: TopicPartition },
}

/// The language side. Called from the client's own threads; must not block.
pub trait Sink: Send + Sync {
    /// Rows in order; takes all of them out of the vector.
    fn rows(&self, rows: &mut Vec<Row>);
    /// What became of sent records.
    fn reports(&self, reports: Vec<Report>);
    /// For logs and events, in order.
    fn facts(&self, facts: Vec<Fact>);
}
