//! Members that come and go.

use std::collections::BTreeSet;

use prosody_model::Epoch;

use super::{
    CALL, Harness, fill, join, meanwhile,
    member::{Hold, Member, commit},
    step, step_until, topic,
};
use crate::{Commit, Consumer, ConsumerEvent, ErrorCode, TopicSelector};

/// A member that holds all four partitions of a topic, and one that has just subscribed too; polled until the
/// first is asked to give up two.
fn newcomer<H: Harness>(
    harness: &mut H,
    group: &str,
    topic: &str,
) -> (Member<H::Consumer>, Member<H::Consumer>) {
    let mut first = join(harness, group, topic);
    step_until(harness, &mut [&mut first], "all partitions are held", |members| {
        members[0].epochs(Hold::Held).len() == 4
    });
    let mut second = join(harness, group, topic);
    step_until(harness, &mut [&mut first, &mut second], "two partitions are being revoked", |members| {
        members[0].epochs(Hold::Revoking).len() == 2
    });
    (first, second)
}

/// Only what moves is revoked; the rest keeps its epochs and goes on.
pub fn a_newcomer_gets_its_share<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 4), harness.unique("group"));
    let (mut first, mut second) = newcomer(harness, &group, &topic);
    let kept = first.epochs(Hold::Held);
    step_until(harness, &mut [&mut first, &mut second], "each holds two partitions", |members| {
        members[0].release();
        members.iter().all(|member| member.epochs(Hold::Held).len() == 2)
    });
    assert_eq!(first.epochs(Hold::Held), kept, "what is kept keeps its epoch");
    assert_eq!((first.spells.len(), second.spells.len()), (4, 2), "nothing else moved");
    fill(harness, &topic, 0, 0, 3);
    fill(harness, &topic, 1, 0, 3);
    fill(harness, &topic, 2, 0, 3);
    fill(harness, &topic, 3, 0, 3);
    let read = |member: &Member<H::Consumer>| -> usize { (0..4).map(|p| member.records_of(p).len()).sum() };
    step_until(harness, &mut [&mut first, &mut second], "both have read their share", |members| {
        for member in members.iter_mut() {
            member.read_all();
        }
        members.iter().all(|member| read(member) == 6)
    });
    first.consumer.close(CALL);
    second.consumer.close(CALL);
}

/// Until it is released a revoked partition stays where it is: nothing more is read, commits are accepted.
pub fn a_revoked_partition_waits_for_its_release<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 4), harness.unique("group"));
    let (mut first, mut second) = newcomer(harness, &group, &topic);
    let revoking = first.epochs(Hold::Revoking);
    for partition in 0..4 {
        fill(harness, &topic, partition, 0, 2);
    }
    for offset in 0..3 {
        first.commit_now(revoking.iter().map(|epoch| commit(*epoch, offset)).collect());
        first.consumer.commit(revoking.iter().map(|epoch| commit(*epoch, offset)).collect());
        meanwhile(harness, |harness| {
            step(harness, &mut [&mut first, &mut second]);
            for epoch in &revoking {
                assert_eq!(first.read(*epoch, 10), 0, "nothing is read of what is being revoked");
            }
        });
        assert_eq!(first.epochs(Hold::Revoking), revoking);
        assert!(second.spells.is_empty(), "nothing is handed over yet");
    }
    step_until(harness, &mut [&mut first, &mut second], "the commits are answered", |members| {
        members[0].answers.len() == 6
    });
    assert!(first.answers.iter().all(|answer| answer.result.is_ok()), "{:?}", first.answers);
    first.release();
    step_until(harness, &mut [&mut first, &mut second], "they are handed over", |members| {
        members[1].epochs(Hold::Held).len() == 2
    });
    first.consumer.close(CALL);
    second.consumer.close(CALL);
}

/// The next holder starts at what was committed during the revocation.
pub fn what_is_released_goes_on_where_it_was_committed<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 4), harness.unique("group"));
    let (mut first, mut second) = newcomer(harness, &group, &topic);
    let revoking = first.epochs(Hold::Revoking);
    let moved: BTreeSet<_> = revoking.iter().map(|e| first.spells[e].assigned.partition.clone()).collect();
    let last = |epoch: &Epoch| Commit { epoch: *epoch, offset: 7, metadata: "last words".into() };
    first.commit_now(revoking.iter().map(last).collect());
    first.release();
    step_until(harness, &mut [&mut first, &mut second], "they are handed over", |members| {
        members[1].epochs(Hold::Held).len() == 2
    });
    let taken: BTreeSet<_> = second.partitions().into_iter().collect();
    assert_eq!(taken, moved);
    for spell in second.spells.values() {
        let assigned = &spell.assigned;
        assert_eq!((assigned.committed, assigned.metadata.as_str()), (Some(7), "last words"));
    }
    first.consumer.close(CALL);
    second.consumer.close(CALL);
}

/// A member that closes gives its partitions to the others without a wait for its session.
pub fn a_leaver_hands_over_at_once<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 4), harness.unique("group"));
    let (mut first, mut second) = newcomer(harness, &group, &topic);
    step_until(harness, &mut [&mut first, &mut second], "each holds two partitions", |members| {
        members[0].release();
        members.iter().all(|member| member.epochs(Hold::Held).len() == 2)
    });
    let kept = first.epochs(Hold::Held);
    let held = second.epochs(Hold::Held);
    second.commit_now(held.iter().map(|epoch| commit(*epoch, 2)).collect());
    second.consumer.close(CALL);
    step_until(harness, &mut [&mut first], "the other has all partitions", |members| {
        members[0].epochs(Hold::Held).len() == 4
    });
    for (epoch, spell) in first.spells.iter().filter(|(_, spell)| spell.state == Hold::Held) {
        let committed = (!kept.contains(epoch)).then_some(2);
        assert_eq!(spell.assigned.committed, committed, "{:?}", spell.assigned);
    }
    assert!(kept.iter().all(|epoch| first.spells[epoch].state == Hold::Held), "what was held stays");
    first.consumer.close(CALL);
}

/// After `close`: no events, no records, no commits, no new subscription; and closing again does nothing.
pub fn a_closed_consumer_is_out_of_use<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 1), harness.unique("group"));
    fill(harness, &topic, 0, 0, 3);
    let mut member = join(harness, &group, &topic);
    step_until(harness, &mut [&mut member], "the partition is held", |members| {
        members[0].epoch_of(0).is_some()
    });
    let epoch = member.current(0);
    member.consumer.close(CALL);
    member.consumer.close(CALL);
    let mut events = Vec::new();
    meanwhile(harness, |harness| member.consumer.poll(harness.now(), &mut events));
    events.retain(|event| !matches!(event, ConsumerEvent::Warning(_)));
    assert_eq!(events, []);
    assert_eq!(member.consumer.read(epoch, 10, &mut Vec::new()), 0);
    let answers = member.consumer.commit_now(vec![commit(epoch, 1)], CALL);
    assert!(answers.len() == 1 && answers[0].result.is_err(), "{answers:?}");
    let refused = member.consumer.subscribe(&[TopicSelector::Name(topic)]);
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::Closed));
}
