//! A real Kafka as the conformance suite sees it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::{
    env,
    ffi::CString,
    process, ptr,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use prosody_broker::{ReportSink, StartFrom, Waker, conformance::Harness};
use prosody_kafka::{GroupProtocol, KafkaAdmin, KafkaConsumer, KafkaProducer, KafkaSettings};
use prosody_model::{Epochs, Mono, Now, TopicPartition};
use rdkafka_sys as sys;

static NAMES: AtomicU64 = AtomicU64::new(0);

pub struct RealKafka {
    pub settings: KafkaSettings,
    start: Instant,
}

/// Where the broker is; fails where nobody says, so that an unset variable is no success.
pub fn bootstrap() -> String {
    env::var("PROSODY_TEST_BOOTSTRAP")
        .expect("these tests need a Kafka: set PROSODY_TEST_BOOTSTRAP to its host:port, as scripts/kafka.mjs prints it")
}

impl RealKafka {
    pub fn new(group_protocol: GroupProtocol) -> Self {
        let settings = KafkaSettings {
            bootstrap_servers: vec![bootstrap()],
            group_protocol,
            send_timeout: Duration::from_secs(20),
            // What is not there is waited for as long.
            reread_timeout: Duration::from_secs(3),
            ..KafkaSettings::default()
        };
        Self { settings, start: Instant::now() }
    }
}

impl Harness for RealKafka {
    type Consumer = KafkaConsumer;
    type Producer = KafkaProducer;
    type Admin = KafkaAdmin;

    fn consumer(&mut self, group: &str, waker: Waker) -> KafkaConsumer {
        self.consumer_from(StartFrom::Committed, group, waker)
    }

    fn consumer_from(&mut self, start_from: StartFrom, group: &str, waker: Waker) -> KafkaConsumer {
        let settings = KafkaSettings { group_id: group.to_owned(), start_from, ..self.settings.clone() };
        KafkaConsumer::new(&settings, Epochs::default(), waker).unwrap()
    }

    fn producer(&mut self, sink: ReportSink) -> KafkaProducer {
        KafkaProducer::new(&self.settings, sink).unwrap()
    }

    fn admin(&mut self) -> KafkaAdmin {
        KafkaAdmin::new(&self.settings).unwrap()
    }

    fn unique(&mut self, name: &str) -> String {
        let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        format!("{name}-{run}-{}-{}", process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Now { mono: Mono(self.start.elapsed().as_nanos() as u64), wall_ms: wall as i64 }
    }

    fn wait(&mut self) {
        thread::sleep(Duration::from_millis(5));
    }

    /// Past the client's own limit: a broker looks at the compressed size, and the suite sends zeros.
    fn oversized(&self) -> usize {
        65 << 20
    }

    fn delete_records(&mut self, partition: &TopicPartition, before: i64) {
        delete_records(&self.settings.bootstrap_servers[0], partition, before);
    }

    fn compact(&mut self, topic: &str) {
        set_config(&self.settings.bootstrap_servers[0], topic, "cleanup.policy", "compact,delete");
    }
}

/// Deletes records by librdkafka's own admin call; the port does not offer it.
pub fn delete_records(bootstrap: &str, partition: &TopicPartition, before: i64) {
    let topic = CString::new(&*partition.topic).unwrap();
    // SAFETY: every object is made here, used while live, and destroyed here; strings are terminated.
    unsafe {
        let list = sys::rd_kafka_topic_partition_list_new(1);
        (*sys::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), partition.partition)).offset = before;
        let mut deletion = sys::rd_kafka_DeleteRecords_new(list);
        ask(bootstrap, |rk, queue| {
            sys::rd_kafka_DeleteRecords(rk, ptr::from_mut(&mut deletion), 1, ptr::null(), queue);
        });
        sys::rd_kafka_DeleteRecords_destroy(deletion);
        sys::rd_kafka_topic_partition_list_destroy(list);
    }
}

/// Sets an option of a topic.
pub fn set_config(bootstrap: &str, topic: &str, name: &str, value: &str) {
    let [topic, name, value] = [topic, name, value].map(|text| CString::new(text).unwrap());
    // SAFETY: every object is made here, used while live, and destroyed here; strings are terminated.
    unsafe {
        let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
        let mut resource = sys::rd_kafka_ConfigResource_new(kind, topic.as_ptr());
        let set = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
        let error =
            sys::rd_kafka_ConfigResource_add_incremental_config(resource, name.as_ptr(), set, value.as_ptr());
        assert!(error.is_null());
        ask(bootstrap, |rk, queue| {
            sys::rd_kafka_IncrementalAlterConfigs(rk, ptr::from_mut(&mut resource), 1, ptr::null(), queue);
        });
        sys::rd_kafka_ConfigResource_destroy(resource);
    }
}

/// Has an admin request made with a client of its own, and waits for the answer.
///
/// # Safety
///
/// `send` makes one request with what it is given.
unsafe fn ask(bootstrap: &str, send: impl FnOnce(*mut sys::rd_kafka_t, *mut sys::rd_kafka_queue_t)) {
    let (servers, value) = (CString::new("bootstrap.servers").unwrap(), CString::new(bootstrap).unwrap());
    let mut problem = [0; 256];
    // SAFETY: as above.
    unsafe {
        let conf = sys::rd_kafka_conf_new();
        sys::rd_kafka_conf_set(conf, servers.as_ptr(), value.as_ptr(), problem.as_mut_ptr(), problem.len());
        let kind = sys::rd_kafka_type_t::RD_KAFKA_PRODUCER;
        let rk = sys::rd_kafka_new(kind, conf, problem.as_mut_ptr(), problem.len());
        assert!(!rk.is_null());
        let queue = sys::rd_kafka_queue_new(rk);
        send(rk, queue);
        let event = sys::rd_kafka_queue_poll(queue, 10_000);
        assert!(!event.is_null(), "the broker does not answer");
        assert_eq!(sys::rd_kafka_event_error(event) as i32, 0);
        sys::rd_kafka_event_destroy(event);
        sys::rd_kafka_queue_destroy(queue);
        sys::rd_kafka_destroy(rk);
    }
}
