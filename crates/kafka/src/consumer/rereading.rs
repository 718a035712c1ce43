//! Records that are read again.

use prosody_broker::{BrokerError, ConsumerEvent, ErrorCode, Missing, Reread, Wanted};
use prosody_model::Epoch;

use super::Membership;

impl Membership {
    /// No partition is said to be rereadable yet, so nobody should ask; who does gets a failure.
    pub(super) fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>) {
        if self.table.owned(epoch).is_none() {
            return;
        }
        let failed = |Wanted { offset, .. }| {
            let message = format!("offset {offset} cannot be read again yet");
            let result = Err(Missing::Failed(BrokerError::new(ErrorCode::Invalid, message)));
            Reread { epoch, offset, result }
        };
        self.out.push(ConsumerEvent::Reread(wanted.into_iter().map(failed).collect()));
    }
}
