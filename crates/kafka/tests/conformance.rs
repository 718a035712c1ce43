//! The broker port's conformance suite on a real Kafka, in both group protocols.
//!
//! `PROSODY_TEST_BOOTSTRAP=127.0.0.1:9092 cargo test -p prosody-kafka --features real-kafka`
#![cfg(feature = "real-kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod classic {
    use prosody_kafka::GroupProtocol;

    use crate::support::RealKafka;

    prosody_broker::conformance!(RealKafka::new(GroupProtocol::Classic));
}

mod kip848 {
    use prosody_kafka::GroupProtocol;

    use crate::support::RealKafka;

    prosody_broker::conformance!(RealKafka::new(GroupProtocol::Consumer));
}
