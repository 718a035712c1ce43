//! A private key is shown nowhere, wherever it was put.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use prosody_config::RawValue;
use support::{number, object, refused, resolved, text};

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----\n";

fn hidden(options: &[(&str, RawValue)], variables: &[(&str, &str)], wrong: &str) {
    let problems = refused(options, variables);
    assert!(problems.iter().any(|problem| problem.path == wrong), "{wrong} is refused: {problems:?}");
    for problem in problems {
        let said = format!("{problem} {problem:?}");
        assert!(!said.contains("c4n4ry") && !said.contains("BEGIN"), "{said}");
    }
}

#[test]
fn no_key_is_shown_that_stands_in_a_property_of_librdkafka() {
    for name in ["ssl.key", "ssl.key.location", "ssl.key.pem", "ssl.certificate", "ssl.ca", "SSL.KEY", "acks"]
    {
        let path = format!("kafka[{name:?}]");
        hidden(&[("kafka", object(&[(name, text(KEY))]))], &[], &path);
    }
    for name in ["ssl.key", "ssl.certificate.location", "ssl.ca.location"] {
        // Without a header nothing but the name says what it is.
        hidden(&[("kafka", object(&[(name, text("c4n4ry"))]))], &[], &format!("kafka[{name:?}]"));
    }
    let zero = format!("{KEY}\0");
    hidden(&[("kafka", object(&[("debug", text(&zero))]))], &[], "kafka[\"debug\"]");
}

#[test]
fn no_key_is_shown_that_came_with_a_certificate() {
    for member in ["ca", "certificate", "key"] {
        let path = format!("security.{member}");
        hidden(&[("security", object(&[(member, text(KEY))]))], &[], &path);
        let zero = format!("{KEY}\0");
        let tls = object(&[("protocol", text("ssl")), (member, text(&zero))]);
        hidden(&[("security", tls)], &[], &path);
        // A key that lost its header passes for a path.
        hidden(&[("security", object(&[(member, text("c4n4ry"))]))], &[], &path);
        let zero = format!("{KEY}\0");
        let cassandra = object(&[(member, text(&zero))]);
        hidden(
            &[("mock", RawValue::Bool(true)), ("cassandraTls", cassandra)],
            &[],
            &format!("cassandraTls.{member}"),
        );
    }
}

#[test]
fn no_key_is_shown_that_came_from_the_environment() {
    hidden(&[], &[("PROSODY_SSL_CERTIFICATE_LOCATION", KEY)], "security.certificate");
    hidden(&[], &[("PROSODY_SSL_CA_LOCATION", KEY)], "security.ca");
    hidden(&[], &[("PROSODY_GROUP_PROTOCOL", KEY)], "groupProtocol");
}

#[test]
fn no_key_is_shown_that_stands_where_something_else_belongs() {
    hidden(&[("bootstrapServers", text(KEY)), ("mock", number(1))], &[], "mock");
    hidden(&[("mode", text(KEY))], &[], "mode");
    // However long what stands before it.
    hidden(&[("mode", text(&format!("{}{KEY}", "c4n4ry ".repeat(30))))], &[], "mode");
    let warnings = resolved(&[("mock", RawValue::Bool(true)), (KEY, text("a"))], &[]).warnings;
    assert!(!warnings[0].to_string().contains("c4n4ry"), "{}", warnings[0]);
}
