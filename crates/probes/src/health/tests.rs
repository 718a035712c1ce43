use super::*;

const THRESHOLD: Duration = Duration::from_secs(300);
const OVER: Duration = Duration::from_secs(301);

fn running() -> Health {
    Health {
        ended: None,
        phase: Phase::Running,
        assigned: 2,
        stopped: Vec::new(),
        kafka_away: None,
        no_progress: Duration::ZERO,
        silence: Silence::default(),
        stall_threshold: THRESHOLD,
    }
}

fn stopped(cause: Cause) -> Vec<Stopped> {
    vec![Stopped { partition: "orders/3".into(), cause }]
}

/// A state, what `/readyz` and `/livez` say, and a word of the reason.
type Line = (&'static str, Health, bool, bool, &'static str);

/// One line a row of the specification's table, and one a case within a row.
fn table() -> Vec<Line> {
    let away = || Some("connection refused".to_owned());
    vec![
        ("joining", Health { phase: Phase::Joining, assigned: 0, ..running() }, false, true, "joining"),
        ("running without a partition", Health { assigned: 0, ..running() }, false, true, "no partition"),
        ("draining", Health { phase: Phase::Draining, ..running() }, false, true, "draining"),
        ("running with a partition", running(), true, true, ""),
        (
            "ended by itself",
            Health::ended("fenced", THRESHOLD),
            false,
            false,
            "the consumer has ended: fenced",
        ),
        (
            "an owned partition is stopped by an error",
            Health { stopped: stopped(Cause::Error("record too large".into())), ..running() },
            false,
            true,
            "orders/3 is stopped: record too large",
        ),
        (
            "an owned partition waits for a store",
            Health { stopped: stopped(Cause::Store("no node answers".into())), ..running() },
            false,
            true,
            "orders/3 waits for the store: no node answers",
        ),
        (
            "Kafka away, assignment held",
            Health { kafka_away: away(), ..running() },
            true,
            true,
            "Kafka cannot be reached: connection refused",
        ),
        (
            "Kafka away, assignment lost",
            Health { kafka_away: away(), assigned: 0, ..running() },
            false,
            true,
            "Kafka cannot be reached",
        ),
        ("no progress", Health { no_progress: OVER, ..running() }, false, false, "no progress for 301s"),
        (
            "poll loop silent",
            Health { silence: Silence { poll_loop: OVER, ..Silence::default() }, ..running() },
            false,
            false,
            "the poll loop",
        ),
        (
            "engine silent",
            Health { silence: Silence { engine: OVER, ..Silence::default() }, ..running() },
            false,
            false,
            "the engine",
        ),
        (
            "JavaScript loop silent",
            Health { silence: Silence { javascript: OVER, ..Silence::default() }, ..running() },
            false,
            false,
            "JavaScript",
        ),
    ]
}

#[test]
fn the_probes_say_what_the_table_of_states_says() {
    for (state, health, ready, live, reason) in table() {
        let verdicts = judge(&health);
        assert_eq!((verdicts.ready.pass, verdicts.live.pass), (ready, live), "{state}");
        assert!(verdicts.ready.reasons.join("\n").contains(reason), "{state}: {:?}", verdicts.ready.reasons);
        assert_eq!(verdicts.live.reasons.is_empty(), live, "{state}: {:?}", verdicts.live.reasons);
        assert_eq!(reason.is_empty(), verdicts.ready.reasons.is_empty(), "{state}");
    }
}

/// Two states at once, row by row.
fn both(one: &Health, other: &Health) -> Health {
    let phase = if one.phase == Phase::Running { other.phase } else { one.phase };
    Health {
        ended: one.ended.clone().or(other.ended.clone()),
        phase,
        assigned: one.assigned.min(other.assigned),
        stopped: one.stopped.iter().chain(&other.stopped).cloned().collect(),
        kafka_away: one.kafka_away.clone().or(other.kafka_away.clone()),
        no_progress: one.no_progress.max(other.no_progress),
        silence: Silence {
            poll_loop: one.silence.poll_loop.max(other.silence.poll_loop),
            engine: one.silence.engine.max(other.silence.engine),
            javascript: one.silence.javascript.max(other.silence.javascript),
        },
        stall_threshold: THRESHOLD,
    }
}

#[test]
fn of_two_states_at_once_the_worse_counts() {
    for (name, one, ready, live, _) in table() {
        for (other_name, other, other_ready, other_live, _) in table() {
            let verdicts = judge(&both(&one, &other));
            let said = (verdicts.ready.pass, verdicts.live.pass);
            assert_eq!(said, (ready && other_ready, live && other_live), "{name} and {other_name}");
        }
    }
}

#[test]
fn an_age_of_just_the_threshold_is_no_stall() {
    let silence = Silence { poll_loop: THRESHOLD, engine: THRESHOLD, javascript: THRESHOLD };
    let verdicts = judge(&Health { no_progress: THRESHOLD, silence, ..running() });
    assert_eq!(verdicts, Verdicts { ready: Verdict::pass(), live: Verdict::pass() });
}

#[test]
fn readiness_that_fails_names_only_what_fails_it() {
    let health = Health {
        kafka_away: Some("refused".into()),
        stopped: stopped(Cause::Error("too large".into())),
        ..running()
    };
    assert_eq!(judge(&health).ready.reasons, ["partition orders/3 is stopped: too large"]);
}
