//! What comes out of a queue of events.

use std::ptr;

use rdkafka_sys as sys;

use super::{Entry, PartitionList, list, text};

/// One event.
#[derive(Debug)]
pub(crate) struct Event(*mut sys::rd_kafka_event_t);

/// The kinds of events that the adapter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Delivery,
    Fetch,
    Error,
    Rebalance,
    Commit,
    GroupOffsets,
    Configs,
    LogOffsets,
    CreateTopics,
    DeleteTopics,
    Other,
}

impl Event {
    pub(super) fn own(raw: *mut sys::rd_kafka_event_t) -> Option<Self> {
        (!raw.is_null()).then_some(Self(raw))
    }

    pub(crate) fn raw(&self) -> *mut sys::rd_kafka_event_t {
        self.0
    }

    pub(crate) fn kind(&self) -> EventKind {
        // SAFETY: the event is live.
        match unsafe { sys::rd_kafka_event_type(self.0) } {
            sys::RD_KAFKA_EVENT_DR => EventKind::Delivery,
            sys::RD_KAFKA_EVENT_FETCH => EventKind::Fetch,
            sys::RD_KAFKA_EVENT_ERROR => EventKind::Error,
            sys::RD_KAFKA_EVENT_REBALANCE => EventKind::Rebalance,
            sys::RD_KAFKA_EVENT_OFFSET_COMMIT => EventKind::Commit,
            sys::RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT => EventKind::GroupOffsets,
            sys::RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT => EventKind::Configs,
            sys::RD_KAFKA_EVENT_LISTOFFSETS_RESULT => EventKind::LogOffsets,
            sys::RD_KAFKA_EVENT_CREATETOPICS_RESULT => EventKind::CreateTopics,
            sys::RD_KAFKA_EVENT_DELETETOPICS_RESULT => EventKind::DeleteTopics,
            _ => EventKind::Other,
        }
    }

    /// The event's error code; 0 for none.
    pub(crate) fn error(&self) -> i32 {
        // SAFETY: the event is live.
        unsafe { sys::rd_kafka_event_error(self.0) as i32 }
    }

    pub(crate) fn error_text(&self) -> String {
        // SAFETY: the event is live; the string lives as long.
        unsafe { text(sys::rd_kafka_event_error_string(self.0)) }
    }

    /// The number given with the request that this answers.
    pub(crate) fn tag(&self) -> u64 {
        // SAFETY: the event is live.
        unsafe { sys::rd_kafka_event_opaque(self.0) as u64 }
    }

    /// The partitions of a rebalance or of a commit's answer, in librdkafka's own order.
    pub(crate) fn partitions(&self) -> Vec<Entry<'_>> {
        // SAFETY: the list belongs to the live event and is borrowed with it.
        unsafe { list::entries(sys::rd_kafka_event_topic_partition_list(self.0)) }
    }

    /// Topic and partition that an error is about. A topic's own error has the partition −1.
    pub(crate) fn partition(&self) -> Option<(String, i32)> {
        // SAFETY: the event is live; what comes back is ours to free, and is freed here.
        unsafe {
            let raw = sys::rd_kafka_event_topic_partition(self.0);
            if raw.is_null() {
                return None;
            }
            let found = (text((*raw).topic), (*raw).partition);
            sys::rd_kafka_topic_partition_destroy(raw);
            Some(found)
        }
    }

    /// Messages of a delivery report or of a fetch; they live as long as the event.
    pub(crate) fn messages(&self) -> impl Iterator<Item = *const sys::rd_kafka_message_t> + '_ {
        // SAFETY: the event is live; null ends the sequence.
        std::iter::from_fn(move || unsafe {
            let next = sys::rd_kafka_event_message_next(self.0);
            (!next.is_null()).then_some(next)
        })
    }

    /// The answer for the one group that was asked about: an error code for all of it, or its partitions.
    pub(crate) fn group_offsets(&self) -> Result<Vec<Entry<'_>>, i32> {
        if self.error() != 0 {
            return Err(self.error());
        }
        let mut count = 0;
        // SAFETY: the event is live and of this kind; results and lists belong to it.
        unsafe {
            let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(self.0);
            if result.is_null() {
                return Ok(Vec::new());
            }
            let groups = sys::rd_kafka_ListConsumerGroupOffsets_result_groups(
                result,
                ptr::from_mut::<usize>(&mut count),
            );
            if groups.is_null() || count == 0 {
                return Ok(Vec::new());
            }
            let error = sys::rd_kafka_group_result_error(*groups);
            if !error.is_null() {
                return Err(sys::rd_kafka_error_code(error) as i32);
            }
            Ok(list::entries(sys::rd_kafka_group_result_partitions(*groups)))
        }
    }

    /// The answer to a question for offsets of logs: an error code for all of it, or the partitions.
    pub(crate) fn log_offsets(&self) -> Result<Vec<Entry<'_>>, i32> {
        if self.error() != 0 {
            return Err(self.error());
        }
        let mut count = 0;
        // SAFETY: the event is live and of this kind; the infos and their partitions belong to it, and there are as many
        // as said.
        unsafe {
            let result = sys::rd_kafka_event_ListOffsets_result(self.0);
            if result.is_null() {
                return Ok(Vec::new());
            }
            let infos = sys::rd_kafka_ListOffsets_result_infos(result, ptr::from_mut::<usize>(&mut count));
            let partition = |at| sys::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(at));
            Ok((0..count).filter_map(|at| list::entry(partition(at))).collect())
        }
    }
}

/// What a broker says of the one option of a topic that was asked for.
#[derive(Debug)]
pub(crate) struct TopicConfig {
    pub(crate) topic: String,
    pub(crate) error: i32,
    /// `None`: it has not said.
    pub(crate) value: Option<String>,
}

impl Event {
    /// The answers of a question for the option `name` of topics: an error code for all of it, or one each.
    pub(crate) fn topic_configs(&self, name: &str) -> Result<Vec<TopicConfig>, i32> {
        if self.error() != 0 {
            return Err(self.error());
        }
        let mut count = 0;
        // SAFETY: the event is live and of this kind; resources, entries and their strings belong to it.
        unsafe {
            let result = sys::rd_kafka_event_DescribeConfigs_result(self.0);
            if result.is_null() {
                return Ok(Vec::new());
            }
            let resources =
                sys::rd_kafka_DescribeConfigs_result_resources(result, ptr::from_mut::<usize>(&mut count));
            let resources = (0..count).map(|index| *resources.add(index));
            Ok(resources.map(|resource| topic_config(resource, name)).collect())
        }
    }
}

/// # Safety
///
/// A live resource of an answer.
unsafe fn topic_config(resource: *const sys::rd_kafka_ConfigResource_t, name: &str) -> TopicConfig {
    let mut count = 0;
    // SAFETY: live by the caller's word; the entries are as many as said.
    unsafe {
        let entries = sys::rd_kafka_ConfigResource_configs(resource, ptr::from_mut::<usize>(&mut count));
        let mut entries = (0..count).map(|index| *entries.add(index));
        let entry = entries.find(|entry| text(sys::rd_kafka_ConfigEntry_name(*entry)) == name);
        TopicConfig {
            topic: text(sys::rd_kafka_ConfigResource_name(resource)),
            error: sys::rd_kafka_ConfigResource_error(resource) as i32,
            value: entry.map(|entry| text(sys::rd_kafka_ConfigEntry_value(entry))),
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_event_destroy(self.0) };
    }
}

/// The partitions as a list that can be given back to librdkafka.
impl<'a> FromIterator<&'a Entry<'a>> for PartitionList {
    fn from_iter<I: IntoIterator<Item = &'a Entry<'a>>>(entries: I) -> Self {
        let mut list = PartitionList::new();
        for entry in entries {
            list.add(entry.topic, entry.partition);
        }
        list
    }
}
