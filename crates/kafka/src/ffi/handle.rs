//! One librdkafka client.

use std::{
    ffi::{c_char, c_int, c_void},
    ptr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use prosody_broker::{BrokerError, ErrorCode};
use rdkafka_sys as sys;

use super::{
    Conf, ERROR_TEXT, Flaw, OnAcknowledged, TokenTaker, acknowledgements,
    certificates::{self, Flaws},
    conf::Secrets,
    text,
};
use crate::settings::LogSink;

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Consumer,
    Producer,
}

/// One librdkafka client. Queues hold it by `Arc`, so that it ends after the last of them.
pub(crate) struct Handle {
    raw: *mut sys::rd_kafka_t,
    /// Called for what is acknowledged: librdkafka holds the address of the inner box.
    _acknowledged: Option<Box<OnAcknowledged>>,
    /// What librdkafka's callbacks work on: librdkafka holds its address.
    callbacks: Box<Callbacks>,
    /// Where the client gets its tokens, if it asks for any.
    tokens: Option<Arc<TokenTaker>>,
}

pub(super) struct Callbacks {
    log: Option<LogSink>,
    secrets: Secrets,
    pub(super) flaws: Flaws,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("raw", &self.raw).finish_non_exhaustive()
    }
}

// SAFETY: librdkafka's client may be used from any thread at any time; the callbacks are Send and Sync.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// Starts a client whose results come as `events` (a mask of `RD_KAFKA_EVENT_…`).
    ///
    /// # Errors
    ///
    /// `Invalid` if the properties contradict each other, `Tls` if certificates cannot be loaded.
    pub(crate) fn new(
        role: Role,
        conf: Conf,
        events: i32,
        log: Option<LogSink>,
    ) -> Result<Arc<Self>, BrokerError> {
        Self::start(role, conf, events, log, None)
    }

    /// A producer that calls back for what is acknowledged. Errors: as of `new`.
    ///
    /// librdkafka frees its callbacks twice where such a client cannot start. So one that may fail, by its keys or
    /// certificates, is tried first without.
    pub(crate) fn producer(
        conf: Conf,
        events: i32,
        log: Option<LogSink>,
        acknowledged: OnAcknowledged,
    ) -> Result<Arc<Self>, BrokerError> {
        if conf.secured {
            let mut rehearsal = conf.copy();
            // It is to connect to nobody.
            rehearsal.set("bootstrap.servers", "")?;
            Self::start(Role::Producer, rehearsal, 0, None, None)?.end(Duration::from_secs(1));
        }
        Self::start(Role::Producer, conf, events, log, Some(Box::new(acknowledged)))
    }

    fn start(
        role: Role,
        conf: Conf,
        events: i32,
        log: Option<LogSink>,
        acknowledged: Option<Box<OnAcknowledged>>,
    ) -> Result<Arc<Self>, BrokerError> {
        let callbacks = Box::new(Callbacks { log, secrets: conf.secrets(), flaws: Flaws::default() });
        if let Some(callback) = &acknowledged {
            acknowledgements::watch(&conf, callback);
        }
        let kind = match role {
            Role::Consumer => sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            Role::Producer => sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
        };
        let mut buffer = [0; ERROR_TEXT];
        let source = conf.tokens.clone();
        let wishes = if source.is_some() { sys::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH } else { 0 };
        certificates::watch(conf.raw());
        // SAFETY: the configuration is live; `callbacks` is boxed and kept beside the client, so that its address
        // holds as long as librdkafka may call back; the buffer is as long as said.
        let raw = unsafe {
            let opaque = ptr::from_ref::<Callbacks>(&callbacks).cast_mut().cast::<c_void>();
            sys::rd_kafka_conf_set_events(conf.raw(), events | wishes);
            sys::rd_kafka_conf_set_log_cb(conf.raw(), Some(on_log));
            sys::rd_kafka_conf_set_opaque(conf.raw(), opaque);
            sys::rd_kafka_new(kind, conf.raw(), buffer.as_mut_ptr(), buffer.len())
        };
        if raw.is_null() {
            // SAFETY: librdkafka terminates what it writes, and the buffer began as zeros.
            let reason = unsafe { text(buffer.as_ptr()) };
            if acknowledged.is_some() {
                // What is left of it cannot be freed, as said above. Without a mistake in the properties this happens
                // only where the system gives no thread.
                conf.taken();
            }
            return Err(refused(&callbacks.secrets.redacted(&reason)));
        }
        conf.taken();
        // SAFETY: the client is live, and `drop` ends this before it.
        let tokens = source.and_then(|source| unsafe { TokenTaker::start(raw, &source) });
        Ok(Arc::new(Self { raw, _acknowledged: acknowledged, callbacks, tokens }))
    }

    pub(crate) fn raw(&self) -> *mut sys::rd_kafka_t {
        self.raw
    }

    /// What is wrong with the certificate of the broker that an error's text names, and the broker.
    pub(crate) fn flaw(&self, text: &str) -> Option<(String, Flaw)> {
        self.callbacks.flaws.of(text)
    }

    /// Whether the group took the assignment away without asking.
    pub(crate) fn assignment_lost(&self) -> bool {
        // SAFETY: the client is live.
        unsafe { sys::rd_kafka_assignment_lost(self.raw) != 0 }
    }

    /// The error that ended this client for good, if there is one.
    pub(crate) fn fatal(&self) -> Option<(i32, String)> {
        let mut buffer = [0; ERROR_TEXT];
        // SAFETY: the client is live, the buffer is as long as said.
        let code = unsafe { sys::rd_kafka_fatal_error(self.raw, buffer.as_mut_ptr(), buffer.len()) } as i32;
        // SAFETY: librdkafka terminates what it writes, and the buffer began as zeros.
        (code != 0).then(|| (code, unsafe { text(buffer.as_ptr()) }))
    }

    /// Ends the client if this is its last owner, and waits for that for `timeout` at most.
    ///
    /// Ending joins librdkafka's threads, and one of them may sit in a name look-up that cannot be interrupted.
    /// So it runs on a thread of its own; past `timeout` that thread is left to finish by itself: there is no
    /// other way to come back in time, and it holds nothing but the client.
    pub(crate) fn end(self: Arc<Self>, timeout: Duration) {
        let (done, wait) = mpsc::channel();
        let work = move || {
            drop(self);
            let _ = done.send(());
        };
        // If no thread can be had the closure is dropped, and the client ends here and now.
        if let Ok(ender) = thread::Builder::new().name("kafka-end".to_owned()).spawn(work)
            && wait.recv_timeout(timeout).is_ok()
        {
            let _ = ender.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(tokens) = &self.tokens {
            tokens.end();
        }
        // SAFETY: the last owner; every queue and event held an `Arc` of this, so none is left. The flag keeps
        // librdkafka from waiting for rebalance answers that nobody gives any more.
        unsafe { sys::rd_kafka_destroy_flags(self.raw, sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) };
    }
}

fn refused(reason: &str) -> BrokerError {
    let lower = reason.to_ascii_lowercase();
    let code = if lower.contains("ssl") || lower.contains("certificate") || lower.contains("pem") {
        ErrorCode::Tls
    } else {
        ErrorCode::Invalid
    };
    let option = match () {
        () if lower.contains("ssl.key") => "security.key or security.keyPassword",
        () if lower.contains("ssl.certificate") => "security.certificate",
        () if lower.contains("ssl.ca") => "security.ca",
        () => "the named option",
    };
    BrokerError::new(code, format!("the Kafka client cannot start: {reason}; correct {option}"))
}

unsafe extern "C" fn on_log(
    rk: *const sys::rd_kafka_t,
    level: c_int,
    topic: *const c_char,
    line: *const c_char,
) {
    // SAFETY: librdkafka passes a live client, whose opaque is the `Callbacks` given to it, and terminated strings.
    unsafe {
        let Some(callbacks) = sys::rd_kafka_opaque(rk).cast::<Callbacks>().as_ref() else { return };
        let Some(sink) = &callbacks.log else { return };
        let (facility, line) = (text(topic), text(line));
        // One set of properties makes consumers and producers: what only one of them knows is no mistake.
        let other_role = facility == "CONFWARN" && line.contains("will be ignored by this");
        // Said at each attempt to connect; the error that follows says it once, and why.
        let repeated = facility == "SSLCERTVRFY";
        if !(other_role || repeated) {
            sink(level, &facility, &callbacks.secrets.redacted(&line));
        }
    }
}
