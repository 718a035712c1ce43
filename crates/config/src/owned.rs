//! librdkafka properties that are ours to set.

/// What to use instead of a property we own; `None` for a property that is passed through.
pub(crate) fn instead(property: &str) -> Option<String> {
    let name = property.trim().to_ascii_lowercase();
    if let Some((_, option)) = COVERED.iter().find(|(owned, _)| *owned == name) {
        return Some(format!("not to be set here: use the option {option}"));
    }
    let callback = name.ends_with("_cb") || name.starts_with("offset.store.");
    (callback || FIXED.contains(&name.as_str()))
        .then(|| "not to be set: Prosody sets it, and relies on its value".to_owned())
}

/// Properties that an option stands for. `client.id` is not among them: it is refused only beside `clientId`.
const COVERED: &[(&str, &str)] = &[
    ("bootstrap.servers", "bootstrapServers"),
    ("metadata.broker.list", "bootstrapServers"),
    ("group.id", "groupId"),
    ("group.protocol", "groupProtocol"),
    ("group.instance.id", "groupInstanceId"),
    ("session.timeout.ms", "sessionTimeoutMs"),
    ("heartbeat.interval.ms", "heartbeatIntervalMs"),
    ("auto.offset.reset", "startFrom"),
    ("auto.commit.interval.ms", "commitIntervalMs"),
    ("max.poll.interval.ms", "stallThresholdMs"),
    ("message.timeout.ms", "sendTimeoutMs"),
    ("delivery.timeout.ms", "sendTimeoutMs"),
    ("queued.max.messages.kbytes", "maxBufferedBytes"),
    ("fetch.max.bytes", "maxBufferedBytes"),
    ("security.protocol", "security.protocol"),
    ("sasl.mechanism", "security.mechanism"),
    ("sasl.mechanisms", "security.mechanism"),
    ("sasl.username", "security.username"),
    ("sasl.password", "security.password"),
    ("enable.sasl.oauthbearer.unsecure.jwt", "security.token"),
    ("sasl.oauthbearer.method", "security.token"),
    ("ssl.ca.location", "security.ca"),
    ("ssl.ca.pem", "security.ca"),
    ("ssl.ca", "security.ca"),
    ("ssl.certificate.location", "security.certificate"),
    ("ssl.certificate.pem", "security.certificate"),
    ("ssl.certificate", "security.certificate"),
    ("ssl.key.location", "security.key"),
    ("ssl.key.pem", "security.key"),
    ("ssl.key", "security.key"),
    ("ssl.key.password", "security.keyPassword"),
];

/// Properties that offsets, order, liveness or logging rest on. Names that end in `_cb` and the old
/// `offset.store.*` family belong to them too.
const FIXED: &[&str] = &[
    "enable.auto.commit",
    "auto.commit.enable",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "partition.assignment.strategy",
    "group.remote.assignor",
    "group.protocol.type",
    "check.crcs",
    "fetch.queue.backoff.ms",
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "enable.gapless.guarantee",
    "transactional.id",
    "transaction.timeout.ms",
    "delivery.report.only.error",
    "produce.offset.report",
    "queue.buffering.max.messages",
    "queue.buffering.max.kbytes",
    "statistics.interval.ms",
    "log_level",
    "log.queue",
    "enabled_events",
    "opaque",
    "default_topic_conf",
];
