//! The producer against a cluster that answers late, wrongly or not at all on demand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, Weak, mpsc},
    thread,
    time::{Duration, Instant},
};

use mock::{MockCluster, PRODUCE, Reports};
use prosody_broker::{ErrorCode, Outgoing, Producer, Report};
use prosody_kafka::{KafkaProducer, KafkaSettings};
use prosody_model::{Record, RecordParts};

const CALL: Duration = Duration::from_secs(10);

fn outgoing(ticket: u64, partition: i32) -> Outgoing {
    let value = ticket.to_le_bytes();
    let parts = RecordParts { timestamp: -1, value: Some(&value), ..RecordParts::default() };
    Outgoing { ticket, topic: Arc::from("t"), partition: Some(partition), record: Record::new(parts, []) }
}

fn cluster() -> MockCluster {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    cluster
}

fn patient(cluster: &MockCluster) -> KafkaSettings {
    KafkaSettings { send_timeout: CALL, ..cluster.settings() }
}

fn code(report: &Report) -> Option<ErrorCode> {
    report.result.as_ref().err().map(|error| error.code)
}

/// A producer that has sent something, so that its connection stands.
fn warm(cluster: &MockCluster, settings: &KafkaSettings) -> (KafkaProducer, Reports) {
    let (producer, reports) = cluster.producer(settings);
    producer.send(vec![outgoing(1_000_000, 0), outgoing(1_000_001, 1)]);
    let seen = reports.wait(2);
    assert!(seen.iter().all(|report| report.result.is_ok()), "{seen:?}");
    (producer, reports)
}

#[test]
fn sends_that_come_while_others_are_on_their_way_go_together() {
    let cluster = cluster();
    let (producer, _) = warm(&cluster, &patient(&cluster));
    cluster.slow(100);
    cluster.count_requests();
    let deadline = Instant::now() + CALL;
    loop {
        let before = cluster.requests(PRODUCE);
        producer.send(vec![outgoing(0, 0)]);
        while cluster.requests(PRODUCE) == before {
            assert!(Instant::now() < deadline, "the first send goes out");
            thread::yield_now();
        }
        for ticket in 1..4 {
            producer.send(vec![outgoing(ticket, 0)]);
            // Slowly enough for each to go alone if it did not wait.
            thread::sleep(Duration::from_millis(1));
        }
        assert!(producer.flush(CALL));
        let requests = cluster.requests(PRODUCE) - before;
        if requests == 2 {
            break;
        }
        // On a machine with other work three sends may take longer than the first one of them waits.
        assert!(Instant::now() < deadline, "{requests} requests for four sends, each time anew");
    }
}

#[test]
fn a_lone_send_does_not_wait_for_company() {
    let cluster = cluster();
    let (producer, reports) = warm(&cluster, &patient(&cluster));
    // In the median: this machine has other work.
    let mut times: Vec<_> = (0..101)
        .map(|ticket| {
            let start = Instant::now();
            producer.send(vec![outgoing(ticket, 0)]);
            reports.wait(ticket as usize + 3);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    assert!(times[50] < Duration::from_millis(5), "{:?}", times[50]);
}

#[test]
fn a_send_waits_5_ms_at_most_for_an_answer_to_others() {
    let cluster = cluster();
    let (producer, _) = warm(&cluster, &patient(&cluster));
    cluster.slow(2_000);
    cluster.count_requests();
    producer.send(vec![outgoing(0, 0)]);
    producer.send(vec![outgoing(1, 1)]);
    let start = Instant::now();
    while cluster.requests(PRODUCE) < 2 {
        assert!(
            start.elapsed() < Duration::from_millis(1_500),
            "the second send waited for the first's answer"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_users_own_linger_replaces_ours() {
    let cluster = cluster();
    let properties = vec![("linger.ms".to_owned(), "300".to_owned())];
    let (producer, reports) = cluster.producer(&KafkaSettings { properties, ..patient(&cluster) });
    let start = Instant::now();
    producer.send(vec![outgoing(0, 0)]);
    assert_eq!(code(&reports.wait(1)[0]), None);
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
}

#[test]
fn passing_errors_are_repeated_and_the_order_stays() {
    let cluster = cluster();
    let (producer, reports) = warm(&cluster, &patient(&cluster));
    // Not the leader, not enough replicas, a time-out, a broken connection.
    cluster.fail(PRODUCE, &[6, 19, 7, -195, 6]);
    for ticket in 0..500 {
        producer.send(vec![outgoing(ticket, 0)]);
    }
    let seen = reports.wait(502);
    let offsets: Vec<_> = seen[..500].iter().map(|report| report.result.clone().unwrap().1).collect();
    assert!(offsets.is_sorted_by(|a, b| a < b), "{offsets:?}");
}

#[test]
fn lasting_errors_are_reported_by_kind() {
    for (broker, expected) in [(10, ErrorCode::TooLarge), (29, ErrorCode::Authorization)] {
        let cluster = cluster();
        let (producer, reports) = warm(&cluster, &patient(&cluster));
        cluster.fail(PRODUCE, &[broker]);
        producer.send(vec![outgoing(0, 0)]);
        let report = &reports.wait(3)[0];
        assert_eq!(code(report), Some(expected));
        assert!(report.result.as_ref().unwrap_err().message.contains("topic t"), "{report:?}");
        // librdkafka holds a topic's refusal against it until it looks again.
        let deadline = Instant::now() + CALL;
        for ticket in 1.. {
            producer.send(vec![outgoing(ticket, 0)]);
            if reports.wait(ticket as usize + 3)[ticket as usize].result.is_ok() {
                break;
            }
            assert!(Instant::now() < deadline, "the producer goes on");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn nobody_there_times_out_and_says_why() {
    let settings = KafkaSettings {
        bootstrap_servers: vec!["127.0.0.1:1".to_owned()],
        send_timeout: Duration::from_millis(500),
        ..KafkaSettings::default()
    };
    let reports = Reports::default();
    let producer = KafkaProducer::new(&settings, reports.sink()).unwrap();
    let start = Instant::now();
    producer.send(vec![outgoing(0, 0)]);
    let report = &reports.wait(1)[0];
    // librdkafka looks for overdue records once a second.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(code(report), Some(ErrorCode::Timeout));
    let message = &report.result.as_ref().unwrap_err().message;
    assert!(message.contains("127.0.0.1:1") && message.contains("500 ms"), "{message}");
}

#[test]
fn beyond_the_bounds_a_record_is_refused_at_once() {
    let cluster = cluster();
    let settings = KafkaSettings { max_sending_records: 10, ..patient(&cluster) };
    let (producer, reports) = warm(&cluster, &settings);
    cluster.slow(2_000);
    for ticket in 0..12 {
        producer.send(vec![outgoing(ticket, 0)]);
    }
    let start = Instant::now();
    let refused = reports.wait(4);
    assert!(start.elapsed() < Duration::from_millis(1_500), "{:?}", start.elapsed());
    let full: Vec<_> = refused.iter().filter(|report| code(report) == Some(ErrorCode::QueueFull)).collect();
    assert_eq!(full.iter().map(|report| report.ticket).collect::<Vec<_>>(), [10, 11]);
    cluster.slow(0);
    assert!(producer.flush(CALL));
    assert!(reports.seen()[..10].iter().all(|report| report.result.is_ok()));
    producer.send(vec![outgoing(20, 0)]);
    reports.wait(15);
}

#[test]
fn closing_fails_what_is_left_once_each_and_in_time() {
    let cluster = cluster();
    let (producer, reports) = warm(&cluster, &patient(&cluster));
    cluster.down();
    for ticket in 0..1_000 {
        producer.send(vec![outgoing(ticket, (ticket % 2) as i32)]);
    }
    let start = Instant::now();
    producer.close(Duration::from_millis(100));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let seen = reports.seen();
    let tickets: Vec<_> = seen.iter().map(|report| report.ticket).collect();
    assert_eq!(tickets, (0..1_000).chain([1_000_000, 1_000_001]).collect::<Vec<_>>());
    assert!(seen[..1_000].iter().all(|report| code(report) == Some(ErrorCode::Closed)), "{:?}", seen[0]);
}

#[test]
fn a_flush_waits_for_what_was_sent_before_it_alone() {
    let cluster = cluster();
    let (producer, reports) = warm(&cluster, &patient(&cluster));
    cluster.slow(20);
    let (stop, stopped) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let busy = &producer;
        scope.spawn(move || {
            for ticket in 10_000.. {
                busy.send(vec![outgoing(ticket, 1)]);
                if stopped.recv_timeout(Duration::from_micros(200)) != Err(mpsc::RecvTimeoutError::Timeout) {
                    break;
                }
            }
        });
        for ticket in 0..100 {
            producer.send(vec![outgoing(ticket, 0)]);
        }
        assert!(producer.flush(CALL), "others keep sending");
        let seen = reports.seen();
        assert!(seen[..100].iter().map(|report| report.ticket).eq(0..100));
        drop(stop);
    });
}

#[test]
fn sends_of_many_threads_are_reported_once_each_and_keep_their_order() {
    const EACH: u64 = 3_000;
    let cluster = cluster();
    let (producer, reports) = warm(&cluster, &patient(&cluster));
    thread::scope(|scope| {
        for thread in 0..4 {
            let producer = &producer;
            scope.spawn(move || {
                let first = thread * EACH;
                for ticket in (first..first + EACH).step_by(3) {
                    producer.send((ticket..ticket + 3).map(|ticket| outgoing(ticket, 0)).collect());
                }
            });
        }
    });
    assert!(producer.flush(CALL));
    let seen = reports.seen();
    assert!(seen[..12_000].iter().map(|report| report.ticket).eq(0..12_000));
    let mut last = HashMap::new();
    for report in &seen[..12_000] {
        let (_, offset) = report.result.clone().unwrap();
        let before = last.insert(report.ticket / EACH, offset);
        assert!(before.is_none_or(|before| before < offset), "ticket {}", report.ticket);
    }
}

#[test]
fn a_name_that_no_topic_can_have_is_reported() {
    let cluster = cluster();
    let (producer, reports) = cluster.producer(&patient(&cluster));
    for (ticket, name) in ["", "a\0b"].into_iter().enumerate() {
        producer.send(vec![Outgoing { topic: Arc::from(name), ..outgoing(ticket as u64, 0) }]);
    }
    let seen = reports.wait(2);
    assert!(seen.iter().all(|report| code(report) == Some(ErrorCode::Invalid)), "{seen:?}");
}

#[test]
fn a_sink_may_close_its_own_producer() {
    let cluster = cluster();
    let own: Arc<OnceLock<Weak<KafkaProducer>>> = Arc::default();
    let theirs = Arc::clone(&own);
    let (done, wait) = mpsc::channel();
    let sink = Arc::new(move |_| {
        if let Some(producer) = theirs.get().and_then(Weak::upgrade) {
            producer.close(CALL);
            let _ = done.send(());
        }
    });
    let producer = Arc::new(KafkaProducer::new(&patient(&cluster), sink).unwrap());
    own.set(Arc::downgrade(&producer)).unwrap();
    producer.send(vec![outgoing(0, 0)]);
    wait.recv_timeout(CALL).unwrap();
}

#[test]
fn a_property_of_consumers_is_no_warning_in_a_producer() {
    let cluster = cluster();
    let lines: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let theirs = Arc::clone(&lines);
    let settings = KafkaSettings {
        properties: vec![
            ("fetch.min.bytes".to_owned(), "2".to_owned()),
            ("debug".to_owned(), "conf".to_owned()),
        ],
        log: Some(Arc::new(move |_, facility, line| {
            theirs.lock().unwrap().push(format!("{facility} {line}"));
        })),
        ..patient(&cluster)
    };
    let (producer, _) = warm(&cluster, &settings);
    producer.close(CALL);
    let lines = lines.lock().unwrap();
    assert!(!lines.is_empty(), "the log does arrive");
    assert!(
        !lines.iter().any(|line| line.contains("fetch.min.bytes") && line.contains("ignored")),
        "{lines:?}"
    );
}

#[test]
fn a_sink_that_panics_does_not_end_the_reports() {
    let cluster = cluster();
    let reports = Reports::default();
    let inner = reports.sink();
    let sink = Arc::new(move |new: Vec<Report>| {
        assert!(new.iter().all(|report| report.ticket != 0), "the panic under test");
        inner(new);
    });
    let producer = KafkaProducer::new(&patient(&cluster), sink).unwrap();
    producer.send(vec![outgoing(0, 0)]);
    assert!(producer.flush(CALL));
    producer.send(vec![outgoing(1, 0)]);
    assert_eq!(reports.wait(1)[0].ticket, 1);
}
