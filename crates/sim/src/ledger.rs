//! The checker: follows every call, commit and assignment from outside the engine, and judges.
//!
//! The numbers in its verdicts:
//!
//! - 1 a commit never passes unfinished work
//! - 2 commits never fall
//! - 3 no attempt of a key's next record before the one before it is finished, across processes and crashes too
//!   (a record that waits for its mark is not finished, and holds its key)
//! - 3 inside an epoch a record starts only once the earlier ones of its key are finished there, or were before it
//! - 4 no start in an epoch that is over or leaving
//! - 5 nothing is committed or read for a partition that is not held
//! - 6 an assignment starts from what the broker has, or, the first one of a process, from where it was told to; it
//!   counts nothing else as finished, and what a start leaves out is committed
//! - 7 one open call of a key in a process
//! - 8 in-flight, uncommitted and byte limits hold
//! - 9 a finished record runs again only where a fault explains it, and within the commit interval
//! - 15 a map is restored exactly, and written exactly
//! - 16 slots, lanes and bytes are free at the end
//! - 17 a stop ends in time, and starts nothing
//! - 19 what is given up goes to the failure topic, and is finished only once that is acknowledged
//! - 20 what the log loses before it is finished runs from memory, goes to the failure topic, or stops its partition
//! - 21 an id that a process has processed does not run there again, as far as it remembers, unless it is sent again
//! - 22 nothing is skipped but known ids, unless they are sent again for the own group, what the own group has sent, what
//!   is sent again for another one, and types that are not allowed; the last three always are
//! - live: after the heal everything is finished and committed

mod calls;
mod commits;
mod ids;
mod letters;
mod log;
mod marks;
mod purges;
mod shares;
mod starts;
mod tenures;

use std::{cell::RefCell, collections::HashSet, rc::Rc, time::Duration};

use prosody_broker::{
    Moved, StartFrom,
    memory::{ConsumerId, MemoryBroker},
};
use prosody_engine::{Deferral, Engine, Mode};
use prosody_model::{Mono, TopicPartition};

use crate::{
    plan::Plan,
    sights::{Sight, Sightings},
    trace::{Event, Trace},
};

pub use calls::Open;
pub use ids::NO_ID;
use letters::{Letter, Rules};
pub use log::{Log, Marks, NO_KEY, To};
use tenures::Tenure;

pub const GROUP: &str = "g";

/// The ledger as its writers share it; they are all on one thread.
pub type Shared = Rc<RefCell<Ledger>>;

/// What broke, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub detail: String,
}

/// What a process may do, as far as the checks depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub concurrency: usize,
    pub uncommitted: usize,
    /// Calls that retries may hold while fresh records wait.
    pub retries: usize,
    pub bytes: usize,
    pub remembered_ids: usize,
    /// Whether failed records keep their place in `uncommitted`.
    pub in_place: bool,
    /// Whether a failure may park its key.
    pub defers: bool,
    /// The longest that a finished record may stay out of every commit.
    pub commit_within: Duration,
}

/// One process, from its start to its end.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Book {
    pub dead: bool,
    /// Effects until it dies.
    pub fuse: Option<u32>,
    /// Whether the last effect was one of these; tells which barrier a crash hit.
    last_effect: Option<Effect>,
    /// Whether it stood still or was cut off since its last loss: others may hold what it thinks its own.
    pub estranged: bool,
    /// Whether it is cut off now.
    pub cut_off: bool,
    pub consumer: Option<ConsumerId>,
    /// Where its first assignment is to start.
    pub start: StartFrom,
    /// Partitions whose start was moved, until the shell has said so.
    moves_unsaid: Vec<(usize, Moved)>,
    /// It has had its first assignment.
    pub placed: bool,
    pub draining: bool,
    /// Partition numbers in the order of the shell's indices.
    indices: Vec<usize>,
    /// The tenures that are not over, and those that are.
    tenures: Vec<u32>,
    pub open: Vec<Open>,
    /// Records whose call ended without a mark, as the engine knows.
    unmarked: Vec<Open>,
    /// Keys and ids of what it has processed. Bound: the records of the execution.
    processed: HashSet<(u32, u32)>,
    /// Those of them whose records were lost while they waited, maybe for another one of that id: that one goes on.
    lost_ids: HashSet<(u32, u32)>,
    letters: Vec<Letter>,
    step: shares::Step,
    disposals_due: u64,
    disposals_seen: u64,
}

/// What a process does to the world; it may die before any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Subscribe,
    Start,
    Abort,
    Post,
    Commit,
    LastCommit,
    Release,
    Close,
}

/// All books of one execution.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Ledger {
    pub now: Mono,
    pub trace: Trace,
    pub seen: Sightings,
    pub violation: Option<Violation>,
    pub logs: Vec<Log>,
    pub names: Vec<TopicPartition>,
    pub books: Vec<Book>,
    tenures: Vec<Tenure>,
    broker: MemoryBroker,
    limits: Limits,
    rules: Rules,
    calls: u32,
    /// Dead letters sent so far.
    posts: u32,
    /// A map may be missing, shortened or outdated for reasons that lie outside the engine.
    maps_doubtful: bool,
    /// A map was refused for its length: later ones may say less than is finished.
    cut: bool,
    pub reorders: bool,
    pub unreachable: bool,
    pub healed_at: Option<Mono>,
    /// When a process last lost partitions.
    pub last_loss: Option<Mono>,
    /// When a first assignment last started elsewhere than at what was committed.
    pub last_move: Option<Mono>,
}

impl Ledger {
    pub fn new(plan: &Plan, broker: MemoryBroker, text: bool) -> Self {
        let topic: std::sync::Arc<str> = "t".into();
        let names = (0..plan.partitions as i32).map(|p| TopicPartition::new(topic.clone(), p));
        // A step may be this late, and a partition that is leaving commits only at its end.
        let slack = plan.heartbeat + plan.engine.revoke_timeout + plan.drain.1 + Duration::from_millis(100);
        let defers = plan.engine.mode == Mode::Pipeline && matches!(plan.engine.deferral, Deferral::On(_));
        Self {
            now: Mono::default(),
            trace: Trace::new(text),
            seen: Sightings::default(),
            violation: None,
            logs: (0..plan.partitions).map(|_| Log::new(plan.keys)).collect(),
            names: names.collect(),
            books: Vec::new(),
            tenures: Vec::new(),
            broker,
            limits: Limits {
                concurrency: plan.engine.max_concurrency,
                uncommitted: plan.engine.max_uncommitted,
                retries: shares::cap(&plan.engine),
                bytes: plan.engine.max_buffered_bytes,
                remembered_ids: plan.engine.intake.remembered_ids,
                defers,
                in_place: !defers || plan.engine.gate.threshold < 1.0,
                commit_within: plan.engine.commit_interval + slack,
            },
            rules: Rules::new(&plan.engine),
            calls: 0,
            posts: 0,
            maps_doubtful: plan.reorders,
            cut: false,
            reorders: plan.reorders,
            unreachable: false,
            healed_at: None,
            last_loss: None,
            last_move: None,
        }
    }

    pub fn see(&mut self, sight: Sight) {
        self.seen.add(sight);
    }

    pub fn note(&mut self, event: Event) {
        self.trace.note(self.now, event);
    }

    /// Records the first violation.
    pub fn fail(&mut self, invariant: &'static str, detail: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, detail: detail() });
        }
    }

    /// Records neither finished nor gone, of partitions that have not stopped.
    pub fn unfinished(&self) -> usize {
        self.logs.iter().filter(|log| !log.stopped).map(|log| log.unfinished).sum()
    }

    /// A new process; its number.
    pub fn born(&mut self, slot: usize) -> u32 {
        let process = self.books.len() as u32;
        self.books.push(Book::default());
        self.note(Event::Born { process, slot: slot as u32 });
        process
    }

    pub fn book(&mut self, process: u32) -> &mut Book {
        &mut self.books[process as usize]
    }

    /// Whether the process lives to do this.
    pub fn effect(&mut self, process: u32, effect: Effect) -> bool {
        let book = &mut self.books[process as usize];
        if book.dead {
            return false;
        }
        match &mut book.fuse {
            Some(0) => {
                match (book.last_effect, effect) {
                    (Some(Effect::LastCommit), Effect::Release) => self.seen.add(Sight::CrashBeforeRelease),
                    (_, Effect::Commit | Effect::LastCommit) => self.seen.add(Sight::CrashBeforeCommit),
                    (Some(Effect::Post), _) => self.seen.add(Sight::CrashAfterPost),
                    (Some(Effect::Start), _) => self.seen.add(Sight::CrashAfterStart),
                    _ => {}
                }
                self.died(process);
                return false;
            }
            Some(fuse) => *fuse -= 1,
            None => {}
        }
        book.last_effect = Some(effect);
        true
    }

    /// The process is gone, and all it held and ran with it.
    pub fn died(&mut self, process: u32) {
        let book = &mut self.books[process as usize];
        if std::mem::replace(&mut book.dead, true) {
            return;
        }
        book.open.clear();
        book.unmarked.clear();
        book.letters.clear();
        let held = std::mem::take(&mut book.tenures);
        self.seen.add(Sight::Crash);
        self.note(Event::Died { process });
        for tenure in held {
            self.end_tenure(tenure);
        }
    }

    /// The process has closed its membership.
    pub fn left(&mut self, process: u32) {
        let book = &mut self.books[process as usize];
        let unfinished = book.open.len();
        book.dead = true;
        book.open.clear();
        book.unmarked.clear();
        book.letters.clear();
        let held = std::mem::take(&mut book.tenures);
        self.seen.add(Sight::Restart);
        if unfinished > 0 {
            self.seen.add(Sight::DrainedBusy);
        }
        self.note(Event::Left { process, unfinished });
        if !held.is_empty() {
            self.fail("17 a stop gives everything up", || {
                format!("process {process} left with tenures {held:?}")
            });
        }
    }

    /// What must hold after each step of a process.
    pub fn stepped(&mut self, process: u32, engine: &Engine) {
        self.check_moves_said(process);
        let book = &self.books[process as usize];
        let (open, due, said) = (book.open.len(), book.disposals_due, book.disposals_seen);
        let limits = self.limits;
        if engine.open_calls() != open {
            let theirs = engine.open_calls();
            self.fail("16 slots are accounted for", || {
                format!("process {process} has {open} open calls and counts {theirs}")
            });
        }
        self.check_unmarked(process, engine.unmarked());
        if due != said {
            self.fail("9 a disposal is said", || {
                format!("process {process} had {due} records to give up and said {said}")
            });
        }
        let (uncommitted, bytes) = (engine.uncommitted(), engine.bytes());
        // A record that is to be tried again in place comes back to where the next one is already: one a key.
        let back = if limits.in_place { engine.keys() } else { 0 };
        if uncommitted > limits.uncommitted + back {
            self.fail("8 max_uncommitted holds", || format!("{uncommitted} of {}", limits.uncommitted));
        }
        if bytes > limits.bytes.saturating_add(READ_OVERSHOOT) {
            self.fail("8 max_buffered_bytes holds", || format!("{bytes} of {}", limits.bytes));
        }
        let idle = engine.held_partitions() == 0 && open == 0;
        let rest = engine.records() + engine.keys() + bytes + uncommitted + engine.parked_keys();
        if idle && rest > 0 {
            self.fail("16 everything is free at the end", || {
                format!(
                    "process {process} holds nothing, but {} records, {} keys, {bytes} bytes, {uncommitted} uncommitted, \
                     {} parked keys",
                    engine.records(),
                    engine.keys(),
                    engine.parked_keys(),
                )
            });
        }
        self.check_share(process, engine);
        if open == limits.concurrency {
            self.see(Sight::SlotsFull);
        }
        if uncommitted == limits.uncommitted {
            self.see(Sight::UncommittedFull);
        }
        if bytes >= limits.bytes {
            self.see(Sight::BytesFull);
        }
    }
}

/// Bytes that one read may bring over the budget: the engine guesses their size before it knows it.
const READ_OVERSHOOT: usize = 4096;
