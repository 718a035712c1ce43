//! Records that are under way alone: the thread that reads the acknowledgement reports it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;

use std::{
    sync::{Arc, Condvar, Mutex, OnceLock, Weak, mpsc},
    thread,
    time::{Duration, Instant},
};

use mock::{MockCluster, Reports};
use prosody_broker::{ErrorCode, Outgoing, Producer, Report};
use prosody_kafka::{KafkaProducer, KafkaSettings};
use prosody_model::{Record, RecordParts};

const CALL: Duration = Duration::from_secs(10);

fn outgoing(ticket: u64, size: usize) -> Outgoing {
    let value = vec![b'x'; size];
    let parts = RecordParts { timestamp: -1, value: Some(&value), ..RecordParts::default() };
    Outgoing { ticket, topic: Arc::from("t"), partition: Some(0), record: Record::new(parts, []) }
}

fn cluster() -> (MockCluster, KafkaSettings) {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    let settings = KafkaSettings { send_timeout: CALL, ..cluster.settings() };
    (cluster, settings)
}

#[test]
fn its_report_comes_from_the_thread_that_reads_the_acknowledgement() {
    let (_cluster, settings) = cluster();
    let (named, names) = mpsc::channel();
    let sink = Arc::new(move |reports: Vec<Report>| {
        assert_eq!(reports.len(), 1);
        named.send(thread::current().name().map(str::to_owned)).unwrap();
    });
    let producer = KafkaProducer::new(&settings, sink).unwrap();
    for ticket in 0..10 {
        producer.send(vec![outgoing(ticket, 10)]);
        let name = names.recv_timeout(CALL).unwrap();
        assert_ne!(name.as_deref(), Some("kafka-reports"), "ticket {ticket}");
    }
}

#[test]
fn lone_records_and_groups_in_turn_are_reported_once_each_in_order() {
    let (cluster, settings) = cluster();
    let (producer, reports) = cluster.producer(&settings);
    let mut sent = 0;
    for round in 0..600 {
        let size = [1, 1, 1, 2, 100][round % 5];
        let batch: Vec<_> = (sent..sent + size).map(|ticket| outgoing(ticket, 10)).collect();
        sent += size;
        producer.send(batch);
        if round % 3 != 0 {
            reports.wait(sent as usize);
        }
    }
    assert!(producer.flush(CALL));
    let seen = reports.seen();
    assert!(seen.iter().map(|report| report.ticket).eq(0..sent), "{} of {sent}", seen.len());
    let offsets: Vec<_> = seen.iter().map(|report| report.result.clone().unwrap().1).collect();
    assert!(offsets.iter().copied().eq(0..sent as i64));
}

#[test]
fn what_is_reported_is_freed_however_many_and_large() {
    let (_cluster, settings) = cluster();
    // librdkafka refuses what is a thousand above this, so the reported ones must go within a second or so.
    let settings = KafkaSettings { max_sending_records: 1, ..settings };
    let (tell, told) = mpsc::channel();
    let producer = KafkaProducer::new(&settings, Arc::new(move |new| tell.send(new).unwrap())).unwrap();
    for ticket in 0..5_000 {
        producer.send(vec![outgoing(ticket, if ticket % 500 == 0 { 300_000 } else { 10 })]);
        let reports: Vec<Report> = told.recv_timeout(CALL).unwrap();
        assert!(reports[0].result.is_ok(), "{reports:?}");
    }
}

#[test]
fn one_that_fails_says_why() {
    let (cluster, settings) = cluster();
    let settings = KafkaSettings { send_timeout: Duration::from_secs(3), ..settings };
    let (producer, reports) = cluster.producer(&settings);
    producer.send(vec![outgoing(0, 10)]);
    assert!(reports.wait(1)[0].result.is_ok());
    cluster.down();
    producer.send(vec![outgoing(1, 10)]);
    let error = reports.wait(2)[1].result.clone().unwrap_err();
    assert_eq!(error.code, ErrorCode::Timeout);
    assert!(error.message.contains("within 3000 ms"), "{error}");
    cluster.up();
    producer.send(vec![outgoing(2, 10)]);
    reports.wait(3);
}

#[test]
fn a_flush_waits_until_the_sink_has_taken_its_report() {
    let (_cluster, settings) = cluster();
    let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let theirs = Arc::clone(&gate);
    let (entered, inside) = mpsc::channel();
    let sink = Arc::new(move |_| {
        let _ = entered.send(());
        drop(theirs.1.wait_while(theirs.0.lock().unwrap(), |open| !*open).unwrap());
    });
    let producer = KafkaProducer::new(&settings, sink).unwrap();
    producer.send(vec![outgoing(0, 10)]);
    inside.recv_timeout(CALL).unwrap();
    assert!(!producer.flush(Duration::from_millis(50)), "its report is not taken yet");
    thread::scope(|scope| {
        let flush = scope.spawn(|| producer.flush(CALL));
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        assert!(flush.join().unwrap());
    });
}

#[test]
fn its_sink_may_close_the_producer_and_is_not_held_up() {
    let (_cluster, settings) = cluster();
    let own: Arc<OnceLock<Weak<KafkaProducer>>> = Arc::default();
    let theirs = Arc::clone(&own);
    let (done, wait) = mpsc::channel();
    let sink = Arc::new(move |_: Vec<Report>| {
        if let Some(producer) = theirs.get().and_then(Weak::upgrade) {
            let start = Instant::now();
            producer.close(CALL);
            let _ = done.send(start.elapsed());
        }
    });
    let producer = Arc::new(KafkaProducer::new(&settings, sink).unwrap());
    own.set(Arc::downgrade(&producer)).unwrap();
    producer.send(vec![outgoing(0, 10)]);
    let took = wait.recv_timeout(CALL).unwrap();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn closing_while_one_is_under_way_reports_it_once() {
    for round in 0..20 {
        let (cluster, settings) = cluster();
        let (producer, reports): (_, Reports) = cluster.producer(&settings);
        producer.send(vec![outgoing(0, 10)]);
        reports.wait(1);
        cluster.slow(round % 3);
        producer.send(vec![outgoing(1, 10)]);
        producer.close(Duration::from_millis(u64::from(round % 4 == 0) * 500));
        let seen = reports.seen();
        assert_eq!(seen.iter().map(|report| report.ticket).collect::<Vec<_>>(), [0, 1], "round {round}");
    }
}
