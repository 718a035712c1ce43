//! Records, handlers and time around an engine.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::Duration,
};

use prosody_engine::{Action, Assignment, CommitResult, Dispatch, Engine, Input, Settings, Settlement};
use prosody_model::{Epoch, EventId, Failure, Mono, Now, Outcome, PartitionIndex, Record, RecordParts};

pub const MS: u64 = 1_000_000;
pub const SECOND: u64 = 1_000 * MS;
const EPOCH: Epoch = Epoch(1);

/// A call that has ended.
#[derive(Clone, Debug)]
pub struct Ran {
    pub key: String,
    pub attempt: u32,
    /// When its record was there to be read.
    pub due: u64,
    pub start: u64,
    pub end: u64,
    pub failed: bool,
}

/// What a call of a key does: how long it runs, and whether it then fails.
pub type Handler = Box<dyn FnMut(&Dispatch, u64) -> (u64, bool)>;

/// One partition, one engine.
pub struct Load {
    pub engine: Engine,
    pub now: u64,
    /// Records that will be there, by time: (when, order, key).
    coming: BinaryHeap<Reverse<(u64, u64, String)>>,
    planned: u64,
    /// Those that are there and have not been read.
    log: std::collections::VecDeque<Record>,
    offset: i64,
    due: HashMap<i64, u64>,
    running: BinaryHeap<Reverse<(u64, u64)>>,
    calls: HashMap<u64, (EventId, Ran)>,
    started: u64,
    handler: Handler,
    pub ran: Vec<Ran>,
    /// Records in hand, and those that count, at their most.
    pub most: (usize, usize),
}

impl Load {
    pub fn new(settings: Settings, handler: impl FnMut(&Dispatch, u64) -> (u64, bool) + 'static) -> Self {
        let mut load = Self {
            engine: Engine::new(settings),
            now: 0,
            coming: BinaryHeap::new(),
            planned: 0,
            log: std::collections::VecDeque::new(),
            offset: 0,
            due: HashMap::new(),
            running: BinaryHeap::new(),
            calls: HashMap::new(),
            started: 0,
            handler: Box::new(handler),
            ran: Vec::new(),
            most: (0, 0),
        };
        let (partition, metadata) = (PartitionIndex(0), String::new());
        load.step(Input::Assigned(Assignment {
            epoch: EPOCH,
            partition,
            committed: Some(0),
            metadata,
            moved: false,
        }));
        load
    }

    /// A record of this key will be there at that instant.
    pub fn plan(&mut self, at: u64, key: &str) {
        self.planned += 1;
        self.coming.push(Reverse((at, self.planned, key.to_owned())));
    }

    /// Records of a key at an even pace.
    pub fn flow(&mut self, key: &str, from: u64, until: u64, per_second: u64) {
        let count = (until - from) * per_second / SECOND;
        (0..count).for_each(|number| self.plan(from + number * SECOND / per_second, key));
    }

    fn step(&mut self, input: Input) {
        let mut actions = Vec::new();
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.engine.step(input, Now { mono: Mono(self.now), wall_ms: 0 }, &mut actions);
            for action in actions.drain(..) {
                match action {
                    Action::Dispatch(call) => self.start(&call),
                    Action::Commit(commit) => {
                        let (epoch, offset) = (commit.epoch, commit.offset);
                        inputs.push(Input::Committed { epoch, offset, result: CommitResult::Accepted });
                    }
                    _ => {}
                }
            }
        }
        self.most.0 = self.most.0.max(self.engine.records());
        self.most.1 = self.most.1.max(self.engine.uncommitted());
    }

    fn start(&mut self, call: &Dispatch) {
        let (time, failed) = (self.handler)(call, self.now);
        self.started += 1;
        let key = String::from_utf8(call.record.key().unwrap().to_vec()).unwrap();
        let (due, end) = (self.due[&call.record.offset], self.now + time);
        let ran = Ran { key, attempt: call.attempt, due, start: self.now, end, failed };
        self.running.push(Reverse((end, self.started)));
        self.calls.insert(self.started, (call.event, ran));
    }

    pub fn run(&mut self, until: u64) {
        loop {
            self.read();
            let tick = self.engine.wake_at().map(|at| at.0.max(self.now));
            let end = self.running.peek().map(|Reverse((at, _))| *at);
            let record = self.coming.peek().map(|Reverse((at, ..))| *at);
            let Some(next) = [tick, end, record].into_iter().flatten().min().filter(|&at| at <= until) else {
                break;
            };
            self.now = next;
            let mut settled = Vec::new();
            while let Some(Reverse((_, number))) =
                self.running.peek().copied().filter(|Reverse((at, _))| *at <= next)
            {
                self.running.pop();
                let (event, ran) = self.calls.remove(&number).unwrap();
                let outcome =
                    if ran.failed { Outcome::Transient(Failure::new("later")) } else { Outcome::Success };
                self.ran.push(ran);
                settled.push(Settlement { event, outcome });
            }
            if !settled.is_empty() {
                self.step(Input::Settled(settled));
            }
            if tick.is_some_and(|at| at <= next) {
                self.step(Input::Tick);
            }
        }
        self.now = until;
    }

    /// Reads what is there, as far as there is room.
    fn read(&mut self) {
        while self.coming.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
            let Some(Reverse((at, _, key))) = self.coming.pop() else { break };
            let parts = RecordParts {
                offset: self.offset,
                timestamp: 0,
                key: Some(key.as_bytes()),
                value: Some(b"v"),
            };
            self.log.push_back(Record::new(parts, []));
            self.due.insert(self.offset, at);
            self.offset += 1;
        }
        while !self.log.is_empty() && self.engine.reads(EPOCH) && self.engine.room() > 0 {
            let count = self.engine.room().min(self.log.len()).min(256);
            let records = self.log.drain(..count).collect();
            self.step(Input::Records { epoch: EPOCH, records });
        }
    }

    /// Records not read yet.
    pub fn unread(&self) -> usize {
        self.log.len()
    }

    /// Handler time by key since an instant.
    pub fn used(&self, from: u64) -> HashMap<&str, u64> {
        let mut used = HashMap::new();
        for ran in self.ran.iter().filter(|ran| ran.end > from) {
            *used.entry(ran.key.as_str()).or_default() += ran.end - ran.start;
        }
        used
    }

    /// The share of retries in handler time among settled calls, over any hundred of them: least and most.
    pub fn shares(&self, from: u64) -> (f64, f64) {
        let settled: Vec<_> = self.ran.iter().filter(|ran| ran.end > from).collect();
        assert!(settled.len() > 200, "{}", settled.len());
        let share = |calls: &[&Ran]| {
            let time = |ran: &&&Ran| (ran.end - ran.start) as f64;
            let retries: f64 = calls.iter().filter(|ran| ran.attempt > 1).map(|ran| time(&ran)).sum();
            retries / calls.iter().map(|ran| time(&ran)).sum::<f64>()
        };
        settled
            .windows(100)
            .map(share)
            .fold((1.0, 0.0), |(least, most), share| (least.min(share), most.max(share)))
    }
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
