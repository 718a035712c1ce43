//! The partitions in our hands.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use prosody_model::{Epoch, Record, TopicPartition};
use rdkafka_sys::rd_kafka_message_t;

use super::queue::Source;
use crate::{error, ffi::Message};

/// So many corrupt reads in a row at one place are no accident of the wire any more.
const CORRUPT_READS: u32 = 3;

/// The partitions in our hands, by epoch and by name. Bounded by the assignment; `end` removes.
#[derive(Debug, Default)]
pub(super) struct Table {
    held: HashMap<Epoch, Held>,
    names: HashMap<Arc<str>, HashMap<i32, Epoch>>,
}

/// One held partition.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) partition: TopicPartition,
    pub(super) source: Source,
    /// Being taken away: nothing more is read.
    pub(super) revoking: bool,
    /// Cannot be read on.
    pub(super) stopped: bool,
    /// Where reading goes on; anything before it is a repeat.
    next: i64,
    corrupt_reads: u32,
    /// Messages that reached the consumer's queue before the split, in offset order. Bounded by one prefetch;
    /// reading removes them.
    stragglers: VecDeque<Record>,
}

/// An error read in place of a record.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: i32,
    pub(super) text: String,
    pub(super) offset: i64,
    /// How often in a row it was met here.
    pub(super) persists: bool,
}

impl Table {
    pub(super) fn insert(&mut self, epoch: Epoch, held: Held) {
        let TopicPartition { topic, partition } = held.partition.clone();
        self.names.entry(topic).or_default().insert(partition, epoch);
        self.held.insert(epoch, held);
    }

    pub(super) fn get(&self, epoch: Epoch) -> Option<&Held> {
        self.held.get(&epoch)
    }

    pub(super) fn get_mut(&mut self, epoch: Epoch) -> Option<&mut Held> {
        self.held.get_mut(&epoch)
    }

    /// A partition that is held and not being taken away.
    pub(super) fn owned(&mut self, epoch: Epoch) -> Option<&mut Held> {
        self.held.get_mut(&epoch).filter(|held| !held.revoking)
    }

    pub(super) fn epoch_of(&self, topic: &str, partition: i32) -> Option<Epoch> {
        self.names.get(topic)?.get(&partition).copied()
    }

    /// The epoch is over.
    pub(super) fn end(&mut self, epoch: Epoch) -> Option<Held> {
        let held = self.held.remove(&epoch)?;
        let TopicPartition { topic, partition } = &held.partition;
        if let Some(partitions) = self.names.get_mut(topic) {
            partitions.remove(partition);
            if partitions.is_empty() {
                self.names.remove(topic);
            }
        }
        Some(held)
    }

    pub(super) fn epochs(&self) -> Vec<Epoch> {
        let mut epochs: Vec<_> = self.held.keys().copied().collect();
        epochs.sort_unstable();
        epochs
    }
}

impl Held {
    pub(super) fn new(partition: TopicPartition, source: Source, start: Option<i64>) -> Self {
        Self {
            partition,
            source,
            revoking: false,
            stopped: false,
            next: start.unwrap_or(0),
            corrupt_reads: 0,
            stragglers: VecDeque::new(),
        }
    }

    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Keeps a message that missed the split queue, in offset order.
    pub(super) fn keep_straggler(&mut self, record: Record) {
        let place = self.stragglers.partition_point(|kept| kept.offset < record.offset);
        self.stragglers.insert(place, record);
        self.source.arm();
    }

    /// Appends up to `max` records; what was met instead of records comes back.
    pub(super) fn read(
        &mut self,
        max: usize,
        scratch: &mut Vec<*mut rd_kafka_message_t>,
        records: &mut Vec<Record>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.stopped {
            return faults;
        }
        let full = records.len() + max;
        let Self { next, stragglers, corrupt_reads, source, .. } = self;
        while records.len() < full
            && let Some(record) = stragglers.pop_front()
        {
            push(record, next, records);
        }
        // Both closures look at how many records there are.
        let taken = Cell::new(records.len());
        source.take(
            scratch,
            |message| {
                if message.error() == 0 {
                    *corrupt_reads = 0;
                    push(message.record(), next, records);
                } else {
                    faults.push(Fault::of(&message, *next, corrupt_reads));
                }
                taken.set(records.len());
            },
            || full - taken.get(),
        );
        faults
    }
}

fn push(record: Record, next: &mut i64, records: &mut Vec<Record>) {
    if record.offset >= *next {
        *next = record.offset + 1;
        records.push(record);
    }
}

impl Fault {
    fn of(message: &Message, next: i64, corrupt_reads: &mut u32) -> Self {
        let code = message.error();
        if error::kind(code) == prosody_broker::ErrorCode::Corrupt {
            *corrupt_reads += 1;
        }
        let persists = *corrupt_reads >= CORRUPT_READS;
        // Errors about the partition as such carry a logical offset, which would only confuse.
        let offset = if message.offset() >= 0 { message.offset() } else { next };
        Self { code, text: message.error_text(), offset, persists }
    }
}
