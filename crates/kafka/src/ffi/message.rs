//! Fetched messages.

use std::{ffi::CStr, ptr, slice};

use prosody_model::{Record, RecordParts, TopicPartition};
use rdkafka_sys as sys;

use super::{Queue, text};

/// A fetched message, or an error about its partition.
#[derive(Debug)]
pub(crate) struct Message(*mut sys::rd_kafka_message_t);

/// Takes up to `max` messages that are there now out of a **split** queue: on a consumer's main queue the call
/// would swallow rebalances. Returns how many were taken.
pub(crate) fn take_batch(
    queue: &Queue,
    scratch: &mut Vec<*mut sys::rd_kafka_message_t>,
    max: usize,
    mut each: impl FnMut(Message),
) -> usize {
    scratch.resize(max, ptr::null_mut());
    // SAFETY: the queue is live and the array as long as said; the time-out of 0 never waits.
    let taken = unsafe { sys::rd_kafka_consume_batch_queue(queue.raw(), 0, scratch.as_mut_ptr(), max) };
    let taken = usize::try_from(taken).unwrap_or(0);
    for raw in &scratch[..taken] {
        each(Message(*raw));
    }
    taken
}

impl Message {
    /// The error in place of a message; 0 for none.
    pub(crate) fn error(&self) -> i32 {
        // SAFETY: live; read as a number because brokers may answer with codes that the bindings do not know.
        unsafe { ptr::addr_of!((*self.0).err).cast::<i32>().read() }
    }

    pub(crate) fn error_text(&self) -> String {
        // SAFETY: live; the string lives as long.
        unsafe { text(sys::rd_kafka_message_errstr(self.0)) }
    }

    pub(crate) fn offset(&self) -> i64 {
        // SAFETY: live.
        unsafe { (*self.0).offset }
    }

    pub(crate) fn timestamp(&self) -> i64 {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: live.
        unsafe { sys::rd_kafka_message_timestamp(self.0, ptr::from_mut(&mut kind)) }
    }

    /// Whether it is of this partition.
    pub(crate) fn is_of(&self, partition: &TopicPartition) -> bool {
        // SAFETY: live, and so is its topic, whose name is terminated.
        unsafe {
            (*self.0).partition == partition.partition
                && CStr::from_ptr(sys::rd_kafka_topic_name((*self.0).rkt)).to_bytes()
                    == partition.topic.as_bytes()
        }
    }

    pub(crate) fn record(&self) -> Record {
        // SAFETY: live, and a message.
        unsafe { record(self.0) }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_message_destroy(self.0) };
    }
}

/// Copies a message into a record.
///
/// # Safety
///
/// `raw` is a live message without an error.
pub(crate) unsafe fn record(raw: *const sys::rd_kafka_message_t) -> Record {
    let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    let mut headers = ptr::null_mut();
    // SAFETY: live by the caller's word; pointer and length of key and payload belong together; headers live
    // as long as the message.
    unsafe {
        let parts = RecordParts {
            offset: (*raw).offset,
            timestamp: sys::rd_kafka_message_timestamp(raw, ptr::from_mut(&mut kind)),
            key: bytes((*raw).key.cast(), (*raw).key_len),
            value: bytes((*raw).payload.cast(), (*raw).len),
        };
        if sys::rd_kafka_message_headers(raw, ptr::from_mut(&mut headers)) as i32 != 0 {
            return Record::new(parts, []);
        }
        Record::new(parts, (0..).map_while(|index| header(headers, index)))
    }
}

unsafe fn header<'a>(
    headers: *const sys::rd_kafka_headers_t,
    index: usize,
) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
    // SAFETY: live headers by the caller's word; an index past the end is an error, not a fault.
    unsafe {
        let result = sys::rd_kafka_header_get_all(
            headers,
            index,
            ptr::from_mut(&mut name),
            ptr::from_mut(&mut value),
            ptr::from_mut(&mut size),
        );
        (result as i32 == 0).then(|| (CStr::from_ptr(name).to_bytes(), bytes(value.cast(), size)))
    }
}

unsafe fn bytes<'a>(start: *const u8, length: usize) -> Option<&'a [u8]> {
    // SAFETY: `length` bytes from `start` by the caller's word.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start, length) })
}
