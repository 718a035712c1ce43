//! Records that the engine has given up and wants again, between it and the log; and partitions that stop.

use prosody_broker::{BrokerError, Consumer, ErrorCode, Missing, Reread, Wanted};
use prosody_engine::{Input, Reread as Answer, RereadResult, StopCause};
use prosody_model::{Epoch, Now, TopicPartition};

use super::{Handler, Shell};
use crate::fact::Fact;

impl<C: Consumer> Shell<C> {
    /// Asks the log.
    pub(super) fn ask_again(&mut self) {
        for (epoch, wanted) in std::mem::take(&mut self.wanted) {
            let asked = wanted.into_iter().map(|w| Wanted { offset: w.offset, timestamp: w.timestamp });
            self.consumer.reread(epoch, asked.collect());
        }
    }

    /// Takes in what the log has answered.
    pub(super) fn reread<H: Handler>(&mut self, answers: Vec<Reread>, now: Now, handler: &mut H) {
        let answers = answers.into_iter().map(answer).collect();
        self.tell(Input::Reread(answers), now, handler);
    }

    /// A record can neither be finished nor passed over: its partition is read no further.
    pub(super) fn stop<H: Handler>(&mut self, epoch: Epoch, offset: i64, cause: &StopCause, handler: &mut H) {
        self.readings.stop(epoch);
        let Some(partition) = self.name(epoch) else { return };
        let error = self.why(&partition, offset, cause);
        handler.observe(Fact::Stopped { partition, error });
    }

    fn why(&self, partition: &TopicPartition, offset: i64, cause: &StopCause) -> BrokerError {
        let record = format!("the record at offset {offset} of {partition}");
        match cause {
            StopCause::LetterTooLarge(reason) => {
                let topic = self.failure_topic(partition).unwrap_or_default();
                let message = format!(
                    "the dead letter of {record} is too large for the failure topic {topic}, so the partition has stopped \
                     there: raise max.message.bytes of that topic, then subscribe again ({reason})"
                );
                BrokerError::new(ErrorCode::TooLarge, message)
            }
            StopCause::Gone(reason) => {
                let message = format!(
                    "{record} waited for its next attempt, its bytes were given up for want of room, and it was deleted \
                     before they could be read again ({reason}): the partition has stopped there; raise the topic's \
                     retention or maxBufferedBytes, or set failureTopic, and move the group's offset past it"
                );
                BrokerError::new(ErrorCode::OffsetOutOfRange, message)
            }
            StopCause::Missing(reason) => {
                let message = format!(
                    "{record} waited for its next attempt, its bytes were given up for want of room, and the log does not \
                     have it any more though it reaches down to it ({reason}): the partition has stopped there; was the \
                     topic compacted, or made anew?"
                );
                BrokerError::new(ErrorCode::RecordMissing, message)
            }
        }
    }
}

fn answer(reread: Reread) -> Answer {
    let Reread { epoch, offset, result } = reread;
    let result = match result {
        Ok(record) => RereadResult::Found(record),
        Err(Missing::Gone { start }) => RereadResult::Gone(format!("the log begins at offset {start} now")),
        Err(Missing::Failed(error)) if error.code == ErrorCode::RecordMissing => {
            RereadResult::Missing(error.to_string())
        }
        Err(Missing::Failed(error)) => RereadResult::Failed(error.to_string()),
    };
    Answer { epoch, offset, result }
}
