//! What a client is told, and the librdkafka properties it becomes.

mod security;

pub use security::{Pem, Protocol, Security};

use std::{fmt, sync::Arc, time::Duration};

use prosody_broker::{BrokerError, StartFrom};

use crate::{ffi::Conf, tokens::TokenSource};

/// The largest record that is given to a broker at all. Below it, how large a record may be is the topic's to say.
pub(crate) const LARGEST_RECORD: usize = 64 << 20;
/// What a record's frame may add to its bytes.
const FRAME: usize = 64 << 10;

/// Takes librdkafka's log lines: syslog level (3 = error … 7 = debug), facility, line. Called from its threads;
/// it must not block.
pub type LogSink = Arc<dyn Fn(i32, &str, &str) + Send + Sync>;

/// Which of Kafka's group protocols is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupProtocol {
    #[default]
    Classic,
    /// KIP-848: session and heartbeat are the broker's to say.
    Consumer,
}

/// What a consumer, a producer or an admin client is told.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port` of each broker to start from.
    pub bootstrap_servers: Vec<String>,
    /// The consumer group; needed by a consumer only.
    pub group_id: String,
    pub client_id: Option<String>,
    /// Static membership, if given.
    pub group_instance_id: Option<String>,
    pub group_protocol: GroupProtocol,
    /// Where the first assignment of a consumer starts.
    pub start_from: StartFrom,
    pub session_timeout: Duration,
    pub heartbeat_interval: Duration,
    /// How long a consumer may stay unpolled before it leaves the group; the session timeout, if that is longer.
    pub max_poll_interval: Duration,
    /// The byte budget of the client that reads; the prefetch per partition is derived from it.
    pub max_buffered_bytes: u64,
    /// How long a record may take that is read again.
    pub reread_timeout: Duration,
    /// The client that reads again ends when nothing was asked of it for so long.
    pub reread_idle: Duration,
    /// Reading again goes forward over so many records that nobody wants before it seeks.
    pub discard_threshold: usize,
    pub security: Security,
    /// Whom a client with SASL OAUTHBEARER asks for tokens.
    pub tokens: Option<Arc<dyn TokenSource>>,
    /// Further librdkafka properties. Those that order, offsets or liveness rest on are set after them, and win.
    pub properties: Vec<(String, String)>,
    /// How long a record may take from `send` to its acknowledgement.
    pub send_timeout: Duration,
    /// Most records of a producer that are sent and not yet reported.
    pub max_sending_records: usize,
    /// Most bytes of a producer that are sent and not yet reported.
    pub max_sending_bytes: usize,
    /// Most bytes in one commit request; a broker refuses about 1 MiB.
    pub max_commit_bytes: usize,
    pub log: Option<LogSink>,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            bootstrap_servers: Vec::new(),
            group_id: String::new(),
            client_id: None,
            group_instance_id: None,
            group_protocol: GroupProtocol::Classic,
            start_from: StartFrom::Committed,
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            max_poll_interval: Duration::from_secs(300),
            max_buffered_bytes: 64 << 20,
            reread_timeout: Duration::from_secs(30),
            reread_idle: Duration::from_secs(60),
            discard_threshold: 100,
            security: Security::default(),
            tokens: None,
            properties: Vec::new(),
            send_timeout: Duration::from_secs(1),
            max_sending_records: 100_000,
            max_sending_bytes: 64 << 20,
            max_commit_bytes: 900 << 10,
            log: None,
        }
    }
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names only: `sasl.*` and `ssl.*` values may be secrets, and the log sink has nothing to show.
        let properties: Vec<_> = self.properties.iter().map(|(name, _)| name).collect();
        f.debug_struct("KafkaSettings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("group_id", &self.group_id)
            .field("client_id", &self.client_id)
            .field("group_instance_id", &self.group_instance_id)
            .field("group_protocol", &self.group_protocol)
            .field("start_from", &self.start_from)
            .field("max_buffered_bytes", &self.max_buffered_bytes)
            .field("security", &self.security)
            .field("properties", &properties)
            .field("send_timeout", &self.send_timeout)
            .finish_non_exhaustive()
    }
}

impl KafkaSettings {
    /// Whether the user says how long records wait to be sent together.
    pub(crate) fn lingers(&self) -> bool {
        self.properties.iter().any(|(name, _)| matches!(name.trim(), "linger.ms" | "queue.buffering.max.ms"))
    }

    pub(crate) fn consumer(&self) -> Result<Conf, BrokerError> {
        let fetch = self.prefetch();
        let mut conf = self.common(&[
            // Once split, this holds per partition.
            ("queued.max.messages.kbytes", (fetch >> 10).to_string()),
            // As compressed; half of the above leaves room for what it grows to, and keeps one fetch under way
            // while the queue drains.
            ("max.partition.fetch.bytes", (fetch / 2).to_string()),
            ("fetch.max.bytes", (fetch * 8).clamp(1 << 20, 16 << 20).to_string()),
            // The default second stalls a partition whose queue was full for a moment.
            ("fetch.queue.backoff.ms", "10".to_owned()),
            // A partition that was full while a fetch went out waits for that fetch to come back: not for the
            // default half second.
            ("fetch.wait.max.ms", "100".to_owned()),
            ("fetch.error.backoff.ms", "100".to_owned()),
        ])?;
        let mut own = vec![
            ("group.id", self.group_id.clone()),
            ("enable.auto.commit", "false".to_owned()),
            ("enable.auto.offset.store", "false".to_owned()),
            // What to do without an offset is decided here and above, never by librdkafka.
            ("auto.offset.reset", "error".to_owned()),
            ("enable.partition.eof", "false".to_owned()),
            ("check.crcs", "true".to_owned()),
            ("allow.auto.create.topics", "false".to_owned()),
            ("max.poll.interval.ms", millis(self.max_poll_interval.max(self.session_timeout))),
        ];
        if let Some(id) = &self.group_instance_id {
            own.push(("group.instance.id", id.clone()));
        }
        match self.group_protocol {
            GroupProtocol::Classic => own.extend([
                ("session.timeout.ms", millis(self.session_timeout)),
                ("heartbeat.interval.ms", millis(self.heartbeat_interval)),
                ("partition.assignment.strategy", "cooperative-sticky".to_owned()),
            ]),
            GroupProtocol::Consumer => own.push(("group.protocol", "consumer".to_owned())),
        }
        set_all(&mut conf, &own)?;
        Ok(conf)
    }

    pub(crate) fn producer(&self) -> Result<Conf, BrokerError> {
        let mut conf = self.common(&[
            // We gather records ourselves, by what is under way; a user's own value replaces that.
            ("linger.ms", "0".to_owned()),
            ("compression.codec", "lz4".to_owned()),
            // Within this time a topic that is not there may be one that was made just now. The default half
            // minute outlives most sends, which then fail without the reason.
            (
                "topic.metadata.propagation.max.ms",
                millis((self.send_timeout / 2).min(Duration::from_secs(30))),
            ),
            // Java's default, so that a key is in the same partition whoever sends it.
            ("partitioner", "murmur2_random".to_owned()),
            ("message.max.bytes", (LARGEST_RECORD + FRAME).to_string()),
            // Our own bounds are below these.
            (
                "queue.buffering.max.messages",
                (self.max_sending_records.saturating_add(1_000)).min(10_000_000).to_string(),
            ),
            ("queue.buffering.max.kbytes", "2097151".to_owned()),
        ])?;
        set_all(
            &mut conf,
            &[
                ("enable.idempotence", "true".to_owned()),
                ("acks", "all".to_owned()),
                ("message.timeout.ms", millis(self.send_timeout)),
                ("delivery.report.only.error", "false".to_owned()),
            ],
        )?;
        Ok(conf)
    }

    /// For the client that reads single records again.
    pub(crate) fn rereader(&self) -> Result<Conf, BrokerError> {
        let mut conf = self.common(&[("fetch.error.backoff.ms", "100".to_owned())])?;
        set_all(
            &mut conf,
            &[
                // Nearly all that is fetched ahead is thrown away: little of it, and a queue for all partitions.
                ("queued.max.messages.kbytes", "1024".to_owned()),
                ("max.partition.fetch.bytes", (64 << 10).to_string()),
                ("fetch.max.bytes", (1 << 20).to_string()),
                ("fetch.queue.backoff.ms", "10".to_owned()),
                // A partition that is to be fetched waits for the fetch that is under way.
                ("fetch.wait.max.ms", "10".to_owned()),
                ("enable.auto.commit", "false".to_owned()),
                ("enable.auto.offset.store", "false".to_owned()),
                ("auto.offset.reset", "error".to_owned()),
                // A log that ends below what is wanted is to be noticed.
                ("enable.partition.eof", "true".to_owned()),
                ("check.crcs", "true".to_owned()),
                ("allow.auto.create.topics", "false".to_owned()),
            ],
        )?;
        Ok(conf)
    }

    pub(crate) fn admin(&self) -> Result<Conf, BrokerError> {
        self.common(&[])
    }

    /// Bytes that librdkafka may fetch ahead for one partition.
    fn prefetch(&self) -> u64 {
        (self.max_buffered_bytes / 16).clamp(64 << 10, 1 << 20)
    }

    /// What every client has: our defaults, the role's `defaults`, the user's properties, and what is ours.
    fn common(&self, defaults: &[(&str, String)]) -> Result<Conf, BrokerError> {
        let mut conf = Conf::new();
        for (name, value) in [
            ("socket.keepalive.enable", "true"),
            ("socket.nagle.disable", "true"),
            // A frozen broker is found out in this time; the default minute outlives every send.
            ("socket.timeout.ms", "3000"),
            ("socket.connection.setup.timeout.ms", "5000"),
            ("reconnect.backoff.ms", "50"),
            ("reconnect.backoff.max.ms", "1000"),
            ("retry.backoff.ms", "50"),
            // A topic created later is found within seconds.
            ("topic.metadata.refresh.interval.ms", "5000"),
            ("log.connection.close", "false"),
        ] {
            conf.set(name, value)?;
        }
        set_all(&mut conf, defaults)?;
        for (name, value) in &self.properties {
            conf.set(name.trim(), value)?;
        }
        conf.set("bootstrap.servers", &self.bootstrap_servers.join(","))?;
        if let Some(id) = &self.client_id {
            conf.set("client.id", id)?;
        }
        for (name, value) in self.security.properties(&self.properties) {
            conf.set(name, &value)?;
        }
        if let Some(source) = &self.tokens {
            conf.ask_for_tokens(Arc::clone(source));
        }
        Ok(conf)
    }
}

fn set_all(conf: &mut Conf, properties: &[(&str, String)]) -> Result<(), BrokerError> {
    properties.iter().try_for_each(|(name, value)| conf.set(name, value))
}

fn millis(time: Duration) -> String {
    time.as_millis().max(1).to_string()
}

#[cfg(test)]
mod tests;
