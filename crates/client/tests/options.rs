//! What a client and an admin client say of their options before anything else.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use prosody_client::{AdminClient, Client, Delivery, Fact, RawValue, Report, Row, Sink};

struct Deaf;

impl Sink for Deaf {
    fn rows(&self, _rows: &mut Vec<Row>, _delivery: Delivery) {}
    fn has_rows(&self) -> bool {
        false
    }
    fn reports(&self, _reports: Vec<Report>) {}
    fn facts(&self, _facts: Vec<Fact>) {}
}

fn options(entries: &[(&str, RawValue)]) -> RawValue {
    let servers = ("bootstrapServers".to_owned(), RawValue::Text("localhost:1".into()));
    let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    RawValue::Map(std::iter::once(servers).chain(entries).collect())
}

fn kafka(properties: &[(&str, &str)]) -> RawValue {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), RawValue::Text((*value).into()));
    options(&[("kafka", RawValue::Map(properties.iter().map(text).collect()))])
}

/// The paths of what a client and an admin client refuse.
fn refused(options: &RawValue) -> Vec<String> {
    let sink: Arc<dyn Sink> = Arc::new(Deaf);
    let client = Client::new(options, &[], "options".into(), Arc::clone(&sink)).err().unwrap();
    let admin = AdminClient::new(options, &[], "options", &sink).err().unwrap();
    assert_eq!(client, admin);
    client.0.into_iter().map(|problem| problem.path).collect()
}

#[test]
fn properties_that_librdkafka_does_not_take_are_refused_at_once_and_together() {
    let bad =
        kafka(&[("debug", "bogus"), ("linger", "5"), ("socket.timeout.ms", "-3"), ("client.rack", "a")]);
    assert_eq!(refused(&bad), ["kafka[\"debug\"]", "kafka[\"linger\"]", "kafka[\"socket.timeout.ms\"]"]);
}

#[test]
fn a_value_that_may_be_secret_is_not_repeated() {
    let bad =
        kafka(&[("sasl.oauthbearer.client.secrets", "s3cr3t"), ("enable.metrics.push.token", "s3cr3t")]);
    let error = Client::new(&bad, &[], "options".into(), Arc::new(Deaf)).err().unwrap();
    assert_eq!(error.0.len(), 2);
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
}

#[test]
fn an_admin_client_has_the_warnings_that_a_client_has() {
    let sink: Arc<dyn Sink> = Arc::new(Deaf);
    let odd = options(&[("mock", RawValue::Bool(true)), ("bootstrapServer", RawValue::Text("x".into()))]);
    let admin = AdminClient::new(&odd, &[], "options", &sink).unwrap().unwrap();
    let client = Client::new(&odd, &[], "options".into(), sink).unwrap();
    assert_eq!(admin.warnings().len(), 1);
    assert_eq!(admin.warnings(), client.warnings());
}
