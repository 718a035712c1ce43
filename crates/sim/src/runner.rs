//! Many seeds on many threads.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    ledger::Violation,
    sights::Sightings,
    world::{Report, simulate},
};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub first: u64,
    pub seeds: u64,
    /// Stop after this time, however many seeds are left.
    pub time: Option<Duration>,
    pub threads: usize,
    /// Go on after a violation, to count how many seeds find one.
    pub keep_going: bool,
    pub bug: Option<Bug>,
}

/// A bug to plant.
#[cfg(feature = "planted-bugs")]
pub type Bug = prosody_engine::planted::Bug;
/// No bug can be planted in this build.
#[cfg(not(feature = "planted-bugs"))]
pub type Bug = std::convert::Infallible;

/// A seed that broke an invariant.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub violation: Violation,
}

/// What came of a job.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub passed: u64,
    /// In order of their seeds; with `keep_going` only the first hundred are kept.
    pub failures: Vec<Failure>,
    pub failed: u64,
    pub events: u64,
    pub seen: Sightings,
    pub took: Duration,
}

/// Seeds that one thread takes at a time.
const CHUNK: u64 = 64;
const KEPT: usize = 100;

/// Runs a job; `progress` hears of it about once a second.
pub fn run(job: &Job, progress: impl Fn(u64) + Sync) -> Summary {
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let total = Mutex::new(Summary::default());
    thread::scope(|scope| {
        for _ in 0..job.threads.max(1) {
            scope.spawn(|| work(job, &next, &stop, &total, begun));
        }
        while !stop.load(Ordering::Relaxed) && next.load(Ordering::Relaxed) < job.seeds {
            thread::sleep(Duration::from_millis(200));
            progress(next.load(Ordering::Relaxed).min(job.seeds));
        }
    });
    let mut summary = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.failures.sort_unstable_by_key(|failure| failure.seed);
    summary.took = begun.elapsed();
    summary
}

fn work(job: &Job, next: &AtomicU64, stop: &AtomicBool, total: &Mutex<Summary>, begun: Instant) {
    #[cfg(feature = "planted-bugs")]
    prosody_engine::planted::plant(job.bug);
    let mut mine = Summary::default();
    while !stop.load(Ordering::Relaxed) {
        let from = next.fetch_add(CHUNK, Ordering::Relaxed);
        if from >= job.seeds {
            break;
        }
        for seed in from..(from + CHUNK).min(job.seeds) {
            let seed = job.first + seed;
            mine.add(seed, guarded(seed, false));
            if !mine.failures.is_empty() && !job.keep_going {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
        if job.time.is_some_and(|time| begun.elapsed() >= time) {
            stop.store(true, Ordering::Relaxed);
        }
    }
    total.lock().unwrap_or_else(PoisonError::into_inner).merge(mine);
}

/// Runs one seed; a panic is a violation like any other.
pub fn guarded(seed: u64, text: bool) -> Report {
    catch_unwind(AssertUnwindSafe(|| simulate(seed, text))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let detail = text.unwrap_or_default();
        Report {
            violation: Some(Violation { invariant: "nothing panics", detail }),
            hash: 0,
            events: 0,
            end: Duration::ZERO,
            seen: Sightings::default(),
            lines: Vec::new(),
        }
    })
}

impl Summary {
    fn add(&mut self, seed: u64, report: Report) {
        self.events += report.events;
        self.seen.merge(&report.seen);
        match report.violation {
            None => self.passed += 1,
            Some(violation) => {
                self.failed += 1;
                if self.failures.len() < KEPT {
                    self.failures.push(Failure { seed, violation });
                }
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.events += other.events;
        self.seen.merge(&other.seen);
        self.failures.extend(other.failures);
    }
}
