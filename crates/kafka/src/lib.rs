//! The broker port on Kafka, by way of librdkafka's C interface.
//!
//! Everything that happens in librdkafka comes out of queues that the owner of a [`KafkaConsumer`] polls, or
//! that a [`KafkaProducer`]'s one thread polls; no callback of librdkafka does more than wake somebody.

mod admin;
mod consumer;
mod error;
mod ffi;
mod producer;
mod properties;
mod rereader;
mod settings;
mod tokens;

pub use admin::KafkaAdmin;
pub use consumer::KafkaConsumer;
pub use producer::KafkaProducer;
pub use properties::{Refusal, refused};
pub use settings::{GroupProtocol, KafkaSettings, LogSink, Pem, Protocol, Security};
pub use tokens::{Token, TokenSource, TokenTaker};
