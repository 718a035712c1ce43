#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Mutex,
        mpsc::{self, Receiver, Sender},
    },
    time::Instant,
};

use prosody_broker::{Commit, CommitResult, ConsumerEvent, Wanted};
use prosody_config::{Options, RawValue};
use prosody_model::{Epoch, Now, Record};

use super::*;
use crate::{
    explaining::{Answer, PATIENCE},
    probing,
    sink::Row,
};

/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(20);

/// A membership that says what it is told to, and takes its time to leave.
struct Fake {
    events: Receiver<ConsumerEvent>,
    /// Hears that it is being closed.
    closing: Sender<()>,
    /// Lets it close.
    close: Receiver<()>,
}

impl Consumer for Fake {
    fn subscribe(&mut self, _: &[TopicSelector]) -> Result<(), BrokerError> {
        Ok(())
    }

    fn poll(&mut self, _: Now, events: &mut Vec<ConsumerEvent>) {
        events.extend(self.events.try_iter());
    }

    fn read(&mut self, _: Epoch, _: usize, _: &mut Vec<Record>) -> usize {
        0
    }

    fn reread(&mut self, _: Epoch, _: Vec<Wanted>) {}

    fn commit(&mut self, _: Vec<Commit>) {}

    fn commit_now(&mut self, _: Vec<Commit>, _: Duration) -> Vec<CommitResult> {
        Vec::new()
    }

    fn release(&mut self, _: &[Epoch]) {}

    fn close(&mut self, _: Duration) {
        let _ = self.closing.send(());
        let _ = self.close.recv_timeout(LONG);
    }
}

/// Hears where probes are served.
struct Ears(Mutex<Sender<u16>>);

impl Sink for Ears {
    fn rows(&self, rows: &mut Vec<Row>, _: Delivery) {
        rows.clear();
    }

    fn has_rows(&self) -> bool {
        false
    }

    fn reports(&self, _: Vec<crate::Report>) {}

    fn facts(&self, facts: Vec<Fact>) {
        for fact in facts {
            if let Fact::Listening { port, .. } = fact {
                let _ = self.0.lock().unwrap().send(port);
            }
        }
    }
}

struct Bench {
    mailbox: Arc<Mailbox>,
    thread: JoinHandle<()>,
    events: Sender<ConsumerEvent>,
    closing: Receiver<()>,
    close: Sender<()>,
    port: u16,
}

fn options() -> Options {
    let text = |text: &str| RawValue::Text(text.into());
    let all = [
        ("mock", RawValue::Bool(true)),
        ("groupId", text("group")),
        ("subscribedTopics", text("topic")),
        ("probeHost", text("127.0.0.1")),
        ("probePort", RawValue::Number(0.0)),
    ];
    let all = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    prosody_config::resolve(&RawValue::Map(all), &[]).unwrap().options
}

fn running() -> Bench {
    let options = options();
    let (events, polled) = mpsc::channel();
    let ((say, closing), (close, closed)) = (mpsc::channel(), mpsc::channel());
    let fake = Fake { events: polled, closing: say, close: closed };
    let ((tell, told), (hear, ports)) = (mpsc::channel(), mpsc::channel());
    let ready = Box::new(move |result: Result<(), ClientError>| tell.send(result).unwrap());
    let mailbox = Arc::new(Mailbox::after(None, ready));
    let sink: Arc<dyn Sink> = Arc::new(Ears(Mutex::new(hear)));
    let opening = probing::opening(&options, &mailbox, &sink);
    let open = move || {
        opening()?;
        Ok(fake)
    };
    let none = |_| Err(BrokerError::new(ErrorCode::Closed, "nothing is sent here"));
    let producer = ProducerSlot::new(Box::new(none), Arc::new(|_| ()));
    let plan = crate::wiring::plan(&options, &Arc::new(producer)).unwrap();
    let thread = start(plan, open, Arc::clone(&mailbox), sink).unwrap();
    told.recv_timeout(LONG).unwrap().unwrap();
    let port = ports.recv_timeout(LONG).unwrap();
    Bench { mailbox, thread, events, closing, close, port }
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

#[test]
fn a_fenced_consumer_fails_both_probes_until_it_is_left() {
    let bench = running();
    bench.close.send(()).unwrap();
    let error = BrokerError::new(ErrorCode::Fenced, "another member took this name");
    bench.events.send(ConsumerEvent::Failed(error)).unwrap();
    bench.mailbox.wake();
    bench.thread.join().unwrap();
    for path in ["/livez", "/readyz"] {
        let (code, body) = get(bench.port, path);
        assert_eq!(code, 503, "{path} {body}");
        assert!(body.contains("\nthe consumer has ended: another member took this name"), "{body}");
    }
    let (tell, told) = mpsc::channel();
    bench.mailbox.leave(LONG, Box::new(move |result| tell.send(result.is_ok()).unwrap()));
    assert!(told.try_recv().unwrap(), "there is nothing to wait for");
    assert!(TcpStream::connect(("127.0.0.1", bench.port)).is_err());
}

#[test]
fn a_consumer_that_leaves_its_group_is_busy_and_is_not_waited_for() {
    let bench = running();
    let (tell, told) = mpsc::channel();
    bench.mailbox.leave(LONG, Box::new(move |result| tell.send(result.is_ok()).unwrap()));
    bench.closing.recv_timeout(LONG).unwrap();
    let began = Instant::now();
    let answers: Vec<_> = (0..20).map(|_| bench.mailbox.explain(1, PATIENCE)).collect();
    // A single wait would be as long.
    assert!(began.elapsed() < 10 * PATIENCE, "{:?}", began.elapsed());
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Busy)));
    bench.close.send(()).unwrap();
    assert!(told.recv_timeout(LONG).unwrap());
    bench.thread.join().unwrap();
    assert!(matches!(bench.mailbox.explain(1, PATIENCE), Answer::Idle));
}
