//! Dead letters, between the engine and the producer.

use prosody_broker::{Consumer, Report};
use prosody_engine::{DeadLetter, DeadLetterResult, DeadLettered, Input, Observation};
use prosody_model::{Now, TopicPartition};

use super::{Handler, Shell};
use crate::{fact::Fact, letter};

impl<C: Consumer> Shell<C> {
    /// Hands dead letters over to be sent.
    pub(super) fn post<H: Handler>(
        &mut self,
        letters: impl IntoIterator<Item = DeadLetter>,
        now: Now,
        handler: &mut H,
    ) {
        let mut unwanted = Vec::new();
        for letter in letters {
            let source = self.names.get(letter.partition);
            let topic = source.and_then(|source| self.failure_topic(source));
            match (source, topic) {
                // What failed as a dead letter already would go round for ever.
                (Some(source), Some(topic)) if !self.is_failure_topic(source) => {
                    let group = &self.engine.settings().group;
                    handler.dead_letter(letter::outgoing(&letter, source, &topic, group));
                }
                _ => {
                    unwanted.push(DeadLettered { ticket: letter.ticket, result: DeadLetterResult::Unwanted });
                }
            }
        }
        if !unwanted.is_empty() {
            self.tell(Input::DeadLettered(unwanted), now, handler);
        }
    }

    /// Takes in what became of dead letters.
    pub(super) fn answered<H: Handler>(&mut self, reports: Vec<Report>, now: Now, handler: &mut H) {
        let answers = reports.into_iter().map(letter::answer).collect();
        self.tell(Input::DeadLettered(answers), now, handler);
    }

    /// What an observation is to those outside.
    pub(super) fn fact(&self, observation: Observation) -> Fact {
        let partition = observation.partition().and_then(|index| self.names.get(index)).cloned();
        match (partition, observation) {
            (Some(partition), Observation::DeadLettered { offset, key, attempts, reason, .. }) => {
                let topic = self.failure_topic(&partition).unwrap_or_default();
                Fact::DeadLettered { partition, offset, key, topic, attempts, reason }
            }
            (partition, observation) => Fact::Engine { partition, observation },
        }
    }

    fn is_failure_topic(&self, source: &TopicPartition) -> bool {
        let template = self.engine.settings().failure_topic.as_deref();
        template.is_some_and(|template| letter::is_failure_topic(template, &source.topic))
    }

    pub(super) fn failure_topic(&self, source: &TopicPartition) -> Option<String> {
        let template = self.engine.settings().failure_topic.as_deref()?;
        Some(letter::failure_topic(template, &source.topic))
    }
}
