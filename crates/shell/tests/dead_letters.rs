//! Dead letters, from the engine through a producer into the failure topic of the in-memory broker.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use prosody_broker::{
    Admin, ErrorCode, Outgoing, Producer, Report, TopicSelector, TopicSpec,
    memory::{MemoryBroker, MemoryConsumer, MemoryProducer, SendFault, Settings as BrokerSettings},
};
use prosody_engine::{Dispatch, Observation, Settings, Settlement};
use prosody_model::{
    AbortReason, EventId, Failure, Mono, Now, Outcome, PartitionIndex, Record, RecordParts, TopicPartition,
};
use prosody_shell::{Fact, Handler, Inbox, Shell, ShellSettings};

/// A side whose producer reports into the inbox of the next step.
struct Hands {
    calls: Vec<Dispatch>,
    facts: Vec<Fact>,
    letters: Vec<Outgoing>,
    producer: MemoryProducer,
}

impl Handler for Hands {
    fn partition(&mut self, _index: PartitionIndex, _name: &TopicPartition) {}

    fn dispatch(&mut self, call: Dispatch) {
        self.calls.push(call);
    }

    fn abort(&mut self, _event: EventId, _reason: AbortReason) {}

    fn dead_letter(&mut self, letter: Outgoing) {
        self.letters.push(letter);
    }

    fn observe(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    fn flush(&mut self) {
        self.producer.send(std::mem::take(&mut self.letters));
    }
}

/// One member on the partitions of `t`.
struct Bench {
    broker: MemoryBroker,
    shell: Shell<MemoryConsumer>,
    hands: Hands,
    reports: Arc<Mutex<Vec<Report>>>,
    now: Duration,
}

impl Bench {
    fn new(failure_topic: &str, partitions: i32) -> Self {
        let broker = MemoryBroker::new(BrokerSettings { record_limit: 1000, ..BrokerSettings::default() });
        for (name, partitions) in [("t", partitions), ("dead.t", 1)] {
            let spec = TopicSpec { name: name.into(), partitions, replication_factor: 1 };
            broker.create_topic(&spec, Duration::ZERO).unwrap();
        }
        let settings = Settings {
            failure_topic: Some(failure_topic.into()),
            group: "g".into(),
            commit_interval: Duration::from_millis(10),
            ..Settings::default()
        };
        let mut shell = Shell::new(broker.consumer("g", Arc::new(|| ())), settings, ShellSettings::default());
        shell.subscribe(&[TopicSelector::Name("t".into())]).unwrap();
        let reports = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&reports);
        let producer =
            broker.producer(Arc::new(move |new| sink.lock().unwrap().extend(new)), Duration::from_secs(1));
        let hands = Hands { calls: Vec::new(), facts: Vec::new(), letters: Vec::new(), producer };
        Self { broker, shell, hands, reports, now: Duration::ZERO }
    }

    fn append(&self, partition: i32, parts: RecordParts<'_>, headers: &[(&[u8], Option<&[u8]>)]) {
        let record = Record::new(parts, headers.iter().copied());
        self.broker.append(&TopicPartition::new("t", partition), record).unwrap();
    }

    /// Steps until nothing moves, and ends every call in this way.
    fn run(&mut self, outcome: &Outcome) {
        for _ in 0..20 {
            self.now += Duration::from_millis(20);
            let settled = self.hands.calls.drain(..);
            let settled =
                settled.map(|call| Settlement { event: call.event, outcome: outcome.clone() }).collect();
            let reported = std::mem::take(&mut *self.reports.lock().unwrap());
            let mut inbox = Inbox { settled, reported, ..Inbox::default() };
            let now = Now { mono: Mono::default().after(self.now), wall_ms: 0 };
            self.shell.step(&mut inbox, now, &mut self.hands);
        }
    }

    fn dead(&self) -> Vec<Record> {
        self.broker.records(&TopicPartition::new("dead.t", 0), 0, 100)
    }

    fn committed(&self, partition: i32) -> Option<i64> {
        self.broker.committed("g", &TopicPartition::new("t", partition)).map(|commit| commit.offset)
    }
}

fn never() -> Outcome {
    Outcome::Permanent(Failure::new("Error: never"))
}

#[test]
fn a_dead_letter_is_the_same_record_with_its_origin_behind() {
    let mut bench = Bench::new("dead.{topic}", 1);
    let headers: [(&[u8], Option<&[u8]>); 3] = [(b"x", Some(&[0xff, 0])), (b"x", None), (b"y", Some(b""))];
    let parts = RecordParts { offset: 0, timestamp: 1234, key: Some(b"k"), value: Some(&[0, 0xfe]) };
    bench.append(0, parts, &headers);
    bench.run(&never());
    let dead = bench.dead();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].key(), dead[0].value(), dead[0].timestamp), (parts.key, parts.value, 1234));
    let read: Vec<_> = dead[0].headers().iter().collect();
    assert_eq!(read[..3], headers);
    assert_eq!(read[3], (&b"source-topic"[..], Some(&b"t"[..])));
    assert_eq!(read.len(), 11);
    assert_eq!(bench.committed(0), Some(1));
    let told = bench.hands.facts.iter().find_map(|fact| match fact {
        Fact::DeadLettered { partition, offset, key, topic, attempts, .. } => {
            Some((partition.to_string(), *offset, key.clone(), topic.clone(), *attempts))
        }
        _ => None,
    });
    assert_eq!(told, Some(("t[0]".into(), 0, Some(b"k"[..].into()), "dead.t".into(), 1)));
}

#[test]
fn a_letter_that_could_not_be_sent_is_sent_again_and_its_offset_waits() {
    let mut bench = Bench::new("dead.t", 1);
    let id = bench.hands.producer.id();
    let faults = [SendFault::Refuse(ErrorCode::Unreachable), SendFault::LoseAnswer];
    bench.broker.producer_faults(id, |sender| sender.sends.extend(faults));
    bench.broker.producer_faults(id, |sender| sender.unreachable = true);
    bench.append(0, RecordParts { key: Some(b"k"), ..RecordParts::default() }, &[]);
    bench.run(&never());
    assert_eq!((bench.dead().len(), bench.committed(0)), (0, None));
    bench.broker.producer_faults(id, |sender| sender.unreachable = false);
    for _ in 0..10 {
        bench.run(&never());
    }
    // The second was appended though its answer was lost: at least once, not exactly once.
    assert_eq!((bench.dead().len(), bench.committed(0)), (2, Some(1)));
    let delayed = |fact: &&Fact| {
        matches!(fact, Fact::Engine { observation: Observation::DeadLetterDelayed { .. }, .. })
    };
    assert_eq!(bench.hands.facts.iter().filter(delayed).count(), 2);
}

#[test]
fn a_record_of_the_failure_topic_itself_is_said_and_counts_as_done() {
    let mut bench = Bench::new("{topic}", 1);
    bench.append(0, RecordParts { key: Some(b"k"), ..RecordParts::default() }, &[]);
    bench.run(&never());
    assert_eq!(bench.committed(0), Some(1));
    assert_eq!(bench.broker.log_range(&TopicPartition::new("t", 0)), Some(0..1));
    let disposed =
        |fact: &Fact| matches!(fact, Fact::Engine { observation: Observation::Disposed { .. }, .. });
    assert!(bench.hands.facts.iter().any(disposed));
}

#[test]
fn a_letter_too_large_for_its_topic_stops_its_partition_with_a_typed_error() {
    let mut bench = Bench::new("dead.t", 2);
    let large = [7; 950];
    bench.append(0, RecordParts { key: Some(b"k"), value: Some(&large), ..RecordParts::default() }, &[]);
    bench.append(0, RecordParts { key: Some(b"k"), ..RecordParts::default() }, &[]);
    bench.append(1, RecordParts { key: Some(b"k"), ..RecordParts::default() }, &[]);
    for _ in 0..10 {
        bench.run(&never());
    }
    assert_eq!((bench.committed(0), bench.committed(1)), (None, Some(1)));
    assert_eq!((bench.shell.stopped_partitions(), bench.dead().len()), (1, 1));
    let stopped = bench.hands.facts.iter().find_map(|fact| match fact {
        Fact::Stopped { partition, error } => Some((partition.partition, error.code, error.message.clone())),
        _ => None,
    });
    let (partition, code, message) = stopped.unwrap();
    assert_eq!((partition, code), (0, ErrorCode::TooLarge));
    assert!(message.contains("offset 0 of t[0]") && message.contains("dead.t"), "{message}");
}
