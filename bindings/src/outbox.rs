//! Slabs on their way to JavaScript.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Slabs in the order in which they are to be taken, whichever way: by a call of the sink, or as the answer to
/// `settle`. Bound: its rows are open calls, `maxConcurrency` at most, and what is told of them; taking removes them.
#[derive(Debug, Default)]
pub struct Outbox(Mutex<VecDeque<Vec<u8>>>);

impl Outbox {
    pub fn put(&self, slab: Vec<u8>) {
        self.lock().push_back(slab);
    }

    pub fn take(&self) -> Option<Vec<u8>> {
        self.lock().pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
