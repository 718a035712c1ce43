//! Topics as things to create and delete, on Kafka or on the mock broker.

use std::{sync::Arc, time::Duration};

use prosody_broker::{Admin, BrokerError, TopicSpec};
use prosody_config::{Problems, RawValue, Resolved, Warning};
use prosody_kafka::{KafkaAdmin, Token};

use crate::{Done, Sink, error::ClientError, kafka, tokens::Tokens, waiting::Waiting, wiring};

/// Longest wait for a broker's answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Creates and deletes topics.
pub struct AdminClient {
    admin: Arc<dyn Admin>,
    /// Makes calls that wait for a broker give up.
    end: Option<Arc<KafkaAdmin>>,
    /// With SASL OAUTHBEARER.
    tokens: Option<Arc<Tokens>>,
    warnings: Vec<Warning>,
    waiting: Waiting,
}

impl AdminClient {
    /// `sink` is asked for tokens and told why there is none; it hears nothing else.
    ///
    /// # Errors
    ///
    /// The problems of the options, or of the client library.
    pub fn new(
        options: &RawValue,
        variables: &[(String, String)],
        environment: &str,
        sink: &Arc<dyn Sink>,
    ) -> Result<Result<Self, ClientError>, Problems> {
        let Resolved { options, warnings } = prosody_config::resolve(options, variables)?;
        kafka::check(&options)?;
        if options.mock {
            let admin = Arc::new(wiring::memory_broker(environment, &options));
            return Ok(Ok(Self::with(admin, None, None, warnings)));
        }
        let tokens = Tokens::of(&options, sink);
        let settings = kafka::settings(&options, None, tokens.as_ref());
        Ok(KafkaAdmin::new(&settings).map_err(ClientError::from).map(|admin| {
            let admin = Arc::new(admin);
            Self::with(Arc::clone(&admin) as Arc<dyn Admin>, Some(admin), tokens, warnings)
        }))
    }

    fn with(
        admin: Arc<dyn Admin>,
        end: Option<Arc<KafkaAdmin>>,
        tokens: Option<Arc<Tokens>>,
        warnings: Vec<Warning>,
    ) -> Self {
        Self { admin, end, tokens, warnings, waiting: Waiting::new("prosody-admin") }
    }

    /// As [`Client::warnings`](crate::Client::warnings).
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// As [`Client::token`](crate::Client::token).
    pub fn token(&self, given: Result<Token, String>) {
        if let Some(tokens) = &self.tokens {
            tokens.came(given);
        }
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
        if let Some(tokens) = &self.tokens {
            tokens.end();
        }
    }
}
