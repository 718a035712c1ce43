//! What credentials and certificates ask of each other.

use crate::{SaslMechanism, resolver::Draft};

const WITH_SASL: &str = "not set unless security.protocol is sasl_plaintext or sasl_ssl";
const WITH_TLS: &str = "not set unless security.protocol is ssl or sasl_ssl";

pub(super) fn kafka(draft: &mut Draft) {
    if draft.is_refused("security") {
        return;
    }
    if !draft.is_refused("security.protocol") {
        let protocol = draft.options.security.protocol;
        if protocol.has_sasl() {
            sasl(draft);
        } else {
            none_of(draft, &["mechanism", "username", "password", "token"], WITH_SASL);
        }
        if !protocol.has_tls() {
            none_of(draft, &["ca", "certificate", "key", "keyPassword"], WITH_TLS);
            return;
        }
    }
    both(draft, "security.certificate", "security.key");
    if is_set(draft, "security.keyPassword") && !draft.is_given("security.key") {
        draft.contradict("security.key", "PEM text or the path of a file, since security.keyPassword is set");
    }
}

fn sasl(draft: &mut Draft) {
    if draft.is_refused("security.mechanism") {
        return;
    }
    let Some(mechanism) = draft.options.security.mechanism else {
        let expected = format!("{}, since security.protocol has SASL", SaslMechanism::NAMES.join(", "));
        draft.contradict("security.mechanism", expected);
        return;
    };
    let name = mechanism.name();
    let (needed, surplus): (&[&str], &[&str]) = if mechanism == SaslMechanism::OauthBearer {
        (&["token"], &["username", "password"])
    } else {
        (&["username", "password"], &["token"])
    };
    for member in needed {
        let path = format!("security.{member}");
        if !draft.is_given(&path) {
            let what = if *member == "token" { "a function" } else { "a string" };
            draft.contradict(&path, format!("{what}, which security.mechanism {name} needs"));
        }
    }
    none_of(draft, surplus, &format!("not set with security.mechanism {name}"));
}

pub(super) fn cassandra(draft: &mut Draft) {
    both(draft, "cassandraUser", "cassandraPassword");
    both(draft, "cassandraTls.certificate", "cassandraTls.key");
    let members = ["cassandraTls", "cassandraTls.ca", "cassandraTls.certificate", "cassandraTls.key"];
    draft.options.cassandra.tls.enabled = members.iter().any(|name| draft.is_given(name));
}

/// Whether the option was given and can be used.
fn is_set(draft: &Draft, name: &str) -> bool {
    draft.is_given(name) && !draft.is_refused(name)
}

fn none_of(draft: &mut Draft, members: &[&str], expected: &str) {
    for member in members {
        let path = format!("security.{member}");
        if is_set(draft, &path) {
            draft.contradict(&path, expected);
        }
    }
}

/// Two options that make sense only together.
fn both(draft: &mut Draft, one: &str, other: &str) {
    for (here, missing) in [(one, other), (other, one)] {
        if draft.is_given(here) && !draft.is_given(missing) {
            draft.contradict(missing, format!("set together with {here}, or both not set"));
        }
    }
}
