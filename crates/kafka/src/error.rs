//! librdkafka's error codes as the port's kinds, with words that say what to do.

mod text;

pub(crate) use text::{
    all_down, explained, other_protocol, partition_stopped, subscribed_topic, subscription,
};

use std::fmt;

use prosody_broker::{BrokerError, ErrorCode};
use rdkafka_sys::rd_kafka_resp_err_t as E;

/// The kind that a code stands for.
pub(crate) fn kind(code: i32) -> ErrorCode {
    match E::try_from(code) {
        Ok(known) => known_kind(known),
        Err(_) => ErrorCode::Other,
    }
}

fn known_kind(code: E) -> ErrorCode {
    match code {
        E::RD_KAFKA_RESP_ERR__TRANSPORT
        | E::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
        | E::RD_KAFKA_RESP_ERR__RESOLVE
        | E::RD_KAFKA_RESP_ERR__WAIT_COORD
        | E::RD_KAFKA_RESP_ERR__NODE_UPDATE
        | E::RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE
        | E::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
        | E::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
        | E::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS
        | E::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE
        | E::RD_KAFKA_RESP_ERR_NOT_COORDINATOR
        | E::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION
        | E::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS
        | E::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | E::RD_KAFKA_RESP_ERR_NOT_CONTROLLER => ErrorCode::Unreachable,
        E::RD_KAFKA_RESP_ERR__TIMED_OUT
        | E::RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
        | E::RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE
        | E::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT => ErrorCode::Timeout,
        E::RD_KAFKA_RESP_ERR__SSL => ErrorCode::Tls,
        E::RD_KAFKA_RESP_ERR__AUTHENTICATION
        | E::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED
        | E::RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM
        | E::RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE => ErrorCode::Authentication,
        E::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
        | E::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
        | E::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
        | E::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED => ErrorCode::Authorization,
        E::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
        | E::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID
        | E::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
        | E::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION => ErrorCode::UnknownTopic,
        E::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS => ErrorCode::TopicExists,
        E::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
        | E::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
        | E::RD_KAFKA_RESP_ERR__NO_OFFSET
        | E::RD_KAFKA_RESP_ERR__LOG_TRUNCATION => ErrorCode::OffsetOutOfRange,
        E::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE | E::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE => {
            ErrorCode::TooLarge
        }
        E::RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE => ErrorCode::MetadataTooLarge,
        E::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION
        | E::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
        | E::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
        | E::RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH
        | E::RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID
        | E::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH
        | E::RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST
        | E::RD_KAFKA_RESP_ERR__FENCED => ErrorCode::Fenced,
        // The group has raised our epoch, and its answer that says so is on its way: nobody else holds the partition.
        E::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS | E::RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH => {
            ErrorCode::Rebalancing
        }
        E::RD_KAFKA_RESP_ERR__QUEUE_FULL => ErrorCode::QueueFull,
        E::RD_KAFKA_RESP_ERR__BAD_MSG
        | E::RD_KAFKA_RESP_ERR__BAD_COMPRESSION
        | E::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE
        | E::RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED
        | E::RD_KAFKA_RESP_ERR_INVALID_MSG
        | E::RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE => ErrorCode::Corrupt,
        E::RD_KAFKA_RESP_ERR__PURGE_QUEUE
        | E::RD_KAFKA_RESP_ERR__PURGE_INFLIGHT
        | E::RD_KAFKA_RESP_ERR__DESTROY => ErrorCode::Closed,
        E::RD_KAFKA_RESP_ERR__INVALID_ARG
        | E::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION
        | E::RD_KAFKA_RESP_ERR_INVALID_PARTITIONS
        | E::RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR
        | E::RD_KAFKA_RESP_ERR_INVALID_CONFIG
        | E::RD_KAFKA_RESP_ERR_INVALID_REQUEST
        | E::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP
        | E::RD_KAFKA_RESP_ERR_POLICY_VIOLATION
        | E::RD_KAFKA_RESP_ERR_INVALID_RECORD => ErrorCode::Invalid,
        _ => ErrorCode::Other,
    }
}

/// Whether it says that a partition has nothing more for now, which is no error.
pub(crate) fn is_end(code: i32) -> bool {
    code == E::RD_KAFKA_RESP_ERR__PARTITION_EOF as i32
}

/// What librdkafka or the broker calls a code.
pub(crate) fn words(code: i32) -> String {
    match E::try_from(code) {
        // SAFETY: a known code; librdkafka's table of words is static.
        Ok(known) => unsafe { crate::ffi::text(rdkafka_sys::rd_kafka_err2str(known)) },
        Err(_) => format!("broker error {code}, unknown to this client"),
    }
}

/// An error about `what`: its words, and what its kind asks of the reader.
pub(crate) fn about(what: impl fmt::Display, code: i32) -> BrokerError {
    of_kind(kind(code), what, &words(code))
}

/// An error of `kind` about `what`.
pub(crate) fn of_kind(kind: ErrorCode, what: impl fmt::Display, reason: &str) -> BrokerError {
    let reason = text::lower_first(reason);
    BrokerError::new(kind, format!("{what}: {reason}; {}", text::advice(kind)))
}

/// The consumer or producer is closed.
pub(crate) fn closed(what: &str) -> BrokerError {
    BrokerError::new(ErrorCode::Closed, format!("the {what} is closed; make a new one"))
}

#[cfg(test)]
mod tests;
