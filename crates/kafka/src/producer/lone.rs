//! The report of a record that is under way alone.
//!
//! librdkafka's thread that reads the acknowledgement gives it to the sink itself. Whoever awaits each send before
//! the next so waits for one wake-up less, and our thread sleeps through.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use prosody_broker::Report;

use super::{Shared, lock};
use crate::ffi::Acknowledged;

/// What a message is tagged with once its report is given out: no slot has this number.
pub(super) const REPORTED: usize = usize::MAX;
/// So many bytes of messages that are reported may wait in librdkafka's queue to be freed.
const UNFREED: usize = 256 << 10;
/// What librdkafka holds for such a message beside its bytes, roughly. It keeps the messages fewer than what
/// `queue.buffering.max.messages` has to spare.
const MESSAGE: usize = 512;

thread_local! {
    /// The producer for which this thread of librdkafka is in a sink.
    static LENT: Cell<*const Shared> = const { Cell::new(std::ptr::null()) };
}

/// Whether this is a thread of librdkafka that is giving out a report of this producer.
pub(super) fn lent(shared: &Shared) -> bool {
    std::ptr::eq(LENT.get(), shared)
}

/// Where acknowledgements are looked at first.
#[derive(Default)]
pub(super) struct Lone {
    /// Whether `State::lone` is set: the others are not worth a lock.
    watched: AtomicBool,
    shared: OnceLock<Weak<Shared>>,
}

impl Lone {
    pub(super) fn serve(&self, shared: Weak<Shared>) {
        let _ = self.shared.set(shared);
    }

    /// To be set before the record is handed to librdkafka.
    pub(super) fn watch(&self, watched: bool) {
        self.watched.store(watched, Ordering::Release);
    }

    pub(super) fn acknowledged(&self, message: &Acknowledged) {
        if self.watched.load(Ordering::Acquire)
            && let Some(shared) = self.shared.get().and_then(Weak::upgrade)
        {
            self.report(&shared, message);
        }
    }

    fn report(&self, shared: &Shared, message: &Acknowledged) {
        let mut state = lock(&shared.state);
        if state.lone.is_none_or(|slot| slot as usize != message.tag()) {
            return;
        }
        state.lone = None;
        self.watch(false);
        if message.error() != 0 {
            // The thread knows what may explain it.
            return state.interrupt();
        }
        let Some(ticket) = state.lone_reported(message.tag() as u32) else { return };
        state.unfreed += message.size() + MESSAGE;
        message.retag(REPORTED);
        if state.unfreed >= UNFREED {
            state.interrupt();
        }
        drop(state);
        LENT.set(shared);
        let report = Report { ticket, result: Ok(message.position()) };
        let _ = catch_unwind(AssertUnwindSafe(|| (shared.sink)(vec![report])));
        LENT.set(std::ptr::null());
        shared.given_out(&mut lock(&shared.state));
    }
}
