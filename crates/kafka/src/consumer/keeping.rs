//! Which topics keep their records until retention takes them: those that are not compacted.
//!
//! What was said is not taken back. Of a topic that is made compacted later, records that are gone when they are read
//! again are missed, and said to be missing.

use std::{
    collections::{HashMap, HashSet},
    ptr,
    sync::Arc,
    time::Duration,
};

use prosody_broker::ConsumerEvent;
use prosody_model::{Epoch, Mono};
use rdkafka_sys as sys;

use super::Membership;
use crate::ffi::{Event, TopicConfig, c_string};

const POLICY: &str = "cleanup.policy";
/// After a failure, or an answer that says nothing, a topic is asked for again in this time.
const RETRY: Duration = Duration::from_secs(60);

/// What is known of the topics held.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Bounded by the topics held: what is held no more is forgotten when something is assigned.
    topics: HashMap<Arc<str>, Policy>,
    /// Epochs of which nothing was said. Bounded by the assignment; what is over, and what is known, goes.
    open: Vec<Epoch>,
    /// A question is under way; there is one at a time.
    asking: bool,
    /// Something has changed since the open epochs were last looked through.
    changed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Not known; to be asked for at that time.
    Unknown(Mono),
    Keeps,
    Compacts,
}

impl Keeping {
    /// It is to be found out whether this epoch's topic keeps its records.
    pub(super) fn wonder(&mut self, epoch: Epoch) {
        self.open.push(epoch);
        self.changed = true;
    }

    /// How long until the next question is due.
    pub(super) fn retry_in(&self, now: Mono) -> Option<Duration> {
        self.due().map(|at| at.since(now))
    }

    fn due(&self) -> Option<Mono> {
        if self.asking || self.open.is_empty() {
            return None;
        }
        let due = self.topics.values().filter_map(|policy| match policy {
            Policy::Unknown(at) => Some(*at),
            _ => None,
        });
        due.min()
    }
}

impl Membership {
    /// Says which epochs are rereadable as it becomes known, and asks for what is not.
    pub(super) fn look_what_is_kept(&mut self) {
        if std::mem::take(&mut self.keeping.changed) {
            self.look_through();
        }
        if self.keeping.due().is_some_and(|at| at <= self.now) {
            self.ask_for_policies();
        }
    }

    fn look_through(&mut self) {
        let Self { keeping, table, now, out, .. } = self;
        let mut held = HashSet::new();
        keeping.open.retain(|epoch| {
            let Some(partition) = table.get(*epoch).filter(|held| !held.revoking) else { return false };
            let topic = &partition.partition.topic;
            match *keeping.topics.entry(Arc::clone(topic)).or_insert(Policy::Unknown(*now)) {
                Policy::Keeps => {
                    out.push(ConsumerEvent::Rereadable(*epoch));
                    false
                }
                Policy::Compacts => false,
                Policy::Unknown(_) => {
                    held.insert(Arc::clone(topic));
                    true
                }
            }
        });
        for epoch in table.epochs() {
            held.extend(table.get(epoch).map(|held| Arc::clone(&held.partition.topic)));
        }
        keeping.topics.retain(|topic, _| held.contains(topic));
    }

    fn ask_for_policies(&mut self) {
        let now = self.now;
        let mut resources = Vec::new();
        for (topic, policy) in &mut self.keeping.topics {
            if !matches!(policy, Policy::Unknown(at) if *at <= now) {
                continue;
            }
            *policy = Policy::Unknown(now.after(RETRY));
            if let (Ok(topic), Ok(name)) = (c_string("a topic's name", topic), c_string("an option", POLICY))
            {
                // SAFETY: the strings are terminated and copied; the name of an option with an empty value is how
                // this option alone is asked for.
                unsafe {
                    let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
                    let resource = sys::rd_kafka_ConfigResource_new(kind, topic.as_ptr());
                    sys::rd_kafka_ConfigResource_set_config(resource, name.as_ptr(), c"".as_ptr());
                    resources.push(resource);
                }
            }
        }
        if resources.is_empty() {
            return;
        }
        self.keeping.asking = true;
        // SAFETY: client and queue are live; the resources are copied, and destroyed here. No options means the
        // usual ones: an answer, if only that there is none, comes in any case.
        unsafe {
            sys::rd_kafka_DescribeConfigs(
                self.handle.raw(),
                resources.as_mut_ptr(),
                resources.len(),
                ptr::null(),
                self.answers.raw(),
            );
            sys::rd_kafka_ConfigResource_destroy_array(resources.as_mut_ptr(), resources.len());
        }
    }

    /// What was not answered stays unknown, and is asked for again later.
    pub(super) fn on_configs(&mut self, event: &Event) {
        self.keeping.asking = false;
        let Ok(configs) = event.topic_configs(POLICY) else { return };
        for TopicConfig { topic, error, value } in configs {
            let (Some(policy), Some(value), 0) = (self.keeping.topics.get_mut(&*topic), value, error) else {
                continue;
            };
            // "delete", "compact" or both. What is said in another way promises nothing.
            let compacts = value.split(',').any(|word| word.trim() == "compact");
            *policy = if compacts || value.is_empty() { Policy::Compacts } else { Policy::Keeps };
            self.keeping.changed = true;
        }
    }
}
