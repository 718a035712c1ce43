//! Tokens on their way from the language to librdkafka's clients.
//!
//! What is to be done when is decided by the [`Keeper`]; the thread here does it.

mod keeper;

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread::{self, JoinHandle},
    time::Duration,
};

use prosody_config::{Options, SaslMechanism};
use prosody_kafka::{Token, TokenSource, TokenTaker};
use prosody_shell::Fact;

pub use self::keeper::UNTOLD;
use self::keeper::{Act, Keeper};
use crate::{clock, sink::Sink};

/// Longest sleep of the thread.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Asks the language for tokens, and has each that comes taken by everybody who needs tokens.
pub struct Tokens {
    shared: Arc<Shared>,
    /// Started with the first question, joined by `end`.
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    sink: Arc<dyn Sink>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    keeper: Keeper,
    /// Who has asked. Bound: the clients of librdkafka that live; each question removes those that are gone.
    takers: Vec<Weak<TokenTaker>>,
    ended: bool,
}

impl Tokens {
    /// For options that say OAUTHBEARER; else `None`.
    pub fn of(options: &Options, sink: &Arc<dyn Sink>) -> Option<Arc<Self>> {
        let needed = options.security.mechanism == Some(SaslMechanism::OauthBearer) && !options.mock;
        needed.then(|| {
            // The standard library seeds each of these from the operating system.
            let seed = RandomState::new().build_hasher().finish();
            let state = State { keeper: Keeper::new(seed), takers: Vec::new(), ended: false };
            let shared = Shared { sink: Arc::clone(sink), state: Mutex::new(state), changed: Condvar::new() };
            Arc::new(Self { shared: Arc::new(shared), thread: Mutex::new(None) })
        })
    }

    /// What the language gave, or why it gave nothing.
    pub fn came(&self, given: Result<Token, String>) {
        self.shared.change(|state| state.keeper.came(given, clock::now()));
    }

    /// Asks for nothing any more.
    pub fn end(&self) {
        self.shared.change(|state| state.ended = true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.end();
    }
}

impl TokenSource for Tokens {
    fn wanted(&self, taker: &Weak<TokenTaker>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.shared.change(|state| {
            state.takers.retain(|known| known.strong_count() > 0);
            if !state.takers.iter().any(|known| known.ptr_eq(taker)) {
                state.takers.push(Weak::clone(taker));
            }
            state.keeper.wanted();
            state.ended
        });
        if thread.is_none() && !ended {
            let shared = Arc::clone(&self.shared);
            // Where no thread can be had, librdkafka's next question tries again.
            *thread = thread::Builder::new().name("prosody-tokens".into()).spawn(move || shared.run()).ok();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut state = self.lock();
        while !state.ended {
            let takers: Vec<_> = state.takers.iter().filter_map(Weak::upgrade).collect();
            let (acts, due) = state.keeper.step(clock::now(), !takers.is_empty());
            if !acts.is_empty() {
                drop(state);
                for act in acts {
                    self.act(act, &takers);
                }
                state = self.lock();
                continue;
            }
            drop(takers);
            let wait = due.map_or(LONGEST, |due| due.since(clock::mono()).min(LONGEST));
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn act(&self, act: Act, takers: &[Arc<TokenTaker>]) {
        match act {
            Act::Ask => self.sink.token_wanted(),
            Act::Give(token) => {
                if let Err(error) = takers.iter().try_for_each(|taker| taker.take(&token)) {
                    self.lock().keeper.unusable(&error.message, clock::now());
                }
            }
            Act::Refuse(reason) => {
                for taker in takers {
                    taker.refuse(&reason);
                }
            }
            Act::Tell(error) => self.sink.facts(vec![Fact::Warning(error)]),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_one();
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
