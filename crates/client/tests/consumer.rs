//! A client's consumer on the in-memory broker.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use prosody_client::{
    Client, ClientError, Delivery, Dispatch, Fact, Outgoing, RawValue, Report, Row, Settlement, Sink, State,
};
use prosody_model::{Failure, Outcome, Record, RecordParts};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

struct Hands {
    calls: Mutex<Sender<Dispatch>>,
    facts: Mutex<Vec<Fact>>,
    panics: AtomicBool,
    /// Calls that came as a reply.
    replied: AtomicU32,
}

impl Sink for Hands {
    fn rows(&self, rows: &mut Vec<Row>, delivery: Delivery) {
        assert!(!self.panics.load(Ordering::Acquire), "planted");
        for row in rows.drain(..) {
            if let Row::Call(call) = row {
                self.replied.fetch_add(u32::from(delivery == Delivery::Reply), Ordering::AcqRel);
                let _ = self.calls.lock().unwrap().send(call);
            }
        }
    }

    fn has_rows(&self) -> bool {
        false
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
        let (facts, panics, replied) = (Mutex::default(), AtomicBool::new(false), AtomicU32::new(0));
        let hands = Arc::new(Hands { calls: Mutex::new(tell), facts, panics, replied });
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

    /// As [`settle`](Self::settle), as the thread that runs the handlers does it.
    fn settle_here(&self, call: &Dispatch) {
        self.client.settle_here(vec![Settlement { event: call.event, outcome: Outcome::Success }]);
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
    // Of a long budget the part that is kept for leaving is long too: room for a machine with other work.
    let bench = Bench::new(&[("shutdownTimeoutMs", 4_000.0)]);
    bench.subscribe().unwrap();
    bench.send("stuck");
    bench.call();
    let began = Instant::now();
    bench.unsubscribe().unwrap();
    let took = began.elapsed();
    // Signals fire at 80 %; what is over then is for leaving the group.
    assert!(took >= Duration::from_millis(3_200) && took <= Duration::from_secs(4), "{took:?}");
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
fn an_outcome_handed_in_by_the_handlers_thread_is_answered_with_the_next_call() {
    // Each call frees the only slot, and the next record is in hand.
    let bench = Bench::new(&[("maxConcurrency", 1.0)]);
    bench.subscribe().unwrap();
    for key in 0..200 {
        bench.send(&key.to_string());
    }
    for key in 0..200 {
        let (call, its) = bench.call();
        assert_eq!(its, key.to_string());
        bench.settle_here(&call);
    }
    // The others came while the consumer's thread was at work itself.
    let replied = bench.hands.replied.load(Ordering::Acquire);
    assert!(replied > 0, "{replied} of 199");
    bench.unsubscribe().unwrap();
}

#[test]
fn nothing_starts_by_an_outcome_that_comes_after_the_unsubscribe() {
    let bench = Bench::new(&[("maxConcurrency", 1.0)]);
    bench.subscribe().unwrap();
    bench.send("first");
    bench.send("second");
    let (first, _) = bench.call();
    let (tell, told) = mpsc::channel();
    bench.client.unsubscribe(Box::new(move |result| tell.send(result).unwrap()));
    bench.settle_here(&first);
    told.recv_timeout(PATIENCE).unwrap().unwrap();
    assert!(bench.calls.try_recv().is_err());
}

#[test]
fn a_panic_on_the_handlers_thread_ends_the_consumer_as_one_of_its_own_does() {
    let bench = Bench::new(&[("maxConcurrency", 1.0)]);
    bench.subscribe().unwrap();
    for key in 0..200 {
        bench.send(&key.to_string());
    }
    let (call, _) = bench.call();
    bench.hands.panics.store(true, Ordering::Release);
    // Where the consumer's thread is at work just now, the panic is its own.
    let _ = catch_unwind(AssertUnwindSafe(|| bench.settle_here(&call)));
    let end = Instant::now() + PATIENCE;
    while bench.client.state() == State::Running {
        assert!(Instant::now() < end, "the client goes on with a shell that somebody panicked at");
        thread::yield_now();
    }
    assert!(matches!(bench.unsubscribe(), Err(ClientError::Crashed)));
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
