//! Topics that come late, and offsets that are not there.

use std::sync::Arc;

use prosody_model::TopicPartition;

use super::{
    CALL, Harness, create, fill, join, join_with, meanwhile,
    member::{Hold, commit},
    step, step_until, topic,
};
use crate::{Consumer, ErrorCode, TopicSelector};

/// Who subscribes to a topic that does not exist gets it when it does.
pub fn a_missing_topic_is_waited_for<H: Harness>(harness: &mut H) {
    let (name, group) = (harness.unique("missing"), harness.unique("group"));
    let mut member = join(harness, &group, &name);
    meanwhile(harness, |harness| step(harness, &mut [&mut member]));
    assert!(member.spells.is_empty());
    create(harness, &name, 2);
    fill(harness, &name, 1, 0, 3);
    step_until(harness, &mut [&mut member], "its records are read", |members| {
        members[0].read_all();
        members[0].records_of(1).len() == 3
    });
    assert_eq!(member.epochs(Hold::Held).len(), 2);
    member.consumer.close(CALL);
}

/// A pattern covers the topics that match now and those that will.
pub fn a_pattern_picks_up_a_new_topic<H: Harness>(harness: &mut H) {
    let (prefix, group) = (harness.unique("pattern"), harness.unique("group"));
    create(harness, &format!("{prefix}-a"), 1);
    create(harness, &format!("not-{prefix}-a"), 1);
    let pattern = TopicSelector::Pattern(format!("^{prefix}-.*"));
    let mut member = join_with(harness, &group, pattern, Arc::new(|| ()));
    step_until(harness, &mut [&mut member], "the first topic is held", |members| {
        members[0].partitions() == [TopicPartition::new(format!("{prefix}-a"), 0)]
    });
    create(harness, &format!("{prefix}-b"), 1);
    step_until(harness, &mut [&mut member], "the new topic is held", |members| {
        members[0].release();
        members[0].epochs(Hold::Held).len() == 2
    });
    let mut held = member.partitions();
    held.sort();
    let expected = ["a", "b"].map(|suffix| TopicPartition::new(format!("{prefix}-{suffix}"), 0));
    assert_eq!(held, expected);
    member.consumer.close(CALL);
}

/// A pattern that is no regular expression is refused at the call.
pub fn an_invalid_pattern_is_refused<H: Harness>(harness: &mut H) {
    let group = harness.unique("group");
    let mut consumer = harness.consumer(&group, Arc::new(|| ()));
    let refused = consumer.subscribe(&[TopicSelector::Pattern("^broken(".into())]);
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::Invalid));
    consumer.close(CALL);
}

/// A group whose next record was deleted is told so, and nothing else is read instead.
pub fn a_committed_offset_below_the_start_stops_the_partition<H: Harness>(harness: &mut H) {
    let name = topic(harness, 2);
    fill(harness, &name, 0, 0, 10);
    let partition = TopicPartition::new(name.as_str(), 0);
    stops(harness, &name, 3, |harness| harness.delete_records(&partition, 6));
}

/// So is one that has committed more than there is.
pub fn a_committed_offset_above_the_end_stops_the_partition<H: Harness>(harness: &mut H) {
    let name = topic(harness, 2);
    fill(harness, &name, 0, 0, 10);
    stops(harness, &name, 100, |_| ());
}

/// Commits `offset` for partition 0, lets something happen, and sees the next member's partition 0 stop while
/// its partition 1 goes on.
fn stops<H: Harness>(harness: &mut H, topic: &str, offset: i64, happens: impl FnOnce(&mut H)) {
    let group = harness.unique("group");
    let mut first = join(harness, &group, topic);
    step_until(harness, &mut [&mut first], "both partitions are held", |members| {
        members[0].spells.len() == 2
    });
    let epoch = first.current(0);
    first.commit_now(vec![commit(epoch, offset)]);
    first.consumer.close(CALL);
    happens(harness);
    fill(harness, topic, 1, 0, 3);
    let mut next = join(harness, &group, topic);
    step_until(harness, &mut [&mut next], "one partition stops and the other one is read", |members| {
        members[0].read_all();
        !members[0].stopped.is_empty() && members[0].records_of(1).len() == 3
    });
    meanwhile(harness, |harness| {
        step(harness, &mut [&mut next]);
        next.read_all();
    });
    let epoch = next.current(0);
    assert_eq!(next.spells[&epoch].assigned.committed, Some(offset));
    let stopped: Vec<_> = next.stopped.iter().map(|(epoch, error)| (*epoch, error.code)).collect();
    assert_eq!(stopped, [(epoch, ErrorCode::OffsetOutOfRange)], "said once");
    assert_eq!(next.records_of(0), [], "nothing is read instead");
    assert_eq!(next.spells[&epoch].state, Hold::Held, "it stays held");
    next.consumer.close(CALL);
}
