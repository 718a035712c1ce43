//! A whole client: options resolved once, threads, and the adapters that the options ask for.
//!
//! What is decided is decided in the engine; what is translated is translated in the bindings. Here the parts are
//! put together, started, woken and stopped.

mod admin;
mod client;
mod clock;
mod consumer;
mod desk;
mod error;
mod explaining;
mod kafka;
mod letters;
mod mailbox;
mod probing;
mod producer;
mod pulse;
mod relay;
mod sink;
mod stalls;
mod tokens;
mod waiting;
mod wiring;

pub use admin::AdminClient;
pub use client::{Client, Done, State};
pub use error::ClientError;
pub use prosody_broker::{BrokerError, Moved, Outgoing, Report};
pub use prosody_config::{Options, Problem, Problems, RawValue, Warning};
pub use prosody_engine::{Bound, Dispatch, Observation, Settlement, Skip};
pub use prosody_kafka::Token;
pub use prosody_shell::Fact;
pub use sink::{Delivery, Row, Sink};
pub use tokens::UNTOLD;
