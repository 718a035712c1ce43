#![allow(clippy::unwrap_used)]

use prosody_engine::KeyExplanation;
use prosody_model::Mono;

use super::*;

const NOW: Now = Now { mono: Mono(5_000_000_000), wall_ms: 1_772_323_199_999 };

fn text(bytes: &[u8], digest: Option<u128>) -> String {
    key(&KeyExplanation { bytes: bytes.into(), length: bytes.len(), digest })
}

#[test]
fn instants_become_dates_of_the_wall_clock() {
    let wall = Wall::new(NOW);
    assert_eq!(wall.now().unwrap(), "2026-02-28T23:59:59.999Z");
    assert_eq!(wall.at(Mono(5_001_000_000)).unwrap(), "2026-03-01T00:00:00.000Z");
    assert_eq!(wall.at(Mono(3_999_000_000)).unwrap(), "2026-02-28T23:59:58.998Z");
    assert_eq!(wall.at(Mono::NEVER), None);
    assert_eq!(wall.at(Mono(u64::MAX - 1)).unwrap().get(..4), Some("2610"));
    assert_eq!(Wall::new(Now { wall_ms: i64::MAX, ..NOW }).now(), None);
    for (wall_ms, date) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] {
        assert_eq!(Wall::new(Now { wall_ms, ..NOW }).now().unwrap(), date);
    }
}

#[test]
fn a_key_that_is_no_text_can_be_read_and_told_apart() {
    assert_eq!(text("Zoë".as_bytes(), None), "Zoë");
    assert_eq!(text(b"a\xff\x00b\xc3", None), "a\\xff\0b\\xc3");
    let long = text("aë".as_bytes().get(..2).unwrap(), Some(0xab));
    assert_eq!(long, "a… (2 bytes, XXH3 000000000000000000000000000000ab)");
}

#[test]
fn the_error_that_stopped_a_partition_is_with_it_whoever_stopped_it() {
    let engine = Explanation {
        partitions: [None, Some(Bound::Stopped), None]
            .into_iter()
            .zip(0..)
            .map(|(held, number)| PartitionExplanation {
                partition: PartitionIndex(number),
                epoch: prosody_model::Epoch(1),
                first_unfinished: None,
                blocking: None,
                unfinished: 0,
                finished_above: 0,
                backlog: 0,
                completion_map: Use { used: 0, limit: 1 },
                held,
            })
            .collect(),
        parked: Vec::new(),
        parked_count: 0,
        budgets: unused(&Options::default()),
    };
    let name = |number| TopicPartition::new("orders", number);
    let names = (0..3_i32).map(|number| (PartitionIndex(number.unsigned_abs()), name(number))).collect();
    let stopped = [(name(0), "no such offset".to_owned()), (name(1), "too large".to_owned())].into();
    let told = Told { explanation: engine, names, now: NOW }.json(&stopped);
    let held = |at: usize| told["partitions"][at]["held"].clone();
    assert_eq!((&held(0)["bound"], &held(0)["error"]), (&"stopped".into(), &"no such offset".into()));
    assert_eq!((&held(1)["bound"], &held(1)["error"]), (&"stopped".into(), &"too large".into()));
    assert_eq!(held(2), Value::Null);
}

#[test]
fn a_question_is_answered_once_and_by_whoever_comes_next() {
    let asking = Asking::default();
    let told = |_| Told {
        explanation: Explanation {
            partitions: Vec::new(),
            parked: Vec::new(),
            parked_count: 0,
            budgets: unused(&Options::default()),
        },
        names: BTreeMap::new(),
        now: NOW,
    };
    let (first, second) = (asking.ask(1), asking.ask(2));
    drop(first);
    asking.answer(told);
    assert!(second.try_recv().is_ok() && asking.questions.lock().unwrap().is_empty());
    asking.answer(told);
    assert!(second.try_recv().is_err());
}
