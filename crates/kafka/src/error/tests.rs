#![allow(clippy::unwrap_used)]

use super::{
    text::{certificate, connection},
    *,
};
use crate::ffi::Flaw;

#[test]
fn kinds_are_those_the_layers_above_decide_by() {
    let cases = [
        (12, ErrorCode::MetadataTooLarge),
        (22, ErrorCode::Fenced),
        (25, ErrorCode::Fenced),
        (27, ErrorCode::Rebalancing),
        (110, ErrorCode::Fenced),
        (113, ErrorCode::Rebalancing),
        (1, ErrorCode::OffsetOutOfRange),
        (-140, ErrorCode::OffsetOutOfRange),
        (-199, ErrorCode::Corrupt),
        (-195, ErrorCode::Unreachable),
        (-192, ErrorCode::Timeout),
        (-181, ErrorCode::Tls),
        (-169, ErrorCode::Authentication),
        (29, ErrorCode::Authorization),
        (30, ErrorCode::Authorization),
        (3, ErrorCode::UnknownTopic),
        (36, ErrorCode::TopicExists),
        (10, ErrorCode::TooLarge),
        (29_999, ErrorCode::Other),
    ];
    for (code, expected) in cases {
        assert_eq!(kind(code), expected, "{code}");
    }
}

#[test]
fn a_code_newer_than_the_bindings_is_no_crash() {
    assert!(words(29_999).contains("29999"));
}

#[test]
fn messages_name_the_thing_and_say_what_to_do() {
    let error = about("topic orders", 29);
    assert_eq!(error.code, ErrorCode::Authorization);
    assert!(error.message.starts_with("topic orders: "), "{error}");
    assert!(error.message.contains("ACL"), "{error}");
}

#[test]
fn a_failed_handshake_is_told_from_a_refused_connection() {
    let tls = connection(-195, "ssl://a:1/bootstrap: SSL handshake failed: certificate verify failed");
    assert_eq!(tls.code, ErrorCode::Tls);
    assert_eq!(
        connection(-195, "a:1/bootstrap: Connect failed: Connection refused").code,
        ErrorCode::Unreachable
    );
}

#[test]
fn a_missing_topic_is_found_in_the_text_of_its_error() {
    let text = "Subscribed topic not available: orders.v1: Broker: Unknown topic or partition";
    assert_eq!(subscribed_topic(text), Some("orders.v1"));
    assert_eq!(subscribed_topic("a:1/bootstrap: Connect failed: Connection refused"), None);
}

#[test]
fn brokers_that_do_not_answer_are_named() {
    let error = all_down("a:1,b:2");
    assert_eq!(error.code, ErrorCode::Unreachable);
    assert!(error.message.contains("a:1,b:2"), "{error}");
    assert!(error.message.contains("security.protocol"), "{error}");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_with_the_host() {
    let expired = certificate("kafka.example:9093", Flaw::Expired);
    assert_eq!(expired.code, ErrorCode::Tls);
    assert!(
        expired.message.contains("kafka.example:9093") && expired.message.contains("expired"),
        "{expired}"
    );
    let other = certificate("kafka.example:9093", Flaw::OtherHost);
    assert!(other.message.contains("the host name kafka.example;"), "{other}");
    assert!(certificate("a:1", Flaw::UnknownAuthority).message.contains("security.ca"));
}

#[test]
fn a_missing_token_and_a_refused_one_are_told_apart() {
    let missing = connection(-169, "Failed to acquire SASL OAUTHBEARER token: the callback threw");
    assert_eq!(missing.code, ErrorCode::Token);
    assert!(missing.message.contains("the callback threw; see to the callback"), "{missing}");
    let text = "sasl_ssl://a:1/bootstrap: SASL authentication error: {\"status\":\"invalid_token\"}";
    let refused = connection(-169, text);
    assert!(refused.message.contains("do not take this token"), "{refused}");
    assert!(!refused.message.contains("password"), "{refused}");
}
