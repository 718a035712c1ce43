//! Topics as things to create and delete, on Kafka or on the mock broker.

use std::{sync::Arc, time::Duration};

use prosody_broker::{Admin, BrokerError, TopicSpec};
use prosody_config::{Problems, RawValue};
use prosody_kafka::KafkaAdmin;

use crate::{Done, error::ClientError, kafka, waiting::Waiting, wiring};

/// Longest wait for a broker's answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Creates and deletes topics.
pub struct AdminClient {
    admin: Arc<dyn Admin>,
    /// Makes calls that wait for a broker give up.
    end: Option<Arc<KafkaAdmin>>,
    waiting: Waiting,
}

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
            let admin = Arc::new(wiring::memory_broker(environment, &options));
            return Ok(Ok(Self::with(admin, None)));
        }
        Ok(KafkaAdmin::new(&kafka::settings(&options, None)).map_err(ClientError::from).map(|admin| {
            let admin = Arc::new(admin);
            Self::with(Arc::clone(&admin) as Arc<dyn Admin>, Some(admin))
        }))
    }

    fn with(admin: Arc<dyn Admin>, end: Option<Arc<KafkaAdmin>>) -> Self {
        Self { admin, end, waiting: Waiting::new("prosody-admin") }
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
        let admin = Arc::clone(&self.admin);
        self.waiting.run(done, move || work(admin.as_ref()).map_err(ClientError::from));
    }
}

impl Drop for AdminClient {
    /// The threads are joined after this: none of them is to wait for a broker that is away.
    fn drop(&mut self) {
        if let Some(admin) = &self.end {
            admin.end();
        }
    }
}
