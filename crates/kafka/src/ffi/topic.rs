//! Reading a partition without a group.

use std::{ptr, sync::Arc, time::Duration};

use prosody_broker::BrokerError;
use rdkafka_sys as sys;

use super::{Handle, Queue, c_string, millis};

/// A topic of a client without a group; keeps the client alive.
pub(crate) struct Topic {
    raw: *mut sys::rd_kafka_topic_t,
    handle: Arc<Handle>,
}

// SAFETY: librdkafka's topics may be used from any thread.
unsafe impl Send for Topic {}

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topic").field("raw", &self.raw).finish_non_exhaustive()
    }
}

impl Topic {
    /// Errors: the code of what librdkafka does not like.
    pub(crate) fn new(handle: &Arc<Handle>, name: &str) -> Result<Self, i32> {
        let invalid = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG as i32;
        let name = c_string("a topic's name", name).map_err(|_: BrokerError| invalid)?;
        // SAFETY: the client is live, the name terminated; no settings means the client's.
        let raw = unsafe { sys::rd_kafka_topic_new(handle.raw(), name.as_ptr(), ptr::null_mut()) };
        if raw.is_null() { Err(last_error()) } else { Ok(Self { raw, handle: Arc::clone(handle) }) }
    }

    /// Fetches a partition from an offset on into a queue. Errors: librdkafka's code.
    pub(crate) fn start(&self, partition: i32, offset: i64, queue: &Queue) -> Result<(), i32> {
        // SAFETY: topic and queue are live and of one client.
        let result = unsafe { sys::rd_kafka_consume_start_queue(self.raw, partition, offset, queue.raw()) };
        if result == 0 { Ok(()) } else { Err(last_error()) }
    }

    /// Fetches the partition no more. What it has put into the queue is passed over by `take_batch` from now on.
    pub(crate) fn stop(&self, partition: i32) {
        // SAFETY: the topic is live. Waits for librdkafka's own thread, not for a broker.
        unsafe { sys::rd_kafka_consume_stop(self.raw, partition) };
    }

    /// Asks the partition's leader where its log begins and ends. Blocks for `timeout` at most. Errors: the code of
    /// why there is no answer.
    pub(crate) fn watermarks(&self, partition: i32, timeout: Duration) -> Result<(i64, i64), i32> {
        let (mut low, mut high) = (0, 0);
        // SAFETY: client and topic are live, and with it its name; both numbers are ours.
        let code = unsafe {
            sys::rd_kafka_query_watermark_offsets(
                self.handle.raw(),
                sys::rd_kafka_topic_name(self.raw),
                partition,
                ptr::from_mut(&mut low),
                ptr::from_mut(&mut high),
                millis(timeout),
            )
        } as i32;
        if code == 0 { Ok((low, high)) } else { Err(code) }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_topic_destroy(self.raw) };
    }
}

fn last_error() -> i32 {
    // SAFETY: no precondition; it is the calling thread's.
    unsafe { sys::rd_kafka_last_error() as i32 }
}
