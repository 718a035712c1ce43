//! The plain case: records over 4,000 keys in four partitions, each run once, successfully.

use prosody_engine::{Action, Assignment, CommitResult, Engine, Input, Intake, Place, Settings, Settlement};
use prosody_model::{Epoch, EventId, Mono, Now, Outcome, PartitionIndex, Record, RecordParts};
use std::collections::VecDeque;

const PARTITIONS: u64 = 4;
const KEYS: u64 = 4_000;
/// More than are remembered and in hand.
const IDS: u64 = 5 * KEYS;
/// Records of one read, and outcomes of one settlement.
pub const BATCH: usize = 256;

/// Numbers as a hash spreads them.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

/// What a message costs, the caller's part left out.
pub struct Plain {
    pub engine: Engine,
    now: Now,
    actions: Vec<Action>,
    /// Open calls, oldest first.
    open: VecDeque<EventId>,
    /// To be given an offset.
    records: Vec<Record>,
    offsets: [i64; PARTITIONS as usize],
    batches: u64,
    delivered: u64,
    pub settled: u64,
}

impl Plain {
    pub fn new(settings: Settings) -> Self {
        Self::with_records(settings, KEYS, |number| (number, "x".repeat(90)))
    }

    /// Records with ids, none of which comes again while it is known; so many are remembered.
    pub fn with_ids(settings: &Settings, remembered_ids: usize) -> Self {
        let ids = vec![Place::Pointer(vec!["id".into()])];
        let intake = Intake { ids, remembered_ids, ..Intake::default() };
        Self::with_records(Settings { intake, ..settings.clone() }, IDS, |number| {
            // Each key as often as any other, not one after the other.
            let key = number / PARTITIONS * 617 % (KEYS / PARTITIONS) * PARTITIONS + number % PARTITIONS;
            (key, format!(r#"{{"id":"{number:036}","type":"order.created","total":1299,"n":12}}"#))
        })
    }

    /// Record n goes to partition n modulo their number.
    fn with_records(settings: Settings, count: u64, record: impl Fn(u64) -> (u64, String)) -> Self {
        let record = |number: u64| {
            let (key, value) = record(number);
            let (key, value) = (Some(format!("key-{key:05}")), Some(value));
            let (key, value) = (key.as_ref().map(String::as_bytes), value.as_ref().map(String::as_bytes));
            Record::new(RecordParts { offset: 0, timestamp: 0, key, value }, [])
        };
        let mut plain = Self {
            engine: Engine::new(settings),
            now: Now::default(),
            actions: Vec::new(),
            open: VecDeque::new(),
            records: (0..count).map(record).collect(),
            offsets: [0; PARTITIONS as usize],
            batches: 0,
            delivered: 0,
            settled: 0,
        };
        for place in 0..PARTITIONS {
            let (epoch, partition) = (Epoch(place + 1), PartitionIndex(place as u32));
            let metadata = String::new();
            plain.step(
                Input::Assigned(Assignment { epoch, partition, committed: Some(0), metadata, moved: false }),
                &mut |step| step(),
            );
        }
        plain
    }

    /// Fills all the room there is.
    pub fn fill(&mut self) {
        while self.engine.room() > 0 {
            self.deliver(self.engine.room().min(BATCH), &mut |step| step());
        }
    }

    /// Settles a batch of calls and delivers as many records, with `around` around each step of the engine.
    pub fn turn(&mut self, mut around: impl FnMut(&mut dyn FnMut())) {
        self.now.mono = Mono(self.now.mono.0 + 100_000);
        let count = self.open.len().min(BATCH);
        if count > 0 {
            let ended = self.open.drain(..count);
            let settled: Vec<_> =
                ended.map(|event| Settlement { event, outcome: Outcome::Success }).collect();
            self.settled += count as u64;
            self.step(Input::Settled(settled), &mut around);
        }
        if self.engine.wake_at().is_some_and(|at| at <= self.now.mono) {
            self.step(Input::Tick, &mut around);
        }
        let room = self.engine.room().min(BATCH);
        if room > 0 {
            self.deliver(room, &mut around);
        }
    }

    /// Reads one batch of the next partition in turn.
    fn deliver(&mut self, count: usize, around: &mut impl FnMut(&mut dyn FnMut())) {
        let place = (self.batches % PARTITIONS) as usize;
        self.batches += 1;
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            self.delivered += 1;
            let count = self.records.len() as u64;
            // One record a key: any of them. Else each in turn, so that no id comes again soon.
            let number = if count == KEYS { spread(self.delivered) } else { self.offsets[place] as u64 };
            let number = number % (count / PARTITIONS) * PARTITIONS + place as u64;
            records.push(self.records[number as usize].clone().at(self.offsets[place], 0));
            self.offsets[place] += 1;
        }
        self.step(Input::Records { epoch: Epoch(place as u64 + 1), records }, around);
    }

    fn step(&mut self, input: Input, around: &mut impl FnMut(&mut dyn FnMut())) {
        let mut input = Some(input);
        around(&mut || {
            if let Some(input) = input.take() {
                self.engine.step(input, self.now, &mut self.actions);
            }
        });
        let mut answers = Vec::new();
        for action in self.actions.drain(..) {
            match action {
                Action::Dispatch(call) => self.open.push_back(call.event),
                Action::Commit(commit) => answers.push((commit.epoch, commit.offset)),
                _ => {}
            }
        }
        for (epoch, offset) in answers {
            self.step(Input::Committed { epoch, offset, result: CommitResult::Accepted }, around);
        }
    }
}
