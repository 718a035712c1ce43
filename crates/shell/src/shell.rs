//! One step of a consumer.

use std::time::Duration;

use prosody_broker::{
    BrokerError, Commit, CommitResult, Consumer, ConsumerEvent, ErrorCode, Outgoing, Report, TopicSelector,
};
use prosody_engine::{
    Action, Assignment, CommitResult as Verdict, DeadLetter, Dispatch, Engine, Input, Settings, Settlement,
    Wanted,
};
use prosody_model::{AbortReason, Epoch, EventId, Mono, Now, PartitionIndex, TopicPartition};

use crate::{fact::Fact, names::Names, reading::Readings};

mod ending;
mod marking;
mod posting;
mod releasing;
mod rereading;
mod settling;

use ending::Endings;

/// The side that runs the handlers.
pub trait Handler {
    /// `index` stands for `name` from now on.
    fn partition(&mut self, index: PartitionIndex, name: &TopicPartition);
    /// Start a handler call; its outcome comes back through [`Inbox::settled`].
    fn dispatch(&mut self, call: Dispatch);
    /// Ask a call to stop.
    fn abort(&mut self, event: EventId, reason: AbortReason);
    /// Send a dead letter; the report on its ticket comes back through [`Inbox::reported`]. Never called without a
    /// failure topic.
    fn dead_letter(&mut self, _letter: Outgoing) {}
    /// Tell people.
    fn observe(&mut self, fact: Fact);
    /// What has been collected so far may go out: the step is not over, but what follows may take a while.
    fn flush(&mut self) {}
}

/// What has come in from the other side since the last step.
#[derive(Debug, Default)]
pub struct Inbox {
    pub settled: Vec<Settlement>,
    /// What became of dead letters, and of nothing else.
    pub reported: Vec<Report>,
    /// Start nothing new; abort at the first instant, be done by the second.
    pub drain: Option<(Mono, Mono)>,
}

/// What the caller of [`Shell::step`] does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// Step again at once: there is more to read.
    pub again: bool,
    /// Step at this instant at the latest.
    pub wake_at: Option<Mono>,
    /// The drain is over: close the shell.
    pub drained: bool,
}

/// Bounds of the loop itself.
#[derive(Clone, Copy, Debug)]
pub struct ShellSettings {
    /// Most records of one read.
    pub read_batch: usize,
    /// Most reads of one step, so that outcomes do not wait behind a long backlog.
    pub reads_per_step: usize,
    /// Longest wait for the answer to the commit that ends an assignment; a refused one is made again for so long,
    /// in a drain until its end.
    pub commit_timeout: Duration,
    /// What such a commit gets when the time for it is over: a short wait beats running everything again.
    pub late_commit: Duration,
    /// Tells how late it is once a commit has blocked; without it a step takes no time.
    pub clock: Option<fn() -> Mono>,
}

impl Default for ShellSettings {
    fn default() -> Self {
        Self {
            read_batch: 512,
            reads_per_step: 2,
            commit_timeout: Duration::from_secs(5),
            late_commit: Duration::from_millis(100),
            clock: None,
        }
    }
}

/// A consumer: one membership, one engine, and what ties them together.
pub struct Shell<C> {
    consumer: C,
    engine: Engine,
    settings: ShellSettings,
    names: Names,
    readings: Readings,
    /// Partitions that wait for their last commit to be taken.
    endings: Endings,
    /// Emptied in each step; kept for their memory.
    events: Vec<ConsumerEvent>,
    actions: Vec<Action>,
    /// What the log has yet to be told. Bound: one commit and one release a partition; the step that decides it tells
    /// it, or the one after [`Shell::settle`].
    commits: Vec<Commit>,
    released: Vec<(Epoch, Option<prosody_engine::Commit>)>,
    /// Dead letters yet to be sent, at the same time. Bound: one a record in hand.
    letters: Vec<DeadLetter>,
    /// Records yet to be asked for again, at the same time. Bound: what the engine has room for.
    wanted: Vec<(Epoch, Vec<Wanted>)>,
    /// When a drain stops its calls, and when it must be over.
    drain: Option<(Mono, Mono)>,
    drained: bool,
    failed: Option<BrokerError>,
}

/// What outlives a membership: calls that have not settled, the keys they hold, and how partitions are numbered.
#[derive(Debug)]
pub struct Remains {
    engine: Engine,
    names: Names,
}

impl<C: Consumer> Shell<C> {
    pub fn new(consumer: C, engine: Settings, settings: ShellSettings) -> Self {
        let remains = Remains { engine: Engine::new(engine), names: Names::default() };
        Self::resume(consumer, remains, settings)
    }

    /// A shell for the next membership of a process: a key that an earlier one still runs waits for it.
    pub fn resume(consumer: C, remains: Remains, settings: ShellSettings) -> Self {
        let Remains { mut engine, names } = remains;
        engine.reopen();
        Self {
            consumer,
            engine,
            settings,
            names,
            readings: Readings::default(),
            endings: Endings::default(),
            events: Vec::new(),
            actions: Vec::new(),
            commits: Vec::new(),
            released: Vec::new(),
            letters: Vec::new(),
            wanted: Vec::new(),
            drain: None,
            drained: false,
            failed: None,
        }
    }

    /// Joins the group for these topics.
    ///
    /// # Errors
    ///
    /// Those of [`Consumer::subscribe`].
    pub fn subscribe(&mut self, topics: &[TopicSelector]) -> Result<(), BrokerError> {
        self.consumer.subscribe(topics)
    }

    /// Takes in what has happened and does what follows from it. Blocks only for the commit that ends an
    /// assignment, for `commit_timeout` at most.
    pub fn step<H: Handler>(&mut self, inbox: &mut Inbox, now: Now, handler: &mut H) -> Next {
        self.carry_out(now, handler);
        // First of all: what was marked is not to be given up as unmarked.
        let marked = marking::take(&mut inbox.settled);
        let any_marked = !marked.is_empty();
        if any_marked {
            self.tell(Input::Marked(marked), now, handler);
        }
        if let Some((abort_at, deadline)) = inbox.drain.take() {
            self.drain.get_or_insert((abort_at, deadline));
            self.endings.hurry(deadline);
            self.tell(Input::Drain { abort_at, deadline }, now, handler);
        }
        // Before the outcomes, which start what is next: not in a partition that is gone, or is to be given up.
        self.poll(now, handler);
        if any_marked || !inbox.settled.is_empty() {
            let settled = std::mem::take(&mut inbox.settled);
            self.tell(Input::Settled(settled), now, handler);
        }
        if !inbox.reported.is_empty() {
            let reported = std::mem::take(&mut inbox.reported);
            self.answered(reported, now, handler);
        }
        if self.engine.wake_at().is_some_and(|at| at <= now.mono) {
            self.tell(Input::Tick, now, handler);
        }
        // After the tick, for it may block: calls are asked to stop on time.
        self.end_due(now, handler);
        // Free slots are filled from what is in hand first; handlers run while more is read.
        handler.flush();
        let again = self.read(now, handler);
        handler.flush();
        let wake_at = self.wake_at();
        Next { again, wake_at, drained: self.drained && self.endings.is_empty() }
    }

    fn wake_at(&self) -> Option<Mono> {
        [self.engine.wake_at(), self.endings.next()].into_iter().flatten().min()
    }

    /// Leaves the group, waiting for `timeout` at most.
    pub fn close(&mut self, timeout: Duration) {
        self.consumer.close(timeout);
    }

    /// Ends the consumer, by a crash if it was not closed.
    pub fn into_remains(self) -> Remains {
        Remains { engine: self.engine, names: self.names }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn consumer_mut(&mut self) -> &mut C {
        &mut self.consumer
    }

    /// The name of a partition that was assigned to this process.
    pub fn name_of(&self, partition: PartitionIndex) -> Option<&TopicPartition> {
        self.names.get(partition)
    }

    /// Held partitions that cannot be read on.
    pub fn stopped_partitions(&self) -> usize {
        self.readings.stopped()
    }

    /// Why the membership is over, if it is.
    pub fn failure(&self) -> Option<&BrokerError> {
        self.failed.as_ref()
    }

    fn poll<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let mut events = std::mem::take(&mut self.events);
        self.consumer.poll(now, &mut events);
        for event in events.drain(..) {
            self.take(event, now, handler);
        }
        self.events = events;
    }

    fn take<H: Handler>(&mut self, event: ConsumerEvent, now: Now, handler: &mut H) {
        match event {
            ConsumerEvent::Assigned(assigned) => {
                handler.observe(Fact::Assigned(assigned.iter().map(|a| a.partition.clone()).collect()));
                for assigned in assigned {
                    let (partition, new) = self.names.intern(&assigned.partition);
                    if new {
                        handler.partition(partition, &assigned.partition);
                        let topic = assigned.partition.topic.to_string();
                        self.tell(Input::Named { partition, topic }, now, handler);
                    }
                    self.readings.hold(assigned.epoch, partition);
                    let prosody_broker::Assigned { epoch, partition: name, committed, metadata, moved } =
                        assigned;
                    if let Some(moved) = moved {
                        handler.observe(Fact::StartMoved { partition: name, moved });
                    }
                    let moved = moved.is_some();
                    let assignment = Assignment { epoch, partition, committed, metadata, moved };
                    self.tell(Input::Assigned(assignment), now, handler);
                }
            }
            ConsumerEvent::Revoking(epochs) => self.tell(Input::Revoking(epochs), now, handler),
            ConsumerEvent::Lost(epochs) => {
                self.endings.forget(&epochs);
                // What a drain has released already is nobody's loss.
                let gone: Vec<_> = epochs.iter().filter_map(|&epoch| self.forget(epoch)).collect();
                if !gone.is_empty() {
                    handler.observe(Fact::Lost(gone));
                }
                self.tell(Input::Lost(epochs), now, handler);
            }
            ConsumerEvent::Readable(epoch) => self.readings.set_readable(epoch, true),
            ConsumerEvent::Rereadable(epoch) => self.tell(Input::Rereadable(epoch), now, handler),
            ConsumerEvent::Reread(answers) => self.reread(answers, now, handler),
            ConsumerEvent::Committed(results) => {
                for result in results {
                    self.committed(result, now, handler);
                }
            }
            ConsumerEvent::Stopped { epoch, error } => {
                self.readings.stop(epoch);
                if let Some(partition) = self.name(epoch) {
                    handler.observe(Fact::Stopped { partition, error });
                }
            }
            ConsumerEvent::Warning(error) => handler.observe(Fact::Warning(error)),
            ConsumerEvent::Failed(error) => {
                self.failed = Some(error.clone());
                handler.observe(Fact::Failed(error));
            }
        }
    }

    fn committed<H: Handler>(&mut self, answer: CommitResult, now: Now, handler: &mut H) {
        let CommitResult { epoch, offset, result } = answer;
        let verdict = match &result {
            Ok(()) => Verdict::Accepted,
            Err(error) if error.code == ErrorCode::MetadataTooLarge => Verdict::MetadataTooLarge,
            Err(_) => Verdict::Refused,
        };
        self.observe_refusal(epoch, offset, result, handler);
        self.tell(Input::Committed { epoch, offset, result: verdict }, now, handler);
    }

    fn observe_refusal<H: Handler>(
        &self,
        epoch: Epoch,
        offset: i64,
        result: Result<(), BrokerError>,
        handler: &mut H,
    ) {
        if let (Err(error), Some(partition)) = (result, self.name(epoch)) {
            handler.observe(Fact::CommitFailed { partition, offset, error });
        }
    }

    /// Reads while there is room; whether there may be more.
    fn read<H: Handler>(&mut self, now: Now, handler: &mut H) -> bool {
        for _ in 0..self.settings.reads_per_step {
            let room = self.engine.room().min(self.settings.read_batch);
            if room == 0 {
                return false;
            }
            let engine = &self.engine;
            let Some(epoch) = self.readings.next(|epoch| engine.reads(epoch)) else { return false };
            let mut records = Vec::with_capacity(room);
            if self.consumer.read(epoch, room, &mut records) < room {
                self.readings.set_readable(epoch, false);
            }
            if !records.is_empty() {
                self.tell(Input::Records { epoch, records }, now, handler);
            }
        }
        true
    }

    fn tell<H: Handler>(&mut self, input: Input, now: Now, handler: &mut H) {
        self.decide(input, now, handler);
        self.carry_out(now, handler);
    }

    /// Tells the engine and the handlers; what the log is to be told waits.
    fn decide<H: Handler>(&mut self, input: Input, now: Now, handler: &mut H) {
        let mut actions = std::mem::take(&mut self.actions);
        self.engine.step(input, now, &mut actions);
        for action in actions.drain(..) {
            match action {
                Action::Dispatch(call) => handler.dispatch(call),
                Action::Abort { event, reason } => handler.abort(event, reason),
                Action::DeadLetter(letter) => self.letters.push(*letter),
                Action::Stop { epoch, offset, cause } => self.stop(epoch, offset, &cause, handler),
                Action::Reread { epoch, wanted } => self.wanted.push((epoch, wanted)),
                Action::Commit(commit) => self.commits.push(outgoing(commit)),
                Action::Release { epoch, commit } => self.released.push((epoch, commit)),
                Action::Drained { .. } => self.drained = true,
                Action::Observe(observation) => handler.observe(self.fact(*observation)),
            }
        }
        self.actions = actions;
    }

    fn carry_out<H: Handler>(&mut self, now: Now, handler: &mut H) {
        if !self.commits.is_empty() {
            self.consumer.commit(std::mem::take(&mut self.commits));
        }
        if !self.released.is_empty() {
            let released = std::mem::take(&mut self.released);
            self.release(released, now, handler);
        }
        if !self.letters.is_empty() {
            let letters = std::mem::take(&mut self.letters);
            self.post(letters, now, handler);
        }
        if !self.wanted.is_empty() {
            self.ask_again();
        }
    }

    fn name(&self, epoch: Epoch) -> Option<TopicPartition> {
        self.names.get(self.readings.index_of(epoch)?).cloned()
    }

    fn forget(&mut self, epoch: Epoch) -> Option<TopicPartition> {
        let index = self.readings.forget(epoch)?;
        self.names.get(index).cloned()
    }
}

fn outgoing(commit: prosody_engine::Commit) -> Commit {
    Commit { epoch: commit.epoch, offset: commit.offset, metadata: commit.metadata }
}
