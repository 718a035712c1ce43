//! Records that are read again.

use std::collections::BTreeMap;

use prosody_model::{Epoch, Record, TopicPartition};

use super::{
    CALL, Harness, create, fill, join, meanwhile,
    member::{Hold, Member},
    reading, step, step_until, topic,
};
use crate::{Consumer, ErrorCode, Missing, Wanted};

type Answers = BTreeMap<i64, Result<Record, Missing>>;

/// Null and empty keys and values, headers and timestamps come back as they came first, and once more after that.
pub fn a_record_comes_back_again_exactly<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    let count = reading::send_shapes(harness, &topic).len();
    let mut member = reader(harness, &topic, 1, count);
    let (epoch, records) = (member.current(0), member.records_of(0));
    for _ in 0..2 {
        let answers = ask(harness, &mut member, epoch, &records);
        let expected: Answers = records.iter().map(|record| (record.offset, Ok(record.clone()))).collect();
        assert_eq!(answers, expected);
    }
    member.consumer.close(CALL);
}

/// Partitions are asked beside each other, in several calls each, and reading goes on meanwhile.
pub fn several_partitions_are_read_again_beside_each_other<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 3);
    for partition in 0..3 {
        fill(harness, &topic, partition, 0, 40);
    }
    let mut member = reader(harness, &topic, 3, 40);
    let records: Vec<_> = (0..3).map(|partition| member.records_of(partition)).collect();
    for (partition, records) in (0..).zip(&records) {
        let epoch = member.current(partition);
        let mut wanted: Vec<_> = records.iter().map(wanted).collect();
        let rest = wanted.split_off(15);
        member.consumer.reread(epoch, rest);
        member.consumer.reread(epoch, wanted);
    }
    fill(harness, &topic, 1, 40, 10);
    step_until(
        harness,
        &mut [&mut member],
        "all records are read again and the new ones are read",
        |members| {
            members[0].read_all();
            members[0].reread.len() >= 120 && members[0].records_of(1).len() == 50
        },
    );
    meanwhile(harness, |harness| step(harness, &mut [&mut member]));
    assert_eq!(member.reread.len(), 120, "each is answered once");
    for (partition, records) in (0..).zip(&records) {
        let epoch = member.current(partition);
        let expected: Answers = records.iter().map(|record| (record.offset, Ok(record.clone()))).collect();
        assert_eq!(answers_of(&member, epoch), expected, "partition {partition}");
    }
    member.consumer.close(CALL);
}

/// A few records of many, near each other and far apart.
pub fn records_far_apart_are_read_again<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    fill(harness, &topic, 0, 0, 5000);
    let mut member = reader(harness, &topic, 1, 5000);
    let (epoch, records) = (member.current(0), member.records_of(0));
    for offsets in [&[0, 1, 3, 70, 2500, 2501, 4999][..], &[1200], &[0, 4998]] {
        let few: Vec<_> = offsets.iter().map(|offset: &usize| records[*offset].clone()).collect();
        let answers = ask(harness, &mut member, epoch, &few);
        let expected: Answers = few.iter().map(|record| (record.offset, Ok(record.clone()))).collect();
        assert_eq!(answers, expected);
    }
    member.consumer.close(CALL);
}

/// What the log has deleted from its front is gone, what is left comes back.
pub fn what_was_deleted_is_gone<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    fill(harness, &topic, 0, 0, 10);
    let mut member = reader(harness, &topic, 1, 10);
    let (epoch, records) = (member.current(0), member.records_of(0));
    harness.delete_records(&TopicPartition::new(topic.as_str(), 0), 6);
    let few = [2, 5, 6, 9].map(|offset: usize| records[offset].clone());
    let answers = ask(harness, &mut member, epoch, &few);
    let gone = || Err(Missing::Gone { start: 6 });
    let kept = |offset: usize| Ok(records[offset].clone());
    assert_eq!(answers, Answers::from([(2, gone()), (5, gone()), (6, kept(6)), (9, kept(9))]));
    let everything = [0, 5].map(|offset: usize| records[offset].clone());
    assert_eq!(
        ask(harness, &mut member, epoch, &everything),
        Answers::from([(0, gone()), (5, gone())]),
        "with nothing left to read"
    );
    member.consumer.close(CALL);
}

/// What is not in the log though its front is below has not been deleted, and is not said to be.
pub fn what_the_log_does_not_have_is_missing_and_not_gone<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 1);
    fill(harness, &topic, 0, 0, 10);
    let mut member = reader(harness, &topic, 1, 10);
    let (epoch, records) = (member.current(0), member.records_of(0));
    let other = records[3].clone().at(3, records[3].timestamp - 1);
    let beyond = records[9].clone().at(1000, records[9].timestamp);
    let mut answers = ask(harness, &mut member, epoch, &[other, records[9].clone(), beyond]);
    assert_eq!(answers.remove(&9), Some(Ok(records[9].clone())));
    for (offset, answer) in answers {
        let missing =
            matches!(&answer, Err(Missing::Failed(error)) if error.code == ErrorCode::RecordMissing);
        assert!(missing, "offset {offset}: {answer:?}");
    }
    member.consumer.close(CALL);
}

/// Nothing is answered for an epoch that is being revoked, nor after; what is kept goes on.
pub fn an_epoch_that_ends_is_answered_with_nothing<H: Harness>(harness: &mut H) {
    let topic = topic(harness, 2);
    for partition in 0..2 {
        fill(harness, &topic, partition, 0, 10);
    }
    let mut first = reader(harness, &topic, 2, 10);
    let group = first.group.clone();
    let mut second = join(harness, &group, &topic);
    step_until(harness, &mut [&mut first, &mut second], "one partition is being revoked", |members| {
        members[0].epochs(Hold::Revoking).len() == 1
    });
    let (leaving, kept) = (first.epochs(Hold::Revoking)[0], first.epochs(Hold::Held)[0]);
    let records = first.records_of(0);
    let all: Vec<_> = records.iter().map(wanted).collect();
    first.consumer.reread(leaving, all.clone());
    meanwhile(harness, |harness| step(harness, &mut [&mut first, &mut second]));
    first.release();
    first.consumer.reread(leaving, all.clone());
    first.consumer.reread(Epoch(9_999), all);
    let records = first.spells[&kept].records.clone();
    let answers = ask(harness, &mut first, kept, &records);
    assert_eq!(answers.len(), 10);
    meanwhile(harness, |harness| step(harness, &mut [&mut first, &mut second]));
    assert!(first.reread.iter().all(|answer| answer.epoch == kept), "{:?}", first.reread);
    first.consumer.close(CALL);
    first.consumer.reread(kept, records.iter().map(wanted).collect());
    first.step(harness.now());
    second.consumer.close(CALL);
}

/// Of a compacted topic nothing may be forgotten; of another one beside it everything.
pub fn a_compacted_topic_is_not_rereadable<H: Harness>(harness: &mut H) {
    let (plain, compacted) = (topic(harness, 2), harness.unique("compacted"));
    create(harness, &compacted, 2);
    harness.compact(&compacted);
    let group = harness.unique("group");
    let mut member = join(harness, &group, &compacted);
    step_until(harness, &mut [&mut member], "the partitions are held", |members| {
        members[0].spells.len() == 2
    });
    let mut other = join(harness, &group, &plain);
    step_until(harness, &mut [&mut member, &mut other], "the other topic is rereadable", |members| {
        members[1].rereadable.len() == 2
    });
    meanwhile(harness, |harness| step(harness, &mut [&mut member, &mut other]));
    assert_eq!(member.rereadable, []);
    assert_eq!(other.rereadable, other.epochs(Hold::Held), "said once of each");
    member.consumer.close(CALL);
    other.consumer.close(CALL);
}

/// A member of a group of its own that has read `count` records of each partition of a topic and may forget them.
fn reader<H: Harness>(harness: &mut H, topic: &str, partitions: i32, count: usize) -> Member<H::Consumer> {
    let group = harness.unique("group");
    let mut member = join(harness, &group, topic);
    step_until(harness, &mut [&mut member], "all records are read and may be forgotten", |members| {
        members[0].read_all();
        let read = (0..partitions).all(|partition| members[0].records_of(partition).len() == count);
        read && members[0].rereadable.len() == partitions as usize
    });
    member.group = group;
    member
}

fn wanted(record: &Record) -> Wanted {
    Wanted { offset: record.offset, timestamp: record.timestamp }
}

/// Asks for records and waits for exactly one answer of each.
fn ask<H: Harness>(
    harness: &mut H,
    member: &mut Member<H::Consumer>,
    epoch: Epoch,
    records: &[Record],
) -> Answers {
    member.reread.clear();
    member.consumer.reread(epoch, records.iter().map(wanted).collect());
    step_until(harness, &mut [member], "all records asked for are answered", |members| {
        members[0].reread.len() >= records.len()
    });
    assert_eq!(member.reread.len(), records.len(), "{:?}", member.reread);
    let answers = answers_of(member, epoch);
    assert!(answers.keys().copied().eq(records.iter().map(|record| record.offset)), "{answers:?}");
    answers
}

fn answers_of<C: Consumer>(member: &Member<C>, epoch: Epoch) -> Answers {
    let of = member.reread.iter().filter(|answer| answer.epoch == epoch);
    of.map(|answer| (answer.offset, answer.result.clone())).collect()
}
