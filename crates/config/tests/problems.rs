//! What the reader of an error or a warning gets to see.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use prosody_config::{Problems, RawValue, resolve};
use support::{
    accepted, environment, function, list, number, object, options, paths, refused, resolved, set, text,
};

#[test]
fn every_problem_is_told_at_once() {
    let entries = [
        ("bootstrapServers", list(&["a:1", "b"])),
        ("maxConcurrency", number(0)),
        ("maxUncommitted", number(f64::NAN)),
        ("shutdownTimeoutMs", number(f64::INFINITY)),
        ("commitIntervalMs", text("1s")),
        ("pollIntervalMs", number(1e12)),
        ("idempotenceCacheSize", number(-1)),
        ("maxRetries", number(1.5)),
        ("mode", text("fast")),
        ("subscribedTopics", list(&["ok", "not ok", "^("])),
        ("deadLetterAfter", text("3")),
        ("identity", object(&[("id", text("id"))])),
        ("timeoutMs", number(1_000_000)),
        ("kafka", object(&[("acks", number(1)), ("group.id", text("g")), ("linger.ms", number(5))])),
        ("cassandraUser", text("u")),
        ("unknown", number(1)),
    ];
    let variables = [("PROSODY_PROBE_PORT", "80000"), ("PROSODY_MAX_CONCURRENCY", "nonsense")];
    let problems = refused(&entries, &variables);
    let mut paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    paths.sort_unstable();
    let mut expected = [
        "bootstrapServers",
        "cassandraPassword",
        "commitIntervalMs",
        "deadLetterAfter",
        "idempotenceCacheSize",
        "identity.id",
        "kafka[\"acks\"]",
        "kafka[\"group.id\"]",
        "maxConcurrency",
        "maxRetries",
        "maxUncommitted",
        "mode",
        "pollIntervalMs",
        "probePort",
        "shutdownTimeoutMs",
        "subscribedTopics[1]",
        "subscribedTopics[2]",
        "timeoutMs",
    ];
    expected.sort_unstable();
    assert_eq!(paths, expected);

    let text = Problems(problems).to_string();
    assert_eq!(text.lines().count(), 1 + expected.len(), "{text}");
    for line in [
        "the configuration has 18 bad values, correct all of them:",
        "  maxConcurrency: 0; expected a whole number from 1 to 65,536",
        "  maxUncommitted: NaN; expected a whole number from 1 to 1,048,576",
        "  shutdownTimeoutMs: Infinity; expected a number of milliseconds from 0 to 3,600,000 (1h)",
        "  commitIntervalMs: \"1s\"; expected a number of milliseconds from 10 to 3,600,000 (1h)",
        "  mode: \"fast\"; expected pipeline, low-latency, best-effort",
        "  deadLetterAfter: a string; expected an object, or null",
        "  probePort: \"80000\" (from PROSODY_PROBE_PORT); expected a whole number from 0 to 65,535, or none",
    ] {
        assert!(text.lines().any(|known| known == line), "{line:?} in {text}");
    }
}

#[test]
fn a_configuration_is_an_object() {
    for raw in [number(1), text("a"), list(&[]), RawValue::Bool(false), function()] {
        let problems = resolve(&raw, &environment(&[("KAFKA_BROKERS", "a:1")])).unwrap_err().0;
        assert_eq!(problems.len(), 1);
        assert_eq!(
            (problems[0].path.as_str(), problems[0].expected.as_str()),
            ("configuration", "an object")
        );
    }
}

#[test]
fn a_shown_value_cannot_forge_or_flood_lines() {
    let problem = &refused(&[("mode", text(&format!("a\n\u{1b}[31m{}", "x".repeat(1_000_000))))], &[])[0];
    assert!(!problem.value.contains(['\n', '\u{1b}']) && problem.value.len() < 200, "{}", problem.value);
}

#[test]
fn a_name_that_means_something_in_javascript_is_only_unknown() {
    let entries = [("__proto__", object(&[("mock", RawValue::Bool(true))])), ("constructor", function())];
    assert_eq!(resolved(&entries, &[]).warnings.len(), 2);
}

#[test]
fn an_unknown_name_is_told_with_the_closest_known_one() {
    let entries = [
        ("bootstrapServer", text("a:1")),
        ("GroupId", text("g")),
        ("maxConcurency", RawValue::Undefined),
        ("security.pasword", text("x")),
        ("deadLetterAfter.age", number(1)),
    ];
    let variables =
        [("PROSODY_GROUPID", "g"), ("PROSODY_RETRY_MAX_DELAYS", "1s"), ("PROSODY_OLD", ""), ("OTHER", "x")];
    let warnings: Vec<_> = resolved(&entries, &variables).warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "unknown option \"bootstrapServer\" is ignored; the closest known one is bootstrapServers",
            "unknown option \"GroupId\" is ignored; the closest known one is groupId",
            "unknown option \"maxConcurency\" is ignored; the closest known one is maxConcurrency",
            "unknown option \"security.pasword\" is ignored; the closest known one is security.password",
            "unknown option \"deadLetterAfter.age\" is ignored; the closest known one is deadLetterAfter.ageMs",
            "unknown environment variable \"PROSODY_GROUPID\" is ignored; the closest known one is PROSODY_GROUP_ID",
            "unknown environment variable \"PROSODY_RETRY_MAX_DELAYS\" is ignored; the closest known one is PROSODY_RETRY_MAX_DELAY",
        ]
    );
}

const CANARY: &str = "c4n4ry";

/// Every option that holds a secret, with its variable.
const SECRETS: [(&str, &str); 6] = [
    ("cassandraPassword", "PROSODY_CASSANDRA_PASSWORD"),
    ("cassandraTls.key", "PROSODY_CASSANDRA_TLS_KEY"),
    ("security.password", "PROSODY_SASL_PASSWORD"),
    ("security.key", "PROSODY_SSL_KEY_LOCATION"),
    ("security.keyPassword", "PROSODY_SSL_KEY_PASSWORD"),
    ("security.token", ""),
];

#[test]
fn no_problem_tells_a_secret() {
    let bad = [
        text(CANARY),
        text(&format!("{CANARY}\0")),
        list(&[CANARY]),
        object(&[(CANARY, text(CANARY)), ("a", text(CANARY))]),
        RawValue::Other(CANARY.into()),
    ];
    for value in &bad {
        let mut all = vec![("bootstrapServers".to_owned(), text("nowhere"))];
        for (name, _) in SECRETS {
            set(&mut all, name, value.clone());
        }
        set(&mut all, "kafka", object(&[("sasl.password", value.clone()), ("ssl.key.pem", value.clone())]));
        let raw = RawValue::Map(all);
        let problems = resolve(&raw, &[]).unwrap_err();
        assert!(!format!("{problems} {problems:?}").contains(CANARY), "{problems}");
    }
    let variables: Vec<_> =
        SECRETS.iter().filter(|(_, env)| !env.is_empty()).map(|(_, env)| (*env, CANARY)).collect();
    let problems = Problems(refused(&[("security.ca", number(1))], &variables));
    assert!(problems.0.len() >= 3 && !format!("{problems} {problems:?}").contains(CANARY), "{problems}");
}

#[test]
fn a_group_given_as_a_text_is_not_told_either() {
    for group in ["security", "cassandraTls", "kafka"] {
        let problems = Problems(refused(&[(group, text(CANARY))], &[]));
        assert!(!format!("{problems} {problems:?}").contains(CANARY), "{problems}");
    }
}

#[test]
fn no_option_tells_a_secret() {
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n");
    let all = [
        ("security.protocol", text("sasl_ssl")),
        ("security.mechanism", text("PLAIN")),
        ("security.username", text("u")),
        ("security.password", text(CANARY)),
        ("security.ca", text(&pem)),
        ("security.certificate", text(&pem)),
        ("security.key", text(&pem)),
        ("security.keyPassword", text(CANARY)),
        ("cassandraUser", text("u")),
        ("cassandraPassword", text(CANARY)),
        ("cassandraTls.certificate", text(&pem)),
        ("cassandraTls.key", text(&pem)),
        (
            "kafka",
            object(&[
                ("ssl.keystore.password", text(CANARY)),
                ("sasl.oauthbearer.client.secret", text(CANARY)),
            ]),
        ),
    ];
    let shown = format!("{:?} {:?}", accepted(&all), options(&all));
    assert!(!shown.contains(CANARY), "{shown}");
    assert_eq!(
        accepted(&all).security.password.unwrap().reveal(),
        CANARY,
        "the library that needs it gets it"
    );
}

#[test]
fn a_threshold_of_zero_is_refused_where_nothing_could_run() {
    assert_eq!(paths(&[("monopolizationThreshold", number(0))], &[]), ["monopolizationThreshold"]);
    accepted(&[
        ("monopolizationThreshold", number(1e-9)),
        ("deferFailureThreshold", number(0)),
        ("schedulerFailureWeight", number(0)),
    ]);
}

#[test]
fn a_size_may_have_a_unit_in_the_environment() {
    let bytes =
        |text: &str| resolved(&[], &[("PROSODY_MAX_BUFFERED_BYTES", text)]).options.limits.max_buffered_bytes;
    assert_eq!(bytes("2MiB"), 2 << 20);
    assert_eq!(bytes("1.5 GiB"), 3 << 29);
    assert_eq!(bytes("2048KiB"), 2 << 20);
    for bad in ["1KiB", "65GiB", "64MB", "MiB", "1.0000001MiB"] {
        assert_eq!(paths(&[], &[("PROSODY_MAX_BUFFERED_BYTES", bad)]), ["maxBufferedBytes"], "{bad}");
    }
}
