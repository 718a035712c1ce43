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

/// How rows come to who runs the handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is to be called.
    Call,
    /// It is in a call of [`Client::settle_here`](crate::Client::settle_here), and looks when that returns.
    Reply,
}

/// The language side. Called from the client's own threads and in `settle_here`; must not block.
pub trait Sink: Send + Sync {
    /// Rows in order, whatever the delivery; takes all of them out of the vector.
    fn rows(&self, rows: &mut Vec<Row>, delivery: Delivery);
    /// Whether rows are there that were not taken yet.
    fn has_rows(&self) -> bool;
    /// What became of sent records.
    fn reports(&self, reports: Vec<Report>);
    /// For logs and events, in order.
    fn facts(&self, facts: Vec<Fact>);
    /// A token for the brokers is needed: [`Client::token`](crate::Client::token) is to be called, soon. Asked once
    /// until it is, or a while is over.
    fn token_wanted(&self) {}
    /// Calls `answer` where the handlers run, as soon as that place has time for it; drops it uncalled once it is gone.
    fn ping(&self, answer: Box<dyn FnOnce() + Send>) {
        answer();
    }
}
