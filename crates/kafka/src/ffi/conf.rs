//! A set of librdkafka properties on its way to a client.

use std::ptr;

use prosody_broker::{BrokerError, ErrorCode};
use rdkafka_sys as sys;

use super::{ERROR_TEXT, c_string, text};

/// Properties for one client.
#[derive(Debug)]
pub(crate) struct Conf(*mut sys::rd_kafka_conf_t);

impl Conf {
    pub(crate) fn new() -> Self {
        // SAFETY: no precondition; never fails.
        Self(unsafe { sys::rd_kafka_conf_new() })
    }

    /// Sets one property.
    ///
    /// # Errors
    ///
    /// `Invalid` for an unknown property or a value it does not take. Values of properties that may be secret
    /// are not repeated in the message.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), BrokerError> {
        let c_name = c_string("a librdkafka property's name", name)?;
        let c_value = c_string(&format!("the value of {name}"), value)?;
        let mut buffer = [0; ERROR_TEXT];
        // SAFETY: the configuration is live, the strings are terminated, the buffer is as long as said.
        let result = unsafe {
            sys::rd_kafka_conf_set(
                self.0,
                c_name.as_ptr(),
                c_value.as_ptr(),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        };
        if result as i32 == 0 {
            return Ok(());
        }
        let reason = if secret(name) {
            "librdkafka does not accept the value".to_owned()
        } else {
            // SAFETY: librdkafka terminates what it writes, and the buffer began as zeros.
            unsafe { text(buffer.as_ptr()) }
        };
        let message =
            format!("librdkafka property {name}: {reason}; see its CONFIGURATION.md for what it takes");
        Err(BrokerError::new(ErrorCode::Invalid, message))
    }

    pub(super) fn raw(&self) -> *mut sys::rd_kafka_conf_t {
        self.0
    }

    /// Gives up the configuration to a client that has taken it over.
    pub(super) fn taken(mut self) {
        self.0 = ptr::null_mut();
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: owned, and not taken over by a client.
            unsafe { sys::rd_kafka_conf_destroy(self.0) };
        }
    }
}

/// Whether a property's value is to be kept out of messages.
fn secret(name: &str) -> bool {
    ["password", ".pem", "secret", "sasl.", "ssl.key", "token"].iter().any(|part| name.contains(part))
}
