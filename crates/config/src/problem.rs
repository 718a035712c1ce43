//! What is wrong with a configuration, and what is odd about it.

use std::fmt;

use crate::{
    SaslMechanism,
    kind::property_path,
    raw::quoted,
    secret::{REDACTED, is_pem, is_secret},
};

/// One value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The option, such as `deadLetterAfter.attempts` or `bootstrapServers[1]`.
    pub path: String,
    /// The value as it was given, or `not set`; `<redacted>` for a secret.
    pub value: String,
    /// What is allowed.
    pub expected: String,
    /// The environment variable it came from; `None` for a constructor option.
    pub variable: Option<String>,
}

impl Problem {
    /// A librdkafka property that librdkafka does not take: its name if `unknown`, else its value. The `reason` is
    /// librdkafka's, and is left out where it might repeat a secret.
    pub fn of_property(name: &str, value: &str, unknown: bool, reason: &str) -> Self {
        let hidden = is_secret(name) || is_pem(value);
        let expected = match (unknown, hidden || reason.is_empty()) {
            (true, _) => "the name of a librdkafka property".to_owned(),
            (false, true) => "a value that librdkafka takes".to_owned(),
            (false, false) => format!("a value that librdkafka takes; it says: {reason}"),
        };
        // What has an unknown name may be anything, a secret under a slip of the pen too.
        let value = if hidden || unknown { REDACTED.to_owned() } else { quoted(value) };
        Self { path: property_path(name), value, expected, variable: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.value)?;
        if let Some(variable) = &self.variable {
            write!(f, " (from {variable})")?;
        }
        write!(f, "; expected {}", self.expected)
    }
}

/// Everything that is wrong with a configuration: bad values first, then contradictions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// The error code that callers match on.
    pub const CODE: &'static str = "CONFIGURATION";

    fn text(&self) -> String {
        let mut text = match self.0.len() {
            1 => "the configuration has a bad value, correct it:".to_owned(),
            n => format!("the configuration has {n} bad values, correct all of them:"),
        };
        for problem in &self.0 {
            text.push_str("\n  ");
            text.push_str(&problem.to_string());
        }
        text
    }
}

/// What can be used, and should be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A name nobody reads: most likely a slip of the pen.
    Unknown {
        /// The name as it was given.
        name: String,
        /// The known name that is nearest to it.
        closest: String,
        /// Whether it is an environment variable; otherwise a constructor option.
        variable: bool,
    },
    /// The client proves who it is on a connection that is not encrypted.
    Unencrypted(SaslMechanism),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mechanism = match self {
            Self::Unknown { name, closest, variable } => {
                let kind = if *variable { "environment variable" } else { "option" };
                let name = quoted(name);
                return write!(f, "unknown {kind} {name} is ignored; the closest known one is {closest}");
            }
            Self::Unencrypted(mechanism) => mechanism,
        };
        let seen = match mechanism {
            SaslMechanism::Plain => "the password and all records can be read",
            SaslMechanism::OauthBearer => "the token and all records can be read",
            SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
                "all records can be read, and the password can be guessed from what is seen,"
            }
        };
        write!(f, "security.protocol is sasl_plaintext: {seen} by whoever sees the traffic; use sasl_ssl")
    }
}
