//! A set of librdkafka properties on its way to a client.

use std::{ffi::CStr, fmt, ptr, sync::Arc};

use prosody_broker::{BrokerError, ErrorCode};
use rdkafka_sys as sys;

use super::{ERROR_TEXT, c_string, text, tokens};
use crate::tokens::TokenSource;

/// Properties for one client.
pub(crate) struct Conf {
    raw: *mut sys::rd_kafka_conf_t,
    /// Whom the client asks for tokens.
    pub(super) tokens: Option<Arc<dyn TokenSource>>,
    /// Whether the protocol has TLS or SASL.
    pub(super) secured: bool,
    secrets: Secrets,
}

/// Whether a property can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    Yes,
    NoSuchName,
    NoSuchValue,
}

/// Values that are kept out of what librdkafka says. Bound: the properties that hold secrets, one each.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// The text without them. Very short ones stay: they would tear every line apart, and hide nothing.
    pub(super) fn redacted(&self, text: &str) -> String {
        let hidden = self.0.iter().filter(|secret| secret.len() >= 4 && text.contains(*secret));
        hidden.fold(text.to_owned(), |text, secret| text.replace(secret, "<redacted>"))
    }
}

impl fmt::Debug for Conf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conf").field("raw", &self.raw).finish_non_exhaustive()
    }
}

impl Conf {
    pub(crate) fn new() -> Self {
        // SAFETY: no precondition; never fails.
        let raw = unsafe { sys::rd_kafka_conf_new() };
        Self { raw, tokens: None, secured: false, secrets: Secrets::default() }
    }

    /// The same properties for another client, which asks nobody for tokens.
    pub(super) fn copy(&self) -> Self {
        // SAFETY: the configuration is live; never fails.
        let raw = unsafe { sys::rd_kafka_conf_dup(self.raw) };
        Self { raw, tokens: None, secured: self.secured, secrets: self.secrets.clone() }
    }

    /// Has the client ask there for tokens.
    pub(crate) fn ask_for_tokens(&mut self, source: Arc<dyn TokenSource>) {
        tokens::on_a_queue(self.raw);
        self.tokens = Some(source);
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
        let (result, said) = self.try_set(&c_name, &c_value);
        if result == Accepts::Yes {
            if name == "security.protocol" {
                self.secured = value != "plaintext";
            }
            // A key without its header passes for a path, and OpenSSL names the files it cannot open.
            if secret(name) && !name.starts_with("sasl.mechanism") && name != "sasl.username" {
                self.secrets.0.push(value.to_owned());
            }
            return Ok(());
        }
        let reason = if secret(name) { "librdkafka does not accept the value".to_owned() } else { said };
        let message =
            format!("librdkafka property {name}: {reason}; see its CONFIGURATION.md for what it takes");
        Err(BrokerError::new(ErrorCode::Invalid, message))
    }

    /// Whether librdkafka takes the value, and what it says if not; its words may repeat the value.
    pub(crate) fn try_set(&mut self, name: &CStr, value: &CStr) -> (Accepts, String) {
        let mut buffer = [0; ERROR_TEXT];
        // SAFETY: the configuration is live, the strings are terminated, the buffer is as long as said.
        let result = unsafe {
            sys::rd_kafka_conf_set(self.raw, name.as_ptr(), value.as_ptr(), buffer.as_mut_ptr(), buffer.len())
        };
        let accepts = match result {
            sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => return (Accepts::Yes, String::new()),
            sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Accepts::NoSuchName,
            sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => Accepts::NoSuchValue,
        };
        // SAFETY: librdkafka terminates what it writes, and the buffer began as zeros.
        (accepts, unsafe { text(buffer.as_ptr()) })
    }

    /// What is to be kept out of what is said from now on.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets.clone()
    }

    pub(super) fn raw(&self) -> *mut sys::rd_kafka_conf_t {
        self.raw
    }

    /// Gives up the configuration to a client that has taken it over.
    pub(super) fn taken(mut self) {
        self.raw = ptr::null_mut();
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: owned, and not taken over by a client.
            unsafe { sys::rd_kafka_conf_destroy(self.raw) };
        }
    }
}

/// Whether a property's value is to be kept out of messages.
fn secret(name: &str) -> bool {
    ["password", ".pem", "secret", "sasl.", "ssl.key", "token"].iter().any(|part| name.contains(part))
}
