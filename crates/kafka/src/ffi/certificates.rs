//! Why brokers' certificates were refused: librdkafka's errors say that one was, and not why.

use std::{
    collections::HashMap,
    ffi::{c_char, c_int, c_void},
    sync::{Mutex, PoisonError},
};

use rdkafka_sys as sys;

use super::{handle::Callbacks, text};

/// Brokers remembered; at the bound all are forgotten, and an error says less.
const REMEMBERED: usize = 64;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Expired,
    NotYetValid,
    /// It was made for other host names.
    OtherHost,
    /// Its authority is none of those that are trusted here.
    UnknownAuthority,
    Revoked,
    /// OpenSSL's number for it.
    Other(i32),
}

impl Flaw {
    fn of(code: i32) -> Self {
        // X509_V_ERR_…: numbers that OpenSSL has kept since they were given out.
        match code {
            10 => Self::Expired,
            9 => Self::NotYetValid,
            62 | 64 => Self::OtherHost,
            2 | 18..=21 | 27 => Self::UnknownAuthority,
            23 => Self::Revoked,
            other => Self::Other(other),
        }
    }
}

/// The last flaw of each broker, by `host:port`. Bound: `REMEMBERED`; reaching it empties the map.
#[derive(Debug, Default)]
pub(super) struct Flaws(Mutex<HashMap<String, Flaw>>);

impl Flaws {
    fn note(&self, broker: String, flaw: Flaw) {
        let mut flaws = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if flaws.len() >= REMEMBERED {
            flaws.clear();
        }
        flaws.insert(broker, flaw);
    }

    /// The flaw of the broker that an error's text names, and the broker.
    pub(super) fn of(&self, text: &str) -> Option<(String, Flaw)> {
        let flaws = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Not the shorter of two ports that begin alike.
        let named = flaws.iter().filter(|(broker, _)| text.contains(broker.as_str()));
        named.max_by_key(|(broker, _)| broker.len()).map(|(broker, flaw)| (broker.clone(), *flaw))
    }
}

/// Has the client of `conf` note flaws in its callbacks.
pub(super) fn watch(conf: *mut sys::rd_kafka_conf_t) {
    // SAFETY: the configuration is live. It fails only without TLS, which is built in.
    unsafe { sys::rd_kafka_conf_set_ssl_cert_verify_cb(conf, Some(on_certificate)) };
}

/// Keeps OpenSSL's judgement, and notes it.
unsafe extern "C" fn on_certificate(
    _: *mut sys::rd_kafka_t,
    broker: *const c_char,
    _: i32,
    code: *mut c_int,
    _: c_int,
    _: *const c_char,
    _: usize,
    _: *mut c_char,
    _: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka passes the client's opaque, a terminated name and a number of its own.
    unsafe {
        if *code == 0 {
            return 1;
        }
        if let Some(callbacks) = opaque.cast::<Callbacks>().as_ref() {
            callbacks.flaws.note(text(broker), Flaw::of(*code));
        }
    }
    0
}

#[cfg(test)]
mod tests;
