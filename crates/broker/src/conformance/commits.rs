//! Committed offsets and their metadata.

use prosody_model::Epoch;

use super::{
    CALL, Harness, fill, join, meanwhile,
    member::{Hold, Member, commit},
    step, step_until, topic,
};
use crate::{Commit, Consumer, ErrorCode};

/// The most units of metadata that a broker takes as it comes.
const UNITS: u32 = 4096;

/// `count` UTF-16 units, 15 bits in each, that differ from one `seed` to the next.
fn metadata(seed: u32, count: u32) -> String {
    (0..count).filter_map(|unit| char::from_u32(0x3400 + (seed * UNITS + unit) % 0x8000)).collect()
}

/// Joins and waits until `partitions` partitions are held.
fn join_fully<H: Harness>(
    harness: &mut H,
    group: &str,
    topic: &str,
    partitions: usize,
) -> Member<H::Consumer> {
    let mut member = join(harness, group, topic);
    step_until(harness, &mut [&mut member], "all partitions are held", |members| {
        members[0].epochs(Hold::Held).len() == partitions
    });
    member
}

/// An offset committed without waiting, and its metadata, are where the next member starts.
pub fn a_commit_comes_back_to_the_next_member<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 2), harness.unique("group"));
    fill(harness, &topic, 0, 0, 10);
    let mut first = join_fully(harness, &group, &topic, 2);
    let epoch = first.current(0);
    first.consumer.commit(vec![Commit { epoch, offset: 4, metadata: "four".into() }]);
    step_until(harness, &mut [&mut first], "the commit is answered", |members| {
        !members[0].answers.is_empty()
    });
    assert_eq!(first.answers.len(), 1);
    let answer = &first.answers[0];
    assert_eq!((answer.epoch, answer.offset, &answer.result), (epoch, 4, &Ok(())));
    first.consumer.close(CALL);

    let mut next = join_fully(harness, &group, &topic, 2);
    let seen: Vec<_> = next.spells.values().map(|spell| spell.assigned.clone()).collect();
    for assigned in seen {
        let (committed, metadata) =
            if assigned.partition.partition == 0 { (Some(4), "four") } else { (None, "") };
        assert_eq!((assigned.committed, assigned.metadata.as_str()), (committed, metadata), "{assigned:?}");
    }
    step_until(harness, &mut [&mut next], "the rest is read", |members| {
        members[0].read_all();
        members[0].records_of(0).len() >= 6
    });
    let offsets: Vec<i64> = next.records_of(0).iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [4, 5, 6, 7, 8, 9]);
    next.consumer.close(CALL);
}

/// The same for a commit that was waited for; each entry has its own answer, and the last one stands.
pub fn a_waited_for_commit_comes_back<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 2), harness.unique("group"));
    let mut first = join_fully(harness, &group, &topic, 2);
    let (zero, one) = (first.current(0), first.current(1));
    first.commit_now(vec![commit(zero, 3), Commit { epoch: one, offset: 5, metadata: "five".into() }]);
    first.commit_now(vec![commit(zero, 6)]);
    assert!(first.answers.is_empty(), "a commit is answered once");
    first.consumer.close(CALL);
    let mut next = join_fully(harness, &group, &topic, 2);
    for (partition, committed, metadata) in [(0, 6, ""), (1, 5, "five")] {
        let assigned = &next.spells[&next.current(partition)].assigned;
        assert_eq!((assigned.committed, assigned.metadata.as_str()), (Some(committed), metadata));
    }
    next.consumer.close(CALL);
}

/// Every value of 15 bits, and the full length, survive in the metadata.
pub fn full_metadata_comes_back_exactly<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 8), harness.unique("group"));
    let mut first = join_fully(harness, &group, &topic, 8);
    let entry = |partition| Commit {
        epoch: first.current(partition),
        offset: 1,
        metadata: metadata(partition as u32, UNITS),
    };
    let commits = (0..8).map(entry).collect();
    first.commit_now(commits);
    first.consumer.close(CALL);
    let mut next = join_fully(harness, &group, &topic, 8);
    for partition in 0..8 {
        let assigned = &next.spells[&next.current(partition)].assigned;
        assert!(assigned.metadata == metadata(partition as u32, UNITS), "metadata of partition {partition}");
    }
    next.consumer.close(CALL);
}

/// One unit more is refused, and what was committed before stays.
pub fn metadata_over_the_limit_is_refused<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 1), harness.unique("group"));
    let mut first = join_fully(harness, &group, &topic, 1);
    let epoch = first.current(0);
    first.commit_now(vec![Commit { epoch, offset: 1, metadata: "one".into() }]);
    let too_long = Commit { epoch, offset: 2, metadata: metadata(0, UNITS + 1) };
    let answers = first.consumer.commit_now(vec![too_long.clone()], CALL);
    let codes: Vec<_> = answers.iter().map(|a| a.result.as_ref().err().map(|error| error.code)).collect();
    assert_eq!(codes, [Some(ErrorCode::MetadataTooLarge)]);
    first.consumer.commit(vec![too_long]);
    step_until(harness, &mut [&mut first], "the commit is answered", |members| {
        !members[0].answers.is_empty()
    });
    assert_eq!(code(&first, 0), Some(ErrorCode::MetadataTooLarge));
    first.consumer.close(CALL);
    let mut next = join_fully(harness, &group, &topic, 1);
    let assigned = &next.spells[&next.current(0)].assigned;
    assert_eq!((assigned.committed, assigned.metadata.as_str()), (Some(1), "one"));
    next.consumer.close(CALL);
}

/// A group that never committed reads what was there before it.
pub fn a_new_group_starts_at_the_beginning<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 1), harness.unique("group"));
    fill(harness, &topic, 0, 0, 5);
    let mut member = join_fully(harness, &group, &topic, 1);
    assert_eq!(member.spells[&member.current(0)].assigned.committed, None);
    step_until(harness, &mut [&mut member], "the records are read", |members| {
        members[0].read_all();
        members[0].records_of(0).len() >= 5
    });
    assert_eq!(member.records_of(0)[0].offset, 0);
    member.consumer.close(CALL);
}

/// With an epoch that was released nothing is read or committed, though the member goes on.
pub fn a_commit_of_an_epoch_that_is_over_is_fenced<H: Harness>(harness: &mut H) {
    let (topic, group) = (topic(harness, 2), harness.unique("group"));
    fill(harness, &topic, 0, 0, 5);
    fill(harness, &topic, 1, 0, 5);
    let mut first = join_fully(harness, &group, &topic, 2);
    let mut second = join(harness, &group, &topic);
    step_until(harness, &mut [&mut first, &mut second], "each holds one partition", |members| {
        members[0].release();
        members.iter().all(|member| member.epochs(Hold::Held).len() == 1)
    });
    let over: Vec<Epoch> = first.epochs(Hold::Over);
    assert_eq!(over.len(), 1);
    assert_eq!(first.read(over[0], 10), 0);
    first.consumer.commit(vec![commit(over[0], 5)]);
    step_until(harness, &mut [&mut first], "the commit is answered", |members| {
        !members[0].answers.is_empty()
    });
    assert_eq!(code(&first, 0), Some(ErrorCode::Fenced));
    let answers = first.consumer.commit_now(vec![commit(over[0], 5), commit(Epoch(u64::MAX), 1)], CALL);
    let fenced = |answer: &crate::CommitResult| {
        answer.result.as_ref().is_err_and(|error| error.code == ErrorCode::Fenced)
    };
    assert!(answers.len() == 2 && answers.iter().all(fenced), "{answers:?}");
    meanwhile(harness, |harness| step(harness, &mut [&mut first, &mut second]));
    first.consumer.close(CALL);
    second.consumer.close(CALL);
    let mut next = join_fully(harness, &group, &topic, 2);
    assert!(next.spells.values().all(|spell| spell.assigned.committed.is_none()), "nothing was committed");
    next.consumer.close(CALL);
}

fn code<C>(member: &Member<C>, answer: usize) -> Option<ErrorCode> {
    member.answers[answer].result.as_ref().err().map(|error| error.code)
}
