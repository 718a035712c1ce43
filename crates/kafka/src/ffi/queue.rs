//! Queues of events and of fetched messages.

use std::{
    ffi::{CString, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::Arc,
    time::Duration,
};

use rdkafka_sys as sys;

use super::{Event, Handle, millis};

type OnReady = Box<dyn Fn() + Send + Sync>;

/// A queue of a client; keeps the client alive.
pub(crate) struct Queue {
    raw: *mut sys::rd_kafka_queue_t,
    /// librdkafka holds the address of the inner box.
    on_ready: Option<Box<OnReady>>,
    /// `None` where the client itself sees to it that this ends first.
    handle: Option<Arc<Handle>>,
}

// SAFETY: librdkafka's queues may be used from any thread; the callback is Send and Sync.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("raw", &self.raw).finish_non_exhaustive()
    }
}

impl Queue {
    /// A new queue, for answers.
    pub(crate) fn new(handle: &Arc<Handle>) -> Self {
        // SAFETY: the client is live.
        Self::own(unsafe { sys::rd_kafka_queue_new(handle.raw()) }, handle)
    }

    /// The queue on which a producer's delivery reports and errors come.
    pub(crate) fn main(handle: &Arc<Handle>) -> Self {
        // SAFETY: the client is live.
        Self::own(unsafe { sys::rd_kafka_queue_get_main(handle.raw()) }, handle)
    }

    /// The queue on which a consumer's rebalances and errors come. Null only for a client without a group.
    pub(crate) fn consumer(handle: &Arc<Handle>) -> Option<Self> {
        // SAFETY: the client is live and a consumer; the main queue is forwarded so that one poll serves both.
        let raw = unsafe {
            sys::rd_kafka_poll_set_consumer(handle.raw());
            sys::rd_kafka_queue_get_consumer(handle.raw())
        };
        (!raw.is_null()).then(|| Self::own(raw, handle))
    }

    /// The fetch queue of one partition, split from the consumer's queue. To be taken before the partition is
    /// assigned: what is fetched earlier goes to the consumer's queue.
    pub(crate) fn partition(handle: &Arc<Handle>, topic: &str, partition: i32) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the client is live, the name terminated.
        let raw = unsafe { sys::rd_kafka_queue_get_partition(handle.raw(), topic.as_ptr(), partition) };
        if raw.is_null() {
            return None;
        }
        // SAFETY: a live queue; forwarding to null keeps its messages to itself.
        unsafe { sys::rd_kafka_queue_forward(raw, ptr::null_mut()) };
        Some(Self::own(raw, handle))
    }

    /// The queue on which a client asks for tokens. Null unless its configuration wants that queue.
    ///
    /// # Safety
    ///
    /// The client is live, and outlives the queue.
    pub(super) unsafe fn sasl(client: *mut sys::rd_kafka_t) -> Option<Self> {
        // SAFETY: by the caller's word.
        let raw = unsafe { sys::rd_kafka_queue_get_sasl(client) };
        (!raw.is_null()).then_some(Self { raw, on_ready: None, handle: None })
    }

    fn own(raw: *mut sys::rd_kafka_queue_t, handle: &Arc<Handle>) -> Self {
        Self { raw, on_ready: None, handle: Some(Arc::clone(handle)) }
    }

    pub(crate) fn raw(&self) -> *mut sys::rd_kafka_queue_t {
        self.raw
    }

    /// The client, where this keeps it alive.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.handle.as_deref()
    }

    /// Calls `on_ready` each time the queue goes from empty to not empty. It runs on librdkafka's threads under
    /// the queue's lock: it must be short, and must not touch the queue.
    pub(crate) fn on_ready(&mut self, on_ready: OnReady) {
        let boxed = Box::new(on_ready);
        let opaque = ptr::from_ref::<OnReady>(&boxed).cast_mut().cast::<c_void>();
        // SAFETY: the callback is set under the queue's lock, and the box stays until the callback is unset.
        unsafe { sys::rd_kafka_queue_cb_event_enable(self.raw, Some(ready), opaque) };
        self.on_ready = Some(boxed);
    }

    /// The next event, waiting for it for `timeout` at most.
    pub(crate) fn poll(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: the queue is live.
        let raw = unsafe { sys::rd_kafka_queue_poll(self.raw, millis(timeout)) };
        Event::own(raw)
    }

    /// How much is queued, outdated messages included.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the queue is live.
        unsafe { sys::rd_kafka_queue_length(self.raw) }
    }

    /// Makes a `poll` that waits return at once.
    pub(crate) fn interrupt(&self) {
        // SAFETY: the queue is live.
        unsafe { sys::rd_kafka_queue_yield(self.raw) };
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: unset under the queue's lock, so that no callback runs or comes after this line; then the
        // reference is given back. The client outlives this through `handle`, or by the word of whoever made this.
        unsafe {
            if self.on_ready.is_some() {
                sys::rd_kafka_queue_cb_event_enable(self.raw, None, ptr::null_mut());
            }
            sys::rd_kafka_queue_destroy(self.raw);
        }
    }
}

unsafe extern "C" fn ready(_: *mut sys::rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: the opaque is the boxed callback, which its queue keeps until it has unset this function.
    let Some(on_ready) = (unsafe { opaque.cast::<OnReady>().as_ref() }) else { return };
    // A panic must not unwind into C, and there is nobody here to tell.
    let _ = catch_unwind(AssertUnwindSafe(on_ready));
}
