//! Giving partitions up, on the in-memory broker.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

use prosody_broker::{
    Admin, ErrorCode, TopicSelector, TopicSpec,
    memory::{CommitFault, MemoryBroker, MemoryConsumer, Settings as BrokerSettings},
};
use prosody_engine::{Dispatch, Settings, Settlement};
use prosody_model::{
    AbortReason, EventId, Mono, Now, Outcome, PartitionIndex, Record, RecordParts, TopicPartition,
};
use prosody_shell::{Fact, Handler, Inbox, Next, Shell, ShellSettings};

/// Collects what it is told.
#[derive(Default)]
struct Hands {
    calls: Vec<Dispatch>,
    facts: Vec<Fact>,
}

impl Handler for Hands {
    fn partition(&mut self, _index: PartitionIndex, _name: &TopicPartition) {}

    fn dispatch(&mut self, call: Dispatch) {
        self.calls.push(call);
    }

    fn abort(&mut self, _event: EventId, _reason: AbortReason) {}

    fn observe(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

/// One member on a topic of one partition.
struct Bench {
    broker: MemoryBroker,
    shell: Shell<MemoryConsumer>,
    hands: Hands,
    inbox: Inbox,
    now: Duration,
}

impl Bench {
    fn new(records: usize) -> Self {
        let broker = MemoryBroker::new(BrokerSettings::default());
        let spec = TopicSpec { name: "t".into(), partitions: 1, replication_factor: 1 };
        broker.create_topic(&spec, Duration::ZERO).unwrap();
        for _ in 0..records {
            let parts = RecordParts { key: Some(b"k"), value: Some(b"v"), ..RecordParts::default() };
            broker.append(&partition(), Record::new(parts, [])).unwrap();
        }
        let consumer = broker.consumer("g", Arc::new(|| ()));
        // An hour between commits: only the last one is made.
        let settings = Settings { commit_interval: Duration::from_secs(3600), ..Settings::default() };
        let mut shell = Shell::new(consumer, settings, ShellSettings::default());
        shell.subscribe(&[TopicSelector::Name("t".into())]).unwrap();
        let now = Duration::ZERO;
        Self { broker, shell, hands: Hands::default(), inbox: Inbox::default(), now }
    }

    fn step(&mut self) -> Next {
        let now = Now { mono: Mono::default().after(self.now), wall_ms: 0 };
        self.shell.step(&mut self.inbox, now, &mut self.hands)
    }

    fn wait(&mut self, time: Duration) -> Next {
        self.now += time;
        self.step()
    }

    /// Ends every open call well.
    fn succeed(&mut self) {
        let ended = self.hands.calls.drain(..);
        self.inbox
            .settled
            .extend(ended.map(|call| Settlement { event: call.event, outcome: Outcome::Success }));
    }

    fn drain(&mut self, time: Duration) -> Next {
        let deadline = Mono::default().after(self.now + time);
        self.inbox.drain = Some((deadline, deadline));
        self.step()
    }

    /// What becomes of the next commits.
    fn commits(&mut self, faults: impl IntoIterator<Item = CommitFault>) {
        let id = self.shell.consumer_mut().id();
        self.broker.consumer_faults(id, |own| own.commits.extend(faults));
    }

    fn committed(&self) -> Option<i64> {
        self.broker.committed("g", &partition()).map(|committed| committed.offset)
    }
}

fn partition() -> TopicPartition {
    TopicPartition::new("t", 0)
}

const REBALANCING: CommitFault = CommitFault::Refuse(ErrorCode::Rebalancing);

#[test]
fn a_last_commit_refused_for_the_moment_is_made_again_before_the_release() {
    let mut bench = Bench::new(1);
    bench.step();
    bench.succeed();
    bench.step();
    bench.commits([REBALANCING, REBALANCING]);
    let next = bench.drain(Duration::from_secs(10));
    assert!(!next.drained);
    assert_eq!(
        (bench.committed(), next.wake_at),
        (None, Some(Mono::default().after(Duration::from_millis(50))))
    );
    assert!(!bench.wait(Duration::from_millis(50)).drained);
    assert!(bench.wait(Duration::from_millis(50)).drained);
    assert_eq!(bench.committed(), Some(1));
}

#[test]
fn a_last_commit_that_is_never_taken_does_not_hold_a_drain_past_its_end() {
    let mut bench = Bench::new(1);
    bench.step();
    bench.succeed();
    bench.step();
    bench.commits([REBALANCING; 1000]);
    assert!(!bench.drain(Duration::from_millis(120)).drained);
    assert!(!bench.wait(Duration::from_millis(119)).drained);
    let next = bench.wait(Duration::from_millis(1));
    assert!(next.drained);
    assert_eq!(bench.committed(), None);
}

#[test]
fn a_drain_makes_a_last_commit_again_until_its_end_and_says_so_once() {
    let mut bench = Bench::new(1);
    bench.step();
    bench.succeed();
    bench.step();
    bench.commits([REBALANCING; 300]);
    bench.drain(Duration::from_secs(30));
    // Far longer than one commit may take.
    for _ in 0..299 {
        assert!(!bench.wait(Duration::from_millis(50)).drained);
    }
    assert!(bench.wait(Duration::from_millis(50)).drained);
    assert_eq!(bench.committed(), Some(1));
    let told = bench.hands.facts.iter().filter(|fact| matches!(fact, Fact::CommitFailed { .. }));
    assert_eq!(told.count(), 1);
}

#[test]
fn a_revocation_waits_for_its_last_commit_no_longer_than_one_commit_may_take() {
    let mut bench = Bench::new(1);
    bench.step();
    bench.succeed();
    bench.step();
    bench.commits([REBALANCING; 1000]);
    bench.shell.subscribe(&[TopicSelector::Name("other".into())]).unwrap();
    let mut steps = 0;
    while !bench.hands.facts.iter().any(|fact| matches!(fact, Fact::Revoked(_))) {
        bench.wait(Duration::from_millis(50));
        steps += 1;
    }
    // The first one hears of the revocation.
    assert_eq!(steps, 1 + 100);
}

#[test]
fn a_last_commit_that_waiting_would_not_change_is_not_made_again() {
    for code in [ErrorCode::Fenced, ErrorCode::UnknownTopic] {
        let mut bench = Bench::new(1);
        bench.step();
        bench.succeed();
        bench.step();
        bench.commits([CommitFault::Refuse(code)]);
        assert!(bench.drain(Duration::from_secs(10)).drained, "{code:?}");
        assert_eq!(bench.committed(), None);
    }
}

#[test]
fn an_outcome_that_comes_with_a_loss_starts_nothing_in_the_lost_partition() {
    let mut bench = Bench::new(2);
    bench.step();
    bench.succeed();
    let id = bench.shell.consumer_mut().id();
    assert!(bench.broker.evict(id));
    let first = bench.shell.engine().counters().dispatched;
    bench.step();
    assert!(bench.hands.facts.iter().any(|fact| matches!(fact, Fact::Lost(_))));
    // What starts now was read again, in the epoch that came after.
    assert_eq!(bench.shell.engine().counters().late, 1);
    assert!(bench.hands.calls.iter().all(|call| call.epoch.0 == 2), "{:?}", bench.hands.calls);
    assert_eq!(first, 1);
}

#[test]
fn what_a_drain_has_released_is_neither_lost_nor_revoked_again() {
    let mut bench = Bench::new(1);
    bench.step();
    assert!(!bench.drain(Duration::from_secs(10)).drained);
    bench.succeed();
    assert!(bench.step().drained);
    let id = bench.shell.consumer_mut().id();
    bench.broker.evict(id);
    bench.step();
    bench.step();
    let facts = &bench.hands.facts;
    assert!(facts.iter().all(|fact| !matches!(fact, Fact::Lost(_))), "{facts:?}");
    assert!(facts.iter().all(|fact| !matches!(fact, Fact::Revoked(gone) if gone.is_empty())), "{facts:?}");
}
