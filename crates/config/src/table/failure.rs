//! What happens after a failure, and what keeps keys fair to each other.

use super::{Row, count, flag, maybe_text, millis, number, option, word};
use crate::{
    RetryJitter,
    duration::{DAY, HOUR, SECOND, YEAR},
    kind::{Kind, Slot, Unit, put},
    rule::Rule,
};

/// Entries a cache may be told to hold.
const CACHE: u64 = 10_000_000;

pub(super) const FAILURE: &[Row] = &[
    option("failureTopic", "FAILURE_TOPIC", maybe_text(Rule::FailureTopic, |o| &mut o.failure_topic))
        .also("needed in low-latency mode")
        .doc("Where dead letters go; `{topic}` in it stands for the source topic."),
    option(
        "deadLetterAfter.attempts",
        "DEAD_LETTER_ATTEMPTS",
        Kind::Count { min: 1, max: 1_000_000_000, slot: Slot::May(|o| &mut o.dead_letter_after.attempts) },
    )
    .computed("never", None)
    .also("needs `failureTopic`")
    .doc("Dead-letter after this many attempts."),
    option(
        "deadLetterAfter.ageMs",
        "DEAD_LETTER_AGE",
        Kind::Time {
            unit: Unit::Milliseconds,
            min: 1,
            max: YEAR,
            slot: Slot::May(|o| &mut o.dead_letter_after.age),
        },
    )
    .computed("never", None)
    .also("needs `failureTopic`")
    .doc("Dead-letter once the first attempt is this old."),
    option("maxRetries", "MAX_RETRIES", count(0, 1_000_000, |o| &mut o.retry.max_retries))
        .preset("3")
        .doc("Retries in low-latency mode; attempts are one more."),
    option("retryBaseMs", "RETRY_BASE", millis(1, YEAR, |o| &mut o.retry.base))
        .computed("20 ms, at most `maxRetryDelayMs`", Some("20ms"))
        .also("at most `maxRetryDelayMs`")
        .doc("First ceiling of the exponential backoff; it doubles from retry to retry."),
    option("retryJitter", "RETRY_JITTER", word::<RetryJitter>(|o, w| put(&mut o.retry.jitter, w)))
        .preset("full")
        .doc("How much of the ceiling is waited: `full` draws evenly from 0 to it, `none` waits all of it. For deferral too."),
    option("maxRetryDelayMs", "RETRY_MAX_DELAY", millis(1, YEAR, |o| &mut o.retry.max_delay))
        .preset("5m")
        .doc("Highest ceiling of the backoff."),
];

pub(super) const DEFER: &[Row] = &[
    option("deferEnabled", "DEFER_ENABLED", flag(|o| &mut o.defer.enabled))
        .preset("true")
        .doc("In pipeline mode, park a failed key and let its partition move on."),
    option("deferBaseMs", "DEFER_BASE", millis(1, YEAR, |o| &mut o.defer.base))
        .computed("1 s, at most `deferMaxDelayMs`", Some("1s"))
        .also("at most `deferMaxDelayMs`")
        .doc("Ceiling before the first deferred retry."),
    option("deferMaxDelayMs", "DEFER_MAX_DELAY", millis(1, YEAR, |o| &mut o.defer.max_delay))
        .preset("24h")
        .doc("Highest ceiling of deferral."),
    option(
        "deferFailureThreshold",
        "DEFER_FAILURE_THRESHOLD",
        number(0.0, 1.0, |o| &mut o.defer.failure_threshold),
    )
    .preset("0.9")
    .doc(
        "Above this share of failing first attempts (per client, at least 20 in the window) the gate closes: new \
         failures are retried in place.",
    ),
    option("deferFailureWindowMs", "DEFER_FAILURE_WINDOW", millis(1, YEAR, |o| &mut o.defer.failure_window))
        .preset("5m")
        .doc("Window of that share."),
    option("deferSpillMs", "DEFER_SPILL", millis(0, HOUR, |o| &mut o.defer.spill))
        .preset("5s")
        .doc("A key parked for longer than this goes to the durable store, if there is one."),
    option("deferCacheSize", "DEFER_CACHE_SIZE", count(1, CACHE, |o| &mut o.defer.cache_size))
        .preset("1024")
        .doc("Parked keys whose records are kept ready in memory."),
    option("deferStoreCacheSize", "DEFER_STORE_CACHE_SIZE", count(0, CACHE, |o| &mut o.defer.store_cache_size))
        .preset("8192")
        .doc("Cached entries of the park store."),
    option("deferSeekTimeoutMs", "DEFER_SEEK_TIMEOUT", millis(1, YEAR, |o| &mut o.defer.seek_timeout))
        .preset("30s")
        .doc("How long reading a record again from Kafka may take."),
    option(
        "deferDiscardThreshold",
        "DEFER_DISCARD_THRESHOLD",
        count(0, 1_000_000, |o| &mut o.defer.discard_threshold),
    )
    .preset("100")
    .doc("Read forward up to this many records rather than seek."),
];

pub(super) const FAIRNESS: &[Row] = &[
    option("monopolizationEnabled", "MONOPOLIZATION_ENABLED", flag(|o| &mut o.monopolization.enabled))
        .preset("true")
        .doc("In pipeline mode, hold back a key that runs most of the time."),
    option(
        "monopolizationThreshold",
        "MONOPOLIZATION_THRESHOLD",
        Kind::Number { min: 0.0, max: 1.0, above: true, place: |o| &mut o.monopolization.threshold },
    )
    .preset("0.9")
    .doc("Fraction of the window one key may run."),
    option(
        "monopolizationWindowMs",
        "MONOPOLIZATION_WINDOW",
        millis(SECOND, DAY, |o| &mut o.monopolization.window),
    )
    .preset("5m")
    .doc("Window of that fraction."),
    option(
        "monopolizationCacheSize",
        "MONOPOLIZATION_CACHE_SIZE",
        count(1, CACHE, |o| &mut o.monopolization.cache_size),
    )
    .preset("8192")
    .doc("Keys watched."),
    option(
        "schedulerFailureWeight",
        "SCHEDULER_FAILURE_WEIGHT",
        number(0.0, 1.0, |o| &mut o.scheduler.failure_weight),
    )
    .preset("0.3")
    .doc("Share of execution time for retries while fresh work waits."),
    option("schedulerMaxWaitMs", "SCHEDULER_MAX_WAIT", millis(1, YEAR, |o| &mut o.scheduler.max_wait))
        .preset("2m")
        .doc("Waiting this long gives full urgency."),
    option(
        "schedulerWaitWeight",
        "SCHEDULER_WAIT_WEIGHT",
        number(0.0, 1_000_000.0, |o| &mut o.scheduler.wait_weight),
    )
    .preset("200")
    .doc("Urgency at full wait, in seconds of virtual time."),
    option("schedulerCacheSize", "SCHEDULER_CACHE_SIZE", count(1, CACHE, |o| &mut o.scheduler.cache_size))
        .preset("8192")
        .doc("Keys whose virtual time is remembered."),
];
