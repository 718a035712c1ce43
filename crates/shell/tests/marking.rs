//! Marks that come together with what takes their partition away, on the in-memory broker; and chosen starts.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

use prosody_broker::{
    Admin, Moved, StartFrom, TopicSelector, TopicSpec,
    memory::{Committed, MemoryBroker, MemoryConsumer, Settings as BrokerSettings},
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

/// One member on a topic of one partition, whose records have one key.
struct Bench {
    broker: MemoryBroker,
    shell: Shell<MemoryConsumer>,
    hands: Hands,
    inbox: Inbox,
    now: Duration,
}

impl Bench {
    fn new(records: usize, start: StartFrom, committed: Option<i64>) -> Self {
        let broker = MemoryBroker::new(BrokerSettings::default());
        let spec = TopicSpec { name: "t".into(), partitions: 1, replication_factor: 1 };
        broker.create_topic(&spec, Duration::ZERO).unwrap();
        for _ in 0..records {
            let parts = RecordParts { key: Some(b"k"), value: Some(b"v"), ..RecordParts::default() };
            broker.append(&partition(), Record::new(parts, [])).unwrap();
        }
        let metadata = String::new();
        broker.set_committed("g", &partition(), committed.map(|offset| Committed { offset, metadata }));
        let consumer = broker.consumer("g", Arc::new(|| ())).starting_from(start);
        // An hour between commits: only the last one is made, unless nothing is in hand.
        let settings = Settings { commit_interval: Duration::from_secs(3600), ..Settings::default() };
        let mut shell = Shell::new(consumer, settings, ShellSettings::default());
        shell.subscribe(&[TopicSelector::Name("t".into())]).unwrap();
        let (hands, inbox, now) = (Hands::default(), Inbox::default(), Duration::ZERO);
        Self { broker, shell, hands, inbox, now }
    }

    fn step(&mut self) -> Next {
        self.now += Duration::from_millis(1);
        let now = Now { mono: Mono::default().after(self.now), wall_ms: 0 };
        self.shell.step(&mut self.inbox, now, &mut self.hands)
    }

    fn hand_in(&mut self, event: EventId, outcome: Outcome) {
        self.inbox.settled.push(Settlement { event, outcome });
    }

    /// Steps until the only call is started, and has it return unmarked.
    fn unmarked(&mut self) -> EventId {
        self.step();
        let event = self.hands.calls[0].event;
        self.hand_in(event, Outcome::Unmarked);
        self.step();
        assert_eq!((self.hands.calls.len(), self.shell.engine().unmarked()), (1, 1));
        event
    }

    fn drain(&mut self) {
        let deadline = Mono::default().after(self.now + Duration::from_secs(10));
        self.inbox.drain = Some((deadline, deadline));
    }

    fn committed(&self) -> Option<i64> {
        self.broker.committed("g", &partition()).map(|committed| committed.offset)
    }
}

fn partition() -> TopicPartition {
    TopicPartition::new("t", 0)
}

#[test]
fn a_mark_that_comes_with_a_stop_counts_and_starts_nothing() {
    let mut bench = Bench::new(2, StartFrom::Committed, None);
    let event = bench.unmarked();
    bench.hand_in(event, Outcome::Marked);
    bench.drain();
    assert!(bench.step().drained);
    assert_eq!((bench.committed(), bench.hands.calls.len()), (Some(1), 1));
}

#[test]
fn a_mark_that_comes_with_the_end_of_its_call_and_a_stop_counts() {
    let mut bench = Bench::new(2, StartFrom::Committed, None);
    bench.step();
    let event = bench.hands.calls[0].event;
    bench.hand_in(event, Outcome::Unmarked);
    bench.hand_in(event, Outcome::Marked);
    bench.drain();
    assert!(bench.step().drained);
    assert_eq!((bench.committed(), bench.hands.calls.len()), (Some(1), 1));
}

#[test]
fn a_mark_that_comes_with_a_revocation_counts_and_starts_nothing() {
    let mut bench = Bench::new(2, StartFrom::Committed, None);
    let event = bench.unmarked();
    bench.hand_in(event, Outcome::Marked);
    bench.shell.subscribe(&[TopicSelector::Name("other".into())]).unwrap();
    bench.step();
    assert!(bench.hands.facts.iter().any(|fact| matches!(fact, Fact::Revoked(_))));
    assert_eq!((bench.committed(), bench.hands.calls.len()), (Some(1), 1));
}

#[test]
fn a_mark_lets_its_key_go_on_in_the_same_step() {
    let mut bench = Bench::new(2, StartFrom::Committed, None);
    let event = bench.unmarked();
    bench.hand_in(event, Outcome::Marked);
    bench.step();
    assert_eq!(bench.hands.calls.len(), 2);
}

#[test]
fn an_unmarked_record_goes_with_a_stop_at_once() {
    let mut bench = Bench::new(2, StartFrom::Committed, None);
    bench.unmarked();
    bench.drain();
    assert!(bench.step().drained);
    assert_eq!(bench.committed(), None);
}

#[test]
fn a_chosen_start_is_said_and_committed_by_a_stop_though_nothing_ran() {
    let mut bench = Bench::new(5, StartFrom::Latest, Some(2));
    bench.step();
    let moved = Moved { from: Some(2), to: 5, offsets: 3 };
    assert!(bench.hands.facts.contains(&Fact::StartMoved { partition: partition(), moved }));
    assert_eq!((bench.committed(), bench.hands.calls.len()), (Some(2), 0));
    bench.drain();
    assert!(bench.step().drained);
    assert_eq!(bench.committed(), Some(5));
}

#[test]
fn a_start_at_the_beginning_takes_the_committed_offset_back() {
    let mut bench = Bench::new(3, StartFrom::Earliest, Some(3));
    bench.step();
    assert_eq!(bench.hands.calls[0].record.offset, 0);
    bench.drain();
    bench.step();
    let event = bench.hands.calls[0].event;
    bench.hand_in(event, Outcome::Success);
    assert!(bench.step().drained);
    assert_eq!(bench.committed(), Some(1));
}
