//! What a message costs on the engine's thread.

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use prosody_engine::Settings;
use std::time::{Duration, Instant};

mod plain;
use plain::Plain;

fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine: a message");
    group.throughput(Throughput::Elements(1));
    for (name, max_concurrency, max_uncommitted, full) in [
        ("1,024 slots, 8,192 queued", 1_024, 8_192, true),
        ("1,024 slots, handlers keep up", 1_024, 8_192, false),
        ("defaults: 32 slots, 64 queued", 32, 64, true),
    ] {
        let settings = || Settings { max_concurrency, max_uncommitted, ..Settings::default() };
        bench(&mut group, name, Plain::new(settings()), full);
        bench(&mut group, &format!("{name}; ids, not looked at"), Plain::with_ids(&settings(), 0), full);
        bench(
            &mut group,
            &format!("{name}; ids, 8,192 remembered"),
            Plain::with_ids(&settings(), 8_192),
            full,
        );
    }
    group.finish();
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut plain: Plain, full: bool) {
    if full {
        plain.fill();
    }
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|messages| {
            let mut turns = Vec::new();
            let mut settled = 0;
            while settled < messages {
                let (before, mut spent) = (plain.settled, Duration::ZERO);
                plain.turn(|step| {
                    let start = Instant::now();
                    step();
                    spent += start.elapsed();
                });
                let messages = plain.settled - before;
                settled += messages;
                turns.push(spent.div_f64(messages.max(1) as f64));
            }
            trimmed_mean(turns).mul_f64(messages as f64)
        });
    });
    assert_eq!(plain.engine.counters().duplicates, 0);
}

/// The mean without the highest tenth: turns during which another process had the core.
fn trimmed_mean(mut turns: Vec<Duration>) -> Duration {
    turns.sort_unstable();
    turns.truncate((turns.len() * 9).div_ceil(10));
    turns.iter().sum::<Duration>() / turns.len().max(1) as u32
}

criterion_group!(benches, messages);
criterion_main!(benches);
