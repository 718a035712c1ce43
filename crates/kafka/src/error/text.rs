//! The words of errors.

use prosody_broker::{BrokerError, ErrorCode};
use rdkafka_sys::rd_kafka_resp_err_t as E;

use super::{kind, of_kind, words};
use crate::ffi::{Event, Flaw, Handle};

/// What to do about an error of a kind.
pub(super) fn advice(kind: ErrorCode) -> &'static str {
    match kind {
        ErrorCode::Unreachable => {
            "check bootstrapServers, security.protocol, the network and that the brokers are up; it is tried again"
        }
        ErrorCode::Timeout => "the brokers are slow or away: try again, or allow more time",
        ErrorCode::Tls => "check the protocol, the CA and the broker's certificate and host name",
        ErrorCode::Authentication => "check the SASL mechanism, user name and password",
        ErrorCode::Token => "see to the callback security.token",
        ErrorCode::Authorization => "grant the principal this operation in the cluster's ACLs",
        ErrorCode::UnknownTopic => "create the topic or correct its name",
        ErrorCode::TopicExists => "use the one that is there, or delete it first",
        ErrorCode::OffsetOutOfRange => {
            "the records are gone from the log: reset the group's offset to go on without them"
        }
        ErrorCode::RecordMissing => {
            "the log was compacted, cut off or made anew: do not compact a topic whose messages are deferred"
        }
        ErrorCode::TooLarge => "send less, or raise the topic's max.message.bytes",
        ErrorCode::MetadataTooLarge => {
            "commit with less metadata, or raise the broker's offset.metadata.max.bytes"
        }
        ErrorCode::Fenced => "another member holds the partition: nothing is to be done here",
        ErrorCode::Rebalancing => "commit again when the rebalance is over",
        ErrorCode::QueueFull => "wait for reports before sending more",
        ErrorCode::Corrupt => "repair the record's replica, or move the group's offset past it",
        ErrorCode::Invalid => "correct the named value",
        ErrorCode::Closed => "make a new one",
        ErrorCode::Other => "see the broker's log",
    }
}

/// An error of the connection of a client, as an event.
pub(crate) fn explained(handle: Option<&Handle>, event: &Event) -> BrokerError {
    let text = event.error_text();
    let refused = text.contains("certificate verify failed");
    match handle.filter(|_| refused).and_then(|handle| handle.flaw(&text)) {
        Some((broker, flaw)) => certificate(&broker, flaw),
        None => connection(event.error(), &text),
    }
}

/// The certificate of a broker is refused.
pub(super) fn certificate(broker: &str, flaw: Flaw) -> BrokerError {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    let problem = match flaw {
        Flaw::Expired => "the broker's certificate has expired; renew it".to_owned(),
        Flaw::NotYetValid => {
            "the broker's certificate is not valid yet; check the clocks on both sides, or give it another"
                .to_owned()
        }
        Flaw::OtherHost => format!(
            "the broker's certificate is not for the host name {host}; use a name that stands in it, in \
             bootstrapServers and the broker's advertised.listeners"
        ),
        Flaw::UnknownAuthority => {
            "the broker's certificate is not signed by an authority that is trusted here; give \
                                   the CA's certificate as security.ca"
                .to_owned()
        }
        Flaw::Revoked => "the broker's certificate has been revoked; give it another".to_owned(),
        Flaw::Other(code) => format!(
            "the broker's certificate is refused, OpenSSL's reason {code}; see `openssl errstr` and `man verify`"
        ),
    };
    BrokerError::new(ErrorCode::Tls, format!("Kafka at {broker}: {problem}"))
}

/// An error of the connection as such. `reason` is librdkafka's own text, which names the broker.
pub(crate) fn connection(code: i32, reason: &str) -> BrokerError {
    // librdkafka calls a refused TLS connection "transport", and tells them apart in its text only.
    let lower = reason.to_ascii_lowercase();
    let kind = match kind(code) {
        ErrorCode::Unreachable if lower.contains("ssl handshake") || lower.contains("certificate") => {
            ErrorCode::Tls
        }
        known => known,
    };
    if code == E::RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED as i32 {
        let message = "the consumer was not polled in time and had to leave the group; it joins again. \
                       Something blocked its thread: find it; a stallThresholdMs of more than five minutes allows for more";
        return BrokerError::new(ErrorCode::Fenced, message);
    }
    if lower.contains("alert") && lower.contains("certificate") {
        let message = format!(
            "Kafka: {}; the broker asks for a client's certificate and does not take this one, or got none: set \
             security.certificate and security.key",
            lower_first(reason)
        );
        return BrokerError::new(ErrorCode::Tls, message);
    }
    if let Some((_, reason)) = reason.split_once("Failed to acquire SASL OAUTHBEARER token: ") {
        return of_kind(ErrorCode::Token, "there is no token for the brokers", reason);
    }
    let reason = if reason.is_empty() { words(code) } else { reason.to_owned() };
    if kind == ErrorCode::Authentication && (lower.contains("oauthbearer") || lower.contains("invalid_token"))
    {
        let advice = "the brokers do not take this token: check its audience, issuer and time, and those in the \
                      broker's configuration";
        return BrokerError::new(kind, format!("Kafka: {}; {advice}", lower_first(&reason)));
    }
    of_kind(kind, "Kafka", &reason)
}

/// No broker answers. librdkafka keeps quiet about a connection that is closed at once, as by a listener that speaks
/// another protocol: then this is all there is to say.
pub(crate) fn all_down(servers: &str) -> BrokerError {
    of_kind(ErrorCode::Unreachable, format_args!("Kafka at {servers}"), "no broker answers")
}

/// The group's members share no way to divide partitions with us.
pub(crate) fn other_protocol(group: &str) -> BrokerError {
    let message = format!(
        "group {group} has members that speak another protocol or assign partitions in another way; joining is tried \
         again until they leave: use another groupId, or let those members leave first"
    );
    BrokerError::new(ErrorCode::Other, message)
}

/// The topic that an error of the subscription is about: librdkafka names it in its text only.
pub(crate) fn subscribed_topic(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("Subscribed topic not available: ")?;
    // A topic's name has no colon.
    rest.split_once(": ").map(|(topic, _)| topic)
}

/// An error of a subscribed topic.
pub(crate) fn subscription(topic: &str, code: i32) -> BrokerError {
    let kind = kind(code);
    if kind == ErrorCode::UnknownTopic {
        let message =
            format!("topic {topic} does not exist; it is waited for: create it or correct its name");
        return BrokerError::new(kind, message);
    }
    of_kind(kind, format_args!("topic {topic}"), &words(code))
}

/// An error that ends the reading of a partition at an offset.
pub(crate) fn partition_stopped(what: &str, offset: i64, code: i32, reason: &str) -> BrokerError {
    let kind = kind(code);
    let reason = if reason.is_empty() { words(code) } else { reason.to_owned() };
    of_kind(kind, format_args!("{what} cannot be read on at offset {offset}"), &reason)
}

/// Our messages begin in lower case; librdkafka's do not, and say first on which side the error is. Names like
/// "SASL" stay.
pub(super) fn lower_first(text: &str) -> String {
    let text = text.strip_prefix("Broker: ").or_else(|| text.strip_prefix("Local: ")).unwrap_or(text);
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}
