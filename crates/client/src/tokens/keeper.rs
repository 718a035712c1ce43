//! When a token is asked for, given on, and given up.

use std::time::Duration;

use prosody_broker::{BrokerError, ErrorCode};
use prosody_kafka::Token;
use prosody_model::{Mono, Now};

/// The end of a token that does not say it.
pub const UNTOLD: i64 = i64::MAX;
/// How long such a token is taken to live.
const UNTOLD_LIFE: Duration = Duration::from_secs(300);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between a failure and the next question; doubled with each failure in a row, up to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// A failure is not told again within this time, unless there was a token meanwhile.
const QUIET: Duration = Duration::from_secs(30);

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Ask the language for a token.
    Ask,
    /// Give this token to all who want tokens.
    Give(Token),
    /// Tell all who want tokens why there is none.
    Refuse(String),
    /// Tell the application.
    Tell(BrokerError),
}

/// Decides; knows no clock and asks nobody itself.
#[derive(Debug, Default)]
pub struct Keeper {
    held: Option<Held>,
    /// Somebody has asked since the last step.
    wanted: bool,
    /// Until when the language may answer.
    asking: Option<Mono>,
    retry_at: Option<Mono>,
    /// In a row.
    failures: u32,
    reason: String,
    /// When a failure was told last; forgotten with each token.
    told_at: Option<Mono>,
    /// What the last answers lead to; each step takes it. Bound: three an answer, and there is one answer a question.
    acts: Vec<Act>,
    /// Shortens waits by up to a quarter, so that the clients of a fleet do not ask in step.
    spread: u32,
}

#[derive(Debug)]
struct Held {
    token: Token,
    renew_at: Mono,
}

impl Keeper {
    pub fn new(seed: u64) -> Self {
        Self { spread: (seed % 250) as u32, ..Self::default() }
    }

    /// Somebody wants a token.
    pub fn wanted(&mut self) {
        self.wanted = true;
    }

    /// What the language gave, or why it gave nothing.
    pub fn came(&mut self, given: Result<Token, String>, now: Now) {
        match given {
            Ok(token) if self.asking.is_some() || self.outlives(&token, now) => self.take(token, now),
            Err(reason) if self.asking.is_some() => self.fail(&reason, now),
            // Of an earlier question: that it is late was a failure before, and it would undo what came after.
            Ok(_) | Err(_) => {}
        }
    }

    /// The token is of no use to the brokers' client.
    pub fn unusable(&mut self, reason: &str, now: Now) {
        self.held = None;
        self.fail(reason, now);
    }

    /// What is to be done now, and when to look again at the latest. `needed` is whether anybody wants tokens still.
    pub fn step(&mut self, now: Now, needed: bool) -> (Vec<Act>, Option<Mono>) {
        if self.asking.is_some_and(|until| now.mono >= until) {
            self.fail(&format!("it gave nothing within {} s", PATIENCE.as_secs()), now);
        }
        let mut acts = std::mem::take(&mut self.acts);
        let held = self.held.as_ref().filter(|held| held.token.expires_at_ms > now.wall_ms);
        if std::mem::take(&mut self.wanted) {
            match held {
                Some(held) => acts.push(Act::Give(held.token.clone())),
                None if self.retry_at.is_some() => acts.push(Act::Refuse(self.reason.clone())),
                None => {}
            }
        }
        // With nobody who wants tokens, the next one waits for somebody who does.
        let due = match (self.asking, self.retry_at, held) {
            _ if !needed => return (acts, None),
            (Some(until), ..) => until,
            (_, Some(at), _) => at,
            (.., Some(held)) => held.renew_at,
            _ => now.mono,
        };
        if self.asking.is_some() || now.mono < due {
            return (acts, Some(due));
        }
        let until = now.mono.after(PATIENCE);
        self.asking = Some(until);
        self.retry_at = None;
        acts.push(Act::Ask);
        (acts, Some(until))
    }

    /// Whether a late token is of more use than what there is.
    fn outlives(&self, token: &Token, now: Now) -> bool {
        let held = self.held.as_ref().map(|held| held.token.expires_at_ms).filter(|end| *end > now.wall_ms);
        // How long ago one was made that says no end nobody knows: it may be older than what is held.
        if token.expires_at_ms == UNTOLD {
            held.is_none()
        } else {
            token.expires_at_ms > held.unwrap_or(now.wall_ms)
        }
    }

    fn take(&mut self, mut token: Token, now: Now) {
        if token.expires_at_ms == UNTOLD {
            token.expires_at_ms = now.wall_ms + UNTOLD_LIFE.as_millis() as i64;
        }
        let life = token.expires_at_ms.saturating_sub(now.wall_ms);
        if life <= 0 {
            let reason = format!("it expired {} s ago, expected one that is still valid", -life / 1_000);
            return self.fail(&reason, now);
        }
        // librdkafka asks at four fifths, which is the fallback.
        let renew_at = now.mono.after(Duration::from_millis(life as u64) * 3 / 4);
        self.acts.push(Act::Give(token.clone()));
        self.held = Some(Held { token, renew_at });
        (self.asking, self.retry_at, self.told_at, self.failures) = (None, None, None, 0);
    }

    fn fail(&mut self, reason: &str, now: Now) {
        self.asking = None;
        let wait = RETRY.0.saturating_mul(1 << self.failures.min(16)).min(RETRY.1);
        self.retry_at = Some(now.mono.after(wait * (1_000 - self.spread) / 1_000));
        self.failures += 1;
        self.reason = format!("the token callback failed: {reason}");
        self.acts.push(Act::Refuse(self.reason.clone()));
        if self.told_at.is_none_or(|at| now.mono >= at.after(QUIET)) {
            self.told_at = Some(now.mono);
            let message = format!("{}; it is called again: see to the option security.token", self.reason);
            self.acts.push(Act::Tell(BrokerError::new(ErrorCode::Token, message)));
        }
    }
}

#[cfg(test)]
mod tests;
