//! What a record costs the offset tracker, and a commit the map.
#![allow(clippy::panic)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use prosody_engine::offsets::{Admission, DEFAULT_UNITS, Seq, Tracker, decode};
use std::collections::VecDeque;
use std::hint::black_box;

fn open(tracker: &mut Tracker, offset: i64) -> Seq {
    match tracker.admit(offset) {
        Admission::Open(seq) => seq,
        other => panic!("{offset}: {other:?}"),
    }
}

/// A partition with `count` open records, `gap` offsets apart.
fn busy(count: i64, gap: i64) -> (Tracker, VecDeque<Seq>, i64) {
    let mut tracker = Tracker::new(0, None, DEFAULT_UNITS);
    let seqs = (0..count).map(|index| open(&mut tracker, index * gap)).collect();
    (tracker, seqs, count * gap)
}

fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("offsets: admit and finish");
    group.throughput(Throughput::Elements(1));
    for (name, count, gap, stuck) in [
        ("in order, 8,192 open", 8_192, 1, false),
        ("in order, 64 open", 64, 1, false),
        ("1,024 open above a stuck one", 1_024, 1, true),
        ("8,192 open in a sparse topic", 8_192, 9, false),
    ] {
        let (mut tracker, mut seqs, mut next) = busy(count, gap);
        if stuck {
            seqs.pop_front();
        }
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                if let Some(seq) = seqs.pop_front() {
                    black_box(tracker.finish(seq));
                }
                seqs.push_back(open(&mut tracker, next));
                next += gap;
            });
        });
    }
    let (mut tracker, seqs, mut next) = busy(8_192, 1);
    let mut seqs = Vec::from(seqs);
    let mut random = 1_u64;
    group.bench_function("in any order, 8,192 open", |bencher| {
        bencher.iter(|| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = (random >> 40) as usize % seqs.len();
            tracker.finish(seqs[index]);
            match tracker.admit(next) {
                Admission::Open(seq) => seqs[index] = seq,
                other => panic!("{other:?}"),
            }
            next += 1;
        });
    });
    group.finish();
}

fn commits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("offsets: commit");
    for (name, count, gap, keep) in [
        ("64 open, half of them finished", 64, 1, 2),
        ("1,000 stuck in ten million", 1_000, 10_000, 1),
        ("9,216 open, every third stuck", 9_216, 1, 3),
    ] {
        let (mut tracker, seqs, next) = busy(count, gap);
        for (index, seq) in seqs.into_iter().enumerate() {
            if index % keep != 0 {
                tracker.finish(seq);
            }
        }
        let top = open(&mut tracker, next);
        tracker.finish(top);
        let commit = tracker.snapshot();
        group.bench_function(format!("snapshot: {name}"), |bencher| {
            bencher.iter(|| black_box(&tracker).snapshot());
        });
        group.bench_function(format!("restore: {name}"), |bencher| {
            bencher.iter_batched(
                || commit.clone(),
                |commit| Tracker::new(commit.offset, decode(&commit.metadata, commit.offset), DEFAULT_UNITS),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, records, commits);
criterion_main!(benches);
