//! One process: a shell, its handlers, and when it steps next.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prosody_broker::{StartFrom, TopicSelector, memory::MemoryBroker};
use prosody_engine::Settings;
use prosody_model::{Mono, Now};
use prosody_shell::{Inbox, Next, Shell};

use crate::{
    chance::Chance,
    hands::Hands,
    ledger::{GROUP, Shared},
    plan::Plan,
    probe::Probe,
    sights::Sight,
};

/// A process that runs.
pub struct Process {
    pub id: u32,
    pub shell: Shell<Probe>,
    pub hands: Hands,
    pub inbox: Inbox,
    /// When it steps next; a step scheduled for another instant is void.
    pub next: Mono,
    /// It stands still until then.
    pub frozen: Option<Mono>,
    /// So do its handlers.
    pub calls_frozen: bool,
    /// When a stop that was asked for must be over.
    pub stop_by: Option<Mono>,
    woken: Arc<AtomicBool>,
}

impl Process {
    /// Starts a process that fills this slot.
    pub fn start(
        plan: &Plan,
        broker: &MemoryBroker,
        ledger: &Shared,
        slot: usize,
        (chance, calm): (&mut Chance, bool),
    ) -> Self {
        let id = ledger.borrow_mut().born(slot);
        let woken = Arc::new(AtomicBool::new(true));
        let flag = woken.clone();
        let consumer = broker.consumer(GROUP, Arc::new(move || flag.store(true, Ordering::Relaxed)));
        let start = if chance.percent(plan.moved) && !calm {
            chance.pick(&[StartFrom::Earliest, StartFrom::Latest])
        } else {
            StartFrom::Committed
        };
        ledger.borrow_mut().book(id).start = start;
        let consumer = consumer.starting_from(start);
        let repeats = plan.duplicates.then(|| Chance::new(chance.bits()));
        let probe = Probe::new(consumer, ledger.clone(), id, repeats);
        let settings = Settings { seed: chance.bits(), ..plan.engine.clone() };
        let mut shell = Shell::new(probe, settings, plan.shell);
        let subscribed = shell.subscribe(&[TopicSelector::Name("t".to_owned())]);
        if let Err(error) = subscribed {
            ledger.borrow_mut().fail("live: a process can join", || error.to_string());
        }
        let hands = Hands::new(ledger.clone(), id);
        let inbox = Inbox::default();
        Self {
            id,
            shell,
            hands,
            inbox,
            next: Mono::NEVER,
            frozen: None,
            calls_frozen: false,
            stop_by: None,
            woken,
        }
    }

    /// Whether it was woken since the last question.
    pub fn take_wake(&self) -> bool {
        self.woken.swap(false, Ordering::Relaxed)
    }

    /// Asks it to stop: abort after the one, end after the other.
    pub fn stop(&mut self, now: Mono, (abort, end): (Duration, Duration), ledger: &Shared) {
        if self.stop_by.is_none() {
            self.inbox.drain = Some((now.after(abort), now.after(end)));
            self.stop_by = Some(now.after(end));
            if end.is_zero() {
                ledger.borrow_mut().see(Sight::DrainOfNothing);
            }
        }
    }

    /// One step of its loop.
    pub fn step(&mut self, now: Mono, ledger: &Shared) -> Next {
        ledger.borrow_mut().book(self.id).draining |= self.inbox.drain.is_some();
        ledger.borrow_mut().told_marks(self.id);
        let now = Now { mono: now, wall_ms: (now.0 / 1_000_000) as i64 };
        let next = self.shell.step(&mut self.inbox, now, &mut self.hands);
        let mut ledger = ledger.borrow_mut();
        if !ledger.book(self.id).dead {
            ledger.check_letters(self.id);
            ledger.stepped(self.id, self.shell.engine());
            if self.stop_by.is_some_and(|by| by <= now.mono) && !next.drained {
                ledger.fail("17 a stop ends in time", || format!("process {} goes on", self.id));
            }
        }
        next
    }

    /// Hands its outcomes over without a step, as the thread that has them may; when one is due then. `None` if the
    /// outcomes wait for the next one.
    pub fn settle_between(&mut self, now: Mono, ledger: &Shared) -> Option<Mono> {
        if self.frozen.is_some_and(|until| until > now) || self.inbox.drain.is_some() {
            return None;
        }
        let now = Now { mono: now, wall_ms: (now.0 / 1_000_000) as i64 };
        if !self.shell.takes_settlements() {
            ledger.borrow_mut().see(Sight::SettlementDeclined);
            return None;
        }
        ledger.borrow_mut().told(self.id);
        let due = self.shell.settle(&mut self.inbox.settled, now, &mut self.hands);
        let mut ledger = ledger.borrow_mut();
        ledger.see(Sight::SettledBetween);
        if !ledger.book(self.id).dead {
            ledger.stepped(self.id, self.shell.engine());
        }
        due
    }

    /// Adds up what its engine has counted.
    pub fn count(&self, ledger: &Shared) {
        let counters = *self.shell.engine().counters();
        let seen = &mut ledger.borrow_mut().seen;
        seen.add_many(Sight::RestoredSkipped, counters.restored);
        seen.add_many(Sight::Duplicates, counters.repeated);
        seen.add_many(Sight::MapFull, counters.map_full);
        seen.add_many(Sight::Away, counters.given_up);
        seen.add_many(Sight::Reread, counters.reread);
        seen.add_many(Sight::RereadFailed, counters.reread_failed);
    }
}
