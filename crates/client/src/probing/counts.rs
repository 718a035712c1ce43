//! A consumer's figures as metrics.

use prosody_probes::{Health, Writer};

use super::Tally;

/// Writes down the engine's counts, and what is held of which topic.
pub fn write<'a>(writer: &mut Writer, tally: &Tally, health: &Health, topics: impl Iterator<Item = &'a str>) {
    let counters = &tally.counters;
    for (name, help, count) in [
        ("records_admitted_total", "Records taken in.", counters.admitted),
        ("records_restored_total", "Records that an earlier commit says are finished.", counters.restored),
        ("records_repeated_total", "Records delivered twice, and dropped.", counters.repeated),
        ("calls_started_total", "Handler calls started.", counters.dispatched),
        ("calls_aborted_total", "Handler calls asked to stop.", counters.aborted),
        (
            "calls_abandoned_total",
            "Handler calls open when their partition was given up.",
            counters.abandoned,
        ),
        (
            "records_lapsed_total",
            "Records that waited for their commit() when their partition was given up.",
            counters.lapsed,
        ),
        (
            "dead_letters_total",
            "Records that failed for good and whose dead letter is acknowledged.",
            counters.dead_lettered,
        ),
        ("keys_held_back_total", "Times that a key waited since it had run too much.", counters.held_back),
        ("inputs_outdated_total", "What came for an assignment that was over.", counters.outdated),
        (
            "map_full_total",
            "Times that a partition was held because its completion map was full.",
            counters.map_full,
        ),
    ] {
        writer.counter(name, help, &[], count);
    }
    for (outcome, count) in [
        ("success", counters.succeeded),
        ("unmarked", counters.unmarked),
        ("transient", counters.transient),
        ("disposed", counters.disposed),
        ("late", counters.late),
    ] {
        let help = "Handler calls that ended, and how; unmarked: before their commit(), which counts as \
                    a success of its own; late: after their assignment.";
        writer.counter("calls_settled_total", help, &[("outcome", outcome)], count);
    }
    for (reason, count) in [
        ("duplicate", counters.duplicates),
        ("type", counters.filtered),
        ("source", counters.looped),
        ("addressee", counters.misaddressed),
    ] {
        let help = "Records that were not run, and why.";
        writer.counter("records_skipped_total", help, &[("reason", reason)], count);
    }
    for (name, help, value) in [
        ("calls_open", "Handler calls that run.", tally.open_calls),
        ("records_held", "Records in hand, running and waiting.", tally.records),
        (
            "records_unmarked",
            "Records whose handler has returned and that wait for their commit().",
            tally.unmarked,
        ),
        ("records_uncommitted", "Records that count against maxUncommitted.", tally.uncommitted),
        ("bytes_held", "Key, value and header bytes in hand.", tally.bytes),
        ("keys_ready", "Keys that could start a call if a slot were free.", tally.ready_keys),
        ("keys_parked", "Keys that wait for their next attempt.", tally.parked_keys),
        ("stopped_partitions", "Held partitions that cannot be read on.", health.stopped.len()),
    ] {
        writer.gauge(name, help, &[], value as f64);
    }
    let help = "How long there has been work to run, and no call has ended: of all partitions, the longest.";
    writer.gauge("no_progress_seconds", help, &[], health.no_progress.as_secs_f64());
    writer.by_topic("assigned_partitions", "Partitions held.", topics.map(|topic| (topic, 1)));
}
