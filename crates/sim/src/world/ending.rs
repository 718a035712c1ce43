//! How an execution comes to its end: heal, drain, close, judge.

use std::{fmt::Write, time::Duration};

use super::{Due, Phase, Report, World};
use crate::trace::Event;

/// Commits more seldom than this are not waited for: the clean stop makes them.
const SELDOM: Duration = Duration::from_secs(2);

impl World {
    pub(super) fn heal(&mut self) {
        self.phase = Phase::Healed;
        self.unreachable = 0;
        self.broker.advance(self.clock());
        self.broker.heal();
        let mut ledger = self.ledger.borrow_mut();
        ledger.note(Event::Healed);
        ledger.healed_at = Some(self.now);
        ledger.unreachable = false;
        ledger.look();
        let (mut open, mut unmarked) = (Vec::new(), Vec::new());
        for process in self.slots.iter().flatten() {
            let book = ledger.book(process.id);
            book.cut_off = false;
            book.fuse = None;
            open.extend(book.open.iter().map(|open| open.call));
            unmarked.extend(book.unmarked_calls());
        }
        drop(ledger);
        for slot in 0..self.slots.len() as u8 {
            if let Some(process) = self.slots[usize::from(slot)].as_mut() {
                process.frozen = None;
            }
            self.schedule(slot, self.now);
        }
        // Whatever hangs comes back.
        for call in open {
            let wait = self.chance.millis(0, 500);
            self.plan_in(wait, Due::End { call });
        }
        for call in unmarked {
            let wait = self.chance.millis(0, 500);
            self.plan_in(wait, Due::Mark { call });
        }
        self.answer_posts();
        for slot in 0..self.plan.members as u8 {
            self.plan_in(Duration::from_millis(1), Due::Start { slot });
        }
    }

    /// Whether nothing is left to do. Goes on to the close when all is done.
    pub(super) fn over(&mut self) -> bool {
        if self.ledger.borrow().violation.is_some() {
            return true;
        }
        match self.phase {
            Phase::Striking => false,
            Phase::Healed => {
                if self.settled() {
                    self.close_all();
                }
                false
            }
            Phase::Closing => self.slots.iter().all(Option::is_none),
        }
    }

    fn settled(&self) -> bool {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.unfinished() > 0 || self.produced < self.plan.records {
            return false;
        }
        // A commit that landed late may stand until the next record comes.
        let seldom = ledger.reorders || self.plan.engine.commit_interval > SELDOM;
        // Nor is what was committed before a start was moved the word of who runs it all again.
        (seldom || ledger.all_committed()) && (!(seldom || ledger.any_moved()) || ledger.all_held())
    }

    fn close_all(&mut self) {
        self.phase = Phase::Closing;
        self.closing_at = Some(self.now);
        self.ledger.borrow_mut().note(Event::Closing);
        let (now, ledger) = (self.now, self.ledger.clone());
        let drain = (Duration::from_secs(8), Duration::from_secs(10));
        for slot in 0..self.slots.len() as u8 {
            if let Some(process) = self.slots[usize::from(slot)].as_mut() {
                process.stop(now, drain, &ledger);
                self.schedule(slot, now);
            }
        }
    }

    pub(super) fn stuck(&mut self, how: &'static str) {
        let (phase, handled) = (self.phase, self.handled);
        let mut processes = String::new();
        for process in self.slots.iter().flatten() {
            let engine = process.shell.engine();
            // Writing to a string does not fail.
            let _ = write!(
                processes,
                "; process {}: {} held, {} open, {} records, {} parked, wakes {:?}",
                process.id,
                engine.held_partitions(),
                engine.open_calls(),
                engine.records(),
                engine.parked_keys(),
                engine.wake_at(),
            );
        }
        let mut ledger = self.ledger.borrow_mut();
        let left = ledger.unfinished();
        ledger.fail("live: after the heal everything drains", || {
            format!("not {how}: {phase:?}, {left} records unfinished, {handled} events{processes}")
        });
    }

    /// Judges the end.
    pub(super) fn conclude(&mut self) {
        let mut ledger = self.ledger.borrow_mut();
        // Who was thrown out during its stop, for what happened before the heal, could not commit.
        let since = |at: Option<prosody_model::Mono>| self.closing_at.is_some_and(|from| at >= Some(from));
        // Nor did one finish anything whose first assignment came while all were being closed.
        let undone = since(ledger.last_loss) || since(ledger.last_move);
        let judged = ledger.violation.is_none() && !ledger.reorders && !undone;
        if judged && !ledger.all_committed() {
            let committed: Vec<_> = ledger.logs.iter().map(|log| log.committed).collect();
            ledger.fail("live: committed offsets reach the end", || format!("they are at {committed:?}"));
        }
    }

    pub(super) fn report(self) -> Report {
        let mut ledger = self.ledger.borrow_mut();
        Report {
            violation: ledger.violation.take(),
            hash: ledger.trace.hash(),
            events: ledger.trace.events,
            end: Duration::from_nanos(self.now.0),
            seen: std::mem::take(&mut ledger.seen),
            lines: ledger.trace.lines.take().unwrap_or_default(),
        }
    }
}
