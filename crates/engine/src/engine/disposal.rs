//! The end of a record that failed for good.
//!
//! ```text
//!  given up ── no failure topic ───────────────────────────▶ said, finished
//!     └── posted ── acknowledged ──────────────────────────▶ finished
//!           ▲ │ └── too large for the topic, again and again ──▶ the partition stops
//!           │ └── failed
//!           └──────── its key waits
//! ```
//!
//! While a dead letter is out its key is held and no slot is; its offset counts as finished only once the letter is
//! acknowledged. A partition that leaves waits for its letters as for its calls; with the epoch they are forgotten,
//! and whoever owns the partition next runs their records again.

use std::time::Duration;

use prosody_model::{Epoch, EventId, Mono, PartitionIndex};

use crate::{
    action::{Action, DeadLetter, Observation, StopCause},
    backoff,
    engine::Engine,
    events::{Body, Letter, NIL, Stage},
    explanation::ParkedReason,
    input::{DeadLetterResult, DeadLettered},
    lanes::State,
    middleware::Facts,
    planted::{self, Bug},
    settings::{Backoff, Jitter},
};

/// How often a letter has to be refused as too large before it is. A broker refuses a whole batch for one of its
/// records, so a small letter may be refused beside a large one; sent again at other times each is judged alone.
const TOO_LARGE: u32 = 4;
const APART: Backoff =
    Backoff { base: Duration::from_millis(100), max: Duration::from_secs(1), jitter: Jitter::Full };

impl Letter {
    /// Counts what became of it: how often it has failed, and how often it was too large.
    fn count(&mut self, result: &DeadLetterResult) -> (u32, u32) {
        self.failures =
            self.failures.saturating_add(u32::from(matches!(result, DeadLetterResult::Failed(_))));
        self.too_large += u32::from(matches!(result, DeadLetterResult::TooLarge(_)));
        (self.failures, self.too_large)
    }
}

impl Engine {
    /// Gives up a record that has left its lane.
    pub(super) fn give_up(
        &mut self,
        index: u32,
        lane: u32,
        reason: String,
        now: Mono,
        out: &mut Vec<Action>,
    ) {
        if self.settings.failure_topic.is_none() {
            return self.bury(index, lane, reason, now, out);
        }
        if let Some(event) = self.events.get_mut(index) {
            event.letter = Some(Box::new(Letter { reason, failures: 0, too_large: 0 }));
        }
        self.post(index, lane, out);
    }

    /// Says that a record is given up, and counts it as finished.
    fn bury(&mut self, index: u32, lane: u32, reason: String, now: Mono, out: &mut Vec<Action>) {
        let Facts { partition, offset, attempts, .. } = self.facts(index);
        self.counters.disposed += 1;
        out.push(Action::Observe(Box::new(Observation::Disposed { partition, offset, attempts, reason })));
        self.complete(index);
        self.go_on(lane, now);
    }

    /// Sends a record's dead letter; its lane is held until the answer.
    fn post(&mut self, index: u32, lane: u32, out: &mut Vec<Action>) {
        let ticket = self.events.id(index);
        let Some(event) = self.events.get_mut(index) else { return };
        event.stage = Stage::Posted;
        self.uncommitted -= usize::from(std::mem::take(&mut event.counted));
        out.push(Action::DeadLetter(Box::new(DeadLetter {
            ticket,
            epoch: event.epoch,
            partition: event.partition,
            record: event.record.clone(),
            attempts: event.attempts,
            reason: event.letter.as_ref().map_or_else(String::new, |letter| letter.reason.clone()),
        })));
        if let Some(held) = self.partitions.live(event.partition, event.epoch) {
            held.posted += 1;
        }
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.state = State::Running { charged: None };
            lane.open = index;
        }
        if planted::is(Bug::FinishBeforeDeadLetter) {
            self.finish(index);
        }
    }

    /// Sends the dead letter again that the lane waits with; false if it waits with none.
    pub(super) fn post_again(&mut self, lane: u32, out: &mut Vec<Action>) -> bool {
        let Some(waiting) = self.lanes.get_mut(lane) else { return false };
        if self.events.get(waiting.head()).is_none_or(|event| event.letter.is_none()) {
            return false;
        }
        let Some(index) = waiting.pop_front(&mut self.events) else { return false };
        self.post(index, lane, out);
        true
    }

    /// Takes in what became of a dead letter.
    pub(super) fn dead_lettered(&mut self, answer: DeadLettered, now: Mono, out: &mut Vec<Action>) {
        let DeadLettered { ticket, result } = answer;
        let Some((index, lane, partition, epoch)) = self.take_answer(ticket) else {
            self.counters.outdated += 1;
            return;
        };
        let Some(held) = self.partitions.live(partition, epoch) else { return };
        held.posted -= 1;
        let leaving = held.leaving.is_some() || held.stopped;
        let letter = self.events.get_mut(index).and_then(|event| event.letter.as_mut());
        let (failures, too_large) = letter.map_or((1, TOO_LARGE), |letter| letter.count(&result));
        match result {
            DeadLetterResult::Acknowledged => {
                self.counters.disposed += 1;
                self.counters.dead_lettered += 1;
                self.say_dead_lettered(index, out);
                self.complete(index);
                self.go_on(lane, now);
            }
            DeadLetterResult::Unwanted => {
                let gone = self.events.get(index).is_some_and(|event| event.body == Body::Gone);
                let letter = self.events.get_mut(index).and_then(|event| event.letter.take());
                let reason = letter.map_or_else(String::new, |letter| letter.reason);
                if gone {
                    // It may never have run: saying so in a line is not enough.
                    let offset = self.facts(index).offset;
                    self.forget(index);
                    self.stop_partition((partition, epoch), offset, StopCause::Gone(reason), out);
                    return self.release_if_quiet(epoch, out);
                }
                self.bury(index, lane, reason, now, out);
            }
            DeadLetterResult::Failed(_) | DeadLetterResult::TooLarge(_) if leaving => {
                self.forget(index);
                self.go_on(lane, now);
            }
            DeadLetterResult::Failed(reason) => {
                self.wait_with_letter(index, lane, reason, (self.settings.retry, failures), now, out);
            }
            DeadLetterResult::TooLarge(reason) if too_large < TOO_LARGE => {
                self.wait_with_letter(index, lane, reason, (APART, too_large), now, out);
            }
            DeadLetterResult::TooLarge(reason) => {
                let offset = self.facts(index).offset;
                self.forget(index);
                self.stop_partition((partition, epoch), offset, StopCause::LetterTooLarge(reason), out);
            }
        }
        self.release_if_quiet(epoch, out);
    }

    /// Takes a letter out of those on their way; `None` if it is none of them.
    fn take_answer(&mut self, ticket: EventId) -> Option<(u32, u32, PartitionIndex, Epoch)> {
        let index = self.events.find(ticket)?;
        let event = self.events.get_mut(index).filter(|event| event.stage == Stage::Posted)?;
        event.stage = Stage::Queued;
        let (lane, partition, epoch) = (event.lane, event.partition, event.epoch);
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.open = NIL;
        }
        Some((index, lane, partition, epoch))
    }

    fn say_dead_lettered(&mut self, index: u32, out: &mut Vec<Action>) {
        let Some(event) = self.events.get_mut(index) else { return };
        let letter = event.letter.take();
        out.push(Action::Observe(Box::new(Observation::DeadLettered {
            partition: event.partition,
            offset: event.record.offset,
            key: event.record.key().map(Into::into),
            attempts: event.attempts,
            reason: letter.map_or_else(String::new, |letter| letter.reason),
        })));
    }

    /// The key waits with its letter; `failures` of its kind so far decide how long.
    fn wait_with_letter(
        &mut self,
        index: u32,
        lane: u32,
        reason: String,
        (backoff, failures): (Backoff, u32),
        now: Mono,
        out: &mut Vec<Action>,
    ) {
        let until = now.after(backoff::delay(backoff, failures, None, &mut self.rng));
        self.parks_for(index, ParkedReason::DeadLetter);
        self.remember_error(index, &reason);
        let Facts { partition, offset, .. } = self.facts(index);
        let delayed = Observation::DeadLetterDelayed { partition, offset, until, reason };
        out.push(Action::Observe(Box::new(delayed)));
        self.park(index, lane, until, true);
    }

    /// Nothing more starts in this partition: its record can neither be finished nor passed over.
    pub(super) fn stop_partition(
        &mut self,
        (partition, epoch): (PartitionIndex, Epoch),
        offset: i64,
        cause: StopCause,
        out: &mut Vec<Action>,
    ) {
        self.drop_queued(partition, epoch);
        if let Some(held) = self.partitions.live(partition, epoch)
            && !std::mem::replace(&mut held.stopped, true)
        {
            out.push(Action::Stop { epoch, offset, cause });
        }
    }

    /// Forgets the letters of an epoch that is over.
    pub(super) fn drop_posted(&mut self, epoch: Epoch) {
        let Some(held) = self.partitions.get(epoch).filter(|held| held.posted > 0) else { return };
        let partition = held.index;
        let ours = |event: &crate::events::Event| {
            event.stage == Stage::Posted && event.partition == partition && event.epoch == epoch
        };
        let posted: Vec<_> =
            self.events.iter().filter(|(_, event)| ours(event)).map(|(i, event)| (i, event.lane)).collect();
        for (index, lane) in posted {
            self.forget(index);
            if let Some(lane) = self.lanes.get_mut(lane) {
                lane.open = NIL;
            }
            // What was queued behind it is gone already.
            self.remove_lane(lane);
        }
    }
}
