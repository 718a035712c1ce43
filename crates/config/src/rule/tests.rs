use super::*;

#[track_caller]
fn check(rule: Rule, allowed: &[&str], refused: &[&str]) {
    for text in allowed {
        assert!(rule.allows(text), "{rule:?} allows {text:?}");
    }
    for text in refused {
        assert!(!rule.allows(text), "{rule:?} refuses {text:?}");
    }
}

#[test]
fn a_label_has_1_to_255_characters() {
    let (most, more) = ("ä".repeat(255), "a".repeat(256));
    check(Rule::Label, &["a", "a group", &most], &["", &more, "a\0b", "a\nb", "\u{1b}[31m"]);
    check(Rule::Version, &["", "1"], &[&more, "\0"]);
}

#[test]
fn a_server_is_a_host_and_a_port() {
    check(
        Rule::HostPort,
        &["localhost:9092", "10.0.0.1:1", "a-b.c_d:65535", "[::1]:9092"],
        &[
            "",
            "localhost",
            ":9092",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a:9x",
            "a b:1",
            "::1:9092",
            "[::1:9092",
            "[x]:1",
            "SASL_SSL://a:1",
            "a:1,b:2",
            "a:1\0",
        ],
    );
    check(Rule::Host, &["0.0.0.0", "::", "::1", "localhost"], &["", "a b", "[::1]", "a:1", "http://a"]);
}

#[test]
fn a_topic_is_what_kafka_takes_for_one() {
    let (most, more) = ("t".repeat(249), "t".repeat(250));
    check(Rule::Topic, &["a", "A.b_c-9", &most], &["", ".", "..", "a b", "a/b", "ä", "^a", "{topic}", &more]);
    check(Rule::FailureTopic, &["dead", "{topic}.dead", "{topic}"], &["", "{topics}", "{topic}/dead", &more]);
}

#[test]
fn a_subscription_is_a_topic_or_a_valid_expression() {
    check(
        Rule::Subscription,
        &["orders", "^orders\\..*", "^(a|b)$", "^"],
        &["", "orders.*", "^(", "^a{2,1}", "^\0"],
    );
}

#[test]
fn a_keyspace_is_what_cassandra_takes_for_one() {
    let (most, more) = (format!("a{}", "_".repeat(47)), format!("a{}", "_".repeat(48)));
    check(Rule::Keyspace, &["prosody", "a", "a1_", &most], &["", "A", "1a", "_a", "a-b", "a b", &more]);
}
