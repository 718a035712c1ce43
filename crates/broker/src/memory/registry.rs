//! Brokers by name, so that the clients of one environment meet.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, Weak},
};

use super::{MemoryBroker, Settings, Shared};

/// The in-memory brokers of one environment, by the name under which clients look for them.
#[derive(Default)]
pub struct Registry {
    /// Bound: the names in use; `broker` removes those that nobody uses any more.
    brokers: Mutex<BTreeMap<String, Weak<Shared>>>,
}

impl Registry {
    /// The broker of that name; a new one, set up as `settings` says, if nobody holds it.
    pub fn broker(&self, name: &str, settings: impl FnOnce() -> Settings) -> MemoryBroker {
        let mut brokers = self.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        brokers.retain(|_, broker| broker.strong_count() > 0);
        if let Some(shared) = brokers.get(name).and_then(Weak::upgrade) {
            return MemoryBroker { shared };
        }
        let broker = MemoryBroker::new(settings());
        brokers.insert(name.to_owned(), std::sync::Arc::downgrade(&broker.shared));
        broker
    }
}
