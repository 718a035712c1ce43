//! What retries may hold while fresh records wait, judged from outside.
//!
//! A step takes several inputs, and who waits in between is not seen. But a fresh key that waits before a step leaves
//! only by a start, or with its partition, or because it is held back, or for its id. So if more waited than fresh
//! records started, and nothing of the other kind happened, then one of them waited through all of the step.

use prosody_engine::{Engine, Settings};

use super::{Ledger, Open};
use crate::sights::Sight;

/// What the current step of a process has brought so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    /// Fresh keys that waited when it began.
    waited: usize,
    /// Fresh records started.
    started: usize,
    /// Most calls that retries held after a start of one.
    retries: usize,
    /// Keys may have left in another way.
    disturbed: bool,
    /// Records that the engine had not started when it could, for their id, when it began.
    passed_over: u64,
}

/// As many slots as the share is, rounded up.
pub fn cap(settings: &Settings) -> usize {
    (settings.fairness.failure_weight * settings.max_concurrency as f64).ceil() as usize
}

impl Ledger {
    /// A call starts.
    pub(super) fn count_share(&mut self, process: u32, open: &Open) {
        let book = &mut self.books[process as usize];
        if open.attempt > 1 {
            let retries = 1 + book.open.iter().filter(|open| open.attempt > 1).count();
            book.step.retries = book.step.retries.max(retries);
        } else {
            book.step.started += 1;
        }
    }

    /// Keys of this process may leave without having started.
    pub(super) fn disturbed(&mut self, process: u32) {
        self.books[process as usize].step.disturbed = true;
    }

    /// Judges a step that has ended, and begins the next one.
    pub(super) fn check_share(&mut self, process: u32, engine: &Engine) {
        let passed_over = engine.counters().twins + engine.counters().duplicates;
        let next = Step { waited: engine.ready_fresh_keys(), passed_over, ..Step::default() };
        let book = &mut self.books[process as usize];
        let step = std::mem::replace(&mut book.step, next);
        let steady = !step.disturbed
            && step.passed_over == passed_over
            && !book.draining
            && step.waited > step.started;
        if !steady || step.retries == 0 {
            return;
        }
        self.see(Sight::RetryBesideFresh);
        let most = self.limits.retries;
        if step.retries > most {
            self.fail("8 retries hold their share of slots while fresh records wait", || {
                format!("process {process}: {} of {most}", step.retries)
            });
        }
    }
}
