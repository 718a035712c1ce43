//! The probe server: `/readyz` and `/livez` for orchestrators, `/metrics` for Prometheus, `/explain` for people.
//!
//! Clients [join](Servers::join) a server by the port they name and [leave](Membership) it by dropping what they got.
//! What the probes say is decided by [`judge`], from plain values.

mod answer;
mod connection;
mod error;
mod health;
mod listening;
mod metrics;
mod server;
mod sharing;

pub use error::ProbeError;
pub use health::{Cause, Health, Phase, Silence, Stopped, Verdict, Verdicts, judge};
pub use metrics::{Buckets, Label, Writer};
pub use sharing::{Membership, Servers, Site};

/// A client that can be asked how it is.
///
/// Asked on the server's own thread, which serves everybody else meanwhile: answers come from what is at hand, without
/// waiting for anything. It must not own its own [`Membership`].
pub trait Probe: Send + Sync {
    /// Whether it can be given work.
    fn readiness(&self) -> Verdict;
    /// Whether a restart would help.
    fn liveness(&self) -> Verdict;
    /// Writes down its counts.
    fn metrics(&self, writer: &mut Writer);
    /// What holds its work up, as JSON of `most` bytes at most: what matters less is left out.
    fn explain(&self, most: usize) -> String;
}
