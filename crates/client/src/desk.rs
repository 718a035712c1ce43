//! Where a consumer's shell lies: its thread steps it, and whoever has outcomes may hand them in directly.
//!
//! A slot that is freed is filled by the thread that freed it, while that still has a reason to run handlers. The way
//! over the consumer's thread costs two wake-ups, and with handlers that only wait for a timer each of them is time in
//! which a slot stands empty.

use std::sync::{Arc, Mutex};

use prosody_broker::Consumer;
use prosody_engine::Settlement;
use prosody_model::Mono;
use prosody_shell::Shell;

use crate::{
    clock,
    error::ClientError,
    explaining::Told,
    relay::Relay,
    sink::{Delivery, Sink},
};

/// Takes outcomes from any thread.
pub trait Settle: Send + Sync {
    /// Takes them if nobody is at the desk; what they start goes to the sink as a reply. Never waits.
    fn try_settle(&self, settled: &mut Vec<Settlement>) -> Settled;
    /// What the consumer says of itself, if nobody is at the desk. Never waits.
    fn try_explain(&self, limit: usize) -> Option<Told>;
}

/// What became of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// They were left where they are.
    Declined,
    Taken {
        /// A step is due before the consumer's thread means to make one.
        wake: bool,
    },
}

pub struct Desk<C> {
    /// `None` once it is taken away.
    place: Mutex<Option<Place<C>>>,
    sink: Arc<dyn Sink>,
}

struct Place<C> {
    shell: Shell<C>,
    /// When the consumer's thread makes its next step, unless it is woken.
    next: Mono,
}

impl<C: Consumer> Desk<C> {
    pub fn new(shell: Shell<C>, sink: Arc<dyn Sink>) -> Self {
        Self { place: Mutex::new(Some(Place { shell, next: Mono::default() })), sink }
    }

    /// Works on the shell; `work` also says when the calling thread comes again.
    ///
    /// # Errors
    ///
    /// Somebody panicked at it: what it holds is not to be trusted any more.
    pub fn work<T>(&self, work: impl FnOnce(&mut Shell<C>) -> (T, Mono)) -> Result<T, ClientError> {
        let mut place = self.place.lock().map_err(|_| ClientError::Crashed)?;
        let place = place.as_mut().ok_or(ClientError::Crashed)?;
        let (result, next) = work(&mut place.shell);
        place.next = next;
        Ok(result)
    }

    /// Takes the shell away.
    ///
    /// # Errors
    ///
    /// As [`work`](Self::work).
    pub fn take(&self) -> Result<Shell<C>, ClientError> {
        let mut place = self.place.lock().map_err(|_| ClientError::Crashed)?;
        place.take().map(|place| place.shell).ok_or(ClientError::Crashed)
    }
}

impl<C: Consumer + Send> Settle for Desk<C> {
    fn try_settle(&self, settled: &mut Vec<Settlement>) -> Settled {
        // Taken by the consumer's thread, or left in a panic.
        let Ok(mut place) = self.place.try_lock() else { return Settled::Declined };
        let Some(Place { shell, next }) = place.as_mut() else { return Settled::Declined };
        // Rows leave under the lock: those of the next step come after them.
        let mut relay = Relay::new(self.sink.as_ref(), Delivery::Reply, None);
        match shell.settle(settled, clock::now(), &mut relay) {
            Some(due) => Settled::Taken { wake: due < *next },
            None => Settled::Declined,
        }
    }

    fn try_explain(&self, limit: usize) -> Option<Told> {
        let place = self.place.try_lock().ok()?;
        Some(Told::of(&place.as_ref()?.shell, clock::now(), limit))
    }
}
