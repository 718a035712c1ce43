//! The records of the partitions of the in-memory broker.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use prosody_model::{Record, TopicPartition};

use crate::error::{BrokerError, ErrorCode};

/// A partition of one incarnation of a topic: a topic that is deleted and created again has a new number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartitionId {
    pub topic: u32,
    pub partition: i32,
}

/// One partition: records in offset order, possibly with gaps, between `start` and `end`.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub start: i64,
    /// The offset of the next record.
    pub end: i64,
    /// Bound: `Settings::retention_bytes`; entries go by `append` (retention), `delete_before`, `truncate`
    /// and `remove`.
    records: VecDeque<Record>,
    bytes: usize,
}

impl Log {
    /// Appends a record, lets the oldest go if more than `retention` bytes are held, and returns its offset.
    pub fn append(&mut self, record: Record, timestamp: i64, retention: Option<usize>) -> i64 {
        let offset = self.end;
        self.end += 1;
        self.bytes += record.size();
        self.records.push_back(record.at(offset, timestamp));
        while retention.is_some_and(|limit| self.bytes > limit) && self.records.len() > 1 {
            self.delete_before(self.records[0].offset + 1);
        }
        offset
    }

    /// The records from `position` on.
    pub fn from(&self, position: i64) -> impl Iterator<Item = &Record> {
        let first = self.records.partition_point(|record| record.offset < position);
        self.records.range(first..)
    }

    /// The record at an offset.
    pub fn get(&self, offset: i64) -> Option<&Record> {
        self.from(offset).next().filter(|record| record.offset == offset)
    }

    /// Whether a record at or after `position` is there.
    pub fn has(&self, position: i64) -> bool {
        self.records.back().is_some_and(|record| record.offset >= position)
    }

    /// Moves the start of the log up to `before`, the end at most.
    pub fn delete_before(&mut self, before: i64) {
        self.start = self.start.max(before.min(self.end));
        while self.records.front().is_some_and(|record| record.offset < self.start) {
            self.bytes -= self.records.pop_front().map_or(0, |record| record.size());
        }
    }

    /// Cuts the log off at `end`, as an unclean leader election does.
    pub fn truncate(&mut self, end: i64) {
        self.end = self.end.min(end.max(0));
        self.start = self.start.min(self.end);
        while self.records.back().is_some_and(|record| record.offset >= self.end) {
            self.bytes -= self.records.pop_back().map_or(0, |record| record.size());
        }
    }

    /// Removes one record and leaves a gap, as compaction does. Whether it was there.
    pub fn remove(&mut self, offset: i64) -> bool {
        let Ok(index) = self.records.binary_search_by_key(&offset, |record| record.offset) else {
            return false;
        };
        self.bytes -= self.records.remove(index).map_or(0, |record| record.size());
        true
    }

    /// Leaves `count` offsets empty at the end, as transaction markers do.
    pub fn skip(&mut self, count: i64) {
        self.end += count.max(0);
    }
}

/// One incarnation of a topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub name: Arc<str>,
    pub logs: Vec<Log>,
    /// Whether records go when their keys have newer ones: said of the topic, not done to it.
    pub compacted: bool,
    /// Spreads records without a key.
    pub turn: u32,
}

/// All topics.
#[derive(Debug, Default)]
pub(super) struct Topics {
    /// Bound: what the application creates; `delete` removes.
    names: BTreeMap<Arc<str>, u32>,
    /// Bound: what the application ever creates; of a deleted topic the name stays, for those who still hold it.
    by_id: BTreeMap<u32, Topic>,
    drawn: u32,
}

impl Topics {
    pub fn create(&mut self, name: &str, partitions: i32) -> Result<u32, BrokerError> {
        check(name, partitions)?;
        if self.names.contains_key(name) {
            return Err(BrokerError::new(ErrorCode::TopicExists, format!("topic {name:?} exists already")));
        }
        self.drawn += 1;
        let name: Arc<str> = name.into();
        self.names.insert(name.clone(), self.drawn);
        let logs = (0..partitions).map(|_| Log::default()).collect();
        self.by_id.insert(self.drawn, Topic { name, logs, compacted: false, turn: 0 });
        Ok(self.drawn)
    }

    pub fn delete(&mut self, name: &str) -> Result<u32, BrokerError> {
        let id = self.names.remove(name).ok_or_else(|| unknown_topic(name))?;
        if let Some(topic) = self.by_id.get_mut(&id) {
            topic.logs = Vec::new();
        }
        Ok(id)
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    pub fn topic(&self, id: u32) -> Option<&Topic> {
        self.by_id.get(&id)
    }

    pub fn topic_mut(&mut self, id: u32) -> Option<&mut Topic> {
        self.by_id.get_mut(&id)
    }

    /// The topics by name.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Topic)> {
        self.names.values().filter_map(|id| Some((*id, self.by_id.get(id)?)))
    }

    pub fn log(&self, id: PartitionId) -> Option<&Log> {
        self.by_id.get(&id.topic)?.logs.get(usize::try_from(id.partition).ok()?)
    }

    pub fn log_mut(&mut self, id: PartitionId) -> Option<&mut Log> {
        self.by_id.get_mut(&id.topic)?.logs.get_mut(usize::try_from(id.partition).ok()?)
    }

    /// The number of an existing partition.
    pub fn resolve(&self, partition: &TopicPartition) -> Option<PartitionId> {
        let id = PartitionId { topic: self.find(&partition.topic)?, partition: partition.partition };
        self.log(id).map(|_| id)
    }

    /// The name of a partition that exists or once did.
    pub fn name(&self, id: PartitionId) -> Option<TopicPartition> {
        Some(TopicPartition { topic: self.by_id.get(&id.topic)?.name.clone(), partition: id.partition })
    }
}

pub(super) fn unknown_topic(name: &str) -> BrokerError {
    BrokerError::new(ErrorCode::UnknownTopic, format!("topic {name:?} does not exist, create it first"))
}

fn check(name: &str, partitions: i32) -> Result<(), BrokerError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > 249 || name == "." || name == ".." || !name.bytes().all(legal) {
        let message =
            format!("topic name {name:?} is not allowed: use 1 to 249 of a-z, A-Z, 0-9, '.', '_', '-'");
        return Err(BrokerError::new(ErrorCode::Invalid, message));
    }
    if partitions < 1 {
        let message = format!("topic {name:?} cannot have {partitions} partitions: give 1 or more");
        return Err(BrokerError::new(ErrorCode::Invalid, message));
    }
    Ok(())
}
