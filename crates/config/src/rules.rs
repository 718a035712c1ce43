//! What options ask of each other.
//!
//! A rule says nothing where one of its options was refused already: one slip gives one problem.

mod properties;
mod security;

use std::time::Duration;

use crate::{GroupProtocol, Mode, Options, StoreKind, duration, kind::grouped, resolver::Draft, rule::Rule};

/// Fills in the defaults that depend on other options, and finds the contradictions.
pub(crate) fn apply(draft: &mut Draft) {
    servers(draft);
    client_id(draft);
    security::kafka(draft);
    properties::apply(draft);
    session(draft);
    source_system(draft);
    for bounded in BOUNDED {
        bounded.apply(draft);
    }
    probe(draft);
    dead_letters(draft);
    storage(draft);
    security::cassandra(draft);
}

/// A time that another option bounds.
struct Bounded {
    name: &'static str,
    value: fn(&mut Options) -> &mut Duration,
    /// What it is if nobody set it, given the bound.
    preset: fn(Duration) -> Duration,
    bound: &'static str,
    bound_value: fn(&Options) -> Duration,
}

const BOUNDED: &[Bounded] = &[
    Bounded {
        name: "timeoutMs",
        value: |o| &mut o.limits.timeout,
        preset: |bound| bound * 4 / 5,
        bound: "stallThresholdMs",
        bound_value: |o| o.limits.stall_threshold,
    },
    Bounded {
        name: "retryBaseMs",
        value: |o| &mut o.retry.base,
        preset: |bound| bound.min(Duration::from_millis(20)),
        bound: "maxRetryDelayMs",
        bound_value: |o| o.retry.max_delay,
    },
    Bounded {
        name: "deferBaseMs",
        value: |o| &mut o.defer.base,
        preset: |bound| bound.min(Duration::from_secs(1)),
        bound: "deferMaxDelayMs",
        bound_value: |o| o.defer.max_delay,
    },
];

impl Bounded {
    fn apply(&self, draft: &mut Draft) {
        let bound = (self.bound_value)(&draft.options);
        if !draft.is_given(self.name) {
            *(self.value)(&mut draft.options) = (self.preset)(bound);
        } else if *(self.value)(&mut draft.options) > bound
            && !draft.is_refused(self.name)
            && !draft.is_refused(self.bound)
        {
            draft.contradict(self.name, format!("at most {}, which is {}", self.bound, shown(bound)));
        }
    }
}

/// A time in both forms, such as `300,000 (5m)`; what is no whole number of milliseconds as it is.
fn shown(time: Duration) -> String {
    match u64::try_from(time.as_millis()) {
        Ok(ms) if time.subsec_nanos().is_multiple_of(1_000_000) => {
            format!("{} ({})", grouped(ms), duration::format(ms))
        }
        _ => format!("{time:?}"),
    }
}

fn servers(draft: &mut Draft) {
    if draft.options.mock || draft.is_refused("mock") || draft.is_refused("bootstrapServers") {
        return;
    }
    let servers = &draft.options.bootstrap_servers;
    if servers.is_empty() {
        draft.contradict("bootstrapServers", "at least 1 host:port, unless mock is true");
    } else if servers.iter().any(|server| !Rule::HostPort.allows(server)) {
        draft.contradict("bootstrapServers", format!("each {}", Rule::HostPort.expected()));
    }
}

fn client_id(draft: &mut Draft) {
    if draft.is_given("clientId") {
        draft.contradict_property("client.id", "not to be set here beside the option clientId");
    }
}

fn session(draft: &mut Draft) {
    if draft.options.group.protocol == GroupProtocol::Consumer {
        draft.options.group.session = None;
        for name in ["sessionTimeoutMs", "heartbeatIntervalMs"] {
            if draft.is_given(name) {
                draft.contradict(name, "not set with groupProtocol consumer, where the broker decides it");
            }
        }
        return;
    }
    let given = draft.is_given("heartbeatIntervalMs");
    let refused = draft.is_refused("sessionTimeoutMs") || draft.is_refused("heartbeatIntervalMs");
    let session = draft.options.group.session.get_or_insert_default();
    if !given {
        // Kafka counts both in whole milliseconds.
        let third = (session.timeout / 3).max(Duration::from_millis(1));
        session.heartbeat_interval = session.heartbeat_interval.min(third);
    } else if session.heartbeat_interval >= session.timeout && !refused {
        let timeout = shown(session.timeout);
        draft.contradict("heartbeatIntervalMs", format!("less than sessionTimeoutMs, which is {timeout}"));
    }
}

fn source_system(draft: &mut Draft) {
    if draft.options.source_system.is_none() {
        draft.options.source_system.clone_from(&draft.options.group.id);
    }
}

fn probe(draft: &mut Draft) {
    if draft.options.mock && !draft.is_given("probePort") {
        draft.options.probe.port = None;
    }
}

fn dead_letters(draft: &mut Draft) {
    if draft.options.failure_topic.is_some() || draft.is_refused("failureTopic") {
        return;
    }
    if draft.options.mode == Mode::LowLatency {
        draft.contradict("failureTopic", "a topic name, which mode low-latency needs");
    }
    for name in ["deadLetterAfter.attempts", "deadLetterAfter.ageMs"] {
        if draft.is_given(name) && !draft.is_refused(name) {
            draft.contradict(name, "not set without failureTopic, where the dead letters would go");
        }
    }
}

fn storage(draft: &mut Draft) {
    let has_nodes = !draft.options.cassandra.nodes.is_empty();
    let mock = draft.options.mock;
    if !draft.is_given("store") {
        draft.options.store = match (mock, has_nodes) {
            (true, _) => StoreKind::Memory,
            (false, true) => StoreKind::Cassandra,
            (false, false) => StoreKind::None,
        };
    } else if draft.options.store == StoreKind::Cassandra && !draft.is_refused("store") {
        if mock {
            draft.contradict("store", "memory or none while mock is true");
        } else if !has_nodes && !draft.is_refused("cassandraNodes") {
            draft.contradict("cassandraNodes", "at least 1 host:port, which store cassandra needs");
        }
    }
}
