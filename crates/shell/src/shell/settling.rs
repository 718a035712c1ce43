//! Outcomes that are taken in between two steps.

use prosody_broker::Consumer;
use prosody_engine::{Input, Settlement};
use prosody_model::{Mono, Now};

use super::{Handler, Shell};

impl<C: Consumer> Shell<C> {
    /// Not while partitions are being given up, nor once the membership is over: which calls may start is then for the
    /// next step to say, after it has heard the log.
    pub fn takes_settlements(&self) -> bool {
        self.drain.is_none() && self.failed.is_none() && !self.engine.gives_up()
    }

    /// Takes outcomes in between two steps and starts what follows from them; the log is neither asked nor told, so that
    /// this never blocks. Gives the instant by which the next step is due, which tells the log what was decided here.
    ///
    /// `None`: nothing was taken, for it does not [take settlements](Self::takes_settlements) now.
    pub fn settle<H: Handler>(
        &mut self,
        settled: &mut Vec<Settlement>,
        now: Now,
        handler: &mut H,
    ) -> Option<Mono> {
        if !self.takes_settlements() {
            return None;
        }
        self.decide(Input::Settled(std::mem::take(settled)), now, handler);
        handler.flush();
        let engine = &self.engine;
        let tells = !(self.commits.is_empty()
            && self.released.is_empty()
            && self.letters.is_empty()
            && self.wanted.is_empty());
        let reads = engine.wants_records() && self.readings.any(|epoch| engine.reads(epoch));
        Some(if tells || reads { now.mono } else { self.wake_at().unwrap_or(Mono::NEVER) })
    }
}
