//! The broker among threads and on a real clock, as mock mode uses it.

use std::{
    sync::Condvar,
    thread,
    time::{Duration, Instant},
};

use super::*;

/// Wakes a thread that waits.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }

    /// Waits until it has rung since the last wait; fails if it does not for so long that it never will.
    fn wait(&self) {
        let rung = self.rung.lock().unwrap();
        let (mut rung, timeout) =
            self.changed.wait_timeout_while(rung, Duration::from_secs(20), |rung| !*rung).unwrap();
        assert!(!timeout.timed_out(), "a wake-up is missing");
        *rung = false;
    }
}

#[test]
fn no_wake_up_is_missed_between_threads() {
    const RECORDS: u64 = 20_000;
    let start = Instant::now();
    let clock: Clock = Arc::new(move || Now { mono: Mono(start.elapsed().as_nanos() as u64), wall_ms: 1 });
    let broker =
        MemoryBroker::new(Settings { auto_create: Some(4), clock: Some(clock), ..Settings::default() });
    let total = Arc::new(Mutex::new(0));
    let reader = |broker: MemoryBroker, total: Arc<Mutex<u64>>, bells: Arc<[Bell; 2]>, own: usize| {
        thread::spawn(move || {
            let bell = bells.clone();
            let mut consumer = broker.consumer("group", Arc::new(move || bell[own].ring()));
            consumer.subscribe(&[TopicSelector::Name("topic".into())]).unwrap();
            let (mut events, mut records) = (Vec::new(), Vec::new());
            while *total.lock().unwrap() < RECORDS {
                events.clear();
                consumer.poll(Now::default(), &mut events);
                let mut revoked = Vec::new();
                for event in &events {
                    match event {
                        ConsumerEvent::Readable(epoch) => {
                            while consumer.read(*epoch, 16, &mut records) == 16 {}
                            let next = records.last().map_or(0, |record| record.offset + 1);
                            if !records.is_empty() {
                                consumer.commit_now(commit(*epoch, next), Duration::ZERO);
                            }
                            *total.lock().unwrap() += records.drain(..).len() as u64;
                        }
                        ConsumerEvent::Revoking(epochs) => revoked.extend(epochs),
                        _ => {}
                    }
                }
                consumer.release(&revoked);
                if *total.lock().unwrap() == RECORDS {
                    bells.iter().for_each(Bell::ring);
                } else if events.is_empty() {
                    bells[own].wait();
                }
            }
            consumer.close(Duration::ZERO);
        })
    };
    let bells: Arc<[Bell; 2]> = Arc::default();
    let readers: Vec<_> =
        (0..2).map(|own| reader(broker.clone(), total.clone(), bells.clone(), own)).collect();
    let producer = broker.producer(Arc::new(|_| ()), Duration::ZERO);
    for ticket in 0..RECORDS {
        producer.send(vec![sending::to_partition(ticket, (ticket % 4) as i32)]);
    }
    for reader in readers {
        reader.join().unwrap();
    }
    assert_eq!(*total.lock().unwrap(), RECORDS);
}

#[test]
fn consumers_and_producers_may_move_between_threads() {
    fn sendable<T: Send>() {}
    fn sharable<T: Send + Sync>() {}
    sendable::<MemoryConsumer>();
    sharable::<MemoryProducer>();
    sharable::<MemoryBroker>();
    sharable::<Registry>();
}
