//! Tokens on their way from the language to librdkafka's clients.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use prosody_config::{Options, SaslMechanism};
use prosody_kafka::{Token, TokenSource, TokenTaker};

use crate::{ClientError, sink::Sink};

/// Asks the language for tokens, and has one that came taken by everybody who needs tokens.
pub struct Tokens {
    sink: Arc<dyn Sink>,
    /// Who has asked. Bound: the clients of librdkafka that live; each question removes those that are gone.
    takers: Mutex<Vec<Weak<TokenTaker>>>,
}

impl Tokens {
    /// For options that say OAUTHBEARER; else `None`.
    pub fn of(options: &Options, sink: &Arc<dyn Sink>) -> Option<Arc<Self>> {
        let wanted = options.security.mechanism == Some(SaslMechanism::OauthBearer) && !options.mock;
        wanted.then(|| Arc::new(Self { sink: Arc::clone(sink), takers: Mutex::default() }))
    }

    /// Gives a token to all who have asked; how many there are.
    ///
    /// # Errors
    ///
    /// The token has expired, or cannot be sent.
    pub fn give(&self, token: &Token) -> Result<usize, ClientError> {
        let takers = self.living();
        takers.iter().try_for_each(|taker| taker.take(token))?;
        Ok(takers.len())
    }

    /// Tells all who have asked why there is no token; how many there are.
    pub fn refuse(&self, reason: &str) -> usize {
        let takers = self.living();
        for taker in &takers {
            taker.refuse(reason);
        }
        takers.len()
    }

    fn living(&self) -> Vec<Arc<TokenTaker>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<TokenTaker>>> {
        self.takers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenSource for Tokens {
    fn wanted(&self, taker: &Weak<TokenTaker>) {
        let mut takers = self.lock();
        takers.retain(|known| known.strong_count() > 0);
        if !takers.iter().any(|known| known.ptr_eq(taker)) {
            takers.push(Weak::clone(taker));
        }
        drop(takers);
        self.sink.token_wanted();
    }
}
