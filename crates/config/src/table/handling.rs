//! What happens to a message, to a send, and to the process.

use super::{Row, count, flag, maybe_text, millis, option, seconds, text, texts, word};
use crate::{
    Mode,
    duration::{DAY, HOUR, MINUTE, SECOND, YEAR},
    kind::{Kind, put},
    rule::Rule,
};

pub(super) const HANDLING: &[Row] = &[
    option("mode", "MODE", word::<Mode>(|o, w| put(&mut o.mode, w))).preset("pipeline").doc(
        "How failures are treated: `pipeline` retries until success, `low-latency` retries a few times and then uses \
         the failure topic, `best-effort` does not retry.",
    ),
    option("allowedEvents", "ALLOWED_EVENTS", texts(Rule::Prefix, |o| &mut o.allowed_events))
        .computed("all", None)
        .doc(
            "Prefixes of the event types to handle; an empty list means all. A message whose type is missing or no \
             string passes.",
        ),
    option("maxConcurrency", "MAX_CONCURRENCY", count(1, 65_536, |o| &mut o.limits.max_concurrency))
        .preset("32")
        .doc("Handler calls open at once."),
    option("maxUncommitted", "MAX_UNCOMMITTED", count(1, 1_048_576, |o| &mut o.limits.max_uncommitted))
        .preset("64")
        .doc("Per client, records admitted and not yet running; at the bound partitions are not read on."),
    option(
        "maxBufferedBytes",
        "MAX_BUFFERED_BYTES",
        Kind::Bytes { min: 1 << 20, max: 64 << 30, place: |o| &mut o.limits.max_buffered_bytes },
    )
    .preset("64 MiB")
    .doc("Per client, key, value and header bytes held, those of running calls included."),
    option("timeoutMs", "TIMEOUT", millis(1, YEAR, |o| &mut o.limits.timeout))
        .computed("80 % of `stallThresholdMs`", None)
        .also("at most `stallThresholdMs`")
        .doc("Deadline of a handler call. At the deadline the call is asked to end; it keeps its slot until it does."),
    option("commitIntervalMs", "COMMIT_INTERVAL", millis(10, HOUR, |o| &mut o.limits.commit_interval))
        .preset("1s")
        .doc("Time between two commits of finished offsets."),
    option("pollIntervalMs", "POLL_INTERVAL", millis(1, MINUTE, |o| &mut o.limits.poll_interval))
        .preset("100ms")
        .doc("Longest idle wait of the poll loop."),
    option("identity.id", "IDENTITY_ID", Kind::Sources(|o| &mut o.identity.id))
        .preset("/id")
        .doc("Where the id is that deduplication goes by."),
    option("identity.type", "IDENTITY_TYPE", Kind::Sources(|o| &mut o.identity.event_type))
        .preset("/type")
        .doc("Where the type is that `allowedEvents` goes by."),
    option(
        "idempotenceCacheSize",
        "IDEMPOTENCE_CACHE_SIZE",
        count(0, 100_000_000, |o| &mut o.idempotence.cache_size),
    )
    .preset("8192")
    .doc("Processed ids remembered in memory; 0 means no deduplication at all, in memory or store."),
    option("idempotenceVersion", "IDEMPOTENCE_VERSION", text(Rule::Version, |o| &mut o.idempotence.version))
        .preset("1")
        .doc("Changing it forgets what was recorded."),
    option(
        "idempotenceTtlS",
        "IDEMPOTENCE_TTL",
        seconds(SECOND, 630_720_000 * SECOND, |o| &mut o.idempotence.ttl),
    )
    .preset("7d")
    .doc("How long a store keeps a record of a processed id."),
];

pub(super) const SENDING: &[Row] = &[
    option("sourceSystem", "SOURCE_SYSTEM", maybe_text(Rule::Label, |o| &mut o.source_system))
        .computed("`groupId`", None)
        .doc("Header on sent messages. A consumer skips messages whose header equals its own group id."),
    option("sendTimeoutMs", "SEND_TIMEOUT", millis(1, HOUR, |o| &mut o.send_timeout))
        .preset("1s")
        .doc("How long a send may take before it rejects."),
];

pub(super) const HEALTH: &[Row] = &[
    option("shutdownTimeoutMs", "SHUTDOWN_TIMEOUT", millis(0, HOUR, |o| &mut o.limits.shutdown_timeout))
        .preset("30s")
        .doc("Budget of a drain; signals fire at 80 % of it."),
    option("revokeTimeoutMs", "REVOKE_TIMEOUT", millis(0, 4 * MINUTE, |o| &mut o.limits.revoke_timeout))
        .preset("5s")
        .doc("Longest wait for started calls of a partition that is being taken away."),
    option("stallThresholdMs", "STALL_THRESHOLD", millis(100, 7 * DAY, |o| &mut o.limits.stall_threshold))
        .preset("5m")
        .doc(
            "Work to run and no progress for this long is a stall, and fails `/livez`. From five minutes to a day it is also \
             how long the consumer's thread may stand still before it leaves the group (`max.poll.interval.ms`).",
        ),
    option("probePort", "PROBE_PORT", Kind::Port(|o| &mut o.probe.port))
        .computed("8000, none if `mock`", Some("8000"))
        .doc(
            "Port of the health server; 0 means any free port, `null` (`none` in the environment) no server.",
        ),
    option("probeHost", "PROBE_HOST", text(Rule::Host, |o| &mut o.probe.host))
        .preset("0.0.0.0")
        .doc("Address the health server listens on; the kubelet calls the pod's address."),
    option("probeExplain", "PROBE_EXPLAIN", flag(|o| &mut o.probe.explain)).preset("false").doc(
        "Whether the health server also answers `/explain` with what `client.explain()` gives. It shows keys and \
         error texts to whoever can reach the port.",
    ),
];
