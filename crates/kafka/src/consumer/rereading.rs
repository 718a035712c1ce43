//! Records that are read again.

use prosody_broker::{ConsumerEvent, Wanted};
use prosody_model::Epoch;

use super::Membership;

impl Membership {
    pub(super) fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>) {
        if let Some(held) = self.table.owned(epoch) {
            self.rereader.ask(epoch, held.partition.clone(), wanted);
        }
    }

    /// Says what has come back; what epochs have asked for that are over is forgotten.
    pub(super) fn say_reread(&mut self, events: &mut Vec<ConsumerEvent>) {
        let table = &self.table;
        let answers = self.rereader.take(|epoch| table.get(epoch).is_some_and(|held| !held.revoking));
        if !answers.is_empty() {
            events.push(ConsumerEvent::Reread(answers));
        }
    }
}
