//! Producers and what can happen to what they send.

use super::*;
use crate::memory::SendFault::{Delay, LoseAnswer, LoseRequest, Pass, Refuse};

#[derive(Clone, Default)]
pub(super) struct Sink(Arc<Mutex<Vec<Report>>>);

impl Sink {
    pub fn sink(&self) -> crate::ReportSink {
        let sink = self.clone();
        Arc::new(move |reports| sink.0.lock().unwrap().extend(reports))
    }

    /// Ticket, and offset or error, of what was reported since the last call.
    fn take(&self) -> Vec<(u64, Result<i64, ErrorCode>)> {
        let reports = std::mem::take(&mut *self.0.lock().unwrap());
        let one = |r: Report| (r.ticket, r.result.map(|(_, offset)| offset).map_err(|error| error.code));
        reports.into_iter().map(one).collect()
    }
}

/// A record of one byte.
pub(super) fn to_partition(ticket: u64, partition: i32) -> Outgoing {
    let value = [ticket as u8];
    let parts = RecordParts { timestamp: -1, value: Some(&value), ..RecordParts::default() };
    let record = Record::new(parts, []);
    Outgoing { ticket, topic: "topic".into(), partition: Some(partition), record }
}

fn sender(faults: &[SendFault]) -> (MemoryBroker, MemoryProducer, Sink) {
    let broker = MemoryBroker::new(Settings { auto_create: Some(1), queue_limit: 3, ..Settings::default() });
    let sink = Sink::default();
    let producer = broker.producer(sink.sink(), Duration::from_secs(1));
    broker.producer_faults(producer.id(), |f| f.sends.extend(faults));
    (broker, producer, sink)
}

fn values(broker: &MemoryBroker) -> Vec<u8> {
    broker.records(&partition(), 0, 100).iter().map(|record| record.value().unwrap()[0]).collect()
}

#[test]
fn lost_and_refused_records_are_told_apart_in_the_log() {
    let (broker, producer, sink) = sender(&[LoseAnswer, LoseRequest, Refuse(ErrorCode::Authorization), Pass]);
    producer.send((0..5).map(|ticket| to_partition(ticket, 0)).collect());
    let timeout = Err(ErrorCode::Timeout);
    let expected = [(0, timeout), (1, timeout), (2, Err(ErrorCode::Authorization)), (3, Ok(1)), (4, Ok(2))];
    assert_eq!(sink.take(), expected);
    assert_eq!(values(&broker), [0, 3, 4]);
}

#[test]
fn nothing_overtakes_a_delayed_record() {
    let (broker, producer, sink) = sender(&[Delay(Duration::from_millis(500))]);
    producer.send(vec![to_partition(0, 0), to_partition(1, 0)]);
    assert!(!producer.flush(Duration::ZERO));
    assert_eq!(broker.next_deadline(), at(500).mono);
    broker.advance(at(499));
    assert_eq!(sink.take(), []);
    broker.advance(at(500));
    assert_eq!(sink.take(), [(0, Ok(0)), (1, Ok(1))]);
    assert!(producer.flush(Duration::ZERO));
}

#[test]
fn a_record_delayed_beyond_the_timeout_is_given_up() {
    let (broker, producer, sink) = sender(&[Delay(Duration::from_secs(9))]);
    producer.send(vec![to_partition(0, 0), to_partition(1, 0)]);
    assert_eq!(broker.next_deadline(), at(1000).mono);
    broker.advance(at(1000));
    assert_eq!(sink.take(), [(0, Err(ErrorCode::Timeout)), (1, Ok(0))]);
}

#[test]
fn records_wait_for_the_broker_until_they_time_out() {
    let (broker, producer, sink) = sender(&[]);
    broker.faults(|faults| faults.unreachable = true);
    producer.send(vec![to_partition(0, 0)]);
    broker.advance(at(600));
    producer.send((1..5).map(|ticket| to_partition(ticket, 0)).collect());
    let full = Err(ErrorCode::QueueFull);
    assert_eq!(sink.take(), [(3, full), (4, full)]);
    broker.advance(at(1000));
    assert_eq!(sink.take(), [(0, Err(ErrorCode::Timeout))]);
    broker.faults(|faults| faults.unreachable = false);
    assert_eq!(sink.take(), [(1, Ok(0)), (2, Ok(1))]);
    assert_eq!(values(&broker), [1, 2]);
}

#[test]
fn what_waits_at_close_is_reported_closed() {
    let (broker, producer, sink) = sender(&[]);
    broker.producer_faults(producer.id(), |f| f.unreachable = true);
    producer.send(vec![to_partition(0, 0)]);
    producer.close(Duration::ZERO);
    producer.send(vec![to_partition(1, 0)]);
    let closed = Err(ErrorCode::Closed);
    assert_eq!(sink.take(), [(0, closed), (1, closed)]);
    assert!(!broker.producer_faults(producer.id(), |_| ()));
}

#[test]
fn records_without_a_key_spread() {
    let (broker, producer, _) = sender(&[]);
    broker.configure(|settings| settings.auto_create = Some(3));
    producer.send((0..9).map(|ticket| Outgoing { partition: None, ..to_partition(ticket, 0) }).collect());
    for partition in 0..3 {
        assert_eq!(broker.log_range(&TopicPartition::new("topic", partition)), Some(0..3));
    }
}

#[test]
fn a_missing_topic_is_reported_where_topics_are_not_made_on_use() {
    let (broker, producer, sink) = sender(&[]);
    broker.configure(|settings| settings.auto_create = None);
    producer.send(vec![to_partition(0, 0)]);
    assert_eq!(sink.take(), [(0, Err(ErrorCode::UnknownTopic))]);
}

#[test]
fn a_sink_may_send_again() {
    let broker = MemoryBroker::new(Settings { auto_create: Some(1), ..Settings::default() });
    let again: Arc<Mutex<Option<Arc<MemoryProducer>>>> = Arc::default();
    let inner = again.clone();
    let sink: crate::ReportSink = Arc::new(move |_| {
        let producer = inner.lock().unwrap().take();
        if let Some(producer) = producer {
            producer.send(vec![to_partition(1, 0)]);
        }
    });
    let producer = Arc::new(broker.producer(sink, Duration::ZERO));
    *again.lock().unwrap() = Some(producer.clone());
    producer.send(vec![to_partition(0, 0)]);
    assert_eq!(values(&broker), [0, 1]);
}
