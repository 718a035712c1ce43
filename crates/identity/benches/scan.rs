//! What it costs to find an id and a type.

use std::{fmt::Write, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prosody_identity::{Identity, Place};
use prosody_model::{Record, RecordParts};

fn texts() -> [(&'static str, String); 5] {
    let id = r#""id":"6f1b9c1e-6c1f-4f0e-9a57-1f0f3d0c2a11""#;
    let small = format!(r#"{{{id},"type":"order.created","total":1299,"currency":"EUR","n":1}}"#);
    let last = format!(r#"{{"type":"order.created","total":1299,"currency":"EUR","n":1,{id}}}"#);
    let mut items = String::new();
    for item in 0..16 {
        let _ = write!(items, r#"{{"sku":"A-{item:05}","count":{item},"price":19.99,"tags":["a","b"]}},"#);
    }
    let nested = format!(r#"{{{id},"type":"order.created","items":[{items}null]}}"#);
    let long = format!(r#"{{{id},"type":"order.created","text":"{}"}}"#, "some words of a text ".repeat(50));
    [
        ("100 bytes, id first", small),
        ("100 bytes, id last", last),
        ("1 KiB, nested", nested),
        ("1 KiB, one text", long),
        ("100 bytes, no JSON", "x".repeat(100)),
    ]
}

fn scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("identity");
    let place = |name: &str| [Place::Pointer(vec![name.to_owned()])];
    let mut identity = Identity::new(&place("id"), &place("type"));
    for (name, text) in texts() {
        let parts = RecordParts { value: Some(text.as_bytes()), ..RecordParts::default() };
        let record = Record::new(parts, []);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let marks = identity.look(black_box(&record));
                (marks.id.is_some(), marks.event_type.is_some())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
