//! Topics as things to create and delete.

use std::{
    ffi::CString,
    ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use prosody_broker::{Admin, BrokerError, ErrorCode, TopicSpec};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_admin_op_t as Op;

use crate::{
    error,
    ffi::{Event, EventKind, Handle, Queue, Role, c_string, millis, text},
    settings::KafkaSettings,
};

/// An [`Admin`] on Kafka. Its connections end with it.
#[derive(Debug)]
pub struct KafkaAdmin {
    /// `None` only while it is dropped.
    handle: Option<Arc<Handle>>,
    /// Errors of the connections.
    troubles: Mutex<Option<Queue>>,
    /// Nobody waits for an answer any more.
    ended: AtomicBool,
}

/// Between two looks whether anybody waits still.
const LOOK: Duration = Duration::from_millis(100);
/// A refused certificate or login is tried again for so long, in case another broker takes it.
const SECOND_CHANCE: Duration = Duration::from_secs(3);

impl KafkaAdmin {
    /// An admin client; it connects with the first call.
    ///
    /// # Errors
    ///
    /// Settings that librdkafka refuses.
    pub fn new(settings: &KafkaSettings) -> Result<Self, BrokerError> {
        // Admin calls work on a client of any role; a producer joins no group.
        let handle =
            Handle::new(Role::Producer, settings.admin()?, sys::RD_KAFKA_EVENT_ERROR, settings.log.clone())?;
        let troubles = Mutex::new(Some(Queue::main(&handle)));
        Ok(Self { handle: Some(handle), troubles, ended: AtomicBool::new(false) })
    }

    /// Ends the calls that wait for an answer: soon they report that the client is closed. What they asked for may
    /// happen all the same.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Sends one request with `send` and waits for its answer.
    fn ask(
        &self,
        what: &str,
        op: Op,
        timeout: Duration,
        send: impl FnOnce(&Handle, *const sys::rd_kafka_AdminOptions_t, &Queue),
    ) -> Result<Event, BrokerError> {
        let Some(handle) = &self.handle else { return Err(error::closed("admin client")) };
        let queue = Queue::new(handle);
        let mut problem = [0; 128];
        let wait = millis(timeout).max(1);
        // SAFETY: the client is live; the options are destroyed after the request has copied them.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(handle.raw(), op);
            for set in [
                sys::rd_kafka_AdminOptions_set_request_timeout,
                sys::rd_kafka_AdminOptions_set_operation_timeout,
            ] {
                set(options, wait, problem.as_mut_ptr(), problem.len());
            }
            send(handle, options, &queue);
            sys::rd_kafka_AdminOptions_destroy(options);
        }
        let mut deadline = Instant::now() + timeout;
        let mut trouble = None;
        loop {
            if let Some(found) = self.refusal() {
                deadline = deadline.min(Instant::now() + SECOND_CHANCE);
                trouble = Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.ended.load(Ordering::Acquire) {
                return Err(error::closed("admin client"));
            }
            match queue.poll(left.min(LOOK)) {
                Some(event) if matches!(event.kind(), EventKind::CreateTopics | EventKind::DeleteTopics) => {
                    return match event.error() {
                        0 => Ok(event),
                        code => Err(error::of_kind(error::kind(code), what, &event.error_text())),
                    };
                }
                None if left.is_zero() => {
                    if let Some(BrokerError { code, message }) = trouble {
                        return Err(BrokerError::new(code, format!("{what}: {message}")));
                    }
                    let reason = format!("no answer within {} ms", timeout.as_millis());
                    return Err(error::of_kind(ErrorCode::Timeout, what, &reason));
                }
                _ => {}
            }
        }
    }
}

impl KafkaAdmin {
    /// The last refused certificate or login since the last question, if there was one.
    fn refusal(&self) -> Option<BrokerError> {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = troubles.as_ref()?;
        let mut last = None;
        while let Some(event) = queue.poll(Duration::ZERO) {
            if event.kind() == EventKind::Error {
                let error = error::explained(queue.handle(), &event);
                let refused =
                    matches!(error.code, ErrorCode::Tls | ErrorCode::Authentication | ErrorCode::Token);
                last = Some(error).filter(|_| refused).or(last);
            }
        }
        last
    }
}

impl Drop for KafkaAdmin {
    fn drop(&mut self) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = self.handle.take() {
            handle.end(Duration::from_secs(1));
        }
    }
}

impl Admin for KafkaAdmin {
    fn create_topic(&self, topic: &TopicSpec, timeout: Duration) -> Result<(), BrokerError> {
        let what = format!("creating topic {}", topic.name);
        let name = c_string("a topic's name", &topic.name)?;
        let mut problem = [0; 256];
        // SAFETY: the name is terminated, the buffer as long as said.
        let new = unsafe {
            sys::rd_kafka_NewTopic_new(
                name.as_ptr(),
                topic.partitions,
                topic.replication_factor,
                problem.as_mut_ptr(),
                problem.len(),
            )
        };
        if new.is_null() {
            // SAFETY: librdkafka terminates what it writes, and the buffer began as zeros.
            let reason = unsafe { text(problem.as_ptr()) };
            return Err(error::of_kind(ErrorCode::Invalid, what, &reason));
        }
        let answer =
            self.ask(&what, Op::RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout, |handle, options, queue| {
                let mut list = new;
                // SAFETY: everything is live; the request copies the topic.
                unsafe {
                    sys::rd_kafka_CreateTopics(
                        handle.raw(),
                        ptr::from_mut(&mut list),
                        1,
                        options,
                        queue.raw(),
                    );
                };
            });
        // SAFETY: owned, not used any more.
        unsafe { sys::rd_kafka_NewTopic_destroy(new) };
        let answer = answer?;
        // SAFETY: the event is live and of this kind.
        unsafe {
            let mut count = 0;
            let result = sys::rd_kafka_event_CreateTopics_result(answer.raw());
            let topics = sys::rd_kafka_CreateTopics_result_topics(result, ptr::from_mut(&mut count));
            first_error(&what, topics, count)
        }
    }

    fn delete_topic(&self, name: &str, timeout: Duration) -> Result<(), BrokerError> {
        let what = format!("deleting topic {name}");
        let c_name: CString = c_string("a topic's name", name)?;
        // SAFETY: the name is terminated.
        let old = unsafe { sys::rd_kafka_DeleteTopic_new(c_name.as_ptr()) };
        let answer =
            self.ask(&what, Op::RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout, |handle, options, queue| {
                let mut list = old;
                // SAFETY: everything is live; the request copies the topic.
                unsafe {
                    sys::rd_kafka_DeleteTopics(
                        handle.raw(),
                        ptr::from_mut(&mut list),
                        1,
                        options,
                        queue.raw(),
                    );
                };
            });
        // SAFETY: owned, not used any more.
        unsafe { sys::rd_kafka_DeleteTopic_destroy(old) };
        let answer = answer?;
        // SAFETY: the event is live and of this kind.
        unsafe {
            let mut count = 0;
            let result = sys::rd_kafka_event_DeleteTopics_result(answer.raw());
            let topics = sys::rd_kafka_DeleteTopics_result_topics(result, ptr::from_mut(&mut count));
            first_error(&what, topics, count)
        }
    }
}

/// The first topic's result.
///
/// # Safety
///
/// `topics` points to `count` live results.
unsafe fn first_error(
    what: &str,
    topics: *mut *const sys::rd_kafka_topic_result_t,
    count: usize,
) -> Result<(), BrokerError> {
    if topics.is_null() || count == 0 {
        return Err(BrokerError::new(
            ErrorCode::Other,
            format!("{what}: the broker gave no result; see its log"),
        ));
    }
    // SAFETY: by the caller's word.
    let (code, reason) = unsafe {
        (
            sys::rd_kafka_topic_result_error(*topics) as i32,
            text(sys::rd_kafka_topic_result_error_string(*topics)),
        )
    };
    match code {
        0 => Ok(()),
        _ if reason.is_empty() => Err(error::about(what, code)),
        _ => Err(error::of_kind(error::kind(code), what, &reason)),
    }
}
