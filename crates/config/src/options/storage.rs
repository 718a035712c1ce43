//! Options of what stands beside the message path.

use std::time::Duration;

use crate::{Pem, Secret};

/// Cassandra, where timers, parked records and processed ids may be kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cassandra {
    /// `host:port` of each contact point.
    pub nodes: Vec<String>,
    /// Keyspace, `[a-z][a-z0-9_]{0,47}`.
    pub keyspace: String,
    /// User name; together with `password`.
    pub user: Option<String>,
    /// Password; together with `user`.
    pub password: Option<Secret>,
    /// Datacenter preferred for all queries.
    pub datacenter: Option<String>,
    /// Rack preferred for all queries.
    pub rack: Option<String>,
    /// How long a row is kept after it was due or done, 1 s to 20 y; parked records do not expire.
    pub retention: Duration,
    /// Encryption.
    pub tls: CassandraTls,
}

/// Encryption towards Cassandra.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CassandraTls {
    /// Whether connections are encrypted.
    pub enabled: bool,
    /// Authorities to trust; `None` means those of this machine.
    pub ca: Option<Pem>,
    /// The client's own certificate; together with `key`.
    pub certificate: Option<Pem>,
    /// The certificate's private key.
    pub key: Option<Pem>,
}

/// The health server.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Probe {
    /// Port to listen on, 0 for any free one; `None` means no server.
    pub port: Option<u16>,
    /// Address to listen on.
    pub host: String,
    /// Whether it also serves `/explain`, which shows keys and errors.
    pub explain: bool,
}

/// Lifecycle events to a Kafka topic.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Telemetry {
    /// Whether they are sent.
    pub enabled: bool,
    /// The topic.
    pub topic: String,
}
