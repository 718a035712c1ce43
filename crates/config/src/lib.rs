//! The options of the client: one function that holds every default and every check.
//!
//! [`resolve`] is pure. It takes what JavaScript passed and a snapshot of the environment, and gives either checked
//! [`Options`] or every [`Problem`] at once.

mod choices;
mod closest;
pub mod documents;
mod duration;
mod identity;
mod kind;
mod options;
mod owned;
mod problem;
mod raw;
mod resolver;
mod rule;
mod rules;
mod secret;
mod table;

pub use choices::{
    Ack, GroupProtocol, Mode, RetryJitter, SaslMechanism, SecurityProtocol, SpanRelation, StartFrom,
    StoreKind,
};
pub use identity::IdentitySource;
pub use options::{
    Cassandra, CassandraTls, DeadLetterAfter, Defer, Group, Idempotence, Identity, Limits, Monopolization,
    Options, Probe, Retry, Scheduler, Security, Session, Telemetry,
};
pub use problem::{Problem, Problems, Warning};
pub use raw::RawValue;
pub use secret::{KafkaProperties, Pem, Secret};

/// A configuration that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The options, every default filled in.
    pub options: Options,
    /// Names nobody reads, and credentials that go unencrypted: to be logged, once.
    pub warnings: Vec<Warning>,
}

/// Resolves constructor options over environment variables over defaults.
///
/// Of an option that is an object, each member is resolved on its own, so that secrets can come from the environment
/// and the rest from the program; `null` for the whole of it ignores the environment too.
///
/// # Examples
///
/// ```
/// use prosody_config::{RawValue, resolve};
///
/// let options = RawValue::Map(vec![("maxConcurrency".into(), RawValue::Number(8.0))]);
/// let environment = [("PROSODY_BOOTSTRAP_SERVERS".into(), "localhost:9092".into())];
/// let resolved = resolve(&options, &environment)?;
/// assert_eq!(resolved.options.limits.max_concurrency, 8);
/// assert_eq!(resolved.options.bootstrap_servers, ["localhost:9092"]);
/// # Ok::<(), prosody_config::Problems>(())
/// ```
///
/// # Errors
///
/// Every value that is not allowed, and every contradiction between allowed ones.
pub fn resolve(options: &RawValue, environment: &[(String, String)]) -> Result<Resolved, Problems> {
    resolver::resolve(options, environment)
}
