//! Reading records again from a cluster that fails on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mock.rs"]
mod mock;

use std::{
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use mock::{FETCH, Member, MockCluster};
use prosody_broker::{Consumer, ErrorCode, Missing, Outgoing, Producer, Wanted};
use prosody_kafka::KafkaSettings;
use prosody_model::{Epoch, Record, RecordParts};

const TIMEOUT: Duration = Duration::from_millis(1500);

/// One test at a time: they count the threads of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The threads that read records again.
fn readers() -> usize {
    threads("kafka-reread")
}

fn threads(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|found| found.trim() == name).count()
}

/// A cluster, and a member that has read twenty records of its one partition.
fn reader() -> (MockCluster, Member, Epoch, Vec<Record>) {
    reader_with(|_| ())
}

fn reader_with(set: impl FnOnce(&mut KafkaSettings)) -> (MockCluster, Member, Epoch, Vec<Record>) {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 1);
    let mut settings = KafkaSettings { reread_timeout: TIMEOUT, ..cluster.settings() };
    set(&mut settings);
    let (producer, reports) = cluster.producer(&KafkaSettings { send_timeout: CALL, ..settings.clone() });
    let topic: Arc<str> = Arc::from("t");
    let outgoing = |ticket: u64| {
        let value = ticket.to_le_bytes();
        let parts = RecordParts { timestamp: -1, value: Some(&value), ..RecordParts::default() };
        Outgoing { ticket, topic: Arc::clone(&topic), partition: Some(0), record: Record::new(parts, []) }
    };
    producer.send((0..20).map(outgoing).collect());
    reports.wait(20);
    producer.close(CALL);
    let mut member = cluster.member_with(&settings, "t");
    let epoch = member.hold(1)[0];
    member.until("all is read", |member| {
        member.read();
        member.records.len() == 20
    });
    let records = member.records.iter().map(|(_, record)| record.clone()).collect();
    (cluster, member, epoch, records)
}

const CALL: Duration = Duration::from_secs(10);

fn ask(member: &mut Member, epoch: Epoch, records: &[Record]) {
    let wanted = |record: &Record| Wanted { offset: record.offset, timestamp: record.timestamp };
    member.reread.clear();
    member.consumer.reread(epoch, records.iter().map(wanted).collect());
}

/// Asks, and waits until all is answered: the records, or the codes of the failures.
fn answers(member: &mut Member, epoch: Epoch, records: &[Record]) -> Vec<Result<Record, ErrorCode>> {
    ask(member, epoch, records);
    member.until("all is answered", |member| member.reread.len() >= records.len());
    let mut answers = std::mem::take(&mut member.reread);
    answers.sort_by_key(|answer| answer.offset);
    let one = |missing: Missing| match missing {
        Missing::Gone { start } => panic!("gone below {start}"),
        Missing::Failed(error) => error.code,
    };
    answers.into_iter().map(|answer| answer.result.map_err(one)).collect()
}

fn whole(records: &[Record]) -> Vec<Result<Record, ErrorCode>> {
    records.iter().cloned().map(Ok).collect()
}

#[test]
fn a_broker_away_is_a_failure_in_time_and_nothing_once_it_is_back() {
    let _alone = alone();
    let (cluster, mut member, epoch, records) = reader();
    assert_eq!(readers(), 0, "who asks for nothing has no thread");
    assert_eq!(answers(&mut member, epoch, &records), whole(&records));
    for round in 0..2 {
        cluster.down();
        let start = Instant::now();
        let failed = answers(&mut member, epoch, &records[3..5]);
        assert!(start.elapsed() < TIMEOUT + Duration::from_secs(1), "{round}: {:?}", start.elapsed());
        for answer in failed {
            let code = answer.unwrap_err();
            assert!(code.retryable(), "{round}: {code:?}");
        }
        cluster.up();
        let again = |member: &mut Member| answers(member, epoch, &records[3..5]) == whole(&records[3..5]);
        assert!(again(&mut member) || again(&mut member), "{round}: the broker is back");
    }
    assert!(member.lost.is_empty(), "the session was long enough");
}

#[test]
fn an_offset_out_of_range_alone_is_not_gone() {
    let _alone = alone();
    let (cluster, mut member, epoch, records) = reader();
    // Whoever fetches first takes an error, the member's own reading too: there are enough for both.
    cluster.fail(FETCH, &[1, 1, 1, 1]);
    assert_eq!(answers(&mut member, epoch, &records), whole(&records));
}

#[test]
fn what_is_not_allowed_is_said_at_once() {
    let _alone = alone();
    let (cluster, mut member, epoch, records) = reader();
    cluster.fail(FETCH, &[29; 40]);
    let start = Instant::now();
    let answers = answers(&mut member, epoch, &records[..2]);
    assert_eq!(answers, [Err(ErrorCode::Authorization), Err(ErrorCode::Authorization)]);
    assert!(start.elapsed() < TIMEOUT, "{:?}", start.elapsed());
}

#[test]
fn nothing_is_left_of_what_a_lost_epoch_has_asked_for() {
    let _alone = alone();
    let (cluster, mut member, epoch, records) = reader();
    cluster.slow(300);
    ask(&mut member, epoch, &records);
    // An unknown member: the group has lost us.
    cluster.fail(mock::HEARTBEAT, &[25; 3]);
    member.until("the epoch is over", |member| !member.lost.is_empty());
    cluster.slow(0);
    member.until("it is assigned anew", |member| member.assigned.len() == 2);
    let next = member.assigned[1].epoch;
    member.reread.clear();
    assert_eq!(answers(&mut member, next, &records[7..9]), whole(&records[7..9]));
    assert!(member.reread.is_empty(), "{:?}", member.reread);
}

#[test]
fn closing_ends_the_thread_in_the_middle_of_reading() {
    let _alone = alone();
    let (cluster, mut member, epoch, records) = reader();
    cluster.slow(200);
    ask(&mut member, epoch, &records);
    member.until("the thread is there", |_| readers() == 1);
    let start = Instant::now();
    member.consumer.close(Duration::from_secs(5));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(readers(), 0);
    ask(&mut member, epoch, &records);
    member.step();
    assert!(member.reread.is_empty());
}

#[test]
fn a_client_that_is_asked_for_nothing_ends_and_comes_back() {
    let _alone = alone();
    let idle = Duration::from_millis(300);
    let (_cluster, mut member, epoch, records) = reader_with(|settings| settings.reread_idle = idle);
    let before = threads("rdk:main");
    for _ in 0..2 {
        assert_eq!(answers(&mut member, epoch, &records), whole(&records));
        assert_eq!(threads("rdk:main"), before + 1);
        member.until("its client has ended", |_| threads("rdk:main") == before);
    }
}

#[test]
fn what_goes_wrong_is_not_said_a_second_time_by_the_other_client() {
    let _alone = alone();
    let lines: Arc<Mutex<Vec<(i32, String)>>> = Arc::default();
    let (said, sink) = (Arc::clone(&lines), Arc::clone(&lines));
    let log: prosody_kafka::LogSink = Arc::new(move |level, facility, line| {
        sink.lock().unwrap().push((level, format!("{facility}: {line}")));
    });
    let (cluster, mut member, epoch, records) = reader_with(|settings| settings.log = Some(log));
    assert_eq!(answers(&mut member, epoch, &records), whole(&records));
    assert_eq!(*said.lock().unwrap(), [], "nothing is the matter");
    cluster.down();
    assert!(answers(&mut member, epoch, &records[..1])[0].is_err());
    let errors = said.lock().unwrap().iter().filter(|(_, line)| line.starts_with("ERROR")).count();
    assert_eq!(errors, 0, "{:?}", said.lock().unwrap());
}

#[test]
fn a_cluster_that_does_not_tell_its_topics_settings_has_no_rereadable_partitions() {
    let _alone = alone();
    let (_cluster, mut member, epoch, records) = reader();
    // It answers no question about settings. What is asked for all the same comes.
    assert_eq!(answers(&mut member, epoch, &records), whole(&records));
    assert_eq!((member.rereadable.len(), member.warnings.len()), (0, 0), "{:?}", member.warnings);
}
