//! What options ask of each other.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use prosody_config::{Mode, RawValue, StoreKind, resolve};
use support::{accepted, function, list, number, object, options, paths, refused, resolved, text};

const YES: RawValue = RawValue::Bool(true);
const NULL: RawValue = RawValue::Null;

#[test]
fn servers_are_needed_unless_mock() {
    for raw in [RawValue::Undefined, RawValue::Null, object(&[])] {
        let problems = resolve(&raw, &[]).unwrap_err().0;
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].path.as_str(), problems[0].value.as_str()), ("bootstrapServers", "not set"));
        assert!(problems[0].expected.contains("mock"));
    }
    assert!(accepted(&[("mock", YES)]).bootstrap_servers.is_empty());
    assert_eq!(
        paths(&[("bootstrapServers", NULL)], &[("PROSODY_BOOTSTRAP_SERVERS", "a:1")]),
        ["bootstrapServers"]
    );
    assert_eq!(paths(&[("bootstrapServers", list(&[]))], &[]), ["bootstrapServers"]);
    assert_eq!(paths(&[("bootstrapServers", text(","))], &[]), ["bootstrapServers"]);
}

#[test]
fn a_server_is_host_and_port_unless_mock() {
    for server in ["localhost", "a:0", "a:65536", "a b:1", "http://a:1"] {
        assert_eq!(
            paths(&[("bootstrapServers", list(&["a:1", server]))], &[]),
            ["bootstrapServers"],
            "{server}"
        );
        let mocked = accepted(&[("mock", YES), ("bootstrapServers", text(server))]);
        assert_eq!(mocked.bootstrap_servers, [server]);
    }
    let several = accepted(&[("bootstrapServers", text("a:1, b:2"))]);
    assert_eq!(several.bootstrap_servers, ["a:1", "b:2"]);
}

#[test]
fn kafka_s_own_variables_are_read_where_ours_are_not_set() {
    let kafka =
        [("KAFKA_BROKERS", "k:1,l:2"), ("KAFKA_CLIENT_ID", "client"), ("KAFKA_CONSUMER_GROUP_ID", "group")];
    let only = [("bootstrapServers", RawValue::Undefined)];
    let options = resolved(&only, &kafka).options;
    assert_eq!(options.bootstrap_servers, ["k:1", "l:2"]);
    assert_eq!(options.client_id.as_deref(), Some("client"));
    assert_eq!(options.group.id.as_deref(), Some("group"));

    let ours =
        [("PROSODY_BOOTSTRAP_SERVERS", "p:1"), ("PROSODY_CLIENT_ID", "ours"), ("PROSODY_GROUP_ID", "")];
    let both: Vec<_> = kafka.into_iter().chain(ours).collect();
    let options = resolved(&only, &both).options;
    assert_eq!(options.bootstrap_servers, ["p:1"]);
    assert_eq!(options.client_id.as_deref(), Some("ours"));
    assert_eq!(options.group.id.as_deref(), Some("group"), "an empty variable counts as not set");

    let problems = refused(&[("bootstrapServers", RawValue::Undefined)], &[("KAFKA_BROKERS", "nowhere")]);
    assert_eq!(problems[0].variable.as_deref(), Some("KAFKA_BROKERS"));
}

#[test]
fn the_source_system_is_the_group_unless_it_is_given() {
    assert_eq!(accepted(&[]).source_system, None);
    assert_eq!(accepted(&[("groupId", text("g"))]).source_system.as_deref(), Some("g"));
    assert_eq!(
        accepted(&[("groupId", text("g")), ("sourceSystem", text("s"))]).source_system.as_deref(),
        Some("s")
    );
}

#[test]
fn a_bounded_time_fits_its_bound() {
    for (name, bound, least) in [
        ("timeoutMs", "stallThresholdMs", 100),
        ("retryBaseMs", "maxRetryDelayMs", 10),
        ("deferBaseMs", "deferMaxDelayMs", 10),
    ] {
        assert!(paths(&[(name, number(least + 1)), (bound, number(least))], &[]) == [name], "{name}");
        accepted(&[(name, number(least)), (bound, number(least))]);
        accepted(&[(bound, number(least))]);
    }
    let problem = &refused(&[("timeoutMs", number(300_001))], &[])[0];
    assert_eq!(
        problem.to_string(),
        "timeoutMs: 300001; expected at most stallThresholdMs, which is 300,000 (5m)"
    );
}

#[test]
fn a_default_makes_itself_fit() {
    let options = accepted(&[
        ("stallThresholdMs", number(1_000)),
        ("maxRetryDelayMs", number(5)),
        ("deferMaxDelayMs", number(7)),
    ]);
    assert_eq!(options.limits.timeout, Duration::from_millis(800));
    assert_eq!(options.retry.base, Duration::from_millis(5));
    assert_eq!(options.defer.base, Duration::from_millis(7));
    assert_eq!(accepted(&[]).limits.timeout, Duration::from_secs(240));
}

#[test]
fn one_slip_gives_one_problem() {
    assert_eq!(
        paths(&[("stallThresholdMs", number(-1)), ("timeoutMs", number(600_000))], &[]),
        ["stallThresholdMs"]
    );
    assert_eq!(paths(&[("mock", text("yes")), ("bootstrapServers", text("anything"))], &[]), ["mock"]);
    assert_eq!(paths(&[("mode", text("low-latency")), ("failureTopic", text("a b"))], &[]), ["failureTopic"]);
    assert_eq!(
        paths(&[("store", text("cassandra")), ("cassandraNodes", text("a"))], &[]),
        ["cassandraNodes"]
    );
    assert_eq!(
        paths(&[("sessionTimeoutMs", number(0)), ("heartbeatIntervalMs", number(60_000))], &[]),
        ["sessionTimeoutMs"]
    );
    let secured = [("security.protocol", text("sasl_ssl")), ("security.mechanism", text("KERBEROS"))];
    assert_eq!(paths(&secured, &[]), ["security.mechanism"]);
    assert_eq!(paths(&[("security", text("sasl_ssl"))], &[("PROSODY_SASL_USERNAME", "u")]), ["security"]);
}

#[test]
fn low_latency_and_dead_letters_need_a_failure_topic() {
    assert_eq!(paths(&[("mode", text("low-latency"))], &[]), ["failureTopic"]);
    assert_eq!(paths(&[("mode", text("low-latency")), ("failureTopic", NULL)], &[]), ["failureTopic"]);
    assert_eq!(
        accepted(&[("mode", text("low-latency")), ("failureTopic", text("d"))]).mode,
        Mode::LowLatency
    );
    for mode in ["pipeline", "best-effort"] {
        accepted(&[("mode", text(mode)), ("failureTopic", text("{topic}.dead"))]);
    }
    let after = [("deadLetterAfter", object(&[("attempts", number(3)), ("ageMs", number(1))]))];
    assert_eq!(paths(&after, &[]), ["deadLetterAfter.attempts", "deadLetterAfter.ageMs"]);
    assert_eq!(paths(&[], &[("PROSODY_DEAD_LETTER_AGE", "1h")]), ["deadLetterAfter.ageMs"]);
}

#[test]
fn null_for_a_whole_object_ignores_the_environment_too() {
    let variables = [
        ("PROSODY_DEAD_LETTER_AGE", "1h"),
        ("PROSODY_SASL_USERNAME", "u"),
        ("PROSODY_CASSANDRA_TLS_CA", "/a"),
    ];
    let off = [("deadLetterAfter", NULL), ("security", NULL), ("cassandraTls", NULL)];
    let options = resolved(&off, &variables).options;
    assert_eq!(options.dead_letter_after.age, None);
    assert!(options.security.username.is_none() && !options.cassandra.tls.enabled);
    assert_eq!(
        paths(&[("identity", NULL), ("deadLetterAfter", number(3))], &[]),
        ["identity", "deadLetterAfter"]
    );
}

#[test]
fn members_of_an_object_are_resolved_one_by_one() {
    let secured =
        [("security", object(&[("protocol", text("sasl_ssl")), ("mechanism", text("SCRAM-SHA-512"))]))];
    let options =
        resolved(&secured, &[("PROSODY_SASL_USERNAME", "u"), ("PROSODY_SASL_PASSWORD", "p")]).options;
    assert_eq!(options.security.username.as_deref(), Some("u"));
    assert_eq!(options.security.password.unwrap().reveal(), "p");
}

#[test]
fn session_and_heartbeat_are_the_broker_s_in_the_new_protocol() {
    assert_eq!(accepted(&[("groupProtocol", text("consumer"))]).group.session, None);
    let both = [
        ("groupProtocol", text("consumer")),
        ("sessionTimeoutMs", number(9_000)),
        ("heartbeatIntervalMs", number(1)),
    ];
    assert_eq!(paths(&both, &[]), ["sessionTimeoutMs", "heartbeatIntervalMs"]);
    let variable = ("PROSODY_SESSION_TIMEOUT", "9s");
    assert_eq!(paths(&[("groupProtocol", text("consumer"))], &[variable]), ["sessionTimeoutMs"]);
}

#[test]
fn a_heartbeat_is_shorter_than_the_session() {
    assert_eq!(
        paths(&[("sessionTimeoutMs", number(3_000)), ("heartbeatIntervalMs", number(3_000))], &[]),
        ["heartbeatIntervalMs"]
    );
    let session = accepted(&[("sessionTimeoutMs", number(1_500))]).group.session.unwrap();
    assert_eq!(session.heartbeat_interval, Duration::from_millis(500));
}

#[test]
fn a_mock_has_no_probe_server_unless_asked() {
    assert_eq!(accepted(&[("mock", YES)]).probe.port, None);
    assert_eq!(accepted(&[("mock", YES), ("probePort", number(0))]).probe.port, Some(0));
    assert_eq!(resolved(&[("mock", YES)], &[("PROSODY_PROBE_PORT", "9000")]).options.probe.port, Some(9000));
}

#[test]
fn the_store_follows_mock_and_nodes_unless_it_is_given() {
    let nodes = ("cassandraNodes", text("c:9042"));
    assert_eq!(accepted(&[]).store, StoreKind::None);
    assert_eq!(accepted(&[("mock", YES)]).store, StoreKind::Memory);
    assert_eq!(accepted(std::slice::from_ref(&nodes)).store, StoreKind::Cassandra);
    assert_eq!(accepted(&[nodes.clone(), ("mock", YES)]).store, StoreKind::Memory, "mock wins");
    assert_eq!(accepted(&[nodes.clone(), ("store", text("memory"))]).store, StoreKind::Memory);
    assert_eq!(accepted(&[("mock", YES), ("store", text("none"))]).store, StoreKind::None);
    assert_eq!(paths(&[("store", text("cassandra"))], &[]), ["cassandraNodes"]);
    assert_eq!(paths(&[nodes, ("store", text("cassandra")), ("mock", YES)], &[]), ["store"]);
}

#[test]
fn cassandra_takes_user_and_password_together_and_certificate_and_key_too() {
    assert_eq!(paths(&[("cassandraUser", text("u"))], &[]), ["cassandraPassword"]);
    assert_eq!(paths(&[], &[("PROSODY_CASSANDRA_PASSWORD", "p")]), ["cassandraUser"]);
    assert_eq!(paths(&[("cassandraTls.key", text("/k"))], &[]), ["cassandraTls.certificate"]);
    assert!(!accepted(&[]).cassandra.tls.enabled);
    assert!(accepted(&[("cassandraTls", object(&[]))]).cassandra.tls.enabled);
    assert!(resolved(&[], &[("PROSODY_CASSANDRA_TLS_CA", "/ca.pem")]).options.cassandra.tls.enabled);
}

#[test]
fn sasl_members_fit_the_protocol_and_the_mechanism() {
    let check = |entries: &[(&str, RawValue)], expected: &[&str]| {
        let all: Vec<_> =
            entries.iter().map(|(name, value)| (format!("security.{name}"), value.clone())).collect();
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let expected: Vec<_> = expected.iter().map(|name| format!("security.{name}")).collect();
        match resolve(&options(&all), &[]) {
            Ok(_) => assert!(expected.is_empty(), "{all:?} was accepted"),
            Err(problems) => {
                let paths: Vec<_> = problems.0.into_iter().map(|problem| problem.path).collect();
                assert_eq!(paths, expected);
            }
        }
    };
    let sasl = ("protocol", text("SASL_PLAINTEXT"));
    let user = [("username", text("u")), ("password", text("p"))];
    check(std::slice::from_ref(&sasl), &["mechanism"]);
    check(&[("mechanism", text("PLAIN"))], &["mechanism"]);
    check(
        &[("protocol", text("ssl")), ("username", text("u")), ("token", function())],
        &["username", "token"],
    );
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "scram-sha-512"] {
        let mechanism = ("mechanism", text(mechanism));
        check(&[sasl.clone(), mechanism.clone()], &["username", "password"]);
        check(&[sasl.clone(), mechanism.clone(), user[0].clone()], &["password"]);
        check(&[sasl.clone(), mechanism.clone(), user[0].clone(), user[1].clone()], &[]);
        check(
            &[sasl.clone(), mechanism, user[0].clone(), user[1].clone(), ("token", function())],
            &["token"],
        );
    }
    let oauth = ("mechanism", text("OAUTHBEARER"));
    check(&[sasl.clone(), oauth.clone()], &["token"]);
    check(&[sasl.clone(), oauth.clone(), ("token", function())], &[]);
    check(&[sasl, oauth, ("token", function()), user[0].clone()], &["username"]);
}

#[test]
fn credentials_without_encryption_are_warned_of_once() {
    let sasl = |protocol| {
        [
            ("security.protocol", text(protocol)),
            ("security.mechanism", text("PLAIN")),
            ("security.username", text("u")),
            ("security.password", text("hunter2")),
        ]
    };
    let warnings = resolved(&sasl("sasl_plaintext"), &[]).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let warning = warnings[0].to_string();
    assert!(warning.contains("the password") && warning.contains("sasl_ssl"), "{warning}");
    assert!(!warning.contains("hunter2"), "{warning}");
    assert!(resolved(&sasl("sasl_ssl"), &[]).warnings.is_empty());
    let mut mock = sasl("sasl_plaintext").to_vec();
    mock.push(("mock", YES));
    assert!(resolved(&mock, &[]).warnings.is_empty());
}

#[test]
fn certificates_need_a_protocol_with_tls_and_each_other() {
    let plaintext = [("security.ca", text("/ca")), ("security.keyPassword", text("p"))];
    assert_eq!(paths(&plaintext, &[]), ["security.ca", "security.keyPassword"]);
    let tls = ("security.protocol", text("ssl"));
    accepted(&[tls.clone(), ("security.ca", text("/ca"))]);
    assert_eq!(paths(&[tls.clone(), ("security.certificate", text("/c"))], &[]), ["security.key"]);
    assert_eq!(paths(&[tls.clone(), ("security.key", text("/k"))], &[]), ["security.certificate"]);
    assert_eq!(paths(&[tls, ("security.keyPassword", text("p"))], &[]), ["security.key"]);
}
