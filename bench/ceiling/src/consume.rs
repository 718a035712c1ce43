//! `ceiling consume`: drains a topic, or reads it live and takes latencies.

use crate::args::Args;
use crate::kafka::Consumer;
use crate::measure::{cpu_us, now_us, peak_rss_kb, percentiles};
use crate::record::{Check, sent_at};
use std::io::Write;

/// # Errors
/// A bad argument, or librdkafka refusing the configuration.
pub fn consume(args: &Args) -> Result<String, String> {
    let count: u64 = args.number("count", 0)?;
    let live = args.number("live", 0u8)? == 1;
    let warm_us = args.number("warmMs", 0u64)? * 1_000;
    let limit_us = args.number("limitMs", 60_000u64)? * 1_000;
    let pairs = args.kafka(&[
        ("bootstrap.servers", args.text("bootstrap")?),
        ("group.id", args.text("group")?),
        ("auto.commit.interval.ms", "1000"),
        ("fetch.queue.backoff.ms", "10"),
    ]);
    let mut consumer = Consumer::new(&pairs, args.text("topic")?, args.number("partitions", 4)?)?;
    let mut check = Check::new(args.number("keys", 4_000)?);
    let (mut first, mut last, mut first_sent) = (0, 0, 0);
    let mut bytes = 0usize;
    let mut samples: Vec<u32> = Vec::new();
    let cpu = cpu_us();
    let start = now_us();
    println!("READY");
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    while check.seen < count && now_us() - start < limit_us {
        let mut see = |key: &[u8], value: &[u8]| {
            check.see(key, value);
            bytes += key.len() + value.len();
            if live {
                let (now, sent) = (now_us(), sent_at(value));
                first_sent = if first_sent == 0 { sent } else { first_sent };
                if sent >= first_sent + warm_us {
                    samples.push(now.saturating_sub(sent) as u32);
                }
            }
        };
        if live {
            consumer.poll(10, &mut see);
        } else {
            consumer.batch(1, &mut see);
        }
        if check.seen > 0 {
            last = now_us();
            first = if first == 0 { last } else { first };
        }
    }
    let cpu = cpu_us() - cpu;
    let us = (last - first).max(1);
    Ok(format!(
        "{{\"count\":{},\"seconds\":{:.6},\"perSecond\":{:.1},\"startMs\":{:.1},\"cpuUs\":{cpu},\"peakRssKb\":{},\"violations\":{},\"bytes\":{bytes},{}}}",
        check.seen,
        us as f64 / 1e6,
        check.seen as f64 * 1e6 / us as f64,
        first.saturating_sub(start) as f64 / 1e3,
        peak_rss_kb(),
        check.violations,
        percentiles(&mut samples)
    ))
}
