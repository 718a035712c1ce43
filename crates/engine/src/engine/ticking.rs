//! What time brings: deadlines of calls, parked keys, partitions that leave. Commits follow.

use prosody_model::{AbortReason, Mono};

use crate::{action::Action, engine::Engine};

impl Engine {
    pub(super) fn tick(&mut self, now: Mono, out: &mut Vec<Action>) {
        while let Some(event) = self.overdue(now) {
            self.abort(event, AbortReason::Timeout, out);
        }
        while let Some(lane) = self.parking.due(now, &self.lanes) {
            if !self.post_again(lane, out) {
                self.make_ready(lane, now);
            }
        }
        self.tick_leaving(now, out);
    }

    /// The oldest call, if its deadline has passed.
    fn overdue(&self, now: Mono) -> Option<u32> {
        let oldest = self.events.oldest()?;
        let started = self.events.get(oldest)?.started;
        (started.after(self.settings.timeout) <= now).then_some(oldest)
    }

    pub(super) fn next_tick(&self) -> Option<Mono> {
        let call = self
            .events
            .oldest()
            .and_then(|event| self.events.get(event))
            .map(|event| event.started.after(self.settings.timeout));
        let leaving = if self.leavings == 0 {
            None
        } else {
            let instants = self.partitions.iter().filter_map(|held| held.leaving);
            instants.map(|leaving| leaving.abort_at.min(leaving.deadline)).min()
        };
        let drain = self.drain.filter(|_| !self.drained).map(|drain| drain.deadline);
        [call, self.parking.next(), leaving, self.commit_due(), drain, self.relief_due()]
            .into_iter()
            .flatten()
            .min()
    }
}
