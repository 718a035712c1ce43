//! Partition queues, and who is told when one of them fills.

use std::{
    fmt, mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use prosody_broker::Waker;
use prosody_model::Epoch;
use rdkafka_sys::rd_kafka_message_t;

use crate::ffi::{Handle, Message, Queue, take_batch};

/// Most messages taken out of librdkafka in one call.
const BATCH: usize = 1_024;

/// The epochs whose queues went from empty to not empty since the last poll.
pub(super) struct Ready {
    /// At most one entry a split queue, because a queue says it once until a read comes up short; `take`
    /// removes them.
    readable: Mutex<Vec<Epoch>>,
    waker: Waker,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("readable", &self.readable).finish_non_exhaustive()
    }
}

impl Ready {
    pub(super) fn new(waker: Waker) -> Self {
        Self { readable: Mutex::default(), waker }
    }

    pub(super) fn say(&self, epoch: Epoch) {
        self.readable.lock().unwrap_or_else(PoisonError::into_inner).push(epoch);
        (self.waker)();
    }

    pub(super) fn take(&self) -> Vec<Epoch> {
        mem::take(&mut *self.readable.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn wake(&self) {
        (self.waker)();
    }
}

/// The split queue of one held partition.
#[derive(Debug)]
pub(super) struct Source {
    epoch: Epoch,
    queue: Queue,
    /// Whether the next filling is to be said.
    armed: Arc<AtomicBool>,
    ready: Arc<Ready>,
}

impl Source {
    /// Splits the partition's queue; `None` for a name that no topic can have.
    pub(super) fn split(
        handle: &Arc<Handle>,
        topic: &str,
        partition: i32,
        epoch: Epoch,
        ready: &Arc<Ready>,
    ) -> Option<Self> {
        let mut queue = Queue::partition(handle, topic, partition)?;
        let armed = Arc::new(AtomicBool::new(true));
        let (theirs, ring) = (Arc::clone(&armed), Arc::clone(ready));
        queue.on_ready(Box::new(move || {
            if theirs.swap(false, Ordering::AcqRel) {
                ring.say(epoch);
            }
        }));
        Some(Self { epoch, queue, armed, ready: Arc::clone(ready) })
    }

    /// Has the next filling said. The callback fires on the edge only, so what came between the read that
    /// found the queue empty and this line is looked for here.
    pub(super) fn arm(&self) {
        self.armed.store(true, Ordering::Release);
        if self.queue.len() > 0 && self.armed.swap(false, Ordering::AcqRel) {
            self.ready.say(self.epoch);
        }
    }

    /// Hands out messages until `each` says that it has enough, or nothing is there: then the queue is armed.
    /// `room` is how many messages `each` still takes.
    pub(super) fn take(
        &self,
        scratch: &mut Vec<*mut rd_kafka_message_t>,
        mut each: impl FnMut(Message),
        mut room: impl FnMut() -> usize,
    ) {
        loop {
            let wanted = room().min(BATCH);
            if wanted == 0 {
                return;
            }
            if take_batch(&self.queue, scratch, wanted, &mut each) < wanted {
                return self.arm();
            }
        }
    }

    /// Throws away what is queued: it belongs to a spell that is over, and would sit in memory until the
    /// partition comes back.
    pub(super) fn empty(self, scratch: &mut Vec<*mut rd_kafka_message_t>) {
        while take_batch(&self.queue, scratch, BATCH, drop) == BATCH {}
    }
}
