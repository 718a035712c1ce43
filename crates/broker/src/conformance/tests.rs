//! The suite on the in-memory broker, in virtual time.

mod memory {
    use std::time::Duration;

    use prosody_model::{Mono, Now, TopicPartition};

    use crate::{
        ReportSink, StartFrom, Waker,
        conformance::Harness,
        memory::{MemoryBroker, MemoryConsumer, MemoryProducer, Protocol, Settings},
    };

    struct Memory {
        broker: MemoryBroker,
        now: Now,
        names: usize,
    }

    impl Memory {
        fn new(protocol: Protocol) -> Self {
            let now = Now { mono: Mono(1), wall_ms: 1_700_000_000_000 };
            let broker = MemoryBroker::new(Settings { protocol, ..Settings::default() });
            broker.advance(now);
            Self { broker, now, names: 0 }
        }
    }

    impl Harness for Memory {
        type Consumer = MemoryConsumer;
        type Producer = MemoryProducer;
        type Admin = MemoryBroker;

        fn consumer(&mut self, group: &str, waker: Waker) -> MemoryConsumer {
            self.broker.consumer(group, waker)
        }

        fn consumer_from(&mut self, start: StartFrom, group: &str, waker: Waker) -> MemoryConsumer {
            self.broker.consumer(group, waker).starting_from(start)
        }

        fn producer(&mut self, sink: ReportSink) -> MemoryProducer {
            self.broker.producer(sink, Duration::from_secs(1))
        }

        fn admin(&mut self) -> MemoryBroker {
            self.broker.clone()
        }

        fn unique(&mut self, name: &str) -> String {
            self.names += 1;
            format!("{name}-{}", self.names)
        }

        fn now(&self) -> Now {
            self.now
        }

        fn wait(&mut self) {
            let step = Duration::from_millis(10);
            self.now.mono = self.now.mono.after(step);
            self.now.wall_ms += 10;
            self.broker.advance(self.now);
        }

        fn delete_records(&mut self, partition: &TopicPartition, before: i64) {
            let _ = self.broker.delete_records(partition, before);
        }

        fn compact(&mut self, topic: &str) {
            let _ = self.broker.set_compacted(topic, true);
        }
    }

    mod cooperative {
        crate::conformance!(super::Memory::new(super::Protocol::Cooperative));
    }

    mod incremental {
        crate::conformance!(super::Memory::new(super::Protocol::Incremental));
    }
}
