//! Records into librdkafka.

use std::{
    collections::HashMap,
    ffi::{c_int, c_void},
    mem, ptr,
    sync::Arc,
};

use prosody_broker::{BrokerError, ErrorCode, Outgoing};
use prosody_model::Headers;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_vtype_t as V;

use crate::{
    error,
    ffi::{Handle, c_string},
};

/// The slot of a record that was not taken, and why.
pub(super) type Failure = (u32, BrokerError);

/// The way into librdkafka; used by one thread at a time.
pub(super) struct Outlet {
    /// One a topic sent to; librdkafka keeps topics to the client's end as well.
    topics: HashMap<Arc<str>, Topic>,
    /// The topic of the last record: most follow one of their own.
    last: Option<(Arc<str>, *mut sys::rd_kafka_topic_t)>,
    handle: Arc<Handle>,
}

// SAFETY: `last` points to a topic that `topics` keeps; librdkafka's objects may be used from any thread.
unsafe impl Send for Outlet {}

impl Outlet {
    pub(super) fn new(handle: Arc<Handle>) -> Self {
        Self { topics: HashMap::new(), last: None, handle }
    }

    /// Ends the outlet; gives the client back.
    pub(super) fn into_handle(self) -> Arc<Handle> {
        self.handle
    }

    /// Gives all records over in order; gives back those that were not taken.
    pub(super) fn hand_over(&mut self, records: Vec<(u32, Outgoing)>) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (slot, outgoing) in records {
            if let Err(problem) = self.produce(slot, &outgoing) {
                failures.push((slot, problem));
            }
        }
        failures
    }

    /// Has librdkafka report everything it holds as failed, soon: waiting for its threads would be for ever where the
    /// caller is one of them.
    pub(super) fn purge(&self) {
        let flags =
            sys::RD_KAFKA_PURGE_F_QUEUE | sys::RD_KAFKA_PURGE_F_INFLIGHT | sys::RD_KAFKA_PURGE_F_NON_BLOCKING;
        // SAFETY: the client is live.
        unsafe { sys::rd_kafka_purge(self.handle.raw(), flags) };
    }

    /// Whether librdkafka has met an error that it does not get over.
    pub(super) fn failed(&self) -> bool {
        self.handle.fatal().is_some()
    }

    fn topic(&mut self, name: &Arc<str>) -> Result<*mut sys::rd_kafka_topic_t, BrokerError> {
        if let Some((last, topic)) = &self.last
            && (Arc::ptr_eq(last, name) || last == name)
        {
            return Ok(*topic);
        }
        let topic = if let Some(topic) = self.topics.get(name) {
            topic.raw
        } else {
            let topic = Topic::new(&self.handle, name)?;
            self.topics.entry(Arc::clone(name)).or_insert(topic).raw
        };
        self.last = Some((Arc::clone(name), topic));
        Ok(topic)
    }

    fn produce(&mut self, slot: u32, outgoing: &Outgoing) -> Result<(), BrokerError> {
        let topic = self.topic(&outgoing.topic)?;
        let record = &outgoing.record;
        let headers = HeaderList::of(record.headers())?;
        let copy = sys::RD_KAFKA_MSG_F_COPY as c_int;
        let mut arguments = [
            argument(V::RD_KAFKA_VTYPE_RKT, |u| u.rkt = topic),
            argument(V::RD_KAFKA_VTYPE_PARTITION, |u| u.i32_ = outgoing.partition.unwrap_or(-1)),
            argument(V::RD_KAFKA_VTYPE_MSGFLAGS, |u| u.i = copy),
            argument(V::RD_KAFKA_VTYPE_KEY, |u| u.mem = memory(record.key())),
            argument(V::RD_KAFKA_VTYPE_VALUE, |u| u.mem = memory(record.value())),
            // 0 stands for "now" there, −1 here.
            argument(V::RD_KAFKA_VTYPE_TIMESTAMP, |u| u.i64_ = record.timestamp.max(0)),
            argument(V::RD_KAFKA_VTYPE_OPAQUE, |u| u.ptr = slot as usize as *mut c_void),
            argument(V::RD_KAFKA_VTYPE_HEADERS, |u| u.headers = headers.0),
        ];
        let count = if headers.0.is_null() { arguments.len() - 1 } else { arguments.len() };
        // SAFETY: client and topic are live; key and value are copied in the call; the headers are taken over
        // if and only if it succeeds.
        unsafe {
            let problem = sys::rd_kafka_produceva(self.handle.raw(), arguments.as_mut_ptr(), count);
            if problem.is_null() {
                headers.taken();
                return Ok(());
            }
            let code = sys::rd_kafka_error_code(problem) as i32;
            sys::rd_kafka_error_destroy(problem);
            Err(self.refusal(outgoing, code))
        }
    }

    fn refusal(&self, outgoing: &Outgoing, code: i32) -> BrokerError {
        if let Some((fatal, reason)) = self.handle.fatal() {
            return error::of_kind(error::kind(fatal), "the producer cannot go on", &reason);
        }
        match outgoing.partition {
            Some(partition) => error::about(format_args!("sending to {}[{partition}]", outgoing.topic), code),
            None => error::about(format_args!("sending to topic {}", outgoing.topic), code),
        }
    }
}

fn memory(bytes: Option<&[u8]>) -> sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
    // Null is "none"; an empty slice is not null.
    let (start, size) = bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr(), bytes.len()));
    sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr: start.cast_mut().cast::<c_void>(), size }
}

fn argument(vtype: V, set: impl FnOnce(&mut sys::rd_kafka_vu_s__bindgen_ty_1)) -> sys::rd_kafka_vu_t {
    let mut value = sys::rd_kafka_vu_s__bindgen_ty_1 { _pad: [0; 64] };
    set(&mut value);
    sys::rd_kafka_vu_t { vtype, u: value }
}

/// Headers in librdkafka's form; null for none.
struct HeaderList(*mut sys::rd_kafka_headers_t);

impl HeaderList {
    fn of(headers: Headers<'_>) -> Result<Self, BrokerError> {
        if headers.packed().is_empty() {
            return Ok(Self(ptr::null_mut()));
        }
        // SAFETY: no precondition.
        let list = Self(unsafe { sys::rd_kafka_headers_new(4) });
        for (name, value) in headers {
            let (start, size) = value.map_or((ptr::null(), 0), |value| (value.as_ptr(), value.len()));
            // SAFETY: the list is live; name and value are copied, as long as said.
            let code = unsafe {
                sys::rd_kafka_header_add(
                    list.0,
                    name.as_ptr().cast(),
                    name.len() as isize,
                    start.cast(),
                    size as isize,
                )
            };
            if code as i32 != 0 {
                return Err(error::about("a record's headers", code as i32));
            }
        }
        Ok(list)
    }

    fn taken(self) {
        mem::forget(self);
    }
}

impl Drop for HeaderList {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: owned, not taken over.
            unsafe { sys::rd_kafka_headers_destroy(self.0) };
        }
    }
}

/// A topic to produce to; keeps the client alive.
struct Topic {
    raw: *mut sys::rd_kafka_topic_t,
    _handle: Arc<Handle>,
}

impl Topic {
    fn new(handle: &Arc<Handle>, name: &str) -> Result<Self, BrokerError> {
        let c_name = c_string("a topic's name", name)?;
        // librdkafka takes an empty name, and records for it are lost on their way.
        if name.is_empty() {
            return Err(bad_name(name));
        }
        // SAFETY: the client is live, the name terminated; null takes the client's own topic properties.
        let raw = unsafe { sys::rd_kafka_topic_new(handle.raw(), c_name.as_ptr(), ptr::null_mut()) };
        if raw.is_null() {
            return Err(bad_name(name));
        }
        Ok(Self { raw, _handle: Arc::clone(handle) })
    }
}

fn bad_name(name: &str) -> BrokerError {
    let message = format!("topic {name:?}: a name has 1 to 249 letters, digits, dots, dashes, underscores");
    BrokerError::new(ErrorCode::Invalid, message)
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: owned; the client outlives it.
        unsafe { sys::rd_kafka_topic_destroy(self.raw) };
    }
}
