//! What every broker behind this port does, as tests that run on each of them: the in-memory one here, Kafka
//! in the adapter's integration tests.
//!
//! Each fact is a function of a [`Harness`]; [`conformance!`](crate::conformance!) makes one `#[test]` of each.
//! Nothing sleeps for luck: a fact polls until its condition holds, or fails when the harness's patience ends.

// The functions are tests: failing is what they do.
#![allow(clippy::missing_panics_doc)]

pub mod admin;
pub mod commits;
mod member;
pub mod producer;
pub mod reading;
pub mod rebalance;
pub mod rereading;
pub mod starting;
pub mod topics;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prosody_model::{Mono, Now, Record, RecordParts, TopicPartition};

use crate::{
    Admin, Consumer, Outgoing, Producer, Report, ReportSink, StartFrom, TopicSelector, TopicSpec, Waker,
};

use member::Member;

/// A broker to try, and the time it runs in.
pub trait Harness {
    type Consumer: Consumer;
    type Producer: Producer;
    type Admin: Admin;

    /// A consumer with a session timeout longer than [`patience`](Self::patience), which notices new topics well
    /// within it.
    fn consumer(&mut self, group: &str, waker: Waker) -> Self::Consumer;
    /// The same with another start of its first assignment.
    fn consumer_from(&mut self, start: StartFrom, group: &str, waker: Waker) -> Self::Consumer;
    fn producer(&mut self, sink: ReportSink) -> Self::Producer;
    fn admin(&mut self) -> Self::Admin;

    /// A name that starts with `name` and that no other fact and no earlier run has used.
    fn unique(&mut self, name: &str) -> String;
    fn now(&self) -> Now;

    /// Lets a little time pass.
    fn wait(&mut self);

    /// Deletes the records of a partition below `before`.
    fn delete_records(&mut self, partition: &TopicPartition, before: i64);

    /// Makes a topic that nobody has subscribed to yet a compacted one.
    fn compact(&mut self, topic: &str);

    /// How long a fact waits for what it expects.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// The size of a record that is too large to be sent.
    fn oversized(&self) -> usize {
        4 << 20
    }
}

/// Makes one `#[test]` of every fact; the expression makes the harness of each, attributes go on each.
///
/// ```ignore
/// prosody_broker::conformance!(#[ignore = "needs Kafka"] KafkaHarness::new());
/// ```
#[macro_export]
macro_rules! conformance {
    (@all $attributes:tt $harness:expr; $($module:ident :: $fact:ident)*) => {
        $( $crate::conformance!(@one $attributes $harness; $module :: $fact); )*
    };
    (@one [$($attribute:tt)*] $harness:expr; $module:ident :: $fact:ident) => {
        #[test]
        $($attribute)*
        fn $fact() {
            $crate::conformance::$module::$fact(&mut $harness);
        }
    };
    ($(#[$attribute:meta])* $harness:expr) => {
        $crate::conformance!(@all [$(#[$attribute])*] $harness;
            admin::a_topic_is_created_once_and_deleted_once
            admin::an_impossible_topic_is_refused
            commits::a_commit_comes_back_to_the_next_member
            commits::a_commit_of_an_epoch_that_is_over_is_fenced
            commits::a_new_group_starts_at_the_beginning
            commits::a_waited_for_commit_comes_back
            commits::full_metadata_comes_back_exactly
            commits::metadata_over_the_limit_is_refused
            producer::a_closed_producer_reports_closed
            producer::a_missing_partition_is_reported
            producer::a_record_that_is_too_large_is_reported_alone
            producer::every_ticket_is_reported_once
            producer::keys_are_partitioned_as_by_the_java_client
            producer::sends_of_a_key_keep_their_order
            reading::a_record_comes_back_exactly
            reading::new_records_wake_the_reader
            reading::records_of_a_partition_come_in_order
            reading::unread_records_stay
            rebalance::a_closed_consumer_is_out_of_use
            rebalance::a_leaver_hands_over_at_once
            rebalance::a_newcomer_gets_its_share
            rebalance::a_revoked_partition_waits_for_its_release
            rebalance::what_is_released_goes_on_where_it_was_committed
            rereading::a_compacted_topic_is_not_rereadable
            rereading::a_record_comes_back_again_exactly
            rereading::an_epoch_that_ends_is_answered_with_nothing
            rereading::records_far_apart_are_read_again
            rereading::several_partitions_are_read_again_beside_each_other
            rereading::what_the_log_does_not_have_is_missing_and_not_gone
            rereading::what_was_deleted_is_gone
            starting::a_start_at_the_beginning_runs_again_what_is_committed
            starting::a_start_at_the_end_passes_over_what_is_there
            starting::a_start_is_for_the_first_assignment_alone
            starting::a_start_is_found_though_what_is_committed_is_out_of_range
            starting::an_empty_log_and_a_new_group_have_the_start_they_can_have
            topics::a_committed_offset_above_the_end_stops_the_partition
            topics::a_committed_offset_below_the_start_stops_the_partition
            topics::a_missing_topic_is_waited_for
            topics::a_pattern_picks_up_a_new_topic
            topics::an_invalid_pattern_is_refused
        );
    };
}

/// Blocking calls get this long.
const CALL: Duration = Duration::from_secs(30);

/// Waits until `holds`, or fails.
fn until<H: Harness>(harness: &mut H, what: &str, mut holds: impl FnMut(&mut H) -> bool) {
    let deadline = harness.now().mono.after(harness.patience());
    while !holds(harness) {
        assert!(harness.now().mono < deadline, "waited in vain until {what}");
        harness.wait();
    }
}

/// Calls `act` over and over for a while in which something must not happen.
fn meanwhile<H: Harness>(harness: &mut H, mut act: impl FnMut(&mut H)) {
    let deadline: Mono = harness.now().mono.after(Duration::from_millis(500));
    while harness.now().mono < deadline {
        act(harness);
        harness.wait();
    }
}

/// Creates a topic with a name of its own.
fn topic<H: Harness>(harness: &mut H, partitions: i32) -> String {
    let name = harness.unique("topic");
    create(harness, &name, partitions);
    name
}

fn create<H: Harness>(harness: &mut H, name: &str, partitions: i32) {
    let spec = TopicSpec { name: name.to_owned(), partitions, replication_factor: 1 };
    assert_eq!(harness.admin().create_topic(&spec, CALL), Ok(()));
}

/// A member of `group` that has subscribed to a topic by name.
fn join<H: Harness>(harness: &mut H, group: &str, topic: &str) -> Member<H::Consumer> {
    join_with(harness, group, TopicSelector::Name(topic.to_owned()), Arc::new(|| ()))
}

fn join_with<H: Harness>(
    harness: &mut H,
    group: &str,
    topic: TopicSelector,
    waker: Waker,
) -> Member<H::Consumer> {
    let mut consumer = harness.consumer(group, waker);
    assert_eq!(consumer.subscribe(&[topic]), Ok(()));
    Member::new(consumer)
}

/// Steps the members until `holds`, or fails. No partition is ever held by two of them.
fn step_until<H: Harness>(
    harness: &mut H,
    members: &mut [&mut Member<H::Consumer>],
    what: &str,
    mut holds: impl FnMut(&mut [&mut Member<H::Consumer>]) -> bool,
) {
    until(harness, what, |harness| {
        step(harness, members);
        holds(members)
    });
}

/// Polls each member once.
fn step<H: Harness>(harness: &mut H, members: &mut [&mut Member<H::Consumer>]) {
    for member in members.iter_mut() {
        member.step(harness.now());
    }
    let mut held: Vec<TopicPartition> = members.iter().flat_map(|member| member.partitions()).collect();
    held.sort();
    assert!(held.windows(2).all(|pair| pair[0] != pair[1]), "a partition is held twice: {held:?}");
}

/// The reports of a producer as they come.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    fn sink(&self) -> ReportSink {
        let reports = self.clone();
        Arc::new(move |new| reports.lock().extend(new))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reports in the order of their tickets, once there are `count`.
    fn wait<H: Harness>(&self, harness: &mut H, count: usize) -> Vec<Report> {
        until(harness, "every record is reported", |_| self.lock().len() >= count);
        let mut reports = self.lock().clone();
        reports.sort_by_key(|report| report.ticket);
        reports
    }
}

/// A record on its way to one partition.
fn outgoing(ticket: u64, topic: &str, partition: Option<i32>, parts: RecordParts<'_>) -> Outgoing {
    Outgoing { ticket, topic: topic.into(), partition, record: Record::new(parts, []) }
}

/// Sends `count` records to a partition whose values are their numbers from `first` on, and sees them acknowledged.
fn fill<H: Harness>(harness: &mut H, topic: &str, partition: i32, first: u64, count: u64) {
    let reports = Reports::default();
    let producer = harness.producer(reports.sink());
    let record = |number: u64| {
        let value = number.to_le_bytes();
        let parts = RecordParts { timestamp: -1, value: Some(&value), ..RecordParts::default() };
        outgoing(number, topic, Some(partition), parts)
    };
    producer.send((first..first + count).map(record).collect());
    let reports = reports.wait(harness, count as usize);
    assert!(reports.iter().all(|report| report.result.is_ok()), "{reports:?}");
    producer.close(CALL);
}

#[cfg(test)]
mod tests;
