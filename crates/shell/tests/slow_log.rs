//! A log that takes its time.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use prosody_broker::{
    Admin, BrokerError, Commit, CommitResult, Consumer, ConsumerEvent, ErrorCode, TopicSelector, TopicSpec,
    Wanted,
    memory::{MemoryBroker, MemoryConsumer, Settings as BrokerSettings},
};
use prosody_engine::{Dispatch, Settings, Settlement};
use prosody_model::{
    AbortReason, Epoch, EventId, Mono, Now, Outcome, PartitionIndex, Record, RecordParts, TopicPartition,
};
use prosody_shell::{Fact, Handler, Inbox, Next, Shell, ShellSettings};

thread_local! {
    static TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn clock() -> Mono {
    Mono::default().after(TIME.get())
}

/// What passes, in order.
type Story = Rc<RefCell<Vec<&'static str>>>;

/// A coordinator that never answers: whoever waits for it waits in vain.
struct Frozen {
    inner: MemoryConsumer,
    story: Story,
}

impl Consumer for Frozen {
    fn subscribe(&mut self, topics: &[TopicSelector]) -> Result<(), BrokerError> {
        self.inner.subscribe(topics)
    }

    fn poll(&mut self, now: Now, events: &mut Vec<ConsumerEvent>) {
        self.inner.poll(now, events);
    }

    fn read(&mut self, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize {
        self.inner.read(epoch, max, records)
    }

    fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>) {
        self.inner.reread(epoch, wanted);
    }

    fn commit(&mut self, _commits: Vec<Commit>) {}

    fn commit_now(&mut self, commits: Vec<Commit>, timeout: Duration) -> Vec<CommitResult> {
        self.story.borrow_mut().push("last commit");
        TIME.set(TIME.get() + timeout);
        let late = |Commit { epoch, offset, .. }| {
            let result = Err(BrokerError::new(ErrorCode::Timeout, "no answer"));
            CommitResult { epoch, offset, result }
        };
        commits.into_iter().map(late).collect()
    }

    fn release(&mut self, epochs: &[Epoch]) {
        self.inner.release(epochs);
    }

    fn close(&mut self, timeout: Duration) {
        self.inner.close(timeout);
    }
}

struct Hands {
    calls: Vec<Dispatch>,
    story: Story,
}

impl Handler for Hands {
    fn partition(&mut self, _index: PartitionIndex, _name: &TopicPartition) {}

    fn dispatch(&mut self, call: Dispatch) {
        self.story.borrow_mut().push("start");
        self.calls.push(call);
    }

    fn abort(&mut self, _event: EventId, _reason: AbortReason) {
        self.story.borrow_mut().push("abort");
    }

    fn observe(&mut self, _fact: Fact) {}

    fn flush(&mut self) {
        self.story.borrow_mut().push("flush");
    }
}

struct Bench {
    broker: MemoryBroker,
    shell: Shell<Frozen>,
    hands: Hands,
    inbox: Inbox,
    story: Story,
}

impl Bench {
    /// Two partitions, each with records of one key.
    fn new(max_concurrency: usize, records: &[i32]) -> Self {
        TIME.set(Duration::ZERO);
        let broker = MemoryBroker::new(BrokerSettings::default());
        let spec = TopicSpec { name: "t".into(), partitions: 2, replication_factor: 1 };
        broker.create_topic(&spec, Duration::ZERO).unwrap();
        for &partition in records {
            let parts = RecordParts { key: Some(b"k"), value: Some(b"v"), ..RecordParts::default() };
            broker.append(&TopicPartition::new("t", partition), Record::new(parts, [])).unwrap();
        }
        let story = Story::default();
        let consumer = Frozen { inner: broker.consumer("g", Arc::new(|| ())), story: story.clone() };
        let settings = ShellSettings { clock: Some(clock), ..ShellSettings::default() };
        let mut shell = Shell::new(consumer, Settings { max_concurrency, ..Settings::default() }, settings);
        shell.subscribe(&[TopicSelector::Name("t".into())]).unwrap();
        let hands = Hands { calls: Vec::new(), story: story.clone() };
        let mut bench = Self { broker, shell, hands, inbox: Inbox::default(), story };
        bench.step();
        bench
    }

    fn step(&mut self) -> Next {
        self.story.borrow_mut().push("step");
        let now = Now { mono: clock(), wall_ms: 0 };
        self.shell.step(&mut self.inbox, now, &mut self.hands)
    }

    /// The oldest open call has ended well.
    fn succeed_one(&mut self) {
        let event = self.hands.calls.remove(0).event;
        self.inbox.settled.push(Settlement { event, outcome: Outcome::Success });
    }

    /// Both partitions have something to commit, and one of them has a call that runs.
    fn busy() -> Self {
        let mut bench = Self::new(2, &[0, 1, 1]);
        bench.succeed_one();
        bench.succeed_one();
        bench.step();
        assert_eq!(bench.hands.calls.len(), 1);
        bench
    }

    /// Drains; when calls were asked to stop, if any were, and when it was over.
    fn drain(&mut self, abort_after: Duration, end_after: Duration) -> (Option<Duration>, Duration) {
        self.inbox.drain = Some((Mono::default().after(abort_after), Mono::default().after(end_after)));
        let mut aborted = None;
        loop {
            let next = self.step();
            if aborted.is_none() && self.story.borrow().contains(&"abort") {
                aborted = Some(TIME.get());
            }
            if next.drained {
                return (aborted, TIME.get());
            }
            let at = next.wake_at.unwrap().since(Mono::default());
            TIME.set(TIME.get().max(at));
        }
    }
}

#[test]
fn a_drain_ends_in_time_whatever_its_commits_wait_for() {
    let mut bench = Bench::busy();
    // One partition is released when the drain begins, the other in the same step for its call has ended.
    bench.succeed_one();
    let (_, ended) = bench.drain(Duration::from_secs(4), Duration::from_secs(5));
    let limit = Duration::from_secs(5) + ShellSettings::default().late_commit;
    assert!(ended <= limit, "ended after {ended:?}");
}

#[test]
fn calls_are_asked_to_stop_on_time_while_a_commit_waits() {
    let mut bench = Bench::busy();
    let (aborted, _) = bench.drain(Duration::from_secs(4), Duration::from_secs(20));
    assert!(aborted.unwrap() <= Duration::from_millis(4_050), "asked after {aborted:?}");
}

#[test]
fn what_a_step_has_started_goes_out_before_it_waits_for_a_commit() {
    let mut bench = Bench::new(1, &[0, 0, 0, 0, 1, 1, 1, 1]);
    // Until a call of the partition runs that will go.
    for _ in 0..5 {
        bench.succeed_one();
        bench.step();
    }
    let mut other = bench.broker.consumer("g", Arc::new(|| ()));
    other.subscribe(&[TopicSelector::Name("t".into())]).unwrap();
    other.poll(Now::default(), &mut Vec::new());
    while !bench.story.borrow().contains(&"last commit") {
        bench.succeed_one();
        bench.step();
    }
    let story = bench.story.borrow();
    let commit = story.iter().position(|what| *what == "last commit").unwrap();
    let step = story[..commit].iter().rposition(|what| *what == "step").unwrap();
    assert_eq!(story[step..=commit], ["step", "start", "flush", "last commit"]);
}
