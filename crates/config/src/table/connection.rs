//! Brokers, security, and the consumer group.

use super::{Row, flag, maybe_text, millis, option, pem, secret, texts, word};
use crate::{
    Ack, GroupProtocol, SaslMechanism, SecurityProtocol, StartFrom,
    duration::HOUR,
    kind::{Kind, put, put_some, words},
    rule::Rule,
};

pub(super) const CONNECTION: &[Row] = &[
    option("bootstrapServers", "BOOTSTRAP_SERVERS", texts(Rule::Server, |o| &mut o.bootstrap_servers))
        .fallback("KAFKA_BROKERS")
        .also("at least 1; any name if `mock`")
        .doc("The brokers to ask first. Needed unless `mock`."),
    option("mock", "MOCK", flag(|o| &mut o.mock)).preset("false").doc(
        "An in-process broker and in-memory stores that behave like the real ones. Wins over `cassandraNodes`. \
         Clients with equal `bootstrapServers` within one Node environment share a broker; none given is a name \
         too. Topics come into being on first use, with 4 partitions.",
    ),
    option("clientId", "CLIENT_ID", maybe_text(Rule::Label, |o| &mut o.client_id))
        .fallback("KAFKA_CLIENT_ID")
        .doc("How brokers name this client in their logs and quotas."),
    option("security.protocol", "SECURITY_PROTOCOL", word::<SecurityProtocol>(|o, w| put(&mut o.security.protocol, w)))
        .preset("plaintext")
        .doc("How the connection to a broker is encrypted and authenticated."),
    option(
        "security.mechanism",
        "SASL_MECHANISM",
        Kind::Word {
            words: words::<SaslMechanism>,
            put: |o, w| put_some(&mut o.security.mechanism, w),
            clear: Some(|o| o.security.mechanism = None),
        },
    )
    .also("with a SASL protocol only, and needed there")
    .doc("How the client proves who it is."),
    option("security.username", "SASL_USERNAME", maybe_text(Rule::Label, |o| &mut o.security.username))
        .also("with `password`; needed for PLAIN and SCRAM")
        .doc("SASL user name."),
    option("security.password", "SASL_PASSWORD", secret(|o| &mut o.security.password))
        .also("with `username`; needed for PLAIN and SCRAM")
        .doc("SASL password."),
    option("security.token", "", Kind::Callback(|o| &mut o.security.token))
        .also("needed for OAUTHBEARER")
        .doc("Called for a token when the first is needed, and again before each ends. See `docs/security.md`."),
    option("security.ca", "SSL_CA_LOCATION", pem(|o| &mut o.security.ca))
        .also("with a TLS protocol only")
        .doc("Authorities to trust; those of this machine if not given."),
    option("security.certificate", "SSL_CERTIFICATE_LOCATION", pem(|o| &mut o.security.certificate))
        .also("with a TLS protocol only, and with `key`")
        .doc("The client's own certificate."),
    option("security.key", "SSL_KEY_LOCATION", pem(|o| &mut o.security.key))
        .also("with `certificate`")
        .doc("The private key of the client's certificate."),
    option("security.keyPassword", "SSL_KEY_PASSWORD", secret(|o| &mut o.security.key_password))
        .also("with `key`")
        .doc("What the private key is encrypted with."),
    option("kafka", "", Kind::Properties(|o| &mut o.kafka)).computed("`{}`", None).also("none of those that Prosody owns").doc(
        "librdkafka properties that are passed through. Those that Prosody owns are refused by name.",
    ),
];

pub(super) const GROUP: &[Row] = &[
    option("groupId", "GROUP_ID", maybe_text(Rule::Label, |o| &mut o.group.id))
        .fallback("KAFKA_CONSUMER_GROUP_ID")
        .doc("The consumer group. A client without one is a producer."),
    option("subscribedTopics", "SUBSCRIBED_TOPICS", texts(Rule::Subscription, |o| &mut o.group.topics))
        .also("at least 1")
        .doc("The topics to read; `^…` is a regular expression."),
    option("groupProtocol", "GROUP_PROTOCOL", word::<GroupProtocol>(|o, w| put(&mut o.group.protocol, w)))
        .preset("classic")
        .doc("How members agree on who reads what. `consumer` is KIP-848: session and heartbeat are then the broker's."),
    option("groupInstanceId", "GROUP_INSTANCE_ID", maybe_text(Rule::Label, |o| &mut o.group.instance_id))
        .doc("Static membership under this name: a restart within the session moves no partition."),
    option(
        "sessionTimeoutMs",
        "SESSION_TIMEOUT",
        millis(1, HOUR, |o| &mut o.group.session.get_or_insert_default().timeout),
    )
    .preset("45s")
    .also("not with `groupProtocol: \"consumer\"`")
    .doc("Silence after which the broker takes this member for dead."),
    option(
        "heartbeatIntervalMs",
        "HEARTBEAT_INTERVAL",
        millis(1, HOUR, |o| &mut o.group.session.get_or_insert_default().heartbeat_interval),
    )
    .computed("3 s, at most a third of `sessionTimeoutMs`", Some("3s"))
    .also("below `sessionTimeoutMs`; not with `groupProtocol: \"consumer\"`")
    .doc("Time between two signs of life towards the broker."),
    option("startFrom", "START_FROM", word::<StartFrom>(|o, w| put(&mut o.group.start_from, w))).preset("committed").doc(
        "Where this process's first assignment starts: `committed` (a new group starts at the earliest record), or \
         `earliest` or `latest` whatever was committed, with a log line for each partition of what is passed over or runs \
         again. The start is committed at once: commits go back by `earliest`. The first assignment is the first one \
         that gives this client a partition; what comes with later ones, after a rebalance or another `subscribe()`, \
         starts where it is committed. So each member that starts moves what it is given first: it is an option for one \
         start, not for a deployment that stays. Known ids are skipped as ever.",
    ),
    option("ack", "ACK", word::<Ack>(|o, w| put(&mut o.group.ack, w))).preset("auto").doc(
        "What marks a message as done: the handler's return, or `message.commit()`. With `manual`, a handler that \
         returned frees its slot and its key waits for the mark; a stop or a revocation does not wait for it, and the \
         next owner runs the message again.",
    ),
];
