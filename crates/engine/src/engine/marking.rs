//! Records that are finished by a mark, not by the return of their handler.
//!
//! ```text
//!  open ── returned unmarked ──▶ unmarked ── marked ──▶ finished
//!    │                              └── its partition goes ──▶ forgotten: the next owner runs it again
//!    └── anything else: as ever
//! ```
//!
//! An unmarked record holds its key, its place in the completion map and its bytes; no slot, no deadline, and no
//! place in `max_uncommitted`, for it has run.

use std::time::Duration;

use prosody_model::{Epoch, EventId, Mono, Outcome};

use crate::{
    action::Action,
    engine::Engine,
    events::{Event, NIL, Stage},
    lanes::State,
    planted::{self, Bug},
};

/// Where marking stands.
#[derive(Debug, Default)]
pub struct Marks {
    /// Records whose handler has returned and that wait to be marked.
    pub awaited: usize,
    /// Whether what marks have let go on is not to start yet.
    pub hold: bool,
}

impl Engine {
    /// The call of a record is over, and its mark is yet to come. The slot is free already.
    pub(super) fn await_mark(
        &mut self,
        index: u32,
        lane: u32,
        ran: Duration,
        now: Mono,
        out: &mut Vec<Action>,
    ) {
        self.counters.unmarked += 1;
        let mut facts = self.facts(index);
        facts.ran = ran;
        // To all policies the call has succeeded; what is left is the end of its record.
        self.stack.settle(&facts, &Outcome::Success, now, &mut self.rng);
        self.hasten(now, out);
        self.marks.awaited += 1;
        if let Some(event) = self.events.get_mut(index) {
            event.stage = Stage::Unmarked;
        }
        if planted::is(Bug::FinishUnmarked) {
            self.finish(index);
        }
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.state = State::Running { charged: None };
            lane.open = index;
        }
    }

    /// Finishes a record that waits for this; nothing if none does, be it marked already or of an epoch that is over.
    ///
    /// A mark may overtake the end of its call: the two come by different ways, on different threads. It is kept until
    /// that end.
    pub(super) fn mark(&mut self, id: EventId, now: Mono) {
        let open = self.events.find(id).and_then(|index| self.events.get_mut(index));
        if let Some(event) = open.filter(|event| event.stage == Stage::Open) {
            event.marked = true;
            return;
        }
        let waiting = |event: &Event| (event.stage == Stage::Unmarked).then_some(event.lane);
        let found = self.events.find(id);
        let Some((index, lane)) =
            found.and_then(|index| Some((index, self.events.get(index).and_then(waiting)?)))
        else {
            self.counters.outdated += 1;
            return;
        };
        self.marks.awaited -= 1;
        self.counters.succeeded += 1;
        self.free_lane(lane);
        self.complete(index);
        self.go_on(lane, now);
    }

    /// Forgets the unmarked records of an epoch that is over.
    pub(super) fn drop_unmarked(&mut self, epoch: Epoch) {
        if self.marks.awaited == 0 {
            return;
        }
        let Some(partition) = self.partitions.get(epoch).map(|held| held.index) else { return };
        let ours = |event: &Event| {
            event.stage == Stage::Unmarked && event.partition == partition && event.epoch == epoch
        };
        let unmarked: Vec<_> =
            self.events.iter().filter(|(_, event)| ours(event)).map(|(i, event)| (i, event.lane)).collect();
        for (index, lane) in unmarked {
            self.marks.awaited -= 1;
            self.counters.lapsed += 1;
            self.forget(index);
            self.free_lane(lane);
            // What was queued behind it is gone already.
            self.remove_lane(lane);
        }
    }

    fn free_lane(&mut self, lane: u32) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.open = NIL;
        }
    }
}
