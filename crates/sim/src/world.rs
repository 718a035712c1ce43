//! Virtual time, and what happens in it.

mod blows;
mod ending;
mod fates;
mod letters;
mod producing;

use std::{cell::RefCell, cmp::Reverse, collections::BinaryHeap, rc::Rc, time::Duration};

use prosody_broker::memory::MemoryBroker;
use prosody_model::{Mono, Now};

use fates::Fate;
use letters::Post;

use crate::{
    chance::Chance,
    ledger::{Ledger, Shared, Violation},
    plan::Plan,
    process::Process,
    sights::Sightings,
};

/// How one execution went.
#[derive(Debug)]
pub struct Report {
    pub violation: Option<Violation>,
    /// Hash over everything that happened.
    pub hash: u64,
    /// Things that happened, and when the last one did.
    pub events: u64,
    pub end: Duration,
    pub seen: Sightings,
    /// The trace in words, if it was asked for.
    pub lines: Vec<String>,
}

/// Runs one seed. With `text` the report has the trace in words.
pub fn simulate(seed: u64, text: bool) -> Report {
    let mut chance = Chance::new(seed);
    let plan = Plan::draw(&mut chance);
    let mut world = World::new(plan, chance, text);
    world.run();
    world.report()
}

/// Something that is to happen. Of two at one instant the one planned first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Step {
        slot: u8,
        process: u32,
    },
    End {
        call: u32,
    },
    Mark {
        call: u32,
    },
    Report {
        number: u32,
    },
    Start {
        slot: u8,
    },
    /// Records come in.
    Produce {
        count: u8,
    },
    Fault {
        number: u8,
    },
    /// A spell without a broker ends.
    Reachable,
    /// A member is in touch again.
    Linked {
        slot: u8,
        process: u32,
    },
    /// A guest leaves, or a process whose crash has not struck is killed.
    Leave {
        slot: u8,
        process: u32,
    },
    Kill {
        slot: u8,
        process: u32,
    },
    Heal,
}

/// Which part of the execution it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Striking,
    Healed,
    Closing,
}

struct World {
    plan: Plan,
    chance: Chance,
    now: Mono,
    queue: BinaryHeap<Reverse<(Mono, u32, Due)>>,
    planned: u32,
    handled: u32,
    broker: MemoryBroker,
    ledger: Shared,
    slots: Vec<Option<Process>>,
    /// By call number, from 1 on.
    fates: Vec<Fate>,
    /// By the number of the dead letter.
    posts: Vec<Post>,
    phase: Phase,
    closing_at: Option<Mono>,
    /// Spells without a broker that overlap.
    unreachable: u32,
    produced: usize,
}

/// More than an execution ever takes, unless it spins.
const MOST_EVENTS: u32 = 40_000;
/// Time to drain after the heal: far more than the slowest settings take.
const PATIENCE: Duration = Duration::from_secs(600);

impl World {
    fn new(plan: Plan, chance: Chance, text: bool) -> Self {
        let broker = MemoryBroker::new(plan.broker.clone());
        let ledger = Rc::new(RefCell::new(Ledger::new(&plan, broker.clone(), text)));
        let slots = (0..=plan.members).map(|_| None).collect();
        let mut world = Self {
            plan,
            chance,
            now: Mono::default(),
            queue: BinaryHeap::with_capacity(128),
            planned: 0,
            handled: 0,
            broker,
            ledger,
            slots,
            fates: Vec::with_capacity(256),
            posts: Vec::new(),
            phase: Phase::Striking,
            closing_at: None,
            unreachable: 0,
            produced: 0,
        };
        world.prepare();
        world
    }

    fn plan_at(&mut self, at: Mono, due: Due) {
        self.planned += 1;
        self.queue.push(Reverse((at, self.planned, due)));
    }

    fn plan_in(&mut self, wait: Duration, due: Due) {
        self.plan_at(self.now.after(wait), due);
    }

    fn run(&mut self) {
        let end = self.plan.heal_at.after(PATIENCE);
        while !self.over() {
            let Some(Reverse((at, _, due))) = self.queue.pop() else { break };
            self.handled += 1;
            self.now = at;
            self.ledger.borrow_mut().now = at;
            if at > end {
                self.stuck("in time");
            }
            if self.handled > MOST_EVENTS {
                self.stuck("without spinning");
            }
            self.handle(due);
            self.wake();
        }
        self.conclude();
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Step { slot, process } => self.step(slot, process),
            Due::End { call } => self.end_call(call),
            Due::Mark { call } => self.mark_call(call),
            Due::Report { number } => self.report_post(number),
            Due::Start { slot } => self.start(slot),
            Due::Produce { count } => self.produce(usize::from(count)),
            Due::Fault { number } => self.strike(self.plan.faults[usize::from(number)].1),
            Due::Reachable => self.reachable(),
            Due::Linked { slot, process } => self.linked(slot, process),
            Due::Leave { slot, process } => self.leave(slot, process),
            Due::Kill { slot, process } => {
                if self.phase == Phase::Striking && self.process(slot, process).is_some() {
                    self.bury(slot);
                }
            }
            Due::Heal => self.heal(),
        }
    }

    /// The process that fills this slot, if it is still that one.
    fn process(&mut self, slot: u8, process: u32) -> Option<&mut Process> {
        self.slots.get_mut(usize::from(slot))?.as_mut().filter(|p| p.id == process)
    }

    fn start(&mut self, slot: u8) {
        if self.phase == Phase::Closing || self.slots[usize::from(slot)].is_some() {
            return;
        }
        let place = usize::from(slot);
        let process = {
            let calm = self.phase != Phase::Striking;
            Process::start(&self.plan, &self.broker, &self.ledger, place, (&mut self.chance, calm))
        };
        self.slots[place] = Some(process);
        self.schedule(slot, self.now);
    }

    /// Makes a process step at that instant at the latest.
    fn schedule(&mut self, slot: u8, at: Mono) {
        let Some(process) = self.slots[usize::from(slot)].as_mut() else { return };
        let at = at.max(process.frozen.unwrap_or_default());
        if at < process.next {
            process.next = at;
            let process = process.id;
            self.plan_at(at, Due::Step { slot, process });
        }
    }

    fn step(&mut self, slot: u8, id: u32) {
        let now = self.now;
        let ledger = self.ledger.clone();
        let Some(process) = self.process(slot, id).filter(|p| p.next == now) else { return };
        process.next = Mono::NEVER;
        if process.frozen.is_some_and(|until| until > now) {
            return;
        }
        process.frozen = None;
        process.take_wake();
        let next = process.step(now, &ledger);
        if !self.follow_hands(slot, id) {
            return;
        }
        if next.drained {
            return self.close(slot);
        }
        self.schedule_next(slot, next);
    }

    /// Draws what becomes of the calls that a step has started and stopped; false if the process died in it.
    fn follow_hands(&mut self, slot: u8, id: u32) -> bool {
        let Some(process) = self.process(slot, id) else { return false };
        let mut started = std::mem::take(&mut process.hands.started);
        let mut aborted = std::mem::take(&mut process.hands.aborted);
        let mut posted = std::mem::take(&mut process.hands.posted);
        for start in started.drain(..) {
            self.draw_fate(slot, id, start.call, start.attempt);
        }
        for (number, ticket) in posted.drain(..) {
            self.draw_post(slot, id, number, ticket);
        }
        for call in aborted.drain(..) {
            self.signal(call);
        }
        if self.ledger.borrow_mut().book(id).dead {
            self.bury(slot);
            return false;
        }
        if let Some(process) = self.process(slot, id) {
            (process.hands.started, process.hands.aborted) = (started, aborted);
            process.hands.posted = posted;
        }
        true
    }

    fn schedule_next(&mut self, slot: u8, next: prosody_shell::Next) {
        let soon = self.now.after(Duration::from_micros(10));
        let at = if next.again {
            soon
        } else {
            let late = Duration::from_micros(self.chance.below(self.plan.lateness + 1));
            let wake = next.wake_at.map_or(Mono::NEVER, |at| at.after(late));
            wake.min(self.now.after(self.plan.heartbeat)).max(soon)
        };
        self.schedule(slot, at);
    }

    /// Makes those step who were woken.
    fn wake(&mut self) {
        for slot in 0..self.slots.len() {
            if self.slots[slot].as_ref().is_some_and(Process::take_wake) {
                let at = self.now.after(Duration::from_micros(self.chance.between(1, 200)));
                self.schedule(slot as u8, at);
            }
        }
    }

    /// Ends a stop: the process leaves, and another one comes in its place.
    fn close(&mut self, slot: u8) {
        let Some(mut process) = self.slots[usize::from(slot)].take() else { return };
        process.shell.close(Duration::from_secs(1));
        process.count(&self.ledger);
        let mut ledger = self.ledger.borrow_mut();
        if ledger.book(process.id).dead {
            ledger.died(process.id);
        } else {
            ledger.left(process.id);
        }
        drop(ledger);
        self.replace(slot);
    }

    /// Takes a dead process away; another one comes in its place.
    fn bury(&mut self, slot: u8) {
        if let Some(process) = self.slots[usize::from(slot)].take() {
            process.count(&self.ledger);
            self.ledger.borrow_mut().died(process.id);
            self.replace(slot);
        }
    }

    fn replace(&mut self, slot: u8) {
        let guest = usize::from(slot) == self.plan.members;
        if self.phase != Phase::Closing && !guest {
            let wait = self.chance.millis(0, 3000);
            self.plan_in(wait, Due::Start { slot });
        }
    }

    fn clock(&self) -> Now {
        Now { mono: self.now, wall_ms: (self.now.0 / 1_000_000) as i64 }
    }
}
