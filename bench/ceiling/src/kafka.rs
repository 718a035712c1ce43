//! librdkafka, as bare as it can be called from Rust: one owner, one thread.

use rdkafka_sys as rd;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

type Pairs = [(String, String)];

fn c(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("'{text}' holds a NUL"))
}

fn reason(code: rd::rd_kafka_resp_err_t) -> String {
    // SAFETY: librdkafka answers with a pointer to a static string for every code.
    unsafe { CStr::from_ptr(rd::rd_kafka_err2str(code)) }.to_string_lossy().into_owned()
}

fn open(
    kind: rd::rd_kafka_type_t,
    pairs: &Pairs,
    log: *mut Deliveries,
) -> Result<*mut rd::rd_kafka_t, String> {
    let mut text = [0 as c_char; 512];
    // SAFETY: the configuration is ours until `rd_kafka_new` takes it; `text` outlives the calls that write into it;
    // `log` is null or the box that the producer keeps until after `rd_kafka_destroy`.
    unsafe {
        let conf = rd::rd_kafka_conf_new();
        for (name, value) in pairs {
            let (name, value) = (c(name)?, c(value)?);
            let set =
                rd::rd_kafka_conf_set(conf, name.as_ptr(), value.as_ptr(), text.as_mut_ptr(), text.len());
            if set != rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                return Err(CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned());
            }
        }
        if !log.is_null() {
            rd::rd_kafka_conf_set_dr_msg_cb(conf, Some(delivered));
            rd::rd_kafka_conf_set_opaque(conf, log.cast());
        }
        let client = rd::rd_kafka_new(kind, conf, text.as_mut_ptr(), text.len());
        if client.is_null() {
            return Err(CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned());
        }
        Ok(client)
    }
}

#[derive(Default)]
pub struct Deliveries {
    pub done: u64,
    pub failed: u64,
}

unsafe extern "C" fn delivered(
    _: *mut rd::rd_kafka_t,
    message: *const rd::rd_kafka_message_t,
    log: *mut c_void,
) {
    // SAFETY: librdkafka calls this from `rd_kafka_poll` on the producer's own thread, with the message it reports and
    // the opaque that `open` gave it; `Producer::deliveries` reads the same counts only between polls.
    unsafe {
        let log = &mut *log.cast::<Deliveries>();
        if (*message).err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            log.done += 1;
        } else {
            log.failed += 1;
        }
    }
}

pub struct Producer {
    client: *mut rd::rd_kafka_t,
    topic: *mut rd::rd_kafka_topic_t,
    log: *mut Deliveries,
}

impl Producer {
    pub fn new(pairs: &Pairs, topic: &str) -> Result<Self, String> {
        let log = Box::into_raw(Box::<Deliveries>::default());
        let client = open(rd::rd_kafka_type_t::RD_KAFKA_PRODUCER, pairs, log)?;
        let name = c(topic)?;
        // SAFETY: the client is live; a null topic configuration means the defaults.
        let topic = unsafe { rd::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut()) };
        Ok(Self { client, topic, log })
    }

    /// False when librdkafka's queue is full.
    pub fn send(&mut self, partition: i32, key: &[u8], value: &[u8]) -> Result<bool, String> {
        // SAFETY: F_COPY makes librdkafka copy the value before it returns; the key is always copied.
        let code = unsafe {
            rd::rd_kafka_produce(
                self.topic,
                partition,
                rd::RD_KAFKA_MSG_F_COPY,
                value.as_ptr().cast_mut().cast(),
                value.len(),
                key.as_ptr().cast(),
                key.len(),
                ptr::null_mut(),
            )
        };
        if code == 0 {
            return Ok(true);
        }
        // SAFETY: reads the calling thread's last error.
        match unsafe { rd::rd_kafka_last_error() } {
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL => Ok(false),
            other => Err(reason(other)),
        }
    }

    pub fn poll(&mut self, timeout_ms: i32) {
        // SAFETY: the client lives as long as self.
        unsafe { rd::rd_kafka_poll(self.client, timeout_ms) };
    }

    pub fn deliveries(&self) -> (u64, u64) {
        // SAFETY: written only inside `poll`, on this thread.
        unsafe { ((*self.log).done, (*self.log).failed) }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // SAFETY: each pointer was made by the matching constructor and is given back once; the log goes last,
        // when no callback can come any more.
        unsafe {
            rd::rd_kafka_topic_destroy(self.topic);
            rd::rd_kafka_destroy(self.client);
            drop(Box::from_raw(self.log));
        }
    }
}

pub struct Consumer {
    client: *mut rd::rd_kafka_t,
    queue: *mut rd::rd_kafka_queue_t,
    batch: Vec<*mut rd::rd_kafka_message_t>,
}

impl Consumer {
    /// Assigned by hand, from the start: the main queue's batch call loses rebalances, and a ceiling needs none.
    pub fn new(pairs: &Pairs, topic: &str, partitions: i32) -> Result<Self, String> {
        let client = open(rd::rd_kafka_type_t::RD_KAFKA_CONSUMER, pairs, ptr::null_mut())?;
        let name = c(topic)?;
        // SAFETY: the list is made, filled, copied by assign and destroyed here; the client is live.
        let (code, queue) = unsafe {
            rd::rd_kafka_poll_set_consumer(client);
            let list = rd::rd_kafka_topic_partition_list_new(partitions);
            for partition in 0..partitions {
                let element = rd::rd_kafka_topic_partition_list_add(list, name.as_ptr(), partition);
                (*element).offset = i64::from(rd::RD_KAFKA_OFFSET_BEGINNING);
            }
            let code = rd::rd_kafka_assign(client, list);
            rd::rd_kafka_topic_partition_list_destroy(list);
            (code, rd::rd_kafka_queue_get_consumer(client))
        };
        if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(reason(code));
        }
        Ok(Self { client, queue, batch: vec![ptr::null_mut(); 1_000] })
    }

    /// Up to 1,000 records in one call; it waits its whole time-out for them.
    pub fn batch(&mut self, timeout_ms: i32, mut see: impl FnMut(&[u8], &[u8])) {
        // SAFETY: the buffer has the length given; every message returned is live until it is destroyed below.
        unsafe {
            let got = rd::rd_kafka_consume_batch_queue(
                self.queue,
                timeout_ms,
                self.batch.as_mut_ptr(),
                self.batch.len(),
            );
            for message in self.batch.iter().take(got.max(0) as usize) {
                give(*message, &mut see);
            }
        }
    }

    /// One record, as soon as it is there.
    pub fn poll(&mut self, timeout_ms: i32, mut see: impl FnMut(&[u8], &[u8])) {
        // SAFETY: null or a message that is ours until it is destroyed.
        unsafe {
            let message = rd::rd_kafka_consumer_poll(self.client, timeout_ms);
            if !message.is_null() {
                give(message, &mut see);
            }
        }
    }
}

/// Hands a message over and destroys it.
unsafe fn give(message: *mut rd::rd_kafka_message_t, see: &mut impl FnMut(&[u8], &[u8])) {
    // SAFETY: the caller owns the message; its key and value are its own bytes, null only with length 0.
    unsafe {
        let m = &*message;
        let bytes = |from: *mut c_void, len: usize| {
            if from.is_null() { &[][..] } else { std::slice::from_raw_parts(from.cast::<u8>(), len) }
        };
        if m.err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            see(bytes(m.key, m.key_len), bytes(m.payload, m.len));
        }
        rd::rd_kafka_message_destroy(message);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // SAFETY: both were made by `new` and are given back once, the queue before its client.
        unsafe {
            rd::rd_kafka_queue_destroy(self.queue);
            rd::rd_kafka_consumer_close(self.client);
            rd::rd_kafka_destroy(self.client);
        }
    }
}
