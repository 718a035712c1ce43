//! Resolved options as the Kafka adapter wants them.

use std::{sync::Arc, time::Duration};

use prosody_config::{self as config, Options, Problem, Problems, SecurityProtocol};
use prosody_kafka::{GroupProtocol, KafkaSettings, LogSink, Pem, Protocol, Refusal, Security, TokenSource};
use prosody_shell::Fact;

use crate::{sink::Sink, tokens::Tokens};

/// What `max.poll.interval.ms` may be. The consumer's thread asks for records whatever the handlers do, so a short
/// `stallThresholdMs` is no reason to leave the group sooner: a thread that waits for a slow broker would. The upper
/// bound is librdkafka's.
const POLL_INTERVAL: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(86_400));

/// Settings of the consumer, producer or admin client that `options` ask for.
pub fn settings(
    options: &Options,
    sink: Option<&Arc<dyn Sink>>,
    tokens: Option<&Arc<Tokens>>,
) -> KafkaSettings {
    let group = &options.group;
    let mut settings = KafkaSettings {
        bootstrap_servers: options.bootstrap_servers.clone(),
        group_id: group.id.clone().unwrap_or_default(),
        client_id: options.client_id.clone(),
        group_instance_id: group.instance_id.clone(),
        group_protocol: match group.protocol {
            config::GroupProtocol::Classic => GroupProtocol::Classic,
            config::GroupProtocol::Consumer => GroupProtocol::Consumer,
        },
        max_poll_interval: options.limits.stall_threshold.clamp(POLL_INTERVAL.0, POLL_INTERVAL.1),
        max_buffered_bytes: options.limits.max_buffered_bytes as u64,
        reread_timeout: options.defer.seek_timeout,
        discard_threshold: options.defer.discard_threshold,
        security: security(&options.security),
        tokens: tokens.map(|tokens| Arc::clone(tokens) as Arc<dyn TokenSource>),
        properties: options.kafka.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        send_timeout: options.send_timeout,
        log: sink.map(log),
        ..KafkaSettings::default()
    };
    if let Some(session) = group.session {
        settings.session_timeout = session.timeout;
        settings.heartbeat_interval = session.heartbeat_interval;
    }
    settings
}

/// Whether librdkafka takes what is passed through to it.
///
/// # Errors
///
/// Every property that it does not take.
pub fn check(options: &Options) -> Result<(), Problems> {
    let problem = |refusal: Refusal| {
        let value = options.kafka.get(&refusal.name).unwrap_or_default();
        Problem::of_property(&refusal.name, value, refusal.unknown, &refusal.reason)
    };
    let problems: Vec<_> = prosody_kafka::refused(options.kafka.iter()).into_iter().map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

fn security(security: &config::Security) -> Security {
    Security {
        protocol: match security.protocol {
            SecurityProtocol::Plaintext => Protocol::Plaintext,
            SecurityProtocol::Ssl => Protocol::Tls,
            SecurityProtocol::SaslPlaintext => Protocol::SaslPlaintext,
            SecurityProtocol::SaslSsl => Protocol::SaslTls,
        },
        mechanism: security.mechanism.map(|mechanism| mechanism.name().to_owned()),
        username: security.username.clone(),
        password: security.password.as_ref().map(|secret| secret.reveal().to_owned()),
        ca: security.ca.as_ref().map(pem),
        certificate: security.certificate.as_ref().map(pem),
        key: security.key.as_ref().map(pem),
        key_password: security.key_password.as_ref().map(|secret| secret.reveal().to_owned()),
    }
}

fn pem(pem: &config::Pem) -> Pem {
    match pem {
        config::Pem::Text(text) => Pem::Text(text.reveal().to_owned()),
        config::Pem::Path(path) => Pem::Path(path.clone()),
    }
}

/// Lines of librdkafka that are no errors of ours; what concerns us arrives as events besides.
fn log(sink: &Arc<dyn Sink>) -> LogSink {
    let sink = Arc::clone(sink);
    Arc::new(move |level, facility, line| {
        sink.facts(vec![Fact::Library { level, text: format!("{facility}: {line}") }]);
    })
}

#[cfg(test)]
mod tests;
