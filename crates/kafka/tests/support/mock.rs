//! librdkafka's own mock cluster: it can answer any request with any error.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::unused_self)]

use std::{
    collections::HashMap,
    ffi::{CStr, CString},
    ptr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use prosody_broker::{
    Assigned, BrokerError, CommitResult, Consumer, ConsumerEvent, Report, ReportSink, Reread, TopicSelector,
};
use prosody_kafka::{KafkaConsumer, KafkaProducer, KafkaSettings};
use prosody_model::{Epoch, Epochs, Mono, Now, Record};
use rdkafka_sys as sys;

/// Requests whose answers can be made errors, by their number in Kafka's protocol.
pub const PRODUCE: i16 = 0;
pub const FETCH: i16 = 1;
pub const LIST_OFFSETS: i16 = 2;
pub const METADATA: i16 = 3;
pub const OFFSET_COMMIT: i16 = 8;
pub const OFFSET_FETCH: i16 = 9;
pub const FIND_COORDINATOR: i16 = 10;
pub const JOIN_GROUP: i16 = 11;
pub const HEARTBEAT: i16 = 12;
pub const LEAVE_GROUP: i16 = 13;
pub const CONSUMER_GROUP_HEARTBEAT: i16 = 68;

/// A cluster of one broker within this process.
pub struct MockCluster {
    rk: *mut sys::rd_kafka_t,
    cluster: *mut sys::rd_kafka_mock_cluster_t,
    pub bootstrap: String,
}

impl MockCluster {
    pub fn new() -> Self {
        let mut problem = [0; 256];
        // SAFETY: made here and destroyed on drop.
        unsafe {
            let conf = sys::rd_kafka_conf_new();
            // A client that only hosts the cluster has nothing to connect to, and need not say so.
            let (name, value) = (CString::new("log_level").unwrap(), CString::new("0").unwrap());
            sys::rd_kafka_conf_set(conf, name.as_ptr(), value.as_ptr(), problem.as_mut_ptr(), problem.len());
            let kind = sys::rd_kafka_type_t::RD_KAFKA_PRODUCER;
            let rk = sys::rd_kafka_new(kind, conf, problem.as_mut_ptr(), problem.len());
            let cluster = sys::rd_kafka_mock_cluster_new(rk, 1);
            assert!(!cluster.is_null());
            sys::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0);
            let bootstrap = CStr::from_ptr(sys::rd_kafka_mock_cluster_bootstraps(cluster)).to_str().unwrap();
            Self { rk, cluster, bootstrap: bootstrap.to_owned() }
        }
    }

    pub fn create_topic(&self, name: &str, partitions: i32) {
        let name = CString::new(name).unwrap();
        // SAFETY: the cluster is live, the name terminated.
        let code = unsafe { sys::rd_kafka_mock_topic_create(self.cluster, name.as_ptr(), partitions, 1) };
        assert_eq!(code as i32, 0);
    }

    /// The next requests of this kind are answered with these errors, one each.
    pub fn fail(&self, request: i16, codes: &[i32]) {
        let codes: Vec<_> =
            codes.iter().map(|code| sys::rd_kafka_resp_err_t::try_from(*code).unwrap()).collect();
        // SAFETY: the cluster is live; the array is as long as said, and copied.
        unsafe {
            sys::rd_kafka_mock_push_request_errors_array(self.cluster, request, codes.len(), codes.as_ptr());
        }
    }

    pub fn heal(&self, request: i16) {
        // SAFETY: the cluster is live.
        unsafe { sys::rd_kafka_mock_clear_request_errors(self.cluster, request) };
    }

    pub fn down(&self) {
        // SAFETY: the cluster is live.
        unsafe { sys::rd_kafka_mock_broker_set_down(self.cluster, 1) };
    }

    pub fn up(&self) {
        // SAFETY: the cluster is live.
        unsafe { sys::rd_kafka_mock_broker_set_up(self.cluster, 1) };
    }

    pub fn slow(&self, milliseconds: i32) {
        // SAFETY: the cluster is live.
        unsafe { sys::rd_kafka_mock_broker_set_rtt(self.cluster, 1, milliseconds) };
    }

    /// From now on requests are counted.
    pub fn count_requests(&self) {
        // SAFETY: the cluster is live.
        unsafe { sys::rd_kafka_mock_start_request_tracking(self.cluster) };
    }

    /// How many requests of this kind were counted.
    pub fn requests(&self, request: i16) -> usize {
        let mut count = 0;
        // SAFETY: the cluster is live; the array is ours to free, and is freed.
        unsafe {
            let all = sys::rd_kafka_mock_get_requests(self.cluster, ptr::from_mut(&mut count));
            let of_kind =
                (0..count).filter(|at| sys::rd_kafka_mock_request_api_key(*all.add(*at)) == request).count();
            sys::rd_kafka_mock_request_destroy_array(all, count);
            of_kind
        }
    }

    pub fn settings(&self) -> KafkaSettings {
        KafkaSettings {
            bootstrap_servers: vec![self.bootstrap.clone()],
            group_id: "group".to_owned(),
            // The mock cluster keeps a group that has had a member waiting for the session's time less a second. Were
            // that the period of our metadata refresh, both would fall together: librdkafka takes an answer to the
            // refresh that comes while it makes the assignment for a reason to join again, and so on each time.
            session_timeout: Duration::from_secs(4),
            heartbeat_interval: Duration::from_millis(100),
            ..KafkaSettings::default()
        }
    }

    pub fn member(&self, topic: &str) -> Member {
        self.member_with(&self.settings(), topic)
    }

    pub fn member_with(&self, settings: &KafkaSettings, topic: &str) -> Member {
        let mut member = Member::new(settings);
        member.consumer.subscribe(&[TopicSelector::Name(topic.to_owned())]).unwrap();
        member
    }

    pub fn producer(&self, settings: &KafkaSettings) -> (KafkaProducer, Reports) {
        let reports = Reports::default();
        (KafkaProducer::new(settings, reports.sink()).unwrap(), reports)
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        // SAFETY: owned; the cluster goes before its client.
        unsafe {
            sys::rd_kafka_mock_cluster_destroy(self.cluster);
            sys::rd_kafka_destroy(self.rk);
        }
        self.cluster = ptr::null_mut();
    }
}

/// Takes reports.
#[derive(Clone, Default)]
pub struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    pub fn sink(&self) -> ReportSink {
        let reports = Arc::clone(&self.0);
        Arc::new(move |new| reports.lock().unwrap().extend(new))
    }

    pub fn seen(&self) -> Vec<Report> {
        let mut seen = self.0.lock().unwrap().clone();
        seen.sort_by_key(|report| report.ticket);
        seen
    }

    /// Waits for so many reports.
    pub fn wait(&self, count: usize) -> Vec<Report> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.0.lock().unwrap().len() < count {
            assert!(Instant::now() < deadline, "{} of {count} reports", self.seen().len());
            thread::sleep(Duration::from_millis(2));
        }
        self.seen()
    }
}

/// A consumer and what it said.
pub struct Member {
    pub consumer: KafkaConsumer,
    start: Instant,
    woken: mpsc::Receiver<()>,
    pub assigned: Vec<Assigned>,
    pub revoking: Vec<Epoch>,
    pub lost: Vec<Epoch>,
    pub answers: Vec<CommitResult>,
    pub warnings: Vec<BrokerError>,
    pub stopped: Vec<(Epoch, BrokerError)>,
    pub failed: Vec<BrokerError>,
    pub readable: Vec<Epoch>,
    pub rereadable: Vec<Epoch>,
    pub reread: Vec<Reread>,
    /// Where reading goes on.
    pub positions: HashMap<Epoch, i64>,
    pub records: Vec<(Epoch, Record)>,
}

impl Member {
    pub fn new(settings: &KafkaSettings) -> Self {
        let (wake, woken) = mpsc::sync_channel(1);
        let waker = Arc::new(move || {
            let _ = wake.try_send(());
        });
        Self {
            consumer: KafkaConsumer::new(settings, Epochs::default(), waker).unwrap(),
            start: Instant::now(),
            woken,
            assigned: Vec::new(),
            revoking: Vec::new(),
            lost: Vec::new(),
            answers: Vec::new(),
            warnings: Vec::new(),
            stopped: Vec::new(),
            failed: Vec::new(),
            readable: Vec::new(),
            rereadable: Vec::new(),
            reread: Vec::new(),
            positions: HashMap::new(),
            records: Vec::new(),
        }
    }

    pub fn step(&mut self) {
        let mut events = Vec::new();
        let now = Now { mono: Mono(self.start.elapsed().as_nanos() as u64), wall_ms: 0 };
        self.consumer.poll(now, &mut events);
        for event in events {
            match event {
                ConsumerEvent::Assigned(assigned) => self.assigned.extend(assigned),
                ConsumerEvent::Revoking(epochs) => self.revoking.extend(epochs),
                ConsumerEvent::Lost(epochs) => self.lost.extend(epochs),
                ConsumerEvent::Committed(results) => self.answers.extend(results),
                ConsumerEvent::Warning(error) => self.warnings.push(error),
                ConsumerEvent::Stopped { epoch, error } => self.stopped.push((epoch, error)),
                ConsumerEvent::Failed(error) => self.failed.push(error),
                ConsumerEvent::Readable(epoch) => self.readable.push(epoch),
                ConsumerEvent::Rereadable(epoch) => self.rereadable.push(epoch),
                ConsumerEvent::Reread(answers) => self.reread.extend(answers),
            }
        }
    }

    /// Reads what is said to be there, few at a time.
    pub fn read(&mut self) {
        let readable = std::mem::take(&mut self.readable);
        for epoch in readable {
            let mut records = Vec::new();
            while self.consumer.read(epoch, 7, &mut records) == 7 {}
            if let Some(last) = records.last() {
                self.positions.insert(epoch, last.offset + 1);
            }
            self.records.extend(records.into_iter().map(|record| (epoch, record)));
        }
    }

    /// Polls until `holds`; woken by the consumer, and by the clock for what it does by time.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !holds(self) {
            assert!(
                Instant::now() < deadline,
                "waited in vain until {what}: {} assigned, {} records, lost {:?}, warned {:?}, stopped {:?}, failed {:?}",
                self.assigned.len(),
                self.records.len(),
                self.lost,
                self.warnings,
                self.stopped,
                self.failed
            );
            let _ = self.woken.recv_timeout(Duration::from_millis(50));
            self.step();
        }
    }

    /// Polls until `holds`, but only when the consumer has called its waker.
    pub fn until_woken(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while !holds(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                self.woken.recv_timeout(left).is_ok(),
                "nobody was woken until {what}: {:?}",
                self.warnings
            );
            self.step();
        }
    }

    pub fn hold(&mut self, count: usize) -> Vec<Epoch> {
        self.until("the partitions are held", |member| member.assigned.len() >= count);
        self.assigned.iter().map(|assigned| assigned.epoch).collect()
    }
}
