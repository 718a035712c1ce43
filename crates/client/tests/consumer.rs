//! A client's consumer on the in-memory broker.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use prosody_client::{
    Client, ClientError, Dispatch, Fact, Outgoing, RawValue, Report, Row, Settlement, Sink, State,
};
use prosody_model::{Failure, Outcome, Record, RecordParts};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

struct Hands {
    calls: Mutex<Sender<Dispatch>>,
    facts: Mutex<Vec<Fact>>,
    panics: AtomicBool,
}

impl Sink for Hands {
    fn rows(&self, rows: &mut Vec<Row>) {
        assert!(!self.panics.load(Ordering::Acquire), "planted");
        for row in rows.drain(..) {
            if let Row::Call(call) = row {
                let _ = self.calls.lock().unwrap().send(call);
            }
        }
    }

    fn reports(&self, _reports: Vec<Report>) {}

    fn facts(&self, facts: Vec<Fact>) {
        self.facts.lock().unwrap().extend(facts);
    }
}

struct Bench {
    client: Client,
    hands: Arc<Hands>,
    calls: Receiver<Dispatch>,
}

impl Bench {
    fn new(options: &[(&str, f64)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = format!("mock{}:9092", NUMBER.fetch_add(1, Ordering::Relaxed));
        let text = |text: &str| RawValue::Text(text.into());
        let mut all = vec![
            ("mock".to_owned(), RawValue::Bool(true)),
            ("bootstrapServers".to_owned(), text(&server)),
            ("groupId".to_owned(), text("group")),
            ("subscribedTopics".to_owned(), text("topic")),
            ("deferEnabled".to_owned(), RawValue::Bool(false)),
        ];
        all.extend(options.iter().map(|&(name, value)| (name.to_owned(), RawValue::Number(value))));
        let (tell, calls) = mpsc::channel();
        let (facts, panics) = (Mutex::default(), AtomicBool::new(false));
        let hands = Arc::new(Hands { calls: Mutex::new(tell), facts, panics });
        let client = Client::new(&RawValue::Map(all), &[], "test".into(), hands.clone()).unwrap();
        Self { client, hands, calls }
    }

    fn subscribe(&self) -> Result<(), ClientError> {
        let (tell, told) = mpsc::channel();
        self.client.subscribe(Box::new(move |result| tell.send(result).unwrap()));
        told.recv_timeout(PATIENCE).unwrap()
    }

    fn unsubscribe(&self) -> Result<(), ClientError> {
        let (tell, told) = mpsc::channel();
        self.client.unsubscribe(Box::new(move |result| tell.send(result).unwrap()));
        told.recv_timeout(PATIENCE).unwrap()
    }

    fn send(&self, key: &str) {
        let parts = RecordParts { timestamp: -1, key: Some(key.as_bytes()), ..RecordParts::default() };
        let record = Record::new(parts, []);
        // All in one partition, in this order.
        self.client.send(vec![Outgoing { ticket: 1, topic: "topic".into(), partition: Some(0), record }]);
    }

    /// The next call, and its key.
    fn call(&self) -> (Dispatch, String) {
        let call = self.calls.recv_timeout(PATIENCE).unwrap();
        let key = String::from_utf8(call.record.key().unwrap().to_vec()).unwrap();
        (call, key)
    }

    fn settle(&self, call: &Dispatch, outcome: Outcome) {
        self.client.settle([Settlement { event: call.event, outcome }]);
    }

    /// Whether the client was stalled at any look for so long.
    fn stalled_within(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if self.client.is_stalled() {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

#[test]
fn a_key_whose_call_outlives_an_unsubscribe_does_not_start_again_before_it_has_ended() {
    let bench = Bench::new(&[("shutdownTimeoutMs", 100.0)]);
    bench.subscribe().unwrap();
    bench.send("stuck");
    let (late, _) = bench.call();
    bench.unsubscribe().unwrap();
    bench.subscribe().unwrap();
    bench.send("other");
    // Read after the stuck key's record, and started before it.
    assert_eq!(bench.call().1, "other");
    bench.settle(&late, Outcome::Success);
    let (again, key) = bench.call();
    assert_eq!((key.as_str(), again.attempt), ("stuck", 1));
    assert_ne!(again.event, late.event);
}

#[test]
fn an_outcome_that_comes_between_two_subscriptions_frees_its_key() {
    let bench = Bench::new(&[("shutdownTimeoutMs", 100.0)]);
    bench.subscribe().unwrap();
    bench.send("stuck");
    let (late, _) = bench.call();
    bench.unsubscribe().unwrap();
    bench.settle(&late, Outcome::Success);
    bench.subscribe().unwrap();
    assert_eq!(bench.call().1, "stuck");
}

#[test]
fn an_unsubscribe_takes_no_longer_than_its_budget() {
    let bench = Bench::new(&[("shutdownTimeoutMs", 600.0)]);
    bench.subscribe().unwrap();
    bench.send("stuck");
    bench.call();
    let began = Instant::now();
    bench.unsubscribe().unwrap();
    let took = began.elapsed();
    // Signals fire at 80 %; what is over then is for leaving the group.
    assert!(took >= Duration::from_millis(480) && took <= Duration::from_millis(600), "{took:?}");
}

#[test]
fn a_panic_of_the_consumer_is_an_error_of_unsubscribe_once_and_of_no_later_subscribe() {
    let bench = Bench::new(&[]);
    bench.subscribe().unwrap();
    bench.hands.panics.store(true, Ordering::Release);
    bench.send("key");
    let end = Instant::now() + PATIENCE;
    while bench.client.state() == State::Running {
        assert!(Instant::now() < end, "the client goes on without its consumer");
        thread::yield_now();
    }
    assert!(matches!(bench.unsubscribe(), Err(ClientError::Crashed)));
    assert!(bench.unsubscribe().is_ok());
    assert!(bench.hands.facts.lock().unwrap().iter().any(|fact| matches!(fact, Fact::Failed(_))));
    bench.hands.panics.store(false, Ordering::Release);
    bench.subscribe().unwrap();
    assert_eq!(bench.client.state(), State::Running);
}

#[test]
fn a_long_poll_interval_is_no_stall() {
    let bench = Bench::new(&[("stallThresholdMs", 100.0), ("pollIntervalMs", 60_000.0)]);
    bench.subscribe().unwrap();
    assert!(!bench.stalled_within(Duration::from_millis(400)));
}

#[test]
fn a_planned_retry_is_no_stall_and_a_call_that_never_ends_is_one() {
    let bench =
        Bench::new(&[("stallThresholdMs", 150.0), ("retryBaseMs", 60_000.0), ("maxRetryDelayMs", 60_000.0)]);
    bench.subscribe().unwrap();
    bench.send("key");
    let (call, _) = bench.call();
    let later = Failure { retry_after: Some(Duration::from_secs(60)), ..Failure::default() };
    bench.settle(&call, Outcome::Transient(Box::new(later)));
    assert!(!bench.stalled_within(Duration::from_millis(500)));
    bench.send("other");
    bench.call();
    assert!(bench.stalled_within(PATIENCE));
}
