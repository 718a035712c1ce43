//! Topics of the in-memory broker as things to create, delete and damage.

use std::time::Duration;

use prosody_model::{Record, TopicPartition};

use super::{
    MemoryBroker,
    log::{Log, unknown_topic},
    state::State,
};
use crate::{
    admin::{Admin, TopicSpec},
    error::{BrokerError, ErrorCode},
};

impl Admin for MemoryBroker {
    /// Any replication factor but 0 will do; −1 partitions are as many as automatic creation gives.
    fn create_topic(&self, topic: &TopicSpec, _timeout: Duration) -> Result<(), BrokerError> {
        if topic.replication_factor == 0 || topic.replication_factor < -1 {
            let (name, factor) = (&topic.name, topic.replication_factor);
            let message = format!("topic {name:?} cannot have replication factor {factor}: give 1 or more");
            return Err(BrokerError::new(ErrorCode::Invalid, message));
        }
        self.with(|state| {
            unreachable(state)?;
            let default = state.settings.auto_create.unwrap_or(1);
            let partitions = if topic.partitions == -1 { default } else { topic.partitions };
            state.create_topic(&topic.name, partitions).map(|_| ())
        })
    }

    fn delete_topic(&self, name: &str, _timeout: Duration) -> Result<(), BrokerError> {
        self.with(|state| {
            unreachable(state)?;
            state.delete_topic(name)
        })
    }
}

impl MemoryBroker {
    /// Gives a topic more partitions.
    ///
    /// # Errors
    ///
    /// A topic that does not exist, or has as many already.
    pub fn add_partitions(&self, name: &str, total: i32) -> Result<(), BrokerError> {
        self.with(|state| {
            let id = state.topics.find(name).ok_or_else(|| unknown_topic(name))?;
            let topic = state.topics.topic_mut(id).ok_or_else(|| unknown_topic(name))?;
            if total <= topic.logs.len() as i32 {
                let message = format!("topic {name:?} has {} partitions already", topic.logs.len());
                return Err(BrokerError::new(ErrorCode::Invalid, message));
            }
            topic.logs.resize_with(total as usize, Log::default);
            state.topic_changed(name);
            Ok(())
        })
    }

    /// Says of a topic whether it is compacted, as its `cleanup.policy` does. Records go only by
    /// [`compact`](Self::compact).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UnknownTopic`].
    pub fn set_compacted(&self, name: &str, compacted: bool) -> Result<(), BrokerError> {
        self.with(|state| {
            let id = state.topics.find(name).ok_or_else(|| unknown_topic(name))?;
            let topic = state.topics.topic_mut(id).ok_or_else(|| unknown_topic(name))?;
            topic.compacted = compacted;
            Ok(())
        })
    }

    /// Appends a record to a partition, as another program might; a timestamp of −1 is kept. Its offset.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UnknownTopic`].
    pub fn append(&self, partition: &TopicPartition, record: Record) -> Result<i64, BrokerError> {
        let timestamp = record.timestamp;
        self.change(partition, false, |log| log.append(record, timestamp, None))
    }

    /// Moves the start of a partition's log up to `before`, as retention and delete-records do.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UnknownTopic`].
    pub fn delete_records(&self, partition: &TopicPartition, before: i64) -> Result<(), BrokerError> {
        self.change(partition, true, |log| log.delete_before(before))
    }

    /// Cuts a partition's log off at `end`, as an unclean leader election does.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UnknownTopic`].
    pub fn truncate(&self, partition: &TopicPartition, end: i64) -> Result<(), BrokerError> {
        self.change(partition, true, |log| log.truncate(end))
    }

    /// Removes one record and leaves a gap, as compaction does. Whether it was there.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UnknownTopic`].
    pub fn compact(&self, partition: &TopicPartition, offset: i64) -> Result<bool, BrokerError> {
        self.change(partition, true, |log| log.remove(offset))
    }

    /// Leaves `count` offsets empty at the end of the log, as transaction markers do.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::UnknownTopic`].
    pub fn skip_offsets(&self, partition: &TopicPartition, count: i64) -> Result<(), BrokerError> {
        self.change(partition, false, |log| log.skip(count))
    }

    /// Changes the log of a partition and wakes its readers; with `force` also those who have not read all.
    fn change<T>(
        &self,
        partition: &TopicPartition,
        force: bool,
        act: impl FnOnce(&mut Log) -> T,
    ) -> Result<T, BrokerError> {
        self.with(|state| {
            let id = state.topics.resolve(partition);
            let log = id.and_then(|id| state.topics.log_mut(id));
            let result = log.map(act).ok_or_else(|| {
                BrokerError::new(ErrorCode::UnknownTopic, format!("partition {partition} does not exist"))
            })?;
            if let Some(id) = id {
                state.wake_readers(id, force);
            }
            Ok(result)
        })
    }
}

fn unreachable(state: &State) -> Result<(), BrokerError> {
    if state.faults.unreachable {
        return Err(BrokerError::new(ErrorCode::Unreachable, "the broker cannot be reached, try again"));
    }
    Ok(())
}
