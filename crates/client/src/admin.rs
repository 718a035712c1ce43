//! Topics as things to create and delete, on Kafka or on the mock broker.

use std::{sync::Arc, thread, time::Duration};

use prosody_broker::{Admin, BrokerError, TopicSpec};
use prosody_config::{Problems, RawValue};
use prosody_kafka::KafkaAdmin;

use crate::{Done, error::ClientError, kafka, wiring};

/// Longest wait for a broker's answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Creates and deletes topics.
pub struct AdminClient(Arc<dyn Admin>);

impl AdminClient {
    /// # Errors
    ///
    /// The problems of the options, or of the client library.
    pub fn new(
        options: &RawValue,
        variables: &[(String, String)],
        environment: &str,
    ) -> Result<Result<Self, ClientError>, Problems> {
        let options = prosody_config::resolve(options, variables)?.options;
        if options.mock {
            return Ok(Ok(Self(Arc::new(wiring::memory_broker(environment, &options)))));
        }
        let admin = KafkaAdmin::new(&kafka::settings(&options, None));
        Ok(admin.map(|admin| Self(Arc::new(admin) as Arc<dyn Admin>)).map_err(ClientError::from))
    }

    pub fn create_topic(&self, name: String, partitions: i32, replication_factor: i32, done: Done) {
        let topic = TopicSpec { name, partitions, replication_factor };
        self.elsewhere(done, move |admin| admin.create_topic(&topic, TIMEOUT));
    }

    pub fn delete_topic(&self, name: String, done: Done) {
        self.elsewhere(done, move |admin| admin.delete_topic(&name, TIMEOUT));
    }

    fn elsewhere(
        &self,
        done: Done,
        work: impl FnOnce(&dyn Admin) -> Result<(), BrokerError> + Send + 'static,
    ) {
        let admin = Arc::clone(&self.0);
        let builder = thread::Builder::new().name("prosody-admin".into());
        // Not joined: it ends within the timeout and touches nothing but what it owns.
        let _ = builder.spawn(move || done(work(admin.as_ref()).map_err(ClientError::from)));
    }
}
