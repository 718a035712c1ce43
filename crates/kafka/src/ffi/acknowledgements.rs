//! Acknowledgements as librdkafka's own threads see them, before they are queued as events.

use std::{
    ffi::{CStr, c_char, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

use rdkafka_sys as sys;

use super::Conf;

const NAME: &CStr = c"prosody";

/// Called for each message that is acknowledged or has failed, before its delivery report is queued. It must be
/// short: the thread that calls it serves a connection.
pub(crate) type OnAcknowledged = Box<dyn Fn(Acknowledged) + Send + Sync>;

/// A message that is acknowledged or has failed; lent for the call.
pub(crate) struct Acknowledged(*mut sys::rd_kafka_message_t);

impl Acknowledged {
    /// The number it was sent with.
    pub(crate) fn tag(&self) -> usize {
        // SAFETY: live for the call.
        unsafe { (*self.0)._private as usize }
    }

    /// Its delivery report will carry another number.
    pub(crate) fn retag(&self, tag: usize) {
        // SAFETY: live for the call, and the application's own to write.
        unsafe { (*self.0)._private = tag as *mut c_void };
    }

    /// The error code; 0 for none.
    pub(crate) fn error(&self) -> i32 {
        // SAFETY: live; read as a number because brokers may answer with codes that the bindings do not know.
        unsafe { ptr::addr_of!((*self.0).err).cast::<i32>().read() }
    }

    /// The bytes of key and value.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: live for the call.
        unsafe { (*self.0).len + (*self.0).key_len }
    }

    /// Partition and offset.
    pub(crate) fn position(&self) -> (i32, i64) {
        // SAFETY: live for the call.
        unsafe { ((*self.0).partition, (*self.0).offset) }
    }
}

/// Has the client of `conf` call back; the box must live as long as that client.
pub(super) fn watch(conf: &Conf, callback: &OnAcknowledged) {
    let opaque = ptr::from_ref(callback).cast_mut().cast::<c_void>();
    // SAFETY: the configuration is live, the name terminated, the opaque boxed and kept beside the client. It
    // fails for a second interceptor of the same name only.
    unsafe { sys::rd_kafka_conf_interceptor_add_on_new(conf.raw(), NAME.as_ptr(), Some(on_new), opaque) };
}

unsafe extern "C" fn on_new(
    rk: *mut sys::rd_kafka_t,
    _: *const sys::rd_kafka_conf_t,
    opaque: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> sys::rd_kafka_resp_err_t {
    // SAFETY: the client is being made, which is the time to add to it; the opaque outlives it.
    unsafe {
        sys::rd_kafka_interceptor_add_on_acknowledgement(rk, NAME.as_ptr(), Some(on_acknowledgement), opaque)
    }
}

unsafe extern "C" fn on_acknowledgement(
    _: *mut sys::rd_kafka_t,
    message: *mut sys::rd_kafka_message_t,
    opaque: *mut c_void,
) -> sys::rd_kafka_resp_err_t {
    // SAFETY: the opaque is the boxed callback, which outlives the client.
    if let Some(callback) = unsafe { opaque.cast::<OnAcknowledged>().as_ref() } {
        // A panic must not unwind into C; the delivery report still comes.
        let _ = catch_unwind(AssertUnwindSafe(|| callback(Acknowledged(message))));
    }
    sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}
