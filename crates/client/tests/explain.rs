//! What a client says when it is asked what holds it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant},
};

use prosody_client::{Client, Delivery, Dispatch, Fact, Outgoing, RawValue, Report, Row, Settlement, Sink};
use prosody_model::{Failure, Outcome, Record, RecordParts};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

struct Hands {
    calls: Mutex<Sender<Dispatch>>,
    /// While set, whoever tells of an assignment is kept.
    keeps: AtomicBool,
    kept: Mutex<bool>,
    freed: Condvar,
    told: Mutex<Sender<()>>,
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
        let assigned = facts.iter().any(|fact| matches!(fact, Fact::Assigned(_)));
        if assigned && self.keeps.load(Ordering::Acquire) {
            let mut kept = self.kept.lock().unwrap();
            *kept = true;
            let _ = self.told.lock().unwrap().send(());
            while *kept {
                kept = self.freed.wait(kept).unwrap();
            }
        }
    }
}

fn client(name: &str, keeps: bool) -> (Client, Arc<Hands>, Receiver<Dispatch>, Receiver<()>) {
    let text = |text: &str| RawValue::Text(text.into());
    let options = [
        ("mock", RawValue::Bool(true)),
        ("bootstrapServers", text(&format!("{name}:9092"))),
        ("groupId", text("group")),
        ("subscribedTopics", text("topic")),
        ("retryJitter", text("none")),
        ("deferBaseMs", RawValue::Number(3_600_000.0)),
        // Deferral although everything fails.
        ("deferFailureThreshold", RawValue::Number(1.0)),
    ];
    let options = options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let ((tell, calls), (say, told)) = (mpsc::channel(), mpsc::channel());
    let hands = Arc::new(Hands {
        calls: Mutex::new(tell),
        keeps: keeps.into(),
        kept: Mutex::default(),
        freed: Condvar::new(),
        told: Mutex::new(say),
    });
    let client = Client::new(&RawValue::Map(options), &[], "explain".into(), hands.clone()).unwrap();
    (client, hands, calls, told)
}

fn send(client: &Client, count: u64, size: usize) {
    let value = vec![b'x'; size];
    let outgoing = |number: u64| {
        let key = number.to_string();
        let parts = RecordParts { offset: 0, timestamp: -1, key: Some(key.as_bytes()), value: Some(&value) };
        Outgoing { ticket: number, topic: "topic".into(), partition: Some(0), record: Record::new(parts, []) }
    };
    client.send((0..count).map(outgoing).collect());
}

#[test]
fn a_consumer_that_is_at_work_for_long_is_not_waited_for() {
    let (client, hands, _calls, told) = client("busy", true);
    client.subscribe(Box::new(|_| ()));
    send(&client, 1, 1);
    told.recv_timeout(PATIENCE).unwrap();
    let start = Instant::now();
    let busy = client.explain(100);
    assert!(busy.contains(r#""busy":true"#) && busy.contains(r#""state":"running""#), "{busy}");
    assert!((Duration::from_millis(100)..PATIENCE / 4).contains(&start.elapsed()));
    hands.keeps.store(false, Ordering::Release);
    *hands.kept.lock().unwrap() = false;
    hands.freed.notify_all();
    let deadline = Instant::now() + PATIENCE;
    while !client.explain(100).contains(r#""topic":"topic""#) {
        assert!(Instant::now() < deadline, "{}", client.explain(100));
    }
}

#[test]
fn many_parked_keys_are_explained_in_little_time() {
    let (client, _hands, calls, _told) = client("many", false);
    client.subscribe(Box::new(|_| ()));
    let count = 20_000;
    send(&client, count, 10);
    for _ in 0..count {
        let call = calls.recv_timeout(PATIENCE).unwrap();
        let outcome = Outcome::Transient(Failure::new("not now"));
        client.settle([Settlement { event: call.event, outcome }]);
    }
    let deadline = Instant::now() + PATIENCE;
    let all = format!(r#""parkedCount":{count}"#);
    loop {
        let start = Instant::now();
        let text = client.explain(100);
        let took = start.elapsed();
        if text.contains(&all) {
            assert!(took < Duration::from_secs(1), "{took:?}");
            assert_eq!(text.matches(r#""reason":"deferred""#).count(), 100 + 1, "and the blocking one");
            return;
        }
        assert!(Instant::now() < deadline, "{text}");
    }
}
