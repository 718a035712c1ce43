//! Encryption and authentication against a real broker.
//!
//! `PROSODY_TEST_SASL_SSL=127.0.0.1:9096 PROSODY_TEST_CA=ca.pem PROSODY_TEST_USER=… PROSODY_TEST_PASSWORD=…
//! cargo test -p prosody-kafka --features secure-kafka`
#![cfg(feature = "secure-kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mock.rs"]
mod mock;

use std::{env, fs, sync::Arc, time::Duration};

use mock::{Member, Reports};
use prosody_broker::{
    Admin, BrokerError, Consumer, ErrorCode, Outgoing, Producer, TopicSelector, TopicSpec, Wanted,
};
use prosody_kafka::{KafkaAdmin, KafkaProducer, KafkaSettings, Pem, Protocol, Security};
use prosody_model::{Record, RecordParts};

const CALL: Duration = Duration::from_secs(20);

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("these tests need a Kafka with SASL_SSL: set {name}"))
}

fn security(mechanism: &str) -> Security {
    Security {
        protocol: Protocol::SaslTls,
        mechanism: Some(mechanism.to_owned()),
        username: Some(variable("PROSODY_TEST_USER")),
        password: Some(variable("PROSODY_TEST_PASSWORD")),
        ca: Some(Pem::Path(variable("PROSODY_TEST_CA"))),
        ..Security::default()
    }
}

fn settings(security: Security) -> KafkaSettings {
    let bootstrap_servers = vec![variable("PROSODY_TEST_SASL_SSL")];
    KafkaSettings { bootstrap_servers, security, group_id: "secure".to_owned(), ..KafkaSettings::default() }
}

fn works(security: Security, topic: &str) {
    let settings = KafkaSettings { send_timeout: CALL, ..settings(security) };
    let spec = TopicSpec { name: topic.to_owned(), partitions: 1, replication_factor: 1 };
    let admin = KafkaAdmin::new(&settings).unwrap();
    let _ = admin.delete_topic(topic, CALL);
    let created = admin.create_topic(&spec, CALL);
    assert!(created.is_ok() || created.is_err_and(|error| error.code == ErrorCode::TopicExists));
    let reports = Reports::default();
    let producer = KafkaProducer::new(&settings, reports.sink()).unwrap();
    producer.send(vec![outgoing(topic)]);
    assert!(reports.wait(1)[0].result.is_ok(), "{:?}", reports.seen());
    let mut member = Member::new(&KafkaSettings { group_id: topic.to_owned(), ..settings });
    member.consumer.subscribe(&[TopicSelector::Name(topic.to_owned())]).unwrap();
    member.until("it is read", |member| {
        member.read();
        !member.records.is_empty()
    });
    let (epoch, record) = member.records[0].clone();
    member.consumer.reread(epoch, vec![Wanted { offset: record.offset, timestamp: record.timestamp }]);
    member.until("it is read again", |member| !member.reread.is_empty());
    assert_eq!(member.reread[0].result, Ok(record));
    member.consumer.close(CALL);
}

fn outgoing(topic: &str) -> Outgoing {
    let parts = RecordParts { timestamp: -1, value: Some(b"v"), ..RecordParts::default() };
    Outgoing { ticket: 0, topic: Arc::from(topic), partition: None, record: Record::new(parts, []) }
}

/// The first warning of a consumer and the failure of a send.
fn refused(security: Security) -> (BrokerError, BrokerError) {
    let settings = KafkaSettings { send_timeout: Duration::from_secs(1), ..settings(security) };
    let mut member = Member::new(&settings);
    member.consumer.subscribe(&[TopicSelector::Name("t".to_owned())]).unwrap();
    member.until("it is said", |member| !member.warnings.is_empty());
    let reports = Reports::default();
    let producer = KafkaProducer::new(&settings, reports.sink()).unwrap();
    producer.send(vec![outgoing("t")]);
    let failure = reports.wait(1)[0].result.clone().unwrap_err();
    (member.warnings[0].clone(), failure)
}

#[test]
fn scram_and_plain_over_tls_work() {
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] {
        works(security(mechanism), &format!("secure-{}", mechanism.to_lowercase()));
    }
}

#[test]
fn a_ca_as_text_works() {
    let text = fs::read_to_string(variable("PROSODY_TEST_CA")).unwrap();
    works(Security { ca: Some(Pem::parse(&text)), ..security("SCRAM-SHA-512") }, "secure-text");
}

#[test]
fn a_wrong_password_is_told_as_such_and_not_repeated() {
    let (warning, failure) =
        refused(Security { password: Some("hunter2".into()), ..security("SCRAM-SHA-512") });
    assert_eq!(warning.code, ErrorCode::Authentication, "{warning}");
    assert!(failure.message.to_lowercase().contains("authentication"), "{failure}");
    for message in [warning.message, failure.message] {
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn an_unknown_ca_is_a_tls_error() {
    let (warning, failure) = refused(Security { ca: None, ..security("SCRAM-SHA-512") });
    assert_eq!(warning.code, ErrorCode::Tls, "{warning}");
    assert!(failure.message.contains("certificate"), "{failure}");
}

#[test]
fn plaintext_to_a_tls_port_is_said_to_be_unreachable() {
    let (warning, _) = refused(Security::default());
    assert!(matches!(warning.code, ErrorCode::Unreachable | ErrorCode::Tls), "{warning}");
}

#[test]
fn a_ca_that_cannot_be_read_is_refused_at_once() {
    let ca = Some(Pem::Path("/nowhere/ca.pem".to_owned()));
    let refused = KafkaAdmin::new(&settings(Security { ca, ..security("PLAIN") }));
    assert_eq!(refused.map_err(|error| error.code).err(), Some(ErrorCode::Tls));
}
