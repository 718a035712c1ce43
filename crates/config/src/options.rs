//! The options as the rest of the client reads them.
//!
//! Every value is in its range here, and every default is filled in. The structs derive `Default` only as the
//! blank that [`resolve`](crate::resolve) starts from: a blank is not a usable configuration.

mod handling;
mod storage;

pub use handling::{Defer, Idempotence, Identity, Monopolization, Retry, Scheduler};
pub use storage::{Cassandra, CassandraTls, Probe, Telemetry};

use std::time::Duration;

use crate::{
    Ack, GroupProtocol, KafkaProperties, Mode, Pem, SaslMechanism, Secret, SecurityProtocol, SpanRelation,
    StartFrom, StoreKind,
};

/// A whole configuration, checked.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Options {
    /// `host:port` of each broker; names of any form, or none at all, in mock mode.
    pub bootstrap_servers: Vec<String>,
    /// In-process broker and in-memory stores instead of real ones.
    pub mock: bool,
    /// How brokers name this client in their logs and quotas.
    pub client_id: Option<String>,
    /// Encryption and authentication towards Kafka.
    pub security: Security,
    /// librdkafka properties passed through; none of those we own is among them.
    pub kafka: KafkaProperties,
    /// The consumer group and what it reads.
    pub group: Group,
    /// How failures are treated.
    pub mode: Mode,
    /// Prefixes of the event types to handle; empty means all.
    pub allowed_events: Vec<String>,
    /// Header on sent messages; `None` only in a client that has no group id either.
    pub source_system: Option<String>,
    /// How long a send may take, 1 ms to 1 h.
    pub send_timeout: Duration,
    /// Bounds of work and time.
    pub limits: Limits,
    /// The health server.
    pub probe: Probe,
    /// Where dead letters go; `{topic}` in it stands for the source topic. Always set in low-latency mode.
    pub failure_topic: Option<String>,
    /// When a transient failure in pipeline mode becomes a dead letter.
    pub dead_letter_after: DeadLetterAfter,
    /// Memory of what was processed.
    pub idempotence: Idempotence,
    /// Where a message's id and type are.
    pub identity: Identity,
    /// Backoff of retries.
    pub retry: Retry,
    /// Deferred retry of pipeline mode.
    pub defer: Defer,
    /// Restraint of hot keys in pipeline mode.
    pub monopolization: Monopolization,
    /// Fair scheduling.
    pub scheduler: Scheduler,
    /// Where timers, parked records and processed ids are kept.
    pub store: StoreKind,
    /// Time span of one timer storage partition, 1 s to 30 d.
    pub slab_size: Duration,
    /// Cassandra; in use if `store` is [`StoreKind::Cassandra`].
    pub cassandra: Cassandra,
    /// How the span of a message's handler relates to the sender's.
    pub message_spans: SpanRelation,
    /// How the span of a timer's handler relates to the one that scheduled it.
    pub timer_spans: SpanRelation,
    /// Lifecycle events to a Kafka topic.
    pub telemetry: Telemetry,
}

/// The consumer group and what it reads.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Group {
    /// 1 to 255 characters; `None` makes the client a producer.
    pub id: Option<String>,
    /// Topic names; one that starts with `^` is a regular expression, known to be valid.
    pub topics: Vec<String>,
    /// How members agree on who reads what.
    pub protocol: GroupProtocol,
    /// Static membership under this name, 1 to 255 characters.
    pub instance_id: Option<String>,
    /// Session and heartbeat; `None` with [`GroupProtocol::Consumer`], where they are the broker's.
    pub session: Option<Session>,
    /// Where the first assignment starts.
    pub start_from: StartFrom,
    /// What marks a message as done.
    pub ack: Ack,
}

/// Membership times of the classic protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Session {
    /// Silence after which the broker takes the member for dead, 1 ms to 1 h.
    pub timeout: Duration,
    /// Time between two signs of life, below `timeout`.
    pub heartbeat_interval: Duration,
}

/// Bounds of work and time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Limits {
    /// Handler calls open at once, 1 to 65,536.
    pub max_concurrency: usize,
    /// Records admitted and not yet running, 1 to 1,048,576.
    pub max_uncommitted: usize,
    /// Key, value and header bytes held, 1 MiB to 64 GiB.
    pub max_buffered_bytes: usize,
    /// Deadline of a handler call, at most `stall_threshold`.
    pub timeout: Duration,
    /// Time between two commits, 10 ms to 1 h.
    pub commit_interval: Duration,
    /// Longest idle wait of the poll loop, 1 ms to 1 m.
    pub poll_interval: Duration,
    /// Budget of a drain, 0 to 1 h; signals fire at 80 % of it.
    pub shutdown_timeout: Duration,
    /// Longest wait for started calls of a partition that is being taken away, 0 to 4 m.
    pub revoke_timeout: Duration,
    /// No progress for this long is a stall, 100 ms to 7 d.
    pub stall_threshold: Duration,
}

/// When a transient failure in pipeline mode becomes a dead letter: at the first bound passed, never if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DeadLetterAfter {
    /// After this many attempts, at least 1.
    pub attempts: Option<usize>,
    /// Once the first attempt is this old, 1 ms to 1 y.
    pub age: Option<Duration>,
}

/// Encryption and authentication towards Kafka.
///
/// `mechanism` is set exactly if the protocol has SASL; `username` and `password` exactly if the mechanism needs
/// them, `token` exactly with [`SaslMechanism::OauthBearer`]; the certificates only if the protocol has TLS.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Security {
    /// What is done to the connection.
    pub protocol: SecurityProtocol,
    /// How the client proves who it is.
    pub mechanism: Option<SaslMechanism>,
    /// SASL user name.
    pub username: Option<String>,
    /// SASL password.
    pub password: Option<Secret>,
    /// Whether the application gave a callback that supplies tokens.
    pub token: bool,
    /// Authorities to trust; `None` means those of this machine.
    pub ca: Option<Pem>,
    /// The client's own certificate; together with `key`.
    pub certificate: Option<Pem>,
    /// The certificate's private key.
    pub key: Option<Pem>,
    /// What `key` is encrypted with.
    pub key_password: Option<Secret>,
}
