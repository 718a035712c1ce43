//! What is wrong with a configuration, and what is odd about it.

use std::fmt;

use crate::raw::quoted;

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

/// A name nobody reads: most likely a slip of the pen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The name as it was given.
    pub name: String,
    /// The known name that is nearest to it.
    pub closest: String,
    /// Whether it is an environment variable; otherwise a constructor option.
    pub variable: bool,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.variable { "environment variable" } else { "option" };
        write!(
            f,
            "unknown {kind} {} is ignored; the closest known one is {}",
            quoted(&self.name),
            self.closest
        )
    }
}
