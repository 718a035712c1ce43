//! Sending records.

use std::{sync::Arc, time::Duration};

use prosody_model::Record;

use crate::error::BrokerError;

/// A record on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Comes back in the [`Report`]; the sender chooses it.
    pub ticket: u64,
    pub topic: Arc<str>,
    /// `None`: the default partitioner of the Java client (murmur2 of the key; keyless records spread).
    pub partition: Option<i32>,
    /// Key, value and headers; its `offset` means nothing, its `timestamp` −1 means "now".
    pub record: Record,
}

/// What became of one [`Outgoing`].
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub ticket: u64,
    /// Partition and offset at which the record was acknowledged by all in-sync replicas.
    pub result: Result<(i32, i64), BrokerError>,
}

/// Takes reports, from any thread, as they come.
pub type ReportSink = Arc<dyn Fn(Vec<Report>) + Send + Sync>;

/// Sends records; shared by all threads of a client.
pub trait Producer: Send + Sync {
    /// Takes the records over and returns at once. Each ticket gets exactly one report, also when the producer
    /// is closed or its bounded queue is full. Records of one partition keep the order of the calls.
    fn send(&self, batch: Vec<Outgoing>);

    /// Waits until everything sent before is reported, for `timeout` at most; whether it was. Blocks.
    fn flush(&self, timeout: Duration) -> bool;

    /// Flushes for `timeout` at most, fails what is left with [`ErrorCode::Closed`](crate::ErrorCode::Closed),
    /// and ends. Idempotent. Blocks.
    fn close(&self, timeout: Duration);

    /// Whether it has met an error after which nothing can be sent any more: another one has to take its place.
    fn failed(&self) -> bool {
        false
    }
}
