//! First assignments that start elsewhere than at the committed offset.

use std::sync::Arc;

use prosody_model::TopicPartition;

use super::{
    CALL, Harness, fill, join, meanwhile,
    member::{Hold, Member, commit},
    step, step_until, topic,
};
use crate::{Commit, Consumer, Moved, StartFrom, TopicSelector};

/// A member of `group` whose first assignment starts there.
fn join_from<H: Harness>(harness: &mut H, start: StartFrom, group: &str, topic: &str) -> Member<H::Consumer> {
    let mut consumer = harness.consumer_from(start, group, Arc::new(|| ()));
    assert_eq!(consumer.subscribe(&[TopicSelector::Name(topic.to_owned())]), Ok(()));
    Member::new(consumer)
}

/// Waits until all of `partitions` partitions are held.
fn hold<H: Harness>(harness: &mut H, member: &mut Member<H::Consumer>, partitions: usize) {
    step_until(harness, &mut [member], "all partitions are held", |members| {
        members[0].epochs(Hold::Held).len() == partitions
    });
}

/// A topic of two partitions with ten records each, and a group that has committed 4 of the first one.
fn committed<H: Harness>(harness: &mut H, offset: i64) -> (String, String) {
    let (topic, group) = (topic(harness, 2), harness.unique("group"));
    for partition in 0..2 {
        fill(harness, &topic, partition, 0, 10);
    }
    let mut before = join(harness, &group, &topic);
    hold(harness, &mut before, 2);
    let epoch = before.current(0);
    before.commit_now(vec![Commit { epoch, offset, metadata: "map".into() }]);
    before.consumer.close(CALL);
    (topic, group)
}

/// What a member was told of the start of a partition, the metadata included.
fn start<C: Consumer>(member: &Member<C>, partition: i32) -> (Option<i64>, String, Option<Moved>) {
    let assigned = &member.spells[&member.current(partition)].assigned;
    (assigned.committed, assigned.metadata.clone(), assigned.moved)
}

fn offsets<C: Consumer>(member: &Member<C>, partition: i32) -> Vec<i64> {
    member.records_of(partition).iter().map(|record| record.offset).collect()
}

/// The end is where the log ended at the assignment; what comes after it is read.
pub fn a_start_at_the_end_passes_over_what_is_there<H: Harness>(harness: &mut H) {
    let (topic, group) = committed(harness, 4);
    let mut member = join_from(harness, StartFrom::Latest, &group, &topic);
    hold(harness, &mut member, 2);
    let moved = Moved { from: Some(4), to: 10, offsets: 6 };
    assert_eq!(start(&member, 0), (Some(10), String::new(), Some(moved)));
    let moved = Moved { from: None, to: 10, offsets: 10 };
    assert_eq!(start(&member, 1), (Some(10), String::new(), Some(moved)));
    for partition in 0..2 {
        fill(harness, &topic, partition, 10, 2);
    }
    step_until(harness, &mut [&mut member], "the new records are read", |members| {
        members[0].read_all();
        (0..2).all(|partition| members[0].records_of(partition).len() >= 2)
    });
    for partition in 0..2 {
        assert_eq!(offsets(&member, partition), [10, 11]);
    }
    member.consumer.close(CALL);
}

/// The beginning is that of the log; a group that has committed nothing starts there as ever.
pub fn a_start_at_the_beginning_runs_again_what_is_committed<H: Harness>(harness: &mut H) {
    let (topic, group) = committed(harness, 7);
    harness.delete_records(&TopicPartition::new(topic.as_str(), 0), 2);
    let mut member = join_from(harness, StartFrom::Earliest, &group, &topic);
    hold(harness, &mut member, 2);
    let moved = Moved { from: Some(7), to: 2, offsets: 5 };
    assert_eq!(start(&member, 0), (Some(2), String::new(), Some(moved)));
    assert_eq!(start(&member, 1), (None, String::new(), None));
    step_until(harness, &mut [&mut member], "all records are read", |members| {
        members[0].read_all();
        members[0].records_of(0).len() >= 8 && members[0].records_of(1).len() >= 10
    });
    assert_eq!(offsets(&member, 0), (2..10).collect::<Vec<_>>());
    // Commits may go back by this.
    let epoch = member.current(0);
    member.commit_now(vec![commit(epoch, 3)]);
    member.consumer.close(CALL);
    let mut next = join(harness, &group, &topic);
    hold(harness, &mut next, 2);
    assert_eq!(start(&next, 0), (Some(3), String::new(), None));
    next.consumer.close(CALL);
}

/// What comes with a later assignment starts at the committed offset.
pub fn a_start_is_for_the_first_assignment_alone<H: Harness>(harness: &mut H) {
    let (topic, group) = committed(harness, 4);
    let mut other = join(harness, &group, &topic);
    hold(harness, &mut other, 2);
    let mut member = join_from(harness, StartFrom::Latest, &group, &topic);
    step_until(harness, &mut [&mut other, &mut member], "each holds one partition", |members| {
        members[0].release();
        members.iter().all(|member| member.epochs(Hold::Held).len() == 1)
    });
    let held = member.partitions()[0].partition;
    let later = 1 - held;
    assert_eq!(start(&member, held).0, Some(10), "the first assignment");
    let epoch = other.current(later);
    other.commit_now(vec![commit(epoch, 5)]);
    other.consumer.close(CALL);
    step_until(harness, &mut [&mut member], "both partitions are held", |members| {
        members[0].release();
        members[0].epochs(Hold::Held).len() == 2
    });
    assert_eq!(start(&member, later), (Some(5), String::new(), None));
    member.consumer.close(CALL);
}

/// The committed offset is not asked for what it says, so it may say anything.
pub fn a_start_is_found_though_what_is_committed_is_out_of_range<H: Harness>(harness: &mut H) {
    for (from, to) in [(StartFrom::Earliest, 0), (StartFrom::Latest, 10)] {
        let (topic, group) = committed(harness, 100);
        let mut member = join_from(harness, from, &group, &topic);
        hold(harness, &mut member, 2);
        let moved = Moved { from: Some(100), to, offsets: 10 - to };
        assert_eq!(start(&member, 0), (Some(to), String::new(), Some(moved)));
        meanwhile(harness, |harness| {
            step(harness, &mut [&mut member]);
            member.read_all();
        });
        assert!(member.stopped.is_empty(), "{:?}", member.stopped);
        assert_eq!(offsets(&member, 0), (to..10).collect::<Vec<_>>());
        member.consumer.close(CALL);
    }
}

/// There is nothing to move past in a log without records.
pub fn an_empty_log_and_a_new_group_have_the_start_they_can_have<H: Harness>(harness: &mut H) {
    for from in [StartFrom::Earliest, StartFrom::Latest] {
        let (topic, group) = (topic(harness, 1), harness.unique("group"));
        let mut member = join_from(harness, from, &group, &topic);
        hold(harness, &mut member, 1);
        let moved = Moved { from: None, to: 0, offsets: 0 };
        let expected = match from {
            StartFrom::Latest => (Some(0), String::new(), Some(moved)),
            _ => (None, String::new(), None),
        };
        assert_eq!(start(&member, 0), expected);
        fill(harness, &topic, 0, 0, 1);
        step_until(harness, &mut [&mut member], "the record is read", |members| {
            members[0].read_all();
            !members[0].records_of(0).is_empty()
        });
        member.consumer.close(CALL);
    }
}
