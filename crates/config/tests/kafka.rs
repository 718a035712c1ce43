//! Properties passed through to librdkafka.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use prosody_config::RawValue;
use support::{accepted, list, number, object, paths, refused, resolved, text};

#[test]
fn strings_numbers_and_booleans_are_passed_through() {
    let kafka = object(&[
        ("linger.ms", number(5)),
        ("queue.buffering.backpressure.threshold", number(1.5)),
        ("client.rack", text("a")),
        ("allow.auto.create.topics", RawValue::Bool(true)),
        ("debug", RawValue::Undefined),
    ]);
    let options = accepted(&[("kafka", kafka)]);
    let all: Vec<_> = options.kafka.iter().collect();
    assert_eq!(
        all,
        [
            ("allow.auto.create.topics", "true"),
            ("client.rack", "a"),
            ("linger.ms", "5"),
            ("queue.buffering.backpressure.threshold", "1.5"),
        ]
    );
    assert_eq!(accepted(&[("kafka", RawValue::Null)]).kafka.iter().count(), 0);
}

#[test]
fn no_other_type_is_a_property() {
    for value in [
        RawValue::Null,
        number(f64::NAN),
        list(&["a"]),
        object(&[]),
        RawValue::Other("function".into()),
        text("a\0b"),
    ] {
        assert_eq!(paths(&[("kafka", object(&[("linger.ms", value)]))], &[]), ["kafka[\"linger.ms\"]"]);
    }
    for value in [text("linger.ms=5"), number(1), list(&[])] {
        assert_eq!(paths(&[("kafka", value)], &[]), ["kafka"]);
    }
}

#[test]
fn a_property_that_an_option_stands_for_names_it() {
    let covered = [
        ("bootstrap.servers", "bootstrapServers"),
        ("metadata.broker.list", "bootstrapServers"),
        ("group.id", "groupId"),
        ("group.protocol", "groupProtocol"),
        ("group.instance.id", "groupInstanceId"),
        ("session.timeout.ms", "sessionTimeoutMs"),
        ("heartbeat.interval.ms", "heartbeatIntervalMs"),
        ("auto.offset.reset", "startFrom"),
        ("message.timeout.ms", "sendTimeoutMs"),
        ("delivery.timeout.ms", "sendTimeoutMs"),
        ("max.poll.interval.ms", "stallThresholdMs"),
        ("queued.max.messages.kbytes", "maxBufferedBytes"),
        ("security.protocol", "security.protocol"),
        ("sasl.mechanisms", "security.mechanism"),
        ("sasl.username", "security.username"),
        ("sasl.password", "security.password"),
        ("ssl.ca.location", "security.ca"),
        ("ssl.certificate.pem", "security.certificate"),
        ("ssl.key.location", "security.key"),
        ("ssl.key.password", "security.keyPassword"),
    ];
    for (property, option) in covered {
        let problem = refused(&[("kafka", object(&[(property, text("x"))]))], &[]).remove(0);
        assert_eq!(problem.path, format!("kafka[{property:?}]"));
        assert!(problem.expected.ends_with(&format!("use the option {option}")), "{problem}");
    }
}

#[test]
fn a_property_that_order_and_offsets_rest_on_is_refused() {
    for property in [
        "enable.auto.commit",
        "ENABLE.AUTO.COMMIT",
        " enable.auto.commit",
        "enable.auto.offset.store",
        "partition.assignment.strategy",
        "group.remote.assignor",
        "acks",
        "request.required.acks",
        "enable.idempotence",
        "transactional.id",
        "fetch.queue.backoff.ms",
        "statistics.interval.ms",
        "delivery.report.only.error",
        "log_level",
        "log_cb",
        "rebalance_cb",
        "offset.store.path",
    ] {
        let problems = refused(&[("kafka", object(&[(property, text("x"))]))], &[]);
        assert_eq!(problems.len(), 1, "{property}");
        assert!(problems[0].expected.starts_with("not to be set"), "{}", problems[0]);
    }
}

#[test]
fn the_client_id_has_one_place() {
    let kafka = ("kafka", object(&[("client.id", text("a"))]));
    assert_eq!(accepted(std::slice::from_ref(&kafka)).kafka.get("client.id"), Some("a"));
    assert_eq!(paths(&[kafka.clone(), ("clientId", text("b"))], &[]), ["kafka[\"client.id\"]"]);
    assert_eq!(paths(std::slice::from_ref(&kafka), &[("KAFKA_CLIENT_ID", "b")]), ["kafka[\"client.id\"]"]);
    assert_eq!(
        resolved(&[kafka, ("clientId", RawValue::Null)], &[("KAFKA_CLIENT_ID", "b")]).options.client_id,
        None
    );
}

#[test]
fn what_idempotence_and_the_send_time_out_ask_of_properties_is_said_at_once() {
    let one = |name: &str, value: u32| [("kafka", object(&[(name, number(value))]))];
    for (name, good, bad) in [
        ("linger.ms", 999, 1_000),
        ("queue.buffering.max.ms", 999, 5_000),
        ("max.in.flight.requests.per.connection", 5, 6),
        ("max.in.flight", 1, 1_000),
        ("retries", 1, 0),
        ("message.send.max.retries", 1, 0),
    ] {
        accepted(&one(name, good));
        assert_eq!(paths(&one(name, bad), &[]), [format!("kafka[{name:?}]")]);
    }
    let linger = ("kafka", object(&[("linger.ms", number(5_000))]));
    let problem = refused(std::slice::from_ref(&linger), &[]).remove(0);
    assert_eq!(problem.expected, "less than sendTimeoutMs, which is 1,000 (1s)");
    accepted(&[linger, ("sendTimeoutMs", number(5_001))]);
    let strategy = |name: &str| [("kafka", object(&[("queuing.strategy", text(name))]))];
    accepted(&strategy("fifo"));
    assert_eq!(paths(&strategy("lifo"), &[]), ["kafka[\"queuing.strategy\"]"]);
}

#[test]
fn a_property_that_librdkafka_does_not_take_is_told_without_a_secret() {
    use prosody_config::Problem;
    let problem = Problem::of_property("debug", "bogus", false, "bogus is none");
    assert_eq!(
        problem.to_string(),
        "kafka[\"debug\"]: \"bogus\"; expected a value that librdkafka takes; it says: bogus is none"
    );
    for (name, value, unknown) in [
        ("sasl.oauthbearer.client.secret", "s3cr3t", false),
        ("debug", "-----BEGIN PRIVATE KEY----- s3cr3t", false),
        ("sasl.passwrd", "s3cr3t", true),
    ] {
        let problem = Problem::of_property(name, value, unknown, &format!("{value} is none"));
        assert!(!problem.to_string().contains("s3cr3t"), "{problem}");
    }
}
