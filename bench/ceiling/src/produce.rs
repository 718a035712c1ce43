//! `ceiling produce` fills a topic, at a rate if one is given; `awaited` and `flight` are the bare rows of the send scenarios.

use crate::args::Args;
use crate::kafka::Producer;
use crate::measure::{cpu_us, now_us, peak_rss_kb, percentiles};
use crate::record::Writer;
use std::time::Duration;

/// The keys in turn, each on its own partition, numbered within the key.
struct Records {
    writer: Writer,
    next: Vec<u64>,
    at: usize,
    partitions: usize,
}

impl Records {
    fn new(args: &Args) -> Result<Self, String> {
        let keys: usize = args.number("keys", 4_000)?;
        Ok(Self {
            writer: Writer::new(args.number("bytes", 100)?),
            next: vec![0; keys.max(1)],
            at: 0,
            partitions: args.number("partitions", 4)?,
        })
    }

    /// False when the queue is full: the same record comes again.
    fn send(&mut self, producer: &mut Producer) -> Result<bool, String> {
        let key = self.at;
        let (name, value) = self.writer.write(key, self.next[key], now_us());
        if !producer.send((key % self.partitions) as i32, name, value)? {
            return Ok(false);
        }
        self.next[key] += 1;
        self.at = (key + 1) % self.next.len();
        Ok(true)
    }
}

fn producer(args: &Args) -> Result<Producer, String> {
    let pairs = args.kafka(&[
        ("bootstrap.servers", args.text("bootstrap")?),
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("queue.buffering.max.messages", "200000"),
    ]);
    Producer::new(&pairs, args.text("topic")?)
}

fn finish(producer: &mut Producer, sent: u64) {
    let limit = now_us() + 30_000_000;
    while producer.deliveries().0 + producer.deliveries().1 < sent && now_us() < limit {
        producer.poll(10);
    }
}

/// # Errors
/// A bad argument, or librdkafka refusing a record.
pub fn produce(args: &Args) -> Result<String, String> {
    let count: u64 = args.number("count", 0)?;
    let rate: f64 = args.number("rate", 0.0)?;
    let mut producer = producer(args)?;
    let mut records = Records::new(args)?;
    let start = now_us();
    let mut sent = 0u64;
    while sent < count {
        let due = if rate > 0.0 { ((now_us() - start) as f64 * rate / 1e6) as u64 + 1 } else { count };
        while sent < due.min(count) {
            if records.send(&mut producer)? {
                sent += 1;
            } else {
                producer.poll(1);
            }
        }
        producer.poll(0);
        if rate > 0.0 && sent < count {
            // To the next record's instant, or a millisecond on where records are closer together than that.
            let next = start + (sent as f64 * 1e6 / rate) as u64;
            let wait = next.saturating_sub(now_us());
            std::thread::sleep(Duration::from_micros(if rate > 1_000.0 { wait.max(1_000) } else { wait }));
        }
    }
    let sent_us = (now_us() - start).max(1);
    finish(&mut producer, sent);
    let (done, failed) = producer.deliveries();
    Ok(format!(
        "{{\"count\":{done},\"failed\":{failed},\"seconds\":{:.6},\"perSecond\":{:.1}}}",
        sent_us as f64 / 1e6,
        sent as f64 * 1e6 / sent_us as f64
    ))
}

/// One record at a time, each waited for.
///
/// # Errors
/// A bad argument, or librdkafka refusing a record.
pub fn awaited(args: &Args) -> Result<String, String> {
    let count: u64 = args.number("count", 5_000)?;
    let warm: u64 = args.number("warm", 500)?;
    let mut producer = producer(args)?;
    let mut records = Records::new(args)?;
    let mut samples = Vec::with_capacity(count as usize);
    let mut cpu = 0;
    for sent in 1..=warm + count {
        if sent == warm + 1 {
            cpu = cpu_us();
        }
        let start = now_us();
        records.send(&mut producer)?;
        while producer.deliveries().0 + producer.deliveries().1 < sent {
            producer.poll(100);
        }
        if sent > warm {
            samples.push((now_us() - start) as u32);
        }
    }
    let cpu = cpu_us() - cpu;
    let (done, failed) = producer.deliveries();
    Ok(format!(
        "{{\"acked\":{done},\"failed\":{failed},\"count\":{count},\"cpuUs\":{cpu},\"peakRssKb\":{},{}}}",
        peak_rss_kb(),
        percentiles(&mut samples)
    ))
}

/// A window of records always under way, for a time.
///
/// # Errors
/// A bad argument, or librdkafka refusing a record.
pub fn flight(args: &Args) -> Result<String, String> {
    let window: u64 = args.number("window", 1_000)?;
    let warm_us = args.number("warmMs", 1_000u64)? * 1_000;
    let run_us = args.number("runMs", 5_000u64)? * 1_000;
    let mut producer = producer(args)?;
    let mut records = Records::new(args)?;
    let start = now_us();
    let (mut sent, mut base, mut cpu, mut from) = (0u64, None, 0, start);
    loop {
        let now = now_us();
        let (done, failed) = producer.deliveries();
        if base.is_none() && now - start >= warm_us {
            (base, cpu, from) = (Some(done), cpu_us(), now);
        }
        if base.is_some() && now - from >= run_us {
            break;
        }
        while sent - done - failed < window && records.send(&mut producer)? {
            sent += 1;
            if sent.is_multiple_of(1_000) {
                break;
            }
        }
        producer.poll(i32::from(sent - done - failed >= window));
    }
    let us = (now_us() - from).max(1);
    let count = producer.deliveries().0 - base.unwrap_or(0);
    let cpu = cpu_us() - cpu;
    finish(&mut producer, sent);
    let (done, failed) = producer.deliveries();
    Ok(format!(
        "{{\"acked\":{done},\"failed\":{failed},\"count\":{count},\"seconds\":{:.6},\"perSecond\":{:.1},\"cpuUs\":{cpu},\"peakRssKb\":{}}}",
        us as f64 / 1e6,
        count as f64 * 1e6 / us as f64,
        peak_rss_kb()
    ))
}
