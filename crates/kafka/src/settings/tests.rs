#![allow(clippy::unwrap_used)]

use super::*;

fn settings() -> KafkaSettings {
    KafkaSettings {
        bootstrap_servers: vec!["localhost:9".to_owned()],
        group_id: "g".to_owned(),
        ..KafkaSettings::default()
    }
}

#[test]
fn every_property_we_set_is_one_that_librdkafka_takes() {
    for group_protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let settings = KafkaSettings { group_protocol, group_instance_id: Some("i".into()), ..settings() };
        settings.consumer().unwrap();
        settings.producer().unwrap();
        settings.admin().unwrap();
    }
}

#[test]
fn budgets_of_any_size_give_properties_in_range() {
    for max_buffered_bytes in [0, 1 << 20, 64 << 20, 64 << 30, u64::MAX] {
        KafkaSettings { max_buffered_bytes, ..settings() }.consumer().unwrap();
    }
}

#[test]
fn an_unknown_property_is_refused_by_name() {
    let settings = KafkaSettings { properties: vec![("no.such".into(), "1".into())], ..settings() };
    let error = settings.producer().unwrap_err();
    assert!(error.message.contains("no.such"), "{error}");
}

#[test]
fn secrets_are_neither_shown_nor_repeated_in_errors() {
    let security = Security {
        protocol: Protocol::SaslTls,
        mechanism: Some("PLAIN".into()),
        username: Some("u".into()),
        password: Some("hunter2".into()),
        key: Some(Pem::Text("-----BEGIN hunter2".into())),
        key_password: Some("hunter2".into()),
        ..Security::default()
    };
    let properties = vec![("sasl.oauthbearer.config".into(), "hunter2".into())];
    let settings = KafkaSettings { security, properties, ..settings() };
    assert!(!format!("{settings:?}").contains("hunter2"));
    let bad =
        KafkaSettings { properties: vec![("ssl.ca.pem".into(), "hunter2\0".into())], ..self::settings() };
    assert!(!bad.admin().unwrap_err().message.contains("hunter2"));
}

#[test]
fn a_system_ca_is_looked_for_only_where_none_is_named() {
    let tls = Security { protocol: Protocol::Tls, ..Security::default() };
    assert!(tls.properties(&[]).contains(&("ssl.ca.location", "probe".to_owned())));
    let named = Security { ca: Some(Pem::parse("/ca.pem")), ..tls.clone() };
    assert!(named.properties(&[]).contains(&("ssl.ca.location", "/ca.pem".to_owned())));
    let given = [("ssl.ca.pem".to_owned(), "x".to_owned())];
    assert!(!tls.properties(&given).iter().any(|(name, _)| *name == "ssl.ca.location"));
    assert!(!Security::default().properties(&[]).iter().any(|(name, _)| name.starts_with("ssl")));
}
