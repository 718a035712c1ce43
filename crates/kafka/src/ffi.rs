//! Owners of librdkafka's objects: each frees what it holds, and none outlives the client it belongs to.

mod acknowledgements;
mod certificates;
mod conf;
mod event;
mod handle;
mod list;
mod message;
mod queue;
mod tokens;
mod topic;

pub(crate) use acknowledgements::{Acknowledged, OnAcknowledged};
pub(crate) use certificates::Flaw;
pub(crate) use conf::{Accepts, Conf};
pub(crate) use event::{Event, EventKind, TopicConfig};
pub(crate) use handle::{Handle, Role};
pub(crate) use list::{Entry, PartitionList};
pub(crate) use message::{Message, record, take_batch};
pub(crate) use queue::Queue;
pub use tokens::TokenTaker;
pub(crate) use topic::Topic;

use std::{
    ffi::{CStr, CString, c_char, c_int},
    time::Duration,
};

use prosody_broker::{BrokerError, ErrorCode};

/// Room for the messages that librdkafka writes into a caller's buffer.
const ERROR_TEXT: usize = 512;

/// A C string of `text`.
pub(crate) fn c_string(what: &str, text: &str) -> Result<CString, BrokerError> {
    CString::new(text).map_err(|_| {
        let message = format!("{what} holds a zero byte, which Kafka's protocol cannot carry: remove it");
        BrokerError::new(ErrorCode::Invalid, message)
    })
}

/// What a C string says; empty for none.
///
/// # Safety
///
/// `text` is null, or points to a NUL-terminated string that lives through the call.
pub(crate) unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and terminated by the caller's word.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// `timeout` in the whole milliseconds that librdkafka counts in, rounded up so that a wait is never a spin.
pub(crate) fn millis(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
}
