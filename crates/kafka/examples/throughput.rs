//! Sends and reads records of a real broker and says how fast: `throughput BOOTSTRAP [RECORDS] [PARTITIONS] [PARTS]`,
//! where PARTS names some of bulk, alone, window, consume, and `keep` for the topic to stay.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::expect_used)]

use std::{
    env,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant, SystemTime},
};

use prosody_broker::{
    Admin, Commit, Consumer, ConsumerEvent, Outgoing, Producer, Report, TopicSelector, TopicSpec,
};
use prosody_kafka::{KafkaAdmin, KafkaConsumer, KafkaProducer, KafkaSettings};
use prosody_model::{Epochs, Mono, Now, Record, RecordParts};

fn main() {
    let mut arguments = env::args().skip(1);
    let bootstrap = arguments.next().expect("usage: throughput BOOTSTRAP [RECORDS] [PARTITIONS] [PARTS]");
    let records: u64 = arguments.next().map_or(1_000_000, |n| n.parse().unwrap());
    let partitions: i32 = arguments.next().map_or(4, |n| n.parse().unwrap());
    let id = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let topic = format!("throughput-{id}");
    let settings = KafkaSettings {
        bootstrap_servers: vec![bootstrap],
        group_id: topic.clone(),
        send_timeout: Duration::from_secs(120),
        log: Some(Arc::new(|level, facility, line| eprintln!("log {level} {facility} {line}"))),
        ..KafkaSettings::default()
    };
    let settings = KafkaSettings { properties: properties(), ..settings };
    let admin = KafkaAdmin::new(&settings).unwrap();
    let spec = TopicSpec { name: topic.clone(), partitions, replication_factor: 1 };
    admin.create_topic(&spec, Duration::from_secs(10)).unwrap();
    let name: Arc<str> = Arc::from(topic.as_str());
    let part = arguments.next().unwrap_or_default();
    let wanted = |name: &str| part.is_empty() || part.contains(name);
    if wanted("bulk") || wanted("consume") {
        bulk(&settings, &name, records);
    }
    if wanted("alone") {
        alone(&settings, &name);
    }
    if wanted("window") {
        window(&settings, &name, records.min(500_000), 1_000);
    }
    if wanted("consume") {
        consume(&settings, &topic, records);
    }
    if part.contains("keep") {
        println!("topic {topic}");
    } else {
        admin.delete_topic(&topic, Duration::from_secs(10)).unwrap();
    }
}

/// librdkafka properties to try: `KAFKA_PROPERTIES=a=1,b=2`.
fn properties() -> Vec<(String, String)> {
    let given = env::var("KAFKA_PROPERTIES").unwrap_or_default();
    let pairs = given.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Processor time of this process so far: unlike the clock it does not see what else the machine does.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn per_record(since: Duration, records: u64) -> f64 {
    cpu().saturating_sub(since).as_secs_f64() * 1e6 / records as f64
}

fn outgoing(topic: &Arc<str>, ticket: u64) -> Outgoing {
    let key = (ticket % 4_000).to_string();
    let parts = RecordParts { offset: 0, timestamp: -1, key: Some(key.as_bytes()), value: Some(&[b'x'; 96]) };
    Outgoing { ticket, topic: Arc::clone(topic), partition: None, record: Record::new(parts, []) }
}

/// Batches of 1,000 as fast as the bounds allow.
fn bulk(settings: &KafkaSettings, topic: &Arc<str>, records: u64) {
    let done = Arc::new((Mutex::new(0_u64), Condvar::new()));
    let theirs = Arc::clone(&done);
    let sink = Arc::new(move |reports: Vec<Report>| {
        let failed = reports.iter().find(|report| report.result.is_err());
        assert!(failed.is_none(), "{failed:?}");
        *theirs.0.lock().unwrap() += reports.len() as u64;
        theirs.1.notify_all();
    });
    let producer = KafkaProducer::new(settings, sink).unwrap();
    let (start, used) = (Instant::now(), cpu());
    for first in (0..records).step_by(1_000) {
        let batch = (first..(first + 1_000).min(records)).map(|ticket| outgoing(topic, ticket)).collect();
        let mut reported = done.0.lock().unwrap();
        while first - *reported > 90_000 {
            reported = done.1.wait(reported).unwrap();
        }
        drop(reported);
        producer.send(batch);
    }
    let sent = start.elapsed();
    assert!(producer.flush(Duration::from_secs(120)));
    let total = start.elapsed();
    println!(
        "produce bulk: {:.0} k/s (last send after {:.0} ms), {:.2} µs of processor a record",
        records as f64 / total.as_secs_f64() / 1e3,
        sent.as_secs_f64() * 1e3,
        per_record(used, records)
    );
}

/// One awaited send after the other.
fn alone(settings: &KafkaSettings, topic: &Arc<str>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let sink = Arc::new(move |reports: Vec<Report>| {
        for report in reports {
            report.result.unwrap();
            sender.lock().unwrap().send(()).unwrap();
        }
    });
    let producer = KafkaProducer::new(settings, sink).unwrap();
    let mut times = Vec::new();
    for ticket in 0..3_000 {
        let start = Instant::now();
        producer.send(vec![outgoing(topic, ticket)]);
        receiver.recv().unwrap();
        times.push(start.elapsed());
    }
    let mut times = times.split_off(500);
    times.sort_unstable();
    println!("awaited send: p50 {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
}

/// Single sends, `window` of them in flight.
fn window(settings: &KafkaSettings, topic: &Arc<str>, records: u64, window: u64) {
    let done = Arc::new((Mutex::new(0_u64), Condvar::new()));
    let theirs = Arc::clone(&done);
    let batches = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&batches);
    let sink = Arc::new(move |reports: Vec<Report>| {
        counted.fetch_add(1, Ordering::Relaxed);
        *theirs.0.lock().unwrap() += reports.iter().filter(|report| report.result.is_ok()).count() as u64;
        theirs.1.notify_all();
    });
    let producer = KafkaProducer::new(settings, sink).unwrap();
    let (start, used) = (Instant::now(), cpu());
    for ticket in 0..records {
        let mut reported = done.0.lock().unwrap();
        while ticket - *reported >= window {
            reported = done.1.wait(reported).unwrap();
        }
        drop(reported);
        producer.send(vec![outgoing(topic, ticket)]);
    }
    assert!(producer.flush(Duration::from_secs(120)));
    println!(
        "{window} single sends in flight: {:.0} k/s, {:.1} reports a call, {:.2} µs of processor a record",
        records as f64 / start.elapsed().as_secs_f64() / 1e3,
        records as f64 / batches.load(Ordering::Relaxed) as f64,
        per_record(used, records)
    );
}

fn consume(settings: &KafkaSettings, topic: &str, wanted: u64) {
    let (wake, woken) = mpsc::sync_channel(1);
    let waker = Arc::new(move || {
        let _ = wake.try_send(());
    });
    let mut consumer = KafkaConsumer::new(settings, Epochs::default(), waker).unwrap();
    consumer.subscribe(&[TopicSelector::Name(topic.to_owned())]).unwrap();
    let (begin, used) = (Instant::now(), cpu());
    let (mut events, mut readable, mut records) = (Vec::new(), Vec::new(), Vec::new());
    let (mut count, mut bytes, mut first, mut rounds) = (0_u64, 0_usize, None, 0_u64);
    let mut next = std::collections::HashMap::new();
    while count < wanted {
        let now = Now { mono: Mono(begin.elapsed().as_nanos() as u64), wall_ms: 0 };
        consumer.poll(now, &mut events);
        for event in events.drain(..) {
            match event {
                ConsumerEvent::Readable(epoch) => readable.push(epoch),
                ConsumerEvent::Revoking(epochs) => consumer.release(&epochs),
                ConsumerEvent::Assigned(assigned) => {
                    println!("assigned {} after {:?}", assigned.len(), begin.elapsed());
                }
                other => println!("{other:?}"),
            }
        }
        if readable.is_empty() {
            let _ = woken.recv_timeout(Duration::from_millis(100));
            continue;
        }
        rounds += 1;
        first.get_or_insert_with(Instant::now);
        readable.retain(|epoch| {
            let read = consumer.read(*epoch, 1_000, &mut records);
            if let Some(last) = records.last() {
                next.insert(*epoch, last.offset + 1);
            }
            count += records.len() as u64;
            bytes += records.iter().map(Record::size).sum::<usize>();
            records.clear();
            read == 1_000
        });
    }
    let elapsed = first.unwrap().elapsed();
    println!(
        "consume: {:.0} k/s, {} MB, {} records a round, {:.2} µs of processor a record",
        count as f64 / elapsed.as_secs_f64() / 1e3,
        bytes / 1_000_000,
        count / rounds,
        per_record(used, count)
    );
    let commits =
        next.into_iter().map(|(epoch, offset)| Commit { epoch, offset, metadata: "m".repeat(2_000) });
    let start = Instant::now();
    let results = consumer.commit_now(commits.collect(), Duration::from_secs(5));
    assert!(results.iter().all(|result| result.result.is_ok()), "{results:?}");
    println!("commit of {} partitions: {:?}", results.len(), start.elapsed());
    let start = Instant::now();
    consumer.close(Duration::from_secs(5));
    println!("close: {:?}", start.elapsed());
}
