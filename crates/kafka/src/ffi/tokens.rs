//! The way of tokens into one librdkafka client.
//!
//! The wish for a token comes on a queue of its own, for nobody polls an idle producer's main queue. The queue is
//! looked at only to be emptied: that it is not empty any more is the wish.

use std::{
    ffi::{CString, c_char},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prosody_broker::{BrokerError, ErrorCode};
use rdkafka_sys as sys;

use super::{ERROR_TEXT, Queue, c_string};
use crate::tokens::{Token, TokenSource};

/// Takes tokens for one client of librdkafka, as long as that lives.
#[derive(Debug)]
pub struct TokenTaker(Mutex<Option<Open>>);

#[derive(Debug)]
struct Open {
    raw: *mut sys::rd_kafka_t,
    wishes: Queue,
}

// SAFETY: librdkafka's client may be used from any thread; `TokenTaker::end` takes this away before its end.
unsafe impl Send for Open {}

impl TokenTaker {
    /// Passes the client's wishes on to `source`, the first of them at once.
    ///
    /// # Safety
    ///
    /// The client is live, has a queue for SASL, and `end` is called before it is destroyed.
    pub(super) unsafe fn start(
        raw: *mut sys::rd_kafka_t,
        source: &Arc<dyn TokenSource>,
    ) -> Option<Arc<Self>> {
        // SAFETY: the caller's word.
        let mut wishes = unsafe { Queue::sasl(raw) }?;
        let taker = Arc::new(Self(Mutex::new(None)));
        let (weak, asked) = (Arc::downgrade(&taker), Arc::clone(source));
        // Held from before the first wish can be heard: an answer to it waits until there is somewhere to put it.
        let mut open = taker.lock();
        wishes.on_ready(Box::new(move || asked.wanted(&weak)));
        let waits = wishes.len() > 0;
        *open = Some(Open { raw, wishes });
        drop(open);
        if waits {
            // It came before anybody listened.
            source.wanted(&Arc::downgrade(&taker));
        }
        Some(taker)
    }

    /// Gives the client a token; the next one is wished for when four fifths of its life are over.
    ///
    /// # Errors
    ///
    /// `Invalid` if it has expired or holds what cannot be sent. The client is gone: none.
    pub fn take(&self, token: &Token) -> Result<(), BrokerError> {
        let value = c_string("the token", &token.value)?;
        let principal = c_string("the token's principal", &token.principal)?;
        let mut extensions: Vec<CString> = Vec::with_capacity(token.extensions.len() * 2);
        for (name, text) in &token.extensions {
            extensions.push(c_string("a token's extension", name)?);
            extensions.push(c_string("a token's extension", text)?);
        }
        let mut pointers: Vec<*const c_char> = extensions.iter().map(|text| text.as_ptr()).collect();
        let open = self.lock();
        let Some(Open { raw, wishes }) = &*open else { return Ok(()) };
        heard(wishes);
        let mut buffer = [0; ERROR_TEXT];
        // SAFETY: the client is live while the lock is held; the strings are terminated and copied, the buffer is as
        // long as said.
        let code = unsafe {
            sys::rd_kafka_oauthbearer_set_token(
                *raw,
                value.as_ptr(),
                // In librdkafka it is counted in microseconds.
                token.expires_at_ms.min(i64::MAX / 1_000),
                principal.as_ptr(),
                pointers.as_mut_ptr(),
                pointers.len(),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        };
        if code as i32 == 0 {
            return Ok(());
        }
        // What librdkafka writes into the buffer repeats the token.
        let message = "the token cannot be used: it has expired, or it or an extension has characters that cannot be \
                       sent; correct what the token callback gives";
        Err(BrokerError::new(ErrorCode::Invalid, message))
    }

    /// Says why there is no token. The client wishes for one again in ten seconds.
    pub fn refuse(&self, reason: &str) {
        let Ok(reason) = c_string("the reason", if reason.is_empty() { "no reason" } else { reason }) else {
            return;
        };
        if let Some(Open { raw, wishes }) = &*self.lock() {
            heard(wishes);
            // SAFETY: the client is live while the lock is held; the string is terminated and copied.
            unsafe { sys::rd_kafka_oauthbearer_set_token_failure(*raw, reason.as_ptr()) };
        }
    }

    /// The client ends: nothing reaches it after this.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empties the queue, so that the next wish is seen.
fn heard(wishes: &Queue) {
    while wishes.poll(Duration::ZERO).is_some() {}
}

/// Has the client of `conf` wish for tokens on a queue of their own.
pub(super) fn on_a_queue(conf: *mut sys::rd_kafka_conf_t) {
    // SAFETY: the configuration is live.
    unsafe { sys::rd_kafka_conf_enable_sasl_queue(conf, 1) };
}
