//! What Prosody needs from a log: one group membership ([`Consumer`]), a [`Producer`], an [`Admin`].
//!
//! The traits are poll-based: nothing blocks except where a method says so, and everything that happens
//! comes out of [`Consumer::poll`] as a value. So the same shell runs on Kafka, on the in-memory broker of
//! mock mode, and on the simulation's adversary.
//!
//! [`memory`] is that broker. What every implementation must do is written down as tests in `conformance`
//! (feature of the same name).

mod admin;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod consumer;
mod error;
pub mod memory;
mod producer;
mod rereading;

pub use admin::{Admin, TopicSpec};
pub use consumer::{
    Assigned, Commit, CommitResult, Consumer, ConsumerEvent, Moved, StartFrom, TopicSelector, Waker,
};
pub use error::{BrokerError, ErrorCode};
pub use producer::{Outgoing, Producer, Report, ReportSink};
pub use rereading::{Missing, Reread, Wanted};
