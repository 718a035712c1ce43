//! The contract: every option with its variable, its default and its range, written down apart from the table.

mod security;

use prosody_config::{
    Ack, GroupProtocol, Mode, Pem, RawValue, RetryJitter, SpanRelation, StartFrom, StoreKind,
};

use crate::{
    case::{
        Case, DAY, HOUR, MINUTE, SECOND, YEAR, count, flag, hidden, lists, maybe_count, maybe_millis,
        maybe_texts, millis, seconds, share, show, sources, texts, words,
    },
    support::{number, text},
};

const DAYS_20_YEARS: u64 = 630_720_000;
const CACHE: u64 = 10_000_000;

pub fn all() -> Vec<Case> {
    [connection(), security::members(), group(), handling(), failure(), defer(), fairness(), storage()]
        .into_iter()
        .flatten()
        .collect()
}

/// A file is told apart by its path, which no `Debug` shows.
pub fn pem(value: Option<&Pem>) -> String {
    match value {
        None => "None".into(),
        Some(Pem::Path(path)) => format!("Some(Path({path:?}))"),
        Some(Pem::Text(_)) => "Some(Text)".into(),
    }
}

/// Longer than any label.
pub fn long() -> String {
    "x".repeat(256)
}

fn connection() -> Vec<Case> {
    let long = long();
    vec![
        lists("bootstrapServers", "BOOTSTRAP_SERVERS", ["a:1", "b:65535"], &[], |o| {
            show(&o.bootstrap_servers)
        })
        .with("mock", RawValue::Bool(true)),
        flag("mock", "MOCK", false, |o| show(o.mock)).with("bootstrapServers", text("a:1")),
        maybe_texts("clientId", "CLIENT_ID", &["a", "my client"], &["", &long], |o| show(&o.client_id)),
        maybe_texts("sourceSystem", "SOURCE_SYSTEM", &["a", "shop"], &["", &long], |o| {
            show(&o.source_system)
        }),
        millis("sendTimeoutMs", "SEND_TIMEOUT", SECOND, (1, HOUR), |o| show(o.send_timeout)),
        words(
            "messageSpans",
            "MESSAGE_SPANS",
            &[("child", show(SpanRelation::Child)), ("follows_from", show(SpanRelation::FollowsFrom))],
            "Child",
            |o| show(o.message_spans),
        ),
        words(
            "timerSpans",
            "TIMER_SPANS",
            &[("child", show(SpanRelation::Child)), ("follows_from", show(SpanRelation::FollowsFrom))],
            "FollowsFrom",
            |o| show(o.timer_spans),
        ),
        flag("telemetryEnabled", "TELEMETRY_ENABLED", true, |o| show(o.telemetry.enabled)),
        texts(
            "telemetryTopic",
            "TELEMETRY_TOPIC",
            "prosody.telemetry-events",
            &["t", "a.b"],
            &["", "a b", "a/b"],
            |o| show(&o.telemetry.topic),
        ),
    ]
}

fn group() -> Vec<Case> {
    let long = long();
    vec![
        maybe_texts("groupId", "GROUP_ID", &["g", "a group"], &["", &long], |o| show(&o.group.id)),
        lists("subscribedTopics", "SUBSCRIBED_TOPICS", ["orders", "^a.*"], &["", "a b", "^("], |o| {
            show(&o.group.topics)
        }),
        words(
            "groupProtocol",
            "GROUP_PROTOCOL",
            &[("classic", show(GroupProtocol::Classic)), ("consumer", show(GroupProtocol::Consumer))],
            "Classic",
            |o| show(o.group.protocol),
        ),
        maybe_texts("groupInstanceId", "GROUP_INSTANCE_ID", &["pod-0"], &["", &long], |o| {
            show(&o.group.instance_id)
        }),
        millis("sessionTimeoutMs", "SESSION_TIMEOUT", 45 * SECOND, (1, HOUR), |o| {
            show(o.group.session.unwrap_or_default().timeout)
        }),
        // Its upper end lies below the longest session.
        millis("heartbeatIntervalMs", "HEARTBEAT_INTERVAL", 3 * SECOND, (1, HOUR - 1), |o| {
            show(o.group.session.unwrap_or_default().heartbeat_interval)
        })
        .with("sessionTimeoutMs", number(HOUR as f64)),
        words(
            "startFrom",
            "START_FROM",
            &[
                ("committed", show(StartFrom::Committed)),
                ("earliest", show(StartFrom::Earliest)),
                ("latest", show(StartFrom::Latest)),
            ],
            "Committed",
            |o| show(o.group.start_from),
        ),
        words("ack", "ACK", &[("auto", show(Ack::Auto)), ("manual", show(Ack::Manual))], "Auto", |o| {
            show(o.group.ack)
        }),
    ]
}

fn handling() -> Vec<Case> {
    let long = long();
    vec![
        words(
            "mode",
            "MODE",
            &[
                ("pipeline", show(Mode::Pipeline)),
                ("low-latency", show(Mode::LowLatency)),
                ("best-effort", show(Mode::BestEffort)),
            ],
            "Pipeline",
            |o| show(o.mode),
        )
        .with("failureTopic", text("dead")),
        lists("allowedEvents", "ALLOWED_EVENTS", ["order.", "customer.created"], &["", &long], |o| {
            show(&o.allowed_events)
        }),
        count("maxConcurrency", "MAX_CONCURRENCY", 32, (1, 65_536), |o| show(o.limits.max_concurrency)),
        count("maxUncommitted", "MAX_UNCOMMITTED", 64, (1, 1_048_576), |o| show(o.limits.max_uncommitted)),
        count("maxBufferedBytes", "MAX_BUFFERED_BYTES", 67_108_864, (1_048_576, 68_719_476_736), |o| {
            show(o.limits.max_buffered_bytes)
        }),
        millis("timeoutMs", "TIMEOUT", 7 * DAY * 4 / 5, (1, 7 * DAY), |o| show(o.limits.timeout))
            .with("stallThresholdMs", number((7 * DAY) as f64)),
        millis("commitIntervalMs", "COMMIT_INTERVAL", SECOND, (10, HOUR), |o| show(o.limits.commit_interval)),
        millis("pollIntervalMs", "POLL_INTERVAL", 100, (1, MINUTE), |o| show(o.limits.poll_interval)),
        millis("shutdownTimeoutMs", "SHUTDOWN_TIMEOUT", 30 * SECOND, (0, HOUR), |o| {
            show(o.limits.shutdown_timeout)
        }),
        millis("revokeTimeoutMs", "REVOKE_TIMEOUT", 5 * SECOND, (0, 4 * MINUTE), |o| {
            show(o.limits.revoke_timeout)
        }),
        millis("stallThresholdMs", "STALL_THRESHOLD", 5 * MINUTE, (100, 7 * DAY), |o| {
            show(o.limits.stall_threshold)
        }),
        maybe_count("probePort", "PROBE_PORT", Some(8000), (0, 65_535), |o| show(o.probe.port)),
        sources("identity.id", "IDENTITY_ID", "id", |o| show(&o.identity.id)),
        sources("identity.type", "IDENTITY_TYPE", "type", |o| show(&o.identity.event_type)),
        texts("probeHost", "PROBE_HOST", "0.0.0.0", &["::1", "localhost"], &["", "a b"], |o| {
            show(&o.probe.host)
        }),
        flag("probeExplain", "PROBE_EXPLAIN", false, |o| show(o.probe.explain)),
        count("idempotenceCacheSize", "IDEMPOTENCE_CACHE_SIZE", 8192, (0, 100_000_000), |o| {
            show(o.idempotence.cache_size)
        }),
        texts("idempotenceVersion", "IDEMPOTENCE_VERSION", "1", &["2", "v 3"], &[&long], |o| {
            show(&o.idempotence.version)
        }),
        seconds("idempotenceTtlS", "IDEMPOTENCE_TTL", 604_800, (1, DAYS_20_YEARS), |o| {
            show(o.idempotence.ttl)
        }),
    ]
}

fn failure() -> Vec<Case> {
    vec![
        maybe_texts("failureTopic", "FAILURE_TOPIC", &["dead", "{topic}.dead"], &["", "a b", "{x}"], |o| {
            show(&o.failure_topic)
        }),
        maybe_count("deadLetterAfter.attempts", "DEAD_LETTER_ATTEMPTS", None, (1, 1_000_000_000), |o| {
            show(o.dead_letter_after.attempts)
        })
        .with("failureTopic", text("dead")),
        maybe_millis("deadLetterAfter.ageMs", "DEAD_LETTER_AGE", (1, YEAR), |o| {
            show(o.dead_letter_after.age)
        })
        .with("failureTopic", text("dead")),
        count("maxRetries", "MAX_RETRIES", 3, (0, 1_000_000), |o| show(o.retry.max_retries)),
        millis("retryBaseMs", "RETRY_BASE", 20, (1, YEAR), |o| show(o.retry.base))
            .with("maxRetryDelayMs", number(YEAR as f64)),
        words(
            "retryJitter",
            "RETRY_JITTER",
            &[("full", show(RetryJitter::Full)), ("none", show(RetryJitter::None))],
            "Full",
            |o| show(o.retry.jitter),
        ),
        millis("maxRetryDelayMs", "RETRY_MAX_DELAY", 5 * MINUTE, (1, YEAR), |o| show(o.retry.max_delay)),
    ]
}

fn defer() -> Vec<Case> {
    vec![
        flag("deferEnabled", "DEFER_ENABLED", true, |o| show(o.defer.enabled)),
        millis("deferBaseMs", "DEFER_BASE", SECOND, (1, YEAR), |o| show(o.defer.base))
            .with("deferMaxDelayMs", number(YEAR as f64)),
        millis("deferMaxDelayMs", "DEFER_MAX_DELAY", 24 * HOUR, (1, YEAR), |o| show(o.defer.max_delay)),
        share("deferFailureThreshold", "DEFER_FAILURE_THRESHOLD", 0.9, 1.0, |o| {
            show(o.defer.failure_threshold)
        }),
        millis("deferFailureWindowMs", "DEFER_FAILURE_WINDOW", 5 * MINUTE, (1, YEAR), |o| {
            show(o.defer.failure_window)
        }),
        millis("deferSpillMs", "DEFER_SPILL", 5 * SECOND, (0, HOUR), |o| show(o.defer.spill)),
        count("deferCacheSize", "DEFER_CACHE_SIZE", 1024, (1, CACHE), |o| show(o.defer.cache_size)),
        count("deferStoreCacheSize", "DEFER_STORE_CACHE_SIZE", 8192, (0, CACHE), |o| {
            show(o.defer.store_cache_size)
        }),
        millis("deferSeekTimeoutMs", "DEFER_SEEK_TIMEOUT", 30 * SECOND, (1, YEAR), |o| {
            show(o.defer.seek_timeout)
        }),
        count("deferDiscardThreshold", "DEFER_DISCARD_THRESHOLD", 100, (0, 1_000_000), |o| {
            show(o.defer.discard_threshold)
        }),
    ]
}

fn fairness() -> Vec<Case> {
    vec![
        flag("monopolizationEnabled", "MONOPOLIZATION_ENABLED", true, |o| show(o.monopolization.enabled)),
        share("monopolizationThreshold", "MONOPOLIZATION_THRESHOLD", 0.9, 1.0, |o| {
            show(o.monopolization.threshold)
        }),
        millis("monopolizationWindowMs", "MONOPOLIZATION_WINDOW", 5 * MINUTE, (SECOND, DAY), |o| {
            show(o.monopolization.window)
        }),
        count("monopolizationCacheSize", "MONOPOLIZATION_CACHE_SIZE", 8192, (1, CACHE), |o| {
            show(o.monopolization.cache_size)
        }),
        share("schedulerFailureWeight", "SCHEDULER_FAILURE_WEIGHT", 0.3, 1.0, |o| {
            show(o.scheduler.failure_weight)
        }),
        millis("schedulerMaxWaitMs", "SCHEDULER_MAX_WAIT", 2 * MINUTE, (1, YEAR), |o| {
            show(o.scheduler.max_wait)
        }),
        share("schedulerWaitWeight", "SCHEDULER_WAIT_WEIGHT", 200.0, 1e6, |o| show(o.scheduler.wait_weight)),
        count("schedulerCacheSize", "SCHEDULER_CACHE_SIZE", 8192, (1, CACHE), |o| {
            show(o.scheduler.cache_size)
        }),
    ]
}

fn storage() -> Vec<Case> {
    let long = long();
    let (files, shown) = (["/a.pem"], ["Some(Path(\"/a.pem\"))"]);
    vec![
        words(
            "store",
            "STORE",
            &[
                ("none", show(StoreKind::None)),
                ("memory", show(StoreKind::Memory)),
                ("cassandra", show(StoreKind::Cassandra)),
            ],
            "Cassandra",
            |o| show(o.store),
        )
        .with("cassandraNodes", text("c:9042")),
        millis("slabSizeMs", "SLAB_SIZE", HOUR, (SECOND, 30 * DAY), |o| show(o.slab_size)),
        lists("cassandraNodes", "CASSANDRA_NODES", ["a:1", "b:65535"], &["", "a", "a:0"], |o| {
            show(&o.cassandra.nodes)
        }),
        texts("cassandraKeyspace", "CASSANDRA_KEYSPACE", "prosody", &["a", "a_1"], &["", "A", "1a"], |o| {
            show(&o.cassandra.keyspace)
        }),
        maybe_texts("cassandraDatacenter", "CASSANDRA_DATACENTER", &["dc1"], &["", &long], |o| {
            show(&o.cassandra.datacenter)
        }),
        maybe_texts("cassandraRack", "CASSANDRA_RACK", &["r1"], &["", &long], |o| show(&o.cassandra.rack)),
        maybe_texts("cassandraUser", "CASSANDRA_USER", &["u"], &["", &long], |o| show(&o.cassandra.user))
            .with("cassandraPassword", text("p"))
            .needed(),
        hidden("cassandraPassword", "CASSANDRA_PASSWORD", &["p"], &["Some(<redacted>)"], |o| {
            show(&o.cassandra.password)
        })
        .with("cassandraUser", text("u"))
        .needed(),
        seconds("cassandraRetentionSeconds", "CASSANDRA_RETENTION", 31_536_000, (1, DAYS_20_YEARS), |o| {
            show(o.cassandra.retention)
        }),
        hidden("cassandraTls.ca", "CASSANDRA_TLS_CA", &files, &shown, |o| pem(o.cassandra.tls.ca.as_ref())),
        hidden("cassandraTls.certificate", "CASSANDRA_TLS_CERT", &files, &shown, |o| {
            pem(o.cassandra.tls.certificate.as_ref())
        })
        .with("cassandraTls.key", text("/key.pem"))
        .needed(),
        hidden("cassandraTls.key", "CASSANDRA_TLS_KEY", &files, &shown, |o| {
            pem(o.cassandra.tls.key.as_ref())
        })
        .with("cassandraTls.certificate", text("/certificate.pem"))
        .needed(),
    ]
}
