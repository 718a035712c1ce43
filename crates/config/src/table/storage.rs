//! Timers, stores, tracing and telemetry.

use super::{Row, flag, maybe_text, millis, option, pem, seconds, secret, text, texts, word};
use crate::{
    SpanRelation, StoreKind,
    duration::{DAY, SECOND},
    kind::put,
    rule::Rule,
};

pub(super) const STORAGE: &[Row] = &[
    option("store", "STORE", word::<StoreKind>(|o, w| put(&mut o.store, w)))
        .computed("`memory` if `mock`, else `cassandra` if nodes are given, else `none`", None)
        .also("`cassandra` needs `cassandraNodes` and no `mock`")
        .doc(
            "Where timers, parked records and processed ids are kept. `none`: messages, retries and deferral work from \
             Kafka alone, deduplication is in memory, and `schedule()` throws a `TimerError`. `memory`: timers end with \
             the process.",
        ),
    option("slabSizeMs", "SLAB_SIZE", millis(SECOND, 30 * DAY, |o| &mut o.slab_size))
        .preset("1h")
        .doc("Time span of one timer storage partition; changing it loses nothing."),
    option("cassandraNodes", "CASSANDRA_NODES", texts(Rule::HostPort, |o| &mut o.cassandra.nodes))
        .also("at least 1")
        .doc("Contact points. Needed for durable timers unless `mock`."),
    option("cassandraKeyspace", "CASSANDRA_KEYSPACE", text(Rule::Keyspace, |o| &mut o.cassandra.keyspace))
        .preset("prosody")
        .doc("The keyspace."),
    option("cassandraUser", "CASSANDRA_USER", maybe_text(Rule::Label, |o| &mut o.cassandra.user))
        .also("with `cassandraPassword`")
        .doc("User name."),
    option("cassandraPassword", "CASSANDRA_PASSWORD", secret(|o| &mut o.cassandra.password))
        .also("with `cassandraUser`")
        .doc("Password."),
    option("cassandraDatacenter", "CASSANDRA_DATACENTER", maybe_text(Rule::Label, |o| &mut o.cassandra.datacenter))
        .doc("Datacenter preferred for all queries."),
    option("cassandraRack", "CASSANDRA_RACK", maybe_text(Rule::Label, |o| &mut o.cassandra.rack))
        .doc("Rack preferred for all queries."),
    option(
        "cassandraRetentionSeconds",
        "CASSANDRA_RETENTION",
        seconds(SECOND, 630_720_000 * SECOND, |o| &mut o.cassandra.retention),
    )
    .preset("1y")
    .doc("How long a row is kept after it was due or done; parked records have no expiry."),
    option("cassandraTls.ca", "CASSANDRA_TLS_CA", pem(|o| &mut o.cassandra.tls.ca))
        .doc("Authorities to trust; those of this machine if not given."),
    option("cassandraTls.certificate", "CASSANDRA_TLS_CERT", pem(|o| &mut o.cassandra.tls.certificate))
        .also("with `key`")
        .doc("The client's own certificate."),
    option("cassandraTls.key", "CASSANDRA_TLS_KEY", pem(|o| &mut o.cassandra.tls.key))
        .also("with `certificate`")
        .doc("The private key of the client's certificate."),
];

pub(super) const TRACING: &[Row] = &[
    option("messageSpans", "MESSAGE_SPANS", word::<SpanRelation>(|o, w| put(&mut o.message_spans, w)))
        .preset("child")
        .doc("How a message's handler span relates to the sender's span: a child of it, or a new root with a link."),
    option("timerSpans", "TIMER_SPANS", word::<SpanRelation>(|o, w| put(&mut o.timer_spans, w)))
        .preset("follows_from")
        .doc("How a timer's handler span relates to the span that scheduled it."),
    option("telemetryEnabled", "TELEMETRY_ENABLED", flag(|o| &mut o.telemetry.enabled))
        .preset("true")
        .doc("Lifecycle events to a Kafka topic. A missing topic warns once; drops are counted."),
    option("telemetryTopic", "TELEMETRY_TOPIC", text(Rule::Topic, |o| &mut o.telemetry.topic))
        .preset("prosody.telemetry-events")
        .doc("The topic of lifecycle events."),
];
