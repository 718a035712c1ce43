use prosody_engine::{Bound, Use};

use super::*;

fn at(millis: u64) -> Mono {
    Mono(millis * 1_000_000)
}

fn stall(epoch: u64) -> Stall {
    Stall {
        partition: PartitionIndex(0),
        epoch: Epoch(epoch),
        bound: Some(Bound::CompletionMap(Use { used: 9, limit: 9 })),
        since: None,
        first_unfinished: Some(0),
        unfinished: 1,
    }
}

#[test]
fn a_partition_is_named_once_until_it_has_moved_for_a_while() {
    let mut watch = Watch::new(Duration::from_secs(60));
    assert_eq!(watch.changes(at(0), vec![stall(1)]).stalled, [stall(1)]);
    assert_eq!(watch.changes(at(1_000), vec![stall(1)]), Changes::default());
    assert_eq!(watch.changes(at(1_100), vec![]), Changes::default());
    assert_eq!(
        watch.changes(at(2_900), vec![stall(1)]),
        Changes::default(),
        "held by the next key: not over"
    );
    assert_eq!(watch.changes(at(4_899), vec![]), Changes::default());
    assert_eq!(watch.changes(at(4_900), vec![]).moving, [(Epoch(1), PartitionIndex(0))]);
    assert_eq!(watch.changes(at(5_000), vec![stall(1)]).stalled, [stall(1)]);
}

#[test]
fn a_partition_that_comes_again_is_named_again() {
    let mut watch = Watch::new(Duration::from_secs(60));
    assert_eq!(watch.changes(at(0), vec![stall(1)]).stalled.len(), 1);
    assert_eq!(watch.changes(at(100), vec![stall(2)]).stalled, [stall(2)]);
    assert_eq!(watch.changes(at(3_000), vec![stall(2)]).moving, [(Epoch(1), PartitionIndex(0))]);
    assert_eq!(watch.said.len(), 1);
}
