//! Tokens, and clients that cannot start, without a broker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::{Arc, Mutex, Weak, mpsc},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use prosody_broker::{ErrorCode, Outgoing, Producer, Report};
use prosody_kafka::{
    KafkaAdmin, KafkaConsumer, KafkaProducer, KafkaSettings, Pem, Protocol, Security, Token, TokenSource,
    TokenTaker,
};
use prosody_model::{Epochs, Record, RecordParts};

const SOON: Duration = Duration::from_secs(10);
const SECRET: &str = "hunter2";

/// Passes on who asks.
struct Asked(Mutex<mpsc::Sender<Weak<TokenTaker>>>);

impl TokenSource for Asked {
    fn wanted(&self, taker: &Weak<TokenTaker>) {
        let _ = self.0.lock().unwrap().send(Weak::clone(taker));
    }
}

fn settings() -> (KafkaSettings, mpsc::Receiver<Weak<TokenTaker>>) {
    let (asked, wishes) = mpsc::channel();
    let security = Security {
        protocol: Protocol::SaslPlaintext,
        mechanism: Some("OAUTHBEARER".to_owned()),
        ..Security::default()
    };
    let settings = KafkaSettings {
        // Nobody listens on port 1.
        bootstrap_servers: vec!["127.0.0.1:1".to_owned()],
        group_id: "g".to_owned(),
        tokens: Some(Arc::new(Asked(Mutex::new(asked)))),
        security,
        ..KafkaSettings::default()
    };
    (settings, wishes)
}

fn token(life_ms: i64) -> Token {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let extensions = vec![("tenant".to_owned(), "a b".to_owned())];
    Token { value: SECRET.to_owned(), expires_at_ms: now + life_ms, principal: "p".to_owned(), extensions }
}

fn ignored() -> Arc<dyn Fn(Vec<Report>) + Send + Sync> {
    Arc::new(|_| ())
}

#[test]
fn each_client_asks_although_nobody_polls_it() {
    let (settings, wishes) = settings();
    let consumer = KafkaConsumer::new(&settings, Epochs::default(), Arc::new(|| ())).unwrap();
    let producer = KafkaProducer::new(&settings, ignored()).unwrap();
    let admin = KafkaAdmin::new(&settings).unwrap();
    for _ in 0..3 {
        let taker = wishes.recv_timeout(SOON).unwrap().upgrade().unwrap();
        taker.take(&token(60_000)).unwrap();
    }
    drop((consumer, producer, admin));
}

#[test]
fn a_client_asks_again_before_its_token_ends_and_after_a_refusal_is_given_the_next() {
    let (settings, wishes) = settings();
    let _admin = KafkaAdmin::new(&settings).unwrap();
    let taker = wishes.recv_timeout(SOON).unwrap().upgrade().unwrap();
    taker.refuse("the vault is closed");
    taker.take(&token(1_000)).unwrap();
    for _ in 0..3 {
        assert!(wishes.recv_timeout(SOON).unwrap().ptr_eq(&Arc::downgrade(&taker)));
        taker.take(&token(1_000)).unwrap();
    }
}

#[test]
fn a_token_that_cannot_be_used_is_refused_and_not_repeated() {
    let (settings, wishes) = settings();
    let _admin = KafkaAdmin::new(&settings).unwrap();
    let taker = wishes.recv_timeout(SOON).unwrap().upgrade().unwrap();
    let odd = Token { value: format!("{SECRET}\u{e4}"), ..token(60_000) };
    let extension = Token { extensions: vec![("auth".into(), SECRET.into())], ..token(60_000) };
    for unusable in [token(-1), odd, extension, Token { value: format!("{SECRET}\0"), ..token(60_000) }] {
        let error = taker.take(&unusable).unwrap_err();
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(!error.message.contains(SECRET), "{error}");
        assert!(!format!("{unusable:?}").contains(SECRET));
    }
}

#[test]
fn a_token_for_a_client_that_is_gone_goes_nowhere() {
    let (settings, wishes) = settings();
    let admin = KafkaAdmin::new(&settings).unwrap();
    let taker = wishes.recv_timeout(SOON).unwrap().upgrade().unwrap();
    drop(admin);
    taker.take(&token(60_000)).unwrap();
    taker.refuse("late");
}

#[test]
fn a_producer_whose_keys_are_no_keys_is_refused_any_number_of_times() {
    let security = Security {
        protocol: Protocol::Tls,
        key: Some(Pem::Text(format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"))),
        ..Security::default()
    };
    let settings = KafkaSettings {
        bootstrap_servers: vec!["127.0.0.1:1".to_owned()],
        security,
        ..KafkaSettings::default()
    };
    for _ in 0..20 {
        let error = KafkaProducer::new(&settings, ignored()).map(|_| ()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Tls, "{error}");
        assert!(error.message.contains("security.key"), "{error}");
        assert!(!error.message.contains(SECRET), "{error}");
    }
}

#[test]
fn a_key_that_passes_for_a_path_is_in_no_log_line() {
    let lines = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&lines);
    let settings = KafkaSettings {
        bootstrap_servers: vec!["127.0.0.1:1".to_owned()],
        security: Security { protocol: Protocol::Tls, key: Some(Pem::parse(SECRET)), ..Security::default() },
        log: Some(Arc::new(move |_, _, line: &str| log.lock().unwrap().push_str(line))),
        ..KafkaSettings::default()
    };
    let error = KafkaAdmin::new(&settings).map(|_| ()).unwrap_err();
    assert!(error.message.contains("security.key"), "{error}");
    let lines = lines.lock().unwrap();
    assert!(lines.contains("fopen(<redacted>"), "{lines}");
    assert!(!lines.contains(SECRET) && !error.message.contains(SECRET), "{lines} {error}");
}

#[test]
fn the_reason_why_there_is_no_token_is_in_the_failure_of_a_send() {
    let (mut settings, wishes) = settings();
    settings.send_timeout = Duration::from_secs(1);
    let (sink, reports) = mpsc::channel();
    let sink = Mutex::new(sink);
    let sink = Arc::new(move |batch: Vec<Report>| sink.lock().unwrap().send(batch).unwrap());
    let producer = KafkaProducer::new(&settings, sink).unwrap();
    wishes.recv_timeout(SOON).unwrap().upgrade().unwrap().refuse("the vault is closed");
    let record = Record::new(RecordParts { timestamp: -1, value: Some(b"v"), ..RecordParts::default() }, []);
    producer.send(vec![Outgoing { ticket: 0, topic: Arc::from("t"), partition: None, record }]);
    let error = reports.recv_timeout(SOON).unwrap().remove(0).result.unwrap_err();
    assert!(error.message.contains("the vault is closed"), "{error}");
}
