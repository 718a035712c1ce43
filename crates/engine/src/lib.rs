//! Every decision Prosody takes, as one pure state machine a consumer: `(input, now) → actions`.
//!
//! No clock, no I/O, no threads, no randomness but a seeded generator: a run is repeated by repeating its inputs.
//! Whoever drives it, against Kafka, against the simulation, or in a test of three lines, takes the same path.

mod action;
mod backoff;
mod engine;
mod events;
mod explanation;
mod input;
mod intake;
mod lanes;
mod middleware;
pub mod offsets;
mod parking;
mod partitions;
#[cfg(feature = "planted-bugs")]
pub mod planted;
#[cfg(not(feature = "planted-bugs"))]
mod planted;
mod rng;
mod scheduler;
mod settings;
mod stack;
mod window;

pub use action::{Action, Commit, DeadLetter, Dispatch, Observation, Skip, StopCause, Wanted};
pub use engine::{Counters, Engine, OVERTAKEN as RECORDS_IN_HAND};
pub use explanation::{
    Bound, Budgets, Explanation, KeyExplanation, ParkedReason, PartitionExplanation, RecordExplanation,
    Stage, Stall, Use,
};
pub use input::{
    Assignment, CommitResult, DeadLetterResult, DeadLettered, Input, Reread, RereadResult, Settlement,
};
pub use prosody_identity::Place;
pub use settings::{
    Backoff, Deferral, Fairness, Gate, GiveUp, Intake, Jitter, Mode, Monopolization, Settings,
};
