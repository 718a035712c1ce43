//! The probe server of a client, asked over its port.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering},
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
    ports: Mutex<Sender<u16>>,
    /// The event loop stands still.
    blocked: AtomicBool,
    panics: AtomicBool,
    pings: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl Sink for Hands {
    fn rows(&self, rows: &mut Vec<Row>, _delivery: Delivery) {
        for row in rows.drain(..) {
            if let Row::Call(call) = row {
                let _ = self.calls.lock().unwrap().send(call);
            }
        }
    }

    fn has_rows(&self) -> bool {
        false
    }

    fn reports(&self, _reports: Vec<Report>) {}

    fn facts(&self, facts: Vec<Fact>) {
        for fact in facts {
            if let Fact::Listening { port, .. } = fact {
                self.ports.lock().unwrap().send(port).unwrap();
            }
        }
    }

    fn ping(&self, answer: Box<dyn FnOnce() + Send>) {
        assert!(!self.panics.load(Ordering::Acquire), "planted");
        if self.blocked.load(Ordering::Acquire) {
            self.pings.lock().unwrap().push(answer);
        } else {
            answer();
        }
    }
}

struct Bench {
    client: Client,
    hands: Arc<Hands>,
    calls: Receiver<Dispatch>,
    ports: Receiver<u16>,
}

impl Bench {
    /// A client on a mock broker of its own.
    fn new(port: u16, options: &[(&str, f64)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = format!("probed{}:9092", NUMBER.fetch_add(1, Ordering::Relaxed));
        let text = |text: &str| RawValue::Text(text.into());
        let mut all = vec![
            ("mock".to_owned(), RawValue::Bool(true)),
            ("bootstrapServers".to_owned(), text(&server)),
            ("groupId".to_owned(), text("group")),
            ("subscribedTopics".to_owned(), text("topic")),
            ("probeHost".to_owned(), text("127.0.0.1")),
            ("probePort".to_owned(), RawValue::Number(port.into())),
        ];
        all.extend(options.iter().map(|&(name, value)| (name.to_owned(), RawValue::Number(value))));
        let ((tell, calls), (say, ports)) = (mpsc::channel(), mpsc::channel());
        let hands = Arc::new(Hands {
            calls: Mutex::new(tell),
            ports: Mutex::new(say),
            blocked: AtomicBool::default(),
            panics: AtomicBool::default(),
            pings: Mutex::default(),
        });
        let client = Client::new(&RawValue::Map(all), &[], "test".into(), hands.clone()).unwrap();
        Self { client, hands, calls, ports }
    }

    /// Subscribes; gives the port of the probes.
    fn subscribe(&self) -> Result<u16, ClientError> {
        let (tell, told) = mpsc::channel();
        self.client.subscribe(Box::new(move |result| tell.send(result).unwrap()));
        told.recv_timeout(PATIENCE).unwrap()?;
        Ok(self.ports.recv_timeout(PATIENCE).unwrap())
    }

    fn unsubscribe(&self) -> Receiver<Result<(), ClientError>> {
        let (tell, told) = mpsc::channel();
        self.client.unsubscribe(Box::new(move |result| tell.send(result).unwrap()));
        told
    }

    fn leave(&self) {
        self.unsubscribe().recv_timeout(PATIENCE).unwrap().unwrap();
    }

    fn send(&self, partition: i32, key: &str) {
        let parts = RecordParts { timestamp: -1, key: Some(key.as_bytes()), ..RecordParts::default() };
        let (topic, record) = ("topic".into(), Record::new(parts, []));
        self.client.send(vec![Outgoing { ticket: 1, topic, partition: Some(partition), record }]);
    }

    /// Sends a record and waits for its call.
    fn call(&self) -> Dispatch {
        self.send(0, "key");
        self.calls.recv_timeout(PATIENCE).unwrap()
    }

    /// The consumer's thread panics at its next ping.
    fn crash(&self) {
        self.hands.panics.store(true, Ordering::Release);
        let end = Instant::now() + PATIENCE;
        while self.client.state() == State::Running {
            assert!(Instant::now() < end, "the client goes on without its consumer");
            thread::yield_now();
        }
        self.hands.panics.store(false, Ordering::Release);
    }

    fn settle(&self, call: &Dispatch, outcome: Outcome) {
        self.client.settle([Settlement { event: call.event, outcome }]);
    }
}

/// The code of an answer, and its body.
fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// A port that was free a moment ago, and is none of those that the system gives to connections that go out.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 8_000) as u16;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % 4_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn refused(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_err()
}

/// Waits until a probe answers with this code; gives the body.
fn until(port: u16, path: &str, code: u16) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let (seen, body) = get(port, path);
        if seen == code {
            return body;
        }
        assert!(Instant::now() < end, "{path} still says {seen} {body}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_consumer_is_ready_once_it_has_partitions_and_its_server_goes_when_it_leaves() {
    let bench = Bench::new(0, &[]);
    for _ in 0..2 {
        let port = bench.subscribe().unwrap();
        let call = bench.call();
        bench.settle(&call, Outcome::Success);
        assert_eq!(until(port, "/readyz", 200), "ready\n");
        assert_eq!(get(port, "/livez"), (200, "live\n".into()));
        assert_eq!(get(port, "/explain").0, 404);
        bench.leave();
        assert!(refused(port));
    }
}

#[test]
fn a_consumer_that_drains_is_live_and_not_ready() {
    let bench = Bench::new(0, &[]);
    let port = bench.subscribe().unwrap();
    let call = bench.call();
    until(port, "/readyz", 200);
    let left = bench.unsubscribe();
    assert_eq!(until(port, "/readyz", 503), "not ready\ndraining\n");
    assert_eq!(get(port, "/livez").0, 200);
    bench.settle(&call, Outcome::Success);
    left.recv_timeout(PATIENCE).unwrap().unwrap();
}

#[test]
fn a_call_that_never_ends_fails_both_probes_until_it_does() {
    let bench = Bench::new(0, &[("stallThresholdMs", 300.0)]);
    let port = bench.subscribe().unwrap();
    let call = bench.call();
    let body = until(port, "/livez", 503);
    assert!(body.contains("there is work to run, and no progress for"), "{body}");
    assert_eq!(get(port, "/readyz").0, 503);
    bench.settle(&call, Outcome::Success);
    assert_eq!(until(port, "/livez", 200), "live\n");
}

#[test]
fn an_event_loop_that_stands_still_fails_both_probes_until_it_turns_again() {
    let bench = Bench::new(0, &[("stallThresholdMs", 300.0)]);
    let port = bench.subscribe().unwrap();
    bench.hands.blocked.store(true, Ordering::Release);
    let body = until(port, "/livez", 503);
    assert!(body.contains("the JavaScript event loop is silent for"), "{body}");
    assert!(get(port, "/readyz").1.contains("JavaScript"));
    assert_eq!(bench.hands.pings.lock().unwrap().len(), 1, "one at a time");
    bench.hands.blocked.store(false, Ordering::Release);
    let waiting = std::mem::take(&mut *bench.hands.pings.lock().unwrap());
    for answer in waiting {
        answer();
    }
    assert_eq!(until(port, "/livez", 200), "live\n");
}

#[test]
fn a_failed_handler_and_a_planned_retry_fail_no_probe() {
    let bench = Bench::new(0, &[("stallThresholdMs", 300.0), ("deferBaseMs", 60_000.0)]);
    let port = bench.subscribe().unwrap();
    let call = bench.call();
    bench.settle(&call, Outcome::Transient(Failure::new("no")));
    until(port, "/readyz", 200);
    let end = Instant::now() + Duration::from_millis(900);
    while Instant::now() < end {
        assert_eq!((get(port, "/readyz").0, get(port, "/livez").0), (200, 200));
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_of_subscribe_and_the_next_one_may_succeed() {
    let port = free_port();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let bench = Bench::new(port, &[]);
    let error = bench.subscribe().unwrap_err();
    assert_eq!(error.code(), "PROBE_PORT_TAKEN");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
    drop(taken);
    assert_eq!(bench.subscribe().unwrap(), port);
    until(port, "/livez", 200);
}

#[test]
fn clients_of_one_port_are_ready_when_all_are() {
    let port = free_port();
    let [one, other] = [0, 1].map(|_| Bench::new(port, &[]));
    assert_eq!([one.subscribe().unwrap(), other.subscribe().unwrap()], [port, port]);
    let (call, open) = (one.call(), other.call());
    one.settle(&call, Outcome::Success);
    until(port, "/readyz", 200);
    let left = other.unsubscribe();
    assert_eq!(until(port, "/readyz", 503), "not ready\nclient 1 (group): draining\n");
    other.settle(&open, Outcome::Success);
    left.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(get(port, "/readyz"), (200, "ready\n".into()));
    one.leave();
    assert!(refused(port));
}

#[test]
fn a_partition_that_gets_no_slot_fails_the_probes_as_long_as_it_is_said_to_be_stalled() {
    let bench = Bench::new(0, &[("stallThresholdMs", 500.0), ("maxConcurrency", 1.0)]);
    let port = bench.subscribe().unwrap();
    // No call takes long, and each is one of a queue for the only slot.
    for partition in 0..4 {
        for number in 0..40 {
            bench.send(partition, &format!("{partition}-{number}"));
        }
    }
    let end = Instant::now() + PATIENCE;
    let mut agreed = 0;
    while agreed < 3 {
        assert!(Instant::now() < end, "stalled, and /livez says {:?}", get(port, "/livez"));
        let call = bench.calls.recv_timeout(PATIENCE).unwrap();
        thread::sleep(Duration::from_millis(200));
        let stalled = bench.client.is_stalled();
        let live = get(port, "/livez");
        // The two looks are not one: what has come to be between them does not count.
        let both = stalled && bench.client.is_stalled();
        agreed += u32::from(both && live.0 == 503 && get(port, "/readyz").0 == 503);
        bench.settle(&call, Outcome::Success);
    }
}

#[test]
fn a_consumer_that_crashed_fails_both_probes_until_it_is_left_or_follows_another() {
    let bench = Bench::new(free_port(), &[]);
    for ends in [true, false] {
        let port = bench.subscribe().unwrap();
        bench.crash();
        for path in ["/livez", "/readyz"] {
            let (code, body) = get(port, path);
            assert!(code == 503 && body.contains("\nthe consumer has ended: "), "{path} {code} {body}");
            assert_eq!(body.lines().count(), 2, "nothing else matters: {body}");
        }
        if ends {
            let end = bench.unsubscribe().recv_timeout(PATIENCE).unwrap();
            assert!(matches!(end, Err(ClientError::Crashed)), "{end:?}");
            assert!(refused(port));
        }
    }
    let port = bench.subscribe().unwrap();
    // The partitions are still those of the members that crashed.
    let body = until(port, "/livez", 200);
    assert_eq!((body, get(port, "/readyz").1), ("live\n".into(), "not ready\njoining the group\n".into()));
    bench.crash();
    drop(bench);
    assert!(refused(port));
}

#[test]
fn a_shared_server_is_not_live_while_one_of_its_consumers_has_crashed() {
    let port = free_port();
    let [one, other] = [0, 1].map(|_| Bench::new(port, &[]));
    assert_eq!([one.subscribe().unwrap(), other.subscribe().unwrap()], [port, port]);
    other.crash();
    let (code, body) = get(port, "/livez");
    assert!(code == 503 && body.contains("client 1 (group): the consumer has ended"), "{code} {body}");
    let _ = other.unsubscribe().recv_timeout(PATIENCE).unwrap();
    assert_eq!(get(port, "/livez").0, 200);
    one.leave();
    assert!(refused(port));
}

#[test]
fn the_metrics_are_the_engine_s_counts() {
    let bench = Bench::new(0, &[]);
    let port = bench.subscribe().unwrap();
    for _ in 0..3 {
        let call = bench.call();
        bench.settle(&call, Outcome::Success);
    }
    let labels = "client=\"0\",group=\"group\"";
    let end = Instant::now() + PATIENCE;
    let settled = format!("prosody_calls_settled_total{{{labels},outcome=\"success\"}} 3\n");
    while !get(port, "/metrics").1.contains(&settled) {
        assert!(Instant::now() < end, "{}", get(port, "/metrics").1);
    }
    let body = get(port, "/metrics").1;
    for line in [
        format!("prosody_records_admitted_total{{{labels}}} 3\n"),
        format!("prosody_calls_open{{{labels}}} 0\n"),
        format!("prosody_assigned_partitions{{{labels},topic=\"topic\"}} 4\n"),
        "prosody_scrape_left_out 0\n".into(),
    ] {
        assert!(body.contains(&line), "{line} {body}");
    }
}

#[test]
fn a_client_that_is_dropped_takes_its_server_with_it() {
    let bench = Bench::new(0, &[]);
    let port = bench.subscribe().unwrap();
    until(port, "/readyz", 200);
    drop(bench);
    assert!(refused(port));
}
