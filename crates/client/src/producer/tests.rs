#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use prosody_broker::{BrokerError, ErrorCode, Outgoing, Producer, Report, ReportSink};
use prosody_model::{Record, RecordParts};

use super::ProducerSlot;

/// Reports everything at once: with an error once it has failed.
struct Fake {
    reports: ReportSink,
    failed: Arc<AtomicBool>,
}

impl Producer for Fake {
    fn send(&self, batch: Vec<Outgoing>) {
        let result = || {
            if self.failed() { Err(BrokerError::new(ErrorCode::Other, "fatal")) } else { Ok((0, 0)) }
        };
        let report = |record: Outgoing| Report { ticket: record.ticket, result: result() };
        (self.reports)(batch.into_iter().map(report).collect());
    }

    fn flush(&self, _timeout: Duration) -> bool {
        true
    }

    fn close(&self, _timeout: Duration) {}

    fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

type Outcome = Result<(i32, i64), ErrorCode>;

struct Bench {
    slot: ProducerSlot,
    reports: Arc<Mutex<Vec<Outcome>>>,
    /// How many were started.
    started: Arc<AtomicUsize>,
    /// Whether starting fails.
    refuses: Arc<AtomicBool>,
    /// Whether the newest one has failed.
    failed: Arc<Mutex<Arc<AtomicBool>>>,
}

impl Bench {
    fn new() -> Self {
        let (started, refuses) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let failed = Arc::new(Mutex::new(Arc::default()));
        let reports = Arc::new(Mutex::new(Vec::new()));
        let (count, refuse, newest, told) =
            (started.clone(), refuses.clone(), failed.clone(), reports.clone());
        let open = move |reports| {
            if refuse.load(Ordering::Acquire) {
                return Err(BrokerError::new(ErrorCode::Invalid, "no such file"));
            }
            count.fetch_add(1, Ordering::AcqRel);
            let failed = Arc::new(AtomicBool::new(false));
            *newest.lock().unwrap() = failed.clone();
            Ok(Arc::new(Fake { reports, failed }) as Arc<dyn Producer>)
        };
        let sink = move |reports: Vec<Report>| {
            let results = reports.into_iter().map(|report| report.result.map_err(|error| error.code));
            told.lock().unwrap().extend(results);
        };
        Self { slot: ProducerSlot::new(Box::new(open), Arc::new(sink)), reports, started, refuses, failed }
    }

    fn send(&self) -> Outcome {
        let record = Record::new(RecordParts::default(), []);
        self.slot.send(vec![Outgoing { ticket: 1, topic: "t".into(), partition: None, record }]);
        self.reports.lock().unwrap().pop().unwrap()
    }
}

#[test]
fn a_start_that_failed_is_tried_again_at_the_next_send() {
    let bench = Bench::new();
    bench.refuses.store(true, Ordering::Release);
    assert_eq!(bench.send(), Err(ErrorCode::Invalid));
    bench.refuses.store(false, Ordering::Release);
    assert_eq!(bench.send(), Ok((0, 0)));
    assert_eq!(bench.send(), Ok((0, 0)));
    assert_eq!(bench.started.load(Ordering::Acquire), 1);
}

#[test]
fn a_producer_that_cannot_go_on_is_replaced_at_the_next_send() {
    let bench = Bench::new();
    assert_eq!(bench.send(), Ok((0, 0)));
    bench.failed.lock().unwrap().store(true, Ordering::Release);
    assert_eq!(bench.send(), Err(ErrorCode::Other));
    assert_eq!(bench.send(), Ok((0, 0)));
    assert_eq!(bench.started.load(Ordering::Acquire), 2);
}

#[test]
fn nothing_is_started_after_the_end() {
    let bench = Bench::new();
    assert!(bench.slot.end().is_none());
    assert_eq!(bench.send(), Err(ErrorCode::Closed));
    assert_eq!(bench.started.load(Ordering::Acquire), 0);
}
