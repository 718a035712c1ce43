//! The contract of `security`.

use prosody_config::{Options, SaslMechanism, SecurityProtocol};

use super::{long, pem};
use crate::{
    case::{Case, hidden, maybe_texts, show, words},
    support::{function, text},
};

/// A configuration with all of TLS and SASL, to which each member in turn is added.
fn secured(case: Case) -> Case {
    let all = [
        ("security.protocol", text("sasl_ssl")),
        ("security.mechanism", text("PLAIN")),
        ("security.username", text("user")),
        ("security.password", text("password")),
        ("security.certificate", text("/certificate.pem")),
        ("security.key", text("/key.pem")),
    ];
    let name = case.name;
    all.into_iter().filter(|(member, _)| *member != name).fold(case.needed(), |case, (n, v)| case.with(n, v))
}

/// `security`, member by member.
pub fn members() -> Vec<Case> {
    let long = long();
    let protocols = [("plaintext", show(SecurityProtocol::Plaintext)), ("ssl", show(SecurityProtocol::Ssl))];
    let sasl = [
        ("sasl_plaintext", show(SecurityProtocol::SaslPlaintext)),
        ("sasl_ssl", show(SecurityProtocol::SaslSsl)),
    ];
    let mechanisms = [
        ("PLAIN", show(Some(SaslMechanism::Plain))),
        ("SCRAM-SHA-256", show(Some(SaslMechanism::ScramSha256))),
        ("SCRAM-SHA-512", show(Some(SaslMechanism::ScramSha512))),
    ];
    let bundle = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let files = ["/a.pem", bundle];
    let shown = ["Some(Path(\"/a.pem\"))", "Some(Text)"];
    let redacted = ["Some(<redacted>)", "Some(<redacted>)"];
    let protocol: fn(&Options) -> String = |o| show(o.security.protocol);
    let mut token = hidden("security.token", "", &[], &[], |o| show(o.security.token));
    token.default = show(false);
    token.values = vec![(function(), show(true))];
    token.refused.retain(|value| *value != function());
    token = token
        .with("security.protocol", text("sasl_plaintext"))
        .with("security.mechanism", text("OAUTHBEARER"))
        .needed();
    vec![
        words("security.protocol", "SECURITY_PROTOCOL", &protocols, "Plaintext", protocol),
        words("security.protocol", "SECURITY_PROTOCOL", &sasl, "Plaintext", protocol)
            .with("security.mechanism", text("PLAIN"))
            .with("security.username", text("u"))
            .with("security.password", text("p"))
            .needed(),
        secured(words("security.mechanism", "SASL_MECHANISM", &mechanisms, "None", |o| {
            show(o.security.mechanism)
        })),
        secured(maybe_texts("security.username", "SASL_USERNAME", &["u", "a user"], &["", &long], |o| {
            show(&o.security.username)
        })),
        secured(hidden("security.password", "SASL_PASSWORD", &["p", " spaced, "], &redacted, |o| {
            show(&o.security.password)
        })),
        token,
        secured(hidden("security.ca", "SSL_CA_LOCATION", &files, &shown, |o| pem(o.security.ca.as_ref()))),
        secured(hidden("security.certificate", "SSL_CERTIFICATE_LOCATION", &files, &shown, |o| {
            pem(o.security.certificate.as_ref())
        })),
        secured(hidden("security.key", "SSL_KEY_LOCATION", &files, &shown, |o| pem(o.security.key.as_ref()))),
        secured(hidden("security.keyPassword", "SSL_KEY_PASSWORD", &["p", "q"], &redacted, |o| {
            show(&o.security.key_password)
        })),
    ]
}
