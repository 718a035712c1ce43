//! Tokens for SASL OAUTHBEARER, and who is asked for them.

use std::{fmt, sync::Weak};

pub use crate::ffi::TokenTaker;

/// A token, as it is shown to the brokers.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself, a secret.
    pub value: String,
    /// When it ends, in milliseconds since 1970.
    pub expires_at_ms: i64,
    /// Whom it names, for librdkafka's own words.
    pub principal: String,
    /// What is told to the brokers besides, by name.
    pub extensions: Vec<(String, String)>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.extensions.iter().map(|(name, _)| name).collect();
        f.debug_struct("Token")
            .field("value", &"…")
            .field("expires_at_ms", &self.expires_at_ms)
            .field("principal", &self.principal)
            .field("extensions", &names)
            .finish()
    }
}

/// Whom librdkafka's clients ask for a token. One source may serve any number of them.
pub trait TokenSource: Send + Sync {
    /// A client needs a token: it is to be given to `taker`, soon, or a reason why there is none. Called from
    /// librdkafka's threads under a lock: it must be short, and must not call the taker before it has returned.
    fn wanted(&self, taker: &Weak<TokenTaker>);
}
