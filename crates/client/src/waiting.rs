//! Threads for calls that block.

use std::{
    sync::{Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use crate::{Done, error::ClientError};

/// Runs what blocks, each on a thread of its own; joins them all when it goes.
#[derive(Debug)]
pub struct Waiting {
    /// What the threads are called.
    name: &'static str,
    /// Bound: one a call; ended ones go at the next.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Waiting {
    pub fn new(name: &'static str) -> Self {
        Self { name, threads: Mutex::default() }
    }

    /// Does `work` elsewhere; `done` hears how it went.
    pub fn run(&self, done: Done, work: impl FnOnce() -> Result<(), ClientError> + Send + 'static) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        // A thread that cannot be started drops `done`, which the binding reports as an error.
        if let Ok(thread) = thread::Builder::new().name(self.name.into()).spawn(move || done(work())) {
            threads.push(thread);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let threads = std::mem::take(self.threads.get_mut().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
